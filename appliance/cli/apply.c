/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `postern apply`: the plan, the question, the steps one after the other. */
#include "appliance/cli/apply.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/assert.h"
#include "appliance/cli/apply_file.h"

/* As `terraform plan -detailed-exitcode` has it. */
enum { NOTHING_TO_DO = 0, FAILED = 1, SOMETHING_TO_DO = 2 };

#define FILES_MAX 1000
#define ANSWER_MAX_BYTES 64
#define SCOPES_LIMIT_BYTES (1u << 20)

static const char signs[] = { '+', '~', '-', '!' };
static const char *const action_names[] = { "create", "change", "delete", "note" };

struct options {
	bool plan, yes, prune, keys;
};

/* --- output ----------------------------------------------------------------------------------------------------------------- */

static size_t change_count(const struct apply *apply)
{
	return apply->counts[APPLY_CREATE] + apply->counts[APPLY_CHANGE] + apply->counts[APPLY_DELETE];
}

static void print_counts(const struct apply *apply, const char *what)
{
	printf("%s: %zu to create, %zu to change, %zu to delete.\n", what, apply->counts[APPLY_CREATE],
		apply->counts[APPLY_CHANGE], apply->counts[APPLY_DELETE]);
}

static void print_plan(const struct apply *apply)
{
	for (const struct apply_step *step = apply->steps; step; step = step->next) {
		printf("%c %s\n", signs[step->action], step->what);
		JSON_EACH(line, step->lines)
		printf("      " VIEW_FMT "\n", VIEW_ARG(json_text(line)));
	}
	if (apply->steps)
		putchar('\n');
	if (change_count(apply))
		print_counts(apply, "Plan");
	else
		printf("No changes: everything is as the files say.\n");
}

/* The whole run as one object. */
static void print_json(const struct apply *apply, bool is_applied, const char *error)
{
	struct json *answer JSON_CLEANUP = json_object_new(), *steps = json_ensure_array(answer, "steps");

	for (const struct apply_step *step = apply->steps; step; step = step->next) {
		struct json *object = json_object_new();

		json_set_c_string(object, "action", action_names[step->action]);
		json_set_c_string(object, "what", step->what);
		json_set(object, "lines", json_copy(step->lines));
		if (step->action != APPLY_NOTE)
			json_set_bool(object, "done", step->is_done);
		json_set_c_string(object, "result", step->result);
		json_append(steps, object);
	}
	for (size_t i = 0; i < APPLY_NOTE; i++)
		json_set_integer(answer, action_names[i], (int64_t)apply->counts[i]);
	json_set_bool(answer, "applied", is_applied);
	json_set_c_string(answer, "error", error);
	cli_print_json(answer);
}

/* --- the run ---------------------------------------------------------------------------------------------------------------- */

static int plan(struct apply *apply)
{
	int error = apply_plan_apis(apply);

	return error ? error : apply_plan_domains(apply);
}

/* What stopped the run, and what that leaves. */
static int stop(struct apply *apply, const struct apply_step *at, size_t done_count, bool json)
{
	const char *said = apply->cli->said ? apply->cli->said : "it failed";
	const char *text;

	if (apply->is_stale && !apply->has_changed)
		text = apply_text(apply,
			"the appliance has changed since the plan was made, so nothing was done: %s. Plan again", said);
	else
		text = apply_text(apply,
			"%s: %s. %zu of %zu steps are done, %zu are not; running it again does the rest", at->what,
			said, done_count, change_count(apply), change_count(apply) - done_count);
	apply->cli->quiet = false;
	if (json)
		print_json(apply, false, text);
	apply->cli->json = false;
	return cli_fail(apply->cli, "%s", text);
}

static int run(struct apply *apply)
{
	bool json = apply->cli->json;
	size_t done_count = 0;

	/* What fails is told once, with the step and what it leaves. */
	apply->cli->quiet = true;
	for (struct apply_step *step = apply->steps; step; step = step->next) {
		if (!step->run)
			continue;
		if (step->run(apply, step) != 0)
			return stop(apply, step, done_count, json);
		step->is_done = true;
		done_count++;
		if (!json)
			printf("%c %s: done%s%s\n", signs[step->action], step->what, step->result ? ", " : "",
				step->result ? step->result : "");
		fflush(stdout);
	}
	apply->cli->quiet = false;
	if (json)
		print_json(apply, true, NULL);
	else
		printf("\nApplied: %zu created, %zu changed, %zu deleted.\n", apply->counts[APPLY_CREATE],
			apply->counts[APPLY_CHANGE], apply->counts[APPLY_DELETE]);
	return CLI_OK;
}

/* May the plan be carried out? */
static int ask(struct apply *apply)
{
	char answer[ANSWER_MAX_BYTES];

	if (!isatty(STDIN_FILENO) || apply->cli->json)
		return cli_fail(
			apply->cli, "nothing was done: --yes applies without asking, --plan shows the plan alone");
	printf("\nApply this plan? Only yes is taken for yes: ");
	fflush(stdout);
	if (fgets(answer, sizeof answer, stdin) &&
		view_equals_text(view_trim_set(view_from_text(answer), "\r\n "), "yes"))
		return 0;
	return cli_fail(apply->cli, "nothing was done");
}

static int carry_out(struct apply *apply, const struct options *options)
{
	int error = plan(apply);

	if (error)
		return error;
	if (!apply->cli->json)
		print_plan(apply);
	else if (options->plan || change_count(apply) == 0)
		print_json(apply, false, NULL);
	if (change_count(apply) == 0)
		return NOTHING_TO_DO;
	if (options->plan)
		return SOMETHING_TO_DO;
	error = options->yes ? 0 : ask(apply);
	return error ? error : run(apply);
}

static int apply_files(struct cli *cli, char **paths, size_t count, const struct options *options)
{
	struct apply apply = { .cli = cli, .prune = options->prune };
	int status = apply_files_read(cli, paths, count, &apply.estate);

	if (status)
		return status;
	apply.keep = json_array_new();
	buffer_init(&apply.scopes, SCOPES_LIMIT_BYTES);
	apply.name = json_find_c_string(apply.estate, "estate");
	apply.has_name = apply.name != NULL;
	if (!apply.has_name)
		apply.name = APPLY_NO_ESTATE;
	if (apply.prune && !apply.has_name)
		status = cli_fail(
			cli, "--prune needs the key `estate` in a file: only what carries its name may be deleted");
	else
		status = carry_out(&apply, options);
	buffer_fini(&apply.scopes);
	json_free(apply.keep);
	json_free(apply.estate);
	return status;
}

int cli_apply(struct cli *cli, int argc, char **argv)
{
	struct options options = { .plan = false };
	const struct cli_option list[] = {
		{ "plan", NULL, "show what would change, and change nothing: exit status 2 if there is something to do",
			NULL, &options.plan },
		{ "yes", NULL, "apply without asking", NULL, &options.yes },
		{ "prune", NULL, "delete what this estate made and the files no longer name", NULL, &options.prune },
		{ "keys", NULL, "print all keys of the files, and no more", NULL, &options.keys },
	};
	const struct cli_usage usage = { "postern apply FILE... [--plan] [--yes] [--prune]",
		"Bring APIs, their policies and stages, custom domains and names to the state that files describe. "
		"FILE is "
		"YAML or\n"
		"JSON (`postern apply --keys` lists the keys), or a folder of *.postern.yaml, *.postern.yml and "
		"*.postern.json.\n"
		"The plan is printed first. What was not made by `apply` is never deleted; a plan that is no longer "
		"true "
		"when it is\n"
		"carried out changes nothing. Exit status: 0 nothing (more) to do, 1 failed, 2 with --plan: there is "
		"something to do.",
		list, sizeof list / sizeof list[0], 0, FILES_MAX };
	char **arguments;
	size_t count;
	int end = cli_options(cli, &usage, argc, argv, &arguments, &count);

	/* 2 says that there is something to do. */
	if (end >= 0)
		return end == CLI_USAGE ? FAILED : end;
	if (options.keys) {
		apply_keys_print();
		return CLI_OK;
	}
	if (count == 0) {
		(void)cli_misuse(cli, &usage, "a file or folder is missing");
		return FAILED;
	}
	return apply_files(cli, arguments, count, &options);
}
