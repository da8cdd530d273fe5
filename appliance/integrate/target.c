/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/integrate/target.h"

#include <errno.h>

#include "appliance/base/target_state.h"
#include "appliance/base/buffer.h"

/* Longest text with stage variables: an ARN has 2,048 bytes at most. */
#define TEXT_MAX_BYTES 2048

struct view target_text(
	struct arena *arena, const struct integration_uri *parts, const struct snapshot_variables *variables)
{
	struct buffer text;

	if (parts->is_fixed || parts->part_count == 0)
		return parts->part_count ? parts->text : view_of("");
	buffer_init_arena(&text, arena, TEXT_MAX_BYTES);
	for (size_t i = 0; i < parts->part_count; i++)
		buffer_append(&text, parts->parts[i].kind == INTEGRATION_URI_STAGE_VARIABLE
					     ? snapshot_variable(variables, parts->parts[i].text)
					     : parts->parts[i].text);
	if (buffer_error(&text))
		return (struct view){ 0 };
	return text.count ? buffer_view(&text) : view_of("");
}

/* ---- from link to group ---- */

/* The listener that the URI's port chooses, or the one that integrationTarget names. */
static const struct snapshot_balancer_listener *find_listener(
	const struct snapshot_load_balancer *balancer, struct view arn, uint16_t port)
{
	for (size_t i = 0; arn.count && i < balancer->listener_count; i++)
		if (view_equals(balancer->listeners[i].arn, arn))
			return &balancer->listeners[i];
	return load_balancer_listener_find(balancer, port);
}

/* Of several groups each gets the share of turns that its weight says, evenly spread by multiples of the golden ratio. */
static const struct snapshot_target_group *choose_group(const struct target_worker *worker,
	const struct snapshot *snapshot, const struct snapshot_balancer_listener *listener)
{
	uint32_t place = (uint32_t)((uint64_t)(worker->turn * UINT32_C(2654435769)) * listener->weight_sum >> 32);

	for (size_t i = 0; i < listener->forward_count; i++) {
		if (place < listener->forwards[i].weight)
			return snapshot_target_group_find(snapshot, listener->forwards[i].group_arn);
		place -= listener->forwards[i].weight;
	}
	return NULL;
}

/* ---- from group to target ---- */

static bool is_healthy(const struct target_worker *worker, const struct snapshot_target *target)
{
	uint64_t word;

	if (!worker->states)
		return true;
	word = atomic_load_explicit(&worker->states[target->slot], memory_order_relaxed);
	return target_state_of(word, target->registration).health == TARGET_HEALTHY;
}

/* Is the target less busy than `best`, or as busy, but not chosen for longer? */
static bool is_better(
	const struct target_worker *worker, const struct snapshot_target *target, const struct snapshot_target *best)
{
	const struct target_count *a = &worker->counts[target->slot], *b = &worker->counts[best->slot];

	if (a->outstanding != b->outstanding)
		return a->outstanding < b->outstanding;
	return worker->turn - a->turn > worker->turn - b->turn;
}

/* The one with the fewest requests; NULL if none is in the choice. */
static const struct snapshot_target *choose_least(
	const struct target_worker *worker, const struct snapshot_target_group *group, bool healthy_only)
{
	const struct snapshot_target *best = NULL;

	for (size_t i = 0; i < group->target_count; i++) {
		const struct snapshot_target *target = &group->targets[i];

		if ((!best || is_better(worker, target, best)) && (!healthy_only || is_healthy(worker, target)))
			best = target;
	}
	return best;
}

/*
 * What the gateway speaks to the target: what passes a listener is the integration's own, with the name of its URI for TLS; behind
 * the others it is the group's. False if the listener does not take what the URI's scheme says.
 */
static bool address(const struct snapshot_balancer_listener *listener, const struct snapshot_target *chosen,
	struct outbound_target *target)
{
	switch (listener->kind) {
	case LOAD_BALANCER_PASSES:
		/* As nearly all are: it was made with the snapshot. */
		if (!target->tls && !chosen->forwarded.tls)
			break;
		return outbound_target_init_named(target, chosen->id, chosen->port, target->tls, target->verification,
			       target->tls ? target->host : (struct view){ 0 }) == 0;
	case LOAD_BALANCER_ENDS_TLS:
		if (!target->tls)
			return false;
		break;
	case LOAD_BALANCER_TAKES_HTTP:
		if (target->tls)
			return false;
		break;
	}
	*target = chosen->forwarded;
	return true;
}

int target_take(struct target_worker *worker, const struct target_wanted *wanted, struct outbound_target *target,
	struct target_lease *ret)
{
	const struct snapshot_vpc_link *link = snapshot_vpc_link_find(wanted->snapshot, wanted->link_id);
	const struct snapshot_load_balancer *balancer;
	const struct snapshot_balancer_listener *listener;
	const struct snapshot_target_group *group;
	const struct snapshot_target *chosen;
	char room[LOAD_BALANCER_ARN_MAX_BYTES];

	if (!link || !link->is_available)
		return -ENOENT;
	balancer = snapshot_load_balancer_find(
		wanted->snapshot, wanted->arn.count ? load_balancer_arn_of(wanted->arn, room) : link->target_arn);
	if (!balancer)
		return -ENOENT;
	listener = find_listener(balancer, wanted->arn, target->port);
	group = listener ? choose_group(worker, wanted->snapshot, listener) : NULL;
	if (!group || group->target_count == 0)
		return -ECONNREFUSED;
	chosen = choose_least(worker, group, true);
	if (!chosen)
		chosen = choose_least(worker, group, false);
	if (!address(listener, chosen, target))
		return -ECONNREFUSED;
	worker->counts[chosen->slot].turn = ++worker->turn;
	ret->outstanding = &worker->counts[chosen->slot].outstanding;
	++*ret->outstanding;
	return 0;
}

void target_give_back(struct target_lease *lease)
{
	if (lease->outstanding)
		--*lease->outstanding;
	lease->outstanding = NULL;
}
