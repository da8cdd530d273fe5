/* SPDX-License-Identifier: GPL-3.0-or-later */
/* posternd in local mode, started for real with small children of its own: supervision, hand-over, the verbs' guard. */
#include "tests/unit/netns/peers.h"

static struct lab started(void)
{
	struct lab lab = lab_new(true);

	lab_start(&lab, NULL);
	lab_wait_ready(&lab);
	return lab;
}

static void finish(struct lab *lab)
{
	assert_int_equal(0, lab_stop(lab));
	lab_free(lab);
}

static void the_ready_line_names_both_addresses(void **state)
{
	struct lab lab = lab_new(true);
	char line[256], wanted[256];

	(void)state;
	lab_start(&lab, NULL);
	lab_read_line(&lab, line, sizeof line);
	snprintf(wanted, sizeof wanted, "ready management=http://127.0.0.1:%u traffic=https://127.0.0.1:%u",
		lab.config.management[0].port, lab.config.traffic.port);
	assert_string_equal(wanted, line);
	assert_true(ask_gateway(&lab.config.traffic, "?", NULL) > 0);
	finish(&lab);
}

static void every_connection_waits_while_a_killed_gateway_comes_back(void **state)
{
	struct lab lab = started();
	int before = ask_gateway(&lab.config.traffic, "?", NULL);
	int after;

	(void)state;
	assert_int_equal(0, kill(before, SIGKILL));
	for (int i = 0; i < 20; i++) {
		/* The listener that the dead one had accepted from may reset a connection in flight, but none is refused. */
		after = ask_gateway(&lab.config.traffic, "?", NULL);
		assert_int_not_equal(-ECONNREFUSED, after);
	}
	assert_true(after > 0 && after != before);
	assert_int_equal(after, lab_status(&lab).gateway.pid);
	assert_int_equal(1, lab_status(&lab).gateway.restarts);
	assert_int_equal(-SIGKILL, lab_status(&lab).gateway.last_exit);
	finish(&lab);
}

static void children_outlive_posternd_and_hand_back_what_they_hold(void **state)
{
	struct lab lab = started();
	int gateway = ask_gateway(&lab.config.traffic, "?", NULL);
	int control = lab_status(&lab).control.pid;
	int next;

	(void)state;
	kill(lab.pid, SIGKILL);
	assert_int_equal(-SIGKILL, lab_wait_exit(&lab));
	assert_int_equal(gateway, ask_gateway(&lab.config.traffic, "?", NULL));
	lab_start(&lab, NULL);
	lab_wait_ready(&lab);
	assert_int_equal(gateway, ask_gateway(&lab.config.traffic, "?", NULL));
	assert_int_equal(control, lab_status(&lab).control.pid);
	assert_int_equal(gateway, lab_status(&lab).gateway.pid);
	/* What came back serves the next gateway as well. */
	kill(gateway, SIGKILL);
	while ((next = ask_gateway(&lab.config.traffic, "?", NULL)) <= 0 || next == gateway)
		assert_int_not_equal(-ECONNREFUSED, next);
	kill(control, SIGKILL);
	while (lab_status(&lab).control.pid == control)
		;
	finish(&lab);
}

static void both_killed_and_posternd_too_leaves_nothing_stuck(void **state)
{
	struct lab lab = started();
	struct verb_status status = lab_status(&lab);

	(void)state;
	kill(lab.pid, SIGKILL);
	assert_int_equal(-SIGKILL, lab_wait_exit(&lab));
	kill(status.gateway.pid, SIGKILL);
	while (kill(status.gateway.pid, 0) == 0)
		poll(NULL, 0, 1);
	lab_start(&lab, NULL);
	lab_wait_ready(&lab);
	assert_int_equal(status.control.pid, lab_status(&lab).control.pid);
	assert_true(ask_gateway(&lab.config.traffic, "?", NULL) > 0);
	finish(&lab);
}

static void the_gateway_may_not_ask_what_is_controls(void **state)
{
	struct lab lab = started();
	int before = ask_gateway(&lab.config.traffic, "?", NULL), after;

	(void)state;
	(void)ask_gateway(&lab.config.traffic, "!", NULL);
	while ((after = ask_gateway(&lab.config.traffic, "?", NULL)) <= 0 || after == before)
		assert_int_not_equal(-ECONNREFUSED, after);
	assert_true(lab_log_has(&lab, "ending the gateway"));
	finish(&lab);
}

static void a_gateway_that_floods_leaves_control_its_connections(void **state)
{
	struct lab lab = started();
	int before = ask_gateway(&lab.config.traffic, "?", NULL), control = lab_status(&lab).control.pid, after;

	(void)state;
	(void)ask_gateway(&lab.config.traffic, "#", NULL);
	while ((after = ask_gateway(&lab.config.traffic, "?", NULL)) <= 0 || after == before)
		assert_int_not_equal(-ECONNREFUSED, after);
	assert_true(lab_log_has(&lab, "more connections than it has use for"));
	assert_int_equal(control, lab_status(&lab).control.pid);
	finish(&lab);
}

static void anything_odd_ends_the_child_that_sent_it(void **state)
{
	struct lab lab = started();
	int control = lab_status(&lab).control.pid;
	struct verb_header header = { .version = VERBS_VERSION + 1, .verb = VERB_STATUS };

	(void)state;
	(void)lab_call(&lab, VERB_COMMAND_RAW, &header, sizeof header, NULL, 0);
	while (lab_status(&lab).control.pid == control)
		;
	control = lab_status(&lab).control.pid;
	(void)lab_call(&lab, VERB_COMMAND_RAW, "x", 1, NULL, 0);
	while (lab_status(&lab).control.pid == control)
		;
	finish(&lab);
}

static void a_stranger_gets_no_answer(void **state)
{
	struct lab lab = started();
	struct verb_hello hello = { 0 };
	struct verb_message *reply;
	struct client *client;
	char path[NETNS_PATH_BYTES + 32];

	(void)state;
	snprintf(path, sizeof path, "%s/" VERBS_SOCKET_NAME, lab.config.run_dir);
	assert_int_equal(0, client_open(&client, path));
	assert_int_equal(-EPIPE, client_ask(client, VERB_HELLO, &hello, NULL, 0, CALL_MS, &reply));
	client_close(client);
	finish(&lab);
}

static void endpoints_and_filters_are_not_for_local_mode(void **state)
{
	struct lab lab = started();
	struct verb_endpoint_create create = { .id = "vpce-0a1b2c3d4e5f60718", .address_count = 1 };
	struct verb_endpoint_id id = { .id = "vpce-0a1b2c3d4e5f60718" };

	(void)state;
	create.addresses[0] = (struct verb_address){ .family = AF_INET, .prefix_bits = 24, .bytes = { 10, 0, 0, 1 } };
	assert_int_equal(-EOPNOTSUPP, lab_call(&lab, VERB_ENDPOINT_CREATE, &create, sizeof create, NULL, 0));
	assert_int_equal(-EOPNOTSUPP, lab_call(&lab, VERB_ENDPOINT_DELETE, &id, sizeof id, NULL, 0));
	assert_int_equal(-EOPNOTSUPP, lab_call(&lab, VERB_FILTER_STATS, &id, sizeof id, NULL, 0));
	assert_int_equal(1, lab_status(&lab).endpoint_count);
	finish(&lab);
}

static void control_can_have_the_gateway_restarted(void **state)
{
	struct lab lab = started();
	int before = ask_gateway(&lab.config.traffic, "?", NULL), after;
	struct verb_empty empty = { 0 };

	(void)state;
	assert_int_equal(0, lab_call(&lab, VERB_GATEWAY_RESTART, &empty, sizeof empty, NULL, 0));
	while ((after = ask_gateway(&lab.config.traffic, "?", NULL)) <= 0 || after == before)
		assert_int_not_equal(-ECONNREFUSED, after);
	finish(&lab);
}

static void a_question_reaches_the_gateway_that_serves(void **state)
{
	struct lab lab = started();
	int gateway = ask_gateway(&lab.config.traffic, "?", NULL), next;
	struct verb_empty empty = { 0 };

	(void)state;
	/* Each has a channel of its own, and nothing of them is left behind. */
	for (int i = 0; i < 300; i++)
		assert_int_equal(gateway, lab_call(&lab, VERB_INVOKE_CHANNEL, &empty, sizeof empty, NULL, 0));
	kill(gateway, SIGKILL);
	do
		next = lab_call(&lab, VERB_INVOKE_CHANNEL, &empty, sizeof empty, NULL, 0);
	while (next == -EAGAIN || next == -EIO);
	assert_true(next > 0 && next != gateway);
	finish(&lab);
}

static void a_port_in_use_is_named_and_ends_the_start(void **state)
{
	struct lab lab = started(), second = lab_new(true);

	(void)state;
	second.config.traffic = lab.config.management[0]; /* in use, and without SO_REUSEPORT */
	lab_write_settings(&second);
	lab_start(&second, NULL);
	assert_int_equal(1, lab_wait_exit(&second));
	assert_true(lab_log_has(&second, "is in use"));
	lab_free(&second);
	finish(&lab);
}

static void one_run_dir_has_one_posternd(void **state)
{
	struct lab lab = started(), second = lab;

	(void)state;
	lab_start(&second, NULL);
	assert_int_equal(1, lab_wait_exit(&second));
	assert_true(lab_log_has(&lab, "another posternd runs"));
	assert_true(ask_gateway(&lab.config.traffic, "?", NULL) > 0);
	finish(&lab);
}

static void a_record_that_cannot_be_ends_the_start(void **state)
{
	struct lab lab = lab_new(true);

	(void)state;
	lab.config.worker_count = 0;
	lab_write_settings(&lab);
	lab_start(&lab, NULL);
	assert_int_equal(1, lab_wait_exit(&lab));
	assert_true(lab_log_has(&lab, "worker_count"));
	lab_free(&lab);
}

static void sighup_reopens_the_logs_and_refuses_what_needs_a_restart(void **state)
{
	struct lab lab = started();
	char moved[NETNS_PATH_BYTES + 8];
	struct stat facts;

	(void)state;
	snprintf(moved, sizeof moved, "%s.1", lab.config.access_log);
	assert_int_equal(0, rename(lab.config.access_log, moved));
	snprintf(moved, sizeof moved, "%s.1", lab.config.audit_log);
	assert_int_equal(0, rename(lab.config.audit_log, moved));
	assert_int_equal(0, kill(lab.pid, SIGHUP));
	while (stat(lab.config.access_log, &facts) < 0 || stat(lab.config.audit_log, &facts) < 0)
		poll(NULL, 0, 1);
	assert_int_equal(0640, facts.st_mode & 07777);
	lab.config.worker_count = 3;
	lab_write_settings(&lab);
	assert_int_equal(0, kill(lab.pid, SIGHUP));
	while (!lab_log_has(&lab, "the number of workers"))
		poll(NULL, 0, 1);
	assert_int_equal(2, lab_status(&lab).worker_count);
	finish(&lab);
}

static void a_program_that_never_starts_ends_the_start(void **state)
{
	struct lab lab = lab_new(true);
	char path[128];

	(void)state;
	snprintf(path, sizeof path, "%s/postern-gateway", lab.dir);
	assert_int_equal(0, unlink(path));
	assert_int_equal(0, symlink("/bin/false", path));
	lab_start(&lab, NULL);
	assert_int_equal(1, lab_wait_exit(&lab));
	assert_true(lab_log_has(&lab, "the gateway does not start"));
	lab_free(&lab);
}

static void a_child_that_does_not_drain_is_killed_at_the_limit(void **state)
{
	struct lab lab = lab_new(true);
	pid_t gateway;

	(void)state;
	lab.config.drain_ms = 100;
	lab_write_settings(&lab);
	lab_start(&lab, NULL);
	lab_wait_ready(&lab);
	gateway = lab_status(&lab).gateway.pid;
	assert_int_equal(0, kill(gateway, SIGSTOP));
	assert_int_equal(0, lab_stop(&lab));
	assert_int_equal(-1, kill(gateway, 0));
	lab_free(&lab);
}

static void a_child_that_does_not_come_back_is_replaced(void **state)
{
	struct lab lab = started();
	pid_t gateway = lab_status(&lab).gateway.pid;

	(void)state;
	assert_int_equal(0, kill(gateway, SIGSTOP));
	kill(lab.pid, SIGKILL);
	assert_int_equal(-SIGKILL, lab_wait_exit(&lab));
	lab_start(&lab, NULL);
	lab_wait_ready(&lab);
	assert_true(lab_log_has(&lab, "it did not come back"));
	assert_int_not_equal(gateway, ask_gateway(&lab.config.traffic, "?", NULL));
	finish(&lab);
}

/* One of the records: its size, and its first byte in `*ret_sign`; -1 if there is none. */
static off_t record_size(const struct lab *lab, const char *name, char *ret_sign)
{
	struct stat facts;
	char path[96];
	int fd;

	snprintf(path, sizeof path, "%s/state/%s", lab->dir, name);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	assert_int_equal(0, fstat(fd, &facts));
	assert_int_equal(0640, facts.st_mode & 07777);
	assert_int_equal(1, pread(fd, ret_sign, 1, 0));
	close(fd);
	return facts.st_size;
}

static void records_are_made_kept_and_made_anew_in_another_size(void **state)
{
	struct lab lab = started();
	char sign;

	(void)state;
	assert_int_equal(64 << 10, record_size(&lab, "clients.record", &sign));
	assert_int_equal('a', sign);
	assert_int_equal(128 << 10, record_size(&lab, "requests.record", &sign));
	assert_int_equal('b', sign);
	assert_int_equal(0, lab_stop(&lab));
	/* Nobody asks for the second any more: it stays as it is. Of the first, another size: nothing of the old one is left. */
	lab.config.client_record_kb = 4;
	lab.config.request_record_kb = 0;
	lab_write_settings(&lab);
	lab_start(&lab, NULL);
	lab_wait_ready(&lab);
	assert_int_equal(4 << 10, record_size(&lab, "clients.record", &sign));
	assert_int_equal('a', sign);
	finish(&lab);
}

static void a_record_that_is_not_ours_is_replaced_and_never_written(void **state)
{
	struct lab lab = lab_new(true);
	char command[512], path[96], *victim, sign;
	size_t count;

	(void)state;
	snprintf(command, sizeof command,
		"cd %.60s && mkdir state && head -c 65536 /dev/zero >victim && ln -s ../victim state/clients.record && "
		"head -c 131072 /dev/zero >second && ln second state/requests.record",
		lab.dir);
	assert_int_equal(0, system(command));
	lab_start(&lab, NULL);
	lab_wait_ready(&lab);
	assert_int_equal(64 << 10, record_size(&lab, "clients.record", &sign));
	assert_int_equal('a', sign);
	assert_int_equal(128 << 10, record_size(&lab, "requests.record", &sign));
	assert_int_equal('b', sign);
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%.60s/%s", lab.dir, i ? "second" : "victim");
		victim = whole_file(path, &count);
		for (size_t at = 0; at < count; at++)
			assert_int_equal(0, victim[at]);
		free(victim);
	}
	finish(&lab);
}

static void without_a_record_everything_else_serves(void **state)
{
	struct lab lab = lab_new(true);
	char command[256], sign;

	(void)state;
	/* A folder in its place can't be removed as a file. */
	snprintf(command, sizeof command, "mkdir -p %.60s/state/clients.record", lab.dir);
	assert_int_equal(0, system(command));
	lab_start(&lab, NULL);
	lab_wait_ready(&lab);
	assert_true(lab_log_has(&lab, "clients.record of 64 KiB, and goes without"));
	assert_int_equal(128 << 10, record_size(&lab, "requests.record", &sign));
	assert_int_equal('b', sign);
	finish(&lab);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_ready_line_names_both_addresses),
		cmocka_unit_test(every_connection_waits_while_a_killed_gateway_comes_back),
		cmocka_unit_test(children_outlive_posternd_and_hand_back_what_they_hold),
		cmocka_unit_test(both_killed_and_posternd_too_leaves_nothing_stuck),
		cmocka_unit_test(the_gateway_may_not_ask_what_is_controls),
		cmocka_unit_test(a_gateway_that_floods_leaves_control_its_connections),
		cmocka_unit_test(anything_odd_ends_the_child_that_sent_it),
		cmocka_unit_test(a_stranger_gets_no_answer),
		cmocka_unit_test(endpoints_and_filters_are_not_for_local_mode),
		cmocka_unit_test(control_can_have_the_gateway_restarted),
		cmocka_unit_test(a_question_reaches_the_gateway_that_serves),
		cmocka_unit_test(a_port_in_use_is_named_and_ends_the_start),
		cmocka_unit_test(one_run_dir_has_one_posternd),
		cmocka_unit_test(a_record_that_cannot_be_ends_the_start),
		cmocka_unit_test(sighup_reopens_the_logs_and_refuses_what_needs_a_restart),
		cmocka_unit_test(a_program_that_never_starts_ends_the_start),
		cmocka_unit_test(a_child_that_does_not_drain_is_killed_at_the_limit),
		cmocka_unit_test(a_child_that_does_not_come_back_is_replaced),
		cmocka_unit_test(records_are_made_kept_and_made_anew_in_another_size),
		cmocka_unit_test(a_record_that_is_not_ours_is_replaced_and_never_written),
		cmocka_unit_test(without_a_record_everything_else_serves),
	};
	int status = act_by_name(argc, argv);

	return status >= 0 ? status : cmocka_run_group_tests(tests, NULL, NULL);
}
