/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Action, Resource and their Not forms, and the shorthand execute-api:/…: spec/policy.md 1.2 to 1.4. */
#include "policy/compile.h"

#include <errno.h>
#include <stdlib.h>

#include "policy/evaluation.h"
#include "policy/text.h"

/* ---- actions ---- */

static bool is_name_byte(char byte)
{
	return (policy_text_fold(byte) >= 'a' && policy_text_fold(byte) <= 'z') || (byte >= '0' && byte <= '9');
}

/* "*", or a service prefix without wildcards, a colon, and a name with or without. */
static bool is_action(struct policy_text text)
{
	size_t i = 0;

	if (policy_text_equal(text, policy_text_of("*")))
		return true;
	while (i < text.count && (is_name_byte(text.bytes[i]) || text.bytes[i] == '-'))
		i++;
	if (i == 0 || i + 1 >= text.count || text.bytes[i] != ':')
		return false;
	for (i++; i < text.count; i++)
		if (!is_name_byte(text.bytes[i]) && text.bytes[i] != '*' && text.bytes[i] != '?')
			return false;
	return true;
}

/* Which of API Gateway's actions the pattern covers. */
static uint8_t action_bits(const struct wildcard *pattern)
{
	static const char *const names[] = { "execute-api:Invoke", "execute-api:InvalidateCache",
		"execute-api:ManageConnections" };
	uint8_t bits = 0;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (wildcard_match(pattern, policy_text_of(names[i]), NULL))
			bits |= (uint8_t)(1 << policy_action_find(policy_text_of(names[i])));
	return bits;
}

bool policy_compile_actions(
	struct policy_compile *compile, struct policy_statement *statement, const struct policy_json *node)
{
	const char *member = statement->not_action ? "NotAction" : "Action";
	const struct policy_json *element;
	struct wildcard *patterns;

	if (!policy_compile_texts(
		    compile, member, node, false, false, &statement->action_texts, &statement->action_count))
		return false;
	patterns = policy_arena_take(compile->arena, statement->action_count, sizeof *patterns);
	if (!patterns)
		return policy_compile_no_memory(compile);
	element = policy_list_first(node);
	for (uint32_t i = 0; i < statement->action_count; i++, element = policy_list_next(node, element)) {
		if (!is_action(statement->action_texts[i]) &&
			policy_compile_refuses(compile, POLICY_RULE_BAD_ACTION, member, element))
			return false;
		/* Without variables the only failure is memory. */
		if (wildcard_compile(
			    &patterns[i], compile->arena, statement->action_texts[i], WILDCARD_GLOB | WILDCARD_FOLDED))
			return policy_compile_no_memory(compile);
		statement->action_bits |= action_bits(&patterns[i]);
	}
	statement->actions = patterns;
	return true;
}

/* ---- shorthand ---- */

static const char shorthand_prefix[] = "execute-api:/";

bool policy_shorthand_expand(const struct policy_options *options, struct policy_text text,
	struct policy_text *ret_prefix, struct policy_text *ret_rest)
{
	if (!options->owner_arn.bytes || !policy_text_starts(text, shorthand_prefix))
		return false;
	*ret_prefix = options->owner_arn;
	if (options->kind == POLICY_KIND_API) {
		*ret_rest = policy_text_behind(text, sizeof shorthand_prefix - 2); /* from the '/' on */
		return true;
	}
	*ret_rest = policy_text_of("");
	return options->kind == POLICY_KIND_DOMAIN && policy_text_equal(text, policy_text_of("execute-api:/*"));
}

static bool allows_shorthand(const struct policy_options *options, struct policy_text text)
{
	if (options->kind == POLICY_KIND_API)
		return true;
	return options->kind == POLICY_KIND_DOMAIN && policy_text_equal(text, policy_text_of("execute-api:/*"));
}

/* The text with its shorthand expanded, in the arena. */
static bool expand(struct policy_compile *compile, struct policy_text *text)
{
	struct policy_text prefix, rest;
	char *bytes;

	if (!policy_shorthand_expand(compile->options, *text, &prefix, &rest))
		return true;
	bytes = policy_arena_take(compile->arena, prefix.count + rest.count + 1, 1);
	if (!bytes)
		return policy_compile_no_memory(compile);
	memcpy(bytes, prefix.bytes, prefix.count);
	memcpy(bytes + prefix.count, rest.bytes, rest.count);
	*text = (struct policy_text){ .bytes = bytes, .count = prefix.count + rest.count };
	return true;
}

/* ---- resources ---- */

static bool has_wildcard(struct policy_text text)
{
	return policy_text_has(text, '*') || policy_text_has(text, '?');
}

static bool check_resource(struct policy_compile *compile, const char *member, const struct policy_json *node)
{
	struct policy_text parts[POLICY_ARN_PARTS];

	if (policy_text_equal(node->text, policy_text_of("*")))
		return true;
	if (policy_text_starts(node->text, shorthand_prefix))
		return allows_shorthand(compile->options, node->text) ||
		       !policy_compile_refuses(compile, POLICY_RULE_SHORTHAND_NOT_ALLOWED, member, node);
	if (!policy_text_starts(node->text, "arn:"))
		return !policy_compile_refuses(compile, POLICY_RULE_BAD_RESOURCE, member, node);
	if (!policy_arn_split(parts, node->text))
		return true; /* accepted, matches nothing */
	if (has_wildcard(parts[2]))
		return !policy_compile_refuses(compile, POLICY_RULE_WILDCARD_SERVICE, member, node);
	for (size_t i = 0; compile->variables && i < POLICY_ARN_PARTS - 1; i++)
		if (policy_text_has(parts[i], '$') &&
			policy_compile_refuses(compile, POLICY_RULE_VARIABLE_PLACE, member, node))
			return false;
	return true;
}

/* Index of the head made of the first five parts; heads that are remembered during evaluation are shared. */
static bool find_head(struct policy_compile *compile, struct policy_text text,
	const struct policy_text parts[POLICY_ARN_PARTS], uint32_t *ret)
{
	struct policy_text head_text = { .bytes = text.bytes, .count = (size_t)(parts[5].bytes - text.bytes) };
	struct policy_arn_head *head;

	for (uint32_t i = 0; i < compile->head_count && i < POLICY_HEADS_REMEMBERED; i++) {
		if (policy_text_equal(compile->heads[i].text, head_text)) {
			*ret = i;
			return true;
		}
	}
	if (compile->head_count == compile->head_room) {
		uint32_t room = compile->head_room ? compile->head_room * 2 : 4;
		void *heads = realloc(compile->heads, room * sizeof *compile->heads);

		if (!heads)
			return policy_compile_no_memory(compile);
		compile->heads = heads;
		compile->head_room = room;
	}
	head = &compile->heads[compile->head_count];
	head->text = head_text;
	for (size_t i = 0; i < POLICY_ARN_PARTS - 1; i++)
		if (wildcard_compile(&head->parts[i], compile->arena, parts[i], WILDCARD_GLOB | WILDCARD_FOLDED))
			return policy_compile_no_memory(compile);
	*ret = compile->head_count++;
	return true;
}

static bool compile_resource(struct policy_compile *compile, const char *member, struct policy_resource *resource,
	const struct policy_json *node)
{
	unsigned syntax = WILDCARD_GLOB | (compile->variables ? (unsigned)WILDCARD_VARIABLES : 0);
	struct policy_text parts[POLICY_ARN_PARTS];
	int err;

	resource->any = policy_text_equal(resource->text, policy_text_of("*"));
	resource->usable = policy_arn_split(parts, resource->text);
	if (resource->any || !resource->usable)
		return true;
	if (!find_head(compile, resource->text, parts, &resource->head))
		return false;
	err = wildcard_compile(&resource->tail, compile->arena, parts[5], syntax);
	if (err == -E2BIG)
		return policy_compile_fail(compile, POLICY_RULE_TOO_MANY_VARIABLES, member, node);
	if (err == -EINVAL)
		return !policy_compile_refuses(compile, POLICY_RULE_BAD_VARIABLE, member, node);
	return err ? policy_compile_no_memory(compile) : true;
}

bool policy_compile_resources(
	struct policy_compile *compile, struct policy_statement *statement, const struct policy_json *node)
{
	const char *member = statement->not_resource ? "NotResource" : "Resource";
	const struct policy_text *written;
	const struct policy_json *element;
	struct policy_resource *resources;
	struct policy_text *texts;

	if (!policy_compile_texts(compile, member, node, false, false, &written, &statement->resource_count))
		return false;
	resources = policy_arena_take(compile->arena, statement->resource_count, sizeof *resources);
	texts = policy_arena_take(compile->arena, statement->resource_count, sizeof *texts);
	if (!resources || !texts)
		return policy_compile_no_memory(compile);
	element = policy_list_first(node);
	for (uint32_t i = 0; i < statement->resource_count; i++, element = policy_list_next(node, element)) {
		resources[i].text = written[i];
		if (!check_resource(compile, member, element) || !expand(compile, &resources[i].text) ||
			!compile_resource(compile, member, &resources[i], element))
			return false;
		texts[i] = resources[i].text;
	}
	statement->resources = resources;
	statement->resource_texts = texts;
	return true;
}
