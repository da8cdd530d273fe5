# SPDX-License-Identifier: GPL-3.0-or-later
"""System calls of a running program that fail, or end it, at a chosen one: what a full map or a lack of memory looks like from within."""
import pathlib
import signal
import subprocess

from .network import wait_for


class Tampered:
    """While the block lasts, `calls` of process `pid` are treated as `inject` says (strace's terms: error=ENOSPC:when=2+). `threads`: those of
    its other threads too, each of which strace counts by itself; `path`: only calls on that file."""

    def __init__(self, pid, calls, inject, threads=True, path=None, log="/dev/null"):
        self.pid, self.log, self.threads = pid, pathlib.Path(log), threads
        self.command = ["strace", "-qq", "-e", f"trace={calls}", "-e", f"inject={calls}:{inject}", "-o", str(log), "-p", str(pid),
                        *(["-f"] if threads else []), *(["-P", path] if path else [])]

    def is_attached(self):
        tasks = pathlib.Path(f"/proc/{self.pid}/task")
        chosen = tasks.iterdir() if self.threads else [tasks / str(self.pid)]
        return all("TracerPid:\t0\n" not in (task / "status").read_text() for task in chosen)

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stderr=subprocess.PIPE, text=True)
        try:
            wait_for(lambda: self.process.poll() is not None or self.is_attached(), "strace to attach", 10)
            if self.process.poll() is not None:
                raise RuntimeError(f"strace: {self.process.stderr.read()}")
        except BaseException:
            self.__exit__()
            raise
        return self

    def seen(self):
        """What it has written so far."""
        return self.log.read_text() if self.log.is_file() else ""

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            # It waits for a thread of a process that was killed meanwhile; without it the kernel lets go of all.
            self.process.kill()
            self.process.communicate(timeout=10)
