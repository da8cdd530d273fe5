# SPDX-License-Identifier: GPL-3.0-or-later
"""SIGHUP after the table `networks` has changed: it is refused by name, the old table stays in force for both programs that use it,
and an endpoint can't come to stand in another subnet than the one that was asked for."""
import json
import signal

import pytest
import yaml

from conftest import Gateway, SERVICE, subnet_settings
from lab.network import Subnet, run, wait_for

SUBNETS = ["subnet-0a1b2c3d4e5f60718", "subnet-0a1b2c3d4e5f60719"]
VPCS = ["vpc-0b1c2d3e4f5061728", "vpc-0b1c2d3e4f5061729"]


@pytest.fixture
def appliance(folder):
    """Two subnets with the same addresses: only their place in the table tells posternd which one control means."""
    subnets = [Subnet("pq"), Subnet("pr")]
    settings = subnet_settings(folder / "networks", "127.0.0.1:14585")
    network = settings["networks"][0]
    settings["networks"] = [{**network, "vpc_id": vpc, "subnet_id": subnet, "interface": on.bridge}
                            for vpc, subnet, on in zip(VPCS, SUBNETS, subnets)]
    made = Gateway(folder / "networks", settings, management="127.0.0.1:14585")
    made.subnets = subnets
    try:
        yield made.start()
    finally:
        made.stop()
        run(made.build / "postern", "down", "--settings", made.settings_file, check=False)
        for subnet in subnets:
            subnet.close()


def messages(appliance):
    return [json.loads(line)["message"] for line in appliance.log.read_text().splitlines() if line.startswith("{")]


def ports(bridge):
    """Links on the bridge that are an endpoint's."""
    return [link["ifname"] for link in json.loads(run("ip", "-j", "link", "show", "master", bridge).stdout) if link["ifname"].startswith("pe")]


def test_networks_that_change_places(appliance):
    swapped = {**appliance.settings, "networks": appliance.settings["networks"][::-1]}
    appliance.settings_file.write_text(yaml.safe_dump(swapped))
    appliance.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "the settings change networks: that needs a restart" in messages(appliance), "the refusal")
    appliance.boto3("ec2").create_vpc_endpoint(VpcId=VPCS[0], VpcEndpointType="Interface", ServiceName=SERVICE, SubnetIds=[SUBNETS[0]])
    assert (len(ports("pq-bridge")), len(ports("pr-bridge"))) == (1, 0)

    assert appliance.stop() == 0
    appliance.start()  # now the new table is in force, for the endpoint that is there as well
    assert (len(ports("pq-bridge")), len(ports("pr-bridge"))) == (1, 0)
    appliance.boto3("ec2").create_vpc_endpoint(VpcId=VPCS[1], VpcEndpointType="Interface", ServiceName=SERVICE, SubnetIds=[SUBNETS[1]])
    assert (len(ports("pq-bridge")), len(ports("pr-bridge"))) == (1, 1)
    assert run(appliance.build / "postern", "down", "--settings", appliance.settings_file).stdout == "down: 2 endpoints removed\n"
    appliance.start()  # made again from the store alone
    wait_for(lambda: (len(ports("pq-bridge")), len(ports("pr-bridge"))) == (1, 1), "each endpoint in its own subnet")
