/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `postern credentials`: access keys of the root user and of IAM users. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/assert.h"
#include "appliance/cli/client.h"
#include "appliance/cli/place.h"
#include "appliance/control/iam/offline.h"

#define STOPPED_HELP "the appliance does not run: work on the store in its state folder (as root, or as its own user)"
#define PATH "/postern/v1/credentials"

struct wish {
	const char *operation; /* of the service postern */
	const char *method, *target;
	const struct json *input; /* as the operation has it */
	const struct json *body;  /* the same as the call carries it; NULL: none */
	bool stopped;
};

static int carry_out_stopped(struct cli *cli, const struct wish *wish, struct json **ret)
{
	const char *maker = arena_printf(&cli->arena, "postern credentials, by uid %u", (unsigned)getuid()).at;
	char message[1024] = "";
	struct place place;
	int error;

	if (place_find(cli, &place) != 0)
		return CLI_FAILED;
	error = offline_credentials(place.state_dir, wish->operation, wish->input, maker, ret, message, sizeof message);
	if (error == -EBUSY)
		return cli_fail(cli, "the appliance runs: without --stopped it is asked itself");
	if (error == -EINVAL && message[0])
		return cli_fail(cli, "%s", message);
	if (error < 0)
		return cli_fail(cli, "can't work on the store in %s: %s", place.state_dir, strerror(-error));
	error = place_give_to_owner(cli, &place);
	if (error < 0)
		return cli_fail(cli, "done, but the store in %s can't be given to the owner of its folder: %s",
			place.state_dir, strerror(-error));
	return CLI_OK;
}

static int carry_out(struct cli *cli, const struct wish *wish, struct json **ret)
{
	if (wish->stopped)
		return carry_out_stopped(cli, wish, ret);
	return client_call(cli,
		&(struct client_call){ CLIENT_POSTERN, wish->method, view_from_text(wish->target), wish->body, -1 },
		ret);
}

/* --- create ----------------------------------------------------------------------------------------------------------------------------- */

static void print_key(const struct json *key)
{
	struct view user = json_find_text(key, "userName");

	printf("# Access key of %s" VIEW_FMT ". It is shown this once: keep it.\n[default]\n",
		user.count ? "the user " : "the root user", VIEW_ARG(user));
	printf("aws_access_key_id = " VIEW_FMT "\naws_secret_access_key = " VIEW_FMT "\n",
		VIEW_ARG(json_find_text(key, "accessKeyId")), VIEW_ARG(json_find_text(key, "secretAccessKey")));
}

static int create_key(struct cli *cli, int argc, char **argv)
{
	const char *user = NULL;
	struct wish wish = { .operation = "CreateCredentials", .method = "POST", .target = PATH };
	const struct cli_option options[] = {
		{ "user", "NAME", "for that IAM user; without it, for the root user, to whom no policy applies", &user,
			NULL },
		{ "stopped", NULL, STOPPED_HELP, NULL, &wish.stopped },
	};
	const struct cli_usage usage = { "postern credentials create [--user NAME] [--stopped]",
		"Make an access key and show it, once, as a credentials file of aws has it. Whoever may read the state "
		"folder's secret.key\nand store needs no other key for this.",
		options, ARRAY_COUNT(options), 0, 0 };
	struct json *input JSON_CLEANUP = json_object_new(), *body JSON_CLEANUP = json_object_new();
	struct json *answer JSON_CLEANUP = NULL;
	char **arguments;
	size_t count;
	int end = cli_options(cli, &usage, argc, argv, &arguments, &count);

	if (end >= 0)
		return end;
	json_set_c_string(input, "UserName", user);
	json_set_c_string(body, "userName", user);
	wish.input = input;
	wish.body = body;
	if (carry_out(cli, &wish, &answer) != CLI_OK)
		return CLI_FAILED;
	if (cli->json)
		return cli_print_json(answer);
	print_key(answer);
	return CLI_OK;
}

/* --- list ------------------------------------------------------------------------------------------------------------------------------- */

static int list_keys(struct cli *cli, int argc, char **argv)
{
	struct wish wish = { .operation = "ListCredentials", .method = "GET", .target = PATH };
	const struct cli_option options[] = { { "stopped", NULL, STOPPED_HELP, NULL, &wish.stopped } };
	const struct cli_usage usage = { "postern credentials list [--stopped]",
		"All access keys: whose, active or not, since when, when last used, made by whom. Secrets are not "
		"shown.",
		options, ARRAY_COUNT(options), 0, 0 };
	struct json *answer JSON_CLEANUP = NULL;
	char **arguments;
	size_t count;
	int end = cli_options(cli, &usage, argc, argv, &arguments, &count);

	if (end >= 0)
		return end;
	if (carry_out(cli, &wish, &answer) != CLI_OK)
		return CLI_FAILED;
	if (cli->json)
		return cli_print_json(answer);
	JSON_EACH(key, json_find(answer, "credentials"))
	printf(VIEW_FMT "  " VIEW_FMT "  " VIEW_FMT "  made " VIEW_FMT " by " VIEW_FMT "  used " VIEW_FMT "\n",
		VIEW_ARG(json_find_text(key, "accessKeyId")), VIEW_ARG(json_find_text(key, "principal")),
		VIEW_ARG(json_find_text(key, "status")), VIEW_ARG(cli_or_dash(json_find_text(key, "createDate"))),
		VIEW_ARG(json_find_bool(key, "own", false) ? view_of("the first start or the settings")
							   : cli_or_dash(json_find_text(key, "madeBy"))),
		VIEW_ARG(cli_or_dash(json_find_text(key, "lastUsedDate"))));
	return CLI_OK;
}

/* --- revoke ----------------------------------------------------------------------------------------------------------------------------- */

static int revoke_key(struct cli *cli, int argc, char **argv)
{
	struct wish wish = { .operation = "RevokeCredentials", .method = "DELETE" };
	const struct cli_option options[] = { { "stopped", NULL, STOPPED_HELP, NULL, &wish.stopped } };
	const struct cli_usage usage = { "postern credentials revoke ACCESS_KEY_ID [--stopped]",
		"End an access key at once. The appliance's own key ends if the root user has another one; the next "
		"start "
		"makes a new one.",
		options, ARRAY_COUNT(options), 1, 1 };
	struct json *input JSON_CLEANUP = json_object_new(), *answer JSON_CLEANUP = NULL;
	char **arguments;
	size_t count;
	int end = cli_options(cli, &usage, argc, argv, &arguments, &count);

	if (end >= 0)
		return end;
	json_set_c_string(input, "AccessKeyId", arguments[0]);
	wish.input = input;
	wish.target = arena_printf(&cli->arena, PATH "/%s", client_encode(cli, arguments[0])).at;
	if (carry_out(cli, &wish, &answer) != CLI_OK)
		return CLI_FAILED;
	if (cli->json)
		return cli_print_json(input);
	printf("%s is no access key any more\n", arguments[0]);
	return CLI_OK;
}

int cli_credentials(struct cli *cli, int argc, char **argv)
{
	static const struct cli_part parts[] = { { "create", create_key }, { "list", list_keys },
		{ "revoke", revoke_key } };
	static const struct cli_usage usage = { "postern credentials create|list|revoke [--help]",
		"Access keys: what calls to the management address are signed with.\n"
		"`create`: make one for the root user or, with --user, for an IAM user.\n"
		"`list`: whose there are.\n"
		"`revoke`: end one.",
		NULL, 0, 1, 1 };

	return cli_parts(cli, &usage, parts, ARRAY_COUNT(parts), argc, argv);
}
