/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * aws_uri: the URI of an integration with an AWS service:
 *
 *	arn:{partition}:apigateway:{region}:{subdomain.service|service}:path/{path}
 *	arn:{partition}:apigateway:{region}:{subdomain.service|service}:action/{action}[&Key=Value...]
 *
 * Threads: pure functions.
 * Source: API reference, PutIntegration (uri); spec/rest-dataplane.md 5.1, 5.2; spec/lambda.md 1.2.
 */
#ifndef POSTERN_INTEGRATE_AWS_URI_H
#define POSTERN_INTEGRATE_AWS_URI_H

#include <stdbool.h>

#include "appliance/base/arena.h"
#include "appliance/base/view.h"
#include "appliance/integrate/integrate.h"
#include "appliance/model/integration.h"

struct aws_uri {
	struct view partition, region;
	struct view name; /* of the service, with its subdomain: "sqs", "runtime.sagemaker" */
	bool is_action;
	struct view rest; /* behind "path" (begins with one '/') or behind "action/" */
};

/* Take the URI apart; views point into it. Returns 0, or -EINVAL if it has not this form. */
int aws_uri_parse(struct aws_uri *ret, struct view text) __attribute__((warn_unused_result));

/* The value of a stage variable; the empty view if it is not set. */
typedef struct view aws_uri_variable_fn(void *context, struct view name);

struct aws_uri_values {
	aws_uri_variable_fn *variable;
	void *context;                                /* for `variable` */
	const struct integrate_parameter *parameters; /* {name} is replaced by integration.request.path.name */
	size_t parameter_count;
};

/*
 * The URI with its placeholders filled in, in the arena (or `uri->text` itself if it has none). A parameter's value stays in
 * its place: it makes no further segment of dots, ends no path and makes no further parameter of a query. Returns 0; -EINVAL
 * if a {name} has no value or one that breaks out of its place; -ENOMEM.
 */
int aws_uri_render(struct arena *arena, const struct integration_uri *uri, const struct aws_uri_values *values,
	struct view *ret) __attribute__((warn_unused_result));

#endif
