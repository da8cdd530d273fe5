/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * route53: what zones and record sets share: ids, names in Route 53's form, change infos, pages.
 *
 * Names are stored and shown as Route 53 prints them: lower case, with a final dot, every byte but letters, digits, '-', '_'
 * and the dots between labels as \ooo (so '*' is \052).
 * Threads: the operations thread.
 * Source: Amazon Route 53 API Reference; spec/domains.md 7.
 */
#ifndef POSTERN_CONTROL_ROUTE53_H
#define POSTERN_CONTROL_ROUTE53_H

#include <stdbool.h>
#include <stddef.h>

#include "appliance/base/json.h"
#include "appliance/control/call.h"

/* The limit of one page of either list. Source: spec/domains.md 7. */
#define ROUTE53_PAGE_MAX_COUNT 300
#define ROUTE53_PAGE_DEFAULT_COUNT 100

/* The bare id of a zone: "/hostedzone/Z1" and "Z1" both name it. */
const char *route53_zone_id(const char *given);

/* The zone that the input's `member` names, or a failed call: NoSuchHostedZone. */
int route53_zone_find(struct call *call, const char *member, struct json **ret_zone);

/*
 * `name` in Route 53's form, or NULL if it is no domain name (empty label, label over 63 or name over 255 bytes, a broken
 * escape). Lives as long as the call.
 */
const char *route53_name(struct call *call, const char *name);

/* Does `name` equal `zone_name` or lie below it? Both in Route 53's form. */
bool route53_name_is_within(const char *name, const char *zone_name);

/* Order of names as lists have it: by labels from the right. */
int route53_name_compare(const char *left, const char *right);

/* Set member ChangeInfo of the output: a change of now. What is answered is served, so its status is INSYNC. */
void route53_change_info(struct call *call, const char *comment);

/* The record id of a record set. */
const char *route53_record_id(struct call *call, const char *zone_id, const char *name, const char *type);

/* The page size that member MaxItems asks for: 0 and `*ret`, or a failed call. */
int route53_page_size(struct call *call, size_t *ret);

/* Is there a network or an endpoint in that VPC? */
bool route53_vpc_exists(struct call *call, const char *vpc_id);

#endif
