/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `postern system status`, `settings` and `restart`: the appliance's machine. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/cli/client.h"
#include "appliance/cli/system.h"
#include "appliance/cli/system_wait.h"
#include "image/system/protocol.h"

/* How long there is for this command to come back and confirm, where the operator does not do it. */
#define OWN_CONFIRM_S 300

int system_status(struct cli *cli, int argc, char **argv)
{
	static const struct cli_usage usage = {
		.synopsis = "postern system status",
		.about = "Which version of the appliance's system runs and in which slot, whether this start was found "
			 "good, what became of the "
			 "last\n"
			 "update, which settings hold, and what is on trial.",
	};
	struct json *state JSON_CLEANUP = NULL;
	char **arguments;
	size_t count;
	int end = cli_options(cli, &usage, argc, argv, &arguments, &count);

	if (end >= 0)
		return end;
	if (system_wait_state(cli, &state) != 0)
		return CLI_FAILED;
	if (cli->json)
		return cli_print_json(state);
	system_wait_print(state);
	return CLI_OK;
}

static int print_state(struct cli *cli, const struct json *state)
{
	if (cli->json)
		return cli_print_json(state);
	system_wait_print(state);
	return CLI_OK;
}

int system_restart(struct cli *cli, int argc, char **argv)
{
	bool no_wait = false;
	const struct cli_option options[] = { { "no-wait", NULL, "do not wait until it is back", NULL, &no_wait } };
	const struct cli_usage usage = {
		.synopsis = "postern system restart [--no-wait]",
		.about = "Start the appliance's machine anew. Requests under way end first; settings on trial are "
			 "taken back.",
		.options = options,
		.option_count = ARRAY_COUNT(options),
	};
	struct json *before JSON_CLEANUP = NULL, *after JSON_CLEANUP = NULL;
	char **arguments;
	size_t count;
	int end = cli_options(cli, &usage, argc, argv, &arguments, &count);

	if (end >= 0)
		return end;
	if (system_post(cli, "/postern/v1/system/restart", NULL, &before) != 0)
		return CLI_FAILED;
	if (no_wait)
		return cli->json ? cli_print_json(before) : CLI_OK;
	after = system_wait_restart(cli, before, SYSTEM_WAIT_DEFAULT_S);
	return after ? print_state(cli, after)
		     : cli_fail(cli, "the appliance did not come back within %d s", SYSTEM_WAIT_DEFAULT_S);
}

/* ---- settings ---- */

static int read_text(struct cli *cli, const char *path, size_t most, struct json *body, const char *name)
{
	struct view text;
	int error = cli_read_file(cli, path, most, &text);

	if (error)
		return cli_fail(
			cli, "can't read %s: %s", path, error == -EMSGSIZE ? "it is too large" : strerror(-error));
	if (!view_is_utf8(text))
		return cli_fail(cli, "%s is no text", path);
	json_set_text(body, name, text);
	return 0;
}

/* It is reachable with the new settings: that is what this command had to see. */
static int confirm(struct cli *cli, struct json **state)
{
	struct json *answer JSON_CLEANUP = NULL;

	if (!json_find_bool(json_find(*state, "settings"), "onTrial", false))
		return 0;
	if (system_post(cli, "/postern/v1/checkpoint/confirm", NULL, &answer) != 0)
		return CLI_FAILED;
	json_free(*state);
	*state = NULL;
	return system_wait_state(cli, state);
}

static int report(struct cli *cli, struct json **state, bool confirms)
{
	const struct json *settings;

	if (!*state)
		return cli_fail(cli, "the appliance can't be reached with the new settings: unless they are confirmed "
				     "the previous ones return");
	settings = json_find(*state, "settings");
	if (json_find_text(settings, "last").count)
		return cli_fail(cli, "the settings were taken back: with them the appliance was not good in time");
	if (confirms && confirm(cli, state) != 0)
		return CLI_FAILED;
	return print_state(cli, *state);
}

int system_settings(struct cli *cli, int argc, char **argv)
{
	const char *seconds = NULL, *network = NULL;
	const struct cli_option options[] = {
		{ "confirm", "SECONDS", "10 to 3600: taken back unless `postern system confirm` follows in time",
			&seconds, NULL },
		{ "network", "FILE", "also another network-config (version 2)", &network, NULL },
	};
	const struct cli_usage usage = {
		.synopsis = "postern system settings FILE [--network FILE] [--confirm SECONDS]",
		.about = "Put a settings file in force on the appliance: it is judged, the machine starts anew with "
			 "it, and it stays only if the "
			 "start\n"
			 "is good and it is confirmed: by this command once it reaches the appliance again, or, with "
			 "--confirm, by you. Else the "
			 "previous\n"
			 "settings return, also after a power cut. They hold until the appliance's user-data changes.",
		.options = options,
		.option_count = ARRAY_COUNT(options),
		.arguments_min = 1,
		.arguments_max = 1,
	};
	struct json *body JSON_CLEANUP = json_object_new(), *before JSON_CLEANUP = NULL, *after JSON_CLEANUP = NULL;
	long confirm_s = OWN_CONFIRM_S;
	char **arguments;
	size_t count;
	int end = cli_options(cli, &usage, argc, argv, &arguments, &count);

	if (end < 0)
		end = system_wait_seconds(
			cli, &usage, "confirm", seconds, SYSTEM_CONFIRM_MIN_S, SYSTEM_CONFIRM_MAX_S, &confirm_s);
	else
		return end;
	if (end != 0)
		return end;
	if (read_text(cli, arguments[0], SYSTEM_SETTINGS_MAX_BYTES, body, "settings") != 0 ||
		(network && read_text(cli, network, SYSTEM_NETWORK_MAX_BYTES, body, "networkConfig") != 0))
		return CLI_FAILED;
	json_set_integer(body, "confirmSeconds", confirm_s);
	if (client_call(cli,
		    &(struct client_call){ CLIENT_POSTERN, "PUT", view_of("/postern/v1/system/settings"), body, -1 },
		    &before) != 0)
		return CLI_FAILED;
	after = system_wait_restart(cli, before, confirm_s < OWN_CONFIRM_S ? OWN_CONFIRM_S : confirm_s);
	return report(cli, &after, seconds == NULL);
}
