/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rdata: the value of a record set, as the API shows it, in wire form. Types: A, AAAA, CNAME, NS, PTR, TXT, MX, SRV, SOA,
 * CAA, SPF. Threads: pure functions.
 * Source: RFC 1035 3.3 and 5.1, RFC 2782, RFC 8659; Route 53 Developer Guide, "Supported DNS record types".
 */
#ifndef POSTERN_DNS_RDATA_H
#define POSTERN_DNS_RDATA_H

#include <stddef.h>
#include <stdint.h>

#include "appliance/base/view.h"

/* Longest RDATA of one record: a TXT of 4,000 characters, the most that Route 53 takes, with its length bytes. */
#define RDATA_MAX_BYTES 4096

/* The number of a record type ("AAAA" → 28), 0 for one that is not served. */
uint16_t rdata_type(struct view name);

/*
 * Write `text`, a value of `type`, to `ret`. Returns its bytes; -EINVAL if it is malformed, -ENOBUFS if it does not fit,
 * -ENOTSUP for a type that is not served.
 */
long rdata_from_text(uint16_t type, struct view text, uint8_t *ret, size_t room) __attribute__((warn_unused_result));

/* The last number of an SOA's text: the bound of negative answers' TTL. 0 if the text is malformed. */
uint32_t rdata_soa_minimum_s(struct view text);

#endif
