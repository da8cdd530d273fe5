/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/iam/entities.h"

#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/base/clock.h"
#include "appliance/base/random.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"
#include "appliance/crypto/base64.h"

enum { ID_RANDOM_CHARS = 17, PATH_MAX_CHARACTERS = 512, ITEMS_DEFAULT = 100, ITEMS_MAX = 1000 };

#define LETTERS_AND_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

int entity_violates(struct call *call, const char *member, const char *constraint)
{
	return call_fail(call, "ValidationError",
		"1 validation error detected: Value at '%s' failed to satisfy constraint: %s", member, constraint);
}

static int check_length(struct call *call, const char *member, const char *text, size_t max)
{
	if (strlen(text) > max)
		return entity_violates(
			call, member, call_text(call, "Member must have length less than or equal to %zu", max));
	if (!*text)
		return entity_violates(call, member, "Member must have length greater than or equal to 1");
	return 0;
}

int entity_check_name(struct call *call, const char *member, const char *name)
{
	bool of_policy = strcmp(member, "policyName") == 0;

	if (check_length(call, member, name, of_policy ? ENTITY_POLICY_NAME_MAX : ENTITY_USER_NAME_MAX) < 0)
		return CALL_FAILED;
	if (name[strspn(name, LETTERS_AND_DIGITS "_+=,.@-")])
		return call_fail(call, "ValidationError",
			"The specified value for %s is invalid. It must contain only alphanumeric characters and/or "
			"the "
			"following: +=,.@_-",
			member);
	return 0;
}

int entity_check_path(struct call *call, const char *member, const char *path)
{
	size_t count;

	if (!path)
		return 0;
	if (check_length(call, member, path, PATH_MAX_CHARACTERS) < 0)
		return CALL_FAILED;
	count = strlen(path);
	for (size_t i = 0; i < count; i++)
		if (path[i] <= ' ' || path[i] > '~' || path[0] != '/' || path[count - 1] != '/' ||
			(i && path[i] == '/' && path[i - 1] == '/'))
			return call_fail(call, "ValidationError",
				"The specified value for %s is invalid. It must begin and end with / and contain only "
				"alphanumeric characters and/or / characters.",
				member);
	return 0;
}

int entity_check_one_of(struct call *call, const char *member, const char *value, const char *values)
{
	struct view rest = view_from_text(values), one;

	while (value && view_split(&rest, ',', &one))
		if (view_equals_text(view_trim(one), value))
			return 0;
	return value ? entity_violates(
			       call, member, call_text(call, "Member must satisfy enum value set: [%s]", values))
		     : 0;
}

int entity_over_quota(struct call *call, const char *quota, unsigned limit)
{
	return call_fail(call, "LimitExceeded", "Cannot exceed quota for %s: %u", quota, limit);
}

const char *entity_lower(struct call *call, const char *name)
{
	char *lower = arena_alloc_zero(&call->arena, strlen(name) + 1);

	ASSERT(lower);
	for (size_t i = 0; name[i]; i++)
		lower[i] = view_lower_byte(name[i]);
	return lower;
}

const char *entity_new_id(struct call *call, enum store_kind kind, const char *prefix)
{
	char random[ID_RANDOM_CHARS + 1];
	const char *id;

	do {
		random_upper_alnum(random, ID_RANDOM_CHARS);
		id = call_text(call, "%s%s", prefix, random);
	} while (record_exists(call, kind, id) && call->store_error == 0);
	return id;
}

const char *entity_arn(struct call *call, const char *type, const char *path, const char *name)
{
	return call_text(call, "arn:aws:iam::%s:%s%s%s", control_account(call->control), type, path ? path : "/", name);
}

struct json *entity_now(const struct call *call)
{
	char text[CLOCK_TEXT_MAX_BYTES];

	return json_text_new(view_from(text, clock_write_iso(text, call->request.received_wall_ms)));
}

static int count_one(void *context, const struct store_record *record)
{
	(void)record;
	++*(size_t *)context;
	return 0;
}

size_t entity_count(struct call *call, enum store_kind kind, const char *parent)
{
	size_t count = 0;

	record_error(call, store_each(call->control->store, kind, parent, count_one, &count));
	return count;
}

struct json *entity_below(struct call *call, struct json *items)
{
	const char *prefix = call_input(call, "PathPrefix");
	struct json *found = json_array_new();

	while (json_count(items)) {
		struct json *item = json_take_at(items, json_count(items) - 1);

		if (!prefix || view_starts_with(json_find_text(item, "Path"), view_from_text(prefix)))
			json_append(found, item);
		else
			json_free(item);
	}
	json_free(items);
	return found;
}

/* --- lists ------------------------------------------------------------------------------------------------------------------------------ */

static struct view key_of(const struct json *item, const char *key)
{
	return json_is_text(item) ? json_text(item) : json_find_text(item, key ? key : "VersionId");
}

static int compare(const void *left, const void *right, void *key)
{
	return view_compare(key_of(*(struct json *const *)left, key), key_of(*(struct json *const *)right, key));
}

/* The items in order of their keys, by way of an array: there may be thousands. */
static void put_in_order(struct json *items, const char *key)
{
	size_t count = json_count(items);
	struct json **sorted = calloc(count + 1, sizeof *sorted);

	ASSERT(sorted);
	for (size_t i = 0; i < count; i++)
		sorted[i] = json_take_at(items, count - 1 - i);
	qsort_r(sorted, count, sizeof *sorted, compare, (void *)(uintptr_t)key);
	for (size_t i = 0; i < count; i++)
		json_append(items, sorted[i]);
	free(sorted);
}

/* Markers are base64 of the last item's key. */
static const char *marker_of(struct call *call, struct view key)
{
	char *text = arena_alloc_zero(&call->arena, BASE64_CHARS(key.count) + 1);

	ASSERT(text);
	base64_encode(text, key.at, key.count);
	return text;
}

/* Index behind the item that the marker names; the list may have lost it meanwhile. -1: it is none. */
static long index_behind(struct call *call, const struct json *items, const char *key, const char *marker)
{
	for (size_t i = 0; i < json_count(items); i++)
		if (strcmp(marker_of(call, key_of(json_at(items, i), key)), marker) == 0)
			return (long)i + 1;
	return -1;
}

static int check_count(struct call *call, int64_t count)
{
	if (count > ITEMS_MAX)
		return entity_violates(call, "maxItems", "Member must have value less than or equal to 1000");
	if (count < 1)
		return entity_violates(call, "maxItems", "Member must have value greater than or equal to 1");
	return 0;
}

int entity_list(struct call *call, const char *member, struct json *items, const char *key)
{
	int64_t count = json_find_integer(call->input, "MaxItems", ITEMS_DEFAULT);
	const char *marker = call_input(call, "Marker");
	struct json *list = json_ensure_array(call->output, member);
	bool is_truncated;
	long start;

	if (key || json_is_text(json_at(items, 0)))
		put_in_order(items, key);
	start = marker ? index_behind(call, items, key, marker) : 0;
	if (check_count(call, count) < 0 ||
		(start < 0 && call_fail(call, "ValidationError", "Invalid Marker: %s", marker) < 0)) {
		json_free(items);
		return CALL_FAILED;
	}
	is_truncated = (size_t)(start + count) < json_count(items);
	if (is_truncated)
		json_set_c_string(call->output, "Marker",
			marker_of(call, key_of(json_at(items, (size_t)(start + count) - 1), key)));
	for (int64_t i = 0; i < count && (size_t)start < json_count(items); i++)
		json_append(list, json_take_at(items, (size_t)start));
	json_set_bool(call->output, "IsTruncated", is_truncated);
	json_free(items);
	return 0;
}
