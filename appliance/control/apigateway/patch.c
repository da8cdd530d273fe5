/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/apigateway/patch.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "appliance/base/assert.h"

/* One part of the path with ~1 as '/' and ~0 as '~'. */
static const char *part_of(struct call *call, struct view part)
{
	char *text = arena_alloc(&call->arena, part.count + 1);
	size_t count = 0;

	ASSERT(text);
	for (size_t i = 0; i < part.count; i++) {
		if (part.at[i] == '~' && i + 1 < part.count && (part.at[i + 1] == '0' || part.at[i + 1] == '1'))
			text[count++] = part.at[++i] == '1' ? '/' : '~';
		else
			text[count++] = part.at[i];
	}
	text[count] = '\0';
	return text;
}

static enum patch_op op_of(const char *name)
{
	static const char *const names[] = { "add", "remove", "replace", "copy", "move", "test" };

	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		if (strcmp(names[i], name) == 0)
			return (enum patch_op)i;
	return PATCH_TEST;
}

static int parse(struct call *call, const struct json *item, struct patch *ret)
{
	struct view rest, part;

	*ret = (struct patch){
		.op_name = json_find_c_string(item, "op"),
		.path = json_find_c_string(item, "path"),
		.from = json_find_c_string(item, "from"),
		.value = json_find_c_string(item, "value"),
	};
	for (size_t i = 0; i < PATCH_PARTS_MAX; i++)
		ret->parts[i] = "";
	if (!ret->op_name)
		return call_fail(call, "BadRequestException",
			"Invalid patch operation specified. Must be 'add'|'remove'|'replace'");
	ret->op = op_of(ret->op_name);
	if (!ret->path)
		return call_fail(call, "BadRequestException", "Invalid patch path null");
	rest = view_from_text(ret->path);
	if (rest.count == 0 || rest.at[0] != '/')
		return patch_invalid_path(call, ret);
	rest = view_after(rest, 1);
	while (view_split(&rest, '/', &part)) {
		if (ret->part_count == PATCH_PARTS_MAX)
			return patch_invalid_path(call, ret);
		ret->parts[ret->part_count++] = part_of(call, part);
	}
	return 0;
}

int patch_apply(struct call *call, struct json *target, patcher *apply)
{
	if (json_count(json_find(call->input, "patchOperations")) > PATCH_OPERATIONS_MAX)
		return call_fail(call, "BadRequestException", "A request can have at most %d patch operations",
			PATCH_OPERATIONS_MAX);
	JSON_EACH(item, json_find(call->input, "patchOperations"))
	{
		struct patch patch;
		int error = parse(call, item, &patch);

		if (error == 0)
			error = apply(call, &patch, target);
		if (error < 0)
			return error;
	}
	return 0;
}

bool patch_is(const struct patch *patch, const char *name)
{
	return patch->part_count == 1 && strcmp(patch->parts[0], name) == 0;
}

int patch_invalid_path(struct call *call, const struct patch *patch)
{
	return call_fail(call, "BadRequestException", "Invalid patch path %s", patch->path ? patch->path : "null");
}

int patch_invalid_listed(struct call *call, const struct patch *patch, const char *paths)
{
	if (paths)
		return call_fail(call, "BadRequestException",
			"Invalid patch path  '%s' specified for op '%s'. Must be one of: [%s]", patch->path,
			patch->op_name, paths);
	return call_fail(call, "BadRequestException",
		"Invalid patch path  '%s' specified for op '%s'. Please choose supported operations", patch->path,
		patch->op_name);
}

void patch_text(struct json *target, const char *member, const struct patch *patch)
{
	if (patch->op == PATCH_REMOVE || !patch->value)
		(void)json_remove(target, member);
	else
		json_set_c_string(target, member, patch->value);
}

void patch_number(struct json *target, const char *member, const struct patch *patch)
{
	struct json *number = NULL;

	if (patch->value && json_parse(view_from_text(patch->value), NULL, &number, NULL) == 0 &&
		json_is_number(number)) {
		json_set(target, member, number);
		return;
	}
	json_free(number);
	json_set_c_string(target, member, patch->value ? patch->value : "");
}

void patch_bool(struct json *target, const char *member, const struct patch *patch)
{
	json_set_bool(target, member, patch->value && strcasecmp(patch->value, "true") == 0);
}

void patch_map(struct json *map, const struct patch *patch)
{
	if (patch->op == PATCH_REMOVE)
		(void)json_remove(map, patch->parts[1]);
	else
		json_set_c_string(map, patch->parts[1], patch->value ? patch->value : "");
}

void patch_bool_map(struct json *map, const struct patch *patch)
{
	if (patch->op == PATCH_REMOVE)
		(void)json_remove(map, patch->parts[1]);
	else
		json_set_bool(map, patch->parts[1], patch->value && strcasecmp(patch->value, "true") == 0);
}

long patch_list_index(const struct json *list, const char *text)
{
	for (size_t i = 0; i < json_count(list); i++)
		if (view_equals_text(json_text(json_at(list, i)), text))
			return (long)i;
	return -1;
}

void patch_list(struct json *list, const struct patch *patch, const char *item)
{
	long index = patch_list_index(list, item);

	if (patch->op == PATCH_REMOVE && index >= 0)
		(void)json_remove_at(list, (size_t)index);
	else if (patch->op != PATCH_REMOVE && index < 0)
		json_append_text(list, view_from_text(item));
}
