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


def mac_of(number):
    """The MAC address of NIC `number` where nothing else is asked for."""
    return f"52:54:00:50:53:{number + 1:02x}"


class Machine:
    """Runs from construction until stop(); a context manager. It lives in the network namespace of the thread that makes it.

    disk       the image's file; written to, unless `snapshot` or `read_only`
    drive      virtio or nvme: how the disk is attached
    nics       taps, or pairs of a tap and a MAC address
    words      {name: file} that the firmware hands over (fw_cfg), below opt/org.postern/
    media      files that are attached as further disks, as CD-ROMs where they end in .iso
    clock      of the machine's battery, at the start: 1970-01-01T00:00:00; None is the right time
    kernel     (kernel, initramfs, command line) that QEMU loads by itself, past firmware and boot loader
    """

    def __init__(self, folder, disk, firmware="bios", memory_mb=128, nics=(), snapshot=False, cache="writeback", extra=(), *, drive="virtio",
                 read_only=False, words=None, media=(), clock=None, kernel=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.lines, self.arrived, self.news = [], [], threading.Condition()
        self.control_path = self.folder / "qmp.sock"
        self.control_path.unlink(missing_ok=True)
        form = pathlib.Path(disk).suffix.lstrip(".")
        command = ["qemu-system-x86_64", "-machine", "q35", "-accel", ACCEL, "-cpu", "qemu64,+rdrand", "-smp", "2", "-m", str(memory_mb),
                   "-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio",
                   "-qmp", f"unix:{self.control_path},server=on,wait=off",
                   "-drive", f"file={disk},format={form},if=none,id=disk,cache={cache},snapshot={'on' if snapshot else 'off'},"
                   f"readonly={'on' if read_only else 'off'}",
                   "-device", {"virtio": "virtio-blk-pci,drive=disk,bootindex=1", "nvme": "nvme,drive=disk,serial=postern,bootindex=1"}[drive]]
        for number, nic in enumerate(nics):
            tap, mac = (nic, mac_of(number)) if isinstance(nic, str) else nic
            command += ["-netdev", f"tap,id=n{number},ifname={tap},script=no,downscript=no",
                        "-device", f"virtio-net-pci,netdev=n{number},mac={mac},romfile="]
        for name, file in (words or {}).items():
            command += ["-fw_cfg", f"name=opt/org.postern/{name},file={file}"]
        for number, file in enumerate(media):
            kind = "scsi-cd" if pathlib.Path(file).suffix == ".iso" else "scsi-hd"
            command += [*(["-device", "virtio-scsi-pci"] if number == 0 else []),
                        "-drive", f"file={file},format=raw,if=none,id=m{number},readonly=on", "-device", f"{kind},drive=m{number}"]
        if clock:
            command += ["-rtc", f"base={clock}"]
        if kernel:
            command += ["-kernel", str(kernel[0]), "-initrd", str(kernel[1]), "-append", kernel[2]]
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

    def said(self, pattern):
        """The lines so far in which `pattern` is found."""
        return [line for line in self.lines if line is not None and re.search(pattern, line)]

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
