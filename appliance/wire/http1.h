/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * http1: HTTP/1.1 message heads and chunked bodies, as bytes. Sans-I/O and without allocation.
 *
 * Parsing is strict where leniency would let two parsers see two messages (request smuggling): every line ends in CRLF, no
 * folds, no blank before a colon, no control bytes, one Host, one way of framing the body. Heads are views into the
 * caller's bytes, which must stay where they are while the head is in use.
 *
 * Life cycle: set up a struct http1_head with the caller's header table by http1_head_init(), then call
 * http1_parse_request() (or _response()) with all bytes of the message so far whenever more have come, until it returns
 * something else than HTTP1_NEED_MORE. The head remembers the complete lines it has seen, so a head that trickles in costs
 * no more than one that comes whole (a line that comes in pieces is judged when its end is there, or when a limit is passed);
 * if the bytes have moved to another address meanwhile it starts over by itself. After a message, http1_head_init() again.
 *
 * The body that follows is described by `framing`: LENGTH is counted by the caller, CHUNKED goes through struct
 * http1_chunked.
 *
 * Not here: connections, time limits, 100-continue answers, what is forwarded (http/, outbound/).
 * Threads: no global state; one head belongs to one thread.
 * Source: RFC 9112, RFC 9110; limits: spec/endpoints.md 1, spec/rest-dataplane.md 2.8.
 */
#ifndef POSTERN_WIRE_HTTP1_H
#define POSTERN_WIRE_HTTP1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/view.h"

/* Room of a header table that accepts what AWS accepts in practice; more fields than the table holds are refused (431). */
#define HTTP1_HEADERS_MAX_COUNT 100
/* A table may not be larger: indexes of known headers are bytes. */
#define HTTP1_HEADERS_LIMIT_COUNT 254
/* Longest method token: the longest registered one (UPDATEREDIRECTREF) has 17 bytes. */
#define HTTP1_METHOD_MAX_BYTES 24
/* Private APIs' URL limit (Quotas for configuring and running a REST API). */
#define HTTP1_TARGET_MAX_BYTES 8192
/* Private APIs' limit of names, values and line ends together (same page). */
#define HTTP1_HEADER_SECTION_MAX_BYTES 8000
/* Options of all Connection fields together: each is looked for among all fields, and real messages have two or three. */
#define HTTP1_CONNECTION_OPTIONS_MAX_COUNT 32

enum http1_result {
	HTTP1_NEED_MORE, /* all bytes are fine so far, the element is not complete */
	HTTP1_OK,        /* an element is complete */
	HTTP1_END,       /* chunked body: the last chunk and the trailers have been consumed */
	HTTP1_REFUSED,   /* see `rule`: answer its status and close */
};

/* Why a message was refused: http1_rules.def. HTTP1_RULE_NONE while nothing is wrong. */
enum http1_rule {
	HTTP1_RULE_NONE,
#define RULE(ID, status, text) HTTP1_RULE_##ID,
#include "appliance/wire/http1_rules.def"
#undef RULE
};

/* The status to answer for a refused request: 400, 414, 417, 431, 501 or 505 (for a response: the caller's 502). */
int http1_rule_status(enum http1_rule rule);
/* One line for logs, e.g. "both Content-Length and Transfer-Encoding". Static storage. */
const char *http1_rule_text(enum http1_rule rule);

enum http1_header_id {
	HTTP1_HEADER_OTHER,
#define HEADER(ID, middle, last_but_one, last, text, hop_by_hop) HTTP1_HEADER_##ID,
#include "appliance/wire/known_headers.def"
#undef HEADER
	HTTP1_HEADER_ID_COUNT
};

enum http1_method {
	HTTP1_METHOD_OTHER, /* a valid token, see method_text */
	HTTP1_METHOD_GET,
	HTTP1_METHOD_HEAD,
	HTTP1_METHOD_POST,
	HTTP1_METHOD_PUT,
	HTTP1_METHOD_DELETE,
	HTTP1_METHOD_PATCH,
	HTTP1_METHOD_OPTIONS,
	HTTP1_METHOD_TRACE,
};

enum http1_framing {
	HTTP1_FRAMING_NONE,        /* no body follows */
	HTTP1_FRAMING_LENGTH,      /* content_length_bytes follow (may be 0) */
	HTTP1_FRAMING_CHUNKED,     /* chunks follow */
	HTTP1_FRAMING_UNTIL_CLOSE, /* responses only: all that comes until the peer closes */
};

struct http1_header {
	struct view name;  /* as sent; never empty */
	struct view value; /* without the blanks around it; may be empty */
	uint8_t id;        /* enum http1_header_id */
	bool hop_by_hop;   /* of this connection only: by its row, or because Connection names it */
	uint16_t next;     /* 1 + index of the next header with the same known id, 0 if none */
};

struct http1_limits {
	size_t target_max_bytes;         /* request target; for responses the status line */
	size_t header_section_max_bytes; /* all header lines with their line ends, without the closing empty line */
};

/* The limits of private APIs. */
extern const struct http1_limits http1_limits_private;

struct http1_head {
	/* --- given by http1_head_init() */
	struct http1_header *headers;
	uint16_t header_room;

	/* --- result, valid after HTTP1_OK; views point into the parsed bytes */
	uint16_t header_count;
	uint8_t minor_version; /* 0 or 1 */
	enum http1_rule rule;  /* after HTTP1_REFUSED */
	enum http1_framing framing;
	uint64_t content_length_bytes; /* for HTTP1_FRAMING_LENGTH */
	bool keep_alive;               /* the peer lets the connection live on after this message */
	bool has_upgrade;              /* an Upgrade field that Connection names */
	size_t header_section_bytes;

	/* requests */
	enum http1_method method;
	struct view method_text;
	struct view target; /* as sent */
	struct view path;   /* origin form part of the target before '?'; "*" for OPTIONS *; never empty */
	struct view query;  /* after the first '?', without it; empty view with has_query for "/x?" */
	bool has_query;
	bool expect_continue; /* Expect: 100-continue from an HTTP/1.1 client */
	struct view host;     /* host[:port] of Host, or of an absolute target; empty for HTTP/1.0 without Host */

	/* responses */
	int status; /* 100–599 */
	struct view reason;

	/* --- the parser's own */
	uint8_t first[HTTP1_HEADER_ID_COUNT]; /* 1 + index of the first header of a known id */
	const char *bytes;                    /* where the lines so far were seen */
	size_t line_start, scanned_count, header_start;
	uint8_t state;
};

/* Make `head` ready for one message. `headers` (room for `header_room` ≤ HTTP1_HEADERS_LIMIT_COUNT) stays the caller's. */
void http1_head_init(struct http1_head *head, struct http1_header *headers, size_t header_room);

/*
 * Parse a request head at `bytes`. On HTTP1_OK `*ret_consumed` is the size of the head: the body starts there.
 * On HTTP1_NEED_MORE call again with the same bytes and more behind them. On HTTP1_REFUSED `head->rule` says why.
 * One empty line before the request line is skipped (RFC 9112 2.2).
 */
enum http1_result http1_parse_request(struct http1_head *head, const char *bytes, size_t count,
	const struct http1_limits *limits, size_t *ret_consumed) __attribute__((warn_unused_result));

/*
 * Parse a response head. `request_is_head`: the response to HEAD has no body whatever its fields say. 1xx heads are
 * returned like others, with HTTP1_FRAMING_NONE: the caller goes on with the next head (101: the connection is no longer
 * HTTP).
 */
enum http1_result http1_parse_response(struct http1_head *head, const char *bytes, size_t count,
	const struct http1_limits *limits, bool request_is_head, size_t *ret_consumed)
	__attribute__((warn_unused_result));

/* The id of a field name, case ignored; HTTP1_HEADER_OTHER if it has no row. */
enum http1_header_id http1_header_id(struct view name);
/* Name of a known header in lower case; "" for HTTP1_HEADER_OTHER. */
struct view http1_header_name(enum http1_header_id id);

/* The first header of a known id, NULL if there is none. O(1). */
static inline const struct http1_header *http1_find(const struct http1_head *head, enum http1_header_id id)
{
	return head->first[id] ? &head->headers[head->first[id] - 1] : NULL;
}

/* The next header with the same known id, NULL if there is none. O(1). */
static inline const struct http1_header *http1_find_next(
	const struct http1_head *head, const struct http1_header *header)
{
	return header->next ? &head->headers[header->next - 1] : NULL;
}

/* The first header with `name` (case ignored), known or not; pass the header found to get the one after it, else NULL. */
const struct http1_header *http1_find_named(
	const struct http1_head *head, struct view name, const struct http1_header *after);

/*
 * Make `ret` the same head over a copy of its bytes: every view that pointed into the parsed bytes (which started at
 * `bytes`) points to the same place behind `copy`, and the headers go to `headers`, with room for from->header_count.
 */
void http1_head_copy(struct http1_head *ret, struct http1_header *headers, const struct http1_head *from,
	const char *bytes, size_t count, const char *copy);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Chunked bodies. */

/* All chunk extensions of one body, together; they carry nothing and every known abuse of chunking needs them. */
#define HTTP1_CHUNK_EXTENSIONS_MAX_BYTES 1024
/* All trailer lines of one body; they are checked and dropped. */
#define HTTP1_TRAILERS_MAX_BYTES 8000

struct http1_chunked {
	uint8_t state;
	uint8_t size_digits;
	enum http1_rule rule; /* after HTTP1_REFUSED */
	uint64_t left_bytes;  /* of the current chunk */
	uint32_t extension_bytes, trailer_bytes;
};

void http1_chunked_init(struct http1_chunked *chunked);

/*
 * Decode the next piece of a chunked body. HTTP1_OK: `*ret_data` is a view into `bytes`, never empty; call again with the
 * rest. HTTP1_NEED_MORE: all `count` bytes were consumed without data. HTTP1_END: the body is complete; what lies behind
 * `*ret_consumed` is the next message. HTTP1_REFUSED: `chunked->rule`. Feed bytes of any size; state is kept between
 * calls.
 */
enum http1_result http1_chunked_next(struct http1_chunked *chunked, const char *bytes, size_t count,
	size_t *ret_consumed, struct view *ret_data) __attribute__((warn_unused_result));

/* Room for what http1_chunk_start() writes: 16 hex digits and CRLF. */
#define HTTP1_CHUNK_START_MAX_BYTES 18
/* What follows a chunk's data, and what ends a body. */
#define HTTP1_CHUNK_END "\r\n"
#define HTTP1_CHUNKED_END "0\r\n\r\n"

/* Write the line before a chunk of `data_bytes` (> 0) to `ret` and return its length. */
size_t http1_chunk_start(char ret[HTTP1_CHUNK_START_MAX_BYTES], uint64_t data_bytes);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Writing heads: a cursor with a sticky error. */

/*
 * Writes into [at, end) of the caller. What does not fit sets `full`; a name, value, target or reason that could end its
 * line early or is no token sets `bad`, so that mapped values can't inject headers. After either nothing more is written.
 */
struct http1_writer {
	char *at;  /* next free byte */
	char *end; /* behind the last usable byte */
	bool full, bad;
};

static inline struct http1_writer http1_writer_at(char *at, size_t room_bytes)
{
	return (struct http1_writer){ .at = at, .end = at + room_bytes };
}

/* "GET /path HTTP/1.1": `target` must not be empty nor hold blanks or control bytes. */
void http1_write_request_line(struct http1_writer *writer, struct view method, struct view target);
/* "HTTP/1.1 200 OK"; an empty reason writes that of http1_reason(). */
void http1_write_status_line(struct http1_writer *writer, int status, struct view reason);
void http1_write_header(struct http1_writer *writer, struct view name, struct view value);
void http1_write_header_number(struct http1_writer *writer, struct view name, uint64_t value);
/* Bytes that the caller vouches for, such as prepared header lines with their CRLF. */
void http1_write_raw(struct http1_writer *writer, struct view bytes);
/* The empty line that ends the head. Returns 0, -ENOBUFS if anything did not fit, -EINVAL if anything was bad. */
int http1_write_end(struct http1_writer *writer) __attribute__((warn_unused_result));

/* Reason phrase of a status, e.g. "Not Found"; "Unknown" for those that RFC 9110 and IANA do not name. Static storage. */
struct view http1_reason(int status);

/* Is `name` a field name (a token), `value` a field value (no control bytes but tabs)? */
bool http1_name_is_valid(struct view name);
bool http1_value_is_valid(struct view value);

#endif
