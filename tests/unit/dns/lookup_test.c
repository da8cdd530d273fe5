/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of dns/lookup: the vectors D1–D19 of spec/domains.md 8, the table of spec/endpoints.md 7, and hostile names. */
#include "tests/unit/support.h"

#include "appliance/dns/lookup.h"
#include "tests/unit/dns/dns_scene.h"

static struct snapshot snapshot;
static struct lookup lookup;
static struct view asked_by = VIEW_INIT("vpce-0a1b2c3d4e5f60718");

static size_t put_name(uint8_t *at, const char *name)
{
	size_t count = 0;

	for (const char *label = name; *label;) {
		size_t bytes = strcspn(label, ".");

		at[count++] = (uint8_t)bytes;
		memcpy(at + count, label, bytes);
		count += bytes;
		label += bytes + (label[bytes] == '.');
	}
	at[count++] = 0;
	return count;
}

static const char *name_of(uint16_t type)
{
	switch (type) {
	case DNS_TYPE_A:
		return "A";
	case DNS_TYPE_AAAA:
		return "AAAA";
	case DNS_TYPE_CNAME:
		return "CNAME";
	case DNS_TYPE_TXT:
		return "TXT";
	case DNS_TYPE_SOA:
		return "SOA";
	case DNS_TYPE_NS:
		return "NS";
	case DNS_TYPE_HINFO:
		return "HINFO";
	}
	return "?";
}

static size_t print_record(char *at, size_t room, const struct dns_record *record)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (record->type == DNS_TYPE_A || record->type == DNS_TYPE_AAAA)
		inet_ntop(record->type == DNS_TYPE_A ? AF_INET : AF_INET6, record->data, text, sizeof text);
	return (size_t)snprintf(at, room, " %s" VIEW_FMT "%s%s%s/%u", record->owner.count ? "" : "=",
		       VIEW_ARG(record->owner), " ", name_of(record->type), *text ? ":" : "", record->ttl_s) +
	       (size_t)snprintf(at + strlen(at), room - strlen(at), "%s", text);
}

/* "code[ aa]: records | authority" */
static const char *ask(const char *name, uint16_t type)
{
	static char text[4096];
	uint8_t message[512] = { 0, 1, 1, 0, 0, 1 };
	struct dns_query query;
	struct dns_answer answer;
	size_t count = 12 + put_name(message + 12, name), at;

	message[count++] = (uint8_t)(type >> 8);
	message[count++] = (uint8_t)type;
	message[count++] = 0;
	message[count++] = 1;
	assert_int_equal(DNS_ANSWER, dns_query_parse(&query, at_page_end(message, count), count));
	lookup_answer(&lookup, &snapshot, asked_by, &query, &answer);
	at = (size_t)snprintf(text, sizeof text, "%d%s:", (int)answer.rcode, answer.authoritative ? " aa" : "");
	for (size_t i = 0; i < answer.answer_count; i++) {
		(void)print_record(text + at, sizeof text - at, &answer.answers[i]);
		at += strlen(text + at);
	}
	if (answer.authority) {
		at += (size_t)snprintf(text + at, sizeof text - at, " |");
		(void)print_record(text + at, sizeof text - at, answer.authority);
	}
	return text;
}

#define NEGATIVE " | example.com SOA/900"

static void the_vectors_of_the_specification_hold(void **state)
{
	static const struct {
		const char *id, *name;
		uint16_t type;
		const char *expected;
	} vectors[] = {
		{ "D1", "API.Example.COM", DNS_TYPE_A, "0 aa: = A:/30010.0.0.10 = A:/30010.0.0.11" },
		{ "D2", "api.example.com", DNS_TYPE_AAAA, "0 aa:" NEGATIVE },
		{ "D3", "www.example.com", DNS_TYPE_A,
			"0 aa: = CNAME/300 api.example.com A:/30010.0.0.10 api.example.com A:/30010.0.0.11" },
		{ "D4", "www.example.com", DNS_TYPE_AAAA, "0 aa: = CNAME/300" NEGATIVE },
		{ "D5", "ext.example.com", DNS_TYPE_A, "0 aa: = CNAME/300" },
		{ "D6", "nosuch.example.com", DNS_TYPE_A, "0 aa: = A:/30010.0.0.99" },
		{ "D6", "p.q.example.com", DNS_TYPE_A, "0 aa: = A:/30010.0.0.99" },
		{ "D7", "nosuch.example.com", DNS_TYPE_AAAA, "0 aa:" NEGATIVE },
		{ "D8", "deep.example.com", DNS_TYPE_A, "0 aa:" NEGATIVE },
		{ "D8", "b.deep.example.com", DNS_TYPE_A, "0 aa:" NEGATIVE },
		{ "D9", "zz.deep.example.com", DNS_TYPE_A, "3 aa:" NEGATIVE },
		{ "D10", "y.sub.example.com", DNS_TYPE_A, "0 aa: = A:/30010.0.0.30" },
		{ "D11", "x.sub.example.com", DNS_TYPE_A, "0 aa:" NEGATIVE },
		{ "D12", "y.x.sub.example.com", DNS_TYPE_A, "3 aa:" NEGATIVE },
		{ "D13", "sub.example.com", DNS_TYPE_A, "0 aa:" NEGATIVE },
		{ "D14", "only6.example.com", DNS_TYPE_A, "0 aa:" NEGATIVE },
		{ "D14", "example.com", DNS_TYPE_A, "0 aa:" NEGATIVE },
		{ "D15", "*.example.com", DNS_TYPE_A, "0 aa: = A:/30010.0.0.99" },
		{ "D16", "loop1.example.com", DNS_TYPE_A, "0 aa: = CNAME/300 loop2.example.com CNAME/300" },
		{ "D17", "other.org", DNS_TYPE_A, "5:" },
		{ "D18", "gw.example.com", DNS_TYPE_A, "0 aa: = A:/6010.20.0.100 = A:/6010.20.1.100" },
		{ "D19", "gw.example.com", DNS_TYPE_AAAA, "0 aa:" NEGATIVE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
		const char *answer = ask(vectors[i].name, vectors[i].type);

		if (strcmp(answer, vectors[i].expected) != 0)
			fail_msg("%s %s: '%s', not '%s'", vectors[i].id, vectors[i].name, answer, vectors[i].expected);
	}
}

static void aliases_are_followed_and_never_seen(void **state)
{
	(void)state;
	assert_string_equal("0 aa: = A:/6010.20.0.100 = A:/6010.20.1.100", ask("twice.example.com", DNS_TYPE_A));
	assert_string_equal("0 aa: = A:/30010.0.0.10 = A:/30010.0.0.11", ask("here.example.com", DNS_TYPE_A));
	assert_string_equal("2:", ask("ring1.example.com", DNS_TYPE_A));
	assert_string_equal("0 aa:" NEGATIVE, ask("lost.example.com", DNS_TYPE_A));
	assert_string_equal(
		"0 aa: = CNAME/300 vpce-0a1b2c3d4e5f60718-abcdefgh.execute-api.us-east-1.vpce.amazonaws.com "
		"AAAA:/60fd20::100",
		ask("toendpoint.example.com", DNS_TYPE_AAAA));
}

static void other_types_are_answered_or_have_no_data(void **state)
{
	(void)state;
	assert_string_equal("0 aa: = TXT/300", ask("example.com", DNS_TYPE_TXT));
	assert_string_equal("0 aa: = SOA/900", ask("example.com", DNS_TYPE_SOA));
	assert_string_equal("0 aa: = NS/172800", ask("example.com", DNS_TYPE_NS));
	assert_string_equal("0 aa:" NEGATIVE, ask("gw.example.com", DNS_TYPE_HTTPS));
	assert_string_equal("0 aa: = CNAME/300", ask("www.example.com", DNS_TYPE_CNAME));
	assert_string_equal("0 aa: = A:/30010.0.0.10 = A:/30010.0.0.11", ask("api.example.com", DNS_TYPE_ANY));
	assert_string_equal("0 aa: = HINFO/3600", ask("gw.example.com", DNS_TYPE_ANY));
	assert_string_equal("0 aa:" NEGATIVE, ask("broken.example.com", DNS_TYPE_A));
}

#define PUBLIC ".execute-api.us-east-1.vpce.amazonaws.com"
#define PRIVATE "execute-api.us-east-1.amazonaws.com"
#define PUBLIC_NEGATIVE " | execute-api.us-east-1.vpce.amazonaws.com SOA/60"
#define PRIVATE_NEGATIVE " | " PRIVATE " SOA/60"

static void endpoint_names_are_public(void **state)
{
	static const struct view everyone[] = { VIEW_INIT("vpce-0a1b2c3d4e5f60718"),
		VIEW_INIT("vpce-0000000000000000c") };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		asked_by = everyone[i];
		assert_string_equal("0 aa: = A:/6010.20.0.100 = A:/6010.20.1.100",
			ask("vpce-0a1b2c3d4e5f60718-abcdefgh" PUBLIC, DNS_TYPE_A));
		assert_string_equal(
			"0 aa: = AAAA:/60fd20::100", ask("vpce-0a1b2c3d4e5f60718-abcdefgh" PUBLIC, DNS_TYPE_AAAA));
		assert_string_equal("0 aa: = A:/6010.20.1.100",
			ask("vpce-0a1b2c3d4e5f60718-abcdefgh-us-east-1b" PUBLIC, DNS_TYPE_A));
		assert_string_equal("0 aa:" PUBLIC_NEGATIVE,
			ask("vpce-0a1b2c3d4e5f60718-abcdefgh-us-east-1b" PUBLIC, DNS_TYPE_AAAA));
		assert_string_equal(
			"3 aa:" PUBLIC_NEGATIVE, ask("vpce-0a1b2c3d4e5f60718-abcdefgh-us-east-1c" PUBLIC, DNS_TYPE_A));
		assert_string_equal("3 aa:" PUBLIC_NEGATIVE, ask("vpce-0a1b2c3d4e5f60718-abcdefgx" PUBLIC, DNS_TYPE_A));
		assert_string_equal("3 aa:" PUBLIC_NEGATIVE, ask("vpce-0a1b2c3d4e5f60718" PUBLIC, DNS_TYPE_A));
		assert_string_equal(
			"3 aa:" PUBLIC_NEGATIVE, ask("x.vpce-0a1b2c3d4e5f60718-abcdefgh" PUBLIC, DNS_TYPE_A));
		assert_string_equal("0 aa:" PUBLIC_NEGATIVE, ask(&PUBLIC[1], DNS_TYPE_A));
	}
	asked_by = everyone[0];
}

static void private_dns_answers_for_every_label_in_its_vpc(void **state)
{
	(void)state;
	assert_string_equal("0 aa: = AAAA:/60fd20::100", ask(PRIVATE, DNS_TYPE_AAAA));
	assert_string_equal("0 aa: = AAAA:/60fd20::100", ask("anything." PRIVATE, DNS_TYPE_AAAA));
	assert_string_equal("3 aa:" PRIVATE_NEGATIVE, ask("two.labels." PRIVATE, DNS_TYPE_A));
	assert_string_equal("0 aa:" PRIVATE_NEGATIVE, ask("anything." PRIVATE, DNS_TYPE_TXT));
	assert_string_equal("5:", ask("execute-api.eu-west-1.amazonaws.com", DNS_TYPE_A));
	asked_by = view_of("vpce-0000000000000000b"); /* same VPC, no private DNS of its own */
	assert_string_equal("0 aa: = AAAA:/60fd20::100", ask("anything." PRIVATE, DNS_TYPE_AAAA));
	asked_by = view_of("vpce-0000000000000000c"); /* another VPC */
	assert_string_equal("5:", ask("anything." PRIVATE, DNS_TYPE_AAAA));
	assert_string_equal("5:", ask("api.example.com", DNS_TYPE_A));
	asked_by = view_of("vpce-0a1b2c3d4e5f60718");
}

static void an_association_has_a_name_of_its_own(void **state)
{
	(void)state;
	assert_string_equal("0 aa: = A:/6010.30.0.5", ask("a1b2c3d4e5-vpce-0000000000000000c." PRIVATE, DNS_TYPE_A));
	asked_by = view_of("vpce-0000000000000000c");
	assert_string_equal("0 aa: = A:/6010.30.0.5", ask("a1b2c3d4e5-vpce-0000000000000000c." PRIVATE, DNS_TYPE_A));
	assert_string_equal("5:", ask("a1b2c3d4e5-vpce-0000000000000000b." PRIVATE, DNS_TYPE_A));
	assert_string_equal("5:", ask("xxxxxxxxxx-vpce-0000000000000000c." PRIVATE, DNS_TYPE_A));
	asked_by = view_of("vpce-0a1b2c3d4e5f60718");
}

static void the_most_specific_zone_answers(void **state)
{
	(void)state;
	assert_string_equal("0 aa: = A:/30010.7.7.7", ask("own." PRIVATE, DNS_TYPE_A));
	assert_string_equal("3 aa: | own." PRIVATE " SOA/900", ask("x.own." PRIVATE, DNS_TYPE_A));
}

static void hostile_names_are_refused_or_denied(void **state)
{
	(void)state;
	assert_string_equal("5:", ask("", DNS_TYPE_A));
	assert_string_equal("5:", ask("com", DNS_TYPE_NS));
	assert_string_equal("5:", ask("xexample.com", DNS_TYPE_A));
	assert_string_equal("0 aa: = A:/30010.0.0.99", ask("\x01\xff.example.com", DNS_TYPE_A));
	assert_string_equal("0 aa: = AAAA:/60fd20::100", ask("-vpce-." PRIVATE, DNS_TYPE_AAAA));
	assert_string_equal("3 aa:" PUBLIC_NEGATIVE, ask("vpce-" PUBLIC, DNS_TYPE_A));
	asked_by = view_of("vpce-ffffffffffffffffff");
	assert_string_equal("5:", ask("api.example.com", DNS_TYPE_A));
	asked_by = view_of("vpce-0a1b2c3d4e5f60718");
}

static int set_up(void **state)
{
	(void)state;
	scene_make(&snapshot);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_of_the_specification_hold),
		cmocka_unit_test(aliases_are_followed_and_never_seen),
		cmocka_unit_test(other_types_are_answered_or_have_no_data),
		cmocka_unit_test(endpoint_names_are_public),
		cmocka_unit_test(private_dns_answers_for_every_label_in_its_vpc),
		cmocka_unit_test(an_association_has_a_name_of_its_own),
		cmocka_unit_test(the_most_specific_zone_answers),
		cmocka_unit_test(hostile_names_are_refused_or_denied),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
