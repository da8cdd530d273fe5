/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Places: other network namespaces that calls leave from. See outbound.h. */
#include "appliance/outbound/upstream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void forget(struct outbound_place *place)
{
	list_remove(&place->link);
	free(place);
}

/* The last order of a place that was closed is home. */
static void stock_is_idle(struct socket_stock *stock)
{
	struct outbound_place *place = CONTAINER_OF(stock, struct outbound_place, stock);

	/* Its owner has not freed it yet, if it still has a resolver. */
	if (!place->resolver)
		forget(place);
}

struct outbound_place *outbound_place_new(
	struct outbound *outbound, const char *name, socket_order_fn *order, void *order_context)
{
	struct outbound_place *place;
	struct socket_stock_settings settings = {
		.order = order,
		.context = order_context,
		.idle = stock_is_idle,
		.counters = outbound->settings.counters,
	};
	int error;

	if (strlen(name) > OUTBOUND_PLACE_MAX_BYTES) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	place = calloc(1, sizeof *place);
	if (!place)
		return NULL;
	place->pool = outbound;
	memcpy(place->name, name, strlen(name));
	settings.place = place->name;
	socket_stock_init(&place->stock, outbound->loop, &settings);
	place->resolver = resolver_new(outbound->loop, outbound->settings.name_servers, &place->stock);
	if (!place->resolver) {
		error = errno;
		free(place);
		errno = error;
		return NULL;
	}
	list_append(&outbound->places, &place->link);
	return place;
}

void outbound_place_close(struct outbound_place *place)
{
	socket_stock_close(&place->stock);
	upstream_pool_close_idle(place->pool, place);
}

void outbound_place_free(struct outbound_place *place)
{
	struct outbound *outbound;

	if (!place)
		return;
	outbound = place->pool;
	outbound_place_close(place);
	upstream_pool_forget_place(outbound, place);
	resolver_free(place->resolver);
	place->resolver = NULL;
	if (socket_stock_is_idle(&place->stock)) {
		forget(place);
		return;
	}
	list_remove(&place->link);
	list_append(&outbound->leaving, &place->link);
}

void outbound_place_forget_all(struct outbound *pool)
{
	ASSERT(list_is_empty(&pool->places));
	LIST_EACH_SAFE(link, &pool->leaving)
	{
		struct outbound_place *place = CONTAINER_OF(link, struct outbound_place, link);

		socket_stock_fini(&place->stock);
		forget(place);
	}
}
