/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of crypto/authority: what it issues is what it was asked for, and its own chain holds. */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/crypto/authority.h"
#include "appliance/crypto/certificate.h"

#define NOW 1768478400 /* 2026-01-15T12:00:00Z */
#define YEAR (365 * 86400)

static struct arena arena;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, NULL, 16 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

static struct authority_pair authority(void)
{
	struct authority_pair pair;

	assert_int_equal(0, authority_new(&pair, view_of("Postern private CA"), NOW, NOW + 30LL * YEAR, &arena));
	return pair;
}

static void an_authority_is_a_self_signed_ca(void **state)
{
	struct authority_pair pair = authority();
	struct certificate ca;
	size_t index;

	(void)state;
	assert_int_equal(0, certificate_parse(&ca, pair.certificate_pem, &arena));
	assert_true(view_equals_text(ca.subject, "CN=Postern private CA"));
	assert_true(ca.is_authority && ca.is_self_issued && ca.version == 3);
	assert_int_equal(CERTIFICATE_USE_CERTIFICATE_SIGNING | CERTIFICATE_USE_CRL_SIGNING, ca.key_usage);
	assert_string_equal("EC_prime256v1", ca.key_algorithm);
	assert_int_equal(NOW, ca.not_before_s);
	assert_int_equal(NOW + 30LL * YEAR, ca.not_after_s); /* past 2050: GeneralizedTime */
	assert_int_equal(0, certificate_check_key(&ca, pair.key_pem, &arena));
	assert_int_equal(0, certificate_check_chain(&ca, &ca, 1, &index));
}

static void a_server_certificate_has_its_names_and_its_chain(void **state)
{
	const struct view names[] = { view_of("*.execute-api.us-east-1.amazonaws.com"),
		view_of("*.execute-api.us-east-1.vpce.amazonaws.com"), view_of("127.0.0.1"), view_of("fd00::1") };
	struct authority_pair ca_pair = authority(), pair;
	struct certificate ca, leaf;
	size_t index;

	(void)state;
	assert_int_equal(0, authority_issue(&pair, &ca_pair, names, 4, NOW - 60, NOW + YEAR, &arena));
	assert_int_equal(0, certificate_parse(&ca, ca_pair.certificate_pem, &arena));
	assert_int_equal(0, certificate_parse(&leaf, pair.certificate_pem, &arena));
	assert_int_equal(2, leaf.name_count);
	assert_true(view_equals(leaf.names[0], names[0]) && view_equals(leaf.names[1], names[1]));
	assert_true(view_equals(leaf.common_name, names[0]));
	assert_true(!leaf.is_authority && view_equals(leaf.issuer, ca.subject));
	assert_int_equal(CERTIFICATE_USE_DIGITAL_SIGNATURE, leaf.key_usage);
	assert_int_equal(1, leaf.extended_use_count);
	assert_string_equal("TLS_WEB_SERVER_AUTHENTICATION", leaf.extended_uses[0].name);
	assert_int_equal(NOW - 60, leaf.not_before_s);
	assert_int_equal(0, certificate_check_key(&leaf, pair.key_pem, &arena));
	assert_int_equal(-EKEYREJECTED, certificate_check_key(&leaf, ca_pair.key_pem, &arena));
	assert_int_equal(0, certificate_check_chain(&leaf, &ca, 1, &index));
	assert_true(certificate_covers(&leaf, view_of("abc.execute-api.us-east-1.amazonaws.com")));
}

static void as_many_names_as_promised_fit(void **state)
{
	struct authority_pair ca_pair = authority(), pair;
	struct view names[AUTHORITY_NAMES_MAX_COUNT + 1];
	struct certificate leaf;

	(void)state;
	for (size_t i = 0; i <= AUTHORITY_NAMES_MAX_COUNT; i++) {
		char label[61];

		memset(label, 'a', 60);
		label[60] = '\0';
		names[i] = arena_printf(&arena, "n%02zu.%s.%s.%s.%s.com", i, label, label, label, label);
	}
	assert_int_equal(
		0, authority_issue(&pair, &ca_pair, names, AUTHORITY_NAMES_MAX_COUNT, NOW, NOW + YEAR, &arena));
	assert_int_equal(0, certificate_parse(&leaf, pair.certificate_pem, &arena));
	assert_int_equal(AUTHORITY_NAMES_MAX_COUNT, leaf.name_count);
	assert_true(view_equals(leaf.names[63], names[63]));
	assert_int_equal(
		-EINVAL, authority_issue(&pair, &ca_pair, names, AUTHORITY_NAMES_MAX_COUNT + 1, NOW, NOW + 1, &arena));
}

static void what_makes_no_sense_is_refused(void **state)
{
	struct authority_pair ca_pair = authority(), pair;
	struct view name = view_of("a.internal"), empty = view_of("");

	(void)state;
	assert_int_equal(-EINVAL, authority_new(&pair, empty, NOW, NOW + 1, &arena));
	assert_int_equal(-EINVAL, authority_new(&pair, name, NOW, NOW, &arena));
	assert_int_equal(-EINVAL, authority_issue(&pair, &ca_pair, &name, 0, NOW, NOW + 1, &arena));
	assert_int_equal(-EINVAL, authority_issue(&pair, &ca_pair, &empty, 1, NOW, NOW + 1, &arena));
	assert_int_equal(0, authority_issue(&pair, &ca_pair, &name, 1, NOW, NOW + 1, &arena));
	/* A leaf is no authority. */
	assert_int_equal(-EBADMSG, authority_issue(&pair, &pair, &name, 1, NOW, NOW + 1, &arena));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_authority_is_a_self_signed_ca),
		cmocka_unit_test(a_server_certificate_has_its_names_and_its_chain),
		cmocka_unit_test(as_many_names_as_promised_fit),
		cmocka_unit_test(what_makes_no_sense_is_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
