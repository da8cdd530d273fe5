/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * schema: the JSON schema of a Model: in a document and out of it, without references, as a mapping template.
 *
 * A model keeps its schema as text; references to other models of the API are URLs,
 *	https://apigateway.amazonaws.com/restapis/{api id}/models/{name}
 * A document has #/definitions/{name} or #/components/schemas/{name} instead.
 *
 * Threads: any; pure functions.
 * Source: API Gateway Developer Guide, "Data models for REST APIs", "Amazon API Gateway important notes";
 * spec/openapi.md 4, 6 and 8.2.
 */
#ifndef POSTERN_OPENAPI_SCHEMA_H
#define POSTERN_OPENAPI_SCHEMA_H

#include <stdbool.h>

#include "appliance/base/json.h"
#include "appliance/base/view.h"

/* What a flattened schema or a template may grow to. Source: "Amazon API Gateway quotas": model size per API, template. */
#define SCHEMA_FLAT_MAX_BYTES ((size_t)400 << 10)
#define SCHEMA_TEMPLATE_MAX_BYTES ((size_t)300 << 10)

/* Where schemas stand in a document: "#/definitions/" in Swagger, "#/components/schemas/" in OpenAPI 3. */
struct view schema_prefix(bool is_swagger);

/* The model that a reference names, in a document or by its URL; empty for other references. */
struct view schema_model_of(struct view reference);

/* --- Documents ------------------------------------------------------------------------------------------------------ */

/*
 * A schema of a document as a model of API `api_id` keeps it: without keywords that models don't have; a reference that names no
 * model stays as it is. The result is the caller's.
 */
struct json *schema_from_document(const struct json *schema, struct view api_id);

/*
 * The opposite: the schema of model `name` in a document whose schemas stand at `prefix`. Without "$schema", which documents
 * don't allow; a reference within the schema ("#/x") refers to the same place of the document. The result is the caller's.
 */
struct json *schema_to_document(const struct json *schema, struct view name, struct view prefix);

/*
 * The same for a whole model, with OPENAPI_X_MODEL if schema_from_document() would not give it back (`exact`; without it
 * never). The result is the caller's; an empty object if the model's schema is no JSON object.
 */
struct json *schema_export(const struct json *model, struct view api_id, struct view prefix, bool exact);

/*
 * Set schema, description and contentType of `model` from the OPENAPI_X_MODEL of `shown`, the schema called `name` of a
 * document, with references to models of API `api_id`. False, and nothing is set, if there is none or `shown` was edited.
 */
bool schema_restore(
	struct json *model, const struct json *shown, struct view name, struct view prefix, struct view api_id);

/* --- Models --------------------------------------------------------------------------------------------------------- */

/*
 * The schema of model `name` of `models`, an array of Models, with what its references refer to in their place. A reference
 * stays if it is circular, if it would make the schema too large, or if what it refers to has references within itself. The result is the caller's; NULL if there is no such model
 * or its schema is no JSON.
 */
struct json *schema_flatten(const struct json *models, struct view name);

/* The mapping template that makes an example of that model, on the heap (free() it); NULL as above or if it is too large. */
char *schema_template(const struct json *models, struct view name);

#endif
