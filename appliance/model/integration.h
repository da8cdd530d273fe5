/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * integration: how a method is served, compiled from the Integration object of the deployment.
 *
 * Everything that does not depend on the request was done when it was compiled: the URI is cut at its placeholders, the
 * parameter mappings and templates are compiled, selection patterns are compiled regular expressions, names of media
 * types are lower case. Running it needs no allocation from the heap.
 *
 * Not here: calling the back end (appliance/integrate), choosing and running the mappings (appliance/pipeline).
 * Threads: immutable once built; borrowed from the snapshot that the request has pinned.
 * Source: spec/rest-dataplane.md 5–10; API reference, PutIntegration and PutIntegrationResponse.
 */
#ifndef POSTERN_MODEL_INTEGRATION_H
#define POSTERN_MODEL_INTEGRATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/arena.h"
#include "appliance/base/json.h"
#include "appliance/base/view.h"
#include "appliance/mapping/mapping_parameter.h"
#include "appliance/outbound/outbound.h"

/* Bounds of timeoutInMillis; the upper one is what AWS lets an answer stream for at most; the ceiling that holds is a setting. */
#define INTEGRATION_TIMEOUT_MIN_MS 50
#define INTEGRATION_TIMEOUT_DEFAULT_MS 29000
#define INTEGRATION_TIMEOUT_MAX_MS 900000

/* Most entries of requestParameters or responseParameters of one integration; AWS names no limit. */
#define INTEGRATION_PARAMETERS_MAX 256

enum integration_type {
	INTEGRATION_HTTP,
	INTEGRATION_HTTP_PROXY,
	INTEGRATION_AWS,
	INTEGRATION_AWS_PROXY,
	INTEGRATION_MOCK,
	INTEGRATION_TYPE_COUNT
};

enum integration_passthrough { INTEGRATION_WHEN_NO_MATCH, INTEGRATION_WHEN_NO_TEMPLATES, INTEGRATION_NEVER };

enum integration_content_handling {
	INTEGRATION_CONTENT_UNSET,
	INTEGRATION_CONVERT_TO_TEXT,
	INTEGRATION_CONVERT_TO_BINARY
};

/* A piece of an integration's URI: text as it is, or the name of what stands there. */
enum integration_uri_part_kind { INTEGRATION_URI_TEXT, INTEGRATION_URI_PATH_PARAMETER, INTEGRATION_URI_STAGE_VARIABLE };

struct integration_uri_part {
	enum integration_uri_part_kind kind;
	struct view text; /* literal, or the name between the braces */
};

/* The URI, cut once at each `{name}` and `${stageVariables.name}`. */
struct integration_uri {
	struct view text; /* as configured */
	size_t part_count;
	const struct integration_uri_part *parts;
	bool is_fixed; /* no placeholder: `text` is the URI of every request */
};

struct pattern;

/* Template by media type (as configured, or "$default"). */
struct integration_template {
	struct view media_type;
	struct view text;
	const struct template *program; /* NULL: it is none, and each use of it fails */
	bool is_literal;                /* it renders to `text` whatever the request */
	int mock_status;                /* request templates of MOCK: the status that it selects, 0 if none */
};

/* One integration response; the default one has no pattern. */
struct integration_response {
	int status;
	struct view status_text;
	struct pattern *selection; /* NULL: default */
	size_t parameter_count;
	const struct mapping_parameter *parameters; /* method.response.header.* */
	size_t template_count;
	const struct integration_template *templates; /* as written: "application/json" first if it is there */
	enum integration_content_handling content_handling;
};

struct integration {
	enum integration_type type;
	struct view http_method; /* empty: the client's own */
	struct integration_uri uri;
	struct integration_uri credentials; /* types AWS: a role's ARN, or nothing */
	bool is_private; /* connectionType VPC_LINK: the back end is a target of a load balancer (integrate/target.h) */
	struct integration_uri connection, balancer; /* then: the link's id; integrationTarget, an ARN, or nothing */
	bool has_origin;               /* HTTP and HTTP_PROXY: the authority of the URI has no placeholder */
	struct outbound_origin origin; /* then: where connections go to */
	uint32_t timeout_ms;
	enum tls_verification tls_verification; /* by tlsConfig.insecureSkipVerification */
	bool streams; /* responseTransferMode STREAM: the answer goes as it comes, and is not compressed */
	enum integration_passthrough passthrough;
	enum integration_content_handling content_handling;
	size_t parameter_count;
	const struct mapping_parameter *parameters; /* integration.request.* */
	bool maps_body;                             /* one of them reads the body */
	size_t template_count;
	const struct integration_template *templates;
	size_t response_count;
	struct integration_response *responses; /* those with a pattern in ascending status, then the default */
	/* NULL, or which template is none, and why: each use of it is answered with 500; the first of them. */
	const char *broken;
	const char *refused; /* NULL, or why it can't be run at all: the client gets 500 API_CONFIGURATION_ERROR */
};

struct compile;

/*
 * Compile the Integration object `json` of the method at `place` ("GET /pets", for messages); memory from `arena`, which
 * must outlive `*ret`; `json` may go. Then integration_fini() is due before the arena goes.
 *
 * Returns 0, for one that can't be run with ret->refused set; -EINVAL for an object that can't be meant, -ENOMEM; compile->message says what is wrong where.
 */
int integration_compile(struct compile *compile, struct arena *arena, struct view place, const struct json *json,
	struct integration *ret) __attribute__((warn_unused_result));

/* Release what is not arena memory (compiled patterns). */
void integration_fini(struct integration *integration);

#endif
