/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/pipeline/pipeline.h"

#include <errno.h>

#include "appliance/base/counters.h"
#include "appliance/base/pattern.h"
#include "appliance/model/current.h"
#include "appliance/pipeline/coding.h"
#include "appliance/pipeline/state.h"

typedef enum verdict phase_function(struct pipeline *p);

static phase_function *const phases[PHASE_COUNT] = {
#define PHASE(name, may_wait, text) [PHASE_##name] = phase_##name,
#include "appliance/pipeline/phases.def"
#undef PHASE
};

static const bool phase_may_wait[PHASE_COUNT] = {
#define PHASE(name, may_wait, text) [PHASE_##name] = may_wait,
#include "appliance/pipeline/phases.def"
#undef PHASE
};

static const char *const phase_names[PHASE_COUNT] = {
#define PHASE(name, may_wait, text) [PHASE_##name] = #name,
#include "appliance/pipeline/phases.def"
#undef PHASE
};

static const char *const phase_texts[PHASE_COUNT] = {
#define PHASE(name, may_wait, text) [PHASE_##name] = text,
#include "appliance/pipeline/phases.def"
#undef PHASE
};

const char *pipeline_phase_name(enum phase phase)
{
	return phase_names[phase];
}

const char *pipeline_phase_text(enum phase phase)
{
	return phase_texts[phase];
}

/* ---- the driver ---- */

/* The last phase has run: nothing may touch the pipeline any more, whose memory goes with the exchange. */
static void end(struct pipeline *p)
{
	struct exchange *x = p->exchange;

	timer_disarm(p->worker->loop, &p->stream_end);
	if (!p->is_test)
		current_unpin(p->worker->current, p->worker->index, p->snapshot);
	counters_down(observe_counters(p->worker->observe), COUNTERS_requests_active, 0);
	if (p->over)
		*p->over = true;
	p->magic = 0;
	http_done(x);
}

void state_run(struct pipeline *p)
{
	ASSERT(!p->running);
	p->running = true;
	while (p->phase < PHASE_COUNT) {
		enum verdict verdict = phases[p->phase](p);

		switch (verdict) {
		case VERDICT_NEXT:
			p->phase++;
			break;
		case VERDICT_ANSWER:
			ASSERT(p->phase < PHASE_respond);
			p->phase = PHASE_respond;
			break;
		case VERDICT_FAIL:
			ASSERT(p->phase < PHASE_respond && p->failed);
			p->phase = PHASE_respond;
			break;
		case VERDICT_WAIT:
			ASSERT(phase_may_wait[p->phase]);
			p->running = false;
			p->in_request = false;
			return;
		}
	}
	end(p);
}

void state_resume(struct pipeline *p, bool finished)
{
	if (finished)
		p->phase++;
	state_run(p);
}

void state_resume_failed(struct pipeline *p)
{
	ASSERT(p->failed);
	p->phase = PHASE_respond;
	state_run(p);
}

/* ---- the exchange's handler ---- */

/* A client's UUID is taken as the request's id (spec/rest-dataplane.md 10.7). */
static void make_ids(struct pipeline *p)
{
	const struct http1_header *given = http1_find(&p->exchange->request, HTTP1_HEADER_X_AMZN_REQUESTID);
	struct request_id_generator *ids = observe_ids(p->worker->observe);

	if (given && request_id_is_uuid(given->value))
		memcpy(p->request_id, given->value.at, sizeof p->request_id);
	else
		request_id_write(ids, p->request_id);
	request_id_write_extended(ids, p->extended_id);
}

struct pipeline *state_new(struct exchange *x)
{
	struct pipeline *p = ARENA_NEW(&x->arena, struct pipeline);
	struct pipeline_worker *worker = x->context;

	if (!p)
		return NULL;
	p->magic = PIPELINE_MAGIC;
	p->exchange = x;
	p->worker = worker;
	p->listener = x->identity;
	p->in_request = true;
	x->pipeline = p;
	make_ids(p);
	counters_up(observe_counters(worker->observe), COUNTERS_requests_active, 0);
	return p;
}

/* Of a client's request: it sees the snapshot that is current now. */
static struct pipeline *begin(struct exchange *x)
{
	struct pipeline *p = state_new(x);

	if (p)
		p->snapshot = current_pin(p->worker->current, p->worker->index);
	return p;
}

static struct pipeline *pipeline_of(const struct exchange *x)
{
	struct pipeline *p = x->pipeline;

	ASSERT_MAGIC(p, PIPELINE_MAGIC);
	return p;
}

static void on_request(struct exchange *x)
{
	struct pipeline *p = begin(x);

	if (!p) {
		/* The arena gave not even this much: there is nothing to answer with. */
		http_done(x);
		return;
	}
	state_run(p);
}

/* What the HTTP server refused is answered in the same form, and accounted for. */
static void on_refused(struct exchange *x, int status)
{
	struct pipeline *p = begin(x);

	if (!p) {
		http_done(x);
		return;
	}
	p->why = http1_rule_text(x->request.rule);
	p->failed = true;
	p->failure_fixed = true;
	p->failure_type = GATEWAY_RESPONSE_DEFAULT_4XX;
	p->failure_status = status;
	p->failure_message = http1_reason(status);
	p->phase = PHASE_respond;
	state_run(p);
}

static void on_drained(struct exchange *x)
{
	struct pipeline *p = pipeline_of(x);

	if (p->encoder)
		coding_drained(p);
	else if (p->call_begun)
		http_call_drained(&p->call);
}

/* The client is gone: stop what is under way, account for it, be done. */
static void on_gone(struct exchange *x)
{
	struct pipeline *p = pipeline_of(x);

	p->gone = true;
	coding_cancel(p);
	credentials_waiter_cancel(&p->credentials);
	if (p->call_begun && !p->call_ended) {
		http_call_cancel(&p->call);
		p->call_ended = true;
	}
	if (p->running)
		return; /* the driver finds out by the failing answer, and ends */
	p->phase = PHASE_account;
	state_run(p);
}

const struct http_handler pipeline_handler = {
	.request = on_request,
	.refused = on_refused,
	.drained = on_drained,
	.gone = on_gone,
};

/* ---- workers ---- */

int pipeline_worker_init(struct pipeline_worker *worker)
{
	worker->patterns = pattern_scratch_new();
	return worker->patterns ? 0 : -ENOMEM;
}

void pipeline_worker_fini(struct pipeline_worker *worker)
{
	if (worker->handshake_snapshot) {
		loop_task_cancel(worker->loop, &worker->unpin_task);
		current_unpin(worker->current, worker->index, worker->handshake_snapshot);
		worker->handshake_snapshot = NULL;
	}
	pattern_scratch_free(worker->patterns);
	worker->patterns = NULL;
}

static void unpin_handshake(struct loop_task *task)
{
	struct pipeline_worker *worker = CONTAINER_OF(task, struct pipeline_worker, unpin_task);

	current_unpin(worker->current, worker->index, worker->handshake_snapshot);
	worker->handshake_snapshot = NULL;
}

/*
 * The TLS engine takes its reference to the chosen context after this returns; until then the snapshot must not be freed
 * on the follower's thread. So it stays pinned until the turn ends, by one pin however many handshakes there are.
 */
struct tls_server_context *pipeline_choose_tls(void *context, const struct tls_hello *hello, int fd)
{
	const struct pipeline_listener *listener = context;
	struct pipeline_worker *worker = listener->worker;

	(void)fd;
	if (!worker->handshake_snapshot) {
		worker->handshake_snapshot = current_pin(worker->current, worker->index);
		if (!worker->handshake_snapshot)
			return NULL;
		loop_defer(worker->loop, &worker->unpin_task, unpin_handshake);
	}
	return snapshot_tls_context_find(worker->handshake_snapshot, view_from_text(listener->endpoint_id),
		view_from(hello->server_name, hello->server_name_chars));
}
