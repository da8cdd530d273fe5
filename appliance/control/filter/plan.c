/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/filter/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/base/log.h"
#include "appliance/control/endpoints.h"
#include "appliance/control/filter/filter.h"
#include "appliance/control/filter/security_groups.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"

/* --- places ------------------------------------------------------------------------------------------------------------------ */

static void forget_policy(struct filter_place *place)
{
	filter_gates_reset(&place->gates, 0);
	policy_free(place->policy);
	free(place->document);
	place->policy = NULL;
	place->document = NULL;
}

void filter_place_fini(struct filter_place *place)
{
	forget_policy(place);
	free(place);
}

static struct filter_place *place_of(struct control *control, const char *id)
{
	struct filter_place *place = table_find(&control->filter_places, view_from_text(id));

	if (place)
		return place;
	place = calloc(1, sizeof *place);
	ASSERT(place && strlen(id) < sizeof place->id);
	strcpy(place->id, id);
	place->serial = ++control->filter_serial;
	ASSERT(table_set(&control->filter_places, view_from_text(place->id), place, NULL) == 0);
	return place;
}

/* The endpoint's policy, read anew if its text is another one. */
static int read_policy(struct control *control, struct filter_place *place, struct view text)
{
	const struct policy_options options = { .kind = POLICY_KIND_ENDPOINT, .stored = true };
	int error = 0;

	if (place->document && view_equals_text(text, place->document))
		return 0;
	forget_policy(place);
	if (text.count)
		error = policy_parse(&place->policy, text.at, text.count, &options, NULL);
	if (error < 0)
		return error;
	place->document = strndup(text.count ? text.at : "", text.count);
	ASSERT(place->document);
	filter_gates_reset(&place->gates, ++control->filter_serial);
	return 0;
}

/* --- one endpoint ------------------------------------------------------------------------------------------------------------ */

/* A plan in the making. */
struct planner {
	struct control *control;
	struct call *call;
	struct filter_targets *targets;
	struct filter_ways ways;
	struct source_filter_way *drops; /* of the ways */
	size_t room;
};

static void make_room(struct planner *planner)
{
	if (planner->ways.count < planner->room)
		return;
	planner->room = planner->ways.count + 64;
	planner->drops = reallocarray(planner->drops, planner->room, sizeof *planner->drops);
	ASSERT(planner->drops);
}

/* While nothing can be called the endpoint's policy is asked alone. */
static int compile_alone(struct planner *planner, const struct source_filter_input *input, struct source_filter *ret)
{
	struct source_filter_part *gate;
	int error = source_filter_gate_new(&gate, NULL, input, SOURCE_FILTER_NO_TARGET);

	if (error < 0)
		return error;
	error = source_filter_combine(ret, NULL, 0, gate, filter_limit(planner->control), true);
	source_filter_part_free(gate);
	return error;
}

static int compile(struct planner *planner, struct filter_place *place, struct source_filter_input *input,
	struct source_filter *ret)
{
	struct filter_ways *ways = &planner->ways;
	size_t count = 0;
	int error = filter_targets_at(planner->targets, planner->call, place->id, ways);

	if (error < 0)
		return error;
	if (!ways->count)
		return compile_alone(planner, input, ret);
	make_room(planner);
	while (count < ways->count && error == 0) {
		struct source_filter_way *way = &planner->drops[count];

		error = filter_way_drops(
			planner->targets, ways->items[count++], input, place->serial, &place->gates, way);
		/* Behind a way that drops nothing, no other matters. */
		if (error == 0 && !source_filter_part_count(way->gate) && !source_filter_part_count(way->part))
			break;
	}
	if (error < 0)
		return error;
	/* What reasons name. */
	input->targets = &ways->items[0]->target;
	input->target_count = 1;
	return source_filter_combine(ret, planner->drops, count, NULL, filter_limit(planner->control), true);
}

/* Which sources the endpoint's security groups admit. */
static int add_admissions(struct planner *planner, const struct json *endpoint, struct filter_load *load)
{
	size_t count = 0;
	int error;

	load->admissions = calloc(SECURITY_GROUP_ADMISSIONS_MAX, sizeof *load->admissions);
	ASSERT(load->admissions);
	error = security_groups_admissions(
		planner->call, endpoint, load->admissions, SECURITY_GROUP_ADMISSIONS_MAX, &count);
	load->order.admission_count = (uint32_t)count;
	load->order.flags |= VERB_FILTER_LOAD_RULES;
	return error < 0 ? error : planner->call->store_error;
}

static int plan_endpoint(struct planner *planner, const struct json *endpoint, struct filter_load *load)
{
	const struct control_settings *settings = &planner->control->settings;
	const char *id = json_find_c_string(endpoint, "vpcEndpointId"), *vpc_id = json_find_c_string(endpoint, "vpcId");
	struct filter_place *place = place_of(planner->control, id);
	struct source_filter_input input = { .endpoint_id = policy_text_of(place->id),
		.vpc_id = policy_text_of(vpc_id) };
	struct source_filter filter;
	int error = read_policy(planner->control, place, json_find_text(endpoint, "policyDocument"));

	if (error < 0)
		return error;
	input.endpoint_policy = place->policy;
	error = compile(planner, place, &input, &filter);
	if (error < 0)
		return error;
	filter_load_init(load, &filter, &input);
	source_filter_fini(&filter);
	memcpy(load->order.id, place->id, sizeof load->order.id);
	load->order.mode = (uint32_t)filter_mode_of(endpoint_filter_mode(endpoint));
	load->order.dns = filter_dns_of(settings->filter_dns);
	load->order.flags = settings->filter_cut_connections ? VERB_FILTER_LOAD_CUT : 0;
	error = add_admissions(planner, endpoint, load);
	if (error < 0)
		filter_load_fini(load);
	return error;
}

/* --- all of them ------------------------------------------------------------------------------------------------------------- */

static bool has_addresses(const struct json *endpoint)
{
	return json_count(json_find(json_find(endpoint, "postern"), "addresses")) > 0;
}

static void plan_all(struct planner *planner, const struct json *endpoints, struct filter_plan *plan)
{
	plan->loads = calloc(json_count(endpoints) + 1, sizeof *plan->loads);
	ASSERT(plan->loads);
	JSON_EACH(endpoint, endpoints)
	{
		int error;

		if (endpoint_is_builtin(endpoint) || !has_addresses(endpoint))
			continue;
		error = plan_endpoint(planner, endpoint, &plan->loads[plan->count]);
		if (error == 0) {
			plan->count++;
			continue;
		}
		plan->incomplete = true;
		log_error("the source filter of an endpoint can't be derived",
			LOG_VIEW("endpoint", json_find_text(endpoint, "vpcEndpointId")), LOG_ERRNO(error));
	}
}

int filter_plan_make(struct filter_plan *ret, struct control *control)
{
	const struct call_request nothing = { .received_wall_ms = 0 };
	struct planner planner = { .control = control, .targets = &control->filter_targets };
	struct json JSON_CLEANUP *endpoints = NULL;
	struct call call;
	int error;

	*ret = (struct filter_plan){ 0 };
	/* A call of its own: what can't be read here is no failure of a call that is under way. */
	call_init(&call, control, &nothing);
	planner.call = &call;
	endpoints = record_list(&call, STORE_vpcendpoint, NULL);
	error = call.store_error;
	if (error == 0)
		error = filter_targets_gather(planner.targets, &call);
	if (error == 0) {
		plan_all(&planner, endpoints, ret);
		error = call.store_error;
	}
	if (error == 0)
		filter_targets_sweep(planner.targets);
	else
		filter_plan_fini(ret);
	filter_ways_fini(&planner.ways);
	free(planner.drops);
	call_fini(&call);
	return error;
}

void filter_plan_fini(struct filter_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		filter_load_fini(&plan->loads[i]);
	free(plan->loads);
	*plan = (struct filter_plan){ 0 };
}
