/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Log streams: create, describe, delete. */
#include <errno.h>
#include <string.h>

#include "appliance/control/logs/groups.h"
#include "appliance/control/operations.h"
#include "appliance/control/state.h"

int op_create_log_stream(struct call *call)
{
	struct log_events *events = call->control->logs.events;
	struct json JSON_CLEANUP *group = NULL;
	int64_t count;
	int error;

	if (log_name_check(call, "logStreamName", &log_stream_name_rule) < 0 || log_group_find_events(call, &group) < 0)
		return CALL_FAILED;
	count = log_events_stream_count(events, log_group_key(group));
	if (count < 0)
		return log_events_fail(call, (int)count);
	if (count >= LOG_STREAMS_MAX)
		return call_fail(call, "LimitExceededException", "Resource limit exceeded.");
	error = log_events_begin(events);
	if (error == 0)
		error = log_events_create_stream(events, log_group_key(group),
			view_from_text(call_input(call, "logStreamName")), (int64_t)call->request.received_wall_ms,
			NULL);
	if (error == 0)
		error = log_events_commit(events);
	log_events_rollback(events);
	if (error == -EEXIST)
		return call_fail(call, "ResourceAlreadyExistsException", "The specified log stream already exists");
	return error < 0 ? log_events_fail(call, error) : 0;
}

int op_delete_log_stream(struct call *call)
{
	struct log_events *events = call->control->logs.events;
	struct json JSON_CLEANUP *group = NULL;
	int64_t id;
	int error = log_group_find_events(call, &group);

	if (error == 0)
		error = log_stream_find(call, group, &id);
	if (error < 0)
		return error;
	error = log_events_begin(events);
	if (error == 0)
		error = log_events_delete_stream(
			events, log_group_key(group), view_from_text(call_input(call, "logStreamName")));
	if (error == 0)
		error = log_events_commit(events);
	log_events_rollback(events);
	if (error < 0)
		return log_events_fail(call, error);
	/* What is left of its events goes when there is time. */
	call->control->logs.keep_ms = 0;
	return 0;
}

/* ---- describing ---- */

struct page {
	struct call *call;
	struct json *rows;
	const char *arn, *prefix;
	const char *after; /* the last one of the page before; NULL once it was met */
	bool by_name, descending;
	size_t limit;
};

/* Is the stream of a page before? By name, that last one may be gone by now. */
static bool is_behind(struct page *page, struct view name)
{
	struct view after = view_from_text(page->after);
	int order;

	if (!page->by_name) {
		if (view_equals(name, after))
			page->after = NULL;
		return true;
	}
	order = memcmp(name.at, after.at, name.count < after.count ? name.count : after.count);
	if (order == 0)
		order = (name.count > after.count) - (name.count < after.count);
	if (page->descending ? order >= 0 : order <= 0)
		return true;
	page->after = NULL;
	return false;
}

static int add_stream(void *context, const struct log_stream *stream)
{
	struct page *page = context;
	struct json *row;

	if (page->prefix && !view_starts_with(stream->name, view_from_text(page->prefix)))
		return 0;
	if (page->after && is_behind(page, stream->name))
		return 0;
	if (json_count(page->rows) == page->limit)
		return 1;
	row = json_object_new();
	json_set_text(row, "logStreamName", stream->name);
	json_set_integer(row, "creationTime", stream->created_ms);
	if (stream->first_ms >= 0) {
		json_set_integer(row, "firstEventTimestamp", stream->first_ms);
		json_set_integer(row, "lastEventTimestamp", stream->last_ms);
	}
	if (stream->last_arrived_ms >= 0)
		json_set_integer(row, "lastIngestionTime", stream->last_arrived_ms);
	json_set(row, "uploadSequenceToken", json_text_new_printf("49%054lld", (long long)stream->id));
	json_set(row, "arn", json_text_new_printf("%s:log-stream:" VIEW_FMT, page->arn, VIEW_ARG(stream->name)));
	/* Source: DescribeLogStreams: it is no longer told of streams. */
	json_set_integer(row, "storedBytes", 0);
	json_append(page->rows, row);
	return 0;
}

int op_describe_log_streams(struct call *call)
{
	const char *order = call_input(call, "orderBy");
	bool by_time = order && strcmp(order, "LastEventTime") == 0;
	struct page page = { .call = call,
		.rows = json_ensure_array(call->output, "logStreams"),
		.prefix = call_input(call, "logStreamNamePrefix"),
		.after = call_input(call, "nextToken") };
	struct json JSON_CLEANUP *group = NULL;
	int64_t limit;
	int result;

	if (log_name_check(call, "logStreamNamePrefix", &log_stream_name_rule) < 0 ||
		log_integer(call, "limit", 1, LOG_PAGE_MAX, LOG_PAGE_MAX, &limit) < 0)
		return CALL_FAILED;
	if (by_time && page.prefix)
		return call_fail(
			call, "InvalidParameterException", "Cannot order by LastEventTime with a logStreamNamePrefix.");
	if (log_group_find_events(call, &group) < 0)
		return CALL_FAILED;
	page.arn = log_group_arn(call, json_find_text(group, "logGroupName"));
	page.limit = (size_t)limit;
	page.by_name = !by_time;
	page.descending = json_find_bool(call->input, "descending", false);
	result = log_events_each_stream(call->control->logs.events, log_group_key(group),
		by_time ? LOG_STREAM_BY_LAST_EVENT : LOG_STREAM_BY_NAME, page.descending, add_stream, &page);
	if (result < 0)
		return log_events_fail(call, result);
	if (page.after && by_time)
		return call_fail(call, "InvalidParameterException", "The specified nextToken is invalid.");
	if (result == 1)
		json_set(call->output, "nextToken",
			json_copy(json_find(json_at(page.rows, page.limit - 1), "logStreamName")));
	return 0;
}
