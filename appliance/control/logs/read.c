/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GetLogEvents and FilterLogEvents. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/control/logs/filter_pattern.h"
#include "appliance/control/logs/groups.h"
#include "appliance/control/operations.h"
#include "appliance/control/state.h"

/* Most events and bytes of an answer. Source: CloudWatch Logs API Reference, GetLogEvents, FilterLogEvents. */
#define ANSWER_MAX_BYTES ((size_t)1 << 20)
enum { ANSWER_MAX_COUNT = 10000, STREAM_NAMES_MAX = 100 };

/* What one FilterLogEvents looks through: other calls wait meanwhile. It then answers with what it has, and a token. */
#define SCAN_MAX_BYTES ((size_t)8 << 20)
enum { SCAN_MAX_COUNT = 50000, SCAN_MAX_MS = 250 };

/* Times behind that are as good as it; one can be added to it. */
#define TIME_MAX_MS (INT64_MAX / 2)

/* ---- positions as texts: 56 digits, time and serial, as AWS's ids of events are long ---- */

enum { TIME_DIGITS = 20, SERIAL_DIGITS = 36, POSITION_DIGITS = TIME_DIGITS + SERIAL_DIGITS };

static const char *position_text(struct call *call, struct log_position position)
{
	return call_text(call, "%020lld%036lld", (long long)position.time_ms, (long long)position.serial);
}

static bool read_digits(struct view text, int64_t *ret)
{
	*ret = 0;
	for (size_t i = 0; i < text.count; i++) {
		if (text.at[i] < '0' || text.at[i] > '9' || *ret > INT64_MAX / 10 - 1)
			return false;
		*ret = 10 * *ret + (text.at[i] - '0');
	}
	return true;
}

static bool read_position(struct view text, struct log_position *ret)
{
	return text.count == POSITION_DIGITS && read_digits(view_part(text, 0, TIME_DIGITS), &ret->time_ms) &&
	       read_digits(view_after(text, TIME_DIGITS), &ret->serial);
}

static struct log_position behind(const struct log_event *event)
{
	return (struct log_position){ event->time_ms, event->serial + 1 };
}

static bool is_before(struct log_position a, struct log_position b)
{
	return a.time_ms < b.time_ms || (a.time_ms == b.time_ms && a.serial < b.serial);
}

static int fail_token(struct call *call)
{
	return call_fail(call, "InvalidParameterException", "The specified nextToken is invalid.");
}

/* The times of a request; `end_is_wanted`: events of endTime itself are part of it. */
static int read_range(struct call *call, bool end_is_wanted, struct log_query *query)
{
	int64_t start_ms, end_ms;

	if (log_integer(call, "startTime", 0, INT64_MAX, 0, &start_ms) < 0 ||
		log_integer(call, "endTime", 0, INT64_MAX, INT64_MAX, &end_ms) < 0)
		return CALL_FAILED;
	if (start_ms > end_ms)
		return call_fail(
			call, "InvalidParameterException", "endTime must be greater than or equal to startTime");
	query->after.time_ms = start_ms;
	query->before = (struct log_position){ end_ms > TIME_MAX_MS ? INT64_MAX : end_ms + end_is_wanted, 0 };
	return 0;
}

/* ---- GetLogEvents ---- */

struct reading {
	struct json *rows;
	size_t limit, bytes;
	struct log_position first, last; /* that were read; first.serial 0: nothing */
};

static int add_event(void *context, const struct log_event *event)
{
	struct reading *reading = context;
	struct json *row;

	if (json_count(reading->rows) == reading->limit ||
		(json_count(reading->rows) && reading->bytes + event->message.count > ANSWER_MAX_BYTES))
		return 1;
	row = json_object_new();
	json_set_integer(row, "timestamp", event->time_ms);
	json_set_text(row, "message", event->message);
	json_set_integer(row, "ingestionTime", event->arrived_ms);
	json_append(reading->rows, row);
	reading->bytes += event->message.count + LOG_EVENTS_OVERHEAD_BYTES;
	reading->last = (struct log_position){ event->time_ms, event->serial };
	if (!reading->first.serial)
		reading->first = reading->last;
	return 0;
}

/* "f/POSITION/s" or "b/POSITION/s". */
static int read_token(struct call *call, bool *ret_backward, struct log_position *ret)
{
	struct view token = view_from_text(call_input(call, "nextToken"));

	*ret_backward = view_starts_with(token, view_of("b/"));
	if (!*ret_backward && !view_starts_with(token, view_of("f/")))
		return fail_token(call);
	token = view_after(token, 2);
	if (view_ends_with(token, view_of("/s")))
		token = view_part(token, 0, token.count - 2);
	return read_position(token, ret) ? 0 : fail_token(call);
}

/* From which side, and from where: a token says more than startFromHead and the times. `*ret_place` is where it begins. */
static int read_direction(struct call *call, struct log_query *query, struct log_position *ret_place)
{
	struct log_position token;

	query->descending = !json_find_bool(call->input, "startFromHead", false);
	*ret_place = query->descending ? query->before : query->after;
	if (!call_input(call, "nextToken"))
		return 0;
	if (read_token(call, &query->descending, &token) < 0)
		return CALL_FAILED;
	*ret_place = token;
	if (query->descending && is_before(token, query->before))
		query->before = token;
	else if (!query->descending && is_before(query->after, token))
		query->after = token;
	return 0;
}

static void answer_events(struct call *call, const struct reading *reading, bool descending, struct log_position place)
{
	struct json *events = json_ensure_array(call->output, "events");
	struct log_position oldest = descending ? reading->last : reading->first;
	struct log_position newest = descending ? reading->first : reading->last;

	if (place.time_ms > TIME_MAX_MS)
		place = (struct log_position){ (int64_t)call->request.received_wall_ms, 0 };
	if (reading->first.serial)
		newest.serial++;
	else
		oldest = newest = place;
	while (json_count(reading->rows))
		json_append(events, json_take_at(reading->rows, descending ? json_count(reading->rows) - 1 : 0));
	json_set_c_string(call->output, "nextForwardToken", call_text(call, "f/%s/s", position_text(call, newest)));
	json_set_c_string(call->output, "nextBackwardToken", call_text(call, "b/%s/s", position_text(call, oldest)));
}

int op_get_log_events(struct call *call)
{
	struct reading reading = { 0 };
	struct json JSON_CLEANUP *group = NULL, *rows = json_array_new();
	struct log_query query = { 0 };
	struct log_position place = { 0 };
	int64_t limit;
	int error = read_range(call, false, &query);

	if (error == 0)
		error = log_integer(call, "limit", 1, ANSWER_MAX_COUNT, ANSWER_MAX_COUNT, &limit);
	if (error == 0)
		error = log_group_find_events(call, &group);
	if (error == 0)
		error = log_stream_find(call, group, &query.stream);
	if (error == 0)
		error = read_direction(call, &query, &place);
	if (error < 0)
		return error;
	reading.rows = rows;
	reading.limit = (size_t)limit;
	error = log_events_each(call->control->logs.events, &query, add_event, &reading);
	if (error < 0)
		return log_events_fail(call, error);
	answer_events(call, &reading, query.descending, place);
	return 0;
}

/* ---- FilterLogEvents ---- */

struct filtered_stream {
	int64_t id;
	struct view name;
	bool wanted;
};

struct filtering {
	struct call *call;
	struct filter_pattern *pattern;
	struct filtered_stream *streams; /* of the group, by id */
	size_t stream_count, stream_room, wanted_count;
	const char *prefix;
	const struct json *names;
	struct json *rows;
	size_t limit, bytes, scanned_bytes, scanned_count;
	uint64_t until_ms;
	struct log_position next; /* behind what was looked at */
};

static bool is_wanted(const struct filtering *filtering, struct view name)
{
	if (filtering->prefix)
		return view_starts_with(name, view_from_text(filtering->prefix));
	if (!filtering->names)
		return true;
	JSON_EACH(wanted, filtering->names)
	if (view_equals(json_text(wanted), name))
		return true;
	return false;
}

static int note_stream(void *context, const struct log_stream *stream)
{
	struct filtering *filtering = context;
	bool wanted = is_wanted(filtering, stream->name);

	if (filtering->stream_count == filtering->stream_room) {
		filtering->stream_room = filtering->stream_room ? 2 * filtering->stream_room : 64;
		filtering->streams =
			reallocarray(filtering->streams, filtering->stream_room, sizeof *filtering->streams);
		ASSERT(filtering->streams);
	}
	filtering->streams[filtering->stream_count++] = (struct filtered_stream){
		.id = stream->id,
		.name = view_from_text(call_text_of(filtering->call, stream->name)),
		.wanted = wanted,
	};
	filtering->wanted_count += wanted;
	return 0;
}

static int compare_streams(const void *left, const void *right)
{
	int64_t a = ((const struct filtered_stream *)left)->id, b = ((const struct filtered_stream *)right)->id;

	return (a > b) - (a < b);
}

static const struct filtered_stream *stream_of(const struct filtering *filtering, int64_t id)
{
	struct filtered_stream key = { .id = id };

	return bsearch(&key, filtering->streams, filtering->stream_count, sizeof key, compare_streams);
}

static void show_event(struct filtering *filtering, const struct log_event *event, struct view stream)
{
	struct json *row = json_object_new();

	json_set_text(row, "logStreamName", stream);
	json_set_integer(row, "timestamp", event->time_ms);
	json_set_text(row, "message", event->message);
	json_set_integer(row, "ingestionTime", event->arrived_ms);
	json_set_c_string(
		row, "eventId", position_text(filtering->call, (struct log_position){ event->time_ms, event->serial }));
	json_append(filtering->rows, row);
	filtering->bytes += event->message.count + LOG_EVENTS_OVERHEAD_BYTES;
}

static int look_at(void *context, const struct log_event *event)
{
	struct filtering *filtering = context;
	const struct filtered_stream *stream;

	if (json_count(filtering->rows) == filtering->limit || filtering->scanned_count == SCAN_MAX_COUNT ||
		filtering->scanned_bytes > SCAN_MAX_BYTES ||
		(filtering->scanned_count && clock_monotonic_ms() >= filtering->until_ms) ||
		(json_count(filtering->rows) && filtering->bytes + event->message.count > ANSWER_MAX_BYTES))
		return 1;
	filtering->next = behind(event);
	filtering->scanned_count++;
	filtering->scanned_bytes += event->message.count;
	stream = stream_of(filtering, event->stream);
	if (stream && stream->wanted && filter_pattern_fits(filtering->pattern, event->message))
		show_event(filtering, event, stream->name);
	return 0;
}

static int check_filter(struct call *call, struct filtering *filtering, int64_t *ret_limit)
{
	if (json_count(filtering->names) > STREAM_NAMES_MAX)
		return log_violation(
			call, view_of("[]"), "logStreamNames", "Member must have length less than or equal to 100");
	if (filtering->names && filtering->prefix)
		return call_fail(call, "InvalidParameterException",
			"logStreamNames and logStreamNamePrefix cannot be specified at the same time.");
	if (log_name_check(call, "logStreamNamePrefix", &log_stream_name_rule) < 0)
		return CALL_FAILED;
	return log_integer(call, "limit", 1, ANSWER_MAX_COUNT, ANSWER_MAX_COUNT, ret_limit);
}

static int compile(struct call *call, struct filter_pattern **ret)
{
	char why[FILTER_PATTERN_WHY_BYTES];

	if (filter_pattern_compile(ret, json_find_text(call->input, "filterPattern"), why) == 0)
		return 0;
	if (strncmp(why, "Invalid ", strlen("Invalid ")) == 0)
		return call_fail(call, "InvalidParameterException", "%s", why);
	return call_fail(call, "InvalidParameterException", "Invalid filter pattern: %s", why);
}

/* How many different texts a list has. */
static size_t distinct_count(const struct json *list)
{
	size_t count = json_count(list);

	for (size_t i = 0; i < json_count(list); i++)
		for (size_t k = 0; k < i; k++)
			if (view_equals(json_text(json_at(list, i)), json_text(json_at(list, k)))) {
				count--;
				break;
			}
	return count;
}

/* The streams that are asked for; those that are named must be there. */
static int find_streams(struct call *call, struct filtering *filtering, struct log_query *query)
{
	int error = log_events_each_stream(
		call->control->logs.events, query->group, LOG_STREAM_BY_NAME, false, note_stream, filtering);

	if (error < 0)
		return log_events_fail(call, error);
	if (filtering->wanted_count < distinct_count(filtering->names))
		return call_fail(call, "ResourceNotFoundException", "The specified log stream does not exist.");
	if (filtering->stream_count)
		qsort(filtering->streams, filtering->stream_count, sizeof *filtering->streams, compare_streams);
	for (size_t i = 0; i < filtering->stream_count && filtering->wanted_count == 1; i++)
		if (filtering->streams[i].wanted)
			query->stream = filtering->streams[i].id;
	return 0;
}

static int filter(struct call *call, struct filtering *filtering, struct log_query *query)
{
	struct log_position token;
	int error = find_streams(call, filtering, query);

	if (error < 0)
		return error;
	if (call_input(call, "nextToken")) {
		if (!read_position(view_from_text(call_input(call, "nextToken")), &token))
			return fail_token(call);
		if (is_before(query->after, token))
			query->after = token;
	}
	filtering->until_ms = clock_monotonic_ms() + SCAN_MAX_MS;
	if (filtering->wanted_count)
		error = log_events_each(call->control->logs.events, query, look_at, filtering);
	if (error < 0)
		return log_events_fail(call, error);
	if (error == 1)
		json_set_c_string(call->output, "nextToken", position_text(call, filtering->next));
	json_set(call->output, "searchedLogStreams", json_array_new());
	return 0;
}

int op_filter_log_events(struct call *call)
{
	struct filtering filtering = { .call = call,
		.prefix = call_input(call, "logStreamNamePrefix"),
		.names = json_find(call->input, "logStreamNames"),
		.rows = json_ensure_array(call->output, "events") };
	struct json JSON_CLEANUP *group = NULL;
	struct log_query query = { 0 };
	int64_t limit = 0;
	int error = check_filter(call, &filtering, &limit);

	if (error == 0)
		error = read_range(call, true, &query);
	if (error == 0)
		error = compile(call, &filtering.pattern);
	if (error == 0)
		error = log_group_find_events(call, &group);
	if (error == 0) {
		filtering.limit = (size_t)limit;
		query.group = log_group_key(group);
		error = filter(call, &filtering, &query);
	}
	filter_pattern_free(filtering.pattern);
	free(filtering.streams);
	return error;
}
