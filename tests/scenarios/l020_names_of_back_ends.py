# SPDX-License-Identifier: GPL-3.0-or-later
"""Back ends by name: asked once for as long as the TTL says, asked again when it is over; requests follow the name to its new
address; a name that does not exist, or a name server that is silent, ends in AWS's answer."""
import json

import pytest

from conftest import Local
from i010_back_ends_that_fail import DOCUMENT, Peer
from lab.appliance import allow
from lab.names import NameServer
from lab.network import wait_for


def says_its_address(connection, number):
    """A back end whose answer is its own address, and that serves one request on each connection."""
    said = connection.getsockname()[0].encode()
    connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(said), said))
    connection.close()
    return False


@pytest.fixture(scope="module")
def names():
    made = NameServer()
    yield made
    made.close()


@pytest.fixture(scope="module")
def appliance(folder, names):
    place = folder / "names"
    made = Local(place, "127.0.0.1:14582", "127.0.0.1:18482")
    made.start()
    assert made.stop() == 0
    with open(made.state / "settings.yaml", "a") as file:
        file.write(f"name_servers: [\"{names.address}\"]\nworkers: 1\nbackend_connect_timeout_ms: 2000\n")
    yield made.start()
    assert made.stop() == 0


@pytest.fixture
def call(appliance):
    """call(name): a client of an API whose back end is http://name:PORT; back ends listen on 127.0.0.2 and 127.0.0.3."""
    first = Peer(says_its_address, "127.0.0.2")
    second = Peer(says_its_address, "127.0.0.3", first.port)

    def make(name):
        api = appliance.serve_api(None, allow(), document=DOCUMENT.format(uri=f"http://{name}:{first.port}/x", timeout=5000))
        return lambda: appliance.get(api, "/x")

    yield make
    first.close()
    second.close()


def test_an_answer_serves_for_its_ttl(call, names):
    names.records["kept.internal"] = (300, ["127.0.0.2"])
    get = call("kept.internal")
    assert [get().body for _ in range(5)] == ["127.0.0.2"] * 5
    assert names.count("kept.internal") == 2  # A and AAAA, once
    names.records["kept.internal"] = (300, ["127.0.0.3"])
    assert get().body == "127.0.0.2" and names.count("kept.internal") == 2


def test_requests_follow_a_name_that_moves(call, names):
    names.records["moves.internal"] = (1, ["127.0.0.2"])
    get = call("moves.internal")
    assert get().body == "127.0.0.2"
    names.records["moves.internal"] = (1, ["127.0.0.3"])
    wait_for(lambda: get().body == "127.0.0.3", "the new address", 5)
    assert get().body == "127.0.0.3"


def test_an_address_where_nobody_listens_is_passed_over(call, names):
    names.records["two.internal"] = (60, ["127.0.0.9", "127.0.0.3"])
    get = call("two.internal")
    assert [(get().status, get().body) for _ in range(4)] == [(200, "127.0.0.3")] * 4


def test_a_name_that_does_not_exist(call, names):
    answer = call("nowhere.internal")()
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (500, "InternalServerErrorException"), answer
    assert answer.body == '{"message": "Internal server error"}'
    assert names.count("nowhere.internal") > 0


def test_an_old_answer_serves_while_the_name_server_is_silent(call, names):
    names.records["outlives.internal"] = (1, ["127.0.0.2"])
    get = call("outlives.internal")
    assert get().body == "127.0.0.2"
    names.silent = True
    try:
        asked = names.count("outlives.internal")
        wait_for(lambda: (get().body == "127.0.0.2", names.count("outlives.internal") > asked)[1], "a question after the TTL", 10)
        assert get().body == "127.0.0.2"
    finally:
        names.silent = False


def test_a_name_server_that_never_answered(call, names):
    names.silent = True
    try:
        answer = call("silent.internal")()
        assert answer.status == 500 and 1.5 < answer.seconds < 8, answer
    finally:
        names.silent = False


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "fd00:ec2::254"])
def test_a_name_does_not_lead_to_forbidden_addresses(call, names, appliance, address):
    name = f"metadata{address.count(':')}{len(address)}.internal"
    names.records[name] = (60, [address])
    answer = call(name)()
    assert answer.status == 504 and answer.seconds < 2, answer  # refused, not tried
    log = appliance.state / "access.log"
    line = wait_for(lambda: next((l for l in log.read_text().splitlines() if answer.headers["x-amzn-requestid"] in l), None), "its line")
    assert json.loads(line)["integrationError"] == "the back end's address is not allowed"
