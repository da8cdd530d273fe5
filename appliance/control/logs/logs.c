/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/logs/logs.h"

#include <stdlib.h>
#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/base/json.h"
#include "appliance/base/log.h"
#include "appliance/control/logs/groups.h"
#include "appliance/control/state.h"

#define EVENTS_FILE "logs.db"

/* Events that go at a time, and how long that may take: calls wait meanwhile. */
enum { REMOVED_AT_ONCE = 1000, KEEP_BUDGET_MS = 100 };

#define DAY_MS ((int64_t)24 * 3600 * 1000)

/* ---- life cycle ---- */

static void open_events(struct control *control)
{
	struct logs *logs = &control->logs;
	char path[CONTROL_PATH_MAX_BYTES];
	const char *message = "";
	int error;

	if (logs->events || clock_monotonic_ms() < logs->retry_ms)
		return;
	control_path(control, EVENTS_FILE, path);
	error = log_events_open(&logs->events, path, control->settings.log_events_bytes, &message);
	if (*message)
		log_error(message, LOG_TEXT("file", path));
	if (error == 0)
		return;
	logs->retry_ms = clock_monotonic_ms() + LOGS_RETRY_MS;
	log_error("there are no log events: their database can't be opened", LOG_TEXT("file", path), LOG_ERRNO(error));
}

static void run_job(struct worker_job *work)
{
	struct control *control = CONTAINER_OF(work, struct control, logs.job);

	logs_take_lines(control);
	control->logs.posted = false;
}

static void timer_is_due(struct timer *timer)
{
	struct control *control = CONTAINER_OF(timer, struct control, logs.timer);

	timer_arm(control->loop, timer, LOGS_INTAKE_MS, timer_is_due);
	if (control->logs.posted)
		return;
	control->logs.posted = true;
	control->logs.job.run = run_job;
	worker_post(&control->worker, &control->logs.job);
}

void logs_open(struct control *control)
{
	open_events(control);
	if (control->settings.line_record_fd >= 0)
		timer_arm(control->loop, &control->logs.timer, LOGS_INTAKE_MS, timer_is_due);
}

void logs_stop(struct control *control)
{
	timer_disarm(control->loop, &control->logs.timer);
}

void logs_close(struct control *control)
{
	log_events_close(control->logs.events);
	control->logs.events = NULL;
}

/* ---- looking after ---- */

static bool has_time(uint64_t until_ms)
{
	return clock_monotonic_ms() < until_ms;
}

/* Drop the file that can't be used: it is opened again, and put aside if it is damaged. */
static void note_failure(struct control *control, int error)
{
	log_error("log events can't be looked after", LOG_ERRNO(error));
	if (error == -EUCLEAN || error == -EMEDIUMTYPE || error == -EIO)
		logs_close(control);
}

static void shrink(struct control *control, uint64_t until_ms)
{
	int result = 0;

	while (control->logs.events && has_time(until_ms)) {
		result = log_events_shrink(control->logs.events, REMOVED_AT_ONCE);
		if (result <= 0)
			break;
		control->logs.displaced_count += (uint64_t)result;
	}
	if (result < 0)
		note_failure(control, result);
}

/* A group of the events' database with what its record says. */
struct kept_group {
	char key[LOG_GROUP_KEY_BYTES + 1];
	int64_t retention_days; /* 0: for ever; negative: the group is no more */
};

struct keeping {
	struct kept_group *groups;
	size_t count, room;
};

static int note_group(void *context, struct view key)
{
	struct keeping *keeping = context;

	if (key.count > LOG_GROUP_KEY_BYTES)
		return 0;
	if (keeping->count == keeping->room) {
		keeping->room = keeping->room ? 2 * keeping->room : 64;
		keeping->groups = reallocarray(keeping->groups, keeping->room, sizeof *keeping->groups);
		ASSERT(keeping->groups);
	}
	keeping->groups[keeping->count] = (struct kept_group){ .retention_days = -1 };
	memcpy(keeping->groups[keeping->count++].key, key.at, key.count);
	return 0;
}

static int compare_keys(const void *left, const void *right)
{
	return strcmp(((const struct kept_group *)left)->key, ((const struct kept_group *)right)->key);
}

static int note_retention(void *context, const struct store_record *record)
{
	struct keeping *keeping = context;
	struct kept_group wanted = { 0 }, *found;
	struct json JSON_CLEANUP *body = NULL;
	struct view key;

	if (json_parse(view_from(record->body, record->body_bytes), NULL, &body, NULL) < 0)
		return -EUCLEAN;
	key = log_group_key(body);
	if (key.count > LOG_GROUP_KEY_BYTES)
		return 0;
	memcpy(wanted.key, key.at, key.count);
	found = bsearch(&wanted, keeping->groups, keeping->count, sizeof *keeping->groups, compare_keys);
	if (found)
		found->retention_days = json_find_integer(body, "retentionInDays", 0);
	return 0;
}

/* What is too old, or of a group that is no more. True if there is more of it than there was time for. */
static bool keep_group(struct control *control, const struct kept_group *group, uint64_t until_ms)
{
	int64_t now_ms = (int64_t)clock_wall_ms();
	int result = 0;

	if (group->retention_days == 0)
		return false;
	do {
		struct view key = view_from_text(group->key);

		result = group->retention_days < 0 ? log_events_drop_group(control->logs.events, key, REMOVED_AT_ONCE)
						   : log_events_expire(control->logs.events, key,
							     now_ms - group->retention_days * DAY_MS, REMOVED_AT_ONCE);
	} while (result == REMOVED_AT_ONCE && has_time(until_ms));
	if (result < 0)
		note_failure(control, result);
	return result == REMOVED_AT_ONCE;
}

static void keep(struct control *control, uint64_t until_ms)
{
	struct keeping keeping = { 0 };
	int error = log_events_each_group(control->logs.events, note_group, &keeping);
	bool more = false;

	if (keeping.count)
		qsort(keeping.groups, keeping.count, sizeof *keeping.groups, compare_keys);
	if (error == 0)
		error = store_each(control->store, STORE_loggroup, NULL, note_retention, &keeping);
	for (size_t i = 0; i < keeping.count && error == 0 && control->logs.events; i++) {
		more = keep_group(control, &keeping.groups[i], until_ms) || more;
		if (!has_time(until_ms) && i + 1 < keeping.count) {
			more = true;
			break;
		}
	}
	free(keeping.groups);
	if (error < 0)
		note_failure(control, error);
	control->logs.keep_ms = clock_monotonic_ms() + (more ? 0 : LOGS_KEEP_MS);
}

static void tell(struct logs *logs)
{
	if ((!logs->lost_count && !logs->ungrouped_count && !logs->displaced_count) ||
		clock_monotonic_ms() < logs->tell_ms)
		return;
	logs->tell_ms = clock_monotonic_ms() + LOGS_KEEP_MS;
	if (logs->lost_count)
		log_warning("access log lines never reached their log groups: lines.record was full before they were "
			    "fetched (line_record_kb)",
			LOG_UINT("count", logs->lost_count));
	if (logs->ungrouped_count)
		log_warning("access log lines were dropped: stages name log groups that do not exist",
			LOG_UINT("count", logs->ungrouped_count));
	if (logs->displaced_count)
		log_info("the oldest log events gave way to new ones (log_events_mb)",
			LOG_UINT("count", logs->displaced_count));
	logs->lost_count = logs->ungrouped_count = logs->displaced_count = 0;
}

void logs_look_after(struct control *control)
{
	uint64_t until_ms = clock_monotonic_ms() + KEEP_BUDGET_MS;

	open_events(control);
	tell(&control->logs);
	shrink(control, until_ms);
	/* What is on trial may be taken back: a group and its events, a retention as it was. */
	if (control->checkpoint.state == CHECKPOINT_OPEN)
		return;
	if (control->logs.events && clock_monotonic_ms() >= control->logs.keep_ms)
		keep(control, until_ms);
}
