/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * import_work: one import under way, shared by the import_*.c files: the document, the definition that is being built,
 * and what is to be told about both.
 *
 * Errors do not stop the import: it goes on, so that one call tells all that is wrong, and the definition is thrown away at
 * the end. Texts made with openapi_text() live as long as the work.
 * Threads: one work belongs to one thread.
 */
#ifndef POSTERN_OPENAPI_IMPORT_WORK_H
#define POSTERN_OPENAPI_IMPORT_WORK_H

#include "appliance/base/arena.h"
#include "appliance/base/buffer.h"
#include "appliance/base/json.h"
#include "appliance/base/table.h"
#include "appliance/openapi/import.h"

struct openapi_work {
	const struct openapi_options *options;
	const struct json *existing; /* the old definition */
	struct json *document;
	bool is_swagger; /* 2.0, else OpenAPI 3.0 */
	struct json *definition;
	struct table resources;     /* definition.resources by path */
	struct table resource_ids;  /* the same by id */
	struct table old_resources; /* existing.resources by path */
	struct json *warnings;
	size_t warning_count;
	struct buffer errors, details; /* "\n\ttext" each */
	size_t error_count;
	bool is_invalid; /* an error is about the document's form */
	uint32_t line, column;
	struct arena arena; /* texts */
};

/* Formatted text that lives as long as the work. */
struct view openapi_text(struct openapi_work *work, const char *format, ...) __attribute__((format(printf, 2, 3)));

void openapi_warn(struct openapi_work *work, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Something at `at` can't be imported: the message of the API, to which the place is added. */
void openapi_error(struct openapi_work *work, const struct json *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The document is no OpenAPI document: `rule` is broken at `at`. */
void openapi_invalid(struct openapi_work *work, const struct json *at, const char *rule);

/* `value`, or what its "$ref" refers to within the document; NULL (and an error) if that is not there. */
const struct json *openapi_resolve(struct openapi_work *work, const struct json *value);

/* A text, or the text of a number or truth value; `at` NULL for others. */
struct view openapi_scalar(struct openapi_work *work, const struct json *value);

/* Only texts of a map: others are warned about and dropped. `what` and `where` fill AWS's sentence. */
struct json *openapi_text_map(
	struct openapi_work *work, const struct json *map, const char *what, struct view path, struct view verb);

/* The item of `list` whose `member` is `text`, or NULL. */
struct json *openapi_find(const struct json *list, const char *member, struct view text);

/*
 * Put `item`, which is identified by `member`, into the list `name` of the definition, in the place of one of the same
 * identity if there is one. `with_id`: it has an id, that of its predecessor in the new or the old definition, else a new
 * one. Returns the item.
 */
struct json *openapi_put(
	struct openapi_work *work, const char *name, const char *member, bool with_id, struct json *item);

/* An id of six lower-case letters and digits that no item of `list` has. Sets item.id. */
void openapi_set_new_id(const struct json *list, struct json *item);

/* --- import_parts.c: models, validators, authorizers, gateway responses --------------------------------------------- */

void openapi_read_parts(struct openapi_work *work);

/* The model that a schema refers to, made if it is written in place. Empty (and an error) if there is none. */
struct view openapi_model_of(struct openapi_work *work, const struct json *schema);

/* --- import_method.c, import_integration.c -------------------------------------------------------------------------- */

/* The Method of `verb` at `resource` from an operation and the parameters of its path item. */
struct json *openapi_method(struct openapi_work *work, const struct json *resource, struct view verb,
	const struct json *path_item, const struct json *operation);

/* authorizationType, authorizerId, authorizationScopes and apiKeyRequired of a method. */
void openapi_set_security(
	struct openapi_work *work, const struct json *operation, struct view path, struct json *method);

/* The Integration from x-amazon-apigateway-integration, or NULL after an error. */
struct json *openapi_integration(
	struct openapi_work *work, const struct json *resource, struct view verb, const struct json *extension);

#endif
