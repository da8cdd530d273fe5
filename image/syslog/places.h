/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * places: how far each log has been delivered, kept in a file, so that a restart neither loses lines nor sends all of them again.
 *
 *   audit 131090 1763829000123456789 18811
 *   …                                          a log, and its place (follow.h)
 *   boot 6f0c…                                 the console's lines end with the boot that they are from
 *
 * The file is replaced, never changed. It is not flushed to the disk: after a power cut some lines are sent twice.
 * Process: syslog; single-threaded.
 */
#ifndef POSTERN_SYSLOG_PLACES_H
#define POSTERN_SYSLOG_PLACES_H

#include "image/syslog/follow.h"
#include "image/syslog/message.h"

/* Read `path`; places that it does not have are zeroed, as all are if it is not there or makes no sense. */
void places_read(const char *path, struct follow_place ret[MESSAGE_SOURCES_COUNT]);

/* Write it. 0 or a negative errno. */
int places_write(const char *path, const struct follow_place places[MESSAGE_SOURCES_COUNT])
	__attribute__((warn_unused_result));

#endif
