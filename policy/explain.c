/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "policy/explain.h"

#include <stdarg.h>
#include <stdio.h>

#include "policy/evaluation.h"
#include "policy/remedy.h"
#include "policy/text.h"

/* ---- parts ---- */

#define LISTED_PARTS 3

static struct explain_part listed_part(
	struct policy_evaluation *evaluation, const struct policy_statement *statement, enum explain_part_kind kind)
{
	static const char *const names[LISTED_PARTS][2] = { { "Principal", "NotPrincipal" }, { "Action", "NotAction" },
		{ "Resource", "NotResource" } };
	struct explain_part part = { .kind = kind, .present = true, .actual_count = 1 };
	struct remedy remedy = { .text = "" };

	switch (kind) {
	case EXPLAIN_PRINCIPAL:
		part.negated = statement->not_principal;
		part.matched = policy_evaluation_principal(evaluation, statement);
		part.wanted = statement->principal_texts;
		part.wanted_count = statement->principal_count;
		remedy = remedy_of_principal(evaluation, statement, part.matched);
		break;
	case EXPLAIN_ACTION:
		part.negated = statement->not_action;
		part.matched = policy_evaluation_action(evaluation, statement);
		part.wanted = statement->action_texts;
		part.wanted_count = statement->action_count;
		part.actual = &evaluation->request->action;
		remedy = remedy_of_action(statement, part.matched);
		break;
	case EXPLAIN_RESOURCE:
		part.negated = statement->not_resource;
		part.matched = policy_evaluation_resource(evaluation, statement);
		part.wanted = statement->resource_texts;
		part.wanted_count = statement->resource_count;
		part.actual = &evaluation->request->resource;
		remedy = remedy_of_resource(statement, part.matched);
		break;
	case EXPLAIN_CONDITION:
		break;
	}
	part.key = policy_text_of(names[kind][part.negated]);
	part.remedy = remedy.text;
	part.fixed = remedy.fixed;
	return part;
}

static struct explain_part condition_part(
	struct policy_evaluation *evaluation, const struct policy_condition *condition)
{
	const struct policy_value *value = policy_condition_value(condition, evaluation->request);
	struct explain_part part = { .kind = EXPLAIN_CONDITION,
		.negated = condition->negated,
		.matched = policy_evaluation_condition(evaluation, condition),
		.operator_name = condition->operator_text,
		.key = condition->key_text,
		.wanted = condition->texts,
		.wanted_count = condition->text_count,
		.present = value };
	struct remedy remedy = remedy_of_condition(condition, value, part.matched);

	if (value) {
		part.actual = value->list ? value->list : &value->text;
		part.actual_count = value->list ? value->list_count : 1;
	}
	part.remedy = remedy.text;
	part.fixed = remedy.fixed;
	return part;
}

/* Parts in their order; an identity policy has no principal part. */
static size_t part_count(const struct policy_statement *statement)
{
	return (statement->has_principal ? 1u : 0u) + 2u + statement->condition_count;
}

/* `caller` is where the caller's text stands while the part is looked at. */
static struct explain_part part_at(struct policy_evaluation *evaluation, const struct policy_statement *statement,
	size_t index, const struct policy_text *caller)
{
	struct explain_part part;

	if (!statement->has_principal)
		index++;
	if (index >= LISTED_PARTS)
		return condition_part(evaluation, &statement->conditions[index - LISTED_PARTS]);
	part = listed_part(evaluation, statement, (enum explain_part_kind)index);
	if (part.kind == EXPLAIN_PRINCIPAL)
		part.actual = caller;
	return part;
}

static struct policy_text caller_text(const struct policy_request *request)
{
	return request->caller.type == POLICY_CALLER_ANONYMOUS ? policy_text_of("anonymous") : request->caller.arn;
}

/* ---- statements ---- */

static struct explain_statement describe(struct policy_evaluation *evaluation, size_t index, int decisive)
{
	const struct policy_statement *statement = &evaluation->policy->statements[index];
	struct policy_text caller = caller_text(evaluation->request);
	struct explain_statement ret = { .index = index,
		.sid = statement->sid,
		.denies = statement->denies,
		.decisive = (int)index == decisive,
		.part_count = part_count(statement) };

	for (size_t i = 0; i < ret.part_count; i++)
		ret.failed_count += !part_at(evaluation, statement, i, &caller).matched;
	ret.matched = ret.failed_count == 0;
	return ret;
}

void explain_policy(const struct policy *policy, const struct policy_request *request,
	const struct explain_visitor *visitor, struct policy_result *ret)
{
	struct policy_text caller = caller_text(request);
	struct policy_evaluation evaluation;

	policy_evaluate(policy, request, ret);
	policy_evaluation_start(&evaluation, policy, request);
	for (size_t i = 0; i < policy->statement_count; i++) {
		struct explain_statement statement = describe(&evaluation, i, ret->statement);

		if (visitor->statement)
			visitor->statement(visitor->context, &statement);
		for (size_t j = 0; visitor->part && j < statement.part_count; j++) {
			struct explain_part part = part_at(&evaluation, &policy->statements[i], j, &caller);

			visitor->part(visitor->context, &statement, &part);
		}
	}
}

/* ---- summary ---- */

struct summary {
	char *buffer;
	size_t room, count;
};

__attribute__((format(printf, 2, 3))) static void say(struct summary *summary, const char *format, ...)
{
	bool fits = summary->count < summary->room;
	va_list arguments;
	int count;

	va_start(arguments, format);
	count = vsnprintf(fits ? summary->buffer + summary->count : NULL, fits ? summary->room - summary->count : 0,
		format, arguments);
	va_end(arguments);
	summary->count += count > 0 ? (size_t)count : 0;
}

static void say_statement(struct summary *summary, const struct policy *policy, size_t index)
{
	struct policy_text sid = policy->statements[index].sid;

	say(summary, "statement %zu", index);
	if (sid.count)
		say(summary, " (%.*s)", POLICY_TEXT_ARG(sid));
}

static void say_part(struct summary *summary, const struct explain_part *part)
{
	if (part->kind == EXPLAIN_CONDITION)
		say(summary, "%.*s on %.*s", POLICY_TEXT_ARG(part->operator_name), POLICY_TEXT_ARG(part->key));
	else
		say(summary, "%.*s", POLICY_TEXT_ARG(part->key));
	if (!part->present)
		say(summary, " (the request has no value)");
	else if (part->actual_count)
		say(summary, " (the request has %.*s)", POLICY_TEXT_ARG(part->actual[0]));
	say(summary, ": %s", part->remedy);
}

/* The Allow statement with the fewest parts that fail, among those that some request meets; -1 if there is none. */
static int nearest_allow(struct policy_evaluation *evaluation)
{
	struct policy_text caller = caller_text(evaluation->request);
	size_t fewest = SIZE_MAX;
	int nearest = -1;

	for (size_t i = 0; i < evaluation->policy->statement_count; i++) {
		struct explain_statement statement = describe(evaluation, i, -1);
		bool possible = !statement.denies;

		for (size_t j = 0; j < statement.part_count && possible; j++) {
			struct explain_part part = part_at(evaluation, &evaluation->policy->statements[i], j, &caller);

			possible = part.matched || !part.fixed;
		}
		if (possible && statement.failed_count < fewest) {
			fewest = statement.failed_count;
			nearest = (int)i;
		}
	}
	return nearest;
}

/* The parts of a statement that did (not) match, separated by "; ". What no request can change is left out. Returns how many. */
static size_t say_parts(struct summary *summary, struct policy_evaluation *evaluation, size_t index, bool matched)
{
	const struct policy_statement *statement = &evaluation->policy->statements[index];
	struct policy_text caller = caller_text(evaluation->request);
	size_t count = 0;

	for (size_t i = 0; i < part_count(statement); i++) {
		struct explain_part part = part_at(evaluation, statement, i, &caller);

		if (part.matched != matched || (matched && (part.fixed || part.kind == EXPLAIN_ACTION)))
			continue;
		say(summary, "%s", count++ ? "; " : "");
		say_part(summary, &part);
	}
	return count;
}

/* Which statements of this effect apply beside `but`: "statement 1, statement 3 (Sid)". Returns how many. */
static size_t say_others(struct summary *summary, struct policy_evaluation *evaluation, bool denies, int but)
{
	size_t count = 0;

	for (size_t i = 0; i < evaluation->policy->statement_count; i++) {
		struct explain_statement statement = describe(evaluation, i, -1);

		if (!statement.matched || statement.denies != denies || (int)i == but)
			continue;
		if (summary)
			say(summary, "%s", count ? ", " : "");
		if (summary)
			say_statement(summary, evaluation->policy, i);
		count++;
	}
	return count;
}

static void say_denied(struct summary *summary, struct policy_evaluation *evaluation, int decisive)
{
	struct summary before;

	say(summary, "Denied by ");
	say_statement(summary, evaluation->policy, (size_t)decisive);
	before = *summary;
	say(summary, ". It stops matching if one of its parts does: ");
	if (!say_parts(summary, evaluation, (size_t)decisive, true)) {
		*summary = before;
		say(summary, ", which no request can avoid");
	}
	if (say_others(NULL, evaluation, true, decisive)) {
		say(summary, ". Also denied by ");
		say_others(summary, evaluation, true, decisive);
	}
	if (!say_others(NULL, evaluation, false, -1)) {
		say(summary, ". Without a Deny it would still be refused: no Allow matches.");
		return;
	}
	say(summary, ". Without a Deny it would be allowed by ");
	say_others(summary, evaluation, false, -1);
	say(summary, ".");
}

static void say_silent(struct summary *summary, struct policy_evaluation *evaluation)
{
	int nearest = nearest_allow(evaluation);

	say(summary, "No statement matches");
	if (nearest < 0) {
		say(summary, ", and there is no Allow in this policy that a request could meet.");
		return;
	}
	say(summary, ". Nearest is ");
	say_statement(summary, evaluation->policy, (size_t)nearest);
	say(summary, ", which fails on ");
	(void)say_parts(summary, evaluation, (size_t)nearest, false);
	say(summary, ".");
}

size_t explain_summary_write(
	const struct policy *policy, const struct policy_request *request, char *buffer, size_t buffer_bytes)
{
	struct summary summary = { .buffer = buffer, .room = buffer_bytes };
	struct policy_evaluation evaluation;
	struct policy_result result;

	if (buffer_bytes)
		buffer[0] = '\0';
	policy_evaluate(policy, request, &result);
	policy_evaluation_start(&evaluation, policy, request);
	switch (result.verdict) {
	case POLICY_ALLOW:
		say(&summary, "Allowed by ");
		say_statement(&summary, policy, (size_t)result.statement);
		say(&summary, ", and no Deny matches.");
		break;
	case POLICY_EXPLICIT_DENY:
		say_denied(&summary, &evaluation, result.statement);
		break;
	case POLICY_IMPLICIT_DENY:
		say_silent(&summary, &evaluation);
		break;
	}
	return summary.count;
}
