/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/program.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *program_path(struct cli *cli, const char *name)
{
	char path[4096];
	ssize_t count = readlink("/proc/self/exe", path, sizeof path);
	struct view whole = view_from(path, count < 0 ? 0 : (size_t)count);
	size_t slash = view_find_last_byte(whole, '/');

	if (slash == VIEW_NOWHERE)
		return NULL;
	return arena_printf(&cli->arena, VIEW_FMT "/%s", VIEW_ARG(view_part(whole, 0, slash)), name).at;
}

int program_become_posternd(struct cli *cli, const char *settings, bool down)
{
	const char *program = program_path(cli, "posternd");
	char name[] = "posternd", settings_option[] = "--settings", down_option[] = "--down", json_option[] = "--json";
	char *path = arena_text(&cli->arena, view_from_text(settings));
	char *arguments[6] = { name, settings_option, path };
	size_t count = 3;

	if (down)
		arguments[count++] = down_option;
	if (cli->json)
		arguments[count++] = json_option;
	if (!program || !path)
		return cli_fail(cli, "can't find the folder of the programs");
	fflush(stdout);
	execv(program, arguments);
	return cli_fail(cli, "can't start %s: %s", program, strerror(errno));
}
