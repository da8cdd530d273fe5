/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Endpoints for real: made, served, taken over, taken down (tests/unit/netns/endpoints.h). */
#include "tests/unit/netns/endpoints.h"

static unsigned int count_fds(pid_t pid)
{
	char path[64];
	unsigned int count = 0;
	DIR *dir;

	snprintf(path, sizeof path, "/proc/%d/fd", pid);
	dir = opendir(path);
	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static void a_new_endpoint_denies_all_until_its_first_generation(void **state)
{
	struct lab lab = started();

	(void)state;
	assert_int_equal(0, make_first(&lab));
	assert_true(exists("/run/netns/postern-%s", first_id));
	assert_int_equal(1, count_links("pe"));
	assert_int_equal(-ECONNREFUSED, ask_from(ALLOWED, "10.20.0.5", 443, 5000, NULL));
	assert_int_equal(-ECONNREFUSED, ask_from(ALLOWED6, "fd20::5", 443, 5000, NULL));
	assert_int_equal(0, load(&lab, first_id, 1, FILTER_MODE_RESET, SEALS));
	assert_true(ask_from(ALLOWED, "10.20.0.5", 443, 5000, NULL) > 0);
	assert_true(ask_from(ALLOWED6, "fd20::5", 443, 5000, NULL) > 0);
	finish(&lab);
}

static void a_denied_source_is_reset_at_once_and_reported(void **state)
{
	struct lab lab = started();
	struct verb_filter_event event;
	int64_t ms;

	(void)state;
	assert_int_equal(0, make_first(&lab));
	assert_int_equal(0, load(&lab, first_id, 1, FILTER_MODE_RESET, SEALS));
	assert_int_equal(-ECONNREFUSED, ask_from(DENIED, "10.20.0.5", 443, 5000, &ms));
	assert_true(ms < 50);
	assert_int_equal(-ECONNREFUSED, ask_from(DENIED6, "fd20::5", 443, 5000, &ms));
	assert_true(ms < 50);
	assert_int_equal(-ECONNREFUSED, ask_from(ALLOWED, "10.20.0.5", 80, 5000, NULL));
	assert_int_equal(2, stats_of(&lab, first_id).packets[FILTER_SOURCE_DENIED]);
	assert_int_equal(1, stats_of(&lab, first_id).packets[FILTER_PORT_REFUSED]);
	do
		assert_int_equal(0, lab_call(&lab, VERB_COMMAND_EVENT, NULL, 0, &event, sizeof event));
	while (event.event.reason == 0);
	assert_string_equal(first_id, event.id);
	finish(&lab);
}

static void modes_drop_silently_or_only_count(void **state)
{
	struct verb_filter_mode mode = { .mode = FILTER_MODE_OBSERVE };
	struct verb_empty empty;
	struct lab lab = started();

	(void)state;
	memcpy(mode.id, first_id, sizeof mode.id);
	assert_int_equal(0, make_first(&lab));
	assert_int_equal(0, load(&lab, first_id, 1, FILTER_MODE_DROP, SEALS));
	assert_int_equal(-ETIMEDOUT, ask_from(DENIED, "10.20.0.5", 443, 300, NULL));
	assert_int_equal(0, lab_call(&lab, VERB_FILTER_MODE, &mode, sizeof mode, &empty, sizeof empty));
	assert_true(ask_from(DENIED, "10.20.0.5", 443, 5000, NULL) > 0);
	assert_true(stats_of(&lab, first_id).packets[FILTER_SOURCE_DENIED] >= 2);
	finish(&lab);
}

static void posternds_death_changes_nothing_and_its_successor_takes_over(void **state)
{
	struct lab lab = started();
	uint32_t program_id;
	int gateway, next;

	(void)state;
	assert_int_equal(0, make_first(&lab));
	assert_int_equal(0, load(&lab, first_id, 7, FILTER_MODE_RESET, SEALS));
	gateway = ask_from(ALLOWED, "10.20.0.5", 443, 5000, NULL);
	program_id = stats_of(&lab, first_id).program_id;
	kill(lab.pid, SIGKILL);
	assert_int_equal(-SIGKILL, lab_wait_exit(&lab));
	assert_int_equal(gateway, ask_from(ALLOWED, "10.20.0.5", 443, 5000, NULL));
	assert_int_equal(-ECONNREFUSED, ask_from(DENIED, "10.20.0.5", 443, 5000, NULL));
	lab_start(&lab, NULL);
	lab_wait_ready(&lab);
	assert_int_equal(program_id, stats_of(&lab, first_id).program_id);
	assert_int_equal(7, stats_of(&lab, first_id).generation);
	assert_int_equal(6, stats_of(&lab, first_id).prefix_count);
	assert_int_equal(gateway, ask_from(ALLOWED, "10.20.0.5", 443, 5000, NULL));
	assert_int_equal(0, load(&lab, first_id, 8, FILTER_MODE_RESET, SEALS));
	assert_int_equal(-ECONNREFUSED, ask_from(DENIED, "10.20.0.5", 443, 5000, NULL));
	/* The sockets that came back are the ones that the next gateway serves. */
	kill(gateway, SIGKILL);
	while ((next = ask_from(ALLOWED, "10.20.0.5", 443, 20000, NULL)) <= 0 || next == gateway)
		assert_int_not_equal(-ECONNREFUSED, next);
	assert_int_equal(0, delete (&lab, first_id));
	finish(&lab);
}

static void a_restart_of_everything_keeps_the_endpoint_and_its_filter(void **state)
{
	struct lab lab = started();

	(void)state;
	assert_int_equal(0, make_first(&lab));
	assert_int_equal(0, load(&lab, first_id, 3, FILTER_MODE_RESET, SEALS));
	assert_int_equal(0, lab_stop(&lab));
	assert_int_equal(-ECONNREFUSED, ask_from(DENIED, "10.20.0.5", 443, 5000, NULL));
	lab_start(&lab, NULL);
	lab_wait_ready(&lab);
	assert_true(ask_from(ALLOWED, "10.20.0.5", 443, 5000, NULL) > 0);
	assert_int_equal(-ECONNREFUSED, ask_from(DENIED, "10.20.0.5", 443, 5000, NULL));
	assert_int_equal(3, stats_of(&lab, first_id).generation);
	finish(&lab);
}

static void what_is_left_of_an_unfinished_endpoint_is_removed(void **state)
{
	struct lab lab = started();
	char command[256];

	(void)state;
	assert_int_equal(0, make_first(&lab));
	assert_int_equal(0, lab_stop(&lab));
	/* The third word of the record says that it is complete. */
	snprintf(command, sizeof command,
		"printf '\\000' | dd of=%.60s/run/endpoints/%s bs=1 seek=8 conv=notrunc status=none", lab.dir,
		first_id);
	run(command);
	lab_start(&lab, NULL);
	lab_wait_ready(&lab);
	assert_false(exists("/run/netns/postern-%s", first_id));
	assert_int_equal(0, count_links("pe"));
	assert_int_equal(0, make_first(&lab));
	finish(&lab);
}

static void only_what_the_settings_give_can_be_had(void **state)
{
	struct lab lab = started();
	struct verb_endpoint_create create = endpoint(first_id, 0, "10.21.0.5", NULL);

	(void)state;
	assert_int_equal(-EINVAL, make(&lab, &create));
	create = endpoint(first_id, 0, "10.20.0.1", NULL); /* the gateway's */
	assert_int_equal(-EINVAL, make(&lab, &create));
	create = endpoint(first_id, 0, "10.20.0.255", NULL);
	assert_int_equal(-EINVAL, make(&lab, &create));
	create = endpoint(first_id, 9, "10.20.0.5", NULL);
	assert_int_equal(-EINVAL, make(&lab, &create));
	create = endpoint(first_id, 0, "10.20.0.5", NULL);
	add_address(&create, 1, "10.30.0.5", 24); /* another VPC's */
	assert_int_equal(-EINVAL, make(&lab, &create));
	assert_int_equal(0, make_first(&lab));
	assert_int_equal(0, make_first(&lab)); /* asked again: the same */
	create = endpoint(second_id, 0, "10.20.0.5", NULL);
	assert_int_equal(-EADDRINUSE, make(&lab, &create));
	create = endpoint(first_id, 0, "10.20.0.6", NULL);
	assert_int_equal(-EEXIST, make(&lab, &create));
	assert_int_equal(-ENOENT, delete (&lab, second_id));
	assert_int_equal(-ENOENT, load(&lab, second_id, 1, FILTER_MODE_RESET, SEALS));
	finish(&lab);
}

static void a_table_without_seals_ends_control(void **state)
{
	struct lab lab = started();
	int control = lab_status(&lab).control.pid;

	(void)state;
	assert_int_equal(0, make_first(&lab));
	assert_true(load(&lab, first_id, 1, FILTER_MODE_RESET, F_SEAL_SHRINK) < 0);
	while (lab_status(&lab).control.pid == control)
		;
	assert_int_equal(0, stats_of(&lab, first_id).generation);
	finish(&lab);
}

static void a_deleted_endpoint_leaves_nothing_behind(void **state)
{
	struct lab lab = started();
	struct verb_empty empty = { 0 };
	unsigned int before;

	(void)state;
	assert_int_equal(0, make_first(&lab));
	assert_int_equal(0, delete (&lab, first_id));
	before = count_fds(lab.pid);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(0, make_first(&lab));
		assert_int_equal(0, load(&lab, first_id, 1, FILTER_MODE_RESET, SEALS));
		assert_true(ask_from(ALLOWED, "10.20.0.5", 443, 5000, NULL) > 0);
		assert_int_equal(0, delete (&lab, first_id));
	}
	assert_int_equal(before, count_fds(lab.pid));
	assert_false(exists("/run/netns/postern-%s", first_id));
	assert_int_equal(0, count_links("pe"));
	assert_int_equal(0, lab_call(&lab, VERB_GATEWAY_RESTART, &empty, sizeof empty, &empty, sizeof empty));
	finish(&lab);
}

static void a_macvlan_and_a_moved_nic_serve_and_go_back(void **state)
{
	struct lab lab = started();
	struct verb_endpoint_create create = endpoint(first_id, 1, "10.30.0.5", NULL);

	(void)state;
	assert_int_equal(0, make(&lab, &create));
	assert_int_equal(0, load(&lab, first_id, 1, FILTER_MODE_RESET, SEALS));
	assert_true(ask_from("10.30.0.10", "10.30.0.5", 443, 5000, NULL) > 0);
	assert_int_equal(-ECONNREFUSED, ask_from("10.30.0.10", "10.30.0.5", 81, 5000, NULL));
	assert_int_equal(0, delete (&lab, first_id));
	create = endpoint(second_id, 2, "10.30.0.6", NULL);
	assert_int_equal(0, make(&lab, &create));
	assert_int_equal(0, load(&lab, second_id, 1, FILTER_MODE_RESET, SEALS));
	assert_int_equal(0, count_links("pb-nic"));
	assert_true(ask_from("10.30.0.10", "10.30.0.6", 443, 5000, NULL) > 0);
	assert_int_equal(0, delete (&lab, second_id));
	assert_int_equal(1, count_links("pb-nic"));
	run("ip link set pb-nic up");
	finish(&lab);
}

static bool kernel_has_ipvlan(void)
{
	return system("ip link add pb-probe link pb-ipnic type ipvlan mode l2 2> /dev/null && ip link delete "
		      "pb-probe") == 0;
}

static int load_for_ipvlan(struct lab *lab, const char *id, uint64_t generation, unsigned int mode)
{
	struct verb_filter_load wanted = load_of(id, generation, mode);
	struct filter_prefix_record table[2] = { denied_host(IPVLAN_DENIED), denied_host(IPVLAN_DENIED6) };

	wanted.prefix_count = 2;
	return load_records(lab, &wanted, table, sizeof table, SEALS);
}

static void ipvlans_on_one_nic_serve_behind_filters_of_their_own(void **state)
{
	struct verb_endpoint_create first = endpoint(first_id, 3, "10.40.0.5", "fd40::5");
	struct verb_endpoint_create second = endpoint(second_id, 3, "10.40.0.6", "fd40::6");
	struct lab lab;
	int64_t ms;

	(void)state;
	if (!kernel_has_ipvlan())
		skip();
	lab = started();
	/* A neighbour that remembers another's MAC address is told the NIC's. */
	run("ip neigh replace 10.40.0.5 lladdr 02:00:00:00:00:99 dev pb-ipfar nud stale");
	run("ip neigh replace fd40::5 lladdr 02:00:00:00:00:99 dev pb-ipfar nud stale");
	assert_int_equal(0, make(&lab, &first));
	assert_int_equal(-ECONNREFUSED, ask_from(IPVLAN_ALLOWED, "10.40.0.5", 443, 900, NULL));
	assert_int_equal(-ECONNREFUSED, ask_from(IPVLAN_ALLOWED6, "fd40::5", 443, 900, NULL));
	assert_int_equal(0, load_for_ipvlan(&lab, first_id, 1, FILTER_MODE_RESET));
	assert_true(ask_from(IPVLAN_ALLOWED, "10.40.0.5", 443, 5000, NULL) > 0);
	assert_true(ask_from(IPVLAN_ALLOWED6, "fd40::5", 443, 5000, NULL) > 0);
	assert_int_equal(0, stats_of(&lab, first_id).packets[FILTER_SOURCE_DENIED]);
	assert_int_equal(-ECONNREFUSED, ask_from(IPVLAN_DENIED, "10.40.0.5", 443, 5000, &ms));
	assert_true(ms < 50);
	assert_int_equal(-ECONNREFUSED, ask_from(IPVLAN_DENIED6, "fd40::5", 443, 5000, &ms));
	assert_true(ms < 50);
	assert_int_equal(2, stats_of(&lab, first_id).packets[FILTER_SOURCE_DENIED]);
	assert_int_equal(-ECONNREFUSED, ask_from(IPVLAN_ALLOWED, "10.40.0.5", 80, 5000, NULL));
	assert_int_equal(1, stats_of(&lab, first_id).packets[FILTER_PORT_REFUSED]);

	assert_int_equal(0, make(&lab, &second));
	assert_int_equal(0, load_for_ipvlan(&lab, second_id, 1, FILTER_MODE_DROP));
	assert_int_equal(-ETIMEDOUT, ask_from(IPVLAN_DENIED, "10.40.0.6", 443, 300, NULL));
	assert_int_equal(-ETIMEDOUT, ask_from(IPVLAN_DENIED6, "fd40::6", 443, 300, NULL));
	assert_true(ask_from(IPVLAN_ALLOWED, "10.40.0.6", 443, 5000, NULL) > 0);
	assert_int_equal(2, stats_of(&lab, first_id).packets[FILTER_SOURCE_DENIED]);

	assert_int_equal(0, delete (&lab, first_id));
	assert_true(ask_from(IPVLAN_ALLOWED6, "fd40::6", 443, 5000, NULL) > 0);
	assert_int_equal(0, make(&lab, &first));
	assert_int_equal(-ECONNREFUSED, ask_from(IPVLAN_ALLOWED, "10.40.0.5", 443, 5000, NULL));
	finish(&lab);
	/* None is left on the NIC: it could not carry this one. */
	run("ip link add pb-probe link pb-ipnic type macvlan && ip link delete pb-probe");
}

static void an_endpoint_on_an_ipvlan_is_taken_over(void **state)
{
	struct verb_endpoint_create create = endpoint(first_id, 3, "10.40.0.5", "fd40::5");
	struct lab lab;
	uint32_t program_id;

	(void)state;
	if (!kernel_has_ipvlan())
		skip();
	lab = started();
	assert_int_equal(0, make(&lab, &create));
	assert_int_equal(0, load_for_ipvlan(&lab, first_id, 7, FILTER_MODE_RESET));
	program_id = stats_of(&lab, first_id).program_id;
	kill(lab.pid, SIGKILL);
	assert_int_equal(-SIGKILL, lab_wait_exit(&lab));
	assert_int_equal(-ECONNREFUSED, ask_from(IPVLAN_DENIED, "10.40.0.5", 443, 5000, NULL));
	lab_start(&lab, NULL);
	lab_wait_ready(&lab);
	assert_int_equal(program_id, stats_of(&lab, first_id).program_id);
	assert_int_equal(7, stats_of(&lab, first_id).generation);
	assert_true(ask_from(IPVLAN_ALLOWED, "10.40.0.5", 443, 20000, NULL) > 0);
	assert_int_equal(-ECONNREFUSED, ask_from(IPVLAN_DENIED6, "fd40::5", 443, 5000, NULL));
	finish(&lab);
}

static void a_kernel_without_ipvlan_is_told_what_to_do(void **state)
{
	struct verb_endpoint_create create = endpoint(first_id, 3, "10.40.0.5", "fd40::5");
	struct lab lab;

	(void)state;
	if (kernel_has_ipvlan())
		skip();
	lab = started();
	assert_int_equal(-EPROTONOSUPPORT, make(&lab, &create));
	assert_true(
		lab_log_has(&lab, "subnet-4: this kernel makes no ipvlan links: load its module (modprobe ipvlan)"));
	assert_false(exists("/run/netns/postern-%s", first_id));
	assert_int_equal(0, make_first(&lab));
	finish(&lab);
}

static void a_nic_that_is_a_bridges_port_carries_neither(void **state)
{
	struct verb_endpoint_create create = endpoint(first_id, 1, "10.30.0.5", NULL);
	struct lab lab = started();

	(void)state;
	run("ip link set pb-nic master pb-br");
	assert_int_equal(-EBUSY, make(&lab, &create));
	assert_true(lab_log_has(&lab, "subnet-2: pb-nic can't carry macvlan links"));
	run("ip link set pb-nic nomaster");
	assert_int_equal(0, make(&lab, &create));
	finish(&lab);
}

static void a_source_outside_of_the_vpc_is_not_admitted(void **state)
{
	struct lab lab = started();

	(void)state;
	assert_int_equal(0, make_first(&lab));
	assert_int_equal(0, load(&lab, first_id, 1, FILTER_MODE_RESET, SEALS));
	assert_int_equal(-ECONNREFUSED, ask_from("192.0.2.9", "10.20.0.5", 443, 5000, NULL));
	assert_int_equal(1, stats_of(&lab, first_id).packets[FILTER_SOURCE_NOT_ADMITTED]);
	finish(&lab);
}

static void down_ends_what_a_killed_posternd_left_and_removes_it(void **state)
{
	struct lab lab = started();
	struct verb_status status;
	char flag[] = "--down", line[128];

	(void)state;
	assert_int_equal(0, make_first(&lab));
	status = lab_status(&lab);
	kill(lab.pid, SIGKILL);
	assert_int_equal(-SIGKILL, lab_wait_exit(&lab));
	lab_start(&lab, flag);
	lab_read_line(&lab, line, sizeof line);
	assert_string_equal("down: 1 endpoint removed", line);
	assert_int_equal(0, lab_wait_exit(&lab));
	assert_false(exists("/run/netns/postern-%s", first_id));
	assert_int_equal(0, count_links("pe"));
	while (kill(status.gateway.pid, 0) == 0 || kill(status.control.pid, 0) == 0)
		poll(NULL, 0, 1);
	lab_free(&lab);
}

static void without_root_the_message_says_what_to_do(void **state)
{
	struct lab lab = new_lab();
	char command[512], line[1024] = "";
	FILE *output;

	(void)state;
	snprintf(command, sizeof command,
		"setpriv --reuid=65534 --regid=65534 --clear-groups %.60s/posternd --settings %.90s --binaries %.60s "
		"2>&1",
		lab.dir, lab.settings, lab.dir);
	output = popen(command, "r");
	assert_non_null(output);
	assert_non_null(fgets(line, sizeof line, output));
	assert_int_equal(1, WEXITSTATUS(pclose(output)));
	assert_non_null(strstr(line, "endpoints need root"));
	lab_free(&lab);
}

static void a_missing_bridge_is_named(void **state)
{
	struct lab lab = new_lab();

	(void)state;
	strcpy(lab.config.networks[0].interface, "pb-none");
	lab_write_settings(&lab);
	lab_start(&lab, NULL);
	assert_int_equal(1, lab_wait_exit(&lab));
	assert_true(lab_log_has(&lab, "there is no bridge pb-none"));
	lab_free(&lab);
}

/* The line of /proc/PID/status that starts with `name`, without the name. */
static unsigned long long status_bits(pid_t pid, const char *name)
{
	char path[64], line[256];
	unsigned long long bits = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/status", pid);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof line, file))
		if (strncmp(line, name, strlen(name)) == 0)
			bits = strtoull(line + strlen(name) + 1, NULL, 16);
	fclose(file);
	return bits;
}

static void privileges_are_what_the_architecture_says(void **state)
{
	/* NET_ADMIN 12, SYS_ADMIN 21, BPF 39, NET_BIND_SERVICE 10, SETUID 7, SETGID 6, SETPCAP 8, KILL 5 */
	const unsigned long long kept =
		1ull << 12 | 1ull << 21 | 1ull << 39 | 1ull << 10 | 1ull << 7 | 1ull << 6 | 1ull << 8 | 1ull << 5;
	struct lab lab = started();
	struct verb_status status = lab_status(&lab);
	struct stat facts;
	char record[NETNS_PATH_BYTES + 32];

	(void)state;
	snprintf(record, sizeof record, "%s/requests.record", lab.config.state_dir);
	assert_int_equal(kept, status_bits(lab.pid, "CapPrm:"));
	assert_int_equal(kept, status_bits(lab.pid, "CapBnd:"));
	assert_int_equal(2, status_bits(lab.pid, "Seccomp:"));
	assert_int_equal(0, status_bits(status.gateway.pid, "CapPrm:"));
	assert_int_equal(0, status_bits(status.gateway.pid, "CapBnd:"));
	assert_int_equal(1, status_bits(status.gateway.pid, "NoNewPrivs:"));
	assert_int_equal(0, stat(lab.config.state_dir, &facts));
	assert_int_equal(64502, facts.st_uid);
	assert_int_equal(64500, facts.st_gid);
	assert_int_equal(02750, facts.st_mode & 07777);
	assert_int_equal(0, stat(lab.config.run_dir, &facts));
	assert_int_equal(0, facts.st_uid);
	assert_int_equal(0750, facts.st_mode & 07777);
	assert_int_equal(0, stat(lab.config.access_log, &facts));
	assert_int_equal(64500, facts.st_gid);
	assert_int_equal(0640, facts.st_mode & 07777);
	/* The gateway, of whose group it is, can't make more of it than it was given. */
	assert_int_equal(0, stat(record, &facts));
	assert_int_equal(0, facts.st_uid);
	assert_int_equal(64500, facts.st_gid);
	assert_int_equal(0640, facts.st_mode & 07777);
	finish(&lab);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_endpoint_denies_all_until_its_first_generation),
		cmocka_unit_test(a_denied_source_is_reset_at_once_and_reported),
		cmocka_unit_test(modes_drop_silently_or_only_count),
		cmocka_unit_test(posternds_death_changes_nothing_and_its_successor_takes_over),
		cmocka_unit_test(a_restart_of_everything_keeps_the_endpoint_and_its_filter),
		cmocka_unit_test(what_is_left_of_an_unfinished_endpoint_is_removed),
		cmocka_unit_test(only_what_the_settings_give_can_be_had),
		cmocka_unit_test(a_table_without_seals_ends_control),
		cmocka_unit_test(a_deleted_endpoint_leaves_nothing_behind),
		cmocka_unit_test(a_macvlan_and_a_moved_nic_serve_and_go_back),
		cmocka_unit_test(ipvlans_on_one_nic_serve_behind_filters_of_their_own),
		cmocka_unit_test(an_endpoint_on_an_ipvlan_is_taken_over),
		cmocka_unit_test(a_kernel_without_ipvlan_is_told_what_to_do),
		cmocka_unit_test(a_nic_that_is_a_bridges_port_carries_neither),
		cmocka_unit_test(a_source_outside_of_the_vpc_is_not_admitted),
		cmocka_unit_test(down_ends_what_a_killed_posternd_left_and_removes_it),
		cmocka_unit_test(without_root_the_message_says_what_to_do),
		cmocka_unit_test(a_missing_bridge_is_named),
		cmocka_unit_test(privileges_are_what_the_architecture_says),
	};
	int status = act_by_name(argc, argv);

	return status >= 0 ? status : cmocka_run_group_tests(tests, set_up, NULL);
}
