# SPDX-License-Identifier: GPL-3.0-or-later
"""What a flood costs those who are allowed: keep-alive HTTPS requests of an allowed client while a denied host floods the endpoint with
SYNs, as a ratio to the same while it floods a third namespace.

The third namespace hangs on the same bridge by the same kind of link, has an address and no filter. Of what an ordinary kernel does with a SYN
that nobody wants, it does the least: it has no route back to the flood's sources, so its reverse path check drops the packet when
it is routed, before TCP is asked. (A closed port, which answers with an RST by way of TCP, costs twice as much: against that any
filter would look good.) The rate is fixed and the same for both: a flood as fast as it goes would only measure who is flooded the
faster. Generator, the kernel's work on each of its packets, and all of Postern share one core: what a packet costs there is taken
from the requests. Client and back end have the other."""
import http.client
import json
import re
import statistics
import subprocess
import time

from lab.appliance import ACCOUNT, REGION, SUBNET, VPC, ZONE, Appliance, allow, build_folder, deny, policy
from lab.network import Subnet, run
from lab.packets import link

PREFIX, NETWORK, FLOOD = "pf", "10.64.0.0/16", "10.64.128.0/17"
CLIENT, FLOODER, THIRD = "10.64.0.10", "10.64.0.66", "10.64.0.200"
MANAGEMENT = "127.0.0.1:19115"
PACKETS_PER_SECOND, SLICE_MS, PAIRS, CONNECTIONS = 50000, 125, 80, 32
WARM_UP_PAIRS = 4


class Endpoint(Appliance):
    """Postern with one endpoint in the subnet and one API behind it that only CLIENT may call."""

    def __init__(self, folder, bridge, on_core, core, back_end):
        state = {name: str(folder / name) for name in ("state_dir", "run_dir", "log_dir")}
        network = {"vpc_id": VPC, "subnet_id": SUBNET, "availability_zone": ZONE, "ipv4_prefix": NETWORK, "attachment": "bridge",
                   "ipv4_pool": "10.64.0.100-10.64.0.103", "interface": bridge}
        settings = {"account_id": ACCOUNT, "region": REGION, "workers": 1, "management": [MANAGEMENT], "gateway_uid": 64701,
                    "control_uid": 64702, "group_gid": 64700, "backend_allow": ["127.0.0.0/8"], "networks": [network], **state}
        command = on_core(core, build_folder() / "postern", "run", "--settings", folder / "postern.yaml")
        super().__init__(folder, settings, command, MANAGEMENT)
        self.back_end = back_end

    def serve(self):
        self.vpce = self.boto3("ec2").create_vpc_endpoint(
            VpcId=VPC, VpcEndpointType="Interface", ServiceName=f"com.amazonaws.{REGION}.execute-api",
            SubnetIds=[SUBNET])["VpcEndpoint"]["VpcEndpointId"]
        self.address = self.postern("status")["endpoints"][0]["addresses"][0]
        self.mac = link(f"postern-{self.vpce}")[1]
        client = self.boto3("apigateway")
        api = client.create_rest_api(name="flood", endpointConfiguration={"types": ["PRIVATE"]})["id"]
        root = client.get_resources(restApiId=api)["items"][0]["id"]
        pets = client.create_resource(restApiId=api, parentId=root, pathPart="pets")["id"]
        client.put_method(restApiId=api, resourceId=pets, httpMethod="GET", authorizationType="NONE")
        client.put_integration(restApiId=api, resourceId=pets, httpMethod="GET", type="HTTP_PROXY", integrationHttpMethod="GET",
                               uri=f"{self.back_end}/pets")
        text = json.dumps(policy(allow(), deny("OnlyTheClient", "NotIpAddress", "aws:VpcSourceIp", f"{CLIENT}/32")))
        client.update_rest_api(restApiId=api, patchOperations=[{"op": "replace", "path": "/policy", "value": text}])
        client.create_deployment(restApiId=api, stageName="prod")
        self.name = f"{api}.execute-api.{REGION}.amazonaws.com"
        return self

    def denied(self):
        """Packets dropped so far."""
        counters = self.postern("filter", "stats")["endpoints"][0]["counters"]
        return next(c["packets"] for c in counters if c["reason"] == "source_denied")

    def stop(self):
        super().stop()
        run(self.build / "postern", "down", "--settings", self.settings_file, check=False)


class Lab:
    """The subnet, and the runs in it. `on_core` makes a command run on one core, `say` tells about progress."""

    def __init__(self, folder, back_end, on_core, cores, say):
        folder.mkdir()
        self.on_core, self.say = on_core, say
        self.postern_core, self.client_core = cores
        self.subnet = Subnet(PREFIX, NETWORK)
        self.endpoint = None
        try:
            self.client, self.flooder, self.third = (self.subnet.host(address) for address in (CLIENT, FLOODER, THIRD))
            self.third.run("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=1")
            self.third.run("ip", "route", "add", "blackhole", FLOOD)
            self.endpoint = Endpoint(folder, self.subnet.bridge, on_core, self.postern_core, back_end)
            self.endpoint.start().serve()
            self.connection = http.client.HTTPConnection(MANAGEMENT)
            self.third_mac = link(self.third.name)[1]
            for address in (self.endpoint.address, THIRD):  # the bridge learns who is where
                self.flooder.run("ping", "-c1", "-W2", address)
        except BaseException:
            self.stop()
            raise

    @property
    def process(self):
        return self.endpoint.process

    def stop(self):
        if self.endpoint:
            self.endpoint.stop()
        self.subnet.close()

    def answered(self):
        """Requests that the gateway has answered with 200, and the time."""
        connection = self.connection
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        found = re.search(r'^postern_requests_total{[^}]*2xx[^}]*} (\d+)', text, re.M)
        return int(found.group(1)) if found else 0, time.monotonic()

    def slices(self, flood):
        """[(target, packets sent, requests a second)] of the flood's slices, but for the first few."""
        told, before = [], self.answered()
        for line in flood.stdout:
            now = self.answered()
            target, sent = map(int, line.split())
            told.append((target, sent, (now[0] - before[0]) / (now[1] - before[1])))
            before = now
        return told[2 * WARM_UP_PAIRS:]

    def ratio(self, mode):
        """Median of the ratios of pairs of slices, one right after the other, in turn this or that first."""
        self.endpoint.postern("filter", "mode", self.endpoint.vpce, mode)
        pairs = PAIRS + WARM_UP_PAIRS
        seconds = 2 * pairs * SLICE_MS // 1000 + 1
        command = self.on_core(self.postern_core, build_folder() / "bench/flood", "eth0", FLOOD, PACKETS_PER_SECOND, SLICE_MS, 2 * pairs,
                               self.endpoint.mac, self.endpoint.address, self.third_mac, THIRD)
        wrk = self.on_core(self.client_core, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-H", f"Host: {self.endpoint.name}",
                           f"https://{self.endpoint.address}/prod/pets")
        denied = self.endpoint.denied()
        with self.client.popen(*wrk, stdout=subprocess.PIPE, text=True) as load, \
                self.flooder.popen(*command, stdout=subprocess.PIPE, text=True) as flood:
            told = self.slices(flood)
            text = load.communicate(timeout=seconds + 20)[0]
        denied = self.endpoint.denied() - denied
        if "Non-2xx" in text or "Socket errors" in text:
            raise RuntimeError(f"wrk: {text}")
        sent = [sum(packets for target, packets, _ in told if target == which) for which in (0, 1)]
        if sent[0] < 0.85 * sent[1] or denied < 0.99 * sent[0]:
            raise RuntimeError(f"{sent[0]} packets for the endpoint, {sent[1]} for the third namespace, {denied} dropped by the filter")
        ratios = []
        for first, second in zip(told[::2], told[1::2]):
            ours, theirs = (first[2], second[2]) if first[0] == 0 else (second[2], first[2])
            if theirs > 0:  # else the whole machine stood still
                ratios.append(ours / theirs)
        rates = [statistics.median(rate for target, _, rate in told if target == which) for which in (0, 1)]
        quarters = statistics.quantiles(ratios, n=4)
        self.say(f"flood in mode {mode}: {sent[0] * 1000 / PAIRS / SLICE_MS:.0f} packets a second; {rates[0]:.0f} requests a second against "
                 f"{rates[1]:.0f}; quarters of the ratio {' '.join(f'{q:.3f}' for q in quarters)}")
        return statistics.median(ratios)
