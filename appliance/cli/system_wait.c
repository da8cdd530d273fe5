/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/system_wait.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/cli/system.h"

#define TARGET "/postern/v1/system"
#define PAUSE_MS 1000
/* A start that is not good by then, with nothing on trial, is worth telling as it is. */
#define FAILS_AFTER_MS 60000

int system_wait_state(struct cli *cli, struct json **ret)
{
	return system_get(cli, TARGET, ret);
}

struct json *system_wait_try_state(struct cli *cli)
{
	struct json *state = NULL;
	bool quiet = cli->quiet;

	cli->quiet = true;
	if (system_get(cli, TARGET, &state) != 0)
		state = NULL;
	cli->quiet = quiet;
	return state;
}

void system_wait_pause(void)
{
	nanosleep(&(struct timespec){ .tv_sec = PAUSE_MS / 1000, .tv_nsec = PAUSE_MS % 1000 * 1000000 }, NULL);
}

void system_wait_show(const struct cli *cli, const char *format, ...)
{
	va_list arguments;

	if (cli->json || !isatty(STDERR_FILENO))
		return;
	va_start(arguments, format);
	fputs("\r\033[K", stderr);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
}

/* Something on trial ends by itself, well or not. */
static bool has_trial(const struct json *state)
{
	return json_find_bool(state, "onTrial", false) ||
	       json_find_bool(json_find(state, "settings"), "onTrial", false);
}

struct json *system_wait_restart(struct cli *cli, const struct json *before, long seconds)
{
	uint64_t deadline_ms = clock_monotonic_ms() + (uint64_t)seconds * 1000, back_ms = 0;

	while (clock_monotonic_ms() < deadline_ms) {
		struct json *state = system_wait_try_state(cli);
		bool is_another =
			state && !view_equals(json_find_text(state, "bootId"), json_find_text(before, "bootId"));

		if (is_another && !back_ms)
			back_ms = clock_monotonic_ms();
		if (is_another && (json_find_bool(state, "good", false) ||
					  (!has_trial(state) && clock_monotonic_ms() > back_ms + FAILS_AFTER_MS))) {
			system_wait_show(cli, "%s", "");
			return state;
		}
		system_wait_show(
			cli, "%s", is_another ? "it is back, and not found good yet" : "waiting for the appliance");
		json_free(state);
		system_wait_pause();
	}
	system_wait_show(cli, "%s", "");
	return NULL;
}

int system_wait_seconds(struct cli *cli, const struct cli_usage *usage, const char *option, const char *text,
	long least, long most, long *ret)
{
	char *rest;
	long value;

	if (!text)
		return 0;
	value = strtol(text, &rest, 10);
	if (rest == text || *rest || value < least || value > most)
		return cli_misuse(cli, usage, "--%s must be a number of seconds from %ld to %ld", option, least, most);
	*ret = value;
	return 0;
}

static void print_line(const char *name, struct view text)
{
	if (text.count)
		printf("%-15s " VIEW_FMT "\n", name, VIEW_ARG(text));
}

static void print_update(const struct json *update)
{
	struct view state = json_find_text(update, "state");

	print_line("update failed", json_find_text(update, "failure"));
	if (view_equals_text(state, "none"))
		return;
	printf("%-15s " VIEW_FMT ": " VIEW_FMT ", %lld of %lld chunks\n", "update",
		VIEW_ARG(json_find_text(update, "version")), VIEW_ARG(state),
		(long long)json_find_integer(update, "done", 0), (long long)json_find_integer(update, "chunks", 0));
}

static void print_settings(const struct json *settings)
{
	long long left = (long long)json_find_integer(settings, "secondsLeft", 0);

	printf("%-15s %s", "settings",
		view_equals_text(json_find_text(settings, "from"), "appliance") ? "given on the appliance"
										: "of the user-data");
	if (json_find_bool(settings, "onTrial", false))
		printf(", on trial");
	if (left)
		printf(": taken back in %lld s unless confirmed (`postern system confirm`)", left);
	putchar('\n');
	print_line("", json_find_text(settings, "last"));
}

void system_wait_print(const struct json *state)
{
	print_line("version", json_find_text(state, "version"));
	printf("%-15s " VIEW_FMT ", tries %lld%s\n", "slot", VIEW_ARG(json_find_text(state, "slot")),
		(long long)json_find_integer(state, "tries", 0),
		json_find_bool(state, "onTrial", false) ? ", on trial" : "");
	if (json_find_bool(state, "good", false))
		printf("%-15s yes, after %lld ms\n", "good", (long long)json_find_integer(state, "goodAfterMs", 0));
	else
		printf("%-15s not yet: " VIEW_FMT "\n", "good", VIEW_ARG(json_find_text(state, "failing")));
	print_line("other slot", json_find_text(state, "otherSlot"));
	print_line("started because", json_find_text(state, "startedBecause"));
	print_line("last update", json_find_text(state, "lastUpdate"));
	if (view_equals_text(json_find_text(json_find(state, "checkpoint"), "state"), "open"))
		system_checkpoint_print(json_find(state, "checkpoint"));
	print_update(json_find(state, "update"));
	print_settings(json_find(state, "settings"));
}
