/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/iam/offline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/assert.h"
#include "appliance/base/clock.h"
#include "appliance/control/acm/certificates.h"
#include "appliance/control/first_start.h"
#include "appliance/control/iam/access_keys.h"
#include "appliance/control/iam/identity.h"
#include "appliance/control/iam/last_used.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"

/* As much of a control as operations on records need. */
struct offline {
	struct control *control;
	struct store_identity identity; /* its settings point here */
};

static void offline_close(struct offline *offline)
{
	identities_forget(offline->control);
	last_used_fini(offline->control);
	store_close(offline->control->store);
	seal_key_fini(&offline->control->key);
	free(offline->control);
}

/* Nothing is made that is not there: neither a store nor a key. */
static int read_facts(struct offline *offline)
{
	char path[CONTROL_PATH_MAX_BYTES];
	struct control *control = offline->control;
	int error;

	control_path(control, "secret.key", path);
	if (access(path, R_OK) != 0)
		return -errno;
	error = first_start_key(control);
	if (error < 0)
		return error;
	control_path(control, "store.db", path);
	error = store_open_reader(&control->store, path, NULL);
	if (error < 0)
		return error;
	offline->identity = *store_identity(control->store);
	control->settings.account_id = offline->identity.account_id;
	control->settings.region = offline->identity.region;
	return 0;
}

static int offline_open(struct offline *offline, const char *state_dir)
{
	int error;

	offline->control = calloc(1, sizeof *offline->control);
	ASSERT(offline->control);
	offline->control->settings.state_dir = state_dir;
	offline->control->settings.audit_log_fd = offline->control->settings.wake_fd = -1;
	error = read_facts(offline);
	if (error < 0)
		offline_close(offline);
	return error;
}

static int reopen_to_write(struct offline *offline)
{
	char path[CONTROL_PATH_MAX_BYTES];

	store_close(offline->control->store);
	offline->control->store = NULL;
	control_path(offline->control, "store.db", path);
	return store_open(&offline->control->store, path, &offline->identity, NULL);
}

/* The first active key of the list that opens. */
static bool find_key(struct call *call, const struct json *keys, const char *id_member, struct arena *arena,
	const char **ret_id, struct view *ret_secret)
{
	JSON_EACH(key, keys)
	{
		const char *id = json_find_c_string(key, id_member);

		if (access_key_is_active(key) && id &&
			certificate_open_sealed(ret_secret, &call->control->key, id,
				json_find_text(json_find(key, "postern"), "sealedSecret"), arena) == 0) {
			*ret_id = arena_text(arena, view_from_text(id));
			return true;
		}
	}
	return false;
}

int offline_root_key(struct arena *arena, const char *state_dir, const char **ret_id, struct view *ret_secret)
{
	const struct call_request nothing = { .received_wall_ms = clock_wall_ms() };
	struct json *own, *others;
	struct offline offline;
	struct call call;
	int error = offline_open(&offline, state_dir);

	if (error < 0)
		return error;
	call_init(&call, offline.control, &nothing);
	own = record_list(&call, STORE_accesskey, NULL);
	others = record_list(&call, STORE_iamaccesskey, control_account(offline.control));
	if (!find_key(&call, own, "accessKeyId", arena, ret_id, ret_secret) &&
		!find_key(&call, others, "AccessKeyId", arena, ret_id, ret_secret))
		error = call.store_error < 0 ? call.store_error : -ENOENT;
	json_free(own);
	json_free(others);
	call_fini(&call);
	offline_close(&offline);
	return error;
}

/* The operation in a transaction, as dispatch.c does it, but with nobody to tell. */
static int carry_out(struct call *call)
{
	struct store *store = call->control->store;
	int error = store_begin(store);

	if (error < 0)
		return error;
	error = call->operation->handle(call);
	if (call->store_error < 0)
		error = call->store_error;
	if (error == 0)
		return store_commit(store, NULL);
	store_rollback(store);
	return error;
}

int offline_credentials(const char *state_dir, const char *operation, const struct json *input, const char *maker,
	struct json **ret, char *message, size_t message_bytes)
{
	const struct call_request nothing = { .received_wall_ms = clock_wall_ms() };
	struct offline offline;
	struct call call;
	int error = offline_open(&offline, state_dir);

	if (error < 0)
		return error;
	error = reopen_to_write(&offline);
	if (error < 0) {
		offline_close(&offline);
		return error;
	}
	call_init(&call, offline.control, &nothing);
	call.service = &services[SERVICE_postern];
	call.operation = operation_find(SERVICE_postern, view_from_text(operation));
	ASSERT(call.operation);
	call.principal_arn = maker;
	json_merge(call.input, input);
	error = carry_out(&call);
	if (error == 0) {
		*ret = json_copy(call.output);
	} else if (call.error_code) {
		snprintf(message, message_bytes, "%s", call.error_message);
		error = -EINVAL;
	}
	call_fini(&call);
	offline_close(&offline);
	return error;
}
