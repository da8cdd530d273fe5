/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * state: what the parts of the control program share. Private to this folder.
 *
 * Two threads: the loop's (server.c) and the operations thread (worker.c), to which everything here belongs but for what
 * is said to be the loop's, and the events (with their own lock).
 */
#ifndef POSTERN_CONTROL_STATE_H
#define POSTERN_CONTROL_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "appliance/base/assert.h"
#include "appliance/base/table.h"
#include "appliance/control/checkpoint.h"
#include "appliance/control/control.h"
#include "appliance/control/filter/drop_log.h"
#include "appliance/control/filter/events.h"
#include "appliance/control/filter/targets.h"
#include "appliance/control/logs/logs.h"
#include "appliance/control/machine.h"
#include "appliance/control/operations.h"
#include "appliance/control/worker.h"
#include "appliance/crypto/seal.h"
#include "appliance/store/store.h"
#include "netns/client.h"

#define CONTROL_MAGIC MAGIC('c', 't', 'r', 'l')

/* secret.key, store.db and so on below the state folder. */
#define CONTROL_PATH_MAX_BYTES 512

/* Calls that wait for the gateway at a time: each is a test, which is made by people. */
#define CONTROL_WAITING_MAX 8

struct control_server;
struct filter_plan;

struct control {
	uint32_t magic;
	struct control_settings settings; /* texts copied */
	struct netns_network *networks;
	struct store *store;
	struct seal_key key;
	struct loop *loop;
	uint64_t started_ms; /* wall clock */

	/* posternd: a connection of the operations thread's own; NULL while there is none. */
	struct client *client;
	uint64_t client_retry_ms; /* monotonic: not before */

	/* Source filters: see filter.c. */
	uint64_t filter_generation;  /* the last one given out */
	uint64_t filter_serial;      /* the last number given to an endpoint */
	bool filters_stale;          /* what posternd has may differ from the store: look again */
	bool filters_known;          /* what the store leads to was derived once */
	struct table filter_sources; /* "vpce-…" → struct filter_source: what is loaded */
	struct table filter_places;  /* "vpce-…" → struct filter_place: what was derived */
	struct filter_targets filter_targets;
	struct filter_plan *filter_plan; /* of the transaction under way; NULL: none */
	struct events events;
	struct drop_log drop_log;
	struct worker_job drop_job; /* the loop's, while `drop_job_posted` is false */
	_Atomic bool drop_job_posted;

	/* Local mode's endpoint. Fixed at the first start. */
	char builtin_endpoint_id[32];

	struct checkpoint checkpoint;

	struct table identities; /* "AIDA…" → struct identity: see iam/identity.h */
	struct table key_uses;   /* "AKIA…" → struct key_use: see iam/last_used.h */

	bool audit_is_torn; /* the last line of the audit log lacks its end: see audit.c */

	struct counters_slot *counts; /* control's own; NULL without counters */
	uint64_t renew_check_ms;      /* monotonic: when certificates are looked at again */
	uint64_t clock_began_ms;      /* wall clock of the monotonic clock's zero: changes when the clock is set */

	struct machine machine;
	struct logs logs;

	unsigned waiting_count; /* calls that wait for the gateway */

	struct worker worker;
	struct control_server *server; /* the loop's */
};

/* "arn:aws:apigateway:us-east-1::" and the like are made from these. */
static inline const char *control_region(const struct control *control)
{
	return control->settings.region;
}

static inline const char *control_account(const struct control *control)
{
	return control->settings.account_id;
}

/* A path below the state folder. */
void control_path(const struct control *control, const char *name, char ret[CONTROL_PATH_MAX_BYTES]);

#endif
