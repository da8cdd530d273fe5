/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/model/snapshot.h"

const struct snapshot_endpoint *snapshot_endpoint_find(const struct snapshot *snapshot, struct view id)
{
	return (const struct snapshot_endpoint *)(void *)catalog_find(&snapshot->endpoints, id);
}

const struct snapshot_api *snapshot_api_find(const struct snapshot *snapshot, struct view id)
{
	return (const struct snapshot_api *)(void *)catalog_find(&snapshot->apis, id);
}

const struct snapshot_stage *snapshot_stage_find(const struct snapshot_api *api, struct view name)
{
	size_t low = 0, high = api->stage_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = view_compare(api->stages[middle]->name, name);

		if (order == 0)
			return api->stages[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

struct view snapshot_variable(const struct snapshot_variables *variables, struct view name)
{
	size_t low = 0, high = variables->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = view_compare(variables->at[middle].name, name);

		if (order == 0)
			return variables->at[middle].value;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return (struct view){ 0 };
}

bool snapshot_is_associated(const struct snapshot_deployment *deployment, struct view endpoint_id)
{
	for (size_t i = 0; i < deployment->vpc_endpoint_id_count; i++) {
		if (view_equals(deployment->vpc_endpoint_ids[i], endpoint_id))
			return true;
	}
	return false;
}

bool snapshot_api_is_associated(const struct snapshot_api *api, struct view endpoint_id)
{
	for (size_t i = 0; i < api->stage_count; i++) {
		if (snapshot_is_associated(api->stages[i]->deployment, endpoint_id))
			return true;
	}
	return false;
}

static const struct snapshot_domain *host_find(
	const struct snapshot *snapshot, struct view endpoint_id, struct view host)
{
	const struct snapshot_host *entry =
		(const struct snapshot_host *)(void *)catalog_find_pair(&snapshot->hosts, endpoint_id, host);

	return entry ? entry->domain : NULL;
}

const struct snapshot_domain *snapshot_domain_find(
	const struct snapshot *snapshot, struct view endpoint_id, struct view host)
{
	const struct snapshot_domain *domain = host_find(snapshot, endpoint_id, host);
	char wildcard[256];
	size_t dot;

	if (domain)
		return domain;
	dot = view_find_byte(host, '.');
	if (dot == VIEW_NOWHERE || host.count - dot + 1 > sizeof wildcard)
		return NULL;
	wildcard[0] = '*';
	memcpy(wildcard + 1, host.at + dot, host.count - dot);
	return host_find(snapshot, endpoint_id, view_from(wildcard, host.count - dot + 1));
}

/* Does `base` serve `path` (without its leading slash)? On a single-level domain whole segments are compared, else bytes. */
static bool base_path_serves(const struct snapshot_domain *domain, struct view base, struct view path)
{
	if (!view_starts_with(path, base))
		return false;
	return domain->multi_level || base.count == 0 || path.count == base.count || path.at[base.count] == '/';
}

const struct snapshot_base_path *snapshot_base_path_find(
	const struct snapshot_domain *domain, struct view path, struct view *ret_rest)
{
	struct view relative = path;

	while (relative.count > 0 && relative.at[0] == '/')
		relative = view_after(relative, 1);
	for (size_t i = 0; i < domain->base_path_count; i++) {
		const struct snapshot_base_path *base = &domain->base_paths[i];

		if (!base_path_serves(domain, base->path, relative))
			continue;
		/* The path as it came, if nothing is stripped: its slashes are the route's business. */
		*ret_rest = base->path.count == 0 ? path : view_after(relative, base->path.count);
		return base;
	}
	return NULL;
}

struct tls_server_context *snapshot_tls_context_find(
	const struct snapshot *snapshot, struct view endpoint_id, struct view server_name)
{
	const struct snapshot_domain *domain = NULL;
	const struct snapshot_certificate *certificate = NULL;

	if (server_name.count > 0)
		domain = snapshot_domain_find(snapshot, endpoint_id, server_name);
	if (domain && domain->certificate_arn.count > 0)
		certificate = (const struct snapshot_certificate *)(void *)catalog_find(
			&snapshot->certificates, domain->certificate_arn);
	if (!certificate)
		certificate = (const struct snapshot_certificate *)(void *)catalog_find(
			&snapshot->certificates, view_of("default"));
	return certificate ? certificate->context : NULL;
}

/* Cut the last label off `*name` (final dot included): "a.b." gives "b" and leaves "a.". False at the root. */
static bool last_label(struct view *name, struct view *ret_label)
{
	size_t dot;

	if (name->count < 2)
		return false;
	dot = view_find_last_byte(view_part(*name, 0, name->count - 1), '.');
	*ret_label = dot == VIEW_NOWHERE ? view_part(*name, 0, name->count - 1)
					 : view_part(*name, dot + 1, name->count - dot - 2);
	name->count = dot == VIEW_NOWHERE ? 0 : dot + 1;
	return true;
}

int snapshot_name_compare(struct view left, struct view right)
{
	struct view left_label, right_label;

	for (;;) {
		bool left_more = last_label(&left, &left_label), right_more = last_label(&right, &right_label);
		int order;

		if (!left_more || !right_more)
			return (int)left_more - (int)right_more;
		order = view_compare(left_label, right_label);
		if (order)
			return order;
	}
}

/* Is `name` the zone's own name, or below it? */
static bool is_in_zone(struct view name, struct view zone_name)
{
	if (!view_ends_with(name, zone_name))
		return false;
	return name.count == zone_name.count || zone_name.count == 1 ||
	       name.at[name.count - zone_name.count - 1] == '.';
}

static bool zone_has_vpc(const struct snapshot_zone *zone, struct view vpc_id)
{
	for (size_t i = 0; i < zone->vpc_count; i++) {
		if (view_equals(zone->vpc_ids[i], vpc_id))
			return true;
	}
	return false;
}

/* What zone_visit() looks for and has found. */
struct zone_search {
	struct view vpc_id, name;
	const struct snapshot_zone *best;
};

static int zone_visit(void *context, struct catalog_object *object)
{
	struct zone_search *search = context;
	const struct snapshot_zone *zone = (const struct snapshot_zone *)(void *)object;

	if (!is_in_zone(search->name, zone->name) || !zone_has_vpc(zone, search->vpc_id))
		return 0;
	if (!search->best || zone->name.count > search->best->name.count)
		search->best = zone;
	return 0;
}

const struct snapshot_zone *snapshot_zone_find(const struct snapshot *snapshot, struct view vpc_id, struct view name)
{
	struct zone_search search = { .vpc_id = vpc_id, .name = name };

	catalog_each(&snapshot->zones, zone_visit, &search);
	return search.best;
}

/* The first record set whose name is not before `name`. */
static size_t record_sets_lower_bound(const struct snapshot_zone *zone, struct view name)
{
	size_t low = 0, high = zone->record_set_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (snapshot_name_compare(zone->record_sets[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct snapshot_record_set *snapshot_record_sets_find(
	const struct snapshot_zone *zone, struct view name, size_t *ret_count)
{
	size_t first = record_sets_lower_bound(zone, name), end = first;

	while (end < zone->record_set_count && view_equals(zone->record_sets[end].name, name))
		end++;
	*ret_count = end - first;
	return end > first ? &zone->record_sets[first] : NULL;
}

bool snapshot_zone_has_below(const struct snapshot_zone *zone, struct view name)
{
	size_t at = record_sets_lower_bound(zone, name);

	while (at < zone->record_set_count && view_equals(zone->record_sets[at].name, name))
		at++;
	return at < zone->record_set_count && is_in_zone(zone->record_sets[at].name, name);
}
