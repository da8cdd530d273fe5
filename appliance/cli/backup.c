/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/cli/cli.h"
#include "appliance/cli/client.h"
#include "appliance/cli/place.h"
#include "appliance/store/store.h"

/* Fetch into `fd`, then make it durable under its final name. */
static int fetch_backup(struct cli *cli, int fd, const char *temporary, const char *path)
{
	struct json *answer JSON_CLEANUP = NULL;

	if (client_call(cli, &(struct client_call){ CLIENT_POSTERN, "GET", view_of("/postern/v1/backup"), NULL, fd },
		    &answer) != 0)
		return CLI_FAILED;
	if (fsync(fd) != 0 || rename(temporary, path) != 0)
		return cli_fail(cli, "can't write %s: %s", path, strerror(errno));
	return CLI_OK;
}

int cli_backup(struct cli *cli, int argc, char **argv)
{
	static const struct cli_usage usage = { "postern backup FILE",
		"Copy the store of the running appliance, consistent at one revision, into FILE, which must not exist. "
		"The secrets in it\n"
		"are sealed: keep the state folder's secret.key as well, without it they can't be opened.",
		NULL, 0, 1, 1 };
	const char *path, *temporary;
	struct stat status;
	char **arguments;
	size_t count;
	int fd, end = cli_options(cli, &usage, argc, argv, &arguments, &count);

	if (end >= 0)
		return end;
	path = arguments[0];
	if (stat(path, &status) == 0)
		return cli_fail(cli, "%s exists: name a new file", path);
	temporary = arena_printf(&cli->arena, "%s.part", path).at;
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return cli_fail(cli, "can't write %s: %s", temporary, strerror(errno));
	end = fetch_backup(cli, fd, temporary, path);
	if (fstat(fd, &status) != 0)
		status.st_size = 0;
	close(fd);
	if (end != CLI_OK) {
		unlink(temporary);
		return end;
	}
	if (cli->json) {
		struct json *result JSON_CLEANUP = json_object_new();

		json_set_c_string(result, "file", path);
		json_set_integer(result, "bytes", (int64_t)status.st_size);
		return cli_print_json(result);
	}
	printf("%s: %lld bytes\n", path, (long long)status.st_size);
	return CLI_OK;
}

/* What was on trial is not in the restored store any more, and must not be taken back from it. */
static int forget_checkpoint(struct cli *cli, const char *state_dir)
{
	static const char *const names[] = { "checkpoint.json", "checkpoint.db" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const char *path = arena_printf(&cli->arena, "%s/%s", state_dir, names[i]).at;

		if (unlink(path) != 0 && errno != ENOENT)
			return cli_fail(cli,
				"restored, but %s can't be removed: %s. Remove it before the appliance is "
				"started",
				path, strerror(errno));
	}
	return CLI_OK;
}

int cli_restore(struct cli *cli, int argc, char **argv)
{
	static const struct cli_usage usage = { "postern restore FILE [--state DIR]",
		"Put a backup in the place of the store of a stopped appliance. The store that was there stays beside "
		"it, as\n"
		"store.db.before-restore; a checkpoint that was open is forgotten. Refused while the appliance runs, "
		"and for a backup of another account or "
		"region.",
		NULL, 0, 1, 1 };
	struct place place;
	const char *message = NULL, *store;
	char **arguments;
	size_t count;
	int result, end = cli_options(cli, &usage, argc, argv, &arguments, &count);

	if (end >= 0)
		return end;
	if (place_find(cli, &place) != 0)
		return CLI_FAILED;
	store = arena_printf(&cli->arena, "%s/store.db", place.state_dir).at;
	result = store_restore(arguments[0], store, &message);
	if (result == -EBUSY)
		return cli_fail(cli, "%s is in use: stop the appliance first", store);
	if (result != 0)
		return cli_fail(cli, "can't restore %s: %s", arguments[0], message ? message : strerror(-result));
	result = place_give_to_owner(cli, &place);
	if (result != 0)
		return cli_fail(cli, "restored, but %s can't be given to the owner of its folder: %s", store,
			strerror(-result));
	if (forget_checkpoint(cli, place.state_dir) != CLI_OK)
		return CLI_FAILED;
	if (cli->json) {
		struct json *done JSON_CLEANUP = json_object_new();

		json_set_c_string(done, "store", store);
		return cli_print_json(done);
	}
	printf("%s now holds what %s held\n", store, arguments[0]);
	return CLI_OK;
}
