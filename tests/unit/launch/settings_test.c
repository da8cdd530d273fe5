/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/support.h"

#include <errno.h>
#include <netinet/in.h>

#include "appliance/launch/address.h"
#include "appliance/launch/settings.h"

static struct buffer errors;

static struct settings *good(const char *text)
{
	struct settings *settings = NULL;

	buffer_reset(&errors);
	if (settings_parse(&settings, view_from(at_page_end(text, strlen(text)), strlen(text)), "f.yaml", &errors) != 0)
		fail_msg("%s: %s", text, buffer_text(&errors));
	return settings;
}

static void bad(const char *text, const char *expected)
{
	struct settings *settings = NULL;

	buffer_reset(&errors);
	assert_int_equal(-EINVAL,
		settings_parse(&settings, view_from(at_page_end(text, strlen(text)), strlen(text)), "f.yaml", &errors));
	assert_null(settings);
	assert_string_equal(expected, buffer_text(&errors));
}

static void an_empty_file_means_all_defaults(void **state)
{
	struct settings *settings = good("# nothing\n");

	(void)state;
	assert_string_equal("000000000000", settings->account_id);
	assert_string_equal("/var/lib/postern", settings->state_dir);
	assert_int_equal(1, settings->management.count);
	assert_int_equal(4566, settings->management.at[0].port);
	assert_int_equal(310000, settings->idle_timeout_ms);
	assert_int_equal(SETTINGS_FILTER_RESET, settings->filter_mode);
	assert_int_equal(SETTINGS_BACKEND_FROM_APPLIANCE, settings->backend_from);
	assert_int_equal(0, settings->local_dns.family);
	assert_int_equal(AF_INET, settings->local_traffic.family);
	assert_string_equal("", settings->backend_ca_file);
	settings_free(settings);
}

static void secrets_are_not_shown(void **state)
{
	struct settings *settings =
		good("region: eu-west-1\naccess_key_id: AKIAEXAMPLE012345\nsecret_access_key: wJalrXUtnFEMI\n");
	struct json *shown = settings_redacted(settings);

	(void)state;
	assert_string_equal("[redacted]", json_find_c_string(shown, "secret_access_key"));
	assert_string_equal("AKIAEXAMPLE012345", json_find_c_string(shown, "access_key_id"));
	assert_string_equal("eu-west-1", json_find_c_string(shown, "region"));
	assert_string_equal("wJalrXUtnFEMI", settings->secret_access_key);
	json_free(shown);
	settings_free(settings);
	settings = good("");
	shown = settings_redacted(settings);
	assert_int_equal(0, json_count(shown));
	json_free(shown);
	settings_free(settings);
}

static void the_printed_documentation_is_a_file_of_defaults(void **state)
{
	struct settings *defaults = good(""), *printed;
	struct json *description = settings_describe();
	struct buffer text, changed;

	(void)state;
	buffer_init(&text, SETTINGS_FILE_MAX_BYTES);
	buffer_init(&changed, 1000);
	settings_print(&text);
	printed = good(buffer_text(&text));
	settings_write_unreloadable(defaults, printed, &changed);
	assert_string_equal("", buffer_text(&changed));
	assert_true(json_count(json_find(description, "settings")) > 30);
	json_free(description);
	buffer_fini(&text);
	buffer_fini(&changed);
	settings_free(printed);
	settings_free(defaults);
}

static const char whole[] =
	"account_id: '123456789012'\nregion: eu-central-1\nworkers: 2\nfilter_mode: drop\n"
	"gateway_uid: 64701\ncontrol_uid: 64702\ngroup_gid: 64700\nlog_level: debug\n"
	"management: ['127.0.0.1:4566', '[::1]:4567']\nbackend_allow: [127.0.0.0/8, '::1']\n"
	"networks:\n"
	"  - vpc_id: vpc-0b1c2d3e4f5061728\n    subnet_id: subnet-0a1b2c3d4e5f60718\n    availability_zone: "
	"us-east-1a\n"
	"    ipv4_prefix: 10.20.0.0/24\n    ipv4_pool: 10.20.0.100-10.20.0.119\n    ipv4_gateway: 10.20.0.1\n"
	"    ipv6_prefix: fd20:5071:e2::/64\n    ipv6_pool: fd20:5071:e2::100-fd20:5071:e2::11f\n"
	"    attachment: bridge\n    interface: br0\n    mtu_bytes: 1400\n";

static void a_whole_file_becomes_posternds_record(void **state)
{
	struct settings *settings = good(whole);
	static struct netns_config config;
	const uint8_t pool_end[16] = { 10, 20, 0, 119 };

	(void)state;
	assert_int_equal(SETTINGS_FILTER_DROP, settings->filter_mode);
	assert_int_equal(2, settings->backend_allow.count);
	buffer_reset(&errors);
	assert_int_equal(0, settings_to_config(settings, "f.yaml", &config, &errors));
	assert_int_equal(64701, config.gateway_uid);
	assert_int_equal(64700, config.group_gid);
	assert_int_equal(2, config.worker_count);
	assert_int_equal(2, config.management_count);
	assert_int_equal(AF_INET6, config.management[1].family);
	assert_int_equal(0, config.local);
	assert_int_equal(0, config.back_ends_from_endpoint);
	assert_string_equal("/var/log/postern/access.log", config.access_log);
	assert_string_equal("/var/log/postern/audit.log", config.audit_log);
	assert_int_equal(1, config.network_count);
	assert_string_equal("vpc-0b1c2d3e4f5061728", config.networks[0].vpc_id);
	assert_string_equal("br0", config.networks[0].interface);
	assert_int_equal(24, config.networks[0].v4.prefix_bits);
	assert_memory_equal(pool_end, config.networks[0].v4_pool_last.bytes, 16);
	assert_int_equal(0, config.networks[0].v6_gateway.family);
	assert_int_equal(1400, config.networks[0].mtu_bytes);
	settings_free(settings);
}

static void back_ends_may_be_called_from_the_endpoint(void **state)
{
	struct settings *settings = good("local: true\nbackend_from: endpoint\n");
	static struct netns_config config;

	(void)state;
	assert_int_equal(SETTINGS_BACKEND_FROM_ENDPOINT, settings->backend_from);
	buffer_reset(&errors);
	assert_int_equal(0, settings_to_config(settings, "f.yaml", &config, &errors));
	assert_int_equal(1, config.back_ends_from_endpoint);
	settings_free(settings);
	bad("backend_from: elsewhere\n", "f.yaml:1:15: backend_from: must be one of: appliance endpoint\n");
}

static void errors_name_the_place_and_the_rule(void **state)
{
	(void)state;
	bad("region: [", "f.yaml:2:1: did not find expected node content\n");
	bad("- a\n", "f.yaml:1:1: must be a mapping of settings\n");
	bad("workers: 65\n", "f.yaml:1:10: workers: must be a whole number from 0 to 64 threads\n");
	bad("account_id: 123456789012\n", "f.yaml:1:13: account_id: must be a text: put the number into quotes\n");
	bad("account_id: '12345678901x'\n", "f.yaml:1:13: account_id: must be twelve digits\n");
	bad("\nregoin: x\n", "f.yaml:2:9: regoin: there is no such setting; `postern settings` lists them\n");
	bad("filter_mode: loud\nlocal: yes\n", "f.yaml:1:14: filter_mode: must be one of: reset drop observe\n"
					       "f.yaml:2:8: local: must be true or false\n");
	bad("management: ['127.0.0.1']\n",
		"f.yaml:1:14: management[0]: must be ADDRESS:PORT, with an IPv6 address in brackets\n");
	bad("management: ['::1:80']\n",
		"f.yaml:1:14: management[0]: must be ADDRESS:PORT, with an IPv6 address in brackets\n");
	bad("management: []\n", "f.yaml:1:13: management: must be a list of 1 to 4 items\n");
	bad("state_dir: here\n", "f.yaml:1:12: state_dir: must be an absolute path\n");
	bad("backend_allow: [10.0.0.1/8]\n",
		"f.yaml:1:17: backend_allow[0]: must be a prefix such as 10.0.0.0/8 without bits behind its length\n");
	bad("access_key_id: AKIAIOSFODNN7EXAMPLE\n",
		"f.yaml:1:16: access_key_id: access_key_id and secret_access_key go together\n");
	bad("audit_log: access.log\n", "f.yaml:1:12: audit_log: must be another file than access_log\n");
	bad("access_log: a/b\n", "f.yaml:1:13: access_log: must be the name of a file within log_dir, without '/'\n");
}

/* `whole` with one line of its network changed. */
static void bad_network(const char *from, const char *to, const char *expected)
{
	static char text[4096];
	const char *at = strstr(whole, from);

	assert_non_null(at);
	snprintf(text, sizeof text, "%.*s%s%s", (int)(at - whole), whole, to, at + strlen(from));
	bad(text, expected);
}

static void a_network_is_judged_as_a_whole(void **state)
{
	(void)state;
	bad_network("vpc_id: vpc-0b1c2d3e4f5061728", "vpc_id: vpc-0B1C",
		"f.yaml:12:13: networks[0].vpc_id: must be vpc- and 8 or 17 lower-case hex digits\n");
	bad_network(
		"    availability_zone: us-east-1a\n", "", "f.yaml:12:5: networks[0]: availability_zone is missing\n");
	bad_network(
		"10.20.0.0/24", "10.20.0.1/24", "f.yaml:15:18: networks[0].ipv4_prefix: has bits behind its length\n");
	bad_network("10.20.0.0/24", "10.20.0/24",
		"f.yaml:15:18: networks[0].ipv4_prefix: must be an IPv4 prefix such as 10.20.0.0/24\n");
	bad_network("10.20.0.119", "10.20.1.119",
		"f.yaml:16:16: networks[0].ipv4_pool: must lie within the subnet's prefix\n");
	bad_network("10.20.0.119", "10.20.0.9",
		"f.yaml:16:16: networks[0].ipv4_pool: must be FIRST-LAST, two addresses in order\n");
	bad_network("10.20.0.1\n", "10.20.0.110\n",
		"f.yaml:17:19: networks[0].ipv4_gateway: lies within the pool, so an endpoint could get it\n");
	bad_network("attachment: bridge", "attachment: tape",
		"f.yaml:20:17: networks[0].attachment: must be one of: bridge macvlan ipvlan nic\n");
	bad_network("interface: br0", "interface: a/b",
		"f.yaml:21:16: networks[0].interface: must be a name of 1 to 15 visible ASCII characters without "
		"'/'\n");
	bad_network("interface: br0", "interface: br0\n    colour: red",
		"f.yaml:22:13: networks[0].colour: a network has no such key\n");
	bad_network("mtu_bytes: 1400", "mtu_bytes: 1000",
		"f.yaml:22:16: networks[0].mtu_bytes: must be at least 1280 bytes where there is IPv6\n");
}

static void users_are_looked_up_and_must_not_be_root(void **state)
{
	struct settings *settings = good("gateway_uid: no-such-user\ncontrol_uid: 1\ngroup_gid: 1\n");
	static struct netns_config config;

	(void)state;
	buffer_reset(&errors);
	assert_int_equal(-EINVAL, settings_to_config(settings, "f.yaml", &config, &errors));
	assert_string_equal("f.yaml: gateway_uid: this host has no user no-such-user\n", buffer_text(&errors));
	settings_free(settings);
	settings = good("gateway_uid: root\ncontrol_uid: 1\ngroup_gid: 1\n");
	assert_int_equal(-EINVAL, settings_to_config(settings, "f.yaml", &config, &errors));
	settings_free(settings);
	settings = good("local: true\nlocal_traffic: '[::1]:8443'\n");
	buffer_reset(&errors);
	assert_int_equal(0, settings_to_config(settings, "f.yaml", &config, &errors));
	assert_true(config.local == 1 && config.traffic.family == AF_INET6);
	settings_free(settings);
}

static void what_a_reload_cannot_change_is_named(void **state)
{
	struct settings *before = good("log_level: info\nworkers: 1\n");
	struct settings *after = good("log_level: debug\nworkers: 2\nregion: us-west-2\n");
	struct buffer changed;

	(void)state;
	buffer_init(&changed, 1000);
	settings_write_unreloadable(before, after, &changed);
	assert_string_equal("region, workers", buffer_text(&changed));
	buffer_fini(&changed);
	settings_free(before);
	settings_free(after);
}

static void every_beginning_of_a_file_is_judged(void **state)
{
	(void)state;
	for (size_t count = 0; count < sizeof whole; count++) {
		struct settings *settings = NULL;

		buffer_reset(&errors);
		if (settings_parse(&settings, view_from(at_page_end(whole, count), count), "f.yaml", &errors) == 0)
			settings_free(settings);
		else
			assert_true(errors.count > 0);
	}
}

static void addresses_are_read_and_written(void **state)
{
	struct netns_address address;
	char text[ADDRESS_TEXT_BYTES];

	(void)state;
	assert_int_equal(0, address_parse_port(&address, view_of("[fd00::1]:443")));
	assert_int_equal(strlen("[fd00::1]:443"), address_write_port(text, &address));
	assert_string_equal("[fd00::1]:443", text);
	assert_false(address_is_loopback(&address));
	assert_int_equal(-EINVAL, address_parse_port(&address, view_of("127.0.0.1:0")));
	assert_int_equal(-EINVAL, address_parse_port(&address, view_of("[127.0.0.1]:80")));
	assert_int_equal(-EINVAL, address_parse_port(&address, view_of("127.0.0.1:65536")));
	assert_int_equal(-EINVAL, address_parse_port(&address, view_of("localhost:80")));
	assert_int_equal(0, address_parse(&address, view_of("127.9.0.1")));
	assert_true(address_is_loopback(&address));
}

/* A setting with the file of a test certificate, as a block of YAML; `more` follows. */
static const char *with_block(const char *setting, const char *file, const char *more)
{
	static char text[16384];
	char path[128], *pem, *line, *rest;
	size_t count;

	snprintf(path, sizeof path, "tests/unit/crypto/data/%s", file);
	pem = rest = whole_file(path, NULL);
	count = (size_t)snprintf(text, sizeof text, "%s: |\n", setting);
	while ((line = strsep(&rest, "\n")) && *line)
		count += (size_t)snprintf(text + count, sizeof text - count, "  %s\n", line);
	snprintf(text + count, sizeof text - count, "%s", more);
	free(pem);
	return text;
}

static const char *with_certificate(const char *file, const char *more)
{
	return with_block("operator_certificate", file, more);
}

static void an_operators_certificate_can_be_sealed_to(void **state)
{
	struct settings *settings =
		good(with_certificate("rsa.pem", "management_names: [gw.example.net, 192.0.2.1, 'fd00::1']\n"));

	(void)state;
	assert_int_equal(3, settings->management_names.count);
	buffer_reset(&errors);
	assert_int_equal(0, settings_check_time(settings, "f.yaml", 1800000000, &errors));
	/* It ends in 2081. That is the time's fault, not the file's. */
	assert_int_equal(-EINVAL, settings_check_time(settings, "f.yaml", 3600000000, &errors));
	assert_string_equal(
		"f.yaml:1:23: operator_certificate: the certificate ended on 2081-08-25: no new access key is "
		"sealed to it\n",
		buffer_text(&errors));
	settings_free(settings);
	settings = good("");
	assert_int_equal(0, settings_check_time(settings, "f.yaml", 3600000000, &errors));
	settings_free(settings);
}

static void what_is_no_operators_certificate_is_refused(void **state)
{
	(void)state;
	bad("operator_certificate: MIIB\n", "f.yaml:1:23: operator_certificate: must be one certificate in PEM, from "
					    "-----BEGIN CERTIFICATE----- to "
					    "-----END CERTIFICATE-----\n");
	bad("operator_certificate: |\n  -----BEGIN CERTIFICATE-----\n  AAAA\n  -----END CERTIFICATE-----\n",
		"f.yaml:1:23: operator_certificate: must be one certificate in PEM, from -----BEGIN CERTIFICATE----- "
		"to "
		"-----END CERTIFICATE-----\n");
	bad(with_certificate("leaf.key", ""), "f.yaml:1:23: operator_certificate: holds a private key, which must stay "
					      "with its owner: put the certificate "
					      "alone here\n");
	bad(with_certificate("root.pem", ""), "f.yaml:1:23: operator_certificate: the certificate must not be used to "
					      "encipher keys, says its key usage\n");
	bad(with_certificate("leaf.pem", ""), "f.yaml:1:23: operator_certificate: the certificate must not be used for "
					      "key agreement, says its key usage\n");
	bad(with_certificate("rsa.pem", "access_key_id: AKIAIOSFODNN7EXAMPLE\nsecret_access_key: x\n"),
		"f.yaml:1:23: operator_certificate: is for an access key that Postern makes, access_key_id names one: "
		"put one "
		"of them here\n");
}

static void names_of_management_are_names(void **state)
{
	static const char *const cases[] = { "Gw.example.net", "gw.example.net:4566", "a..b", "'*.example.net'", "''",
		"-a", "a_b" };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[64];

		snprintf(text, sizeof text, "management_names: [%s]\n", cases[i]);
		bad(text, "f.yaml:1:20: management_names[0]: must be a host name in lower case or an address, without "
			  "a port\n");
	}
}

static int start(void **state)
{
	(void)state;
	buffer_init(&errors, 1 << 16);
	return 0;
}

static int end(void **state)
{
	(void)state;
	buffer_fini(&errors);
	return 0;
}

static void servers_of_the_image_are_hosts(void **state)
{
	static const char *const servers[] = { "logs.example.net", "logs.example.net:6514", "192.0.2.1", "192.0.2.1:1",
		"'[fd00::1]'", "'[fd00::1]:65535'" };
	static const char *const none[] = { "'logs.example.net:'", "logs.example.net:0", "logs:65536", "Logs", "a b",
		"'fd00::1'", "'[192.0.2.1]'", "'[fd00::1'", "'[fd00::1]6514'", "tcp://logs", "':6514'", "'a:b'",
		"'a:1:2'" };
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof servers / sizeof *servers; i++) {
		snprintf(text, sizeof text, "syslog_server: %s\n", servers[i]);
		settings_free(good(text));
	}
	for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
		snprintf(text, sizeof text, "syslog_server: %s\n", none[i]);
		bad(text, "f.yaml:1:16: syslog_server: must be HOST or HOST:PORT: a name in lower case, an IPv4 "
			  "address, or an "
			  "IPv6 address in brackets\n");
	}
	settings_free(good("ntp_servers: [time.example.net, 192.0.2.1, 'fd00::1']\n"));
	bad("ntp_servers: [time.example.net, 'a:123']\n",
		"f.yaml:1:33: ntp_servers[1]: must be a host name in lower case or an address, without a port\n");
}

static void authorities_of_the_syslog_server_are_certificates(void **state)
{
	(void)state;
	bad("syslog_server: a\nsyslog_authorities: MIIB\n",
		"f.yaml:2:21: syslog_authorities: must be certificates in PEM, from -----BEGIN CERTIFICATE----- to "
		"-----END CERTIFICATE-----\n");
	bad(with_block("syslog_authorities", "root.pem", ""),
		"f.yaml:1:21: syslog_authorities: vouches for syslog_server, which is not given\n");
	settings_free(good(with_block("syslog_authorities", "root.pem", "syslog_server: a\n")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_file_means_all_defaults),
		cmocka_unit_test(secrets_are_not_shown),
		cmocka_unit_test(the_printed_documentation_is_a_file_of_defaults),
		cmocka_unit_test(a_whole_file_becomes_posternds_record),
		cmocka_unit_test(back_ends_may_be_called_from_the_endpoint),
		cmocka_unit_test(errors_name_the_place_and_the_rule),
		cmocka_unit_test(a_network_is_judged_as_a_whole),
		cmocka_unit_test(users_are_looked_up_and_must_not_be_root),
		cmocka_unit_test(what_a_reload_cannot_change_is_named),
		cmocka_unit_test(every_beginning_of_a_file_is_judged),
		cmocka_unit_test(addresses_are_read_and_written),
		cmocka_unit_test(an_operators_certificate_can_be_sealed_to),
		cmocka_unit_test(what_is_no_operators_certificate_is_refused),
		cmocka_unit_test(names_of_management_are_names),
		cmocka_unit_test(servers_of_the_image_are_hosts),
		cmocka_unit_test(authorities_of_the_syslog_server_are_certificates),
	};

	return cmocka_run_group_tests(tests, start, end);
}
