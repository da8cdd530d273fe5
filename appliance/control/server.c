/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/base/list.h"
#include "appliance/base/log.h"
#include "appliance/control/dispatch.h"
#include "appliance/control/management_tls.h"
#include "appliance/control/metrics.h"
#include "appliance/control/question.h"
#include "appliance/control/state.h"
#include "appliance/control/unchanged.h"
#include "appliance/http/server.h"
#include "appliance/wire/invoke.h"

#define LISTENERS_MAX 8

struct control_server {
	struct http_server *http;
	struct http_listener *listeners[LISTENERS_MAX];
	size_t listener_count;
	struct loop *loop;
	struct management_tls tls;
	struct list waiting; /* jobs whose calls wait */
	bool closing;        /* the operations thread has ended: nobody answers any more */
};

/* Management calls carry documents and are made by few: more room, less patience than for the traffic of clients. */
static const struct http_limits limits = {
	.head = { .target_max_bytes = 16384, .header_section_max_bytes = 65536 },
	.body_max_bytes = CONTROL_BODY_MAX_BYTES,
	.handshake_timeout_ms = 10000,
	.head_timeout_ms = 10000,
	.body_timeout_ms = 30000,
	.send_timeout_ms = 30000,
	.idle_timeout_ms = 120000,
	.linger_timeout_ms = 2000,
	.connection_max_count = 256,
};

/* One request under way: made by the loop, worked on by the operations thread, answered by the loop. */
struct job {
	struct worker_job work;      /* first: what the worker knows */
	struct loop_message message; /* on the way back */
	struct control *control;
	struct exchange *exchange;   /* the loop's; alive until it is answered */
	struct call_request request; /* views into the exchange, which does not change meanwhile */
	struct call_field *fields;
	bool is_metrics;
	struct dispatch_response response;

	/* --- of a call that waits */
	struct call *waiting; /* the operations thread's; NULL: it does not */
	struct question question;
	struct list_link link; /* in the server's list, until the call goes on */
};

static void free_job(struct job *job)
{
	question_close(&job->question);
	free(job->fields);
	free(job);
}

/* A quota is full until something is deleted: what clients that wait by themselves are told. */
#define RETRY_AFTER_SECONDS "60"

static void respond(struct exchange *x, const struct dispatch_response *response)
{
	struct http_field fields[9];
	size_t count = 0;
	char revision[24];
	int error;

	if (response->body.count && response->content_type)
		fields[count++] =
			(struct http_field){ view_of("Content-Type"), view_from_text(response->content_type) };
	fields[count++] = (struct http_field){ view_of("x-amzn-RequestId"), view_from_text(response->request_id) };
	if (response->error_type[0])
		fields[count++] =
			(struct http_field){ view_of("x-amzn-ErrorType"), view_from_text(response->error_type) };
	if (response->revision) {
		snprintf(revision, sizeof revision, "%llu", (unsigned long long)response->revision);
		fields[count++] = (struct http_field){ view_of(UNCHANGED_REVISION_FIELD), view_from_text(revision) };
	}
	if (response->status == 429)
		fields[count++] = (struct http_field){ view_of("Retry-After"), view_of(RETRY_AFTER_SECONDS) };
	if (response->detail[0])
		fields[count++] = (struct http_field){ view_of("x-postern-reason"), view_from_text(response->detail) };
	if (response->location[0])
		fields[count++] = (struct http_field){ view_of("Location"), view_from_text(response->location) };
	if (response->disposition[0])
		fields[count++] =
			(struct http_field){ view_of("Content-Disposition"), view_from_text(response->disposition) };
	error = http_respond(x, response->status, fields, count, buffer_view(&response->body));
	/* A detail may quote what a field can't hold; the answer itself is what matters. */
	if (error == -EINVAL && response->detail[0])
		error = http_respond(x, response->status, fields, 1, buffer_view(&response->body));
	if (error < 0 && error != -EPIPE)
		log_warning("a management answer can't be sent", LOG_ERRNO(error));
	http_done(x);
}

static void on_finished(struct loop_message *message)
{
	struct job *job = CONTAINER_OF(message, struct job, message);

	job->exchange->pipeline = NULL;
	respond(job->exchange, &job->response);
	dispatch_response_fini(&job->response);
	free_job(job);
}

static void resume_job(struct worker_job *work)
{
	struct job *job = CONTAINER_OF(work, struct job, work);

	dispatch_resume(job->waiting, job->question.error, job->question.answer, &job->response);
	loop_post(job->control->server->loop, &job->message, on_finished);
}

/* On the loop: the operations thread does something else until the gateway has answered. */
static void on_answered(struct question *question)
{
	struct job *job = CONTAINER_OF(question, struct job, question);

	list_remove(&job->link);
	job->work.run = resume_job;
	worker_post(&job->control->worker, &job->work);
}

static void on_waiting(struct loop_message *message)
{
	struct job *job = CONTAINER_OF(message, struct job, message);
	struct control_server *server = job->control->server;
	struct call_wait *wait = &job->waiting->wait;
	int fd = wait->channel_fd;

	wait->channel_fd = -1;
	list_append(&server->waiting, &job->link);
	question_ask(&job->question, server->loop, fd, buffer_view(&wait->question),
		invoke_limit_ms(job->control->settings.integration_timeout_max_ms), on_answered);
}

static void run_job(struct worker_job *work)
{
	struct job *job = CONTAINER_OF(work, struct job, work);

	if (job->is_metrics)
		metrics_answer(job->control, &job->response);
	else
		job->waiting = dispatch(job->control, &job->request, &job->response);
	loop_post(job->control->server->loop, &job->message, job->waiting ? on_waiting : on_finished);
}

static void post(struct exchange *x, struct view body)
{
	struct control *control = x->context;
	struct job *job = calloc(1, sizeof *job);
	const struct http1_head *head = &x->request;

	ASSERT(job);
	job->fields = calloc(head->header_count + 1, sizeof *job->fields);
	ASSERT(job->fields);
	for (size_t i = 0; i < head->header_count; i++)
		job->fields[i] = (struct call_field){ head->headers[i].name, head->headers[i].value };
	job->control = control;
	job->exchange = x;
	x->pipeline = job;
	job->work.run = run_job;
	job->is_metrics = view_equals_text(head->path, "/metrics");
	job->request = (struct call_request){
		.method = head->method_text,
		.target = head->target,
		.path = head->path,
		.query = head->query,
		.fields = job->fields,
		.field_count = head->header_count,
		.body = body,
		.source = x->peer->text,
		.secure = x->tls->version[0] != '\0',
		.received_wall_ms = x->received_wall_ms,
	};
	worker_post(&control->worker, &job->work);
}

static void respond_plain(struct exchange *x, int status, struct view type, struct view body)
{
	const struct http_field field = { view_of("Content-Type"), type };

	if (http_respond(x, status, &field, 1, body) < 0)
		log_debug("a management client went before its answer");
	http_done(x);
}

static void on_collected(struct exchange *x, int error, struct view body)
{
	if (error == 0) {
		post(x, body);
	} else if (error == -EMSGSIZE) {
		http_respond_too_large(x);
		http_done(x);
	} else {
		respond_plain(x, error == -ETIMEDOUT ? 408 : 400, view_of("application/json"),
			view_of("{\"message\":\"The body could not be read\"}"));
	}
}

/* Does the request say at all who makes it? If not, its body is not worth the room. */
static bool claims_a_signature(const struct exchange *x)
{
	const struct http1_head *head = &x->request;

	for (size_t i = 0; i < head->header_count; i++)
		if (view_equals_ignore_case(head->headers[i].name, view_of("Authorization")))
			return true;
	return view_find(head->query, view_of("X-Amz-Signature=")) != VIEW_NOWHERE;
}

static void on_request(struct exchange *x)
{
	if (view_equals_text(x->request.path, "/ping")) {
		respond_plain(x, 200, view_of("application/json"), view_of("{\"status\":\"ok\"}\n"));
		return;
	}
	if (!claims_a_signature(x)) {
		post(x, (struct view){ 0 });
		return;
	}
	if (http_body_collect(x, CONTROL_BODY_MAX_BYTES, on_collected) < 0) {
		http_respond_too_large(x);
		http_done(x);
	}
}

/* A client that went before its request was whole is forgotten; one that went later has its call carried out all the same. */
static void on_gone(struct exchange *x)
{
	const struct control *control = x->context;

	if (!x->pipeline || control->server->closing)
		http_done(x);
}

static const struct http_handler handler = { .request = on_request, .gone = on_gone };

int control_server_open(struct control *control, struct loop *loop)
{
	struct control_server *server = calloc(1, sizeof *server);
	int error;

	if (!server)
		return -ENOMEM;
	server->loop = loop;
	list_init(&server->waiting);
	error = management_tls_init(&server->tls, control);
	if (error < 0)
		goto failed;
	server->http = http_server_new(loop, server->tls.worker, &limits, &handler, control);
	if (!server->http) {
		error = -errno;
		management_tls_fini(&server->tls);
		goto failed;
	}
	control->server = server;
	return 0;
failed:
	free(server);
	return error;
}

void control_server_close(struct control *control)
{
	struct control_server *server = control->server;

	if (!server)
		return;
	server->closing = true;
	http_server_free(server->http);
	LIST_EACH_SAFE(link, &server->waiting)
	{
		struct job *job = CONTAINER_OF(link, struct job, link);

		dispatch_abandon(job->waiting);
		dispatch_response_fini(&job->response);
		free_job(job);
	}
	management_tls_fini(&server->tls);
	free(server);
	control->server = NULL;
}

int control_listen(struct control *control, int fd, bool secure)
{
	struct control_server *server = control->server;
	struct http_listener_settings settings = { .fd = fd };
	int error;

	if (server->listener_count == LISTENERS_MAX)
		return -ENOSPC;
	if (secure) {
		error = management_tls_prepare(&server->tls, fd);
		if (error < 0)
			return error;
		settings.choose = management_tls_choose;
		settings.choose_context = &server->tls;
	}
	error = http_listener_open(server->http, &settings, &server->listeners[server->listener_count]);
	if (error == 0)
		server->listener_count++;
	return error;
}

void control_drain(struct control *control, uint64_t limit_ms, void (*drained)(void *context), void *context)
{
	http_server_drain(control->server->http, limit_ms, drained, context);
}
