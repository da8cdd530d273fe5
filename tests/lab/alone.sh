#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Run a command in a network and a mount namespace of its own, so that several test runs do not meet each other's bridges, ports and
# named namespaces. There is loopback and nothing else.
exec unshare --net --mount sh -eu -c '
mkdir -p /run/netns
mount -t tmpfs none /run/netns
mount --make-shared /run/netns
mount -t sysfs sysfs /sys
ip link set lo up
exec "$@"' sh "$@"
