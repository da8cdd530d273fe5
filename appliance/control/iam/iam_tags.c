/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/iam/iam_tags.h"

#include "appliance/control/iam/entities.h"

/* Source: IAM User Guide, "Rules for tagging in IAM and AWS STS". */
enum { TAGS_MAX = 50, KEY_MAX_CHARACTERS = 128, VALUE_MAX_CHARACTERS = 256 };

#define CHARACTERS "_.:/=+-@ "
#define PATTERN "Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+"

/* Letters, digits and blanks of any script are beyond ASCII; ASCII has these. */
static bool characters_fit(struct view text)
{
	for (size_t i = 0; i < text.count; i++) {
		char byte = view_lower_byte(text.at[i]);
		bool fits = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || (byte & 0x80) ||
			    view_find_byte(view_of(CHARACTERS), byte) != VIEW_NOWHERE;

		if (!fits)
			return false;
	}
	return true;
}

static int check_part(struct call *call, size_t index, const char *part, struct view text, size_t max)
{
	const char *member = call_text(call, "tags.%zu.member.%s", index, part);

	if (view_character_count(text) > max)
		return entity_violates(
			call, member, call_text(call, "Member must have length less than or equal to %zu", max));
	return characters_fit(text) ? 0 : entity_violates(call, member, PATTERN);
}

static bool is_key(const struct json *tag, struct view key, enum iam_tags_case keys)
{
	struct view own = json_find_text(tag, "Key");

	return keys == IAM_TAGS_OF_ANY_CASE ? view_equals_ignore_case(own, key) : view_equals(own, key);
}

static struct json *find_tag(const struct json *tags, struct view key, enum iam_tags_case keys)
{
	JSON_EACH(tag, tags)
	if (is_key(tag, key, keys))
		return tag;
	return NULL;
}

static void remove_tag(struct json *tags, struct view key, enum iam_tags_case keys)
{
	for (size_t i = json_count(tags); i-- > 0;)
		if (is_key(json_at(tags, i), key, keys))
			(void)json_remove_at(tags, i);
}

static int check(struct call *call, const struct json *tags, enum iam_tags_case keys)
{
	size_t index = 0;

	if (json_count(tags) > TAGS_MAX)
		return entity_violates(
			call, "tags", call_text(call, "Member must have length less than or equal to %d", TAGS_MAX));
	JSON_EACH(tag, tags)
	{
		struct view key = json_find_text(tag, "Key");
		const char *member = call_text(call, "tags.%zu.member.key", ++index);

		if (!key.at)
			return entity_violates(call, member, "Member must not be null");
		if (key.count == 0)
			return entity_violates(call, member, "Member must have length greater than or equal to 1");
		if (check_part(call, index, "key", key, KEY_MAX_CHARACTERS) < 0 ||
			check_part(call, index, "value", json_find_text(tag, "Value"), VALUE_MAX_CHARACTERS) < 0)
			return CALL_FAILED;
		if (view_starts_with_ignore_case(key, view_of("aws:")))
			return call_fail(
				call, "InvalidInput", "Keys starting with aws: are reserved for internal use.");
		if (find_tag(tags, key, keys) != tag)
			return call_fail(call, "InvalidInput", "Duplicate tag keys found.%s",
				keys == IAM_TAGS_OF_ANY_CASE ? " Please note that Tag keys are case insensitive." : "");
	}
	return 0;
}

static void put(struct json *list, const struct json *tag, enum iam_tags_case keys)
{
	struct view key = json_find_text(tag, "Key");
	struct json *added;
	size_t place = 0;

	remove_tag(list, key, keys);
	while (place < json_count(list) && view_compare(json_find_text(json_at(list, place), "Key"), key) < 0)
		place++;
	added = json_object_new();
	json_set_text(added, "Key", key);
	json_set_text(added, "Value", json_find_text(tag, "Value"));
	json_insert(list, place, added);
}

int iam_tags_take(struct call *call, struct json *record, enum iam_tags_case keys)
{
	const struct json *tags = json_find(call->input, "Tags");

	if (check(call, tags, keys) < 0)
		return CALL_FAILED;
	JSON_EACH(tag, tags)
	put(json_ensure_array(record, "Tags"), tag, keys);
	if (json_count(json_find(record, "Tags")) > TAGS_MAX)
		return call_fail(call, "LimitExceeded", "The number of tags has reached the maximum limit.");
	return 0;
}

void iam_tags_remove(struct call *call, struct json *record, enum iam_tags_case keys)
{
	struct json *list = json_find(record, "Tags");

	JSON_EACH(key, json_find(call->input, "TagKeys"))
	remove_tag(list, json_text(key), keys);
	if (json_count(list) == 0)
		(void)json_remove(record, "Tags");
}

int iam_tags_list(struct call *call, const struct json *record)
{
	const struct json *tags = json_find(record, "Tags");

	return entity_list(call, "Tags", tags ? json_copy(tags) : json_array_new(), "Key");
}
