/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/policy_impact.h"

#include <stdio.h>
#include <string.h>

#include "appliance/cli/client.h"
#include "appliance/cli/policy_lint.h"

/* ---- for people ---- */

static const char *text_of(const struct json *object, const char *name)
{
	const char *text = json_find_c_string(object, name);

	return text ? text : "";
}

static long long number_of(const struct json *object, const char *name)
{
	return (long long)json_find_integer(object, name, 0);
}

static void print_decision(const char *when, const struct json *decision)
{
	const char *sid = text_of(decision, "sid");

	printf("    %-7s %s by %s", when, text_of(decision, "verdict"), text_of(decision, "by"));
	if (json_is_number(json_find(decision, "statement")))
		printf(", statement %lld", number_of(decision, "statement"));
	printf("%s%s%s\n", *sid ? " (" : "", sid, *sid ? ")" : "");
}

static const char *headline_of(const struct json *client)
{
	const char *change = text_of(client, "change");
	bool cut_off = json_find_bool(client, "mayBeCutOff", false),
	     let_in = json_find_bool(client, "mayBeLetIn", false);

	if (strcmp(change, "cutOff") == 0)
		return "cut off";
	if (strcmp(change, "letIn") == 0)
		return "let in";
	if (cut_off && let_in)
		return "may be cut off or let in";
	return cut_off ? "may be cut off" : "may be let in";
}

static void print_client(const struct json *client)
{
	const char *domain = text_of(client, "domainArn"), *agent = text_of(client, "userAgent");

	printf("%s: %s, %s, %s %s of stage %s, by endpoint %s\n", headline_of(client), text_of(client, "source"),
		text_of(client, "principal"), text_of(client, "method"), text_of(client, "resource"),
		text_of(client, "stage"), text_of(client, "endpoint"));
	printf("    seen    %lld times (%lld allowed, %lld denied), last at %s, e.g. %s%s%s%s\n",
		number_of(client, "count"), number_of(client, "allowedCount"), number_of(client, "deniedCount"),
		text_of(client, "lastSeen"), text_of(client, "samplePath"), *agent ? " with \"" : "", agent,
		*agent ? "\"" : "");
	if (*domain)
		printf("    by      %s\n", domain);
	print_decision("before", json_find(client, "before"));
	print_decision("after", json_find(client, "after"));
	if (!json_count(json_find(client, "dependsOn")))
		return;
	printf("    depends on ");
	JSON_EACH(key, json_find(client, "dependsOn"))
	printf("%s" VIEW_FMT, json_at(json_find(client, "dependsOn"), 0) == key ? "" : ", ", VIEW_ARG(json_text(key)));
	printf(", which the record does not hold: before and after are of the example\n");
}

static void print_answer(const struct json *answer)
{
	const struct json *summary = json_find(answer, "summary"), *record = json_find(answer, "record");

	JSON_EACH(client, json_find(answer, "clients"))
	print_client(client);
	printf("%lld clients since %s: %lld cut off, %lld let in, %lld depend, %lld unchanged\n",
		number_of(summary, "clients"), text_of(answer, "since"), number_of(summary, "cutOff"),
		number_of(summary, "letIn"), number_of(summary, "depends"), number_of(summary, "unchanged"));
	if (number_of(summary, "notListed"))
		printf("%lld more clients are not listed\n", number_of(summary, "notListed"));
	if (number_of(summary, "gone"))
		printf("%lld clients called endpoints, stages or methods that are there no more\n",
			number_of(summary, "gone"));
	printf("The record was begun at %s; its oldest client was last seen at %s; %lld clients gave way to others.\n",
		text_of(record, "begun"), *text_of(record, "oldest") ? text_of(record, "oldest") : "-",
		number_of(record, "evicted"));
	JSON_EACH(note, json_find(answer, "notes"))
	printf(VIEW_FMT "\n", VIEW_ARG(json_text(note)));
}

/* ---- the command ---- */

static int status_of(const struct json *answer)
{
	const struct json *summary = json_find(answer, "summary");

	return number_of(summary, "cutOff") || number_of(summary, "letIn") || number_of(summary, "depends")
		       ? POLICY_IMPACT_SOMETHING
		       : POLICY_IMPACT_NOTHING;
}

static int ask(struct cli *cli, struct view document, const char *api, int64_t hours)
{
	struct json *body JSON_CLEANUP = json_object_new(), *answer JSON_CLEANUP = NULL;

	json_set_c_string(body, "restApiId", api);
	json_set_text(body, "policy", document);
	json_set_integer(body, "hours", hours);
	if (client_call(cli,
		    &(struct client_call){ CLIENT_POSTERN, "POST", view_of("/postern/v1/policy/impact"), body, -1 },
		    &answer) != 0)
		return POLICY_IMPACT_ERROR;
	if (cli->json)
		cli_print_json(answer);
	else
		print_answer(answer);
	return status_of(answer);
}

int policy_impact_command(struct cli *cli, int argc, char **argv)
{
	const struct lint_options lint = { .policy.kind = POLICY_KIND_API };
	const char *api = NULL, *hours_text = "24";
	const struct cli_option options[] = {
		{ "api", "ID", "the API whose resource policy NEW would be", &api, NULL },
		{ "hours", "COUNT", "clients seen in the last COUNT hours (default 24)", &hours_text, NULL },
	};
	const struct cli_usage usage = { "postern policy impact NEW|- --api ID [--hours COUNT]",
		"Which clients that the gateway saw would be cut off or let in if NEW were the API's resource policy, "
		"with "
		"the statements\n"
		"that decide before and after. What rests on facts that are not recorded (time, headers) is said to "
		"depend "
		"on them.\n"
		"The running appliance is asked. Exit status: 0 nothing changes, 1 something does or may, 2 trouble.",
		options, sizeof options / sizeof options[0], 1, 1 };
	struct view document;
	char **arguments;
	int64_t hours;
	size_t count;
	int end = cli_options(cli, &usage, argc, argv, &arguments, &count), err;

	if (end >= 0)
		return end;
	if (!api)
		return cli_misuse(cli, &usage, "--api is needed");
	if (view_parse_i64(view_from_text(hours_text), 1, INT64_MAX, &hours) != 0)
		return cli_misuse(cli, &usage, "--hours is a number from 1 on");
	err = cli_read_file(cli, arguments[0], POLICY_TEXT_MAX_BYTES, &document);
	if (err) {
		cli_fail(cli, "%s: %s", arguments[0], strerror(-err));
		return POLICY_IMPACT_ERROR;
	}
	if (policy_lint_refusals(cli, strcmp(arguments[0], "-") == 0 ? "stdin" : arguments[0], document, &lint) !=
		CLI_OK)
		return POLICY_IMPACT_ERROR;
	return ask(cli, document, api, hours);
}
