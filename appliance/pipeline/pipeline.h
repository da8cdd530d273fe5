/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pipeline: what happens to a request: the phases of phases.def, run over one exchange.
 *
 * A worker has one `struct pipeline_worker`: which snapshots to pin, which pool to call back ends through, where to log.
 * The HTTP server hands each request to pipeline_start() once its head is read; the pipeline pins the current snapshot,
 * runs phase after phase, and answers through the exchange. A phase returns NEXT (go on), ANSWER (the answer stands: skip
 * to respond), WAIT (something will resume it, always from the loop, never from within the call) or FAIL (answer with the
 * gateway response that the phase has chosen). Whatever happened, the last phase accounts for it.
 *
 * In the steady state nothing is allocated from the heap and no lock is taken: all memory of a request comes from the
 * exchange's arena.
 *
 * Threads: one pipeline_worker a thread, used on that thread only.
 * Not here: reading and writing HTTP (http/), policies (policy/), back ends (integrate/, outbound/), log lines (observe/).
 * Source: spec/recorded-errors.md 4.
 */
#ifndef POSTERN_PIPELINE_PIPELINE_H
#define POSTERN_PIPELINE_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>

struct current;
struct exchange;
struct integrate_worker;
struct observe_worker;

enum phase {
#define PHASE(name, may_wait, text) PHASE_##name,
#include "appliance/pipeline/phases.def"
#undef PHASE
	PHASE_COUNT
};

/* What a worker's pipelines work with; all borrowed, all belonging to this worker's thread. */
struct pipeline_worker {
	unsigned index;                     /* slot of `current`, and of the TLS contexts */
	struct current *current;            /* snapshots */
	struct integrate_worker *integrate; /* back ends */
	struct observe_worker *observe;     /* access log and counters */
	bool classic_denials;               /* the texts of denials from before 2025 */
};

/*
 * Take a request whose head is complete. Called by the HTTP server; `context` is the struct pipeline_worker. Answers
 * through the exchange, at once or later from the loop.
 */
void pipeline_start(struct exchange *exchange, void *context);

/* The exchange ends before its answer was written (client gone, drain): give up what waits and account for it. */
void pipeline_abort(struct exchange *exchange, void *context);

/* The name and the line of text of a phase. */
const char *pipeline_phase_name(enum phase phase);
const char *pipeline_phase_text(enum phase phase);

#endif
