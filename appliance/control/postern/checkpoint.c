/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Postern's own operations on checkpoints: begin, look, confirm, take back. */
#include <errno.h>
#include <string.h>

#include "appliance/control/checkpoint.h"
#include "appliance/control/machine.h"
#include "appliance/control/operations.h"
#include "appliance/control/state.h"

static bool is_open(const struct call *call)
{
	return call->control->checkpoint.state == CHECKPOINT_OPEN;
}

static int fail_without(struct call *call)
{
	return call_fail(call, "NotFoundException",
		"No checkpoint is open. (GetCheckpoint, `postern system checkpoint --show`, tells how the last one "
		"ended.)");
}

int op_begin_checkpoint(struct call *call)
{
	int64_t seconds = json_find_integer(call->input, "confirmWithinSeconds", CHECKPOINT_DEFAULT_S);
	int error;

	if (seconds < CHECKPOINT_MIN_S || seconds > CHECKPOINT_MAX_S)
		return call_fail(call, "BadRequestException", "confirmWithinSeconds must be from %d to %d",
			CHECKPOINT_MIN_S, CHECKPOINT_MAX_S);
	if (is_open(call))
		return call_fail(call, "ConflictException",
			"A checkpoint is open already: confirm it or take its changes back first.");
	error = checkpoint_begin(call->control, (uint64_t)seconds, call->principal_arn);
	if (error == 0)
		checkpoint_describe(call->control, call->output);
	return error;
}

int op_get_checkpoint(struct call *call)
{
	checkpoint_describe(call->control, call->output);
	return 0;
}

/* Settings of the appliance on trial are confirmed by the same call. */
int op_confirm_checkpoint(struct call *call)
{
	bool were_on_trial = false;
	int error = machine_confirm(call->control, &were_on_trial);

	if (error < 0)
		return call_fail(call, "ServiceUnavailableException",
			"The appliance's settings on trial can't be confirmed: %s", strerror(-error));
	if (were_on_trial)
		json_set_bool(call->output, "settingsConfirmed", true);
	if (!is_open(call) && were_on_trial) {
		checkpoint_describe(call->control, call->output);
		return 0;
	}
	if (!is_open(call))
		return fail_without(call);
	if (checkpoint_is_over(call->control))
		return call_fail(call, "ConflictException",
			"The time to confirm is over: what was changed is being taken back.");
	error = checkpoint_confirm(call->control);
	if (error == 0)
		checkpoint_describe(call->control, call->output);
	return error;
}

int op_rollback_checkpoint(struct call *call)
{
	return is_open(call) ? checkpoint_undo(call) : fail_without(call);
}
