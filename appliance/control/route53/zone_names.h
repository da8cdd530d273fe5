/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * zone_names: DNS names as Route 53 takes and prints them: lower case, final dot, odd bytes as \ooo.
 *
 * Threads: pure functions on a call's arena. Source: Route 53 Developer Guide, "DNS domain name format"; spec/domains.md 7.
 */
#ifndef POSTERN_CONTROL_ZONE_NAMES_H
#define POSTERN_CONTROL_ZONE_NAMES_H

#include <stdbool.h>

#include "appliance/control/call.h"

/* The printed form of `text`, in the call's arena; NULL if it is no DNS name (labels of 1 to 63 bytes, 255 octets in all). */
const char *zone_name_normalise(struct call *call, const char *text);

/* Is `name` equal to `zone` or below it? Both normalised. */
bool zone_name_lies_in(const char *name, const char *zone);

#endif
