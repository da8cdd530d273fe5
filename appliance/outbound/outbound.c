/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The interface, and what is sent. */
#include "appliance/outbound/upstream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/table.h"
#include "appliance/wire/uri.h"

/* Room for the line that says how the body is framed, and the empty line behind it. */
#define FRAMING_MAX_BYTES 64

void outbound_settings_init(struct outbound_settings *ret)
{
	*ret = (struct outbound_settings){
		.connect_timeout_ms = 5000,
		.idle_timeout_ms = 55000, /* below the 60 s after which common servers close: they shall not be first */
		.max_age_ms = 300000,
		.idle_per_target_count = 256,
		.idle_count = 1024,
		.connection_count = 4096,
	};
}

const char *outbound_error_text(enum outbound_error error)
{
	switch (error) {
	case OUTBOUND_NAME:
		return "the back end's name could not be resolved";
	case OUTBOUND_FORBIDDEN:
		return "the back end's address is not allowed";
	case OUTBOUND_CONNECT:
		return "the back end did not accept a connection";
	case OUTBOUND_TLS:
		return "TLS with the back end failed or its certificate was not accepted";
	case OUTBOUND_CLOSED:
		return "the back end closed the connection before its answer was complete";
	case OUTBOUND_MALFORMED:
		return "the back end's answer is not valid HTTP/1.1";
	case OUTBOUND_TIMEOUT:
		return "the back end did not answer in time";
	case OUTBOUND_OVERLOADED:
		return "there are too many connections to back ends";
	}
	return "unknown";
}

/* --- targets ---------------------------------------------------------------------------------------------------------- */

static bool is_host(struct view host)
{
	return host.count > 0 && host.count <= RESOLVER_NAME_MAX_BYTES && view_find_byte(host, '\0') == VIEW_NOWHERE;
}

int outbound_target_init(
	struct outbound_target *ret, struct view host, uint16_t port, bool tls, enum tls_verification verification)
{
	return outbound_target_init_named(ret, host, port, tls, verification, (struct view){ 0 });
}

int outbound_target_init_named(struct outbound_target *ret, struct view host, uint16_t port, bool tls,
	enum tls_verification verification, struct view server_name)
{
	char key[2 * RESOLVER_NAME_MAX_BYTES + 4];
	size_t count = 0;

	if (!is_host(host) || port == 0 || (server_name.count && !is_host(server_name)))
		return -EINVAL;
	for (size_t i = 0; i < host.count; i++)
		key[count++] = view_lower_byte(host.at[i]);
	key[count++] = (char)(port >> 8);
	key[count++] = (char)(port & 0xff);
	key[count++] = (char)(tls | (int)verification << 1);
	for (size_t i = 0; i < server_name.count; i++)
		key[count++] = view_lower_byte(server_name.at[i]);
	*ret = (struct outbound_target){
		.host = host,
		.port = port,
		.tls = tls,
		.verification = verification,
		.server_name = server_name,
		.hash = table_hash(view_from(key, count)),
	};
	return 0;
}

void outbound_target_identify(struct outbound_target *target, const struct outbound_identity *identity)
{
	uint64_t hash;

	if (!identity || !target->tls)
		return;
	ASSERT(!target->identity);
	memcpy(&hash, identity->fingerprint, sizeof hash);
	target->identity = identity;
	target->hash ^= hash;
}

int outbound_origin_parse(
	struct outbound_origin *ret, struct view uri, bool is_whole, enum tls_verification verification)
{
	size_t colon = view_find(uri, view_of("://")), end;
	struct uri parts;
	int r;

	if (colon == VIEW_NOWHERE)
		return is_whole ? -EINVAL : -EAGAIN;
	for (end = colon + 3; end < uri.count; end++)
		if (uri.at[end] == '/' || uri.at[end] == '?')
			break;
	if (end == uri.count && !is_whole)
		return -EAGAIN;
	r = uri_parse(&parts, view_part(uri, 0, end));
	if (r < 0)
		return r;
	r = outbound_target_init(&ret->target, parts.host, parts.port, parts.is_https, verification);
	if (r < 0)
		return r;
	ret->authority = parts.authority;
	ret->count = end;
	return 0;
}

/* --- calls: how they end badly ------------------------------------------------------------------------------------------ */

static void count_failure(const struct outbound *outbound, enum outbound_error error)
{
	static const enum counters_upstream results[] = {
		[OUTBOUND_NAME] = COUNTERS_UPSTREAM_DNS,
		[OUTBOUND_FORBIDDEN] = COUNTERS_UPSTREAM_REFUSED,
		[OUTBOUND_CONNECT] = COUNTERS_UPSTREAM_REFUSED,
		[OUTBOUND_TLS] = COUNTERS_UPSTREAM_TLS,
		[OUTBOUND_CLOSED] = COUNTERS_UPSTREAM_RESET,
		[OUTBOUND_MALFORMED] = COUNTERS_UPSTREAM_BAD_ANSWER,
		[OUTBOUND_TIMEOUT] = COUNTERS_UPSTREAM_TIMEOUT,
		[OUTBOUND_OVERLOADED] = COUNTERS_UPSTREAM_REFUSED,
	};

	counters_up(outbound->settings.counters, COUNTERS_upstream_requests, results[error]);
}

static void report_failure(struct loop_task *task)
{
	struct outbound_call *call = CONTAINER_OF(task, struct outbound_call, failure);

	call->handlers->on_error(call, call->error);
}

void outbound_call_fail(struct outbound_call *call, enum outbound_error error)
{
	ASSERT(!call->upstream && !loop_task_is_deferred(&call->failure));
	call->error = error;
	count_failure(call->outbound, error);
	loop_defer(call->outbound->loop, &call->failure, report_failure);
}

/* --- sending ---------------------------------------------------------------------------------------------------------- */

/* Describe `bytes` as they go over the wire in up to three more parts; `size_line` is the room for a chunk's size. */
static int frame(const struct outbound_call *call, struct view bytes, bool last,
	char size_line[HTTP1_CHUNK_START_MAX_BYTES], struct iovec *parts)
{
	static char chunk_end[] = HTTP1_CHUNK_END, chunk_end_and_last[] = HTTP1_CHUNK_END HTTP1_CHUNKED_END;
	bool chunked = call->request.body == OUTBOUND_BODY_CHUNKED;
	int count = 0;

	if (bytes.count) {
		if (chunked)
			parts[count++] = (struct iovec){ size_line, http1_chunk_start(size_line, bytes.count) };
		parts[count++] = (struct iovec){ (void *)(uintptr_t)bytes.at, bytes.count };
	}
	if (chunked && last && bytes.count)
		parts[count++] = (struct iovec){ chunk_end_and_last, sizeof chunk_end_and_last - 1 };
	else if (chunked && last)
		parts[count++] = (struct iovec){ chunk_end_and_last + 2, sizeof chunk_end_and_last - 3 };
	else if (chunked && bytes.count)
		parts[count++] = (struct iovec){ chunk_end, 2 };
	return count;
}

static size_t write_framing(const struct outbound_request *request, char ret[FRAMING_MAX_BYTES])
{
	static const char chunked[] = "Transfer-Encoding: chunked\r\n\r\n";
	static const char length[] = "Content-Length: ";
	char digits[20];
	size_t count = 0, digit_count = 0;
	uint64_t number = request->body_bytes;

	switch (request->body) {
	case OUTBOUND_BODY_NONE:
		break;
	case OUTBOUND_BODY_CHUNKED:
		memcpy(ret, chunked, sizeof chunked - 1);
		return sizeof chunked - 1;
	case OUTBOUND_BODY_LENGTH:
		memcpy(ret, length, sizeof length - 1);
		count = sizeof length - 1;
		do
			digits[digit_count++] = (char)('0' + number % 10u);
		while ((number /= 10u) != 0);
		while (digit_count)
			ret[count++] = digits[--digit_count];
		memcpy(ret + count, "\r\n", 2);
		count += 2;
		break;
	}
	memcpy(ret + count, "\r\n", 2);
	return count + 2;
}

/* Heads with their framing that are gathered before they are sent: one part costs the kernel less than three. */
#define GATHER_MAX_BYTES 4096

/* Make one part of `parts` if they are small; `room` has GATHER_MAX_BYTES. Returns the number of parts left. */
static int gather(struct iovec *parts, int part_count, char *room)
{
	size_t bytes = 0;

	for (int i = 0; i < part_count; i++)
		bytes += parts[i].iov_len;
	if (bytes > GATHER_MAX_BYTES)
		return part_count;
	bytes = 0;
	for (int i = 0; i < part_count; i++) {
		memcpy(room + bytes, parts[i].iov_base, parts[i].iov_len);
		bytes += parts[i].iov_len;
	}
	parts[0] = (struct iovec){ room, bytes };
	return 1;
}

/* Give parts to the kernel or, as far as it does not take them, to the stream. False if nothing can be sent any more. */
static bool write_parts(struct upstream *upstream, const struct iovec *parts, int part_count)
{
	if (stream_write(&upstream->stream, parts, part_count) >= 0)
		return true;
	/* The back end may have answered and closed without reading all: what it said is still to be read. */
	upstream->send_broken = true;
	return false;
}

void outbound_call_send_head(struct upstream *upstream)
{
	struct outbound_call *call = upstream->call;
	const struct outbound_request *request = &call->request;
	char framing[FRAMING_MAX_BYTES], size_line[HTTP1_CHUNK_START_MAX_BYTES], room[GATHER_MAX_BYTES];
	struct iovec parts[2 + 3];
	int count = 2;

	upstream->sent_ns = loop_now_ns(upstream->pool->loop);
	parts[0] = (struct iovec){ (void *)(uintptr_t)request->head.at, request->head.count };
	parts[1] = (struct iovec){ framing, write_framing(request, framing) };
	if (request->body != OUTBOUND_BODY_NONE && !call->first_body_queued)
		count += frame(call, request->first_body, request->body_complete, size_line, parts + 2);
	if (!write_parts(upstream, parts, gather(parts, count, room)))
		return;
	while (upstream->queued.bytes) {
		struct iovec queued[16];
		int queued_count = chunk_list_parts(&upstream->queued, queued, 16);
		size_t bytes = 0;

		for (int i = 0; i < queued_count; i++)
			bytes += queued[i].iov_len;
		if (!write_parts(upstream, queued, queued_count))
			break;
		chunk_list_drop(upstream->pool->loop, &upstream->queued, bytes);
	}
	chunk_list_clear(upstream->pool->loop, &upstream->queued);
	/* Whoever was told to wait while there was no connection goes on. Not from within outbound_start(): nobody was told yet. */
	if (call->held_up)
		outbound_call_drained(upstream);
}

/* Keep framed bytes for when the connection is there. */
static void queue_parts(struct upstream *upstream, const struct iovec *parts, int part_count)
{
	for (int i = 0; i < part_count; i++)
		chunk_list_append(upstream->pool->loop, &upstream->queued, parts[i].iov_base, parts[i].iov_len);
}

void outbound_call_drained(struct upstream *upstream)
{
	struct outbound_call *call = upstream->call;

	if (!call || !call->held_up || stream_waiting_bytes(&upstream->stream) > 0)
		return;
	call->held_up = false;
	if (call->handlers->on_writable)
		call->handlers->on_writable(call);
}

void outbound_call_dispatch(struct outbound_call *call, bool fresh)
{
	struct outbound *outbound = call->outbound;
	struct upstream_target *target = upstream_pool_target(outbound, call->request.target, call->request.place);
	struct upstream *upstream = target && !fresh ? upstream_pool_take_idle(target) : NULL;
	struct outbound_request *request = &call->request;

	if (upstream) {
		upstream->call = call;
		upstream->reused = true;
		upstream->answered = false;
		call->upstream = upstream;
		counters_up(outbound->settings.counters, COUNTERS_upstream_connections, COUNTERS_UPSTREAM_REUSED);
		upstream_set_state(upstream, UPSTREAM_BUSY);
		outbound_call_send_head(upstream);
		return;
	}
	upstream = target ? upstream_new(outbound, target, call) : NULL;
	if (!upstream) {
		outbound_call_fail(call, OUTBOUND_OVERLOADED);
		return;
	}
	counters_up(outbound->settings.counters, COUNTERS_upstream_connections, COUNTERS_UPSTREAM_FRESH);
	if (request->body != OUTBOUND_BODY_NONE && !request->body_stays) {
		/* The first piece is lent for this call only: keep a copy until there is a connection. */
		char size_line[HTTP1_CHUNK_START_MAX_BYTES];
		struct iovec parts[3];

		queue_parts(
			upstream, parts, frame(call, request->first_body, request->body_complete, size_line, parts));
		call->first_body_queued = true;
	}
	upstream_connect(upstream);
}

/* --- the interface ---------------------------------------------------------------------------------------------------- */

void outbound_start(struct outbound *outbound, struct outbound_call *call, const struct outbound_handlers *handlers,
	const struct outbound_request *request)
{
	*call = (struct outbound_call){
		.handlers = handlers,
		.outbound = outbound,
		.request = *request,
		.deadline_ms = loop_now_ms(outbound->loop) + request->timeout_ms,
		.body_complete = request->body == OUTBOUND_BODY_NONE || request->body_complete,
	};
	ASSERT(request->body != OUTBOUND_BODY_NONE || request->first_body.count == 0);
	if (request->body == OUTBOUND_BODY_LENGTH) {
		ASSERT(request->first_body.count <= request->body_bytes);
		call->unsent_bytes = request->body_bytes - request->first_body.count;
		ASSERT(!request->body_complete || call->unsent_bytes == 0);
	}
	counters_add(outbound->settings.counters, COUNTERS_upstream_bytes, COUNTERS_SENT, request->first_body.count);
	outbound_call_dispatch(call, request->connect_only);
}

bool outbound_send(struct outbound_call *call, struct view bytes, bool last)
{
	struct upstream *upstream = call->upstream;
	char size_line[HTTP1_CHUNK_START_MAX_BYTES];
	struct iovec parts[3];
	size_t waiting_bytes;
	int part_count;

	if (!upstream)
		return true;
	ASSERT(!call->body_complete);
	if (call->request.body == OUTBOUND_BODY_LENGTH) {
		ASSERT(bytes.count <= call->unsent_bytes);
		call->unsent_bytes -= bytes.count;
		ASSERT(!last || call->unsent_bytes == 0);
	}
	call->body_complete = last;
	counters_add(call->outbound->settings.counters, COUNTERS_upstream_bytes, COUNTERS_SENT, bytes.count);
	part_count = frame(call, bytes, last, size_line, parts);
	if (upstream->send_broken)
		return true;
	if (upstream->state != UPSTREAM_BUSY) {
		queue_parts(upstream, parts, part_count);
		waiting_bytes = upstream->queued.bytes;
	} else {
		if (part_count && !write_parts(upstream, parts, part_count))
			return true;
		waiting_bytes = stream_waiting_bytes(&upstream->stream);
		if (!call->head_seen) {
			/* The back end's time begins with what it was given last. */
			call->deadline_ms = loop_now_ms(call->outbound->loop) + call->request.timeout_ms;
			upstream_arm(upstream);
		}
	}
	call->held_up = !last && waiting_bytes > OUTBOUND_SEND_HIGH_BYTES;
	return !call->held_up;
}

void outbound_pause(struct outbound_call *call)
{
	if (!call->upstream || !call->head_seen || call->paused)
		return;
	call->paused = true;
	stream_pause(&call->upstream->stream);
	upstream_arm(call->upstream);
}

void outbound_resume(struct outbound_call *call)
{
	if (!call->upstream || !call->paused)
		return;
	call->paused = false;
	stream_resume(&call->upstream->stream);
	upstream_arm(call->upstream);
}

void outbound_cancel(struct outbound_call *call)
{
	struct upstream *upstream = call->upstream;

	if (loop_task_is_deferred(&call->failure)) {
		loop_task_cancel(call->outbound->loop, &call->failure);
		return;
	}
	if (!upstream)
		return;
	counters_up(call->outbound->settings.counters, COUNTERS_upstream_requests, COUNTERS_UPSTREAM_CANCELLED);
	upstream_close(upstream);
}

struct outbound *outbound_new(struct loop *loop, const struct outbound_settings *settings)
{
	struct outbound *outbound = calloc(1, sizeof *outbound);

	ASSERT(settings->destinations);
	if (!outbound)
		return NULL;
	outbound->loop = loop;
	outbound->settings = *settings;
	list_init(&outbound->targets);
	list_init(&outbound->idle);
	list_init(&outbound->active);
	list_init(&outbound->closed);
	list_init(&outbound->places);
	list_init(&outbound->leaving);
	outbound->resolver = resolver_new(loop, settings->name_servers, NULL);
	if (!outbound->resolver) {
		free(outbound);
		return NULL;
	}
	return outbound;
}

void outbound_free(struct outbound *outbound)
{
	if (!outbound)
		return;
	outbound_place_forget_all(outbound);
	upstream_pool_fini(outbound);
	resolver_free(outbound->resolver);
	for (size_t i = 0; i < ARRAY_COUNT(outbound->contexts); i++)
		tls_client_context_free(outbound->contexts[i]);
	free(outbound);
}
