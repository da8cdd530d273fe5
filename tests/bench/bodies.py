# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies of a gigabyte through HTTP_PROXY, one way and the other: how far the resident memory of the gateway rises on the way."""
import json
import threading

from lab.appliance import REGION, allow, policy
from lab.network import wait_for
from lab.wire import Listener, dial

BYTES = 1 << 30
WARM_BYTES = 64 << 20
BLOCK = bytes(1 << 20)


def memory_kb(pid, member):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(member))


def pour(wire, total):
    for _ in range(total // len(BLOCK)):
        wire.connection.sendall(BLOCK)


def drink(wire, total):
    total -= len(wire.buffer)
    wire.buffer, room = b"", bytearray(1 << 20)
    while total:
        count = wire.connection.recv_into(room, min(total, len(room)))
        if not count:
            raise RuntimeError(f"the body ended {total} bytes too early")
        total -= count


def pass_through(source, sink, total):
    thread = threading.Thread(target=pour, args=(source, total))
    thread.start()
    drink(sink, total)
    thread.join()


class Bodies:
    """An API of `appliance` with a back end at hand."""

    def __init__(self, appliance, pid, secure):
        self.appliance, self.pid, self.secure = appliance, pid, secure
        self.listener = Listener()
        client = appliance.boto3("apigateway")
        api = client.create_rest_api(name="bodies", endpointConfiguration={"types": ["PRIVATE"]}, policy=json.dumps(policy(allow())))["id"]
        method = {"restApiId": api, "resourceId": client.get_resources(restApiId=api)["items"][0]["id"], "httpMethod": "POST"}
        client.put_method(**method, authorizationType="NONE")
        client.put_integration(**method, type="HTTP_PROXY", integrationHttpMethod="POST", uri=f"{self.listener.uri}/")
        client.create_deployment(restApiId=api, stageName="prod")
        self.name = f"{api}.execute-api.{REGION}.amazonaws.com"
        wait_for(lambda: appliance.metrics()["postern_snapshot_revision"] >= appliance.metrics()["postern_store_revision"], "the gateway", 10)

    def both_ways(self, total):
        client = dial(f"127.0.0.1:{self.appliance.port}", self.name, self.appliance.ca if self.secure else None)
        client.send(f"POST /prod HTTP/1.1\r\nHost: {self.name}\r\nContent-Length: {total}\r\n\r\n")
        server = self.listener.accept()
        server.head()
        pass_through(client, server, total)
        server.send(f"HTTP/1.1 200 OK\r\nContent-Length: {total}\r\n\r\n")
        client.head()
        pass_through(server, client, total)
        client.close()
        server.close()

    def growth_kb(self):
        """The highest resident memory on the way, against that before."""
        self.both_ways(WARM_BYTES)
        with open(f"/proc/{self.pid}/clear_refs", "w") as peak:
            peak.write("5")  # the peak begins anew
        before = memory_kb(self.pid, "VmRSS")
        self.both_ways(BYTES)
        return memory_kb(self.pid, "VmHWM") - before
