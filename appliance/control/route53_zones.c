/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hosted zones: private ones, since the alias server answers inside of VPCs alone. */
#include <string.h>

#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/route53.h"
#include "appliance/control/state.h"

/* Values of a new zone's SOA and NS. Source: spec/domains.md 7; the name servers are those of private zones. */
#define ZONE_NAME_SERVER "ns-0.awsdns-00.com."
#define ZONE_SOA ZONE_NAME_SERVER " awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"
#define ZONE_SOA_TTL_S 900
#define ZONE_NS_TTL_S 172800

static const char *const name_servers[] = { ZONE_NAME_SERVER, "ns-512.awsdns-00.net.", "ns-1024.awsdns-00.org.",
	"ns-1536.awsdns-00.co.uk." };

static struct json *vpc_of(const struct call *call)
{
	return json_find(call->input, "VPC");
}

static int check_vpc(struct call *call, const struct json *vpc)
{
	const char *id = json_find_c_string(vpc, "VPCId"), *region = json_find_c_string(vpc, "VPCRegion");

	if (!id || !region || strcmp(region, control_region(call->control)) != 0 || !route53_vpc_exists(call, id))
		return call_fail(call, "InvalidVPCId", "The VPC ID is invalid.");
	return 0;
}

/* A zone as it is shown: with the number of its record sets, without its VPCs. */
static struct json *shown(struct call *call, const struct json *zone)
{
	struct json JSON_CLEANUP *sets =
		record_list(call, STORE_rrset, route53_zone_id(json_find_c_string(zone, "Id")));
	struct json *copy = json_copy(zone);

	json_remove(copy, "VPCs");
	json_set_integer(copy, "ResourceRecordSetCount", (int64_t)json_count(sets));
	return copy;
}

static void put_required_set(struct call *call, const char *zone_id, const char *name, const char *type, int64_t ttl_s,
	const char *const *values, size_t value_count)
{
	struct json JSON_CLEANUP *set = json_object_new();
	struct json *records;

	json_set_c_string(set, "Name", name);
	json_set_c_string(set, "Type", type);
	json_set_integer(set, "TTL", ttl_s);
	records = json_ensure_array(set, "ResourceRecords");
	for (size_t i = 0; i < value_count; i++) {
		struct json *record = json_object_new();

		json_set_c_string(record, "Value", values[i]);
		json_append(records, record);
	}
	record_put(call, STORE_rrset, route53_record_id(call, zone_id, name, type), zone_id, set);
}

/*
 * The same CallerReference again is the same wish again; another zone of the same name in the same VPC would make answers
 * ambiguous.
 */
static int check_conflicts(struct call *call, const char *name)
{
	struct json JSON_CLEANUP *zones = record_list(call, STORE_hostedzone, NULL);

	JSON_EACH(zone, zones)
	{
		if (view_equals_text(json_find_text(zone, "CallerReference"), call_input(call, "CallerReference")))
			return call_fail(call, "HostedZoneAlreadyExists",
				"A hosted zone has already been created with the specified caller reference.");
		if (!view_equals_text(json_find_text(zone, "Name"), name))
			continue;
		JSON_EACH(vpc, json_find(zone, "VPCs"))
		{
			if (view_equals(json_find_text(vpc, "VPCId"), json_find_text(vpc_of(call), "VPCId")))
				return call_fail(call, "ConflictingDomainExists",
					"The VPC " VIEW_FMT " in region " VIEW_FMT
					" has already been associated with the hosted zone " VIEW_FMT
					" with the same domain name.",
					VIEW_ARG(json_find_text(vpc, "VPCId")),
					VIEW_ARG(json_find_text(vpc, "VPCRegion")),
					VIEW_ARG(view_from_text(route53_zone_id(json_find_c_string(zone, "Id")))));
		}
	}
	return 0;
}

int op_create_hosted_zone(struct call *call)
{
	const struct json *wish = json_find(call->input, "HostedZoneConfig");
	const char *name = route53_name(call, call_input(call, "Name"));
	struct json JSON_CLEANUP *zone = json_object_new();
	struct json *config;
	char id[21] = "Z";
	int error;

	if (!name)
		return call_fail(call, "InvalidDomainName", "The domain name %s is invalid.", call_input(call, "Name"));
	if (!vpc_of(call))
		return call_fail(call, "InvalidInput",
			"Postern serves private hosted zones only: name a VPC that its endpoints stand in.");
	error = check_vpc(call, vpc_of(call));
	if (error == 0)
		error = check_conflicts(call, name);
	if (error < 0)
		return error;
	random_upper_alnum(id + 1, sizeof id - 2);
	id[sizeof id - 1] = '\0';
	json_set(zone, "Id", json_text_new_printf("/hostedzone/%s", id));
	json_set_c_string(zone, "Name", name);
	json_set_c_string(zone, "CallerReference", call_input(call, "CallerReference"));
	config = json_ensure_object(zone, "Config");
	json_set_c_string(config, "Comment", json_find_c_string(wish, "Comment"));
	json_set_bool(config, "PrivateZone", true);
	json_append(json_ensure_array(zone, "VPCs"), json_copy(vpc_of(call)));
	record_put(call, STORE_hostedzone, id, NULL, zone);
	put_required_set(call, id, name, "SOA", ZONE_SOA_TTL_S, &(const char *){ ZONE_SOA }, 1);
	put_required_set(
		call, id, name, "NS", ZONE_NS_TTL_S, name_servers, sizeof name_servers / sizeof name_servers[0]);
	json_set(call->output, "HostedZone", shown(call, zone));
	route53_change_info(call, NULL);
	json_set(call->output, "VPC", json_copy(vpc_of(call)));
	call->location = call_text(call, "https://route53.amazonaws.com/2013-04-01/hostedzone/%s", id);
	return 0;
}

int op_get_hosted_zone(struct call *call)
{
	struct json JSON_CLEANUP *zone = NULL;
	int error = route53_zone_find(call, "Id", &zone);

	if (error < 0)
		return error;
	json_set(call->output, "HostedZone", shown(call, zone));
	json_set(call->output, "VPCs", json_copy(json_find(zone, "VPCs")));
	return 0;
}

int op_delete_hosted_zone(struct call *call)
{
	struct json JSON_CLEANUP *zone = NULL, *sets = NULL;
	const char *id = route53_zone_id(call_input(call, "Id"));
	int error = route53_zone_find(call, "Id", &zone);

	if (error < 0)
		return error;
	sets = record_list(call, STORE_rrset, id);
	JSON_EACH(set, sets)
	{
		struct view type = json_find_text(set, "Type");

		if (!view_equals(json_find_text(set, "Name"), json_find_text(zone, "Name")) ||
			!(view_equals_text(type, "SOA") || view_equals_text(type, "NS")))
			return call_fail(call, "HostedZoneNotEmpty",
				"The specified hosted zone contains non-required resource record sets and so cannot be "
				"deleted.");
	}
	record_delete_children(call, STORE_rrset, id);
	record_delete(call, STORE_hostedzone, id);
	route53_change_info(call, NULL);
	return 0;
}

int op_list_hosted_zones(struct call *call)
{
	struct json JSON_CLEANUP *zones = record_list(call, STORE_hostedzone, NULL);
	const char *marker = call_input(call, "Marker");
	struct json *list = json_ensure_array(call->output, "HostedZones");
	size_t limit;
	int error = route53_page_size(call, &limit);

	if (error < 0)
		return error;
	json_set_bool(call->output, "IsTruncated", false);
	JSON_EACH(zone, zones)
	{
		const char *id = route53_zone_id(json_find_c_string(zone, "Id"));

		if (marker && strcmp(id, marker) < 0)
			continue;
		if (json_count(list) == limit) {
			json_set_bool(call->output, "IsTruncated", true);
			json_set_c_string(call->output, "NextMarker", id);
			break;
		}
		json_append(list, shown(call, zone));
	}
	json_set_c_string(call->output, "Marker", marker);
	json_set(call->output, "MaxItems", json_text_new_printf("%zu", limit));
	return 0;
}

static int zone_compare(const struct json *left, const struct json *right)
{
	int order = route53_name_compare(json_find_c_string(left, "Name"), json_find_c_string(right, "Name"));

	return order ? order : view_compare(json_find_text(left, "Id"), json_find_text(right, "Id"));
}

int op_list_hosted_zones_by_name(struct call *call)
{
	struct json JSON_CLEANUP *zones = record_list(call, STORE_hostedzone, NULL);
	struct json *list = json_ensure_array(call->output, "HostedZones");
	const char *from = call_input(call, "DNSName"), *from_id = call_input(call, "HostedZoneId");
	const char *name = from ? route53_name(call, from) : NULL;
	size_t limit;
	int error = route53_page_size(call, &limit);

	if (error < 0)
		return error;
	if (from && !name)
		return call_fail(call, "InvalidDomainName", "The domain name %s is invalid.", from);
	if (from_id && !from)
		return call_fail(call, "InvalidInput", "hostedzoneid goes with dnsname");
	json_sort(zones, zone_compare);
	json_set_bool(call->output, "IsTruncated", false);
	JSON_EACH(zone, zones)
	{
		int order = name ? route53_name_compare(json_find_c_string(zone, "Name"), name) : 1;
		const char *id = route53_zone_id(json_find_c_string(zone, "Id"));

		if (order < 0 || (order == 0 && from_id && strcmp(id, route53_zone_id(from_id)) < 0))
			continue;
		if (json_count(list) == limit) {
			json_set_bool(call->output, "IsTruncated", true);
			json_set_c_string(call->output, "NextDNSName", json_find_c_string(zone, "Name"));
			json_set_c_string(call->output, "NextHostedZoneId", id);
			break;
		}
		json_append(list, shown(call, zone));
	}
	json_set_c_string(call->output, "DNSName", from);
	json_set_c_string(call->output, "HostedZoneId", from_id);
	json_set(call->output, "MaxItems", json_text_new_printf("%zu", limit));
	return 0;
}

int op_get_change(struct call *call)
{
	const char *given = call_input(call, "Id"), *last = strrchr(given, '/');
	const char *id = last ? last + 1 : given;
	struct json *info;

	/* Changes act before they are answered, so every change that ever was is in sync; nothing needs to be remembered. */
	if (id[0] != 'C' || strlen(id) != 21 || strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != 21)
		return call_fail(call, "NoSuchChange", "Could not find resource with ID: %s", id);
	info = json_ensure_object(call->output, "ChangeInfo");
	json_set(info, "Id", json_text_new_printf("/change/%s", id));
	json_set_c_string(info, "Status", "INSYNC");
	json_set(info, "SubmittedAt", call_now_iso(call));
	return 0;
}

/* Index of the input's VPC among those of the zone, or json_count() of them. */
static size_t vpc_index(const struct call *call, const struct json *vpcs)
{
	size_t i = 0;

	while (i < json_count(vpcs) &&
		!view_equals(json_find_text(json_at(vpcs, i), "VPCId"), json_find_text(vpc_of(call), "VPCId")))
		i++;
	return i;
}

int op_associate_vpc(struct call *call)
{
	struct json JSON_CLEANUP *zone = NULL;
	struct json *vpcs;
	int error = route53_zone_find(call, "HostedZoneId", &zone);

	if (error == 0)
		error = check_vpc(call, vpc_of(call));
	if (error < 0)
		return error;
	vpcs = json_ensure_array(zone, "VPCs");
	if (vpc_index(call, vpcs) == json_count(vpcs)) {
		json_append(vpcs, json_copy(vpc_of(call)));
		record_put(call, STORE_hostedzone, route53_zone_id(json_find_c_string(zone, "Id")), NULL, zone);
	}
	route53_change_info(call, call_input(call, "Comment"));
	return 0;
}

int op_disassociate_vpc(struct call *call)
{
	struct json JSON_CLEANUP *zone = NULL;
	struct json *vpcs;
	size_t index;
	int error = route53_zone_find(call, "HostedZoneId", &zone);

	if (error < 0)
		return error;
	vpcs = json_ensure_array(zone, "VPCs");
	index = vpc_index(call, vpcs);
	if (index == json_count(vpcs))
		return call_fail(call, "VPCAssociationNotFound",
			"The specified VPC and hosted zone that you specified are not currently associated.");
	if (json_count(vpcs) == 1)
		return call_fail(call, "LastVPCAssociation",
			"The VPC that you are trying to disassociate from the private hosted zone is the last VPC that "
			"is "
			"associated with the hosted zone. Amazon Route 53 doesn't support disassociating the last VPC "
			"from a "
			"hosted zone.");
	json_remove_at(vpcs, index);
	record_put(call, STORE_hostedzone, route53_zone_id(json_find_c_string(zone, "Id")), NULL, zone);
	route53_change_info(call, call_input(call, "Comment"));
	return 0;
}
