/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of domains: alias records in private hosted zones, which lead to an endpoint. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "appliance/base/assert.h"
#include "appliance/cli/apply.h"
#include "appliance/cli/apply_file.h"

#define ROUTE53 "/2013-04-01"
#define NAMESPACE "https://route53.amazonaws.com/doc/2013-04-01/"

/* A private zone that aliases of the files are in. */
struct apply_zone {
	const char *name; /* with the final dot */
	const char *vpc_id;
	const char *id; /* NULL until it is made */
	struct apply_zone *next;
};

struct alias {
	struct apply_domain *domain;
	struct apply_zone *zone;
	const char *target, *target_zone; /* of the endpoint */
	bool has_ipv4, has_ipv6;
	bool sets_tag;
};

static const char *text_of(struct apply *apply, const struct xml_element *element)
{
	return element ? apply_text(apply, VIEW_FMT, VIEW_ARG(element->text)) : "";
}

/* "example.test." of "Example.test", as Route 53 shows it. */
static const char *full_name(struct apply *apply, const char *name)
{
	size_t count = strlen(name);

	return apply_lower(apply, apply_text(apply, "%s%s", name, count && name[count - 1] == '.' ? "" : "."));
}

static int get(struct apply *apply, struct view target, const struct xml_element **ret)
{
	return apply_xml(apply, CLIENT_ROUTE53, "GET", target, (struct view){ 0 }, false, ret);
}

/* --- zones ------------------------------------------------------------------------------------------------------------------ */

static bool has_vpc(const struct xml_element *zone, const char *vpc_id)
{
	const struct xml_element *vpcs = xml_find(zone, "VPCs");

	for (const struct xml_element *vpc = vpcs ? vpcs->children : NULL; vpc; vpc = vpc->next)
		if (xml_find(vpc, "VPCId") && view_equals_text(xml_find(vpc, "VPCId")->text, vpc_id))
			return true;
	return false;
}

/* The zone of that name that the VPC has. `zone->id` stays NULL if it has none. */
static int look_for(struct apply *apply, struct apply_zone *zone)
{
	const struct xml_element *answer = NULL, *zones;
	int error = get(apply,
		apply_view(apply, ROUTE53 "/hostedzonesbyname?dnsname=%s", client_encode(apply->cli, zone->name)),
		&answer);

	if (error)
		return error;
	zones = xml_find(answer, "HostedZones");
	for (const struct xml_element *found = zones ? zones->children : NULL; found && !zone->id;
		found = found->next) {
		const struct xml_element *whole = NULL;
		const char *id = text_of(apply, xml_find(found, "Id"));

		if (!xml_find(found, "Name") || !view_equals_text(xml_find(found, "Name")->text, zone->name))
			continue;
		id = strrchr(id, '/') ? strrchr(id, '/') + 1 : id;
		error = get(apply, apply_view(apply, ROUTE53 "/hostedzone/%s", client_encode(apply->cli, id)), &whole);
		if (error)
			return error;
		if (has_vpc(whole, zone->vpc_id))
			zone->id = id;
	}
	return 0;
}

static int run_zone(struct apply *apply, struct apply_step *step)
{
	struct apply_zone *zone = step->subject;
	const struct xml_element *answer = NULL;
	const char *id;
	struct buffer body;
	int error;

	buffer_init_arena(&body, &apply->cli->arena, 16384);
	buffer_append_text(&body, "<CreateHostedZoneRequest xmlns=\"" NAMESPACE "\"><Name>");
	xml_write_text(&body, view_from_text(zone->name));
	buffer_printf(
		&body, "</Name><VPC><VPCRegion>%s</VPCRegion><VPCId>", apply->region ? apply->region : "us-east-1");
	xml_write_text(&body, view_from_text(zone->vpc_id));
	buffer_printf(&body, "</VPCId></VPC><CallerReference>postern-apply-%lld-%d-%s", (long long)time(NULL),
		(int)getpid(), zone->vpc_id);
	buffer_append_text(&body, "</CallerReference><HostedZoneConfig><Comment>");
	xml_write_text(&body, apply_view(apply, "managed by %s", apply->name));
	buffer_append_text(
		&body, "</Comment><PrivateZone>true</PrivateZone></HostedZoneConfig></CreateHostedZoneRequest>");
	error = apply_xml(
		apply, CLIENT_ROUTE53, "POST", view_of(ROUTE53 "/hostedzone"), buffer_view(&body), true, &answer);
	if (error)
		return error;
	id = text_of(apply, xml_find(xml_find(answer, "HostedZone"), "Id"));
	zone->id = strrchr(id, '/') ? strrchr(id, '/') + 1 : id;
	apply_depend(apply, "hostedzone", zone->id);
	step->result = apply_text(apply, "id %s", zone->id);
	return 0;
}

/* The zone of an alias, looked for once. */
static int find_zone(struct apply *apply, const struct json *wish, struct apply_zone **ret)
{
	const char *name = full_name(apply, json_find_c_string(wish, "zone")),
		   *vpc_id = json_find_c_string(wish, "vpcId");
	struct apply_zone **last = &apply->zones, *zone;
	int error;

	for (; *last; last = &(*last)->next)
		if (strcmp((*last)->name, name) == 0 && strcmp((*last)->vpc_id, vpc_id) == 0) {
			*ret = *last;
			return 0;
		}
	zone = ARENA_NEW(&apply->cli->arena, struct apply_zone);
	ASSERT(zone);
	*zone = (struct apply_zone){ .name = name, .vpc_id = vpc_id };
	error = look_for(apply, zone);
	if (error)
		return error;
	apply_depend(apply, "hostedzone", zone->id);
	if (!zone->id)
		apply_step_add(
			apply, APPLY_CREATE, APPLY_RANK_ALIAS, run_zone, zone, "private zone %s for %s", name, vpc_id);
	*last = zone;
	*ret = zone;
	return 0;
}

/* --- endpoints -------------------------------------------------------------------------------------------------------------- */

/* Where an alias to the endpoint leads. */
static int find_endpoint(struct apply *apply, struct alias *alias, const char *id)
{
	const struct xml_element *answer = NULL, *endpoint, *entry;
	struct view type;
	int error = apply_xml(apply, CLIENT_EC2, "POST", view_of("/"),
		apply_view(apply, "Action=DescribeVpcEndpoints&Version=2016-11-15&VpcEndpointId.1=%s",
			client_encode(apply->cli, id)),
		false, &answer);

	if (error)
		return error;
	endpoint = xml_find(xml_find(answer, "vpcEndpointSet"), "item");
	entry = xml_find(xml_find(endpoint, "dnsEntrySet"), "item");
	if (!entry)
		return cli_fail(apply->cli, VIEW_FMT ": domain %s: the endpoint %s has no names",
			VIEW_ARG(json_find_text(alias->domain->wish, APPLY_PLACE)), alias->domain->name, id);
	alias->target = full_name(apply, text_of(apply, xml_find(entry, "dnsName")));
	alias->target_zone = text_of(apply, xml_find(entry, "hostedZoneId"));
	type = view_from_text(text_of(apply, xml_find(endpoint, "ipAddressType")));
	alias->has_ipv4 = !view_equals_text(type, "ipv6");
	alias->has_ipv6 = view_equals_text(type, "ipv6") || view_equals_text(type, "dualstack");
	return 0;
}

/* --- records ---------------------------------------------------------------------------------------------------------------- */

/* The record set of that name and type, or NULL. */
static int find_record(
	struct apply *apply, const char *zone_id, const char *name, const char *type, const struct xml_element **ret)
{
	const struct xml_element *answer = NULL, *sets;
	int error = get(apply,
		apply_view(apply, ROUTE53 "/hostedzone/%s/rrset?name=%s&type=%s&maxitems=1",
			client_encode(apply->cli, zone_id), client_encode(apply->cli, name), type),
		&answer);

	*ret = NULL;
	if (error)
		return error;
	sets = xml_find(answer, "ResourceRecordSets");
	for (const struct xml_element *set = sets ? sets->children : NULL; set; set = set->next)
		if (xml_find(set, "Name") && xml_find(set, "Type") &&
			view_equals_text(xml_find(set, "Name")->text, name) &&
			view_equals_text(xml_find(set, "Type")->text, type))
			*ret = set;
	return 0;
}

static void append_change(struct buffer *body, const char *action, const char *name, const char *type,
	const char *target, const char *target_zone, const char *evaluates)
{
	buffer_printf(body, "<Change><Action>%s</Action><ResourceRecordSet><Name>", action);
	xml_write_text(body, view_from_text(name));
	buffer_printf(
		body, "</Name><Type>%s</Type><AliasTarget><HostedZoneId>%s</HostedZoneId><DNSName>", type, target_zone);
	xml_write_text(body, view_from_text(target));
	buffer_printf(body,
		"</DNSName><EvaluateTargetHealth>%s</EvaluateTargetHealth></AliasTarget></ResourceRecordSet></Change>",
		evaluates);
}

static int change_records(struct apply *apply, const char *zone_id, struct view changes)
{
	const struct xml_element *answer = NULL;

	return apply_xml(apply, CLIENT_ROUTE53, "POST",
		apply_view(apply, ROUTE53 "/hostedzone/%s/rrset", client_encode(apply->cli, zone_id)),
		apply_view(apply,
			"<ChangeResourceRecordSetsRequest xmlns=\"" NAMESPACE "\"><ChangeBatch><Changes>" VIEW_FMT
			"</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>",
			VIEW_ARG(changes)),
		true, &answer);
}

/* The domain notes where it has aliases, so that they can be pruned with it. */
static int set_tag(struct apply *apply, const struct alias *alias)
{
	struct apply_domain *domain = alias->domain;
	struct apply_tags tags = { .set = apply_keep(apply, json_object_new()) };

	if (domain->zone_ids && strstr(domain->zone_ids, alias->zone->id))
		return 0;
	domain->zone_ids = apply_text(apply, "%s%s%s", domain->zone_ids ? domain->zone_ids : "",
		domain->zone_ids ? " " : "", alias->zone->id);
	json_set_c_string(tags.set, APPLY_TAG_ZONES, domain->zone_ids);
	return apply_tags_change(apply, domain->arn, &tags);
}

static int run_alias(struct apply *apply, struct apply_step *step)
{
	struct alias *alias = step->subject;
	const char *name = full_name(apply, alias->domain->name);
	struct buffer body;
	int error;

	buffer_init_arena(&body, &apply->cli->arena, 16384);
	if (alias->has_ipv4)
		append_change(&body, "UPSERT", name, "A", alias->target, alias->target_zone, "false");
	if (alias->has_ipv6)
		append_change(&body, "UPSERT", name, "AAAA", alias->target, alias->target_zone, "false");
	error = alias->sets_tag ? set_tag(apply, alias) : 0;
	return error ? error : change_records(apply, alias->zone->id, buffer_view(&body));
}

/* Does a record of that type have to be written? Lines say what is there instead. */
static int plan_record(struct apply *apply, const struct alias *alias, const char *type, struct json *lines)
{
	const struct xml_element *set = NULL, *target;
	int error = alias->zone->id
			    ? find_record(apply, alias->zone->id, full_name(apply, alias->domain->name), type, &set)
			    : 0;

	if (error)
		return error;
	target = xml_find(set, "AliasTarget");
	if (target && view_equals_text(xml_find(target, "DNSName")->text, alias->target) &&
		view_equals_text(xml_find(target, "HostedZoneId")->text, alias->target_zone))
		return 0;
	json_append(lines, json_text_new_printf("%s: %s%s%s", type,
				   target ? text_of(apply, xml_find(target, "DNSName"))
				   : set  ? "(no alias)"
					  : "",
				   set ? " -> " : "", alias->target));
	return 0;
}

static int plan_alias(struct apply *apply, struct apply_domain *domain, const struct json *wish)
{
	struct alias *alias = ARENA_NEW(&apply->cli->arena, struct alias);
	struct json *lines = apply_keep(apply, json_array_new());
	int error;

	ASSERT(alias);
	alias->domain = domain;
	alias->sets_tag = !domain->existing || apply_owns(apply, json_find(domain->existing, "tags"));
	error = find_zone(apply, wish, &alias->zone);
	if (!error)
		error = find_endpoint(apply, alias, json_find_c_string(wish, "endpoint"));
	if (!error && alias->has_ipv4)
		error = plan_record(apply, alias, "A", lines);
	if (!error && alias->has_ipv6)
		error = plan_record(apply, alias, "AAAA", lines);
	if (error || !json_count(lines))
		return error;
	apply_step_add(apply, APPLY_CREATE, APPLY_RANK_ALIAS, run_alias, alias, "alias %s in zone %s of %s",
		domain->name, alias->zone->name, alias->zone->vpc_id)
		->lines = lines;
	return 0;
}

int apply_plan_aliases(struct apply *apply, struct apply_domain *domain)
{
	JSON_EACH(wish, json_find(domain->wish, "aliases"))
	{
		int error = plan_alias(apply, domain, wish);

		if (error)
			return error;
	}
	return domain->existing && apply_owns(apply, json_find(domain->existing, "tags"))
		       ? apply_prune_aliases(apply, domain->existing, domain)
		       : 0;
}

/* --- pruning ---------------------------------------------------------------------------------------------------------------- */

/* An alias that goes. */
struct ending {
	struct view changes;
	const char *zone_id;
	struct apply_domain *domain; /* NULL: it goes, too */
};

/* The domain does not have the zone any more. */
static int unset_tag(struct apply *apply, const struct ending *ending)
{
	struct apply_tags tags = { .set = apply_keep(apply, json_object_new()),
		.unset = apply_keep(apply, json_array_new()) };
	struct view rest = view_from_text(ending->domain->zone_ids ? ending->domain->zone_ids : ""), id;
	const char *left = "";

	while (rest.count && view_split(&rest, ' ', &id))
		if (!view_equals_text(id, ending->zone_id))
			left = apply_text(apply, "%s%s" VIEW_FMT, left, *left ? " " : "", VIEW_ARG(id));
	ending->domain->zone_ids = *left ? left : NULL;
	if (*left)
		json_set_c_string(tags.set, APPLY_TAG_ZONES, left);
	else
		json_append_text(tags.unset, view_of(APPLY_TAG_ZONES));
	return apply_tags_change(apply, ending->domain->arn, &tags);
}

static int run_end(struct apply *apply, struct apply_step *step)
{
	const struct ending *ending = step->subject;
	int error = change_records(apply, ending->zone_id, ending->changes);

	return error || !ending->domain ? error : unset_tag(apply, ending);
}

/* A step that takes away what the zone has of the name, if it has. */
static int prune_zone(struct apply *apply, const char *name, const char *zone_id, struct apply_domain *domain)
{
	static const char *const types[] = { "A", "AAAA" };
	struct ending *ending;
	struct buffer body;

	buffer_init_arena(&body, &apply->cli->arena, 16384);
	for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
		const struct xml_element *set = NULL, *target;
		bool was_quiet = apply->cli->quiet;
		int error;

		/* The zone may be gone, and with it the alias. */
		apply->cli->quiet = true;
		error = find_record(apply, zone_id, name, types[i], &set);
		apply->cli->quiet = was_quiet;
		if (error && apply->last_status == 404)
			return 0;
		if (error)
			return cli_fail(apply->cli, "alias %s in zone %s: %s", name, zone_id, apply->cli->said);
		target = xml_find(set, "AliasTarget");
		if (target)
			append_change(&body, "DELETE", name, types[i], text_of(apply, xml_find(target, "DNSName")),
				text_of(apply, xml_find(target, "HostedZoneId")),
				text_of(apply, xml_find(target, "EvaluateTargetHealth")));
	}
	if (!body.count)
		return 0;
	if (!apply->prune) {
		apply_note(
			apply, "alias %s in zone %s is not in the files any more: --prune deletes it", name, zone_id);
		return 0;
	}
	apply_depend(apply, "hostedzone", zone_id);
	ending = ARENA_NEW(&apply->cli->arena, struct ending);
	ASSERT(ending);
	*ending = (struct ending){ apply_view(apply, VIEW_FMT, VIEW_ARG(buffer_view(&body))), zone_id, domain };
	apply_step_add(
		apply, APPLY_DELETE, APPLY_RANK_END_ALIAS, run_end, ending, "alias %s in zone %s", name, zone_id);
	return 0;
}

int apply_prune_aliases(struct apply *apply, const struct json *domain, struct apply_domain *wanted)
{
	struct view rest = json_find_text(json_find(domain, "tags"), APPLY_TAG_ZONES), id;
	const char *name = full_name(apply, json_find_c_string(domain, "domainName"));

	while (rest.count && view_split(&rest, ' ', &id)) {
		bool is_wanted = false;
		int error;

		JSON_EACH(wish, wanted ? json_find(wanted->wish, "aliases") : NULL)
		for (const struct apply_zone *zone = apply->zones; zone; zone = zone->next)
			is_wanted =
				is_wanted ||
				(zone->id && view_equals_text(id, zone->id) &&
					view_equals_text(json_find_text(wish, "vpcId"), zone->vpc_id) &&
					strcmp(full_name(apply, json_find_c_string(wish, "zone")), zone->name) == 0);
		error = is_wanted ? 0 : prune_zone(apply, name, apply_text(apply, VIEW_FMT, VIEW_ARG(id)), wanted);
		if (error)
			return error;
	}
	return 0;
}
