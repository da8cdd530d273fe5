/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Route 53: record sets. A batch is applied to a working copy and stored only if every change of it is good. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/route53/zone_names.h"
#include "appliance/control/route53/zones.h"
#include "appliance/control/state.h"
#include "appliance/model/snapshot.h"

/* Source: Route 53 quotas: records of one batch, an UPSERT counting twice; values of one set. */
enum { BATCH_MAX = 1000, VALUES_MAX = 400 };
/* Largest TTL. Source: Route 53 API Reference, ResourceRecordSet. */
#define TTL_MAX_S 2147483647

struct batch {
	struct call *call;
	const char *zone_id, *zone_name;
	struct json *sets;    /* working copy */
	struct buffer errors; /* joined by ", " */
};

static void refuse(struct batch *batch, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void refuse(struct batch *batch, const char *format, ...)
{
	va_list arguments;

	if (batch->errors.count)
		buffer_append_text(&batch->errors, ", ");
	va_start(arguments, format);
	buffer_vprintf(&batch->errors, format, arguments);
	va_end(arguments);
}

static long find_set(const struct json *sets, const struct json *wanted)
{
	for (size_t i = 0; i < json_count(sets); i++) {
		const struct json *set = json_at(sets, i);

		if (view_equals(json_find_text(set, "Name"), json_find_text(wanted, "Name")) &&
			view_equals(json_find_text(set, "Type"), json_find_text(wanted, "Type")) &&
			view_equals(json_find_text(set, "SetIdentifier"), json_find_text(wanted, "SetIdentifier")))
			return (long)i;
	}
	return -1;
}

/* --- judging one record set ------------------------------------------------------------------------------------------------------- */

/* TXT: one or more texts in quotation marks. */
static bool txt_valid(const char *value)
{
	while (*value) {
		if (*value++ != '"')
			return false;
		while (*value && *value != '"')
			value += *value == '\\' && value[1] ? 2 : 1;
		if (*value++ != '"')
			return false;
		while (*value == ' ')
			value++;
	}
	return true;
}

static void check_value(struct batch *batch, const char *type, const char *value)
{
	uint8_t address[16];

	if (strcmp(type, "A") == 0 && inet_pton(AF_INET, value, address) != 1)
		refuse(batch,
			"Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address (Value is not a valid IPv4 "
			"address) encountered with "
			"'%s''",
			value);
	else if (strcmp(type, "AAAA") == 0 && inet_pton(AF_INET6, value, address) != 1)
		refuse(batch,
			"Invalid Resource Record: 'FATAL problem: AAAARRDATAIllegalIPv6Address (Value is not a valid "
			"IPv6 address) encountered "
			"with '%s''",
			value);
	else if (strcmp(type, "CNAME") == 0 && !zone_name_normalise(batch->call, value))
		refuse(batch,
			"Invalid Resource Record: 'FATAL problem: DomainLabelEmpty (Domain label is empty) encountered "
			"with '%s''",
			value);
	else if (strcmp(type, "TXT") == 0 && (!*value || !txt_valid(value)))
		refuse(batch,
			"Invalid Resource Record: 'FATAL problem: InvalidCharacterString (Value should be enclosed in "
			"quotation marks) encountered "
			"with '%s''",
			value);
}

static void check_alias(struct batch *batch, const struct json *set, const struct json *alias)
{
	const char *target = json_find_c_string(alias, "DNSName"), *type = json_find_c_string(set, "Type");
	const char *target_zone = json_find_c_string(alias, "HostedZoneId");
	struct json JSON_CLEANUP *wanted = NULL;

	if (strcmp(target_zone, batch->zone_id) != 0)
		return;
	if (!zone_name_lies_in(target, batch->zone_name)) {
		refuse(batch,
			"Tried to create an alias that targets %s, type %s in zone %s, but the alias target name does "
			"not lie within the target zone",
			target, type, target_zone);
		return;
	}
	wanted = json_object_new();
	json_set_c_string(wanted, "Name", target);
	json_set_c_string(wanted, "Type", type);
	if (find_set(batch->sets, wanted) < 0)
		refuse(batch,
			"Tried to create an alias that targets %s, type %s in zone %s, but that target was not found",
			target, type, target_zone);
}

/* CNAMEs stand alone, and never at the apex. */
static void check_neighbours(struct batch *batch, const struct json *set)
{
	const char *name = json_find_c_string(set, "Name"), *type = json_find_c_string(set, "Type");
	bool is_cname = strcmp(type, "CNAME") == 0;

	if (is_cname && strcmp(name, batch->zone_name) == 0) {
		refuse(batch, "RRSet of type CNAME with DNS name %s is not permitted at apex in zone %s", name,
			batch->zone_name);
		return;
	}
	JSON_EACH(other, batch->sets)
	{
		bool other_is_cname = view_equals_text(json_find_text(other, "Type"), "CNAME");

		if (!view_equals_text(json_find_text(other, "Name"), name) || other_is_cname == is_cname)
			continue;
		if (is_cname)
			refuse(batch,
				"RRSet of type CNAME with DNS name %s is not permitted as it conflicts with other "
				"records with the same DNS name in "
				"zone %s",
				name, batch->zone_name);
		else
			refuse(batch,
				"RRSet of type %s with DNS name %s is not permitted because a conflicting RRSet of "
				"type CNAME with the same DNS name "
				"already exists in zone %s",
				type, name, batch->zone_name);
		return;
	}
}

static void check_set(struct batch *batch, const struct json *set)
{
	const struct json *alias = json_find(set, "AliasTarget"), *values = json_find(set, "ResourceRecords");
	const char *name = json_find_c_string(set, "Name"), *type = json_find_c_string(set, "Type");
	int64_t ttl_s = json_find_integer(set, "TTL", -1);

	if (!zone_name_lies_in(name, batch->zone_name)) {
		refuse(batch, "RRSet with DNS name %s is not permitted in zone %s", name, batch->zone_name);
		return;
	}
	if (alias ? json_find(set, "TTL") || json_count(values)
		  : ttl_s < 0 || ttl_s > TTL_MAX_S || json_count(values) == 0) {
		refuse(batch,
			"Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or "
			"TrafficPolicyInstanceId], but found %s in Change with [Action=CREATE, Name=%s, Type=%s, "
			"SetIdentifier=null]",
			alias ? "more than one" : "none", name, type);
		return;
	}
	if (json_count(values) > VALUES_MAX)
		refuse(batch, "Number of values limit of %d exceeded.", VALUES_MAX);
	JSON_EACH(record, values)
	check_value(batch, type, json_find_c_string(record, "Value"));
	if (alias)
		check_alias(batch, set, alias);
	check_neighbours(batch, set);
}

/* --- applying a batch ------------------------------------------------------------------------------------------------------------- */

/* The record set in printed form: names normalised, members in the schema's order. NULL if a name is none. */
static struct json *normal_form(struct batch *batch, const struct json *wanted)
{
	static const char *const order[] = { "Type", "SetIdentifier", "Weight", "Region", "GeoLocation", "Failover",
		"MultiValueAnswer", "TTL", "ResourceRecords" };
	const struct json *alias = json_find(wanted, "AliasTarget");
	const char *name = zone_name_normalise(batch->call, json_find_c_string(wanted, "Name")), *target;
	struct json *set, *copy;

	if (!name) {
		refuse(batch, "%s is not a valid domain name", json_find_c_string(wanted, "Name"));
		return NULL;
	}
	set = json_object_new();
	json_set_c_string(set, "Name", name);
	for (size_t i = 0; i < ARRAY_COUNT(order); i++)
		if (json_find(wanted, order[i]))
			json_set(set, order[i], json_copy(json_find(wanted, order[i])));
	if (!alias)
		return set;
	target = zone_name_normalise(batch->call, json_find_c_string(alias, "DNSName"));
	if (!target) {
		refuse(batch, "%s is not a valid alias target", json_find_c_string(alias, "DNSName"));
		json_free(set);
		return NULL;
	}
	copy = json_copy(alias);
	json_set_c_string(copy, "DNSName", target);
	json_set(set, "AliasTarget", copy);
	return set;
}

/* Equal values in any order, equal TTL, equal alias target. */
static bool same_set(const struct json *a, const struct json *b)
{
	const struct json *values = json_find(a, "ResourceRecords"), *others = json_find(b, "ResourceRecords");

	if (!json_equals(json_find(a, "TTL"), json_find(b, "TTL")) ||
		!json_equals(json_find(a, "AliasTarget"), json_find(b, "AliasTarget")) ||
		json_count(values) != json_count(others))
		return false;
	JSON_EACH(value, values)
	{
		bool found = false;

		JSON_EACH(other, others)
		found = found || json_equals(value, other);
		if (!found)
			return false;
	}
	return true;
}

static void apply_delete(struct batch *batch, const struct json *set)
{
	const char *name = json_find_c_string(set, "Name"), *type = json_find_c_string(set, "Type");
	long index = find_set(batch->sets, set);

	if (strcmp(name, batch->zone_name) == 0 && (strcmp(type, "SOA") == 0 || strcmp(type, "NS") == 0))
		refuse(batch, "A HostedZone must contain %s for the zone itself.",
			*type == 'N' ? "at least one NS record" : "exactly one SOA record");
	else if (index < 0)
		refuse(batch, "Tried to delete resource record set [name='%s', type='%s'] but it was not found", name,
			type);
	else if (!same_set(json_at(batch->sets, (size_t)index), set))
		refuse(batch,
			"Tried to delete resource record set [name='%s', type='%s'] but the values provided do not "
			"match the current values",
			name, type);
	else
		(void)json_remove_at(batch->sets, (size_t)index);
}

static void apply_put(struct batch *batch, const char *action, struct json *set)
{
	long index = find_set(batch->sets, set);
	size_t before = batch->errors.count;

	if (strcmp(action, "CREATE") == 0 && index >= 0) {
		refuse(batch, "Tried to create resource record set [name='%s', type='%s'] but it already exists",
			json_find_c_string(set, "Name"), json_find_c_string(set, "Type"));
		return;
	}
	if (index >= 0)
		(void)json_remove_at(batch->sets, (size_t)index);
	check_set(batch, set);
	if (batch->errors.count == before)
		json_append(batch->sets, json_copy(set));
}

static void apply(struct batch *batch, const struct json *change)
{
	const char *action = json_find_c_string(change, "Action");
	struct json JSON_CLEANUP *set = normal_form(batch, json_find(change, "ResourceRecordSet"));

	if (!set)
		return;
	if (strcmp(action, "DELETE") == 0)
		apply_delete(batch, set);
	else
		apply_put(batch, action, set);
}

/* Write what differs between the stored sets and the working copy. */
static void store_difference(struct batch *batch, const struct json *before)
{
	JSON_EACH(set, before)
	if (find_set(batch->sets, set) < 0)
		zone_delete_record_set(batch->call, batch->zone_id, set);
	JSON_EACH(set, batch->sets)
	{
		long index = find_set(before, set);

		if (index < 0 || !json_equals(json_at(before, (size_t)index), set))
			zone_put_record_set(batch->call, batch->zone_id, set);
	}
}

int op_change_record_sets(struct call *call)
{
	const struct json *changes = json_find(json_find(call->input, "ChangeBatch"), "Changes");
	struct json JSON_CLEANUP *zone = NULL, *before = NULL, *after = NULL;
	struct batch batch = { .call = call, .zone_id = zone_id(call) };
	size_t weight = 0;
	int error = zone_find(call, &zone);

	if (error < 0)
		return error;
	JSON_EACH(change, changes)
	weight += view_equals_text(json_find_text(change, "Action"), "UPSERT") ? 2 : 1;
	if (weight == 0 || weight > BATCH_MAX)
		return call_fail(call, weight ? "InvalidChangeBatch" : "InvalidInput", "%s",
			weight ? "[Number of records limit of 1000 exceeded.]"
			       : "Invalid XML ; Expected at least one Change");
	before = zone_record_sets(call, batch.zone_id);
	after = json_copy(before);
	batch.sets = after;
	batch.zone_name = json_find_c_string(zone, "Name");
	buffer_init(&batch.errors, CALL_MESSAGE_MAX_BYTES - 8);
	JSON_EACH(change, changes)
	apply(&batch, change);
	if (json_count(after) > ZONE_RECORD_SETS_MAX)
		refuse(&batch, "Number of records limit of %d exceeded.", ZONE_RECORD_SETS_MAX);
	if (batch.errors.count)
		error = call_fail(call, "InvalidChangeBatch", "[" VIEW_FMT "]", VIEW_ARG(buffer_view(&batch.errors)));
	buffer_fini(&batch.errors);
	if (error < 0)
		return error;
	store_difference(&batch, before);
	json_set_integer(zone, "ResourceRecordSetCount", (int64_t)json_count(after));
	record_put(call, STORE_hostedzone, batch.zone_id, NULL, zone);
	json_set(call->output, "ChangeInfo", zone_change_info(call, "PENDING"));
	return 0;
}

/* --- listing ---------------------------------------------------------------------------------------------------------------------- */

static bool comes_before(const struct json *set, const char *name, const char *type)
{
	int order = name ? snapshot_name_compare(json_find_text(set, "Name"), view_from_text(name)) : 0;

	if (order != 0 || !name)
		return order < 0;
	return type && view_compare(json_find_text(set, "Type"), view_from_text(type)) < 0;
}

int op_list_record_sets(struct call *call)
{
	const char *name = call_input(call, "StartRecordName"), *type = call_input(call, "StartRecordType");
	struct json JSON_CLEANUP *zone = NULL, *sets = NULL;
	struct json *list;
	uint64_t max = 100;
	size_t shown = 0;
	int error = zone_find(call, &zone);

	if (error < 0)
		return error;
	if (type && !name)
		return call_fail(call, "InvalidInput", "The request must contain name if it contains type.");
	if (name) {
		name = zone_name_normalise(call, name);
		if (!name)
			return call_fail(call, "InvalidInput", "%s is not a valid domain name.",
				call_input(call, "StartRecordName"));
	}
	if (call_input_has(call, "MaxItems") &&
		(view_parse_u64(json_find_text(call->input, "MaxItems"), 1000000, &max) < 0 || max == 0))
		return call_fail(call, "InvalidInput", "Invalid maxitems");
	if (max > 300)
		max = 300;
	sets = zone_record_sets(call, zone_id(call));
	list = json_ensure_array(call->output, "ResourceRecordSets");
	json_set_bool(call->output, "IsTruncated", false);
	JSON_EACH(set, sets)
	{
		if (comes_before(set, name, type))
			continue;
		if (shown++ == max) {
			json_set_bool(call->output, "IsTruncated", true);
			json_set(call->output, "NextRecordName", json_copy(json_find(set, "Name")));
			json_set(call->output, "NextRecordType", json_copy(json_find(set, "Type")));
			break;
		}
		json_append(list, json_copy(set));
	}
	json_set(call->output, "MaxItems", json_text_new_printf("%llu", (unsigned long long)max));
	return 0;
}
