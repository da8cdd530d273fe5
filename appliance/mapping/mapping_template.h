/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mapping_template: mapping templates. A template without '$' and '#' says what it means and is served literally; one that
 * holds either needs the template engine, which this build does not have, and is refused when it is stored, so that no
 * stored template can fail at run time.
 *
 * Threads: pure functions.
 * Source: API Gateway Developer Guide, "Mapping templates for REST APIs"; spec/vtl.md.
 */
#ifndef POSTERN_MAPPING_MAPPING_TEMPLATE_H
#define POSTERN_MAPPING_MAPPING_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "appliance/base/view.h"

/* A mapping template may have 300 KB (Quotas for configuring and running a REST API). */
#define MAPPING_TEMPLATE_MAX_BYTES 307200

/*
 * Is `text` a literal? Returns 0; -ENOTSUP if it has a '$' or '#', whose offset goes to `*ret_offset` (may be NULL); -EMSGSIZE if it
 * is longer than MAPPING_TEMPLATE_MAX_BYTES.
 */
int mapping_template_check(struct view text, size_t *ret_offset) __attribute__((warn_unused_result));

/*
 * The status that a MOCK integration's request template selects: the integer member "statusCode" of the JSON object that the literal
 * template is, or 0 if it has none (the integration then fails with 500). Source: spec/rest-dataplane.md 13.
 */
int mapping_template_mock_status(struct view text);

/*
 * Gateway responses have a small language of their own: plain substitution of $context.PATH, $stageVariables.NAME and
 * method.request.… without directives. Walks the pieces of such a template: each call gives a literal or a reference, false
 * at the end. Start with `*rest` = the template.
 */
enum mapping_piece_kind {
	MAPPING_PIECE_LITERAL,
	MAPPING_PIECE_CONTEXT,
	MAPPING_PIECE_STAGE_VARIABLE,
	MAPPING_PIECE_REQUEST
};
struct mapping_piece {
	enum mapping_piece_kind kind;
	struct view
		text; /* the literal; the path behind "$context."; the name; "header.x", "querystring.x" or "path.x" */
};
bool mapping_piece_next(struct mapping_piece *ret, struct view *rest);

#endif
