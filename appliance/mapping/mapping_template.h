/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mapping_template: what of templates is not the template engine's (template.h): the status that a MOCK integration reads out of what
 * its template rendered to, and the small language of gateway responses.
 *
 * Threads: pure functions.
 * Source: API Gateway Developer Guide, "Mock integrations for REST APIs", "Gateway responses"; spec/rest-dataplane.md 13.
 */
#ifndef POSTERN_MAPPING_MAPPING_TEMPLATE_H
#define POSTERN_MAPPING_MAPPING_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "appliance/base/view.h"

/*
 * The status that a MOCK integration's request template selects: the integer member "statusCode" of the JSON object that it
 * rendered to, or 0 if it has none (the integration then fails with 500). Source: spec/rest-dataplane.md 13.
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
