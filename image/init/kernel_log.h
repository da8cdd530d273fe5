/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * kernel_log: the kernel's warnings, kept with the console's lines (record.h): what it says about disks, memory, damaged blocks.
 *
 * The kernel writes to the console itself; here its lines come into the record, for the support bundle and the syslog server.
 *
 * Process: init; single-threaded. Source: the kernel's Documentation/ABI/testing/dev-kmsg.
 */
#ifndef POSTERN_INIT_KERNEL_LOG_H
#define POSTERN_INIT_KERNEL_LOG_H

/* Open it, from its first line on. A descriptor to be polled for reading, or -1. */
int kernel_log_open(void);

/* It can be read: keep what is a warning or worse. */
void kernel_log_pass(int fd);

#endif
