/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/syslog/sender.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/base/log.h"
#include "appliance/base/random.h"
#include "image/syslog/places.h"

#define EACH_LOG(i) for (enum message_source i = 0; i < MESSAGE_SOURCES_COUNT; i++)
#define CHANGES (IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE)
/* A round of the loop while nothing happens; while something is waited for that wakes nobody. */
#define ROUND_MAX_MS 30000
#define ROUND_MS 1000
/* How soon to ask again what has arrived. */
#define MARK_MS 200
/* The same failure is said again after that. */
#define SAY_AGAIN_MS 600000
/* A connection that lasted so long was a good one. */
#define LASTED_MS 60000
/* Of init: no name at all, since every appliance has it. */
#define HOSTNAME_OF_ALL "postern"

/* The audit log first: it is small, and it matters most. */
static const enum message_source order[] = { MESSAGE_AUDIT, MESSAGE_CONSOLE, MESSAGE_ACCESS };

struct sender {
	const struct sender_paths *paths;
	struct connection connection;
	struct follow follows[MESSAGE_SOURCES_COUNT];
	struct follow_place delivered[MESSAGE_SOURCES_COUNT], kept[MESSAGE_SOURCES_COUNT];
	/* When the server has `mark_at` bytes, it has all lines up to these places. */
	struct follow_place mark[MESSAGE_SOURCES_COUNT];
	uint64_t mark_at;
	bool has_mark, cant_keep;
	char batch[SENDER_BATCH_BYTES];
	size_t batch_count;
	char hostname[MESSAGE_HOSTNAME_MAX_BYTES + 1];
	int changes;      /* of inotify */
	bool watches_all; /* all folders were there to be watched */
	uint64_t opened_ms, open_at_ms, back_off_ms, kept_ms;
	uint64_t said_ms;
	char said[CONNECTION_TEXT_BYTES]; /* the failure that was said last */
};

/* ---- the logs ---- */

static void watch(struct sender *sender)
{
	sender->watches_all = true;
	EACH_LOG(i)
	{
		char path[PATH_MAX];

		snprintf(path, sizeof path, "%s", sender->paths->logs[i]);
		if (inotify_add_watch(sender->changes, dirname(path), CHANGES | IN_ONLYDIR) < 0)
			sender->watches_all = false;
	}
}

static void forget_changes(int changes)
{
	char events[4096];

	while (read(changes, events, sizeof events) > 0)
		;
}

static void say_what_is_lost(struct sender *sender)
{
	EACH_LOG(i)
	{
		struct follow *follow = &sender->follows[i];
		char path[PATH_MAX];

		snprintf(path, sizeof path, "%s", follow->path);
		if (follow->lost_lines)
			log_warning("lines were removed before they could be sent", LOG_TEXT("log", basename(path)),
				LOG_UINT("lines", follow->lost_lines));
		else if (follow->lost_place)
			log_warning("lines may have been removed before they could be sent",
				LOG_TEXT("log", basename(path)));
		follow->lost_lines = 0;
		follow->lost_place = false;
	}
}

static void fill_batch(struct sender *sender)
{
	uint64_t now_ms = clock_monotonic_ms(), wall_ms = clock_wall_ms();

	sender->batch_count = 0;
	for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
		struct view line;

		while (sender->batch_count + MESSAGE_FRAME_MAX_BYTES <= sizeof sender->batch &&
			follow_take_line(&sender->follows[order[i]], now_ms, &line))
			sender->batch_count += message_write(
				sender->batch + sender->batch_count, order[i], sender->hostname, wall_ms, line);
	}
}

/* ---- what has arrived ---- */

static bool is_all_delivered(const struct sender *sender)
{
	EACH_LOG(i)
	if (memcmp(&sender->delivered[i], &sender->follows[i].place, sizeof *sender->delivered) != 0)
		return false;
	return true;
}

static void keep_places(struct sender *sender, bool now)
{
	uint64_t now_ms = clock_monotonic_ms();
	int error;

	if (memcmp(sender->kept, sender->delivered, sizeof sender->kept) == 0 ||
		(!now && now_ms < sender->kept_ms + SENDER_KEEP_MS))
		return;
	sender->kept_ms = now_ms;
	error = places_write(sender->paths->places, sender->delivered);
	/* Said once: each line of this program is one more that is sent, and written down. */
	if (error && error != -EROFS && !sender->cant_keep)
		log_warning("it can't be written down how much has been sent", LOG_ERRNO(error));
	sender->cant_keep = error != 0;
	if (!error)
		memcpy(sender->kept, sender->delivered, sizeof sender->kept);
}

/* All that was taken from the logs has been written: it is delivered when the server has as many bytes. */
static void set_mark(struct sender *sender)
{
	if (sender->has_mark || sender->batch_count || is_all_delivered(sender))
		return;
	sender->has_mark = true;
	sender->mark_at = connection_written(&sender->connection);
	EACH_LOG(i)
	sender->mark[i] = sender->follows[i].place;
}

static void check_mark(struct sender *sender)
{
	if (!sender->has_mark || connection_acknowledged(&sender->connection) < sender->mark_at)
		return;
	memcpy(sender->delivered, sender->mark, sizeof sender->mark);
	sender->has_mark = false;
	keep_places(sender, false);
}

/* ---- the connection ---- */

static void say_failure(struct sender *sender)
{
	uint64_t now_ms = clock_monotonic_ms();

	if (strcmp(sender->said, sender->connection.why) == 0 && now_ms < sender->said_ms + SAY_AGAIN_MS)
		return;
	snprintf(sender->said, sizeof sender->said, "%s", sender->connection.why);
	sender->said_ms = now_ms;
	log_warning("logs can't be sent; trying again", LOG_TEXT("server", sender->connection.config->host),
		LOG_UINT("port", sender->connection.config->port), LOG_TEXT("reason", sender->connection.why));
}

/* Try again later: later still each time, up to a minute, and not at the same moment as everybody else. */
static void back_off(struct sender *sender)
{
	uint64_t now_ms = clock_monotonic_ms();

	if (sender->opened_ms && now_ms - sender->opened_ms > LASTED_MS)
		sender->back_off_ms = SENDER_BACK_OFF_MIN_MS;
	sender->open_at_ms = now_ms + sender->back_off_ms / 2 + random_below(sender->back_off_ms);
	sender->back_off_ms *= 2;
	if (sender->back_off_ms > SENDER_BACK_OFF_MAX_MS)
		sender->back_off_ms = SENDER_BACK_OFF_MAX_MS;
}

static void on_failure(struct sender *sender)
{
	say_failure(sender);
	connection_close(&sender->connection);
	sender->has_mark = false;
	sender->batch_count = 0;
	EACH_LOG(i)
	follow_return(&sender->follows[i], &sender->delivered[i]);
	back_off(sender);
	sender->opened_ms = 0;
}

static void find_hostname(struct sender *sender)
{
	if (gethostname(sender->hostname, sizeof sender->hostname - 1) < 0 || !sender->hostname[0] ||
		strcmp(sender->hostname, HOSTNAME_OF_ALL) == 0)
		snprintf(sender->hostname, sizeof sender->hostname, "%.255s", sender->connection.local);
}

/* False if it was told to stop. */
static bool open_when_due(struct sender *sender, int stop_fd)
{
	int error;

	if (clock_monotonic_ms() < sender->open_at_ms)
		return true;
	error = connection_open(&sender->connection, stop_fd);
	if (error == -EINTR)
		return false;
	if (error) {
		say_failure(sender);
		back_off(sender);
		return true;
	}
	sender->opened_ms = clock_monotonic_ms();
	sender->said[0] = '\0';
	find_hostname(sender);
	log_info("logs are sent", LOG_TEXT("server", sender->connection.config->host),
		LOG_UINT("port", sender->connection.config->port));
	return true;
}

/* Write until there is nothing more, or the connection takes nothing more. */
static void write_all(struct sender *sender)
{
	for (;;) {
		int result;

		if (!sender->batch_count)
			fill_batch(sender);
		if (!sender->batch_count)
			return;
		result = connection_write(&sender->connection, sender->batch, sender->batch_count);
		if (result < 0) {
			on_failure(sender);
			return;
		}
		if (result == 0)
			return;
		sender->batch_count = 0;
		check_mark(sender);
		set_mark(sender);
	}
}

/* ---- the loop ---- */

static int patience_ms(const struct sender *sender)
{
	uint64_t now_ms = clock_monotonic_ms();

	if (sender->connection.fd < 0)
		return sender->open_at_ms <= now_ms             ? 0
		       : sender->open_at_ms - now_ms < ROUND_MS ? (int)(sender->open_at_ms - now_ms)
								: ROUND_MS;
	if (sender->has_mark)
		return MARK_MS;
	if (sender->batch_count || !sender->watches_all ||
		memcmp(sender->kept, sender->delivered, sizeof sender->kept) != 0)
		return ROUND_MS;
	EACH_LOG(i)
	if (sender->follows[i].ended_at_ms)
		return ROUND_MS;
	return ROUND_MAX_MS;
}

/* One round: wait for something, then do what can be done. False once it was told to stop. */
static bool turn(struct sender *sender, int stop_fd)
{
	bool is_idle = sender->connection.fd >= 0 && !sender->batch_count;
	struct pollfd fds[] = { { .fd = stop_fd, .events = POLLIN },
		{ .fd = sender->connection.fd,
			.events = (short)(POLLIN | (sender->connection.wants_write ? POLLOUT : 0)) },
		/* Who can send nothing need not know of every line that is added. */
		{ .fd = is_idle ? sender->changes : -1, .events = POLLIN } };

	(void)poll(fds, sizeof fds / sizeof *fds, patience_ms(sender));
	if (fds[0].revents)
		return false;
	forget_changes(sender->changes);
	if (!sender->watches_all)
		watch(sender);
	EACH_LOG(i)
	follow_check(&sender->follows[i]);
	say_what_is_lost(sender);
	if (sender->connection.fd < 0 && !open_when_due(sender, stop_fd))
		return false;
	if (sender->connection.fd >= 0 && fds[1].revents && fds[1].fd == sender->connection.fd &&
		connection_read(&sender->connection) < 0)
		on_failure(sender);
	if (sender->connection.fd >= 0)
		write_all(sender);
	if (sender->connection.fd >= 0) {
		check_mark(sender);
		set_mark(sender);
	}
	keep_places(sender, false);
	return true;
}

/* What was just said still goes out, if the server takes it at once. */
static void end(struct sender *sender)
{
	uint64_t deadline_ms = clock_monotonic_ms() + SENDER_END_MAX_MS;

	while (sender->connection.fd >= 0 && clock_monotonic_ms() < deadline_ms) {
		struct pollfd fd = { .fd = sender->connection.fd,
			.events = (short)(sender->connection.wants_write ? POLLOUT : 0) };

		write_all(sender);
		if (sender->connection.fd < 0)
			break;
		check_mark(sender);
		set_mark(sender);
		if (!sender->batch_count && !sender->has_mark && is_all_delivered(sender))
			break;
		(void)poll(&fd, 1, MARK_MS / 10);
	}
	keep_places(sender, true);
}

int sender_run(const struct syslog_config *config, const struct sender_paths *paths, int stop_fd)
{
	static struct sender sender;
	int error = connection_init(&sender.connection, config);

	if (error) {
		log_error("logs can't be sent", LOG_TEXT("reason", sender.connection.why), LOG_ERRNO(error));
		return 1;
	}
	sender.paths = paths;
	sender.back_off_ms = SENDER_BACK_OFF_MIN_MS;
	sender.changes = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	watch(&sender);
	places_read(paths->places, sender.delivered);
	EACH_LOG(i)
	{
		follow_init(&sender.follows[i], paths->logs[i], &sender.delivered[i]);
		sender.delivered[i] = sender.follows[i].place;
	}
	while (turn(&sender, stop_fd))
		;
	end(&sender);
	EACH_LOG(i)
	follow_fini(&sender.follows[i]);
	connection_fini(&sender.connection);
	close(sender.changes);
	return 0;
}
