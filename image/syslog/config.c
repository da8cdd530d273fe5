/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/syslog/config.h"

#include <errno.h>
#include <string.h>

#define KEYWORD "server "

static int set_host(struct syslog_config *ret, struct view host)
{
	if (host.count == 0 || host.count > SYSLOG_HOST_MAX_BYTES)
		return -EINVAL;
	for (size_t i = 0; i < host.count; i++)
		if (host.at[i] <= ' ' || host.at[i] > '~')
			return -EINVAL;
	memcpy(ret->host, host.at, host.count);
	ret->host[host.count] = '\0';
	return 0;
}

static int set_port(struct syslog_config *ret, struct view text)
{
	uint64_t port;

	if (view_parse_u64(text, UINT16_MAX, &port) < 0 || port == 0)
		return -EINVAL;
	ret->port = (uint16_t)port;
	return 0;
}

int syslog_config_parse(struct syslog_config *ret, struct view text)
{
	struct view line, rest, host, port;
	int error;

	*ret = (struct syslog_config){ .port = 0 };
	if (text.count > SYSLOG_CONFIG_MAX_BYTES || !view_starts_with(text, view_from_text(KEYWORD)) ||
		!view_cut(view_after(text, strlen(KEYWORD)), '\n', &line, &rest) || !view_cut(line, ' ', &host, &port))
		return -EINVAL;
	error = set_host(ret, host);
	if (!error)
		error = set_port(ret, port);
	ret->authorities_pem = rest;
	return error;
}
