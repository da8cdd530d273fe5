/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Options, help and output of the commands. */
#include "appliance/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A command has at most a dozen options; the common ones come on top. */
#define OPTIONS_MAX_COUNT 40

struct option_list {
	struct cli_option options[OPTIONS_MAX_COUNT];
	size_t count, own_count;
	bool help;
};

static void list_options(struct option_list *list, struct cli *cli, const struct cli_usage *usage)
{
	const struct cli_option common[] = {
		{ "json", NULL, "print JSON", NULL, &cli->json },
		{ "endpoint-url", "URL", "the management address (also POSTERN_ENDPOINT, AWS_ENDPOINT_URL)",
			&cli->endpoint_url, NULL },
		{ "settings", "FILE", "the appliance's settings", &cli->settings, NULL },
		{ "state", "DIR", "the appliance's state folder, for its credentials and CA", &cli->state_dir, NULL },
		{ "profile", "NAME", "profile of the AWS credentials file (also AWS_PROFILE)", &cli->profile, NULL },
		{ "ca", "FILE", "CA of an https management address (also AWS_CA_BUNDLE)", &cli->ca_file, NULL },
		{ "help", NULL, "print this", NULL, &list->help },
	};

	list->own_count = usage->option_count;
	for (size_t i = 0; i < usage->option_count; i++)
		list->options[list->count++] = usage->options[i];
	for (size_t i = 0; i < sizeof common / sizeof common[0]; i++) {
		bool own = false;

		for (size_t k = 0; k < list->own_count; k++)
			own = own || strcmp(list->options[k].name, common[i].name) == 0;
		if (!own)
			list->options[list->count++] = common[i];
	}
}

static void print_help(FILE *to, const struct cli_usage *usage, const struct option_list *list)
{
	fprintf(to, "usage: %s\n\n%s\n\n", usage->synopsis, usage->about);
	for (size_t i = 0; i < list->count; i++) {
		const struct cli_option *option = &list->options[i];
		char left[64];

		snprintf(left, sizeof left, "--%s%s%s", option->name, option->argument ? " " : "",
			option->argument ? option->argument : "");
		fprintf(to, "  %-28s %s\n", left, option->help);
	}
}

int cli_options(
	struct cli *cli, const struct cli_usage *usage, int argc, char **argv, char ***ret_arguments, size_t *ret_count)
{
	struct option_list list = { .count = 0 };
	struct option long_options[OPTIONS_MAX_COUNT + 1] = { 0 };
	int index = 0, got;

	list_options(&list, cli, usage);
	for (size_t i = 0; i < list.count; i++)
		long_options[i] = (struct option){ .name = list.options[i].name,
			.has_arg = list.options[i].text ? required_argument : no_argument };
	optind = 0;
	opterr = 0;
	while ((got = getopt_long(argc, argv, ":", long_options, &index)) != -1) {
		if (got == ':')
			return cli_misuse(cli, usage, "%s: its value is missing", argv[optind - 1]);
		if (got == '?')
			return cli_misuse(cli, usage, "%s: unknown option", argv[optind - 1]);
		if (list.options[index].text)
			*list.options[index].text = optarg;
		else
			*list.options[index].flag = true;
	}
	if (list.help) {
		print_help(stdout, usage, &list);
		return CLI_OK;
	}
	*ret_arguments = argv + optind;
	*ret_count = (size_t)(argc - optind);
	if (*ret_count < usage->arguments_min)
		return cli_misuse(cli, usage, "an argument is missing");
	if (*ret_count > usage->arguments_max)
		return cli_misuse(cli, usage, "%s: unexpected argument", argv[optind + (int)usage->arguments_max]);
	return -1;
}

int cli_parts(struct cli *cli, const struct cli_usage *usage, const struct cli_part *parts, size_t part_count, int argc,
	char **argv)
{
	char **arguments;
	size_t count;
	int end;

	for (size_t i = 0; argc > 1 && i < part_count; i++)
		if (strcmp(argv[1], parts[i].name) == 0)
			return parts[i].run(cli, argc - 1, argv + 1);
	end = cli_options(cli, usage, argc, argv, &arguments, &count);
	return end >= 0 ? end : cli_misuse(cli, usage, "%s: no such part", arguments[0]);
}

static void complain(struct cli *cli, const char *format, va_list arguments)
{
	struct view text = arena_vprintf(&cli->arena, format, arguments);

	cli->said = arena_text(&cli->arena, text);
	if (cli->quiet)
		return;
	fprintf(stderr, "postern: " VIEW_FMT "\n", VIEW_ARG(text));
	if (cli->json) {
		struct json *object JSON_CLEANUP = json_object_new();

		json_set_text(object, "error", text);
		cli_print_json(object);
	}
}

int cli_fail(struct cli *cli, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	complain(cli, format, arguments);
	va_end(arguments);
	return CLI_FAILED;
}

int cli_misuse(struct cli *cli, const struct cli_usage *usage, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	complain(cli, format, arguments);
	va_end(arguments);
	fprintf(stderr, "usage: %s\n", usage->synopsis);
	return CLI_USAGE;
}

int cli_print_json(const struct json *value)
{
	char *text = json_print_text(value);

	puts(text);
	free(text);
	return CLI_OK;
}

int cli_read_file(struct cli *cli, const char *path, size_t limit_bytes, struct view *ret)
{
	int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	struct buffer buffer;
	int result = fd < 0 ? -errno : 0;

	buffer_init_arena(&buffer, &cli->arena, limit_bytes);
	while (result == 0) {
		char piece[65536];
		ssize_t count = read(fd, piece, sizeof piece);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			result = -errno;
		if (count <= 0)
			break;
		buffer_append_bytes(&buffer, piece, (size_t)count);
		result = buffer_error(&buffer);
	}
	if (fd >= 0)
		close(fd);
	if (result == 0)
		*ret = buffer_view(&buffer);
	return result;
}

/* A policy has 8 KB, an OpenAPI file 6 MB. */
#define DOCUMENT_MAX_BYTES (8u * 1024 * 1024)

int cli_document(struct cli *cli, const char *what, const char *given, struct view *ret)
{
	static const char file[] = "file://";
	int result;

	if (strncmp(given, file, sizeof file - 1) != 0) {
		*ret = view_from_text(given);
		return 0;
	}
	result = cli_read_file(cli, given + sizeof file - 1, DOCUMENT_MAX_BYTES, ret);
	if (result == 0)
		return 0;
	cli_fail(cli, "%s: can't read %s: %s", what, given + sizeof file - 1, strerror(-result));
	return -1;
}
