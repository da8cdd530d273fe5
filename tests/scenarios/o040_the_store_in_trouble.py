# SPDX-License-Identifier: GPL-3.0-or-later
"""What was answered is on the disk, whatever happens to control or to the disk; what can't be kept is refused with the reason."""
import contextlib
import os
import random
import shutil
import sqlite3
import threading

import pytest

from conftest import Local
from lab.network import run, wait_for
from lab.signed import signed


@pytest.fixture
def appliance(tmp_path):
    made = Local(tmp_path, "127.0.0.1:14578", "127.0.0.1:18478")
    yield made
    if made.process is not None:
        made.stop()


def names(appliance):
    found = {}
    for page in appliance.boto3("apigateway").get_paginator("get_rest_apis").paginate(PaginationConfig={"PageSize": 500}):
        found.update({item["id"]: item["name"] for item in page["items"]})
    return found


class Writer(threading.Thread):
    """A client that creates APIs and notes what was answered."""

    def __init__(self, appliance, number, ended):
        super().__init__(daemon=True)
        self.client, self.number, self.ended, self.answered, self.refused = appliance.boto3("apigateway"), number, ended, {}, []

    def run(self):
        while not self.ended.is_set() and len(self.answered) < 500:
            name = f"w{self.number}-{len(self.answered)}"
            try:
                self.answered[self.client.create_rest_api(name=name)["id"]] = name
            except Exception as error:
                if "Could not connect" in str(error):
                    self.refused.append(str(error))


def test_kill_at_random_instants_with_many_clients(appliance):
    appliance.start()
    ended = threading.Event()
    writers = [Writer(appliance, number, ended) for number in range(6)]
    count = lambda: sum(len(writer.answered) for writer in writers)
    for writer in writers:
        writer.start()
    instants = random.Random(40)
    for _ in range(6):
        had, more = count(), instants.randrange(3, 30)
        wait_for(lambda: count() >= had + more and appliance.children("postern-control"), "answers", 20)
        appliance.kill("postern-control")
    had = count()
    wait_for(lambda: count() > had, "an answer of the last successor", 20)
    ended.set()
    for writer in writers:
        writer.join(30)
        assert writer.refused == []
    stored, client = names(appliance), appliance.boto3("apigateway")
    for writer in writers:
        assert writer.answered.items() <= stored.items()
    for id in list(stored)[:50]:  # each is whole: root and models came in the same transaction
        assert len(client.get_resources(restApiId=id)["items"]) == 1 and len(client.get_models(restApiId=id)["items"]) == 2
    status = appliance.postern("status")
    wait_for(lambda: appliance.postern("status")["servedRevision"] == status["revision"], "the gateway to follow")


def test_a_writer_that_is_held_up_says_so_in_time(appliance):
    appliance.start()
    gateway = appliance.children("postern-gateway")
    other = sqlite3.connect(appliance.state / "store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answer = signed(appliance, "POST", "/restapis", {"name": "held-up"})
    assert (answer.status, answer.code, answer.message) == (503, "ServiceUnavailableException", "The store is busy. Please try again.")
    assert signed(appliance, "GET", "/restapis").status == 200
    other.execute("ROLLBACK")
    other.close()
    wait_for(lambda: appliance.children("postern-gateway") not in (gateway, []), "the gateway to be started anew")
    assert signed(appliance, "POST", "/restapis", {"name": "after"}).status == 201
    assert list(names(appliance).values()) == ["after"]


@pytest.fixture
def small_disk(appliance):
    appliance.state.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=2m,mode=755", "none", appliance.state)
    yield appliance.state
    appliance.stop()
    run("umount", appliance.state)


def test_a_full_disk_loses_nothing(appliance, small_disk):
    appliance.start()
    large, kept = {"name": "large", "description": "x" * 20000}, []
    while (answer := signed(appliance, "POST", "/restapis", large)).status == 201:
        kept.append(answer.body["id"])
        assert len(kept) < 200
    assert (answer.status, answer.code, answer.message) == (503, "ServiceUnavailableException", "The store can't grow: no space is left.")
    pid = appliance.kill("postern-control")
    wait_for(lambda: appliance.children("postern-control") not in ([], [pid]), "a successor")
    assert signed(appliance, "GET", f"/restapis/{kept[-1]}").status == 200  # reads go on, after a start on the full disk too
    run("mount", "-o", "remount,size=16m", small_disk)
    assert signed(appliance, "POST", "/restapis", large).status == 201
    assert set(kept) <= set(names(appliance))


def execute(state, *statements):
    """Also moves all of the log into the database."""
    store = sqlite3.connect(state / "store.db", isolation_level=None)
    for statement in (*statements, "PRAGMA wal_checkpoint(TRUNCATE)"):
        store.execute(statement).fetchall()
    store.close()


def newer(state):
    execute(state, "PRAGMA user_version = 99")


def damaged(state):
    execute(state)
    content = bytearray((state / "store.db").read_bytes())
    for at in range(4096, min(len(content), 4096 * 10), 7):
        content[at] ^= 0x5a
    (state / "store.db").write_bytes(content)


def garbage(state):
    for name in ("store.db-wal", "store.db-shm"):
        (state / name).unlink(missing_ok=True)
    (state / "store.db").write_bytes(b"no database" * 1000)


def other_key(state):
    os.chmod(state / "secret.key", 0o600)
    (state / "secret.key").write_bytes(bytes(32))


def short_key(state):
    os.chmod(state / "secret.key", 0o600)
    (state / "secret.key").write_bytes(b"x")


@pytest.mark.parametrize("spoil, words", [
    (newer, "was written by a newer Postern (schema 99"), (damaged, "damaged; restore a backup"), (garbage, "not a database"),
    (other_key, "secrets in the store do not open with this secret.key"), (short_key, "secret.key has not 32 bytes"),
])
def test_a_state_that_can_not_be_used_is_left_alone(appliance, tmp_path, spoil, words):
    appliance.start()
    id = signed(appliance, "POST", "/restapis", {"name": "kept"}).body["id"]
    assert appliance.stop() == 0
    good = tmp_path / "good"
    shutil.copytree(appliance.state, good, ignore=shutil.ignore_patterns("run"))
    # What the log still holds may move into the file at any opening, which changes its bytes and nothing in it.
    with contextlib.closing(sqlite3.connect(appliance.state / "store.db")) as store:
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    spoil(appliance.state)
    spoilt = (appliance.state / "store.db").read_bytes()
    with pytest.raises(RuntimeError):
        appliance.start(20)
    assert words in appliance.log.read_text()
    assert (appliance.state / "store.db").read_bytes() == spoilt
    for file in good.iterdir():
        (appliance.state / file.name).unlink(missing_ok=True)
        shutil.copy2(file, appliance.state / file.name)
    appliance.start()
    assert names(appliance) == {id: "kept"}


def test_who_may_read_what(appliance):
    appliance.start()
    modes = {name: oct((appliance.state / name).stat().st_mode & 0o7777) for name in ("store.db", "store.db-writer", "secret.key", "credentials", "run/posternd.sock")}
    assert modes == {"store.db": "0o640", "store.db-writer": "0o600", "secret.key": "0o440", "credentials": "0o600", "run/posternd.sock": "0o600"}
    for name in ("postern-gateway", "postern-control"):
        limits = open(f"/proc/{appliance.children(name)[0]}/limits").read()
        assert next(line.split()[4:6] for line in limits.splitlines() if line.startswith("Max core file size")) == ["0", "0"]
