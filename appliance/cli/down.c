/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `postern down`: ends the appliance and removes what it made. posternd does it, as it alone knows what is its own. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "appliance/cli/cli.h"
#include "appliance/cli/program.h"
#include "appliance/launch/settings.h"

int cli_down(struct cli *cli, int argc, char **argv)
{
	const struct cli_usage usage = {
		.synopsis = "postern down [--settings FILE]",
		.about = "Ends the appliance of these settings, if it runs, and removes every namespace and link that "
			 "Postern made.\n"
			 "Its state (store, credentials, certificates) stays. Needs root.",
	};
	char **arguments;
	size_t count;
	int result = cli_options(cli, &usage, argc, argv, &arguments, &count);

	if (result >= 0)
		return result;
	if (geteuid() != 0)
		return cli_fail(cli, "needs root, to remove network namespaces and links");
	return program_become_posternd(cli, cli->settings ? cli->settings : SETTINGS_DEFAULT_FILE, true);
}
