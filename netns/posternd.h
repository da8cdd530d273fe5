/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * posternd: the one structure that its parts share, and its entry point.
 *
 * Who owns what:
 *   posternd.c   options, settings record, signals, the timer, start and end
 *   supervise.c  the two children: start, exit, back-off, adoption
 *   monitor.c    connections of the children, verbs in, messages out
 *   endpoint.c   endpoints: namespace, links, filter, sockets; their records on disk
 *   shared.c     what outlives children besides endpoints: counters, wake-up, access log, management listeners, records
 *   reconcile.c  finding all that again after posternd's own death; taking it down
 *   outgoing.c   sockets of endpoints' namespaces for the gateway's calls of back ends
 *   load.c       generations on their way into filters; cut.c ends connections that they deny
 * Single-threaded but for short-lived helpers that enter a namespace (netns/namespace) or build a filter's table
 * (netns/load). Internal to netns/.
 */
#ifndef POSTERN_NETNS_POSTERND_H
#define POSTERN_NETNS_POSTERND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ebpf/filter.h"
#include "netns/config.h"
#include "netns/watch.h"
#include "netns/verbs.h"

/* Two channels for each of two children, and as many again that are still to show who they are. */
#define POSTERND_CONNECTIONS_MAX 8
/* How long a successor waits for children that are still alive to come back and hand over. */
#define POSTERND_ADOPTION_MS 5000

struct posternd;
struct load;

enum child_role { CHILD_GATEWAY, CHILD_CONTROL, CHILD_COUNT };

enum child_state {
	CHILD_DOWN,    /* no process; start_at_ns says when the next one is due */
	CHILD_RUNNING, /* a process that has not said READY (yet, or again after our own restart) */
	CHILD_READY,   /* it serves */
};

struct child {
	struct posternd *posternd;
	enum child_role role;
	enum child_state state;
	pid_t pid;
	struct watch exit; /* its pidfd */
	bool adopted;      /* started by a posternd before us: its exit status goes elsewhere */
	uint64_t started_ns;
	uint64_t start_at_ns;
	unsigned int back_off_ms;
	uint32_t restarts;
	int32_t last_exit;
};

/* A packet that its receiver had no room for yet. */
struct outgoing {
	struct outgoing *next;
	size_t count;
	char bytes[];
};

struct connection {
	struct posternd *posternd;
	struct watch packets;
	enum child_role role;
	bool greeted; /* HELLO was answered */
	uint32_t channel;
	bool wants_endpoints; /* SOCKETS was asked: endpoints not told yet are to be pushed */
	struct outgoing *first, **last;
	size_t outgoing_count;
};

struct endpoint {
	bool used;
	enum verb_endpoint_kind kind;
	uint32_t index;
	struct verb_endpoint_create wanted;                /* id and addresses; all zero for the local one */
	struct netns_network networks[VERB_ADDRESSES_MAX]; /* of each address, as they were when it was made */
	struct filter *filter;                             /* NULL for the local one */
	struct watch events;                               /* of the filter's event buffer */
	uint64_t namespace_cookie;                         /* 0 for the local one */
	int *sockets;                                      /* https, DNS over UDP, DNS over TCP; NULL: none held */
	size_t https_count, dns_udp_count, dns_tcp_count;
	bool told; /* the present gateway has the sockets */
};

/* How many sockets for calls of back ends were made within the second. */
struct outgoing_window {
	uint64_t second; /* of the monotonic clock */
	uint32_t count;
	bool said; /* that there were too many */
};

struct shared {
	int counters_fd, counters_read_fd, wake_fd;
	int access_log_fd, audit_log_fd;
	int management_fds[NETNS_MANAGEMENT_MAX]; /* -1: not held */
	/* By bit of VERB_RECORD_*, for the gateway and for control; -1: none. */
	int record_fds[VERB_RECORD_COUNT], record_read_fds[VERB_RECORD_COUNT];
};

struct posternd {
	struct netns_config config;
	char settings_path[4096];
	char binaries_dir[4096]; /* posternd's own folder, unless told otherwise */
	int settings_fd;         /* opened at start: privileges to open it may be gone later */
	int loop;
	int namespace_fd; /* our own network namespace; -1 in local mode */
	int lock_fd;
	struct watch listener, signals, timer;
	struct child children[CHILD_COUNT];
	struct connection connections[POSTERND_CONNECTIONS_MAX];
	struct endpoint endpoints[VERB_ENDPOINTS_MAX];
	struct shared shared;
	struct verb_filter_events events;                            /* collected, not sent yet */
	char gone[2 * VERB_ENDPOINTS_MAX][FILTER_ENDPOINT_ID_BYTES]; /* to be told to the gateway */
	size_t gone_count;
	struct load *load; /* the generation that is being loaded, or NULL */
	struct outgoing_window outgoing;
	bool said_no_cut; /* that the kernel can't cut connections */
	uint64_t started_ns;
	uint64_t adoption_deadline_ns; /* 0: no adopted child is waited for */
	uint64_t drain_deadline_ns;
	bool draining;
	bool json; /* standard output is JSON */
	bool announced;
	bool done;
};

/* The program: options, start, loop, end. Returns the exit status. */
int posternd_main(int argc, char **argv);

/* Something changed that may be due earlier than the timer is armed for, or that may let a child start. */
void posternd_settle(struct posternd *posternd);

/* "gateway", "control". */
const char *child_role_name(enum child_role role);

#endif
