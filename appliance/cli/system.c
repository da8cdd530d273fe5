/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `postern system`: the appliance as a whole. */
#include "appliance/cli/system.h"

#include "appliance/base/assert.h"
#include "appliance/cli/client.h"

static const struct cli_part parts[] = {
#define PART(name, function, text) { name, function },
#include "appliance/cli/system.def"
#undef PART
};

/* "checkpoint|confirm|..." and one line about each part, made of the table. */
static const char part_names[] =
#define PART(name, function, text) "|" name
#include "appliance/cli/system.def"
#undef PART
	;
static const char part_texts[] =
#define PART(name, function, text) "\n`" name "`: " text "."
#include "appliance/cli/system.def"
#undef PART
	;

int system_get(struct cli *cli, const char *target, struct json **ret_answer)
{
	return client_call(
		cli, &(struct client_call){ CLIENT_POSTERN, "GET", view_from_text(target), NULL, -1 }, ret_answer);
}

int system_post(struct cli *cli, const char *target, const struct json *body, struct json **ret_answer)
{
	struct json *nothing JSON_CLEANUP = json_object_new();

	return client_call(cli,
		&(struct client_call){ CLIENT_POSTERN, "POST", view_from_text(target), body ? body : nothing, -1 },
		ret_answer);
}

int cli_system(struct cli *cli, int argc, char **argv)
{
	const struct cli_usage usage = {
		.synopsis = arena_printf(&cli->arena, "postern system %s [--help]", part_names + 1).at,
		.about = arena_printf(
			&cli->arena, "The appliance as a whole. `postern system PART --help` tells more.%s", part_texts)
				 .at,
		.arguments_min = 1,
		.arguments_max = 1,
	};

	return cli_parts(cli, &usage, parts, ARRAY_COUNT(parts), argc, argv);
}
