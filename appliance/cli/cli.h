/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli: what the commands of `postern` share: options, help, output, how to reach the appliance.
 *
 * Each command is one function (commands.def) in the file named after it. It describes its options in a table, lets
 * cli_options() take argv apart (which answers --help by itself), works, prints, and returns the exit status:
 * CLI_OK, CLI_FAILED with one clear line on stderr, or CLI_USAGE for a wrong command line.
 *
 * Output: with --json one JSON object on stdout, else text for people. Errors are text on stderr either way, and with
 * --json also {"error": …} on stdout.
 *
 * Process: the caller's, one thread, blocking calls; memory is the process's and is not given back one by one.
 */
#ifndef POSTERN_CLI_CLI_H
#define POSTERN_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "appliance/base/arena.h"
#include "appliance/base/json.h"

enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

/* Where the appliance is and who calls; set by the common options and the environment. */
struct cli {
	struct arena_pool pool;
	struct arena arena;
	bool json;
	bool quiet;       /* failures are not said: a call that is tried again and again */
	const char *said; /* the last failure, said or not; NULL: none yet */
	const char
		*endpoint_url; /* NULL: POSTERN_ENDPOINT, AWS_ENDPOINT_URL, the profile's, else that of the settings */
	const char *settings;  /* the settings file; NULL: /etc/postern/postern.yaml if it exists */
	const char *
		state_dir; /* where `credentials` and `ca.pem` are; NULL: that of the settings, else /var/lib/postern */
	const char *profile; /* NULL: AWS_PROFILE, else "default" */
	const char
		*ca_file; /* for https; NULL: AWS_CA_BUNDLE, the profile's ca_bundle, else the state folder's ca.pem */
};

/* One option of a command. Exactly one of `text` and `flag` is set; a `text` option takes an argument. */
struct cli_option {
	const char *name;     /* without the dashes */
	const char *argument; /* how the help calls it, NULL for a flag */
	const char *help;
	const char **text;
	bool *flag;
};

struct cli_usage {
	const char *synopsis; /* "postern filter events [--endpoint ID]" */
	const char *about;    /* a paragraph */
	const struct cli_option *options;
	size_t option_count;
	size_t arguments_min, arguments_max; /* positional ones */
};

/*
 * Take argv apart: the common options (--json, --endpoint-url, --settings, --state, --profile, --ca, --help) go to `cli`,
 * those of `usage` to where they point; `*ret_arguments` are the positional ones. Returns -1 to go on, or the exit
 * status to end with at once (help was printed, or what is wrong was).
 */
int cli_options(struct cli *cli, const struct cli_usage *usage, int argc, char **argv, char ***ret_arguments,
	size_t *ret_count) __attribute__((warn_unused_result));

/* A command that has parts: "postern filter events". */
struct cli_part {
	const char *name;
	int (*run)(struct cli *cli, int argc, char **argv); /* argv[0] is the part's name */
};

/* Run the part that argv[1] names; without one, --help or misuse by `usage`. Returns the exit status. */
int cli_parts(struct cli *cli, const struct cli_usage *usage, const struct cli_part *parts, size_t part_count, int argc,
	char **argv);

/* One clear line on stderr (and {"error"} with --json); returns CLI_FAILED. */
int cli_fail(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for a wrong command line; returns CLI_USAGE. */
int cli_misuse(struct cli *cli, const struct cli_usage *usage, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* How tables show what is not there. */
static inline struct view cli_or_dash(struct view text)
{
	return text.count ? text : view_of("-");
}

/* Print `value` as JSON on stdout: compact, one line. Returns CLI_OK. */
int cli_print_json(const struct json *value);

/* The whole of the file `path` ("-": stdin) in the arena, at most `limit_bytes`. Returns 0 or a negative errno. */
int cli_read_file(struct cli *cli, const char *path, size_t limit_bytes, struct view *ret)
	__attribute__((warn_unused_result));

/*
 * A document given as aws does: the text itself, or file://PATH for a file's. Returns 0, or -1 after cli_fail() has said
 * what is wrong with `what`.
 */
int cli_document(struct cli *cli, const char *what, const char *given, struct view *ret)
	__attribute__((warn_unused_result));

#define COMMAND(name, function, text) int function(struct cli *cli, int argc, char **argv);
#include "appliance/cli/commands.def"
#undef COMMAND

#endif
