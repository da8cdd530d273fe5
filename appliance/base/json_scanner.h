/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * json_scanner: a strict, bounded reader of JSON texts that delivers one token at a time and builds nothing.
 *
 * Accepts exactly RFC 8259 in UTF-8 and refuses the rest: ill-formed UTF-8, a byte order mark, lone surrogates in escapes,
 * control characters in texts, trailing commas, anything behind the value, a second member of the same name in an object
 * (compared after unescaping), and whatever passes the limits. Number text is kept as it stands: 1e400 and
 * 12345678901234567890 are delivered unharmed. The whole input is in memory and must stay so while tokens are used.
 *
 * Life cycle: json_scanner_init(), json_scanner_next() until it returns END or an error, json_scanner_fini(). After an
 * error every further call returns the same error. Threads: one at a time.
 * Source: RFC 8259; RFC 3629.
 */
#ifndef POSTERN_BASE_JSON_SCANNER_H
#define POSTERN_BASE_JSON_SCANNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/buffer.h"
#include "appliance/base/view.h"

struct json_limits {
	size_t max_bytes;  /* of the whole text */
	size_t max_depth;  /* nested objects and arrays */
	size_t max_values; /* values of all kinds, members' names not counted */
};

/* API Gateway's payload limit is 10 MiB and everything that Postern reads as JSON is smaller. */
#define JSON_MAX_BYTES ((size_t)10 << 20)
#define JSON_MAX_DEPTH 128
#define JSON_MAX_VALUES 1000000
extern const struct json_limits json_limits_default;

/* Where and why a JSON or YAML text was refused. */
struct json_error {
	size_t offset;         /* bytes from the start; for YAML too */
	uint32_t line, column; /* from 1; columns count bytes */
	const char *rule;      /* what is wrong, a static English text without a full stop; NULL if there is no error */
};

enum json_token_type {
	JSON_TOKEN_END, /* the value is complete and nothing follows */
	JSON_TOKEN_OBJECT_BEGIN,
	JSON_TOKEN_OBJECT_END,
	JSON_TOKEN_ARRAY_BEGIN,
	JSON_TOKEN_ARRAY_END,
	JSON_TOKEN_NAME, /* of a member; its value follows */
	JSON_TOKEN_TEXT,
	JSON_TOKEN_NUMBER,
	JSON_TOKEN_TRUE,
	JSON_TOKEN_FALSE,
	JSON_TOKEN_NULL,
};

struct json_token {
	enum json_token_type type;
	struct view
		raw;   /* NAME, TEXT: between the quotes, escapes as written; NUMBER: its text; else the token itself */
	bool escaped;  /* NAME, TEXT: there are escapes in `raw`; json_unescape() resolves them */
	size_t offset; /* of its first byte in the input */
	uint32_t line, column;
};

struct json_scanner_names;

struct json_scanner {
	struct view text;
	struct json_limits limits;
	size_t offset, line_start, depth, value_count;
	uint32_t line;
	int state;
	int failure;                                /* 0 or what every further call returns */
	uint64_t stack[(JSON_MAX_DEPTH + 63) / 64]; /* one bit per level: 1 = object */
	struct json_scanner_names *names;           /* of open objects */
	struct json_error error;
};

/* `limits` NULL means json_limits_default; a max_depth above JSON_MAX_DEPTH counts as JSON_MAX_DEPTH. */
void json_scanner_init(struct json_scanner *scanner, struct view text, const struct json_limits *limits);
void json_scanner_fini(struct json_scanner *scanner);

/*
 * The next token. Returns 0; -EBADMSG if the text is not JSON; -EMSGSIZE if a limit is passed; -EEXIST at a second member of
 * one name; -ENOMEM. After END it returns END again. On failure scanner->error says where and which rule.
 */
int json_scanner_next(struct json_scanner *scanner, struct json_token *ret) __attribute__((warn_unused_result));

/* Append `raw` (NAME or TEXT of a token) to `buffer` with its escapes resolved, as UTF-8. */
void json_unescape(struct buffer *buffer, struct view raw);

/* Check only: 0, or the error as from json_scanner_next(). `ret_error` may be NULL. */
int json_check(struct view text, const struct json_limits *limits, struct json_error *ret_error)
	__attribute__((warn_unused_result));

#endif
