/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who may manage, and under which names: rules of settings that a length does not describe. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "appliance/crypto/certificate.h"
#include "appliance/crypto/cms.h"
#include "appliance/launch/settings_reader.h"

/* A parsed certificate is some KiB: names, and the decoded text. */
#define ARENA_MAX_BYTES ((size_t)1 << 20)
/* RFC 1035 2.3.4 */
#define NAME_MAX_CHARS 253
#define LABEL_MAX_CHARS 63

/* Why the text is no certificate that a key can be sealed to; NULL if it is one. */
static const char *certificate_refusal(struct certificate *ret, struct view pem, struct arena *arena)
{
	const char *why;

	if (view_find(pem, view_of("PRIVATE KEY-----")) != VIEW_NOWHERE)
		return "holds a private key, which must stay with its owner: put the certificate alone here";
	switch (certificate_read(ret, pem, arena)) {
	case 0:
		why = cms_refusal(ret);
		return why ? arena_printf(arena, "the certificate %s", why).at : NULL;
	case -E2BIG:
		return "must be one certificate, without the chain to its authority";
	default:
		return "must be one certificate in PEM, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----";
	}
}

static void check_certificate(struct settings_reader *reader, const struct settings *settings)
{
	const struct json *value = json_find(settings->tree, "operator_certificate");
	struct certificate certificate;
	struct arena arena;
	const char *why;

	if (!settings->operator_certificate[0])
		return;
	arena_init(&arena, NULL, ARENA_MAX_BYTES);
	why = certificate_refusal(&certificate, view_from_text(settings->operator_certificate), &arena);
	if (why)
		settings_refuse(reader, value, "%s", why);
	arena_fini(&arena);
	if (settings->access_key_id[0])
		settings_refuse(reader, value,
			"is for an access key that Postern makes, access_key_id names one: put one of them here");
}

bool settings_is_name(struct view name)
{
	struct view label;
	char text[INET6_ADDRSTRLEN];
	uint8_t address[16];

	if (name.count < sizeof text) {
		memcpy(text, name.at, name.count);
		text[name.count] = '\0';
		if (inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1)
			return true;
	}
	if (!name.count || name.count > NAME_MAX_CHARS)
		return false;
	while (view_split(&name, '.', &label)) {
		if (!label.count || label.count > LABEL_MAX_CHARS || label.at[0] == '-' ||
			label.at[label.count - 1] == '-')
			return false;
		for (size_t i = 0; i < label.count; i++)
			if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-", label.at[i]) || !label.at[i])
				return false;
	}
	return true;
}

static void check_names(struct settings_reader *reader, const struct settings *settings)
{
	const struct json *list = json_find(settings->tree, "management_names");

	JSON_EACH(item, list)
	{
		if (json_c_string(item) && !settings_is_name(json_text(item)))
			settings_refuse(
				reader, item, "must be a host name in lower case or an address, without a port");
	}
}

void settings_check_management(struct settings_reader *reader, const struct settings *settings)
{
	check_certificate(reader, settings);
	check_names(reader, settings);
}

int settings_check_time(const struct settings *settings, const char *name, int64_t now_s, struct buffer *errors)
{
	struct settings_reader reader = { .name = name, .errors = errors };
	struct certificate certificate;
	struct arena arena;
	time_t end;
	struct tm date;
	char text[32];

	if (!settings->operator_certificate[0])
		return 0;
	arena_init(&arena, NULL, ARENA_MAX_BYTES);
	if (certificate_read(&certificate, view_from_text(settings->operator_certificate), &arena) == 0 &&
		certificate.not_after_s < now_s) {
		end = (time_t)certificate.not_after_s;
		if (!gmtime_r(&end, &date) || !strftime(text, sizeof text, "%Y-%m-%d", &date))
			text[0] = '\0';
		settings_refuse(&reader, json_find(settings->tree, "operator_certificate"),
			"the certificate ended on %s: no new access key is sealed to it", text);
	}
	arena_fini(&arena);
	return reader.error_count ? -EINVAL : 0;
}
