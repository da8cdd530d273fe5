/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gateway_state: what the files of the gateway's main thread share. Private to this folder.
 *
 *   gateway.c            start and end
 *   gateway_endpoints.c  posternd's messages: endpoints, drain, reload, handing back
 *   gateway_sockets.c    sockets of endpoints' namespaces, to the workers that ordered them
 *   gateway_invoke.c     questions of control's: methods and authorizers to be tried
 */
#ifndef POSTERN_LAUNCH_GATEWAY_STATE_H
#define POSTERN_LAUNCH_GATEWAY_STATE_H

#include <stdatomic.h>

#include "appliance/base/assert.h"
#include "appliance/base/list.h"
#include "appliance/crypto/seal.h"
#include "appliance/launch/address.h"
#include "appliance/launch/gateway_aws.h"
#include "appliance/launch/gateway_invoke.h"
#include "appliance/launch/gateway_sockets.h"
#include "appliance/launch/posternd_link.h"
#include "appliance/launch/start.h"
#include "appliance/launch/wiring.h"
#include "appliance/model/current.h"

struct follow;

/* The sockets of one endpoint, as posternd gave them: this thread keeps them open for the workers, and to hand them back. */
struct gateway_endpoint {
	struct list_link link;
	struct verb_endpoint facts; /* the id as the snapshot knows it, also in local mode */
	enum verb_endpoint_kind kind;
	uint64_t token;        /* of these sockets; a replacement has another */
	bool served;           /* workers were told; not yet in local mode before the endpoint's id is known */
	unsigned open_count;   /* workers that serve them */
	unsigned answer_count; /* workers that have answered to wiring_open_endpoint() */
	unsigned closed_count; /* workers that have closed them */
	bool closing;
	int fds[VERB_FDS_MAX];
	size_t fd_count;
};

struct gateway {
	struct start start;
	struct loop *loop;
	struct posternd_link link;
	struct counters *counters;
	int counters_fd, wake_fd, access_log_fd;
	struct client_record *clients;   /* NULL: none is kept */
	struct request_record *requests; /* likewise */
	struct line_record *lines;       /* likewise */
	struct current *current;
	struct follow *follow;
	struct seal_key key;
	struct tls_ticket_seed ticket_seed;
	struct destination_rules destinations;
	char *name_servers;
	const char *authorities_path; /* backend_ca_file, if it can be used; else NULL */
	struct gateway_aws aws;
	struct wiring_config wiring;
	struct wiring_worker *workers[NETNS_WORKERS_MAX];
	unsigned worker_count, running_count;
	struct timer follow_timer;
	uint64_t store_deadline_ms; /* monotonic: until then a store that can't be read is waited for in silence */

	/* The follower's thread tells of a new snapshot. */
	struct loop_message published;
	_Atomic bool published_posted;

	struct list endpoints;
	uint64_t last_token;
	bool sockets_asked;      /* SOCKETS was sent */
	bool sockets_answered;   /* and answered: expected_count is known */
	bool ready_sent;         /* of this connection to posternd */
	uint32_t expected_count; /* endpoints that posternd announced */
	size_t hand_back_index;  /* next step of handing back; see gateway_endpoints.c */
	bool handing_back;

	struct list orders_waiting, orders_asked; /* for sockets, of workers; see gateway_sockets.c */
	unsigned orders_asked_count;
	uint64_t next_complaint_ms;

	struct list invocations; /* see gateway_invoke.c */
	unsigned invoke_turn;    /* the next one's worker */

	unsigned log_change_count; /* workers that still write to old_log_fd */
	int old_log_fd;

	bool draining;
	int exit_status;
};

extern const struct posternd_link_handlers gateway_link_handlers;
extern const struct wiring_reports gateway_reports;

void gateway_signal(void *context, int number);

/* A snapshot is served (again): ask for the sockets, find local mode's endpoint. */
void gateway_snapshot_serves(struct gateway *gateway);

#endif
