/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of crypto/cms: what is sealed, the openssl command line opens, with the certificate's key and no other. */
#include "tests/unit/support.h"

#include <errno.h>
#include <sys/stat.h>

#include "appliance/crypto/cms.h"

static struct arena arena;
static char folder[] = "/tmp/postern-cms-XXXXXX";

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, NULL, 64 << 20);
	return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	arena_fini(&arena);
	snprintf(command, sizeof command, "rm -r %s", folder);
	return system(command);
}

/* Run in the folder; its exit status. */
static int run(const char *format, ...)
{
	char command[1024];
	int count = snprintf(command, sizeof command, "cd %s && exec 2>>said && ", folder);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command + count, sizeof command - (size_t)count, format, arguments);
	va_end(arguments);
	return system(command);
}

static struct view file(const char *name)
{
	char path[128], *text, *page;
	size_t count;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	text = whole_file(path, &count);
	page = at_page_end(text, count);
	free(text);
	return view_from(page, count);
}

/* NAME.key and NAME.pem: a self-signed certificate of a new key. */
static struct certificate made(const char *name, const char *key, const char *more)
{
	struct certificate certificate;
	char path[64];

	assert_int_equal(
		0, run("openssl req -x509 -newkey %s -nodes -keyout %s.key -out %s.pem -subj '/O=Pets, Inc./CN=%s' "
		       "-days 30 %s",
			   key, name, name, name, more));
	snprintf(path, sizeof path, "%s.pem", name);
	assert_int_equal(0, certificate_parse(&certificate, file(path), &arena));
	return certificate;
}

static void seal(const char *name, struct view message, const struct certificate *recipient)
{
	struct view pem;
	char path[128];
	FILE *out;

	assert_int_equal(0, cms_seal(&pem, message, recipient, &arena));
	snprintf(path, sizeof path, "%s/%s", folder, name);
	out = fopen(path, "w");
	assert_non_null(out);
	assert_int_equal(1, fwrite(pem.at, pem.count, 1, out));
	fclose(out);
}

static int open_with(const char *name)
{
	return run("openssl cms -decrypt -inform PEM -in sealed -inkey %s.key -recip %s.pem -out opened", name, name);
}

static void openssl_opens_it(void **state)
{
	static const struct {
		const char *name, *key;
	} cases[] = {
		{ "rsa2048", "rsa:2048" },
		{ "rsa4096", "rsa:4096" },
		{ "p256", "ec -pkeyopt ec_paramgen_curve:P-256" },
		{ "p384", "ec -pkeyopt ec_paramgen_curve:P-384" },
		{ "p521", "ec -pkeyopt ec_paramgen_curve:P-521" },
	};
	static char large[CMS_MESSAGE_MAX_BYTES];
	struct certificate other = made("other", "ec -pkeyopt ec_paramgen_curve:P-256", "");

	(void)state;
	(void)other;
	memset(large, '\n', sizeof large); /* also: line ends are nobody's to change */
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *name = cases[i].name;
		struct certificate certificate = made(name, cases[i].key, "");
		struct view opened;

		assert_null(cms_refusal(&certificate));
		seal("sealed", view_of("a secret\n"), &certificate);
		assert_int_equal(0, open_with(name));
		assert_true(view_equals(file("opened"), view_of("a secret\n")));
		assert_int_not_equal(0, open_with("other"));
		seal("sealed", view_from(at_page_end(large, sizeof large), sizeof large), &certificate);
		assert_int_equal(0, open_with(name));
		opened = file("opened");
		assert_true(view_equals(opened, view_from(large, sizeof large)));
	}
}

static void the_cipher_is_authenticated_aes_256(void **state)
{
	struct certificate certificate = made("cipher", "ec -pkeyopt ec_paramgen_curve:P-256", "");

	(void)state;
	seal("sealed", view_of("a secret\n"), &certificate);
	assert_int_equal(0, run("openssl cms -cmsout -print -inform PEM -in sealed > printed"));
	assert_int_equal(0, run("grep -q id-smime-ct-authEnvelopedData printed"));
	assert_int_equal(0, run("grep -q aes-256-gcm printed && grep -q id-aes256-wrap printed"));
	/* A character of the ciphertext lost on the way is noticed, wherever it was. */
	assert_int_equal(0, run("openssl asn1parse -inform PEM -in sealed -noout -out der && python3 -c \""
				"d = bytearray(open('der', 'rb').read()); d[-20] ^= 1; open('torn', 'wb').write(d)\""));
	assert_int_not_equal(
		0, run("openssl cms -decrypt -inform DER -in torn -inkey cipher.key -recip cipher.pem -out opened"));
}

static void text_before_the_block_is_no_hindrance(void **state)
{
	struct certificate certificate = made("text", "ec -pkeyopt ec_paramgen_curve:P-256", "");

	(void)state;
	seal("block", view_of("a secret\n"), &certificate);
	assert_int_equal(0, run("(echo '# what this is'; cat block; echo 'more') > sealed"));
	assert_int_equal(0, open_with("text"));
	assert_true(view_equals(file("opened"), view_of("a secret\n")));
}

static void two_seals_of_one_message_differ(void **state)
{
	struct certificate certificate = made("twice", "rsa:2048", "");
	struct view first, second;

	(void)state;
	assert_int_equal(0, cms_seal(&first, view_of("a secret"), &certificate, &arena));
	assert_int_equal(0, cms_seal(&second, view_of("a secret"), &certificate, &arena));
	assert_false(view_equals(first, second));
	assert_true(view_starts_with(first, view_of("-----BEGIN CMS-----\n")));
}

static void fingerprints_are_those_that_openssl_prints(void **state)
{
	struct certificate first = made("first", "rsa:2048", ""), renewed;
	char text[CERTIFICATE_FINGERPRINT_CHARS + 1], key[CERTIFICATE_FINGERPRINT_CHARS + 1];

	(void)state;
	certificate_write_fingerprint(text, &first);
	assert_int_equal(0,
		run("openssl x509 -in first.pem -noout -fingerprint -sha256 | grep -qx 'sha256 Fingerprint=%s'", text));
	certificate_write_key_fingerprint(key, &first);
	assert_int_equal(0, run("openssl x509 -in first.pem -noout -pubkey | openssl pkey -pubin -outform DER | "
				"openssl dgst -sha256 -c | grep -iq '= %s'",
				    key));
	assert_int_equal(0, run("openssl req -x509 -key first.key -subj /CN=renewed -days 60 -out renewed.pem"));
	assert_int_equal(0, certificate_parse(&renewed, file("renewed.pem"), &arena));
	certificate_write_key_fingerprint(text, &renewed);
	assert_string_equal(key, text);
	certificate_write_fingerprint(key, &first);
	certificate_write_fingerprint(text, &renewed);
	assert_string_not_equal(key, text);
}

static void what_can_not_be_sealed_to_is_refused(void **state)
{
	static const struct {
		const char *name, *key, *more, *why;
	} cases[] = {
		{ "small", "rsa:1024", "", "fewer than 2048" },
		{ "ed25519", "ed25519", "", "neither RSA nor EC" },
		{ "k1", "ec -pkeyopt ec_paramgen_curve:secp256k1", "", "neither RSA nor EC" },
		{ "sign-rsa", "rsa:2048", "-addext keyUsage=digitalSignature", "encipher keys" },
		{ "sign-ec", "ec -pkeyopt ec_paramgen_curve:P-256", "-addext keyUsage=digitalSignature",
			"key agreement" },
	};
	struct certificate good;
	struct view pem;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct certificate certificate = made(cases[i].name, cases[i].key, cases[i].more);
		const char *why = cms_refusal(&certificate);

		assert_non_null(why);
		assert_non_null(strstr(why, cases[i].why));
		assert_int_equal(-EINVAL, cms_seal(&pem, view_of("a secret"), &certificate, &arena));
	}
	good = made("good", "rsa:2048", "-addext keyUsage=keyEncipherment");
	assert_null(cms_refusal(&good));
	assert_int_equal(-EMSGSIZE, cms_seal(&pem, view_of(""), &good, &arena));
	assert_int_equal(
		-EMSGSIZE, cms_seal(&pem, view_from(file("good.pem").at, CMS_MESSAGE_MAX_BYTES + 1), &good, &arena));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(openssl_opens_it),
		cmocka_unit_test(the_cipher_is_authenticated_aes_256),
		cmocka_unit_test(text_before_the_block_is_no_hindrance),
		cmocka_unit_test(two_seals_of_one_message_differ),
		cmocka_unit_test(fingerprints_are_those_that_openssl_prints),
		cmocka_unit_test(what_can_not_be_sealed_to_is_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
