# SPDX-License-Identifier: GPL-3.0-or-later
"""Services of AWS on this machine: real stand-ins from npm, and a recording server that checks every signature with botocore's
signer, gives answers that were prepared, and plays STS and the instance metadata service."""
import datetime
import hashlib
import http.server
import json
import re
import socket
import ssl
import subprocess
import threading
import urllib.parse

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from .javascript import packages
from .network import wait_for

AUTHORIZATION = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, "
                           r"SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


class StandIn:
    """A server of an npm package, run by Node."""

    def __init__(self, build, script, *options, port=None):
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            ["node", str(packages(build) / "node_modules" / script), *[str(o).format(port=self.port) for o in options]],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        wait_for(self.listens, f"{script} to listen", 30)

    def listens(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"it ended with {self.process.returncode}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def close(self):
        self.process.terminate()
        self.process.wait(10)


def kinesis(build):
    return StandIn(build, "kinesalite/cli.js", "--port", "{port}", "--createStreamMs", "5", "--deleteStreamMs", "5")


def dynamodb(build):
    return StandIn(build, "dynalite/cli.js", "--port", "{port}", "--createTableMs", "5", "--deleteTableMs", "5")


def s3(build, folder):
    return StandIn(build, "s3rver/bin/s3rver.js", "--directory", folder, "--port", "{port}", "--address", "127.0.0.1", "--silent",
                    "--configure-bucket", "files")


class Request:
    """One that came: method, target, fields as they came, body; and of its signature, which was checked, access_key, region,
    service, signed. `wrong` says what was wrong with it."""

    def __init__(self, method, target, fields, body, keys):
        self.method, self.target, self.fields, self.body = method, target, fields, body
        self.path, _, self.query = target.partition("?")
        self.parameters = urllib.parse.parse_qsl(self.query, keep_blank_values=True)
        self.access_key = self.region = self.service = None
        self.signed = []
        self.wrong = self.check(keys)

    def field(self, name):
        values = [v for k, v in self.fields if k.lower() == name.lower()]
        assert len(values) < 2, (name, values)
        return values[0] if values else None

    def check(self, keys):
        found = AUTHORIZATION.fullmatch(self.field("Authorization") or "")
        if not found:
            return "there is no signature"
        self.access_key, date, self.region, self.service, signed, signature = found.groups()
        self.signed, time = signed.split(";"), self.field("X-Amz-Date") or ""
        if self.access_key not in keys:
            return f"unknown key {self.access_key}"
        secret, token = keys[self.access_key]
        if not time.startswith(date) or abs((datetime.datetime.strptime(time, "%Y%m%dT%H%M%SZ") - datetime.datetime.utcnow())
                                            .total_seconds()) > 300:
            return f"its time is {time}"
        if self.field("X-Amz-Security-Token") != token:
            return "its session token is another"
        for name in ("host", *(k.lower() for k, _ in self.fields if k.lower().startswith("x-amz-"))):
            if name not in self.signed:
                return f"{name} is not signed"
        if self.service == "s3" and self.field("X-Amz-Content-Sha256") != hashlib.sha256(self.body).hexdigest():
            return "X-Amz-Content-Sha256 is not the body's"
        request = AWSRequest(method=self.method, url=f"http://{self.field('Host')}{self.target}", data=self.body,
                             headers={k: v for k, v in self.fields if k.lower() in self.signed})
        request.context["timestamp"] = time
        signer = (S3SigV4Auth if self.service == "s3" else SigV4Auth)(Credentials(self.access_key, secret), self.service, self.region)
        text = signer.string_to_sign(request, signer.canonical_request(request))
        return None if signer.signature(text, request) == signature else "the signature does not match"

    def __repr__(self):
        return f"{self.method} {self.target} {self.fields} {self.body!r} wrong={self.wrong}"


class Recorder(http.server.ThreadingHTTPServer):
    """Keeps what comes in `requests`. `keys` are {access key: (secret, session token or None)}; `answer(request)` gives (status,
    fields, body); one whose signature is wrong gets 403. `tls` is (certificate file, key file)."""
    daemon_threads = True

    def __init__(self, keys, answer=lambda request: (200, {"Content-Type": "application/json"}, b"{}"), address="127.0.0.1", port=0,
                 tls=None):
        super().__init__((address, port), Handler)
        self.keys, self.answer, self.requests, self.lock = dict(keys), answer, [], threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            # The handshake is the thread's of the connection.
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_one(self, request):
        with self.lock:
            self.requests.append(request)
        if request.wrong:
            return 403, {}, json.dumps({"message": request.wrong}).encode()
        return self.answer(request)

    def last(self):
        """The newest one, which must be signed well."""
        assert self.requests and not self.requests[-1].wrong, self.requests[-1:]
        return self.requests[-1]

    def close(self):
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(self.command, self.path, list(self.headers.items()), body, self.server.keys)
        status, fields, answer = self.server.handle_one(request)
        self.send_response_only(status)
        for name, value in {**fields, "Content-Length": len(answer)}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = handle_any

    def handle(self):
        try:
            super().handle()
        except OSError:  # a handshake that failed, a client that has gone
            self.close_connection = True

    def log_message(self, *_):
        pass


def iso(seconds):
    """That many seconds from now."""
    return (datetime.datetime.utcnow() + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Sts(Recorder):
    """AssumeRole: each call gives a key that `known` (recorders) know from then on. `life_s` is how long it lasts; with `refuses` it
    answers AccessDenied; with `gate` it waits for that event."""

    def __init__(self, keys, *known, **where):
        self.known, self.life_s, self.refuses, self.gate = known, 3600, False, None
        super().__init__(keys, self.assume, **where)

    def assume(self, request):
        form = dict(urllib.parse.parse_qsl(request.body.decode()))
        if self.gate:
            self.gate.wait(20)
        assert form["Action"] == "AssumeRole" and form["Version"] == "2011-06-15" and form["RoleSessionName"]
        if self.refuses:
            return 403, {"Content-Type": "text/xml"}, (
                b'<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code>'
                b'<Message>not authorized to perform: sts:AssumeRole</Message></Error></ErrorResponse>')
        with self.lock:
            number = len(self.requests)
        key, secret, token = f"ASIA{number:016d}", f"secret/{number}+", f"token/{number}=="
        for recorder in self.known:
            recorder.keys[key] = (secret, token)
        return 200, {"Content-Type": "text/xml"}, f"""<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult><AssumedRoleUser><Arn>{form['RoleArn']}</Arn></AssumedRoleUser><Credentials>
    <AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey><SessionToken>{token}</SessionToken>
    <Expiration>{iso(self.life_s)}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>""".encode()

    def roles(self):
        return [dict(urllib.parse.parse_qsl(r.body.decode()))["RoleArn"] for r in self.requests]


class Metadata(Recorder):
    """IMDSv2 of a machine with role `machine`; the key is one that `known` know."""
    KEY, SECRET, TOKEN = "ASIAMACHINE0000000", "machine/secret", "machine-token=="

    def __init__(self, *known):
        super().__init__({})
        for recorder in known:
            recorder.keys[self.KEY] = (self.SECRET, self.TOKEN)

    def handle_one(self, request):
        with self.lock:
            self.requests.append(request)
        if (request.method, request.path) == ("PUT", "/latest/api/token"):
            seconds = int(request.field("X-aws-ec2-metadata-token-ttl-seconds") or 0)
            return (200, {}, b"metadata-token") if 1 <= seconds <= 21600 else (400, {}, b"")
        if request.method != "GET" or request.field("X-aws-ec2-metadata-token") != "metadata-token":
            return 401, {}, b""
        path = "/latest/meta-data/iam/security-credentials/"
        if request.path == path:
            return 200, {"Content-Type": "text/plain"}, b"machine\n"
        if request.path != path + "machine":
            return 404, {}, b""
        return 200, {"Content-Type": "application/json"}, json.dumps({
            "Code": "Success", "LastUpdated": iso(0), "Type": "AWS-HMAC", "AccessKeyId": self.KEY, "SecretAccessKey": self.SECRET,
            "Token": self.TOKEN, "Expiration": iso(3600)}).encode()
