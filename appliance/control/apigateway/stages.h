/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stages: what deployments do to stages. All of these store the stage. 0 or CALL_FAILED.
 *
 * Threads: the operations thread.
 */
#ifndef POSTERN_CONTROL_STAGES_H
#define POSTERN_CONTROL_STAGES_H

#include "appliance/base/json.h"
#include "appliance/control/call.h"

/* Make the stage that the input names, with the settings that the input has. */
int stage_create(struct call *call, const char *deployment_id, const char *description);

/* Put another deployment on an existing stage, with the variables and settings of the input. */
int stage_move(struct call *call, struct json *stage, const char *deployment_id);

/* What of the API's own settings acts as soon as a stage is changed: disableExecuteApiEndpoint. */
void stage_refresh(struct call *call, struct json *stage);

/* Put a deployment on an existing stage as its canary. */
int stage_put_canary(struct call *call, struct json *stage, const char *deployment_id, const struct json *settings);

#endif
