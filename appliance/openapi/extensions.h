/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * extensions: members of an exported document that only Postern reads, beside AWS's x-amazon-apigateway-*.
 *
 * They exist so that an import of an export gives what was exported. Export writes one only where neither OpenAPI nor AWS's
 * extensions can say what is stored, and only into documents with integrations; API Gateway drops them unread. Each counts
 * only as long as what it completes stands beside it unchanged, so that an edit of the document is never overruled.
 */
#ifndef POSTERN_OPENAPI_EXTENSIONS_H
#define POSTERN_OPENAPI_EXTENSIONS_H

/* In info: the API has no version; this is the one that was made up for the document. */
#define OPENAPI_X_VERSION "x-postern-version"

/* In a schema: {"schema", "description", "contentType"} of the model, which the schema is a translation of. */
#define OPENAPI_X_MODEL "x-postern-model"

/* In a path parameter (false) and in a header of a response (true): the value in requestParameters, responseParameters. */
#define OPENAPI_X_REQUIRED "x-postern-required"

/* In a parameter, true: all its values, method.request.multivalue… */
#define OPENAPI_X_MULTIVALUE "x-postern-multivalue"

/* In an operation and a response of Swagger, whose media types have one model there: {media type: model}. */
#define OPENAPI_X_MODELS "x-postern-models"

/* In an integration: those of its responses whose pattern another one has, too, or which is called "default". */
#define OPENAPI_X_RESPONSES "x-postern-responses"

/* In an integration of type mock: the httpMethod and uri that it has all the same. Imports of AWS's keys drop them. */
#define OPENAPI_X_MOCK "x-postern-mock"

/* In an operation: authorizationScopes of a method whose authorization knows none. */
#define OPENAPI_X_SCOPES "x-postern-scopes"

/* In a documentation part: its properties as they are written, blanks included. */
#define OPENAPI_X_PROPERTIES "x-postern-properties"

#endif
