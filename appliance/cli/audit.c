/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "appliance/cli/cli.h"
#include "appliance/cli/client.h"

/* Most events of one answer (control/postern/audit.c). */
#define EVENTS_MAX 1000

static void print_event(const struct json *event)
{
	printf(VIEW_FMT " %lld " VIEW_FMT ":" VIEW_FMT " by " VIEW_FMT " (" VIEW_FMT ") from " VIEW_FMT ":",
		VIEW_ARG(json_find_text(event, "time")), (long long)json_find_integer(event, "status", 0),
		VIEW_ARG(json_find_text(event, "service")), VIEW_ARG(cli_or_dash(json_find_text(event, "operation"))),
		VIEW_ARG(cli_or_dash(json_find_text(event, "principal"))),
		VIEW_ARG(cli_or_dash(json_find_text(event, "accessKeyId"))),
		VIEW_ARG(cli_or_dash(json_find_text(event, "sourceAddress"))));
	JSON_EACH(resource, json_find(event, "resources"))
	printf(" " VIEW_FMT, VIEW_ARG(json_text(resource)));
	if (json_find(event, "code"))
		printf(": " VIEW_FMT ": " VIEW_FMT, VIEW_ARG(json_find_text(event, "code")),
			VIEW_ARG(json_find_text(event, "message")));
	if (json_find(event, "reason"))
		printf(" (" VIEW_FMT ")", VIEW_ARG(json_find_text(event, "reason")));
	putchar('\n');
}

/* Append "&name=value" for an option that was given. */
static struct view add(struct cli *cli, struct view target, const char *name, const char *value)
{
	return value ? arena_printf(&cli->arena, VIEW_FMT "&%s=%s", VIEW_ARG(target), name, client_encode(cli, value))
		     : target;
}

int cli_audit(struct cli *cli, int argc, char **argv)
{
	const char *limit = "100", *operation = NULL, *resource = NULL, *since = NULL;
	bool refused = false, reads = false;
	const struct cli_option options[] = {
		{ "limit", "COUNT", "at most so many, the newest (default 100, at most 1000)", &limit, NULL },
		{ "refused", NULL, "only calls that were refused", NULL, &refused },
		{ "reads", NULL, "calls that were answered and changed nothing, too", NULL, &reads },
		{ "operation", "NAME", "only that operation, as CreateRestApi", &operation, NULL },
		{ "resource", "TEXT", "only calls with that text in the path or id of a resource", &resource, NULL },
		{ "since", "TIME", "none older than that, as 2026-11-22T13:00:00Z or the start of it", &since, NULL },
	};
	const struct cli_usage usage = { "postern audit [--limit COUNT] [--refused] [--reads] [--operation NAME] "
					 "[--resource TEXT] [--since TIME]",
		"Management calls that changed something or were refused (with --reads all of them), oldest first: "
		"when, with which status,\n"
		"what, by whom, from where, and the rule that was broken. From the audit log in use; files that were "
		"rotated away are not read.",
		options, sizeof options / sizeof options[0], 0, 0 };
	struct json *answer JSON_CLEANUP = NULL;
	struct view target;
	char **arguments;
	size_t count;
	uint64_t number;
	int end = cli_options(cli, &usage, argc, argv, &arguments, &count);

	if (end >= 0)
		return end;
	if (view_parse_u64(view_from_text(limit), EVENTS_MAX, &number) < 0 || number == 0)
		return cli_misuse(cli, &usage, "--limit %s: it must be a number from 1 to %d", limit, EVENTS_MAX);
	target = arena_printf(&cli->arena, "/postern/v1/audit?limit=%s", client_encode(cli, limit));
	target = add(cli, target, "refused", refused ? "true" : NULL);
	target = add(cli, target, "reads", reads ? "true" : NULL);
	target = add(cli, target, "operation", operation);
	target = add(cli, target, "resource", resource);
	target = add(cli, target, "since", since);
	if (client_call(cli, &(struct client_call){ CLIENT_POSTERN, "GET", target, NULL, -1 }, &answer) != 0)
		return CLI_FAILED;
	if (cli->json)
		return cli_print_json(answer);
	JSON_EACH(event, json_find(answer, "events"))
	print_event(event);
	if (!json_find_bool(answer, "complete", true))
		fprintf(stderr, "postern audit: older lines of the log were not looked at\n");
	return CLI_OK;
}
