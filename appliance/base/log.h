/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * log: the program log: one line per event on standard error; JSON where a program reads it, text on a terminal.
 *
 *	log_info("listening", LOG_TEXT("address", "127.0.0.1"), LOG_UINT("port", 4566));
 *	{"time":"2026-01-02T03:04:05.678Z","level":"info","program":"control","message":"listening","address":"127.0.0.1","port":4566}
 *
 * A line is written with one write(2), so that lines of threads and processes never mix; a line longer than
 * LOG_LINE_MAX_BYTES loses its last fields. Each message (by the place in the source that writes it) is limited to LOG_BURST_COUNT lines per
 * second; the next line that passes says how many were suppressed.
 *
 * Never log a secret: keys, tokens, authorization headers, bodies. There is no field type for them on purpose.
 * Libraries (policy, ebpf, base, wire, crypto, mapping) don't log; they return errors.
 *
 * Life cycle: log_start() once in main(), before threads; works unstarted too (program "postern", level info). Threads: any.
 */
#ifndef POSTERN_BASE_LOG_H
#define POSTERN_BASE_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "appliance/base/view.h"

#define LOG_LINE_MAX_BYTES 4096
#define LOG_BURST_COUNT 20

enum log_level {
	LOG_LEVEL_ERROR,   /* something is not done that should have been */
	LOG_LEVEL_WARNING, /* works, but somebody should look */
	LOG_LEVEL_INFO,    /* starts, stops, changes */
	LOG_LEVEL_DEBUG,
};

enum log_form { LOG_FORM_AUTO, LOG_FORM_JSON, LOG_FORM_TEXT };

enum log_field_type { LOG_FIELD_NONE, LOG_FIELD_TEXT, LOG_FIELD_INT, LOG_FIELD_UINT, LOG_FIELD_BOOL, LOG_FIELD_ERROR };

struct log_field {
	const char *name;
	enum log_field_type type;
	union {
		struct view text;
		int64_t number;
		uint64_t size;
		bool truth;
	} value;
};

/* Fields. LOG_ERROR takes a negative (or positive) errno and writes its name and text as "error". */
#define LOG_TEXT(field, c_string)                                                                                      \
	{                                                                                                              \
		.name = (field), .type = LOG_FIELD_TEXT, .value.text = view_from_text(c_string)                        \
	}
#define LOG_VIEW(field, view)                                                                                          \
	{                                                                                                              \
		.name = (field), .type = LOG_FIELD_TEXT, .value.text = (view)                                          \
	}
#define LOG_INT(field, value_)                                                                                         \
	{                                                                                                              \
		.name = (field), .type = LOG_FIELD_INT, .value.number = (int64_t)(value_)                              \
	}
#define LOG_UINT(field, value_)                                                                                        \
	{                                                                                                              \
		.name = (field), .type = LOG_FIELD_UINT, .value.size = (uint64_t)(value_)                              \
	}
#define LOG_BOOL(field, value_)                                                                                        \
	{                                                                                                              \
		.name = (field), .type = LOG_FIELD_BOOL, .value.truth = (value_)                                       \
	}
#define LOG_ERRNO(error)                                                                                               \
	{                                                                                                              \
		.name = "error", .type = LOG_FIELD_ERROR, .value.number = (int64_t)(error)                             \
	}

/* Per place in the source: the second of its last line and the lines in it. */
struct log_place {
	_Atomic uint64_t second;
	_Atomic uint32_t count;
	_Atomic uint32_t suppressed_count;
};

#define LOG_AT(level, message, ...)                                                                                    \
	do {                                                                                                           \
		static struct log_place log_place_;                                                                    \
		const struct log_field log_fields_[] = { { .type = LOG_FIELD_NONE }, ##__VA_ARGS__ };                  \
		if (log_is_on(level))                                                                                  \
			log_event(&log_place_, (level), (message), log_fields_ + 1,                                    \
				sizeof log_fields_ / sizeof *log_fields_ - 1);                                         \
	} while (0)

#define log_error(message, ...) LOG_AT(LOG_LEVEL_ERROR, message, ##__VA_ARGS__)
#define log_warning(message, ...) LOG_AT(LOG_LEVEL_WARNING, message, ##__VA_ARGS__)
#define log_info(message, ...) LOG_AT(LOG_LEVEL_INFO, message, ##__VA_ARGS__)
#define log_debug(message, ...) LOG_AT(LOG_LEVEL_DEBUG, message, ##__VA_ARGS__)

/* `program` (a literal: gateway, control, postern) is written with each line; `form` AUTO means text on a terminal. */
void log_start(const char *program, enum log_level level, enum log_form form);
void log_level_set(enum log_level level);
bool log_is_on(enum log_level level);

/* "error", "warning", "info", "debug" → level; false if it is none of them. */
bool log_level_parse(struct view text, enum log_level *ret);

/* What the macros call. `place` may be NULL: no rate limit. */
void log_event(struct log_place *place, enum log_level level, const char *message, const struct log_field *fields,
	size_t field_count);

/* Write one event as a JSON or text line (with its newline) into `ret`; returns its bytes. For log_event() and tests. */
size_t log_format(char *ret, size_t room, enum log_form form, uint64_t wall_ms, enum log_level level,
	const char *message, const struct log_field *fields, size_t field_count);

#endif
