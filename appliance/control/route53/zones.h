/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * zones: what the operations on hosted zones and on record sets share.
 *
 * Threads: the operations thread. Source: spec/domains.md 7.
 */
#ifndef POSTERN_CONTROL_ZONES_H
#define POSTERN_CONTROL_ZONES_H

#include "appliance/base/json.h"
#include "appliance/control/call.h"

/* Record sets of one zone. Source: Route 53 quotas. */
#define ZONE_RECORD_SETS_MAX 10000

/* The bare id that the input's Id names, with or without "/hostedzone/". */
const char *zone_id(struct call *call);

/* The zone; 0, or CALL_FAILED with NoSuchHostedZone. */
int zone_find(struct call *call, struct json **ret);

/* Its record sets in the order in which they are listed. */
struct json *zone_record_sets(struct call *call, const char *id);

/* ChangeInfo of a change that is in force already. `status` is what the answer says. */
struct json *zone_change_info(struct call *call, const char *status);

/* Store a record set / delete one, by name, type and set identifier. */
void zone_put_record_set(struct call *call, const char *id, const struct json *record_set);
void zone_delete_record_set(struct call *call, const char *id, const struct json *record_set);

#endif
