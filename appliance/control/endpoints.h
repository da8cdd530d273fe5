/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * endpoints: VPC endpoint records and the real endpoints that posternd makes of them.
 *
 * Threads: the operations thread. Source: spec/endpoints.md 3 and 6.
 */
#ifndef POSTERN_CONTROL_ENDPOINTS_H
#define POSTERN_CONTROL_ENDPOINTS_H

#include <stdbool.h>

#include "appliance/base/json.h"
#include "appliance/control/call.h"

/* What an endpoint's policy is when none was given. Source: spec/policy.md 6. */
extern const char endpoint_full_access[];

/* Order the endpoint of this record from posternd. 0, or a negative errno. Nothing is done for one without addresses. */
int endpoint_order(struct control *control, const struct json *endpoint);

/* Have posternd take it down. */
int endpoint_take_down(struct control *control, const char *id);

/* Compare posternd's endpoints with the store: make what is missing, take down what is not stored, load all filters. */
void endpoints_reconcile(struct control *control);

/* Names of an endpoint, in the order of DescribeVpcEndpoints: [{dnsName, hostedZoneId}]. */
struct json *endpoint_dns_entries(const struct control *control, const struct json *endpoint);

bool endpoint_is_builtin(const struct json *endpoint);

/* Set after FILTER_MODE's table: "reset", "drop", "observe". */
const char *endpoint_filter_mode(const struct json *endpoint);

#endif
