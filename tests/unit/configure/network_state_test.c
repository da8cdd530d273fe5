/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What servers tell becomes records of fixed size; these and the plan become the resolver's, chronyd's and dhcpcd's files. */
#include "tests/unit/support.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>

#include "image/configure/dhcpcd.h"
#include "image/configure/lease_facts.h"
#include "image/configure/network_state.h"

static const struct network_nics nics = { .count = 2, .at = { { 2, "eth0", { 0 }, "" }, { 3, "eth1", { 0 }, "" } } };
static char folder[] = "/tmp/postern-network-XXXXXX", resolver[64], chrony[64];
static struct network_state state;

static int set_up(void **unused)
{
	(void)unused;
	strcpy(folder + sizeof folder - 7, "XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(resolver, sizeof resolver, "%s/resolv.conf", folder);
	snprintf(chrony, sizeof chrony, "%s/chrony.conf", folder);
	assert_int_equal(0, network_state_open(&state, folder, resolver));
	return 0;
}

static int tear_down(void **unused)
{
	char command[80];

	(void)unused;
	network_state_close(&state);
	snprintf(command, sizeof command, "rm -r %s", folder);
	return system(command);
}

/* What the next program finds. */
static void open_again(void)
{
	network_state_close(&state);
	assert_int_equal(0, network_state_open(&state, folder, resolver));
}

static struct network_address address(const char *text)
{
	struct network_address made;

	assert_int_equal(0, network_address_parse(text, &made));
	return made;
}

static void add_names(struct network_names *names, const char *server, const char *search)
{
	if (server)
		names->servers[names->server_count++] = address(server);
	if (search)
		strcpy(names->search[names->search_count++], search);
}

static struct network_plan two_interfaces(void)
{
	struct network_plan plan = { .magic = NETWORK_PLAN_MAGIC, .interface_count = 2 };

	plan.interfaces[0].index = 3;
	plan.interfaces[1].index = 2;
	return plan;
}

static struct network_lease read_lease(enum network_lease_kind kind, const char *const *environment)
{
	const struct lease_facts_source source = { .environment = environment, .kind = kind };
	struct network_lease lease;

	memset(&lease, 0xff, sizeof lease);
	lease_facts_read(&source, &lease);
	assert_int_equal(0, network_lease_check(&lease));
	return lease;
}

static void assert_names(const struct network_lease *lease, const char *wanted)
{
	char text[2048] = "", one[INET6_ADDRSTRLEN];

	for (size_t i = 0; i < lease->names.server_count; i++) {
		network_address_text(&lease->names.servers[i], one);
		sprintf(text + strlen(text), "%s ", one);
	}
	for (size_t i = 0; i < lease->names.search_count; i++)
		sprintf(text + strlen(text), "%s ", lease->names.search[i]);
	strcat(text, "| ");
	for (size_t i = 0; i < lease->time_server_count; i++) {
		network_address_text(&lease->time_servers[i], one);
		sprintf(text + strlen(text), "%s ", one);
	}
	assert_string_equal(wanted, text);
}

static void assert_file(const char *path, const char *wanted)
{
	char *text = whole_file(path, NULL);

	assert_string_equal(wanted, text);
	free(text);
}

/* ---- what servers tell ---- */

static void facts_of_dhcp(void **unused)
{
	static const char *const environment[] = { "reason=BOUND", "new_domain_name_servers=10.0.0.1 10.0.0.2",
		"new_domain_name=a.example.", "new_domain_search=b.example c.example", "new_ntp_servers=10.0.0.3",
		"new_dhcp6_name_servers=fd00::1", "nd1_rdnss1_servers=fd00::2", "old_domain_name_servers=10.9.9.9",
		NULL };
	struct network_lease lease = read_lease(NETWORK_LEASE_DHCP4, environment);

	(void)unused;
	assert_names(&lease, "10.0.0.1 10.0.0.2 a.example b.example c.example | 10.0.0.3 ");
}

static void facts_of_dhcpv6(void **unused)
{
	static const char *const environment[] = { "new_dhcp6_name_servers=fd00::1 fe80::1%eth0",
		"new_dhcp6_domain_search=six.example", "new_dhcp6_ntp_server_addr=fd00::3",
		"new_dhcp6_sntp_servers=fd00::4", "new_dhcp6_ntp_server2_addr=fd00::5",
		"new_dhcp6_ntp_server_fqdn=time.example", "new_domain_name_servers=10.0.0.1", NULL };
	struct network_lease lease = read_lease(NETWORK_LEASE_DHCP6, environment);

	(void)unused;
	assert_names(&lease, "fd00::1 fe80::1 six.example | fd00::3 fd00::4 fd00::5 ");
}

static void facts_of_router_advertisements(void **unused)
{
	static const char *const environment[] = { "nd1_rdnss1_servers=fe80::1%eth0", "nd1_rdnss2_servers=fd00::2",
		"nd12_rdnss_servers=fd00::3", "nd1_dnssl1_search=ra.example", "nd1_rdnss1_lifetime=60",
		"ndx_rdnss1_servers=fd00::9", "nd1rdnss1_servers=fd00::9", NULL };
	struct network_lease lease = read_lease(NETWORK_LEASE_RA, environment);

	(void)unused;
	assert_names(&lease, "fe80::1 fd00::2 fd00::3 ra.example | ");
}

static void hostile_servers_are_not_believed(void **unused)
{
	static char long_domain[300] = "new_domain_search=", many[600] = "new_domain_name_servers=";
	const char *const environment[] = {
		"new_domain_name_servers=$(reboot) 10.0.0.1;x 10.0.0.1\nnameserver 10.6.6.6", long_domain,
		"new_domain_name=a b$(x) ..  -d 'q' e\nf", "new_ntp_servers=x\ncmdallow", "", "=", "new_domain_search",
		many, NULL
	};
	struct network_lease lease;

	(void)unused;
	memset(long_domain + strlen(long_domain), 'a', sizeof long_domain - strlen(long_domain) - 1);
	for (int i = 0; i < 30; i++)
		sprintf(many + strlen(many), "10.0.1.%d ", i);
	lease = read_lease(NETWORK_LEASE_DHCP4, environment);
	assert_names(&lease, "10.6.6.6 10.0.1.0 10.0.1.1 10.0.1.2 10.0.1.3 10.0.1.4 a | ");
}

static void records_of_strangers_are_judged(void **unused)
{
	struct network_lease lease = { .magic = NETWORK_LEASE_MAGIC };

	(void)unused;
	assert_int_equal(0, network_lease_check(&lease));
	lease.names.server_count = NETWORK_NAME_SERVERS_MAX + 1;
	assert_int_equal(-EINVAL, network_lease_check(&lease));
	lease.names.server_count = 1; /* of no family */
	assert_int_equal(-EINVAL, network_lease_check(&lease));
	lease.names.server_count = 0;
	lease.names.search_count = 1;
	memset(lease.names.search[0], 'a', sizeof lease.names.search[0]);
	assert_int_equal(-EINVAL, network_lease_check(&lease));
	lease.names.search_count = 0;
	lease.time_server_count = NETWORK_TIME_SERVERS_MAX + 1;
	assert_int_equal(-EINVAL, network_lease_check(&lease));
	lease.time_server_count = 0;
	lease.kind = NETWORK_LEASE_KINDS_COUNT;
	assert_int_equal(-EINVAL, network_lease_check(&lease));
}

/* ---- plans ---- */

static void plans_of_strangers_are_judged(void **unused)
{
	static const struct network_interface wrong[] = { { .index = 9 },
		{ .index = 2, .address_count = NETWORK_ADDRESSES_MAX + 1 }, { .index = 2, .route_count = UINT32_MAX },
		{ .index = 2, .names.server_count = 7 }, { .index = 2, .names.search_count = 1 },
		{ .index = 2, .dhcp4 = 2 }, { .index = 2, .advertisements = 3 }, { .index = 2, .use = 3 },
		{ .index = 2, .use = NETWORK_USE_MOVED, .dhcp4 = 1 }, { .index = 2, .mtu = 67 },
		{ .index = 2, .mtu = 65536 }, { .index = 2, .new_name = "a/b" },
		{ .index = 2, .new_name = "0123456789012345" }, { .index = 2, .new_name = "../x" },
		{ .index = 2, .address_count = 1 },
		{ .index = 2, .address_count = 1, .addresses = { { AF_INET, 33, { 1 } } } },
		{ .index = 2, .route_count = 1 },
		{ .index = 2, .route_count = 1, .routes = { { .to.family = AF_INET, .has_via = 2 } } } };
	struct network_plan plan = two_interfaces();

	(void)unused;
	assert_int_equal(0, network_plan_check(&plan, &nics));
	plan.interfaces[1].index = 3;
	assert_int_equal(-EINVAL, network_plan_check(&plan, &nics));
	plan.interface_count = NETWORK_INTERFACES_MAX + 1;
	assert_int_equal(-EINVAL, network_plan_check(&plan, &nics));
	plan.magic = 0;
	assert_int_equal(-EPROTO, network_plan_check(&plan, &nics));
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		plan = (struct network_plan){
			.magic = NETWORK_PLAN_MAGIC, .interface_count = 1, .interfaces = { wrong[i] }
		};
		if (network_plan_check(&plan, &nics) != -EINVAL)
			fail_msg("row %zu is taken for sound", i);
	}
}

/* ---- files ---- */

static void names_people_gave_come_first(void **unused)
{
	struct network_plan plan = two_interfaces();
	struct network_lease dhcp = { .magic = NETWORK_LEASE_MAGIC, .index = 2 };
	struct network_lease advertised = { .magic = NETWORK_LEASE_MAGIC, .index = 3, .kind = NETWORK_LEASE_RA };

	(void)unused;
	add_names(&plan.interfaces[1].names, "10.0.0.1", "corp.example");
	add_names(&dhcp.names, "10.0.0.2", "corp.example");
	add_names(&dhcp.names, "10.0.0.1", "dhcp.example");
	add_names(&advertised.names, "fe80::1", NULL);
	assert_int_equal(0, network_state_put_plan(&state, &plan, &nics));
	assert_int_equal(0, network_state_put_lease(&state, 2, NETWORK_LEASE_DHCP4, &dhcp));
	assert_int_equal(0, network_state_put_lease(&state, 3, NETWORK_LEASE_RA, &advertised));
	network_state_write_files(&state);
	assert_file(resolver, "nameserver 10.0.0.1\nnameserver fe80::1%eth1\nnameserver 10.0.0.2\nsearch corp.example "
			      "dhcp.example\n");
	/* The settings have not been judged. */
	assert_int_equal(-1, access(chrony, F_OK));
	/* Another program, another lease, and one that ends. */
	open_again();
	assert_int_equal(2, state.lease_count);
	assert_true(network_state_has_lease(&state, 3));
	assert_int_equal(0, network_state_put_lease(&state, 3, NETWORK_LEASE_RA, NULL));
	assert_false(network_state_has_lease(&state, 3));
	network_state_write_files(&state);
	assert_file(resolver, "nameserver 10.0.0.1\nnameserver 10.0.0.2\nsearch corp.example dhcp.example\n");
	open_again();
	assert_int_equal(1, state.lease_count);
}

static void damaged_records_are_as_none(void **unused)
{
	struct network_plan plan = two_interfaces();
	struct network_lease lease = { .magic = NETWORK_LEASE_MAGIC, .index = 2 };
	static const char *const names[] = { "leases/2.dhcp4", "network.time", "network.plan" };
	const struct network_time_servers time = { .count = 1, .names = { "10.0.0.9" } };
	char path[128];

	(void)unused;
	assert_int_equal(0, network_state_put_plan(&state, &plan, &nics));
	assert_int_equal(0, network_state_put_lease(&state, 2, NETWORK_LEASE_DHCP4, &lease));
	assert_int_equal(0, network_state_put_time(&state, &time));
	open_again();
	assert_true(state.has_plan && state.has_time && state.lease_count == 1);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		assert_int_equal(0, truncate(path, 11));
	}
	open_again();
	assert_false(state.has_plan || state.has_time || state.lease_count);
	network_state_write_files(&state);
	assert_file(resolver, "");
}

static const char *time_text(bool is_amazon, const char *clock, bool wanted)
{
	static char room[4096];
	struct buffer text;

	buffer_init_fixed(&text, room, sizeof room - 1);
	assert_int_equal(wanted, network_state_print_time(&state, is_amazon, clock, &text));
	assert_int_equal(0, buffer_error(&text));
	room[text.count] = '\0';
	return room;
}

static void time_is_of_the_settings_else_of_leases(void **unused)
{
	struct network_plan plan = two_interfaces();
	struct network_lease lease = { .magic = NETWORK_LEASE_MAGIC, .index = 2, .time_server_count = 1 };
	struct network_time_servers time = { .count = 2, .names = { "time.example", "fd00::7" } };
	const char *text;
	char *written;

	(void)unused;
	text = time_text(false, NULL, false);
	assert_null(strstr(text, "server"));
	assert_int_equal(0, network_state_put_plan(&state, &plan, &nics));
	lease.time_servers[0] = address("10.0.0.3");
	assert_int_equal(0, network_state_put_lease(&state, 2, NETWORK_LEASE_DHCP4, &lease));
	assert_non_null(strstr(time_text(false, NULL, true), "\nserver 10.0.0.3 iburst\n"));
	assert_int_equal(0, network_state_put_time(&state, &time));
	text = time_text(true, "/dev/ptp0", true);
	assert_non_null(
		strstr(text, "\nserver time.example iburst\nserver fd00::7 iburst\nserver 169.254.169.123 prefer"));
	assert_non_null(strstr(text, "\nrefclock PHC /dev/ptp0 "));
	assert_null(strstr(text, "10.0.0.3"));
	assert_true(network_state_write_files(&state));
	written = whole_file(chrony, NULL);
	assert_non_null(strstr(written, "server time.example"));
	free(written);
	/* What could be another directive is no name. */
	strcpy(time.names[0], "x\ncmdallow");
	assert_int_equal(-EINVAL, network_state_put_time(&state, &time));
}

static void the_lock_keeps_others_out(void **unused)
{
	char path[128];
	int other;

	(void)unused;
	snprintf(path, sizeof path, "%s/leases", folder);
	other = open(path, O_RDONLY | O_DIRECTORY);
	assert_int_equal(-1, flock(other, LOCK_EX | LOCK_NB));
	network_state_close(&state);
	assert_int_equal(0, flock(other, LOCK_EX | LOCK_NB));
	close(other);
	assert_int_equal(0, network_state_open(&state, folder, resolver));
}

static void dhcpcd_is_told_what_each_interface_wants(void **unused)
{
	struct network_plan plan = two_interfaces();
	struct buffer text;

	(void)unused;
	buffer_init(&text, DHCPCD_CONFIG_MAX_BYTES);
	assert_false(dhcpcd_print(&plan, &nics, &text));
	assert_int_equal(0, text.count);
	plan.interfaces[1].dhcp4 = 1;
	plan.interfaces[1].advertisements = NETWORK_RA_NO;
	assert_true(dhcpcd_print(&plan, &nics, &text));
	assert_non_null(strstr(buffer_text(&text), "allowinterfaces eth0\n"));
	assert_non_null(strstr(buffer_text(&text), "interface eth0\n\tmetric 2002\n\tnoipv6\n"));
	assert_null(strstr(buffer_text(&text), "interface eth1"));
	buffer_reset(&text);
	plan.interfaces[0].advertisements = NETWORK_RA_YES;
	plan.interfaces[1].dhcp4 = 0;
	plan.interfaces[1].dhcp6 = 1;
	assert_true(dhcpcd_print(&plan, &nics, &text));
	assert_non_null(strstr(buffer_text(&text), "allowinterfaces eth1 eth0\n"));
	assert_non_null(strstr(buffer_text(&text), "interface eth1\n\tmetric 2003\n\tnoipv4\n\tnodhcp6\n"));
	assert_non_null(strstr(buffer_text(&text), "interface eth0\n\tmetric 2002\n\tnoipv4\n\tnoipv6rs\n\tia_na\n"));
	buffer_fini(&text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(facts_of_dhcp),
		TEST(facts_of_dhcpv6),
		TEST(facts_of_router_advertisements),
		TEST(hostile_servers_are_not_believed),
		TEST(records_of_strangers_are_judged),
		TEST(plans_of_strangers_are_judged),
		TEST(names_people_gave_come_first),
		TEST(damaged_records_are_as_none),
		TEST(time_is_of_the_settings_else_of_leases),
		TEST(the_lock_keeps_others_out),
		TEST(dhcpcd_is_told_what_each_interface_wants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
