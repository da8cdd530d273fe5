/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A network-config becomes a plan; what can't be used is named and left out, and the rest holds. */
#include "tests/unit/support.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "image/configure/network_config.h"

static const struct network_nics nics = { .count = 3,
	.at = { { 2, "eth0", { 0x52, 0x54, 0, 0x50, 0x53, 1 }, "virtio_net" },
		{ 3, "eth1", { 0x52, 0x54, 0, 0x50, 0x53, 2 }, "virtio_net" },
		{ 5, "ens7", { 0xde, 0xad, 0, 0, 0, 7 }, "ena" } } };

static char said[NETWORK_SAID_MAX_BYTES + 1];
static struct network_plan plan;

/* The plan and what was said, of texts that end at an unmapped page; NULL: there is none. */
static void read_both(const char *config, const char *settings)
{
	struct network_wanted wanted = { .nics = &nics };
	struct buffer lines;

	if (config)
		wanted.config = view_from(at_page_end(config, strlen(config)), strlen(config));
	if (settings)
		wanted.settings = view_from(at_page_end(settings, strlen(settings)), strlen(settings));
	buffer_init(&lines, NETWORK_SAID_MAX_BYTES);
	memset(&plan, 0xff, sizeof plan);
	network_config_plan(&wanted, &plan, &lines);
	memcpy(said, lines.at ? lines.at : "", lines.count);
	said[lines.count] = '\0';
	buffer_fini(&lines);
	assert_int_equal(0, network_plan_check(&plan, &nics));
}

static void read_config(const char *config)
{
	read_both(config, NULL);
}

/* Interface `i` of the plan in words. */
static const char *words(size_t i)
{
	static char text[4096];
	const struct network_interface *interface = &plan.interfaces[i];
	char address[INET6_ADDRSTRLEN];
	size_t count = 0;

	if (i >= plan.interface_count)
		return "none";
	count += (size_t)sprintf(text + count, "%u", interface->index);
	if (*interface->new_name)
		count += (size_t)sprintf(text + count, " name=%s", interface->new_name);
	if (interface->mtu)
		count += (size_t)sprintf(text + count, " mtu=%u", interface->mtu);
	if (interface->use)
		count += (size_t)sprintf(text + count, " use=%u", interface->use);
	count += (size_t)sprintf(text + count, "%s%s%s%s", interface->dhcp4 ? " dhcp4" : "",
		interface->dhcp6 ? " dhcp6" : "", interface->optional ? " optional" : "",
		(const char *[]){ "", " ra=no", " ra=yes" }[interface->advertisements]);
	for (size_t a = 0; a < interface->address_count; a++) {
		network_address_text(&interface->addresses[a], address);
		count += (size_t)sprintf(text + count, " %s/%u", address, interface->addresses[a].prefix_bits);
	}
	for (size_t r = 0; r < interface->route_count; r++) {
		const struct network_route *route = &interface->routes[r];
		struct network_address via = { .family = route->to.family };

		memcpy(via.bytes, route->via, sizeof via.bytes);
		network_address_text(&route->to, address);
		count += (size_t)sprintf(text + count, " to %s/%u", address, route->to.prefix_bits);
		network_address_text(&via, address);
		count += (size_t)sprintf(text + count, " via %s%s metric %u", route->has_via ? address : "link",
			route->on_link ? " on-link" : "", route->metric);
	}
	for (size_t s = 0; s < interface->names.server_count; s++) {
		network_address_text(&interface->names.servers[s], address);
		count += (size_t)sprintf(text + count, " dns=%s", address);
	}
	for (size_t s = 0; s < interface->names.search_count; s++)
		count += (size_t)sprintf(text + count, " search=%s", interface->names.search[s]);
	return text;
}

#define ASSERT_SAID(part) assert_non_null(strstr(said, part))
#define ASSERT_QUIET() assert_string_equal("", said)
#define DEFAULT "2 dhcp4 dhcp6 ra=yes"

static void nothing_given_is_dhcp_on_the_first_nic(void **state)
{
	(void)state;
	read_config(NULL);
	assert_int_equal(1, plan.interface_count);
	assert_string_equal(DEFAULT, words(0));
	ASSERT_QUIET();
}

static void every_key_that_is_known(void **state)
{
	(void)state;
	read_config("network:\n"
		    "  version: 2\n"
		    "  ethernets:\n"
		    "    eth0:\n"
		    "      addresses: [10.0.0.5/24, 'fd00:5::5/64']\n"
		    "      gateway4: 10.0.0.1\n"
		    "      gateway6: fd00:5::1\n"
		    "      routes:\n"
		    "        - {to: 10.7.1.9/16, via: 10.0.0.2, metric: 7}\n"
		    "        - {to: default, via: 10.0.0.3, metric: 4294967295}\n"
		    "        - {to: 192.0.2.9, via: 198.51.100.1, on-link: true}\n"
		    "        - {to: 203.0.113.0/24}\n"
		    "        - {to: '2001:db8::/32', via: 'fe80::1'}\n"
		    "      nameservers: {addresses: [10.0.0.2, 'fe80::53'], search: [corp.example, a_b.example]}\n"
		    "      mtu: 9000\n"
		    "      accept-ra: no\n"
		    "      optional: true\n"
		    "    two:\n"
		    "      match: {macaddress: '52:54:00:50:53:02'}\n"
		    "      set-name: service\n"
		    "      dhcp4: yes\n"
		    "      dhcp6: true\n");
	ASSERT_QUIET();
	assert_int_equal(2, plan.interface_count);
	assert_string_equal(
		"2 mtu=9000 optional ra=no 10.0.0.5/24 fd00:5::5/64 to 0.0.0.0/0 via 10.0.0.1 metric 0 "
		"to ::/0 via fd00:5::1 metric 0 to 10.7.0.0/16 via 10.0.0.2 metric 7 "
		"to 0.0.0.0/0 via 10.0.0.3 metric 4294967295 to 192.0.2.9/32 via 198.51.100.1 on-link metric 0 "
		"to 203.0.113.0/24 via link metric 0 to 2001:db8::/32 via fe80::1 metric 0 "
		"dns=10.0.0.2 dns=fe80::53 search=corp.example search=a_b.example",
		words(0));
	assert_string_equal("3 name=service dhcp4 dhcp6", words(1));
}

static void without_the_wrapper_and_as_json(void **state)
{
	(void)state;
	read_config("version: 2\nethernets: {eth1: {dhcp4: true}}\n");
	assert_string_equal("3 dhcp4", words(0));
	ASSERT_QUIET();
	read_config("{\"version\": 2, \"ethernets\": {\"eth1\": {\"accept-ra\": true}}}");
	assert_string_equal("3 ra=yes", words(0));
	ASSERT_QUIET();
}

static void nics_are_found_by_name_mac_and_driver(void **state)
{
	(void)state;
	read_config("ethernets: {a: {match: {name: 'ens*'}, mtu: 1400}}");
	assert_string_equal("5 mtu=1400", words(0));
	read_config("ethernets: {a: {match: {macaddress: 'DE:AD:00:00:00:07'}, mtu: 1400}}");
	assert_string_equal("5 mtu=1400", words(0));
	read_config("ethernets: {a: {match: {driver: [bnx2, en?]}, mtu: 1400}}");
	assert_string_equal("5 mtu=1400", words(0));
	/* Every word must fit. */
	read_config("ethernets: {a: {match: {driver: virtio_net, name: 'ens*'}, mtu: 1400}}");
	assert_string_equal(DEFAULT, words(0));
	ASSERT_SAID("network-config:1:16: ethernets.a: this machine has no such NIC");
	read_config("ethernets: {a: {match: {serial: 7}, mtu: 1400}}");
	assert_string_equal(DEFAULT, words(0));
}

static void a_row_may_fit_several_nics_but_names_one(void **state)
{
	(void)state;
	read_config(
		"ethernets: {b: {match: {name: eth1}, mtu: 1500}, a: {match: {name: '*'}, set-name: x, mtu: 1400}}");
	assert_int_equal(3, plan.interface_count);
	assert_string_equal("3 mtu=1500", words(0));
	assert_string_equal("2 name=x mtu=1400", words(1));
	assert_string_equal("5 mtu=1400", words(2));
	ASSERT_SAID("eth1 fits an earlier row, too");
	ASSERT_SAID("only the first is renamed");
}

static void wrong_values_are_named_and_left_out(void **state)
{
	static const char *const rows[][2] = {
		{ "addresses: 10.0.0.5/24", "ethernets.eth0.addresses: must be a list" },
		{ "addresses: [10.0.0.5]", "must be a host's address with its prefix length" },
		{ "addresses: [10.0.0.5/33]", "must be a host's address" },
		{ "addresses: [10.0.0.5/0]", "must be a host's address" },
		{ "addresses: [127.0.0.1/8]", "must be a host's address" },
		{ "addresses: ['ff02::1/64']", "must be a host's address" },
		{ "addresses: ['::/64']", "must be a host's address" },
		{ "addresses: [{10.0.0.5/24: {lifetime: 0}}]", "must be a host's address" },
		{ "addresses: ['10.0.0.5/024']", "must be a host's address" },
		{ "addresses: ['10.0.0.5/24\\0']", "must be a host's address" },
		{ "gateway4: 'fd00::1'", "gateway4: must be an IPv4 address" },
		{ "gateway6: 10.0.0.1", "gateway6: must be an IPv6 address" },
		{ "gateway4: [10.0.0.1]", "gateway4: must be" },
		{ "routes: {to: default}", "routes: must be a list" },
		{ "routes: [default]", "routes: must have `to` and `via`" },
		{ "routes: [{to: default}]", "routes.to: must be a prefix or `default`" },
		{ "routes: [{via: 10.0.0.1}]", "routes.to: must be" },
		{ "routes: [{to: 10.0.0.0/8, via: 'fd00::1'}]", "routes.via: is not of the same family" },
		{ "routes: [{to: 10.0.0.0/8, via: nobody}]", "routes.via: must be an address" },
		{ "routes: [{to: 10.0.0.0/8, via: 10.0.0.1, metric: -1}]", "routes.metric: must be" },
		{ "routes: [{to: 10.0.0.0/8, via: 10.0.0.1, type: blackhole}]", "`type` is not known here" },
		{ "nameservers: [10.0.0.1]", "nameservers: must have `addresses`" },
		{ "nameservers: {addresses: [dns.example]}", "nameservers.addresses: must be an address" },
		{ "nameservers: {search: ['a b', '-x', 'a..b', '']}", "nameservers.search: must be a domain name" },
		{ "mtu: 67", "mtu: must be a number of bytes" },
		{ "mtu: large", "mtu: must be a number of bytes" },
		{ "dhcp4: maybe", "dhcp4: must be true or false" },
		{ "dhcp6: 1", "dhcp6: must be true or false" },
		{ "set-name: 'a name'", "set-name: must be a name" },
		{ "set-name: longer-than-fifteen", "set-name: must be a name" },
		{ "set-name: lo", "set-name: must be a name" },
		{ "wakeonlan: true", "`wakeonlan` is not known here" },
		{ "'\\e[2J\\x07': true", "`?[2J?` is not known here" },
	};
	char config[256];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		snprintf(config, sizeof config, "version: 2\nethernets: {eth0: {optional: true, %s}}", rows[i][0]);
		/* In double quotes, where escapes mean something. */
		for (char *at = strchr(config, '\\') ? config : NULL; at && *at; at++)
			if (*at == '\'')
				*at = '"';
		read_config(config);
		if (!strstr(said, rows[i][1]))
			fail_msg("%s: said %s", rows[i][0], said);
		assert_string_equal("2 optional", words(0));
	}
}

static void what_is_no_configuration_is_as_none(void **state)
{
	static const char *const texts[][2] = {
		{ "version: 1\nconfig: [{type: physical, name: eth0}]",
			"network-config:1:10: only version 2 is understood" },
		{ "network: {version: 1, config: disabled}", "only version 2 is understood" },
		{ "network: {version: 2}", "there are no `ethernets`" },
		{ "version: 2\nbonds: {bond0: {}}", "`bonds` is not known here" },
		{ "ethernets: [eth0]", "there are no `ethernets`" },
		{ "ethernets: {eth9: {dhcp4: true}}", "this machine has no such NIC" },
		{ "ethernets: {eth0: true}", "ethernets.eth0: must have keys" },
		{ "ethernets: {eth0: {dhcp4: true}", "network-config:2:1: did not find expected" },
		{ "", "there are no `ethernets`" },
		{ "\t", "network-config:" },
		{ "- 1", "there are no `ethernets`" },
		{ "\x7f"
		  "ELF",
			"network-config:" },
		{ "auto lo\niface lo inet loopback\n", "there are no `ethernets`" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		read_config(texts[i][0]);
		if (!strstr(said, texts[i][1]))
			fail_msg("%s: said %s", texts[i][0], said);
		ASSERT_SAID("the first NIC is set up by DHCP");
		assert_int_equal(1, plan.interface_count);
		assert_string_equal(DEFAULT, words(0));
	}
}

static void limits_hold(void **state)
{
	static char config[65536];
	char *at = config + sprintf(config, "ethernets: {eth0: {addresses: [");

	(void)state;
	for (int i = 0; i < 300; i++)
		at += sprintf(at, "%s10.1.%d.%d/16", i ? "," : "", i / 100, i % 100 + 1);
	at += sprintf(at, "], routes: [");
	for (int i = 0; i < 300; i++)
		at += sprintf(at, "%s{to: 10.%d.0.0/16}", i ? "," : "", i % 256);
	at += sprintf(at, "], nameservers: {addresses: [");
	for (int i = 0; i < 20; i++)
		at += sprintf(at, "%s10.0.0.%d", i ? "," : "", i + 1);
	at += sprintf(at, "], search: [");
	for (int i = 0; i < 20; i++)
		at += sprintf(at, "%sd%d.example", i ? "," : "", i);
	sprintf(at, "]}}}");
	read_config(config);
	assert_int_equal(NETWORK_ADDRESSES_MAX, plan.interfaces[0].address_count);
	assert_int_equal(NETWORK_ROUTES_MAX, plan.interfaces[0].route_count);
	assert_int_equal(NETWORK_NAME_SERVERS_MAX, plan.interfaces[0].names.server_count);
	assert_int_equal(NETWORK_SEARCH_MAX, plan.interfaces[0].names.search_count);
	ASSERT_SAID("addresses: more than 16");
	/* What was said is cut off, and is whole lines of text all the same. */
	assert_true(strlen(said) <= NETWORK_SAID_MAX_BYTES);
}

static void every_part_of_a_configuration_is_harmless(void **state)
{
	static const char whole[] =
		"network:\n  version: 2\n  ethernets:\n    eth0:\n      addresses: [10.0.0.5/24, \"fd00::5/64\"]\n"
		"      routes: [{to: default, via: 10.0.0.1, on-link: true}]\n      nameservers: {search: [a.b]}\n";
	char part[sizeof whole];

	(void)state;
	for (size_t count = 0; count < sizeof whole; count++) {
		memcpy(part, whole, count);
		part[count] = '\0';
		read_config(part);
		memcpy(part, whole + count, sizeof whole - count);
		read_config(part);
	}
}

static void nics_of_endpoints_are_left_alone(void **state)
{
	(void)state;
	read_both(NULL, "#cloud-config\nnetworks: [{attachment: nic, interface: eth0}]\n");
	assert_string_equal("3 dhcp4 dhcp6 ra=yes", words(0));
	ASSERT_QUIET();
	/* The name that it gets counts; it gets that name, and nothing else. */
	read_both("ethernets: {a: {match: {name: eth0}, set-name: eth1, dhcp4: true}, b: {match: {name: eth1}, "
		  "set-name: eth0, mtu: 1400, "
		  "dhcp4: true}}",
		"networks: [{attachment: nic, interface: eth0}]\n");
	assert_string_equal("2 name=eth1 dhcp4", words(0));
	assert_string_equal("3 name=eth0 mtu=1400 use=2", words(1));
	ASSERT_SAID("eth0 is given to an endpoint");
	/* One NIC for all: its own addresses, and links on it. */
	read_both(NULL, "networks: [{attachment: macvlan, interface: eth0}]");
	assert_string_equal(DEFAULT, words(0));
	assert_int_equal(1, plan.interface_count);
	/* A second one for links alone goes up. */
	read_both(NULL, "networks: [{attachment: ipvlan, interface: eth1}, {attachment: bridge, interface: ens7}]");
	assert_string_equal(DEFAULT, words(0));
	assert_string_equal("3 use=1", words(1));
	assert_int_equal(2, plan.interface_count);
	/* Settings that are none: others say so. */
	read_both(NULL, "networks: [1, {attachment: [nic]}, {interface: eth0}, {attachment: nic, interface: 7}]");
	assert_string_equal(DEFAULT, words(0));
	read_both(NULL, "networks: {");
	assert_string_equal(DEFAULT, words(0));
	ASSERT_QUIET();
}

static void carriers_are_found_in_settings(void **state)
{
	static const char text[] =
		"networks: [{attachment: macvlan, interface: eth1}, {attachment: nic, interface: ens7}]";

	(void)state;
	network_config_carriers(view_from_text(text), &nics, &plan);
	assert_int_equal(1, plan.interface_count);
	assert_string_equal("3 use=1", words(0));
	network_config_carriers(view_from_text("]"), &nics, &plan);
	assert_int_equal(0, plan.interface_count);
	assert_int_equal(0, network_plan_check(&plan, &nics));
}

static void time_servers_are_names_or_addresses(void **state)
{
	struct network_time_servers time;
	struct buffer lines;

	(void)state;
	buffer_init(&lines, NETWORK_SAID_MAX_BYTES);
	network_config_time(
		view_of("ntp_servers: [10.0.0.1, 'fd00::1', time.example, 'a b', 7, \"x\\ny\"]"), &time, &lines);
	assert_int_equal(3, time.count);
	assert_string_equal("10.0.0.1", time.names[0]);
	assert_string_equal("fd00::1", time.names[1]);
	assert_string_equal("time.example", time.names[2]);
	assert_non_null(strstr(buffer_text(&lines), "settings:1:50: ntp_servers"));
	network_config_time(view_of("ntp_servers: [a,b,c,d,e,f,g,h,i,j]"), &time, &lines);
	assert_int_equal(NETWORK_TIME_SERVERS_MAX, time.count);
	network_config_time(view_of("ntp_servers: time.example"), &time, &lines);
	assert_int_equal(0, time.count);
	network_config_time(view_of("{"), &time, &lines);
	assert_int_equal(0, time.count);
	buffer_fini(&lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_given_is_dhcp_on_the_first_nic),
		cmocka_unit_test(every_key_that_is_known),
		cmocka_unit_test(without_the_wrapper_and_as_json),
		cmocka_unit_test(nics_are_found_by_name_mac_and_driver),
		cmocka_unit_test(a_row_may_fit_several_nics_but_names_one),
		cmocka_unit_test(wrong_values_are_named_and_left_out),
		cmocka_unit_test(what_is_no_configuration_is_as_none),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(every_part_of_a_configuration_is_harmless),
		cmocka_unit_test(nics_of_endpoints_are_left_alone),
		cmocka_unit_test(carriers_are_found_in_settings),
		cmocka_unit_test(time_servers_are_names_or_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
