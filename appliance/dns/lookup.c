/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/dns/lookup.h"

#include <errno.h>

#include "appliance/base/assert.h"
#include "appliance/base/buffer.h"
#include "appliance/dns/rdata.h"
#include "appliance/model/snapshot.h"

/* Where a question was put: the snapshot, and the endpoint whose VPC it sees. */
struct scene {
	struct lookup *lookup;
	const struct snapshot *snapshot;
	const struct snapshot_endpoint *endpoint;
	uint16_t type;
	struct view public_suffix;  /* "execute-api.{region}.vpce.amazonaws.com." */
	struct view private_suffix; /* "execute-api.{region}.amazonaws.com." */
};

/* What became of a name. */
enum outcome {
	FOUND,    /* records were added */
	NO_DATA,  /* the name exists, but not with this type */
	NO_NAME,  /* the name does not exist */
	NOT_OURS, /* it is in none of our zones */
	LOOPED,   /* aliases that lead nowhere */
};

/* --- records ------------------------------------------------------------------------------------------------------------ */

/* Room for a record's data; the record is added by commit_record(). NULL if the answer is full. */
static uint8_t *record_room(struct lookup *lookup)
{
	if (lookup->record_count == LOOKUP_RECORDS_MAX || lookup->data_bytes + RDATA_MAX_BYTES > LOOKUP_DATA_BYTES)
		return NULL;
	return lookup->data + lookup->data_bytes;
}

static void commit_record(struct lookup *lookup, struct view owner, uint16_t type, uint32_t ttl_s, size_t data_bytes)
{
	lookup->records[lookup->record_count++] = (struct dns_record){
		.owner = owner,
		.type = type,
		.ttl_s = ttl_s,
		.data = lookup->data + lookup->data_bytes,
		.data_bytes = (uint16_t)data_bytes,
	};
	lookup->data_bytes += data_bytes;
}

static void add_data(
	struct lookup *lookup, struct view owner, uint16_t type, uint32_t ttl_s, const void *data, size_t data_bytes)
{
	uint8_t *room = record_room(lookup);

	if (!room)
		return;
	memcpy(room, data, data_bytes);
	commit_record(lookup, owner, type, ttl_s, data_bytes);
}

/* All values of a set. True if there was at least one that could be written. */
static bool add_set(struct lookup *lookup, struct view owner, const struct snapshot_record_set *set)
{
	uint16_t type = rdata_type(set->type);
	bool added = false;

	for (size_t i = 0; i < set->value_count; i++) {
		uint8_t *room = record_room(lookup);
		long written = room ? rdata_from_text(type, set->values[i], room, RDATA_MAX_BYTES) : -ENOBUFS;

		if (written < 0)
			continue;
		commit_record(lookup, owner, type, set->ttl_s, (size_t)written);
		added = true;
	}
	return added;
}

/* The SOA of a negative answer, with the TTL that RFC 2308 gives it. */
static void set_authority(struct lookup *lookup, struct view owner, uint32_t ttl_s, struct view soa_text)
{
	uint8_t *room = lookup->data + lookup->data_bytes;
	uint32_t minimum_s = rdata_soa_minimum_s(soa_text);
	long written;

	if (lookup->data_bytes + RDATA_MAX_BYTES > LOOKUP_DATA_BYTES)
		return;
	written = rdata_from_text(DNS_TYPE_SOA, soa_text, room, RDATA_MAX_BYTES);
	if (written < 0)
		return;
	lookup->authority = (struct dns_record){
		.owner = owner,
		.type = DNS_TYPE_SOA,
		.ttl_s = minimum_s < ttl_s ? minimum_s : ttl_s,
		.data = room,
		.data_bytes = (uint16_t)written,
	};
	lookup->data_bytes += (size_t)written;
}

/* --- names -------------------------------------------------------------------------------------------------------------- */

/* Is `name` `parent` or below it? Both with their final dot. `*ret_before` is what stands in front, without its dot. */
static bool is_within(struct view name, struct view parent, struct view *ret_before)
{
	if (!view_ends_with(name, parent))
		return false;
	*ret_before = view_part(name, 0, name.count - parent.count);
	if (ret_before->count == 0)
		return true;
	if (ret_before->at[ret_before->count - 1] != '.')
		return false;
	ret_before->count--;
	return true;
}

/* The name without its first label: "a.b." → "b."; "b." → ".". */
static struct view parent_of(struct view name)
{
	size_t dot = view_find_byte(name, '.');

	if (dot == VIEW_NOWHERE || dot + 1 == name.count)
		return view_of(".");
	return view_after(name, dot + 1);
}

/* --- names of endpoints ------------------------------------------------------------------------------------------------- */

/* Add the endpoint's addresses of the question's type, of one availability zone or of all (`zone` empty). */
static enum outcome add_addresses(
	struct scene *scene, const struct snapshot_endpoint *endpoint, struct view owner, struct view zone)
{
	enum outcome outcome = NO_DATA;

	for (size_t i = 0; i < endpoint->address_count; i++) {
		const struct snapshot_address *address = &endpoint->addresses[i];

		if (zone.count && !view_equals(address->availability_zone, zone))
			continue;
		if (scene->type == DNS_TYPE_A && address->has_ipv4 && (endpoint->dns_record_type & SNAPSHOT_DNS_IPV4)) {
			add_data(scene->lookup, owner, DNS_TYPE_A, LOOKUP_ENDPOINT_TTL_S, &address->ipv4, 4);
			outcome = FOUND;
		} else if (scene->type == DNS_TYPE_AAAA && address->has_ipv6 &&
			   (endpoint->dns_record_type & SNAPSHOT_DNS_IPV6)) {
			add_data(scene->lookup, owner, DNS_TYPE_AAAA, LOOKUP_ENDPOINT_TTL_S, &address->ipv6, 16);
			outcome = FOUND;
		}
	}
	return outcome;
}

static bool has_zone(const struct snapshot_endpoint *endpoint, struct view zone)
{
	for (size_t i = 0; i < endpoint->address_count; i++)
		if (view_equals(endpoint->addresses[i].availability_zone, zone))
			return true;
	return false;
}

/* The endpoint whose id `label` begins with, and what follows the id; NULL if there is none. */
static const struct snapshot_endpoint *endpoint_in_label(
	const struct scene *scene, struct view label, struct view *ret_rest)
{
	static const struct view prefix = VIEW_INIT("vpce-");
	size_t end = prefix.count;

	if (!view_starts_with(label, prefix))
		return NULL;
	while (end < label.count && label.at[end] != '-')
		end++;
	*ret_rest = view_after(label, end);
	return snapshot_endpoint_find(scene->snapshot, view_part(label, 0, end));
}

/* Below execute-api.{region}.vpce.amazonaws.com: public names, whichever VPC asks. */
static enum outcome find_public_name(struct scene *scene, struct view label, struct view owner)
{
	const struct snapshot_endpoint *endpoint;
	struct view rest, zone;

	if (label.count == 0)
		return NO_DATA;
	endpoint = endpoint_in_label(scene, label, &rest);
	if (!endpoint || rest.count < 2 || !view_starts_with(view_after(rest, 1), endpoint->dns_suffix))
		return NO_NAME;
	zone = view_after(rest, 1 + endpoint->dns_suffix.count);
	if (zone.count == 0)
		return add_addresses(scene, endpoint, owner, zone);
	if (zone.at[0] != '-' || !has_zone(endpoint, view_after(zone, 1)))
		return NO_NAME;
	return add_addresses(scene, endpoint, owner, view_after(zone, 1));
}

struct private_dns_search {
	struct view vpc_id;
	const struct snapshot_endpoint *found;
};

static int look_for_private_dns(void *context, struct catalog_object *object)
{
	struct private_dns_search *search = context;
	const struct snapshot_endpoint *endpoint = (const struct snapshot_endpoint *)(const void *)object;

	if (endpoint->private_dns_enabled && view_equals(endpoint->vpc_id, search->vpc_id))
		search->found = endpoint;
	return search->found ? -EEXIST : 0;
}

/* The endpoint that owns the private DNS names in this VPC, or NULL. */
static const struct snapshot_endpoint *private_dns_owner(const struct scene *scene)
{
	struct private_dns_search search = { .vpc_id = scene->endpoint->vpc_id };

	if (scene->endpoint->private_dns_enabled)
		return scene->endpoint;
	(void)catalog_each(&scene->snapshot->endpoints, look_for_private_dns, &search);
	return search.found;
}

/* "{api}-{vpce}": the endpoint, if an API with that id was deployed with that association. */
static const struct snapshot_endpoint *associated_endpoint(const struct scene *scene, struct view label)
{
	size_t at = view_find(label, view_of("-vpce-"));
	const struct snapshot_endpoint *endpoint;
	const struct snapshot_api *api;

	if (at == VIEW_NOWHERE)
		return NULL;
	endpoint = snapshot_endpoint_find(scene->snapshot, view_after(label, at + 1));
	api = endpoint ? snapshot_api_find(scene->snapshot, view_part(label, 0, at)) : NULL;
	return api && snapshot_api_is_associated(api, endpoint->id) ? endpoint : NULL;
}

/* execute-api.{region}.amazonaws.com and below: ours while an endpoint of the VPC has private DNS, else single names of it. */
static enum outcome find_private_name(struct scene *scene, struct view label, struct view owner)
{
	const struct snapshot_endpoint *owner_endpoint = private_dns_owner(scene),
				       *associated = associated_endpoint(scene, label);

	if (view_find_byte(label, '.') != VIEW_NOWHERE)
		return owner_endpoint ? NO_NAME : NOT_OURS;
	if (associated)
		return add_addresses(scene, associated, owner, (struct view){ 0 });
	return owner_endpoint ? add_addresses(scene, owner_endpoint, owner, (struct view){ 0 }) : NOT_OURS;
}

static enum outcome find_endpoint_name(struct scene *scene, struct view name, struct view owner)
{
	struct view label;

	if (is_within(name, scene->public_suffix, &label))
		return find_public_name(scene, label, owner);
	if (is_within(name, scene->private_suffix, &label))
		return find_private_name(scene, label, owner);
	return NOT_OURS;
}

/* The zone of endpoint names that `name` lies in; empty if it lies in none. */
static struct view endpoint_zone_of(const struct scene *scene, struct view name)
{
	struct view ignored;

	if (is_within(name, scene->public_suffix, &ignored))
		return scene->public_suffix;
	return is_within(name, scene->private_suffix, &ignored) ? scene->private_suffix : (struct view){ 0 };
}

/* The SOA of the zones that are made of endpoint names. */
static struct view endpoint_soa(void)
{
	return view_of("ns.postern.internal. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 60");
}

/* --- hosted zones --------------------------------------------------------------------------------------------------------- */

static const struct snapshot_record_set *set_of_type(
	const struct snapshot_record_set *sets, size_t count, struct view type)
{
	for (size_t i = 0; i < count; i++)
		if (view_equals(sets[i].type, type))
			return &sets[i];
	return NULL;
}

static const struct snapshot_record_set *set_of_number(
	const struct snapshot_record_set *sets, size_t count, uint16_t type)
{
	for (size_t i = 0; i < count; i++)
		if (type && rdata_type(sets[i].type) == type)
			return &sets[i];
	return NULL;
}

/*
 * The sets of `name` in `zone`, or of the wildcard that stands for it (RFC 4592: at the closest encloser, and only there).
 * `*ret_exists` tells a name without sets of its own from one that is not there.
 */
static const struct snapshot_record_set *find_sets(
	const struct snapshot_zone *zone, struct view name, size_t *ret_count, bool *ret_exists)
{
	const struct snapshot_record_set *sets = snapshot_record_sets_find(zone, name, ret_count);
	char wildcard[DNS_NAME_TEXT_MAX_CHARS + 4];
	struct view encloser = name;
	size_t ignored;

	*ret_exists = sets || snapshot_zone_has_below(zone, name) || view_equals(name, zone->name);
	if (*ret_exists)
		return sets;
	do
		encloser = parent_of(encloser);
	while (!view_equals(encloser, zone->name) && !snapshot_record_sets_find(zone, encloser, &ignored) &&
		!snapshot_zone_has_below(zone, encloser));
	wildcard[0] = '*';
	wildcard[1] = '.';
	memcpy(wildcard + 2, encloser.at, encloser.count);
	sets = snapshot_record_sets_find(zone, view_from(wildcard, encloser.count + 2), ret_count);
	*ret_exists = sets != NULL;
	return sets;
}

/*
 * The records that an alias stands for: of the same type at the target, under the alias's own name. The target is a name
 * of an endpoint or one of the same zone.
 */
static enum outcome follow_alias(struct scene *scene, const struct snapshot_zone *zone,
	const struct snapshot_record_set *alias, struct view owner)
{
	for (unsigned int hops = 0; hops < LOOKUP_CHAIN_MAX; hops++) {
		struct view target = alias->alias_target, ignored;
		const struct snapshot_record_set *sets, *set;
		enum outcome outcome;
		size_t count;
		bool exists;

		if (!is_within(target, zone->name, &ignored)) {
			outcome = find_endpoint_name(scene, target, owner);
			return outcome == FOUND ? FOUND : NO_DATA;
		}
		sets = find_sets(zone, target, &count, &exists);
		set = set_of_type(sets, count, alias->type);
		if (!set)
			return NO_DATA;
		if (set->alias_target.count == 0)
			return add_set(scene->lookup, owner, set) ? FOUND : NO_DATA;
		alias = set;
	}
	return LOOPED;
}

/* RFC 8482: a question for all types gets one set, or a HINFO if the only ones are aliases. */
static enum outcome add_any(
	struct scene *scene, const struct snapshot_record_set *sets, size_t count, struct view owner)
{
	static const uint8_t hinfo[] = "\x07RFC8482"; /* and its NUL: an empty second string */

	for (size_t i = 0; i < count; i++)
		if (sets[i].alias_target.count == 0 && add_set(scene->lookup, owner, &sets[i]))
			return FOUND;
	add_data(scene->lookup, owner, DNS_TYPE_HINFO, 3600, hinfo, sizeof hinfo);
	return FOUND;
}

/* Was this CNAME's owner answered for already? */
static bool is_repeated(const struct lookup *lookup, struct view owner)
{
	for (size_t i = 0; i < lookup->record_count; i++)
		if (lookup->records[i].type == DNS_TYPE_CNAME && view_equals(lookup->records[i].owner, owner))
			return true;
	return false;
}

/* The owner of a record at `name`: the question's own name is empty, so that its letter case is that of the question. */
static struct view owner_of(struct view name, unsigned int hops)
{
	return hops == 0 ? (struct view){ 0 } : view_part(name, 0, name.count ? name.count - 1 : 0);
}

/* A CNAME's target in the snapshot's form, in `room`. Empty if it is no name. */
static struct view cname_target(const struct snapshot_record_set *set, char room[DNS_NAME_TEXT_MAX_CHARS + 2])
{
	size_t count;

	if (set->value_count == 0 || !dns_name_is_valid(set->values[0]) ||
		set->values[0].count > DNS_NAME_TEXT_MAX_CHARS)
		return (struct view){ 0 };
	count = dns_name_normalise(room, set->values[0]);
	room[count++] = '.';
	return view_from(room, count);
}

static enum outcome find_in_zone(struct scene *scene, const struct snapshot_zone *first_zone, struct view first_name,
	const struct snapshot_zone **ret_zone)
{
	const struct snapshot_zone *zone = first_zone;
	struct view name = first_name;

	for (unsigned int hops = 0;; hops++) {
		struct view owner = owner_of(name, hops);
		const struct snapshot_record_set *sets, *set;
		size_t count = 0;
		bool exists;

		*ret_zone = zone;
		sets = find_sets(zone, name, &count, &exists);
		if (!exists)
			return NO_NAME;
		if (scene->type == DNS_TYPE_ANY && sets)
			return add_any(scene, sets, count, owner);
		set = set_of_number(sets, count, scene->type);
		if (set && set->alias_target.count)
			return follow_alias(scene, zone, set, owner);
		if (set)
			return add_set(scene->lookup, owner, set) ? FOUND : NO_DATA;
		set = set_of_type(sets, count, view_of("CNAME"));
		if (!set)
			return NO_DATA;
		if (is_repeated(scene->lookup, owner) || !add_set(scene->lookup, owner, set) ||
			hops == LOOKUP_CHAIN_MAX)
			return FOUND;
		name = cname_target(set, scene->lookup->targets[hops]);
		/* A chain that comes back to its start: what was collected is the answer. */
		if (name.count == 0 || view_equals(name, first_name))
			return FOUND;
		zone = snapshot_zone_find(scene->snapshot, scene->endpoint->vpc_id, name);
		if (!zone) {
			/* The CNAME alone is an answer too. */
			(void)find_endpoint_name(scene, name, owner_of(name, 1));
			return FOUND;
		}
	}
}

static void set_zone_authority(struct scene *scene, const struct snapshot_zone *zone)
{
	size_t count;
	const struct snapshot_record_set *sets = snapshot_record_sets_find(zone, zone->name, &count);
	const struct snapshot_record_set *soa = set_of_type(sets, sets ? count : 0, view_of("SOA"));

	if (soa && soa->value_count)
		set_authority(
			scene->lookup, view_part(zone->name, 0, zone->name.count - 1), soa->ttl_s, soa->values[0]);
}

/* --- the answer ----------------------------------------------------------------------------------------------------------- */

/* The question's name in the snapshot's form: escapes undone, with its final dot. */
static struct view question_name(struct lookup *lookup, const struct dns_query *query)
{
	size_t count = 0;

	for (size_t i = 0; i < query->name_chars;) {
		const char *at = query->name + i;

		if (at[0] == '\\' && i + 3 < query->name_chars) {
			lookup->name[count++] = (char)((at[1] - '0') * 100 + (at[2] - '0') * 10 + (at[3] - '0'));
			i += 4;
		} else {
			lookup->name[count++] = at[0];
			i++;
		}
	}
	lookup->name[count++] = '.';
	return view_from(lookup->name, count);
}

static void scene_init(struct scene *scene, struct lookup *lookup, const struct snapshot *snapshot,
	const struct snapshot_endpoint *endpoint, uint16_t type)
{
	static const char *const forms[2] = { "execute-api." VIEW_FMT ".vpce.amazonaws.com.",
		"execute-api." VIEW_FMT ".amazonaws.com." };
	struct view *suffixes[2] = { &scene->public_suffix, &scene->private_suffix };

	scene->lookup = lookup;
	scene->snapshot = snapshot;
	scene->endpoint = endpoint;
	scene->type = type;
	for (size_t i = 0; i < 2; i++) {
		struct view region = view_part(snapshot->region, 0, LOOKUP_SUFFIX_MAX_BYTES / 2);
		struct buffer text;

		buffer_init_fixed(&text, lookup->suffixes[i], LOOKUP_SUFFIX_MAX_BYTES);
		buffer_printf(&text, forms[i], VIEW_ARG(region));
		*suffixes[i] = buffer_view(&text);
	}
}

static void finish(struct scene *scene, enum outcome outcome, struct dns_answer *ret)
{
	static const enum dns_rcode codes[] = {
		[FOUND] = DNS_NOERROR,
		[NO_DATA] = DNS_NOERROR,
		[NO_NAME] = DNS_NXDOMAIN,
		[NOT_OURS] = DNS_REFUSED,
		[LOOPED] = DNS_SERVFAIL,
	};
	struct lookup *lookup = scene->lookup;

	*ret = (struct dns_answer){
		.rcode = codes[outcome],
		.authoritative = outcome == FOUND || outcome == NO_DATA || outcome == NO_NAME,
		.answers = lookup->records,
		.answer_count = outcome == NOT_OURS || outcome == LOOPED ? 0 : lookup->record_count,
		.authority = (outcome == NO_DATA || outcome == NO_NAME) && lookup->authority.data ? &lookup->authority
												  : NULL,
	};
}

void lookup_answer(struct lookup *lookup, const struct snapshot *snapshot, struct view endpoint_id,
	const struct dns_query *query, struct dns_answer *ret)
{
	const struct snapshot_endpoint *endpoint = snapshot ? snapshot_endpoint_find(snapshot, endpoint_id) : NULL;
	const struct snapshot_zone *zone;
	struct view name, endpoint_zone;
	struct scene scene;
	enum outcome outcome;

	lookup->record_count = 0;
	lookup->data_bytes = 0;
	lookup->authority = (struct dns_record){ 0 };
	scene.lookup = lookup;
	if (!endpoint) {
		finish(&scene, NOT_OURS, ret);
		return;
	}
	scene_init(&scene, lookup, snapshot, endpoint, query->type);
	name = question_name(lookup, query);
	zone = snapshot_zone_find(snapshot, endpoint->vpc_id, name);
	endpoint_zone = endpoint_zone_of(&scene, name);
	/* The most specific zone answers: hosted zones may lie below those of endpoint names, or above them. */
	if (endpoint_zone.count && (!zone || zone->name.count <= endpoint_zone.count)) {
		outcome = find_endpoint_name(&scene, name, (struct view){ 0 });
		if (outcome != NOT_OURS) {
			if (outcome != FOUND)
				set_authority(lookup, view_part(endpoint_zone, 0, endpoint_zone.count - 1),
					LOOKUP_ENDPOINT_TTL_S, endpoint_soa());
			finish(&scene, outcome, ret);
			return;
		}
	}
	outcome = zone ? find_in_zone(&scene, zone, name, &zone) : NOT_OURS;
	if (outcome == NO_DATA || outcome == NO_NAME)
		set_zone_authority(&scene, zone);
	finish(&scene, outcome, ret);
}
