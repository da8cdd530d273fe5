/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * usage_plans: what the operations on usage plans, their keys and their usage share.
 *
 * A plan names stages ("apiStages": apiId, stage, throttle of methods) and has keys: a record of kind usageplankey each. No
 * key is in two plans that name the same stage: which of them counts would be open.
 *
 * Trees are the caller's to free. Threads: the operations thread.
 */
#ifndef POSTERN_CONTROL_APIGATEWAY_USAGE_PLANS_H
#define POSTERN_CONTROL_APIGATEWAY_USAGE_PLANS_H

#include <stdbool.h>

#include "appliance/base/json.h"
#include "appliance/base/table.h"
#include "appliance/base/view.h"
#include "appliance/control/call.h"

/* The UsagePlan named by usagePlanId; 0, or CALL_FAILED with 404 `Invalid Usage Plan ID specified`. */
int usage_plan_find(struct call *call, struct json **ret);

/* The plan of that id among `plans`, or NULL. */
struct json *usage_plan_in(const struct json *plans, struct view id);

/* Put `plans` into an empty table by their ids: for whoever looks up many. They must live as long as it. */
void usage_plans_index(struct table *table, const struct json *plans);

/* --- rules (usage_plan_rules.c) -------------------------------------------------------------------------------------------- */

/* Are name, throttles and quota of a plan, as it would be stored, in order? 0 or CALL_FAILED. */
int usage_plan_check(struct call *call, const struct json *plan) __attribute__((warn_unused_result));

/* Are there no more throttles of methods than a stage of a plan may have? Before each of them is looked at. 0 or CALL_FAILED. */
int usage_plan_check_throttle_count(struct call *call, const struct json *throttles)
	__attribute__((warn_unused_result));

/* Is "/pets/GET" a method of the API? 0, or CALL_FAILED with 404. The API's resources are read once a call. */
int usage_plan_check_method(struct call *call, const char *api_id, struct view key) __attribute__((warn_unused_result));

/* The plan's entry for a stage and its index, or NULL. `ret_index` may be NULL. */
struct json *usage_plan_stage(const struct json *plan, struct view api_id, struct view stage, size_t *ret_index);

/* Add an entry for a stage, and return it. */
struct json *usage_plan_add_stage(struct json *plan, struct view api_id, struct view stage);

/* No plan names the stage any more, or (NULL) any stage of the API. */
void usage_plans_drop_stage(struct call *call, const char *api_id, const char *stage);

/* --- keys (usage_plan_keys.c) ---------------------------------------------------------------------------------------------- */

/* "plan id/key id". */
const char *usage_plan_key_id(struct call *call, const char *plan_id, const char *key_id);

bool usage_plan_has_key(struct call *call, const char *plan_id, const char *key_id);

/*
 * Why a key that is in the plans `members` (an array of ids; NULL: in none) can't be in the `wanted` ones too, or NULL. `plans` are
 * all there are, by id. `*ret_code` is the error's code.
 */
const char *usage_plan_key_fault(struct call *call, const struct table *plans, const struct json *members,
	const struct json *wanted, const char **ret_code);

/*
 * Would a plan, as it is going to be stored, name a stage that another plan with one of its keys names? 0, or CALL_FAILED with
 * 409.
 */
int usage_plan_check_stages(struct call *call, const struct json *plan) __attribute__((warn_unused_result));

/* The key is in the plan from now on. */
void usage_plan_key_put(struct call *call, const char *plan_id, const char *key_id);

/* The key is in no plan any more. */
void usage_plans_drop_key(struct call *call, const char *key_id);

#endif
