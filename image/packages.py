# SPDX-License-Identifier: GPL-3.0-or-later
"""Files out of Debian packages that are never installed: downloaded with apt-get, unpacked with dpkg -x, kept by version.

A second call with the same version needs no network; where apt knows no version (no package lists), the newest one that
is kept serves. Needs no root.
"""
import pathlib
import re
import shutil
import subprocess


class Unavailable(RuntimeError):
    """The package can't be had; the text says what to do."""


def show(package):
    """{field: value} of the version of `package` that apt would install, or None if apt does not know it."""
    done = subprocess.run(["apt-cache", "show", "--no-all-versions", package], capture_output=True, text=True)
    return dict(re.findall(r"^([\w-]+): (.*)$", done.stdout, re.M)) if done.returncode == 0 else None


def key(version):
    """Sorts "6.1.9" before "6.1.10": good enough to find the newest of what one machine has kept."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", version)]


def kept(cache, pattern):
    found = sorted((path for path in cache.glob(pattern) if not path.name.endswith(".part")), key=lambda path: key(path.name))
    return found[-1] if found else None


def unpack(cache, package):
    """The folder that holds the unpacked newest `package`."""
    cache = pathlib.Path(cache)
    cache.mkdir(parents=True, exist_ok=True)
    facts = show(package)
    if facts is None:
        folder = kept(cache, f"{package}_*")
        if folder is None:
            raise Unavailable(f"apt knows no package {package}: run `apt-get update`; it is in main of Debian 12 (bookworm)")
        return folder
    folder = cache / f"{package}_{facts['Version'].replace(':', '%3a')}"
    if folder.exists():
        return folder
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    done = subprocess.run(["apt-get", "download", "-q", f"{package}={facts['Version']}"], cwd=part, capture_output=True, text=True)
    archives = list(part.glob("*.deb"))
    if done.returncode != 0 or not archives:
        shutil.rmtree(part)
        older = kept(cache, f"{package}_*")
        if older is not None:
            return older
        raise Unavailable(f"{package} {facts['Version']} can't be downloaded: {done.stderr.strip()}\n"
                          "Is the mirror within reach? After a new release of the package, run `apt-get update`.")
    subprocess.run(["dpkg", "-x", archives[0], part], check=True)
    archives[0].unlink()
    part.rename(folder)
    return folder


class Kernel:
    """Debian's cloud kernel: `release`, `image` (a path) and its modules."""

    def __init__(self, cache):
        try:
            facts = show("linux-image-cloud-amd64")
            folder = unpack(cache, facts["Depends"].split()[0] if facts else "linux-image-cloud-amd64")
        except Unavailable:
            folder = kept(pathlib.Path(cache), "linux-image-*-cloud-amd64_*")
            if folder is None:
                raise
        self.image = next(folder.glob("boot/vmlinuz-*"))
        self.release = self.image.name.removeprefix("vmlinuz-")
        self.config = (folder / f"boot/config-{self.release}").read_text()
        self.files = {path.stem.replace("-", "_"): path for path in (folder / "lib/modules" / self.release).rglob("*.ko")}

    def modules(self, *names):
        """The files of these modules and of all that they need, in load order. A module that is built in has no file."""
        order = []

        def add(name):
            path = self.files.get(name.replace("-", "_"))
            if path is None or path in order:
                return
            for needed in re.findall(rb"\0depends=([^\0]*)\0", path.read_bytes())[0].decode().split(","):
                add(needed)
            order.append(path)

        for name in names:
            add(name)
        return order
