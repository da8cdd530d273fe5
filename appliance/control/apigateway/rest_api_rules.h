/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rest_api_rules: what CreateRestApi and the import check of a RestApi's members.
 *
 * Source: spec/endpoints.md 1.1; spec/control-plane.md 8.4.
 */
#ifndef POSTERN_CONTROL_REST_API_RULES_H
#define POSTERN_CONTROL_REST_API_RULES_H

#include <stdbool.h>

#include "appliance/base/json.h"
#include "appliance/control/call.h"

/* Source: API Gateway API Reference, CreateRestApi, minimumCompressionSize. */
#define REST_API_COMPRESSION_MAX_BYTES 10485760

/* Fill `api` from the members of the input, defaults added; the policy excepted. 0 or CALL_FAILED. */
int rest_api_take(struct call *call, struct json *api);

/* An endpointConfiguration as asked for (NULL: none) with its defaults, into `api`. 0 or CALL_FAILED. */
int rest_api_take_configuration(struct call *call, struct json *api, const struct json *wanted);

/* Do the API's security policy, access mode and endpoint type go together? 0 or CALL_FAILED. */
int rest_api_check_security(struct call *call, const struct json *api) __attribute__((warn_unused_result));

bool rest_api_is_private(const struct json *api);

#endif
