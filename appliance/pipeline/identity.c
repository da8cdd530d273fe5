/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/pipeline/identity.h"

#include "appliance/base/pattern.h"
#include "appliance/pipeline/values.h"

static struct view context_of(struct pipeline *p, struct view name, struct invoke_pairs more)
{
	for (size_t i = 0; i < more.count; i++) {
		if (view_equals(more.at[i].name, name))
			return more.at[i].value;
	}
	return values_context(p, name);
}

static struct view value_of(struct pipeline *p, const struct authorizer_source *source, struct invoke_pairs more)
{
	const struct http1_header *header;

	switch (source->kind) {
	case AUTHORIZER_FROM_HEADER:
		header = http1_find_named(&p->exchange->request, source->name, NULL);
		return header ? header->value : (struct view){ 0 };
	case AUTHORIZER_FROM_QUERYSTRING:
		return values_query(p, source->name);
	case AUTHORIZER_FROM_STAGE_VARIABLE:
		return resolve_variable(&p->resolved, source->name);
	case AUTHORIZER_FROM_CONTEXT:
		return context_of(p, source->name, more);
	}
	return (struct view){ 0 };
}

bool identity_is_there(struct pipeline *p, const struct authorizer *authorizer, struct invoke_pairs more)
{
	if (authorizer->type == AUTHORIZER_REQUEST && authorizer->ttl_s == 0)
		return true;
	for (size_t i = 0; i < authorizer->source_count; i++) {
		struct view value = value_of(p, &authorizer->sources[i], more);

		if (value.count == 0)
			return false;
		/* A pattern that runs into its limits lets nobody through. */
		if (authorizer->validation &&
			pattern_match(authorizer->validation, p->worker->patterns, value, NULL, 0) != 1)
			return false;
	}
	return true;
}
