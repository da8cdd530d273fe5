/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/pipeline/execution_log.h"

#include <stdarg.h>
#include <stdio.h>

#include "appliance/base/clock.h"
#include "appliance/observe/request_id.h"
#include "appliance/pipeline/binary.h"
#include "appliance/pipeline/state.h"
#include "appliance/pipeline/values.h"
#include "appliance/wire/uri.h"

/* What is left of a secret when it is shown. */
#define SECRET_SHOWN_BYTES 6

/* --- a line ------------------------------------------------------------------------------------------------------------- */

/* A text under way; what is over the limit is not kept. */
struct text {
	char bytes[EXECUTION_LOG_TEXT_MAX_BYTES];
	size_t count;
	bool is_cut;
};

static void add(struct text *text, struct view bytes)
{
	size_t room = sizeof text->bytes - text->count, count = bytes.count < room ? bytes.count : room;

	if (count)
		memcpy(text->bytes + text->count, bytes.at, count);
	text->count += count;
	text->is_cut = text->is_cut || count < bytes.count;
}

static void add_text(struct text *text, const char *bytes)
{
	add(text, view_from_text(bytes));
}

/* A cut may have gone through a character. */
static size_t whole_characters(const struct text *text)
{
	size_t count = text->count, back = 0;

	while (back < 4 && back < count && ((unsigned char)text->bytes[count - 1 - back] & 0xc0) == 0x80)
		back++;
	if (back < count && view_utf8_character(view_from(text->bytes + count - 1 - back, back + 1), NULL) == 0 &&
		((unsigned char)text->bytes[count - 1 - back] & 0x80))
		return count - 1 - back;
	return count;
}

static void put(struct execution_log *log, struct text *text)
{
	struct execution_log_line *line = ARENA_NEW(log->arena, struct execution_log_line);
	const struct view cut = view_of(EXECUTION_LOG_CUT);
	char *shown = arena_alloc(log->arena, text->count + cut.count);

	if (!line || !shown)
		return;
	if (text->is_cut)
		text->count = whole_characters(text);
	memcpy(shown, text->bytes, text->count);
	if (text->is_cut)
		memcpy(shown + text->count, cut.at, cut.count);
	line->text = binary_to_text(log->arena, view_from(shown, text->count + (text->is_cut ? cut.count : 0)));
	if (!line->text.at)
		return;
	line->time_ms = clock_wall_ms();
	if (log->last)
		log->last->next = line;
	else
		log->first = line;
	log->last = line;
}

void execution_log_init(struct execution_log *log, struct arena *arena)
{
	*log = (struct execution_log){ .arena = arena };
}

void execution_log_printf(struct execution_log *log, const char *format, ...)
{
	struct text text = { .count = 0 };
	va_list arguments;
	int count;

	va_start(arguments, format);
	count = vsnprintf(text.bytes, sizeof text.bytes, format, arguments);
	va_end(arguments);
	text.is_cut = count >= (int)sizeof text.bytes;
	text.count = text.is_cut ? sizeof text.bytes - 1 : count > 0 ? (size_t)count : 0;
	put(log, &text);
}

static void put_pair(struct execution_log *log, const char *what, struct view value)
{
	struct text text = { .count = 0 };

	add_text(&text, what);
	add(&text, value);
	put(log, &text);
}

/* Thu Mar 05 12:00:00 UTC 2026 */
static void write_time(struct buffer *ret, uint64_t time_ms)
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct",
		"Nov", "Dec" };
	struct clock_civil civil;

	clock_civil_from_ms(&civil, time_ms);
	buffer_printf(ret, "%s %s %02u %02u:%02u:%02u UTC %u", days[civil.weekday], months[civil.month - 1], civil.day,
		civil.hour, civil.minute, civil.second, civil.year);
}

void execution_log_write(const struct execution_log *log, struct view request_id, struct buffer *ret)
{
	buffer_printf(ret, "Execution log for request " VIEW_FMT "\n", VIEW_ARG(request_id));
	for (const struct execution_log_line *line = log->first; line; line = line->next) {
		write_time(ret, line->time_ms);
		buffer_append_text(ret, " : ");
		buffer_append(ret, line->text);
		buffer_append_byte(ret, '\n');
	}
}

/* --- maps: {a=1, b=2,3} --------------------------------------------------------------------------------------------------- */

static bool is_secret(struct view name)
{
	static const struct view names[] = { VIEW_INIT("Authorization"), VIEW_INIT("X-Api-Key"),
		VIEW_INIT("X-Amz-Security-Token") };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (view_equals_ignore_case(names[i], name))
			return true;
	}
	return false;
}

static void add_value(struct text *text, struct view name, struct view value)
{
	size_t hidden = value.count > SECRET_SHOWN_BYTES ? value.count - SECRET_SHOWN_BYTES : value.count;

	if (!is_secret(name)) {
		add(text, value);
		return;
	}
	for (size_t i = 0; i < hidden && !text->is_cut; i++)
		add_text(text, "*");
	add(text, view_after(value, hidden));
}

/* Where the pairs of a map come from: the one at `index`, or false behind the last. */
typedef bool pair_fn(const void *source, size_t index, struct view *ret_name, struct view *ret_value);

static bool was_before(const void *source, pair_fn *pair_at, size_t index, struct view name)
{
	struct view other, value;

	for (size_t i = 0; i < index && pair_at(source, i, &other, &value); i++) {
		if (view_equals(other, name))
			return true;
	}
	return false;
}

/* Each name once, with all its values. It ends where the line does, however many pairs there are. */
static void put_map(struct execution_log *log, const char *what, const void *source, pair_fn *pair_at)
{
	struct text text = { .count = 0 };
	struct view name, value, other;
	bool has_one = false;

	add_text(&text, what);
	add_text(&text, "{");
	for (size_t i = 0; !text.is_cut && pair_at(source, i, &name, &value); i++) {
		if (was_before(source, pair_at, i, name))
			continue;
		add_text(&text, has_one ? ", " : "");
		has_one = true;
		add(&text, name);
		add_text(&text, "=");
		add_value(&text, name, value);
		for (size_t j = i + 1; !text.is_cut && pair_at(source, j, &other, &value); j++) {
			if (!view_equals(other, name))
				continue;
			add_text(&text, ",");
			add_value(&text, name, value);
		}
	}
	add_text(&text, "}");
	put(log, &text);
}

static bool parameter_at(const void *source, size_t index, struct view *ret_name, struct view *ret_value)
{
	const struct route_match *match = source;

	if (index >= match->parameter_count)
		return false;
	*ret_name = match->parameters[index].name;
	*ret_value = match->parameters[index].value;
	return true;
}

static bool header_at(const void *source, size_t index, struct view *ret_name, struct view *ret_value)
{
	const struct http1_head *head = source;

	if (index >= head->header_count)
		return false;
	*ret_name = head->headers[index].name;
	*ret_value = head->headers[index].value;
	return true;
}

/* As header_at(), of a client's head: an id that is none was replaced, and is not shown (spec/rest-dataplane.md 10.7). */
static bool request_header_at(const void *source, size_t index, struct view *ret_name, struct view *ret_value)
{
	const struct http1_head *head = source;

	if (!header_at(source, index, ret_name, ret_value))
		return false;
	if (head->headers[index].id == HTTP1_HEADER_X_AMZN_REQUESTID && !request_id_is_uuid(*ret_value))
		*ret_value = view_of("UUID_REPLACED_INVALID_REQUEST_ID");
	return true;
}

/* Of a struct http_memory's or a response's list. */
struct field_list {
	const struct http_field *at;
	size_t count;
};

static bool field_at(const void *source, size_t index, struct view *ret_name, struct view *ret_value)
{
	const struct field_list *list = source;

	if (index >= list->count)
		return false;
	*ret_name = list->at[index].name;
	*ret_value = list->at[index].value;
	return true;
}

/* --- what the phases say ------------------------------------------------------------------------------------------------ */

/* Parameters of the query, decoded, as a list. More than a line can show are not needed. */
static struct field_list query_of(struct pipeline *p)
{
	struct uri_query query = values_query_of(p);
	struct http_field *fields =
		ARENA_NEW_ARRAY(&p->exchange->arena, struct http_field, EXECUTION_LOG_TEXT_MAX_BYTES / 2);
	struct field_list list = { .at = fields };
	struct view name, value;

	while (fields && list.count < EXECUTION_LOG_TEXT_MAX_BYTES / 2 && uri_query_next(&query, &name, &value, NULL))
		fields[list.count++] = (struct http_field){ values_decode(p, name), values_decode(p, value) };
	return list;
}

void execution_log_request(struct pipeline *p)
{
	struct field_list query = query_of(p);

	execution_log_printf(p->log, "Starting execution for request: %.*s", (int)sizeof p->request_id, p->request_id);
	execution_log_printf(p->log, "HTTP Method: " VIEW_FMT ", Resource Path: " VIEW_FMT, VIEW_ARG(p->method),
		VIEW_ARG(p->resolved.path));
	put_map(p->log, "Method request path: ", &p->match, parameter_at);
	put_map(p->log, "Method request query string: ", &query, field_at);
	put_map(p->log, "Method request headers: ", &p->exchange->request, request_header_at);
	put_pair(p->log, "Method request body before transformations: ", p->request_body);
}

/* The URI that a request goes to: its authority, and the target of its first line. */
static struct view uri_of(struct pipeline *p, const struct http_request *request)
{
	const struct integration *integration = p->match.method->integration;
	struct view method, target, rest;
	bool secure = request->target.tls;

	/* A load balancer may end TLS, or begin it. */
	if (integration->is_private)
		secure = view_starts_with_ignore_case(integration->uri.text, view_of("https:"));
	(void)view_cut(request->head, ' ', &method, &rest);
	(void)view_cut(rest, ' ', &target, &rest);
	return arena_printf(&p->exchange->arena, "%s://" VIEW_FMT VIEW_FMT, secure ? "https" : "http",
		VIEW_ARG(request->authority), VIEW_ARG(target));
}

/* The fields of a head that was written: whole lines behind the first. */
static struct field_list fields_of(struct pipeline *p, struct view head)
{
	struct http_field *fields;
	struct field_list list;
	struct view line, name, value;
	size_t count = 0;

	for (size_t i = 0; i < head.count; i++)
		count += head.at[i] == '\n';
	fields = ARENA_NEW_ARRAY(&p->exchange->arena, struct http_field, count);
	list = (struct field_list){ .at = fields };
	(void)view_cut(head, '\n', &line, &head);
	while (fields && list.count < count && view_cut(head, '\n', &line, &head)) {
		if (view_cut(line, ':', &name, &value))
			fields[list.count++] = (struct http_field){ name, view_trim_set(value, " \r") };
	}
	return list;
}

void execution_log_call(struct pipeline *p, const struct http_request *request)
{
	struct view uri = uri_of(p, request);
	struct field_list fields = fields_of(p, request->head);

	put_pair(p->log, "Endpoint request URI: ", uri);
	put_map(p->log, "Endpoint request headers: ", &fields, field_at);
	put_pair(p->log, "Endpoint request body after transformations: ", p->call.whole);
	put_pair(p->log, "Sending request to ", uri);
}

void execution_log_answer(struct pipeline *p, const struct http1_head *head)
{
	execution_log_printf(p->log, "Received response. Status: %d, Integration latency: %llu ms", head->status,
		(unsigned long long)((p->call.head_ns - p->call.started_ns) / 1000000));
	put_map(p->log, "Endpoint response headers: ", head, header_at);
}

void execution_log_answer_body(struct pipeline *p)
{
	put_pair(p->log, "Endpoint response body before transformations: ", p->call.body);
}

void execution_log_response(struct pipeline *p)
{
	const struct field_list fields = { .at = p->fields, .count = p->field_count };

	put_pair(p->log, "Method response body after transformations: ", p->body);
	put_map(p->log, "Method response headers: ", &fields, field_at);
	execution_log_printf(p->log, "Successfully completed execution");
}

/* AWS has a sentence for each kind of failure; the ones that the client brought about need none. */
static void say_failure(struct pipeline *p)
{
	switch (p->failure_type) {
	case GATEWAY_RESPONSE_INTEGRATION_FAILURE:
		execution_log_printf(p->log, "Execution failed due to a network error communicating with endpoint");
		break;
	case GATEWAY_RESPONSE_INTEGRATION_TIMEOUT:
		execution_log_printf(p->log, "Execution failed due to a timeout error");
		break;
	case GATEWAY_RESPONSE_API_CONFIGURATION_ERROR:
		if (p->log_detail.at && p->log_detail.count == 0)
			break;
		execution_log_printf(p->log, "Execution failed due to configuration error: " VIEW_FMT,
			VIEW_ARG(p->log_detail.at ? p->log_detail : view_from_text(p->why ? p->why : "")));
		break;
	default:
		break;
	}
}

void execution_log_end(struct pipeline *p)
{
	if (p->failed)
		say_failure(p);
	execution_log_printf(p->log, "Method completed with status: %d", p->exchange->status);
}
