/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * quotas: how many resources of a kind an account may have.
 *
 * Source: spec/control-plane.md 10; API Gateway Developer Guide, "Amazon API Gateway quotas".
 */
#ifndef POSTERN_CONTROL_APIGATEWAY_QUOTAS_H
#define POSTERN_CONTROL_APIGATEWAY_QUOTAS_H

#include "appliance/control/call.h"
#include "appliance/store/store.h"

#define QUOTA_API_KEYS 10000
#define QUOTA_USAGE_PLANS 300
#define QUOTA_PLANS_OF_A_KEY 10
#define QUOTA_METHOD_THROTTLES_OF_A_STAGE 20
#define QUOTA_CLIENT_CERTIFICATES 60
#define QUOTA_VPC_LINKS 20

/* How many more there may be. */
uint64_t quota_room(struct call *call, enum store_kind kind, uint64_t quota);

/* Refuse with LimitExceededException; `plural` names what there are too many of. */
int quota_refuse(struct call *call, const char *plural);

/* Is there room for one more? 0 or CALL_FAILED. */
int quota_check(struct call *call, enum store_kind kind, uint64_t quota, const char *plural)
	__attribute__((warn_unused_result));

#endif
