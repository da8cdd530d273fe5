#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the start of QEMU to the first 200 over HTTPS: the appliance's image, with an API that was made before, against the least that
can answer: the same kernel with a busybox httpd in its initramfs, on the same kind of disk, from the same boot loader and firmware.

Goes into network and mount namespaces of its own (as root): a bridge, a tap, and this program as the client. Prints a line for each
pair, then `boot_to_200_ms N` and `boot_vs_bare R`, both medians. Under software emulation whatever else the machine does is part of
each figure: the two are taken in turn.

usage: boot.py FOLDER [PAIRS]
"""
import json
import os
import pathlib
import socket
import ssl
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / folder) for folder in ("tests", "tests/image", "image")]

import yaml  # noqa: E402

import disk as layout  # noqa: E402
import packages  # noqa: E402
from initramfs import Initramfs  # noqa: E402
from lab.appliance import ACCOUNT, REGION, SUBNET, VPC, ZONE, Appliance, allow, policy  # noqa: E402
from lab.network import run  # noqa: E402
from machine import BUILD, PATIENCE_SECONDS, Machine  # noqa: E402

ADDRESS, CLIENT, MAC = "10.20.0.100", "10.20.0.1/24", "52:54:00:50:53:01"
MANAGEMENT = "127.0.0.1:4566"
# A lost SYN is not waited for: the next one is sent at once.
CONNECT_SECONDS = 0.05
# Set once this program is in its namespaces.
INSIDE = "POSTERN_BOOT_INSIDE"
# Of the root's /etc/passwd.
USERS = {"gateway_uid": "101", "control_uid": "102", "group_gid": "101"}

DOCUMENT = json.dumps({
    "openapi": "3.0.1", "info": {"title": "boot", "version": "1"},
    "x-amazon-apigateway-policy": policy(allow()),
    "paths": {"/health": {"get": {"responses": {"200": {"description": "fine"}}, "x-amazon-apigateway-integration": {
        "type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'},
        "responses": {"default": {"statusCode": "200"}}}}}}})

BARE_INIT = """#!/bin/busybox sh
/bin/busybox mount -t sysfs none /sys
for module in $(/bin/busybox cat /order); do /bin/busybox insmod /lib/$module; done
/bin/busybox ip address add ADDRESS/24 dev eth0
/bin/busybox ip link set eth0 up
/bin/busybox httpd -f -p 80 -h /www
"""


def settings(attachment, interface):
    return {"account_id": ACCOUNT, "region": REGION, "management": [MANAGEMENT], **USERS, "networks": [{
                "vpc_id": VPC, "subnet_id": SUBNET, "availability_zone": ZONE, "ipv4_prefix": "10.20.0.0/24",
                "ipv4_pool": f"{ADDRESS}-{ADDRESS}", "attachment": attachment, "interface": interface}]}


def prepare_store(folder):
    """A store with an endpoint and an API: (its folder, host name, CA file)."""
    places = {"state_dir": str(folder / "state"), "run_dir": str(folder / "run"), "log_dir": str(folder / "log")}
    for path in places.values():
        pathlib.Path(path).mkdir()
    appliance = Appliance(folder, settings("bridge", "boot-bridge") | places, management=MANAGEMENT).start()
    try:
        endpoint = appliance.boto3("ec2").create_vpc_endpoint(
            VpcId=VPC, VpcEndpointType="Interface", ServiceName=f"com.amazonaws.{REGION}.execute-api",
            SubnetIds=[SUBNET])["VpcEndpoint"]["VpcEndpointId"]
        api = appliance.import_api(DOCUMENT, endpointConfigurationVpcEndpointIds=endpoint)
        appliance.deploy(api)
    finally:
        appliance.stop()
        run(BUILD / "postern", "down", "--settings", appliance.settings_file)
    return folder / "state", f"{api}-{endpoint}.execute-api.{REGION}.amazonaws.com", folder / "state/ca.pem"


def make_appliance(folder, state):
    """The image with that store on its data partition, and what the firmware hands over: its settings."""
    mine = folder / "user-data"
    mine.write_text(yaml.safe_dump({key: value for key, value in settings("nic", "eth0").items() if key not in USERS}))
    run(sys.executable, ROOT / "image/build.py", "--raw", "--out", folder / "image", timeout=600)
    staged = folder / "var"
    (staged / "lib").mkdir(parents=True)
    run("cp", "-a", state, staged / "lib/postern")
    data = layout.ext4(folder / "data.ext4", staged)
    with open(folder / "image/postern.raw", "r+b") as disk:
        layout.write_sparsely(disk, layout.places()["data"], data.read_bytes())
    return folder / "image/postern.raw", {"user-data": mine}


def make_bare(folder):
    kernel, busybox = packages.Kernel(BUILD / "guest"), packages.unpack(BUILD / "guest", "busybox-static")
    archive = Initramfs(folder / "scratch")
    for name in ("dev", "proc", "sys"):
        archive.folder(name)
    archive.file("bin/busybox", (busybox / "bin/busybox").read_bytes(), 0o755)
    archive.file("init", BARE_INIT.replace("ADDRESS", ADDRESS), 0o755)
    archive.file("www/index.html", "fine\n")
    modules = kernel.modules("virtio_pci", "virtio_net")
    for module in modules:
        archive.file(f"lib/{module.name}", module.read_bytes())
    archive.file("order", "".join(f"{module.name}\n" for module in modules))
    archive.write(folder / "initrd")
    files = {"vmlinuz": kernel.image.read_bytes(), "initrd": (folder / "initrd").read_bytes(),
             "slot.cfg": b'set options="console=tty0 console=ttyS0 quiet panic=5"\n'}
    (folder / "empty").write_bytes(b"")
    layout.write(folder / "bare.raw", folder / "scratch", {"a": (files, folder / "empty")}, {"slot": "a", "tries": "3"})
    return folder / "bare.raw"


def answers(port, request, tls=None, name=None):
    """What comes instead of a 200; None if it came."""
    try:
        with socket.create_connection((ADDRESS, port), timeout=CONNECT_SECONDS) as plain:
            plain.settimeout(PATIENCE_SECONDS)
            with tls.wrap_socket(plain, server_hostname=name) if tls else plain as stream:
                stream.sendall(request.encode())
                status = stream.recv(4096).partition(b"\r\n")[0]
                return None if b" 200 " in status else status
    except OSError as error:
        return error


def boot_ms(folder, disk, words, *what):
    """Milliseconds from the start of QEMU to the first 200, and the seconds of CPU time that the emulator took for it."""
    with Machine(folder, disk, nics=("boot-tap",), snapshot=True, words=words) as guest:
        while other := answers(*what):
            if time.monotonic() - guest.begun > PATIENCE_SECONDS:
                raise TimeoutError(f"no 200 within {PATIENCE_SECONDS:.0f} s but {other}:\n{guest.tail()}")
        return (time.monotonic() - guest.begun) * 1000, guest.cpu_seconds()


def attach():
    """The private subnet, in namespaces that end with this program."""
    pathlib.Path("/run/netns").mkdir(exist_ok=True)
    run("mount", "-t", "tmpfs", "none", "/run/netns")
    run("mount", "--make-shared", "/run/netns")
    run("mount", "-t", "sysfs", "sysfs", "/sys")
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", "boot-bridge", "type", "bridge")
    run("ip", "tuntap", "add", "boot-tap", "mode", "tap")
    run("ip", "link", "set", "boot-tap", "master", "boot-bridge", "up")
    run("ip", "link", "set", "boot-bridge", "up")


def measure(folder, pairs):
    attach()
    state, name, ca = prepare_store(folder)
    (ours, words), bare = make_appliance(folder, state), make_bare(folder)
    run("ip", "address", "add", CLIENT, "dev", "boot-bridge")
    run("ip", "neighbour", "replace", ADDRESS, "lladdr", MAC, "dev", "boot-bridge")
    https = (443, f"GET /prod/health HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n", ssl.create_default_context(cafile=ca), name)
    http = (80, "GET / HTTP/1.0\r\n\r\n")
    times, ratios = [], []
    for number in range(pairs):
        theirs, their_cpu = boot_ms(folder / "bare", bare, {}, *http)
        mine, my_cpu = boot_ms(folder / "ours", ours, words, *https)
        times.append(mine)
        ratios.append(mine / theirs)
        print(f"boot {number + 1}: {mine:.0f} ms, bare {theirs:.0f} ms, ratio {mine / theirs:.2f}; of CPU time {my_cpu:.1f} s, {their_cpu:.1f} s",
              flush=True)
    print(f"boot_to_200_ms {statistics.median(times):.0f}\nboot_vs_bare {statistics.median(ratios):.3f}", flush=True)


def main():
    if os.environ.get(INSIDE):
        return measure(pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 3)
    # Packages come from where the network is.
    packages.Kernel(BUILD / "guest")
    for package in ("busybox-static", "chrony"):
        packages.unpack(BUILD / "guest", package)
    os.execvpe("unshare", ["unshare", "-n", "-m", sys.executable, *sys.argv], os.environ | {INSIDE: "1"})


if __name__ == "__main__":
    main()
