/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * header_rules: the table header_rules.def as look-ups by a known field's id. Threads: constant data.
 */
#ifndef POSTERN_INTEGRATE_HEADER_RULES_H
#define POSTERN_INTEGRATE_HEADER_RULES_H

#include "appliance/model/integration.h"
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

/* What is put before the name of a field that is remapped. */
extern const struct view header_rule_remapped_prefix;

/* May templates, mappings and events see that field of a client? */
bool header_rule_is_seen(const struct http1_header *header);

/* What becomes of a client's field towards the back end of HTTP_PROXY: PASS or DROP. */
enum header_rule header_rule_request(const struct http1_header *header);

/* What a mapping to the field `name` of the integration request does. */
enum header_rule_mapped header_rule_mapped(enum integration_type type, struct view name);

/* What becomes of a back end's field towards the client of HTTP_PROXY. */
enum header_rule header_rule_response(const struct http1_header *header);

/*
 * What becomes of the field `name` of the client's answer: one that was mapped, or for AWS_PROXY one that the function gave. Of HTTP_PROXY
 * it is header_rule_response().
 */
enum header_rule header_rule_answer(enum integration_type type, struct view name);

#endif
