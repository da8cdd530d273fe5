/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/system/protocol.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/unit/support.h"

static struct system_request request;

static int check(void)
{
	return system_request_check(&request, system_verb_find(request.verb)->request_bytes);
}

static void start(unsigned verb)
{
	memset(&request, 0, sizeof request);
	request.version = SYSTEM_PROTOCOL_VERSION;
	request.verb = (uint16_t)verb;
}

static void good_facts(void)
{
	struct system_facts *facts = &request.body.facts;

	start(SYSTEM_FACTS);
	facts->is_ready = 1;
	strcpy(facts->name, "health.execute-api.us-east-1.amazonaws.com");
	strcpy(facts->ca_pem, "-----BEGIN CERTIFICATE-----\n");
	facts->management_count = 1;
	facts->management[0] = (struct system_address){ .family = AF_INET, .port = 4566, .bytes = { 127, 0, 0, 1 } };
	facts->endpoint_count = 1;
	strcpy(facts->endpoints[0].id, "vpce-0123456789abcdef0");
	facts->endpoints[0].v4 =
		(struct system_address){ .family = AF_INET, .port = 443, .is_tls = 1, .bytes = { 10, 1 } };
}

static void sizes_are_exact(void **state)
{
	(void)state;
	for (unsigned verb = 0; verb < SYSTEM_VERB_COUNT + 2; verb++) {
		const struct system_verb_row *row = system_verb_find(verb);

		start(verb);
		if (!row) {
			for (size_t count = 0; count <= sizeof request; count++)
				assert_int_equal(system_request_check(&request, count), -EPROTO);
			continue;
		}
		for (size_t count = 0; count <= sizeof request; count++)
			if (count != row->request_bytes)
				assert_int_equal(system_request_check(&request, count), -EPROTO);
	}
}

static void other_versions_are_refused(void **state)
{
	(void)state;
	start(SYSTEM_STATUS);
	assert_int_equal(check(), 0);
	request.version++;
	assert_int_equal(check(), -EPROTO);
}

static void what_is_spare_is_zero(void **state)
{
	(void)state;
	start(SYSTEM_STATUS);
	request.spare = 1;
	assert_int_equal(check(), -EINVAL);
	start(SYSTEM_RESTART);
	request.body.empty.spare = 1;
	assert_int_equal(check(), -EINVAL);
	start(SYSTEM_UPDATE_BEGIN);
	request.body.update_begin.allows_older = 2;
	assert_int_equal(check(), -EINVAL);
	start(SYSTEM_UPDATE_CHUNK);
	assert_int_equal(check(), 0);
	request.body.update_chunk.index = UPDATE_CHUNKS_MAX;
	assert_int_equal(check(), -EINVAL);
}

static void settings_have_limits(void **state)
{
	struct system_settings *settings = &request.body.settings;

	(void)state;
	start(SYSTEM_SETTINGS);
	assert_int_equal(check(), -EINVAL);
	settings->settings_bytes = SYSTEM_SETTINGS_MAX_BYTES;
	settings->network_bytes = SYSTEM_NETWORK_MAX_BYTES;
	assert_int_equal(check(), 0);
	settings->confirm_s = SYSTEM_CONFIRM_MIN_S - 1;
	assert_int_equal(check(), -EINVAL);
	settings->confirm_s = SYSTEM_CONFIRM_MAX_S + 1;
	assert_int_equal(check(), -EINVAL);
	settings->confirm_s = SYSTEM_CONFIRM_MAX_S;
	assert_int_equal(check(), 0);
	settings->settings_bytes++;
	assert_int_equal(check(), -EINVAL);
	settings->settings_bytes = 1;
	settings->network_bytes++;
	assert_int_equal(check(), -EINVAL);
}

/* An id becomes part of a path. */
static void ids_are_nothing_but_ids(void **state)
{
	static const char *const bad[] = { "", "vpce-", "vpce-0123456", "vpce-0123456789abcdef01",
		"vpce-0123456789abcdeg0", "../../etc/passwd", "vpce-0123/../../x1234", "VPCE-01234567",
		"vpce-0123456A" };

	(void)state;
	good_facts();
	assert_int_equal(check(), 0);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		memset(request.body.facts.endpoints[0].id, 0, SYSTEM_ID_BYTES);
		strcpy(request.body.facts.endpoints[0].id, bad[i]);
		assert_int_equal(check(), -EINVAL);
	}
	good_facts();
	request.body.facts.endpoints[0].id[SYSTEM_ID_BYTES - 1] = 'x';
	assert_int_equal(check(), -EINVAL);
}

/* A name becomes part of a request's head. */
static void names_are_nothing_but_names(void **state)
{
	static const char *const bad[] = { "", "a b", "a\r\nX: y", "A.com", "a_b" };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		good_facts();
		memset(request.body.facts.name, 0, SYSTEM_NAME_BYTES);
		strcpy(request.body.facts.name, bad[i]);
		assert_int_equal(check(), -EINVAL);
	}
	good_facts();
	memset(request.body.facts.name, 'a', SYSTEM_NAME_BYTES);
	assert_int_equal(check(), -EINVAL);
	good_facts();
	memset(request.body.facts.ca_pem, 'a', SYSTEM_CA_BYTES);
	assert_int_equal(check(), -EINVAL);
}

static void addresses_are_whole(void **state)
{
	struct system_facts *facts = &request.body.facts;

	(void)state;
	good_facts();
	facts->endpoints[0].v4.port = 0;
	assert_int_equal(check(), -EINVAL);
	good_facts();
	facts->endpoints[0].v4.bytes[4] = 1;
	assert_int_equal(check(), -EINVAL);
	good_facts();
	facts->endpoints[0].v4.family = AF_UNIX;
	assert_int_equal(check(), -EINVAL);
	good_facts();
	facts->endpoints[0].v4.family = AF_INET6;
	assert_int_equal(check(), -EINVAL);
	good_facts();
	memset(&facts->endpoints[0].v4, 0, sizeof facts->endpoints[0].v4);
	assert_int_equal(check(), -EINVAL);
	facts->endpoints[0].v6 = (struct system_address){ .family = AF_INET6, .port = 443, .is_tls = 1 };
	assert_int_equal(check(), 0);
	facts->endpoint_count = SYSTEM_ENDPOINTS_MAX + 1;
	assert_int_equal(check(), -EINVAL);
	good_facts();
	facts->management_count = SYSTEM_MANAGEMENT_MAX + 1;
	assert_int_equal(check(), -EINVAL);
	good_facts();
	facts->management_count = 0;
	assert_int_equal(check(), -EINVAL);
	good_facts();
	facts->endpoint_count = 0;
	assert_int_equal(check(), -EINVAL);
}

static void replies_are_judged_too(void **state)
{
	static struct system_reply reply;

	(void)state;
	reply = (struct system_reply){ .version = SYSTEM_PROTOCOL_VERSION, .verb = SYSTEM_STATUS };
	assert_int_equal(system_reply_check(&reply, sizeof reply), 0);
	assert_int_equal(system_reply_check(&reply, sizeof reply - 1), -EPROTO);
	reply.status = 1;
	assert_int_equal(system_reply_check(&reply, sizeof reply), -EINVAL);
	reply.status = -EBUSY;
	memset(reply.reason, 'x', sizeof reply.reason);
	assert_int_equal(system_reply_check(&reply, sizeof reply), -EINVAL);
	memset(reply.reason, 0, sizeof reply.reason);
	reply.now.update_chunks = UPDATE_CHUNKS_MAX + 1;
	assert_int_equal(system_reply_check(&reply, sizeof reply), -EINVAL);
	reply.now.update_chunks = 0;
	reply.now.update_state = SYSTEM_UPDATE_RESTARTING + 1;
	assert_int_equal(system_reply_check(&reply, sizeof reply), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_exact),
		cmocka_unit_test(other_versions_are_refused),
		cmocka_unit_test(what_is_spare_is_zero),
		cmocka_unit_test(settings_have_limits),
		cmocka_unit_test(ids_are_nothing_but_ids),
		cmocka_unit_test(names_are_nothing_but_names),
		cmocka_unit_test(addresses_are_whole),
		cmocka_unit_test(replies_are_judged_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
