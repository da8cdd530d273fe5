/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "policy/explain.h"

#include <stdarg.h>
#include <stdio.h>

#include "policy/evaluation.h"
#include "policy/text.h"

/* ---- remedies ---- */

static const char *condition_remedy(const struct policy_condition *condition, bool matched, bool present)
{
	if (condition->value_class == POLICY_CLASS_NULL)
		return present ? "the request would have to come without this key"
			       : "the request would have to carry this key";
	if (!matched && !present)
		return "the key is absent: a request that carries it could match, or the operator could end in "
		       "IfExists";
	if (matched && !present)
		return "the key is absent, which makes this condition true: only a request that carries the key can "
		       "avoid it";
	if (matched != condition->negated)
		return "the value would have to be outside of this list";
	return "the value would have to be one of this list";
}

static const char *list_remedy(enum explain_part_kind kind, bool wants_listed)
{
	switch (kind) {
	case EXPLAIN_PRINCIPAL:
		return wants_listed ? "the caller would have to be one of these principals"
				    : "the caller would have to be none of these principals";
	case EXPLAIN_ACTION:
		return wants_listed ? "the action would have to match one of these patterns"
				    : "the action would have to match none of these patterns";
	case EXPLAIN_RESOURCE:
		return wants_listed ? "the request's stage, method and path would have to match one of these patterns"
				    : "the request's stage, method and path would have to match none of these patterns";
	case EXPLAIN_CONDITION:
		break;
	}
	return "";
}

/* ---- parts ---- */

#define LISTED_PARTS 3

static struct explain_part listed_part(
	struct policy_evaluation *evaluation, const struct policy_statement *statement, enum explain_part_kind kind)
{
	static const char *const names[LISTED_PARTS][2] = { { "Principal", "NotPrincipal" }, { "Action", "NotAction" },
		{ "Resource", "NotResource" } };
	struct explain_part part = { .kind = kind, .present = true, .actual_count = 1 };

	switch (kind) {
	case EXPLAIN_PRINCIPAL:
		part.negated = statement->not_principal;
		part.matched = policy_evaluation_principal(evaluation, statement);
		part.wanted = statement->principal_texts;
		part.wanted_count = statement->principal_count;
		break;
	case EXPLAIN_ACTION:
		part.negated = statement->not_action;
		part.matched = policy_evaluation_action(evaluation, statement);
		part.wanted = statement->action_texts;
		part.wanted_count = statement->action_count;
		part.actual = &evaluation->request->action;
		break;
	case EXPLAIN_RESOURCE:
		part.negated = statement->not_resource;
		part.matched = policy_evaluation_resource(evaluation, statement);
		part.wanted = statement->resource_texts;
		part.wanted_count = statement->resource_count;
		part.actual = &evaluation->request->resource;
		break;
	case EXPLAIN_CONDITION:
		break;
	}
	part.key = policy_text_of(names[kind][part.negated]);
	part.remedy = list_remedy(kind, part.matched == part.negated);
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

	if (value) {
		part.actual = value->list ? value->list : &value->text;
		part.actual_count = value->list ? value->list_count : 1;
	}
	part.remedy = condition_remedy(condition, part.matched, part.present);
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

/* The Allow statement with the fewest parts that fail; -1 if there is no Allow. */
static int nearest_allow(struct policy_evaluation *evaluation)
{
	size_t fewest = SIZE_MAX;
	int nearest = -1;

	for (size_t i = 0; i < evaluation->policy->statement_count; i++) {
		struct explain_statement statement = describe(evaluation, i, -1);

		if (!statement.denies && statement.failed_count < fewest) {
			fewest = statement.failed_count;
			nearest = (int)i;
		}
	}
	return nearest;
}

/*
 * The parts of a statement that did (not) match, separated by "; ". What can't be escaped is left out of those that matched:
 * the action, everybody and everything.
 */
static void say_parts(struct summary *summary, struct policy_evaluation *evaluation, size_t index, bool matched)
{
	const struct policy_statement *statement = &evaluation->policy->statements[index];
	struct policy_text caller = caller_text(evaluation->request), all = policy_text_of("*");
	bool first = true;

	for (size_t i = 0; i < part_count(statement); i++) {
		struct explain_part part = part_at(evaluation, statement, i, &caller);

		if (part.matched != matched ||
			(matched && (part.kind == EXPLAIN_ACTION ||
					    (part.wanted_count == 1 && policy_text_equal(part.wanted[0], all)))))
			continue;
		say(summary, "%s", first ? "" : "; ");
		say_part(summary, &part);
		first = false;
	}
}

size_t explain_summary_write(
	const struct policy *policy, const struct policy_request *request, char *buffer, size_t buffer_bytes)
{
	struct summary summary = { .buffer = buffer, .room = buffer_bytes };
	struct policy_evaluation evaluation;
	struct policy_result result;
	int nearest;

	if (buffer_bytes)
		buffer[0] = '\0';
	policy_evaluate(policy, request, &result);
	policy_evaluation_start(&evaluation, policy, request);
	if (result.verdict == POLICY_ALLOW) {
		say(&summary, "Allowed by ");
		say_statement(&summary, policy, (size_t)result.statement);
		say(&summary, ", and no Deny matches.");
		return summary.count;
	}
	if (result.verdict == POLICY_EXPLICIT_DENY) {
		say(&summary, "Denied by ");
		say_statement(&summary, policy, (size_t)result.statement);
		say(&summary, ". It stops matching if one of its parts does: ");
		say_parts(&summary, &evaluation, (size_t)result.statement, true);
		say(&summary, ".");
		return summary.count;
	}
	nearest = nearest_allow(&evaluation);
	say(&summary, "No statement matches");
	if (nearest < 0) {
		say(&summary, ", and there is no Allow in this policy.");
		return summary.count;
	}
	say(&summary, ". Nearest is ");
	say_statement(&summary, policy, (size_t)nearest);
	say(&summary, ", which fails on ");
	say_parts(&summary, &evaluation, (size_t)nearest, false);
	say(&summary, ".");
	return summary.count;
}
