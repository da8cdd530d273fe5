/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of tls/: who is trusted, what resumes, which policies are kept, what a context refuses. */
#include "tests/unit/tls/pair.h"

#include "appliance/tls/policy.h"

/* --- the client's trust */

static void expect_client_error(struct tls_client_context *trusting, const char *name, int error)
{
	pair_open_as(pair.worker, trusting, name);
	PAIR_UNTIL(pair.client.error || pair.client.secured);
	assert_int_equal(error, pair.client.error);
	pair_close();
}

static void a_certificate_must_be_for_the_name(void **state)
{
	(void)state;
	expect_client_error(pair.trusting, "api.pets.internal", 0);
	expect_client_error(pair.trusting, "any.example.test", 0);
	expect_client_error(pair.trusting, "example.test", -EKEYREJECTED);
	expect_client_error(pair.trusting, "a.b.example.test", -EKEYREJECTED);
	expect_client_error(pair.trusting, "api.pets.internal.evil.test", -EKEYREJECTED);
	expect_client_error(pair.trusting, "127.0.0.1", -EKEYREJECTED);
}

static void a_chain_must_end_at_a_trusted_authority(void **state)
{
	struct tls_client_settings settings = { .authorities_path = "" };
	int64_t now_s = (int64_t)(clock_wall_ms() / 1000);
	struct authority_pair stranger;
	struct tls_client_context *context;

	(void)state;
	assert_int_equal(0, authority_new(&stranger, view_of("Stranger"), now_s - 60, now_s + 3600, &pair.arena));
	settings.authorities_pem = stranger.certificate_pem;
	assert_int_equal(0, tls_client_context_new(&context, &settings));
	expect_client_error(context, "api.pets.internal", -EKEYREJECTED);
	tls_client_context_free(context);
	/* Any authority will do, but the name must be right. */
	settings.verification = TLS_VERIFY_NAME;
	assert_int_equal(0, tls_client_context_new(&context, &settings));
	expect_client_error(context, "api.pets.internal", 0);
	expect_client_error(context, "whatever.test", -EKEYREJECTED);
	tls_client_context_free(context);
	settings.verification = TLS_VERIFY_NOTHING;
	assert_int_equal(0, tls_client_context_new(&context, &settings));
	expect_client_error(context, "whatever.test", 0);
	tls_client_context_free(context);
}

static void write_file(const char *path, struct view text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(text.count, fwrite(text.at, 1, text.count, file));
	fclose(file);
}

/* A company's own beside all others; a file that is named must be right. */
static void authorities_of_a_file_stand_beside_the_others(void **state)
{
	char path[] = "/tmp/postern-trust-XXXXXX";
	struct tls_client_settings settings = { .authorities_path = "", .more_authorities_path = path };
	int64_t now_s = (int64_t)(clock_wall_ms() / 1000);
	struct authority_pair stranger;
	struct tls_client_context *context;

	(void)state;
	close(mkstemp(path));
	assert_int_equal(0, authority_new(&stranger, view_of("Stranger"), now_s - 60, now_s + 3600, &pair.arena));
	/* What the context knows and what the file holds, one way and the other. */
	for (int i = 0; i < 2; i++) {
		settings.authorities_pem = i ? stranger.certificate_pem : pair.authority.certificate_pem;
		write_file(path, i ? pair.authority.certificate_pem : stranger.certificate_pem);
		assert_int_equal(0, tls_client_context_new(&context, &settings));
		expect_client_error(context, "api.pets.internal", 0);
		tls_client_context_free(context);
	}
	write_file(path, view_of("no certificate"));
	assert_int_equal(-EBADMSG, tls_client_context_new(&context, &settings));
	unlink(path);
	assert_int_equal(-ENOENT, tls_client_context_new(&context, &settings));
}

static void an_expired_certificate_is_presented_and_refused(void **state)
{
	int64_t now_s = (int64_t)(clock_wall_ms() / 1000);
	const struct view name = VIEW_INIT("api.pets.internal");
	struct authority_pair expired;

	(void)state;
	assert_int_equal(
		0, authority_issue(&expired, &pair.authority, &name, 1, now_s - 7200, now_s - 3600, &pair.arena));
	tls_server_context_unref(pair.context);
	assert_int_equal(0, pair_context(&pair.context, &expired, "TLS_1_2", 1));
	expect_client_error(pair.trusting, "api.pets.internal", -EKEYREJECTED);
}

static void unreadable_authorities_are_an_error(void **state)
{
	struct tls_client_settings settings = { .authorities_path = "/nonexistent/ca.pem" };
	struct tls_client_context *context;

	(void)state;
	assert_int_equal(-ENOENT, tls_client_context_new(&context, &settings));
	settings.authorities_path = "";
	settings.authorities_pem = view_of("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	assert_int_equal(-EBADMSG, tls_client_context_new(&context, &settings));
}

/* --- resumption */

static bool talk_resumed(struct tls_worker *server_worker)
{
	struct tls_facts facts;

	pair_open_as(server_worker, pair.trusting, "api.pets.internal");
	PAIR_SECURED();
	pair_talk();
	tls_facts_read(&pair.server.stream, &facts);
	pair_close();
	return facts.resumed;
}

static void a_second_connection_resumes(void **state)
{
	(void)state;
	assert_false(talk_resumed(pair.worker));
	assert_true(talk_resumed(pair.worker));
	assert_true(talk_resumed(pair.worker));
	tls_client_session_clear(&pair.session);
	assert_false(talk_resumed(pair.worker));
}

static void a_ticket_of_one_worker_resumes_at_another_of_the_same_seed(void **state)
{
	struct tls_worker *second = tls_worker_new(pair.loop, 1, &pair.seed), *stranger;
	struct tls_ticket_seed seed;

	(void)state;
	assert_false(talk_resumed(pair.worker));
	assert_true(talk_resumed(second));
	assert_int_equal(0, tls_ticket_seed_make(&seed));
	stranger = tls_worker_new(pair.loop, 1, &seed);
	assert_false(talk_resumed(stranger));
	tls_worker_free(second);
	tls_worker_free(stranger);
}

static void tickets_live_for_the_hour_after_theirs(void **state)
{
	struct tls_worker *later;

	(void)state;
	for (int hours = 0; hours <= 2; hours++) {
		struct tls_ticket_seed seed = pair.seed;

		tls_client_session_clear(&pair.session);
		assert_false(talk_resumed(pair.worker));
		seed.start_s -= hours * 3600; /* a worker whose clock is ahead */
		later = tls_worker_new(pair.loop, 1, &seed);
		assert_int_equal(hours < 2, talk_resumed(later));
		tls_worker_free(later);
	}
}

static void a_ticket_does_not_resume_with_another_certificate_or_policy(void **state)
{
	(void)state;
	assert_false(talk_resumed(pair.worker));
	tls_server_context_unref(pair.context);
	assert_int_equal(0, pair_context(&pair.context, &pair.other, "TLS_1_2", 2));
	assert_false(talk_resumed(pair.worker));
	assert_true(talk_resumed(pair.worker));
	tls_server_context_unref(pair.context);
	assert_int_equal(0, pair_context(&pair.context, &pair.other, "SecurityPolicy_TLS13_1_3_2025_09", 2));
	assert_false(talk_resumed(pair.worker));
}

static void a_rebuilt_context_of_the_same_certificate_resumes(void **state)
{
	(void)state;
	assert_false(talk_resumed(pair.worker));
	tls_server_context_unref(pair.context);
	assert_int_equal(0, pair_context(&pair.context, &pair.certificate, "TLS_1_2", 2));
	assert_true(talk_resumed(pair.worker));
}

static void without_a_seed_nothing_resumes(void **state)
{
	struct tls_worker *without = tls_worker_new(pair.loop, 1, NULL);

	(void)state;
	assert_false(talk_resumed(without));
	assert_false(talk_resumed(without));
	tls_worker_free(without);
}

/* --- contexts */

static void a_connection_outlives_its_context(void **state)
{
	(void)state;
	pair_open();
	PAIR_SECURED();
	tls_server_context_unref(tls_server_context_ref(pair.context));
	tls_server_context_unref(pair.context);
	pair.context = NULL;
	pair_talk();
}

/* A slow client may finish its handshake after its context was replaced: the ticket that it gets is good at the successor. */
static void a_handshake_outlives_its_context(void **state)
{
	struct tls_server_context *old = pair.context, *unlike;

	(void)state;
	pair.piece_bytes = 1;
	pair_open();
	PAIR_UNTIL(pair.hello.server_name_chars > 0);
	assert_false(pair.server.secured);
	assert_int_equal(0, pair_context(&pair.context, &pair.certificate, "TLS_1_2", 2));
	tls_server_context_unref(old);
	assert_int_equal(0, pair_context(&unlike, &pair.other, "TLS_1_2", 2)); /* likely in the old one's memory */
	PAIR_SECURED();
	pair_talk();
	pair_close();
	pair.piece_bytes = 0;
	assert_true(talk_resumed(pair.worker));
	tls_server_context_unref(unlike);
}

static void bad_certificates_and_keys_are_refused(void **state)
{
	struct authority_pair mixed = { pair.certificate.certificate_pem, pair.other.key_pem };
	struct authority_pair no_key = { pair.certificate.certificate_pem, view_of("no key") };
	struct authority_pair empty = { view_of(""), view_of("") };
	struct tls_server_context *context;

	(void)state;
	assert_int_equal(-EKEYREJECTED, pair_context(&context, &mixed, "TLS_1_2", 1));
	assert_int_equal(-EBADMSG, pair_context(&context, &no_key, "TLS_1_2", 1));
	assert_int_equal(-EBADMSG, pair_context(&context, &empty, "TLS_1_2", 1));
	assert_int_equal(-EINVAL, pair_context(&context, &pair.certificate, "TLS_1_2", 0));
	assert_int_equal(-EINVAL, pair_context(&context, &pair.certificate, "TLS_1_2", TLS_WORKER_MAX_COUNT + 1));
}

static void every_policy_makes_a_context_that_serves(void **state)
{
	static const char *const names[] = {
#define TLS_POLICY(name, version_min, version_max, suite_groups) name,
#include "appliance/tls/security_policies.def"
#undef TLS_POLICY
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		tls_server_context_unref(pair.context);
		assert_int_equal(0, pair_context(&pair.context, &pair.certificate, names[i], 1));
		expect_client_error(pair.trusting, "api.pets.internal", 0);
	}
	assert_null(tls_policy_find("TLS_1_1", 7));
	assert_null(tls_policy_find("tls_1_2", 7));
}

/*
 * A ClientHello for TLS 1.2 alone: its random bytes do not matter, nor its key, since only the answer's first record is
 * looked at. Extensions: supported groups (P-256), point formats, signature algorithms (ECDSA with SHA-256).
 */
static const uint8_t hello_12[] = { 0x16, 0x03, 0x01, 0x00, 0x47, 0x01, 0x00, 0x00, 0x43, 0x03, 0x03, 1, 2, 3, 4, 5, 6,
	7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 0x00, 0x00,
	0x02, 0xc0, 0x2b, 0x01, 0x00, 0x00, 0x18, 0x00, 0x0a, 0x00, 0x04, 0x00, 0x02, 0x00, 0x17, 0x00, 0x0b, 0x00,
	0x02, 0x01, 0x00, 0x00, 0x0d, 0x00, 0x06, 0x00, 0x04, 0x04, 0x03, 0x05, 0x03 };

/* Type of the first record that answers a TLS 1.2 client under `policy`: 22 handshake, 21 alert. */
static uint8_t answer_to_tls12(const char *policy)
{
	int server_fd, client_fd;
	uint8_t answer[7];

	tls_server_context_unref(pair.context);
	assert_int_equal(0, pair_context(&pair.context, &pair.certificate, policy, 1));
	pair_reset_ends();
	pair_sockets(&server_fd, &client_fd);
	assert_int_equal(
		0, tls_server_open(&pair.server.stream, pair.worker, server_fd, &end_owner, pair_choose, &pair));
	assert_int_equal(sizeof hello_12, send(client_fd, hello_12, sizeof hello_12, 0));
	PAIR_UNTIL(recv(client_fd, answer, sizeof answer, 0) == sizeof answer);
	assert_false(pair.hello.offers_tls13);
	stream_close(&pair.server.stream, false);
	close(client_fd);
	return answer[0];
}

static void a_policy_decides_about_older_versions(void **state)
{
	(void)state;
	assert_int_equal(22, answer_to_tls12("TLS_1_2"));
	assert_int_equal(22, answer_to_tls12("TLS_1_0"));
	assert_int_equal(22, answer_to_tls12("SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09"));
	assert_int_equal(21, answer_to_tls12("SecurityPolicy_TLS13_1_3_2025_09"));
	assert_int_equal(21, answer_to_tls12("SecurityPolicy_TLS13_1_3_FIPS_2025_09"));
}

static void names_of_suites_and_versions_are_those_of_access_logs(void **state)
{
	(void)state;
	assert_string_equal("ECDHE-ECDSA-AES128-GCM-SHA256", tls_suite_name(0xc02b));
	assert_string_equal("TLS_CHACHA20_POLY1305_SHA256", tls_suite_name(0x1303));
	assert_string_equal("", tls_suite_name(0xffff));
	assert_string_equal("TLSv1.2", tls_version_name(0x0303));
	assert_string_equal("", tls_version_name(0x0305));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, pair_set_up, pair_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_certificate_must_be_for_the_name),
		TEST(a_chain_must_end_at_a_trusted_authority),
		TEST(authorities_of_a_file_stand_beside_the_others),
		TEST(an_expired_certificate_is_presented_and_refused),
		TEST(unreadable_authorities_are_an_error),
		TEST(a_second_connection_resumes),
		TEST(a_ticket_of_one_worker_resumes_at_another_of_the_same_seed),
		TEST(tickets_live_for_the_hour_after_theirs),
		TEST(a_ticket_does_not_resume_with_another_certificate_or_policy),
		TEST(a_rebuilt_context_of_the_same_certificate_resumes),
		TEST(without_a_seed_nothing_resumes),
		TEST(a_connection_outlives_its_context),
		TEST(a_handshake_outlives_its_context),
		TEST(bad_certificates_and_keys_are_refused),
		TEST(every_policy_makes_a_context_that_serves),
		TEST(a_policy_decides_about_older_versions),
		cmocka_unit_test(names_of_suites_and_versions_are_those_of_access_logs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
