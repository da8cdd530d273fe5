/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/integrate/header_rules.h"

struct rules {
	uint8_t request, mapped, response;
	bool has_row;
};

#define PASS HEADER_RULE_PASS
#define DROP HEADER_RULE_DROP
#define REMAP HEADER_RULE_REMAP
#define SET HEADER_RULE_SET
#define IGNORE HEADER_RULE_IGNORE
#define REFUSE HEADER_RULE_REFUSE

static const struct rules rules[HTTP1_HEADER_ID_COUNT] = {
#define HEADER_RULE(ID, request, mapped, response) [HTTP1_HEADER_##ID] = { request, mapped, response, true },
#include "appliance/integrate/header_rules.def"
#undef HEADER_RULE
};

enum header_rule header_rule_request(const struct http1_header *header)
{
	/* Also what Connection names, whatever its row says: it was meant for us alone. */
	return header->hop_by_hop ? HEADER_RULE_DROP : (enum header_rule)rules[header->id].request;
}

enum header_rule_mapped header_rule_mapped(struct view name)
{
	return (enum header_rule_mapped)rules[http1_header_id(name)].mapped;
}

enum header_rule header_rule_response(const struct http1_header *header)
{
	if (header->hop_by_hop && !rules[header->id].has_row)
		return HEADER_RULE_DROP;
	return (enum header_rule)rules[header->id].response;
}
