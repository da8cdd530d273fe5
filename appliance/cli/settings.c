/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `postern settings`: the documented defaults, the judgement of a file. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/cli/cli.h"
#include "appliance/launch/settings.h"
#include "appliance/tls/client.h"

#define ERRORS_MAX_BYTES 65536
#define DOCUMENTATION_MAX_BYTES 65536

static int fail_with(struct cli *cli, struct buffer *errors)
{
	return cli_fail(cli, VIEW_FMT, VIEW_ARG(view_trim_set(buffer_view(errors), "\n")));
}

/* A file that is not on this host may well be on that which the settings are for. */
static bool has_bad_authorities(const struct settings *settings)
{
	return settings->backend_ca_file[0] && access(settings->backend_ca_file, R_OK) == 0 &&
	       tls_client_check_authorities(settings->backend_ca_file) == -EBADMSG;
}

static int check_file(struct cli *cli, const char *path)
{
	struct settings *settings;
	struct buffer errors;
	int result;

	buffer_init_arena(&errors, &cli->arena, ERRORS_MAX_BYTES);
	if (settings_read_file(&settings, path, &errors) < 0)
		return fail_with(cli, &errors);
	if (has_bad_authorities(settings)) {
		result = cli_fail(
			cli, "%s: backend_ca_file: %s: not certificates in PEM", path, settings->backend_ca_file);
		settings_free(settings);
		return result;
	}
	result = settings_check_time(settings, path, (int64_t)(clock_wall_ms() / 1000), &errors);
	settings_free(settings);
	if (result < 0)
		return fail_with(cli, &errors);
	if (cli->json)
		puts("{\"ok\":true}");
	else
		printf("%s: good\n", path);
	return CLI_OK;
}

int cli_settings(struct cli *cli, int argc, char **argv)
{
	const char *check = NULL;
	const struct cli_option options[] = {
		{ "check", "FILE", "judge a settings file: every error with its place and rule", &check, NULL },
	};
	const struct cli_usage usage = {
		.synopsis = "postern settings [--check FILE]",
		.about = "Prints every setting with its default, range and meaning, as a settings file.",
		.options = options,
		.option_count = sizeof options / sizeof options[0],
	};
	struct json *description JSON_CLEANUP = NULL;
	struct buffer text;
	char **arguments;
	size_t count;
	int result = cli_options(cli, &usage, argc, argv, &arguments, &count);

	if (result >= 0)
		return result;
	if (check)
		return check_file(cli, check);
	if (cli->json) {
		description = settings_describe();
		return cli_print_json(description);
	}
	buffer_init_arena(&text, &cli->arena, DOCUMENTATION_MAX_BYTES);
	settings_print(&text);
	fputs(buffer_text(&text), stdout);
	return CLI_OK;
}
