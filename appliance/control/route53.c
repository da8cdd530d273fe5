/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What zones and record sets share. */
#include "appliance/control/route53.h"

#include <string.h>

#include "appliance/control/records.h"
#include "appliance/control/state.h"
#include "appliance/model/snapshot.h"

#define NAME_MAX_BYTES 255
#define LABEL_MAX_BYTES 63

const char *route53_zone_id(const char *given)
{
	static const char prefix[] = "/hostedzone/";
	const char *last;

	if (strncmp(given, prefix, sizeof prefix - 1) == 0)
		return given + sizeof prefix - 1;
	last = strrchr(given, '/');
	return last ? last + 1 : given;
}

int route53_zone_find(struct call *call, const char *member, struct json **ret_zone)
{
	const char *id = route53_zone_id(call_input(call, member));

	*ret_zone = record_find(call, STORE_hostedzone, id);
	return *ret_zone ? 0 : call_fail(call, "NoSuchHostedZone", "No hosted zone found with ID: %s", id);
}

/* One byte of a name: plain, or \ooo. Returns how many characters it took, 0 if the escape is broken. */
static size_t take_byte(const char *at, unsigned char *ret)
{
	unsigned value = 0;

	if (*at != '\\') {
		*ret = (unsigned char)*at;
		return 1;
	}
	for (size_t i = 1; i <= 3; i++) {
		if (at[i] < '0' || at[i] > '7')
			return 0;
		value = value * 8 + (unsigned)(at[i] - '0');
	}
	*ret = (unsigned char)value;
	return value <= 255 ? 4 : 0;
}

const char *route53_name(struct call *call, const char *name)
{
	struct buffer buffer;
	size_t label_bytes = 0, total_bytes = 0, step;
	unsigned char byte;

	buffer_init_arena(&buffer, &call->arena, 4 * NAME_MAX_BYTES + 2);
	for (const char *at = name; *at; at += step) {
		bool is_dot = *at == '.';

		step = take_byte(at, &byte);
		if (step == 0 || total_bytes + label_bytes >= NAME_MAX_BYTES || (is_dot && label_bytes == 0))
			return NULL;
		if (is_dot) {
			buffer_append_byte(&buffer, '.');
			total_bytes += label_bytes + 1;
			label_bytes = 0;
			continue;
		}
		if (++label_bytes > LABEL_MAX_BYTES)
			return NULL;
		byte = (unsigned char)view_lower_byte((char)byte);
		if ((byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' || byte == '_')
			buffer_append_byte(&buffer, (char)byte);
		else
			buffer_printf(&buffer, "\\%03o", (unsigned)byte);
	}
	if (label_bytes > 0)
		buffer_append_byte(&buffer, '.');
	return buffer.count > 0 ? buffer_text(&buffer) : NULL;
}

bool route53_name_is_within(const char *name, const char *zone_name)
{
	size_t name_bytes = strlen(name), zone_bytes = strlen(zone_name);

	if (name_bytes < zone_bytes || strcmp(name + name_bytes - zone_bytes, zone_name) != 0)
		return false;
	return name_bytes == zone_bytes || name[name_bytes - zone_bytes - 1] == '.';
}

int route53_name_compare(const char *left, const char *right)
{
	return snapshot_name_compare(view_from_text(left), view_from_text(right));
}

void route53_change_info(struct call *call, const char *comment)
{
	struct json *info = json_ensure_object(call->output, "ChangeInfo");
	char id[20];

	random_upper_alnum(id, sizeof id);
	json_set(info, "Id", json_text_new_printf("/change/C%.*s", (int)sizeof id, id));
	json_set_c_string(info, "Status", "INSYNC");
	json_set(info, "SubmittedAt", call_now_iso(call));
	json_set_c_string(info, "Comment", comment);
}

const char *route53_record_id(struct call *call, const char *zone_id, const char *name, const char *type)
{
	return call_text(call, "%s/%s/%s", zone_id, name, type);
}

int route53_page_size(struct call *call, size_t *ret)
{
	const char *given = call_input(call, "MaxItems");
	uint64_t count = ROUTE53_PAGE_DEFAULT_COUNT;

	if (given && (view_parse_u64(view_from_text(given), UINT32_MAX, &count) != 0 || count == 0))
		return call_fail(call, "InvalidInput", "MaxItems must be a positive number: %s", given);
	*ret = count < ROUTE53_PAGE_MAX_COUNT ? (size_t)count : ROUTE53_PAGE_MAX_COUNT;
	return 0;
}

bool route53_vpc_exists(struct call *call, const char *vpc_id)
{
	struct json JSON_CLEANUP *endpoints = NULL;

	for (size_t i = 0; i < call->control->settings.network_count; i++)
		if (strcmp(call->control->networks[i].vpc_id, vpc_id) == 0)
			return true;
	endpoints = record_list(call, STORE_vpcendpoint, NULL);
	JSON_EACH(endpoint, endpoints)
	{
		if (view_equals_text(json_find_text(endpoint, "vpcId"), vpc_id))
			return true;
	}
	return false;
}
