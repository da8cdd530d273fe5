/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * config: where the syslog server is and who vouches for it: the file that `configure` leaves for `syslog`.
 *
 *   server logs.example.internal 6514
 *   audit audit.log                    the names of the logs in their folder; no name: there is none; no line: the
 *   access access.log                  usual name
 *   -----BEGIN CERTIFICATE-----        the authorities of the server's certificate, to the file's end; none: the system's
 *   …
 *
 * Pure: no I/O. Its writer has judged the settings (appliance/launch/settings.def: syslog_server, syslog_authorities).
 * Not here: reaching the server (connection.h).
 */
#ifndef POSTERN_SYSLOG_CONFIG_H
#define POSTERN_SYSLOG_CONFIG_H

#include <stdint.h>

#include "appliance/base/view.h"

/* Longest DNS name (RFC 1035, 2.3.4), or an address in text. */
#define SYSLOG_HOST_MAX_BYTES 253
/* A file: some authorities, with what people write between them. */
#define SYSLOG_CONFIG_MAX_BYTES (128u << 10)

/* Of the settings audit_log and access_log. */
#define SYSLOG_LOG_NAME_MAX_BYTES 64

struct syslog_config {
	char host[SYSLOG_HOST_MAX_BYTES + 1];
	uint16_t port;
	char audit_log[SYSLOG_LOG_NAME_MAX_BYTES + 1], access_log[SYSLOG_LOG_NAME_MAX_BYTES + 1];
	struct view authorities_pem; /* within the parsed text; empty: the system's */
};

/* Parse the file. Returns 0, or -EINVAL if it is none. `text` must outlive `ret`. */
int syslog_config_parse(struct syslog_config *ret, struct view text) __attribute__((warn_unused_result));

#endif
