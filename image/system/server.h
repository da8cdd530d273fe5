/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * server: the daemon's socket, its connections, and what each verb does.
 *
 * Connections are few (one a call of control's) and of one user. What is not a sound request ends its connection; nothing is answered twice.
 * Process: the daemon's, single-threaded; nothing here waits.
 */
#ifndef POSTERN_SYSTEM_SERVER_H
#define POSTERN_SYSTEM_SERVER_H

#include <poll.h>
#include <sys/types.h>

#include "image/system/daemon.h"

#define SERVER_CONNECTIONS_MAX 8
/* The listening socket and the connections. */
#define SERVER_EVENTS_MAX (1 + SERVER_CONNECTIONS_MAX)

struct server {
	struct daemon *daemon;
	int listener;
	uid_t user;                              /* who may ask */
	int connections[SERVER_CONNECTIONS_MAX]; /* -1: none */
	int waiting;                             /* connection of the settings that are being judged; -1 */
};

/* Listen at `path` (which is replaced), for `user` alone. 0 or a negative errno. */
int server_open(struct server *server, struct daemon *daemon, const char *path, uid_t user)
	__attribute__((warn_unused_result));

/* What to poll for: fills `events`, returns their number. */
size_t server_events(const struct server *server, struct pollfd events[SERVER_EVENTS_MAX]);

/* Something came, on one or several of `events` as server_events() gave them. */
void server_turn(struct server *server, const struct pollfd *events, size_t count);

/* Answer the one whose settings were being judged. */
void server_answer_settings(struct server *server, int status);

void server_fill_status(struct daemon *daemon, struct system_status *ret);

#endif
