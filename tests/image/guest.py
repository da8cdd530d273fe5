# SPDX-License-Identifier: GPL-3.0-or-later
"""An appliance in a machine in the private subnet, as its operator sees it: user-data, a console, and the management address.

`two_nics` and `one_nic` say what it is given; a Guest boots it. The operator trusts its private CA because the console says the CA's
fingerprint; nothing is read from its disk.
"""
import re
import string
import pathlib
import sys

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from lab.appliance import ACCOUNT, REGION, SUBNET, VPC, ZONE, Appliance, allow, policy
from lab.network import run, wait_for
from private_subnet import entered

SERVING = r"init: serving after \d+ ms"
FINGERPRINT = re.compile(r"(?:[0-9A-F]{2}:){31}[0-9A-F]{2}")
PETSTORE = string.Template((pathlib.Path(__file__).parents[1] / "lab/petstore.yaml").read_text())
SERVICE, PORT = f"com.amazonaws.{REGION}.execute-api", 4566
KEY, SECRET = "AKIAPOSTERNGUEST000{}", "secret-of-guest-{}-forty-characters-long-00"
CONNECT_SECONDS = 2
ENDPOINT_SECONDS = 60


class Given:
    """What a machine is given: settings, network-config, NICs. `number` tells guests apart that run at the same time."""

    PORT = PORT

    def __init__(self, subnet, where, number, attachment, interface, nics, **settings):
        self.number, self.where = number, where
        self.operator, self.backend = subnet.operators[where], subnet.backend(where)
        self.nics = [(subnet.tap(bridge), self.mac(place)) for place, bridge in enumerate(nics)]
        self.addresses = [str(where.ipv4[20 + number]), str(where.ipv6[20 + number])]
        pool = 100 + 10 * number
        self.settings = {
            "account_id": ACCOUNT, "region": REGION, "management": [f"{self.addresses[0]}:{PORT}", f"[{self.addresses[1]}]:{PORT}"],
            "access_key_id": KEY.format(number), "secret_access_key": SECRET.format(number),
            "networks": [{
                "vpc_id": VPC, "subnet_id": SUBNET, "availability_zone": ZONE, "attachment": attachment, "interface": interface,
                "ipv4_prefix": str(subnet.private.ipv4), "ipv4_pool": f"{subnet.private.ipv4[pool]}-{subnet.private.ipv4[pool + 9]}",
                "ipv6_prefix": str(subnet.private.ipv6), "ipv6_pool": f"{subnet.private.ipv6[pool]}-{subnet.private.ipv6[pool + 9]}"}],
            **settings}
        self.network = {"version": 2, "ethernets": {"first": {
            "match": {"macaddress": self.mac(0)},
            "addresses": [f"{self.addresses[0]}/{where.ipv4.prefixlen}", f"{self.addresses[1]}/{where.ipv6.prefixlen}"]}}}

    def mac(self, place):
        return f"52:54:00:50:{self.number:02x}:{place + 1:02x}"

    def write(self, folder):
        """As files: {word of the firmware: path}."""
        folder.mkdir(parents=True, exist_ok=True)
        texts = {"user-data": yaml.safe_dump(self.settings, sort_keys=False), "network-config": yaml.safe_dump(self.network),
                 "meta-data": f"instance-id: guest-{self.number}\n"}
        for name, text in texts.items():
            (folder / name).write_text(text)
        return {name: folder / name for name in texts}


def two_nics(subnet, number=0, **settings):
    """The first carries management and back ends; the second is moved into the endpoint's namespace."""
    return Given(subnet, subnet.manage, number, "nic", "eth1", (subnet.manage, subnet.private), **settings)


def one_nic(subnet, number=0, attachment="macvlan", **settings):
    """Endpoints share the only NIC with management and back ends."""
    return Given(subnet, subnet.private, number, attachment, "eth0", (subnet.private,), **settings)


class Guest(Appliance):
    """Boots with start(); `machine` is the one that runs. The same disk may be started again and again."""

    def __init__(self, folder, subnet, given, disk, machine, **options):
        super().__init__(folder, None, command=(), management=f"{given.addresses[0]}:{PORT}")
        self.management = f"https://{given.addresses[0]}:{PORT}"
        self.subnet, self.given, self.disk, self.make_machine, self.options = subnet, given, disk, machine, options
        self.settings, self.operator = given.settings, given.operator
        self.words = given.write(self.folder / "given")
        self.machine, self.vpce, self.said = None, None, []

    # -- life ---------------------------------------------------------------------------------------------------------
    def boot(self, **options):
        """Switched on; returns at once."""
        for host in (*self.subnet.private.hosts.values(), *self.subnet.manage.hosts.values()):
            host.run("ip", "neigh", "flush", "all", check=False)
        self.machine = self.make_machine(self.disk.path, **{"words": self.words, "nics": self.given.nics, **self.options, **options})
        self.clients.clear()
        return self.machine

    def start(self, **options):
        """Switched on and serving."""
        self.boot(**options)
        return self.wait_until_it_serves()

    def wait_until_it_serves(self):
        at = self.machine.wait(SERVING)
        self.said = self.machine.lines[:at]
        self.trust()
        return self

    def trust(self):
        """Get the private CA from the management address, and compare its fingerprint with the console's."""
        shown = self.run("openssl", "s_client", "-showcerts", "-connect", self.management.removeprefix("https://"), input="", check=False).stdout
        certificates = re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", shown, re.S)
        assert certificates, f"management shows no certificate:\n{shown}\n{self.machine.tail()}"
        self.ca.write_text(certificates[-1])
        fingerprint = FINGERPRINT.search(run("openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in", self.ca).stdout)[0]
        assert self.machine.said(fingerprint), f"the console does not say {fingerprint}"

    def switch_off(self):
        """By the power button."""
        begun = len(self.machine.lines)
        self.machine.order("system_powerdown")
        self.machine.wait("init: switching off", begun)
        self.machine.wait_for_end()

    def cut(self):
        """The power is gone. Nobody is there to end the operator's connections."""
        self.machine.stop()
        self.operator.run("ss", "-K", "dst", self.given.addresses[0], check=False)

    # -- clients ------------------------------------------------------------------------------------------------------
    def run(self, *command, **options):
        """From the operator's host."""
        options["env"] = {**(options.get("env") or self.environment()), "CURL_CA_BUNDLE": str(self.ca)}
        return self.operator.run(*command, **options)

    def postern(self, *arguments, check=True):
        return super().postern(*arguments, "--ca", self.ca, check=check)

    def environment(self):
        return {**super().environment(), "AWS_CA_BUNDLE": str(self.ca)}

    @property
    def ca(self):
        return self.folder / "ca.pem"

    def credentials(self):
        """Empty until there is a key."""
        return self.settings.get("access_key_id", ""), self.settings.get("secret_access_key", "")

    def from_operator(self):
        """What this block calls by boto3, it calls from the operator's host."""
        return entered(self.operator)

    # -- what tests ask often -----------------------------------------------------------------------------------------
    def attach(self):
        """Make the endpoint; wait until it has its addresses."""
        made = self.aws("ec2", "create-vpc-endpoint", "--vpc-id", VPC, "--vpc-endpoint-type", "Interface", "--service-name", SERVICE,
                        "--subnet-ids", SUBNET, "--ip-address-type", "dualstack")["VpcEndpoint"]
        self.vpce = made["VpcEndpointId"]
        addresses = wait_for(self.endpoint_addresses, "addresses of the endpoint", 30)
        self.ipv4 = next(a for a in addresses if ":" not in a)
        self.ipv6 = next(a for a in addresses if ":" in a)
        return self

    def endpoint_addresses(self):
        return next((e["addresses"] for e in self.postern("status")["endpoints"] if e["id"] == self.vpce), None)

    def serve(self, *statements, stage="prod"):
        """The pet store behind the endpoint with that policy, deployed; its id."""
        api = self.import_api(PETSTORE.safe_substitute(backend=self.given.backend), endpointConfigurationVpcEndpointIds=self.vpce)
        self.set_policy(api, *statements, stage=stage)
        return api

    def set_policy(self, api, *statements, stage="prod"):
        self.put_policy(api, policy(*(statements or [allow()])))
        self.deploy(api, stage)
        wait_for(self.follows, "the gateway to follow", 30)

    def follows(self):
        """Does the gateway serve the newest revision of the store?"""
        metrics = self.metrics()
        return metrics["postern_snapshot_revision"] >= metrics["postern_store_revision"]

    def name_of(self, api):
        return f"{api}-{self.vpce}.execute-api.{REGION}.amazonaws.com"

    def get(self, host, api, path="/pets", *options, address=None, stage="prod"):
        """GET by the default name of the API from `host`."""
        name = self.name_of(api)
        return host.curl(f"https://{name}/{stage}{path}", *options, resolve=(name, 443, address or self.ipv4), ca=self.ca)

    def serves(self, api, host=None):
        """Over both families, the back end included; from a moment after the machine serves, when its endpoints are made again."""
        for address in (self.ipv4, self.ipv6):
            answer = wait_for(lambda: self.answer(host or self.subnet.allowed, api, address), f"an answer of {address}", ENDPOINT_SECONDS)
            assert answer.status == 200 and "dog" in answer.body, (address, answer)

    def answer(self, host, api, address):
        """What is answered, if anything is."""
        answer = self.get(host, api, address=address)
        return answer if answer.status else None

    def refuses(self, host):
        """Over both families, in the kernel, with a reset."""
        for address in (self.ipv4, self.ipv6):
            outcome, milliseconds = host.connect_milliseconds(address, 443, CONNECT_SECONDS)
            assert outcome == "refused", (address, outcome, milliseconds)

    def apis(self):
        with self.from_operator():
            return {item["id"]: item["name"] for item in self.boto3("apigateway").get_rest_apis(limit=500)["items"]}


def only_from(*hosts):
    """A statement: whoever is not one of these is denied."""
    return {"Effect": "Deny", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*",
            "Condition": {"NotIpAddress": {"aws:VpcSourceIp": [address for host in hosts for address in host.addresses]}}}
