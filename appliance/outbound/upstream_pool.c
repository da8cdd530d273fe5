/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pool's book-keeping: targets, idle connections and their limits, recycled memory. */
#include "appliance/outbound/upstream.h"

#include <stdlib.h>
#include <string.h>

/* --- targets ---------------------------------------------------------------------------------------------------------- */

static struct upstream_target **bucket_of(
	struct outbound *pool, const struct outbound_target *facts, const struct outbound_place *place)
{
	/* Places are few; the higher bits of their addresses are alike, the lowest are 0. */
	return &pool->buckets[(facts->hash ^ (uintptr_t)place >> 6) % UPSTREAM_BUCKETS];
}

static bool is_same_identity(const struct outbound_identity *a, const struct outbound_identity *b)
{
	return a == b || (a && b && memcmp(a->fingerprint, b->fingerprint, sizeof a->fingerprint) == 0);
}

static bool is_same_target(const struct outbound_target *a, const struct outbound_target *b)
{
	return a->hash == b->hash && a->port == b->port && a->tls == b->tls && a->verification == b->verification &&
	       is_same_identity(a->identity, b->identity) && view_equals_ignore_case(a->host, b->host) &&
	       view_equals_ignore_case(a->server_name, b->server_name);
}

static void forget_target(struct outbound *pool, struct upstream_target *target)
{
	struct upstream_target **link = bucket_of(pool, &target->facts, target->place);

	ASSERT(target->connection_count == 0);
	while (*link != target)
		link = &(*link)->next;
	*link = target->next;
	list_remove(&target->link);
	tls_client_session_clear(&target->session);
	pool->target_count--;
	free(target);
}

/* Room for one more: the target used longest ago that has no connection goes. */
static bool make_room(struct outbound *pool)
{
	if (pool->target_count < UPSTREAM_TARGETS_MAX)
		return true;
	LIST_EACH(link, &pool->targets)
	{
		struct upstream_target *target = CONTAINER_OF(link, struct upstream_target, link);

		if (target->connection_count == 0) {
			forget_target(pool, target);
			return true;
		}
	}
	return false;
}

struct upstream_target *upstream_pool_target(
	struct outbound *pool, const struct outbound_target *facts, struct outbound_place *place)
{
	struct upstream_target **bucket = bucket_of(pool, facts, place), *target;

	for (target = *bucket; target; target = target->next)
		if (target->place == place && is_same_target(&target->facts, facts))
			return target;
	if (!make_room(pool))
		return NULL;
	target = calloc(1, sizeof *target);
	if (!target)
		return NULL;
	memcpy(target->host, facts->host.at, facts->host.count);
	target->facts = *facts;
	target->facts.host = view_from(target->host, facts->host.count);
	if (facts->server_name.count) {
		memcpy(target->server_name, facts->server_name.at, facts->server_name.count);
		target->facts.server_name = view_from(target->server_name, facts->server_name.count);
	}
	if (facts->identity) {
		memcpy(target->identity.fingerprint, facts->identity->fingerprint, sizeof target->identity.fingerprint);
		target->facts.identity = &target->identity;
	}
	target->place = place;
	list_init(&target->idle);
	target->next = *bucket;
	*bucket = target;
	list_append(&pool->targets, &target->link);
	pool->target_count++;
	return target;
}

void upstream_pool_forget_place(struct outbound *pool, const struct outbound_place *place)
{
	LIST_EACH_SAFE(link, &pool->targets)
	{
		struct upstream_target *target = CONTAINER_OF(link, struct upstream_target, link);

		if (target->place == place)
			forget_target(pool, target);
	}
}

/* --- connections ------------------------------------------------------------------------------------------------------ */

struct upstream *upstream_new(struct outbound *pool, struct upstream_target *target, struct outbound_call *call)
{
	struct upstream *upstream = pool->spare;

	if (pool->connection_count >= pool->settings.connection_count) {
		struct list_link *oldest = list_first(&pool->idle);

		/* An idle connection to another target must not keep this call from being made. */
		if (!oldest)
			return NULL;
		upstream_close(CONTAINER_OF(oldest, struct upstream, pool_link));
	}
	if (upstream) {
		pool->spare = upstream->next_spare;
		pool->spare_count--;
	} else {
		upstream = malloc(sizeof *upstream);
		if (!upstream)
			return NULL;
	}
	memset(upstream, 0, sizeof *upstream);
	upstream->magic = UPSTREAM_MAGIC;
	upstream->state = UPSTREAM_RESOLVING;
	upstream->pool = pool;
	upstream->target = target;
	upstream->call = call;
	upstream->fd = -1;
	call->upstream = upstream;
	target->connection_count++;
	pool->connection_count++;
	list_remove(&target->link);
	list_append(&pool->targets, &target->link);
	list_append(&pool->active, &upstream->pool_link);
	counters_up(pool->settings.counters, COUNTERS_upstream_connections_open, 0);
	return upstream;
}

void upstream_free(struct upstream *upstream)
{
	struct outbound *pool = upstream->pool;

	ASSERT(upstream->state == UPSTREAM_CLOSED && !upstream->call);
	list_remove(&upstream->pool_link);
	upstream->magic = 0;
	if (pool->spare_count >= UPSTREAM_SPARE_MAX) {
		free(upstream);
		return;
	}
	upstream->next_spare = pool->spare;
	pool->spare = upstream;
	pool->spare_count++;
}

struct upstream *upstream_pool_take_idle(struct upstream_target *target)
{
	struct list_link *link;

	while ((link = list_first(&target->idle))) {
		struct upstream *upstream = CONTAINER_OF(link, struct upstream, target_link);
		struct outbound *pool = upstream->pool;

		if (loop_now_ms(pool->loop) - upstream->opened_ms >= pool->settings.max_age_ms) {
			upstream_close(upstream);
			continue;
		}
		upstream_pool_unlink(upstream);
		list_append(&pool->active, &upstream->pool_link);
		return upstream;
	}
	return NULL;
}

void upstream_pool_keep_idle(struct upstream *upstream)
{
	struct outbound *pool = upstream->pool;
	struct upstream_target *target = upstream->target;

	list_remove(&upstream->pool_link);
	list_prepend(&target->idle, &upstream->target_link);
	list_append(&pool->idle, &upstream->pool_link);
	target->idle_count++;
	pool->idle_count++;
	if (target->place && target->place->stock.is_closed)
		upstream_close(upstream);
	else if (target->idle_count > pool->settings.idle_per_target_count)
		upstream_close(CONTAINER_OF(list_last(&target->idle), struct upstream, target_link));
	else if (pool->idle_count > pool->settings.idle_count)
		upstream_close(CONTAINER_OF(list_first(&pool->idle), struct upstream, pool_link));
}

void upstream_pool_close_idle(struct outbound *pool, const struct outbound_place *place)
{
	LIST_EACH_SAFE(link, &pool->idle)
	{
		struct upstream *upstream = CONTAINER_OF(link, struct upstream, pool_link);

		if (upstream->target->place == place)
			upstream_close(upstream);
	}
}

void upstream_pool_unlink(struct upstream *upstream)
{
	if (list_is_linked(&upstream->target_link)) {
		list_remove(&upstream->target_link);
		upstream->target->idle_count--;
		upstream->pool->idle_count--;
	}
	list_remove(&upstream->pool_link);
}

/* --- heads in pieces -------------------------------------------------------------------------------------------------- */

struct upstream_partial *upstream_pool_take_partial(struct outbound *pool)
{
	struct upstream_partial *partial = pool->spare_partial;

	if (partial)
		pool->spare_partial = partial->next;
	else
		partial = malloc(sizeof *partial);
	if (!partial)
		return NULL;
	partial->count = 0;
	http1_head_init(&partial->head, partial->headers, UPSTREAM_HEADERS_MAX);
	return partial;
}

void upstream_pool_give_partial(struct outbound *pool, struct upstream_partial *partial)
{
	/* One is kept: heads that come in pieces are rare, and each takes 100 KB. */
	if (pool->spare_partial) {
		free(partial);
		return;
	}
	partial->next = NULL;
	pool->spare_partial = partial;
}

void upstream_pool_fini(struct outbound *pool)
{
	struct list_link *link;

	while ((link = list_first(&pool->idle)))
		upstream_close(CONTAINER_OF(link, struct upstream, pool_link));
	ASSERT(list_is_empty(&pool->active));
	/* The loop may never turn again: what it was to free at the end of the turn goes now. */
	while ((link = list_first(&pool->closed))) {
		struct upstream *upstream = CONTAINER_OF(link, struct upstream, pool_link);

		loop_task_cancel(pool->loop, &upstream->task);
		upstream_free(upstream);
	}
	while ((link = list_first(&pool->targets)))
		forget_target(pool, CONTAINER_OF(link, struct upstream_target, link));
	while (pool->spare) {
		struct upstream *upstream = pool->spare;

		pool->spare = upstream->next_spare;
		free(upstream);
	}
	free(pool->spare_partial);
}
