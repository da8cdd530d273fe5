/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/policy_explain.h"

#include <stdio.h>
#include <stdlib.h>

#include "policy/explain.h"

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

void policy_explain_write(const struct policy_case *policy_case, struct json *answer)
{
	struct json *policies = json_array_new();
	struct combine_decision decision;

	policy_case_decide(policy_case, &decision);
	json_set_c_string(answer, "verdict", policy_verdict_name(decision.verdict));
	json_set(answer, "by", policy_case_by(&decision));
	add_policy(policies, "vpcEndpointPolicy", policy_case->endpoint, &policy_case->request);
	add_policy(policies, "policy", policy_case->resource, &policy_case->request);
	add_policy(policies, "identityPolicy", policy_case->identity, &policy_case->request);
	json_set(answer, "policies", policies);
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
}
