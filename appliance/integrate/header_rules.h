/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * header_rules: the table header_rules.def as look-ups by a known field's id. Threads: constant data.
 */
#ifndef POSTERN_INTEGRATE_HEADER_RULES_H
#define POSTERN_INTEGRATE_HEADER_RULES_H

#include "appliance/wire/http1.h"

enum header_rule {
	HEADER_RULE_PASS,
	HEADER_RULE_DROP,
	HEADER_RULE_REMAP,
};

enum header_rule_mapped {
	HEADER_RULE_SET,
	HEADER_RULE_IGNORE,
	HEADER_RULE_REFUSE,
};

/* What becomes of a client's field towards the back end: PASS or DROP. */
enum header_rule header_rule_request(const struct http1_header *header);

/* What a mapping to the field `name` does. */
enum header_rule_mapped header_rule_mapped(struct view name);

/* What becomes of a back end's field towards the client. */
enum header_rule header_rule_response(const struct http1_header *header);

#endif
