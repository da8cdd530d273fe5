/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/syslog/config.h"

#include <errno.h>
#include <string.h>

#define SERVER "server "
#define AUDIT "audit "
#define ACCESS "access "

/* What is printed, without blanks, into a C string of `max` bytes and its NUL. */
static int set_word(char *ret, size_t max, struct view word)
{
	if (word.count > max)
		return -EINVAL;
	for (size_t i = 0; i < word.count; i++)
		if (word.at[i] <= ' ' || word.at[i] > '~')
			return -EINVAL;
	if (word.count)
		memcpy(ret, word.at, word.count);
	ret[word.count] = '\0';
	return 0;
}

/* The name of a file, not a way to one. */
static int set_log(char ret[SYSLOG_LOG_NAME_MAX_BYTES + 1], struct view name)
{
	if (view_find_byte(name, '/') < name.count || view_equals_text(name, ".") || view_equals_text(name, ".."))
		return -EINVAL;
	return set_word(ret, SYSLOG_LOG_NAME_MAX_BYTES, name);
}

static int set_logs(struct syslog_config *ret, struct view *rest)
{
	struct view line, behind;
	int error = 0;

	strcpy(ret->audit_log, "audit.log");
	strcpy(ret->access_log, "access.log");
	while (!error && view_cut(*rest, '\n', &line, &behind)) {
		if (view_starts_with(line, view_from_text(AUDIT)))
			error = set_log(ret->audit_log, view_after(line, strlen(AUDIT)));
		else if (view_starts_with(line, view_from_text(ACCESS)))
			error = set_log(ret->access_log, view_after(line, strlen(ACCESS)));
		else
			break;
		*rest = behind;
	}
	return error;
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
	if (text.count > SYSLOG_CONFIG_MAX_BYTES || !view_starts_with(text, view_from_text(SERVER)) ||
		!view_cut(view_after(text, strlen(SERVER)), '\n', &line, &rest) || !view_cut(line, ' ', &host, &port))
		return -EINVAL;
	error = host.count ? set_word(ret->host, SYSLOG_HOST_MAX_BYTES, host) : -EINVAL;
	if (!error)
		error = set_port(ret, port);
	if (!error)
		error = set_logs(ret, &rest);
	ret->authorities_pem = rest;
	return error;
}
