/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/wire/http1.h"

#include "appliance/base/assert.h"
#include "appliance/wire/http1_bytes.h"
#include "appliance/wire/uri.h"

/* What a line is: `head->state`. */
enum { STATE_FIRST_LINE, STATE_FIRST_LINE_AFTER_EMPTY, STATE_HEADERS };

/* Outcome of looking at one line. */
enum line { LINE_COMPLETE, LINE_INCOMPLETE, LINE_REFUSED, LINE_EMPTY };

const struct http1_limits http1_limits_private = {
	.target_max_bytes = HTTP1_TARGET_MAX_BYTES,
	.header_section_max_bytes = HTTP1_HEADER_SECTION_MAX_BYTES,
};

#define T HTTP1_BYTE_TOKEN
#define R HTTP1_BYTE_TARGET
const uint8_t http1_byte_classes[256] = {
	['!'] = T | R,
	['"'] = R,
	['#'] = T,
	['$' ... '\''] = T | R,
	['(' ... ')'] = R,
	['*' ... '+'] = T | R,
	[','] = R,
	['-' ... '.'] = T | R,
	['/'] = R,
	['0' ... '9'] = T | R,
	[':' ... '@'] = R,
	['A' ... 'Z'] = T | R,
	['[' ... ']'] = R,
	['^' ... 'z'] = T | R,
	['{'] = R,
	['|'] = T,
	['}'] = R,
	['~'] = T | R,
};
#undef T
#undef R

/* --- Rules ------------------------------------------------------------------------------------------------------ */

int http1_rule_status(enum http1_rule rule)
{
	switch (rule) {
#define RULE(ID, status, text)                                                                                         \
	case HTTP1_RULE_##ID:                                                                                          \
		return status;
#include "appliance/wire/http1_rules.def"
#undef RULE
	case HTTP1_RULE_NONE:
		break;
	}
	return 0;
}

const char *http1_rule_text(enum http1_rule rule)
{
	switch (rule) {
#define RULE(ID, status, text)                                                                                         \
	case HTTP1_RULE_##ID:                                                                                          \
		return text;
#include "appliance/wire/http1_rules.def"
#undef RULE
	case HTTP1_RULE_NONE:
		break;
	}
	return "";
}

/* --- Known headers: a perfect hash over the length and three bytes of the name ------------------------------------ */

/* Multipliers found by search; the compiler refuses two rows that meet in one slot (-Woverride-init). */
#define SLOT_COUNT 512
#define SLOT(length, middle, last_but_one, last)                                                                       \
	(((unsigned)(length)*38 + (unsigned)(middle)*328 + (unsigned)(last_but_one)*180 + (unsigned)(last)*81) %       \
		SLOT_COUNT)

static const uint8_t slots[SLOT_COUNT] = {
#define HEADER(ID, middle, last_but_one, last, text, hop_by_hop)                                                       \
	[SLOT(sizeof(text) - 1, middle, last_but_one, last)] = HTTP1_HEADER_##ID,
#include "appliance/wire/known_headers.def"
#undef HEADER
};

static const struct known {
	const char *text;
	uint8_t count;
	bool hop_by_hop;
} known[HTTP1_HEADER_ID_COUNT] = {
	[HTTP1_HEADER_OTHER] = { "", 0, false },
#define HEADER(ID, middle, last_but_one, last, text, hop_by_hop)                                                       \
	[HTTP1_HEADER_##ID] = { text, sizeof(text) - 1, hop_by_hop },
#include "appliance/wire/known_headers.def"
#undef HEADER
};

static uint64_t eight_lower(const char *at)
{
	uint64_t bytes;

	memcpy(&bytes, at, sizeof bytes);
	return bytes | 0x2020202020202020;
}

/* Rows hold a–z, 0–9 and '-' only; of all token bytes only a letter's other case becomes one of these by |0x20. */
static bool same_name(const char *name, const char *row, size_t count)
{
	if (count < 8) {
		for (size_t i = 0; i < count; i++) {
			if ((name[i] | 0x20) != row[i])
				return false;
		}
		return true;
	}
	for (size_t i = 0; i + 8 < count; i += 8) {
		if (eight_lower(name + i) != eight_lower(row + i))
			return false;
	}
	return eight_lower(name + count - 8) == eight_lower(row + count - 8);
}

enum http1_header_id http1_header_id(struct view name)
{
	const char *at = name.at;
	uint8_t id;

	if (name.count < 2)
		return HTTP1_HEADER_OTHER;
	id = slots[SLOT(name.count, (unsigned char)at[name.count / 2] | 0x20, (unsigned char)at[name.count - 2] | 0x20,
		(unsigned char)at[name.count - 1] | 0x20)];
	if (known[id].count != name.count || !same_name(at, known[id].text, name.count))
		return HTTP1_HEADER_OTHER;
	return (enum http1_header_id)id;
}

struct view http1_header_name(enum http1_header_id id)
{
	return view_from(known[id].text, known[id].count);
}

const struct http1_header *http1_find_named(
	const struct http1_head *head, struct view name, const struct http1_header *after)
{
	for (size_t i = after ? (size_t)(after - head->headers) + 1 : 0; i < head->header_count; i++) {
		if (view_equals_ignore_case(head->headers[i].name, name))
			return &head->headers[i];
	}
	return NULL;
}

/* --- Lines -------------------------------------------------------------------------------------------------------- */

void http1_head_init(struct http1_head *head, struct http1_header *headers, size_t header_room)
{
	ASSERT(header_room <= HTTP1_HEADERS_LIMIT_COUNT);
	*head = (struct http1_head){ .headers = headers, .header_room = (uint16_t)header_room };
}

static enum line refuse(struct http1_head *head, enum http1_rule rule)
{
	head->rule = rule;
	return LINE_REFUSED;
}

/* `at` stands where a line must end. Moves `*ret_next` behind its CRLF. */
static enum line line_end(struct http1_head *head, const char *at, const char *end, const char **ret_next)
{
	if (at == end)
		return LINE_INCOMPLETE;
	if (at[0] != '\r')
		return refuse(head, HTTP1_RULE_LINE_END);
	if (at + 1 == end)
		return LINE_INCOMPLETE;
	if (at[1] != '\n')
		return refuse(head, HTTP1_RULE_LINE_END);
	*ret_next = at + 2;
	return LINE_COMPLETE;
}

/* "HTTP/1.1" or "HTTP/1.0" at `at`; the byte behind it is the caller's. */
static enum line version_line(struct http1_head *head, const char *at, const char *end, const char **ret_next)
{
	static const char text[] = "HTTP/1.";
	size_t left = (size_t)(end - at), compared = left < sizeof text - 1 ? left : sizeof text - 1;

	if (memcmp(at, text, compared) != 0)
		return refuse(head, HTTP1_RULE_VERSION);
	if (left < sizeof text)
		return LINE_INCOMPLETE;
	if (at[7] != '0' && at[7] != '1')
		return refuse(head, HTTP1_RULE_VERSION);
	head->minor_version = (uint8_t)(at[7] - '0');
	*ret_next = at + sizeof text;
	return LINE_COMPLETE;
}

static enum http1_method method_of(struct view text)
{
#define IS(literal) (memcmp(text.at, literal, sizeof(literal) - 1) == 0)
	switch (text.count) {
	case 3:
		return IS("GET") ? HTTP1_METHOD_GET : IS("PUT") ? HTTP1_METHOD_PUT : HTTP1_METHOD_OTHER;
	case 4:
		return IS("POST") ? HTTP1_METHOD_POST : IS("HEAD") ? HTTP1_METHOD_HEAD : HTTP1_METHOD_OTHER;
	case 5:
		return IS("PATCH") ? HTTP1_METHOD_PATCH : IS("TRACE") ? HTTP1_METHOD_TRACE : HTTP1_METHOD_OTHER;
	case 6:
		return IS("DELETE") ? HTTP1_METHOD_DELETE : HTTP1_METHOD_OTHER;
	case 7:
		return IS("OPTIONS") ? HTTP1_METHOD_OPTIONS : HTTP1_METHOD_OTHER;
	default:
		return HTTP1_METHOD_OTHER;
	}
#undef IS
}

static enum line request_line(struct http1_head *head, const char *at, const char *end,
	const struct http1_limits *limits, const char **ret_next)
{
	const char *start = at;
	enum line line;

	at = http1_skip_token(at, end);
	if (at - start > HTTP1_METHOD_MAX_BYTES)
		return refuse(head, HTTP1_RULE_METHOD);
	if (at == end)
		return LINE_INCOMPLETE;
	if (*at != ' ' || at == start)
		return refuse(head, HTTP1_RULE_METHOD);
	head->method_text = view_from(start, (size_t)(at - start));
	head->method = method_of(head->method_text);

	start = ++at;
	at = http1_skip_target(at, end);
	if ((size_t)(at - start) > limits->target_max_bytes)
		return refuse(head, HTTP1_RULE_TARGET_LONG);
	if (at == end)
		return LINE_INCOMPLETE;
	if (*at != ' ' || at == start)
		return refuse(head, HTTP1_RULE_TARGET);
	head->target = view_from(start, (size_t)(at - start));

	line = version_line(head, at + 1, end, &at);
	return line == LINE_COMPLETE ? line_end(head, at, end, ret_next) : line;
}

static enum line status_line(struct http1_head *head, const char *at, const char *end,
	const struct http1_limits *limits, const char **ret_next)
{
	const char *start = at;
	enum line line = version_line(head, at, end, &at);

	if (line != LINE_COMPLETE)
		return line;
	for (int i = 0; i < 4; i++, at++) {
		if (at == end)
			return LINE_INCOMPLETE;
		if (i == 0 ? *at != ' ' : *at < '0' || *at > '9')
			return refuse(head, HTTP1_RULE_STATUS_LINE);
	}
	head->status = (at[-3] - '0') * 100 + (at[-2] - '0') * 10 + (at[-1] - '0');
	if (head->status < 100 || head->status > 599)
		return refuse(head, HTTP1_RULE_STATUS_LINE);
	if (at == end)
		return LINE_INCOMPLETE;
	head->reason = view_from(at, 0);
	if (*at == ' ') { /* some servers leave out both blank and reason */
		const char *reason = ++at;

		at = http1_skip_value(at, end);
		head->reason = view_from(reason, (size_t)(at - reason));
	}
	if ((size_t)(at - start) > limits->target_max_bytes)
		return refuse(head, HTTP1_RULE_STATUS_LINE_LONG);
	return line_end(head, at, end, ret_next);
}

static bool header_add(struct http1_head *head, struct view name, struct view value)
{
	struct http1_header *header;
	enum http1_header_id id = http1_header_id(name);

	if (head->header_count == head->header_room)
		return false;
	header = &head->headers[head->header_count++];
	*header = (struct http1_header){
		.name = name, .value = value, .id = (uint8_t)id, .hop_by_hop = known[id].hop_by_hop
	};
	if (id == HTTP1_HEADER_OTHER)
		return true;
	if (!head->first[id]) {
		head->first[id] = (uint8_t)head->header_count;
	} else {
		struct http1_header *last = &head->headers[head->first[id] - 1];

		while (last->next)
			last = &head->headers[last->next - 1];
		last->next = head->header_count;
	}
	return true;
}

static enum line header_line(struct http1_head *head, const char *at, const char *end, const char **ret_next)
{
	const char *start = at, *value;
	struct view name;
	enum line line;

	if (*at == '\r' || *at == '\n') {
		line = line_end(head, at, end, ret_next);
		return line == LINE_COMPLETE ? LINE_EMPTY : line;
	}
	if (*at == ' ' || *at == '\t')
		return refuse(head, HTTP1_RULE_HEADER_FOLD);
	at = http1_skip_token(at, end);
	if (at == end)
		return LINE_INCOMPLETE;
	if (*at != ':' || at == start)
		return refuse(head, HTTP1_RULE_HEADER_NAME);
	name = view_from(start, (size_t)(at - start));
	value = http1_skip_blanks(at + 1, end);
	at = http1_skip_value(value, end);
	if (at < end && *at != '\r' && *at != '\n')
		return refuse(head, HTTP1_RULE_HEADER_VALUE);
	line = line_end(head, at, end, ret_next);
	if (line != LINE_COMPLETE)
		return line;
	while (at > value && (at[-1] == ' ' || at[-1] == '\t'))
		at--;
	if (!header_add(head, name, view_from(value, (size_t)(at - value))))
		return refuse(head, HTTP1_RULE_HEADERS_MANY);
	return LINE_COMPLETE;
}

/* Are there bytes worth parsing? Forgets what was seen if the bytes have moved; skips to the end of a line that trickles in. */
static bool resume(struct http1_head *head, const char *bytes, size_t count)
{
	if (head->bytes != bytes || count < head->scanned_count) {
		if (head->bytes)
			http1_head_init(head, head->headers, head->header_room);
		head->bytes = bytes;
	}
	if (head->scanned_count > head->line_start &&
		!memchr(bytes + head->scanned_count, '\n', count - head->scanned_count)) {
		head->scanned_count = count;
		return false;
	}
	return true;
}

/* A line is not complete: is there room left for the rest of it? */
static enum http1_result incomplete(struct http1_head *head, size_t count, const struct http1_limits *limits)
{
	head->scanned_count = count;
	if (head->state == STATE_HEADERS) {
		/* One more for the CR of the closing empty line. */
		if (count - head->header_start <= limits->header_section_max_bytes + 1)
			return HTTP1_NEED_MORE;
		head->rule = HTTP1_RULE_HEADERS_LARGE;
	} else {
		/* Method, two blanks, version and CR stand beside the target. */
		if (count - head->line_start <= limits->target_max_bytes + HTTP1_METHOD_MAX_BYTES + 11)
			return HTTP1_NEED_MORE;
		head->rule = HTTP1_RULE_TARGET_LONG;
	}
	return HTTP1_REFUSED;
}

typedef enum line (*first_line_parser)(
	struct http1_head *, const char *, const char *, const struct http1_limits *, const char **);

/* All lines of a head up to and with the empty one. */
static enum http1_result parse_lines(struct http1_head *head, const char *bytes, size_t count,
	const struct http1_limits *limits, first_line_parser first_line, bool skip_empty)
{
	const char *end = bytes + count;

	if (!resume(head, bytes, count))
		return incomplete(head, count, limits);
	for (;;) {
		const char *at = bytes + head->line_start, *next = NULL;
		enum line line;

		if (at == end)
			return incomplete(head, count, limits);
		if (head->state == STATE_HEADERS) {
			line = header_line(head, at, end, &next);
		} else if (skip_empty && head->state == STATE_FIRST_LINE && *at == '\r') {
			line = line_end(head, at, end, &next);
			if (line == LINE_COMPLETE) {
				head->state = STATE_FIRST_LINE_AFTER_EMPTY;
				head->line_start = (size_t)(next - bytes);
				continue;
			}
		} else {
			line = first_line(head, at, end, limits, &next);
			if (line == LINE_COMPLETE) {
				head->state = STATE_HEADERS;
				head->header_start = head->line_start = (size_t)(next - bytes);
				continue;
			}
		}
		if (line == LINE_INCOMPLETE)
			return incomplete(head, count, limits);
		if (line == LINE_REFUSED)
			return HTTP1_REFUSED;
		if (line == LINE_EMPTY) {
			head->header_section_bytes = head->line_start - head->header_start;
			head->line_start = (size_t)(next - bytes);
			return HTTP1_OK;
		}
		head->line_start = (size_t)(next - bytes);
		if (head->line_start - head->header_start > limits->header_section_max_bytes) {
			head->rule = HTTP1_RULE_HEADERS_LARGE;
			return HTTP1_REFUSED;
		}
	}
}

/* --- What the fields mean ----------------------------------------------------------------------------------------- */

/* Fields that say where the message goes and where it ends can't be named away. */
static void mark_hop_by_hop(struct http1_head *head, struct view name)
{
	for (size_t i = 0; i < head->header_count; i++) {
		struct http1_header *header = &head->headers[i];

		if (header->id != HTTP1_HEADER_HOST && header->id != HTTP1_HEADER_CONTENT_LENGTH &&
			view_equals_ignore_case(header->name, name))
			header->hop_by_hop = true;
	}
}

/* Connection: close, keep-alive, upgrade, and which further fields are of this connection only. */
static bool read_connection(struct http1_head *head)
{
	const struct http1_header *connection = http1_find(head, HTTP1_HEADER_CONNECTION);
	bool close = false, keep_alive = false, upgrade = false;
	size_t option_count = 0;

	for (; connection; connection = http1_find_next(head, connection)) {
		struct view rest = connection->value, part;

		while (view_split(&rest, ',', &part)) {
			if (++option_count > HTTP1_CONNECTION_OPTIONS_MAX_COUNT) {
				head->rule = HTTP1_RULE_CONNECTION_MANY;
				return false;
			}
			part = view_trim(part);
			if (view_equals_ignore_case(part, view_of("close")))
				close = true;
			else if (view_equals_ignore_case(part, view_of("keep-alive")))
				keep_alive = true;
			else if (view_equals_ignore_case(part, view_of("upgrade")))
				upgrade = true;
			else if (part.count)
				mark_hop_by_hop(head, part);
		}
	}
	head->keep_alive = !close && (head->minor_version == 1 || keep_alive);
	head->has_upgrade = upgrade && http1_find(head, HTTP1_HEADER_UPGRADE);
	return true;
}

/*
 * The rule that codings other than a lone "chunked" break: chunked twice, or not last, leaves the end of the message in
 * doubt; any other coding is one that is not understood here.
 */
static enum http1_rule rule_of_codings(struct view codings)
{
	struct view coding;
	bool chunked_before = false;

	while (view_split(&codings, ',', &coding)) {
		if (chunked_before)
			return HTTP1_RULE_TRANSFER_ENCODING_ORDER;
		chunked_before = view_equals_ignore_case(view_trim(coding), view_of("chunked"));
	}
	return HTTP1_RULE_TRANSFER_ENCODING;
}

/* Content-Length and Transfer-Encoding. False with `rule` set if they leave any doubt. */
static bool read_framing(struct http1_head *head)
{
	const struct http1_header *length = http1_find(head, HTTP1_HEADER_CONTENT_LENGTH);
	const struct http1_header *coding = http1_find(head, HTTP1_HEADER_TRANSFER_ENCODING);

	head->framing = HTTP1_FRAMING_NONE;
	if (coding) {
		if (length)
			head->rule = HTTP1_RULE_FRAMING_CONFLICT;
		else if (head->minor_version == 0)
			head->rule = HTTP1_RULE_TRANSFER_ENCODING_1_0;
		else if (coding->next)
			head->rule = HTTP1_RULE_TRANSFER_ENCODING_MANY;
		else if (!view_equals_ignore_case(coding->value, view_of("chunked")))
			head->rule = rule_of_codings(coding->value);
		head->framing = HTTP1_FRAMING_CHUNKED;
	} else if (length) {
		uint64_t number = 0;

		if (length->next)
			head->rule = HTTP1_RULE_CONTENT_LENGTH_MANY;
		/* 18 digits can't overflow and are more than any disk holds. */
		if (length->value.count == 0 || length->value.count > 18)
			head->rule = HTTP1_RULE_CONTENT_LENGTH;
		for (size_t i = 0; i < length->value.count && head->rule == HTTP1_RULE_NONE; i++) {
			if (length->value.at[i] < '0' || length->value.at[i] > '9')
				head->rule = HTTP1_RULE_CONTENT_LENGTH;
			number = number * 10 + (uint64_t)(length->value.at[i] - '0');
		}
		head->framing = HTTP1_FRAMING_LENGTH;
		head->content_length_bytes = number;
	}
	return head->rule == HTTP1_RULE_NONE;
}

/* Split the target into path and query; `*ret_authority` is that of an absolute target, else empty. */
static bool read_target(struct http1_head *head, struct view *ret_authority)
{
	struct view rest = head->target;
	const char *mark;

	*ret_authority = view_from(NULL, 0);
	if (rest.at[0] != '/') {
		size_t scheme_bytes = view_starts_with_ignore_case(rest, view_of("http://"))    ? 7
				      : view_starts_with_ignore_case(rest, view_of("https://")) ? 8
												: 0;

		if (view_equals(rest, view_of("*")) && head->method == HTTP1_METHOD_OPTIONS) {
			head->path = rest;
			return true;
		}
		if (scheme_bytes == 0) {
			head->rule = HTTP1_RULE_TARGET;
			return false;
		}
		rest = view_after(rest, scheme_bytes);
		*ret_authority = rest;
		for (size_t i = 0; i < rest.count; i++) {
			if (rest.at[i] == '/' || rest.at[i] == '?') {
				*ret_authority = view_part(rest, 0, i);
				break;
			}
		}
		if (ret_authority->count == 0) {
			head->rule = HTTP1_RULE_HOST;
			return false;
		}
		rest = view_after(rest, ret_authority->count);
	}
	mark = rest.count ? memchr(rest.at, '?', rest.count) : NULL;
	head->path = mark ? view_from(rest.at, (size_t)(mark - rest.at)) : rest;
	if (mark) {
		head->has_query = true;
		head->query = view_from(mark + 1, (size_t)(rest.at + rest.count - mark) - 1);
	}
	if (head->path.count == 0)
		head->path = view_of("/");
	return true;
}

static bool read_host(struct http1_head *head, struct view authority)
{
	const struct http1_header *host = http1_find(head, HTTP1_HEADER_HOST);
	struct view name;
	uint16_t port;

	if (!host && head->minor_version == 1)
		head->rule = HTTP1_RULE_HOST_MISSING;
	else if (host && host->next)
		head->rule = HTTP1_RULE_HOST_MANY;
	else if (host && uri_parse_host(host->value, &name, &port) < 0)
		head->rule = HTTP1_RULE_HOST;
	else if (authority.count && uri_parse_host(authority, &name, &port) < 0)
		head->rule = HTTP1_RULE_HOST;
	else if (authority.count && host && !view_equals_ignore_case(authority, host->value))
		head->rule = HTTP1_RULE_HOST_CONFLICT;
	head->host = authority.count ? authority : host ? host->value : view_from(NULL, 0);
	return head->rule == HTTP1_RULE_NONE;
}

static bool read_expect(struct http1_head *head)
{
	const struct http1_header *expect = http1_find(head, HTTP1_HEADER_EXPECT);

	for (; expect && head->minor_version == 1; expect = http1_find_next(head, expect)) {
		if (!view_equals_ignore_case(expect->value, view_of("100-continue"))) {
			head->rule = HTTP1_RULE_EXPECT;
			return false;
		}
		head->expect_continue = true;
	}
	return true;
}

enum http1_result http1_parse_request(struct http1_head *head, const char *bytes, size_t count,
	const struct http1_limits *limits, size_t *ret_consumed)
{
	enum http1_result result = parse_lines(head, bytes, count, limits, request_line, true);
	struct view authority;

	if (result != HTTP1_OK)
		return result;
	if (!read_target(head, &authority) || !read_host(head, authority) || !read_framing(head) ||
		!read_expect(head) || !read_connection(head))
		return HTTP1_REFUSED;
	*ret_consumed = head->line_start;
	return HTTP1_OK;
}

enum http1_result http1_parse_response(struct http1_head *head, const char *bytes, size_t count,
	const struct http1_limits *limits, bool request_is_head, size_t *ret_consumed)
{
	enum http1_result result = parse_lines(head, bytes, count, limits, status_line, false);

	if (result != HTTP1_OK)
		return result;
	if (!read_framing(head) || !read_connection(head))
		return HTTP1_REFUSED;
	if (head->status < 200 || head->status == 204 || head->status == 304 || request_is_head) {
		head->framing = HTTP1_FRAMING_NONE;
	} else if (head->framing == HTTP1_FRAMING_NONE) {
		head->framing = HTTP1_FRAMING_UNTIL_CLOSE;
		head->keep_alive = false;
	}
	*ret_consumed = head->line_start;
	return HTTP1_OK;
}

/* --- Copies ------------------------------------------------------------------------------------------------------- */

static struct view moved(struct view view, const char *bytes, size_t count, const char *copy)
{
	/* Compared as numbers: "/" of an empty path and NULL views are not part of the bytes. */
	uintptr_t at = (uintptr_t)view.at, start = (uintptr_t)bytes;

	if (at >= start && at <= start + count)
		view.at = copy + (at - start);
	return view;
}

void http1_head_copy(struct http1_head *ret, struct http1_header *headers, const struct http1_head *from,
	const char *bytes, size_t count, const char *copy)
{
	*ret = *from;
	ret->headers = headers;
	ret->header_room = from->header_count;
	ret->bytes = copy;
	ret->method_text = moved(from->method_text, bytes, count, copy);
	ret->target = moved(from->target, bytes, count, copy);
	ret->path = moved(from->path, bytes, count, copy);
	ret->query = moved(from->query, bytes, count, copy);
	ret->host = moved(from->host, bytes, count, copy);
	ret->reason = moved(from->reason, bytes, count, copy);
	for (size_t i = 0; i < from->header_count; i++) {
		headers[i] = from->headers[i];
		headers[i].name = moved(headers[i].name, bytes, count, copy);
		headers[i].value = moved(headers[i].value, bytes, count, copy);
	}
}
