/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lookup: what the alias server says to a question: the records, the code, the authority, from one snapshot and for one
 * endpoint. Names of the endpoint's VPC are answered: those of interface endpoints, and private hosted zones associated with
 * the VPC; the most specific zone wins. All others are refused, so that a resolver asks someone else.
 *
 *   {vpce}-{suffix}[-{zone}].execute-api.{region}.vpce.amazonaws.com   any endpoint; that zone's addresses
 *   execute-api.{region}.amazonaws.com, and one label below it         an endpoint of this VPC with private DNS
 *   {api}-{vpce}.execute-api.{region}.amazonaws.com                    an API deployed with that association
 *   hosted zones: records, aliases (endpoint names, names of the same zone), CNAMEs followed, wildcards, empty non-terminals
 *
 * Life cycle: a struct lookup is scratch memory, one by worker, filled anew by each question. Threads: one at a time.
 * Not here: messages (wire/dns.h), sockets (dns_server.h).
 * Source: spec/endpoints.md 3 and 7; spec/domains.md 8; RFC 1034 4.3.2, 2308, 4592, 8482.
 */
#ifndef POSTERN_DNS_LOOKUP_H
#define POSTERN_DNS_LOOKUP_H

#include <stddef.h>
#include <stdint.h>

#include "appliance/base/view.h"
#include "appliance/wire/dns.h"

struct snapshot;

/* Records of one answer: a set of 400 values, the most that Route 53 takes, at the end of a chain of CNAMEs. */
#define LOOKUP_RECORDS_MAX 416
/* RDATA of one answer: more would not fit into a message of 64 KiB. */
#define LOOKUP_DATA_BYTES 65536
/* CNAMEs and aliases that are followed. */
#define LOOKUP_CHAIN_MAX 8
/* Room for "execute-api.{region}.vpce.amazonaws.com." */
#define LOOKUP_SUFFIX_MAX_BYTES 128
/* TTL of endpoint names. */
#define LOOKUP_ENDPOINT_TTL_S 60

struct lookup {
	struct dns_record records[LOOKUP_RECORDS_MAX];
	size_t record_count;
	struct dns_record authority;
	size_t data_bytes;
	uint8_t data[LOOKUP_DATA_BYTES];
	char name[DNS_NAME_TEXT_MAX_CHARS + 2];    /* the question's, in the snapshot's form */
	char suffixes[2][LOOKUP_SUFFIX_MAX_BYTES]; /* zones of endpoint names: owners in answers point to them */
	char targets[LOOKUP_CHAIN_MAX + 1][DNS_NAME_TEXT_MAX_CHARS + 2]; /* of CNAMEs */
};

/*
 * Answer `query` (verdict DNS_ANSWER) as a client of `endpoint_id` gets it. `*ret` points into `lookup` and the snapshot.
 * An endpoint that the snapshot does not know (any more) refuses everything.
 */
void lookup_answer(struct lookup *lookup, const struct snapshot *snapshot, struct view endpoint_id,
	const struct dns_query *query, struct dns_answer *ret);

#endif
