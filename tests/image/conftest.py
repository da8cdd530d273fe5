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
import figures
from guest import Guest
from machine import BUILD, Machine
from private_subnet import PrivateSubnet, isolate

OUT = BUILD / "image"


# The least under which all tests of a firmware pass.
MEMORY_MB = {"bios": 128, "uefi": 192}


# Where tests run side by side, each of three workers begins with one of the longest files; the fourth and fifth file of this list go to the
# first and second of them, who has the longest of all and who has a shorter one.
LONGEST = ("c040", "d020", "d010", "a010", "c020")


def pytest_collection_modifyitems(config, items):
    if hasattr(config, "workerinput"):
        order = {name: place for place, name in enumerate(LONGEST)}
        items.sort(key=lambda item: order.get(item.path.name[:4], len(order)))


def pytest_terminal_summary(terminalreporter, exitstatus):
    """Figures, once all has passed: the memory is that of the firmware that wants more, of those that were tested."""
    for name, value in figures.noted.items():
        terminalreporter.write_line(f"{name} {value}")
    ran = " ".join(report.nodeid for report in terminalreporter.stats.get("passed", []))
    # The package's tests have no image.
    if exitstatus == 0 and "b010" in ran:
        terminalreporter.write_line(f"image_bytes {(OUT / 'postern.qcow2').stat().st_size}")
        terminalreporter.write_line(f"guest_memory_mb {MEMORY_MB['uefi' if 'uefi' in ran else 'bios']}")


class Disk:
    """A raw disk that a test may spoil."""

    def __init__(self, path, source=OUT / "postern.raw"):
        self.path = path
        subprocess.run(["cp", "--sparse=always", source, path], check=True)

    def read(self, partition, offset, count):
        with open(self.path, "rb") as image:
            image.seek(layout.places()[partition] + offset)
            return image.read(count)

    def write(self, partition, offset, content):
        with open(self.path, "r+b") as image:
            image.seek(layout.places()[partition] + offset)
            image.write(content)

    def part(self, partition, path):
        """A copy of the partition, as a file; put() writes it back."""
        path.write_bytes(self.read(partition, 0, layout.size_of(partition)))
        return path

    def put(self, partition, path):
        self.write(partition, 0, path.read_bytes())

    def kernel(self, folder, slot="a"):
        """What the boot loader would start: (kernel, initramfs, command line), for a machine that needs none."""
        part = self.part(f"boot-{slot}", folder / "boot.fat")
        for name in ("vmlinuz", "initrd", "slot.cfg"):
            subprocess.run(["mcopy", "-o", "-n", "-i", part, f"::/{name}", folder / name], check=True, env=layout.ENVIRONMENT)
        options = re.search(r'options="(.*)"', (folder / "slot.cfg").read_text())[1]
        return folder / "vmlinuz", folder / "initrd", f"{options} slot={slot}"

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
def kernel(disk, tmp_path):
    """For machines that need no boot loader: half of a start under emulation is the loader's."""
    return disk.kernel(tmp_path)


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


@pytest.fixture(scope="session")
def subnet(tmp_path_factory):
    """The private subnet and its hosts. From now on this process, and each machine that it starts, is where their bridges are."""
    isolate()
    made = PrivateSubnet(tmp_path_factory.mktemp("subnet"))
    yield made
    made.close()


@pytest.fixture
def guest(tmp_path, subnet, disk, machine):
    """guest(what it is given, …): an appliance in the subnet, not started; on a disk of its own if `own_disk`."""
    made, disks = [], []

    def make(given, own_disk=False, **options):
        where = disk
        if own_disk:
            where = Disk(tmp_path / f"disk{len(disks)}.raw")
            disks.append(where)
        made.append(Guest(tmp_path / f"guest{len(made)}", subnet, given, where, machine, **options))
        return made[-1]

    yield make
    for one in made:
        if one.machine:
            one.machine.stop()
    for one in disks:
        one.path.unlink()


@pytest.fixture
def root():
    """The root file system, as a folder: unpacked from what is on the disk."""
    target = OUT / "unpacked"
    shutil.rmtree(target, ignore_errors=True)
    subprocess.run(["unsquashfs", "-q", "-n", "-no-xattrs", "-d", target, OUT / "root.img"], check=True, capture_output=True)
    return target
