/* SPDX-License-Identifier: GPL-3.0-or-later */
/* json_parse(): tokens of the scanner become a tree. No recursion: the container at hand is the tree's own parent link. */
#include <errno.h>

#include "appliance/base/assert.h"
#include "appliance/base/json.h"

static struct json *value_of_text(struct view raw, bool escaped, struct buffer *scratch)
{
	if (!escaped)
		return json_text_new(raw);
	buffer_reset(scratch);
	json_unescape(scratch, raw);
	ASSERT(!buffer_error(scratch));
	return json_text_new(buffer_view(scratch));
}

static struct json *value_of(const struct json_token *token, struct buffer *scratch)
{
	switch (token->type) {
	case JSON_TOKEN_OBJECT_BEGIN:
		return json_object_new();
	case JSON_TOKEN_ARRAY_BEGIN:
		return json_array_new();
	case JSON_TOKEN_TEXT:
		return value_of_text(token->raw, token->escaped, scratch);
	case JSON_TOKEN_NUMBER:
		return json_number_new(token->raw);
	case JSON_TOKEN_TRUE:
		return json_bool_new(true);
	case JSON_TOKEN_FALSE:
		return json_bool_new(false);
	case JSON_TOKEN_NULL:
		return json_null_new();
	default:
		ASSERT_UNREACHABLE();
	}
}

int json_parse(struct view text, const struct json_limits *limits, struct json **ret, struct json_error *ret_error)
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
		value = value_of(&token, &scratch);
		json_place_set(value, token.line, token.column);
		if (!container)
			root = value;
		else if (json_is_object(container))
			json_add_unchecked(
				container, buffer_view(&name), value); /* the scanner has refused duplicates */
		else
			json_append(container, value);
		if (json_is_object(value) || json_is_array(value))
			container = value;
	}
	if (ret_error)
		*ret_error = scanner.error;
	buffer_fini(&scratch);
	buffer_fini(&name);
	json_scanner_fini(&scanner);
	if (error) {
		json_free(root);
		return error;
	}
	*ret = root;
	return 0;
}
