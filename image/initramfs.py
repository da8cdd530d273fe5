# SPDX-License-Identifier: GPL-3.0-or-later
"""An initramfs, written as a cpio archive (newc) without root: folders, files, links, and programs with their libraries.

The same content gives the same bytes: owners are root, times are 0, entries are in the order of their names.
"""
import gzip
import os
import pathlib
import re
import stat
import subprocess

# Where the loader finds libraries by itself.
SYSTEM = ("/lib", "/usr/lib")


class Initramfs:
    """Collects what is to be in the archive; write() makes it. `scratch` is a folder for stripped copies."""

    def __init__(self, scratch):
        self.entries = {}
        self.scratch = pathlib.Path(scratch)
        self.scratch.mkdir(parents=True, exist_ok=True)

    def put(self, path, mode, content=b""):
        path = path.strip("/")
        parent = os.path.dirname(path)
        if parent and parent not in self.entries:
            self.folder(parent)
        self.entries[path] = (mode, content)

    def folder(self, path, mode=0o755):
        self.put(path, stat.S_IFDIR | mode)

    def file(self, path, content, mode=0o644):
        self.put(path, stat.S_IFREG | mode, content.encode() if isinstance(content, str) else content)

    def link(self, path, target):
        self.put(path, stat.S_IFLNK | 0o777, target.encode())

    def program(self, path, source):
        """An ELF file without its debugging information, and every shared library that it names, where it looks for it: what is not the
        system's is looked for beside the program."""
        if not os.path.exists(source):
            raise FileNotFoundError(f"{source} is not there: build it first")
        self.file(path, self.stripped(source), 0o755)
        listed = subprocess.run(["ldd", str(source)], capture_output=True, text=True).stdout
        if "not found" in listed:
            raise RuntimeError(f"{source}: {listed}")
        for library in re.findall(r"(/\S+) \(0x", listed):
            kept = library if library.startswith(SYSTEM) else os.path.join(os.path.dirname(path), os.path.basename(library))
            if kept.strip("/") not in self.entries:
                self.file(kept, self.stripped(library), 0o755)

    def stripped(self, source):
        copy = self.scratch / "stripped"
        subprocess.run(["strip", "--strip-unneeded", "-o", copy, os.path.realpath(source)], check=True)
        return copy.read_bytes()

    def write(self, path):
        """Write the archive, compressed quickly; returns its size and the size of its content in bytes."""
        content_bytes = 0
        with open(path, "wb") as raw, gzip.GzipFile("", "wb", 1, raw, mtime=0) as out:
            for number, (name, (mode, content)) in enumerate([*sorted(self.entries.items()), ("TRAILER!!!", (0, b""))], 1):
                out.write(self.entry(number, name, mode, content))
                content_bytes += len(content)
        return os.path.getsize(path), content_bytes

    @staticmethod
    def entry(number, name, mode, content):
        fields = (number, mode, 0, 0, 2 if stat.S_ISDIR(mode) else 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
        return head + bytes(-len(head) % 4) + content + bytes(-len(content) % 4)
