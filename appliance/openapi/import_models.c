/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Schemas of an OpenAPI document as Models: those that have a name there, and those that stand in place. */
#include "appliance/openapi/import_work.h"

#include <stdlib.h>

#include "appliance/base/assert.h"
#include "appliance/openapi/extensions.h"
#include "appliance/openapi/schema.h"

/* Models of schemas in place are called MODEL and so many digits of base 36. */
enum { GENERATED_DIGITS = 6 };

static struct view api_id_of(const struct openapi_work *work)
{
	return json_find_text(json_find(work->existing, "restApi"), "id");
}

static bool name_is_valid(struct view name)
{
	for (size_t i = 0; i < name.count; i++) {
		char byte = view_lower_byte(name.at[i]);

		if (!((byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9')))
			return false;
	}
	return name.count > 0;
}

/* --- Schemas in place --------------------------------------------------------------------------------------------------- */

static bool is_model(struct openapi_work *work, struct view name)
{
	return table_find(&work->schemas, name) || openapi_find_item(work, OPENAPI_MODELS, name);
}

/* Does `schema` hold a reference to something in the document that is no model? */
static bool has_odd_reference(struct openapi_work *work, const struct json *schema)
{
	struct view reference = json_find_text(schema, "$ref");

	if (view_starts_with(reference, view_of("#/")) && !is_model(work, schema_model_of(reference)))
		return true;
	JSON_EACH(member, schema)
	{
		if (has_odd_reference(work, member))
			return true;
	}
	return false;
}

/* With merge, a model of that name may live on: may `schema` be called like it? */
static bool fits_old(struct openapi_work *work, struct view name, const struct json *schema)
{
	const struct json *old =
		work->options->merge ? table_find(&work->lists[OPENAPI_MODELS].old_by_key, name) : NULL;
	struct json JSON_CLEANUP *made = NULL;
	char *text;
	bool same;

	if (!old || has_odd_reference(work, schema))
		return true;
	made = schema_from_document(schema, api_id_of(work));
	text = json_print_text(made);
	same = view_equals_text(json_find_text(old, "schema"), text);
	free(text);
	return same;
}

/* A name that only schemas of that text have: importing again gives the same one. */
static struct view generated_name(struct openapi_work *work, struct view text, const struct json *schema)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";

	for (uint64_t number = table_hash_keyed(text, 0, 0);; number++) {
		char name[5 + GENERATED_DIGITS + 1] = "MODEL";
		struct view taken, *source;
		uint64_t rest = number;

		for (int i = 5; i < 5 + GENERATED_DIGITS; i++, rest /= 36)
			name[i] = digits[rest % 36];
		taken = view_from_text(name);
		source = table_find(&work->sources, taken);
		if (source ? view_equals(*source, text)
			   : !table_find(&work->schemas, taken) && fits_old(work, taken, schema))
			return openapi_text(work, "%s", name);
	}
}

/* The name of the model that a schema in place becomes; the model itself is made when all are known. */
static struct view generated_model(struct openapi_work *work, const struct json *schema)
{
	struct view *known = table_find(&work->generated, view_from(&schema, sizeof schema)), text, address;
	char *printed;

	if (known)
		return *known;
	printed = json_print_text(schema);
	text = arena_copy(&work->arena, view_from_text(printed));
	free(printed);
	address = arena_copy(&work->arena, view_from(&schema, sizeof schema));
	known = ARENA_NEW_ARRAY(&work->arena, struct view, 2);
	if (!text.at || !address.at || !known || !openapi_charge(work, schema, text.count))
		return view_of("");
	known[0] = generated_name(work, text, schema);
	known[1] = text;
	ASSERT(table_set(&work->generated, address, &known[0], NULL) == 0);
	if (!table_find(&work->sources, known[0])) {
		ASSERT(table_set(&work->sources, known[0], &known[1], NULL) == 0);
		ASSERT(table_set(&work->schemas, known[0], (void *)(uintptr_t)schema, NULL) == 0);
		json_append(work->generated_schemas, json_text_new(known[0]));
	}
	return known[0];
}

/* --- References ------------------------------------------------------------------------------------------------------------ */

static void put_model(struct openapi_work *work, struct view name, struct json *schema);

/* Empty and Error may be referred to by every API: they are made when they are. */
static bool make_default_model(struct openapi_work *work, struct view name)
{
	static const struct {
		const char *name, *schema;
	} defaults[] = {
		{ "Empty", "{\"title\":\"Empty Schema\",\"type\":\"object\"}" },
		{ "Error", "{\"title\":\"Error "
			   "Schema\",\"type\":\"object\",\"properties\":{\"message\":{\"type\":\"string\"}}}" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(defaults); i++) {
		struct json JSON_CLEANUP *schema = NULL;

		if (!view_equals_text(name, defaults[i].name))
			continue;
		ASSERT(json_parse(view_from_text(defaults[i].schema), NULL, &schema, NULL) == 0);
		put_model(work, name, schema);
		return true;
	}
	return false;
}

/*
 * The model that `reference` names: one of the document or one that exists; made in place of a schema elsewhere in the
 * document. Empty if there is none.
 */
static struct view model_of_reference(struct openapi_work *work, struct view reference)
{
	struct view name = schema_model_of(reference);
	const struct json *target;

	if (is_model(work, name) || make_default_model(work, name))
		return name;
	target = openapi_at_reference(work, reference);
	if (json_find(target, "$ref"))
		target = openapi_resolve(work, target);
	if (!json_is_object(target))
		return view_of("");
	return table_find(&work->schemas, json_name(target)) == target ? json_name(target)
								       : generated_model(work, target);
}

/*
 * Every reference of a schema becomes one to a model, within the document itself. Values of these keywords are no schemas.
 */
static void settle_references(struct openapi_work *work, struct view model, struct json *schema)
{
	static const char *const values[] = { "enum", "default", "example", "examples", OPENAPI_X_MODEL };
	const struct json *reference = json_find(schema, "$ref");

	if (json_is_text(reference)) {
		struct view name = model_of_reference(work, json_text(reference));

		if (name.count == 0)
			openapi_error(work, reference,
				"Unable to create model for '" VIEW_FMT
				"': Invalid model specified: Validation Result: warnings : [], errors : [Invalid model "
				"reference specified: " VIEW_FMT "]",
				VIEW_ARG(model), VIEW_ARG(json_text(reference)));
		else if (!view_equals(name, schema_model_of(json_text(reference))))
			json_set(schema, "$ref",
				json_text_new_printf(
					VIEW_FMT VIEW_FMT, VIEW_ARG(schema_prefix(work->is_swagger)), VIEW_ARG(name)));
	}
	JSON_EACH(member, schema)
	{
		bool is_value = false;

		for (size_t i = 0; i < ARRAY_COUNT(values); i++)
			is_value = is_value || view_equals_text(json_name(member), values[i]);
		if (!is_value || json_is_object(member))
			settle_references(work, model, member);
	}
}

static void put_model(struct openapi_work *work, struct view name, struct json *schema)
{
	const struct json *description = json_find(schema, "description");
	struct json *model = json_object_new();

	json_set_text(model, "name", name);
	if (!schema_restore(model, schema, name, schema_prefix(work->is_swagger), api_id_of(work))) {
		struct json JSON_CLEANUP *kept = NULL;
		char *text;

		settle_references(work, name, schema);
		kept = schema_from_document(schema, api_id_of(work));
		text = json_print_text(kept);
		if (json_is_text(description))
			json_set(model, "description", json_copy(description));
		json_set_c_string(model, "schema", text);
		json_set_c_string(model, "contentType", "application/json");
		free(text);
	}
	(void)openapi_charge(work, schema, json_find_text(model, "schema").count);
	openapi_put(work, OPENAPI_MODELS, name, model);
}

/* --- All models -------------------------------------------------------------------------------------------------------------- */

struct json *openapi_schemas(const struct openapi_work *work)
{
	return work->is_swagger ? json_find(work->document, "definitions")
				: json_find_path(work->document, "components", "schemas", NULL);
}

static bool schema_is_valid(struct openapi_work *work, const struct json *schema)
{
	struct view name = json_name(schema);

	if (!name_is_valid(name))
		openapi_error(work, schema,
			"Unable to create model for '" VIEW_FMT "': Model name must be alphanumeric: " VIEW_FMT,
			VIEW_ARG(name), VIEW_ARG(name));
	else if (!json_is_object(schema))
		openapi_error(work, schema,
			"Unable to create model for '" VIEW_FMT
			"': Invalid model specified: Validation Result: warnings : [], errors : [Invalid model schema "
			"specified]",
			VIEW_ARG(name));
	else
		return true;
	return false;
}

void openapi_read_models(struct openapi_work *work)
{
	struct json *all = openapi_schemas(work);

	if (json_count(all) > OPENAPI_MODELS_MAX_COUNT) {
		openapi_error(work, all, "Maximum number of models for this API has been reached: %d",
			OPENAPI_MODELS_MAX_COUNT);
		return;
	}
	JSON_EACH(schema, all)
	ASSERT(table_set(&work->schemas, json_name(schema), schema, NULL) == 0);
	JSON_EACH(schema, all)
	{
		if (schema_is_valid(work, schema))
			put_model(work, json_name(schema), schema);
	}
}

/* One may bring others. */
void openapi_make_generated_models(struct openapi_work *work)
{
	for (size_t i = 0; i < json_count(work->generated_schemas); i++) {
		struct view name = json_text(json_at(work->generated_schemas, i));

		if (json_count(work->lists[OPENAPI_MODELS].items) >= 2 * OPENAPI_MODELS_MAX_COUNT) {
			openapi_error(work, table_find(&work->schemas, name),
				"Maximum number of models for this API has been reached: %d", OPENAPI_MODELS_MAX_COUNT);
			return;
		}
		put_model(work, name, table_find(&work->schemas, name));
	}
}

struct view openapi_model_of(struct openapi_work *work, const struct json *schema)
{
	const struct json *reference = json_find(schema, "$ref");
	struct view name;

	if (!json_is_object(schema)) {
		openapi_error(work, schema, "Invalid model schema specified");
		return view_of("");
	}
	if (!reference)
		return generated_model(work, schema);
	name = model_of_reference(work, json_text(reference));
	if (name.count == 0) {
		struct view missing = schema_model_of(json_text(reference));

		openapi_warn(work, "Reference to model '" VIEW_FMT "' not found. Ignoring.",
			VIEW_ARG(missing.count ? missing : json_text(reference)));
	}
	return name;
}
