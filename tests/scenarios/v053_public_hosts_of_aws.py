# SPDX-License-Identifier: GPL-3.0-or-later
"""With aws_public_endpoints services are called at AWS's own hosts, over TLS, by names that are verified; STS too. What back ends may
not be, services may not be either."""
import json

import pytest

from conftest import Local
from lab.appliance import ACCOUNT, REGION, allow
from lab.aws_services import Recorder, Sts
from lab.certificate import Authority
from lab.names import NameServer
from v050_calls_of_aws_services import BASE, BASE_SECRET, document, integration, method, uri

HERE, STS_HERE = "127.0.0.21", "127.0.0.22"
DYNAMODB, S3, QUEUES, STS = ("dynamodb.eu-central-1.amazonaws.com", "pictures.s3.us-east-1.amazonaws.com", f"sqs.{REGION}.amazonaws.com",
                             f"sts.{REGION}.amazonaws.com")
MANAGEMENT = "127.0.0.1:14634"
NETWORK_ERROR = (504, '{"message": "Network error communicating with endpoint"}')


class Public:
    def __init__(self, folder):
        company = Authority(folder / "company")
        keys = {BASE: (BASE_SECRET, None)}
        self.names = NameServer()
        self.names.records = {**{name: (60, [HERE]) for name in (DYNAMODB, S3, QUEUES)}, STS: (60, [STS_HERE])}
        self.recorder = Recorder(keys, address=HERE, port=443, tls=company.issue(DYNAMODB, S3))
        self.sts = Sts(keys, self.recorder, address=STS_HERE, port=443, tls=company.issue(STS))
        self.local = Local(folder, MANAGEMENT, "127.0.0.1:18634")
        self.local.state.mkdir(parents=True)
        (self.local.state / "settings.yaml").write_text(json.dumps({
            "aws_public_endpoints": True, "aws_access_key_id": BASE, "aws_secret_access_key": BASE_SECRET,
            "aws_endpoints": [{"service": "metadata", "url": "http://169.254.169.254"}, {"service": "management", "url": f"http://{MANAGEMENT}"}],
            "name_servers": [self.names.address], "backend_ca_file": str(company.certificate)}))
        self.local.start()

    def call(self, made, **more):
        """What GET /x answers whose integration is `made`, and what the log of a test says."""
        api = self.local.serve_api(None, allow(), document=document(x={"get": method(made)}, **more))
        answer, client = self.local.get(api, "/x"), self.local.boto3("apigateway")
        resource = next(r["id"] for r in client.get_resources(restApiId=api)["items"] if r["path"] == "/x")
        log = client.test_invoke_method(restApiId=api, resourceId=resource, httpMethod="GET")["log"]
        client.delete_rest_api(restApiId=api)
        return answer, log

    def close(self):
        self.local.stop()
        for part in (self.recorder, self.sts, self.names):
            part.close()


@pytest.fixture(scope="module")
def public(folder):
    made = Public(folder / "public")
    yield made
    made.close()


def test_a_service_at_the_host_of_its_region(public):
    answer, _ = public.call(integration(uri("dynamodb", "action/ListTables", "eu-central-1"), None))
    assert answer.status == 200, answer
    request = public.recorder.last()
    assert (request.field("Host"), request.service, request.region) == (DYNAMODB, "dynamodb", "eu-central-1")


def test_a_bucket_by_its_own_host_as_a_role_that_is_assumed(public):
    answer, log = public.call(integration(uri("pictures.s3", "path/a%2Fb/c d"), f"arn:aws:iam::{ACCOUNT}:role/reader", httpMethod="GET"))
    assert answer.status == 200, (answer, log)
    request = public.recorder.last()
    assert (request.field("Host"), request.method, request.target) == (S3, "GET", "/a/b/c%20d")
    assert public.sts.last().field("Host") == STS and public.sts.last().region == REGION
    assert request.access_key.startswith("ASIA0")


def test_a_host_whose_certificate_is_not_its_own(public):
    before = len(public.recorder.requests)
    answer, log = public.call(integration(uri("sqs", "path/1/q"), None))
    assert (answer.status, answer.body) == NETWORK_ERROR
    assert len(public.recorder.requests) == before, log


def test_a_host_that_does_not_exist(public):
    answer, log = public.call(integration(uri("frobnicate", "path/x"), None))
    assert (answer.status, answer.body) == (500, '{"message": "Internal server error"}')
    assert public.names.count(f"frobnicate.{REGION}.amazonaws.com") and "Invalid endpoint address" in log


@pytest.mark.parametrize("service", ["metadata", "management"])
def test_rows_do_not_lead_where_back_ends_may_not_be(public, service):
    answer, _ = public.call(integration(uri(service, "path/x"), None))
    assert (answer.status, answer.body) == NETWORK_ERROR
