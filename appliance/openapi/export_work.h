/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * export_work: one export under way, shared by the export_*.c files: what is exported, found by id, and the document.
 *
 * Trees that the functions here return are the caller's. Threads: one export belongs to one thread.
 */
#ifndef POSTERN_OPENAPI_EXPORT_WORK_H
#define POSTERN_OPENAPI_EXPORT_WORK_H

#include "appliance/base/arena.h"
#include "appliance/base/buffer.h"
#include "appliance/base/json.h"
#include "appliance/base/table.h"
#include "appliance/openapi/export.h"

struct openapi_export {
	const struct openapi_export_options *options;
	const struct json *definition;
	struct json *document;
	struct table models;          /* definition.models by name */
	struct table validator_names; /* of the document, by validator id: struct view */
	struct table scheme_names;    /* of the document, by authorizer id: struct view */
	struct view api_key_scheme, iam_scheme;
	bool uses_api_key, uses_iam;
	struct json *documentation; /* [{"location", "properties"}], properties as objects */
	struct table parts;         /* the same by location */
	struct table part_types;    /* one of each type by it */
	struct buffer key;          /* of the location that is looked for */
	struct arena arena;         /* names and texts */
	char *refusal;              /* why there is no document; NULL: none */
};

/* Formatted text that lives as long as the export. */
struct view openapi_export_text(struct openapi_export *export, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* There is no document, for this reason. The first one stays. */
void openapi_export_refuse(struct openapi_export *export, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Copy the members of these names (NULL ends the list) that are there and are no empty container. */
void openapi_export_copy(struct json *to, const struct json *from, ...) __attribute__((sentinel));

/* Set `member` of `to`, or free it if it has no entries. */
void openapi_export_set_filled(struct json *to, const char *name, struct json *member);

/* --- export_parts.c: schemas, security schemes, validators, gateway responses, documentation ------------------------- */

/* Find models by name, name validators and authorizers, read the documentation: before any method is exported. */
void openapi_export_names(struct openapi_export *export);

/* The models as schemas by name. */
struct json *openapi_export_schemas(struct openapi_export *export);

/* A text that documents have in lower case. */
struct json *openapi_export_lower(struct openapi_export *export, struct view text);

/* Security schemes by name: all authorizers, API keys and signatures if methods ask for them. After all methods. */
struct json *openapi_export_schemes(struct openapi_export *export);

/* x-amazon-apigateway-request-validators, -gateway-responses and -documentation, as the extensions ask for. */
void openapi_export_parts(struct openapi_export *export);

/*
 * What the documentation says of something of that type: `property`, "description" for instance, of the part whose location
 * fits best. NULL if it says nothing. `status` and `name` are empty where the type has none.
 */
const struct json *openapi_export_documented(struct openapi_export *export, const char *type, struct view path,
	struct view verb, struct view status, struct view name, const char *property);

/* --- export_method.c, export_integration.c --------------------------------------------------------------------------- */

/* The operation of a method. */
struct json *openapi_export_method(
	struct openapi_export *export, const struct json *resource, const struct json *method);

/* x-amazon-apigateway-integration of a method's integration. */
struct json *openapi_export_integration(
	struct openapi_export *export, const struct json *resource, const struct json *integration);

#endif
