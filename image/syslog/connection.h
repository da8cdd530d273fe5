/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * connection: one TLS connection to the syslog server: name, TCP, handshake with its certificate verified, writing, and how much of it
 * has arrived there.
 *
 * The certificate must be signed by the given authorities (or the system's) and be for the host that the settings name: a DNS name or
 * an address. TLS 1.2 or 1.3.
 *
 * Syslog has no answers. What the server's kernel has acknowledged counts as delivered: connection_written() and
 * connection_acknowledged() are on one scale, bytes of TCP.
 *
 * By GnuTLS, which the appliance has for back ends: a static wolfSSL would make this program the largest part of what it does.
 *
 * Life cycle: connection_init() once; connection_open() → connection_write(), connection_read() … → connection_close(), and again;
 * connection_fini(). Process: syslog; single-threaded. Only connection_open() waits, for CONNECTION_OPEN_MAX_MS and the resolver.
 * Source: RFC 5425; RFC 6125.
 */
#ifndef POSTERN_SYSLOG_CONNECTION_H
#define POSTERN_SYSLOG_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/syslog/config.h"

/* TCP and TLS together, all addresses of the name together. */
#define CONNECTION_OPEN_MAX_MS 15000
/* What was written and is not acknowledged for so long ends the connection. */
#define CONNECTION_SILENT_MAX_MS 30000
#define CONNECTION_TEXT_BYTES 256

struct connection {
	const struct syslog_config *config;
	void *credentials, *library;
	int fd;                            /* -1: closed; to be polled by the owner */
	size_t sent_count;                 /* of bytes that are being written */
	bool wants_write;                  /* poll for writing, then connection_write() the same bytes again */
	char why[CONNECTION_TEXT_BYTES];   /* of the last failure, for people */
	char local[CONNECTION_TEXT_BYTES]; /* our own address, once open */
};

/* `config` must outlive it. Returns 0, or -EBADMSG with `why` if the authorities can't be read, -ENOMEM. */
int connection_init(struct connection *connection, const struct syslog_config *config)
	__attribute__((warn_unused_result));

void connection_fini(struct connection *connection);

/*
 * Open it. `stop_fd` is looked at while waiting: -EINTR as soon as it can be read. Other errors: `why` says what and where.
 */
int connection_open(struct connection *connection, int stop_fd) __attribute__((warn_unused_result));

/*
 * Write all `count` bytes, or nothing. Returns 1: taken; 0: not now, the same bytes are to be given again when the descriptor
 * can be written (`wants_write`) or read; negative: broken, `why` says how.
 */
int connection_write(struct connection *connection, const void *bytes, size_t count)
	__attribute__((warn_unused_result));

/* The descriptor can be read: take what the server says, which is nothing of interest. 0, or negative: it ended. */
int connection_read(struct connection *connection) __attribute__((warn_unused_result));

/* Bytes given to TCP since the connection began, and those of them that have arrived. */
uint64_t connection_written(const struct connection *connection);
uint64_t connection_acknowledged(const struct connection *connection);

/* Tell the server, and close. Nothing to do for a closed one. */
void connection_close(struct connection *connection);

#endif
