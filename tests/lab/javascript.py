# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs for Node, and the packages of tests/javascript for them."""
import json
import os
import pathlib

from .network import run


def packages(build):
    """The folder whose node_modules hold what tests/javascript/package-lock.json says; `make scenarios` has filled it."""
    return pathlib.Path(build).resolve() / "javascript"


def version():
    """Node's, as (major, minor)."""
    major, minor, *_ = run("node", "--version").stdout.strip().lstrip("v").split(".")
    return int(major), int(minor)


def node(program, *, host=None, folder=None, ca=None, name_server=None, environment=None, timeout=60):
    """What `program`, the body of an async function, prints as JSON: run by Node in the namespace of `host`, with `folder` as its
    working folder, `ca` trusted and names resolved by `name_server`."""
    text = f"(async () => {{\n{program}\n}})().catch((error) => {{ console.error(error); process.exit(1); }});\n"
    command = ["node", "-e", text]
    if name_server:
        # A mount namespace of its own, with a resolv.conf that knows one server.
        command = ["unshare", "--mount", "sh", "-c", 'set -e; at=$(mktemp); echo "nameserver $0" > $at; '
                   'mount --bind $at "$(readlink -f /etc/resolv.conf)"; rm $at; exec "$@"', name_server, *command]
    variables = {**os.environ, **(environment or {}), **({"NODE_EXTRA_CA_CERTS": str(ca)} if ca else {})}
    runner = host.run if host else run
    return json.loads(runner(*command, cwd=folder, env=variables, timeout=timeout).stdout)
