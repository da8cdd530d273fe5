# SPDX-License-Identifier: GPL-3.0-or-later
"""ACM, private custom domains and Route 53: what they refuse, in which words, and what a refusal leaves."""
import json
import urllib.parse

import botocore.exceptions
import pytest

from lab.appliance import allow, policy
from lab.network import run
from lab.signed import signed

ARN = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"


def failure(call, **parameters):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**parameters)
    return caught.value.response["ResponseMetadata"]["HTTPStatusCode"], caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


@pytest.fixture(scope="module")
def pems(authority):
    certificate, key = authority.issue("api.o060.internal")
    other, other_key = authority.issue("other.o060.internal")
    names = {"certificate": certificate, "key": key, "other": other, "other_key": other_key, "chain": authority.certificate}
    found = {name: open(path, "rb").read() for name, path in names.items()}
    found["locked_key"] = run("openssl", "pkcs8", "-topk8", "-in", key, "-passout", "pass:x").stdout.encode()
    return found


@pytest.fixture(scope="module")
def certificate(local, pems):
    acm = local.boto3("acm")
    arn = acm.import_certificate(Certificate=pems["certificate"], PrivateKey=pems["key"], CertificateChain=pems["chain"])["CertificateArn"]
    yield arn
    acm.delete_certificate(CertificateArn=arn)


NOT_A_CERTIFICATE, NOT_A_KEY = "The certificate is not PEM-encoded or is not valid.", "The private key is not PEM-encoded or is not valid."


@pytest.mark.parametrize("body, key, chain, words", [
    ("certificate", "other_key", None, "The private key does not match the certificate."),
    (b"x", "key", None, NOT_A_CERTIFICATE), ("key", "key", None, NOT_A_CERTIFICATE),
    ("certificate", b"x", None, NOT_A_KEY), ("certificate", "certificate", None, NOT_A_KEY), ("certificate", "locked_key", None, NOT_A_KEY),
    ("certificate", "key", b"x", "The certificate chain is not PEM-encoded or is not valid."),
    ("certificate", "key", "other", "Could not validate the certificate with the certificate chain"),
    ("certificate", b"a" * 6000, None, "1 validation error detected: Value at 'privateKey' failed to satisfy constraint"),
    (b"a" * 40000, "key", None, "1 validation error detected: Value at 'certificate' failed to satisfy constraint"),
])
def test_a_bad_certificate_is_not_kept(local, pems, body, key, chain, words):
    acm = local.boto3("acm")
    every = {"Includes": {"keyTypes": ["EC_prime256v1", "RSA_2048"]}}
    before = acm.list_certificates(**every)["CertificateSummaryList"]
    pem = lambda name: pems[name] if isinstance(name, str) else name
    parameters = {"Certificate": pem(body), "PrivateKey": pem(key), **({"CertificateChain": pem(chain)} if chain else {})}
    status, code, message = failure(acm.import_certificate, **parameters)
    assert (status, code) == (400, "ValidationException") and message.startswith(words)
    assert acm.list_certificates(**every)["CertificateSummaryList"] == before


def test_certificates_by_their_arn(local, pems, certificate):
    acm = local.boto3("acm")
    assert acm.list_certificates()["CertificateSummaryList"] == []  # EC keys are shown to those who ask for them
    described = acm.describe_certificate(CertificateArn=certificate)["Certificate"]
    assert described["Type"] == "IMPORTED" and described["Status"] == "ISSUED" and described["InUseBy"] == []
    assert acm.get_certificate(CertificateArn=certificate)["Certificate"].strip().encode() == pems["certificate"].strip()
    for call in (acm.describe_certificate, acm.get_certificate, acm.delete_certificate):
        assert failure(call, CertificateArn=ARN)[:2] == (400, "ResourceNotFoundException")
        assert failure(call, CertificateArn="arn:bad:arn:that:is:long:enough")[:2] == (400, "InvalidArnException")
    target = {"X-Amz-Target": "CertificateManager.ListCertificates", "Content-Type": "application/x-amz-json-1.1"}
    assert signed(local, "POST", "/", {"MaxItems": 0}, service="acm", headers=target).code == "ValidationException"
    again = {"CertificateArn": certificate, "Certificate": pems["certificate"], "PrivateKey": pems["key"]}
    assert acm.import_certificate(**again)["CertificateArn"] == certificate
    assert failure(acm.import_certificate, **again, Tags=[{"Key": "a", "Value": "b"}])[1] == "ValidationException"
    assert failure(acm.import_certificate, **{**again, "Certificate": pems["other"], "PrivateKey": pems["other_key"]})[1] == "ValidationException"


def test_private_domains(local, certificate):
    call = lambda method, path, body=b"": signed(local, method, path, body)
    wanted = {"domainName": "api.o060.internal", "certificateArn": certificate, "endpointConfiguration": {"types": ["PRIVATE"]}, "policy": json.dumps(policy(allow()))}
    for change, words in (({"domainName": "*.o060.internal"}, "Wildcard domain names are not supported for private domain names."),
                          ({"domainName": "bad name"}, "The provided domain name is not valid."),
                          ({"certificateArn": ARN}, f"Invalid certificate ARN: {ARN}. Certificate must be in 'us-east-1'."),
                          ({"securityPolicy": "TLS_1_0"}, "Only TLS_1_2 is supported for private domain names."),
                          ({"endpointConfiguration": {"types": ["PRIVATE"], "ipAddressType": "ipv4"}}, "Only dualstack ipAddressType is supported for private domain names.")):
        answer = call("POST", "/domainnames", {**wanted, **change})
        assert (answer.status, answer.code, answer.message) == (400, "BadRequestException", words)
    made = call("POST", "/domainnames", wanted)
    assert made.status == 201 and made.body["domainNameArn"].endswith(f":123456789012:/domainnames/api.o060.internal+{made.body['domainNameId']}")
    assert call("POST", "/domainnames", wanted).status == 409
    assert call("GET", "/domainnames/api.o060.internal").status == 404  # that is the public domain of the name
    query, base = "?domainNameId=" + made.body["domainNameId"], "/domainnames/api.o060.internal"
    assert call("GET", base + query).body == made.body
    for other in ("+", "%2B"):  # another spelling, which policies do not know
        assert {call(method, f"{base}{other}{made.body['domainNameId']}{rest}").status for method in ("GET", "DELETE") for rest in ("", "/basepathmappings/(none)")} == {404}
    api = call("POST", "/restapis", {"name": "x", "endpointConfiguration": {"types": ["PRIVATE"]}}).body["id"]
    for body, status in (({"restApiId": "none"}, 400), ({"restApiId": api, "basePath": "a/b"}, 400), ({"restApiId": api, "basePath": "ping"}, 400),
                         ({"restApiId": api, "stage": "none"}, 400), ({"restApiId": api}, 201), ({"restApiId": api}, 409)):
        assert call("POST", f"{base}/basepathmappings{query}", body).status == status, body
    mock = {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}, "responses": {"default": {"statusCode": "200"}}}
    assert call("PUT", f"/restapis/{api}", {"openapi": "3.0.1", "info": {"title": "x"}, "x-amazon-apigateway-policy": policy(allow()), "paths": {
        "/": {"get": {"responses": {"200": {"description": ""}}, "x-amazon-apigateway-integration": mock}}}}).status == 200
    assert call("POST", f"/restapis/{api}/deployments", {"stageName": "s"}).status == 201
    assert call("POST", f"{base}/basepathmappings{query}", {"restApiId": api, "basePath": "s", "stage": "s"}).status == 201
    answer = call("DELETE", f"/restapis/{api}/stages/s")
    assert (answer.status, answer.code, answer.message) == (
        400, "BadRequestException", "Deleting stage s failed. Please remove all base path mappings related to the stage in your domains before deleting it.")
    assert call("DELETE", f"{base}/basepathmappings/s{query}").status == 202 and call("DELETE", f"/restapis/{api}/stages/s").status == 202
    assert call("GET", f"{base}/basepathmappings{query}").body == {"item": [{"basePath": "(none)", "restApiId": api}]}
    change = [{"op": "replace", "path": "/endpointConfiguration/types/PRIVATE", "value": "REGIONAL"}]
    assert call("PATCH", f"/restapis/{api}", {"patchOperations": change}).status == 400
    assert call("DELETE", f"/restapis/{api}").status == 400
    vpce = local.boto3("ec2").describe_vpc_endpoints()["VpcEndpoints"][0]["VpcEndpointId"]
    association = {"domainNameArn": made.body["domainNameArn"], "accessAssociationSource": vpce, "accessAssociationSourceType": "VPCE"}
    arn = call("POST", "/domainnameaccessassociations", association).body["domainNameAccessAssociationArn"]
    assert arn.endswith(f"/domainnameaccessassociations/domainname/api.o060.internal+{made.body['domainNameId']}/vpcesource/{vpce}")
    assert call("POST", "/domainnameaccessassociations", association).status == 409
    assert [a["domainNameAccessAssociationArn"] for a in call("GET", "/domainnameaccessassociations").body["item"]] == [arn]
    assert failure(local.boto3("acm").delete_certificate, CertificateArn=certificate)[1] == "ResourceInUseException"
    assert call("DELETE", "/domainnameaccessassociations/" + urllib.parse.quote(arn, safe="")).status == 202
    assert call("DELETE", base + query).status == 202 and call("DELETE", base + query).status == 404
    assert call("DELETE", f"/restapis/{api}").status == 202  # its mapping went with the domain


@pytest.fixture
def zone(local):
    ec2, client = local.boto3("ec2"), local.boto3("route53")
    vpc = {"VPCRegion": "us-east-1", "VPCId": ec2.describe_vpc_endpoints()["VpcEndpoints"][0]["VpcId"]}
    made = client.create_hosted_zone(Name="o060.internal", CallerReference="o060", VPC=vpc)
    assert made["HostedZone"]["ResourceRecordSetCount"] == 2 and made["ChangeInfo"]["Status"] == "PENDING" and "DelegationSet" not in made
    id = made["HostedZone"]["Id"].split("/")[-1]
    yield client, id, vpc
    kept = [s for s in client.list_resource_record_sets(HostedZoneId=id)["ResourceRecordSets"] if s["Type"] not in ("NS", "SOA")]
    if kept:
        client.change_resource_record_sets(HostedZoneId=id, ChangeBatch={"Changes": [{"Action": "DELETE", "ResourceRecordSet": s} for s in kept]})
    client.delete_hosted_zone(Id=id)


def record(name, type, *values):
    return {"Name": name, "Type": type, "TTL": 300, "ResourceRecords": [{"Value": value} for value in values]}


def test_change_batches_are_whole_and_explained(zone):
    client, id, vpc = zone
    names = lambda: [(s["Name"], s["Type"]) for s in client.list_resource_record_sets(HostedZoneId=id)["ResourceRecordSets"]]
    batch = lambda *changes: {"HostedZoneId": id, "ChangeBatch": {"Changes": [{"Action": a, "ResourceRecordSet": s} for a, s in changes]}}
    client.change_resource_record_sets(**batch(("CREATE", record("t.o060.internal", "TXT", '"a b"')), ("CREATE", record("w.o060.internal", "CNAME", "x.y")),
                                               ("CREATE", record("*.o060.internal", "A", "192.0.2.1"))))
    before = names()
    assert before == [("o060.internal.", "NS"), ("o060.internal.", "SOA"), ("\\052.o060.internal.", "A"), ("t.o060.internal.", "TXT"), ("w.o060.internal.", "CNAME")]
    good = ("CREATE", record("good.o060.internal", "A", "192.0.2.1"))
    for change, words in (
        (("CREATE", record("t.o060.internal", "TXT", '"x"')), "Tried to create resource record set [name='t.o060.internal.', type='TXT'] but it already exists"),
        (("DELETE", record("n.o060.internal", "A", "192.0.2.1")), "Tried to delete resource record set [name='n.o060.internal.', type='A'] but it was not found"),
        (("DELETE", record("t.o060.internal", "TXT", '"c"')), "Tried to delete resource record set [name='t.o060.internal.', type='TXT'] but the values provided do not match the current values"),
        (("CREATE", record("o060.internal", "CNAME", "x.y")), "RRSet of type CNAME with DNS name o060.internal. is not permitted at apex in zone o060.internal."),
        (("CREATE", record("t.o060.internal", "CNAME", "x.y")), "RRSet of type CNAME with DNS name t.o060.internal. is not permitted as it conflicts with other records with the same DNS name in zone o060.internal."),
        (("CREATE", record("w.o060.internal", "A", "192.0.2.1")), "RRSet of type A with DNS name w.o060.internal. is not permitted because a conflicting RRSet of type CNAME with the same DNS name already exists in zone o060.internal."),
        (("CREATE", record("x.org", "A", "192.0.2.1")), "RRSet with DNS name x.org. is not permitted in zone o060.internal."),
    ):
        assert failure(client.change_resource_record_sets, **batch(good, change)) == (400, "InvalidChangeBatch", f"[{words}]")
        assert names() == before
    assert failure(client.change_resource_record_sets, **batch(*[("CREATE", record(f"m{i}.o060.internal", "A", "192.0.2.1")) for i in range(1001)]))[2] == \
        "[Number of records limit of 1000 exceeded.]"
    pages = client.get_paginator("list_resource_record_sets").paginate(HostedZoneId=id, PaginationConfig={"PageSize": 2})
    assert [(s["Name"], s["Type"]) for page in pages for s in page["ResourceRecordSets"]] == before
    assert failure(client.list_resource_record_sets, HostedZoneId=id, StartRecordType="A")[1] == "InvalidInput"
    assert failure(client.delete_hosted_zone, Id=id) == (
        400, "HostedZoneNotEmpty", "The specified hosted zone contains non-required resource record sets and so cannot be deleted.")


def test_zones(zone):
    client, id, vpc = zone
    assert failure(client.create_hosted_zone, Name="x.internal", CallerReference="o060", VPC=vpc)[:2] == (409, "HostedZoneAlreadyExists")
    assert failure(client.create_hosted_zone, Name="o060.internal", CallerReference="again", VPC=vpc)[1] == "ConflictingDomainExists"
    assert failure(client.create_hosted_zone, Name="x.internal", CallerReference="r", VPC={**vpc, "VPCId": "vpc-none"}) == (400, "InvalidVPCId", "The VPC ID is invalid.")
    assert failure(client.get_hosted_zone, Id="ZNONE") == (404, "NoSuchHostedZone", "No hosted zone found with ID: ZNONE")
    assert failure(client.get_change, Id="CNONE")[:2] == (404, "NoSuchChange")
    assert failure(client.disassociate_vpc_from_hosted_zone, HostedZoneId=id, VPC=vpc)[:2] == (400, "LastVPCAssociation")
    assert failure(client.list_hosted_zones, MaxItems="x")[1] == "InvalidInput"
    assert id in [z["Id"].split("/")[-1] for page in client.get_paginator("list_hosted_zones").paginate(PaginationConfig={"PageSize": 1}) for z in page["HostedZones"]]
