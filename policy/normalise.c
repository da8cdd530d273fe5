/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The text that is stored and shown for a document: spec/policy.md 1 ("Returned form") and 1.4. */
#include "policy/compile.h"

#include <errno.h>
#include <stdlib.h>

#include "policy/text.h"

/* Counts always, writes while there is room: the same code measures and writes. */
struct writer {
	const struct policy_options *options;
	char *buffer;
	size_t room, count;
};

static void put(struct writer *writer, const char *bytes, size_t count)
{
	if (writer->buffer && count <= writer->room - writer->count)
		memcpy(writer->buffer + writer->count, bytes, count);
	writer->count += count;
}

static void put_text(struct writer *writer, struct policy_text text)
{
	put(writer, text.bytes, text.count);
}

static void put_byte(struct writer *writer, char byte)
{
	put(writer, &byte, 1);
}

/* The inside of a JSON string: only what RFC 8259 demands is escaped. */
static void put_escaped(struct writer *writer, struct policy_text text)
{
	static const char hex[] = "0123456789abcdef";
	static const char names[] = "\"\\bfnrt", meanings[] = "\"\\\b\f\n\r\t";

	for (size_t i = 0; i < text.count; i++) {
		unsigned char byte = (unsigned char)text.bytes[i];
		const char *found = byte ? strchr(meanings, byte) : NULL;

		if (found) {
			put_byte(writer, '\\');
			put_byte(writer, names[found - meanings]);
		} else if (byte < 0x20) {
			char escape[6] = { '\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15] };

			put(writer, escape, sizeof escape);
		} else {
			put_byte(writer, text.bytes[i]);
		}
	}
}

static void put_string(struct writer *writer, struct policy_text text)
{
	put_byte(writer, '"');
	put_escaped(writer, text);
	put_byte(writer, '"');
}

/* What a member means decides what may be done with its value. */
enum place {
	PLACE_DOCUMENT,
	PLACE_STATEMENTS,
	PLACE_STATEMENT,
	PLACE_PRINCIPAL,
	PLACE_CONDITION,
	PLACE_OPERATOR,
	PLACE_RESOURCES, /* a list that is collapsed, with shorthand */
	PLACE_VALUES,    /* a list that is collapsed */
	PLACE_OTHER,
};

static enum place place_of(enum place parent, struct policy_text name)
{
	static const struct {
		enum place parent, place;
		const char *name;
	} places[] = {
		{ PLACE_DOCUMENT, PLACE_STATEMENTS, "Statement" },
		{ PLACE_STATEMENT, PLACE_PRINCIPAL, "Principal" },
		{ PLACE_STATEMENT, PLACE_PRINCIPAL, "NotPrincipal" },
		{ PLACE_STATEMENT, PLACE_VALUES, "Action" },
		{ PLACE_STATEMENT, PLACE_VALUES, "NotAction" },
		{ PLACE_STATEMENT, PLACE_RESOURCES, "Resource" },
		{ PLACE_STATEMENT, PLACE_RESOURCES, "NotResource" },
		{ PLACE_STATEMENT, PLACE_CONDITION, "Condition" },
	};

	if (parent == PLACE_CONDITION)
		return PLACE_OPERATOR;
	if (parent == PLACE_OPERATOR || parent == PLACE_PRINCIPAL)
		return PLACE_VALUES;
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (places[i].parent == parent && policy_text_equal(name, policy_text_of(places[i].name)))
			return places[i].place;
	return PLACE_OTHER;
}

static void put_scalar(struct writer *writer, const struct policy_json *node, enum place place)
{
	struct policy_text prefix, rest;

	if (place == PLACE_RESOURCES && policy_shorthand_expand(writer->options, node->text, &prefix, &rest)) {
		put_byte(writer, '"');
		put_escaped(writer, prefix);
		put_escaped(writer, rest);
		put_byte(writer, '"');
	} else if (node->type == POLICY_JSON_STRING || place == PLACE_VALUES) {
		put_string(writer, node->text); /* numbers and booleans of conditions become their text */
	} else {
		put_text(writer, node->text);
	}
}

/* Recursion is bounded by POLICY_JSON_DEPTH_MAX. */
static void put_value(struct writer *writer, const struct policy_json *node, enum place place)
{
	bool collapses = place == PLACE_VALUES || place == PLACE_RESOURCES;

	if (node->type == POLICY_JSON_OBJECT) {
		if (place == PLACE_STATEMENTS)
			place = PLACE_STATEMENT;
		put_byte(writer, '{');
		for (const struct policy_json *member = node->first; member; member = member->next) {
			put_string(writer, member->name);
			put_byte(writer, ':');
			put_value(writer, member, place_of(place, member->name));
			if (member->next)
				put_byte(writer, ',');
		}
		put_byte(writer, '}');
	} else if (node->type != POLICY_JSON_ARRAY) {
		put_scalar(writer, node, place);
	} else if (collapses && node->count == 1) {
		put_value(writer, node->first, place);
	} else {
		put_byte(writer, '[');
		for (const struct policy_json *element = node->first; element; element = element->next) {
			put_value(writer, element, place);
			if (element->next)
				put_byte(writer, ',');
		}
		put_byte(writer, ']');
	}
}

size_t policy_normal_length(const struct policy_json *document, const struct policy_options *options)
{
	struct writer writer = { .options = options };

	put_value(&writer, document, PLACE_DOCUMENT);
	return writer.count;
}

int policy_normalise(char **ret, size_t *ret_bytes, const char *text, size_t text_bytes,
	const struct policy_options *options, struct policy_error *error)
{
	struct writer writer = { .options = options };
	struct policy_json *document;
	struct policy *policy;
	int err = policy_compile_document(
		&policy, &document, (struct policy_text){ .bytes = text, .count = text_bytes }, options, error);

	if (err)
		return err;
	policy_free(policy);
	writer.room = policy_normal_length(document, options);
	writer.buffer = malloc(writer.room + 1);
	err = -ENOMEM;
	if (writer.buffer) {
		put_value(&writer, document, PLACE_DOCUMENT);
		writer.buffer[writer.count] = '\0';
		*ret = writer.buffer;
		if (ret_bytes)
			*ret_bytes = writer.count;
		err = 0;
	}
	free(document);
	return err;
}
