/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/filter/drop_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/log.h"
#include "appliance/control/endpoints.h"
#include "appliance/control/filter/filter.h"
#include "appliance/control/postern/filter.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"

/* --- events ------------------------------------------------------------------------------------------------------------------ */

static void write_line(const struct control *control, const struct verb_filter_event *drop, uint64_t suppressed_count)
{
	static struct log_place place;
	const struct filter_event *event = &drop->event;
	struct filter_statement statement;
	struct log_field fields[10];
	char source[OWN_FILTER_ADDRESS_BYTES];
	size_t count = 0;

	fields[count++] = (struct log_field)LOG_TEXT("endpoint", drop->id);
	fields[count++] = (struct log_field)LOG_TEXT("source", own_filter_address_text(event->source, source));
	fields[count++] = (struct log_field)LOG_UINT("port", event->destination_port);
	fields[count++] = (struct log_field)LOG_UINT("protocol", event->protocol);
	fields[count++] = (struct log_field)LOG_TEXT("reason", filter_reason_name(event->reason));
	if (event->statement != FILTER_NO_STATEMENT &&
		filter_explain(control, drop->id, event->generation, event->statement, &statement)) {
		fields[count++] = (struct log_field)LOG_INT("statement", statement.statement);
		fields[count++] = (struct log_field)LOG_VIEW("sid", statement.sid);
		fields[count++] = (struct log_field)LOG_VIEW("policy", statement.policy);
	}
	if (event->observed)
		fields[count++] = (struct log_field)LOG_BOOL("observed", true);
	if (suppressed_count)
		fields[count++] = (struct log_field)LOG_UINT("suppressed", suppressed_count);
	if (log_is_on(LOG_LEVEL_INFO))
		log_event(
			&place, LOG_LEVEL_INFO, event->observed ? "packet observed" : "packet dropped", fields, count);
}

static bool is_same(const struct verb_filter_event *a, const struct verb_filter_event *b)
{
	return a->event.reason == b->event.reason &&
	       memcmp(a->event.source, b->event.source, sizeof a->event.source) == 0 && strcmp(a->id, b->id) == 0;
}

static void forget_source(struct drop_log *log, size_t index)
{
	log->sources[index] = log->sources[--log->source_count];
}

static void take(
	const struct control *control, struct drop_log *log, const struct verb_filter_event *drop, uint64_t now_ms)
{
	for (size_t i = 0; i < log->source_count; i++)
		if (is_same(&log->sources[i].last, drop)) {
			log->sources[i].last = *drop;
			log->sources[i].suppressed_count++;
			return;
		}
	if (log->source_count == DROP_LOG_SOURCES_MAX) {
		log->missed_count++;
		return;
	}
	log->sources[log->source_count++] =
		(struct drop_log_source){ .last = *drop, .until_ms = now_ms + DROP_LOG_WINDOW_MS };
	write_line(control, drop, 0);
}

/* A source that went on has its line at the end of its window, which begins another one. */
static void end_windows(const struct control *control, struct drop_log *log, uint64_t now_ms)
{
	for (size_t i = 0; i < log->source_count; i++) {
		struct drop_log_source *source = &log->sources[i];

		if (now_ms < source->until_ms)
			continue;
		if (source->suppressed_count == 0) {
			forget_source(log, i--);
			continue;
		}
		write_line(control, &source->last, source->suppressed_count - 1);
		source->suppressed_count = 0;
		source->until_ms = now_ms + DROP_LOG_WINDOW_MS;
	}
}

void drop_log_run(struct control *control, uint64_t now_ms)
{
	struct drop_log *log = &control->drop_log;
	uint64_t newest = events_newest(&control->events), lost;
	struct event *events;
	size_t count;

	end_windows(control, log, now_ms);
	if (newest > log->last_number) {
		events = calloc(EVENTS_MAX_COUNT, sizeof *events);
		ASSERT(events);
		count = events_copy(&control->events, log->last_number, events, EVENTS_MAX_COUNT, &lost);
		for (size_t i = 0; i < count; i++)
			take(control, log, &events[i].drop, now_ms);
		if (count) {
			log->missed_count += events[0].number - log->last_number - 1;
			log->last_number = events[count - 1].number;
		}
		free(events);
	}
	if (log->missed_count && now_ms >= log->missed_due_ms) {
		log_info("packets of further sources dropped", LOG_UINT("events", log->missed_count));
		log->missed_count = 0;
		log->missed_due_ms = now_ms + DROP_LOG_WINDOW_MS;
	}
}

/* --- counters ---------------------------------------------------------------------------------------------------------------- */

/* What was logged of the endpoint; NULL if there is no room, which there is for all that posternd may have. */
static struct drop_log_counters *counters_of(struct drop_log *log, const char *id)
{
	struct drop_log_counters *free_one = NULL;

	for (size_t i = 0; i < VERB_ENDPOINTS_MAX; i++) {
		if (strcmp(log->counters[i].id, id) == 0)
			return &log->counters[i];
		if (!free_one && !log->counters[i].id[0])
			free_one = &log->counters[i];
	}
	if (free_one)
		strcpy(free_one->id, id);
	return free_one;
}

/* Make room of endpoints that are gone. */
static void forget_deleted(struct drop_log *log, const struct json *endpoints)
{
	for (size_t i = 0; i < VERB_ENDPOINTS_MAX; i++) {
		bool found = false;

		JSON_EACH(endpoint, endpoints)
		found = found || view_equals_text(json_find_text(endpoint, "vpcEndpointId"), log->counters[i].id);
		if (!found)
			log->counters[i] = (struct drop_log_counters){ .id = "" };
	}
}

static void write_counters(const char *id, const struct verb_filter_stats *stats)
{
	struct log_field fields[1 + FILTER_REASON_COUNT];
	char names[FILTER_REASON_COUNT][32];
	size_t count = 0;

	fields[count++] = (struct log_field)LOG_TEXT("endpoint", id);
	for (unsigned reason = 0; reason < FILTER_REASON_COUNT; reason++) {
		if (!stats->packets[reason])
			continue;
		snprintf(names[reason], sizeof names[reason], "%s", filter_reason_name(reason));
		fields[count++] = (struct log_field)LOG_UINT(names[reason], stats->packets[reason]);
	}
	if (log_is_on(LOG_LEVEL_INFO))
		log_event(NULL, LOG_LEVEL_INFO, "packets judged so far", fields, count);
}

void drop_log_count(struct control *control, uint64_t now_ms)
{
	const struct call_request nothing = { .received_wall_ms = 0 };
	struct drop_log *log = &control->drop_log;
	struct json JSON_CLEANUP *endpoints = NULL;
	struct call call;

	if (control->settings.local || !control->settings.posternd_socket || now_ms < log->counters_due_ms)
		return;
	log->counters_due_ms = now_ms + DROP_LOG_COUNTERS_MS;
	call_init(&call, control, &nothing);
	endpoints = record_list(&call, STORE_vpcendpoint, NULL);
	if (call.store_error == 0)
		forget_deleted(log, endpoints);
	JSON_EACH(endpoint, endpoints)
	{
		const char *id = json_find_c_string(endpoint, "vpcEndpointId");
		struct drop_log_counters *known = endpoint_is_builtin(endpoint) ? NULL : counters_of(log, id);
		struct verb_filter_stats stats;

		if (!known || own_filter_read_stats(control, id, &stats) < 0 ||
			memcmp(known->packets, stats.packets, sizeof known->packets) == 0)
			continue;
		memcpy(known->packets, stats.packets, sizeof known->packets);
		write_counters(id, &stats);
	}
	call_fini(&call);
}
