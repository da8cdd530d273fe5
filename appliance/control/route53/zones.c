/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Route 53: hosted zones and their VPCs. Changes act at once; they are called PENDING once, as AWS does, and INSYNC then. */
#include "appliance/control/route53/zones.h"

#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/networks.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/route53/zone_names.h"
#include "appliance/control/state.h"
#include "appliance/model/snapshot.h"

/* Ids of zones and changes: "Z" or "C" and this many more. */
enum { ID_RANDOM_COUNT = 20 };

const char *zone_id(struct call *call)
{
	const char *id = call_input(call, "Id") ? call_input(call, "Id") : call_input(call, "HostedZoneId");
	const char *slash = strrchr(id, '/');

	return slash ? slash + 1 : id;
}

int zone_find(struct call *call, struct json **ret)
{
	*ret = record_find(call, STORE_hostedzone, zone_id(call));
	if (*ret)
		return 0;
	return call_fail(call, "NoSuchHostedZone", "No hosted zone found with ID: %s", zone_id(call));
}

static int compare_record_sets(const void *a, const void *b)
{
	const struct json *left = *(const struct json *const *)a, *right = *(const struct json *const *)b;
	int order = snapshot_name_compare(json_find_text(left, "Name"), json_find_text(right, "Name"));

	if (order == 0)
		order = view_compare(json_find_text(left, "Type"), json_find_text(right, "Type"));
	return order ? order
		     : view_compare(json_find_text(left, "SetIdentifier"), json_find_text(right, "SetIdentifier"));
}

struct json *zone_record_sets(struct call *call, const char *id)
{
	struct json *list = record_list(call, STORE_rrset, id);
	size_t count = json_count(list);
	struct json **items = calloc(count + 1, sizeof(struct json *));

	ASSERT(items);
	for (size_t i = 0; i < count; i++)
		items[i] = json_take_at(list, 0);
	qsort(items, count, sizeof *items, compare_record_sets);
	for (size_t i = 0; i < count; i++)
		json_append(list, items[i]);
	free(items);
	return list;
}

struct json *zone_change_info(struct call *call, const char *status)
{
	struct json *info = json_object_new();
	char id[ID_RANDOM_COUNT + 1];

	random_upper_alnum(id, ID_RANDOM_COUNT);
	json_set_c_string(info, "Id", call_text(call, "/change/C%s", id));
	json_set_c_string(info, "Status", status);
	json_set(info, "SubmittedAt", call_now_iso(call));
	return info;
}

static const char *record_set_key(struct call *call, const char *id, const struct json *record_set)
{
	const char *set = json_find_c_string(record_set, "SetIdentifier");

	return call_text(call, "%s/%s/%s%s%s", id, json_find_c_string(record_set, "Name"),
		json_find_c_string(record_set, "Type"), set ? "/" : "", set ? set : "");
}

void zone_put_record_set(struct call *call, const char *id, const struct json *record_set)
{
	record_put(call, STORE_rrset, record_set_key(call, id, record_set), id, record_set);
}

void zone_delete_record_set(struct call *call, const char *id, const struct json *record_set)
{
	record_delete(call, STORE_rrset, record_set_key(call, id, record_set));
}

static struct json *values_of(const char *const *values, size_t count)
{
	struct json *list = json_array_new();

	for (size_t i = 0; i < count; i++) {
		struct json *record = json_object_new();

		json_set_c_string(record, "Value", values[i]);
		json_append(list, record);
	}
	return list;
}

/* A zone starts with NS and SOA. Source: spec/domains.md 7. */
static void furnish(struct call *call, const char *id, const char *name)
{
	static const char *const name_servers[] = { "ns-0.awsdns-00.com.", "ns-512.awsdns-00.net.",
		"ns-1024.awsdns-00.org.", "ns-1536.awsdns-00.co.uk." };
	static const char *const authority[] = {
		"ns-0.awsdns-00.com. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"
	};
	struct json JSON_CLEANUP *ns = json_object_new(), *soa = json_object_new();

	json_set_c_string(ns, "Name", name);
	json_set_c_string(ns, "Type", "NS");
	json_set_integer(ns, "TTL", 172800);
	json_set(ns, "ResourceRecords", values_of(name_servers, ARRAY_COUNT(name_servers)));
	zone_put_record_set(call, id, ns);
	json_set_c_string(soa, "Name", name);
	json_set_c_string(soa, "Type", "SOA");
	json_set_integer(soa, "TTL", 900);
	json_set(soa, "ResourceRecords", values_of(authority, 1));
	zone_put_record_set(call, id, soa);
}

static int check_vpc(struct call *call, const struct json *vpc)
{
	const char *id = json_find_c_string(vpc, "VPCId"), *region = json_find_c_string(vpc, "VPCRegion");

	if (!id || !region || strcmp(region, control_region(call->control)) != 0 || !network_vpc_exists(call, id))
		return call_fail(call, "InvalidVPCId", "The VPC ID is invalid.");
	return 0;
}

static bool has_vpc(const struct json *zone, const char *vpc_id)
{
	JSON_EACH(vpc, json_find(zone, "VPCs"))
	if (view_equals_text(json_find_text(vpc, "VPCId"), vpc_id))
		return true;
	return false;
}

/* One private zone of a name per VPC. */
static int check_conflict(struct call *call, const char *name, const char *vpc_id, const char *own_id)
{
	struct json JSON_CLEANUP *zones = record_list(call, STORE_hostedzone, NULL);

	JSON_EACH(zone, zones)
	if (view_equals_text(json_find_text(zone, "Name"), name) && has_vpc(zone, vpc_id) &&
		(!own_id || !view_ends_with(json_find_text(zone, "Id"), view_from_text(own_id))))
		return call_fail(call, "ConflictingDomainExists",
			"The VPC %s in region %s has already been associated with the hosted zone %s with the same "
			"domain name.",
			vpc_id, control_region(call->control), strrchr(json_find_c_string(zone, "Id"), '/') + 1);
	return 0;
}

static int check_reference(struct call *call, const char *reference)
{
	struct json JSON_CLEANUP *zones = record_list(call, STORE_hostedzone, NULL);

	JSON_EACH(zone, zones)
	if (view_equals_text(json_find_text(zone, "CallerReference"), reference))
		return call_fail(call, "HostedZoneAlreadyExists",
			"A hosted zone has already been created with the specified caller reference.");
	return 0;
}

static struct json *shown(const struct json *zone)
{
	struct json *copy = json_copy(zone);

	(void)json_remove(copy, "VPCs");
	(void)json_remove(copy, "postern");
	return copy;
}

int op_create_hosted_zone(struct call *call)
{
	const struct json *vpc = json_find(call->input, "VPC"), *wanted = json_find(call->input, "HostedZoneConfig");
	const char *name = zone_name_normalise(call, call_input(call, "Name")), *id;
	struct json JSON_CLEANUP *zone = json_object_new();
	struct json *config, *list;
	int error;

	if (!name || strcmp(name, ".") == 0)
		return call_fail(call, "InvalidDomainName", "%s is not a valid domain name.", call_input(call, "Name"));
	error = check_reference(call, call_input(call, "CallerReference"));
	if (error < 0)
		return error;
	if (!vpc)
		return call_fail(
			call, "InvalidInput", "Postern keeps private hosted zones: name the VPC that the zone is for.");
	error = check_vpc(call, vpc);
	if (error == 0)
		error = check_conflict(call, name, json_find_c_string(vpc, "VPCId"), NULL);
	if (error < 0)
		return error;
	do {
		char random[ID_RANDOM_COUNT + 1];

		random_upper_alnum(random, ID_RANDOM_COUNT);
		id = call_text(call, "Z%s", random);
	} while (record_exists(call, STORE_hostedzone, id));
	json_set_c_string(zone, "Id", call_text(call, "/hostedzone/%s", id));
	json_set_c_string(zone, "Name", name);
	json_set_c_string(zone, "CallerReference", call_input(call, "CallerReference"));
	config = json_ensure_object(zone, "Config");
	json_set_c_string(config, "Comment", json_find_c_string(wanted, "Comment"));
	json_set_bool(config, "PrivateZone", true);
	json_set_integer(zone, "ResourceRecordSetCount", 2);
	list = json_ensure_array(zone, "VPCs");
	json_append(list, json_copy(vpc));
	record_put(call, STORE_hostedzone, id, NULL, zone);
	furnish(call, id, name);
	json_set(call->output, "HostedZone", shown(zone));
	json_set(call->output, "ChangeInfo", zone_change_info(call, "PENDING"));
	json_set(call->output, "VPC", json_copy(vpc));
	call->location = call_text(call, "https://route53.amazonaws.com/2013-04-01/hostedzone/%s", id);
	return 0;
}

int op_get_hosted_zone(struct call *call)
{
	struct json JSON_CLEANUP *zone = NULL;
	int error = zone_find(call, &zone);

	if (error < 0)
		return error;
	json_set(call->output, "HostedZone", shown(zone));
	json_set(call->output, "VPCs", json_copy(json_find(zone, "VPCs")));
	return 0;
}

/* MaxItems comes as text, and is echoed: its value, at most `most`, or CALL_FAILED. */
static long max_items(struct call *call, size_t most)
{
	uint64_t count = most;
	struct view text = json_find_text(call->input, "MaxItems");

	if (text.count && (view_parse_u64(text, UINT32_MAX, &count) < 0 || count == 0))
		return call_fail(call, "InvalidInput", "The value of maxitems is not a number from 1 on: " VIEW_FMT,
			VIEW_ARG(text));
	if (count > most)
		count = most;
	json_set(call->output, "MaxItems", json_text_new_printf("%llu", (unsigned long long)count));
	return (long)count;
}

int op_list_hosted_zones(struct call *call)
{
	struct json JSON_CLEANUP *zones = record_list(call, STORE_hostedzone, NULL);
	struct json *list = json_ensure_array(call->output, "HostedZones");
	const char *marker = call_input(call, "Marker");
	size_t start = 0;
	long max = max_items(call, 100);

	if (max < 0)
		return CALL_FAILED;
	if (marker)
		while (start < json_count(zones) &&
			strcmp(strrchr(json_find_c_string(json_at(zones, start), "Id"), '/') + 1, marker) < 0)
			start++;
	json_set_c_string(call->output, "Marker", marker);
	json_set_bool(call->output, "IsTruncated", false);
	for (size_t i = start; i < json_count(zones); i++) {
		if (i - start == (size_t)max) {
			json_set_bool(call->output, "IsTruncated", true);
			json_set_c_string(call->output, "NextMarker",
				strrchr(json_find_c_string(json_at(zones, i), "Id"), '/') + 1);
			break;
		}
		json_append(list, shown(json_at(zones, i)));
	}
	return 0;
}

static int compare_zones(const void *a, const void *b)
{
	const struct json *left = *(const struct json *const *)a, *right = *(const struct json *const *)b;
	int order = snapshot_name_compare(json_find_text(left, "Name"), json_find_text(right, "Name"));

	return order ? order : view_compare(json_find_text(left, "Id"), json_find_text(right, "Id"));
}

int op_list_hosted_zones_by_name(struct call *call)
{
	struct json JSON_CLEANUP *zones = record_list(call, STORE_hostedzone, NULL);
	struct json *list = json_ensure_array(call->output, "HostedZones");
	const char *first = call_input(call, "DNSName") ? zone_name_normalise(call, call_input(call, "DNSName")) : NULL;
	size_t count = json_count(zones), shown_count = 0;
	long max = max_items(call, 100);
	const struct json **sorted;

	if (max < 0)
		return CALL_FAILED;
	sorted = calloc(count + 1, sizeof(struct json *));
	ASSERT(sorted);
	for (size_t i = 0; i < count; i++)
		sorted[i] = json_at(zones, i);
	qsort(sorted, count, sizeof *sorted, compare_zones);
	json_set_c_string(call->output, "DNSName", call_input(call, "DNSName"));
	json_set_bool(call->output, "IsTruncated", false);
	for (size_t i = 0; i < count; i++) {
		if (first && snapshot_name_compare(json_find_text(sorted[i], "Name"), view_from_text(first)) < 0)
			continue;
		if (shown_count++ == (size_t)max) {
			json_set_bool(call->output, "IsTruncated", true);
			json_set_text(call->output, "NextDNSName", json_find_text(sorted[i], "Name"));
			json_set_c_string(call->output, "NextHostedZoneId",
				strrchr(json_find_c_string(sorted[i], "Id"), '/') + 1);
			break;
		}
		json_append(list, shown(sorted[i]));
	}
	free(sorted);
	return 0;
}

int op_delete_hosted_zone(struct call *call)
{
	struct json JSON_CLEANUP *zone = NULL;
	int error = zone_find(call, &zone);

	if (error < 0)
		return error;
	if (json_find_integer(zone, "ResourceRecordSetCount", 0) > 2)
		return call_fail(call, "HostedZoneNotEmpty",
			"The specified hosted zone contains non-required resource record sets and so cannot be "
			"deleted.");
	record_delete_children(call, STORE_rrset, zone_id(call));
	record_delete(call, STORE_hostedzone, zone_id(call));
	json_set(call->output, "ChangeInfo", zone_change_info(call, "PENDING"));
	return 0;
}

int op_associate_vpc(struct call *call)
{
	const struct json *vpc = json_find(call->input, "VPC");
	struct json JSON_CLEANUP *zone = NULL;
	int error = zone_find(call, &zone);

	if (error == 0)
		error = check_vpc(call, vpc);
	if (error == 0)
		error = check_conflict(
			call, json_find_c_string(zone, "Name"), json_find_c_string(vpc, "VPCId"), zone_id(call));
	if (error < 0)
		return error;
	if (!has_vpc(zone, json_find_c_string(vpc, "VPCId")))
		json_append(json_find(zone, "VPCs"), json_copy(vpc));
	record_put(call, STORE_hostedzone, zone_id(call), NULL, zone);
	json_set(call->output, "ChangeInfo", zone_change_info(call, "PENDING"));
	return 0;
}

int op_disassociate_vpc(struct call *call)
{
	const char *vpc_id = json_find_c_string(json_find(call->input, "VPC"), "VPCId");
	struct json JSON_CLEANUP *zone = NULL;
	struct json *vpcs;
	int error = zone_find(call, &zone);

	if (error < 0)
		return error;
	if (!vpc_id || !has_vpc(zone, vpc_id))
		return call_fail(call, "VPCAssociationNotFound",
			"The specified VPC and hosted zone are not currently associated.");
	vpcs = json_find(zone, "VPCs");
	if (json_count(vpcs) == 1)
		return call_fail(call, "LastVPCAssociation",
			"The VPC that you are trying to disassociate from the hosted zone is the last VPC that is "
			"associated with the hosted zone.");
	for (size_t i = 0; i < json_count(vpcs); i++)
		if (view_equals_text(json_find_text(json_at(vpcs, i), "VPCId"), vpc_id)) {
			(void)json_remove_at(vpcs, i);
			break;
		}
	record_put(call, STORE_hostedzone, zone_id(call), NULL, zone);
	json_set(call->output, "ChangeInfo", zone_change_info(call, "PENDING"));
	return 0;
}

int op_get_change(struct call *call)
{
	const char *id = call_input(call, "Id"), *slash = strrchr(id, '/');
	struct json *info;

	id = slash ? slash + 1 : id;
	if (id[0] != 'C' || strlen(id) != ID_RANDOM_COUNT + 1)
		return call_fail(call, "NoSuchChange", "Could not find resource with ID: %s", id);
	info = zone_change_info(call, "INSYNC");
	json_set_c_string(info, "Id", call_text(call, "/change/%s", id));
	json_set(call->output, "ChangeInfo", info);
	return 0;
}
