# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets of load balancers on this host, and load balancers that lead to them, by boto3."""
import http.server
import json
import os
import signal
import socket
import subprocess
import threading

from .network import run, wait_for

NGINX = """
daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx-error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
{servers}
}}
"""
SERVER = """  server {{ listen 127.0.0.1:{port}; default_type application/json;
    location / {{ return 200 '{{"server":"nginx-{port}","host":"$http_host","path":"$request_uri"}}'; }} }}
"""


class Nginx:
    """nginx that answers on several ports of loopback, each with its own name."""

    def __init__(self, folder, *ports):
        self.ports = ports
        folder.mkdir(parents=True, exist_ok=True)
        os.chmod(folder, 0o755)
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, servers="".join(SERVER.format(port=port) for port in ports)))
        self.process = subprocess.Popen(["nginx", "-c", folder / "nginx.conf"])
        for port in ports:
            wait_for(lambda: run("curl", "-s", f"http://127.0.0.1:{port}/", check=False).returncode == 0, "nginx")

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(10)


class Echo:
    """A server that says who it is and what it was asked. `status` is what /health answers; all else waits while `free` is not set."""

    def __init__(self, name, port=0, context=None, address="127.0.0.1"):
        self.name, self.status, self.count, self.checks, self.delay_s = name, 200, 0, [], 20
        self.free = threading.Event()
        self.free.set()
        self.context, self.address = context, address
        self.start(port)

    def start(self, port=0):
        echo = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                status = 200
                if self.path.startswith("/health"):
                    status = echo.status
                    echo.checks.append(dict(self.headers))
                else:
                    echo.count += 1
                    echo.free.wait(echo.delay_s)
                body = json.dumps({"server": echo.name, "host": self.headers["Host"], "path": self.path}).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *arguments):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads, allow_reuse_address = True, True
            address_family = socket.AF_INET6 if ":" in echo.address else socket.AF_INET
            connections = set()

            def process_request(self, request, address):
                self.connections.add(request)
                super().process_request(request, address)

        Server.connections = set()
        self.server = Server((self.address, port), Handler)
        if self.context:
            self.server.socket = self.context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        """No listener any more, and no connection either."""
        self.server.shutdown()
        self.server.server_close()
        for connection in self.server.connections:
            try:
                connection.close()
            except OSError:
                pass

    def close(self):
        self.free.set()
        self.stop()


class Balancing:
    """Load balancers of an appliance, in that VPC or its only one; what was made is deleted by close()."""

    def __init__(self, appliance, prefix, vpc=None, subnet="subnet-0a"):
        self.client, self.prefix, self.subnet = appliance.boto3("elbv2"), prefix, subnet
        self.gateway = appliance.boto3("apigateway")
        self.vpc = vpc or appliance.boto3("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
        self.links, self.balancers, self.groups = [], [], []

    def balancer(self, name, **wanted):
        made = self.client.create_load_balancer(Name=f"{self.prefix}-{name}", **{
            "Type": "network", "Scheme": "internal", "Subnets": [self.subnet], **wanted})["LoadBalancers"][0]["LoadBalancerArn"]
        self.balancers.append(made)
        return made

    def group(self, name, *targets, **wanted):
        """A target group of echo servers or ports, checked every 5 s; 2 good or bad checks turn a target."""
        made = self.client.create_target_group(Name=f"{self.prefix}-{name}", **{
            "Protocol": "TCP", "Port": 80, "VpcId": self.vpc, "TargetType": "ip", "HealthCheckIntervalSeconds": 5, "HealthCheckTimeoutSeconds": 2,
            "HealthyThresholdCount": 2, "UnhealthyThresholdCount": 2, **wanted})["TargetGroups"][0]["TargetGroupArn"]
        self.groups.append(made)
        if targets:
            self.register(made, *targets)
        return made

    def register(self, group, *targets):
        self.client.register_targets(TargetGroupArn=group, Targets=self.named(targets))

    def deregister(self, group, *targets):
        self.client.deregister_targets(TargetGroupArn=group, Targets=self.named(targets))

    @staticmethod
    def named(targets):
        return [{"Id": getattr(target, "address", "127.0.0.1"), "Port": getattr(target, "port", target)} for target in targets]

    def listener(self, balancer, group, port=80, protocol="TCP", **wanted):
        return self.client.create_listener(LoadBalancerArn=balancer, Protocol=protocol, Port=port, **{
            "DefaultActions": [{"Type": "forward", "TargetGroupArn": group}], **wanted})["Listeners"][0]["ListenerArn"]

    def link(self, balancer):
        made = self.gateway.create_vpc_link(name=self.prefix, targetArns=[balancer])["id"]
        self.links.append(made)
        return made

    def health(self, group):
        """{port: (state, reason)}"""
        found = self.client.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        return {item["Target"]["Port"]: (item["TargetHealth"]["State"], item["TargetHealth"].get("Reason")) for item in found}

    def wait(self, group, *, seconds=25, **states):
        """Until the targets are as said: wait(group, p8080="healthy")."""
        wanted = {int(name[1:]): state for name, state in states.items()}
        wait_for(lambda: {port: state for port, (state, _) in self.health(group).items() if port in wanted} == wanted,
                 f"targets to be {wanted}", seconds)

    def wait_all(self, group, state="healthy", seconds=25):
        wait_for(lambda: {found for found, _ in self.health(group).values()} == {state}, f"all targets to be {state}", seconds)

    def close(self):
        for made in self.links:
            self.gateway.delete_vpc_link(vpcLinkId=made)
        for made in self.balancers:
            self.client.delete_load_balancer(LoadBalancerArn=made)
        for made in self.groups:
            self.client.delete_target_group(TargetGroupArn=made)
