/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/arena.h"
#include "appliance/crypto/certificate.h"
#include "appliance/launch/address.h"
#include "appliance/launch/settings_reader.h"

/* Parsed certificates are some KiB each: names, and the decoded text. */
#define ARENA_MAX_BYTES ((size_t)1 << 20)

/* HOST, HOST:PORT, [IPv6] or [IPv6]:PORT. */
static bool is_server(struct view text)
{
	struct view host = text, port;
	struct netns_address address;
	uint64_t number;
	bool has_port;

	if (view_starts_with(text, view_from_text("["))) {
		if (!view_cut(view_after(text, 1), ']', &host, &port) || address_parse(&address, host) < 0 ||
			address.family != AF_INET6)
			return false;
		has_port = port.count > 0;
		if (has_port && port.at[0] != ':')
			return false;
		port = view_after(port, 1);
	} else {
		has_port = view_cut(text, ':', &host, &port);
		if (!settings_is_name(host))
			return false;
	}
	return !has_port || (view_parse_u64(port, UINT16_MAX, &number) == 0 && number > 0);
}

static void check_authorities(struct settings_reader *reader, const struct settings *settings)
{
	const struct json *value = json_find(settings->tree, "syslog_authorities");
	const struct certificate *chain;
	struct arena arena;
	size_t count = 0;

	if (!settings->syslog_authorities[0])
		return;
	arena_init(&arena, NULL, ARENA_MAX_BYTES);
	if (certificate_read_chain(&chain, &count, view_from_text(settings->syslog_authorities), &arena) < 0 || !count)
		settings_refuse(reader, value,
			"must be certificates in PEM, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----");
	else if (!settings->syslog_server[0])
		settings_refuse(reader, value, "vouches for syslog_server, which is not given");
	arena_fini(&arena);
}

void settings_check_image(struct settings_reader *reader, const struct settings *settings)
{
	const struct json *servers = json_find(settings->tree, "ntp_servers");

	if (settings->syslog_server[0] && !is_server(view_from_text(settings->syslog_server)))
		settings_refuse(reader, json_find(settings->tree, "syslog_server"),
			"must be HOST or HOST:PORT: a name in lower case, an IPv4 address, or an IPv6 address in "
			"brackets");
	check_authorities(reader, settings);
	for (size_t i = 0; i < settings->ntp_servers.count; i++)
		if (!settings_is_name(view_from_text(settings->ntp_servers.at[i])))
			settings_refuse(reader, json_at(servers, i),
				"must be a host name in lower case or an address, without a port");
}
