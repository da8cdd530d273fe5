/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of control/access_key: who gets the access key, in which form, over starts and changes of the settings. */
#include "tests/unit/control/appliance.h"

#include <errno.h>

#include "appliance/crypto/certificate.h"

/* What is read back: files of the state folder, and what standard error got. */
static char text[1 << 16];

static int run(const struct appliance *appliance, const char *format, ...)
{
	char command[2048];
	int count = snprintf(command, sizeof command, "cd %s && exec 2>>said && ", appliance->folder);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command + count, sizeof command - (size_t)count, format, arguments);
	va_end(arguments);
	return system(command);
}

/* The content, or NULL. */
static const char *file(const struct appliance *appliance, const char *name)
{
	char path[160], *bytes;

	snprintf(path, sizeof path, "%s/%s", appliance->folder, name);
	if (access(path, F_OK) != 0)
		return NULL;
	bytes = whole_file(path, NULL);
	snprintf(text, sizeof text, "%s", bytes);
	free(bytes);
	return text;
}

/* Start with standard error in the file `shown`. */
static void start(struct appliance *appliance)
{
	char path[160];
	int kept = dup(STDERR_FILENO), shown;

	snprintf(path, sizeof path, "%s/shown", appliance->folder);
	shown = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(kept >= 0 && shown >= 0 && dup2(shown, STDERR_FILENO) >= 0);
	appliance_open(appliance);
	assert_true(dup2(kept, STDERR_FILENO) >= 0);
	close(kept);
	close(shown);
}

static void start_anew(struct appliance *appliance)
{
	appliance_close(appliance);
	start(appliance);
}

/* An appliance whose store is new. */
static void forget_all(struct appliance *appliance)
{
	appliance_close(appliance);
	assert_int_equal(0, run(appliance, "rm -f store.db* credentials* ca.pem"));
}

static void make_certificate(const struct appliance *appliance, const char *name, const char *key, const char *more)
{
	assert_int_equal(
		0, run(appliance, "openssl req -x509 -newkey %s -nodes -keyout %s.key -out %s.pem -subj /CN=%s %s", key,
			   name, name, name, more));
}

static void set_certificate(struct appliance *appliance, const char *name)
{
	static char pem[16384];
	char path[64];

	snprintf(path, sizeof path, "%s.pem", name);
	snprintf(pem, sizeof pem, "%s", file(appliance, path));
	appliance->settings.access_key_id = appliance->settings.secret_access_key = NULL;
	appliance->settings.operator_certificate = pem;
}

/* The member `name` of a credentials file. */
static void read_member(const char *credentials, const char *name, char ret[64])
{
	const char *at = strstr(credentials, name);

	assert_non_null(at);
	assert_int_equal(1, sscanf(at + strlen(name), " = %63s", ret));
}

/* Take key and secret from what openssl makes of `from`; what the test calls next is signed with them. */
static void open_sealed(struct appliance *appliance, const char *from, const char *operator_name)
{
	static char id[64], secret[64];

	assert_int_equal(
		0, run(appliance,
			   "sed -n '/-----BEGIN CMS-----/,/-----END CMS-----/p' %s > sealed && "
			   "openssl cms -decrypt -inform PEM -in sealed -inkey %s.key -recip %s.pem -out opened",
			   from, operator_name, operator_name));
	read_member(file(appliance, "opened"), "aws_access_key_id", id);
	read_member(text, "aws_secret_access_key", secret);
	assert_non_null(strstr(text, "[default]\n"));
	appliance->signer.key = id;
	appliance->signer.secret = secret;
}

static bool is_anywhere(const struct appliance *appliance, const char *secret)
{
	/* The test's own files do not count. */
	return run(appliance, "grep -rlF --exclude=opened -- '%s' . > /dev/null", secret) == 0;
}

static void the_key_is_sealed_to_the_operator(void **state)
{
	static const char *const keys[] = { "rsa:2048", "ec -pkeyopt ec_paramgen_curve:P-256" };
	struct appliance *appliance = *state;
	struct stat facts;
	char path[160];

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		forget_all(appliance);
		make_certificate(appliance, "operator", keys[i], "-days 30");
		set_certificate(appliance, "operator");
		start(appliance);
		assert_null(file(appliance, "credentials"));
		open_sealed(appliance, "shown", "operator");
		assert_int_equal(200, call(appliance, "GET", "/restapis", ""));
		open_sealed(appliance, "credentials.cms", "operator");
		assert_int_equal(200, call(appliance, "GET", "/restapis", ""));
		assert_false(is_anywhere(appliance, appliance->signer.secret));
		snprintf(path, sizeof path, "%s/credentials.cms", appliance->folder);
		assert_int_equal(0, stat(path, &facts));
		assert_int_equal(0600, facts.st_mode & 07777);
	}
}

static void it_is_shown_once(void **state)
{
	struct appliance *appliance = *state;
	char key[64];

	make_certificate(appliance, "operator", "rsa:2048", "-days 30");
	set_certificate(appliance, "operator");
	start_anew(appliance);
	open_sealed(appliance, "shown", "operator");
	snprintf(key, sizeof key, "%s", appliance->signer.key);
	start_anew(appliance);
	assert_null(strstr(file(appliance, "shown"), "CMS"));
	assert_int_equal(200, call(appliance, "GET", "/restapis", ""));
	/* The machine ended before the file was there: shown again, and it is the same key. */
	assert_int_equal(0, run(appliance, "rm credentials.cms"));
	start_anew(appliance);
	open_sealed(appliance, "shown", "operator");
	assert_string_equal(key, appliance->signer.key);
	assert_non_null(file(appliance, "credentials.cms"));
}

static void another_operator_gets_another_key(void **state)
{
	struct appliance *appliance = *state;
	char key[64], secret[64];

	make_certificate(appliance, "first", "rsa:2048", "-days 30");
	make_certificate(appliance, "second", "ec -pkeyopt ec_paramgen_curve:P-384", "-days 30");
	set_certificate(appliance, "first");
	start_anew(appliance);
	open_sealed(appliance, "credentials.cms", "first");
	snprintf(key, sizeof key, "%s", appliance->signer.key);
	snprintf(secret, sizeof secret, "%s", appliance->signer.secret);

	set_certificate(appliance, "second");
	start_anew(appliance);
	open_sealed(appliance, "shown", "second");
	assert_string_not_equal(key, appliance->signer.key);
	assert_int_equal(200, call(appliance, "GET", "/restapis", ""));
	appliance->signer.key = key;
	appliance->signer.secret = secret;
	assert_int_equal(403, call(appliance, "GET", "/restapis", ""));
}

static void a_renewed_certificate_keeps_the_key(void **state)
{
	struct appliance *appliance = *state;
	char key[64];

	make_certificate(appliance, "operator", "ec -pkeyopt ec_paramgen_curve:P-256", "-days 30");
	set_certificate(appliance, "operator");
	start_anew(appliance);
	open_sealed(appliance, "shown", "operator");
	snprintf(key, sizeof key, "%s", appliance->signer.key);
	assert_int_equal(
		0, run(appliance, "openssl req -x509 -key operator.key -subj /CN=renewed -days 60 -out operator.pem"));
	set_certificate(appliance, "operator");
	start_anew(appliance);
	open_sealed(appliance, "shown", "operator");
	assert_string_equal(key, appliance->signer.key);
	start_anew(appliance);
	assert_null(strstr(file(appliance, "shown"), "CMS"));
}

static void the_first_certificate_ends_a_key_in_the_clear(void **state)
{
	struct appliance *appliance = *state;
	char key[64], secret[64];

	forget_all(appliance);
	appliance->settings.access_key_id = appliance->settings.secret_access_key = NULL;
	start(appliance);
	read_member(file(appliance, "credentials"), "aws_access_key_id", key);
	read_member(text, "aws_secret_access_key", secret);
	assert_null(strstr(file(appliance, "shown"), secret));
	appliance->signer.key = key;
	appliance->signer.secret = secret;
	assert_int_equal(200, call(appliance, "GET", "/restapis", ""));

	make_certificate(appliance, "operator", "rsa:2048", "-days 30");
	set_certificate(appliance, "operator");
	start_anew(appliance);
	assert_int_equal(403, call(appliance, "GET", "/restapis", ""));
	assert_false(is_anywhere(appliance, secret));
	open_sealed(appliance, "shown", "operator");
	assert_int_equal(200, call(appliance, "GET", "/restapis", ""));

	/* Without it the key is as it was, and stays sealed. */
	appliance->settings.operator_certificate = NULL;
	start_anew(appliance);
	assert_int_equal(200, call(appliance, "GET", "/restapis", ""));
	assert_null(file(appliance, "credentials"));
	assert_non_null(file(appliance, "credentials.cms"));

	/* A pair in the settings is the key, and what was sealed is of no use. */
	appliance->settings.access_key_id = appliance->signer.key = TEST_KEY;
	appliance->settings.secret_access_key = appliance->signer.secret = TEST_SECRET;
	start_anew(appliance);
	assert_int_equal(200, call(appliance, "GET", "/restapis", ""));
	assert_null(file(appliance, "credentials.cms"));
	assert_non_null(file(appliance, "credentials"));
}

static void an_ended_certificate_gets_nothing(void **state)
{
	struct appliance *appliance = *state;

	make_certificate(appliance, "live", "rsa:2048", "-days 1");
	assert_int_equal(0, run(appliance, "openssl x509 -in live.pem -signkey live.key -days -1 -out ended.pem"));
	forget_all(appliance);
	set_certificate(appliance, "ended");
	start(appliance);
	assert_non_null(strstr(file(appliance, "shown"), "operator_certificate has ended"));
	assert_null(strstr(text, "CMS"));
	assert_null(file(appliance, "credentials"));
	assert_null(file(appliance, "credentials.cms"));
	assert_int_equal(403, call(appliance, "GET", "/restapis", ""));

	/* Nor does what is none. */
	appliance->settings.operator_certificate = "garbage";
	start_anew(appliance);
	assert_non_null(strstr(file(appliance, "shown"), "operator_certificate can't be used"));
	assert_null(file(appliance, "credentials"));

	/* What another one has stays. */
	make_certificate(appliance, "operator", "rsa:2048", "-days 30");
	set_certificate(appliance, "operator");
	start_anew(appliance);
	open_sealed(appliance, "shown", "operator");
	set_certificate(appliance, "ended");
	start_anew(appliance);
	assert_int_equal(200, call(appliance, "GET", "/restapis", ""));
	assert_null(strstr(file(appliance, "shown"), "CMS"));
}

static void the_fingerprint_of_the_authority_is_shown_at_every_start(void **state)
{
	struct appliance *appliance = *state;

	for (int i = 0; i < 2; i++) {
		start_anew(appliance);
		assert_int_equal(0,
			run(appliance, "grep -qx \"# The private CA of this Postern: $(openssl x509 -in ca.pem -noout "
				       "-fingerprint -sha256 | sed s/sha256/SHA256/)\" shown"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_key_is_sealed_to_the_operator, appliance_start, appliance_end),
		cmocka_unit_test_setup_teardown(it_is_shown_once, appliance_start, appliance_end),
		cmocka_unit_test_setup_teardown(another_operator_gets_another_key, appliance_start, appliance_end),
		cmocka_unit_test_setup_teardown(a_renewed_certificate_keeps_the_key, appliance_start, appliance_end),
		cmocka_unit_test_setup_teardown(
			the_first_certificate_ends_a_key_in_the_clear, appliance_start, appliance_end),
		cmocka_unit_test_setup_teardown(an_ended_certificate_gets_nothing, appliance_start, appliance_end),
		cmocka_unit_test_setup_teardown(
			the_fingerprint_of_the_authority_is_shown_at_every_start, appliance_start, appliance_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
