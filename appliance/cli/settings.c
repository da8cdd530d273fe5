/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `postern settings`: the documented defaults, the judgement of a file, the record for posternd. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/cli/cli.h"
#include "appliance/launch/settings.h"

#define ERRORS_MAX_BYTES 65536
#define DOCUMENTATION_MAX_BYTES 65536

static int fail_with(struct cli *cli, struct buffer *errors)
{
	return cli_fail(cli, VIEW_FMT, VIEW_ARG(view_trim_set(buffer_view(errors), "\n")));
}

/*
 * Standard input to standard output, for posternd, which runs this without privileges. The name of the file is that of the
 * descriptor, so that errors name what the operator wrote.
 */
static int write_record(struct cli *cli)
{
	static struct netns_config config;
	char name[4096] = "settings";
	struct settings *settings;
	struct buffer errors;
	size_t written = 0;
	int result;
	ssize_t count = readlink("/proc/self/fd/0", name, sizeof name - 1);

	name[count > 0 ? count : 0] = '\0';
	if (name[0] != '/' || strncmp(name, "/memfd:", 7) == 0)
		strcpy(name, "settings");
	buffer_init_arena(&errors, &cli->arena, ERRORS_MAX_BYTES);
	if (settings_read_fd(&settings, STDIN_FILENO, name, &errors) < 0)
		return fail_with(cli, &errors);
	result = settings_to_config(settings, name, &config, &errors);
	settings_free(settings);
	if (result < 0)
		return fail_with(cli, &errors);
	while (written < sizeof config) {
		count = write(STDOUT_FILENO, (const char *)&config + written, sizeof config - written);
		if (count < 0 && errno != EINTR)
			return cli_fail(cli, "can't write the record: %s", strerror(errno));
		written += count > 0 ? (size_t)count : 0;
	}
	return CLI_OK;
}

static int check_file(struct cli *cli, const char *path)
{
	struct settings *settings;
	struct buffer errors;
	int result;

	buffer_init_arena(&errors, &cli->arena, ERRORS_MAX_BYTES);
	if (settings_read_file(&settings, path, &errors) < 0)
		return fail_with(cli, &errors);
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
	bool records = false;
	const struct cli_option options[] = {
		{ "check", "FILE", "judge a settings file: every error with its place and rule", &check, NULL },
		{ "records", NULL, "settings on standard input, posternd's record on standard output", NULL, &records },
	};
	const struct cli_usage usage = {
		.synopsis = "postern settings [--check FILE | --records]",
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
	if (records)
		return write_record(cli);
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
