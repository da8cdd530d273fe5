/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of control/drop_log and of the filters' metrics: lines of the log, and how many of them there are. */
#include "tests/unit/control/filtering.h"

#include "appliance/control/metrics.h"

/* Standard error as it was before, and what is written to it meanwhile. */
struct capture {
	int before;
	FILE *file;
};

static void capture_start(struct capture *capture)
{
	capture->file = tmpfile();
	assert_non_null(capture->file);
	fflush(stderr);
	capture->before = dup(2);
	assert_int_equal(2, dup2(fileno(capture->file), 2));
	log_start("control", LOG_LEVEL_INFO, LOG_FORM_JSON);
}

/* Lines that hold `text`; the first of them in `ret` if that is not NULL. */
static unsigned capture_end(struct capture *capture, const char *text, char ret[LOG_LINE_MAX_BYTES])
{
	char line[LOG_LINE_MAX_BYTES];
	unsigned count = 0;

	assert_int_equal(2, dup2(capture->before, 2));
	close(capture->before);
	log_start("test", LOG_LEVEL_ERROR, LOG_FORM_TEXT);
	rewind(capture->file);
	while (fgets(line, sizeof line, capture->file))
		if (strstr(line, text) && count++ == 0 && ret)
			memcpy(ret, line, sizeof line);
	fclose(capture->file);
	return count;
}

/* Drops of one endpoint from 10.20.0.`first` and the next ones. */
static void add_drops(struct appliance *appliance, unsigned first, unsigned count)
{
	struct verb_filter_events drops = { .count = 1 };

	for (unsigned i = 0; i < count; i++) {
		memcpy(drops.events[0].id, fake.load.id, sizeof fake.load.id);
		drops.events[0].event = (struct filter_event){ .generation = fake.load.generation,
			.source = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 20, (uint8_t)((first + i) >> 8),
				(uint8_t)(first + i) },
			.destination_port = 443,
			.protocol = 6,
			.reason = FILTER_SOURCE_DENIED,
			.statement = fake.load.default_statement };
		events_add(&appliance->control->events, &drops);
	}
}

static void a_drop_is_a_line_with_its_statement(void **state)
{
	struct appliance *appliance = *state;
	char line[LOG_LINE_MAX_BYTES], wanted[256];
	struct capture capture;

	(void)create_endpoint(appliance);
	deploy(appliance, ONLY_LEFT);
	assert_int_equal(FILTER_VERDICT_DENY, fake.load.default_verdict);
	add_drops(appliance, 66, 1);
	capture_start(&capture);
	drop_log_run(appliance->control, 1000);
	assert_int_equal(1, capture_end(&capture, "packet dropped", line));
	snprintf(wanted, sizeof wanted,
		"\"endpoint\":\"%s\",\"source\":\"10.20.0.66\",\"port\":443,\"protocol\":6,\"reason\":\"source_"
		"denied\","
		"\"statement\":1,\"sid\":\"OnlyLeft\",\"policy\":\"arn:aws:execute-api:",
		fake.load.id);
	assert_non_null(strstr(line, wanted));
	assert_non_null(strstr(line, "\"level\":\"info\""));
}

static void a_source_that_goes_on_is_a_line_per_window(void **state)
{
	struct appliance *appliance = *state;
	char line[LOG_LINE_MAX_BYTES];
	struct capture capture;

	(void)create_endpoint(appliance);
	deploy(appliance, ONLY_LEFT);
	add_drops(appliance, 66, 1);
	capture_start(&capture);
	drop_log_run(appliance->control, 1000);
	for (unsigned i = 0; i < 5; i++)
		add_drops(appliance, 66, 1);
	drop_log_run(appliance->control, 1000 + DROP_LOG_WINDOW_MS - 1);
	assert_int_equal(1, capture_end(&capture, "packet dropped", NULL));
	capture_start(&capture);
	drop_log_run(appliance->control, 1000 + DROP_LOG_WINDOW_MS);
	drop_log_run(appliance->control, 1000 + DROP_LOG_WINDOW_MS + 1);
	assert_int_equal(1, capture_end(&capture, "packet dropped", line));
	assert_non_null(strstr(line, "\"suppressed\":4"));
	/* A window in which nothing came ends the matter. */
	capture_start(&capture);
	drop_log_run(appliance->control, 1000 + 2 * DROP_LOG_WINDOW_MS);
	assert_int_equal(0, capture_end(&capture, "packet dropped", NULL));
	assert_int_equal(0, appliance->control->drop_log.source_count);
}

static void more_sources_than_are_followed_are_counted(void **state)
{
	struct appliance *appliance = *state;
	char line[LOG_LINE_MAX_BYTES];
	struct capture capture;

	(void)create_endpoint(appliance);
	deploy(appliance, ONLY_LEFT);
	capture_start(&capture);
	add_drops(appliance, 1, DROP_LOG_SOURCES_MAX + 7);
	drop_log_run(appliance->control, 1000);
	assert_int_equal(1, capture_end(&capture, "further sources", line));
	assert_non_null(strstr(line, "\"events\":7"));
	/* What was overwritten before it was seen is counted too. */
	capture_start(&capture);
	add_drops(appliance, 1, EVENTS_MAX_COUNT + 3);
	drop_log_run(appliance->control, 1000 + 2 * DROP_LOG_WINDOW_MS);
	assert_int_equal(1, capture_end(&capture, "further sources", line));
	assert_non_null(strstr(line, "\"events\":1027"));
}

static void counters_are_a_line_a_minute_if_they_changed(void **state)
{
	struct appliance *appliance = *state;
	char line[LOG_LINE_MAX_BYTES];
	struct capture capture;

	(void)create_endpoint(appliance);
	fake.stats.packets[FILTER_PASSED] = 12;
	fake.stats.packets[FILTER_SOURCE_DENIED] = 34;
	capture_start(&capture);
	drop_log_count(appliance->control, 1000);
	drop_log_count(appliance->control, 1000 + DROP_LOG_COUNTERS_MS - 1);
	assert_int_equal(1, capture_end(&capture, "packets judged", line));
	assert_non_null(strstr(line, "\"passed\":12,\"source_denied\":34}"));
	capture_start(&capture);
	drop_log_count(appliance->control, 1000 + DROP_LOG_COUNTERS_MS);
	fake.stats.packets[FILTER_PASSED]++;
	drop_log_count(appliance->control, 1000 + DROP_LOG_COUNTERS_MS + 1);
	assert_int_equal(0, capture_end(&capture, "packets judged", NULL));
	capture_start(&capture);
	drop_log_count(appliance->control, 1000 + 2 * DROP_LOG_COUNTERS_MS);
	assert_int_equal(1, capture_end(&capture, "\"passed\":13", NULL));
}

static void metrics_tell_all_counters_of_an_endpoint(void **state)
{
	struct appliance *appliance = *state;
	struct dispatch_response answer;
	const char *id = create_endpoint(appliance);
	static const char *const wanted[] = {
		"postern_filter_packets_total{endpoint=\"%s\",reason=\"source_denied\"} 34\n",
		"postern_filter_bytes_total{endpoint=\"%s\",reason=\"source_denied\"} 2040\n",
		"postern_filter_resets_sent_total{endpoint=\"%s\"} 5\n",
		"postern_filter_resets_limited_total{endpoint=\"%s\"} 6\n",
		"postern_filter_events_sent_total{endpoint=\"%s\"} 7\n",
		"postern_filter_events_lost_total{endpoint=\"%s\"} 8\n",
		"postern_filter_prefixes{endpoint=\"%s\"} 9\n",
		"postern_filter_prefixes_needed{endpoint=\"%s\"} 0\n",
		"postern_filter_widened{endpoint=\"%s\"} 0\n",
		"postern_filter_generation{endpoint=\"%s\"} 10\n",
		"postern_filter_mode{endpoint=\"%s\",mode=\"drop\"} 1\n",
		"postern_filter_mode{endpoint=\"%s\",mode=\"reset\"} 0\n",
	};
	const struct verb_filter_events lost = { .lost = 11 };

	fake.stats = (struct verb_filter_stats){ .generation = 10,
		.mode = FILTER_MODE_DROP,
		.prefix_count = 9,
		.packets[FILTER_SOURCE_DENIED] = 34,
		.bytes[FILTER_SOURCE_DENIED] = 2040,
		.resets_sent = 5,
		.resets_limited = 6,
		.events_sent = 7,
		.events_lost = 8 };
	events_add(&appliance->control->events, &lost);
	metrics_answer(appliance->control, &answer);
	assert_true(view_find(buffer_view(&answer.body), view_of("\npostern_filter_events_undelivered_total 11\n")) !=
		    VIEW_NOWHERE);
	for (size_t i = 0; i < ARRAY_COUNT(wanted); i++) {
		char line[160], head[80];

		snprintf(line, sizeof line, wanted[i], id);
		if (view_find(buffer_view(&answer.body), view_from_text(line)) == VIEW_NOWHERE)
			fail_msg("not in the metrics: %s", line);
		snprintf(head, sizeof head, "# TYPE %.*s ", (int)strcspn(line, "{"), line);
		if (view_find(buffer_view(&answer.body), view_from_text(head)) == VIEW_NOWHERE)
			fail_msg("not in the metrics: %s", head);
	}
	dispatch_response_fini(&answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_POSTERND(a_drop_is_a_line_with_its_statement),
		WITH_POSTERND(a_source_that_goes_on_is_a_line_per_window),
		WITH_POSTERND(more_sources_than_are_followed_are_counted),
		WITH_POSTERND(counters_are_a_line_a_minute_if_they_changed),
		WITH_POSTERND(metrics_tell_all_counters_of_an_endpoint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
