/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `postern system support-bundle`: what whoever helps wants to see, in one file, without secrets. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/assert.h"
#include "appliance/base/clock.h"
#include "appliance/base/archive.h"
#include "appliance/cli/client.h"
#include "appliance/cli/doctor.h"
#include "appliance/cli/place.h"
#include "appliance/cli/redact.h"
#include "appliance/cli/system.h"
#include "appliance/launch/settings.h"

/* Largest member: metrics of many APIs, a thousand lines of the audit log. */
#define MEMBER_MAX_BYTES ((size_t)32 << 20)
#define SETTINGS_ERRORS_MAX_BYTES 16384

/* What the appliance answers. Some of it is not everywhere: a host has no console of its own, and no system image. */
static const struct remote_part {
	const char *name, *target;
	bool is_optional;
} remote_parts[] = {
	{ "status.json", "/postern/v1/status", false },
	{ "facts.json", "/postern/v1/support", false },
	{ "system.json", "/postern/v1/system", true },
	{ "filter-stats.json", "/postern/v1/filter/stats", true },
	{ "filter-events.json", "/postern/v1/filter/events?limit=1000", true },
	{ "audit.json", "/postern/v1/audit?limit=1000", true },
	{ "metrics.txt", "/metrics", false },
	{ "console.log", "/postern/v1/support/log", true },
};

struct bundle {
	struct cli *cli;
	struct archive *archive;
	uint64_t now_ms;
	struct json *about, *parts, *problems;
	bool is_answered; /* by the appliance, be it with a refusal */
};

static void add(struct bundle *bundle, const char *name, struct view text)
{
	struct buffer buffer;

	/* A mask may be longer than what it stands for. */
	buffer_init(&buffer, 8 * MEMBER_MAX_BYTES);
	redact(&buffer, text);
	archive_add(bundle->archive, arena_printf(&bundle->cli->arena, "postern-support/%s", name).at,
		buffer_view(&buffer), bundle->now_ms);
	buffer_fini(&buffer);
	json_append_text(bundle->parts, view_from_text(name));
}

static void add_json(struct bundle *bundle, const char *name, const struct json *value)
{
	char *text = json_print_text(value);

	add(bundle, name, view_from_text(text));
	free(text);
}

static void note_problem(struct bundle *bundle, const char *part, const char *text)
{
	struct json *problem = json_object_new();

	json_set_c_string(problem, "part", part);
	json_set_c_string(problem, "problem", text);
	json_append(bundle->problems, problem);
}

/* All of a file in memory. 0 or a negative errno. */
static int read_all(struct cli *cli, int fd, struct view *ret)
{
	struct stat facts;
	char *bytes;

	if (fstat(fd, &facts) < 0)
		return -errno;
	if ((size_t)facts.st_size > MEMBER_MAX_BYTES)
		return -EFBIG;
	bytes = arena_alloc(&cli->arena, (size_t)facts.st_size + 1);
	if (!bytes)
		return -ENOMEM;
	if (pread(fd, bytes, (size_t)facts.st_size, 0) != facts.st_size)
		return -EIO;
	*ret = view_from(bytes, (size_t)facts.st_size);
	return 0;
}

static void add_remote(struct bundle *bundle, const struct remote_part *part)
{
	struct cli *cli = bundle->cli;
	struct json *answer JSON_CLEANUP = NULL;
	struct view text;
	int fd = memfd_create(part->name, MFD_CLOEXEC), result;

	if (fd < 0) {
		note_problem(bundle, part->name, strerror(errno));
		return;
	}
	cli->quiet = true;
	cli->said = "";
	result = client_call(
		cli, &(struct client_call){ CLIENT_POSTERN, "GET", view_from_text(part->target), NULL, fd }, &answer);
	cli->quiet = false;
	bundle->is_answered =
		bundle->is_answered || result == 0 || strstr(cli->said, "the appliance answered") == cli->said;
	if (result == 0) {
		result = read_all(cli, fd, &text);
		if (result == 0)
			add(bundle, part->name, text);
		else
			note_problem(bundle, part->name, strerror(-result));
	} else {
		note_problem(bundle, part->name, cli->said);
	}
	close(fd);
}

/* Does the management address belong to this machine for certain? */
static bool is_here(const char *url)
{
	struct view rest = view_from_text(url);
	size_t start = view_find(rest, view_of("://"));

	if (start != VIEW_NOWHERE)
		rest = view_after(rest, start + 3);
	return view_starts_with(rest, view_of("127.")) || view_starts_with(rest, view_of("[::1]")) ||
	       view_starts_with(rest, view_of("localhost"));
}

/* What this host lacks, with the settings of the file if they are good. */
static void add_doctor(struct bundle *bundle)
{
	struct cli *cli = bundle->cli;
	struct json *report JSON_CLEANUP = json_object_new();
	const char *path = cli->settings ? cli->settings : SETTINGS_DEFAULT_FILE;
	struct settings *settings = NULL;
	struct buffer errors;
	bool json = cli->json;

	buffer_init_arena(&errors, &cli->arena, SETTINGS_ERRORS_MAX_BYTES);
	if (access(path, R_OK) != 0 || settings_read_file(&settings, path, &errors) != 0) {
		if (errors.count)
			note_problem(bundle, "doctor.json", buffer_text(&errors));
		buffer_reset(&errors);
		if (settings_parse(&settings, view_of(""), "defaults", &errors) != 0)
			return;
	}
	cli->json = true;
	(void)doctor_check(cli, settings, settings->local, report);
	cli->json = json;
	settings_free(settings);
	add_json(bundle, "doctor.json", report);
}

/* Where a service manager keeps what the programs say on standard error. The command is fixed: nothing of anyone's is in it. */
static void add_journal(struct bundle *bundle)
{
	FILE *journal = popen(
		"journalctl --quiet --no-pager --output=short-iso-precise --lines=4000 --unit=posternd.service 2>&1",
		"re");
	struct buffer text;
	char piece[65536];
	size_t count;

	if (!journal)
		return;
	buffer_init_arena(&text, &bundle->cli->arena, MEMBER_MAX_BYTES);
	while ((count = fread(piece, 1, sizeof piece, journal)) > 0)
		buffer_append_bytes(&text, piece, count);
	if (pclose(journal) == 0 && buffer_error(&text) == 0 && text.count)
		add(bundle, "journal.log", buffer_view(&text));
	else
		note_problem(bundle, "journal.log", "journalctl has no lines of posternd.service");
}

static void add_all(struct bundle *bundle, const struct place *place)
{
	struct json *about = bundle->about;
	char time[CLOCK_TEXT_MAX_BYTES];

	json_set_text(about, "madeAt", view_from(time, clock_write_iso_ms(time, bundle->now_ms)));
	json_set_c_string(about, "postern", POSTERN_VERSION);
	json_set_c_string(about, "endpointUrl", place->endpoint_url);
	for (size_t i = 0; i < ARRAY_COUNT(remote_parts); i++) {
		add_remote(bundle, &remote_parts[i]);
		/* Nobody there: the same for all the others, after the same wait each. */
		if (i == 0 && !bundle->is_answered)
			break;
	}
	if (is_here(place->endpoint_url)) {
		add_doctor(bundle);
		add_journal(bundle);
	}
	json_set(about, "parts", json_copy(bundle->parts));
	json_set(about, "problems", json_copy(bundle->problems));
	add_json(bundle, "about.json", about);
}

static bool is_optional(struct view part)
{
	for (size_t i = 0; i < ARRAY_COUNT(remote_parts); i++)
		if (view_equals_text(part, remote_parts[i].name))
			return remote_parts[i].is_optional;
	return true;
}

static int tell(struct bundle *bundle, const char *path)
{
	struct stat facts = { .st_size = 0 };
	int result = bundle->is_answered ? CLI_OK : CLI_FAILED;

	(void)stat(path, &facts);
	if (bundle->cli->json) {
		struct json *told JSON_CLEANUP = json_object_new();

		json_set_c_string(told, "file", path);
		json_set_integer(told, "bytes", facts.st_size);
		json_set(told, "parts", json_copy(bundle->parts));
		json_set(told, "problems", json_copy(bundle->problems));
		cli_print_json(told);
		return result;
	}
	JSON_EACH(problem, bundle->problems)
	if (!is_optional(json_find_text(problem, "part")))
		fprintf(stderr, "postern: " VIEW_FMT ": " VIEW_FMT "\n", VIEW_ARG(json_find_text(problem, "part")),
			VIEW_ARG(json_find_text(problem, "problem")));
	printf("%s: %zu parts, %lld bytes\n", path, json_count(bundle->parts), (long long)facts.st_size);
	return result;
}

static int make(struct cli *cli, const char *path, const struct place *place)
{
	const char *temporary = arena_printf(&cli->arena, "%s.part", path).at;
	struct bundle bundle = { .cli = cli,
		.now_ms = clock_wall_ms(),
		.about = json_object_new(),
		.parts = json_array_new(),
		.problems = json_array_new() };
	int result;

	(void)unlink(temporary);
	result = archive_create(&bundle.archive, temporary);
	if (result < 0)
		return cli_fail(cli, "can't write %s: %s", temporary, strerror(-result));
	add_all(&bundle, place);
	result = archive_close(bundle.archive);
	if (result == 0 && link(temporary, path) < 0)
		result = -errno;
	(void)unlink(temporary);
	result = result < 0 ? cli_fail(cli, "can't write %s: %s", path, strerror(-result)) : tell(&bundle, path);
	json_free(bundle.about);
	json_free(bundle.parts);
	json_free(bundle.problems);
	return result;
}

int system_support_bundle(struct cli *cli, int argc, char **argv)
{
	static const struct cli_usage usage = {
		.synopsis = "postern system support-bundle [FILE]",
		.about = "Write what whoever helps wants to see into a new zip file: versions, status, settings, "
			 "machine, store, "
			 "counters and\n"
			 "events of the filters, metrics, the newest lines of the audit log and of the console or the "
			 "journal, and, "
			 "on the\n"
			 "appliance's own host, what `postern doctor` finds. Without secrets: no keys, no passwords, "
			 "no header fields, "
			 "no policies.\n"
			 "Look at it before you give it away: it names addresses, users and resources. What can't be "
			 "had is left out, "
			 "and said.",
		.arguments_max = 1,
	};
	const char *path;
	char time[CLOCK_TEXT_MAX_BYTES], **arguments;
	struct place place;
	struct stat facts;
	size_t count;
	int end = cli_options(cli, &usage, argc, argv, &arguments, &count);

	if (end >= 0)
		return end;
	if (place_find(cli, &place) != 0)
		return CLI_FAILED;
	clock_write_iso_basic(time, clock_wall_ms());
	path = count ? arguments[0] : arena_printf(&cli->arena, "postern-support-%s.zip", time).at;
	if (lstat(path, &facts) == 0)
		return cli_fail(cli, "%s exists: name a new file", path);
	return make(cli, path, &place);
}
