/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/store/store.h"

#include <errno.h>
#include <string.h>

static const char *const names[STORE_KIND_COUNT] = {
#define KIND(name, id, parent, text) [STORE_##name] = #name,
#include "appliance/store/kinds.def"
#undef KIND
};

const char *store_kind_name(enum store_kind kind)
{
	return (unsigned)kind < STORE_KIND_COUNT ? names[kind] : "unknown";
}

int store_kind_find(const char *name)
{
	for (int i = 0; i < STORE_KIND_COUNT; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -ENOENT;
}
