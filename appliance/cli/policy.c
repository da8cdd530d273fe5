/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `postern policy`: ask the engine that the gateway and the filter use, without an appliance. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/cli/cli.h"
#include "appliance/cli/policy_batch.h"
#include "appliance/cli/policy_case.h"
#include "appliance/cli/policy_diff.h"
#include "appliance/cli/policy_explain.h"
#include "appliance/cli/policy_impact.h"
#include "appliance/cli/policy_lint.h"
#include "appliance/cli/policy_request.h"

/* Options of a question that is asked on the command line. Documents are JSON, or file://PATH. */
struct question {
	const char *api_arn, *batch, *request_id;
	const char *policy, *identity_policy, *endpoint_policy;
	const char *resource, *principal, *action, *context;
	const char *endpoint, *vpc, *address;
	bool others_can_grant, stored;
};

#define POLICY_OPTIONS(question)                                                                                       \
	{ "policy", "DOCUMENT", "the resource policy: JSON, or file://PATH", &(question).policy, NULL },               \
		{ "endpoint-policy", "DOCUMENT", "the VPC endpoint's policy", &(question).endpoint_policy, NULL },     \
		{ "api-arn", "ARN", "the API that owns the policy, which execute-api:/… stands for",                   \
			&(question).api_arn, NULL },                                                                   \
	{                                                                                                              \
		"stored", NULL,                                                                                        \
			"judge the policy as one that was accepted earlier: what can't be read matches nothing", NULL, \
			&(question).stored                                                                             \
	}

#define REQUEST_OPTIONS(question)                                                                                      \
	{ "identity-policy", "DOCUMENT", "the caller's own policy", &(question).identity_policy, NULL },               \
		{ "resource", "ARN", "the invoke ARN: …:API/STAGE/METHOD/PATH", &(question).resource, NULL },          \
		{ "principal", "ARN", "who calls (default anonymous)", &(question).principal, NULL },                  \
		{ "action", "NAME", "default execute-api:Invoke", &(question).action, NULL },                          \
	{                                                                                                              \
		"context", "DOCUMENT", "condition keys and their values: {\"aws:SourceVpce\": \"vpce-…\"}",            \
			&(question).context, NULL                                                                      \
	}

/* ---- the case of the command line ---- */

/* Set `member` to a policy's text. Returns false after cli_fail(). */
static bool set_document(struct cli *cli, struct json *object, const char *member, const char *given)
{
	struct view text;

	if (!given)
		return true;
	if (cli_document(cli, member, given, &text) != 0)
		return false;
	json_set_text(object, member, text);
	return true;
}

static bool set_context(struct cli *cli, struct json *request, const char *given)
{
	struct json_error error = { 0 };
	struct json *context;
	struct view text;

	if (!given)
		return true;
	if (cli_document(cli, "--context", given, &text) != 0)
		return false;
	if (json_parse(text, NULL, &context, &error) != 0) {
		cli_fail(cli, "--context: line %u, column %u: %s", error.line, error.column,
			error.rule ? error.rule : "too large");
		return false;
	}
	json_set(request, "context", context);
	return true;
}

static bool set_policies(struct cli *cli, struct json *object, const struct question *question)
{
	return set_document(cli, object, "policy", question->policy) &&
	       set_document(cli, object, "identityPolicy", question->identity_policy) &&
	       set_document(cli, object, "vpcEndpointPolicy", question->endpoint_policy);
}

/* The request of the options as a case; NULL after cli_fail(). */
static struct json *request_case(struct cli *cli, const struct question *question)
{
	struct json *object = json_object_new(), *request = json_ensure_object(object, "request");

	json_set_c_string(request, "resource", question->resource);
	json_set_c_string(request, "principal", question->principal);
	json_set_c_string(request, "action", question->action);
	if (set_policies(cli, object, question) && set_context(cli, request, question->context))
		return object;
	json_free(object);
	return NULL;
}

/* ---- evaluate ---- */

static bool evaluate_each(void *context, const struct json *object, struct json *answer)
{
	const struct question *question = context;
	struct policy_case policy_case;
	bool loaded = policy_case_load(&policy_case, object, question->api_arn, question->stored, POLICY_CASE_REQUEST);

	if (loaded) {
		struct combine_decision decision;

		policy_case_decide(&policy_case, &decision);
		json_set_c_string(answer, "verdict", policy_verdict_name(decision.verdict));
		json_set(answer, "by", policy_case_by(&decision));
	} else {
		json_set_c_string(answer, "error", policy_case.error);
	}
	policy_case_fini(&policy_case);
	return loaded;
}

static int evaluate_one(struct cli *cli, struct question *question)
{
	struct json *object JSON_CLEANUP = request_case(cli, question), *answer JSON_CLEANUP = json_object_new();
	char *by;

	if (!object)
		return CLI_FAILED;
	if (!evaluate_each(question, object, answer))
		return cli_fail(cli, "%s", json_find_c_string(answer, "error"));
	if (cli->json)
		return cli_print_json(answer);
	by = json_print_text(json_find(answer, "by"));
	printf("%s by %s\n", json_find_c_string(answer, "verdict"), by);
	free(by);
	return CLI_OK;
}

static int evaluate(struct cli *cli, int argc, char **argv)
{
	struct question question = { .api_arn = POLICY_CASE_API_ARN };
	const struct cli_option options[] = {
		{ "batch", "FILE", "cases as JSON lines or one array (- for stdin); one line of JSON answers each",
			&question.batch, NULL },
		POLICY_OPTIONS(question),
		REQUEST_OPTIONS(question),
	};
	const struct cli_usage usage = {
		"postern policy evaluate --batch FILE | --policy DOCUMENT --resource ARN [...]",
		"The verdict on a request: Allow, ExplicitDeny or ImplicitDeny, and whose statement it rests on: a "
		"statement of "
		"the\n"
		"resource policy by its number, \"identity\", \"vpce\" (the endpoint's policy) or null. Anonymous "
		"callers are "
		"judged as on\n"
		"a method without authorization, others as on one with AWS_IAM. A case has the members policy, "
		"identityPolicy,\n"
		"vpcEndpointPolicy and request {principal, action, resource, context}; policies of a batch count as "
		"stored.",
		options, sizeof options / sizeof options[0], 0, 0
	};
	char **arguments;
	size_t count;
	int end = cli_options(cli, &usage, argc, argv, &arguments, &count);

	if (end >= 0)
		return end;
	if (question.batch) {
		question.stored = true;
		return policy_batch_run(cli, question.batch, evaluate_each, &question);
	}
	if (!question.resource)
		return cli_misuse(cli, &usage, "--batch or --resource is needed");
	return evaluate_one(cli, &question);
}

/* ---- explain ---- */

static bool explain_each(void *context, const struct json *object, struct json *answer)
{
	const struct question *question = context;
	struct policy_case policy_case;
	bool loaded = policy_case_load(&policy_case, object, question->api_arn, question->stored, POLICY_CASE_REQUEST);

	if (loaded)
		policy_explain_write(&policy_case, answer);
	else
		json_set_c_string(answer, "error", policy_case.error);
	policy_case_fini(&policy_case);
	return loaded;
}

static int explain_one(struct cli *cli, struct question *question)
{
	struct json *object JSON_CLEANUP = request_case(cli, question), *answer JSON_CLEANUP = json_object_new();

	if (!object)
		return CLI_FAILED;
	if (!explain_each(question, object, answer))
		return cli_fail(cli, "%s", json_find_c_string(answer, "error"));
	if (cli->json)
		return cli_print_json(answer);
	policy_explain_print(answer);
	return CLI_OK;
}

static int explain(struct cli *cli, int argc, char **argv)
{
	struct question question = { .api_arn = POLICY_CASE_API_ARN };
	const struct cli_option options[] = {
		{ "batch", "FILE", "cases as for evaluate; one line of JSON answers each", &question.batch, NULL },
		{ "request", "ID", "a past request of the running appliance, by its id (x-amzn-RequestId, access log)",
			&question.request_id, NULL },
		POLICY_OPTIONS(question),
		REQUEST_OPTIONS(question),
	};
	const struct cli_usage usage = {
		"postern policy explain --policy DOCUMENT --resource ARN [...] | --batch FILE | --request ID",
		"Why a request gets its verdict: for every policy that is asked, statement by statement and part by "
		"part, what "
		"matched,\n"
		"what the request had, and what would have to be different; and the fewest changes of the request with "
		"which "
		"the\n"
		"verdict turns, each tried out. With --request the running appliance is asked for a request that the "
		"gateway "
		"recorded,\n"
		"refused or not: who called what, what was decided then, and why.",
		options, sizeof options / sizeof options[0], 0, 0
	};
	char **arguments;
	size_t count;
	int end = cli_options(cli, &usage, argc, argv, &arguments, &count);

	if (end >= 0)
		return end;
	if (question.batch) {
		question.stored = true;
		return policy_batch_run(cli, question.batch, explain_each, &question);
	}
	if (question.request_id)
		return policy_request_explain(cli, question.request_id);
	if (!question.resource)
		return cli_misuse(cli, &usage, "--batch, --request or --resource is needed");
	return explain_one(cli, &question);
}

/* ---- filter ---- */

static const char *filter_name(enum source_filter_verdict verdict)
{
	return verdict == SOURCE_FILTER_DROP ? "DROP" : "PASS";
}

static bool filter_each(void *context, const struct json *object, struct json *answer)
{
	const struct question *question = context;
	struct policy_case policy_case;
	bool loaded = policy_case_load(&policy_case, object, question->api_arn, question->stored, POLICY_CASE_SOURCE);

	if (loaded)
		json_set_c_string(answer, "filter",
			filter_name(source_filter_point(&policy_case.filter, &policy_case.source, NULL)));
	else
		json_set_c_string(answer, "error", policy_case.error);
	policy_case_fini(&policy_case);
	return loaded;
}

/* Statement and policy behind a DROP, into `into`. */
static void set_reason(
	struct json *into, const struct policy_case *policy_case, const struct source_filter_reason *reason)
{
	const struct policy *policy =
		reason->target == SOURCE_FILTER_ENDPOINT_POLICY ? policy_case->endpoint : policy_case->resource;
	struct policy_text sid;

	json_set_c_string(into, "by", reason->target == SOURCE_FILTER_ENDPOINT_POLICY ? "vpce" : "policy");
	json_set(into, "statement", reason->statement < 0 ? json_null_new() : json_integer_new(reason->statement));
	if (reason->statement < 0)
		return;
	sid = policy_statement_sid(policy, (size_t)reason->statement);
	if (sid.bytes)
		json_set_text(into, "sid", view_of_policy_text(sid));
}

static struct json *prefix_json(const struct policy_case *policy_case, const struct source_filter_prefix *prefix)
{
	static const uint8_t v4_start[12] = { [10] = 0xff, [11] = 0xff };
	bool v4 = prefix->prefix_bits >= 96 && memcmp(prefix->address.bytes, v4_start, sizeof v4_start) == 0;
	struct json *object = json_object_new();
	char text[INET6_ADDRSTRLEN];

	inet_ntop(v4 ? AF_INET : AF_INET6, prefix->address.bytes + (v4 ? 12 : 0), text, sizeof text);
	json_set(object, "prefix", json_text_new_printf("%s/%d", text, prefix->prefix_bits - (v4 ? 96 : 0)));
	json_set_c_string(object, "filter", filter_name(prefix->verdict));
	if (prefix->verdict == SOURCE_FILTER_DROP)
		set_reason(object, policy_case, &prefix->reason);
	return object;
}

/* The whole filter of the policies: {"default": {…}, "prefixes": […]}. */
static int print_filter(struct cli *cli, const struct policy_case *policy_case)
{
	struct json *answer JSON_CLEANUP = json_object_new(), *otherwise = json_ensure_object(answer, "default"),
			    *prefixes = json_ensure_array(answer, "prefixes");
	struct source_filter filter;
	int error = source_filter_compile(&filter, &policy_case->filter);

	if (error == -E2BIG)
		return cli_fail(cli, "the policies need %zu prefixes, more than %d", filter.needed_count,
			SOURCE_FILTER_DEFAULT_MAX_PREFIXES);
	if (error)
		return cli_fail(cli, "%s", strerror(-error));
	json_set_c_string(otherwise, "filter", filter_name(filter.default_verdict));
	if (filter.default_verdict == SOURCE_FILTER_DROP)
		set_reason(otherwise, policy_case, &filter.default_reason);
	for (size_t i = 0; i < filter.prefix_count; i++)
		json_append(prefixes, prefix_json(policy_case, &filter.prefixes[i]));
	source_filter_fini(&filter);
	if (cli->json)
		return cli_print_json(answer);
	JSON_EACH(prefix, prefixes)
	printf("%-44s %s\n", json_find_c_string(prefix, "prefix"), json_find_c_string(prefix, "filter"));
	printf("%-44s %s\n", "any other source", json_find_c_string(otherwise, "filter"));
	return CLI_OK;
}

static int print_point(struct cli *cli, const struct policy_case *policy_case)
{
	struct json *answer JSON_CLEANUP = json_object_new();
	struct source_filter_reason reason;
	enum source_filter_verdict verdict = source_filter_point(&policy_case->filter, &policy_case->source, &reason);

	json_set_c_string(answer, "filter", filter_name(verdict));
	if (verdict == SOURCE_FILTER_DROP)
		set_reason(answer, policy_case, &reason);
	if (cli->json)
		return cli_print_json(answer);
	printf("%s\n", filter_name(verdict));
	return CLI_OK;
}

static int filter_one(struct cli *cli, const struct question *question)
{
	struct json *object JSON_CLEANUP = json_object_new(), *source = json_ensure_object(object, "source");
	struct policy_case policy_case;
	int status;

	json_set_c_string(source, "aws:SourceVpce", question->endpoint);
	json_set_c_string(source, "aws:SourceVpc", question->vpc);
	json_set_c_string(source, "aws:VpcSourceIp", question->address ? question->address : "0.0.0.0");
	json_set_bool(object, "othersCanGrant", question->others_can_grant);
	if (!set_policies(cli, object, question))
		return CLI_FAILED;
	if (!policy_case_load(&policy_case, object, question->api_arn, question->stored, POLICY_CASE_SOURCE))
		status = cli_fail(cli, "%s", policy_case.error);
	else
		status = question->address ? print_point(cli, &policy_case) : print_filter(cli, &policy_case);
	policy_case_fini(&policy_case);
	return status;
}

static int filter(struct cli *cli, int argc, char **argv)
{
	struct question question = { .api_arn = POLICY_CASE_API_ARN, .endpoint = "vpce-0", .vpc = "vpc-0" };
	const struct cli_option options[] = {
		{ "batch", "FILE", "cases as JSON lines or one array (- for stdin); one line of JSON answers each",
			&question.batch, NULL },
		POLICY_OPTIONS(question),
		{ "endpoint", "ID", "aws:SourceVpce", &question.endpoint, NULL },
		{ "vpc", "ID", "aws:SourceVpc", &question.vpc, NULL },
		{ "address", "ADDRESS", "ask for this source only", &question.address, NULL },
		{ "others-can-grant", NULL, "the API has methods of type AWS_IAM or CUSTOM", NULL,
			&question.others_can_grant },
	};
	const struct cli_usage usage = {
		"postern policy filter --batch FILE | --policy DOCUMENT [--address ADDRESS] [...]",
		"What the kernel filter makes of a policy: DROP where every request is sure to be refused, PASS "
		"elsewhere; all\n"
		"prefixes, or one source. A case has the members policy, vpcEndpointPolicy, othersCanGrant and source\n"
		"{aws:SourceVpce, aws:SourceVpc, aws:VpcSourceIp, aws:SecureTransport}; policies of a batch count as "
		"stored.",
		options, sizeof options / sizeof options[0], 0, 0
	};
	char **arguments;
	size_t count;
	int end = cli_options(cli, &usage, argc, argv, &arguments, &count);

	if (end >= 0)
		return end;
	if (question.batch) {
		question.stored = true;
		return policy_batch_run(cli, question.batch, filter_each, &question);
	}
	if (!question.policy)
		return cli_misuse(cli, &usage, "--batch or --policy is needed");
	return filter_one(cli, &question);
}

int cli_policy(struct cli *cli, int argc, char **argv)
{
	static const struct cli_part parts[] = { { "evaluate", evaluate }, { "explain", explain }, { "filter", filter },
		{ "lint", policy_lint_command }, { "diff", policy_diff_command }, { "impact", policy_impact_command } };
	static const struct cli_usage usage = { "postern policy evaluate|explain|filter|lint|diff|impact [--help]",
		"Ask the policy engine, the same code that the gateway and the kernel filter use: offline, but for "
		"explain "
		"--request and\n"
		"impact, which ask the running appliance what it saw. `postern policy PART --help` tells more.",
		NULL, 0, 1, 1 };

	return cli_parts(cli, &usage, parts, sizeof parts / sizeof parts[0], argc, argv);
}
