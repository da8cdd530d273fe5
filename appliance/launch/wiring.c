/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/launch/wiring.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/base/list.h"
#include "appliance/base/log.h"
#include "appliance/dns/dns_server.h"
#include "appliance/http/server.h"
#include "appliance/integrate/credentials.h"
#include "appliance/integrate/integrate.h"
#include "appliance/integrate/target.h"
#include "appliance/integrate/target_health.h"
#include "appliance/loop/timer.h"
#include "appliance/observe/client_record.h"
#include "appliance/observe/line_record.h"
#include "appliance/observe/observe.h"
#include "appliance/observe/request_record.h"
#include "appliance/outbound/outbound.h"
#include "appliance/pipeline/pipeline.h"

/* How often the servers' own figures are copied to the shared counters. */
#define COUNT_INTERVAL_MS 200

#define WORKER_MAGIC MAGIC('w', 'o', 'r', 'k')

struct wiring_worker {
	uint32_t magic;
	const struct wiring_config *config;
	unsigned index;
	pthread_t thread;
	struct loop *loop;
	struct tls_worker *tls;
	struct outbound *outbound;
	struct integrate_worker integrate;
	struct observe_worker *observe;
	struct pipeline_worker pipeline;
	struct http_limits limits;
	struct http_server *http;
	struct dns_server *dns;
	struct target_worker *targets;
	struct target_health *health; /* the first worker's: there is one checker */
	struct list endpoints;
	struct counters_slot *counters;
	struct http_server_stats counted; /* as last copied to the counters */
	struct timer count_timer;
	struct loop_message ended;
};

/* One endpoint on one worker. Lives until it is not served any more and its last connection has ended. */
struct served {
	struct pipeline_listener identity; /* first: the listener's identity is this struct */
	struct list_link link;             /* in worker->endpoints while it is served */
	unsigned reference_count;          /* the list's, and the HTTP listener's */
	struct wiring_worker *worker;
	struct wiring_sockets sockets;
	struct http_listener *http; /* NULL without one, and while the worker drains */
	struct dns_listener *dns;
};

/* What is posted from the main thread to a worker, and back. */
struct order {
	struct loop_message message;
	struct wiring_worker *worker;
	struct wiring_sockets sockets;
	uint64_t limit_ms;
	int fd, error;
};

static void post_order(struct wiring_worker *worker, loop_message_fn *call, const struct order *order)
{
	struct order *copy = malloc(sizeof *copy);

	ASSERT(copy && "out of memory");
	*copy = *order;
	copy->worker = worker;
	loop_post(worker->loop, &copy->message, call);
}

/* Send an order back to the main loop as a report, which frees it. */
static void report(struct order *order, loop_message_fn *call)
{
	loop_post(order->worker->config->main_loop, &order->message, call);
}

/* --- Counters ------------------------------------------------------------------------------------------------------ */

/* In local mode TLS can be switched off; real endpoints have nothing else. */
static bool serves_plain(const struct wiring_worker *worker)
{
	const struct settings *settings = worker->config->settings;

	return settings->local && !settings->local_traffic_tls;
}

static void count(struct wiring_worker *worker)
{
	const unsigned listener = serves_plain(worker) ? COUNTERS_LISTENER_PLAIN : COUNTERS_LISTENER_TLS;
	const struct http_server_stats *now = http_server_stats(worker->http);
	struct http_server_stats *before = &worker->counted;
	struct counters_slot *slot = worker->counters;

	counters_add(slot, COUNTERS_connections_accepted, listener,
		now->connections_accepted - before->connections_accepted);
	counters_set(slot, COUNTERS_connections_open, listener, now->connections_open);
	counters_set(slot, COUNTERS_requests_active, 0, now->exchanges_open);
	counters_add(slot, COUNTERS_handshakes, COUNTERS_HANDSHAKE_FULL,
		(now->handshakes_done - now->handshakes_resumed) -
			(before->handshakes_done - before->handshakes_resumed));
	counters_add(slot, COUNTERS_handshakes, COUNTERS_HANDSHAKE_RESUMED,
		now->handshakes_resumed - before->handshakes_resumed);
	counters_add(slot, COUNTERS_handshakes, COUNTERS_HANDSHAKE_FAILED,
		now->handshakes_failed - before->handshakes_failed);
	*before = *now;
}

static void count_again(struct timer *timer)
{
	struct wiring_worker *worker = CONTAINER_OF(timer, struct wiring_worker, count_timer);

	count(worker);
	timer_arm(worker->loop, &worker->count_timer, COUNT_INTERVAL_MS, count_again);
}

/* --- Endpoints, on the worker's thread ----------------------------------------------------------------------------- */

static void release_served(void *identity)
{
	struct served *served = identity;

	if (--served->reference_count > 0)
		return;
	outbound_place_free(served->identity.place);
	free(served);
}

/* In local mode the endpoint has no namespace of its own: there is one place to call back ends from. */
static bool calls_from_endpoint(const struct settings *settings)
{
	return settings->backend_from == SETTINGS_BACKEND_FROM_ENDPOINT && !settings->local;
}

static void report_opened(struct loop_message *message)
{
	struct order *order = CONTAINER_OF(message, struct order, message);
	const struct wiring_config *config = order->worker->config;

	config->reports->opened(config->context, order->sockets.endpoint_id, order->error);
	free(order);
}

static void report_closed(struct loop_message *message)
{
	struct order *order = CONTAINER_OF(message, struct order, message);
	const struct wiring_config *config = order->worker->config;

	config->reports->closed(config->context, order->sockets.endpoint_id, order->sockets.token);
	free(order);
}

/* The descriptor is the main thread's. */
static void stop_accepting(struct served *served, bool end_connections)
{
	struct http_listener *http = served->http;

	served->http = NULL;
	if (http)
		http_listener_close(http, true, end_connections);
}

/* Stop serving; the struct goes with its last connection, which may be now. */
static void stop_serving(struct served *served, bool end_connections)
{
	list_remove(&served->link);
	if (served->dns)
		dns_server_close(served->dns, true);
	stop_accepting(served, end_connections);
	if (served->identity.place)
		outbound_place_close(served->identity.place);
	release_served(served);
}

static int start_serving(struct served *served)
{
	struct wiring_worker *worker = served->worker;
	const struct wiring_sockets *sockets = &served->sockets;
	const struct http_listener_settings listener = {
		.fd = sockets->https_fd,
		.identity = &served->identity,
		.release = release_served,
		.choose = serves_plain(worker) ? NULL : pipeline_choose_tls,
		.choose_context = &served->identity,
	};
	int error = 0;

	served->identity.worker = &worker->pipeline;
	memcpy(served->identity.endpoint_id, sockets->endpoint_id, sizeof served->identity.endpoint_id);
	if (calls_from_endpoint(worker->config->settings)) {
		served->identity.place = outbound_place_new(
			worker->outbound, sockets->endpoint_id, worker->config->order_sockets, worker->config->context);
		/* Not served at all, rather than from elsewhere. */
		if (!served->identity.place)
			return -errno;
	}
	if (sockets->dns_udp_fd >= 0 || sockets->dns_tcp_fd >= 0)
		error = dns_server_open(worker->dns, view_from_text(sockets->endpoint_id), sockets->dns_udp_fd,
			sockets->dns_tcp_fd, &served->dns);
	if (!error && sockets->https_fd >= 0) {
		error = http_listener_open(worker->http, &listener, &served->http);
		served->reference_count += !error;
	}
	return error;
}

static void on_open(struct loop_message *message)
{
	struct order *order = CONTAINER_OF(message, struct order, message);
	struct wiring_worker *worker = order->worker;
	struct served *served = calloc(1, sizeof *served);

	ASSERT(served && "out of memory");
	served->reference_count = 1;
	served->worker = worker;
	served->sockets = order->sockets;
	list_append(&worker->endpoints, &served->link);
	order->error = start_serving(served);
	if (order->error)
		stop_serving(served, true);
	report(order, report_opened);
}

static void on_close(struct loop_message *message)
{
	struct order *order = CONTAINER_OF(message, struct order, message);

	LIST_EACH_SAFE(link, &order->worker->endpoints)
	{
		struct served *served = CONTAINER_OF(link, struct served, link);

		if (served->sockets.token == order->sockets.token)
			stop_serving(served, true);
	}
	report(order, report_closed);
}

/* --- Health checks, on the first worker's thread ------------------------------------------------------------------- */

/* Checks leave from an endpoint in the VPC of the load balancer, or, if it has none, from any. */
static bool take_place(
	void *context, const struct snapshot *snapshot, struct view vpc_id, struct target_health_place *ret)
{
	struct wiring_worker *worker = context;
	struct served *chosen = NULL;

	if (!calls_from_endpoint(worker->config->settings))
		return true;
	LIST_EACH(link, &worker->endpoints)
	{
		struct served *served = CONTAINER_OF(link, struct served, link);
		const struct snapshot_endpoint *endpoint =
			snapshot_endpoint_find(snapshot, view_from_text(served->identity.endpoint_id));

		if (served->identity.place && endpoint && (!chosen || view_equals(endpoint->vpc_id, vpc_id)))
			chosen = served;
	}
	if (!chosen)
		return false;
	chosen->reference_count++;
	*ret = (struct target_health_place){ .place = chosen->identity.place, .hold = chosen };
	return true;
}

static void give_place(void *context, void *hold)
{
	(void)context;
	release_served(hold);
}

static int make_targets(struct wiring_worker *worker)
{
	const struct target_health_config config = {
		.loop = worker->loop,
		.outbound = worker->outbound,
		.current = worker->config->current,
		.worker = worker->index,
		.states = counters_targets(worker->config->counters),
		.counters = worker->counters,
		.take_place = take_place,
		.give_place = give_place,
		.context = worker,
	};

	worker->targets = calloc(1, sizeof *worker->targets);
	if (!worker->targets)
		return -ENOMEM;
	worker->targets->states = config.states;
	worker->integrate.targets = worker->targets;
	if (worker->index > 0)
		return 0;
	worker->health = target_health_new(&config);
	return worker->health ? 0 : -ENOMEM;
}

/* --- Tests, on the worker's thread ----------------------------------------------------------------------------------- */

/*
 * With back ends called from endpoints' namespaces, a test calls them from one that the API's clients come in by: one that the API
 * names, else any. NULL: there is none.
 */
static struct served *served_for(struct wiring_worker *worker, const struct snapshot_deployment *deployment)
{
	struct served *any = NULL;

	LIST_EACH(link, &worker->endpoints)
	{
		struct served *served = CONTAINER_OF(link, struct served, link);

		if (!served->identity.place)
			continue;
		if (snapshot_is_associated(deployment, view_from_text(served->identity.endpoint_id)))
			return served;
		any = served;
	}
	return any;
}

static bool calls_back_end(const struct draft *draft)
{
	return draft->method && draft->method->integration && !draft->method->refused &&
	       draft->method->integration->type != INTEGRATION_MOCK;
}

static void invoke_came_back(struct loop_message *message)
{
	struct wiring_invoke *invoke = CONTAINER_OF(message, struct wiring_invoke, done);

	invoke->is_done = true;
	invoke->came_back(invoke);
}

static void cancel_came_back(struct loop_message *message)
{
	struct wiring_invoke *invoke = CONTAINER_OF(message, struct wiring_invoke, cancelled);

	invoke->came_back(invoke);
}

static void on_invoke_done(struct test_invoke *test)
{
	struct wiring_invoke *invoke = CONTAINER_OF(test, struct wiring_invoke, test);

	test_invoke_write(test, &invoke->answer);
	test_invoke_close(test);
	invoke->runs = false;
	if (invoke->served)
		release_served(invoke->served);
	loop_post(invoke->worker->config->main_loop, &invoke->done, invoke_came_back);
}

static void on_invoke(struct loop_message *message)
{
	struct wiring_invoke *invoke = CONTAINER_OF(message, struct wiring_invoke, begin);
	struct wiring_worker *worker = invoke->worker;
	struct test_invoke_input input = { .worker = &worker->pipeline,
		.question = invoke->question,
		.draft = invoke->draft,
		.done = on_invoke_done };
	const struct invoke_answer nowhere = { .outcome = INVOKE_REFUSED,
		.message = view_of("There is no endpoint from which back ends could be called") };

	buffer_init(&invoke->answer, INVOKE_MESSAGE_MAX_BYTES);
	if (calls_from_endpoint(worker->config->settings) && calls_back_end(invoke->draft)) {
		invoke->served = served_for(worker, invoke->draft->stage->deployment);
		if (!invoke->served) {
			invoke_write_answer(&invoke->answer, &nowhere);
			loop_post(worker->config->main_loop, &invoke->done, invoke_came_back);
			return;
		}
		invoke->served->reference_count++;
		input.place = invoke->served->identity.place;
	}
	invoke->runs = true;
	test_invoke_begin(&invoke->test, &input);
}

static void on_invoke_cancel(struct loop_message *message)
{
	struct wiring_invoke *invoke = CONTAINER_OF(message, struct wiring_invoke, cancel);

	if (invoke->runs)
		test_invoke_cancel(&invoke->test);
	loop_post(invoke->worker->config->main_loop, &invoke->cancelled, cancel_came_back);
}

/* --- Log and drain, on the worker's thread ------------------------------------------------------------------------- */

static void report_log_changed(struct loop_message *message)
{
	struct order *order = CONTAINER_OF(message, struct order, message);
	const struct wiring_config *config = order->worker->config;

	config->reports->log_changed(config->context, order->fd);
	free(order);
}

static void on_change_log(struct loop_message *message)
{
	struct order *order = CONTAINER_OF(message, struct order, message);

	observe_set_log(order->worker->observe, order->fd);
	report(order, report_log_changed);
}

static void drained(void *context)
{
	struct wiring_worker *worker = context;

	ASSERT_MAGIC(worker, WORKER_MAGIC);
	loop_stop(worker->loop);
}

static void on_drain(struct loop_message *message)
{
	struct order *order = CONTAINER_OF(message, struct order, message);

	/* Endpoints stay in the list: names are answered to the end, and an endpoint may still go. */
	LIST_EACH(link, &order->worker->endpoints)
	{
		stop_accepting(CONTAINER_OF(link, struct served, link), false);
	}
	http_server_drain(order->worker->http, order->limit_ms, drained, order->worker);
	free(order);
}

/* --- The thread ---------------------------------------------------------------------------------------------------- */

static void report_ended(struct loop_message *message)
{
	struct wiring_worker *worker = CONTAINER_OF(message, struct wiring_worker, ended);

	worker->config->reports->ended(worker->config->context, worker);
}

/* In reverse order of making; parts that were never made are NULL. */
static void unmake(struct wiring_worker *worker)
{
	if (worker->health)
		target_health_stop(worker->health);
	LIST_EACH_SAFE(link, &worker->endpoints)
	{
		stop_serving(CONTAINER_OF(link, struct served, link), false);
	}
	http_server_free(worker->http);
	compression_stock_fini(&worker->integrate.compressions);
	dns_server_free(worker->dns);
	pipeline_worker_fini(&worker->pipeline);
	observe_free(worker->observe);
	credentials_worker_free(worker->integrate.credentials);
	outbound_free(worker->outbound);
	target_health_free(worker->health);
	free(worker->targets);
	tls_worker_free(worker->tls);
}

static void *run(void *argument)
{
	struct wiring_worker *worker = argument;
	int error;

	counters_reset_gauges(worker->counters);
	timer_arm(worker->loop, &worker->count_timer, COUNT_INTERVAL_MS, count_again);
	error = loop_run(worker->loop);
	if (error)
		log_error("a worker's loop has failed", LOG_UINT("worker", worker->index), LOG_ERRNO(error));
	count(worker);
	timer_disarm(worker->loop, &worker->count_timer);
	loop_post(worker->config->main_loop, &worker->ended, report_ended);
	return NULL;
}

static int make_outbound(struct wiring_worker *worker)
{
	const struct settings *settings = worker->config->settings;
	struct outbound_settings outbound;

	outbound_settings_init(&outbound);
	outbound.connect_timeout_ms = (uint32_t)settings->backend_connect_timeout_ms;
	outbound.idle_timeout_ms = (uint32_t)settings->backend_idle_timeout_ms;
	outbound.max_age_ms = (uint32_t)settings->backend_max_age_ms;
	outbound.idle_per_target_count = (uint32_t)settings->backend_idle_per_target;
	outbound.idle_count = (uint32_t)settings->backend_idle;
	outbound.connection_count = (uint32_t)settings->backend_connections;
	outbound.name_servers = worker->config->name_servers;
	outbound.authorities_path = worker->config->authorities_path;
	outbound.destinations = worker->config->destinations;
	outbound.tls = worker->tls;
	outbound.counters = worker->counters;
	worker->outbound = outbound_new(worker->loop, &outbound);
	return worker->outbound ? 0 : -errno;
}

static int make_credentials(struct wiring_worker *worker)
{
	const struct wiring_config *config = worker->config;

	worker->integrate.aws_endpoints = config->aws_endpoints;
	if (!config->aws_credentials)
		return 0;
	worker->integrate.credentials =
		credentials_worker_new(worker->loop, config->aws_credentials, config->aws_source);
	return worker->integrate.credentials ? 0 : -errno;
}

static int make(struct wiring_worker *worker)
{
	const struct wiring_config *config = worker->config;
	int error;

	worker->tls = tls_worker_new(worker->loop, worker->index, config->ticket_seed);
	if (!worker->tls)
		return -errno;
	error = make_outbound(worker);
	if (error)
		return error;
	worker->integrate.outbound = worker->outbound;
	error = make_credentials(worker);
	if (!error)
		error = make_targets(worker);
	if (error)
		return error;
	worker->integrate.streamed_max_bytes =
		config->settings->streamed_body_max_bytes ? config->settings->streamed_body_max_bytes : UINT64_MAX;
	worker->observe = observe_new(worker->loop, config->access_log_fd, worker->counters);
	if (!worker->observe)
		return -errno;
	observe_set_records(worker->observe, client_record_table(config->clients, worker->index),
		request_record_log(config->requests, worker->index), line_record_log(config->lines, worker->index));
	worker->pipeline = (struct pipeline_worker){ .index = worker->index,
		.current = config->current,
		.loop = worker->loop,
		.integrate = &worker->integrate,
		.observe = worker->observe,
		.classic_denials = config->settings->classic_denials };
	error = pipeline_worker_init(&worker->pipeline);
	if (error)
		return error;
	wiring_limits(config->settings, &worker->limits);
	worker->http =
		http_server_new(worker->loop, worker->tls, &worker->limits, &pipeline_handler, &worker->pipeline);
	if (!worker->http)
		return -errno;
	worker->dns = dns_server_new(worker->loop, config->current, worker->index, worker->counters);
	return worker->dns ? 0 : -errno;
}

struct wiring_worker *wiring_start(const struct wiring_config *config, unsigned index)
{
	struct wiring_worker *worker = calloc(1, sizeof *worker);
	char name[16];
	int error;

	ASSERT(worker && "out of memory");
	worker->magic = WORKER_MAGIC;
	worker->config = config;
	worker->index = index;
	worker->counters = counters_slot(config->counters, index);
	list_init(&worker->endpoints);
	worker->loop = loop_new();
	error = worker->loop ? make(worker) : -errno;
	if (!error)
		error = -pthread_create(&worker->thread, NULL, run, worker);
	if (error) {
		log_error("a worker can't be made", LOG_UINT("worker", index), LOG_ERRNO(error));
		unmake(worker);
		loop_free(worker->loop);
		free(worker);
		return NULL;
	}
	snprintf(name, sizeof name, "worker-%u", index);
	(void)pthread_setname_np(worker->thread, name);
	return worker;
}

void wiring_open_endpoint(struct wiring_worker *worker, const struct wiring_sockets *sockets)
{
	post_order(worker, on_open, &(struct order){ .sockets = *sockets });
}

void wiring_close_endpoint(struct wiring_worker *worker, const char *endpoint_id, uint64_t token)
{
	struct order order = { .sockets.token = token };

	snprintf(order.sockets.endpoint_id, sizeof order.sockets.endpoint_id, "%s", endpoint_id);
	post_order(worker, on_close, &order);
}

void wiring_change_log(struct wiring_worker *worker, int fd)
{
	post_order(worker, on_change_log, &(struct order){ .fd = fd });
}

void wiring_drain(struct wiring_worker *worker, uint64_t limit_ms)
{
	post_order(worker, on_drain, &(struct order){ .limit_ms = limit_ms });
}

void wiring_join(struct wiring_worker *worker)
{
	ASSERT_MAGIC(worker, WORKER_MAGIC);
	ASSERT(pthread_join(worker->thread, NULL) == 0);
	unmake(worker);
	loop_free(worker->loop);
	worker->magic = 0;
	free(worker);
}

void wiring_invoke(struct wiring_invoke *invoke)
{
	loop_post(invoke->worker->loop, &invoke->begin, on_invoke);
}

void wiring_invoke_cancel(struct wiring_invoke *invoke)
{
	loop_post(invoke->worker->loop, &invoke->cancel, on_invoke_cancel);
}

void wiring_limits(const struct settings *settings, struct http_limits *ret)
{
	*ret = http_limits_private;
	ret->handshake_timeout_ms = settings->handshake_timeout_ms;
	ret->head_timeout_ms = settings->head_timeout_ms;
	ret->body_timeout_ms = settings->body_timeout_ms;
	ret->send_timeout_ms = settings->send_timeout_ms;
	ret->idle_timeout_ms = settings->idle_timeout_ms;
	ret->connection_max_count = settings->connections_per_worker;
}
