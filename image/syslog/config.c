/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/syslog/config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define KEYWORD "server "
/* Longest label of a DNS name. */
#define LABEL_MAX_BYTES 63

static bool is_name(struct view text)
{
	struct view rest = text, label;

	while (view_split(&rest, '.', &label)) {
		if (label.count == 0 || label.count > LABEL_MAX_BYTES || label.at[0] == '-' ||
			label.at[label.count - 1] == '-')
			return false;
		for (size_t i = 0; i < label.count; i++) {
			char byte = view_lower_byte(label.at[i]);

			if ((byte < 'a' || byte > 'z') && (byte < '0' || byte > '9') && byte != '-' && byte != '_')
				return false;
		}
	}
	return true;
}

/* A DNS name or an address, which must be one that `family` says: AF_INET also stands for names. */
static int set_host(struct syslog_config *ret, struct view host, int family)
{
	uint8_t binary[16];

	if (host.count == 0 || host.count > SYSLOG_HOST_MAX_BYTES || memchr(host.at, '\0', host.count))
		return -EINVAL;
	memcpy(ret->host, host.at, host.count);
	ret->host[host.count] = '\0';
	if (family == AF_INET6)
		return inet_pton(AF_INET6, ret->host, binary) == 1 ? 0 : -EINVAL;
	/* Digits and points alone are an address or nothing. */
	if (ret->host[strspn(ret->host, "0123456789.")] == '\0')
		return inet_pton(AF_INET, ret->host, binary) == 1 ? 0 : -EINVAL;
	return is_name(host) ? 0 : -EINVAL;
}

static int set_port(struct syslog_config *ret, struct view text)
{
	uint64_t port;

	if (view_parse_u64(text, UINT16_MAX, &port) < 0 || port == 0)
		return -EINVAL;
	ret->port = (uint16_t)port;
	return 0;
}

int syslog_config_parse_server(struct syslog_config *ret, struct view text)
{
	struct view host = text, rest = view_from("", 0);
	int family = AF_INET, error;

	ret->port = SYSLOG_DEFAULT_PORT;
	if (text.count && text.at[0] == '[') {
		if (!view_cut(view_after(text, 1), ']', &host, &rest))
			return -EINVAL;
		family = AF_INET6;
	} else if (view_find_byte(text, ':') < text.count) {
		host = view_part(text, 0, view_find_byte(text, ':'));
		rest = view_after(text, host.count);
	}
	error = set_host(ret, host, family);
	if (!error && rest.count)
		error = rest.at[0] == ':' ? set_port(ret, view_after(rest, 1)) : -EINVAL;
	return error;
}

int syslog_config_parse(struct syslog_config *ret, struct view text)
{
	struct view line, rest, host, port;
	int error;

	*ret = (struct syslog_config){ .port = 0 };
	if (text.count > SYSLOG_CONFIG_MAX_BYTES || !view_starts_with(text, view_from_text(KEYWORD)) ||
		!view_cut(view_after(text, strlen(KEYWORD)), '\n', &line, &rest) || !view_cut(line, ' ', &host, &port))
		return -EINVAL;
	error = set_host(ret, host, view_find_byte(host, ':') < host.count ? AF_INET6 : AF_INET);
	if (!error)
		error = set_port(ret, port);
	ret->authorities_pem = rest;
	return error;
}
