/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ec2: how EC2's resources are shown. Threads: the operations thread. Source: spec/endpoints.md 6. */
#ifndef POSTERN_CONTROL_EC2_H
#define POSTERN_CONTROL_EC2_H

#include "appliance/base/json.h"
#include "appliance/control/call.h"

/* A vpcendpoint record as DescribeVpcEndpoints shows it. */
struct json *ec2_endpoint_shown(const struct call *call, const struct json *endpoint);

#endif
