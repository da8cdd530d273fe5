/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * impact_template: the paths that a resource of an API stands for ("/pets/{id}"), as policies see them. A record of clients
 * knows the resource that was called and one of the paths; a policy may tell paths of one resource apart.
 *
 * Threads: pure functions.
 */
#ifndef POSTERN_CONTROL_IMPACT_TEMPLATE_H
#define POSTERN_CONTROL_IMPACT_TEMPLATE_H

#include <stdbool.h>

#include "appliance/base/buffer.h"
#include "appliance/base/view.h"

/* Does the resource stand for more than one path? */
bool impact_template_varies(struct view resource);

/* Append one of the paths, without its first slash: each parameter is `count` times a byte that no pattern names. */
void impact_template_fill(struct view resource, size_t count, struct buffer *buffer);

/* Is it easily seen that `pattern` matches all of them: text without wildcards and one star, which holds what they begin with? */
bool impact_template_is_within(struct view pattern, struct view arn_prefix, struct view resource);

/*
 * Can `pattern` (a Resource of a policy, shorthand expanded) match the ARN arn:…:`prefix``path` for any path of the resource?
 * `arn_prefix` is arn:aws:execute-api:{region}:{account}:{api}/{stage}/{METHOD}/. Errs towards yes: a variable may stand for
 * anything.
 */
bool impact_template_may_match(struct view pattern, struct view arn_prefix, struct view resource);

#endif
