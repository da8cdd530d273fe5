/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/system/protocol.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define HEADER_BYTES offsetof(struct system_request, body)

static const struct system_verb_row rows[SYSTEM_VERB_COUNT] = {
#define SYSTEM_VERB(name_, body_, data, text)                                                                          \
	[SYSTEM_##name_] = { #name_, HEADER_BYTES + sizeof(((union system_body *)0)->body_), data },
#include "image/system/verbs.def"
};

const struct system_verb_row *system_verb_find(unsigned verb)
{
	return verb < SYSTEM_VERB_COUNT && rows[verb].name ? &rows[verb] : NULL;
}

/* NUL-terminated and padded with NULs. */
static bool is_text(const char *text, size_t bytes)
{
	for (size_t i = strnlen(text, bytes); i < bytes; i++)
		if (text[i])
			return false;
	return text[bytes - 1] == '\0';
}

static bool is_zero(const void *bytes, size_t count)
{
	const uint8_t *at = bytes;

	while (count--)
		if (at[count])
			return false;
	return true;
}

static bool is_address(const struct system_address *address)
{
	return (address->family == AF_INET6 || (address->family == AF_INET && is_zero(address->bytes + 4, 12))) &&
	       address->port && address->is_tls <= 1 && is_zero(address->spare, sizeof address->spare);
}

static bool is_address_or_none(const struct system_address *address)
{
	return is_address(address) || is_zero(address, sizeof *address);
}

/* An endpoint's id becomes part of a path: "vpce-" and hex digits, and nothing else. */
static bool is_endpoint_id(const char id[SYSTEM_ID_BYTES])
{
	static const char prefix[] = "vpce-";
	size_t digits = strspn(id + sizeof prefix - 1, "0123456789abcdef");

	return is_text(id, SYSTEM_ID_BYTES) && memcmp(id, prefix, sizeof prefix - 1) == 0 &&
	       (digits == 8 || digits == 17) && id[sizeof prefix - 1 + digits] == '\0';
}

static bool is_endpoint(const struct system_endpoint *endpoint)
{
	return is_endpoint_id(endpoint->id) && is_address_or_none(&endpoint->v4) && is_address_or_none(&endpoint->v6) &&
	       (endpoint->v4.family || endpoint->v6.family) &&
	       (!endpoint->v4.family || endpoint->v4.family == AF_INET) &&
	       (!endpoint->v6.family || endpoint->v6.family == AF_INET6);
}

/* A name of DNS, which becomes part of a request's head. */
static bool is_name(const char name[SYSTEM_NAME_BYTES])
{
	return is_text(name, SYSTEM_NAME_BYTES) && name[0] &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") == strlen(name);
}

static bool are_facts(const struct system_facts *facts)
{
	if (facts->is_ready > 1 || facts->spare || facts->management_count > SYSTEM_MANAGEMENT_MAX ||
		facts->endpoint_count > SYSTEM_ENDPOINTS_MAX || !is_name(facts->name) ||
		!is_text(facts->ca_pem, sizeof facts->ca_pem))
		return false;
	for (uint32_t i = 0; i < SYSTEM_MANAGEMENT_MAX; i++)
		if (i < facts->management_count ? !is_address(&facts->management[i])
						: !is_zero(&facts->management[i], sizeof facts->management[i]))
			return false;
	for (uint32_t i = 0; i < SYSTEM_ENDPOINTS_MAX; i++)
		if (i < facts->endpoint_count ? !is_endpoint(&facts->endpoints[i])
					      : !is_zero(&facts->endpoints[i], sizeof facts->endpoints[i]))
			return false;
	return true;
}

static bool are_settings(const struct system_settings *settings)
{
	return settings->settings_bytes >= 1 && settings->settings_bytes <= SYSTEM_SETTINGS_MAX_BYTES &&
	       settings->network_bytes <= SYSTEM_NETWORK_MAX_BYTES && !settings->spare &&
	       (settings->confirm_s == 0 ||
		       (settings->confirm_s >= SYSTEM_CONFIRM_MIN_S && settings->confirm_s <= SYSTEM_CONFIRM_MAX_S));
}

int system_request_check(const struct system_request *request, size_t count)
{
	const union system_body *body = &request->body;
	bool sound;

	if (count < HEADER_BYTES || request->version != SYSTEM_PROTOCOL_VERSION || !system_verb_find(request->verb) ||
		count != rows[request->verb].request_bytes)
		return -EPROTO;
	switch (request->verb) {
	case SYSTEM_FACTS:
		sound = are_facts(&body->facts);
		break;
	case SYSTEM_UPDATE_BEGIN:
		sound = body->update_begin.allows_older <= 1 && !body->update_begin.spare;
		break;
	case SYSTEM_UPDATE_CHUNK:
		sound = body->update_chunk.index < UPDATE_CHUNKS_MAX && !body->update_chunk.spare;
		break;
	case SYSTEM_SETTINGS:
		sound = are_settings(&body->settings);
		break;
	default:
		sound = body->empty.spare == 0;
		break;
	}
	return sound && !request->spare ? 0 : -EINVAL;
}

int system_reply_check(const struct system_reply *reply, size_t count)
{
	const struct system_status *now = &reply->now;

	if (count != sizeof *reply || reply->version != SYSTEM_PROTOCOL_VERSION || !system_verb_find(reply->verb))
		return -EPROTO;
	if (reply->status > 0 || !is_text(reply->reason, sizeof reply->reason) ||
		!is_text(now->slot, sizeof now->slot) || !is_text(now->boot, sizeof now->boot) ||
		!is_text(now->version, sizeof now->version) || !is_text(now->failing, sizeof now->failing) ||
		!is_text(now->started_because, sizeof now->started_because) ||
		!is_text(now->last_update, sizeof now->last_update) ||
		!is_text(now->update_version, sizeof now->update_version) ||
		!is_text(now->update_failure, sizeof now->update_failure) ||
		!is_text(now->last_settings, sizeof now->last_settings) || now->update_chunks > UPDATE_CHUNKS_MAX ||
		now->update_state > SYSTEM_UPDATE_RESTARTING || now->other_slot > SYSTEM_OTHER_UNUSABLE)
		return -EINVAL;
	return 0;
}
