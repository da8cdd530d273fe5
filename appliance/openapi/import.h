/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * import: an OpenAPI 3.0 or Swagger 2.0 document (JSON or YAML) turned into the definition of a REST API: the records that
 * ImportRestApi and PutRestApi write.
 *
 * A pure function from what exists and what the document says to what shall exist. Nothing is changed here: the caller
 * stores the new definition in one transaction, or, after a failure, nothing.
 *
 * A definition is one JSON object, the same shape that deployments freeze and that export.h reads:
 *	{"restApi":{…}, "resources":[…], "models":[…], "authorizers":[…], "validators":[…], "gatewayResponses":[…],
 *	 "documentationParts":[{"id", "location":{"type", …}, "properties":"…"}], "documentationVersion":"1.0"}
 * whose items are the records as the AWS API shows them. Items that go on living keep their ids (the root resource,
 * resources of the same path, models, validators, authorizers and gateway responses of the same name, documentation parts
 * of the same location), new ones get random ids. So: put each item of the new definition, delete what only the old one has.
 *
 * documentationParts are complete locations: every field that the type has is there (documentation.h). A deployment does
 * not freeze them, a DocumentationVersion does; export is given those of the stage's version. documentationVersion names
 * that version: it is there only if the document has one (x-amazon-apigateway-documentation.version), and the caller then
 * keeps a snapshot of the parts under that name unless the API has it already. Without x-amazon-apigateway-documentation
 * the parts are made from the document's plain descriptions; with it, only the listed ones exist.
 *
 * restApi.policy is the text of the document's policy object, resources still in their short form: the caller normalises
 * it. Endpoint types are the caller's too (a query parameter of the call); the document sets vpcEndpointIds at most.
 *
 * Not here: HTTP APIs, export.
 * Threads: any; no state.
 * Source: API Gateway Developer Guide, "Develop REST APIs using OpenAPI"; spec/openapi.md.
 */
#ifndef POSTERN_OPENAPI_IMPORT_H
#define POSTERN_OPENAPI_IMPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "appliance/base/json.h"
#include "appliance/base/view.h"

/* Largest document. Source: "Amazon API Gateway quotas", maximum size of an API definition. */
#define OPENAPI_MAX_BYTES ((size_t)6 << 20)
/* What one API may hold, for one document: resources and methods. AWS grants 300 resources, more on request. */
#define OPENAPI_RESOURCES_MAX_COUNT 5000
#define OPENAPI_PATH_MAX_BYTES 4096 /* of a resource; a request's line is no longer than twice that */
#define OPENAPI_MODELS_MAX_COUNT 20000
#define OPENAPI_PARTS_MAX_COUNT 20000
/* Source: API Gateway API Reference, DocumentationVersion: a text of the caller's choice; longer ones name nothing. */
#define OPENAPI_DOCUMENTATION_VERSION_MAX_BYTES 128
/* Entries of one map: parameters of a method, headers of a response, templates, mappings. AWS names no limit. */
#define OPENAPI_ENTRIES_MAX_COUNT 1000
/* What references may make of a document: bytes of names and texts in the definition, as one item may be used often. */
#define OPENAPI_DEFINITION_MAX_BYTES ((size_t)64 << 20)
/* Errors and warnings that are told; what comes behind is counted only. */
#define OPENAPI_ERRORS_MAX_COUNT 50
#define OPENAPI_WARNINGS_MAX_COUNT 200

enum openapi_base_path {
	OPENAPI_BASE_PATH_IGNORE,
	OPENAPI_BASE_PATH_PREPEND,
	OPENAPI_BASE_PATH_SPLIT, /* without its first segment */
};

struct openapi_options {
	bool merge; /* keep what the document does not mention; else it is not in the new definition */
	bool fail_on_warnings;
	bool ignore_documentation; /* no documentation parts, whatever the document has */
	enum openapi_base_path base_path;
	struct view account_id, region; /* for ${AWS::AccountId} and ${AWS::Region} */
	uint32_t timeout_max_ms;        /* highest timeoutInMillis; 0: AWS's 29,000 */
};

/* Why a document was refused. */
struct openapi_failure {
	char *message;         /* as the API answers, e.g. "Invalid OpenAPI input."; on the heap, free() it */
	char *detail;          /* place and rule: "line 3, column 9, /paths/~1pets/get: …"; on the heap */
	uint32_t line, column; /* of the first error; 0 if it has none */
};
void openapi_failure_fini(struct openapi_failure *failure);

/*
 * Import `text` over `existing` (a definition as above; it must have restApi.id, and should have the root resource).
 *
 * Returns 0: `*ret_definition` and `*ret_warnings` (an array of texts, maybe empty) are the caller's to json_free().
 * -EINVAL: the document can't be imported, `*ret_failure` says why (openapi_failure_fini() it). With fail_on_warnings
 * that is also so if there are warnings. -ENOMEM.
 */
int openapi_import(struct json **ret_definition, struct json **ret_warnings, struct openapi_failure *ret_failure,
	const struct json *existing, struct view text, const struct openapi_options *options)
	__attribute__((warn_unused_result));

#endif
