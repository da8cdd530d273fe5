/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `postern`: one command of commands.def. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "appliance/cli/cli.h"

static const struct {
	const char *name;
	int (*run)(struct cli *cli, int argc, char **argv);
	const char *text;
} commands[] = {
#define COMMAND(name, function, text) { name, function, text },
#include "appliance/cli/commands.def"
#undef COMMAND
};

#define COMMANDS_COUNT (sizeof commands / sizeof commands[0])

static void print_help(FILE *to)
{
	fprintf(to, "usage: postern COMMAND [options]\n\n"
		    "A private API gateway: AWS API Gateway's private REST APIs on a network of your own. It is "
		    "managed with the aws\n"
		    "command line (--endpoint-url); what that can't do is here.\n\n");
	for (size_t i = 0; i < COMMANDS_COUNT; i++)
		fprintf(to, "  %-12s %s\n", commands[i].name, commands[i].text);
	fprintf(to, "\n`postern COMMAND --help` tells more. --json prints JSON. --version prints the version.\n");
}

static int run(struct cli *cli, int argc, char **argv)
{
	for (size_t i = 0; i < COMMANDS_COUNT; i++)
		if (strcmp(argv[0], commands[i].name) == 0)
			return commands[i].run(cli, argc, argv);
	fprintf(stderr, "postern: %s: no such command\n", argv[0]);
	print_help(stderr);
	return CLI_USAGE;
}

int main(int argc, char **argv)
{
	struct cli cli = { .json = false };
	int status;

	/* A reader that has seen enough (`postern ... | head`) is no crash. */
	signal(SIGPIPE, SIG_IGN);
	arena_pool_init(&cli.pool, 0);
	arena_init(&cli.arena, &cli.pool, (size_t)256 << 20);
	if (argc > 1 && strcmp(argv[1], "--json") == 0) {
		cli.json = true;
		argv++;
		argc--;
	}
	if (argc < 2) {
		print_help(stderr);
		status = CLI_USAGE;
	} else if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
		print_help(stdout);
		status = CLI_OK;
	} else if (strcmp(argv[1], "--version") == 0) {
		puts(cli.json ? "{\"version\":\"" POSTERN_VERSION "\"}" : "postern " POSTERN_VERSION);
		status = CLI_OK;
	} else {
		status = run(&cli, argc - 1, argv + 1);
	}
	arena_fini(&cli.arena);
	arena_pool_fini(&cli.pool);
	if (fflush(stdout) != 0 && status == CLI_OK)
		status = CLI_FAILED;
	return status;
}
