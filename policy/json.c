/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "policy/json.h"
#include "policy/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	const char *bytes;
	size_t count, at;
	struct policy_json *nodes;
	size_t node_count;
	char *strings; /* where the next decoded string goes; room for all of them was made */
	enum policy_rule rule;
	unsigned depth;
};

static bool fail(struct reader *reader, enum policy_rule rule)
{
	reader->rule = rule;
	return false;
}

static void skip_space(struct reader *reader)
{
	while (reader->at < reader->count && strchr(" \t\r\n", reader->bytes[reader->at]) && reader->bytes[reader->at])
		reader->at++;
}

static bool next_is(const struct reader *reader, char byte)
{
	return reader->at < reader->count && reader->bytes[reader->at] == byte;
}

/* Length of the UTF-8 sequence at the reader's place, 0 if it is not well-formed (Unicode table 3-7). */
static size_t utf8_length(const struct reader *reader)
{
	const unsigned char *at = (const unsigned char *)reader->bytes + reader->at;
	size_t left = reader->count - reader->at;
	unsigned char low = 0x80, high = 0xbf;
	size_t length;

	if (at[0] < 0x80)
		return 1;
	if (at[0] < 0xc2 || at[0] > 0xf4)
		return 0;
	length = at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
	if (left < length)
		return 0;
	if (at[0] == 0xe0)
		low = 0xa0;
	else if (at[0] == 0xed)
		high = 0x9f;
	else if (at[0] == 0xf0)
		low = 0x90;
	else if (at[0] == 0xf4)
		high = 0x8f;
	if (at[1] < low || at[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

/* Four hexadecimal digits at the reader's place; -1 if there are none. */
static int32_t take_hex4(struct reader *reader)
{
	int32_t value = 0;

	if (reader->count - reader->at < 4)
		return -1;
	for (unsigned i = 0; i < 4; i++) {
		int digit = policy_text_hex_digit(reader->bytes[reader->at + i]);

		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	reader->at += 4;
	return value;
}

static void put_utf8(struct reader *reader, uint32_t code)
{
	char *out = reader->strings;

	if (code < 0x80) {
		*out++ = (char)code;
	} else if (code < 0x800) {
		*out++ = (char)(0xc0 | code >> 6);
		*out++ = (char)(0x80 | (code & 0x3f));
	} else if (code < 0x10000) {
		*out++ = (char)(0xe0 | code >> 12);
		*out++ = (char)(0x80 | (code >> 6 & 0x3f));
		*out++ = (char)(0x80 | (code & 0x3f));
	} else {
		*out++ = (char)(0xf0 | code >> 18);
		*out++ = (char)(0x80 | (code >> 12 & 0x3f));
		*out++ = (char)(0x80 | (code >> 6 & 0x3f));
		*out++ = (char)(0x80 | (code & 0x3f));
	}
	reader->strings = out;
}

/* \uXXXX, the reader standing behind the u: a character of the basic plane or a pair of surrogates. */
static bool take_unicode_escape(struct reader *reader)
{
	int32_t code = take_hex4(reader);
	int32_t low;

	if (code < 0)
		return fail(reader, POLICY_RULE_SYNTAX);
	if (code == 0 || (code >= 0xdc00 && code <= 0xdfff))
		return fail(reader, POLICY_RULE_TEXT_ENCODING);
	if (code >= 0xd800 && code <= 0xdbff) {
		if (reader->count - reader->at < 6 || reader->bytes[reader->at] != '\\' ||
			reader->bytes[reader->at + 1] != 'u')
			return fail(reader, POLICY_RULE_TEXT_ENCODING);
		reader->at += 2;
		low = take_hex4(reader);
		if (low < 0xdc00 || low > 0xdfff)
			return fail(reader, POLICY_RULE_TEXT_ENCODING);
		code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
	}
	put_utf8(reader, (uint32_t)code);
	return true;
}

static bool take_escape(struct reader *reader)
{
	static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	const char *found;
	char name;

	if (reader->at == reader->count)
		return fail(reader, POLICY_RULE_SYNTAX);
	name = reader->bytes[reader->at];
	if (name == 'u') {
		reader->at++;
		return take_unicode_escape(reader);
	}
	found = name ? strchr(names, name) : NULL;
	if (!found)
		return fail(reader, POLICY_RULE_SYNTAX);
	reader->at++;
	*reader->strings++ = meanings[found - names];
	return true;
}

static bool take_string(struct reader *reader, struct policy_text *ret)
{
	char *start = reader->strings;

	if (!next_is(reader, '"'))
		return fail(reader, POLICY_RULE_SYNTAX);
	reader->at++;
	while (!next_is(reader, '"')) {
		size_t length;

		if (reader->at == reader->count || (unsigned char)reader->bytes[reader->at] < 0x20)
			return fail(reader, POLICY_RULE_SYNTAX);
		if (reader->bytes[reader->at] == '\\') {
			reader->at++;
			if (!take_escape(reader))
				return false;
			continue;
		}
		length = utf8_length(reader);
		if (!length)
			return fail(reader, POLICY_RULE_TEXT_ENCODING);
		memcpy(reader->strings, reader->bytes + reader->at, length);
		reader->strings += length;
		reader->at += length;
	}
	reader->at++;
	*ret = (struct policy_text){ .bytes = start, .count = (size_t)(reader->strings - start) };
	return true;
}

static size_t take_digits(struct reader *reader)
{
	size_t start = reader->at;

	while (reader->at < reader->count && reader->bytes[reader->at] >= '0' && reader->bytes[reader->at] <= '9')
		reader->at++;
	return reader->at - start;
}

static bool take_number_syntax(struct reader *reader)
{
	if (next_is(reader, '-'))
		reader->at++;
	if (next_is(reader, '0'))
		reader->at++;
	else if (!take_digits(reader))
		return false;
	if (next_is(reader, '.')) {
		reader->at++;
		if (!take_digits(reader))
			return false;
	}
	if (next_is(reader, 'e') || next_is(reader, 'E')) {
		reader->at++;
		if (next_is(reader, '+') || next_is(reader, '-'))
			reader->at++;
		if (!take_digits(reader))
			return false;
	}
	return true;
}

/* Numbers and the words true, false and null keep their text. */
static bool take_scalar(struct reader *reader, struct policy_json *node)
{
	static const struct {
		const char *word;
		enum policy_json_type type;
	} words[] = { { "true", POLICY_JSON_BOOLEAN }, { "false", POLICY_JSON_BOOLEAN }, { "null", POLICY_JSON_NULL } };
	size_t start = reader->at, count;

	node->type = POLICY_JSON_NUMBER;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		count = strlen(words[i].word);
		if (reader->count - reader->at >= count && memcmp(reader->bytes + start, words[i].word, count) == 0) {
			node->type = words[i].type;
			reader->at += count;
		}
	}
	if (node->type == POLICY_JSON_NUMBER && !take_number_syntax(reader))
		return fail(reader, POLICY_RULE_SYNTAX);
	count = reader->at - start;
	node->text =
		(struct policy_text){ .bytes = memcpy(reader->strings, reader->bytes + start, count), .count = count };
	reader->strings += count;
	return true;
}

static bool take_value(struct reader *reader, struct policy_json *node);

static bool is_duplicate(const struct policy_json *object, const struct policy_json *member)
{
	for (const struct policy_json *other = object->first; other && other != member; other = other->next)
		if (policy_text_equal(other->name, member->name))
			return true;
	return false;
}

static bool take_member_name(struct reader *reader, const struct policy_json *object, struct policy_json *member)
{
	member->name_offset = reader->at;
	if (!take_string(reader, &member->name))
		return false;
	if (object->count >= POLICY_JSON_MEMBERS_MAX) {
		reader->at = member->name_offset;
		return fail(reader, POLICY_RULE_INPUT_TOO_LARGE);
	}
	if (is_duplicate(object, member)) {
		reader->at = member->name_offset;
		return fail(reader, POLICY_RULE_DUPLICATE_MEMBER);
	}
	skip_space(reader);
	if (!next_is(reader, ':'))
		return fail(reader, POLICY_RULE_SYNTAX);
	reader->at++;
	skip_space(reader);
	return true;
}

/* An array or an object, the reader standing on its opening bracket. */
static bool take_container(struct reader *reader, struct policy_json *node)
{
	bool object = reader->bytes[reader->at] == '{';
	char close = object ? '}' : ']';
	const struct policy_json **link = &node->first;

	node->type = object ? POLICY_JSON_OBJECT : POLICY_JSON_ARRAY;
	if (reader->depth == POLICY_JSON_DEPTH_MAX)
		return fail(reader, POLICY_RULE_TOO_DEEP);
	reader->depth++;
	reader->at++;
	skip_space(reader);
	for (bool first = true; !next_is(reader, close); first = false) {
		struct policy_json *child;

		if (!first) {
			if (!next_is(reader, ','))
				return fail(reader, POLICY_RULE_SYNTAX);
			reader->at++;
			skip_space(reader);
		}
		if (reader->at == reader->count)
			return fail(reader, POLICY_RULE_SYNTAX);
		child = &reader->nodes[reader->node_count++];
		*link = child;
		link = &child->next;
		if ((object && !take_member_name(reader, node, child)) || !take_value(reader, child))
			return false;
		node->count++;
		skip_space(reader);
	}
	reader->at++;
	reader->depth--;
	return true;
}

static bool take_value(struct reader *reader, struct policy_json *node)
{
	node->offset = reader->at;
	if (reader->at == reader->count)
		return fail(reader, POLICY_RULE_SYNTAX);
	switch (reader->bytes[reader->at]) {
	case '{':
	case '[':
		return take_container(reader, node);
	case '"':
		node->type = POLICY_JSON_STRING;
		return take_string(reader, &node->text);
	default:
		return take_scalar(reader, node);
	}
}

/* An upper bound: the root, and one value behind each opening bracket and each comma, in strings or not. */
static size_t count_values(struct policy_text text)
{
	size_t count = 1;

	for (size_t i = 0; i < text.count; i++)
		if (text.bytes[i] == ',' || text.bytes[i] == '[' || text.bytes[i] == '{')
			count++;
	return count;
}

int policy_json_read(struct policy_json **ret, struct policy_text text, enum policy_rule *ret_rule, size_t *ret_offset)
{
	struct reader reader = { .bytes = text.bytes, .count = text.count };
	size_t node_bytes;

	*ret_offset = 0;
	if (text.count > POLICY_TEXT_MAX_BYTES) {
		*ret_rule = POLICY_RULE_INPUT_TOO_LARGE;
		return -EINVAL;
	}
	node_bytes = count_values(text) * sizeof *reader.nodes;
	/* A decoded string is never longer than its source, and each starts with its own opening quote. */
	reader.nodes = calloc(1, node_bytes + text.count + 1);
	if (!reader.nodes)
		return -ENOMEM;
	reader.strings = (char *)reader.nodes + node_bytes;
	reader.node_count = 1;
	skip_space(&reader);
	if (take_value(&reader, &reader.nodes[0])) {
		skip_space(&reader);
		if (reader.at == reader.count) {
			*ret = reader.nodes;
			return 0;
		}
		reader.rule = POLICY_RULE_SYNTAX;
	}
	*ret_rule = reader.rule;
	*ret_offset = reader.at;
	free(reader.nodes);
	return -EINVAL;
}

const struct policy_json *policy_json_member(const struct policy_json *object, const char *name)
{
	for (const struct policy_json *member = object->first; member; member = member->next)
		if (policy_text_equal(member->name, policy_text_of(name)))
			return member;
	return NULL;
}
