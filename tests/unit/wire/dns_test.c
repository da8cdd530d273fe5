/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of wire/dns: queries good and odd, cut at every byte; answers byte for byte, truncated, with EDNS. */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/base/assert.h"
#include "appliance/wire/dns.h"

struct message {
	uint8_t bytes[2048];
	size_t count;
};

static void put(struct message *message, const void *bytes, size_t count)
{
	memcpy(message->bytes + message->count, bytes, count);
	message->count += count;
}

static void put_16(struct message *message, unsigned number)
{
	message->bytes[message->count++] = (uint8_t)(number >> 8);
	message->bytes[message->count++] = (uint8_t)number;
}

/* A query for `name` (labels as the wire has them) with the six words of the header given by flags and counts. */
static struct message query_of(unsigned flags, unsigned questions, const char *name, unsigned type)
{
	struct message message = { .count = 0 };

	put_16(&message, 0x1234);
	put_16(&message, flags);
	put_16(&message, questions);
	put_16(&message, 0);
	put_16(&message, 0);
	put_16(&message, 0);
	put(&message, name, strlen(name) + 1);
	put_16(&message, type);
	put_16(&message, 1);
	return message;
}

/* An OPT record; raises ARCOUNT. */
static void put_opt(struct message *message, unsigned payload, unsigned version, unsigned flags)
{
	put(message, "", 1);
	put_16(message, 41);
	put_16(message, payload);
	put_16(message, version);
	put_16(message, flags);
	put_16(message, 0);
	message->bytes[11]++;
}

static enum dns_verdict parse(struct dns_query *query, const struct message *message)
{
	return dns_query_parse(query, at_page_end(message->bytes, message->count), message->count);
}

#define PETS "\3API\4Pets\10internal"

static void a_question_is_read_and_its_case_kept(void **state)
{
	struct message message = query_of(0x0110, 1, PETS, DNS_TYPE_A);
	struct dns_query query;

	(void)state;
	assert_int_equal(DNS_ANSWER, parse(&query, &message));
	assert_string_equal("api.pets.internal", query.name);
	assert_int_equal(17, query.name_chars);
	assert_int_equal(DNS_TYPE_A, query.type);
	assert_true(query.recursion_desired && query.checking_disabled && !query.has_edns);
	assert_int_equal(512, query.payload_bytes);
	assert_int_equal(0x1234, query.id);
	assert_int_equal(sizeof PETS + 4, query.question_bytes);
	assert_memory_equal(PETS, query.question, sizeof PETS);
	put_opt(&message, 4096, 0, 0x8000);
	assert_int_equal(DNS_ANSWER, parse(&query, &message));
	assert_true(query.has_edns && query.dnssec_ok);
	assert_int_equal(4096, query.payload_bytes);
	message = query_of(0, 1, "", DNS_TYPE_NS);
	put_opt(&message, 100, 0, 0);
	assert_int_equal(DNS_ANSWER, parse(&query, &message));
	assert_string_equal("", query.name);
	assert_int_equal(512, query.payload_bytes);
}

static void odd_messages_get_their_code(void **state)
{
	struct dns_query query;
	struct message message;

	(void)state;
#define ASSERT_REFUSED(code)                                                                                           \
	do {                                                                                                           \
		assert_int_equal(DNS_REFUSE, parse(&query, &message));                                                 \
		assert_int_equal(code, query.rcode);                                                                   \
	} while (0)
	message = query_of(0x2800, 1, PETS, DNS_TYPE_SOA); /* opcode 5, update */
	ASSERT_REFUSED(DNS_NOTIMP);
	message = query_of(0, 0, "", 1);
	ASSERT_REFUSED(DNS_FORMERR);
	message = query_of(0, 2, PETS, DNS_TYPE_A);
	ASSERT_REFUSED(DNS_FORMERR);
	message = query_of(0, 1, PETS, DNS_TYPE_A);
	put(&message, "trailing", 8);
	ASSERT_REFUSED(DNS_FORMERR);
	message = query_of(0, 1, "\100aaaaaaaaaaaaaaaa", DNS_TYPE_A); /* a label of 64 bytes */
	ASSERT_REFUSED(DNS_FORMERR);
	message = query_of(0, 1, "\300\14", DNS_TYPE_A); /* a pointer in the question, to itself */
	ASSERT_REFUSED(DNS_FORMERR);
	message = query_of(0, 1, PETS, DNS_TYPE_A);
	put_opt(&message, 1232, 0, 0);
	put_opt(&message, 1232, 0, 0);
	ASSERT_REFUSED(DNS_FORMERR);
	message = query_of(0, 1, PETS, DNS_TYPE_A);
	put_opt(&message, 1232, 1, 0); /* version 1 */
	ASSERT_REFUSED(DNS_BADVERS);
	message = query_of(0, 1, PETS, 252);
	ASSERT_REFUSED(DNS_REFUSED);
	message = query_of(0, 1, PETS, DNS_TYPE_TXT);
	message.bytes[message.count - 1] = 3; /* class CHAOS */
	ASSERT_REFUSED(DNS_REFUSED);
	message = query_of(0x8000, 1, PETS, DNS_TYPE_A); /* a response */
	assert_int_equal(DNS_IGNORE, parse(&query, &message));
}

static void every_cut_is_ignored_or_refused(void **state)
{
	struct message message = query_of(0, 1, PETS, DNS_TYPE_A);

	(void)state;
	put_opt(&message, 1232, 0, 0);
	for (size_t count = 0; count < message.count; count++) {
		struct message cut = message;
		struct dns_query query;

		cut.count = count;
		assert_int_equal(count < 12 ? DNS_IGNORE : DNS_REFUSE, parse(&query, &cut));
		if (count >= 12)
			assert_int_equal(DNS_FORMERR, query.rcode);
	}
}

static struct dns_query good_query(const char *name, unsigned type, unsigned payload)
{
	struct message message = query_of(0x0100, 1, name, type);
	struct dns_query query;

	if (payload)
		put_opt(&message, payload, 0, 0);
	assert_int_equal(DNS_ANSWER, parse(&query, &message));
	return query;
}

static void addresses_are_answered_with_compression(void **state)
{
	static const uint8_t one[] = { 10, 20, 0, 10 }, two[] = { 10, 20, 0, 11 };
	const struct dns_record records[] = { { .type = DNS_TYPE_A, .ttl_s = 60, .data = one, .data_bytes = 4 },
		{ .type = DNS_TYPE_A, .ttl_s = 60, .data = two, .data_bytes = 4 } };
	const struct dns_answer answer = { .authoritative = true, .answers = records, .answer_count = 2 };
	struct dns_query query = good_query(PETS, DNS_TYPE_A, 0);
	static const char expected[] = "\x12\x34\x85\x00\0\1\0\2\0\0\0\0" PETS "\0\0\1\0\1"
				       "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\x14\0\x0a"
				       "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\x14\0\x0b";
	uint8_t wire[512];

	(void)state;
	assert_int_equal(sizeof expected - 1, dns_answer_write(wire, sizeof wire, &query, &answer, true));
	assert_memory_equal(expected, wire, sizeof expected - 1);
}

static void a_negative_answer_carries_the_soa_and_opt(void **state)
{
	const struct dns_soa soa = { view_of("ns-1.awsdns.com."), view_of("awsdns-hostmaster.amazon.com"), 1, 7200, 900,
		1209600, 900 };
	uint8_t data[512], wire[1500];
	struct dns_record record = {
		.owner = view_of("pets.internal"), .type = DNS_TYPE_SOA, .ttl_s = 900, .data = data
	};
	struct dns_answer answer = { .rcode = DNS_NXDOMAIN, .authoritative = true, .authority = &record };
	struct dns_query query = good_query(PETS, DNS_TYPE_AAAA, 1232);
	long count = dns_data_soa(data, sizeof data, &soa);

	(void)state;
	assert_true(count > 0);
	record.data_bytes = (uint16_t)count;
	count = dns_answer_write(wire, sizeof wire, &query, &answer, true);
	assert_true(count > 0);
	assert_memory_equal("\x12\x34\x85\x03\0\1\0\0\0\1\0\1", wire, 12);
	assert_memory_equal(
		"\xc0\x10\0\6\0\1\0\0\3\x84", wire + 12 + sizeof PETS + 4, 10); /* the owner points into the question */
	assert_memory_equal("\0\0\x29\4\xd0\0\0\0\0\0\0", wire + count - 11, 11);
}

static void extended_codes_and_refusals_are_written(void **state)
{
	struct message message = query_of(0, 1, PETS, DNS_TYPE_A);
	struct dns_answer answer = { .rcode = DNS_BADVERS };
	struct dns_query query;
	uint8_t wire[512];
	long count;

	(void)state;
	put_opt(&message, 1232, 1, 0);
	assert_int_equal(DNS_REFUSE, parse(&query, &message));
	count = dns_answer_write(wire, sizeof wire, &query, &answer, true);
	assert_int_equal(0, wire[3] & 15);
	assert_memory_equal("\0\0\x29\4\xd0\1\0\0\0\0\0", wire + count - 11, 11);

	message = query_of(0x2800, 0, "", 1);
	assert_int_equal(DNS_REFUSE, parse(&query, &message));
	answer.rcode = query.rcode;
	count = dns_answer_write(wire, sizeof wire, &query, &answer, true);
	assert_int_equal(12, count);
	assert_memory_equal("\x12\x34\xa8\x04\0\0\0\0\0\0\0\0", wire, 12);
}

static void what_does_not_fit_is_left_out_whole(void **state)
{
	uint8_t data[8][300], wire[DNS_MESSAGE_MAX_BYTES];
	struct dns_record records[8];
	struct dns_answer answer = { .authoritative = true, .answers = records, .answer_count = 8 };
	struct dns_query plain = good_query(PETS, DNS_TYPE_TXT, 0), edns = good_query(PETS, DNS_TYPE_TXT, 4096);
	char text[200];

	(void)state;
	memset(text, 'x', sizeof text);
	for (size_t i = 0; i < 8; i++) {
		text[0] = (char)('a' + i); /* a set holds each datum once */
		records[i] = (struct dns_record){ .type = DNS_TYPE_TXT,
			.ttl_s = 60,
			.data = data[i],
			.data_bytes = (uint16_t)dns_data_text(data[i], sizeof data[i], view_from(text, sizeof text)) };
	}
	assert_int_equal(12 + sizeof PETS + 4, dns_answer_write(wire, sizeof wire, &plain, &answer, true));
	assert_int_equal(0x87, wire[2]); /* QR AA TC RD */
	assert_int_equal(12 + sizeof PETS + 4 + 11, dns_answer_write(wire, sizeof wire, &edns, &answer, true));
	assert_int_equal(0x87, wire[2]);
	assert_int_equal(1, wire[11]);
	assert_true(dns_answer_write(wire, sizeof wire, &plain, &answer, false) > 512);
	assert_int_equal(0x85, wire[2]);
	for (size_t room = 0; room < 12 + sizeof PETS + 4; room++)
		assert_int_equal(
			-ENOBUFS, dns_answer_write((uint8_t *)at_page_end(wire, room), room, &plain, &answer, false));
}

static void sets_of_other_owners_follow_a_cname(void **state)
{
	static const uint8_t address[] = { 10, 0, 0, 1 };
	uint8_t target[64], wire[512];
	struct dns_record records[2] = {
		{ .type = DNS_TYPE_CNAME, .ttl_s = 300, .data = target },
		{ .owner = view_of("pets.internal"), .type = DNS_TYPE_A, .ttl_s = 60, .data = address, .data_bytes = 4 }
	};
	struct dns_answer answer = { .authoritative = true, .answers = records, .answer_count = 2 };
	struct dns_query query = good_query(PETS, DNS_TYPE_A, 0);
	long count = dns_data_name(target, sizeof target, view_of("pets.internal."));

	(void)state;
	records[0].data_bytes = (uint16_t)count;
	count = dns_answer_write(wire, sizeof wire, &query, &answer, true);
	assert_int_equal(12 + (long)sizeof PETS + 4 + 14 + 16, count);
	assert_int_equal(2, wire[7]);
	assert_memory_equal("\xc0\x10", wire + 12 + sizeof PETS + 4 + 12, 2); /* compressed inside the data */
	records[1].owner = view_of("a..b");
	assert_int_equal(-EINVAL, dns_answer_write(wire, sizeof wire, &query, &answer, true));
}

static void record_data_is_made_of_texts(void **state)
{
	uint8_t data[600];
	char long_text[301];

	(void)state;
	assert_int_equal(4, dns_data_address(data, sizeof data, view_of("10.0.0.1")));
	assert_int_equal(16, dns_data_address(data, sizeof data, view_of("fd00::1")));
	assert_int_equal(-EINVAL, dns_data_address(data, sizeof data, view_of("10.0.0.256")));
	assert_int_equal(-EINVAL, dns_data_address(data, sizeof data, view_of("")));
	assert_int_equal(-ENOBUFS, dns_data_address(data, 3, view_of("10.0.0.1")));
	assert_int_equal(5, dns_data_name(data, sizeof data, view_of("a.b")));
	assert_memory_equal("\1a\1b", data, 5);
	assert_int_equal(1, dns_data_name(data, sizeof data, view_of("")));
	assert_int_equal(-EINVAL, dns_data_name(data, sizeof data, view_of("a..b")));
	memset(long_text, 'x', 300);
	assert_int_equal(302, dns_data_text(data, sizeof data, view_from(long_text, 300)));
	assert_int_equal(255, data[0]);
	assert_int_equal(45, data[256]);
	assert_int_equal(1, dns_data_text(data, sizeof data, view_of("")));
	assert_int_equal(-ENOBUFS, dns_data_text(data, 300, view_from(long_text, 300)));
}

static void names_are_judged(void **state)
{
	char room[64];
	static const char *const good[] = { "a", "api.pets.internal", "API.pets.internal.", "*.pets.internal",
		"_acme.x-y.z", "1.2" };
	static const char *const bad[] = { "", ".", "a..b", ".a", "a b", "a.*.b", "a*.b", "\xc3\xa4.b", "a/b",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(good); i++)
		assert_true(dns_name_is_valid(view_from_text(good[i])));
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_false(dns_name_is_valid(view_from_text(bad[i])));
	assert_int_equal(3, dns_name_normalise(room, view_of("A.B.")));
	assert_string_equal("a.b", room);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_is_read_and_its_case_kept),
		cmocka_unit_test(odd_messages_get_their_code),
		cmocka_unit_test(every_cut_is_ignored_or_refused),
		cmocka_unit_test(addresses_are_answered_with_compression),
		cmocka_unit_test(a_negative_answer_carries_the_soa_and_opt),
		cmocka_unit_test(extended_codes_and_refusals_are_written),
		cmocka_unit_test(what_does_not_fit_is_left_out_whole),
		cmocka_unit_test(sets_of_other_owners_follow_a_cname),
		cmocka_unit_test(record_data_is_made_of_texts),
		cmocka_unit_test(names_are_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
