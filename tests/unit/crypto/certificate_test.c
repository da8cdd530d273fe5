/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of crypto/certificate: facts, keys, chains, names; every cut of a certificate is refused. */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/crypto/certificate.h"
#include "appliance/crypto/pem.h"

#define DATA "tests/unit/crypto/data/"

static struct arena arena;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, NULL, 64 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

static struct view file(const char *name)
{
	char path[128];
	size_t count;
	char *text, *page;

	snprintf(path, sizeof path, DATA "%s", name);
	text = whole_file(path, &count);
	page = at_page_end(text, count);
	free(text);
	return view_from(page, count);
}

static struct certificate parsed(const char *name)
{
	struct certificate certificate;

	assert_int_equal(0, certificate_parse(&certificate, file(name), &arena));
	return certificate;
}

static void assert_view(const char *expected, struct view view)
{
	if (!view_equals_text(view, expected))
		fail_msg("\"" VIEW_FMT "\", expected \"%s\"", VIEW_ARG(view), expected);
}

static void the_facts_of_a_server_certificate(void **state)
{
	struct certificate leaf = parsed("leaf.pem");

	(void)state;
	assert_int_equal(3, leaf.version);
	assert_view("C=DE,ST=Berlin,L=Berlin,O=Example,OU=Pets,CN=api.pets.internal,1.2.840.113549.1.9.1=a@b.c",
		leaf.subject);
	assert_view("O=Example,CN=Test sub", leaf.issuer);
	assert_view("api.pets.internal", leaf.common_name);
	assert_view("03:e9", leaf.serial);
	assert_int_equal(2, leaf.name_count);
	assert_view("api.pets.internal", leaf.names[0]);
	assert_view("*.pets.internal", leaf.names[1]);
	assert_int_equal(CERTIFICATE_KEY_EC, leaf.key_type);
	assert_string_equal("EC_prime256v1", leaf.key_algorithm);
	assert_string_equal("SHA384WITHECDSA", leaf.signature_algorithm);
	assert_int_equal(CERTIFICATE_USE_DIGITAL_SIGNATURE | CERTIFICATE_USE_KEY_ENCIPHERMENT, leaf.key_usage);
	assert_string_equal("KEY_ENCIPHERMENT", certificate_key_usage_name(CERTIFICATE_USE_KEY_ENCIPHERMENT));
	assert_null(certificate_key_usage_name(3));
	assert_int_equal(3, leaf.extended_use_count);
	assert_string_equal("TLS_WEB_SERVER_AUTHENTICATION", leaf.extended_uses[0].name);
	assert_string_equal("CUSTOM", leaf.extended_uses[2].name);
	assert_view("1.2.3.4", leaf.extended_uses[2].oid);
	assert_true(!leaf.is_authority && !leaf.is_self_issued);
	assert_int_equal(20000 * 86400L, leaf.not_after_s - leaf.not_before_s);
}

static void the_facts_of_authorities_and_rsa_keys(void **state)
{
	struct certificate root = parsed("root.pem"), sub = parsed("sub.pem"), rsa = parsed("rsa.pem");

	(void)state;
	assert_view("C=DE,O=Example\\, Inc.,CN=Test root", root.subject);
	assert_true(root.is_authority && root.is_self_issued);
	assert_string_equal("RSA_2048", root.key_algorithm);
	assert_string_equal("SHA256WITHRSA", root.signature_algorithm);
	assert_string_equal("EC_secp384r1", sub.key_algorithm);
	assert_view("9f:01", sub.serial);
	assert_string_equal("RSA_3072", rsa.key_algorithm);
	assert_int_equal(3072, rsa.key_bits);
	assert_false(rsa.has_names);
}

static void keys_fit_or_do_not(void **state)
{
	struct certificate leaf = parsed("leaf.pem"), rsa = parsed("rsa.pem"), root = parsed("root.pem"),
			   sub = parsed("sub.pem");

	(void)state;
	assert_int_equal(0, certificate_check_key(&leaf, file("leaf.key"), &arena));
	assert_int_equal(0, certificate_check_key(&leaf, file("leaf_sec1.key"), &arena));
	assert_int_equal(0, certificate_check_key(&rsa, file("rsa_pkcs8.key"), &arena));
	assert_int_equal(0, certificate_check_key(&rsa, file("rsa_pkcs1.key"), &arena));
	assert_int_equal(-EKEYREJECTED, certificate_check_key(&leaf, file("rsa_pkcs8.key"), &arena));
	assert_int_equal(-EKEYREJECTED, certificate_check_key(&rsa, file("leaf.key"), &arena));
	assert_int_equal(-EKEYREJECTED, certificate_check_key(&root, file("rsa_pkcs8.key"), &arena));
	assert_int_equal(-EKEYREJECTED, certificate_check_key(&sub, file("leaf.key"), &arena));
	assert_int_equal(-EBADMSG, certificate_check_key(&leaf, file("leaf_encrypted.key"), &arena));
	assert_int_equal(-EBADMSG, certificate_check_key(&leaf, file("leaf.pem"), &arena));
	assert_int_equal(-EBADMSG, certificate_check_key(&leaf, view_of("no key"), &arena));
	assert_int_equal(
		-EBADMSG, certificate_check_key(&leaf,
				  view_of("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), &arena));
}

static void chains_must_be_in_order(void **state)
{
	struct certificate leaf = parsed("leaf.pem"), chain[2] = { parsed("sub.pem"), parsed("root.pem") };
	struct certificate swapped[2] = { chain[1], chain[0] };
	size_t index = 9;

	(void)state;
	assert_int_equal(0, certificate_check_chain(&leaf, chain, 2, &index));
	assert_int_equal(0, certificate_check_chain(&leaf, chain, 0, &index));
	assert_int_equal(-EINVAL, certificate_check_chain(&leaf, swapped, 2, &index));
	assert_int_equal(0, index);
	assert_int_equal(-EINVAL, certificate_check_chain(&chain[0], &leaf, 1, &index));
	chain[1] = chain[0];
	assert_int_equal(-EINVAL, certificate_check_chain(&leaf, chain, 2, &index));
	assert_int_equal(1, index);
}

static void chain_files_are_read_in_order(void **state)
{
	struct view sub = file("sub.pem"), root = file("root.pem");
	struct view both = arena_printf(&arena, "some text\n" VIEW_FMT VIEW_FMT, VIEW_ARG(sub), VIEW_ARG(root));
	const struct certificate *chain;
	struct certificate one;
	size_t count;

	(void)state;
	assert_int_equal(0, certificate_parse_chain(&chain, &count, both, &arena));
	assert_int_equal(2, count);
	assert_view("O=Example,CN=Test sub", chain[0].subject);
	assert_int_equal(0, certificate_parse_chain(&chain, &count, view_of(""), &arena));
	assert_int_equal(0, count);
	assert_int_equal(-E2BIG, certificate_parse(&one, both, &arena));
	assert_int_equal(-EBADMSG, certificate_parse(&one, view_of("text"), &arena));
	assert_int_equal(-EBADMSG, certificate_parse(&one, file("leaf.key"), &arena));
}

static void names_are_covered_as_the_specification_says(void **state)
{
	struct certificate leaf = parsed("leaf.pem"), rsa = parsed("rsa.pem");

	(void)state;
	assert_true(certificate_covers(&leaf, view_of("api.pets.internal")));
	assert_true(certificate_covers(&leaf, view_of("API.Pets.internal.")));
	assert_true(certificate_covers(&leaf, view_of("b.pets.internal")));
	assert_true(certificate_covers(&leaf, view_of("*.pets.internal")));
	assert_false(certificate_covers(&leaf, view_of("pets.internal")));
	assert_false(certificate_covers(&leaf, view_of("a.b.pets.internal")));
	assert_false(certificate_covers(&leaf, view_of("*.internal")));
	assert_false(certificate_covers(&leaf, view_of(".pets.internal")));
	assert_false(certificate_covers(&leaf, view_of("")));
	assert_true(certificate_covers(&rsa, view_of("a.rsa.example.com"))); /* no alternative names: the common name */
}

static void every_cut_and_every_flipped_bit_is_survived(void **state)
{
	struct certificate leaf = parsed("leaf.pem");
	struct arena scratch;
	struct certificate other;

	(void)state;
	arena_init(&scratch, NULL, 64 << 20);
	for (size_t count = 0; count < leaf.der.count; count++) {
		struct view cut = view_from(at_page_end(leaf.der.at, count), count);

		assert_int_equal(-EBADMSG, certificate_parse_der(&other, cut, &scratch));
		arena_reset(&scratch);
	}
	for (size_t bit = 0; bit < leaf.der.count * 8; bit += 3) {
		char *bytes = malloc(leaf.der.count);
		int result;

		memcpy(bytes, leaf.der.at, leaf.der.count);
		bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
		result = certificate_parse_der(&other, view_from(bytes, leaf.der.count), &scratch);
		assert_true(result == 0 || result == -EBADMSG);
		arena_reset(&scratch);
		free(bytes);
	}
	arena_fini(&scratch);
}

static void pem_blocks_are_strict(void **state)
{
	struct pem_block block;
	struct view text;

	(void)state;
	text = view_of("-----BEGIN X-----\nAAECAw==\n-----END X-----\n");
	assert_int_equal(1, pem_next(&block, &text, &arena));
	assert_view("X", block.label);
	assert_int_equal(4, block.der.count);
	assert_int_equal(0, pem_next(&block, &text, &arena));
	text = view_of("-----BEGIN X-----\nAAECAw==\n-----END Y-----\n");
	assert_int_equal(-EBADMSG, pem_next(&block, &text, &arena));
	text = view_of("-----BEGIN X-----\nProc-Type: 4,ENCRYPTED\n\nAAECAw==\n-----END X-----\n");
	assert_int_equal(-EBADMSG, pem_next(&block, &text, &arena));
	text = view_of("-----BEGIN X-----\n-----END X-----\n");
	assert_int_equal(-EBADMSG, pem_next(&block, &text, &arena));
	text = view_of("-----BEGIN ");
	assert_int_equal(-EBADMSG, pem_next(&block, &text, &arena));
	text = pem_write(&arena, "X", view_of("123456789012345678901234567890123456789012345678"));
	assert_view("-----BEGIN X-----\nMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4\n-----END "
		    "X-----\n",
		text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_facts_of_a_server_certificate),
		cmocka_unit_test(the_facts_of_authorities_and_rsa_keys),
		cmocka_unit_test(keys_fit_or_do_not),
		cmocka_unit_test(chains_must_be_in_order),
		cmocka_unit_test(chain_files_are_read_in_order),
		cmocka_unit_test(names_are_covered_as_the_specification_says),
		cmocka_unit_test(every_cut_and_every_flipped_bit_is_survived),
		cmocka_unit_test(pem_blocks_are_strict),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
