/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gateway_response: the answers that the gateway gives itself, by type: the table of defaults, and what an API made of them.
 *
 * Looking one up: the exact type as the deployment customised it, else its parent DEFAULT_4XX or DEFAULT_5XX as
 * customised (whose status, if set, replaces that of all its types), else the default row.
 *
 * Not here: writing the answer and substituting variables (pipeline/phase_respond.c).
 * Threads: immutable once built.
 * Source: spec/rest-dataplane.md 16; spec/recorded-errors.md 2.
 */
#ifndef POSTERN_MODEL_GATEWAY_RESPONSE_H
#define POSTERN_MODEL_GATEWAY_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>

#include "appliance/base/view.h"
#include "appliance/mapping/mapping_parameter.h"

enum gateway_response_type {
#define GATEWAY_RESPONSE(type, status, parent, blank, key, message, error_type) GATEWAY_RESPONSE_##type,
#include "appliance/model/gateway_responses.def"
#undef GATEWAY_RESPONSE
	GATEWAY_RESPONSE_COUNT
};

/* One row of gateway_responses.def. */
struct gateway_response_default {
	struct view name; /* "ACCESS_DENIED" */
	int status;       /* 0 for DEFAULT_4XX and DEFAULT_5XX */
	enum gateway_response_type parent;
	bool blank;             /* `": "` rather than `":"` in the default body */
	struct view key;        /* "message" or "Message" */
	struct view message;    /* as a JSON value: quoted text, or null */
	struct view error_type; /* x-amzn-ErrorType */
};

/* A template of a gateway response, by media type: text with $context..., $stageVariables..., method.request... */
struct gateway_response_template {
	struct view media_type;
	struct view text;
};

/* One type as an API customised it: the record of kind gatewayresponse, frozen in the deployment. */
struct gateway_response {
	int status; /* 0: the default one */
	size_t parameter_count;
	const struct mapping_parameter *parameters; /* gatewayresponse.header.* */
	size_t template_count;
	const struct gateway_response_template *templates; /* "application/json" first if it is there */
};

/* All customised types of a deployment; NULL where nothing was customised. */
struct gateway_response_set {
	const struct gateway_response *types[GATEWAY_RESPONSE_COUNT];
};

/* What to answer: default row, customisation (NULL if none) and the status that holds. */
struct gateway_response_choice {
	const struct gateway_response_default *defaults;
	const struct gateway_response *custom;
	int status;
};

/* The row of a type. */
const struct gateway_response_default *gateway_response_defaults(enum gateway_response_type type);

/* The type of that name, or GATEWAY_RESPONSE_COUNT. */
enum gateway_response_type gateway_response_parse(struct view name);

/* Choose for `type`; `set` may be NULL (no API was found). */
struct gateway_response_choice gateway_response_choose(
	const struct gateway_response_set *set, enum gateway_response_type type);

#endif
