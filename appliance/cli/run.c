/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `postern run`: judges the settings, or writes those of local mode, and becomes posternd: its pid is the appliance's, its
 * standard output says `ready`, SIGTERM ends it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/json.h"
#include "appliance/base/table.h"
#include "appliance/cli/cli.h"
#include "appliance/cli/program.h"
#include "appliance/launch/settings.h"
#include "appliance/store/store.h"

#define ERRORS_MAX_BYTES 65536

struct run_options {
	const char *local, *management, *traffic, *dns, *account, *region;
};

/* What is wrong with settings, the users' names included, before anything is started. `error` is what reading them gave. */
static int judge(struct cli *cli, int error, struct settings *const *settings, const char *name, struct buffer *errors)
{
	static struct netns_config config;

	if (error < 0 || settings_to_config(*settings, name, &config, errors) < 0)
		return cli_fail(cli, VIEW_FMT, VIEW_ARG(view_trim_set(buffer_view(errors), "\n")));
	return CLI_OK;
}

static int judge_file(struct cli *cli, const char *path, struct settings **ret)
{
	struct buffer errors;

	buffer_init_arena(&errors, &cli->arena, ERRORS_MAX_BYTES);
	return judge(cli, settings_read_file(ret, path, &errors), ret, path, &errors);
}

/* The same of a text that is not in a file yet. */
static int judge_text(struct cli *cli, struct view text, const char *name)
{
	struct settings *settings = NULL;
	struct buffer errors;
	int result;

	buffer_init_arena(&errors, &cli->arena, ERRORS_MAX_BYTES);
	result = judge(cli, settings_parse(&settings, text, name, &errors), &settings, name, &errors);
	settings_free(settings);
	return result;
}

/* --- Local mode ---------------------------------------------------------------------------------------------------- */

/* A folder of ours alone: made, or found as a real folder of this user. */
static int make_folder(struct cli *cli, const char *path, mode_t mode)
{
	struct stat facts;

	if (mkdir(path, mode) == 0)
		return CLI_OK;
	if (errno != EEXIST || stat(path, &facts) < 0)
		return cli_fail(cli, "can't make %s: %s", path, strerror(errno));
	if (!S_ISDIR(facts.st_mode))
		return cli_fail(cli, "%s is not a folder", path);
	if (facts.st_uid != geteuid())
		return cli_fail(cli, "%s belongs to another user", path);
	return CLI_OK;
}

/*
 * Where posternd's socket is: within DIR, unless its path would be too long for a Unix socket; then a folder in /tmp named
 * after user and DIR.
 */
static const char *run_dir_for(struct cli *cli, const char *dir)
{
	if (strlen(dir) + strlen("/run") < NETNS_RUN_DIR_MAX_BYTES)
		return arena_printf(&cli->arena, "%s/run", dir).at;
	return arena_printf(&cli->arena, "/tmp/postern-%u-%016llx", (unsigned)geteuid(),
		(unsigned long long)table_hash_keyed(view_from_text(dir), 0, 0))
		.at;
}

/* What the file of a start before holds, edited or not; an empty object if there is none. Wrong files are not overwritten. */
static int read_before(struct cli *cli, const char *path, struct json **ret)
{
	struct settings *settings;
	struct buffer errors;

	*ret = json_object_new();
	if (access(path, F_OK) != 0)
		return CLI_OK;
	buffer_init_arena(&errors, &cli->arena, ERRORS_MAX_BYTES);
	if (settings_read_file(&settings, path, &errors) < 0)
		return cli_fail(cli, VIEW_FMT, VIEW_ARG(view_trim_set(buffer_view(&errors), "\n")));
	json_merge(*ret, settings->tree);
	settings_free(settings);
	return CLI_OK;
}

/* Account and region are fixed once there is a store: an option that says otherwise is refused before it is written down. */
static int check_identity(struct cli *cli, const char *dir, const struct run_options *options)
{
	const char *path = arena_printf(&cli->arena, "%s/store.db", dir).at;
	const struct store_identity *identity;
	struct store *store = NULL;
	int result = CLI_OK;

	if (!path || store_open_reader(&store, path, NULL) < 0)
		return CLI_OK; /* none yet; what is wrong with one that can't be read, control will say */
	identity = store_identity(store);
	if ((options->account && strcmp(options->account, identity->account_id) != 0) ||
		(options->region && strcmp(options->region, identity->region) != 0))
		result = cli_fail(cli, "%s belongs to account %s, region %s: both are fixed at the first start", dir,
			identity->account_id, identity->region);
	store_close(store);
	return result;
}

/* Put what local mode and the options determine over what was there. */
static void determine(struct json *tree, const char *dir, const char *run_dir, const struct run_options *options)
{
	static const char *const loopback[] = { "127.0.0.0/8", "::1" };

	json_set_bool(tree, "local", true);
	json_set_c_string(tree, "state_dir", dir);
	json_set_c_string(tree, "run_dir", run_dir);
	json_set_c_string(tree, "log_dir", dir);
	json_set_c_string(tree, "account_id", options->account);
	json_set_c_string(tree, "region", options->region);
	json_set_c_string(tree, "local_traffic", options->traffic);
	json_set_c_string(tree, "local_dns", options->dns);
	if (options->management) {
		json_remove(tree, "management");
		json_append_text(json_ensure_array(tree, "management"), view_from_text(options->management));
	}
	for (size_t i = 0;
		i < sizeof loopback / sizeof loopback[0] && json_count(json_find(tree, "backend_allow")) <= i; i++)
		json_append_text(json_ensure_array(tree, "backend_allow"), view_from_text(loopback[i]));
}

/* `key: value` lines; the values are JSON, which is YAML. */
static void write_settings(struct buffer *buffer, const struct json *tree)
{
	buffer_append_text(
		buffer, "# Kept by `postern run --local`: its options change their lines, others stay as they are.\n");
	JSON_EACH(member, tree)
	{
		buffer_append(buffer, json_name(member));
		buffer_append_text(buffer, ": ");
		json_print(member, buffer);
		buffer_append_byte(buffer, '\n');
	}
}

/* Replace the file at once: a start that is cut short leaves the old one. It may hold secrets, and posternd alone opens it. */
static int save(struct cli *cli, const char *path, struct view text)
{
	const char *fresh = arena_printf(&cli->arena, "%s.new", path).at;
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), error = 0;

	if (fd < 0)
		return cli_fail(cli, "can't write %s: %s", fresh, strerror(errno));
	if (write(fd, text.at, text.count) != (ssize_t)text.count || fsync(fd) < 0)
		error = errno ? errno : ENOSPC;
	if (close(fd) < 0 && !error)
		error = errno;
	if (!error && rename(fresh, path) < 0)
		error = errno;
	return error ? cli_fail(cli, "can't write %s: %s", path, strerror(error)) : CLI_OK;
}

static int run_local(struct cli *cli, const struct run_options *options)
{
	char *real;
	const char *dir, *path, *run_dir;
	struct json *tree JSON_CLEANUP = NULL;
	struct buffer text;
	int result = make_folder(cli, options->local, 0755);

	if (result != CLI_OK)
		return result;
	real = realpath(options->local, NULL);
	if (!real)
		return cli_fail(cli, "%s: %s", options->local, strerror(errno));
	dir = arena_copy(&cli->arena, view_from(real, strlen(real) + 1)).at;
	free(real);
	if (!dir)
		return cli_fail(cli, "out of memory");
	path = arena_printf(&cli->arena, "%s/settings.yaml", dir).at;
	run_dir = run_dir_for(cli, dir);
	if (!path || !run_dir)
		return cli_fail(cli, "out of memory");
	result = read_before(cli, path, &tree);
	if (result == CLI_OK)
		result = check_identity(cli, dir, options);
	if (result == CLI_OK)
		result = make_folder(cli, run_dir, 0700);
	if (result != CLI_OK)
		return result;
	buffer_init_arena(&text, &cli->arena, SETTINGS_FILE_MAX_BYTES);
	determine(tree, dir, run_dir, options);
	write_settings(&text, tree);
	if (buffer_error(&text))
		return cli_fail(cli, "out of memory");
	/* The file before was good: what is wrong came with an option, and is not written down. */
	result = judge_text(cli, buffer_view(&text), "the options");
	if (result == CLI_OK)
		result = save(cli, path, buffer_view(&text));
	if (result != CLI_OK)
		return result;
	fprintf(stderr, "postern: local mode: no namespaces and no kernel filter; policies are enforced in the request "
			"pipeline alone\n");
	return program_become_posternd(cli, path, false);
}

/* --- The command --------------------------------------------------------------------------------------------------- */

static int run_with_settings(struct cli *cli)
{
	const char *path = cli->settings ? cli->settings : SETTINGS_DEFAULT_FILE;
	struct settings *settings = NULL;
	bool is_local;
	int result;

	if (!cli->settings && access(path, F_OK) != 0)
		return cli_fail(cli,
			"there is no %s: write one (`postern settings` prints every setting), name another with "
			"--settings, or try "
			"--local DIR",
			path);
	result = judge_file(cli, path, &settings);
	is_local = result == CLI_OK && settings->local;
	settings_free(settings);
	if (result != CLI_OK)
		return result;
	if (!is_local && geteuid() != 0)
		return cli_fail(cli,
			"needs root, to make network namespaces and load the kernel filter; --local DIR does without");
	return program_become_posternd(cli, path, false);
}

int cli_run(struct cli *cli, int argc, char **argv)
{
	struct run_options given = { .local = NULL };
	const struct cli_option options[] = {
		{ "local", "DIR", "serve on loopback without root; state and settings are kept in DIR", &given.local,
			NULL },
		{ "management", "A:P", "local: management address (127.0.0.1:4566)", &given.management, NULL },
		{ "traffic", "A:P", "local: address of the one endpoint (127.0.0.1:8443)", &given.traffic, NULL },
		{ "dns", "A:P", "local: address of its DNS server (none)", &given.dns, NULL },
		{ "account", "ID", "local: AWS account id of the appliance (000000000000)", &given.account, NULL },
		{ "region", "NAME", "local: AWS region of the appliance (us-east-1)", &given.region, NULL },
	};
	const struct cli_usage usage = {
		.synopsis = "postern run [--settings FILE | --local DIR [--management A:P] [--traffic A:P] [--dns A:P] "
			    "[--account ID] "
			    "[--region NAME]]",
		.about = "Starts an appliance and stays with it: prints one line `ready` with its addresses when it "
			 "serves, ends on\n"
			 "SIGTERM, reads its settings again on SIGHUP. With a settings file it needs root; with "
			 "--local DIR it serves\n"
			 "all but namespaces and the kernel filter on loopback, and writes DIR/credentials for the aws "
			 "command line.",
		.options = options,
		.option_count = sizeof options / sizeof options[0],
	};
	char **arguments;
	size_t count;
	int result = cli_options(cli, &usage, argc, argv, &arguments, &count);

	if (result >= 0)
		return result;
	if (given.local)
		return cli->settings ? cli_misuse(cli, &usage, "--settings and --local exclude each other")
				     : run_local(cli, &given);
	if (given.management || given.traffic || given.dns || given.account || given.region)
		return cli_misuse(
			cli, &usage, "--management, --traffic, --dns, --account and --region go with --local");
	return run_with_settings(cli);
}
