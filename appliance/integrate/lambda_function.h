/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lambda_function: the path of Lambda's Invoke operations, as integrations name it, taken apart and written again:
 *
 *	/2015-03-31/functions/{function}/invocations
 *	/2021-11-15/functions/{function}/response-streaming-invocations
 *
 * A function is an ARN, the end of one, or a name, each with or without a qualifier (a version or an alias) behind a colon. AWS takes
 * ARNs; servers that stand in for it often know names alone, and take the qualifier from the query.
 *
 * Threads: pure functions. Source: spec/lambda.md 1.1, 1.2, 3.6.
 */
#ifndef POSTERN_INTEGRATE_LAMBDA_FUNCTION_H
#define POSTERN_INTEGRATE_LAMBDA_FUNCTION_H

#include <stdbool.h>

#include "appliance/base/arena.h"
#include "appliance/base/view.h"

struct lambda_function {
	struct view api_version; /* "2015-03-31" */
	struct view reference;   /* as it stands in the path */
	struct view name;
	struct view qualifier; /* empty if there is none */
	bool streams;          /* InvokeWithResponseStream */
};

/* Take the path of an integration's URI apart; views point into it. Returns 0, or -EINVAL if it invokes no function. */
int lambda_function_parse(struct lambda_function *ret, struct view path) __attribute__((warn_unused_result));

/* The path that calls it: by its reference, or by its name alone. `at` NULL without memory. */
struct view lambda_function_path(struct arena *arena, const struct lambda_function *function, bool by_name);

#endif
