/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Record sets: batches of changes and lists. The call's transaction is the working copy of a batch: each change sees what
 * those before it did, and one that fails undoes them all. All that is wrong with a batch is said at once.
 */
#include <arpa/inet.h>
#include <string.h>

#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/route53.h"
#include "appliance/control/state.h"

/* Source: spec/domains.md 7. */
#define BATCH_RECORDS_MAX_COUNT 1000
#define BATCH_VALUES_MAX_BYTES 32000
#define SET_VALUES_MAX_COUNT 400
#define TTL_MAX_S 2147483647

struct batch {
	struct call *call;
	const char *zone_id, *zone_name;
	struct buffer faults; /* texts of InvalidChangeBatch, joined by ", " */
	size_t record_count, value_bytes;
};

static void fault(struct batch *batch, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void fault(struct batch *batch, const char *format, ...)
{
	va_list arguments;

	if (batch->faults.count > 0)
		buffer_append_text(&batch->faults, ", ");
	va_start(arguments, format);
	buffer_vprintf(&batch->faults, format, arguments);
	va_end(arguments);
}

/* --- one set ------------------------------------------------------------------------------------------------------- */

/* What is wrong with a value of that type in Route 53's words, or NULL. */
static const char *value_fault(const char *type, const char *value)
{
	unsigned char address[16];
	size_t bytes = strlen(value);

	if (strcmp(type, "A") == 0 && inet_pton(AF_INET, value, address) != 1)
		return "ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)";
	if (strcmp(type, "AAAA") == 0 && inet_pton(AF_INET6, value, address) != 1)
		return "AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)";
	if ((strcmp(type, "TXT") == 0 || strcmp(type, "SPF") == 0) &&
		(bytes < 2 || value[0] != '"' || value[bytes - 1] != '"'))
		return "InvalidCharacterString (Value should be enclosed in quotation marks)";
	return bytes == 0 ? "RRDATAEmpty (Value must not be empty)" : NULL;
}

static void check_values(struct batch *batch, const struct json *set, const char *name, const char *type)
{
	const struct json *records = json_find(set, "ResourceRecords");

	if (json_count(records) == 0 || !json_find(set, "TTL"))
		fault(batch,
			"Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or "
			"TrafficPolicyInstanceId], but found none in Change with [Action, Name=%s, Type=%s]",
			name, type);
	if (json_count(records) > SET_VALUES_MAX_COUNT)
		fault(batch, "Number of values of [name='%s', type='%s'] exceeds the limit of %d", name, type,
			SET_VALUES_MAX_COUNT);
	if (json_find_integer(set, "TTL", 0) < 0 || json_find_integer(set, "TTL", 0) > TTL_MAX_S)
		fault(batch, "Invalid TTL of [name='%s', type='%s']: it must be from 0 to %d", name, type, TTL_MAX_S);
	JSON_EACH(record, records)
	{
		const char *value = json_find_c_string(record, "Value");
		const char *why = value ? value_fault(type, value) : "RRDATAEmpty (Value must not be empty)";

		batch->value_bytes += value ? strlen(value) : 0;
		if (why)
			fault(batch, "Invalid Resource Record: 'FATAL problem: %s encountered with '%s''", why,
				value ? value : "");
	}
}

/* Is `target` a DNS name of an endpoint that exists: "vpce-…-suffix[-zone].execute-api.region.vpce.amazonaws.com."? */
static bool is_endpoint_name(struct call *call, const char *target)
{
	enum { ID_CHARS = 22 };
	const char *domain = call_text(call, ".execute-api.%s.vpce.amazonaws.com.", control_region(call->control));
	const char *found = strstr(target, domain);
	struct json JSON_CLEANUP *endpoint = NULL;
	const char *suffix;

	if (!found || found[strlen(domain)] != '\0' || found - target < ID_CHARS + 1 || target[ID_CHARS] != '-')
		return false;
	endpoint = record_find(call, STORE_vpcendpoint, call_text(call, "%.*s", ID_CHARS, target));
	suffix = json_find_c_string(json_find(endpoint, "postern"), "dnsSuffix");
	return suffix && strncmp(target + ID_CHARS + 1, suffix, strlen(suffix)) == 0;
}

static void check_alias(struct batch *batch, const struct json *set, const char *type)
{
	const struct json *alias = json_find(set, "AliasTarget");
	const char *given = json_find_c_string(alias, "DNSName"), *zone_id = json_find_c_string(alias, "HostedZoneId");
	const char *target = given ? route53_name(batch->call, given) : NULL;
	bool is_own = zone_id && strcmp(route53_zone_id(zone_id), batch->zone_id) == 0;

	if (json_find(set, "TTL") || json_find(set, "ResourceRecords"))
		fault(batch, "Invalid request: an alias has neither TTL nor ResourceRecords");
	if (strcmp(type, "A") != 0 && strcmp(type, "AAAA") != 0) {
		fault(batch, "Invalid request: an alias is of type A or AAAA, not %s", type);
	} else if (!target) {
		fault(batch, "Invalid alias target: %s", given ? given : "");
	} else if (is_own && !route53_name_is_within(target, batch->zone_name)) {
		fault(batch,
			"Tried to create an alias that targets %s, type %s in zone %s, but the alias target name does "
			"not lie "
			"within the target zone",
			target, type, batch->zone_id);
	} else if (is_own ? !record_exists(batch->call, STORE_rrset,
				    route53_record_id(batch->call, batch->zone_id, target, type))
			  : !is_endpoint_name(batch->call, target)) {
		fault(batch,
			"Tried to create an alias that targets %s, type %s in zone %s, but that target was not found",
			target, type, zone_id ? route53_zone_id(zone_id) : "");
	}
}

static void check_routing(struct batch *batch, const struct json *set, const char *name)
{
	static const char *const members[] = { "SetIdentifier", "Weight", "Region", "GeoLocation", "Failover",
		"MultiValueAnswer", "HealthCheckId", "TrafficPolicyInstanceId", "CidrRoutingConfig" };

	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
		if (json_find(set, members[i]))
			fault(batch, "Postern answers with simple record sets: %s of %s can't be served", members[i],
				name);
}

/* A CNAME stands alone at its name, and never at the apex. */
static void check_neighbours(struct batch *batch, const char *name, const char *type)
{
	static const char *const types[] = { "A", "AAAA", "TXT", "MX", "NS", "SOA", "SRV", "PTR", "SPF", "CAA", "NAPTR",
		"DS" };
	bool is_cname = strcmp(type, "CNAME") == 0;

	if (!is_cname) {
		if (record_exists(
			    batch->call, STORE_rrset, route53_record_id(batch->call, batch->zone_id, name, "CNAME")))
			fault(batch,
				"RRSet of type %s with DNS name %s is not permitted because a conflicting RRSet of "
				"type CNAME "
				"with the same DNS name already exists in zone %s",
				type, name, batch->zone_name);
		return;
	}
	if (strcmp(name, batch->zone_name) == 0) {
		fault(batch, "RRSet of type CNAME with DNS name %s is not permitted at apex in zone %s", name,
			batch->zone_name);
		return;
	}
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		if (!record_exists(
			    batch->call, STORE_rrset, route53_record_id(batch->call, batch->zone_id, name, types[i])))
			continue;
		fault(batch,
			"RRSet of type CNAME with DNS name %s is not permitted as it conflicts with other records with "
			"the same "
			"DNS name in zone %s",
			name, batch->zone_name);
		return;
	}
}

/* The set as it is stored: its name in Route 53's form. */
static struct json *stored_form(const struct json *set, const char *name)
{
	struct json *copy = json_copy(set);

	json_set_c_string(copy, "Name", name);
	return copy;
}

/* --- one change ------------------------------------------------------------------------------------------------------ */

static bool has_value(const struct json *records, const struct json *wanted)
{
	JSON_EACH(record, records)
	{
		if (view_equals(json_find_text(record, "Value"), json_find_text(wanted, "Value")))
			return true;
	}
	return false;
}

/* What a DELETE names must be what is there, values in any order. */
static bool is_same(struct call *call, const struct json *set, const struct json *wanted)
{
	const struct json *have = json_find(set, "ResourceRecords"), *want = json_find(wanted, "ResourceRecords");
	const struct json *alias = json_find(set, "AliasTarget"), *wanted_alias = json_find(wanted, "AliasTarget");
	const char *target = json_find_c_string(alias, "DNSName"),
		   *wanted_target = json_find_c_string(wanted_alias, "DNSName");

	if (json_find_integer(set, "TTL", -1) != json_find_integer(wanted, "TTL", -1) ||
		json_count(have) != json_count(want) || !alias != !wanted_alias)
		return false;
	JSON_EACH(record, want)
	{
		if (!has_value(have, record))
			return false;
	}
	if (!alias)
		return true;
	target = target ? route53_name(call, target) : NULL;
	wanted_target = wanted_target ? route53_name(call, wanted_target) : NULL;
	return target && wanted_target && strcmp(target, wanted_target) == 0;
}

static void delete_set(struct batch *batch, const struct json *set, const char *name, const char *type)
{
	const char *id = route53_record_id(batch->call, batch->zone_id, name, type);
	struct json JSON_CLEANUP *there = record_find(batch->call, STORE_rrset, id);

	if (strcmp(name, batch->zone_name) == 0 && (strcmp(type, "NS") == 0 || strcmp(type, "SOA") == 0))
		fault(batch, "A HostedZone must contain %s record for the zone itself.",
			strcmp(type, "NS") == 0 ? "at least one NS" : "exactly one SOA");
	else if (!there)
		fault(batch, "Tried to delete resource record set [name='%s', type='%s'] but it was not found", name,
			type);
	else if (!is_same(batch->call, there, set))
		fault(batch,
			"Tried to delete resource record set [name='%s', type='%s'] but the values provided do not "
			"match the "
			"current values",
			name, type);
	else
		record_delete(batch->call, STORE_rrset, id);
}

static void put_set(struct batch *batch, const struct json *set, const char *name, const char *type, bool may_replace)
{
	const char *id = route53_record_id(batch->call, batch->zone_id, name, type);
	size_t faults_before = batch->faults.count;
	struct json JSON_CLEANUP *stored = stored_form(set, name);

	check_routing(batch, set, name);
	check_neighbours(batch, name, type);
	if (json_find(set, "AliasTarget"))
		check_alias(batch, set, type);
	else
		check_values(batch, set, name, type);
	if (!may_replace && record_exists(batch->call, STORE_rrset, id))
		fault(batch, "Tried to create resource record set [name='%s', type='%s'] but it already exists", name,
			type);
	if (batch->faults.count == faults_before)
		record_put(batch->call, STORE_rrset, id, batch->zone_id, stored);
}

static void apply(struct batch *batch, const struct json *change)
{
	const struct json *set = json_find(change, "ResourceRecordSet");
	const char *action = json_find_c_string(change, "Action"), *type = json_find_c_string(set, "Type");
	const char *given = json_find_c_string(set, "Name"), *name = given ? route53_name(batch->call, given) : NULL;
	bool is_upsert = strcmp(action, "UPSERT") == 0;
	size_t records = json_count(json_find(set, "ResourceRecords"));

	batch->record_count += (records ? records : 1) * (is_upsert ? 2 : 1);
	if (!name)
		fault(batch, "Invalid DNS name: %s", given ? given : "");
	else if (!route53_name_is_within(name, batch->zone_name))
		fault(batch, "RRSet with DNS name %s is not permitted in zone %s", name, batch->zone_name);
	else if (strcmp(action, "DELETE") == 0)
		delete_set(batch, set, name, type);
	else
		put_set(batch, set, name, type, is_upsert);
}

int op_change_record_sets(struct call *call)
{
	const struct json *given = json_find(call->input, "ChangeBatch");
	struct json JSON_CLEANUP *zone = NULL;
	struct batch batch = { .call = call };
	int error = route53_zone_find(call, "HostedZoneId", &zone);

	if (error < 0)
		return error;
	if (json_count(json_find(given, "Changes")) == 0)
		return call_fail(call, "InvalidInput", "Invalid XML ; ChangeBatch has no Changes");
	batch.zone_id = route53_zone_id(call_input(call, "HostedZoneId"));
	batch.zone_name = json_find_c_string(zone, "Name");
	/* What no longer fits is cut: the first faults are the ones to mend first. */
	buffer_init_arena(&batch.faults, &call->arena, CALL_MESSAGE_MAX_BYTES - 64);
	JSON_EACH(change, json_find(given, "Changes"))
	{
		apply(&batch, change);
	}
	if (batch.record_count > BATCH_RECORDS_MAX_COUNT)
		fault(&batch, "Number of records limit of %d exceeded.", BATCH_RECORDS_MAX_COUNT);
	if (batch.value_bytes > BATCH_VALUES_MAX_BYTES)
		fault(&batch, "Number of characters limit of %d exceeded.", BATCH_VALUES_MAX_BYTES);
	if (batch.faults.count > 0 || buffer_error(&batch.faults))
		return call_fail(call, "InvalidChangeBatch", "[" VIEW_FMT "]", VIEW_ARG(buffer_view(&batch.faults)));
	route53_change_info(call, json_find_c_string(given, "Comment"));
	return 0;
}

/* --- list ------------------------------------------------------------------------------------------------------------ */

static int set_compare(const struct json *left, const struct json *right)
{
	int order = route53_name_compare(json_find_c_string(left, "Name"), json_find_c_string(right, "Name"));

	return order ? order : view_compare(json_find_text(left, "Type"), json_find_text(right, "Type"));
}

int op_list_record_sets(struct call *call)
{
	struct json JSON_CLEANUP *zone = NULL, *sets = NULL, *start = json_object_new();
	const char *from = call_input(call, "StartRecordName"), *type = call_input(call, "StartRecordType");
	const char *name = from ? route53_name(call, from) : NULL;
	struct json *list = json_ensure_array(call->output, "ResourceRecordSets");
	size_t limit;
	int error = route53_zone_find(call, "HostedZoneId", &zone);

	if (error == 0)
		error = route53_page_size(call, &limit);
	if (error < 0)
		return error;
	if ((type && !from) || (from && !name))
		return call_fail(call, "InvalidInput",
			"The resource record set name and type that the list starts with are invalid");
	json_set_c_string(start, "Name", name);
	json_set_c_string(start, "Type", type ? type : "");
	sets = record_list(call, STORE_rrset, route53_zone_id(call_input(call, "HostedZoneId")));
	json_sort(sets, set_compare);
	json_set_bool(call->output, "IsTruncated", false);
	JSON_EACH(set, sets)
	{
		if (name && set_compare(set, start) < 0)
			continue;
		if (json_count(list) == limit) {
			json_set_bool(call->output, "IsTruncated", true);
			json_set_c_string(call->output, "NextRecordName", json_find_c_string(set, "Name"));
			json_set_c_string(call->output, "NextRecordType", json_find_c_string(set, "Type"));
			break;
		}
		json_append(list, json_copy(set));
	}
	json_set(call->output, "MaxItems", json_text_new_printf("%zu", limit));
	return 0;
}
