/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/model/context.h"

#include "appliance/base/assert.h"

static const struct {
	struct view path;
	enum context_kind kind;
} rows[CONTEXT_COUNT] = {
#define ALWAYS(NAME, path) { VIEW_INIT(path), CONTEXT_IS_ALWAYS },
#define PRESENT(NAME, path) { VIEW_INIT(path), CONTEXT_IS_PRESENT },
#define GROUP(NAME, path) { VIEW_INIT(path), CONTEXT_IS_GROUP },
#include "appliance/model/context.def"
};

struct view context_path(int slot)
{
	ASSERT(slot >= 0 && slot < CONTEXT_COUNT);
	return rows[slot].path;
}

enum context_kind context_kind(int slot)
{
	ASSERT(slot >= 0 && slot < CONTEXT_COUNT);
	return rows[slot].kind;
}

int context_slot(struct view path)
{
	for (int i = 0; i < CONTEXT_COUNT; i++) {
		if (view_equals(rows[i].path, path))
			return i;
	}
	return -1;
}

int context_next(struct view path, int from, struct view *ret_name)
{
	for (int i = from; i < CONTEXT_COUNT; i++) {
		struct view name = rows[i].path;

		if (path.count > 0) {
			if (name.count <= path.count + 1 || !view_starts_with(name, path) || name.at[path.count] != '.')
				continue;
			name = view_after(name, path.count + 1);
		}
		if (view_find_byte(name, '.') != VIEW_NOWHERE)
			continue;
		*ret_name = name;
		return i;
	}
	return -1;
}
