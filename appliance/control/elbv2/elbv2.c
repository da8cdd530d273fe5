/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/elbv2/elbv2.h"

#include <stdio.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"
#include "appliance/crypto/base64.h"

enum { NAME_MAX_CHARS = 32, PAGE_MAX = 400, ID_DIGITS = 16 };

#define LETTERS_DIGITS_HYPHEN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-"

/* --- checks -------------------------------------------------------------------------------------------------------------------- */

int elbv2_violates(struct call *call, const char *value, const char *member, const char *constraint)
{
	return call_fail(call, "ValidationError",
		"1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, member,
		constraint);
}

int elbv2_check_one_of(struct call *call, const char *member, const char *value, const char *values)
{
	struct view rest = view_from_text(values), one;

	if (!value)
		return 0;
	while (view_split(&rest, ',', &one))
		if (view_equals_text(view_trim(one), value))
			return 0;
	return elbv2_violates(call, value, member, call_text(call, "Member must satisfy enum value set: [%s]", values));
}

int elbv2_check_range(struct call *call, const char *member, int64_t min, int64_t max)
{
	int64_t value = json_find_integer(call->input, member, min);
	const char *shown = call_text(call, "%c%s", view_lower_byte(member[0]), member + 1);

	if (value > max)
		return elbv2_violates(call, call_text(call, "%lld", (long long)value), shown,
			call_text(call, "Member must have value less than or equal to %lld", (long long)max));
	if (value < min)
		return elbv2_violates(call, call_text(call, "%lld", (long long)value), shown,
			call_text(call, "Member must have value greater than or equal to %lld", (long long)min));
	return 0;
}

int elbv2_check_name(struct call *call, const char *what, const char *name)
{
	size_t count = strlen(name);

	if (count > NAME_MAX_CHARS)
		return call_fail(call, "ValidationError", "%s name '%s' cannot be longer than '%d' characters", what,
			name, NAME_MAX_CHARS);
	if (count == 0)
		return call_fail(call, "ValidationError", "%s name cannot be empty", what);
	if (name[strspn(name, LETTERS_DIGITS_HYPHEN)])
		return call_fail(call, "ValidationError",
			"%s name '%s' can only contain characters that are alphanumeric characters or hyphens(-)", what,
			name);
	if (name[0] == '-' || name[count - 1] == '-')
		return call_fail(call, "ValidationError", "%s name '%s' cannot begin or end with '-'", what, name);
	return 0;
}

/* --- records ------------------------------------------------------------------------------------------------------------------- */

static const struct {
	enum store_kind kind;
	const char *type;  /* within the ARN */
	const char *words; /* "… 'x' is not a valid load balancer ARN" */
	const char *code, *message, *arn_member;
} things[] = {
	{ STORE_loadbalancer, "loadbalancer/", "load balancer", "LoadBalancerNotFound",
		"One or more load balancers not found", "LoadBalancerArn" },
	{ STORE_listener, "listener/", "listener", "ListenerNotFound", "One or more listeners not found",
		"ListenerArn" },
	{ STORE_targetgroup, "targetgroup/", "target group", "TargetGroupNotFound",
		"One or more target groups not found", "TargetGroupArn" },
};

static size_t thing_of(enum store_kind kind)
{
	for (size_t i = 0; i < ARRAY_COUNT(things); i++)
		if (things[i].kind == kind)
			return i;
	ASSERT_UNREACHABLE();
}

const char *elbv2_new_arn(struct call *call, enum store_kind kind, const char *place)
{
	char id[ID_DIGITS + 1];
	const char *arn;

	do {
		random_hex(id, ID_DIGITS);
		arn = call_text(call, "arn:aws:elasticloadbalancing:%s:%s:%s/%s", control_region(call->control),
			control_account(call->control), place, id);
	} while (record_exists(call, kind, arn) && call->store_error == 0);
	return arn;
}

int elbv2_check_arn(struct call *call, enum store_kind kind, const char *arn)
{
	size_t thing = thing_of(kind);
	const char *start = call_text(call, "arn:aws:elasticloadbalancing:%s:%s:%s", control_region(call->control),
		control_account(call->control), things[thing].type);

	if (arn && strncmp(arn, start, strlen(start)) == 0)
		return 0;
	return call_fail(call, "ValidationError", "'%s' is not a valid %s ARN", arn ? arn : "", things[thing].words);
}

int elbv2_find(struct call *call, enum store_kind kind, const char *arn, struct json **ret)
{
	size_t thing = thing_of(kind);

	*ret = NULL;
	if (elbv2_check_arn(call, kind, arn) < 0)
		return CALL_FAILED;
	*ret = record_find(call, kind, arn);
	return *ret ? 0 : call_fail(call, things[thing].code, "%s", things[thing].message);
}

void elbv2_put(struct call *call, enum store_kind kind, const struct json *record)
{
	const char *arn = json_find_c_string(record, things[thing_of(kind)].arn_member);

	record_put(
		call, kind, arn, kind == STORE_listener ? json_find_c_string(record, "LoadBalancerArn") : NULL, record);
}

/* --- answers ------------------------------------------------------------------------------------------------------------------- */

static void append_shown(struct json *list, struct json *record)
{
	(void)json_remove(record, "postern");
	json_append(list, record);
}

void elbv2_answer_one(struct call *call, const char *member, const struct json *record)
{
	append_shown(json_ensure_array(call->output, member), json_copy(record));
}

/* Markers are base64 of the last item's ARN. */
static const char *marker_of(struct call *call, struct view key)
{
	char *text = arena_alloc_zero(&call->arena, BASE64_CHARS(key.count) + 1);

	ASSERT(text);
	base64_encode(text, key.at, key.count);
	return text;
}

/* Items before the page. -1: the marker is none. The last item of the page before may have gone meanwhile: they are in order. */
static long skipped_count(struct call *call, const struct json *items, const char *key, const char *marker)
{
	size_t chars = strlen(marker);
	uint8_t *bytes = arena_alloc(&call->arena, chars + 1);
	long count, skipped = 0;
	struct view last;

	ASSERT(bytes);
	count = base64_decode(bytes, view_from(marker, chars));
	if (count < 0)
		return -1;
	last = view_from((const char *)bytes, (size_t)count);
	if (!view_starts_with(last, view_of("arn:aws:elasticloadbalancing:")))
		return -1;
	while (skipped < (long)json_count(items) &&
		view_compare(json_find_text(json_at(items, (size_t)skipped), key), last) <= 0)
		skipped++;
	return skipped;
}

bool elbv2_has(const struct json *found, const char *member, struct view wanted)
{
	JSON_EACH(record, found)
	if (view_equals(json_find_text(record, member), wanted))
		return true;
	return false;
}

bool elbv2_has_all(const struct json *found, const char *member, const struct json *wanted)
{
	JSON_EACH(one, wanted)
	if (!elbv2_has(found, member, json_text(one)))
		return false;
	return true;
}

int elbv2_answer_page(struct call *call, const char *member, struct json *items, const char *key)
{
	int64_t count = json_find_integer(call->input, "PageSize", PAGE_MAX);
	const char *marker = call_input(call, "Marker");
	struct json *list = json_ensure_array(call->output, member);
	long first = marker ? skipped_count(call, items, key, marker) : 0;
	int error = elbv2_check_range(call, "PageSize", 1, PAGE_MAX);

	if (error == 0 && first < 0)
		error = call_fail(call, "ValidationError", "Invalid marker '%s'", marker);
	for (int64_t i = 0; error == 0 && i < count && (size_t)first < json_count(items); i++)
		append_shown(list, json_take_at(items, (size_t)first));
	if (error == 0 && (size_t)first < json_count(items))
		json_set_c_string(call->output, "NextMarker",
			marker_of(call, json_find_text(json_at(list, json_count(list) - 1), key)));
	json_free(items);
	return error;
}
