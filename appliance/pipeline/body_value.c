/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/pipeline/body_value.h"

#include <errno.h>

#include "appliance/base/json_value.h"
#include "appliance/mapping/json_path.h"

/* What a mapping may give: what a header section could hold, with room. */
#define VALUE_MAX_BYTES 65536

static const struct json_value empty_object = { .kind = JSON_VALUE_OBJECT };

/* The document that `body` is. */
static int parse(struct arena *arena, struct view body, const struct json_value **ret)
{
	struct view trimmed = view_trim_set(body, " \t\r\n");
	struct json_value *root;
	int error;

	*ret = &empty_object;
	if (trimmed.count == 0 ||
		(trimmed.at[0] != '{' && trimmed.at[0] != '[' && trimmed.at[0] != '"' && trimmed.at[0] != '\''))
		return 0;
	root = ARENA_NEW(arena, struct json_value);
	if (!root)
		return -ENOMEM;
	error = json_value_parse(arena, body, NULL, root, NULL);
	if (error)
		return error == -ENOMEM ? error : -EBADMSG;
	*ret = root;
	return 0;
}

static int print(struct arena *arena, const struct json_path_result *found, struct view *ret)
{
	struct buffer text;

	buffer_init_arena(&text, arena, VALUE_MAX_BYTES);
	if (!found->definite) {
		buffer_append_byte(&text, '[');
		for (size_t i = 0; i < found->count; i++) {
			if (i > 0)
				buffer_append_byte(&text, ',');
			json_value_write(&text, found->values[i]);
		}
		buffer_append_byte(&text, ']');
	} else {
		switch (json_value_kind(found->first)) {
		case JSON_VALUE_NULL:
			return 0;
		case JSON_VALUE_TEXT:
		case JSON_VALUE_INTEGER:
		case JSON_VALUE_DECIMAL:
			*ret = json_value_text(found->first);
			return 0;
		default:
			json_value_write(&text, found->first);
		}
	}
	if (buffer_error(&text))
		return buffer_error(&text) == -ENOMEM ? -ENOMEM : -E2BIG;
	*ret = buffer_view(&text);
	return 0;
}

static int find(struct pipeline *p, const struct json_path *path, const struct json_value *root, struct view *ret)
{
	struct json_path_result found;
	int error = json_path_find(path, root, &p->exchange->arena, p->worker->patterns, &found);

	return error ? error : print(&p->exchange->arena, &found, ret);
}

int body_value_request(struct pipeline *p, const struct mapping_parameter *mapping, struct view *ret)
{
	int error = 0;

	*ret = (struct view){ 0 };
	if (!p->request_json)
		error = parse(&p->exchange->arena, p->mapped_body, &p->request_json);
	if (error)
		return error;
	if (mapping->path)
		return find(p, mapping->path, p->request_json, ret);
	*ret = p->mapped_body.count > 0 ? p->mapped_body : view_of("{}");
	return 0;
}

/* A function's errorMessage may be JSON again: what lies behind it is looked for in there. */
static int find_in_message(struct pipeline *p, struct view path_text, struct view *ret)
{
	const struct json_value *message = json_value_find(p->answer_json, view_of("errorMessage")), *root;
	const struct json_path *path;
	struct view name, rest;
	int error;

	if (!json_value_is_text(message) || !view_cut(path_text, '.', &name, &rest) ||
		!view_equals_text(name, "errorMessage"))
		return 0;
	error = parse(&p->exchange->arena, json_value_text(message), &root);
	if (!error)
		error = json_path_compile(&path, &p->exchange->arena, rest, NULL);
	/* A message that only looks like JSON is a text, in which there is nothing to find. */
	return error ? (error == -ENOMEM ? error : 0) : find(p, path, root, ret);
}

int body_value_answer(struct pipeline *p, const struct mapping_parameter *mapping, struct view *ret)
{
	int error = 0;

	*ret = (struct view){ 0 };
	if (!p->answer_json)
		error = parse(&p->exchange->arena, p->answer.body, &p->answer_json);
	if (error)
		return error;
	if (!mapping->path) {
		*ret = p->answer.body;
		return 0;
	}
	error = find(p, mapping->path, p->answer_json, ret);
	return error || ret->at ? error : find_in_message(p, mapping->source_text, ret);
}
