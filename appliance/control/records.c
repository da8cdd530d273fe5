/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/records.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/log.h"
#include "appliance/control/authorize.h"
#include "appliance/control/iam/identity.h"
#include "appliance/control/state.h"

/* A record may be larger than the payload limit of the data plane: a deployment holds a whole API. */
static const struct json_limits record_limits = {
	.max_bytes = STORE_BODY_MAX_BYTES,
	.max_depth = JSON_MAX_DEPTH,
	.max_values = 8 * JSON_MAX_VALUES,
};

void record_error(struct call *call, int error)
{
	if (error < 0 && call->store_error == 0)
		call->store_error = error;
}

static struct json *parse_body(struct call *call, const struct store_record *record)
{
	struct json *body = NULL;
	int error = json_parse(view_from(record->body, record->body_bytes), &record_limits, &body, NULL);

	if (error < 0) {
		log_error("a record of the store can't be read", LOG_TEXT("kind", store_kind_name(record->kind)),
			LOG_TEXT("id", record->id), LOG_ERRNO(error));
		record_error(call, -EUCLEAN);
	}
	return body;
}

struct json *record_find(struct call *call, enum store_kind kind, const char *id)
{
	struct store_record record;
	struct json *body;
	int error = store_get(call->control->store, kind, id, &record);

	if (error < 0) {
		if (error != -ENOENT)
			record_error(call, error);
		return NULL;
	}
	body = parse_body(call, &record);
	store_record_fini(&record);
	return body;
}

int record_need(struct call *call, enum store_kind kind, const char *id, const char *message, struct json **ret)
{
	*ret = record_find(call, kind, id);
	return *ret ? 0 : call_fail(call, "NotFoundException", "%s", message);
}

bool record_exists(struct call *call, enum store_kind kind, const char *id)
{
	int result = store_exists(call->control->store, kind, id);

	record_error(call, result);
	return result == 1;
}

/* Do source filters follow from records of this kind? */
static bool makes_filters(enum store_kind kind)
{
	switch (kind) {
	case STORE_stage:
	case STORE_deployment:
	case STORE_vpcendpoint:
	case STORE_domainname:
	case STORE_basepathmapping:
	case STORE_domainaccess:
	case STORE_securitygroup:
		return true;
	default:
		return false;
	}
}

static void note_written(struct call *call, enum store_kind kind, int error)
{
	if (error == 0 && makes_filters(kind))
		call->filters_stale = true;
	if (error == 0 && identity_follows(kind))
		call->identities_stale = true;
	record_error(call, error);
}

void record_put(struct call *call, enum store_kind kind, const char *id, const char *parent, const struct json *body)
{
	char *text = json_print_text(body);
	struct store_record old;
	bool is_known = store_get(call->control->store, kind, id, &old) == 0;

	/* What does not change keeps its revision, and no reader builds it anew. */
	if (!is_known || strcmp(old.body, text) != 0 || strcmp(old.parent, parent ? parent : "") != 0) {
		authorize_change(call, kind, is_known ? old.body : NULL, body);
		note_written(call, kind, store_put(call->control->store, kind, id, parent, text, strlen(text)));
	}
	if (is_known)
		store_record_fini(&old);
	free(text);
}

void record_delete(struct call *call, enum store_kind kind, const char *id)
{
	int error = store_delete(call->control->store, kind, id);

	if (error != -ENOENT)
		note_written(call, kind, error);
}

void record_delete_children(struct call *call, enum store_kind kind, const char *parent)
{
	note_written(call, kind, store_delete_children(call->control->store, kind, parent));
}

struct listing {
	struct call *call;
	struct json *array;
	bool is_bare; /* without "postern" */
};

static int add_to_list(void *context, const struct store_record *record)
{
	struct listing *listing = context;
	struct json *body = parse_body(listing->call, record);

	if (body && listing->is_bare)
		(void)json_remove(body, "postern");
	if (body)
		json_append(listing->array, body);
	return 0;
}

static struct json *list(struct call *call, enum store_kind kind, const char *parent, bool is_bare)
{
	struct listing listing = { .call = call, .array = json_array_new(), .is_bare = is_bare };

	record_error(call, store_each(call->control->store, kind, parent, add_to_list, &listing));
	return listing.array;
}

struct json *record_list(struct call *call, enum store_kind kind, const char *parent)
{
	return list(call, kind, parent, false);
}

struct json *record_list_bare(struct call *call, enum store_kind kind, const char *parent)
{
	return list(call, kind, parent, true);
}

uint64_t record_count(struct call *call, enum store_kind kind)
{
	uint64_t count = 0;

	record_error(call, store_count(call->control->store, kind, NULL, &count));
	return count;
}

const char *record_new_id(struct call *call, enum store_kind kind, const char *prefix, size_t count)
{
	char id[64];

	do {
		random_lower_alnum(id, count);
	} while (record_exists(call, kind, call_text(call, "%s%s", prefix, id)) && call->store_error == 0);
	return call_text(call, "%s", id);
}
