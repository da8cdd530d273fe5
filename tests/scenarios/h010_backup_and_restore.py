# SPDX-License-Identifier: GPL-3.0-or-later
"""A backup of the running appliance, put in the place of another state of it, serves what it held."""
from conftest import Local
from lab.appliance import CallFailed
from lab.backend import PETS
from lab.network import run, wait_for

import pytest


def test_backup_of_the_running_restore_of_the_stopped(tmp_path, backend):
    appliance = Local(tmp_path, "127.0.0.1:14573", "127.0.0.1:18473").start()
    try:
        api = appliance.serve_api(backend.url)
        backup = tmp_path / "backup.db"
        assert appliance.postern("backup", backup)["bytes"] > 4096
        with pytest.raises(CallFailed, match="exists"):
            appliance.postern("backup", backup)
        appliance.postern("system", "checkpoint")  # forgotten by the restoring
        appliance.aws("apigateway", "delete-rest-api", "--rest-api-id", api)
        with pytest.raises(CallFailed, match="(?i)stop"):
            appliance.postern("restore", backup, "--state", appliance.state)
    finally:
        assert appliance.stop() == 0
    appliance.postern("restore", backup, "--state", appliance.state)
    appliance.start()
    try:
        wait_for(lambda: appliance.get(api).body == PETS, "the restored API")
        assert appliance.postern("system", "checkpoint", "--show") == {"state": "none"}
    finally:
        assert appliance.stop() == 0


def test_a_file_that_is_no_backup_is_refused(local, tmp_path):
    file = tmp_path / "no-backup"
    file.write_text("hello")
    done = run(local.build / "postern", "restore", file, "--state", tmp_path, check=False)
    assert done.returncode == 1 and "no-backup" in done.stderr
