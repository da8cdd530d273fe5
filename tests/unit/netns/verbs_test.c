/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of netns/verbs: every message whole, short, long, foreign and odd, at the edge of memory. */
#include "tests/unit/support.h"

#include <errno.h>
#include <sys/socket.h>

#include "netns/verbs.h"

#define VPCE "vpce-0a1b2c3d4e5f60718"

/* A body that passes for every verb. */
static void fill(enum verb verb, union verb_body *body)
{
	memset(body, 0, sizeof *body);
	switch (verb) {
	case VERB_HAND_BACK:
		body->hand_back.what = VERB_HAND_BACK_SHARED;
		break;
	case VERB_ENDPOINT_CREATE:
		memcpy(body->endpoint_create.id, VPCE, sizeof VPCE);
		body->endpoint_create.address_count = 1;
		body->endpoint_create.addresses[0] =
			(struct verb_address){ .family = AF_INET, .prefix_bits = 24, .bytes = { 10, 0, 0, 1 } };
		break;
	case VERB_FILTER_LOAD:
		memcpy(body->filter_load.id, VPCE, sizeof VPCE);
		body->filter_load.generation = 1;
		break;
	case VERB_FILTER_MODE:
		memcpy(body->filter_mode.id, VPCE, sizeof VPCE);
		break;
	case VERB_FILTER_SHOW:
		memcpy(body->filter_show.id, VPCE, sizeof VPCE);
		break;
	case VERB_ENDPOINT_DELETE:
	case VERB_FILTER_STATS:
	case VERB_ENDPOINT_GONE:
		memcpy(body->endpoint_id.id, VPCE, sizeof VPCE);
		break;
	case VERB_OUTGOING_SOCKETS:
		body->outgoing_sockets = (struct verb_outgoing_sockets){
			.id = VPCE, .family = AF_INET6, .type = SOCK_STREAM, .count = VERB_OUTGOING_MAX
		};
		break;
	default:
		break;
	}
}

static size_t build(struct verb_message *message, enum verb verb)
{
	memset(message, 0, sizeof *message);
	message->header = (struct verb_header){ .version = VERBS_VERSION, .verb = (uint16_t)verb, .sequence = 1 };
	fill(verb, &message->body);
	return sizeof message->header + verb_rule_find(verb)->body_bytes;
}

/* One that may send it. */
static enum verb_sender sender_of(enum verb verb)
{
	enum verb_sender sender = verb_rule_find(verb)->sender;

	return sender == VERB_FROM_CHILD ? VERB_FROM_CONTROL : sender;
}

static size_t fds_of(enum verb verb)
{
	return verb == VERB_FILTER_LOAD;
}

static int check(const struct verb_message *message, size_t count, enum verb verb, enum verb_sender sender)
{
	return verb_check(at_page_end(message, count), count, fds_of(verb), sender);
}

static void every_verb_passes_whole_and_in_no_other_size(void **state)
{
	static struct verb_message message;

	(void)state;
	for (int verb = 1; verb < VERB_COUNT; verb++) {
		size_t count = build(&message, (enum verb)verb);

		assert_int_equal(0, check(&message, count, (enum verb)verb, sender_of((enum verb)verb)));
		assert_int_equal(-EMSGSIZE, check(&message, count - 1, (enum verb)verb, sender_of((enum verb)verb)));
		assert_int_equal(-EMSGSIZE, check(&message, count + 1, (enum verb)verb, sender_of((enum verb)verb)));
		/* At every length of a short message: nothing is read that did not come. */
		for (size_t cut = 0; cut < count && cut < 64; cut++)
			assert_int_equal(-EMSGSIZE, check(&message, cut, (enum verb)verb, sender_of((enum verb)verb)));
	}
	assert_int_equal(-EMSGSIZE, verb_check(&message, sizeof message, 0, VERB_FROM_CONTROL));
}

static void only_the_named_sender_may_send(void **state)
{
	static struct verb_message message;
	static const enum verb_sender senders[] = { VERB_FROM_GATEWAY, VERB_FROM_CONTROL, VERB_FROM_POSTERND };

	(void)state;
	for (int verb = 1; verb < VERB_COUNT; verb++)
		for (size_t i = 0; i < 3; i++) {
			const struct verb_rule *rule = verb_rule_find((unsigned int)verb);
			bool may = rule->sender == senders[i] ||
				   (rule->sender == VERB_FROM_CHILD && senders[i] != VERB_FROM_POSTERND);
			size_t count = build(&message, (enum verb)verb);

			assert_int_equal(may ? 0 : -EPERM, check(&message, count, (enum verb)verb, senders[i]));
		}
}

static void headers_that_contradict_themselves_are_refused(void **state)
{
	static struct verb_message message;
	size_t count = build(&message, VERB_READY);

	(void)state;
	message.header.version++;
	assert_int_equal(-EPROTO, check(&message, count, VERB_READY, VERB_FROM_GATEWAY));
	build(&message, VERB_READY);
	message.header.status = -1;
	assert_int_equal(-EPROTO, check(&message, count, VERB_READY, VERB_FROM_GATEWAY));
	build(&message, VERB_READY);
	message.header.spare[2] = 1;
	assert_int_equal(-EPROTO, check(&message, count, VERB_READY, VERB_FROM_GATEWAY));
	build(&message, VERB_READY);
	message.header.is_reply = 1;
	assert_int_equal(-EPERM, check(&message, count, VERB_READY, VERB_FROM_GATEWAY));
	message.header.is_reply = 2;
	assert_int_equal(-EPROTO, check(&message, count, VERB_READY, VERB_FROM_GATEWAY));
	build(&message, VERB_READY);
	message.header.verb = VERB_COUNT;
	assert_int_equal(-EPROTO, check(&message, count, VERB_READY, VERB_FROM_GATEWAY));
	message.header.verb = 0;
	assert_int_equal(-EPROTO, check(&message, count, VERB_READY, VERB_FROM_GATEWAY));
}

static void descriptors_come_only_where_the_table_says(void **state)
{
	static struct verb_message message;

	(void)state;
	for (int verb = 1; verb < VERB_COUNT; verb++) {
		size_t count = build(&message, (enum verb)verb);
		size_t most = verb_rule_find((unsigned int)verb)->body_fds_max;

		assert_int_equal(-EBADF, verb_check(&message, count, most + 1, sender_of((enum verb)verb)));
		assert_int_equal(0, verb_check(&message, count, most, sender_of((enum verb)verb)));
	}
	assert_int_equal(-EBADF, verb_check(&message, build(&message, VERB_FILTER_LOAD), 0, VERB_FROM_CONTROL));
}

static void ids_are_exact(void **state)
{
	static const char *const wrong[] = { "", "vpce-", "vpce-0a1b2c3d4e5f6071", "vpce-0a1b2c3d4e5f607181",
		"vpce-0A1b2c3d4e5f60718", "vpcx-0a1b2c3d4e5f60718", "vpce-0a1b2c3d4e5f6071/", "vpce-../../etc/pass" };
	char id[FILTER_ENDPOINT_ID_BYTES];

	(void)state;
	memset(id, 0, sizeof id);
	memcpy(id, VPCE, sizeof VPCE);
	assert_true(verb_endpoint_id_valid(at_page_end(id, sizeof id)));
	id[FILTER_ENDPOINT_ID_BYTES - 1] = 'x'; /* behind its NUL */
	assert_false(verb_endpoint_id_valid(id));
	memset(id, 'a', sizeof id);
	assert_false(verb_endpoint_id_valid(at_page_end(id, sizeof id)));
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		memset(id, 0, sizeof id);
		memcpy(id, wrong[i], strlen(wrong[i]));
		assert_false(verb_endpoint_id_valid(id));
	}
	memset(id, 0, sizeof id);
	memcpy(id, "vpce-01234567", 13);
	assert_true(verb_endpoint_id_valid(id));
}

static void a_wish_for_an_endpoint_is_checked_to_its_last_byte(void **state)
{
	static struct verb_message message;
	size_t count = build(&message, VERB_ENDPOINT_CREATE);
	struct verb_endpoint_create *create = &message.body.endpoint_create;

	(void)state;
#define REFUSED_WITH(assignment)                                                                                       \
	do {                                                                                                           \
		build(&message, VERB_ENDPOINT_CREATE);                                                                 \
		assignment;                                                                                            \
		assert_int_equal(-EINVAL, check(&message, count, VERB_ENDPOINT_CREATE, VERB_FROM_CONTROL));            \
	} while (0)
	REFUSED_WITH(create->address_count = 0);
	REFUSED_WITH(create->address_count = VERB_ADDRESSES_MAX + 1);
	REFUSED_WITH(create->filter_mode = 3);
	REFUSED_WITH(create->filter_dns = 3);
	REFUSED_WITH(create->spare = 1);
	REFUSED_WITH(create->addresses[0].family = AF_UNIX);
	REFUSED_WITH(create->addresses[0].prefix_bits = 33);
	REFUSED_WITH(create->addresses[0].bytes[4] = 1);
	REFUSED_WITH(create->addresses[0].network_index = NETNS_NETWORKS_MAX);
	REFUSED_WITH(create->addresses[1].family = AF_INET); /* past the count */
#undef REFUSED_WITH
}

static void a_wish_for_sockets_is_checked(void **state)
{
	static struct verb_message message;
	size_t count = build(&message, VERB_OUTGOING_SOCKETS);
	struct verb_outgoing_sockets *outgoing = &message.body.outgoing_sockets;

	(void)state;
#define REFUSED_WITH(assignment)                                                                                       \
	do {                                                                                                           \
		build(&message, VERB_OUTGOING_SOCKETS);                                                                \
		assignment;                                                                                            \
		assert_int_equal(-EINVAL, check(&message, count, VERB_OUTGOING_SOCKETS, VERB_FROM_GATEWAY));           \
		message.header.is_reply = 1;                                                                           \
		assert_int_equal(-EINVAL, check(&message, count, VERB_OUTGOING_SOCKETS, VERB_FROM_POSTERND));          \
	} while (0)
	REFUSED_WITH(outgoing->count = 0);
	REFUSED_WITH(outgoing->count = VERB_OUTGOING_MAX + 1);
	REFUSED_WITH(outgoing->family = AF_UNIX);
	REFUSED_WITH(outgoing->type = SOCK_RAW);
	REFUSED_WITH(outgoing->id[0] = '/');
	REFUSED_WITH(memset(outgoing->id, 0, sizeof outgoing->id));
#undef REFUSED_WITH
}

static void counts_of_replies_stay_within_their_arrays(void **state)
{
	static struct verb_message message;

	(void)state;
	memset(&message, 0, sizeof message);
	message.header = (struct verb_header){ .version = VERBS_VERSION, .verb = VERB_ENDPOINT_LIST, .is_reply = 1 };
	message.body.endpoint_list.count = VERB_ENDPOINTS_MAX;
	assert_int_equal(0,
		verb_check(&message, sizeof message.header + sizeof message.body.endpoint_list, 0, VERB_FROM_POSTERND));
	message.body.endpoint_list.count++;
	assert_int_equal(-EINVAL,
		verb_check(&message, sizeof message.header + sizeof message.body.endpoint_list, 0, VERB_FROM_POSTERND));
	message.header.status = -ENOENT;
	assert_int_equal(0, verb_check(&message, sizeof message.header, 0, VERB_FROM_POSTERND));
}

static void every_verb_has_a_name_and_a_text(void **state)
{
	(void)state;
	assert_null(verb_rule_find(0));
	assert_null(verb_rule_find(VERB_COUNT));
	for (unsigned int verb = 1; verb < VERB_COUNT; verb++) {
		assert_true(strlen(verb_rule_find(verb)->name) > 0);
		assert_true(strlen(verb_rule_find(verb)->text) > 0);
	}
}

static int check_load(uint32_t flags, uint32_t admission_count, uint32_t spare)
{
	static struct verb_message message;
	size_t count = build(&message, VERB_FILTER_LOAD);

	message.body.filter_load.flags = flags;
	message.body.filter_load.admission_count = admission_count;
	message.body.filter_load.spare = spare;
	return check(&message, count, VERB_FILTER_LOAD, VERB_FROM_CONTROL);
}

static void admissions_come_with_rules_only(void **state)
{
	(void)state;
	assert_int_equal(0, check_load(VERB_FILTER_LOAD_CUT, 0, 0));
	assert_int_equal(0, check_load(VERB_FILTER_LOAD_RULES, 0, 0));
	assert_int_equal(0, check_load(VERB_FILTER_LOAD_RULES | VERB_FILTER_LOAD_CUT, VERB_ADMISSIONS_MAX, 0));
	assert_int_equal(-EINVAL, check_load(VERB_FILTER_LOAD_RULES, VERB_ADMISSIONS_MAX + 1, 0));
	assert_int_equal(-EINVAL, check_load(0, 1, 0));
	assert_int_equal(-EINVAL, check_load(4, 0, 0));
	assert_int_equal(-EINVAL, check_load(VERB_FILTER_LOAD_RULES, 1, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_verb_passes_whole_and_in_no_other_size),
		cmocka_unit_test(only_the_named_sender_may_send),
		cmocka_unit_test(headers_that_contradict_themselves_are_refused),
		cmocka_unit_test(descriptors_come_only_where_the_table_says),
		cmocka_unit_test(ids_are_exact),
		cmocka_unit_test(a_wish_for_an_endpoint_is_checked_to_its_last_byte),
		cmocka_unit_test(a_wish_for_sockets_is_checked),
		cmocka_unit_test(counts_of_replies_stay_within_their_arrays),
		cmocka_unit_test(every_verb_has_a_name_and_a_text),
		cmocka_unit_test(admissions_come_with_rules_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
