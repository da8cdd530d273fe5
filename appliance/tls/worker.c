/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/tls/worker.h"

#include <errno.h>
#include <stdlib.h>

#include "appliance/tls/engine.h"

struct tls_worker *tls_worker_new(struct loop *loop, unsigned worker_index, const struct tls_ticket_seed *seed)
{
	struct tls_worker *worker;

	if (worker_index >= TLS_WORKER_MAX_COUNT) {
		errno = EINVAL;
		return NULL;
	}
	worker = calloc(1, sizeof *worker);
	if (!worker)
		return NULL;
	tls_library_init();
	worker->loop = loop;
	worker->index = worker_index;
	tls_tickets_init(&worker->tickets, seed);
	return worker;
}

void tls_worker_free(struct tls_worker *worker)
{
	if (!worker)
		return;
	ASSERT(worker->engine_count == 0);
	while (worker->free_engines) {
		struct tls_engine *engine = worker->free_engines;

		worker->free_engines = engine->next_free;
		free(engine);
	}
	tls_tickets_fini(&worker->tickets);
	memory_fini(&worker->memory);
	free(worker);
}
