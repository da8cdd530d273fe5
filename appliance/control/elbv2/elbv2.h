/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * elbv2: what the operations of Elastic Load Balancing (2015-12-01) share: ARNs, tags, pages, refusals in AWS's words.
 *
 * Served is what private integrations need: Network and Application Load Balancers whose listeners forward to target groups of
 * addresses (target type `ip`). The gateway is the load balancer (model/load_balancer.h); nothing is made outside of the
 * store. What a listener could do besides (rules, redirects, fixed responses, authentication) is refused, not forgotten.
 *
 * Records (store/kinds.def) hold what is shown, and behind "postern" tags, attributes and the targets.
 *
 * Threads: the operations thread.
 * Source: ELBv2 API Reference; Elastic Load Balancing User Guides. Messages were read from reports of users; what nobody reported is
 * worded alike.
 */
#ifndef POSTERN_CONTROL_ELBV2_H
#define POSTERN_CONTROL_ELBV2_H

#include <stdbool.h>

#include "appliance/base/json.h"
#include "appliance/control/call.h"
#include "appliance/store/store.h"

/* Source: "Quotas for your Network Load Balancers", "Quotas for your Application Load Balancers". */
#define ELBV2_LOAD_BALANCERS_MAX 50
#define ELBV2_LISTENERS_MAX 50
#define ELBV2_TARGET_GROUPS_MAX 3000

/* "1 validation error detected: Value 'x' at 'type' failed to satisfy constraint: …". CALL_FAILED. */
int elbv2_violates(struct call *call, const char *value, const char *member, const char *constraint);

/* NULL fits; else it must be one of "a, b". 0 or CALL_FAILED. */
int elbv2_check_one_of(struct call *call, const char *member, const char *value, const char *values)
	__attribute__((warn_unused_result));

/* The integer `member` of the input, if it is there, lies between the bounds. 0 or CALL_FAILED. */
int elbv2_check_range(struct call *call, const char *member, int64_t min, int64_t max)
	__attribute__((warn_unused_result));

/* The name of a new resource; `what` is "Load balancer". 0 or CALL_FAILED. */
int elbv2_check_name(struct call *call, const char *what, const char *name) __attribute__((warn_unused_result));

/* arn:aws:elasticloadbalancing:{region}:{account}:{place}/{16 hexadecimal digits}, of which there is none. */
const char *elbv2_new_arn(struct call *call, enum store_kind kind, const char *place);

/*
 * The record of that ARN, owned by the caller. 0; or CALL_FAILED: it is not of that kind, or there is none, with the message that
 * Describe operations have.
 */
int elbv2_find(struct call *call, enum store_kind kind, const char *arn, struct json **ret)
	__attribute__((warn_unused_result));

/* Is it written like the ARN of something of that kind? 0 or CALL_FAILED. */
int elbv2_check_arn(struct call *call, enum store_kind kind, const char *arn) __attribute__((warn_unused_result));

/* Store it in the place of what was there. */
void elbv2_put(struct call *call, enum store_kind kind, const struct json *record);

/* Answer with the list `member` that holds what is shown of `record`. */
void elbv2_answer_one(struct call *call, const char *member, const struct json *record);

/* Is there one among `found` whose `member` is that text? */
bool elbv2_has(const struct json *found, const char *member, struct view wanted);

/* Is there one among `found` for each text of `wanted` (which may be NULL) as its `member`? Texts may come twice. */
bool elbv2_has_all(const struct json *found, const char *member, const struct json *wanted);

/*
 * Answer with the page of `items` (consumed; in order of the member `key`, an ARN) that PageSize and Marker ask for, as the list
 * `member`, with NextMarker. 0 or CALL_FAILED.
 */
int elbv2_answer_page(struct call *call, const char *member, struct json *items, const char *key)
	__attribute__((warn_unused_result));

/* The input's Tags into a new record; authorized as AddTags is. 0 or CALL_FAILED. */
int elbv2_take_tags(struct call *call, struct json *record, const char *arn) __attribute__((warn_unused_result));

/* --- target groups ------------------------------------------------------------------------------------------------------------ */

/* Write into each target group to which load balancers its listeners belong now, if others than before: after listeners have changed. */
void elbv2_groups_follow(struct call *call);

/* --- attributes --------------------------------------------------------------------------------------------------------------- */

/* The value of an attribute of a load balancer, listener or target group, as it was set or by default; never NULL. */
const char *elbv2_attribute(enum store_kind kind, const struct json *record, const char *key);

#endif
