/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * clock: the two clocks, and the forms in which AWS and web servers write a time.
 *
 * Intervals and time-outs use the monotonic clock (starts at boot, never steps); what people and protocols see uses the
 * wall clock. A loop reads both once per turn with clock_turn(), and code that runs in that turn uses clock_turn_*(),
 * which costs no system call; other threads each have their own cached turn, or read the clock directly.
 *
 * All texts are UTC and independent of locale and TZ. Writers return the number of bytes written, without the NUL that
 * they add; buffers must have the stated room. Threads: any; the cached turn is thread-local.
 */
#ifndef POSTERN_BASE_CLOCK_H
#define POSTERN_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "appliance/base/view.h"

uint64_t clock_monotonic_ns(void);
uint64_t clock_monotonic_ms(void);

/* Since the machine was booted, the time that it was suspended included: for deadlines that are kept in a file. */
uint64_t clock_boot_ms(void);

/* What this thread has taken of the processor. A system call. */
uint64_t clock_thread_ns(void);

/* Since 1970-01-01T00:00:00Z. */
uint64_t clock_wall_ms(void);
uint64_t clock_wall_ns(void);

/* Read both clocks for this turn of this thread's loop; the getters return the last reading (they read if there is none). */
void clock_turn(void);
uint64_t clock_turn_monotonic_ns(void);
uint64_t clock_turn_monotonic_ms(void);
uint64_t clock_turn_wall_ms(void);

/* A civil date and time in UTC. Years 1970 to 9999. */
struct clock_civil {
	unsigned year, month, day; /* month 1–12, day 1–31 */
	unsigned hour, minute, second, millisecond;
	unsigned weekday; /* 0 = Sunday */
};

void clock_civil_from_ms(struct clock_civil *ret, uint64_t wall_ms);
uint64_t clock_civil_to_ms(const struct clock_civil *civil);

#define CLOCK_TEXT_MAX_BYTES 40 /* room for any of the forms below with its NUL */

size_t clock_write_iso(char *ret, uint64_t wall_ms);       /* 2026-01-02T03:04:05Z */
size_t clock_write_iso_ms(char *ret, uint64_t wall_ms);    /* 2026-01-02T03:04:05.678Z */
size_t clock_write_iso_basic(char *ret, uint64_t wall_ms); /* 20260102T030405Z: X-Amz-Date */
size_t clock_write_date(char *ret, uint64_t wall_ms);      /* 20260102: the date of a credential scope */
size_t clock_write_http(char *ret, uint64_t wall_ms);      /* Fri, 02 Jan 2026 03:04:05 GMT (RFC 9110 5.6.7) */
size_t clock_write_clf(char *ret, uint64_t wall_ms);       /* 02/Jan/2026:03:04:05 +0000: $context.requestTime */

/* This thread's turn in HTTP and CLF form, formatted once a second. The view lives until the next turn of this thread. */
struct view clock_turn_http(void);
struct view clock_turn_clf(void);

/*
 * Parse "20260102T030405Z", or ISO 8601 in the forms 2026-01-02, 2026-01-02T03:04:05[.fff…](Z|±hh:mm), or the HTTP date
 * (IMF-fixdate). The whole text must be one. Returns 0, or -EINVAL with `*ret_wall_ms` untouched.
 */
int clock_parse_iso_basic(struct view text, uint64_t *ret_wall_ms) __attribute__((warn_unused_result));
int clock_parse_iso(struct view text, uint64_t *ret_wall_ms) __attribute__((warn_unused_result));
int clock_parse_http(struct view text, uint64_t *ret_wall_ms) __attribute__((warn_unused_result));

#endif
