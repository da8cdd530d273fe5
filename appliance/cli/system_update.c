/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `postern system update`: send an update file, chunk by chunk, and see what becomes of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/assert.h"
#include "appliance/cli/client.h"
#include "appliance/cli/system.h"
#include "appliance/cli/system_wait.h"
#include "image/system/update_head.h"

#define TARGET "/postern/v1/system/update"
/* A disk that gives back something else than was written gets it again, so often. */
#define ROUNDS_MAX 3

struct sending {
	struct cli *cli;
	const char *path;
	int fd;
	uint8_t head_bytes[UPDATE_HEAD_MAX_BYTES];
	struct update_head head;
	struct json *state; /* what the appliance said last */
};

/* ---- the file ---- */

static int open_file(struct sending *sending)
{
	struct cli *cli = sending->cli;
	const char *rule;
	struct stat facts;
	uint64_t wanted;
	ssize_t count;
	size_t head_bytes;

	sending->fd = open(sending->path, O_RDONLY | O_CLOEXEC);
	if (sending->fd < 0 || fstat(sending->fd, &facts) < 0)
		return cli_fail(cli, "can't read %s: %s", sending->path, strerror(errno));
	count = pread(sending->fd, sending->head_bytes, sizeof sending->head_bytes, 0);
	head_bytes = count < 0 ? 0 : update_head_bytes(sending->head_bytes, (size_t)count);
	if (!head_bytes || head_bytes > (size_t)count)
		return cli_fail(cli, "%s is no update file", sending->path);
	if (update_head_parse(&sending->head, sending->head_bytes, head_bytes, NULL, &rule) < 0)
		return cli_fail(cli, "%s: %s", sending->path, rule);
	wanted = sending->head.head_bytes + sending->head.bytes[UPDATE_BOOT] + sending->head.bytes[UPDATE_ROOT];
	if ((uint64_t)facts.st_size != wanted)
		return cli_fail(cli, "%s has %lld bytes instead of %llu: it is not complete", sending->path,
			(long long)facts.st_size, (unsigned long long)wanted);
	return 0;
}

/* ---- calls ---- */

/* The answer replaces what was known. */
static int call(struct sending *sending, const char *method, const char *target, struct view raw)
{
	struct json *answer = NULL;
	int result = client_send(sending->cli,
		&(struct client_call){ CLIENT_POSTERN, method, view_from_text(target), NULL, -1 }, raw, &answer);

	if (result == 0) {
		json_free(sending->state);
		sending->state = answer;
	}
	return result;
}

static struct view update_state(const struct sending *sending)
{
	return json_find_text(json_find(sending->state, "update"), "state");
}

/*
 * Until a step is over that the appliance does by itself, or it can't be reached: the last step ends with a restart, and any other is found
 * where it was by the call that follows.
 */
static void wait_while(struct sending *sending, const char *state, const char *text)
{
	while (view_equals_text(update_state(sending), state)) {
		const struct json *update = json_find(sending->state, "update");
		struct json *now;

		system_wait_show(sending->cli, "%s: %lld of %lld", text,
			(long long)json_find_integer(update, "done", 0),
			(long long)json_find_integer(update, "chunks", 0));
		system_wait_pause();
		now = system_wait_try_state(sending->cli);
		if (!now)
			return;
		json_free(sending->state);
		sending->state = now;
	}
}

static int send_chunk(struct sending *sending, uint32_t index)
{
	static uint8_t bytes[UPDATE_CHUNK_BYTES];
	struct update_place place = update_head_place(&sending->head, index);
	uint64_t at = sending->head.head_bytes + place.at +
		      (place.partition == UPDATE_ROOT ? sending->head.bytes[UPDATE_BOOT] : 0);

	if (pread(sending->fd, bytes, place.bytes, (off_t)at) != (ssize_t)place.bytes)
		return cli_fail(sending->cli, "can't read %s: %s", sending->path, strerror(errno));
	return call(sending, "PUT", arena_printf(&sending->cli->arena, TARGET "/chunks/%u", index).at,
		view_from(bytes, place.bytes));
}

/* Those that the appliance said are missing. */
static int send_missing(struct sending *sending, uint32_t *sent)
{
	struct json *missing JSON_CLEANUP = json_copy(json_find(json_find(sending->state, "update"), "missing"));
	size_t count = json_count(missing), done = 0;

	JSON_EACH(entry, missing)
	{
		int64_t index = 0;

		if (json_integer(entry, 0, (int64_t)update_head_chunks(&sending->head) - 1, &index) < 0)
			return cli_fail(sending->cli, "the appliance asks for a chunk that the file does not have");
		system_wait_show(sending->cli, "sending: %zu of %zu MiB", ++done, count);
		/* What was sent so far is there the next time. */
		if (send_chunk(sending, (uint32_t)index) != 0)
			return CLI_FAILED;
		(*sent)++;
	}
	return 0;
}

static int send_all(struct sending *sending, uint32_t *sent)
{
	for (unsigned round = 0; round < ROUNDS_MAX; round++) {
		wait_while(sending, "looking", "looking for what is there");
		if (send_missing(sending, sent) != 0 || call(sending, "POST", TARGET "/finish", view_of("")) != 0)
			return CLI_FAILED;
		wait_while(sending, "verifying", "reading it back");
		if (!view_equals_text(update_state(sending), "receiving"))
			return 0;
	}
	return cli_fail(
		sending->cli, VIEW_FMT, VIEW_ARG(json_find_text(json_find(sending->state, "update"), "failure")));
}

/* ---- what becomes of it ---- */

static int report(struct sending *sending, struct json *after, long wait_s)
{
	struct cli *cli = sending->cli;
	struct view version = json_find_text(after, "version"), last = json_find_text(after, "lastUpdate");
	bool runs = after && view_equals_text(version, sending->head.version) && json_find_bool(after, "good", false) &&
		    !json_find_bool(after, "onTrial", false) &&
		    !view_starts_with(
			    last, view_from_text(arena_printf(&cli->arena, "%s failed", sending->head.version).at));

	if (!after)
		return cli_fail(cli,
			"the appliance did not come back within %ld s: `postern system status` tells more once it does",
			wait_s);
	if (!runs)
		return cli_fail(cli, "version " VIEW_FMT " runs: " VIEW_FMT, VIEW_ARG(version),
			VIEW_ARG(last.count ? last : view_of("the update was not started")));
	if (cli->json)
		return cli_print_json(after);
	printf("version " VIEW_FMT " runs, in slot " VIEW_FMT "\n", VIEW_ARG(version),
		VIEW_ARG(json_find_text(after, "slot")));
	return CLI_OK;
}

static int update(struct sending *sending, bool allows_older, long wait_s)
{
	struct json *after JSON_CLEANUP = NULL;
	uint32_t sent = 0;

	if (open_file(sending) != 0 ||
		call(sending, "PUT", allows_older ? TARGET "?allowOlder=true" : TARGET,
			view_from(sending->head_bytes, sending->head.head_bytes)) != 0 ||
		send_all(sending, &sent) != 0)
		return CLI_FAILED;
	system_wait_show(sending->cli, "%s", "");
	if (!sending->cli->json)
		printf("version %s is written: %u of %u chunks were sent, the others were there; the appliance starts "
		       "with it now\n",
			sending->head.version, sent, update_head_chunks(&sending->head));
	if (wait_s == 0)
		return sending->cli->json ? cli_print_json(sending->state) : CLI_OK;
	fflush(stdout);
	after = system_wait_restart(sending->cli, sending->state, wait_s);
	return report(sending, after, wait_s);
}

int system_update(struct cli *cli, int argc, char **argv)
{
	static struct sending sending;
	const char *wait = NULL;
	bool allow_older = false;
	long wait_s = SYSTEM_WAIT_DEFAULT_S;
	const struct cli_option options[] = {
		{ "allow-older", NULL, "also a version before the running one", NULL, &allow_older },
		{ "wait", "SECONDS", "for the appliance to come back: 0 to 1800 (default 600)", &wait, NULL },
	};
	const struct cli_usage usage = {
		.synopsis = "postern system update FILE [--allow-older] [--wait SECONDS]",
		.about = "Install an update file. The appliance verifies its signature and each of its chunks, writes "
			 "it into the slot that does "
			 "not run,\n"
			 "reads it back, and starts with it. It stays only after every endpoint and the management API "
			 "have answered; else, after three "
			 "tries,\n"
			 "the version before runs again, and this command says why. Broken off, the same command goes "
			 "on where it ended.",
		.options = options,
		.option_count = ARRAY_COUNT(options),
		.arguments_min = 1,
		.arguments_max = 1,
	};
	char **arguments;
	size_t count;
	int end = cli_options(cli, &usage, argc, argv, &arguments, &count);

	if (end >= 0)
		return end;
	end = system_wait_seconds(cli, &usage, "wait", wait, 0, SYSTEM_WAIT_MAX_S, &wait_s);
	if (end != 0)
		return end;
	sending = (struct sending){ .cli = cli, .path = arguments[0], .fd = -1 };
	end = update(&sending, allow_older, wait_s);
	if (sending.fd >= 0)
		close(sending.fd);
	json_free(sending.state);
	return end;
}
