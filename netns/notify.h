/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * notify: tells the service manager that started posternd what it does, in the words of sd_notify(3): one datagram to the
 * Unix socket that NOTIFY_SOCKET names. Without that variable nobody wants to know, and nothing is sent.
 * Once, from the main thread, at start and end; it waits at most NOTIFY_WAIT_MS for a manager that is busy.
 * Not here: file descriptors kept by the manager, watchdog pings.
 */
#ifndef POSTERN_NETNS_NOTIFY_H
#define POSTERN_NETNS_NOTIFY_H

#define NOTIFY_WAIT_MS 2000

/*
 * Send `state`: assignments such as "READY=1", with newlines between them. Returns 0, also if no manager is there, or a
 * negative errno: -EINVAL for a NOTIFY_SOCKET that is neither an absolute path nor an abstract name.
 * Source: sd_notify(3), systemd 252.
 */
int notify_manager(const char *state) __attribute__((warn_unused_result));

#endif
