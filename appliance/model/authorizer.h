/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * authorizer: what an authorizer looks at in a request before anybody is asked, compiled from its record: identity sources, and the
 * pattern that a token must match.
 *
 * Not here: looking (pipeline/identity.h), asking a function or a pool of users, which this version does not do.
 * Threads: immutable once built.
 * Source: spec/auth.md 4.1, 4.2, 5.
 */
#ifndef POSTERN_MODEL_AUTHORIZER_H
#define POSTERN_MODEL_AUTHORIZER_H

#include <stdint.h>

#include "appliance/base/arena.h"
#include "appliance/base/json.h"
#include "appliance/base/view.h"

/* authorizerResultTtlInSeconds of who names none. */
#define AUTHORIZER_TTL_DEFAULT_S 300

struct compile;
struct pattern;

enum authorizer_type { AUTHORIZER_TOKEN, AUTHORIZER_REQUEST, AUTHORIZER_COGNITO };

enum authorizer_source_kind {
	AUTHORIZER_FROM_HEADER,
	AUTHORIZER_FROM_QUERYSTRING,
	AUTHORIZER_FROM_STAGE_VARIABLE,
	AUTHORIZER_FROM_CONTEXT
};

struct authorizer_source {
	enum authorizer_source_kind kind;
	struct view name; /* behind "method.request.header." and the like */
};

struct authorizer {
	struct view id;
	enum authorizer_type type;
	uint32_t ttl_s; /* 0: answers are not kept, and a REQUEST is never refused for want of an identity */
	size_t source_count;
	const struct authorizer_source *sources;
	struct pattern *validation; /* of a TOKEN; NULL: any token is passed on */
};

/*
 * Compile the record `json`; memory from `arena`, `json` may go. Then authorizer_fini() is due before the arena goes. Returns 0;
 * -EINVAL for a record that can't be meant (compile->message says what is wrong), -ENOMEM.
 */
int authorizer_compile(struct compile *compile, struct arena *arena, const struct json *json, struct authorizer *ret)
	__attribute__((warn_unused_result));

void authorizer_fini(struct authorizer *authorizer);

#endif
