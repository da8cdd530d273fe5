#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Debian package, out of the programs of a build folder: without root, and the same bytes from the same programs.

A staged tree and dpkg-deb: four programs, a unit and a few files need no debhelper. The time in the package is
SOURCE_DATE_EPOCH, by default that of the changelog's newest entry; modes, order and compression are said here and not
inherited. Man pages and the default settings are what the programs print.
"""
import argparse
import email.utils
import gzip
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import manual

HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = ("posternd", "postern-gateway", "postern-control", "postern-settings", "postern")
LIBRARY = "libpostern-wolfssl.so"
SETTINGS_HEAD = """\
# The settings of this host: postern.yaml(5). Every setting is shown with its default, commented out.
# `postern settings --check /etc/postern/postern.yaml` judges this file, `systemctl reload posternd` has it read again, and
# `systemctl restart posternd` is needed for what SIGHUP does not change.
"""


def epoch_of_changelog():
    newest = re.search(r"^ -- .+?>  (.+)$", (HERE / "changelog").read_text(), re.M)[1]
    return int(email.utils.parsedate_to_datetime(newest).timestamp())


class Tree:
    """What the package installs, in a folder. Every file and folder gets its mode and the package's time."""

    def __init__(self, root, epoch):
        self.root, self.epoch = root, epoch
        shutil.rmtree(root, ignore_errors=True)
        self.folder("")

    def folder(self, path):
        made = self.root / path
        if not made.exists():
            if path:
                self.folder(os.path.dirname(path))
            made.mkdir()
            made.chmod(0o755)
        return made

    def file(self, path, content, mode=0o644):
        self.folder(os.path.dirname(path))
        made = self.root / path
        made.write_bytes(content if isinstance(content, bytes) else content.encode())
        made.chmod(mode)
        return made

    def packed(self, path, content):
        self.file(path + ".gz", gzip.compress(content if isinstance(content, bytes) else content.encode(), 9, mtime=0))

    def link(self, path, target):
        self.folder(os.path.dirname(path))
        (self.root / path).symlink_to(target)

    def seal(self):
        for path in sorted(self.root.rglob("*"), reverse=True):
            os.utime(path, (self.epoch, self.epoch), follow_symlinks=False)
        os.utime(self.root, (self.epoch, self.epoch))

    def files(self):
        return sorted(path for path in self.root.rglob("*") if path.is_file() and not path.is_symlink()
                      and "DEBIAN" not in path.relative_to(self.root).parts)


def default_settings(documentation):
    """What `postern settings` prints, with every setting commented out: the file then never pins a default."""
    body = documentation.split("\n", 1)[1]
    return SETTINGS_HEAD + re.sub(r"^([a-z0-9_]+:)", r"#\1", body, flags=re.M)


def program(source, target, strip="--strip-all"):
    """`source` without debug information. Its build id was made of that too, which names the folders of the build: it gets one
    made of what is left. (Removing the section instead makes strip lose the header that has the loader seal the GOT.)"""
    note_file = target.with_suffix(".note")
    subprocess.run(["strip", strip, "--remove-section=.comment", "-o", target, source], check=True)
    subprocess.run(["objcopy", f"--dump-section=.note.gnu.build-id={note_file}", target, os.devnull], check=True)
    note = note_file.read_bytes()
    note_file.unlink()
    whole = target.read_bytes()
    if whole.count(note) != 1:
        sys.exit(f"{source}: its build id can't be found")
    blank = note[:-20] + bytes(20)
    identity = hashlib.sha1(whole.replace(note, blank), usedforsecurity=False).digest()
    target.write_bytes(whole.replace(note, note[:-20] + identity))
    target.chmod(0o755)


def stage(tree, build, version, date):
    for name in PROGRAMS:
        program(build / name, tree.folder("usr/lib/postern") / name)
    library = tree.folder("usr/lib/postern") / LIBRARY
    program(build / LIBRARY, library, "--strip-unneeded")
    library.chmod(0o644)
    # posternd and postern find one another by the folder that they really are in.
    tree.link("usr/bin/postern", "../lib/postern/postern")
    tree.link("usr/sbin/posternd", "../lib/postern/posternd")
    documentation = manual.said_by(build / "postern", "settings")
    # A secret access key may be written into it.
    tree.file("etc/postern/postern.yaml", default_settings(documentation), 0o640)
    tree.file("etc/logrotate.d/postern", (HERE / "postern.logrotate").read_bytes())
    tree.file("lib/systemd/system/posternd.service", (HERE / "posternd.service").read_bytes())
    tree.file("usr/lib/sysusers.d/postern.conf", (HERE / "postern.sysusers").read_bytes())
    tree.file("usr/share/doc/postern/copyright", (HERE / "copyright").read_bytes())
    tree.packed("usr/share/doc/postern/changelog", (HERE / "changelog").read_bytes())
    tree.file("usr/share/lintian/overrides/postern", (HERE / "lintian-overrides").read_bytes())
    for name, text in sorted(manual.pages(build, date, version).items()):
        tree.packed(f"usr/share/man/man{name[-1]}/{name}", text)


def dependencies(tree, work):
    """What dpkg-shlibdeps makes of the libraries that the programs load; it wants a source package's debian/control."""
    debian = work / "debian"
    debian.mkdir(parents=True, exist_ok=True)
    (debian / "control").write_text("Source: postern\n\nPackage: postern\nArchitecture: any\nDepends: ${shlibs:Depends}\n")
    arguments = [f"-l{tree.root / 'usr/lib/postern'}", *(f"-e{tree.root / 'usr/lib/postern' / name}" for name in (*PROGRAMS, LIBRARY))]
    said = subprocess.run(["dpkg-shlibdeps", "-O", *arguments], cwd=work, check=True, capture_output=True, text=True,
                          env={**os.environ, "LC_ALL": "C"}).stdout
    return re.fullmatch(r"shlibs:Depends=(.+)\n", said)[1]


def describe(tree, version, architecture, depends):
    """The control files: fields, scripts, configuration files, checksums."""
    installed_kb = sum(path.stat().st_size + 1023 >> 10 for path in tree.files())
    fields = (HERE / "control.in").read_text()
    for name, value in {"VERSION": version, "ARCHITECTURE": architecture, "INSTALLED_SIZE": str(installed_kb), "DEPENDS": depends}.items():
        fields = fields.replace(f"@{name}@", value)
    sums = "".join(f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(tree.root)}\n" for path in tree.files())
    tree.file("DEBIAN/control", fields)
    tree.file("DEBIAN/md5sums", sums)
    tree.file("DEBIAN/conffiles", "".join(f"/{path.relative_to(tree.root)}\n" for path in tree.files()
                                          if path.relative_to(tree.root).parts[0] == "etc"))
    for script in ("postinst", "prerm", "postrm"):
        tree.file(f"DEBIAN/{script}", (HERE / script).read_bytes(), 0o755)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--version", required=True)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="folder of the programs")
    parser.add_argument("--output", type=pathlib.Path, required=True, help="folder of the package")
    options = parser.parse_args()
    newest = re.match(r"postern \((\S+)\)", (HERE / "changelog").read_text())[1]
    if newest != options.version:
        sys.exit(f"image/debian/changelog is of version {newest}, the programs are of {options.version}: add an entry")
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or epoch_of_changelog())
    date = time.strftime("%Y-%m-%d", time.gmtime(epoch))
    build, output = options.build.resolve(), options.output.resolve()
    work = output / "deb"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    architecture = subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True, text=True).stdout.strip()
    tree = Tree(work / "tree", epoch)
    stage(tree, build, options.version, date)
    describe(tree, options.version, architecture, dependencies(tree, work))
    tree.seal()
    package = output / f"postern_{options.version}_{architecture}.deb"
    # One thread: how xz cuts its blocks must not depend on the processors of this machine.
    subprocess.run(["dpkg-deb", "--root-owner-group", "--threads-max=1", "-Zxz", "--build", tree.root, package], check=True,
                   stdout=subprocess.DEVNULL, env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch)})
    print(package)


if __name__ == "__main__":
    main()
