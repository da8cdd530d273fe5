/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/credentials.h"

#include <stdlib.h>

#include "appliance/cli/profile.h"
#include "appliance/control/iam/offline.h"

bool credentials_parse(struct view file, struct view name, struct credentials *ret)
{
	struct credentials found = { .access_key = profile_value(file, name, "aws_access_key_id"),
		.secret = profile_value(file, name, "aws_secret_access_key"),
		.security_token = profile_value(file, name, "aws_session_token"),
		.region = profile_value(file, name, "region") };

	if (found.access_key.count == 0 || found.secret.count == 0)
		return false;
	*ret = found;
	return true;
}

static bool from_environment(struct credentials *ret)
{
	struct view access_key = view_from_text(getenv("AWS_ACCESS_KEY_ID"));
	struct view secret = view_from_text(getenv("AWS_SECRET_ACCESS_KEY"));

	if (access_key.count == 0 || secret.count == 0)
		return false;
	*ret = (struct credentials){ .access_key = access_key,
		.secret = secret,
		.security_token = view_from_text(getenv("AWS_SESSION_TOKEN")),
		.from = "the environment" };
	return true;
}

static bool from_file(struct cli *cli, const char *path, struct view profile, struct credentials *ret)
{
	struct view file;

	if (cli_read_file(cli, path, PROFILE_FILE_MAX_BYTES, &file) != 0 || !credentials_parse(file, profile, ret))
		return false;
	ret->from = path;
	return true;
}

/* The last resort of who may read the store and what opens it. */
static bool from_store(struct cli *cli, const char *state_dir, struct credentials *ret)
{
	const char *id;
	struct view secret;

	if (offline_root_key(&cli->arena, state_dir, &id, &secret) != 0)
		return false;
	*ret = (struct credentials){ .access_key = view_from_text(id), .secret = secret, .from = "the store" };
	return true;
}

int credentials_find(struct cli *cli, const char *state_dir, struct credentials *ret)
{
	const char *shared = getenv("AWS_SHARED_CREDENTIALS_FILE"), *home = getenv("HOME");
	struct view name = profile_name(cli);
	const char *own = arena_printf(&cli->arena, "%s/credentials", state_dir).at;

	if (!shared || !*shared)
		shared = arena_printf(&cli->arena, "%s/.aws/credentials", home ? home : "").at;
	/* A state folder that was named outright wins over what lies about in the caller's home. */
	if (cli->state_dir && from_file(cli, own, view_of("default"), ret))
		return 0;
	if (!cli->profile && from_environment(ret))
		return 0;
	if (from_file(cli, shared, name, ret) || from_file(cli, own, view_of("default"), ret) ||
		(!cli->profile && from_store(cli, state_dir, ret)))
		return 0;
	return cli_fail(cli,
		"no credentials: neither AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, nor profile " VIEW_FMT
		" in %s, nor a readable %s (name the appliance's state folder with --state, or run as a user who may "
		"read it)",
		VIEW_ARG(name), shared, own);
}
