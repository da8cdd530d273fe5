/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/openapi/sdk_types.h"

#include <ctype.h>

#include "appliance/base/assert.h"
#include "appliance/openapi/schema.h"

/* Deeper than that a type is `unknown`: longer ones are of no use to a reader, nor to a compiler. */
#define DEPTH_MAX 16

static void write_type(struct buffer *buffer, const struct table *models, const struct json *schema, unsigned depth);

void sdk_types_write_name(struct buffer *buffer, const struct table *models, struct view name)
{
	if (name.count == 0 || !table_find(models, name)) {
		buffer_append_text(buffer, "unknown");
		return;
	}
	/* Names of models are letters and digits; those of types begin with a letter. */
	if (isdigit((unsigned char)name.at[0]))
		buffer_append_text(buffer, "Model");
	buffer_append(buffer, name);
}

static void write_alternatives(
	struct buffer *buffer, const struct table *models, const struct json *schemas, const char *sign, unsigned depth)
{
	const char *before = "";

	buffer_append_byte(buffer, '(');
	JSON_EACH(schema, schemas)
	{
		buffer_append_text(buffer, before);
		write_type(buffer, models, schema, depth);
		before = sign;
	}
	buffer_append_byte(buffer, ')');
}

/* Literals; of one that is no scalar the text is a type, too: {"a":1}. */
static void write_enumeration(struct buffer *buffer, const struct json *values)
{
	const char *before = "";

	JSON_EACH(value, values)
	{
		buffer_append_text(buffer, before);
		json_print(value, buffer);
		before = " | ";
	}
}

static void write_object(struct buffer *buffer, const struct table *models, const struct json *schema, unsigned depth)
{
	const struct json *more = json_find(schema, "additionalProperties");
	struct table required = { 0 };

	JSON_EACH(name, json_find(schema, "required"))
	ASSERT(table_set(&required, json_text(name), name, NULL) == 0);
	buffer_append_text(buffer, "{ ");
	JSON_EACH(property, json_find(schema, "properties"))
	{
		struct json *name = json_text_new(json_name(property));

		json_print(name, buffer);
		json_free(name);
		buffer_append_text(buffer, table_find(&required, json_name(property)) ? ": " : "?: ");
		write_type(buffer, models, property, depth);
		buffer_append_text(buffer, "; ");
	}
	if (json_is_object(more) && json_count(json_find(schema, "properties")) == 0) {
		buffer_append_text(buffer, "[name: string]: ");
		write_type(buffer, models, more, depth);
		buffer_append_text(buffer, "; ");
	} else if (!more || json_is_object(more) || json_bool(more, true)) {
		buffer_append_text(buffer, "[name: string]: unknown; ");
	}
	buffer_append_byte(buffer, '}');
	table_fini(&required);
}

static void write_array(struct buffer *buffer, const struct table *models, const struct json *schema, unsigned depth)
{
	const struct json *items = json_find(schema, "items");

	buffer_append_text(buffer, "Array<");
	if (json_is_array(items) && json_count(items))
		write_alternatives(buffer, models, items, " | ", depth);
	else
		write_type(buffer, models, items, depth);
	buffer_append_byte(buffer, '>');
}

static void write_named(
	struct buffer *buffer, const struct table *models, const struct json *schema, struct view type, unsigned depth)
{
	if (view_equals_text(type, "string") || view_equals_text(type, "boolean") || view_equals_text(type, "null"))
		buffer_append(buffer, type);
	else if (view_equals_text(type, "integer") || view_equals_text(type, "number"))
		buffer_append_text(buffer, "number");
	else if (view_equals_text(type, "array"))
		write_array(buffer, models, schema, depth);
	else if (view_equals_text(type, "object") || json_find(schema, "properties"))
		write_object(buffer, models, schema, depth);
	else
		buffer_append_text(buffer, "unknown");
}

static void write_type(struct buffer *buffer, const struct table *models, const struct json *schema, unsigned depth)
{
	static const struct {
		const char *keyword, *sign;
	} combinations[] = { { "allOf", " & " }, { "oneOf", " | " }, { "anyOf", " | " } };
	const struct json *types = json_find(schema, "type");

	if (!json_is_object(schema) || depth >= DEPTH_MAX) {
		buffer_append_text(buffer, "unknown");
		return;
	}
	if (json_find(schema, "$ref")) {
		sdk_types_write_name(buffer, models, schema_model_of(json_find_text(schema, "$ref")));
		return;
	}
	for (size_t i = 0; i < ARRAY_COUNT(combinations); i++)
		if (json_count(json_find(schema, combinations[i].keyword))) {
			write_alternatives(buffer, models, json_find(schema, combinations[i].keyword),
				combinations[i].sign, depth + 1);
			return;
		}
	if (json_count(json_find(schema, "enum"))) {
		write_enumeration(buffer, json_find(schema, "enum"));
	} else if (json_is_array(types) && json_count(types)) {
		JSON_EACH(type, types)
		{
			if (type != json_at(types, 0))
				buffer_append_text(buffer, " | ");
			write_named(buffer, models, schema, json_text(type), depth + 1);
		}
	} else {
		write_named(buffer, models, schema, json_text(types), depth + 1);
	}
}

void sdk_types_write(struct buffer *buffer, const struct json *list, const struct table *models)
{
	JSON_EACH(model, list)
	{
		struct json JSON_CLEANUP *schema = NULL;

		if (json_parse(json_find_text(model, "schema"), NULL, &schema, NULL) < 0)
			schema = NULL;
		buffer_append_text(buffer, "export type ");
		sdk_types_write_name(buffer, models, json_find_text(model, "name"));
		buffer_append_text(buffer, " = ");
		write_type(buffer, models, schema, 0);
		buffer_append_text(buffer, ";\n");
	}
}
