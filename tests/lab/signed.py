# SPDX-License-Identifier: GPL-3.0-or-later
"""Signed calls of the management address, for what Debian's clients do not know or would not send."""
import collections
import json
import urllib.error
import urllib.request

Answer = collections.namedtuple("Answer", "status code message body headers")


def signed(appliance, method, path, body=b"", service="apigateway", headers=(), region="us-east-1", key=None, sign=True, tamper=None):
    """Make one call. `key` is (id, secret) in place of the appliance's; `tamper(headers)` changes what was signed."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    content = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    fields = {"Accept": "application/json", **({"Content-Type": "application/json"} if content else {}), **dict(headers)}
    request = AWSRequest(method, appliance.management + path, headers=fields, data=content)
    if sign:
        SigV4Auth(Credentials(*(key or appliance.credentials())), service, region).add_auth(request)
    fields = dict(request.headers.items())
    if tamper:
        tamper(fields)
    return send(urllib.request.Request(request.url, data=content or None, headers=fields, method=method))


def send(request):
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return read(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        return read(error.code, error.headers, error.read())


def read(status, headers, text):
    try:
        body = json.loads(text)
    except ValueError:
        body = text.decode()
    message = body.get("message", body.get("Message")) if isinstance(body, dict) else None
    return Answer(status, headers.get("x-amzn-ErrorType") or (body.get("__type") if isinstance(body, dict) else None), message, body, headers)
