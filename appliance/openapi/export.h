/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * export: the definition of a REST API (see import.h) as an OpenAPI 3.0 or Swagger 2.0 document: GetExport.
 *
 * Plain documents have what any client needs; extensions add what API Gateway needs to make the same API of it:
 *   integrations  everything of x-amazon-apigateway-* but authorizers, and Postern's own (extensions.h)
 *   authorizers   x-amazon-apigateway-authorizer of the security schemes, with x-amazon-apigateway-authtype
 *   validators    x-amazon-apigateway-request-validators
 *   postman       x-amazon-apigateway-documentation: Postman itself needs nothing that a document does not have
 *
 * Importing a document with integrations and authorizers gives the definition that was exported, but for: ids; endpoint types
 * and tags of the API, which are no part of documents; maps without entries; names of request validators and authorizers that have
 * none or that others have, too. Resources of the API's own in its policy are written in their short form, execute-api:/…, so that
 * the policy fits whatever API is made of the document.
 *
 * Threads: any; a pure function.
 * Source: API Gateway Developer Guide, "Export a REST API from API Gateway"; spec/openapi.md 7.
 */
#ifndef POSTERN_OPENAPI_EXPORT_H
#define POSTERN_OPENAPI_EXPORT_H

#include <stdbool.h>

#include "appliance/base/json.h"
#include "appliance/base/view.h"

struct openapi_export_options {
	bool is_swagger; /* 2.0, else OpenAPI 3.0 */
	bool integrations, authorizers, validators, postman;
	struct view stage;
	struct view version; /* for an API that has none: when it was deployed */
	struct view account_id, region;
};

/*
 * The document of `definition`. Returns 0 and the document, json_free() it. -EINVAL: it can't be said in OpenAPI,
 * `*ret_message` tells why in AWS's words (free() it).
 */
int openapi_export(struct json **ret, char **ret_message, const struct json *definition,
	const struct openapi_export_options *options) __attribute__((warn_unused_result));

/* The version that the document of `definition` has: the API's own, or that of the options. */
struct view openapi_export_version(const struct json *definition, const struct openapi_export_options *options);

#endif
