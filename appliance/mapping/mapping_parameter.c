/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/mapping/mapping_parameter.h"

#include <errno.h>

#include "appliance/base/assert.h"

/* Which sides an entry of a table serves, as bits. */
enum {
	REQUEST = 1 << MAPPING_INTEGRATION_REQUEST,
	RESPONSE = 1 << MAPPING_METHOD_RESPONSE,
	GATEWAY = 1 << MAPPING_GATEWAY_RESPONSE
};

static const struct {
	struct view prefix;
	enum mapping_target_kind kind;
	unsigned sides;
} targets[] = {
	{ VIEW_INIT("integration.request.path."), MAPPING_TO_REQUEST_PATH, REQUEST },
	{ VIEW_INIT("integration.request.querystring."), MAPPING_TO_REQUEST_QUERYSTRING, REQUEST },
	{ VIEW_INIT("integration.request.header."), MAPPING_TO_REQUEST_HEADER, REQUEST },
	{ VIEW_INIT("method.response.header."), MAPPING_TO_RESPONSE_HEADER, RESPONSE },
	{ VIEW_INIT("gatewayresponse.header."), MAPPING_TO_RESPONSE_HEADER, GATEWAY },
};

/* Sources that end in a name. */
static const struct {
	struct view prefix;
	enum mapping_source_kind kind;
	unsigned sides;
} named_sources[] = {
	{ VIEW_INIT("method.request.path."), MAPPING_FROM_PATH, REQUEST | GATEWAY },
	{ VIEW_INIT("method.request.querystring."), MAPPING_FROM_QUERYSTRING, REQUEST | GATEWAY },
	{ VIEW_INIT("method.request.header."), MAPPING_FROM_HEADER, REQUEST | GATEWAY },
	{ VIEW_INIT("method.request.multivaluequerystring."), MAPPING_FROM_MULTIVALUE_QUERYSTRING, REQUEST | GATEWAY },
	{ VIEW_INIT("method.request.multivalueheader."), MAPPING_FROM_MULTIVALUE_HEADER, REQUEST | GATEWAY },
	{ VIEW_INIT("integration.response.header."), MAPPING_FROM_HEADER, RESPONSE },
	{ VIEW_INIT("integration.response.multivalueheader."), MAPPING_FROM_MULTIVALUE_HEADER, RESPONSE },
	{ VIEW_INIT("stageVariables."), MAPPING_FROM_STAGE_VARIABLE, REQUEST | RESPONSE | GATEWAY },
	{ VIEW_INIT("context."), MAPPING_FROM_CONTEXT, REQUEST | RESPONSE | GATEWAY },
	{ VIEW_INIT("$context."), MAPPING_FROM_CONTEXT, REQUEST | RESPONSE | GATEWAY },
};

static const struct {
	struct view text;
	unsigned sides;
} bodies[] = {
	{ VIEW_INIT("method.request.body"), REQUEST },
	{ VIEW_INIT("integration.response.body"), RESPONSE },
};

bool mapping_name_is_valid(struct view name)
{
	for (size_t i = 0; i < name.count; i++) {
		char byte = view_lower_byte(name.at[i]);

		if (!((byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '.' || byte == '_' ||
			    byte == '$' || byte == '-'))
			return false;
	}
	return name.count > 0 && name.count <= MAPPING_NAME_MAX_BYTES;
}

static bool find_target(struct mapping_parameter *ret, unsigned side, struct view text)
{
	for (size_t i = 0; i < ARRAY_COUNT(targets); i++) {
		if ((targets[i].sides & side) && view_starts_with(text, targets[i].prefix)) {
			ret->target_kind = targets[i].kind;
			ret->target_name = view_after(text, targets[i].prefix.count);
			return mapping_name_is_valid(ret->target_name);
		}
	}
	return false;
}

/* 'text' in single quotes without control bytes: it may become a header's value. */
static bool is_literal(struct view text)
{
	if (text.count < 2 || text.at[0] != '\'' || text.at[text.count - 1] != '\'')
		return false;
	for (size_t i = 0; i < text.count; i++) {
		if ((unsigned char)text.at[i] < 0x20 || text.at[i] == 0x7f)
			return false;
	}
	return true;
}

/* A JSONPath is stored as text; blanks at its ends and control bytes are nobody's member. */
static bool is_path_text(struct view text)
{
	for (size_t i = 0; i < text.count; i++) {
		if ((unsigned char)text.at[i] < 0x20 || text.at[i] == 0x7f)
			return false;
	}
	return text.count > 0 && text.count <= MAPPING_NAME_MAX_BYTES;
}

static bool find_source(struct mapping_parameter *ret, unsigned side, struct view text)
{
	if (is_literal(text)) {
		ret->source_kind = MAPPING_FROM_LITERAL;
		ret->source_text = view_part(text, 1, text.count - 2);
		return true;
	}
	for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
		struct view rest = view_after(text, bodies[i].text.count);

		if (!(bodies[i].sides & side) || !view_starts_with(text, bodies[i].text))
			continue;
		ret->source_kind = MAPPING_FROM_BODY;
		ret->source_text = view_after(rest, 1);
		return rest.count == 0 || (rest.at[0] == '.' && is_path_text(ret->source_text));
	}
	for (size_t i = 0; i < ARRAY_COUNT(named_sources); i++) {
		if ((named_sources[i].sides & side) && view_starts_with(text, named_sources[i].prefix)) {
			ret->source_kind = named_sources[i].kind;
			ret->source_text = view_after(text, named_sources[i].prefix.count);
			return mapping_name_is_valid(ret->source_text);
		}
	}
	return false;
}

int mapping_parameter_compile(struct mapping_parameter *ret, enum mapping_side side, struct view target,
	struct view source, const char **ret_rule)
{
	static const char *const target_rules[] = {
		[MAPPING_INTEGRATION_REQUEST] =
			"a request parameter's name must be integration.request.path, querystring or header and a name",
		[MAPPING_METHOD_RESPONSE] = "a response parameter's name must be method.response.header and a name",
		[MAPPING_GATEWAY_RESPONSE] =
			"a gateway response parameter's name must be gatewayresponse.header and a name",
	};
	struct mapping_parameter parameter = { 0 };
	const char *rule = NULL;

	if (!find_target(&parameter, 1u << side, target))
		rule = target_rules[side];
	else if (!find_source(&parameter, 1u << side, source))
		rule = "Invalid mapping expression specified";
	if (rule) {
		if (ret_rule)
			*ret_rule = rule;
		return -EINVAL;
	}
	*ret = parameter;
	return 0;
}
