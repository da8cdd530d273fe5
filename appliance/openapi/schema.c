/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/openapi/schema.h"

#include <stdlib.h>

#include "appliance/base/assert.h"
#include "appliance/base/json_writer.h"
#include "appliance/openapi/extensions.h"

#define MODEL_URL_START "https://apigateway.amazonaws.com/restapis/"
#define MODEL_URL_MIDDLE "/models/"

struct view schema_prefix(bool is_swagger)
{
	return is_swagger ? view_of("#/definitions/") : view_of("#/components/schemas/");
}

/* In a model, where "#/…" is a place of its own schema. */
static struct view model_of_url(struct view reference)
{
	size_t slash = view_find_last_byte(reference, '/');

	if (!view_starts_with(reference, view_of(MODEL_URL_START)) || slash == VIEW_NOWHERE)
		return view_of("");
	return view_after(reference, slash + 1);
}

struct view schema_model_of(struct view reference)
{
	for (int i = 0; i < 2; i++) {
		struct view prefix = schema_prefix(i);

		if (view_starts_with(reference, prefix))
			return view_after(reference, prefix.count);
	}
	return model_of_url(reference);
}

static struct json *model_url(struct view api_id, struct view model)
{
	return json_text_new_printf(
		MODEL_URL_START VIEW_FMT MODEL_URL_MIDDLE VIEW_FMT, VIEW_ARG(api_id), VIEW_ARG(model));
}

/* --- Walking a schema ----------------------------------------------------------------------------------------------- */

/* Below these keywords stand schemas by names that are the author's own, whatever keyword they resemble. */
static bool holds_named_schemas(const struct json *member)
{
	struct view name = json_name(member);

	return json_is_object(member) &&
	       (view_equals_text(name, "properties") || view_equals_text(name, "patternProperties") ||
		       view_equals_text(name, "definitions"));
}

/* A copy of a schema in which one keyword after the other was changed. */
struct rewrite {
	/* Is the keyword kept? `*ret_new` is its value if that is another one then. */
	bool (*keeps)(const struct rewrite *rewrite, const struct json *member, struct json **ret_new);
	struct view name, prefix, api_id;
};

static struct json *rewritten(const struct rewrite *rewrite, const struct json *schema, bool names_are_keywords)
{
	struct json *copy;

	if (json_is_array(schema)) {
		copy = json_array_new();
		for (size_t i = 0; i < json_count(schema); i++)
			json_append(copy, rewritten(rewrite, json_at(schema, i), true));
		return copy;
	}
	if (!json_is_object(schema))
		return json_copy(schema);
	copy = json_object_new();
	for (size_t i = 0; i < json_count(schema); i++) {
		const struct json *member = json_at(schema, i);
		struct json *made = NULL;

		if (names_are_keywords && !rewrite->keeps(rewrite, member, &made))
			continue;
		if (!made)
			made = rewritten(rewrite, member, !names_are_keywords || !holds_named_schemas(member));
		json_add_unchecked(copy, json_name(member), made);
	}
	return copy;
}

/* --- Out of documents ----------------------------------------------------------------------------------------------- */

/* Keys of OpenAPI that JSON schema draft 4 does not know. Source: "Amazon API Gateway important notes". */
static bool is_dropped(struct view name)
{
	static const char *const dropped[] = { "deprecated", "discriminator", "example", "nullable", "readOnly",
		"writeOnly", "externalDocs", "xml", OPENAPI_X_MODEL };

	for (size_t i = 0; i < ARRAY_COUNT(dropped); i++) {
		if (view_equals_text(name, dropped[i]))
			return true;
	}
	return false;
}

static bool keeps_from_document(const struct rewrite *rewrite, const struct json *member, struct json **ret_new)
{
	struct view model = schema_model_of(json_text(member));

	if (is_dropped(json_name(member)))
		return false;
	if (view_equals_text(json_name(member), "$ref") && model.count)
		*ret_new = model_url(rewrite->api_id, model);
	return true;
}

struct json *schema_from_document(const struct json *schema, struct view api_id)
{
	const struct rewrite rewrite = { .keeps = keeps_from_document, .api_id = api_id };

	return rewritten(&rewrite, schema, true);
}

/* `text` with the API's id in every URL of a model: an API has references to its own models only. */
static char *with_api_id(struct view text, struct view api_id)
{
	struct buffer buffer;
	char *made;

	buffer_init(&buffer, SIZE_MAX / 2);
	while (text.count) {
		size_t start = view_find(text, view_of(MODEL_URL_START)), end;

		if (start == VIEW_NOWHERE) {
			buffer_append(&buffer, text);
			break;
		}
		start += sizeof MODEL_URL_START - 1;
		buffer_append(&buffer, view_part(text, 0, start));
		text = view_after(text, start);
		end = view_find_byte(text, '/');
		if (end == VIEW_NOWHERE || !view_starts_with(view_after(text, end), view_of(MODEL_URL_MIDDLE)))
			continue;
		buffer_append(&buffer, api_id);
		text = view_after(text, end);
	}
	made = buffer_take(&buffer, NULL);
	ASSERT(made && "out of memory");
	return made;
}

bool schema_restore(
	struct json *model, const struct json *shown, struct view name, struct view prefix, struct view api_id)
{
	const struct json *kept = json_find(shown, OPENAPI_X_MODEL), *description = json_find(kept, "description"),
			  *content_type = json_find(kept, "contentType");
	struct json JSON_CLEANUP *schema = NULL, *again = NULL, *bare = NULL;
	struct view text = json_find_text(kept, "schema");
	char *own;

	if (!text.at || json_parse(text, NULL, &schema, NULL) < 0)
		return false;
	again = schema_to_document(schema, name, prefix);
	bare = json_copy(shown);
	json_remove(bare, OPENAPI_X_MODEL);
	if (!json_equals(again, bare))
		return false;
	own = with_api_id(text, api_id);
	json_set_c_string(model, "schema", own);
	free(own);
	if (json_is_text(description))
		json_set(model, "description", json_copy(description));
	if (json_is_text(content_type))
		json_set(model, "contentType", json_copy(content_type));
	return true;
}

/* --- Into documents ------------------------------------------------------------------------------------------------- */

static bool keeps_to_document(const struct rewrite *rewrite, const struct json *member, struct json **ret_new)
{
	struct view text = json_text(member), model;

	if (view_equals_text(json_name(member), "$schema"))
		return false;
	if (!view_equals_text(json_name(member), "$ref") || !json_is_text(member))
		return true;
	model = model_of_url(text);
	if (model.count)
		*ret_new = json_text_new_printf(VIEW_FMT VIEW_FMT, VIEW_ARG(rewrite->prefix), VIEW_ARG(model));
	else if (view_starts_with(text, view_of("#")))
		*ret_new = json_text_new_printf(VIEW_FMT VIEW_FMT VIEW_FMT, VIEW_ARG(rewrite->prefix),
			VIEW_ARG(rewrite->name), VIEW_ARG(view_after(text, 1)));
	return true;
}

struct json *schema_to_document(const struct json *schema, struct view name, struct view prefix)
{
	const struct rewrite rewrite = { .keeps = keeps_to_document, .name = name, .prefix = prefix };

	return rewritten(&rewrite, schema, true);
}

/* Would an import of `shown` make this model? */
static bool is_exact(const struct json *model, const struct json *shown, struct view api_id)
{
	const struct json *description = json_find(model, "description"),
			  *shown_description = json_find(shown, "description");
	struct json JSON_CLEANUP *imported = schema_from_document(shown, api_id);
	char *text = json_print_text(imported);
	bool same = view_equals_text(json_find_text(model, "schema"), text);

	free(text);
	if (!json_is_text(shown_description))
		shown_description = NULL;
	return same && view_equals_text(json_find_text(model, "contentType"), "application/json") &&
	       (description && shown_description ? json_equals(description, shown_description)
						 : description == shown_description);
}

struct json *schema_export(const struct json *model, struct view api_id, struct view prefix, bool exact)
{
	static const char *const members[] = { "schema", "description", "contentType" };
	struct json JSON_CLEANUP *schema = NULL;
	struct json *shown, *kept;

	if (json_parse(json_find_text(model, "schema"), NULL, &schema, NULL) < 0 || !json_is_object(schema))
		return json_object_new();
	shown = schema_to_document(schema, json_find_text(model, "name"), prefix);
	if (!exact || is_exact(model, shown, api_id))
		return shown;
	kept = json_object_new();
	for (size_t i = 0; i < ARRAY_COUNT(members); i++)
		if (json_find(model, members[i]))
			json_set(kept, members[i], json_copy(json_find(model, members[i])));
	json_set(shown, OPENAPI_X_MODEL, kept);
	return shown;
}

/* --- Models by reference -------------------------------------------------------------------------------------------- */

/* A model whose schema stands around the place that is looked at. */
struct enclosing {
	const struct enclosing *outer;
	struct view name;
	size_t depth;
};

static bool encloses(const struct enclosing *enclosing, struct view name)
{
	for (; enclosing; enclosing = enclosing->outer)
		if (view_equals(enclosing->name, name))
			return true;
	return false;
}

/* The schema of a model, parsed; the caller's. NULL if there is none. */
static struct json *schema_of(const struct json *models, struct view name)
{
	struct json *schema = NULL;

	JSON_EACH(model, models)
	{
		if (!view_equals(json_find_text(model, "name"), name))
			continue;
		if (json_parse(json_find_text(model, "schema"), NULL, &schema, NULL) < 0)
			return NULL;
		return schema;
	}
	return NULL;
}

struct flattening {
	const struct json *models;
	size_t bytes; /* of the schemas that were put in */
};

/* Places of its own schema would be others' places elsewhere. */
static bool refers_to_itself(const struct json *schema)
{
	if (view_starts_with(json_find_text(schema, "$ref"), view_of("#")))
		return true;
	JSON_EACH(member, schema)
	if (refers_to_itself(member))
		return true;
	return false;
}

/*
 * The schema that a reference at this place stands for, the caller's. NULL if there is none, it would go round in circles, it
 * only makes sense where it is, or it would be too large.
 */
static struct json *referred(struct flattening *work, const struct json *schema, const struct enclosing *around)
{
	struct view name = model_of_url(json_find_text(schema, "$ref"));
	struct json *other;
	char *text;

	if (name.count == 0 || encloses(around, name) || around->depth >= JSON_MAX_DEPTH ||
		work->bytes >= SCHEMA_FLAT_MAX_BYTES)
		return NULL;
	other = schema_of(work->models, name);
	if (!other || refers_to_itself(other)) {
		json_free(other);
		return NULL;
	}
	text = json_print_text(other);
	work->bytes += strlen(text);
	free(text);
	json_remove(other, "$schema");
	return other;
}

static struct json *flat(
	struct flattening *work, const struct json *schema, bool names_are_keywords, const struct enclosing *around)
{
	const struct enclosing deeper = { .outer = around->outer, .name = around->name, .depth = around->depth + 1 };
	struct json JSON_CLEANUP *other = names_are_keywords ? referred(work, schema, around) : NULL;
	struct json *copy;

	if (other) {
		const struct enclosing inner = { .outer = around,
			.name = model_of_url(json_find_text(schema, "$ref")),
			.depth = around->depth + 1 };

		return flat(work, other, true, &inner);
	}
	if (json_is_array(schema)) {
		copy = json_array_new();
		for (size_t i = 0; i < json_count(schema); i++)
			json_append(copy, flat(work, json_at(schema, i), true, &deeper));
		return copy;
	}
	if (!json_is_object(schema))
		return json_copy(schema);
	copy = json_object_new();
	for (size_t i = 0; i < json_count(schema); i++) {
		const struct json *member = json_at(schema, i);

		json_add_unchecked(copy, json_name(member),
			flat(work, member, !names_are_keywords || !holds_named_schemas(member), &deeper));
	}
	return copy;
}

struct json *schema_flatten(const struct json *models, struct view name)
{
	struct flattening work = { .models = models };
	const struct enclosing outermost = { .name = name };
	struct json JSON_CLEANUP *schema = schema_of(models, name);

	return schema ? flat(&work, schema, true, &outermost) : NULL;
}

/* --- Templates ------------------------------------------------------------------------------------------------------ */

static void write_example(struct buffer *text, const struct json *schema, unsigned level);

static void indent(struct buffer *text, unsigned level)
{
	for (unsigned i = 0; i < level; i++)
		buffer_append_text(text, "  ");
}

static void write_members(struct buffer *text, const struct json *properties, unsigned level)
{
	if (json_count(properties) == 0) {
		buffer_append_text(text, "{ }");
		return;
	}
	buffer_append_text(text, "{\n");
	for (size_t i = 0; i < json_count(properties); i++) {
		const struct json *property = json_at(properties, i);

		if (i)
			buffer_append_text(text, ",\n");
		indent(text, level + 1);
		buffer_append_byte(text, '"');
		json_write_escaped(text, json_name(property));
		buffer_append_text(text, "\" : ");
		write_example(text, property, level + 1);
	}
	buffer_append_byte(text, '\n');
	indent(text, level);
	buffer_append_byte(text, '}');
}

/* An object has its own properties and those of all schemas that it must fit, too. */
static void write_object(struct buffer *text, const struct json *schema, unsigned level)
{
	struct json JSON_CLEANUP *properties = json_object_new();

	JSON_EACH(part, json_find(schema, "allOf"))
	if (json_is_object(json_find(part, "properties")))
		json_merge(properties, json_find(part, "properties"));
	if (json_is_object(json_find(schema, "properties")))
		json_merge(properties, json_find(schema, "properties"));
	write_members(text, properties, level);
}

/* Source: templates that the service's console makes; only the order of their lines is known. */
static void write_items(struct buffer *text, const struct json *items, unsigned level)
{
	buffer_append_text(text, "[\n"
				 "##TO" /* a line of AWS's, not ours */ "DO: Update this foreach loop to reference "
				 "array from input json\n"
				 "#foreach($elem in $inputRoot)\n");
	indent(text, level + 1);
	write_example(text, json_is_array(items) ? json_at(items, 0) : items, level + 1);
	buffer_append_text(text, "\n#if($foreach.hasNext),#end\n#end\n");
	indent(text, level);
	buffer_append_byte(text, ']');
}

/* "type", or the first of several that is not "null"; without it what the other keywords are about. */
static struct view type_of(const struct json *schema)
{
	const struct json *type = json_find(schema, "type");

	JSON_EACH(one, json_is_array(type) ? type : NULL)
	if (!view_equals_text(json_text(one), "null"))
		return json_text(one);
	if (json_is_text(type))
		return json_text(type);
	return json_find(schema, "items") ? view_of("array") : view_of("object");
}

static void write_example(struct buffer *text, const struct json *schema, unsigned level)
{
	static const struct {
		const char *type, *example;
	} scalars[] = { { "string", "\"foo\"" }, { "number", "3.1415" }, { "integer", "42" }, { "boolean", "true" },
		{ "null", "null" } };
	const struct json *choices = json_find(schema, json_find(schema, "oneOf") ? "oneOf" : "anyOf");
	struct view type = type_of(schema);

	if (json_count(choices) && !json_find(schema, "properties")) {
		write_example(text, json_at(choices, 0), level);
		return;
	}
	for (size_t i = 0; i < ARRAY_COUNT(scalars); i++) {
		if (view_equals_text(type, scalars[i].type)) {
			buffer_append_text(text, scalars[i].example);
			return;
		}
	}
	if (view_equals_text(type, "array"))
		write_items(text, json_find(schema, "items"), level);
	else
		write_object(text, schema, level);
}

char *schema_template(const struct json *models, struct view name)
{
	struct json JSON_CLEANUP *schema = schema_flatten(models, name);
	struct buffer text;
	char *made;

	if (!schema)
		return NULL;
	buffer_init(&text, SCHEMA_TEMPLATE_MAX_BYTES);
	buffer_append_text(&text, "#set($inputRoot = $input.path('$'))\n");
	write_example(&text, schema, 0);
	made = buffer_take(&text, NULL);
	buffer_fini(&text);
	return made;
}
