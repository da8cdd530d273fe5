/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of crypto's small parts: digests, base64, seals, comparing. */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/base/assert.h"
#include "appliance/crypto/base64.h"
#include "appliance/crypto/compare.h"
#include "appliance/crypto/digest.h"
#include "appliance/crypto/seal.h"

static void digests_are_those_of_the_standards(void **state)
{
	uint8_t digest[32];
	char hex[65];
	struct digest running;

	(void)state;
	digest_sha256(digest, "", 0);
	digest_hex(hex, digest, 32);
	assert_string_equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", hex);
	digest_init(&running);
	for (const char *at = "abc"; *at; at++)
		digest_update(&running, at, 1);
	digest_final(&running, digest);
	digest_hex(hex, digest, 32);
	assert_string_equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", hex);
	/* RFC 4231, test case 2 */
	digest_hmac_sha256(digest, "Jefe", 4, "what do ya want for nothing?", 28);
	digest_hex(hex, digest, 32);
	assert_string_equal("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", hex);
	/* RFC 4231, test case 6: a key longer than a block */
	{
		unsigned char key[131];

		memset(key, 0xaa, sizeof key);
		digest_hmac_sha256(
			digest, key, sizeof key, "Test Using Larger Than Block-Size Key - Hash Key First", 54);
		digest_hex(hex, digest, 32);
		assert_string_equal("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54", hex);
	}
	digest_sha1(digest, "abc", 3);
	digest_hex(hex, digest, 20);
	assert_string_equal("a9993e364706816aba3e25717850c26c9cd0d89d", hex);
}

static void base64_is_strict(void **state)
{
	static const struct {
		const char *plain, *text;
	} cases[] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foobar", "Zm9vYmFy" },
		{ "\xfb\xff", "+/8=" } };
	static const char *const bad[] = { "Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zg==Zg==", "Zm 9v", "Zm9v\n",
		"Zm9_", "====", "=Zg=" };
	char text[16];
	uint8_t plain[16];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		size_t count = strlen(cases[i].plain), chars = BASE64_CHARS(count);

		base64_encode(text, cases[i].plain, count);
		assert_int_equal(strlen(cases[i].text), chars);
		assert_memory_equal(cases[i].text, text, chars);
		assert_int_equal(count, base64_decode(plain, view_from(at_page_end(text, chars), chars)));
		assert_memory_equal(cases[i].plain, plain, count);
	}
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_equal(-EINVAL, base64_decode(plain, view_from_text(bad[i])));
	assert_int_equal(3, base64_encode_url(text, "\xfb\xff", 2));
	assert_memory_equal("-_8", text, 3);
	assert_int_equal(2, base64_decode_url(plain, view_of("-_8")));
	assert_int_equal(-EINVAL, base64_decode_url(plain, view_of("-_8=")));
	assert_int_equal(3, base64_decode_lines(plain, view_of(" Zm\r\n9v\n")));
}

static void a_seal_opens_only_for_its_record_and_key(void **state)
{
	uint8_t secret[SEAL_SECRET_BYTES] = { 1, 2, 3 }, sealed[64], plain[64];
	struct seal_key key, other;
	long count;

	(void)state;
	seal_key_init(&key, secret);
	secret[31] = 1;
	seal_key_init(&other, secret);
	count = seal_close(sealed, &key, view_of("accesskey/AKIA1"), view_of("wJalr"));
	assert_int_equal(5 + SEAL_OVERHEAD_BYTES, count);
	assert_int_equal(5, seal_open(plain, &key, view_of("accesskey/AKIA1"), view_from(sealed, (size_t)count)));
	assert_memory_equal("wJalr", plain, 5);
	assert_int_equal(
		-EBADMSG, seal_open(plain, &key, view_of("accesskey/AKIA2"), view_from(sealed, (size_t)count)));
	assert_int_equal(
		-EBADMSG, seal_open(plain, &other, view_of("accesskey/AKIA1"), view_from(sealed, (size_t)count)));
	for (long cut = 0; cut < count; cut++) {
		struct view short_one = view_from(at_page_end(sealed, (size_t)cut), (size_t)cut);

		assert_true(seal_open(plain, &key, view_of("accesskey/AKIA1"), short_one) < 0);
	}
	for (long i = 1; i < count; i++) {
		sealed[i] ^= 1;
		assert_int_equal(
			-EBADMSG, seal_open(plain, &key, view_of("accesskey/AKIA1"), view_from(sealed, (size_t)count)));
		sealed[i] ^= 1;
	}
	sealed[0] = 2;
	assert_int_equal(-EINVAL, seal_open(plain, &key, view_of("accesskey/AKIA1"), view_from(sealed, (size_t)count)));
	count = seal_close(sealed, &key, view_of("x"), view_of(""));
	assert_int_equal(0, seal_open(plain, &key, view_of("x"), view_from(sealed, (size_t)count)));
	seal_key_fini(&key);
}

static void two_seals_of_one_secret_differ(void **state)
{
	uint8_t secret[SEAL_SECRET_BYTES] = { 0 }, a[64], b[64];
	struct seal_key key;
	long count;

	(void)state;
	seal_key_init(&key, secret);
	count = seal_close(a, &key, view_of("r"), view_of("same"));
	assert_int_equal(count, seal_close(b, &key, view_of("r"), view_of("same")));
	assert_memory_not_equal(a, b, (size_t)count);
}

static void a_digest_is_of_its_key_and_purpose(void **state)
{
	char first[SEAL_DIGEST_CHARS + 1], second[SEAL_DIGEST_CHARS + 1];
	uint8_t secret[SEAL_SECRET_BYTES] = { 0 };
	struct seal_key key, other;

	(void)state;
	seal_key_init(&key, secret);
	secret[0] = 1;
	seal_key_init(&other, secret);
	seal_digest(first, &key, "one purpose", view_of("same"));
	assert_int_equal(SEAL_DIGEST_CHARS, strlen(first));
	seal_digest(second, &key, "one purpose", view_of("same"));
	assert_string_equal(first, second);
	seal_digest(second, &key, "one purpose", view_of("other"));
	assert_string_not_equal(first, second);
	seal_digest(second, &key, "another", view_of("same"));
	assert_string_not_equal(first, second);
	seal_digest(second, &other, "one purpose", view_of("same"));
	assert_string_not_equal(first, second);
}

static void secrets_are_compared_whole(void **state)
{
	(void)state;
	assert_true(compare_secret(view_of(""), view_from(NULL, 0)));
	assert_true(compare_secret(view_of("abc"), view_of("abc")));
	assert_false(compare_secret(view_of("abc"), view_of("abd")));
	assert_false(compare_secret(view_of("abc"), view_of("ab")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_are_those_of_the_standards),
		cmocka_unit_test(base64_is_strict),
		cmocka_unit_test(a_seal_opens_only_for_its_record_and_key),
		cmocka_unit_test(two_seals_of_one_secret_differ),
		cmocka_unit_test(a_digest_is_of_its_key_and_purpose),
		cmocka_unit_test(secrets_are_compared_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
