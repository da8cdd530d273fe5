/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/apigateway/patch_rows.h"

#include <string.h>

#include "appliance/base/assert.h"

static bool row_fits(const struct patch_row *row, const struct patch *patch)
{
	struct view rest = view_after(view_from_text(row->path), 1), part;
	size_t count = 0;

	for (; view_split(&rest, '/', &part); count++) {
		if (count == patch->part_count)
			return false;
		if (view_equals_text(part, "*") ? !*patch->parts[count] : !view_equals_text(part, patch->parts[count]))
			return false;
	}
	return count == patch->part_count;
}

static int refuse_operation(struct call *call, unsigned ops)
{
	static const char *const names[] = {
		[PATCH_ADD] = "add", [PATCH_REMOVE] = "remove", [PATCH_REPLACE] = "replace"
	};
	const char *list = "";

	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		if (ops & PATCH_ON(i))
			list = call_text(call, "%s%s%s", list, *list ? ", " : "", names[i]);
	return call_fail(call, "BadRequestException", "Invalid patch operation specified. Must be one of: [%s]", list);
}

int patch_by_rows(struct call *call, const struct patch *patch, struct json *target, const struct patch_row *rows,
	size_t row_count)
{
	for (size_t i = 0; i < row_count; i++) {
		if (!row_fits(&rows[i], patch))
			continue;
		if (!(rows[i].ops & PATCH_ON(patch->op)))
			return refuse_operation(call, rows[i].ops);
		return rows[i].apply(call, patch, target);
	}
	return patch_invalid_path(call, patch);
}

int patch_by_listed_rows(struct call *call, const struct patch *patch, struct json *target,
	const struct patch_row *rows, size_t row_count)
{
	const char *paths = "";

	for (size_t i = 0; i < row_count; i++) {
		if (!(rows[i].ops & PATCH_ON(patch->op)))
			continue;
		if (row_fits(&rows[i], patch))
			return rows[i].apply(call, patch, target);
		paths = call_text(call, "%s%s%s", paths, *paths ? ", " : "", rows[i].path);
	}
	return patch_invalid_listed(call, patch, *paths ? paths : NULL);
}

/* The object that the member named by the last part lies in. */
static struct json *container(const struct patch *patch, struct json *target)
{
	for (size_t i = 0; i + 1 < patch->part_count; i++)
		target = json_ensure_object(target, patch->parts[i]);
	return target;
}

static const char *member(const struct patch *patch)
{
	return patch->parts[patch->part_count - 1];
}

int patch_set_text(struct call *call, const struct patch *patch, struct json *target)
{
	(void)call;
	patch_text(container(patch, target), member(patch), patch);
	return 0;
}

int patch_set_or_unset(struct call *call, const struct patch *patch, struct json *target)
{
	if (!patch->value || *patch->value)
		return patch_set_text(call, patch, target);
	(void)json_remove(container(patch, target), member(patch));
	return 0;
}

int patch_set_number(struct call *call, const struct patch *patch, struct json *target)
{
	(void)call;
	patch_number(container(patch, target), member(patch), patch);
	return 0;
}

int patch_set_bool(struct call *call, const struct patch *patch, struct json *target)
{
	(void)call;
	patch_bool(container(patch, target), member(patch), patch);
	return 0;
}

/* The map that an entry is put into or taken from; NULL if there is nothing to take from. */
static struct json *map_of(const struct patch *patch, struct json *target)
{
	if (patch->op == PATCH_REMOVE)
		return json_find(target, patch->parts[0]);
	return json_ensure_object(target, patch->parts[0]);
}

int patch_set_entry(struct call *call, const struct patch *patch, struct json *target)
{
	struct json *map = map_of(patch, target);

	(void)call;
	if (map)
		patch_map(map, patch);
	return 0;
}

int patch_set_bool_entry(struct call *call, const struct patch *patch, struct json *target)
{
	struct json *map = map_of(patch, target);

	(void)call;
	if (map)
		patch_bool_map(map, patch);
	return 0;
}

int patch_check_enumeration(struct call *call, const struct patch *patch, const char *name, const char *enumeration)
{
	struct view rest = view_from_text(enumeration), one;

	while (view_split(&rest, ',', &one))
		if (patch->value && view_equals_text(view_trim(one), patch->value))
			return 0;
	return call_fail(call, "BadRequestException", "Invalid %s specified. Valid options are %s", name, enumeration);
}
