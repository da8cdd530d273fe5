/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/policy_explain.h"

#include <stdio.h>
#include <stdlib.h>

#include "policy/explain.h"
#include "policy/turn.h"

/* ---- as JSON ---- */

struct walk {
	struct json *statements, *parts; /* parts of the statement under way */
};

static struct json *texts_json(const struct policy_text *texts, size_t count)
{
	struct json *array = json_array_new();

	for (size_t i = 0; i < count; i++)
		json_append_text(array, view_of_policy_text(texts[i]));
	return array;
}

static void on_statement(void *context, const struct explain_statement *statement)
{
	struct walk *walk = context;
	struct json *object = json_object_new();

	json_set_integer(object, "index", (int64_t)statement->index);
	if (statement->sid.bytes)
		json_set_text(object, "sid", view_of_policy_text(statement->sid));
	json_set_c_string(object, "effect", statement->denies ? "Deny" : "Allow");
	json_set_bool(object, "matched", statement->matched);
	json_set_bool(object, "decisive", statement->decisive);
	walk->parts = json_ensure_array(object, "parts");
	json_append(walk->statements, object);
}

static void on_part(void *context, const struct explain_statement *statement, const struct explain_part *part)
{
	struct walk *walk = context;
	struct json *object = json_object_new();

	(void)statement;
	json_set_text(object, "part", view_of_policy_text(part->key));
	if (part->operator_name.bytes)
		json_set_text(object, "operator", view_of_policy_text(part->operator_name));
	json_set_bool(object, "negated", part->negated);
	json_set_bool(object, "matched", part->matched);
	json_set(object, "wanted", texts_json(part->wanted, part->wanted_count));
	json_set(object, "actual", part->present ? texts_json(part->actual, part->actual_count) : json_null_new());
	json_set_c_string(object, "remedy", part->remedy);
	json_set_bool(object, "fixed", part->fixed);
	json_append(walk->parts, object);
}

static struct json *summary_json(const struct policy *policy, const struct policy_request *request)
{
	size_t count = explain_summary_write(policy, request, NULL, 0);
	char *text = malloc(count + 1);
	struct json *summary;

	if (!text)
		return json_null_new();
	explain_summary_write(policy, request, text, count + 1);
	summary = json_text_new(view_from(text, count));
	free(text);
	return summary;
}

static void add_policy(
	struct json *policies, const char *name, const struct policy *policy, const struct policy_request *request)
{
	struct json *object;
	struct policy_result result;
	struct walk walk;
	struct explain_visitor visitor = { on_statement, on_part, &walk };

	if (!policy)
		return;
	object = json_object_new();
	walk = (struct walk){ .statements = json_array_new() };
	explain_policy(policy, request, &visitor, &result);
	json_set_c_string(object, "policy", name);
	json_set_c_string(object, "verdict", policy_verdict_name(result.verdict));
	json_set(object, "statement", result.statement < 0 ? json_null_new() : json_integer_new(result.statement));
	json_set(object, "summary", summary_json(policy, request));
	json_set(object, "statements", walk.statements);
	json_append(policies, object);
}

/* ---- turns ---- */

static struct json *value_json(const struct policy_value *value)
{
	if (value->list)
		return texts_json(value->list, value->list_count);
	return value->text.bytes ? json_text_new(view_of_policy_text(value->text)) : json_null_new();
}

static void on_turn(void *context, const struct turn *turn)
{
	struct json *object = json_object_new(), *changes = json_ensure_array(object, "changes");

	json_set_c_string(object, "verdict", policy_verdict_name(turn->verdict));
	for (size_t i = 0; i < turn->change_count; i++) {
		struct json *change = json_object_new();

		json_set_text(change, "of", view_of_policy_text(turn->changes[i].name));
		json_set(change, "from", value_json(&turn->changes[i].from));
		json_set(change, "to", value_json(&turn->changes[i].to));
		json_append(changes, change);
	}
	json_append(context, object);
}

/* The verdict of the whole case on a changed request. */
static enum policy_verdict judge(void *context, const struct policy_request *request)
{
	struct policy_case changed = *(const struct policy_case *)context;
	struct combine_decision decision;

	changed.request = *request;
	policy_case_decide(&changed, &decision);
	return decision.verdict;
}

/* The fewest changes of the request that give the other verdict, each tried out; none if none was found. */
static struct json *turns_json(const struct policy_case *policy_case)
{
	const struct policy *all[] = { policy_case->endpoint, policy_case->domain, policy_case->resource,
		policy_case->identity };
	struct policy_case copy = *policy_case;
	struct turn_input input = { .request = &policy_case->request,
		.same_caller = policy_case->identity,
		.judge = judge,
		.judge_context = &copy };
	struct json *turns = json_array_new();

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (all[i] && input.policy_count < TURN_POLICIES_MAX)
			input.policies[input.policy_count++] = all[i];
	if (input.policy_count && turn_find(&input, on_turn, turns) < 0)
		return turns; /* no ARN, or no memory: nothing can be said */
	return turns;
}

void policy_explain_write(const struct policy_case *policy_case, struct json *answer)
{
	struct json *policies = json_array_new();
	struct combine_decision decision;

	policy_case_decide(policy_case, &decision);
	json_set_c_string(answer, "verdict", policy_verdict_name(decision.verdict));
	json_set(answer, "by", policy_case_by(&decision));
	if (policy_case->domain_arn.bytes) {
		struct policy_request request = policy_case_domain_request(policy_case);

		add_policy(policies, "vpcEndpointPolicy for the domain", policy_case->endpoint, &request);
		add_policy(policies, "domainPolicy", policy_case->domain, &request);
	}
	add_policy(policies, "vpcEndpointPolicy", policy_case->endpoint, &policy_case->request);
	add_policy(policies, "policy", policy_case->resource, &policy_case->request);
	add_policy(policies, "identityPolicy", policy_case->identity, &policy_case->request);
	json_set(answer, "policies", policies);
	json_set(answer, "turns", turns_json(policy_case));
}

/* ---- for people ---- */

static void print_texts(const char *what, const struct json *texts)
{
	size_t count = json_count(texts);

	printf("        %s ", what);
	if (!json_is_array(texts))
		printf("nothing");
	for (size_t i = 0; i < count; i++)
		printf("%s" VIEW_FMT, i ? ", " : "", VIEW_ARG(json_text(json_at(texts, i))));
	putchar('\n');
}

static void print_part(const struct json *part)
{
	struct view name = json_find_text(part, "operator");

	printf("    %s " VIEW_FMT "%s" VIEW_FMT "\n", json_find_bool(part, "matched", false) ? "yes" : "no ",
		VIEW_ARG(name), name.count ? " " : "", VIEW_ARG(json_find_text(part, "part")));
	print_texts("policy: ", json_find(part, "wanted"));
	print_texts("request:", json_find(part, "actual"));
	printf("        otherwise: " VIEW_FMT "\n", VIEW_ARG(json_find_text(part, "remedy")));
}

static void print_statement(const struct json *statement)
{
	struct view sid = json_find_text(statement, "sid");

	printf("  statement %lld%s" VIEW_FMT "%s " VIEW_FMT ": %s%s\n",
		(long long)json_find_integer(statement, "index", 0), sid.count ? " (" : "", VIEW_ARG(sid),
		sid.count ? ")" : "", VIEW_ARG(json_find_text(statement, "effect")),
		json_find_bool(statement, "matched", false) ? "applies" : "does not apply",
		json_find_bool(statement, "decisive", false) ? ", and decides" : "");
	JSON_EACH(part, json_find(statement, "parts"))
	print_part(part);
}

static void print_value(const struct json *value)
{
	if (json_is_array(value)) {
		JSON_EACH(element, value)
		printf("%s" VIEW_FMT, json_at(value, 0) == element ? "" : ", ", VIEW_ARG(json_text(element)));
	} else if (json_is_null(value)) {
		printf("nothing");
	} else {
		printf("\"" VIEW_FMT "\"", VIEW_ARG(json_text(value)));
	}
}

static void print_turns(const struct json *turns)
{
	if (!json_count(turns))
		printf("\nNo change of up to %d parts of the request was found that turns this.\n", TURN_STEPS_MAX);
	JSON_EACH(turn, turns)
	{
		printf("\nIt would be %s with\n", json_find_c_string(turn, "verdict"));
		JSON_EACH(change, json_find(turn, "changes"))
		{
			printf("    " VIEW_FMT " ", VIEW_ARG(json_find_text(change, "of")));
			print_value(json_find(change, "to"));
			printf(" instead of ");
			print_value(json_find(change, "from"));
			putchar('\n');
		}
	}
}

void policy_explain_print(const struct json *answer)
{
	char *by = json_print_text(json_find(answer, "by"));

	printf("%s by %s\n", json_find_c_string(answer, "verdict"), by);
	free(by);
	JSON_EACH(policy, json_find(answer, "policies"))
	{
		printf("\n%s: %s\n" VIEW_FMT "\n", json_find_c_string(policy, "policy"),
			json_find_c_string(policy, "verdict"), VIEW_ARG(json_find_text(policy, "summary")));
		JSON_EACH(statement, json_find(policy, "statements"))
		print_statement(statement);
	}
	print_turns(json_find(answer, "turns"));
}
