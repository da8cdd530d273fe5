# SPDX-License-Identifier: GPL-3.0-or-later
"""What the image's tests share: the built image, a disk of their own from it, and what is on that disk."""
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "image")]
import disk as layout
from machine import BUILD, Machine

OUT = BUILD / "image"


# The least under which all tests of a firmware pass.
MEMORY_MB = {"bios": 128, "uefi": 192}


def pytest_terminal_summary(terminalreporter, exitstatus):
    """Figures, once all has passed: the memory is that of the firmware that wants more, of those that were tested."""
    ran = " ".join(report.nodeid for report in terminalreporter.stats.get("passed", []))
    # The package's tests have no image.
    if exitstatus == 0 and "b010" in ran:
        terminalreporter.write_line(f"image_bytes {(OUT / 'postern.qcow2').stat().st_size}")
        terminalreporter.write_line(f"guest_memory_mb {MEMORY_MB['uefi' if 'uefi' in ran else 'bios']}")


class Disk:
    """A raw disk that a test may spoil."""

    def __init__(self, path):
        self.path = path
        subprocess.run(["cp", "--sparse=always", OUT / "postern.raw", path], check=True)

    def read(self, partition, offset, count):
        with open(self.path, "rb") as image:
            image.seek(layout.places()[partition] + offset)
            return image.read(count)

    def write(self, partition, offset, content):
        with open(self.path, "r+b") as image:
            image.seek(layout.places()[partition] + offset)
            image.write(content)

    def find(self, partition, needle, step=512):
        """The offset of the first sector that begins with `needle`."""
        content = self.read(partition, 0, layout.size_of(partition))
        return next(at for at in range(0, len(content), step) if content.startswith(needle, at))

    def words(self):
        """Those of GRUB's environment block."""
        block = self.read("esp", self.find("esp", b"# GRUB Environment Block\n"), 1024).decode()
        return dict(re.findall(r"^(\w+)=(.*)$", block, re.M))


@pytest.fixture
def disk(tmp_path):
    made = Disk(tmp_path / "disk.raw")
    yield made
    made.path.unlink()


@pytest.fixture
def machine(tmp_path):
    """machine(disk path, …): running; ended with the test. Its console is kept in the test's folder."""
    started = []

    def start(path, **options):
        started.append(Machine(tmp_path / f"machine{len(started)}", path, **options))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def root():
    """The root file system, as a folder: unpacked from what is on the disk."""
    target = OUT / "unpacked"
    shutil.rmtree(target, ignore_errors=True)
    subprocess.run(["unsquashfs", "-q", "-n", "-no-xattrs", "-d", target, OUT / "root.img"], check=True, capture_output=True)
    return target
