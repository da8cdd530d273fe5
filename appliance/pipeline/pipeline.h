/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pipeline: what happens to a request: the phases of phases.def, run over one exchange.
 *
 * A worker has one `struct pipeline_worker`: which snapshots to pin, which pool to call back ends through, where to log and
 * to count. The HTTP server hands each request to `pipeline_handler` once its head is read; the pipeline pins the current
 * snapshot, runs phase after phase, and answers through the exchange. A phase returns NEXT (go on), ANSWER (the answer
 * stands: skip to respond), WAIT (something will resume it, always from the loop, never from within the call) or FAIL
 * (answer with the gateway response that the phase has chosen). Whatever happened, the last phase accounts for it.
 *
 * In the steady state nothing is allocated from the heap and no lock is taken: all memory of a request comes from the
 * exchange's arena.
 *
 * Wiring, for each worker: pipeline_worker_init(); http_server_new(..., &pipeline_handler, worker); for each listener of
 * an endpoint a struct pipeline_listener that is its `identity` and `choose_context`, with pipeline_choose_tls as `choose`.
 *
 * Threads: a pipeline_worker and what is served through it belong to one thread.
 * Not here: reading and writing HTTP (http/), policies (policy/), back ends (integrate/, outbound/), log lines (observe/).
 * Source: spec/recorded-errors.md 4.
 */
#ifndef POSTERN_PIPELINE_PIPELINE_H
#define POSTERN_PIPELINE_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>

#include "appliance/base/view.h"
#include "appliance/http/exchange.h"
#include "appliance/wire/tls_hello.h"

struct current;
struct integrate_worker;
struct observe_worker;
struct outbound_place;
struct pattern_scratch;
struct snapshot;
struct tls_server_context;

/* Longest method ARN, with the actual path; AWS answers longer ones with 414 (Quotas, REST API). */
#define PIPELINE_ARN_MAX_BYTES 1600

enum phase {
#define PHASE(name, may_wait, text) PHASE_##name,
#include "appliance/pipeline/phases.def"
#undef PHASE
	PHASE_COUNT
};

/* What a worker's requests work with: all borrowed, all belonging to this worker's thread. It is the server's `context`. */
struct pipeline_worker {
	unsigned index;          /* slot of `current` */
	struct current *current; /* snapshots */
	struct loop *loop;
	struct integrate_worker *integrate; /* back ends */
	struct observe_worker *observe;     /* ids, access log, counters */
	bool classic_denials;               /* the texts of denials from before 2025 */

	/* --- made by pipeline_worker_init() */
	struct pattern_scratch *patterns;
	struct loop_task unpin_task;
	const struct snapshot
		*handshake_snapshot; /* pinned until the end of the turn in which a certificate was chosen */
};

/* By which endpoint a connection comes in: the listener's `identity` and `choose_context`. Lives until it is released. */
struct pipeline_listener {
	struct pipeline_worker *worker;
	char endpoint_id[24];         /* "vpce-" and 17 hex digits, NUL-terminated */
	struct outbound_place *place; /* where calls of back ends leave from; NULL: the gateway's own namespace */
};

/* Handles the exchanges of a server whose context is a struct pipeline_worker and whose listeners are as above. */
extern const struct http_handler pipeline_handler;

/* Make what the worker owns itself. 0 or -ENOMEM. */
int pipeline_worker_init(struct pipeline_worker *worker) __attribute__((warn_unused_result));
void pipeline_worker_fini(struct pipeline_worker *worker);

/* The certificate for a client hello: tls_server_choose_fn with a struct pipeline_listener. Source: spec/domains.md 3. */
struct tls_server_context *pipeline_choose_tls(void *listener, const struct tls_hello *hello, int fd);

/* The name and the line of text of a phase. */
const char *pipeline_phase_name(enum phase phase);
const char *pipeline_phase_text(enum phase phase);

#endif
