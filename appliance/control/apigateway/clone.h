/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * clone: CreateRestApi's cloneFrom: a new API with the definition of another one of this account.
 *
 * What is defined is copied: resources with their methods and integrations, models, authorizers, request validators, gateway
 * responses, documentation parts; and of the API's own members those that decide what a request means, where the input says
 * nothing else. The resource policy is not: it names the other API, and nobody asked who may call this one.
 * Threads: the operations thread. Source: API Gateway API Reference, CreateRestApi.
 */
#ifndef POSTERN_CONTROL_CLONE_H
#define POSTERN_CONTROL_CLONE_H

#include "appliance/base/json.h"
#include "appliance/control/call.h"

/* Fill `api`, which has its id, and store its parts. 0, or CALL_FAILED with 404 if there is no API `original_id`. */
int clone_api(struct call *call, const char *original_id, struct json *api) __attribute__((warn_unused_result));

#endif
