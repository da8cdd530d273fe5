# SPDX-License-Identifier: GPL-3.0-or-later
"""The appliance under test, started as an operator starts it, and the clients that an operator has."""
import configparser
import json
import os
import pathlib
import signal
import subprocess
import time

import yaml

from .network import run, wait_for

AWS, PYTHON = "/usr/bin/aws", "/usr/bin/python3"
ACCOUNT, REGION = "123456789012", "us-east-1"
VPC, SUBNET, ZONE = "vpc-0b1c2d3e4f5061728", "subnet-0a1b2c3d4e5f60718", "us-east-1a"


def build_folder():
    return pathlib.Path(os.environ.get("POSTERN_BUILD", "build")).resolve()


class CallFailed(RuntimeError):
    """An aws call that ended with an error; `code` is AWS's."""

    def __init__(self, text):
        super().__init__(text)
        self.code = text.partition("(")[2].partition(")")[0]


class Appliance:
    """One running Postern: settings, posternd's process, management calls. `settings` is what postern.yaml holds."""

    # Where the clients run.
    run = staticmethod(run)

    def __init__(self, folder, settings, command=None, management="127.0.0.1:4566"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.build = build_folder()
        self.management = f"http://{management}"
        self.settings_file = self.folder / "postern.yaml"
        self.settings = settings
        if settings is not None:
            self.settings_file.write_text(yaml.safe_dump(settings, sort_keys=False))
        self.command = command or [self.build / "postern", "run", "--settings", self.settings_file]
        self.log = self.folder / "postern.log"
        self.process = None
        self.ready_line = ""
        self.clients = {}

    # -- life ---------------------------------------------------------------------------------------------------------
    def start(self, seconds=30):
        self.output = self.folder / "ready"
        with open(self.log, "ab") as log, open(self.output, "wb") as output:
            self.process = subprocess.Popen([str(c) for c in self.command], stdout=output, stderr=log, stdin=subprocess.DEVNULL)

        def ready():
            if self.process.poll() is not None:
                raise RuntimeError(f"postern ended with {self.process.returncode}: {self.tail()}")
            return next((line for line in self.output.read_text().splitlines() if line.startswith("ready")), None)

        try:
            self.ready_line = wait_for(ready, "the line `ready`", seconds)
        except TimeoutError as error:
            raise RuntimeError(f"{error}: {self.tail()}") from error
        return self

    def tail(self, lines=15):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def stop(self, seconds=30):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(seconds)
        return self.process.returncode if self.process else None

    def children(self, name):
        """The pids of the program `name` that runs for this appliance: all paths that it is given lie below its folder."""
        wanted, found = str((self.build / name).resolve()), []
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    if os.readlink(entry / "exe") == wanted and f"{self.folder}/" in (entry / "cmdline").read_text():
                        found.append(int(entry.name))
                except OSError:
                    pass
        return found

    def kill(self, name):
        """kill -9 of the one process of that program; its pid."""
        pids = self.children(name)
        if len(pids) != 1:
            raise RuntimeError(f"{len(pids)} processes of {name}")
        os.kill(pids[0], signal.SIGKILL)
        return pids[0]

    # -- state --------------------------------------------------------------------------------------------------------
    @property
    def state(self):
        return pathlib.Path(self.settings["state_dir"])

    @property
    def ca(self):
        return self.state / "ca.pem"

    def credentials(self):
        parser = configparser.ConfigParser()
        parser.read(self.state / "credentials")
        section = parser["default"]
        return section["aws_access_key_id"], section["aws_secret_access_key"]

    def environment(self):
        key, secret = self.credentials()
        kept = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        return {**kept, "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_DEFAULT_REGION": REGION,
                "AWS_PAGER": "", "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/nonexistent",
                "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent", "HOME": str(self.folder)}

    # -- clients ------------------------------------------------------------------------------------------------------
    def aws(self, *arguments, check=True):
        """`aws ARGUMENTS`; the answer as an object (None if empty)."""
        done = self.run(AWS, "--endpoint-url", self.management, "--output", "json", *arguments, env=self.environment(), check=False)
        if done.returncode != 0 and check:
            raise CallFailed(done.stderr.strip())
        return json.loads(done.stdout) if done.stdout.strip() else None

    def aws_error(self, *arguments):
        """The error that a call must end with: (code, text)."""
        try:
            self.aws(*arguments)
        except CallFailed as error:
            return error.code, str(error)
        raise AssertionError(f"aws {' '.join(map(str, arguments))} succeeded")

    def boto3(self, service):
        """The client of that service; one for each access key that the appliance has had."""
        import boto3
        from botocore.config import Config
        key, secret = self.credentials()
        if (service, key) not in self.clients:
            self.clients[service, key] = boto3.client(
                service, endpoint_url=self.management, region_name=REGION, aws_access_key_id=key, aws_secret_access_key=secret,
                verify=str(self.ca) if self.management.startswith("https:") else None,
                config=Config(retries={"max_attempts": 0}, connect_timeout=30, read_timeout=30))
        return self.clients[service, key]

    def postern(self, *arguments, check=True):
        """`postern ARGUMENTS --json`; the answer as an object."""
        environment = {**self.environment(), "POSTERN_ENDPOINT": self.management}
        done = self.run(self.build / "postern", *arguments, "--json", env=environment, check=False)
        if done.returncode != 0 and check:
            raise CallFailed(f"postern {' '.join(map(str, arguments))}: {done.stderr.strip() or done.stdout.strip()}")
        return json.loads(done.stdout) if done.stdout.strip() else None

    # -- what tests ask often -----------------------------------------------------------------------------------------
    def metrics(self):
        """`/metrics` as {name{labels}: value}."""
        text = self.run("curl", "-sSf", f"{self.management}/metrics").stdout
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in text.splitlines() if line and line[0] != "#"}

    def import_api(self, document, **parameters):
        file = self.folder / f"openapi-{time.monotonic_ns()}.yaml"
        file.write_text(document)
        pairs = ",".join(f"{k}={v}" for k, v in {"endpointConfigurationTypes": "PRIVATE", **parameters}.items())
        return self.aws("apigateway", "import-rest-api", "--body", f"fileb://{file}", "--parameters", pairs)["id"]

    def put_policy(self, api, policy):
        text = policy if isinstance(policy, str) else json.dumps(policy)
        operation = json.dumps([{"op": "replace", "path": "/policy", "value": text}])
        return self.aws("apigateway", "update-rest-api", "--rest-api-id", api, "--patch-operations", operation)

    def deploy(self, api, stage="prod"):
        return self.aws("apigateway", "create-deployment", "--rest-api-id", api, "--stage-name", stage)["id"]


def allow(**members):
    return {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*", **members}


def deny(sid, operator, key, *values):
    return {"Sid": sid, "Effect": "Deny", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*",
            "Condition": {operator: {key: list(values)}}}


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}
