/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of control/logs: lines of the gateway become events once, whatever ends the control program; bounds; what is kept. */
#include "tests/unit/control/appliance.h"

#include "appliance/observe/line_record.h"

#define PAGES 64

/* MD5 of "0" and "1". */
#define STREAM_0 "cfcd208495d565ef66e7dff9f98764da"
#define STREAM_1 "c4ca4238a0b923820dcc509a6f75849b"

struct scene {
	struct appliance *appliance;
	struct line_record *record;
	int fd;
};

static int call_logs(struct appliance *appliance, const char *operation, const char *body)
{
	char target[64];

	snprintf(target, sizeof target, "Logs_20140328.%s", operation);
	return call_with(appliance, "logs", "POST", "/", "X-Amz-Target", target, body);
}

/* Have it end and start again, with the same file of lines. */
static void restart(struct appliance *appliance)
{
	appliance_close(appliance);
	appliance_open(appliance);
}

static int start(void **state)
{
	struct scene *scene = calloc(1, sizeof *scene);
	void *appliance;

	assert_non_null(scene);
	assert_int_equal(0, appliance_start(&appliance));
	scene->appliance = appliance;
	scene->fd = memfd_create("lines", MFD_CLOEXEC);
	assert_true(scene->fd >= 0);
	assert_int_equal(0, ftruncate(scene->fd, PAGES * RECORD_FILE_PAGE_BYTES));
	assert_int_equal(0, line_record_open(&scene->record, scene->fd, 2));
	scene->appliance->settings.line_record_fd = scene->fd;
	scene->appliance->settings.log_events_bytes = (uint64_t)4 << 20;
	restart(scene->appliance);
	assert_int_equal(200, call_logs(scene->appliance, "CreateLogGroup", "{\"logGroupName\":\"g\"}"));
	*state = scene;
	return 0;
}

static int finish(void **state)
{
	struct scene *scene = *state;
	void *appliance = scene->appliance;

	assert_int_equal(0, appliance_end(&appliance));
	line_record_close(scene->record);
	close(scene->fd);
	free(scene);
	return 0;
}

static void write_line(struct scene *scene, unsigned worker, const char *group, const char *line)
{
	line_log_write(
		line_record_log(scene->record, worker), clock_wall_ms(), view_from_text(group), view_from_text(line));
}

/* The messages of the last answer, separated by blanks. */
static const char *messages(struct appliance *appliance)
{
	static char text[256];

	text[0] = '\0';
	JSON_EACH(event, json_find(appliance->body, "events"))
	{
		size_t used = strlen(text);

		snprintf(text + used, sizeof text - used, "%s" VIEW_FMT, used ? " " : "",
			VIEW_ARG(json_find_text(event, "message")));
	}
	return text;
}

static size_t count_events(struct appliance *appliance)
{
	char body[128] = "{\"logGroupName\":\"g\"}";
	size_t count = 0;

	/* A slow machine takes several pages. */
	for (int page = 0; page < 1000; page++) {
		const char *token;

		assert_int_equal(200, call_logs(appliance, "FilterLogEvents", body));
		count += json_count(json_find(appliance->body, "events"));
		token = json_find_c_string(appliance->body, "nextToken");
		if (!token)
			break;
		snprintf(body, sizeof body, "{\"logGroupName\":\"g\",\"nextToken\":\"%s\"}", token);
	}
	return count;
}

static void lines_become_events_once(void **state)
{
	struct scene *scene = *state;
	struct appliance *appliance = scene->appliance;

	write_line(scene, 0, "g", "a0");
	write_line(scene, 1, "g", "a1");
	write_line(scene, 0, "none", "nobody's");
	assert_int_equal(
		200, call_logs(appliance, "FilterLogEvents", "{\"logGroupName\":\"g\",\"filterPattern\":\"a0\"}"));
	assert_string_equal("a0", messages(appliance));
	assert_string_equal(
		STREAM_0, json_find_c_string(json_at(json_find(appliance->body, "events"), 0), "logStreamName"));
	assert_int_equal(200,
		call_logs(appliance, "GetLogEvents", "{\"logGroupName\":\"g\",\"logStreamName\":\"" STREAM_1 "\"}"));
	assert_string_equal("a1", messages(appliance));
	assert_int_equal(1, appliance->control->logs.ungrouped_count);
	/* What it came to is known after its end; what was written meanwhile is fetched. */
	restart(appliance);
	assert_int_equal(2, count_events(appliance));
	appliance_close(appliance);
	write_line(scene, 0, "g", "meanwhile");
	appliance_open(appliance);
	assert_int_equal(3, count_events(appliance));
	assert_int_equal(0, appliance->control->logs.lost_count);
}

/* Bytes of a client that are no text. */
static void messages_are_texts(void **state)
{
	struct scene *scene = *state;

	line_log_write(
		line_record_log(scene->record, 0), UINT64_MAX, view_of("g"), view_from("a\xff\0b\xc3\xa4\xc3", 7));
	assert_int_equal(1, count_events(scene->appliance));
	assert_string_equal("a??b\xc3\xa4?", messages(scene->appliance));
	line_log_write(line_record_log(scene->record, 0), 1, view_from("g\0", 2), view_of("x"));
	line_log_write(line_record_log(scene->record, 0), 1, view_from("\xff", 1), view_of("x"));
	assert_int_equal(1, count_events(scene->appliance));
}

static void overwritten_lines_are_counted(void **state)
{
	struct scene *scene = *state;

	write_line(scene, 0, "g", "first");
	assert_int_equal(1, count_events(scene->appliance));
	for (int i = 0; i < 2000; i++)
		write_line(scene, 0, "g", "more");
	(void)count_events(scene->appliance);
	assert_true(scene->appliance->control->logs.lost_count > 0);
	assert_int_equal(1 + 2000 - scene->appliance->control->logs.lost_count, count_events(scene->appliance));
}

static void more_lines_than_one_batch(void **state)
{
	struct scene *scene = *state;
	struct line_record *record = NULL;

	/* A larger file: the old one is forgotten, and nothing of it missed. */
	assert_int_equal(0, ftruncate(scene->fd, 4096 * RECORD_FILE_PAGE_BYTES));
	assert_int_equal(0, line_record_open(&record, scene->fd, 2));
	for (int i = 0; i < 9000; i++)
		line_log_write(line_record_log(record, 1), clock_wall_ms(), view_of("g"), view_of("line"));
	assert_int_equal(9000, count_events(scene->appliance));
	line_record_close(record);
}

/* More than the database has room for: all of it comes in nevertheless, and the oldest goes. */
static void more_lines_than_there_is_room_for(void **state)
{
	struct scene *scene = *state;
	struct appliance *appliance = scene->appliance;
	static char text[60000];
	struct line_record *record = NULL;
	int rounds = 0;

	assert_int_equal(0, ftruncate(scene->fd, 8192 * RECORD_FILE_PAGE_BYTES));
	assert_int_equal(0, line_record_open(&record, scene->fd, 2));
	memset(text, 'l', sizeof text);
	for (int i = 0; i < 240; i++)
		line_log_write(line_record_log(record, 0), clock_wall_ms(), view_of("g"), view_from(text, sizeof text));
	line_log_write(line_record_log(record, 1), clock_wall_ms(), view_of("g"), view_of("beside"));
	line_log_write(line_record_log(record, 0), clock_wall_ms(), view_of("g"), view_of("last"));
	do {
		assert_true(++rounds < 200);
		logs_look_after(appliance->control);
		assert_int_equal(
			200, call_logs(appliance, "GetLogEvents",
				     "{\"logGroupName\":\"g\",\"logStreamName\":\"" STREAM_0 "\",\"limit\":1}"));
	} while (strcmp(messages(appliance), "last") != 0);
	assert_int_equal(0, appliance->control->logs.lost_count);
	line_record_close(record);
}

/* Old events, and those of groups that are gone, are cleared away. */
static void looking_after(void **state)
{
	struct scene *scene = *state;
	struct appliance *appliance = scene->appliance;
	struct log_events *events = appliance->control->logs.events;
	int64_t now_ms = (int64_t)clock_wall_ms(), day_ms = 24 * 3600 * 1000;
	struct view key = { 0 }, none = view_of("abandoned");
	struct store_record record;
	struct json *body = NULL;
	int64_t id;

	write_line(scene, 0, "g", "new");
	assert_int_equal(1, count_events(appliance));
	assert_int_equal(0, store_get(appliance->control->store, STORE_loggroup, "g", &record));
	assert_int_equal(0, json_parse(view_from(record.body, record.body_bytes), NULL, &body, NULL));
	store_record_fini(&record);
	key = json_find_text(json_find(body, "postern"), "key");
	assert_int_equal(0, log_events_begin(events));
	assert_int_equal(0, log_events_create_stream(events, key, view_of("old"), 1, &id));
	assert_int_equal(
		0, log_events_put(events, &(struct log_event){ .stream = id, .time_ms = now_ms - 8 * day_ms }));
	assert_int_equal(
		0, log_events_put(events, &(struct log_event){ .stream = id, .time_ms = now_ms - 6 * day_ms }));
	assert_int_equal(0, log_events_create_stream(events, none, view_of("s"), 1, &id));
	assert_int_equal(0, log_events_put(events, &(struct log_event){ .stream = id, .time_ms = 5 }));
	assert_int_equal(0, log_events_commit(events));
	json_free(body);
	assert_int_equal(3, count_events(appliance));
	assert_int_equal(
		200, call_logs(appliance, "PutRetentionPolicy", "{\"logGroupName\":\"g\",\"retentionInDays\":7}"));
	appliance->control->checkpoint.state = CHECKPOINT_OPEN;
	logs_look_after(appliance->control);
	assert_int_equal(3, count_events(appliance));
	appliance->control->checkpoint.state = CHECKPOINT_NONE;
	logs_look_after(appliance->control);
	assert_int_equal(2, count_events(appliance));
	assert_int_equal(0, log_events_stream_count(events, none));
	assert_int_equal(200, call_logs(appliance, "DeleteLogGroup", "{\"logGroupName\":\"g\"}"));
	logs_look_after(appliance->control);
	assert_int_equal(400, call_logs(appliance, "FilterLogEvents", "{\"logGroupName\":\"g\"}"));
	assert_string_equal("ResourceNotFoundException", member(appliance, "__type"));
}

/* Without a database of events the rest works on, and it is tried again. */
static void without_a_database(void **state)
{
	struct scene *scene = *state;
	struct appliance *appliance = scene->appliance;

	logs_close(appliance->control);
	write_line(scene, 0, "g", "waits");
	logs_take_lines(appliance->control);
	assert_int_equal(503, call_logs(appliance, "FilterLogEvents", "{\"logGroupName\":\"g\"}"));
	assert_int_equal(503, call_logs(appliance, "DescribeLogGroups", "{}"));
	assert_int_equal(200, call_logs(appliance, "CreateLogGroup", "{\"logGroupName\":\"h\"}"));
	logs_look_after(appliance->control);
	assert_int_equal(1, count_events(appliance));
}

#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, start, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCENE(lines_become_events_once),
		IN_SCENE(messages_are_texts),
		IN_SCENE(overwritten_lines_are_counted),
		IN_SCENE(more_lines_than_one_batch),
		IN_SCENE(more_lines_than_there_is_room_for),
		IN_SCENE(looking_after),
		IN_SCENE(without_a_database),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
