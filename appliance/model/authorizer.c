/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/model/authorizer.h"

#include <errno.h>

#include "appliance/base/pattern.h"
#include "appliance/model/compile.h"

static int compile_type(struct compile *compile, const struct json *json, struct authorizer *ret)
{
	struct view type = json_find_text(json, "type");

	if (view_equals_text(type, "TOKEN"))
		ret->type = AUTHORIZER_TOKEN;
	else if (view_equals_text(type, "REQUEST"))
		ret->type = AUTHORIZER_REQUEST;
	else if (view_equals_text(type, "COGNITO_USER_POOLS"))
		ret->type = AUTHORIZER_COGNITO;
	else
		return compile_fail(compile, -EINVAL, "type: '" VIEW_FMT "'", VIEW_ARG(type));
	return 0;
}

static int compile_source(struct compile *compile, struct arena *arena, struct view text, struct authorizer_source *ret)
{
	static const struct view prefixes[] = {
		[AUTHORIZER_FROM_HEADER] = VIEW_INIT("method.request.header."),
		[AUTHORIZER_FROM_QUERYSTRING] = VIEW_INIT("method.request.querystring."),
		[AUTHORIZER_FROM_STAGE_VARIABLE] = VIEW_INIT("stageVariables."),
		[AUTHORIZER_FROM_CONTEXT] = VIEW_INIT("context."),
	};

	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
		if (!view_starts_with(text, prefixes[i]) || text.count == prefixes[i].count)
			continue;
		ret->kind = (enum authorizer_source_kind)i;
		ret->name = arena_copy(arena, view_after(text, prefixes[i].count));
		return ret->name.at ? 0 : compile_no_memory(compile);
	}
	return compile_fail(compile, -EINVAL, "identitySource: '" VIEW_FMT "'", VIEW_ARG(text));
}

static int compile_sources(struct compile *compile, struct arena *arena, struct view list, struct authorizer *ret)
{
	struct view rest = list, part;
	struct authorizer_source *sources;
	size_t room = 1;
	int error = 0;

	for (size_t i = 0; i < list.count; i++)
		room += list.at[i] == ',';
	sources = ARENA_NEW_ARRAY(arena, struct authorizer_source, room);
	if (!sources)
		return compile_no_memory(compile);
	ret->sources = sources;
	while (!error && list.count > 0 && view_split(&rest, ',', &part))
		error = compile_source(compile, arena, view_trim(part), &sources[ret->source_count++]);
	return error;
}

int authorizer_compile(struct compile *compile, struct arena *arena, const struct json *json, struct authorizer *ret)
{
	struct view pattern = json_find_text(json, "identityValidationExpression");
	int error;

	*ret = (struct authorizer){ .id = arena_copy(arena, json_find_text(json, "id")) };
	ret->ttl_s = (uint32_t)json_find_integer(json, "authorizerResultTtlInSeconds", AUTHORIZER_TTL_DEFAULT_S);
	if (!ret->id.at)
		return compile_no_memory(compile);
	error = compile_type(compile, json, ret);
	if (!error)
		error = compile_sources(compile, arena, json_find_text(json, "identitySource"), ret);
	/* Of a pool of users it is for the claim `aud`, which only a token that was verified has. */
	if (error || ret->type != AUTHORIZER_TOKEN || pattern.count == 0)
		return error;
	error = pattern_compile(&ret->validation, pattern, PATTERN_WHOLE, NULL);
	return error ? compile_fail(compile, error == -ENOMEM ? error : -EINVAL,
			       "identityValidationExpression: '" VIEW_FMT "' is no pattern", VIEW_ARG(pattern))
		     : 0;
}

void authorizer_fini(struct authorizer *authorizer)
{
	pattern_free(authorizer->validation);
	authorizer->validation = NULL;
}
