# SPDX-License-Identifier: GPL-3.0-or-later
"""A virtual machine under QEMU: its disk, firmware, console, NICs, and its end. Software emulation unless GUEST_ACCEL says otherwise."""
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import threading
import time

BUILD = pathlib.Path(os.environ.get("POSTERN_BUILD", "build")).resolve()
ACCEL = os.environ.get("GUEST_ACCEL", "tcg,tb-size=128")
OVMF = pathlib.Path("/usr/share/OVMF")
# A loaded host under emulation takes its time; what never comes ends here.
PATIENCE_SECONDS = float(os.environ.get("GUEST_SECONDS", "150"))


class Silent(AssertionError):
    """What was waited for did not come."""


class Machine:
    """Runs from construction until stop(); a context manager. `disk` is written to, unless `snapshot`."""

    def __init__(self, folder, disk, firmware="bios", memory_mb=128, nics=(), snapshot=False, cache="writeback", extra=()):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.lines, self.arrived, self.news = [], [], threading.Condition()
        self.control_path = self.folder / "qmp.sock"
        self.control_path.unlink(missing_ok=True)
        form = pathlib.Path(disk).suffix.lstrip(".")
        command = ["qemu-system-x86_64", "-machine", "q35", "-accel", ACCEL, "-cpu", "qemu64,+rdrand", "-smp", "2", "-m", str(memory_mb),
                   "-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio",
                   "-qmp", f"unix:{self.control_path},server=on,wait=off",
                   "-drive", f"file={disk},format={form},if=virtio,cache={cache},snapshot={'on' if snapshot else 'off'}"]
        for number, tap in enumerate(nics):
            command += ["-netdev", f"tap,id=n{number},ifname={tap},script=no,downscript=no",
                        "-device", f"virtio-net-pci,netdev=n{number},mac=52:54:00:50:53:{number + 1:02x},romfile="]
        if firmware == "uefi":
            variables = self.folder / "variables.fd"
            shutil.copy(OVMF / "OVMF_VARS_4M.fd", variables)
            command += ["-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={OVMF / 'OVMF_CODE_4M.fd'}",
                        "-drive", f"if=pflash,unit=1,format=raw,file={variables}"]
        self.begun = time.monotonic()
        self.process = subprocess.Popen([*command, *extra], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def read(self):
        with open(self.folder / "console.log", "a", encoding="utf-8") as log:
            for raw in self.process.stdout:
                line = re.sub(r"\x1b\[[0-9;=?]*[a-zA-Z]", "", raw.decode("utf-8", "replace")).strip("\r\n")
                print(f"{time.monotonic() - self.begun:8.3f} {line}", file=log, flush=True)
                with self.news:
                    self.lines.append(line)
                    self.arrived.append(time.monotonic() - self.begun)
                    self.news.notify_all()
        with self.news:
            self.lines.append(None)
            self.arrived.append(time.monotonic() - self.begun)
            self.news.notify_all()

    def wait(self, pattern, after=0, seconds=PATIENCE_SECONDS):
        """The index behind the first line, from `after` on, in which `pattern` is found."""
        deadline, at = time.monotonic() + seconds, after
        with self.news:
            while True:
                for at in range(at, len(self.lines)):
                    if self.lines[at] is None:
                        raise Silent(f"the machine ended before {pattern!r}:\n" + self.tail())
                    if re.search(pattern, self.lines[at]):
                        return at + 1
                at = len(self.lines)
                if not self.news.wait(max(0, deadline - time.monotonic())) and time.monotonic() >= deadline:
                    raise Silent(f"no {pattern!r} within {seconds:.0f} s:\n" + self.tail())

    def tail(self):
        return "\n".join(f"  {line}" for line in self.lines[-30:] if line is not None)

    def order(self, command, **arguments):
        """A command of QMP."""
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(str(self.control_path))
            stream = control.makefile("rw")
            stream.readline()
            for name, given in (("qmp_capabilities", {}), (command, arguments)):
                stream.write(json.dumps({"execute": name, "arguments": given}) + "\n")
                stream.flush()
                answer = json.loads(stream.readline())
                while "event" in answer:
                    answer = json.loads(stream.readline())
        return answer

    def cpu_seconds(self):
        """What the emulator has used of the host's processors."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def wait_for_end(self, seconds=PATIENCE_SECONDS):
        self.process.wait(seconds)

    def stop(self):
        """As a power cut."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join()
