# SPDX-License-Identifier: GPL-3.0-or-later
"""The image holds what its bill of materials says and nothing that could be a way in."""
import hashlib
import json
import os
import re

from conftest import OUT

# Every program of the image. A new one has to be asked for here.
PROGRAMS = {"usr/sbin/init", "usr/sbin/modprobe", "usr/sbin/chronyd", "usr/lib/postern/posternd", "usr/lib/postern/postern-gateway",
            "usr/lib/postern/postern-control", "usr/lib/postern/postern-settings"}
OPTIONAL = {f"usr/lib/postern/{name}" for name in ("configure", "syslog", "rotate", "system")} | {"usr/sbin/dhcpcd"}


def files(root):
    return {str(path.relative_to(root)): path for path in root.rglob("*") if path.is_file() and not path.is_symlink()}


def test_only_programs_that_are_held_here(root):
    programs = {name for name, path in files(root).items() if os.access(path, os.X_OK) and not re.search(r"\.so(\.\d+)*$", name)}
    assert PROGRAMS <= programs <= PROGRAMS | OPTIONAL


def test_no_shell_no_privilege_by_file(root):
    for name, path in files(root).items():
        assert path.name not in ("sh", "bash", "dash", "busybox", "apt", "dpkg", "sshd", "gcc", "python3", "perl"), name
        assert not path.read_bytes().startswith(b"#!"), name
        assert path.stat().st_mode & 0o7022 == 0, name


def test_the_bill_names_every_file_with_its_hash(root):
    bill = json.loads((OUT / "postern.cdx.json").read_text())
    assert (root / "usr/share/postern/postern.cdx.json").read_text() == (OUT / "postern.cdx.json").read_text()
    said = {part["name"]: part["hashes"][0]["content"] for part in bill["components"] if part["type"] == "file"}
    held = {"/" + name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files(root).items()}
    del held["/usr/share/postern/postern.cdx.json"]
    assert said == held
    libraries = {part["name"]: part for part in bill["components"] if part["type"] == "library"}
    assert {"libc6", "chrony", "wolfssl", "libsqlite3-0"} <= set(libraries)
    assert all(part["version"] for part in libraries.values())
    assert libraries["libsqlite3-0"]["licenses"]


def test_packages_are_listed_with_versions(root):
    rows = (root / "usr/share/postern/packages").read_text().splitlines()
    assert all(re.fullmatch(r"[a-z0-9.+-]+ \S+", row) for row in rows)
    assert any(row.startswith("linux-image-6.1") for row in rows)


def test_size():
    assert (OUT / "postern.qcow2").stat().st_size <= 60_000_000
