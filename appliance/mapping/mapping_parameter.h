/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mapping_parameter: parameter mapping: the entries of an integration's requestParameters and responseParameters, compiled.
 *
 * An entry says where a value goes ("integration.request.header.X-Id") and where it comes from
 * ("method.request.path.id"). Both texts are parsed once, when the snapshot is built, into a struct of this file; the
 * pipeline applies it for each request by its kind. Texts are borrowed: they live in the record from which they were
 * compiled.
 *
 * Not here: fetching the values (pipeline/), JSONPath in bodies (compiled only as far as its text).
 * Threads: pure functions; compiled entries are immutable.
 * Source: API Gateway Developer Guide, "API Gateway API request and response data mapping reference";
 * spec/rest-dataplane.md 6.
 */
#ifndef POSTERN_MAPPING_MAPPING_PARAMETER_H
#define POSTERN_MAPPING_MAPPING_PARAMETER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/view.h"

struct json_path;

enum mapping_target_kind {
	MAPPING_TO_REQUEST_PATH,        /* integration.request.path.NAME */
	MAPPING_TO_REQUEST_QUERYSTRING, /* integration.request.querystring.NAME */
	MAPPING_TO_REQUEST_HEADER,      /* integration.request.header.NAME */
	MAPPING_TO_RESPONSE_HEADER,     /* method.response.header.NAME, and gatewayresponse.header.NAME */
};

enum mapping_source_kind {
	MAPPING_FROM_LITERAL,                /* 'text': text without its quotes */
	MAPPING_FROM_PATH,                   /* method.request.path.NAME */
	MAPPING_FROM_QUERYSTRING,            /* method.request.querystring.NAME: the last value */
	MAPPING_FROM_MULTIVALUE_QUERYSTRING, /* method.request.multivaluequerystring.NAME */
	MAPPING_FROM_HEADER, /* method.request.header.NAME or integration.response.header.NAME: the last value */
	MAPPING_FROM_MULTIVALUE_HEADER, /* …multivalueheader.NAME: joined with ',' */
	MAPPING_FROM_BODY,              /* …body, or …body.JSONPATH in `text` */
	MAPPING_FROM_STAGE_VARIABLE,    /* stageVariables.NAME */
	MAPPING_FROM_CONTEXT,           /* context.PATH or $context.PATH; `text` is PATH */
};

/* Which of the three places an entry stands in: what may be mapped to what differs. */
enum mapping_side {
	MAPPING_INTEGRATION_REQUEST, /* requestParameters of an integration */
	MAPPING_METHOD_RESPONSE,     /* responseParameters of an integration response */
	MAPPING_GATEWAY_RESPONSE,    /* responseParameters of a gateway response */
};

struct mapping_parameter {
	enum mapping_target_kind target_kind;
	struct view target_name;
	enum mapping_source_kind source_kind;
	const struct json_path *path; /* of a body, which whoever compiles the mapping sets; NULL: the whole of it */
	struct view source_text;      /* name, literal text, context path or JSONPath; empty for a whole body */
};

/* Longest name on either side; AWS documents none, a header section has 10,240 bytes. */
#define MAPPING_NAME_MAX_BYTES 1024

/*
 * Compile the entry `target` = `source`. Returns 0, or -EINVAL with the rule in `*ret_rule` (static text, may be NULL):
 * what about target or source is not allowed at this side.
 */
int mapping_parameter_compile(struct mapping_parameter *ret, enum mapping_side side, struct view target,
	struct view source, const char **ret_rule) __attribute__((warn_unused_result));

/* Is `name` made of the characters that mapped names may have (^[a-zA-Z0-9._$-]+$)? */
bool mapping_name_is_valid(struct view name);

#endif
