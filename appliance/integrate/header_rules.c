/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/integrate/header_rules.h"

struct rules {
	uint8_t is_hidden, proxy, mapped_http, mapped_aws, mapped_back, http_back, function_back;
	bool has_row;
};

#define SEEN false
#define HIDDEN true
#define PASS HEADER_RULE_PASS
#define DROP HEADER_RULE_DROP
#define REMAP HEADER_RULE_REMAP
#define SET HEADER_RULE_SET
#define IGNORE HEADER_RULE_IGNORE
#define REFUSE HEADER_RULE_REFUSE

static const struct rules rules[HTTP1_HEADER_ID_COUNT] = {
#define HEADER_RULE(ID, seen, proxy, mapped_http, mapped_aws, mapped_back, http_back, function_back)                   \
	[HTTP1_HEADER_##ID] = { seen, proxy, mapped_http, mapped_aws, mapped_back, http_back, function_back, true },
#include "appliance/integrate/header_rules.def"
#undef HEADER_RULE
};

const struct view header_rule_remapped_prefix = VIEW_INIT("x-amzn-Remapped-");

bool header_rule_is_seen(const struct http1_header *header)
{
	return !rules[header->id].is_hidden;
}

enum header_rule header_rule_request(const struct http1_header *header)
{
	/* Also what Connection names, whatever its row says: it was meant for us alone. */
	return header->hop_by_hop ? HEADER_RULE_DROP : (enum header_rule)rules[header->id].proxy;
}

enum header_rule_mapped header_rule_mapped(enum integration_type type, struct view name)
{
	const struct rules *row = &rules[http1_header_id(name)];
	bool is_aws = type == INTEGRATION_AWS || type == INTEGRATION_AWS_PROXY;

	return (enum header_rule_mapped)(is_aws ? row->mapped_aws : row->mapped_http);
}

enum header_rule header_rule_response(const struct http1_header *header)
{
	if (header->hop_by_hop && !rules[header->id].has_row)
		return HEADER_RULE_DROP;
	return (enum header_rule)rules[header->id].http_back;
}

enum header_rule header_rule_answer(enum integration_type type, struct view name)
{
	const struct rules *row = &rules[http1_header_id(name)];

	return (enum header_rule)(type == INTEGRATION_AWS_PROXY ? row->function_back : row->mapped_back);
}
