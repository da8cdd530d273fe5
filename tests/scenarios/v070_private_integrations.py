# SPDX-License-Identifier: GPL-3.0-or-later
"""Private integrations: a VPC link leads to a load balancer, whose listener and target group say who answers. Targets are checked,
what is broken gets no requests, and the least busy one gets the next."""
import concurrent.futures
import json
import ssl

import pytest

from conftest import follows
from lab.appliance import allow, policy
from lab.network import wait_for
from lab.targets import Balancing, Echo, Nginx

INTERNAL = (500, '{"message": "Internal server error"}')
NETWORK_ERROR = (504, '{"message": "Network error communicating with endpoint"}')


@pytest.fixture
def balancing(local):
    made = Balancing(local, "v070")
    yield made
    made.close()


@pytest.fixture
def echoes():
    made = []

    def make(name, **wanted):
        made.append(Echo(name, **wanted))
        return made[-1]
    yield make
    for echo in made:
        echo.close()


class Api:
    """An API with GET /{proxy+} behind a VPC link."""

    def __init__(self, local):
        self.local, self.client = local, local.boto3("apigateway")
        self.id = self.client.create_rest_api(name="v070", endpointConfiguration={"types": ["PRIVATE"]}, policy=json.dumps(policy(allow())))["id"]
        root = self.client.get_resources(restApiId=self.id)["items"][0]["id"]
        child = self.client.create_resource(restApiId=self.id, parentId=root, pathPart="x")["id"]
        self.method = {"restApiId": self.id, "resourceId": child, "httpMethod": "GET"}
        self.client.put_method(**self.method, authorizationType="NONE")

    def put(self, link, uri="http://pets.internal/a/b", **wanted):
        self.client.put_integration(**self.method, type="HTTP_PROXY", integrationHttpMethod="GET", uri=uri, connectionType="VPC_LINK",
                                    connectionId=link, **wanted)
        return self

    def deploy(self, stage="prod", **wanted):
        self.client.create_deployment(restApiId=self.id, stageName=stage, **wanted)
        self.follow()
        return self

    def follow(self):
        wait_for(lambda: follows(self.local.metrics()), "the gateway to follow", 10)

    def get(self, stage="prod", path="/x", *options):
        return self.local.get(self.id, path, *options, stage=stage)

    def server(self, stage="prod"):
        answer = self.get(stage)
        assert answer.status == 200, answer
        return answer.json()["server"]

    def names(self, count):
        return [self.server() for _ in range(count)]

    def seen(self):
        answer = self.get()
        return answer.status, answer.body


@pytest.fixture
def api(local, balancing):
    """Goes before the links that it names."""
    made = Api(local)
    yield made
    made.client.delete_rest_api(restApiId=made.id)


def test_the_command_line_makes_all_of_it(local, tmp_path):
    nginx = Nginx(tmp_path / "nginx", 18970, 18971)
    aws = local.aws
    vpc = aws("ec2", "describe-vpcs")["Vpcs"][0]["VpcId"]
    try:
        made = aws("elbv2", "create-load-balancer", "--name", "v070-cli", "--type", "network", "--scheme", "internal", "--subnets", "subnet-0a")["LoadBalancers"][0]
        assert made["State"]["Code"] == "provisioning" and made["VpcId"] == vpc
        balancer = made["LoadBalancerArn"]
        assert aws("elbv2", "describe-load-balancers", "--names", "v070-cli")["LoadBalancers"][0]["State"]["Code"] == "active"
        group = aws("elbv2", "create-target-group", "--name", "v070-cli", "--protocol", "TCP", "--port", "80", "--vpc-id", vpc, "--target-type", "ip",
                    "--health-check-interval-seconds", "5", "--health-check-timeout-seconds", "2")["TargetGroups"][0]["TargetGroupArn"]
        aws("elbv2", "register-targets", "--target-group-arn", group, "--targets", "Id=127.0.0.1,Port=18970", "Id=127.0.0.1,Port=18971")
        aws("elbv2", "create-listener", "--load-balancer-arn", balancer, "--protocol", "TCP", "--port", "80", "--default-actions",
            f"Type=forward,TargetGroupArn={group}")
        link = aws("apigateway", "create-vpc-link", "--name", "v070-cli", "--target-arns", balancer)
        assert link["status"] == "PENDING"
        assert aws("apigateway", "get-vpc-link", "--vpc-link-id", link["id"])["status"] == "AVAILABLE"
        api = Api(local).put(link["id"]).deploy()
        answers = [api.get(path="/x?q=1").json() for _ in range(6)]
        assert {answer["server"] for answer in answers} == {"nginx-18970", "nginx-18971"}
        assert {(answer["host"], answer["path"]) for answer in answers} == {("pets.internal", "/a/b?q=1")}
        health = ["elbv2", "describe-target-health", "--target-group-arn", group, "--query", "TargetHealthDescriptions[].TargetHealth.State"]
        wait_for(lambda: aws(*health) == ["healthy", "healthy"], "both to be healthy", 20)
        api.client.delete_rest_api(restApiId=api.id)
        aws("apigateway", "delete-vpc-link", "--vpc-link-id", link["id"])
        aws("elbv2", "delete-load-balancer", "--load-balancer-arn", balancer)
        aws("elbv2", "delete-target-group", "--target-group-arn", group)
        assert "LoadBalancerNotFound" in local.aws_error("elbv2", "describe-load-balancers", "--names", "v070-cli")
    finally:
        nginx.close()


def test_a_target_that_ends_gets_no_more_requests(balancing, api, echoes):
    one, two = echoes("one"), echoes("two")
    group, balancer = balancing.group("ends", one, two), balancing.balancer("ends")
    assert {state for state, _ in balancing.health(group).values()} == {"unused"}
    balancing.listener(balancer, group)
    balancing.wait_all(group)
    api.put(balancing.link(balancer)).deploy()
    assert set(api.names(8)) == {"one", "two"}
    metrics = api.local.metrics
    wait_for(lambda: metrics()['postern_targets{health="healthy"}'] == 2, "the metric of both", 2)
    port = one.port
    one.stop()
    wait_for(lambda: balancing.health(group)[port] == ("unhealthy", "Target.FailedHealthChecks"), "the one to be missed")
    wait_for(lambda: metrics()['postern_targets{health="unhealthy"}'] == 1, "the metric of it", 2)
    assert metrics()['postern_target_checks_total{outcome="failed"}'] >= 2
    assert set(api.names(8)) == {"two"}
    one.start(port)
    balancing.wait(group, **{f"p{port}": "healthy"})
    wait_for(lambda: "one" in api.names(4), "the one to be back")


def test_the_status_of_an_http_check_is_judged(balancing, api, echoes):
    one, two = echoes("one"), echoes("two")
    group = balancing.group("judged", one, two, HealthCheckProtocol="HTTP", HealthCheckPath="/health?v=1", Matcher={"HttpCode": "200-299"})
    balancer = balancing.balancer("judged")
    balancing.listener(balancer, group)
    balancing.wait_all(group)
    assert one.checks[0]["User-Agent"] == "ELB-HealthChecker/2.0" and one.checks[0]["Host"] == f"127.0.0.1:{one.port}"
    one.status = 503
    wait_for(lambda: balancing.health(group)[one.port] == ("unhealthy", "Target.ResponseCodeMismatch"), "the one to fail")
    shown = balancing.client.describe_target_health(TargetGroupArn=group, Targets=[{"Id": "127.0.0.1", "Port": one.port}])["TargetHealthDescriptions"]
    assert shown == [{"Target": {"Id": "127.0.0.1", "Port": one.port}, "HealthCheckPort": str(one.port), "TargetHealth": {
        "State": "unhealthy", "Reason": "Target.ResponseCodeMismatch", "Description": "Health checks failed with these codes: [503]"}}]
    api.put(balancing.link(balancer)).deploy()
    assert set(api.names(6)) == {"two"}
    # If none is healthy, all are asked.
    two.status = 500
    balancing.wait_all(group, "unhealthy")
    assert set(api.names(8)) == {"one", "two"}
    # Health is what it was for a gateway that starts anew.
    two.status = 200
    balancing.wait(group, **{f"p{two.port}": "healthy"})
    api.local.kill("postern-gateway")
    wait_for(lambda: api.get().status == 200, "a new gateway", 20)
    assert balancing.health(group)[two.port][0] == "healthy" and set(api.names(6)) == {"two"}


def test_the_least_busy_target_is_chosen(balancing, api, echoes):
    slow, fast = echoes("slow"), echoes("fast")
    group, balancer = balancing.group("busy", slow, fast), balancing.balancer("busy")
    balancing.listener(balancer, group)
    balancing.wait_all(group)
    api.put(balancing.link(balancer)).deploy()
    slow.delay_s = 0.5
    slow.free.clear()
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        names = [future.result() for future in [pool.submit(api.server) for _ in range(90)]]
    assert names.count("slow") > 0 and names.count("fast") > 3 * names.count("slow"), names


def test_who_gives_up_is_not_counted(balancing, api, echoes):
    slow, fast = echoes("slow"), echoes("fast")
    balancer = balancing.balancer("given-up")
    balancing.listener(balancer, balancing.group("given-up", slow, fast))
    api.put(balancing.link(balancer)).deploy()
    slow.free.clear()
    wait_for(lambda: slow.count >= 4 or api.get("prod", "/x", "--max-time", "0.3") is None, "requests at the slow one", 30)
    slow.free.set()
    wait_for(lambda: "slow" in api.names(4), "the slow one to be chosen")


def test_what_is_refused_before_the_call_is_not_counted(balancing, api, echoes):
    one, two = echoes("one"), echoes("two")
    group, balancer = balancing.group("refused", one), balancing.balancer("refused")
    balancing.listener(balancer, group)
    api.put(balancing.link(balancer)).deploy()
    balancing.wait_all(group)
    # A coding that is not spoken here: a target was chosen, and never called.
    assert {api.get("prod", "/x", "-d", "abc", "-X", "GET", "-H", "Content-Encoding: br").status for _ in range(20)} == {415}
    balancing.register(group, two)
    balancing.wait_all(group)
    api.follow()
    wait_for(lambda: "two" in api.names(1), "the other to be chosen")
    # Were they counted, the other one would have all of these.
    assert set(api.names(16)) == {"one", "two"}


def test_links_by_stage_variable(balancing, api, echoes):
    links = {}
    for stage in ("blue", "green"):
        balancer = balancing.balancer(stage)
        balancing.listener(balancer, balancing.group(stage, echoes(stage)))
        links[stage] = balancing.link(balancer)
    api.put("${stageVariables.link}")
    for stage, link in links.items():
        api.deploy(stage, variables={"link": link})
    assert [api.server(stage) for stage in ("blue", "green", "blue")] == ["blue", "green", "blue"]
    api.client.update_stage(restApiId=api.id, stageName="blue", patchOperations=[{"op": "replace", "path": "/variables/link", "value": links["green"]}])
    api.follow()
    assert api.server("blue") == "green"
    api.client.update_stage(restApiId=api.id, stageName="blue", patchOperations=[{"op": "remove", "path": "/variables/link"}])
    api.follow()
    answer = api.get("blue")
    assert (answer.status, answer.body) == INTERNAL
    assert "there is no such VPC link" in api.client.test_invoke_method(**api.method)["log"]


def test_the_port_of_the_uri_is_the_listener(balancing, api, echoes):
    one, two = echoes("one"), echoes("two")
    balancer = balancing.balancer("ports")
    balancing.listener(balancer, balancing.group("ports-1", one), 8080)
    second = balancing.group("ports-2", two)
    listener = balancing.listener(balancer, second, 8081)
    link = balancing.link(balancer)
    api.put(link, "http://pets.internal:8081/a").deploy()
    assert api.get().json() == {"server": "two", "host": "pets.internal:8081", "path": "/a"}
    balancing.client.modify_listener(ListenerArn=listener, Port=8082)
    api.follow()
    assert api.seen() == NETWORK_ERROR
    balancing.client.modify_listener(ListenerArn=listener, Port=8081)
    balancing.deregister(second, two)
    api.follow()
    assert balancing.health(second)[two.port] == ("draining", "Target.DeregistrationInProgress")
    assert api.seen() == NETWORK_ERROR
    balancing.register(second, one)
    api.follow()
    assert api.server() == "one"


def test_targets_have_ipv6_addresses(balancing, api, echoes):
    one = echoes("one", address="::1")
    group = balancing.group("ipv6", one, IpAddressType="ipv6", HealthCheckProtocol="HTTP", HealthCheckPath="/health")
    balancer = balancing.balancer("ipv6")
    balancing.listener(balancer, group)
    balancing.wait_all(group)
    assert one.checks[0]["Host"] == f"[::1]:{one.port}"
    api.put(balancing.link(balancer)).deploy()
    assert api.server() == "one"


def test_weights_share_requests(balancing, api, echoes):
    groups = [balancing.group(f"share-{name}", echoes(name)) for name in ("much", "little", "none")]
    balancer = balancing.balancer("share")
    balancing.listener(balancer, groups[0], DefaultActions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": [
        {"TargetGroupArn": arn, "Weight": weight} for arn, weight in zip(groups, (3, 1, 0))]}}])
    api.put(balancing.link(balancer)).deploy()
    names = api.names(40)
    assert 24 <= names.count("much") <= 36 and names.count("none") == 0


def test_tls_goes_through_to_the_target(balancing, api, echoes, authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    asked = []
    context.load_cert_chain(*map(str, authority.issue("pets.internal")))
    context.sni_callback = lambda connection, name, context: asked.append(name)
    group, balancer = balancing.group("tls", echoes("secure", context=context)), balancing.balancer("tls")
    balancing.listener(balancer, group, 443)
    # The certificate is of no authority that the appliance trusts.
    link = balancing.link(balancer)
    api.put(link, "https://pets.internal/a").deploy()
    assert api.seen() == NETWORK_ERROR and asked[-1] == "pets.internal"
    api.put(link, "https://pets.internal/a", tlsConfig={"insecureSkipVerification": True}).deploy()
    assert api.get().json() == {"server": "secure", "host": "pets.internal", "path": "/a"}
    # Plain HTTP to what speaks TLS.
    api.put(link, "http://pets.internal:443/a").deploy()
    assert api.seen()[0] == 504


def test_a_listener_that_ends_tls(local, balancing, api, echoes, authority):
    acm = local.boto3("acm")
    certificate, key = authority.issue("pets.internal")
    arn = acm.import_certificate(Certificate=open(certificate, "rb").read(), PrivateKey=open(key, "rb").read())["CertificateArn"]
    group, balancer = balancing.group("ends-tls", echoes("plain")), balancing.balancer("ends-tls")
    listener = balancing.listener(balancer, group, 443, "TLS", Certificates=[{"CertificateArn": arn}])
    link = balancing.link(balancer)
    api.put(link, "https://pets.internal/a").deploy()
    assert api.server() == "plain"
    api.put(link, "http://pets.internal:443/a").deploy()
    assert api.seen() == NETWORK_ERROR
    api.put("nothing").deploy()
    assert api.seen() == INTERNAL
    balancing.client.delete_listener(ListenerArn=listener)
    acm.delete_certificate(CertificateArn=arn)


def test_an_application_load_balancer_as_integration_target(balancing, api, echoes):
    one = echoes("one")
    network = balancing.balancer("front")
    balancing.listener(network, balancing.group("front", echoes("network")))
    application = balancing.balancer("app", Type="application", Subnets=["subnet-0a", "subnet-0b"])
    group = balancing.group("app", one, Protocol="HTTP", HealthCheckPath="/health")
    listener = balancing.listener(application, group, 80, "HTTP")
    link = balancing.link(network)
    api.put(link).deploy()
    assert api.server() == "network"
    for target in (application, listener):
        patch = [{"op": "replace", "path": "/integrationTarget", "value": target}]
        if "integrationTarget" not in api.client.meta.service_model.shape_for("Integration").members:
            api.client.update_integration(**api.method, patchOperations=patch)
        else:
            api.put(link, integrationTarget=target)
        api.deploy()
        assert api.server() == "one"
