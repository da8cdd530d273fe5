/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/policy_diff.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/cli/policy_case.h"
#include "appliance/cli/policy_lint.h"
#include "policy/diff.h"

/* ---- output ---- */

/* A request as the member `request` of a case, so that `policy explain --batch` takes it. */
static struct json *request_json(const struct policy_request *request)
{
	struct json *object = json_object_new(), *context;

	if (request->caller.type == POLICY_CALLER_ANONYMOUS)
		json_set_c_string(object, "principal", "anonymous");
	else
		json_set_text(object, "principal", view_of_policy_text(request->caller.arn));
	json_set_text(object, "action", view_of_policy_text(request->action));
	json_set_text(object, "resource", view_of_policy_text(request->resource));
	context = json_ensure_object(object, "context");
	for (int key = 0; key < POLICY_KEY_COUNT; key++) {
		const struct policy_value *value = &request->keys[key];
		const char *name = policy_key_name((enum policy_key)key);

		if (value->text.bytes)
			json_set_text(context, name, view_of_policy_text(value->text));
		for (size_t i = 0; value->list && i < value->list_count; i++)
			json_append_text(json_ensure_array(context, name), view_of_policy_text(value->list[i]));
	}
	for (size_t i = 0; i < request->other_count; i++) {
		char name[160];

		if (!request->others[i].value.text.bytes)
			continue;
		snprintf(name, sizeof name, "%.*s", (int)request->others[i].name.count, request->others[i].name.bytes);
		json_set_text(context, name, view_of_policy_text(request->others[i].value.text));
	}
	return object;
}

static void on_line(void *context, const struct diff_line *line)
{
	struct json *object = json_object_new(), *region = json_ensure_array(object, "region");

	json_set_c_string(object, "old", policy_verdict_name(line->old_verdict));
	json_set_c_string(object, "new", policy_verdict_name(line->new_verdict));
	for (size_t i = 0; i < line->extent_count; i++) {
		const struct diff_extent *extent = &line->extents[i];
		struct json *axis, *classes;

		if (extent->any)
			continue;
		axis = json_object_new();
		json_set_text(axis, "of", view_of_policy_text(extent->name));
		classes = json_ensure_array(axis, "classes");
		for (size_t j = 0; j < extent->class_count; j++)
			json_append_text(classes, view_of_policy_text(extent->classes[j]));
		json_append(region, axis);
	}
	json_set(object, "witness", request_json(line->witness));
	json_append(context, object);
}

static void print_change(const struct json *change)
{
	char *witness = json_print_text(json_find(change, "witness"));

	printf("%s -> %s\n", json_find_c_string(change, "old"), json_find_c_string(change, "new"));
	JSON_EACH(axis, json_find(change, "region"))
	{
		size_t index = 0;

		printf("    " VIEW_FMT ":", VIEW_ARG(json_find_text(axis, "of")));
		JSON_EACH(class, json_find(axis, "classes"))
		printf("%s " VIEW_FMT, index++ ? " |" : "", VIEW_ARG(json_text(class)));
		putchar('\n');
	}
	printf("    witness: %s\n", witness);
	free(witness);
}

static void print_answer(const struct json *answer)
{
	const struct json *changes = json_find(answer, "changes"), *incomplete = json_find(answer, "incomplete");

	JSON_EACH(change, changes)
	print_change(change);
	if (!json_count(changes))
		printf("%s\n", json_count(incomplete) ? "no change was found" : "no change");
	JSON_EACH(reason, incomplete)
	printf("not everything was compared: " VIEW_FMT "\n", VIEW_ARG(json_text(reason)));
}

/* ---- the command ---- */

/* The policy of a file; NULL after cli_fail(). */
static struct policy *load(struct cli *cli, const char *path, const struct policy_options *options)
{
	struct policy *policy = NULL;
	struct policy_error error;
	struct view text;
	char reason[400];
	int err = cli_read_file(cli, path, POLICY_TEXT_MAX_BYTES, &text);

	if (err) {
		cli_fail(cli, "%s: %s", path, strerror(-err));
		return NULL;
	}
	err = policy_parse(&policy, text.at ? text.at : "", text.count, options, &error);
	if (!err)
		return policy;
	reason[0] = '\0';
	policy_error_write(&error, reason, sizeof reason);
	cli_fail(cli, "%s: %s", path, reason);
	return NULL;
}

/* {"changes", "incomplete"} of two policies. 0 or a negative errno. */
static int answer_of(const struct policy *old_policy, const struct policy *new_policy,
	const struct diff_options *options, struct json **ret)
{
	struct json *answer = json_object_new(), *changes = json_ensure_array(answer, "changes"),
		    *reasons = json_ensure_array(answer, "incomplete");
	unsigned incomplete;
	int error = diff_policies(old_policy, new_policy, options, on_line, changes, &incomplete);

	if (error) {
		json_free(answer);
		return error;
	}
	for (unsigned bit = 0; bit < DIFF_INCOMPLETE_COUNT; bit++)
		if (incomplete >> bit & 1)
			json_append(reasons, json_text_new_c(diff_incomplete_text(bit)));
	*ret = answer;
	return 0;
}

int policy_diff_texts(struct view before, struct view after, const char *api_arn, struct json **ret)
{
	const struct policy_options read = {
		.stored = true, .max_bytes = SIZE_MAX, .kind = POLICY_KIND_API, .owner_arn = policy_text_of(api_arn)
	};
	const struct diff_options options = { .api_arn = policy_text_of(api_arn) };
	struct policy *old_policy = NULL, *new_policy = NULL;
	int error = policy_parse(&old_policy, before.at, before.count, &read, NULL);

	if (!error)
		error = policy_parse(&new_policy, after.at, after.count, &read, NULL);
	if (!error)
		error = answer_of(old_policy, new_policy, &options, ret);
	policy_free(old_policy);
	policy_free(new_policy);
	return error;
}

struct view policy_diff_line(struct cli *cli, const struct json *change)
{
	struct buffer line;
	size_t axes = 0;

	buffer_init_arena(&line, &cli->arena, 65536);
	buffer_printf(&line, "%s -> %s", json_find_c_string(change, "old"), json_find_c_string(change, "new"));
	JSON_EACH(axis, json_find(change, "region"))
	{
		size_t index = 0;

		buffer_printf(&line, "%s " VIEW_FMT ":", axes++ ? ";" : " for", VIEW_ARG(json_find_text(axis, "of")));
		JSON_EACH(class, json_find(axis, "classes"))
		buffer_printf(&line, "%s " VIEW_FMT, index++ ? " |" : "", VIEW_ARG(json_text(class)));
	}
	return buffer_view(&line);
}

static int compare(struct cli *cli, char **paths, const struct policy_options *read, const struct diff_options *options)
{
	struct json *answer JSON_CLEANUP = NULL;
	struct policy *old_policy = load(cli, paths[0], read);
	struct policy *new_policy = old_policy ? load(cli, paths[1], read) : NULL;
	int status = CLI_FAILED, err;

	if (!new_policy)
		goto out;
	err = answer_of(old_policy, new_policy, options, &answer);
	if (err) {
		cli_fail(cli, "%s", err == -EINVAL ? "--api-arn is no ARN" : strerror(-err));
		goto out;
	}
	status = CLI_OK;
	if (cli->json)
		cli_print_json(answer);
	else
		print_answer(answer);
out:
	policy_free(old_policy);
	policy_free(new_policy);
	return status;
}

int policy_diff_command(struct cli *cli, int argc, char **argv)
{
	struct policy_options read = { .stored = true, .max_bytes = SIZE_MAX };
	struct diff_options diff = { 0 };
	const char *kind = "api", *api_arn = POLICY_CASE_API_ARN;
	const struct cli_option options[] = {
		{ "kind", "KIND", "api (default), endpoint or identity", &kind, NULL },
		{ "api-arn", "ARN", "the API that is called, which execute-api:/… stands for", &api_arn, NULL },
		{ "public", NULL, "compare calls from the internet too", NULL, &diff.public_api },
	};
	const struct cli_usage usage = { "postern policy diff OLD NEW [--kind KIND] [--api-arn ARN] [--public]",
		"What changes in meaning from one policy file to the other: for which callers, methods, paths, "
		"endpoints and source\n"
		"prefixes the verdict is another one, each with a request on which the two disagree (a witness, as "
		"`policy explain\n"
		"--batch` takes it). What is not named plays no part. Where a limit cut or a comparison is not exact, "
		"it says so.",
		options, sizeof options / sizeof options[0], 2, 2 };
	char **arguments;
	size_t count;
	int end = cli_options(cli, &usage, argc, argv, &arguments, &count);

	if (end >= 0)
		return end;
	if (!policy_kind_find(kind, &read.kind) || read.kind == POLICY_KIND_DOMAIN ||
		read.kind == POLICY_KIND_MANAGEMENT)
		return cli_misuse(cli, &usage, "--kind is api, endpoint or identity");
	read.owner_arn = diff.api_arn = policy_text_of(api_arn);
	return compare(cli, arguments, &read, &diff);
}
