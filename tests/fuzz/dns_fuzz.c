/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a DNS message: judged without harm; whatever is answered fits, is a response, and echoes the question. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/wire/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_answer(const struct dns_query *query, const struct dns_answer *answer, bool is_udp)
{
	static uint8_t wire[DNS_MESSAGE_MAX_BYTES];
	long count = dns_answer_write(wire, sizeof wire, query, answer, is_udp);
	struct dns_query again;

	ASSERT(count >= 12);
	ASSERT(!is_udp || ((size_t)count <= DNS_UDP_PAYLOAD_BYTES && count <= query->payload_bytes));
	ASSERT(wire[0] == query->id >> 8 && wire[1] == (query->id & 255) && (wire[2] & 0x80));
	ASSERT(!query->has_question || memcmp(wire + 12, query->question, query->question_bytes) == 0);
	ASSERT(dns_query_parse(&again, wire, (size_t)count) == DNS_IGNORE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t address[16] = { 0xfd, [15] = 1 };
	uint8_t soa[600];
	const struct dns_soa soa_fields = { view_of("ns-1.awsdns.com"), view_of("awsdns-hostmaster.amazon.com"), 1,
		7200, 900, 1209600, 900 };
	struct dns_record records[2] = { { .type = DNS_TYPE_A, .ttl_s = 60, .data = address, .data_bytes = 4 },
		{ .type = DNS_TYPE_AAAA, .ttl_s = 60, .data = address, .data_bytes = 16 } };
	struct dns_record authority = {
		.owner = view_of("pets.internal"), .type = DNS_TYPE_SOA, .ttl_s = 900, .data = soa
	};
	struct dns_answer positive = { .authoritative = true, .answers = records, .answer_count = 2 };
	struct dns_answer negative = { .rcode = DNS_NXDOMAIN, .authoritative = true, .authority = &authority };
	struct dns_query query;
	enum dns_verdict verdict;
	uint8_t *bytes = malloc(size ? size : 1);

	memcpy(bytes, data, size);
	verdict = dns_query_parse(&query, bytes, size);
	free(bytes);
	authority.data_bytes = (uint16_t)dns_data_soa(soa, sizeof soa, &soa_fields);
	if (verdict == DNS_REFUSE) {
		struct dns_answer refusal = { .rcode = query.rcode };

		check_answer(&query, &refusal, true);
		check_answer(&query, &refusal, false);
	} else if (verdict == DNS_ANSWER) {
		ASSERT(query.has_question && query.name_chars == strlen(query.name));
		check_answer(&query, &positive, true);
		check_answer(&query, &negative, true);
		check_answer(&query, &negative, false);
	}
	return 0;
}
