/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wiring: one worker of the gateway: every part that a request meets, joined on one thread and one loop.
 *
 *	loop ─ tls ─ http server ─ pipeline ─┬─ integrate ─ outbound ─ back ends, from the host or from a place of each endpoint
 *	     └ dns server                    └─ observe (access log, counters)
 *
 * Life cycle: wiring_start() makes the parts and the thread; wiring_open_endpoint() and wiring_close_endpoint() as endpoints come
 * and go; wiring_drain() lets requests end, upon which the thread ends by itself; wiring_join() waits for it.
 *
 * Threads: the functions here are for the gateway's main thread; each posts to the worker's loop, and what comes of it is
 * posted back to the main loop (struct wiring_reports).
 * Not here: posternd, the store's follower, the order of the start (gateway.c).
 */
#ifndef POSTERN_LAUNCH_WIRING_H
#define POSTERN_LAUNCH_WIRING_H

#include <stdbool.h>

#include "appliance/base/counters.h"
#include "appliance/launch/settings.h"
#include "appliance/loop/loop.h"
#include "appliance/outbound/destination.h"
#include "appliance/outbound/socket_stock.h"
#include "appliance/pipeline/test_invoke.h"
#include "appliance/tls/worker.h"
#include "netns/verbs.h"

struct aws_endpoints;
struct client_record;
struct credentials_config;
struct credentials_source;
struct line_record;
struct current;
struct http_limits;
struct request_record;
struct served;
struct wiring_worker;

/* What workers tell; called on the main loop's thread. */
struct wiring_reports {
	/* An endpoint's sockets are served (error 0) or could not be. */
	void (*opened)(void *context, const char *endpoint_id, int error);
	/* The descriptors of an endpoint are not used any more by this worker. */
	void (*closed)(void *context, const char *endpoint_id, uint64_t token);
	/* The thread has nothing more to do and is ending. */
	void (*ended)(void *context, struct wiring_worker *worker);
	/* The old access log is not used any more by this worker. */
	void (*log_changed)(void *context, int old_fd);
};

/* The same for all workers; all borrowed, and outlive them. */
struct wiring_config {
	const struct settings *settings;
	struct current *current;
	struct counters *counters;
	const struct tls_ticket_seed *ticket_seed;
	const struct destination_rules *destinations;
	const char *name_servers;     /* NULL: those of the system */
	const char *authorities_path; /* of back ends, as in struct outbound_settings */
	const struct aws_endpoints *aws_endpoints;
	const struct credentials_config *aws_credentials; /* NULL: none */
	struct credentials_source *aws_source;            /* NULL: nothing is fetched */
	int access_log_fd;                                /* at the start; -1: none */
	struct client_record *clients;                    /* NULL: none is kept */
	struct request_record *requests;                  /* likewise */
	struct line_record *lines;                        /* likewise */
	struct loop *main_loop;
	const struct wiring_reports *reports;
	socket_order_fn
		*order_sockets; /* with `backend_from: endpoint`: whom workers order sockets from; on their threads */
	void *context;          /* of the reports and of order_sockets */
};

/* Make worker `index` and its thread. NULL after logging why. */
struct wiring_worker *wiring_start(const struct wiring_config *config, unsigned index)
	__attribute__((warn_unused_result));

/* An endpoint's sockets for this worker; -1 for none. They stay the caller's, open until `closed` was reported. */
struct wiring_sockets {
	char endpoint_id[FILTER_ENDPOINT_ID_BYTES];
	uint64_t token; /* the caller's, repeated in `closed` */
	int https_fd, dns_udp_fd, dns_tcp_fd;
};

/* Serve them. A second call for the same endpoint replaces its sockets. */
void wiring_open_endpoint(struct wiring_worker *worker, const struct wiring_sockets *sockets);

/* Stop serving the sockets with that token. Connections end after their present request. */
void wiring_close_endpoint(struct wiring_worker *worker, const char *endpoint_id, uint64_t token);

/* Write to another access log from now on. */
void wiring_change_log(struct wiring_worker *worker, int fd);

/* Take no more work, let requests end within `limit_ms`, then end the thread. */
void wiring_drain(struct wiring_worker *worker, uint64_t limit_ms);

/* Wait for the thread and free everything. */
void wiring_join(struct wiring_worker *worker);

/* A test of a method or an authorizer on a worker. Its memory is the caller's, who keeps it until all has come back. */
struct wiring_invoke {
	/* --- given */
	struct wiring_worker *worker;
	const struct invoke_question *question;
	const struct draft *draft;
	/*
	 * On the main loop: once when the test has ended, with `is_done`, and once for wiring_invoke_cancel(), which may be the
	 * earlier one or the later.
	 */
	void (*came_back)(struct wiring_invoke *invoke);

	/* --- the answer's message, if is_done; buffer_fini() it */
	struct buffer answer;
	bool is_done;

	/* --- the worker's */
	struct loop_message begin, done, cancel, cancelled;
	struct test_invoke test;
	struct served *served; /* the endpoint from which it calls back ends; NULL: none */
	bool runs;
};

/* Run it. It leaves from where the API's own endpoint calls back ends. */
void wiring_invoke(struct wiring_invoke *invoke);

/* Give it up, if it has not ended. */
void wiring_invoke_cancel(struct wiring_invoke *invoke);

/* The HTTP limits of the settings. */
void wiring_limits(const struct settings *settings, struct http_limits *ret);

#endif
