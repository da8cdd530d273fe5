/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/policy_lint.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "appliance/cli/policy_case.h"
#include "policy/lint.h"

bool policy_kind_find(const char *name, enum policy_kind *ret)
{
	static const char *const names[] = { [POLICY_KIND_API] = "api",
		[POLICY_KIND_DOMAIN] = "domain",
		[POLICY_KIND_MANAGEMENT] = "management",
		[POLICY_KIND_ENDPOINT] = "endpoint",
		[POLICY_KIND_IDENTITY] = "identity" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (strcmp(name, names[i]) == 0) {
			*ret = (enum policy_kind)i;
			return true;
		}
	}
	return false;
}

/* ---- output ---- */

struct output {
	bool json;
	const char *path;
	bool refusals_only;
	struct json *findings;
	size_t counts[LINT_SEVERITY_ERROR + 1];
};

static void add_json(struct output *output, const struct lint_finding *finding)
{
	const struct lint_row *row = lint_row(finding->code);
	struct json *object = json_object_new();

	json_set_c_string(object, "code", row->code);
	json_set_c_string(object, "severity", lint_severity_name(row->severity));
	json_set_c_string(object, "text", row->text);
	json_set_c_string(object, "documentation", row->documentation);
	json_set(object, "statement", finding->statement < 0 ? json_null_new() : json_integer_new(finding->statement));
	if (finding->other >= 0)
		json_set_integer(object, "coveredBy", finding->other);
	if (finding->rule != POLICY_RULE_NONE) {
		json_set_c_string(object, "rule", policy_rule_name(finding->rule));
		json_set_c_string(object, "ruleText", policy_rule_text(finding->rule));
	}
	if (finding->member[0])
		json_set_c_string(object, "member", finding->member);
	if (finding->value[0])
		json_set_c_string(object, "value", finding->value);
	json_set_integer(object, "line", finding->line);
	json_set_integer(object, "column", finding->column);
	json_append(output->findings, object);
}

static void print_text(const struct output *output, const struct lint_finding *finding)
{
	const struct lint_row *row = lint_row(finding->code);

	printf("%s:%u:%u: %s %s: %s\n", output->path, finding->line, finding->column, lint_severity_name(row->severity),
		row->code, row->text);
	if (finding->rule != POLICY_RULE_NONE)
		printf("    rule %s: %s\n", policy_rule_name(finding->rule), policy_rule_text(finding->rule));
	if (finding->statement >= 0)
		printf("    statement %d%s%s%s%s%s\n", finding->statement, finding->member[0] ? ", " : "",
			finding->member, finding->value[0] ? ": '" : "", finding->value, finding->value[0] ? "'" : "");
	if (finding->other >= 0)
		printf("    covered by statement %d\n", finding->other);
	printf("    %s\n", row->documentation);
}

static void on_finding(void *context, const struct lint_finding *finding)
{
	struct output *output = context;

	if (output->refusals_only && finding->code != LINT_SAVE)
		return;
	output->counts[lint_row(finding->code)->severity]++;
	if (output->json)
		add_json(output, finding);
	else
		print_text(output, finding);
}

/* ---- the command ---- */

static int print_counts(struct output *output, struct json *answer)
{
	if (output->json) {
		json_set_integer(answer, "errors", (int64_t)output->counts[LINT_SEVERITY_ERROR]);
		json_set_integer(answer, "warnings", (int64_t)output->counts[LINT_SEVERITY_WARNING]);
		cli_print_json(answer);
	} else {
		printf("%zu errors, %zu warnings\n", output->counts[LINT_SEVERITY_ERROR],
			output->counts[LINT_SEVERITY_WARNING]);
	}
	return output->counts[LINT_SEVERITY_ERROR] ? CLI_FAILED : CLI_OK;
}

static int lint_file(struct cli *cli, const char *path, const struct lint_options *options)
{
	struct json *answer JSON_CLEANUP = json_object_new();
	struct output output = { .json = cli->json,
		.path = strcmp(path, "-") == 0 ? "stdin" : path,
		.findings = json_ensure_array(answer, "findings") };
	struct view text;
	int err = cli_read_file(cli, path, POLICY_TEXT_MAX_BYTES, &text);

	if (!err)
		err = lint_policy(text.at ? text.at : "", text.count, options, on_finding, &output);
	if (err)
		return cli_fail(cli, "%s: %s", path, strerror(-err));
	return print_counts(&output, answer);
}

int policy_lint_refusals(struct cli *cli, const char *path, struct view text, const struct lint_options *options)
{
	struct json *answer JSON_CLEANUP = json_object_new();
	struct output output = { .json = cli->json,
		.path = path,
		.refusals_only = true,
		.findings = json_ensure_array(answer, "findings") };
	int err = lint_policy(text.at ? text.at : "", text.count, options, on_finding, &output);

	if (err)
		return cli_fail(cli, "%s: %s", path, strerror(-err));
	return output.counts[LINT_SEVERITY_ERROR] ? print_counts(&output, answer) : CLI_OK;
}

int policy_lint_command(struct cli *cli, int argc, char **argv)
{
	struct lint_options lint = { 0 };
	const char *kind = "api", *api_arn = NULL;
	const struct cli_option options[] = {
		{ "kind", "KIND", "api (default), domain, management, endpoint or identity", &kind, NULL },
		{ "api-arn", "ARN", "the API or domain that owns the policy; ARNs of others are then findings",
			&api_arn, NULL },
		{ "public", NULL, "the API can be called from the internet too", NULL, &lint.public_api },
	};
	const struct cli_usage usage = { "postern policy lint FILE|- [--kind KIND] [--api-arn ARN] [--public]",
		"What people get wrong in a policy: what saving would refuse, with place and rule, and what means "
		"something else\n"
		"than it seems to. Each finding has a code and says what to do. Exit status 1 if one of them is an "
		"error.",
		options, sizeof options / sizeof options[0], 1, 1 };
	char **arguments;
	size_t count;
	int end = cli_options(cli, &usage, argc, argv, &arguments, &count);

	if (end >= 0)
		return end;
	if (!policy_kind_find(kind, &lint.policy.kind))
		return cli_misuse(cli, &usage, "--kind is api, domain, management, endpoint or identity");
	lint.policy.owner_arn = policy_text_of(api_arn);
	return lint_file(cli, arguments[0], &lint);
}
