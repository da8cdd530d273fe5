/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * message: one line of a log as one syslog message, framed for TLS.
 *
 *	69 <30>1 2026-11-22T16:28:00.123Z gateway-a posternd - console - serving
 *	└ octets of what follows         HOSTNAME  APP-NAME │ MSGID   │ MSG
 *	                                           PROCID ──┘         └── no structured data
 *
 * | source  | facility       | severity                       | APP-NAME       | TIMESTAMP                      |
 * |---------|----------------|--------------------------------|----------------|--------------------------------|
 * | console | daemon (3)     | of a JSON line's "level"; info | before the ':' | before that                    |
 * |         | kernel (0)     | warning                        | kernel         |                                |
 * | audit   | log audit (13) | notice                         | postern        | the line's "time"              |
 * | access  | local0 (16)    | info                           | postern        | the line's "time", if it has one |
 *
 * A line without a time has the time at which it was read. Control characters become blanks, since receivers write them to
 * files and terminals; a line that is too long is cut between two characters.
 *
 * Pure: no I/O. Threads: any. Source: RFC 5424, 6; RFC 5425, 4.3.
 */
#ifndef POSTERN_SYSLOG_MESSAGE_H
#define POSTERN_SYSLOG_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "appliance/base/view.h"

/* What receivers should take (RFC 5425, 4.3.1), and rsyslog's default. */
#define MESSAGE_MAX_BYTES 8192
/* With the octet count and its blank. */
#define MESSAGE_FRAME_MAX_BYTES (MESSAGE_MAX_BYTES + 8)
/* RFC 5424, 6: HOSTNAME. */
#define MESSAGE_HOSTNAME_MAX_BYTES 255

enum message_source { MESSAGE_CONSOLE, MESSAGE_AUDIT, MESSAGE_ACCESS, MESSAGE_SOURCES_COUNT };

/*
 * Write `line` (without its line feed) as a frame into `ret`. `hostname` is cut and stripped of what a HOSTNAME may not have;
 * empty: "-". Returns the frame's bytes.
 */
size_t message_write(char ret[MESSAGE_FRAME_MAX_BYTES], enum message_source source, const char *hostname,
	uint64_t now_wall_ms, struct view line);

#endif
