/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netns/verbs.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Rows of the table name what is absent by NOTHING and who sends by a bare word: give both a meaning here. */
struct verb_NOTHING {
	char none;
};

enum {
	FROM_GATEWAY = VERB_FROM_GATEWAY,
	FROM_CONTROL = VERB_FROM_CONTROL,
	FROM_CHILD = VERB_FROM_CHILD,
	FROM_POSTERND = VERB_FROM_POSTERND,
};

static const struct verb_rule rules[VERB_COUNT] = {
#define VERB(name_, sender_, when_, body_, reply_, body_fds_, reply_fds_, text_)                                       \
	[VERB_##name_] = {                                                                                             \
		.name = #name_,                                                                                        \
		.text = text_,                                                                                         \
		.sender = (enum verb_sender)FROM_##sender_,                                                            \
		.when = VERB_WHEN_##when_,                                                                             \
		.body_bytes = sizeof(struct verb_##body_),                                                             \
		.reply_bytes = sizeof(struct verb_##reply_),                                                           \
		.is_answered = sizeof(struct verb_##reply_) > 1,                                                       \
		.body_fds_max = body_fds_,                                                                             \
		.reply_fds_max = reply_fds_,                                                                           \
	},
#include "netns/verbs.def"
#undef VERB
};

const struct verb_rule *verb_rule_find(unsigned int verb)
{
	return verb > VERB_NONE && verb < VERB_COUNT ? &rules[verb] : NULL;
}

bool verb_endpoint_id_valid(const char id[FILTER_ENDPOINT_ID_BYTES])
{
	size_t count = strnlen(id, FILTER_ENDPOINT_ID_BYTES);

	if ((count != 5 + 17 && count != 5 + 8) || memcmp(id, "vpce-", 5) != 0)
		return false;
	for (size_t i = 5; i < count; i++)
		if (!((id[i] >= '0' && id[i] <= '9') || (id[i] >= 'a' && id[i] <= 'f')))
			return false;
	for (size_t i = count; i < FILTER_ENDPOINT_ID_BYTES; i++)
		if (id[i])
			return false;
	return true;
}

static bool is_empty_id(const char id[FILTER_ENDPOINT_ID_BYTES])
{
	static const char nothing[FILTER_ENDPOINT_ID_BYTES];

	return memcmp(id, nothing, sizeof nothing) == 0;
}

static bool check_address(const struct verb_address *address)
{
	unsigned int most = address->family == AF_INET ? 32 : 128;

	if ((address->family != AF_INET && address->family != AF_INET6) || address->spare ||
		address->prefix_bits > most || address->network_index >= NETNS_NETWORKS_MAX)
		return false;
	for (int i = 4; i < 16 && address->family == AF_INET; i++)
		if (address->bytes[i])
			return false;
	return true;
}

static bool check_create(const struct verb_endpoint_create *create)
{
	static const struct verb_address none;

	if (!verb_endpoint_id_valid(create->id) || create->spare || create->filter_mode > FILTER_MODE_OBSERVE ||
		create->filter_dns > FILTER_DNS_ADMITTED || create->address_count < 1 ||
		create->address_count > VERB_ADDRESSES_MAX)
		return false;
	for (uint32_t i = 0; i < VERB_ADDRESSES_MAX; i++)
		if (i < create->address_count ? !check_address(&create->addresses[i])
					      : memcmp(&create->addresses[i], &none, sizeof none) != 0)
			return false;
	return true;
}

static bool check_hand_back(const struct verb_hand_back *hand_back, enum verb_sender sender)
{
	if (hand_back->spare)
		return false;
	switch (hand_back->what) {
	case VERB_HAND_BACK_SHARED:
		return is_empty_id(hand_back->endpoint_id);
	case VERB_HAND_BACK_ENDPOINT:
		return (sender & VERB_FROM_GATEWAY) &&
		       (is_empty_id(hand_back->endpoint_id) || verb_endpoint_id_valid(hand_back->endpoint_id));
	case VERB_HAND_BACK_MANAGEMENT:
		return (sender & VERB_FROM_CONTROL) && is_empty_id(hand_back->endpoint_id);
	}
	return false;
}

static bool check_filter_load(const struct verb_filter_load *load)
{
	if (!verb_endpoint_id_valid(load->id) || load->generation == 0 || load->mode > FILTER_MODE_OBSERVE ||
		load->dns > FILTER_DNS_ADMITTED || load->default_verdict > FILTER_VERDICT_PASS || load->spare)
		return false;
	if (load->flags & ~(uint32_t)(VERB_FILTER_LOAD_RULES | VERB_FILTER_LOAD_CUT))
		return false;
	return load->admission_count <= (load->flags & VERB_FILTER_LOAD_RULES ? VERB_ADMISSIONS_MAX : 0);
}

static bool check_outgoing(const struct verb_outgoing_sockets *outgoing)
{
	return verb_endpoint_id_valid(outgoing->id) && (outgoing->family == AF_INET || outgoing->family == AF_INET6) &&
	       (outgoing->type == SOCK_STREAM || outgoing->type == SOCK_DGRAM) && outgoing->count >= 1 &&
	       outgoing->count <= VERB_OUTGOING_MAX;
}

static bool check_filter_show(const struct verb_filter_show *show)
{
	return verb_endpoint_id_valid(show->id) && show->has_after <= 1 && show->after.prefix_bits <= 128;
}

/* What can be said of a request's or a push's body by itself. */
static bool check_body(enum verb verb, const union verb_body *body, enum verb_sender sender)
{
	switch (verb) {
	case VERB_HELLO:
		return body->hello.channel <= VERB_CHANNEL_CALLS && body->hello.resuming <= 1;
	case VERB_HAND_BACK:
		return check_hand_back(&body->hand_back, sender);
	case VERB_ENDPOINT_CREATE:
		return check_create(&body->endpoint_create);
	case VERB_ENDPOINT_DELETE:
	case VERB_FILTER_STATS:
		return verb_endpoint_id_valid(body->endpoint_id.id);
	case VERB_ENDPOINT_GONE:
		return is_empty_id(body->endpoint_id.id) || verb_endpoint_id_valid(body->endpoint_id.id);
	case VERB_FILTER_LOAD:
		return check_filter_load(&body->filter_load);
	case VERB_FILTER_MODE:
		return verb_endpoint_id_valid(body->filter_mode.id) && body->filter_mode.mode <= FILTER_MODE_OBSERVE &&
		       body->filter_mode.spare == 0;
	case VERB_FILTER_SHOW:
		return check_filter_show(&body->filter_show);
	case VERB_ENDPOINT:
		return is_empty_id(body->endpoint.id) || verb_endpoint_id_valid(body->endpoint.id);
	case VERB_FILTER_EVENTS:
		return body->filter_events.count <= VERB_EVENTS_MAX;
	case VERB_OUTGOING_SOCKETS:
		return check_outgoing(&body->outgoing_sockets);
	default:
		return true;
	}
}

/* The same for a reply's, where a count could lead a reader astray. */
static bool check_reply(enum verb verb, const union verb_body *body)
{
	switch (verb) {
	case VERB_HELLO:
		return body->welcome.worker_count >= 1 && body->welcome.worker_count <= NETNS_WORKERS_MAX &&
		       body->welcome.management_count <= NETNS_MANAGEMENT_MAX &&
		       body->welcome.has_records <= (VERB_RECORD_CLIENTS | VERB_RECORD_REQUESTS | VERB_RECORD_LINES) &&
		       body->welcome.has_audit_log <= 1;
	case VERB_ENDPOINT_LIST:
		return body->endpoint_list.count <= VERB_ENDPOINTS_MAX;
	case VERB_FILTER_SHOW:
		return body->filter_entries.count <= VERB_ENTRIES_MAX;
	case VERB_OUTGOING_SOCKETS:
		return check_outgoing(&body->outgoing_sockets);
	default:
		return true;
	}
}

static int check_header(const struct verb_header *header, enum verb_sender sender)
{
	const struct verb_rule *rule = verb_rule_find(header->verb);

	if (header->version != VERBS_VERSION || !rule || header->is_reply > 1 || header->spare[0] || header->spare[1] ||
		header->spare[2])
		return -EPROTO;
	if (!header->is_reply) {
		if (header->status != 0)
			return -EPROTO;
		if (sender == VERB_FROM_POSTERND ? rule->sender != sender : !((unsigned int)rule->sender & sender & 3u))
			return -EPERM;
		return 0;
	}
	/* Only posternd answers, and only what is answered at all. */
	if (sender != VERB_FROM_POSTERND || !rule->is_answered)
		return -EPERM;
	return header->status > 0 ? -EPROTO : 0;
}

int verb_check(const void *bytes, size_t count, size_t fd_count, enum verb_sender sender)
{
	struct verb_header header;
	union verb_body body;
	const struct verb_rule *rule;
	size_t body_bytes, wanted_bytes;
	int rc;

	if (count < sizeof header || count > sizeof header + sizeof body)
		return -EMSGSIZE;
	memcpy(&header, bytes, sizeof header);
	rc = check_header(&header, sender);
	if (rc < 0)
		return rc;
	rule = verb_rule_find(header.verb);
	body_bytes = count - sizeof header;
	wanted_bytes = !header.is_reply ? rule->body_bytes : header.status < 0 ? 0 : rule->reply_bytes;
	if (body_bytes != wanted_bytes)
		return -EMSGSIZE;
	if (fd_count > (!header.is_reply ? rule->body_fds_max : header.status < 0 ? 0 : rule->reply_fds_max))
		return -EBADF;
	if (header.verb == VERB_FILTER_LOAD && !header.is_reply && fd_count != 1)
		return -EBADF;
	memset(&body, 0, sizeof body);
	memcpy(&body, (const char *)bytes + sizeof header, body_bytes);
	if (header.is_reply)
		return header.status == 0 && !check_reply((enum verb)header.verb, &body) ? -EINVAL : 0;
	return check_body((enum verb)header.verb, &body, sender) ? 0 : -EINVAL;
}
