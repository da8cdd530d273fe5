/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sender: from the logs to the server: follows the files, frames their lines, writes them, and keeps account of what has arrived.
 *
 * The audit log goes first, then the console, then the access log. When the connection breaks, what had not been acknowledged is sent
 * again: the server may get a line twice, and misses one only if it lost it itself or if rotation removed it first. Such lines
 * are counted, and a message of their own says so.
 *
 * Life cycle: sender_run(), until `stop_fd` can be read and a last moment for what is left has passed.
 * Process: syslog; single-threaded.
 */
#ifndef POSTERN_SYSLOG_SENDER_H
#define POSTERN_SYSLOG_SENDER_H

#include "image/syslog/connection.h"
#include "image/syslog/follow.h"
#include "image/syslog/message.h"

/* Frames that are written at once: one TLS record's worth. */
#define SENDER_BATCH_BYTES 16384
#define SENDER_BACK_OFF_MIN_MS 1000
#define SENDER_BACK_OFF_MAX_MS 60000
/* After SIGTERM: for what was just said. */
#define SENDER_END_MAX_MS 2000
/* How often the places are written down, while they change. */
#define SENDER_KEEP_MS 5000

struct sender_paths {
	const char *logs[MESSAGE_SOURCES_COUNT];
	const char *places; /* the file of places.h */
};

/* Run with `config` until `stop_fd` can be read. Returns the status to exit with. */
int sender_run(const struct syslog_config *config, const struct sender_paths *paths, int stop_fd);

#endif
