/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes: up to the first NUL a JSONPath, behind it a document. What compiles is run over what parses: a definite path finds at most
 * one value, both of two runs find the same, and what they find is of the document or made of its members.
 */
#include <errno.h>
#include <stdint.h>

#include "appliance/base/assert.h"
#include "appliance/base/pattern.h"
#include "appliance/mapping/json_path.h"

#define ARENA_MAX_BYTES ((size_t)64 << 20)

static struct pattern_scratch *patterns;

static void find_twice(const struct json_path *path, const struct json_value *document, struct arena *arena)
{
	struct json_path_result found, again;
	int result = json_path_find(path, document, arena, patterns, &found);

	ASSERT(result == 0 || result == -E2BIG || result == -ENOMEM);
	if (result)
		return;
	ASSERT(!json_path_is_definite(path) || found.definite);
	ASSERT(!found.definite || found.count <= 1);
	ASSERT((found.count == 0) == (found.first == NULL));
	result = json_path_find(path, document, arena, NULL, &again);
	if (result)
		return;
	ASSERT(again.definite == found.definite && again.count <= found.count);
	for (size_t i = 0; i < found.count; i++)
		ASSERT(found.values[i] != NULL);
	for (size_t i = 0; again.count == found.count && i < found.count; i++)
		ASSERT(json_value_kind(again.values[i]) == json_value_kind(found.values[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view input = view_from(data, size), text, json;
	struct json_path_error error = { 0 };
	const struct json_path *path;
	struct json_value document;
	struct arena arena;
	int result;

	if (!patterns)
		patterns = pattern_scratch_new();
	ASSERT(patterns);
	if (!view_cut(input, '\0', &text, &json))
		json = view_of("{\"a\":[1,{\"b\":\"x\"}]}");
	arena_init(&arena, NULL, ARENA_MAX_BYTES);
	result = json_path_compile(&path, &arena, text, &error);
	ASSERT(result == 0 || result == -EINVAL || result == -EMSGSIZE);
	ASSERT(result != -EINVAL || error.rule);
	if (result == 0 && json_value_parse(&arena, json, NULL, &document, NULL) == 0)
		find_twice(path, &document, &arena);
	arena_fini(&arena);
	return 0;
}
