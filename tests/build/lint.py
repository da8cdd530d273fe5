#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge the tree by the folder table of the Makefile: who includes whom, third-party headers at home, licence lines,
headers that compile alone, sizes. Prints one line a finding (file:line: rule: text); exits 1 if there is any.

usage: lint.py TABLE     TABLE: lines `folder path | folders it may use | header prefixes`, written by `make lint`
"""
import os
import re
import subprocess
import sys

LIBC_AND_KERNEL = re.compile(
    r"^(linux|asm|sys|net|netinet|arpa|bits)/|^(assert|ctype|dirent|endian|errno|fcntl|float|fnmatch|getopt|glob|grp|"
    r"ifaddrs|immintrin|inttypes|libgen|limits|locale|malloc|math|netdb|poll|pthread|pwd|resolv|sched|search|semaphore|setjmp|"
    r"signal|spawn|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|strings|syslog|"
    r"termios|time|unistd|wchar|x86intrin|cpuid|utime|execinfo|err|ucontext|uchar|mntent|sysexits|emmintrin)\.h$")
FILE_LINES_MAX = 1000
FUNCTION_LINES_MAX = 120
FIRST_LINE = {
    ".c": "/* SPDX-License-Identifier: GPL-3.0-or-later */",
    ".h": "/* SPDX-License-Identifier: GPL-3.0-or-later */",
    ".def": "/* SPDX-License-Identifier: GPL-3.0-or-later */",
    ".py": "# SPDX-License-Identifier: GPL-3.0-or-later",
    ".sh": "# SPDX-License-Identifier: GPL-3.0-or-later",
    ".mk": "# SPDX-License-Identifier: GPL-3.0-or-later",
}
# What runs inside or beside the kernel's own terms.
KERNEL_LICENCE = "/* SPDX-License-Identifier: GPL-2.0-or-later */"
KERNEL_FILES = ("ebpf/filter_contract.h", "ebpf/filter_packet.h", "ebpf/drop_reasons.def")

findings = []


def find(path, line, rule, text):
    findings.append(f"{path}:{line}: {rule}: {text}")


def read_table(path):
    folders = {}
    with open(path, encoding="utf-8") as table:
        for row in table:
            name_path, uses, headers = row.rstrip("\n").split("|")
            name, folder = name_path.split()
            folders[name] = {"path": folder, "uses": uses.split(), "headers": tuple(headers.split())}
    return folders


def tracked(*patterns):
    return subprocess.run(["git", "ls-files", "-co", "--exclude-standard", *patterns], check=True, capture_output=True,
                          text=True).stdout.split()


def owner_of(path, folders):
    matches = [name for name, f in folders.items() if path.startswith(f["path"] + "/")]
    return matches[0] if matches else None


def check_includes(path, lines, folders):
    owner = owner_of(path, folders)
    if owner is None:
        return
    allowed = {owner, *folders[owner]["uses"]}
    for number, line in enumerate(lines, 1):
        match = re.match(r'\s*#\s*include\s+([<"])([^>"]+)[>"]', line)
        if not match:
            continue
        quote, target = match.groups()
        other = owner_of(target, folders)
        if other is not None:
            if other not in allowed:
                find(path, number, "layer", f"{owner} may not include {other} ({target})")
        elif quote == '"' and not target.startswith(("ebpf/", "image/init/")):
            find(path, number, "include", f'"{target}" is not written from the top')
        elif quote == "<" and not LIBC_AND_KERNEL.match(target):
            if not any(target.startswith(prefix) for prefix in folders[owner]["headers"]):
                find(path, number, "third-party", f"<{target}> is not at home in {owner}")


def check_licence(path, lines):
    ending = os.path.splitext(path)[1]
    want = FIRST_LINE.get(ending)
    if want is None or not lines:
        return
    if path.endswith(".bpf.c") or path in KERNEL_FILES:
        want = KERNEL_LICENCE
    first = lines[1] if lines[0].startswith("#!") and len(lines) > 1 else lines[0]
    if first.strip() != want:
        find(path, 1, "licence", f"first line must be {want}")


def check_sizes(path, lines):
    if len(lines) > FILE_LINES_MAX:
        find(path, 1, "size", f"{len(lines)} lines, at most {FILE_LINES_MAX}")
    start = None
    for number, line in enumerate(lines, 1):
        if line.rstrip() == "{" and start is None:
            start = number
        elif line.startswith("}") and start is not None:
            if number - start > FUNCTION_LINES_MAX and not line.startswith("};"):
                find(path, start, "size", f"function of {number - start} lines, at most {FUNCTION_LINES_MAX}")
            start = None


def check_words(path, lines):
    words = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|" + "not yet " + "implemented", re.I)
    for number, line in enumerate(lines, 1):
        if words.search(line) and not path.endswith("lint.py"):
            find(path, number, "unfinished", line.strip()[:100])


def check_readme():
    """The life of a request in README.md is the table of phases, word for word."""
    with open("appliance/pipeline/phases.def", encoding="utf-8") as table:
        rows = re.findall(r'^PHASE\((\w+),\s*\d,\s*"([^"]+)"\)', table.read(), re.M)
    with open("README.md", encoding="utf-8") as file:
        readme = file.read()
    wanted = "\n".join(f"{number}. `{name}`: {text}" for number, (name, text) in enumerate(rows, 1))
    if readme.partition("<!-- phases -->\n")[2].partition("\n<!-- /phases -->")[0] != wanted:
        find("README.md", 1, "phases", f"the list between the phases marks must be:\n{wanted}")


def check_header_alone(headers, folders, flags):
    """Each header must compile as the only include of a file: one compiler run per folder, one file per header."""
    for path in headers:
        if owner_of(path, folders) is None:
            continue
        run = subprocess.run(["gcc", "-std=gnu11", "-fsyntax-only", "-Wall", "-Wextra", *flags, "-x", "c", "-"], input=f'#include "{path}"\n',
                             capture_output=True, text=True)
        if run.returncode != 0 or run.stderr:
            find(path, 1, "alone", "does not compile alone: " + (run.stderr.strip().splitlines() or ["?"])[0])


def main():
    folders = read_table(sys.argv[1])
    flags = sys.argv[2:]
    sources = tracked("*.c", "*.h", "*.def", "*.py", "*.sh", "*.mk", "Makefile")
    sources = [s for s in sources if os.path.exists(s)]
    for path in sources:
        with open(path, encoding="utf-8") as file:
            lines = file.read().split("\n")
        check_licence(path, lines)
        check_words(path, lines)
        if path.endswith((".c", ".h")):
            check_includes(path, lines, folders)
            check_sizes(path, lines)
    check_readme()
    check_header_alone([s for s in sources if s.endswith(".h")], folders, flags)
    for line in findings:
        print(line)
    print(f"lint: {len(sources)} files, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
