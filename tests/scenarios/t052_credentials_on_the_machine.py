# SPDX-License-Identifier: GPL-3.0-or-later
"""`postern credentials`: further keys of the root user, keys of IAM users, and the way back in for who owns the machine when every
key is lost: with the running appliance, and on the store of a stopped one."""
import json
import os

import pytest

from conftest import Local
from lab.appliance import ACCOUNT, REGION, CallFailed
from lab.network import run
from lab.signed import signed


@pytest.fixture(scope="module")
def appliance(folder):
    made = Local(folder / "credentials", management="127.0.0.1:14568", traffic="127.0.0.1:18444")
    try:
        yield made.start()
    finally:
        made.stop()


def status(appliance, key):
    return signed(appliance, "GET", "/restapis", key=key).status


def bare(appliance, *arguments, wrap=(), check=True):
    """`postern` with no key in the environment or the home: only the state folder is there."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "POSTERN_ENDPOINT": appliance.management, "AWS_DEFAULT_REGION": REGION}
    return run(*wrap, appliance.build / "postern", *arguments, "--state", appliance.state, env=environment, check=check)


def pair(made):
    return made["accessKeyId"], made["secretAccessKey"]


def test_keys_of_the_root_user(appliance):
    made = appliance.postern("credentials", "create")
    assert made["status"] == "Active" and status(appliance, pair(made)) == 200
    text = run(appliance.build / "postern", "credentials", "create", env={**appliance.environment(), "POSTERN_ENDPOINT": appliance.management}).stdout
    second = [line.split(" = ")[1] for line in text.splitlines() if " = " in line]
    assert "[default]" in text and status(appliance, second) == 200
    with pytest.raises(CallFailed, match="AccessKeysPerUser: 2"):
        appliance.postern("credentials", "create")
    listed = {k["accessKeyId"]: k for k in appliance.postern("credentials", "list")["credentials"]}
    assert set(listed) == {appliance.credentials()[0], made["accessKeyId"], second[0]}
    assert [k["own"] for i, k in listed.items() if i == appliance.credentials()[0]] == [True]
    assert all(k["principal"] == f"arn:aws:iam::{ACCOUNT}:root" for k in listed.values())
    assert made["secretAccessKey"] not in json.dumps(listed)
    for key in (pair(made), second):
        appliance.postern("credentials", "revoke", key[0])
        assert status(appliance, key) == 403
    with pytest.raises(CallFailed, match="There is no access key"):
        appliance.postern("credentials", "revoke", made["accessKeyId"])
    with pytest.raises(CallFailed, match="the only access key of the root user"):
        appliance.postern("credentials", "revoke", appliance.credentials()[0])


def test_keys_of_a_user(appliance):
    iam = appliance.boto3("iam")
    iam.create_user(UserName="dora")
    made = appliance.postern("credentials", "create", "--user", "dora")
    assert (made["userName"], status(appliance, pair(made))) == ("dora", 403)
    assert [k["AccessKeyId"] for k in iam.list_access_keys(UserName="dora")["AccessKeyMetadata"]] == [made["accessKeyId"]]
    with pytest.raises(CallFailed, match="The user with name eve cannot be found"):
        appliance.postern("credentials", "create", "--user", "eve")
    operations = [(e["operation"], e["principal"]) for e in appliance.postern("audit")["events"] if e["service"] == "postern"]
    assert ("CreateCredentials", f"arn:aws:iam::{ACCOUNT}:root") in operations
    appliance.postern("credentials", "revoke", made["accessKeyId"])
    iam.delete_user(UserName="dora")


def test_who_owns_the_machine_gets_back_in(appliance):
    kept = (appliance.state / "credentials").read_bytes()
    (appliance.state / "credentials").unlink()
    try:
        made = json.loads(bare(appliance, "credentials", "create", "--json").stdout)
        assert status(appliance, pair(made)) == 200
        stranger = bare(appliance, "credentials", "list", wrap=("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"), check=False)
        assert stranger.returncode == 1 and "no credentials" in stranger.stderr
    finally:
        (appliance.state / "credentials").write_bytes(kept)
    appliance.postern("credentials", "revoke", made["accessKeyId"])


def test_on_the_store_of_a_stopped_appliance(appliance):
    running = bare(appliance, "credentials", "create", "--stopped", check=False)
    assert running.returncode == 1 and "the appliance runs" in running.stderr
    owner = (appliance.state / "store.db").stat().st_uid
    appliance.stop()
    made = json.loads(bare(appliance, "credentials", "create", "--stopped", "--json").stdout)
    assert bare(appliance, "credentials", "create", "--stopped", "--user", "eve", check=False).stderr.strip().endswith("The user with name eve cannot be found.")
    listed = {k["accessKeyId"]: k for k in json.loads(bare(appliance, "credentials", "list", "--stopped", "--json").stdout)["credentials"]}
    assert listed[made["accessKeyId"]]["madeBy"] == f"postern credentials, by uid {os.getuid()}"
    assert {p.stat().st_uid for p in appliance.state.glob("store.db*")} == {owner}
    appliance.start()
    assert status(appliance, pair(made)) == 200
    # The appliance's own key may end now; the next start makes another one.
    own = appliance.credentials()
    appliance.postern("credentials", "revoke", own[0])
    assert status(appliance, own) == 403
    appliance.stop()
    appliance.start()
    assert appliance.credentials()[0] != own[0] and status(appliance, appliance.credentials()) == 200
    assert status(appliance, pair(made)) == 200
    assert made["secretAccessKey"] not in appliance.log.read_text()
