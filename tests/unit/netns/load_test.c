/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Generations on their way into a filter: rules of security groups, connections that are cut, and what happens when control
 * ends meanwhile (tests/unit/netns/endpoints.h).
 */
#include "tests/unit/netns/endpoints.h"

#define TARGET "10.20.0.5"
#define TARGET6 "fd20::5"
#define OUTSIDE "192.0.2.9"

static struct lab with_endpoint(unsigned int mode)
{
	struct lab lab = started();

	assert_int_equal(0, make_first(&lab));
	/* All of the VPC passes. */
	struct verb_filter_load all = load_of(first_id, 1, mode);

	assert_int_equal(0, load_records(&lab, &all, NULL, 0, SEALS));
	return lab;
}

/* DENIED and DENIED6 are denied from now on. */
static int deny(struct lab *lab, unsigned int mode, uint32_t flags)
{
	struct verb_filter_load wanted = load_of(first_id, 2, mode);
	struct filter_prefix_record table[2] = { denied_host(DENIED), denied_host(DENIED6) };

	wanted.prefix_count = 2;
	wanted.flags = flags;
	return load_records(lab, &wanted, table, sizeof table, SEALS);
}

static int connected(const char *source, const char *target)
{
	int fd = connect_from(source, target, 443, 5000, NULL);

	assert_true(fd >= 0);
	return fd;
}

/* Is the connection at its end by now? What makes it so was sent before the answer to FILTER_LOAD. */
static bool is_reset(int fd)
{
	struct pollfd wanted = { .fd = fd, .events = POLLIN };
	char byte;

	return poll(&wanted, 1, 1000) == 1 && recv(fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == ECONNRESET;
}

static bool is_quiet(int fd)
{
	struct pollfd wanted = { .fd = fd, .events = POLLIN };

	return poll(&wanted, 1, 0) == 0;
}

static void cut_in(unsigned int mode)
{
	struct lab lab = with_endpoint(mode);
	/* Accepted, or still waiting for it: the peer serves one at a time. */
	int denied = connected(DENIED, TARGET), denied6 = connected(DENIED6, TARGET6), waiting[8];
	int allowed = connected(ALLOWED, TARGET), allowed6 = connected(ALLOWED6, TARGET6);

	char byte;

	assert_int_equal(0, fcntl(allowed6, F_SETFL, 0));
	for (size_t i = 0; i < 8; i++)
		waiting[i] = connected(DENIED, TARGET);
	assert_int_equal(0, deny(&lab, mode, VERB_FILTER_LOAD_CUT));
	assert_true(is_reset(denied) && is_reset(denied6));
	for (size_t i = 0; i < 8; i++) {
		assert_true(is_reset(waiting[i]));
		close(waiting[i]);
	}
	assert_true(is_quiet(allowed) && is_quiet(allowed6));
	/* Both, before an answer is waited for: the peer serves them in an order of its own. */
	assert_int_equal(1, send(allowed6, "?", 1, MSG_NOSIGNAL));
	assert_true(ask_on(allowed) > 0);
	assert_int_equal(1, recv(allowed6, &byte, 1, 0));
	assert_true(lab_log_has(&lab, ": 10 established connections of denied sources cut"));
	close(denied);
	close(denied6);
	close(allowed);
	close(allowed6);
	finish(&lab);
}

static void denied_connections_are_cut_in_mode_reset(void **state)
{
	(void)state;
	cut_in(FILTER_MODE_RESET);
}

static void denied_connections_are_cut_in_mode_drop(void **state)
{
	(void)state;
	cut_in(FILTER_MODE_DROP);
}

static void without_the_flag_the_next_packet_is_refused(void **state)
{
	struct lab lab = with_endpoint(FILTER_MODE_RESET);
	int denied = connected(DENIED, TARGET);

	(void)state;
	assert_int_equal(0, deny(&lab, FILTER_MODE_RESET, 0));
	assert_true(is_quiet(denied));
	assert_int_equal(-ECONNRESET, ask_on(denied));
	assert_true(stats_of(&lab, first_id).packets[FILTER_SOURCE_DENIED] >= 1);
	assert_false(lab_log_has(&lab, "sources cut"));
	close(denied);
	finish(&lab);
}

static void mode_observe_cuts_nothing(void **state)
{
	struct lab lab = with_endpoint(FILTER_MODE_RESET);
	int denied = connected(DENIED, TARGET);

	(void)state;
	assert_int_equal(0, deny(&lab, FILTER_MODE_OBSERVE, VERB_FILTER_LOAD_CUT));
	assert_true(ask_on(denied) > 0);
	close(denied);
	finish(&lab);
}

static struct filter_admission_record rule_for(const char *text, unsigned int bits)
{
	struct filter_admission_record rule = { .prefix_bits = (uint8_t)bits, .services = FILTER_SERVICE_HTTPS };

	memcpy(rule.address, denied_host(text).address, sizeof rule.address);
	return rule;
}

static void rules_decide_about_https_and_not_about_dns(void **state)
{
	struct lab lab = with_endpoint(FILTER_MODE_RESET);
	struct verb_filter_load wanted = load_of(first_id, 2, FILTER_MODE_RESET);
	struct {
		struct filter_prefix_record denied;
		struct filter_admission_record rules[2];
	} records = { denied_host(DENIED), { rule_for(ALLOWED, 128), rule_for(OUTSIDE, 128) } };
	int held = connected("10.20.0.1", TARGET), dns;

	(void)state;
	wanted.prefix_count = 1;
	wanted.admission_count = 2;
	wanted.flags = VERB_FILTER_LOAD_RULES | VERB_FILTER_LOAD_CUT;
	assert_int_equal(0, load_records(&lab, &wanted, &records, 24 + 2 * 20, SEALS));
	/* Revoking a rule cuts like a policy. */
	assert_true(is_reset(held));
	assert_true(ask_from(ALLOWED, TARGET, 443, 5000, NULL) > 0);
	assert_true(ask_from(OUTSIDE, TARGET, 443, 5000, NULL) > 0);
	assert_int_equal(-ECONNREFUSED, ask_from("10.20.0.1", TARGET, 443, 5000, NULL));
	assert_int_equal(-ECONNREFUSED, ask_from(ALLOWED6, TARGET6, 443, 5000, NULL));
	dns = connect_from("10.20.0.1", TARGET, 53, 5000, NULL);
	assert_true(dns >= 0);
	close(dns);
	assert_int_equal(-ECONNREFUSED, connect_from(OUTSIDE, TARGET, 53, 5000, NULL));
	/* No rule at all: nobody. */
	wanted.generation = 3;
	wanted.prefix_count = wanted.admission_count = 0;
	assert_int_equal(0, load_records(&lab, &wanted, NULL, 0, SEALS));
	assert_int_equal(-ECONNREFUSED, ask_from(ALLOWED, TARGET, 443, 5000, NULL));
	assert_true(stats_of(&lab, first_id).packets[FILTER_SOURCE_NOT_ADMITTED] >= 3);
	/* A rule with host bits is none: what was in force stays. */
	wanted.generation = 4;
	wanted.admission_count = 1;
	records.rules[0].prefix_bits = 120;
	assert_int_equal(-EINVAL, load_records(&lab, &wanted, records.rules, 20, SEALS));
	assert_int_equal(3, stats_of(&lab, first_id).generation);
	close(held);
	finish(&lab);
}

static void records_of_another_size_end_control(void **state)
{
	struct lab lab = with_endpoint(FILTER_MODE_RESET);
	struct verb_filter_load wanted = load_of(first_id, 2, FILTER_MODE_RESET);
	struct filter_admission_record rule = rule_for(ALLOWED, 128);
	int control = lab_status(&lab).control.pid;

	(void)state;
	wanted.flags = VERB_FILTER_LOAD_RULES;
	wanted.admission_count = 2;
	assert_true(load_records(&lab, &wanted, &rule, sizeof rule, SEALS) < 0);
	while (lab_status(&lab).control.pid == control)
		;
	assert_int_equal(1, stats_of(&lab, first_id).generation);
	finish(&lab);
}

static unsigned int count_threads(pid_t pid)
{
	char path[64];
	unsigned int count = 0;
	DIR *dir;
	struct dirent *entry;

	snprintf(path, sizeof path, "/proc/%d/task", pid);
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

/* As many prefixes as the peer forwards, spread so that none share a node: a tenth of a second of work. */
#define MANY 40000

static struct filter_prefix_record *many_prefixes(void)
{
	struct filter_prefix_record *table = calloc(MANY, sizeof *table);

	assert_non_null(table);
	for (uint32_t i = 0; i < MANY; i++) {
		uint32_t spread = i * 2654435761u;

		table[i] = denied_host("fd77::");
		memcpy(table[i].address + 4, &spread, sizeof spread);
	}
	return table;
}

/* Order a long load and come back while it is under way: the connection on which control will answer. */
static int begin_long_load(struct lab *lab)
{
	struct verb_filter_load wanted = load_of(first_id, 2, FILTER_MODE_RESET);
	struct filter_prefix_record *table = many_prefixes();
	struct command command = { .verb = VERB_FILTER_LOAD,
		.body_bytes = sizeof wanted,
		.memfd_bytes = MANY * sizeof *table,
		.seals = SEALS };
	struct pollfd answer = { .fd = connect_to(&lab->config.management[0]), .events = POLLIN };

	unsigned int before = count_threads(lab->pid);

	wanted.prefix_count = MANY;
	assert_int_equal(sizeof command, send(answer.fd, &command, sizeof command, MSG_NOSIGNAL));
	assert_int_equal(sizeof wanted, send(answer.fd, &wanted, sizeof wanted, MSG_NOSIGNAL));
	assert_int_equal(command.memfd_bytes, send(answer.fd, table, command.memfd_bytes, MSG_NOSIGNAL));
	free(table);
	/* Its thread shows; should it have been too quick for us to see, the answer is there. */
	while (count_threads(lab->pid) <= before && poll(&answer, 1, 0) == 0)
		;
	return answer.fd;
}

static void what_was_ordered_is_done_though_control_ends_meanwhile(void **state)
{
	struct lab lab = with_endpoint(FILTER_MODE_RESET);
	int control = lab_status(&lab).control.pid, fd = begin_long_load(&lab);
	uint64_t deadline_ns = watch_now_ns() + 20000000000ull;

	(void)state;
	assert_int_equal(0, kill(control, SIGKILL));
	close(fd);
	while (lab_status(&lab).control.pid == control)
		assert_true(watch_now_ns() < deadline_ns);
	assert_int_equal(2, stats_of(&lab, first_id).generation);
	assert_true(stats_of(&lab, first_id).prefix_count > MANY);
	assert_true(ask_from(ALLOWED, TARGET, 443, 5000, NULL) > 0);
	assert_int_equal(0, load(&lab, first_id, 3, FILTER_MODE_RESET, SEALS));
	finish(&lab);
}

static void posternd_ends_cleanly_with_a_load_under_way(void **state)
{
	struct lab lab = with_endpoint(FILTER_MODE_RESET);

	(void)state;
	close(begin_long_load(&lab));
	finish(&lab);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(denied_connections_are_cut_in_mode_reset),
		cmocka_unit_test(denied_connections_are_cut_in_mode_drop),
		cmocka_unit_test(without_the_flag_the_next_packet_is_refused),
		cmocka_unit_test(mode_observe_cuts_nothing),
		cmocka_unit_test(rules_decide_about_https_and_not_about_dns),
		cmocka_unit_test(records_of_another_size_end_control),
		cmocka_unit_test(what_was_ordered_is_done_though_control_ends_meanwhile),
		cmocka_unit_test(posternd_ends_cleanly_with_a_load_under_way),
	};
	int status = act_by_name(argc, argv);

	return status >= 0 ? status : cmocka_run_group_tests(tests, set_up, NULL);
}
