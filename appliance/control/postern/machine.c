/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Postern's own operations on the appliance of the image: how it stands, updates, settings on trial, a restart. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/control/checkpoint.h"
#include "appliance/control/machine.h"
#include "appliance/control/operations.h"
#include "appliance/control/state.h"

static const char *const update_states[] = { [SYSTEM_UPDATE_NONE] = "none",
	[SYSTEM_UPDATE_SCANNING] = "looking",
	[SYSTEM_UPDATE_RECEIVING] = "receiving",
	[SYSTEM_UPDATE_VERIFYING] = "verifying",
	[SYSTEM_UPDATE_RESTARTING] = "restarting" };

/* Texts of the daemon: it has them from root's hand alone, but a console line may hold any byte. */
static void set_text(struct json *object, const char *name, const char *text)
{
	if (text[0] && view_is_utf8(view_from_text(text)))
		json_set_c_string(object, name, text);
}

static void describe_update(struct json *output, const struct system_status *now)
{
	struct json *update = json_ensure_object(output, "update"), *missing;

	json_set_c_string(update, "state", update_states[now->update_state]);
	set_text(update, "failure", now->update_failure);
	if (now->update_state == SYSTEM_UPDATE_NONE)
		return;
	set_text(update, "version", now->update_version);
	json_set_integer(update, "chunks", now->update_chunks);
	json_set_integer(update, "done", now->update_done);
	if (now->update_state != SYSTEM_UPDATE_RECEIVING)
		return;
	missing = json_ensure_array(update, "missing");
	for (uint32_t i = 0; i < now->update_chunks; i++)
		if (now->update_missing[i / 8] & 1u << i % 8)
			json_append(missing, json_integer_new(i));
}

static void describe_settings(struct json *output, const struct system_status *now)
{
	struct json *settings = json_ensure_object(output, "settings");

	json_set_c_string(settings, "from", now->settings_are_stored ? "appliance" : "userData");
	json_set_bool(settings, "onTrial", now->settings_are_on_trial != 0);
	if (now->settings_are_on_trial)
		json_set_integer(settings, "confirmSeconds", now->settings_confirm_s);
	if (now->settings_rest_s)
		json_set_integer(settings, "secondsLeft", now->settings_rest_s);
	set_text(settings, "last", now->last_settings);
}

static void describe(struct json *output, const struct system_status *now)
{
	set_text(output, "slot", now->slot);
	set_text(output, "bootId", now->boot);
	set_text(output, "version", now->version);
	json_set_bool(output, "good", now->is_good != 0);
	if (now->is_good)
		json_set_integer(output, "goodAfterMs", now->good_after_ms);
	set_text(output, "failing", now->failing);
	json_set_integer(output, "tries", now->tries);
	json_set_bool(output, "onTrial", now->update_is_on_trial != 0);
	if (now->trial_rest_s)
		json_set_integer(output, "trialSecondsLeft", now->trial_rest_s);
	set_text(output, "startedBecause", now->started_because);
	json_set_c_string(output, "otherSlot", now->other_slot == SYSTEM_OTHER_USABLE ? "usable" : "unusable");
	set_text(output, "lastUpdate", now->last_update);
	describe_update(output, now);
	describe_settings(output, now);
}

/* The call, and how things are after it. */
static int order(struct call *call, enum system_verb verb, const void *body, const void *data, size_t data_bytes)
{
	struct system_reply *reply = calloc(1, sizeof *reply);
	int error;

	ASSERT(reply);
	error = machine_call(call, verb, body, data, data_bytes, reply);
	if (error == 0)
		describe(call->output, &reply->now);
	free(reply);
	return error;
}

int op_get_system(struct call *call)
{
	int error = order(call, SYSTEM_STATUS, NULL, NULL, 0);

	/* Changes on trial are of interest to whoever asks what is. */
	if (error == 0)
		checkpoint_describe(call->control, json_ensure_object(call->output, "checkpoint"));
	return error;
}

int op_begin_system_update(struct call *call)
{
	const struct system_update_begin begin = { .allows_older = json_find_bool(call->input, "allowOlder", false) };
	struct view head = call->request.body;

	if (head.count == 0 || head.count > UPDATE_HEAD_MAX_BYTES)
		return call_fail(call, "BadRequestException", "The body must be the head of an update file");
	return order(call, SYSTEM_UPDATE_BEGIN, &begin, head.at, head.count);
}

int op_put_system_update_chunk(struct call *call)
{
	struct system_update_chunk chunk = { .index = 0 };
	const char *index = call_input(call, "index");
	struct view bytes = call->request.body;
	uint64_t number = 0;

	if (!index || view_parse_u64(view_from_text(index), UPDATE_CHUNKS_MAX - 1, &number) < 0)
		return call_fail(call, "BadRequestException", "index must be from 0 to %u", UPDATE_CHUNKS_MAX - 1);
	if (bytes.count == 0 || bytes.count > UPDATE_CHUNK_BYTES)
		return call_fail(call, "BadRequestException", "The body must be a chunk of the update file");
	chunk.index = (uint32_t)number;
	return order(call, SYSTEM_UPDATE_CHUNK, &chunk, bytes.at, bytes.count);
}

int op_finish_system_update(struct call *call)
{
	return order(call, SYSTEM_UPDATE_FINISH, NULL, NULL, 0);
}

int op_cancel_system_update(struct call *call)
{
	return order(call, SYSTEM_UPDATE_CANCEL, NULL, NULL, 0);
}

int op_put_system_settings(struct call *call)
{
	struct view settings = json_find_text(call->input, "settings"),
		    network = json_find_text(call->input, "networkConfig");
	int64_t seconds = json_find_integer(call->input, "confirmSeconds", 0);
	struct system_settings body = { .confirm_s = 0 };
	char *data;
	int error;

	if (seconds != 0 && (seconds < SYSTEM_CONFIRM_MIN_S || seconds > SYSTEM_CONFIRM_MAX_S))
		return call_fail(call, "BadRequestException",
			"confirmSeconds must be from %d to %d, or 0: a good start is confirmation enough",
			SYSTEM_CONFIRM_MIN_S, SYSTEM_CONFIRM_MAX_S);
	if (settings.count == 0 || settings.count > SYSTEM_SETTINGS_MAX_BYTES ||
		network.count > SYSTEM_NETWORK_MAX_BYTES)
		return call_fail(call, "BadRequestException",
			"settings must have 1 to %u bytes, networkConfig at most %u", SYSTEM_SETTINGS_MAX_BYTES,
			SYSTEM_NETWORK_MAX_BYTES);
	body.settings_bytes = (uint32_t)settings.count;
	body.network_bytes = (uint32_t)network.count;
	body.confirm_s = (uint32_t)seconds;
	data = malloc(settings.count + network.count);
	ASSERT(data);
	memcpy(data, settings.at, settings.count);
	if (network.count)
		memcpy(data + settings.count, network.at, network.count);
	error = order(call, SYSTEM_SETTINGS, &body, data, settings.count + network.count);
	free(data);
	return error;
}

int op_restart_system(struct call *call)
{
	return order(call, SYSTEM_RESTART, NULL, NULL, 0);
}
