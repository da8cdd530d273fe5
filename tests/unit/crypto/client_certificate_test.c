/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of crypto/client_certificate: what it makes is what back ends need. */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/crypto/certificate.h"
#include "appliance/crypto/client_certificate.h"

#define NOW 1768478400 /* 2026-01-15T12:00:00Z */
#define YEAR (365 * 86400)

static void a_certificate_is_for_clients_and_signed_by_itself(void **state)
{
	struct authority_pair pair, other;
	struct certificate certificate;
	struct arena arena;
	size_t index;

	(void)state;
	arena_init(&arena, NULL, 1 << 20);
	assert_int_equal(0, client_certificate_new(&pair, "ApiGateway", NOW, NOW + YEAR, &arena));
	assert_int_equal(0, certificate_parse(&certificate, pair.certificate_pem, &arena));
	assert_true(view_equals_text(certificate.subject, "CN=ApiGateway") && certificate.is_self_issued);
	assert_string_equal("RSA_2048", certificate.key_algorithm);
	assert_string_equal("SHA256WITHRSA", certificate.signature_algorithm);
	assert_int_equal(NOW, certificate.not_before_s);
	assert_int_equal(NOW + YEAR, certificate.not_after_s);
	assert_int_equal(CERTIFICATE_USE_DIGITAL_SIGNATURE, certificate.key_usage);
	assert_int_equal(1, certificate.extended_use_count);
	assert_string_equal("TLS_WEB_CLIENT_AUTHENTICATION", certificate.extended_uses[0].name);
	assert_false(certificate.is_authority);
	assert_int_equal(0, certificate_check_key(&certificate, pair.key_pem, &arena));
	assert_int_equal(
		-EINVAL, certificate_check_chain(&certificate, &certificate, 1, &index)); /* it signs no others */
	assert_int_equal(0, client_certificate_new(&other, "ApiGateway", NOW, NOW + YEAR, &arena));
	assert_int_equal(-EKEYREJECTED, certificate_check_key(&certificate, other.key_pem, &arena));
	authority_pair_wipe(&other);
	arena_fini(&arena);
}

static void times_must_fit(void **state)
{
	struct authority_pair pair;
	struct arena arena;

	(void)state;
	arena_init(&arena, NULL, 1 << 20);
	assert_int_equal(-EINVAL, client_certificate_new(&pair, "ApiGateway", NOW, NOW, &arena));
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_certificate_is_for_clients_and_signed_by_itself),
		cmocka_unit_test(times_must_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
