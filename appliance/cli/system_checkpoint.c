/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `postern system checkpoint`, `confirm` and `rollback`: changes that are taken back unless they are confirmed in time. */
#include <stdio.h>
#include <stdlib.h>

#include "appliance/base/assert.h"
#include "appliance/cli/system.h"

#define TARGET "/postern/v1/checkpoint"

void system_checkpoint_print(const struct json *checkpoint)
{
	long long changed = (long long)json_find_integer(checkpoint, "records", 0);
	struct view state = json_find_text(checkpoint, "state");

	if (view_equals_text(state, "open"))
		printf("checkpoint: open; what was changed since revision %lld is taken back in %lld s unless it is "
		       "confirmed\n",
			(long long)json_find_integer(checkpoint, "revision", 0),
			(long long)json_find_integer(checkpoint, "remainingSeconds", 0));
	else if (view_equals_text(state, "none"))
		printf("checkpoint: none\n");
	else
		printf("checkpoint: none; the last one was " VIEW_FMT " at " VIEW_FMT ": " VIEW_FMT "\n",
			VIEW_ARG(state), VIEW_ARG(json_find_text(checkpoint, "endedAt")),
			VIEW_ARG(json_find_text(checkpoint, "reason")));
	if (view_equals_text(state, "undone"))
		printf("%lld record%s put back\n", changed, changed == 1 ? "" : "s");
}

/* A call without input whose answer is the checkpoint. */
static int call_for(struct cli *cli, const struct cli_usage *usage, const char *target, int argc, char **argv)
{
	struct json *answer JSON_CLEANUP = NULL;
	char **arguments;
	size_t count;
	int end = cli_options(cli, usage, argc, argv, &arguments, &count);

	if (end >= 0)
		return end;
	if (system_post(cli, target, NULL, &answer) != 0)
		return CLI_FAILED;
	if (cli->json)
		return cli_print_json(answer);
	if (json_find_bool(answer, "settingsConfirmed", false))
		printf("settings: confirmed\n");
	system_checkpoint_print(answer);
	return CLI_OK;
}

int system_checkpoint(struct cli *cli, int argc, char **argv)
{
	const char *within = NULL;
	bool show = false;
	const struct cli_option options[] = {
		{ "confirm-within", "SECONDS", "how long there is to confirm: 10 to 86400 (default 120)", &within,
			NULL },
		{ "show", NULL, "only tell whether one is open, and how the last one ended", NULL, &show },
	};
	const struct cli_usage usage = {
		.synopsis = "postern system checkpoint [--confirm-within SECONDS | --show]",
		.about = "From now on every management call, whoever makes it, is on trial: unless `postern system "
			 "confirm` follows in time,\n"
			 "all that was changed is taken back, as it is at once by `postern system rollback`. So a "
			 "policy "
			 "that locks its author\n"
			 "out, or an endpoint deleted by mistake, mends itself. A restart of the appliance does not "
			 "stop the clock.",
		.options = options,
		.option_count = ARRAY_COUNT(options),
	};
	struct json *answer JSON_CLEANUP = NULL, *body JSON_CLEANUP = json_object_new();
	char **arguments, *rest;
	size_t count;
	int end = cli_options(cli, &usage, argc, argv, &arguments, &count);

	if (end >= 0)
		return end;
	if (show && within)
		return cli_misuse(cli, &usage, "--show and --confirm-within exclude each other");
	if (within) {
		long long seconds = strtoll(within, &rest, 10);

		if (rest == within || *rest)
			return cli_misuse(cli, &usage, "--confirm-within: %s is no number of seconds", within);
		json_set_integer(body, "confirmWithinSeconds", seconds);
	}
	if ((show ? system_get(cli, TARGET, &answer) : system_post(cli, TARGET, body, &answer)) != 0)
		return CLI_FAILED;
	if (cli->json)
		return cli_print_json(answer);
	system_checkpoint_print(answer);
	return CLI_OK;
}

int system_confirm(struct cli *cli, int argc, char **argv)
{
	static const struct cli_usage usage = {
		.synopsis = "postern system confirm",
		.about = "Keep what was changed since `postern system checkpoint`, and the appliance's settings that "
			 "are on trial "
			 "(`postern system settings`).",
	};

	return call_for(cli, &usage, TARGET "/confirm", argc, argv);
}

int system_rollback(struct cli *cli, int argc, char **argv)
{
	static const struct cli_usage usage = {
		.synopsis = "postern system rollback",
		.about = "Take back at once what was changed since `postern system checkpoint`. Policies, endpoints, "
			 "security groups, domains\n"
			 "and names are again what they were, and what was made since is gone.",
	};

	return call_for(cli, &usage, TARGET "/rollback", argc, argv);
}
