/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stage_rules: what must hold of a stage as a whole, whichever operation changed it.
 *
 * Threads: the operations thread.
 * Source: API Gateway API Reference, CreateStage; spec/control-plane.md 8.2, 8.3 and 10.
 */
#ifndef POSTERN_CONTROL_STAGE_RULES_H
#define POSTERN_CONTROL_STAGE_RULES_H

#include "appliance/base/json.h"
#include "appliance/control/call.h"

/* Variables, canary, access log format. 0 or CALL_FAILED. */
int stage_check(struct call *call, const struct json *stage) __attribute__((warn_unused_result));

/* Is there the version of the documentation that the stage names? To be asked when it is named. 0 or CALL_FAILED. */
int stage_check_documentation(struct call *call, const struct json *stage) __attribute__((warn_unused_result));

/*
 * Set the stage's canary: `wanted` are settings as a request has them (NULL: none), `deployment_id` the canary's deployment
 * where they name none; what neither says is AWS's default.
 */
struct json *stage_set_canary(struct json *stage, const struct json *wanted, const struct json *deployment_id);

#endif
