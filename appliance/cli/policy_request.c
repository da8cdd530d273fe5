/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/policy_request.h"

#include <stdio.h>
#include <string.h>

#include "appliance/cli/client.h"
#include "appliance/cli/policy_case.h"
#include "appliance/cli/policy_explain.h"

static const char *text_of(const struct json *answer, const char *name)
{
	const char *text = json_find_c_string(answer, name);

	return text ? text : "";
}

/* ---- the explanation ---- */

/* Add what the policies say now to the answer; what it is called tells it from what was decided then. */
static bool add_explanation(struct json *answer)
{
	const struct json *object = json_find(answer, "case");
	struct json *explanation;
	struct policy_case policy_case;
	bool loaded;

	if (!object)
		return true;
	/* The case names its API by the ARN of its resource. */
	loaded = policy_case_load(&policy_case, object, NULL, true, POLICY_CASE_REQUEST);
	explanation = json_ensure_object(answer, "explanation");
	if (loaded)
		policy_explain_write(&policy_case, explanation);
	else
		json_set_c_string(explanation, "error", policy_case.error);
	policy_case_fini(&policy_case);
	return loaded;
}

/* ---- for people ---- */

static void print_fact(const struct json *answer, const char *label, const char *name)
{
	const char *text = text_of(answer, name);

	if (*text)
		printf("  %-13s %s\n", label, text);
}

static void print_outcome(const struct json *answer)
{
	const struct json *decision = json_find(answer, "decision");
	const char *outcome = text_of(answer, "outcome");

	printf("request %s at %s: %lld, ", text_of(answer, "requestId"), text_of(answer, "time"),
		(long long)json_find_integer(answer, "status", 0));
	if (strcmp(outcome, "unjudged") == 0) {
		printf("no policy decided: %s\n", text_of(answer, "why"));
		return;
	}
	printf("%s by %s", outcome, text_of(decision, "by"));
	if (json_is_number(json_find(decision, "statement")))
		printf(", statement %lld", (long long)json_find_integer(decision, "statement", 0));
	JSON_EACH(policy, json_find(answer, "policies"))
	if (json_find_bool(policy, "decided", false) && *text_of(policy, "sid"))
		printf(" (%s)", text_of(policy, "sid"));
	printf(": %s\n", text_of(decision, "verdict"));
}

static void print_facts(const struct json *answer)
{
	static const char *const facts[][2] = { { "endpoint", "endpoint" }, { "VPC", "vpcId" }, { "source", "source" },
		{ "principal", "principal" }, { "API", "api" }, { "stage", "stage" }, { "deployment", "deployment" },
		{ "method", "method" }, { "path", "path" }, { "resource", "resource" }, { "domain", "domainArn" },
		{ "host", "host" }, { "TLS", "tls" }, { "user agent", "userAgent" }, { "referer", "referer" },
		{ "authorization", "authorizationType" }, { "why", "why" } };

	for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++)
		print_fact(answer, facts[i][0], facts[i][1]);
	JSON_EACH(name, json_find(answer, "cut"))
	printf("  %-13s " VIEW_FMT " is longer than what was recorded: conditions on it may turn out differently\n",
		"note", VIEW_ARG(json_text(name)));
	if (json_find_integer(answer, "sameId", 1) > 1)
		printf("  %-13s clients chose this id for %lld requests in the record; this is the newest\n", "note",
			(long long)json_find_integer(answer, "sameId", 1));
	JSON_EACH(policy, json_find(answer, "policies"))
	{
		if (json_find_bool(policy, "gone", false))
			printf("  %-13s the owner of the %s is gone, and the policy with it\n", "note",
				text_of(policy, "policy"));
		if (json_find_bool(policy, "changed", false))
			printf("  %-13s the %s has changed since: below is what it says now\n", "note",
				text_of(policy, "policy"));
	}
}

/* Does what is explained differ from what was decided? */
static bool is_another_verdict(const struct json *answer)
{
	const char *then = text_of(json_find(answer, "decision"), "verdict"),
		   *now = text_of(json_find(answer, "explanation"), "verdict");

	return *then && *now && strcmp(then, now) != 0;
}

static void print_answer(const struct json *answer)
{
	print_outcome(answer);
	print_facts(answer);
	if (is_another_verdict(answer))
		printf("  %-13s asked again now, the policies give another verdict than they did then\n", "note");
	if (json_find(answer, "explanation")) {
		printf(strcmp(text_of(answer, "outcome"), "unjudged") == 0 ? "\nasked all the same, the policies say: "
									   : "\n");
		policy_explain_print(json_find(answer, "explanation"));
	}
}

/* ---- the command ---- */

int policy_request_explain(struct cli *cli, const char *request_id)
{
	struct json *answer JSON_CLEANUP = NULL;
	const struct client_call call = { CLIENT_POSTERN, "GET",
		arena_printf(&cli->arena, "/postern/v1/requests/%s", client_encode(cli, request_id)), NULL, -1 };

	if (client_call(cli, &call, &answer) != 0)
		return CLI_FAILED;
	if (!add_explanation(answer))
		return cli_fail(
			cli, "the policies can't be read: %s", text_of(json_find(answer, "explanation"), "error"));
	if (cli->json)
		return cli_print_json(answer);
	print_answer(answer);
	return CLI_OK;
}
