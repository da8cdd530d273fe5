# SPDX-License-Identifier: GPL-3.0-or-later
"""The program `rotate` and a writer that never stops: there is always room for others, and old lines go before new ones."""
import json
import subprocess
import sys

import pytest

from machine import BUILD

PROGRAM = BUILD / "image/rotate/rotate"
PARTITION_BYTES = 64 << 20
# In a mount namespace of its own: a small partition, a writer of 15 MB a second that opens its log anew when it is told to, as init would
# tell posternd, and a look at what is left free after each piece.
WRITER = """
import json, os, pathlib, signal, subprocess, sys, time
program, folder, size = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder], check=True)
(folder / "log").mkdir()
log, opened = None, 0
def reopen(*_):
    global log, opened
    log, opened = open(folder / "log/access.log", "ab", buffering=0), opened + 1
reopen()
signal.signal(signal.SIGHUP, reopen)
(folder / "log/audit.log").write_text("one line\\n")
keeper = subprocess.Popen([program, folder / "log", folder / "clock"])
least, lost, number = 1 << 40, 0, 0
begun = time.monotonic()
while time.monotonic() - begun < 6:
    for _ in range(150):
        number += 1
        try:
            lost += log.write(b"%09d " % number + b"x" * 989 + b"\\n") != 1000
        except OSError:
            lost += 1
    state = os.statvfs(folder)
    least = min(least, state.f_bavail * state.f_frsize)
    pause = begun + number / 15000 - time.monotonic()
    if pause > 0:
        time.sleep(pause)
was = os.stat(folder / "clock").st_mtime_ns
keeper.terminate()
keeper.wait(10)
names = {path.name: path.stat().st_size for path in (folder / "log").iterdir()}
newest = max(int(text[:9]) for name in ("access.log", "access.log.1") for text in (folder / "log" / name).read_text().splitlines())
print(json.dumps(dict(least=least, lost=lost, written=number, opened=opened, names=names, newest=newest, status=keeper.returncode,
                      noted=os.stat(folder / "clock").st_mtime_ns > was)))
"""


@pytest.mark.full
@pytest.mark.long
def test_a_writer_that_never_stops(tmp_path):
    told = json.loads(subprocess.run(["unshare", "--mount", sys.executable, "-c", WRITER, PROGRAM, tmp_path, str(PARTITION_BYTES)], check=True,
                                     capture_output=True, text=True).stdout)
    assert told["lost"] == 0 and told["opened"] > 10
    # More went through than fits, and something was always free, although between two looks more may be written than is to stay free.
    assert told["written"] * 1000 > PARTITION_BYTES
    assert told["least"] > PARTITION_BYTES // 32
    assert set(told["names"]) == {"access.log", "access.log.1", "access.log.2", "access.log.3", "audit.log"}
    assert told["newest"] == told["written"]
    # It ends when it is told to, having noted the time once more.
    assert told["status"] == 0 and told["noted"]
