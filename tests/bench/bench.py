# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed as ratios: CPU time per request of Postern's gateway against nginx and against a trivial forwarder doing the same work.

Each figure is the median of pairs measured one right after the other (Postern, the other, Postern, ...), so that a machine that is
busy with something else disturbs both sides alike. One worker each, pinned to one core; load, back end and everything else on the
other. Prints lines `ratio NAME VALUE target T`; lower is better, but for the names that end in `_min`.

usage: bench.py [NAME ...]      only the figures whose names begin so
"""
import contextlib
import functools
import http.client
import json
import os
import pathlib
import re
import shutil
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lab.appliance import ACCOUNT, REGION, Appliance, allow, build_folder, deny, policy  # noqa: E402
from lab.certificate import Authority  # noqa: E402
from lab.network import wait_for  # noqa: E402

import bodies  # noqa: E402
import estate  # noqa: E402
import flood  # noqa: E402
import velocity  # noqa: E402

CORES = sorted(os.sched_getaffinity(0))
PROXY_CORE, LOAD_CORE = str(CORES[0]), str(CORES[-1])

PAIRS, SECONDS, CONNECTIONS = 21, 1, 32
HANDSHAKES = 800
SWAPS = 15
TARGETS = {"tls_policy_log_vs_nginx": 0.70, "plain_vs_floor": 1.35, "handshake_vs_nginx": 0.60, "swap_ms": 100,
           "filter_ns_over_empty_10": 40, "filter_ns_over_empty_1000": 60, "filter_ns_over_empty_random_1000": 120,
           "filter_ns_over_empty_random_65536": 350,
           "route_ns_300_resources": 300,
           "template_us": 30, "template_allocations": 0, "template_vs_velocity": 0.5,
           "schema_us": 25, "schema_parse_us": 18, "schema_allocations": 0,
           "signing_us": 100, "signing_allocations": 0,
           "target_ns_3": 300, "target_ns_100": 1000,
           "policy_eval_ns": 1000, "policy_eval_allocations": 0, "flatten_ms": 100,
           "flood_drop_min": 0.90, "flood_reset_min": 0.90, "flood_min": 0.90,
           "management_load_vs_none": 1.05,
           "estate_list_ms": 50, "estate_import_ms": 2000, "estate_deploy_ms": 200, "estate_start_ms": 3000,
           "gateway_growth_kb_1gb": 2048,
           "boot_vs_bare": 1.5}

# Programs of tests/bench whose figures begin with their names; all others are policy_cost's.
PROGRAMS = ("filter_cost", "route_cost", "schema_cost", "signing_cost", "target_cost", "template_cost")

NGINX_PORT, BACK_END_PORT, FLOOR_PORT = 19101, 19102, 19103
TLS = {"management": "127.0.0.1:19111", "traffic": "127.0.0.1:19112"}
PLAIN = {"management": "127.0.0.1:19113", "traffic": "127.0.0.1:19114"}
ESTATE = {"management": "127.0.0.1:19115", "traffic": "127.0.0.1:19116"}

# What a browser's script sends: the parser and the header rules get something to do.
FIELDS = ["User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)", "Accept: application/json",
          "Accept-Language: en-US,en;q=0.5", "Accept-Encoding: gzip, deflate, br", "Origin: https://pets.internal",
          "Referer: https://pets.internal/list", "Cookie: session=0123456789abcdef0123456789abcdef"]

BODY = json.dumps({"pets": [{"id": i, "name": f"pet number {i:03}", "tag": "x" * 8} for i in range(20)]}, separators=(",", ":"))[:1023]

BACK_END = """
daemon off; worker_processes 1; pid {folder}/back.pid; error_log {folder}/back.err;
events {{ worker_connections 4096; }}
http {{
  access_log off; default_type application/json; keepalive_requests 1000000000; keepalive_timeout 3600s;
  server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ return 200 '{body}'; }} }}
}}
"""

# The same work as Postern's: TLS 1.3 with a P-256 certificate, keep-alive on both sides, a JSON line for each request, gathered in
# a buffer as Postern gathers its own.
FRONT = """
daemon off; worker_processes 1; pid {folder}/front.pid; error_log {folder}/front.err;
events {{ worker_connections 4096; }}
http {{
  log_format line escape=json '{{"time":"$time_iso8601","requestId":"$request_id","sourceIp":"$remote_addr","domainName":"$host",'
    '"httpMethod":"$request_method","path":"$uri","protocol":"$server_protocol","status":$status,"requestLength":$request_length,'
    '"responseLength":$body_bytes_sent,"latency":$request_time,"integrationStatus":"$upstream_status","integrationLatency":'
    '"$upstream_response_time","tlsVersion":"$ssl_protocol","cipherSuite":"$ssl_cipher","userAgent":"$http_user_agent"}}';
  access_log {folder}/front.log line buffer=64k flush=1s;
  keepalive_requests 1000000000; keepalive_timeout 3600s;
  upstream back {{ server 127.0.0.1:{back}; keepalive 256; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port} ssl backlog=4096;
    ssl_certificate {certificate}; ssl_certificate_key {key}; ssl_protocols TLSv1.3; ssl_ecdh_curve prime256v1;
    location / {{ proxy_pass http://back; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header X-Amzn-Trace-Id $request_id; }}
  }}
}}
"""


def say(text):
    print(text, file=sys.stderr, flush=True)


def on_core(core, *command):
    """The command on one core, and before everything else there: what else runs would empty the caches of whoever is measured."""
    return ["nice", "-n", "-20", "taskset", "-c", core, *map(str, command)]


class Pinned:
    """A process on one core."""

    def __init__(self, core, *command):
        self.process = subprocess.Popen(on_core(core, *command), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.pid = self.process.pid

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def cpu_ns(pid):
    return sum(int((task / "schedstat").read_text().split()[0]) for task in pathlib.Path(f"/proc/{pid}/task").iterdir())


def listens(port):
    import socket
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


class Nginx(Pinned):
    def __init__(self, core, folder, name, text, port):
        file = folder / f"{name}.conf"
        file.write_text(text)
        super().__init__(core, "nginx", "-c", file)
        children = pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children")
        try:
            wait_for(lambda: listens(port) and children.read_text().split(), f"nginx {name}", 20)
        except (OSError, TimeoutError):
            self.stop()
            raise
        self.pid = int(children.read_text().split()[0])  # its worker, not its master


class Postern(Appliance):
    """An appliance in local mode with one worker on its own core."""

    def __init__(self, folder, places, tls):
        local = folder / "local"
        local.mkdir(parents=True)
        (local / "settings.yaml").write_text(f"workers: 1\nlocal_traffic_tls: {json.dumps(tls)}\nstreamed_body_max_bytes: 0\n")
        command = on_core(PROXY_CORE, build_folder() / "postern", "run", "--local", local, "--account", ACCOUNT, "--region", REGION,
                          "--management", places["management"], "--traffic", places["traffic"])
        super().__init__(folder, None, command, places["management"])
        self.local, self.port = local, int(places["traffic"].rpartition(":")[2])
        self.host = None

    @property
    def state(self):
        return self.local

    def gateway(self):
        """The gateway of this appliance: other appliances run the same program."""
        mine = {self.process.pid}
        for pid in sorted(self.children("posternd") + self.children("postern-gateway")):
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            if int(fields[1]) in mine:
                mine.add(pid)
        return next(pid for pid in mine if pid in self.children("postern-gateway"))

    def serve(self, back_end):
        """A private API with the pets of `back_end` behind it, a policy of several statements, one stage."""
        client = self.client = self.boto3("apigateway")
        self.api = client.create_rest_api(name="bench", endpointConfiguration={"types": ["PRIVATE"]})["id"]
        root = client.get_resources(restApiId=self.api)["items"][0]["id"]
        for part in ("pets", "store", "orders", "owners"):
            resource = client.create_resource(restApiId=self.api, parentId=root, pathPart=part)["id"]
            client.put_method(restApiId=self.api, resourceId=resource, httpMethod="GET", authorizationType="NONE")
            client.put_integration(restApiId=self.api, resourceId=resource, httpMethod="GET", type="HTTP_PROXY", integrationHttpMethod="GET",
                                   uri=f"{back_end}/{part}")
        self.set_policy("192.0.2.1/32")
        self.host = f"{self.api}.execute-api.{REGION}.amazonaws.com"
        return self

    def set_policy(self, denied):
        statements = policy(allow(), deny("Foreign", "NotIpAddress", "aws:VpcSourceIp", "127.0.0.0/8", "10.0.0.0/8"),
                            deny("Bad", "IpAddress", "aws:VpcSourceIp", denied, "198.51.100.0/24", "203.0.113.0/24"))
        self.client.update_rest_api(restApiId=self.api, patchOperations=[{"op": "replace", "path": "/policy", "value": json.dumps(statements)}])
        self.client.create_deployment(restApiId=self.api, stageName="prod")


class Bench:
    def __init__(self, folder):
        self.folder, self.stack = folder, contextlib.ExitStack()
        self.made = {}

    def once(self, name, make):
        """The thing of that name, made when it is first asked for and stopped at the end."""
        if name not in self.made:
            self.made[name] = make()
            self.stack.callback(self.end, self.made[name])
        return self.made[name]

    @staticmethod
    def end(program):
        try:
            program.stop()
        except subprocess.TimeoutExpired:
            say(f"{type(program).__name__} did not end when it was told to")
            program.process.kill()

    def back_end(self):
        text = BACK_END.format(folder=self.folder, port=BACK_END_PORT, body=BODY)
        self.once("back", lambda: Nginx(LOAD_CORE, self.folder, "back", text, BACK_END_PORT))
        return f"http://127.0.0.1:{BACK_END_PORT}"

    def nginx(self):
        certificate, key = Authority(self.folder / "authority").issue("bench.internal")
        text = FRONT.format(folder=self.folder, back=BACK_END_PORT, port=NGINX_PORT, certificate=certificate, key=key)
        return self.once("front", lambda: Nginx(PROXY_CORE, self.folder, "front", text, NGINX_PORT))

    def floor(self):
        made = self.once("floor", lambda: Pinned(PROXY_CORE, build_folder() / "bench/floor", FLOOR_PORT, BACK_END_PORT))
        wait_for(lambda: listens(FLOOR_PORT), "the floor", 10)
        return made

    def postern(self, tls):
        name, places = ("postern-tls", TLS) if tls else ("postern-plain", PLAIN)

        def make():
            made = Postern(self.folder / name, places, tls)
            self.stack.callback(self.end, made)  # also if it starts but does not serve
            return made.start().serve(self.back_end())
        return self.once(name, make)

    def load(self, pid, url, host):
        """CPU nanoseconds per request of `pid` while wrk keeps CONNECTIONS connections busy."""
        fields = [part for field in [f"Host: {host}", *FIELDS] for part in ("-H", field)]
        command = on_core(LOAD_CORE, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", *fields, url)
        before = cpu_ns(pid)
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        spent = cpu_ns(pid) - before
        if "Non-2xx" in text or "Socket errors" in text:
            raise RuntimeError(f"wrk {url}: {text}")
        return spent / int(re.search(r"(\d+) requests in", text).group(1))

    def pairs(self, name, ours, theirs):
        ours(), theirs()  # connections, caches, tickets
        ratios = []
        for _ in range(PAIRS):
            a, b = ours(), theirs()
            ratios.append(a / b)
            say(f"{name}: {a / 1000:.2f} µs against {b / 1000:.2f} µs: {a / b:.3f}")
        return statistics.median(ratios)

    # -- figures --------------------------------------------------------------------------------------------------------
    def tls_policy_log_vs_nginx(self):
        postern, nginx = self.postern(tls=True), self.nginx()
        pid = postern.gateway()
        return self.pairs("tls_policy_log_vs_nginx",
                          lambda: self.load(pid, f"https://127.0.0.1:{postern.port}/prod/pets", postern.host),
                          lambda: self.load(nginx.pid, f"https://127.0.0.1:{NGINX_PORT}/prod/pets", "bench.internal"))

    def plain_vs_floor(self):
        postern, floor = self.postern(tls=False), self.floor()
        pid = postern.gateway()
        return self.pairs("plain_vs_floor",
                          lambda: self.load(pid, f"http://127.0.0.1:{postern.port}/prod/pets", postern.host),
                          lambda: self.load(floor.pid, f"http://127.0.0.1:{FLOOR_PORT}/prod/pets", postern.host))

    def handshakes(self, pid, port, name):
        command = on_core(LOAD_CORE, build_folder() / "bench/handshakes", port, HANDSHAKES, name)
        before = cpu_ns(pid)
        done = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        if done != HANDSHAKES:
            raise RuntimeError(f"{HANDSHAKES - done} of {HANDSHAKES} handshakes with port {port} failed")
        return (cpu_ns(pid) - before) / done

    def handshake_vs_nginx(self):
        postern, nginx = self.postern(tls=True), self.nginx()
        pid = postern.gateway()
        return self.pairs("handshake_vs_nginx", lambda: self.handshakes(pid, postern.port, postern.host),
                          lambda: self.handshakes(nginx.pid, NGINX_PORT, "bench.internal"))

    def swap_ms(self):
        """From the answer to CreateDeployment, which carries a new policy, to the first request that is judged by it."""
        postern = self.postern(tls=True)
        context = ssl.create_default_context(cafile=str(postern.ca))
        context.check_hostname = False
        connection = http.client.HTTPSConnection("127.0.0.1", postern.port, context=context, timeout=30)

        def status():
            connection.request("GET", "/prod/pets", headers={"Host": postern.host})
            answer = connection.getresponse()
            answer.read()
            return answer.status

        waits = []
        for i in range(SWAPS):
            denied, wanted = ("127.0.0.0/8", 403) if i % 2 == 0 else ("192.0.2.1/32", 200)
            postern.set_policy(denied)
            answered = time.monotonic()
            while status() != wanted:
                if time.monotonic() > answered + 10:
                    raise TimeoutError("no request was judged by the new policy within 10 s")
            waits.append((time.monotonic() - answered) * 1000)
        if SWAPS % 2:
            postern.set_policy("192.0.2.1/32")
        connection.close()
        say("swap_ms: " + " ".join(f"{wait:.1f}" for wait in waits))
        return statistics.median(waits)

    def management_load_vs_none(self):
        """Traffic while an operator's tools call and deploy as fast as they are answered, against the same traffic alone: the time of the
        gateway's own core that a request takes. Control, operator and load share the other core."""
        postern = self.postern(tls=True)
        pid, calls = postern.gateway(), []
        for child in postern.children("postern-control"):
            for task in pathlib.Path(f"/proc/{child}/task").iterdir():
                os.sched_setaffinity(int(task.name), {int(LOAD_CORE)})
        os.sched_setaffinity(0, {int(LOAD_CORE)})

        def managed():
            ended = threading.Event()

            def work():
                while not ended.is_set():
                    postern.client.get_resources(restApiId=postern.api)
                    postern.client.update_stage(restApiId=postern.api, stageName="prod", patchOperations=[
                        {"op": "replace", "path": "/variables/turn", "value": str(len(calls))}])
                    postern.client.create_deployment(restApiId=postern.api, stageName="prod")
                    calls.append(3)

            thread = threading.Thread(target=work)
            thread.start()
            try:
                return alone()
            finally:
                ended.set()
                thread.join()

        def alone():
            return self.load(pid, f"https://127.0.0.1:{postern.port}/prod/pets", postern.host)

        begun = time.monotonic()
        ratio = self.pairs("management_load_vs_none", managed, alone)
        say(f"management_load_vs_none: {sum(calls)} calls in about {(time.monotonic() - begun) / 2:.0f} s")
        os.sched_setaffinity(0, CORES)
        return ratio

    def gateway_growth_kb_1gb(self):
        """tests/bench/bodies.py, without TLS and with it."""
        growths = []
        for tls in (False, True):
            postern = self.postern(tls)
            growths.append(bodies.Bodies(postern, postern.gateway(), tls).growth_kb())
        say("gateway_growth_kb_1gb: " + " ".join(map(str, growths)))
        return max(growths)

    def estate(self):
        def make():
            made = Postern(self.folder / "estate", ESTATE, True)
            self.stack.callback(self.end, made)
            return estate.Estate(made.start(), say)
        if "estate" not in self.made:
            self.made["estate"] = make()
        return self.made["estate"]

    def estate_list_ms(self):
        return self.estate().list_ms()

    def estate_import_ms(self):
        return self.estate().import_ms()

    def estate_deploy_ms(self):
        return self.estate().deploy_ms()

    def estate_start_ms(self):
        return self.estate().start_ms()

    @functools.cache
    def flooded(self, mode):
        """tests/bench/flood.py."""
        lab = self.once("flood", lambda: flood.Lab(self.folder / "flood", self.back_end(), on_core, (PROXY_CORE, LOAD_CORE), say))
        return lab.ratio(mode)

    def flood_drop_min(self):
        return self.flooded("drop")

    def flood_reset_min(self):
        return self.flooded("reset")

    def flood_min(self):
        return min(self.flooded("drop"), self.flooded("reset"))

    def template_vs_velocity(self):
        """tests/bench/velocity.py."""
        return velocity.measure(build_folder(), say)

    def boot_vs_bare(self):
        """tests/bench/boot.py."""
        folder = self.folder / "boot"
        folder.mkdir(mode=0o755)
        command = [sys.executable, str(pathlib.Path(__file__).parent / "boot.py"), str(folder)]
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        for line in lines:
            say(line)
        return float(lines[-1].split()[1])

    @functools.cache
    def printed(self, program):
        """The lines `NAME VALUE` of a program in tests/bench: filter_cost.c, policy_cost.c."""
        command = on_core(PROXY_CORE, build_folder() / "bench" / program)
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        return {name: float(value) for name, value in (line.split() for line in lines)}

    def figure(self, name):
        if hasattr(self, name):
            return getattr(self, name)()
        return self.printed(next((p for p in PROGRAMS if name.startswith(p.removesuffix("cost"))), "policy_cost"))[name]


def main():
    names = [name for name in TARGETS if not sys.argv[1:] or name.startswith(tuple(sys.argv[1:]))]
    if not names:
        sys.exit(f"no figure of that name: there are {' '.join(TARGETS)}")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="postern-bench-"))
    folder.chmod(0o755)
    bench, failed = Bench(folder), False
    try:
        for name in names:
            try:
                value = bench.figure(name)
            except Exception as error:  # the other figures are still worth having
                failed = True
                say(f"{name}: {type(error).__name__}: {error}")
                continue
            print(f"ratio {name} {value:.3f} target {TARGETS[name]:g}", flush=True)
    finally:
        bench.stack.close()
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
