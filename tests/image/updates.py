# SPDX-License-Identifier: GPL-3.0-or-later
"""Updates of the image that was built: the same system under another version, whole or broken in one part, signed by the build's key."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

from machine import BUILD

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "image"))
import disk as layout
import update

OUT = BUILD / "image"
KEY = pathlib.Path(os.environ.get("UPDATE_KEY", OUT / "update.pem"))
SALT = "705074e5" * 8
# For a start of an update that has to fail: three of them are waited for. One that is to become good has as long as any.
TRIAL_SECONDS, GOOD_SECONDS = 10, 300


class Update:
    """`file` is what `postern system update` is given; made in `folder`."""

    def __init__(self, folder, version, change_root=None, change_boot=None, key=KEY, trial_seconds=TRIAL_SECONDS):
        self.version, self.file = version, folder / f"{version}.update"
        folder.mkdir(parents=True, exist_ok=True)
        root, self.image, boot = folder / "root", folder / "root.img", folder / "boot.fat"
        shutil.rmtree(root, ignore_errors=True)
        subprocess.run(["cp", "-a", OUT / "root", root], check=True)
        (root / "usr/share/postern/version").write_text(version + "\n")
        if change_root:
            change_root(root)
        files = self.boot_files(folder, self.make_root(folder, root), trial_seconds)
        if change_boot:
            change_boot(files)
        self.file.write_bytes(update.make(version, key, layout.fat(boot, "boot-a", files), self.image.read_bytes()))
        shutil.rmtree(root)

    def make_root(self, folder, root):
        """The root with its tree of hashes; the kernel's `verity=` word."""
        squashfs, tree = folder / "root.squashfs", folder / "root.hash"
        for path in (squashfs, tree):
            path.unlink(missing_ok=True)
        layout.run("mksquashfs", root, squashfs, "-comp", "zstd", "-Xcompression-level", 3, "-b", "128K", "-all-root", "-no-xattrs", "-processors", 2,
                   "-no-progress", "-quiet")
        text = layout.run("veritysetup", "format", squashfs, tree, "--no-superblock", f"--salt={SALT}", "--uuid=").decode()
        facts = dict(re.findall(r"^([\w ]+?):\s+(\S+)", text, re.M))
        self.image.write_bytes(squashfs.read_bytes() + tree.read_bytes())
        return f"{facts['Data blocks']}:{SALT}:{facts['Root hash']}"

    @staticmethod
    def boot_files(folder, verity, trial_seconds):
        files = {}
        for name in ("vmlinuz", "initrd", "slot.cfg"):
            subprocess.run(["mcopy", "-o", "-n", "-i", OUT / "boot.img", f"::/{name}", folder / name], check=True, env=layout.ENVIRONMENT)
            files[name] = (folder / name).read_bytes()
        text = re.sub(r"verity=\S+?(?=[ \"])", f"verity={verity}", files["slot.cfg"].decode())
        text = re.sub(r" trial=\d+", "", text)
        files["slot.cfg"] = text.rstrip("\n").removesuffix('"').encode() + f' trial={trial_seconds}"\n'.encode()
        return files


def postern(guest, *arguments, seconds=900):
    """`postern ARGUMENTS --json` from the operator's host, for as long as a machine takes that starts several times. The answer, also of a failure."""
    done = guest.run(guest.build / "postern", *arguments, "--ca", guest.ca, "--json", env={**guest.environment(), "POSTERN_ENDPOINT": guest.management},
                     check=False, timeout=seconds)
    return json.loads(done.stdout)


def broken_kernel(files):
    """It is no program any more."""
    files["vmlinuz"] = bytes(4096) + files["vmlinuz"][4096:]


def ends_at_once(program):
    """A change of the root: `program` ends as soon as it is started."""
    def change(root):
        shutil.copy(root / "usr/sbin/modprobe", root / "usr/lib/postern" / program)
    return change
