# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may call: a signature by the appliance's key, for its region, of this minute, of exactly this request. All else is refused,
in the words of the dialect, and changes nothing."""
import datetime
import urllib.request

import pytest

from lab.signed import send, signed

MISMATCH = "The request signature we calculated does not match the signature you provided."


def shift_clock(monkeypatch, seconds):
    import botocore.auth

    class Clock(datetime.datetime):
        @classmethod
        def utcnow(cls):
            return datetime.datetime.utcnow() + datetime.timedelta(seconds=seconds)

    monkeypatch.setattr(botocore.auth, "datetime", type("module", (), {"datetime": Clock}))


def refused(answer, code, start):
    assert (answer.status, answer.code) == (403, code) and answer.message.startswith(start), answer


def test_unsigned_and_unreadable(local):
    refused(signed(local, "GET", "/restapis", sign=False), "MissingAuthenticationTokenException", "Missing Authentication Token")
    for text in ("Bearer x", "AWS4-HMAC-SHA256 x", "AWS4-HMAC-SHA256 Credential=x"):
        refused(signed(local, "GET", "/restapis", sign=False, headers={"Authorization": text}), "IncompleteSignatureException", "")
    xml = signed(local, "GET", "/2013-04-01/hostedzone", sign=False)
    assert xml.status == 403 and "<Code>MissingAuthenticationToken</Code>" in xml.body
    form = signed(local, "POST", "/", "Action=DescribeVpcs", sign=False, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert form.status == 401 and "<Code>AuthFailure</Code><Message>AWS was not able to validate the provided access credentials</Message>" in form.body
    acm = signed(local, "POST", "/", {}, sign=False, headers={"X-Amz-Target": "CertificateManager.ListCertificates"})
    assert acm.status == 400 and acm.code == "MissingAuthenticationTokenException"


def test_the_wrong_key_region_service(local):
    id, secret = local.credentials()
    refused(signed(local, "GET", "/restapis", key=("AKIAXXXXXXXXXXXXXXXX", secret)), "UnrecognizedClientException", "The security token included in the request is invalid.")
    refused(signed(local, "GET", "/restapis", key=(id, "x" * 40)), "InvalidSignatureException", MISMATCH)
    refused(signed(local, "GET", "/restapis", region="eu-west-1"), "InvalidSignatureException", "Credential should be scoped to a valid region.")
    refused(signed(local, "GET", "/restapis", service="s3"), "InvalidSignatureException", "Credential should be scoped to a service that Postern has")


@pytest.mark.parametrize("tamper", [
    {"Accept": "text/html"}, {"Host": "elsewhere"}, {"Authorization": lambda text: text[:-1] + ("0" if text[-1] != "0" else "1")},
    {"Authorization": lambda text: text.replace("host;", "")}, {"Authorization": lambda text: text[:-2]},
    {"X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD"}, {"X-Amz-Date": "20200101T000000Z"}, {"X-Amz-Security-Token": "x"},
])
def test_what_was_changed_behind_the_signature(local, tamper):
    def change(fields):
        for name, value in tamper.items():
            fields[name] = value(fields[name]) if callable(value) else value

    before = signed(local, "GET", "/restapis?limit=500").body
    assert signed(local, "POST", "/restapis", {"name": "x"}, tamper=change).status == 403
    assert signed(local, "GET", "/restapis?limit=500").body == before
    assert signed(local, "GET", "/restapis", headers={"X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD"}).status == 403


@pytest.mark.parametrize("seconds, start", [(-290, None), (290, None), (-310, "Signature expired: "), (310, "Signature not yet current: "), (-86400, "Signature expired: ")])
def test_five_minutes_either_way(local, monkeypatch, seconds, start):
    shift_clock(monkeypatch, seconds)
    answer = signed(local, "GET", "/restapis")
    if start:
        refused(answer, "InvalidSignatureException", start)
    else:
        assert answer.status == 200


def presigned(local, expires):
    from botocore.auth import SigV4QueryAuth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    request = AWSRequest("GET", local.management + "/restapis?limit=1")
    SigV4QueryAuth(Credentials(*local.credentials()), "apigateway", "us-east-1", expires=expires).add_auth(request)
    return request.url


def test_presigned_addresses(local, monkeypatch):
    get = lambda address: send(urllib.request.Request(address))
    good = presigned(local, 60)
    assert get(good).status == 200
    for bad in (good.replace("limit=1", "limit=2"), good + "&x=1", good.replace("Expires=60", "Expires=6000"), good.replace("Signature=", "Signature=0")):
        assert get(bad).status == 403
    for seconds in (0, -5, 10**7):
        assert get(presigned(local, seconds)).status == 403
    shift_clock(monkeypatch, -100)
    assert get(presigned(local, 60)).status == 403 and get(presigned(local, 600)).status == 200
    shift_clock(monkeypatch, 400)
    assert get(presigned(local, 60)).status == 403
