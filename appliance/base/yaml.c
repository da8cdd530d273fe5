/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Events of libyaml become a tree. libyaml knows nothing of bounds, so they are kept here per event: bytes before it
 * starts, depth and values as the tree grows; without aliases a tree can't be larger than its text. Printing turns a tree
 * into events.
 */
#include "appliance/base/yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <yaml.h>

#include "appliance/base/assert.h"
#include "appliance/base/table.h"

/* One open container. */
struct level {
	struct json *container;
	struct table names; /* of a mapping, keys borrowed from the children */
	bool name_due;      /* in a mapping: the next scalar is a key */
	char *name;         /* the key whose value is due */
	size_t name_bytes;
};

struct reader {
	yaml_parser_t parser;
	const struct json_limits *limits;
	struct json *root;
	struct level levels[JSON_MAX_DEPTH];
	size_t depth, value_count;
	int failure;
	struct json_error error;
	bool document_seen;
};

static int refuse(struct reader *reader, yaml_mark_t mark, int failure, const char *rule)
{
	reader->failure = failure;
	reader->error = (struct json_error){
		.offset = mark.index,
		.line = (uint32_t)mark.line + 1,
		.column = (uint32_t)mark.column + 1,
		.rule = rule,
	};
	return failure;
}

/* --- Scalars: the core schema -------------------------------------------------------------------------------------- */

static bool is_one_of(struct view text, const char *const *words)
{
	for (; *words; words++) {
		if (view_equals_text(text, *words))
			return true;
	}
	return false;
}

static bool all_digits(struct view text, unsigned base)
{
	for (size_t i = 0; i < text.count; i++) {
		char byte = view_lower_byte(text.at[i]);
		bool decimal = byte >= '0' && byte < (char)('0' + (base < 10 ? base : 10));

		if (!decimal && !(base == 16 && byte >= 'a' && byte <= 'f'))
			return false;
	}
	return text.count > 0;
}

/* 0x… and 0o…, as decimal; NULL if the text is none or is too large to be one. */
static struct json *based_integer(struct view text)
{
	unsigned base = view_starts_with(text, view_of("0x")) ? 16 : view_starts_with(text, view_of("0o")) ? 8 : 0;
	struct view rest = view_after(text, 2);
	int64_t number = 0;

	if (!base || !all_digits(rest, base) || rest.count > 15)
		return NULL;
	for (size_t i = 0; i < rest.count; i++) {
		char byte = view_lower_byte(rest.at[i]);

		number = number * (int64_t)base + (byte <= '9' ? byte - '0' : byte - 'a' + 10);
	}
	return json_integer_new(number);
}

static size_t count_digits(struct view text, size_t from)
{
	size_t i = from;

	while (i < text.count && text.at[i] >= '0' && text.at[i] <= '9')
		i++;
	return i - from;
}

/*
 * A decimal integer or float: [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?, rewritten to what JSON
 * allows: no '+', no leading zeros, digits on both sides of the point. NULL if the text is none.
 */
static struct json *decimal(struct view text)
{
	size_t at = 0, whole_from, whole, fraction = 0, fraction_from, exponent_from;
	struct json *value;
	struct buffer buffer;

	if (text.count && (text.at[0] == '-' || text.at[0] == '+'))
		at++;
	whole_from = at;
	whole = count_digits(text, at);
	at += whole;
	fraction_from = at + 1;
	if (at < text.count && text.at[at] == '.') {
		fraction = count_digits(text, at + 1);
		at += 1 + fraction;
	}
	if (whole + fraction == 0)
		return NULL;
	exponent_from = at;
	if (at < text.count && (text.at[at] == 'e' || text.at[at] == 'E')) {
		size_t digits_from = at + 1;

		if (digits_from < text.count && (text.at[digits_from] == '-' || text.at[digits_from] == '+'))
			digits_from++;
		if (count_digits(text, digits_from) == 0)
			return NULL;
		at = digits_from + count_digits(text, digits_from);
	}
	if (at != text.count)
		return NULL;
	for (; whole > 1 && text.at[whole_from] == '0'; whole--)
		whole_from++;
	buffer_init(&buffer, text.count + 4);
	if (text.at[0] == '-')
		buffer_append_byte(&buffer, '-');
	buffer_append(&buffer, whole ? view_part(text, whole_from, whole) : view_of("0"));
	if (fraction) {
		buffer_append_byte(&buffer, '.');
		buffer_append(&buffer, view_part(text, fraction_from, fraction));
	}
	buffer_append(&buffer, view_after(text, exponent_from));
	value = json_number_new(buffer_view(&buffer));
	buffer_fini(&buffer);
	return value;
}

static struct json *plain_scalar(struct view text)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL", NULL };
	static const char *const truths[] = { "true", "True", "TRUE", NULL };
	static const char *const lies[] = { "false", "False", "FALSE", NULL };
	struct json *value;

	if (is_one_of(text, nulls))
		return json_null_new();
	if (is_one_of(text, truths))
		return json_bool_new(true);
	if (is_one_of(text, lies))
		return json_bool_new(false);
	value = based_integer(text);
	if (!value)
		value = decimal(text);
	return value ? value : json_text_new(text);
}

static bool is_infinite(struct view text)
{
	static const char *const words[] = { ".inf", ".Inf", ".INF", "-.inf", "-.Inf", "-.INF", "+.inf", "+.Inf",
		"+.INF", ".nan", ".NaN", ".NAN", NULL };

	return is_one_of(text, words);
}

/* A scalar that is a value. NULL and the failure set if its tag is not one of the core schema or does not fit. */
static struct json *scalar_value(struct reader *reader, const yaml_event_t *event)
{
	struct view text = view_from(event->data.scalar.value, event->data.scalar.length);
	const char *tag = (const char *)event->data.scalar.tag;
	enum json_type wanted;
	struct json *value;

	if (event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && (!tag || strcmp(tag, "!") != 0) &&
		is_infinite(text)) {
		refuse(reader, event->start_mark, -EBADMSG, "JSON has no infinity and no NaN");
		return NULL;
	}
	if (!tag)
		return event->data.scalar.plain_implicit ? plain_scalar(text) : json_text_new(text);
	if (strcmp(tag, "!") == 0 || strcmp(tag, YAML_STR_TAG) == 0)
		return json_text_new(text);
	wanted = strcmp(tag, YAML_NULL_TAG) == 0   ? JSON_NULL
		 : strcmp(tag, YAML_BOOL_TAG) == 0 ? JSON_BOOL
						   : JSON_NUMBER;
	value = plain_scalar(text);
	if ((wanted == JSON_NUMBER && strcmp(tag, YAML_INT_TAG) != 0 && strcmp(tag, YAML_FLOAT_TAG) != 0) ||
		json_type(value) != wanted) {
		json_free(value);
		refuse(reader, event->start_mark, -EBADMSG, "this tag is not supported or does not fit its value");
		return NULL;
	}
	return value;
}

/* --- Containers ---------------------------------------------------------------------------------------------------- */

/* Put a finished or opened value where it belongs; takes it over also on failure. */
static int place(struct reader *reader, yaml_mark_t mark, struct json *value)
{
	struct level *level = reader->depth ? &reader->levels[reader->depth - 1] : NULL;

	json_place_set(value, (uint32_t)mark.line + 1, (uint32_t)mark.column + 1);
	if (++reader->value_count > reader->limits->max_values) {
		json_free(value);
		return refuse(reader, mark, -EMSGSIZE, "too many values");
	}
	if (!level) {
		reader->root = value;
	} else if (json_is_array(level->container)) {
		json_append(level->container, value);
	} else {
		json_add_unchecked(level->container, view_from(level->name, level->name_bytes), value);
		ASSERT(table_set(&level->names, json_name(value), value, NULL) == 0);
		free(level->name);
		level->name = NULL;
		level->name_due = true;
	}
	return 0;
}

static int take_name(struct reader *reader, const yaml_event_t *event)
{
	struct level *level = &reader->levels[reader->depth - 1];
	struct view name = view_from(event->data.scalar.value, event->data.scalar.length);

	if (view_equals(name, view_of("<<")) && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		return refuse(reader, event->start_mark, -EBADMSG, "merge keys are not supported");
	if (table_find(&level->names, name))
		return refuse(reader, event->start_mark, -EEXIST, "a second key of the same name");
	level->name = strndup(name.at, name.count);
	ASSERT(level->name && "out of memory");
	level->name_bytes = strlen(level->name);
	if (level->name_bytes != name.count)
		return refuse(reader, event->start_mark, -EBADMSG, "a key must not hold NUL");
	level->name_due = false;
	return 0;
}

static bool name_is_due(const struct reader *reader)
{
	return reader->depth && reader->levels[reader->depth - 1].name_due;
}

static int open_container(struct reader *reader, const yaml_event_t *event, bool mapping)
{
	const char *tag = (const char *)(mapping ? event->data.mapping_start.tag : event->data.sequence_start.tag);
	struct json *container;

	if (name_is_due(reader))
		return refuse(reader, event->start_mark, -EBADMSG, "a key must be a scalar");
	if (tag && strcmp(tag, mapping ? YAML_MAP_TAG : YAML_SEQ_TAG) != 0)
		return refuse(
			reader, event->start_mark, -EBADMSG, "this tag is not supported or does not fit its value");
	if (reader->depth >= reader->limits->max_depth || reader->depth >= JSON_MAX_DEPTH)
		return refuse(reader, event->start_mark, -EMSGSIZE, "nested too deep");
	container = mapping ? json_object_new() : json_array_new();
	if (place(reader, event->start_mark, container) < 0)
		return reader->failure;
	reader->levels[reader->depth++] = (struct level){ .container = container, .name_due = mapping };
	return 0;
}

static void close_container(struct reader *reader)
{
	struct level *level = &reader->levels[--reader->depth];

	table_fini(&level->names);
	free(level->name);
}

static int take_scalar(struct reader *reader, const yaml_event_t *event)
{
	struct json *value;

	if (event->data.scalar.anchor)
		return refuse(reader, event->start_mark, -EBADMSG, "anchors are not supported");
	if (name_is_due(reader))
		return take_name(reader, event);
	value = scalar_value(reader, event);
	return value ? place(reader, event->start_mark, value) : reader->failure;
}

static int take_event(struct reader *reader, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (reader->document_seen)
			return refuse(reader, event->start_mark, -EBADMSG, "only one document is allowed");
		reader->document_seen = true;
		return 0;
	case YAML_ALIAS_EVENT:
		return refuse(reader, event->start_mark, -EBADMSG, "aliases are not supported");
	case YAML_SCALAR_EVENT:
		return take_scalar(reader, event);
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		if (event->type == YAML_SEQUENCE_START_EVENT ? event->data.sequence_start.anchor
							     : event->data.mapping_start.anchor)
			return refuse(reader, event->start_mark, -EBADMSG, "anchors are not supported");
		return open_container(reader, event, event->type == YAML_MAPPING_START_EVENT);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		close_container(reader);
		return 0;
	default:
		return 0;
	}
}

/* libyaml's own complaints, as static texts of ours would be too coarse: its problem texts are static too. */
static int refuse_syntax(struct reader *reader)
{
	yaml_mark_t mark = reader->parser.problem_mark;

	if (reader->parser.error == YAML_READER_ERROR)
		mark = (yaml_mark_t){ .index = reader->parser.problem_offset,
			.line = reader->parser.mark.line,
			.column = reader->parser.mark.column };
	return refuse(reader, mark, reader->parser.error == YAML_MEMORY_ERROR ? -ENOMEM : -EBADMSG,
		reader->parser.problem ? reader->parser.problem : "not YAML");
}

static void read_events(struct reader *reader)
{
	yaml_event_type_t type = YAML_NO_EVENT;

	while (!reader->failure && type != YAML_STREAM_END_EVENT) {
		yaml_event_t event;

		if (!yaml_parser_parse(&reader->parser, &event)) {
			refuse_syntax(reader);
			return;
		}
		type = event.type;
		(void)take_event(reader, &event); /* its failure is kept in the reader */
		yaml_event_delete(&event);
	}
}

int yaml_parse(struct view text, const struct json_limits *limits, struct json **ret, struct json_error *ret_error)
{
	struct reader *reader = calloc(1, sizeof *reader);
	yaml_mark_t start = { .index = 0 };
	int failure;

	if (!reader || !yaml_parser_initialize(&reader->parser)) {
		free(reader);
		return -ENOMEM;
	}
	reader->limits = limits ? limits : &json_limits_default;
	yaml_parser_set_encoding(&reader->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&reader->parser, (const unsigned char *)(text.count ? text.at : ""), text.count);
	if (text.count > reader->limits->max_bytes)
		(void)refuse(reader, start, -EMSGSIZE, "the text is too long");
	else
		read_events(reader);
	failure = reader->failure;
	if (ret_error)
		*ret_error = reader->error;
	while (reader->depth)
		close_container(reader);
	yaml_parser_delete(&reader->parser);
	if (failure)
		json_free(reader->root);
	else
		*ret = reader->root ? reader->root : json_null_new();
	free(reader);
	return failure;
}

/* --- Printing ------------------------------------------------------------------------------------------------------ */

static int write_bytes(void *context, unsigned char *bytes, size_t count)
{
	struct buffer *buffer = context;

	buffer_append_bytes(buffer, bytes, count);
	return buffer_error(buffer) == 0;
}

/* A name that every reader takes for a text without quotes: letters first, and no word of YAML 1.1 or 1.2. */
static bool is_plain_name(struct view name)
{
	static const char *const words[] = { "null", "true", "false", "yes", "no", "on", "off", "y", "n", NULL };
	char first = view_lower_byte(name.count ? name.at[0] : '\0');

	for (const char *const *word = words; *word; word++) {
		if (view_equals_ignore_case(name, view_from_text(*word)))
			return false;
	}
	for (size_t i = 0; i < name.count; i++) {
		char byte = view_lower_byte(name.at[i]);

		if (!((byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || strchr("-_./{}+$", byte)) ||
			byte == '\0')
			return false;
	}
	return (first >= 'a' && first <= 'z') || first == '/' || first == '$';
}

static bool emit(yaml_emitter_t *emitter, int made, yaml_event_t *event)
{
	return made && yaml_emitter_emit(emitter, event);
}

static bool emit_scalar(yaml_emitter_t *emitter, struct view text, bool is_quoted)
{
	/* libyaml takes the bytes without changing them. */
	const yaml_char_t *bytes = (const yaml_char_t *)(text.count ? text.at : "");
	yaml_event_t event;

	return emit(emitter,
		yaml_scalar_event_initialize(&event, NULL, NULL, (yaml_char_t *)(uintptr_t)bytes, (int)text.count,
			!is_quoted, is_quoted, is_quoted ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_PLAIN_SCALAR_STYLE),
		&event);
}

static bool emit_value(yaml_emitter_t *emitter, const struct json *value)
{
	bool is_object = json_is_object(value);
	yaml_event_t event;

	switch (json_type(value)) {
	case JSON_NULL:
		return emit_scalar(emitter, view_of("null"), false);
	case JSON_BOOL:
		return emit_scalar(emitter, json_bool(value, false) ? view_of("true") : view_of("false"), false);
	case JSON_NUMBER:
		return emit_scalar(emitter, json_number_text(value), false);
	case JSON_TEXT:
		return emit_scalar(emitter, json_text(value), true);
	default:
		break;
	}
	if (!emit(emitter,
		    is_object ? yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE)
			      : yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE),
		    &event))
		return false;
	for (size_t i = 0; i < json_count(value); i++) {
		const struct json *child = json_at(value, i);

		if (is_object && !emit_scalar(emitter, json_name(child), !is_plain_name(json_name(child))))
			return false;
		if (!emit_value(emitter, child))
			return false;
	}
	return emit(emitter,
		is_object ? yaml_mapping_end_event_initialize(&event) : yaml_sequence_end_event_initialize(&event),
		&event);
}

int yaml_print(const struct json *value, struct buffer *buffer)
{
	yaml_emitter_t emitter;
	yaml_event_t event;
	bool done;

	if (!yaml_emitter_initialize(&emitter))
		return -ENOMEM;
	yaml_emitter_set_output(&emitter, write_bytes, buffer);
	yaml_emitter_set_unicode(&emitter, 1);
	yaml_emitter_set_width(&emitter, -1); /* folded lines are hard to compare */
	done = emit(&emitter, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING), &event) &&
	       emit(&emitter, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1), &event) &&
	       emit_value(&emitter, value) && emit(&emitter, yaml_document_end_event_initialize(&event, 1), &event) &&
	       emit(&emitter, yaml_stream_end_event_initialize(&event), &event);
	yaml_emitter_delete(&emitter);
	return done || buffer_error(buffer) ? 0 : -ENOMEM;
}
