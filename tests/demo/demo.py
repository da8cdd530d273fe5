# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job, end to end, in namespaces of its own: an endpoint in a private subnet, a private API behind it, managed with
the stock aws CLI. Each thing shown is a checked line; the last line counts them. KEEP=1 leaves it running.

usage: demo.py [--down]     --down ends one that was left running and removes what it made
"""
import json
import os
import pathlib
import shutil
import signal
import string
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from lab import appliance as lab_appliance
from lab.appliance import ACCOUNT, AWS, REGION, SUBNET, VPC, ZONE, Appliance, CallFailed, allow, deny, policy
from lab.backend import PETS, Backend
from lab.certificate import Authority
from lab.network import Subnet, run, wait_for

FOLDER = pathlib.Path("/run/postern-demo")
PREFIX = "pd"
DOMAIN = "api.pets.internal"
ALLOWED, DENIED = "10.20.0.10", "10.20.0.66"
LEFT_HALF = ["10.20.0.0/26", "fd20:5071:e2::/122"]
SERVICE = f"com.amazonaws.{REGION}.execute-api"


def settings():
    return {
        "account_id": ACCOUNT, "region": REGION, "workers": 2,
        "state_dir": str(FOLDER / "state"), "run_dir": str(FOLDER / "run"), "log_dir": str(FOLDER / "log"),
        "gateway_uid": 64701, "control_uid": 64702, "group_gid": 64700,
        "management": ["127.0.0.1:4566"],
        "networks": [{
            "vpc_id": VPC, "subnet_id": SUBNET, "availability_zone": ZONE,
            "ipv4_prefix": "10.20.0.0/24", "ipv4_pool": "10.20.0.100-10.20.0.119",
            "ipv6_prefix": "fd20:5071:e2::/64", "ipv6_pool": "fd20:5071:e2::100-fd20:5071:e2::11f",
            "attachment": "bridge", "interface": f"{PREFIX}-bridge",
        }],
    }


class Demo:
    def __init__(self):
        self.passed = self.failed = 0
        self.closers = []

    def check(self, text, proof):
        """One checked line: `proof` returns something true, or raises."""
        try:
            shown = proof()
            ok = bool(shown)
        except Exception as error:  # whatever went wrong is what the line says
            ok, shown = False, f"{type(error).__name__}: {error}"
        self.passed, self.failed = self.passed + ok, self.failed + (not ok)
        detail = f" ({shown})" if isinstance(shown, str) and ok else ""
        print(f"  {'ok    ' if ok else 'FAILED'} {text}{detail}" + ("" if ok else f"\n         {shown}"), flush=True)
        return ok

    @staticmethod
    def step(text):
        print(f"{text}", flush=True)

    # -- the operator's part ------------------------------------------------------------------------------------------
    def lab(self):
        take_down()
        self.step("A private subnet with two hosts, and a back end")
        FOLDER.mkdir(mode=0o755)
        self.subnet = Subnet(PREFIX)
        self.closers.append(self.subnet.close)
        self.allowed, self.denied = self.subnet.host(ALLOWED), self.subnet.host(DENIED)
        self.backend = Backend(FOLDER / "backend", PREFIX)
        self.closers.append(self.backend.close)

    def start(self):
        self.step("Postern starts")
        self.postern = Appliance(FOLDER, settings())
        self.closers.append(self.stop)
        started = time.monotonic()
        self.postern.start()
        print(f"  {self.postern.ready_line} after {time.monotonic() - started:.2f} s", flush=True)

    def stop(self):
        self.postern.stop()
        run(self.postern.build / "postern", "down", "--settings", self.postern.settings_file, check=False)

    def operate(self):
        aws = self.postern.aws
        self.step("The operator sets it up with the stock aws CLI")
        endpoint = aws("ec2", "create-vpc-endpoint", "--vpc-id", VPC, "--vpc-endpoint-type", "Interface", "--service-name", SERVICE,
                       "--subnet-ids", SUBNET, "--ip-address-type", "dualstack")["VpcEndpoint"]
        self.vpce = endpoint["VpcEndpointId"]
        self.vpce_name = endpoint["DnsEntries"][0]["DnsName"]
        self.zone_of_vpce = endpoint["DnsEntries"][0]["HostedZoneId"]
        wait_for(lambda: aws("ec2", "describe-vpc-endpoints", "--vpc-endpoint-ids", self.vpce)["VpcEndpoints"][0]["State"] == "available",
                 "the endpoint to be available")
        show = self.postern.postern("status")
        mine = next(e for e in show["endpoints"] if e["id"] == self.vpce)
        self.ipv4 = next(a for a in mine["addresses"] if ":" not in a)
        self.ipv6 = next(a for a in mine["addresses"] if ":" in a)
        print(f"  endpoint {self.vpce} at {self.ipv4} and {self.ipv6}", flush=True)

        document = string.Template((pathlib.Path(__file__).parents[1] / "lab/petstore.yaml").read_text())
        self.api = self.postern.import_api(document.safe_substitute(backend=self.backend.url), endpointConfigurationVpcEndpointIds=self.vpce)
        self.set_policy("OnlyLeft", LEFT_HALF)
        print(f"  private API {self.api}, stage prod", flush=True)

        self.authority = Authority(FOLDER / "authority")
        os.chmod(FOLDER / "authority", 0o755)
        certificate, key = self.authority.issue(DOMAIN)
        arn = aws("acm", "import-certificate", "--certificate", f"fileb://{certificate}", "--private-key", f"fileb://{key}",
                  "--certificate-chain", f"fileb://{self.authority.certificate}")["CertificateArn"]
        domain_policy = FOLDER / "domain-policy.json"
        domain_policy.write_text(json.dumps(policy(allow())))
        made = self.postern.postern("domain", "create", "--name", DOMAIN, "--certificate-arn", arn, "--policy", f"file://{domain_policy}",
                                    "--api", self.api, "--stage", "prod", "--endpoint", self.vpce)
        print(f"  private domain {made['domainName']} ({made['domainNameId']}) for {self.vpce}", flush=True)

        zone = aws("route53", "create-hosted-zone", "--name", "pets.internal", "--caller-reference", "demo",
                   "--vpc", f"VPCRegion={REGION},VPCId={VPC}", "--hosted-zone-config", "PrivateZone=true")["HostedZone"]["Id"]
        alias = {"HostedZoneId": self.zone_of_vpce, "DNSName": self.vpce_name, "EvaluateTargetHealth": False}
        changes = [{"Action": "UPSERT", "ResourceRecordSet": {"Name": DOMAIN, "Type": kind, "AliasTarget": alias}} for kind in ("A", "AAAA")]
        aws("route53", "change-resource-record-sets", "--hosted-zone-id", zone, "--change-batch", json.dumps({"Changes": changes}))
        print(f"  alias {DOMAIN} -> {self.vpce_name}", flush=True)

    def set_policy(self, sid, prefixes, deploy=True):
        self.postern.put_policy(self.api, policy(allow(), deny(sid, "NotIpAddress", "aws:VpcSourceIp", *prefixes)))
        if deploy:
            self.postern.deploy(self.api)

    # -- what a client sees -------------------------------------------------------------------------------------------
    def get_pets(self, name, path="/pets", address=None, ca=None, *options):
        answer = self.allowed.curl(f"https://{name}{path}", "--tlsv1.3", *options, resolve=(name, 443, address or self.ipv4),
                                   ca=ca or self.postern.ca)
        if answer.status != 200 or answer.body != PETS:
            raise AssertionError(answer)
        return f"200, {len(answer.body)} bytes in {answer.seconds * 1000:.0f} ms"

    def dig(self, kind):
        return self.allowed.run("dig", "+short", "+tries=1", "+time=3", f"@{self.ipv4}", DOMAIN, kind).stdout.split()

    def serve(self):
        self.step("A client in the subnet")
        wait_for(lambda: self.dig("A"), "the first answer of the alias server")
        self.check(f"dig resolves {DOMAIN} to the endpoint's A address", lambda: self.dig("A") == [self.ipv4] and self.ipv4)
        self.check(f"dig resolves {DOMAIN} to the endpoint's AAAA address", lambda: self.dig("AAAA") == [self.ipv6] and self.ipv6)
        root = self.authority.certificate
        self.check(f"the pets by the custom domain https://{DOMAIN}/pets", lambda: self.get_pets(DOMAIN, ca=root))
        self.check("the same over IPv6", lambda: self.get_pets(DOMAIN, "/pets", self.ipv6, root))
        self.check("TLS 1.3, a verified chain and the certificate of the SNI", self.handshake)
        default = f"{self.api}-{self.vpce}.execute-api.{REGION}.amazonaws.com"
        self.check(f"the pets by https://{default}/prod/pets", lambda: self.get_pets(default, "/prod/pets"))
        host = f"Host: {self.api}.execute-api.{REGION}.amazonaws.com"
        self.check("the pets by the vpce name with Host", lambda: self.get_pets(self.vpce_name, "/prod/pets", None, None, "-H", host))
        self.check("the pets by the vpce name with x-apigw-api-id",
                   lambda: self.get_pets(self.vpce_name, "/prod/pets", None, None, "-H", f"x-apigw-api-id: {self.api}"))
        self.check("one pet by a path parameter", lambda: self.body("/pets/7") == '{"id":7}')
        self.check("a MOCK answer", lambda: self.body("/health") == '{"status":"fine"}')

    def body(self, path):
        return self.allowed.curl(f"https://{DOMAIN}{path}", resolve=(DOMAIN, 443, self.ipv4), ca=self.authority.certificate).body

    def handshake(self):
        text = self.allowed.run("openssl", "s_client", "-connect", f"{self.ipv4}:443", "-servername", DOMAIN, "-CAfile",
                                self.authority.certificate, "-verify_return_error", "-brief", input="", check=False).stderr
        lines = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
        good = lines.get("Protocol version") == "TLSv1.3" and lines.get("Verification") == "OK" and DOMAIN in lines.get("Peer certificate", "")
        return f"{lines['Protocol version']}, {lines['Ciphersuite']}" if good else False

    # -- the kernel's part --------------------------------------------------------------------------------------------
    def drops(self):
        return sum(v for k, v in self.postern.metrics().items()
                   if k.startswith("postern_filter_packets_total") and "source_denied" in k and self.vpce in k)

    def event(self, source):
        events = self.postern.postern("filter", "events", "--endpoint", self.vpce)["events"]
        return next((e for e in reversed(events) if e["source"] == source and e.get("sid")), None)

    def refuse(self):
        self.step("A source that no policy allows")
        before = self.drops()

        def refused(address):
            outcome, milliseconds = self.denied.connect_milliseconds(address, 443)
            if outcome != "refused" or milliseconds > 50:
                raise AssertionError(f"{outcome} after {milliseconds:.1f} ms")
            return f"RST after {milliseconds:.1f} ms"

        self.check("mode reset: refused by the kernel within 50 ms", lambda: refused(self.ipv4))
        self.check("the same over IPv6", lambda: refused(self.ipv6))
        self.check("the drop counter moves", lambda: wait_for(lambda: self.drops() > before, "the counter", 5) and f"{before:.0f} -> {self.drops():.0f}")

        def named():
            event = wait_for(lambda: self.event(DENIED), "an event", 5)
            if (event["endpoint"], event["sid"]) != (self.vpce, "OnlyLeft"):
                raise AssertionError(event)
            return f"{event['endpoint']} {event['source']} {event['reason']} {event['sid']}"

        self.check("postern filter events names endpoint, source and Sid", named)
        self.postern.postern("filter", "mode", self.vpce, "drop")
        self.check("mode drop: silence", lambda: self.denied.connect_milliseconds(self.ipv4, 443, 1.0)[0] == "silent")
        self.postern.postern("filter", "mode", self.vpce, "observe")
        self.check("mode observe: AWS's exact 403", self.exact_403)
        self.postern.postern("filter", "mode", self.vpce, "reset")
        self.check("mode reset again", lambda: refused(self.ipv4))

    def exact_403(self):
        answer = self.denied.curl(f"https://{DOMAIN}/pets", resolve=(DOMAIN, 443, self.ipv4), ca=self.authority.certificate)
        arn = f"arn:aws:execute-api:{REGION}:********{ACCOUNT[-4:]}:{self.api}/prod/GET/pets"
        wanted = json.dumps({"Message": f"User: anonymous is not authorized to perform: execute-api:Invoke on resource: {arn}"
                             " with an explicit deny in a resource-based policy"}, separators=(",", ":"))
        got = (answer.status, answer.headers.get("content-type"), answer.headers.get("x-amzn-errortype"), answer.body)
        if got != (403, "application/json", "AccessDeniedException", wanted) or "x-amzn-requestid" not in answer.headers:
            raise AssertionError(f"{got} {answer.headers}")
        return f"x-amzn-RequestId {answer.headers['x-amzn-requestid']}"

    # -- change and failure under load --------------------------------------------------------------------------------
    def load(self, *options):
        process = self.allowed.popen("/usr/bin/python3", str(pathlib.Path(__file__).parents[1] / "lab/load.py"), "--address", self.ipv4,
                                     "--name", DOMAIN, "--path", "/pets", "--ca", str(self.authority.certificate), *options,
                                     stdout=subprocess.PIPE, text=True)
        if process.stdout.readline().strip() != "started":
            raise RuntimeError("the load generator did not start")
        return process

    @staticmethod
    def end(process):
        process.send_signal(signal.SIGTERM)
        return json.loads(process.communicate(timeout=60)[0])

    def change(self):
        self.step("A new policy under load")
        load = self.load("--threads", "2")
        self.set_policy("OnlyTheTwo", [f"{ALLOWED}/32", f"{DENIED}/32", f"{self.allowed.addresses[1]}/128", f"{self.denied.addresses[1]}/128"])

        def let_in():
            answer = wait_for(lambda: self.denied.connect_milliseconds(self.ipv4, 443, 1.0)[0] == "connected", "the kernel to let it in", 5)
            status = self.denied.curl(f"https://{DOMAIN}/pets", resolve=(DOMAIN, 443, self.ipv4), ca=self.authority.certificate).status
            return answer and status == 200

        self.check("the source that was refused is let in", let_in)
        self.set_policy("OnlyLeft", LEFT_HALF)
        self.check("and shut out again", lambda: wait_for(lambda: self.denied.connect_milliseconds(self.ipv4, 443, 1.0)[0] == "refused", "RST", 5))
        summary = self.end(load)
        self.check("no request of the load was lost", lambda: summary["statuses"].keys() == {"200"} and not summary["failures"]
                   and f"{summary['statuses']['200']} answers, slowest {summary['slowest_ms']} ms" or self.say(summary))

    @staticmethod
    def say(value):
        raise AssertionError(value)

    def kill(self):
        self.step("kill -9 under load")
        load = self.load("--threads", "4")
        pid = self.postern.kill("postern-gateway")
        successor = wait_for(lambda: [p for p in self.postern.children("postern-gateway") if p != pid], "the gateway's successor", 10)
        self.check("the gateway is replaced and serves", lambda: wait_for(lambda: self.body("/health") == '{"status":"fine"}', "an answer", 10) and f"{pid} -> {successor[0]}")
        summary = self.end(load)
        self.check("no connection was refused, only those it had open broke off", lambda: summary["statuses"].keys() == {"200"}
                   and set(summary["failures"]) <= {"broken", "handshake"} and sum(summary["failures"].values()) <= 8
                   and f"{summary['statuses']['200']} answers, {sum(summary['failures'].values())} broken" or self.say(summary))

        load, writer = self.load("--threads", "2"), Writer(self.postern)
        writer.start()
        wait_for(lambda: len(writer.answered) >= 10, "ten answered calls", 30)
        pid = self.postern.kill("postern-control")
        had = len(writer.answered)
        wait_for(lambda: len(writer.answered) >= had + 10 or not writer.is_alive(), "ten more answered calls", 30)
        writer.stop()
        self.check("the control program is replaced and answers", lambda: pid not in self.postern.children("postern-control") and len(writer.answered) > had)
        self.check("no management connection was refused", lambda: not writer.refused and f"{len(writer.answered)} calls answered, {writer.broken} broke off")
        stored = {item["name"] for item in self.postern.boto3("apigateway").get_rest_apis(limit=500)["items"]}
        self.check("every call that was answered is in the store", lambda: set(writer.answered) <= stored or self.say(set(writer.answered) - stored))
        summary = self.end(load)
        self.check("the clients noticed nothing", lambda: summary["statuses"].keys() == {"200"} and not summary["failures"]
                   and f"{summary['statuses']['200']} answers" or self.say(summary))

    # -- the end ------------------------------------------------------------------------------------------------------
    def keep(self):
        (FOLDER / "kept").write_text(f"{self.postern.process.pid} posternd\n{self.backend.nginx.pid} nginx\n")
        key, secret = self.postern.credentials()
        endpoint = self.postern.management
        pets = f"ip netns exec {self.allowed.name} curl --cacert {self.authority.certificate} --resolve {DOMAIN}:443:{self.ipv4} https://{DOMAIN}/pets"
        print(f"""
It goes on running. In your shell:

export AWS_ACCESS_KEY_ID={key}
export AWS_SECRET_ACCESS_KEY={secret}
export AWS_DEFAULT_REGION={REGION}
export AWS_ENDPOINT_URL={endpoint}

CA of the default names: {self.postern.ca}
CA of {DOMAIN}: {self.authority.certificate}

{AWS} --endpoint-url {endpoint} apigateway get-rest-apis
{AWS} --endpoint-url {endpoint} ec2 describe-vpc-endpoints
{pets}
{self.postern.build}/postern status --endpoint-url {endpoint}
{self.postern.build}/postern filter events --endpoint-url {endpoint}

To end it and remove everything: make demo-down
({self.postern.build}/postern down --settings {self.postern.settings_file} removes what Postern itself made.)
""")

    def close(self):
        for closer in reversed(self.closers):
            try:
                closer()
            except Exception as error:  # the other parts are still to be removed
                print(f"  while cleaning up: {error}", flush=True)


def take_down():
    """End what an earlier demo left running, and remove all that it made."""
    kept = FOLDER / "kept"
    for line in kept.read_text().splitlines() if kept.exists() else []:
        pid, name = line.split()
        if pathlib.Path(f"/proc/{pid}/comm").exists() and pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == name:
            os.kill(int(pid), signal.SIGTERM)
            wait_for(lambda: not pathlib.Path(f"/proc/{pid}").exists(), f"{name} to end", 40)
    if (FOLDER / "postern.yaml").exists():
        run(lab_appliance.build_folder() / "postern", "down", "--settings", FOLDER / "postern.yaml", check=False)
    Subnet.clean(PREFIX)
    shutil.rmtree(FOLDER, ignore_errors=True)


class Writer(threading.Thread):
    """An operator who creates APIs one after the other, and remembers which were answered."""

    def __init__(self, postern):
        super().__init__(daemon=True)
        self.client = postern.boto3("apigateway")
        self.answered, self.refused, self.broken, self.ended = [], [], 0, threading.Event()

    def run(self):
        number = 0
        while not self.ended.is_set() and number < 300:
            number += 1
            try:
                self.answered.append(self.client.create_rest_api(name=f"durable-{number}")["name"])
            except Exception as error:
                if "Could not connect" in str(error):
                    self.refused.append(str(error))
                else:
                    self.broken += 1

    def stop(self):
        self.ended.set()
        self.join(60)


def main():
    if sys.argv[1:] == ["--down"]:
        take_down()
        return 0
    demo, keep = Demo(), os.environ.get("KEEP") == "1"
    finished = False
    try:
        demo.lab()
        demo.start()
        demo.operate()
        for part in (demo.serve, demo.refuse, demo.change, demo.kill):
            part()
        finished = True
    except (CallFailed, RuntimeError, TimeoutError, OSError, KeyError, StopIteration) as error:
        demo.check("the demo runs to its end", lambda: demo.say(f"{type(error).__name__}: {error}"))
        if getattr(demo, "postern", None) and demo.postern.log.exists():
            print(demo.postern.tail(30))
    finally:
        if keep and finished:
            demo.keep()
        else:
            demo.close()
    print(f"demo: {demo.passed} passed, {demo.failed} failed")
    return 1 if demo.failed else 0


if __name__ == "__main__":
    sys.exit(main())
