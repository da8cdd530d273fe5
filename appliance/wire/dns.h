/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dns: DNS messages of an authoritative server: queries in, answers out. Sans-I/O; libknot does the wire format.
 *
 * dns_query_parse() judges a datagram: it is a question to be answered, one to be refused with a code that is already in
 * the query, or to be ignored. dns_answer_write() makes the answer to either, with compression, EDNS(0) and truncation.
 *
 * Names are texts in lower case without the final dot ("" is the root); bytes other than letters, digits, '-' , '_' and '*' appear as
 * \DDD. The question is echoed byte for byte, so the case that the client mixed in comes back.
 *
 * Not here: zones, aliases, sockets, the two length bytes of TCP (dns/).
 * Threads: any; no state. Each call allocates and frees libknot's packet.
 * Source: RFC 1035, 2308, 6891, 7766, 8482; spec/domains.md 8.
 */
#ifndef POSTERN_WIRE_DNS_H
#define POSTERN_WIRE_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/view.h"

#define DNS_MESSAGE_MAX_BYTES 65535
/* What we advertise and never exceed over UDP: no fragments on paths of 1,280 bytes MTU. */
#define DNS_UDP_PAYLOAD_BYTES 1232
#define DNS_UDP_PLAIN_BYTES 512 /* without EDNS */
#define DNS_NAME_MAX_BYTES 255  /* on the wire */
/* As text: every byte may need \DDD. */
#define DNS_NAME_TEXT_MAX_CHARS 1004

enum dns_rcode {
	DNS_NOERROR = 0,
	DNS_FORMERR = 1,
	DNS_SERVFAIL = 2,
	DNS_NXDOMAIN = 3,
	DNS_NOTIMP = 4,
	DNS_REFUSED = 5,
	DNS_BADVERS = 16,
};

enum dns_type {
	DNS_TYPE_A = 1,
	DNS_TYPE_NS = 2,
	DNS_TYPE_CNAME = 5,
	DNS_TYPE_SOA = 6,
	DNS_TYPE_PTR = 12,
	DNS_TYPE_HINFO = 13,
	DNS_TYPE_MX = 15,
	DNS_TYPE_TXT = 16,
	DNS_TYPE_AAAA = 28,
	DNS_TYPE_SRV = 33,
	DNS_TYPE_SVCB = 64,
	DNS_TYPE_HTTPS = 65,
	DNS_TYPE_ANY = 255,
};

enum dns_verdict {
	DNS_ANSWER, /* a well-formed question of class IN: find the answer */
	DNS_REFUSE, /* answer with query->rcode and nothing else */
	DNS_IGNORE, /* send nothing: too short for a header, or a response itself */
};

struct dns_query {
	enum dns_rcode rcode; /* for DNS_REFUSE */
	uint16_t id;
	uint8_t opcode;
	bool recursion_desired, checking_disabled;
	bool has_question;
	uint16_t type;
	uint16_t class;
	char name[DNS_NAME_TEXT_MAX_CHARS + 1]; /* lower case, NUL-terminated */
	size_t name_chars;
	uint8_t question[DNS_NAME_MAX_BYTES + 4]; /* as sent: name, type, class */
	size_t question_bytes;
	bool has_edns, dnssec_ok;
	uint16_t payload_bytes; /* what the client takes over UDP: at least 512 */
};

/* Judge a message of `count` bytes. `*ret` is filled as far as the message could be read. */
enum dns_verdict dns_query_parse(struct dns_query *ret, const void *bytes, size_t count);

/* One record of an answer. Records of one owner and type must stand together: they form a set. */
struct dns_record {
	struct view owner; /* text; empty: the question's name */
	uint16_t type;
	uint32_t ttl_s;
	const uint8_t *data; /* RDATA in wire form, names in it uncompressed */
	uint16_t data_bytes;
};

struct dns_answer {
	enum dns_rcode rcode;
	bool authoritative, recursion_available;
	const struct dns_record *answers;
	size_t answer_count;
	const struct dns_record *authority; /* SOA of a negative answer; NULL if none */
};

/*
 * Write the answer to `query` into `ret` (`room` bytes). Over UDP (`is_udp`) it is at most what the client takes and
 * DNS_UDP_PAYLOAD_BYTES; sets that do not fit are left out and TC is set. Returns the size of the message; -EINVAL if an
 * owner is no name or data is longer than allowed; -ENOBUFS if not even header and question fit; -ENOMEM.
 */
long dns_answer_write(uint8_t *ret, size_t room, const struct dns_query *query, const struct dns_answer *answer,
	bool is_udp) __attribute__((warn_unused_result));

/*
 * RDATA from texts. Each writes to `ret` (room for `room` bytes) and returns the number of bytes, -EINVAL for malformed
 * text, -ENOBUFS if it does not fit.
 */
long dns_data_address(uint8_t *ret, size_t room, struct view text); /* IPv4: 4 bytes; IPv6: 16 bytes */
long dns_data_name(uint8_t *ret, size_t room, struct view name);    /* CNAME, NS, PTR */
long dns_data_text(uint8_t *ret, size_t room, struct view text);    /* TXT: one text, cut into strings of 255 bytes */

struct dns_soa {
	struct view primary, mailbox; /* names */
	uint32_t serial, refresh_s, retry_s, expire_s, minimum_s;
};
long dns_data_soa(uint8_t *ret, size_t room, const struct dns_soa *soa);

/*
 * Is `text` a host or record name: labels of 1–63 bytes, at most 255 on the wire, letters, digits, '-', '_', and '*' as the
 * whole first label? A final dot is allowed.
 */
bool dns_name_is_valid(struct view text);

/* `text` in lower case without its final dot into `ret` (room for text.count + 1). Returns the length. */
size_t dns_name_normalise(char *ret, struct view text);

#endif
