/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PutLogEvents. */
#include "appliance/control/logs/groups.h"
#include "appliance/control/operations.h"
#include "appliance/control/state.h"

/* Source: CloudWatch Logs API Reference, PutLogEvents. */
#define HOUR_MS ((int64_t)3600 * 1000)
#define DAY_MS (24 * HOUR_MS)
#define BATCH_MAX_BYTES ((size_t)1 << 20)
enum { BATCH_MAX_COUNT = 10000, NEW_MAX_HOURS = 2, OLD_MAX_DAYS = 14 };

static int64_t time_of(const struct json *event)
{
	return json_find_integer(event, "timestamp", -1);
}

static int check_event(struct call *call, const struct json *event, size_t index)
{
	struct view message = json_find_text(event, "message");

	if (message.count == 0)
		return log_violation(call, message, call_text(call, "logEvents.%zu.member.message", index + 1),
			"Member must have length greater than or equal to 1");
	if (time_of(event) < 0)
		return log_violation(call, json_number_text(json_find(event, "timestamp")),
			call_text(call, "logEvents.%zu.member.timestamp", index + 1),
			"Member must have value greater than or equal to 0");
	if (message.count + LOG_EVENTS_OVERHEAD_BYTES > LOG_EVENTS_MESSAGE_MAX_BYTES)
		return call_fail(call, "InvalidParameterException",
			"Log event too large: %zu bytes exceeds limit of %zu",
			message.count + LOG_EVENTS_OVERHEAD_BYTES, LOG_EVENTS_MESSAGE_MAX_BYTES);
	return 0;
}

static int check_batch(struct call *call, const struct json *batch)
{
	size_t bytes = 0, index = 0;
	int64_t last_ms = -1;

	if (json_count(batch) == 0 || json_count(batch) > BATCH_MAX_COUNT)
		return log_violation(call, view_of("[]"), "logEvents",
			json_count(batch) ? "Member must have length less than or equal to 10000"
					  : "Member must have length greater than or equal to 1");
	JSON_EACH(event, batch)
	{
		if (check_event(call, event, index++) < 0)
			return CALL_FAILED;
		bytes += json_find_text(event, "message").count + LOG_EVENTS_OVERHEAD_BYTES;
		if (time_of(event) < last_ms)
			return call_fail(call, "InvalidParameterException",
				"Log events in a single PutLogEvents request must be in chronological order.");
		last_ms = time_of(event);
	}
	if (bytes > BATCH_MAX_BYTES)
		return call_fail(call, "InvalidParameterException", "Upload too large: %zu bytes exceeds limit of %zu",
			bytes, BATCH_MAX_BYTES);
	if (last_ms - time_of(json_at(batch, 0)) > DAY_MS)
		return call_fail(call, "InvalidParameterException",
			"The batch of log events in a single PutLogEvents request cannot span more than 24 hours.");
	return 0;
}

/* Events from `*first` up to `*end` are taken, the others told about. */
static void reject(struct call *call, const struct json *batch, int64_t retention_days, size_t *first, size_t *end)
{
	int64_t now_ms = (int64_t)call->request.received_wall_ms;
	struct json *info = json_object_new();
	size_t too_old = 0, expired = 0;

	*end = json_count(batch);
	JSON_EACH(event, batch)
	{
		int64_t time_ms = time_of(event);

		too_old += time_ms < now_ms - OLD_MAX_DAYS * DAY_MS;
		expired += retention_days > 0 && time_ms < now_ms - retention_days * DAY_MS;
		*end -= time_ms > now_ms + NEW_MAX_HOURS * HOUR_MS;
	}
	*first = too_old > expired ? too_old : expired;
	if (*end < json_count(batch))
		json_set_integer(info, "tooNewLogEventStartIndex", (int64_t)*end);
	if (too_old)
		json_set_integer(info, "tooOldLogEventEndIndex", (int64_t)too_old);
	if (expired)
		json_set_integer(info, "expiredLogEventEndIndex", (int64_t)expired);
	if (json_count(info))
		json_set(call->output, "rejectedLogEventsInfo", info);
	else
		json_free(info);
}

static int put_batch(struct call *call, const struct json *batch, int64_t stream, size_t first, size_t end)
{
	struct log_events *events = call->control->logs.events;
	int error = log_events_begin(events);

	for (size_t i = first; i < end && error == 0; i++) {
		const struct json *event = json_at(batch, i);

		error = log_events_put(events, &(struct log_event){ .stream = stream,
						       .time_ms = time_of(event),
						       .arrived_ms = (int64_t)call->request.received_wall_ms,
						       .message = json_find_text(event, "message") });
	}
	if (error == 0)
		error = log_events_commit(events);
	log_events_rollback(events);
	return error < 0 ? log_events_fail(call, error) : 0;
}

int op_put_log_events(struct call *call)
{
	const struct json *batch = json_find(call->input, "logEvents");
	struct json JSON_CLEANUP *group = NULL;
	size_t first, end;
	int64_t stream;
	int error = check_batch(call, batch);

	if (error == 0)
		error = log_group_find_events(call, &group);
	if (error == 0)
		error = log_stream_find(call, group, &stream);
	if (error < 0)
		return error;
	reject(call, batch, json_find_integer(group, "retentionInDays", 0), &first, &end);
	error = put_batch(call, batch, stream, first, end);
	/* Source: PutLogEvents: it is always there, and never needed again. */
	if (error == 0)
		json_set(call->output, "nextSequenceToken", json_text_new_printf("49%054lld", (long long)stream));
	return error;
}
