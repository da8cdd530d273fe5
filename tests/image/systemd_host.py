# SPDX-License-Identifier: GPL-3.0-or-later
"""A Debian host with systemd as its init, without a virtual machine: this host's root under an overlay in memory, in mount,
process, network, host name, IPC and control group namespaces of its own. Whatever is installed or written there is gone with it."""
import os
import pathlib
import signal
import subprocess
import tempfile

from lab.network import run, wait_for

# Holds everything: folders of the overlay, the control group, and the init, which dies with it.
OUTER = r"""
set -eu
mount -t tmpfs -o mode=755 tmpfs "$1"
mkdir "$1/changes" "$1/work" "$1/root" "$1/groups"
mount -t cgroup2 cgroup2 "$1/groups"
group="$1/groups/postern-host-$$"
mkdir "$group"
trap 'find "$group" -depth -type d -exec rmdir {} \; 2> /dev/null' EXIT
sh -c 'echo $$ > "$2/cgroup.procs"; exec setpriv --pdeathsig KILL unshare --mount --pid --net --uts --ipc --cgroup --fork --kill-child --propagation private \
	sh -c "$3" sh "$1"' sh "$1" "$group" "$2" || true
"""
# The first process of the namespaces: makes the root, moves into it, becomes systemd.
INNER = r"""
set -eu
cd "$1"
mount -t overlay -o lowerdir=/,upperdir=changes,workdir=work overlay root
cd root
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
mkdir dev/shm dev/pts run/old
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
ln -s pts/ptmx dev/ptmx
for name in null zero full random urandom tty; do
	touch dev/$name
	mount --bind /dev/$name dev/$name
done
ip link set lo up
hostname postern-host
# What would reach past the namespaces: kernel settings, modules, devices, clock, this host's file systems and timers.
: > etc/fstab
# What containers' images do to packages: services are not started, manual pages are left out.
rm -f usr/sbin/policy-rc.d etc/dpkg/dpkg.cfg.d/*
for unit in systemd-sysctl.service systemd-modules-load.service systemd-binfmt.service systemd-udevd.service systemd-random-seed.service \
	systemd-udev-trigger.service systemd-remount-fs.service systemd-timesyncd.service sys-kernel-debug.mount sys-kernel-tracing.mount \
	dev-hugepages.mount sys-fs-fuse-connections.mount timers.target; do
	ln -sf /dev/null etc/systemd/system/$unit
done
cat /proc/sys/kernel/random/uuid | tr -d - > etc/machine-id
pivot_root . run/old
umount --lazy /run/old
mount --make-rshared /
exec env -i container=postern-host PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 /lib/systemd/systemd --unit=basic.target
"""


def children(pid):
    try:
        return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


class SystemdHost:
    """`run(…)` runs a command there; `root` is its root as a path of this host."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="postern-host-")
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--propagation", "private",
                                         "sh", "-c", OUTER, "sh", self.folder.name, INNER],
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self.pid = wait_for(self._init, "the init of the host", 20)
        self.root = pathlib.Path(f"/proc/{self.pid}/root")
        wait_for(lambda: self.systemctl("is-active", "basic.target", check=False).stdout.strip() == "active", "basic.target", 60)

    def _init(self):
        """The pid of the process that is the first one over there, once systemd runs in it."""
        if self.process.poll() is not None:
            self.log.seek(0)
            raise RuntimeError(f"the host did not start: {self.log.read().decode(errors='replace')}")
        pids = [self.process.pid]
        for pid in pids:
            pids += children(pid)
            try:
                if pathlib.Path(f"/proc/{pid}/comm").read_text() == "systemd\n":
                    return pid
            except OSError:
                continue
        return None

    def command(self, *command):
        return ["nsenter", f"--target={self.pid}", "--mount", "--pid", "--net", "--uts", "--ipc", "--root",
                "env", "-i", "--chdir=/", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive",
                *map(str, command)]

    def run(self, *command, **options):
        return run(*self.command(*command), **options)

    def systemctl(self, *command, **options):
        return self.run("systemctl", *command, **options)

    def property(self, unit, name):
        return self.systemctl("show", "--value", f"--property={name}", unit).stdout.strip()

    def journal(self, unit):
        return self.run("journalctl", "--no-pager", "--output=cat", f"--unit={unit}").stdout

    def path(self, path):
        """A path of the host, as this one sees it; links in it are not for following."""
        return self.root / path.lstrip("/")

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        self.process.wait(20)
        self.folder.cleanup()
        self.log.close()
