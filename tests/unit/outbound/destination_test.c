/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of outbound/destination: which resolved addresses a back end may have. */
#include "tests/unit/support.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>

#include "appliance/outbound/destination.h"

static bool allowed(const struct destination_rules *rules, const char *text)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
		return destination_is_allowed(rules, (const struct sockaddr *)&in);
	assert_int_equal(1, inet_pton(AF_INET6, text, &in6.sin6_addr));
	return destination_is_allowed(rules, (const struct sockaddr *)&in6);
}

static void ordinary_addresses_are_allowed(void **state)
{
	static const struct destination_rules rules;
	static const char *const addresses[] = { "10.20.0.1", "192.168.1.1", "172.16.0.1", "1.1.1.1", "126.255.255.255",
		"128.0.0.1", "169.253.255.255", "169.255.0.0", "223.255.255.255", "fd00::1", "2001:db8::1",
		"::ffff:10.0.0.1", "64:ff9b::a00:1" };

	(void)state;
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
		if (!allowed(&rules, addresses[i]))
			fail_msg("%s was refused", addresses[i]);
}

static void local_addresses_and_their_disguises_are_refused(void **state)
{
	static const struct destination_rules rules;
	static const char *const addresses[] = { "127.0.0.1", "127.255.255.255", "0.0.0.0", "0.1.2.3",
		"169.254.169.254", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1",
		"fe80::1", "febf::1", "ff02::1", "fd00:ec2::254", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
		"64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "::127.0.0.1", "2002:7f00:1::1", "2002:a9fe:a9fe::" };

	(void)state;
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
		if (allowed(&rules, addresses[i]))
			fail_msg("%s was allowed", addresses[i]);
}

static void an_exception_opens_its_prefix_only(void **state)
{
	struct destination_rules rules = { 0 };

	(void)state;
	assert_int_equal(0, destination_allow(&rules, "127.0.0.0/30"));
	assert_int_equal(0, destination_allow(&rules, "::1"));
	assert_true(allowed(&rules, "127.0.0.3"));
	assert_true(allowed(&rules, "::ffff:127.0.0.3"));
	assert_true(allowed(&rules, "::1"));
	assert_false(allowed(&rules, "127.0.0.4"));
	assert_false(allowed(&rules, "::"));
}

static bool allowed_at_port(const struct destination_rules *rules, const char *text, uint16_t port)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };

	assert_int_equal(1, inet_pton(AF_INET, text, &in.sin_addr));
	return destination_is_allowed(rules, (const struct sockaddr *)&in);
}

static void management_is_never_reached_through_us(void **state)
{
	struct destination_rules rules = { 0 };

	(void)state;
	assert_int_equal(0, destination_refuse_management(&rules, "10.9.0.5", 4566));
	assert_int_equal(0, destination_refuse_management(&rules, "127.0.0.1", 4566));
	assert_false(allowed(&rules, "10.9.0.5")); /* no exception: no port of it */
	assert_false(allowed(&rules, "::ffff:10.9.0.5"));
	assert_true(allowed(&rules, "10.9.0.6"));
	assert_int_equal(0, destination_allow(&rules, "127.0.0.0/8"));
	assert_int_equal(0, destination_allow(&rules, "10.9.0.5"));
	assert_true(allowed_at_port(&rules, "127.0.0.1", 8080));
	assert_false(allowed_at_port(&rules, "127.0.0.1", 4566));
	assert_true(allowed_at_port(&rules, "127.0.0.2", 4566));
	assert_true(allowed_at_port(&rules, "10.9.0.5", 80));
	assert_false(allowed_at_port(&rules, "10.9.0.5", 4566));
}

static void broken_prefixes_are_refused_and_change_nothing(void **state)
{
	static const char *const texts[] = { "", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/ 8",
		"10.0.0.0/8x", "10.0.0.1/8", "::1/129", "::1/127", "host", "1.2.3", "1.2.3.4.5", "fe80::1%eth0",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd:eeee" };
	struct destination_rules rules = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (destination_allow(&rules, texts[i]) != -EINVAL)
			fail_msg("'%s' was taken", texts[i]);
	assert_int_equal(-EINVAL, destination_refuse_management(&rules, "10.0.0.0/8", 1));
	assert_int_equal(0, rules.allowed_count);
	for (size_t i = 0; i < DESTINATION_PREFIXES_MAX; i++)
		assert_int_equal(0, destination_allow(&rules, "127.0.0.1"));
	assert_int_equal(-ENOSPC, destination_allow(&rules, "127.0.0.1"));
}

static bool is_own_host(const char *text)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
		return destination_is_own_host((struct sockaddr *)&in);
	assert_int_equal(1, inet_pton(AF_INET6, text, &in6.sin6_addr));
	return destination_is_own_host((struct sockaddr *)&in6);
}

static void whoever_connects_is_behind_loopback_himself(void **state)
{
	static const char *const own[] = { "127.0.0.1", "127.255.0.9", "0.0.0.0", "0.1.2.3", "::", "::1",
		"::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "::ffff:0.0.0.0" };
	static const char *const others[] = { "10.0.0.1", "128.0.0.1", "169.254.169.254", "::2", "fe80::1",
		"::ffff:10.0.0.1" };

	(void)state;
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (!is_own_host(own[i]))
			fail_msg("%s", own[i]);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (is_own_host(others[i]))
			fail_msg("%s", others[i]);
}

static void other_families_are_never_allowed(void **state)
{
	static const struct destination_rules rules;
	const struct sockaddr address = { .sa_family = AF_UNIX };

	(void)state;
	assert_false(destination_is_allowed(&rules, &address));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ordinary_addresses_are_allowed),
		cmocka_unit_test(local_addresses_and_their_disguises_are_refused),
		cmocka_unit_test(an_exception_opens_its_prefix_only),
		cmocka_unit_test(management_is_never_reached_through_us),
		cmocka_unit_test(broken_prefixes_are_refused_and_change_nothing),
		cmocka_unit_test(whoever_connects_is_behind_loopback_himself),
		cmocka_unit_test(other_families_are_never_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
