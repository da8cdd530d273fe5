/* SPDX-License-Identifier: GPL-3.0-or-later */
/* json_parse(): tokens of the scanner become a tree. No recursion: the container at hand is the tree's own parent link. */
#include <errno.h>

#include "appliance/base/assert.h"
#include "appliance/base/json_tree.h"

static struct json *value_of_text(struct arena *fixed, struct view raw, bool escaped, struct buffer *scratch)
{
	if (!escaped)
		return json_tree_value(fixed, JSON_TEXT, raw, false);
	buffer_reset(scratch);
	json_unescape(scratch, raw);
	ASSERT(!buffer_error(scratch));
	return json_tree_value(fixed, JSON_TEXT, buffer_view(scratch), false);
}

static struct json *value_of(struct arena *fixed, const struct json_token *token, struct buffer *scratch)
{
	const struct view none = view_of("");

	switch (token->type) {
	case JSON_TOKEN_OBJECT_BEGIN:
		return json_tree_value(fixed, JSON_OBJECT, none, false);
	case JSON_TOKEN_ARRAY_BEGIN:
		return json_tree_value(fixed, JSON_ARRAY, none, false);
	case JSON_TOKEN_TEXT:
		return value_of_text(fixed, token->raw, token->escaped, scratch);
	case JSON_TOKEN_NUMBER:
		return json_tree_value(fixed, JSON_NUMBER, token->raw, false);
	case JSON_TOKEN_TRUE:
		return json_tree_value(fixed, JSON_BOOL, none, true);
	case JSON_TOKEN_FALSE:
		return json_tree_value(fixed, JSON_BOOL, none, false);
	case JSON_TOKEN_NULL:
		return json_tree_value(fixed, JSON_NULL, none, false);
	default:
		ASSERT_UNREACHABLE();
	}
}

/* `*ret_root` is the tree, or as much of it as there was before an error; NULL if that is nothing. */
static int parse(struct arena *fixed, struct view text, const struct json_limits *limits, struct json **ret_root,
	struct json_error *ret_error)
{
	struct json *root = NULL, *container = NULL, *value;
	struct json_scanner scanner;
	struct json_token token;
	struct buffer scratch, name;
	int error;

	json_scanner_init(&scanner, text, limits);
	buffer_init(&scratch, text.count);
	buffer_init(&name, text.count);
	while ((error = json_scanner_next(&scanner, &token)) == 0 && token.type != JSON_TOKEN_END) {
		if (token.type == JSON_TOKEN_NAME) {
			buffer_reset(&name);
			json_unescape(&name, token.raw);
			ASSERT(!buffer_error(&name));
			continue;
		}
		if (token.type == JSON_TOKEN_OBJECT_END || token.type == JSON_TOKEN_ARRAY_END) {
			container = json_parent(container);
			continue;
		}
		value = value_of(fixed, &token, &scratch);
		json_place_set(value, token.line, token.column);
		if (!container)
			root = value;
		else
			json_tree_add(container, buffer_view(&name), value); /* the scanner has refused duplicates */
		if (json_is_object(value) || json_is_array(value))
			container = value;
	}
	if (ret_error)
		*ret_error = scanner.error;
	buffer_fini(&scratch);
	buffer_fini(&name);
	json_scanner_fini(&scanner);
	*ret_root = root;
	return error;
}

int json_parse(struct view text, const struct json_limits *limits, struct json **ret, struct json_error *ret_error)
{
	struct json *root;
	int error = parse(NULL, text, limits, &root, ret_error);

	if (error)
		json_free(root);
	else
		*ret = root;
	return error;
}

int json_parse_fixed(
	struct view text, const struct json_limits *limits, struct json **ret, struct json_error *ret_error)
{
	struct arena *fixed = json_tree_begin();
	struct json *root;
	int error;

	ASSERT(fixed && "out of memory");
	error = parse(fixed, text, limits, &root, ret_error);
	if (error)
		json_tree_end(fixed);
	else
		*ret = root;
	return error;
}
