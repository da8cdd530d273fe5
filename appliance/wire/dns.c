/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/wire/dns.h"

#include <errno.h>

#include <arpa/inet.h>
#include <libknot/libknot.h>

#include "appliance/base/assert.h"

/* RFC 1035 3.2.3: transfers are questions that we never answer. */
enum { TYPE_IXFR = 251, TYPE_AXFR = 252 };

_Static_assert(KNOT_DNAME_MAXLEN == DNS_NAME_MAX_BYTES, "libknot and we agree on the longest name");
_Static_assert(KNOT_DNAME_TXT_MAXLEN <= DNS_NAME_TEXT_MAX_CHARS, "room for the longest name as text");

/* --- Names --------------------------------------------------------------------------------------------------------- */

bool dns_name_is_valid(struct view text)
{
	struct view label, rest;
	size_t wire_bytes = 1;
	bool first = true;

	if (text.count && text.at[text.count - 1] == '.')
		text.count--;
	if (text.count == 0)
		return false;
	rest = text;
	while (view_split(&rest, '.', &label)) {
		if (label.count == 0 || label.count > 63)
			return false;
		wire_bytes += label.count + 1;
		for (size_t i = 0; i < label.count; i++) {
			char byte = view_lower_byte(label.at[i]);

			if (!((byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' ||
				    byte == '_' || (byte == '*' && first && label.count == 1)))
				return false;
		}
		first = false;
	}
	return wire_bytes <= DNS_NAME_MAX_BYTES;
}

size_t dns_name_normalise(char *ret, struct view text)
{
	if (text.count && text.at[text.count - 1] == '.')
		text.count--;
	for (size_t i = 0; i < text.count; i++)
		ret[i] = view_lower_byte(text.at[i]);
	ret[text.count] = '\0';
	return text.count;
}

/* The wire form of a name's text, escapes resolved. Its size, or -EINVAL. */
static long name_wire(uint8_t ret[DNS_NAME_MAX_BYTES], struct view text)
{
	char room[DNS_NAME_TEXT_MAX_CHARS + 2];

	if (text.count > DNS_NAME_TEXT_MAX_CHARS || view_find_byte(text, '\0') != VIEW_NOWHERE)
		return -EINVAL;
	if (text.count == 0)
		text = view_of(".");
	memcpy(room, text.at, text.count);
	room[text.count] = '\0';
	if (!knot_dname_from_str(ret, room, DNS_NAME_MAX_BYTES))
		return -EINVAL;
	return (long)knot_dname_size(ret);
}

/* --- Queries ------------------------------------------------------------------------------------------------------- */

/* libknot only reads what it parses, but takes it as not const. */
static knot_pkt_t *packet_over(const void *bytes, size_t count)
{
	return knot_pkt_new((void *)(uintptr_t)bytes, (uint16_t)count, NULL);
}

static void read_question(struct dns_query *ret, const knot_pkt_t *packet)
{
	char text[KNOT_DNAME_TXT_MAXLEN + 1];
	size_t chars;

	ret->question_bytes = knot_pkt_question_size(packet);
	ASSERT(ret->question_bytes <= sizeof ret->question);
	memcpy(ret->question, knot_pkt_wire_qname(packet), ret->question_bytes);
	ret->has_question = true;
	ret->type = knot_pkt_qtype(packet);
	ret->class = knot_pkt_qclass(packet);
	if (!knot_dname_to_str(text, knot_pkt_qname(packet), sizeof text))
		text[0] = '\0';
	chars = strlen(text);
	if (chars && text[chars - 1] == '.')
		chars--;
	memcpy(ret->name, text, chars);
	ret->name[chars] = '\0';
	ret->name_chars = chars;
}

static enum dns_verdict judge(struct dns_query *ret, const knot_pkt_t *packet, int parsed)
{
	const uint8_t *wire = packet->wire;
	uint16_t authority_count = knot_wire_get_nscount(wire);

	ret->rcode = DNS_FORMERR;
	if (knot_wire_get_qdcount(wire) != 1 || !ret->has_question || parsed != KNOT_EOK ||
		knot_wire_get_ancount(wire) || (authority_count && ret->type != TYPE_IXFR))
		return DNS_REFUSE;
	if (ret->has_edns && knot_edns_get_version(packet->opt_rr) > 0) {
		ret->rcode = DNS_BADVERS;
		return DNS_REFUSE;
	}
	ret->rcode = DNS_REFUSED;
	if (ret->class != KNOT_CLASS_IN || ret->type == TYPE_AXFR || ret->type == TYPE_IXFR)
		return DNS_REFUSE;
	ret->rcode = DNS_NOERROR;
	return DNS_ANSWER;
}

enum dns_verdict dns_query_parse(struct dns_query *ret, const void *bytes, size_t count)
{
	enum dns_verdict verdict = DNS_REFUSE;
	knot_pkt_t *packet;
	int parsed;

	memset(ret, 0, sizeof *ret);
	ret->payload_bytes = DNS_UDP_PLAIN_BYTES;
	if (count < KNOT_WIRE_HEADER_SIZE || count > DNS_MESSAGE_MAX_BYTES || knot_wire_get_qr(bytes))
		return DNS_IGNORE;
	ret->id = knot_wire_get_id(bytes);
	ret->opcode = knot_wire_get_opcode(bytes);
	ret->recursion_desired = knot_wire_get_rd(bytes);
	ret->checking_disabled = knot_wire_get_cd(bytes);
	packet = packet_over(bytes, count);
	if (!packet) {
		ret->rcode = DNS_SERVFAIL;
		return DNS_REFUSE;
	}
	if (ret->opcode != KNOT_OPCODE_QUERY) {
		/* What follows the header of other opcodes is not ours to read, so no question is echoed. */
		ret->rcode = DNS_NOTIMP;
	} else {
		parsed = knot_pkt_parse(packet, 0);
		if (packet->qname_size)
			read_question(ret, packet);
		if (knot_pkt_has_edns(packet)) {
			uint16_t payload = knot_edns_get_payload(packet->opt_rr);

			ret->has_edns = true;
			ret->dnssec_ok = knot_edns_do(packet->opt_rr);
			ret->payload_bytes = payload > DNS_UDP_PLAIN_BYTES ? payload : DNS_UDP_PLAIN_BYTES;
		}
		verdict = judge(ret, packet, parsed);
	}
	knot_pkt_free(packet);
	return verdict;
}

/* --- Answers ------------------------------------------------------------------------------------------------------- */

static bool same_set(const struct dns_record *a, const struct dns_record *b)
{
	return a->type == b->type && view_equals_ignore_case(a->owner, b->owner);
}

/* Put the set that `records` starts with. `*ret_count` says how many records that were. KNOT_ESPACE if it does not fit. */
static int put_set(knot_pkt_t *packet, const struct dns_query *query, const struct dns_record *records, size_t count,
	size_t *ret_count)
{
	uint8_t owner[DNS_NAME_MAX_BYTES];
	knot_rrset_t set;
	size_t used = 0;
	int result = KNOT_EOK;

	if (records->owner.count == 0)
		memcpy(owner, query->question, query->question_bytes - 4);
	else if (name_wire(owner, records->owner) < 0)
		return KNOT_EINVAL;
	knot_rrset_init(&set, owner, records->type, KNOT_CLASS_IN, records->ttl_s);
	while (used < count && result == KNOT_EOK && same_set(records, &records[used])) {
		result = knot_rrset_add_rdata(&set, records[used].data, records[used].data_bytes, NULL);
		used++;
	}
	if (result == KNOT_EOK)
		result = knot_pkt_put(
			packet, records->owner.count ? KNOT_COMPR_HINT_NONE : KNOT_COMPR_HINT_QNAME, &set, 0);
	knot_rdataset_clear(&set.rrs, NULL);
	*ret_count = used;
	return result;
}

static int put_records(
	knot_pkt_t *packet, const struct dns_query *query, const struct dns_record *records, size_t count)
{
	for (size_t i = 0, used = 0; i < count; i += used) {
		int result = put_set(packet, query, &records[i], count - i, &used);

		if (result != KNOT_EOK)
			return result;
	}
	return KNOT_EOK;
}

/* Header flags, question and room for OPT. */
static int put_frame(
	knot_pkt_t *packet, const struct dns_query *query, const struct dns_answer *answer, const knot_rrset_t *opt)
{
	uint8_t *wire = packet->wire;

	knot_wire_set_id(wire, query->id);
	knot_wire_set_qr(wire);
	knot_wire_set_opcode(wire, query->opcode);
	knot_wire_set_rcode(wire, answer->rcode & 15);
	if (query->recursion_desired)
		knot_wire_set_rd(wire);
	if (query->checking_disabled)
		knot_wire_set_cd(wire);
	if (answer->authoritative)
		knot_wire_set_aa(wire);
	if (answer->recursion_available)
		knot_wire_set_ra(wire);
	if (query->has_question) {
		int result = knot_pkt_put_question(packet, query->question, query->class, query->type);

		if (result != KNOT_EOK)
			return result;
	}
	return opt ? knot_pkt_reserve(packet, (uint16_t)knot_edns_wire_size((knot_rrset_t *)(uintptr_t)opt)) : KNOT_EOK;
}

static int put_all(
	knot_pkt_t *packet, const struct dns_query *query, const struct dns_answer *answer, knot_rrset_t *opt)
{
	int result = put_frame(packet, query, answer, opt);

	if (result != KNOT_EOK)
		return result == KNOT_ERANGE ? KNOT_ESPACE : result;
	result = query->has_question ? put_records(packet, query, answer->answers, answer->answer_count) : KNOT_EOK;
	if (result == KNOT_EOK && answer->authority && query->has_question) {
		result = knot_pkt_begin(packet, KNOT_AUTHORITY);
		if (result == KNOT_EOK)
			result = put_records(packet, query, answer->authority, 1);
	}
	if (result != KNOT_EOK && result != KNOT_ESPACE)
		return result; /* what did not fit has set TC */
	if (!opt)
		return KNOT_EOK;
	result = knot_pkt_begin(packet, KNOT_ADDITIONAL);
	if (result == KNOT_EOK)
		result = knot_pkt_reclaim(packet, (uint16_t)knot_edns_wire_size(opt));
	if (result == KNOT_EOK)
		result = knot_pkt_put(packet, KNOT_COMPR_HINT_NONE, opt, KNOT_PF_NOTRUNC);
	return result;
}

static long error_of(int knot_error)
{
	switch (knot_error) {
	case KNOT_EINVAL:
	case KNOT_EMALF:
		return -EINVAL;
	case KNOT_ESPACE:
	case KNOT_ERANGE:
		return -ENOBUFS;
	default:
		return -ENOMEM;
	}
}

long dns_answer_write(
	uint8_t *ret, size_t room, const struct dns_query *query, const struct dns_answer *answer, bool is_udp)
{
	size_t limit = is_udp ? query->payload_bytes : DNS_MESSAGE_MAX_BYTES;
	knot_rrset_t opt;
	knot_pkt_t *packet;
	long written;
	int result;

	if (is_udp && limit > DNS_UDP_PAYLOAD_BYTES)
		limit = DNS_UDP_PAYLOAD_BYTES;
	if (limit > room)
		limit = room;
	if (limit < KNOT_WIRE_HEADER_SIZE)
		return -ENOBUFS;
	packet = knot_pkt_new(ret, (uint16_t)limit, NULL);
	if (!packet)
		return -ENOMEM;
	/* libknot takes given memory for a message to be parsed; make it an empty one. */
	memset(ret, 0, KNOT_WIRE_HEADER_SIZE);
	knot_pkt_clear(packet);
	if (query->has_edns) {
		result = knot_edns_init(&opt, DNS_UDP_PAYLOAD_BYTES, (uint8_t)(answer->rcode >> 4), 0, NULL);
		if (result == KNOT_EOK && query->dnssec_ok)
			knot_edns_set_do(&opt);
		if (result == KNOT_EOK) {
			result = put_all(packet, query, answer, &opt);
			knot_rrset_clear(&opt, NULL);
		}
	} else {
		result = put_all(packet, query, answer, NULL);
	}
	written = result == KNOT_EOK ? (long)packet->size : error_of(result);
	knot_pkt_free(packet);
	return written;
}

/* --- Data of records ----------------------------------------------------------------------------------------------- */

long dns_data_address(uint8_t *ret, size_t room, struct view text)
{
	char literal[INET6_ADDRSTRLEN + 1];
	uint8_t address[16];
	size_t count;

	if (text.count == 0 || text.count >= sizeof literal)
		return -EINVAL;
	memcpy(literal, text.at, text.count);
	literal[text.count] = '\0';
	if (inet_pton(AF_INET, literal, address) == 1)
		count = 4;
	else if (inet_pton(AF_INET6, literal, address) == 1)
		count = 16;
	else
		return -EINVAL;
	if (room < count)
		return -ENOBUFS;
	memcpy(ret, address, count);
	return (long)count;
}

long dns_data_name(uint8_t *ret, size_t room, struct view name)
{
	uint8_t wire[DNS_NAME_MAX_BYTES];
	long count = name_wire(wire, name);

	if (count < 0)
		return count;
	if (room < (size_t)count)
		return -ENOBUFS;
	memcpy(ret, wire, (size_t)count);
	return count;
}

long dns_data_text(uint8_t *ret, size_t room, struct view text)
{
	size_t strings = text.count ? (text.count + 254) / 255 : 1, written = 0;

	if (text.count + strings > UINT16_MAX)
		return -EINVAL;
	if (room < text.count + strings)
		return -ENOBUFS;
	do {
		size_t piece = text.count < 255 ? text.count : 255;

		ret[written++] = (uint8_t)piece;
		if (piece)
			memcpy(ret + written, text.at, piece);
		written += piece;
		text = view_after(text, piece);
	} while (text.count);
	return (long)written;
}

long dns_data_soa(uint8_t *ret, size_t room, const struct dns_soa *soa)
{
	const uint32_t numbers[] = { soa->serial, soa->refresh_s, soa->retry_s, soa->expire_s, soa->minimum_s };
	long primary = dns_data_name(ret, room, soa->primary), mailbox;
	size_t count;

	if (primary < 0)
		return primary;
	mailbox = dns_data_name(ret + primary, room - (size_t)primary, soa->mailbox);
	if (mailbox < 0)
		return mailbox;
	count = (size_t)(primary + mailbox);
	if (room - count < 4 * ARRAY_COUNT(numbers))
		return -ENOBUFS;
	for (size_t i = 0; i < ARRAY_COUNT(numbers); i++, count += 4)
		knot_wire_write_u32(ret + count, numbers[i]);
	return (long)count;
}
