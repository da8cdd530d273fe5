/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Postern's own operations on source filters: events, counters, entries, mode. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/base/clock.h"
#include "appliance/base/log.h"
#include "appliance/control/endpoints.h"
#include "appliance/control/filter/events.h"
#include "appliance/control/filter/filter.h"
#include "appliance/control/operations.h"
#include "appliance/control/postern/filter.h"
#include "appliance/control/posternd.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"

/* Entries of one answer, about 40 MB; what is more is said by the member `truncated`. */
enum { ENTRIES_MAX = 200000, EVENTS_DEFAULT = 100 };

static int fail_for_posternd(struct call *call, int error)
{
	if (error == -ENOENT)
		return call_fail(call, "NotFoundException", "No filter is loaded for this endpoint");
	if (error == -EOPNOTSUPP || error == -ENOTCONN)
		return call_fail(call, "BadRequestException",
			"There is no kernel filter here: local mode enforces policies in the pipeline alone");
	return call_fail(call, "ServiceUnavailableException", "posternd does not answer: %s", strerror(-error));
}

const char *own_filter_address_text(const uint8_t bytes[16], char text[OWN_FILTER_ADDRESS_BYTES])
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

	if (memcmp(bytes, mapped, sizeof mapped) == 0)
		(void)inet_ntop(AF_INET, bytes + 12, text, OWN_FILTER_ADDRESS_BYTES);
	else
		(void)inet_ntop(AF_INET6, bytes, text, OWN_FILTER_ADDRESS_BYTES);
	return text;
}

static void add_statement(
	const struct control *control, struct json *row, const char *endpoint, uint64_t generation, uint32_t statement)
{
	struct filter_statement known;

	if (statement == FILTER_NO_STATEMENT || !filter_explain(control, endpoint, generation, statement, &known))
		return;
	json_set_text(row, "policy", known.policy);
	json_set_integer(row, "statement", known.statement);
	if (known.sid.count)
		json_set_text(row, "sid", known.sid);
}

/* --- events -------------------------------------------------------------------------------------------------------------------------- */

static struct json *event_shown(const struct control *control, const struct event *event)
{
	const struct filter_event *drop = &event->drop.event;
	struct json *row = json_object_new();
	char text[OWN_FILTER_ADDRESS_BYTES], time[CLOCK_TEXT_MAX_BYTES];

	json_set_integer(row, "number", (int64_t)event->number);
	json_set_text(row, "time", view_from(time, clock_write_iso_ms(time, event->wall_ms)));
	json_set_c_string(row, "endpoint", event->drop.id);
	json_set_c_string(row, "source", own_filter_address_text(drop->source, text));
	json_set_c_string(row, "destination", own_filter_address_text(drop->destination, text));
	json_set_integer(row, "sourcePort", drop->source_port);
	json_set_integer(row, "port", drop->destination_port);
	json_set_integer(row, "protocol", drop->protocol);
	json_set_c_string(row, "reason", filter_reason_name(drop->reason));
	json_set_bool(row, "observed", drop->observed != 0);
	json_set_bool(row, "reset", drop->reset != 0);
	json_set_integer(row, "generation", (int64_t)drop->generation);
	add_statement(control, row, event->drop.id, drop->generation, drop->statement);
	return row;
}

int op_list_filter_events(struct call *call)
{
	const char *endpoint = call_input(call, "endpoint");
	int64_t limit = json_find_integer(call->input, "limit", EVENTS_DEFAULT),
		after = json_find_integer(call->input, "after", 0);
	struct event *events = calloc(EVENTS_MAX_COUNT, sizeof *events);
	struct json *list = json_ensure_array(call->output, "events");
	uint64_t lost = 0;
	size_t count, first;
	int64_t wanted = 0;

	ASSERT(events);
	count = events_copy(&call->control->events, after > 0 ? (uint64_t)after : 0, events, EVENTS_MAX_COUNT, &lost);
	/* The newest `limit` ones, oldest first. */
	for (first = count; first > 0 && wanted < limit; first--)
		wanted += !endpoint || strcmp(events[first - 1].drop.id, endpoint) == 0;
	for (size_t i = first; i < count; i++)
		if (!endpoint || strcmp(events[i].drop.id, endpoint) == 0)
			json_append(list, event_shown(call->control, &events[i]));
	json_set_integer(call->output, "newest", (int64_t)events_newest(&call->control->events));
	json_set_integer(call->output, "lost", (int64_t)lost);
	free(events);
	return 0;
}

/* --- counters ------------------------------------------------------------------------------------------------------------------------ */

int own_filter_read_stats(struct control *control, const char *id, struct verb_filter_stats *ret)
{
	struct verb_endpoint_id order = { { 0 } };
	struct verb_message *reply;
	int error;

	if (strlen(id) >= sizeof order.id)
		return -ENOENT;
	memcpy(order.id, id, strlen(id));
	error = posternd_call(control, VERB_FILTER_STATS, &order, NULL, 0, &reply);
	if (error == 0)
		*ret = reply->body.filter_stats;
	return error;
}

/* How much finer the policies are than what is loaded. */
static void show_need(const struct control *control, struct json *shown, const char *id)
{
	struct filter_need need;

	if (!filter_need_of(control, id, &need))
		return;
	json_set_integer(shown, "prefixesNeeded", (int64_t)need.needed_count);
	json_set_integer(shown, "prefixesAllowed", (int64_t)filter_limit(control));
	json_set_bool(shown, "widened", need.widened);
}

static struct json *stats_shown(const struct control *control, const char *id, const struct verb_filter_stats *stats)
{
	struct json *shown = json_object_new(), *counters = json_array_new();

	json_set_c_string(shown, "endpoint", id);
	json_set_c_string(shown, "mode", filter_mode_name(stats->mode));
	json_set_integer(shown, "generation", (int64_t)stats->generation);
	json_set_integer(shown, "prefixes", stats->prefix_count);
	show_need(control, shown, id);
	for (unsigned reason = 0; reason < FILTER_REASON_COUNT; reason++) {
		struct json *counter = json_object_new();

		json_set_c_string(counter, "reason", filter_reason_name(reason));
		json_set_integer(counter, "packets", (int64_t)stats->packets[reason]);
		json_set_integer(counter, "bytes", (int64_t)stats->bytes[reason]);
		json_append(counters, counter);
	}
	json_set(shown, "counters", counters);
	json_set_integer(shown, "resetsSent", (int64_t)stats->resets_sent);
	json_set_integer(shown, "resetsLimited", (int64_t)stats->resets_limited);
	json_set_integer(shown, "eventsSent", (int64_t)stats->events_sent);
	json_set_integer(shown, "eventsLost", (int64_t)stats->events_lost);
	return shown;
}

int op_get_filter_stats(struct call *call)
{
	const char *wanted = call_input(call, "endpoint");
	struct json JSON_CLEANUP *endpoints = record_list(call, STORE_vpcendpoint, NULL);
	struct json *list = json_ensure_array(call->output, "endpoints");

	if (wanted && !record_exists(call, STORE_vpcendpoint, wanted))
		return call_fail(call, "NotFoundException", "The Vpc Endpoint Id '%s' does not exist", wanted);
	JSON_EACH(endpoint, endpoints)
	{
		const char *id = json_find_c_string(endpoint, "vpcEndpointId");
		struct verb_filter_stats stats;
		int error;

		if (endpoint_is_builtin(endpoint) || (wanted && strcmp(wanted, id) != 0))
			continue;
		error = own_filter_read_stats(call->control, id, &stats);
		if (error < 0 && error != -ENOENT)
			return fail_for_posternd(call, error);
		if (error == 0)
			json_append(list, stats_shown(call->control, id, &stats));
	}
	return 0;
}

/* --- metrics ------------------------------------------------------------------------------------------------------------------------- */

struct sample {
	const char *id;
	struct verb_filter_stats stats;
	struct filter_need need;
};

/* One number of each endpoint. */
static uint64_t resets_sent(const struct sample *sample)
{
	return sample->stats.resets_sent;
}

static uint64_t resets_limited(const struct sample *sample)
{
	return sample->stats.resets_limited;
}

static uint64_t events_sent(const struct sample *sample)
{
	return sample->stats.events_sent;
}

static uint64_t events_lost(const struct sample *sample)
{
	return sample->stats.events_lost;
}

static uint64_t prefixes(const struct sample *sample)
{
	return sample->stats.prefix_count;
}

static uint64_t prefixes_needed(const struct sample *sample)
{
	return sample->need.needed_count;
}

static uint64_t is_widened(const struct sample *sample)
{
	return sample->need.widened;
}

static uint64_t generation(const struct sample *sample)
{
	return sample->stats.generation;
}

static const struct {
	const char *name, *type, *help;
	uint64_t (*read)(const struct sample *sample);
} metrics[] = {
	{ "resets_sent_total", "counter", "TCP resets that answered dropped packets", resets_sent },
	{ "resets_limited_total", "counter", "TCP resets left out: more than filter_resets_per_second",
		resets_limited },
	{ "events_sent_total", "counter", "Drop events that the kernel filter reported", events_sent },
	{ "events_lost_total", "counter", "Drop events left out: more than filter_events_per_second, or no room",
		events_lost },
	{ "prefixes", "gauge", "Prefixes of the kernel filter in force", prefixes },
	{ "prefixes_needed", "gauge", "Prefixes that say exactly what the policies say", prefixes_needed },
	{ "widened", "gauge", "1 if that is more than filter_prefixes, so that the filter drops less", is_widened },
	{ "generation", "gauge", "Number of the table in force: another one has another content", generation },
};

static void write_head(struct buffer *buffer, const char *name, const char *type, const char *help)
{
	buffer_printf(buffer, "# HELP postern_filter_%s %s, by endpoint\n# TYPE postern_filter_%s %s\n", name, help,
		name, type);
}

static void write_by_reason(struct buffer *buffer, const struct sample *samples, size_t count, const char *name,
	const char *help, bool bytes)
{
	write_head(buffer, name, "counter", help);
	for (size_t i = 0; i < count; i++)
		for (unsigned reason = 0; reason < FILTER_REASON_COUNT; reason++)
			buffer_printf(buffer, "postern_filter_%s{endpoint=\"%s\",reason=\"%s\"} %llu\n", name,
				samples[i].id, filter_reason_name(reason),
				(unsigned long long)(bytes ? samples[i].stats.bytes[reason]
							   : samples[i].stats.packets[reason]));
}

static void write_modes(struct buffer *buffer, const struct sample *samples, size_t count)
{
	write_head(buffer, "mode", "gauge", "1 for what happens to denied packets now");
	for (size_t i = 0; i < count; i++)
		for (unsigned mode = FILTER_MODE_RESET; mode <= FILTER_MODE_OBSERVE; mode++)
			buffer_printf(buffer, "postern_filter_mode{endpoint=\"%s\",mode=\"%s\"} %d\n", samples[i].id,
				filter_mode_name(mode), samples[i].stats.mode == mode);
}

void own_filter_write_metrics(struct control *control, struct call *call, struct buffer *buffer)
{
	struct json JSON_CLEANUP *endpoints = record_list(call, STORE_vpcendpoint, NULL);
	struct sample *samples = calloc(json_count(endpoints) + 1, sizeof *samples);
	uint64_t undelivered = 0;
	size_t count = 0;

	ASSERT(samples);
	JSON_EACH(endpoint, endpoints)
	{
		struct sample *sample = &samples[count];

		sample->id = json_find_c_string(endpoint, "vpcEndpointId");
		if (endpoint_is_builtin(endpoint) || own_filter_read_stats(control, sample->id, &sample->stats) < 0)
			continue;
		(void)filter_need_of(control, sample->id, &sample->need);
		count++;
	}
	write_by_reason(buffer, samples, count, "packets_total", "Packets that the kernel filter judged", false);
	write_by_reason(
		buffer, samples, count, "bytes_total", "Bytes of the packets that the kernel filter judged", true);
	for (size_t i = 0; i < ARRAY_COUNT(metrics); i++) {
		write_head(buffer, metrics[i].name, metrics[i].type, metrics[i].help);
		for (size_t j = 0; j < count; j++)
			buffer_printf(buffer, "postern_filter_%s{endpoint=\"%s\"} %llu\n", metrics[i].name,
				samples[j].id, (unsigned long long)metrics[i].read(&samples[j]));
	}
	write_modes(buffer, samples, count);
	(void)events_copy(&control->events, UINT64_MAX - 1, NULL, 0, &undelivered);
	buffer_printf(buffer,
		"# HELP postern_filter_events_undelivered_total Drop events that were reported and lost on the way "
		"here\n"
		"# TYPE postern_filter_events_undelivered_total counter\n"
		"postern_filter_events_undelivered_total %llu\n",
		(unsigned long long)undelivered);
	free(samples);
}

/* --- entries ------------------------------------------------------------------------------------------------------------------------- */

static struct json *entry_shown(const struct control *control, const char *id, const struct verb_filter_entry *entry)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	bool is_v4 = memcmp(entry->key.address, mapped, sizeof mapped) == 0 && entry->key.prefix_bits >= 96;
	struct json *row = json_object_new(), *admitted;
	char text[OWN_FILTER_ADDRESS_BYTES];

	json_set(row, "prefix",
		json_text_new_printf("%s/%u", own_filter_address_text(entry->key.address, text),
			entry->key.prefix_bits - (is_v4 ? 96u : 0u)));
	json_set_c_string(row, "verdict", entry->value.verdict == FILTER_VERDICT_PASS ? "pass" : "deny");
	json_set_c_string(row, "reason", filter_reason_name(entry->value.reason));
	admitted = json_ensure_array(row, "services");
	if (entry->value.services & FILTER_SERVICE_HTTPS)
		json_append_text(admitted, view_of("https"));
	if (entry->value.services & FILTER_SERVICE_DNS)
		json_append_text(admitted, view_of("dns"));
	add_statement(control, row, id, entry->value.generation, entry->value.statement);
	return row;
}

static int add_entries(struct call *call, const char *id, struct json *list)
{
	struct verb_filter_show page = { .has_after = 0 };
	struct verb_message *reply;
	int error;

	memcpy(page.id, id, strlen(id));
	do {
		error = posternd_call(call->control, VERB_FILTER_SHOW, &page, NULL, 0, &reply);
		if (error < 0)
			return error;
		for (uint32_t i = 0; i < reply->body.filter_entries.count && i < VERB_ENTRIES_MAX; i++) {
			json_append(list, entry_shown(call->control, id, &reply->body.filter_entries.entries[i]));
			page.after = reply->body.filter_entries.entries[i].key;
		}
		page.has_after = 1;
	} while (reply->body.filter_entries.count && json_count(list) < ENTRIES_MAX);
	return 0;
}

int op_get_filter(struct call *call)
{
	const char *id = call_input(call, "endpointId");
	struct verb_filter_stats stats;
	struct json *list;
	int error;

	if (!record_exists(call, STORE_vpcendpoint, id))
		return call_fail(call, "NotFoundException", "The Vpc Endpoint Id '%s' does not exist", id);
	error = own_filter_read_stats(call->control, id, &stats);
	if (error < 0)
		return fail_for_posternd(call, error);
	json_set_c_string(call->output, "endpoint", id);
	json_set_c_string(call->output, "mode", filter_mode_name(stats.mode));
	json_set_integer(call->output, "generation", (int64_t)stats.generation);
	show_need(call->control, call->output, id);
	list = json_ensure_array(call->output, "prefixes");
	error = add_entries(call, id, list);
	json_set_bool(call->output, "truncated", json_count(list) >= ENTRIES_MAX);
	return error < 0 ? fail_for_posternd(call, error) : 0;
}

/* --- mode ---------------------------------------------------------------------------------------------------------------------------- */

/* The store could not take the new mode: the kernel goes back to what is stored. */
static void restore_mode(struct control *control, const void *argument)
{
	const struct verb_filter_mode *stored = argument;
	int error = posternd_call(control, VERB_FILTER_MODE, stored, NULL, 0, NULL);

	if (error == 0 || error == -ENOTCONN)
		return;
	log_error("the stored filter mode of an endpoint is not in force", LOG_TEXT("endpoint", stored->id),
		LOG_ERRNO(error));
	control->filters_stale = true;
}

int op_put_filter_mode(struct call *call)
{
	const char *id = call_input(call, "endpointId"), *mode = call_input(call, "mode");
	struct json JSON_CLEANUP *endpoint = record_find(call, STORE_vpcendpoint, id);
	struct verb_filter_mode order = { .mode = (uint32_t)filter_mode_of(mode) }, stored;
	int error;

	if (!endpoint)
		return call_fail(call, "NotFoundException", "The Vpc Endpoint Id '%s' does not exist", id);
	if (endpoint_is_builtin(endpoint))
		return fail_for_posternd(call, -EOPNOTSUPP);
	memcpy(order.id, id, strlen(id));
	stored = order;
	stored.mode = (uint32_t)filter_mode_of(endpoint_filter_mode(endpoint));
	call_on_rollback(call, restore_mode, &stored, sizeof stored);
	error = posternd_call(call->control, VERB_FILTER_MODE, &order, NULL, 0, NULL);
	if (error < 0 && error != -ENOTCONN)
		return fail_for_posternd(call, error);
	json_set_c_string(json_ensure_object(endpoint, "postern"), "filterMode", mode);
	record_put(call, STORE_vpcendpoint, id, NULL, endpoint);
	json_set_c_string(call->output, "endpoint", id);
	json_set_c_string(call->output, "mode", mode);
	return 0;
}
