/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/iam/last_used.h"

#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/base/clock.h"
#include "appliance/base/log.h"
#include "appliance/control/iam/identity.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"

struct key_use {
	uint64_t written_s; /* when the store was told, or could not be; 0: not since the start */
	struct json *use;
	char key_id[];
};

static void key_use_free(struct key_use *use)
{
	json_free(use->use);
	free(use);
}

static struct key_use *find_or_add(struct control *control, const char *key_id)
{
	struct key_use *use = table_find(&control->key_uses, view_from_text(key_id));
	size_t bytes = strlen(key_id) + 1;

	if (use)
		return use;
	use = calloc(1, sizeof *use + bytes);
	ASSERT(use);
	memcpy(use->key_id, key_id, bytes);
	if (table_add(&control->key_uses, view_from_text(use->key_id), use) == 0)
		return use;
	free(use);
	return NULL;
}

/* Losing it is no harm: it is tried again after a while. */
static void write_use(struct call *call, const struct key_use *use)
{
	struct store *store = call->control->store;
	char *text = json_print_text(use->use);
	int error = store_begin(store);

	if (error == 0) {
		error = store_put(store, STORE_iamkeyuse, use->key_id, call->identity->user_id, text, strlen(text));
		if (error == 0)
			error = store_commit(store, NULL);
		else
			store_rollback(store);
	}
	free(text);
	if (error < 0)
		log_warning("the last use of an access key can't be kept", LOG_TEXT("access_key", use->key_id),
			LOG_ERRNO(error));
}

void last_used_note(struct call *call)
{
	struct key_use *use = call->identity ? find_or_add(call->control, call->access_key) : NULL;
	uint64_t now_s = call->request.received_wall_ms / 1000;
	char time[CLOCK_TEXT_MAX_BYTES];

	if (!use)
		return;
	json_free(use->use);
	use->use = json_object_new();
	json_set_text(use->use, "LastUsedDate", view_from(time, clock_write_iso(time, call->request.received_wall_ms)));
	json_set_c_string(use->use, "ServiceName", call->service->name);
	json_set_c_string(use->use, "Region", call->service->is_global ? "us-east-1" : control_region(call->control));
	if (now_s - use->written_s < LAST_USED_WRITE_S && now_s >= use->written_s)
		return;
	use->written_s = now_s;
	write_use(call, use);
}

void last_used_describe(struct call *call, const char *key_id, struct json *ret)
{
	const struct key_use *use = table_find(&call->control->key_uses, view_from_text(key_id));
	struct json JSON_CLEANUP *kept = use ? json_copy(use->use) : record_find(call, STORE_iamkeyuse, key_id);

	if (kept) {
		json_merge(ret, kept);
		return;
	}
	json_set_c_string(ret, "ServiceName", "N/A");
	json_set_c_string(ret, "Region", "N/A");
}

void last_used_forget(struct call *call, const char *key_id)
{
	struct key_use *use = table_take(&call->control->key_uses, view_from_text(key_id));

	if (use)
		key_use_free(use);
	record_delete(call, STORE_iamkeyuse, key_id);
}

void last_used_fini(struct control *control)
{
	struct key_use *use;
	size_t cursor = 0;

	while ((use = table_next(&control->key_uses, &cursor, NULL)))
		key_use_free(use);
	table_fini(&control->key_uses);
}
