/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * import_work: one import under way, shared by the import_*.c files: the document, the definition that is being built,
 * and what is to be told about both.
 *
 * Errors do not stop the import: it goes on, so that one call tells all that is wrong, and the definition is thrown away at
 * the end. Texts made with openapi_text() live as long as the work. Whatever is looked up once per item of a document is
 * found through a table, so that an import takes time in proportion to its document.
 * Threads: one work belongs to one thread.
 */
#ifndef POSTERN_OPENAPI_IMPORT_WORK_H
#define POSTERN_OPENAPI_IMPORT_WORK_H

#include "appliance/base/arena.h"
#include "appliance/base/buffer.h"
#include "appliance/base/json.h"
#include "appliance/base/table.h"
#include "appliance/openapi/import.h"

/* The lists of a definition whose items have a key; resources have paths and are kept apart (import_paths.c). */
enum openapi_list_kind {
	OPENAPI_MODELS,            /* by name */
	OPENAPI_AUTHORIZERS,       /* by name */
	OPENAPI_VALIDATORS,        /* by name */
	OPENAPI_GATEWAY_RESPONSES, /* by responseType */
	OPENAPI_PARTS,             /* by the text of the location */
	OPENAPI_LIST_COUNT,
};

struct openapi_list {
	struct json *items;      /* in the new definition: what the document has so far */
	struct table by_key;     /* the same */
	struct table old_by_key; /* the items of the old definition */
	struct table ids;        /* of both */
};

struct openapi_work {
	const struct openapi_options *options;
	const struct json *existing; /* the old definition */
	struct json *document;
	bool is_swagger;   /* 2.0, else OpenAPI 3.0 */
	bool renews_parts; /* to overwrite makes new documentation parts of old ones, too */
	struct json *definition;
	struct openapi_list lists[OPENAPI_LIST_COUNT];
	struct table resources;         /* definition.resources by path */
	struct table resource_ids;      /* the same by id, with the old ones */
	struct table old_resources;     /* existing.resources by path */
	struct table variable_children; /* the resources whose path part is a variable, by the id of their parent */
	struct table schemas;           /* the document's models by name */
	struct table references;        /* what "$ref"s refer to, by their text */
	struct table indexes;   /* tables of large objects that references go through, by the object's address */
	struct table generated; /* names of models made of schemas in place, by the schema's address */
	struct table sources;   /* the schemas' texts, by that name */
	struct json *generated_schemas; /* those names in order */
	size_t definition_bytes;        /* charged so far */
	struct json *warnings;
	size_t warning_count;
	struct buffer errors, details; /* "\n\ttext" each */
	size_t error_count;
	bool is_invalid; /* an error is about the document's form */
	uint32_t line, column;
	struct arena arena; /* texts */
};

/* Parse `text` (after substitution of ${AWS::…}); 0, or -EINVAL and the failure, -ENOMEM. */
int openapi_work_init(struct openapi_work *work, struct openapi_failure *failure, const struct json *existing,
	struct view text, const struct openapi_options *options) __attribute__((warn_unused_result));
void openapi_work_fini(struct openapi_work *work);

/* Is it an OpenAPI 3.0 or Swagger 2.0 document at all? An error says what it is instead. Sets is_swagger. */
bool openapi_check_version(struct openapi_work *work);

/* 0, or -EINVAL and the failure if there are errors, or warnings that shall fail. */
int openapi_report(struct openapi_work *work, struct openapi_failure *failure) __attribute__((warn_unused_result));

/* Formatted text that lives as long as the work. */
struct view openapi_text(struct openapi_work *work, const char *format, ...) __attribute__((format(printf, 2, 3)));

void openapi_warn(struct openapi_work *work, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Something at `at` can't be imported: the message of the API, to which the place is added. */
void openapi_error(struct openapi_work *work, const struct json *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The document is no OpenAPI document: `rule` is broken at `at`. */
void openapi_invalid(struct openapi_work *work, const struct json *at, const char *rule);

/*
 * Count what goes into the definition: false (and once an error) when it is too much, because references repeat what the
 * document has once.
 */
bool openapi_charge(struct openapi_work *work, const struct json *at, size_t bytes);

/* `value`, or what its "$ref" refers to within the document; NULL (and an error) if that is not there. */
const struct json *openapi_resolve(struct openapi_work *work, const struct json *value);

/* What stands at "#/…", or NULL. */
const struct json *openapi_at_reference(struct openapi_work *work, struct view reference);

/* A text, or the text of a number or truth value; `at` NULL for others. */
struct view openapi_scalar(struct openapi_work *work, const struct json *value);

/* Only texts of a map: others are warned about and dropped. `what` and `where` fill AWS's sentence. */
struct json *openapi_text_map(
	struct openapi_work *work, const struct json *map, const char *what, struct view path, struct view verb);

/* --- Items of the lists -------------------------------------------------------------------------------------------------- */

/* Know what exists, begin the new lists. Resources excepted. */
void openapi_lists_start(struct openapi_work *work);

/* With merge: what the document did not mention goes on. */
void openapi_lists_finish(struct openapi_work *work);

/* The item with that key in the new definition (with merge: also one that goes on), or NULL. */
struct json *openapi_find_item(struct openapi_work *work, enum openapi_list_kind kind, struct view key);

/*
 * Add `item`, whose key the document has once; it gets the id of its predecessor, else a new one. To overwrite makes new
 * authorizers of those that differ. Returns the item.
 */
struct json *openapi_put(struct openapi_work *work, enum openapi_list_kind kind, struct view key, struct json *item);

/* --- import_api.c, import_paths.c ---------------------------------------------------------------------------------------- */

/* The RestApi. */
void openapi_read_api(struct openapi_work *work);

/* Resources and methods. start: what goes on of those that exist. */
void openapi_resources_start(struct openapi_work *work);
void openapi_read_paths(struct openapi_work *work);

/* What stands before every path: "" or "/a/b". */
struct view openapi_base_path(struct openapi_work *work);

/* Calls `use` for each path item (`operation` NULL, `verb` empty) and each of its operations, by the paths of resources. */
typedef void openapi_use_operation(struct openapi_work *work, struct view path, struct view verb,
	const struct json *item, const struct json *operation);
void openapi_each_operation(struct openapi_work *work, openapi_use_operation *use);

/* --- import_models.c, import_parts.c: models; validators, authorizers, gateway responses ---------------------------------- */

/* The document's schemas by name, or NULL. */
struct json *openapi_schemas(const struct openapi_work *work);

/* Make the table of them, then the models. */
void openapi_read_models(struct openapi_work *work);
void openapi_read_parts(struct openapi_work *work);

/* Those of schemas in place: after all methods. */
void openapi_make_generated_models(struct openapi_work *work);

/* The model that a schema refers to, made if it is written in place. Empty (and a warning or error) if there is none. */
struct view openapi_model_of(struct openapi_work *work, const struct json *schema);

/* --- import_security.c ------------------------------------------------------------------------------------------------------ */

/* The document's security schemes by name, or NULL. */
const struct json *openapi_security_schemes(const struct openapi_work *work);
void openapi_read_authorizers(struct openapi_work *work);

/* authorizationType, authorizerId, authorizationScopes and apiKeyRequired of a method. */
void openapi_set_security(
	struct openapi_work *work, const struct json *operation, struct view path, struct json *method);

/* --- import_method.c, import_integration.c ---------------------------------------------------------------------------- */

/* The Method of `verb` at `resource` from an operation and the parameters of its path item. */
struct json *openapi_method(struct openapi_work *work, const struct json *resource, struct view verb,
	const struct json *path_item, const struct json *operation);

/* The Integration from x-amazon-apigateway-integration, or NULL after an error. */
struct json *openapi_integration(
	struct openapi_work *work, const struct json *resource, struct view verb, const struct json *extension);

/* --- import_documentation.c ----------------------------------------------------------------------------------------------- */

/* documentationParts and documentationVersion. */
void openapi_read_documentation(struct openapi_work *work);

#endif
