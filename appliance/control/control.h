/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * control: the management side of an appliance: AWS-compatible calls on the management address, the store, the source filters
 * derived from it, endpoints ordered from posternd, Postern's own certificates.
 *
 * Life cycle, by the wiring:
 *	control_open()             store, first start (keys, authority, certificate, credentials), operations thread
 *	control_listen()           for each management listener that posternd handed over
 *	control_posternd_is_up()   now, and after each reconnection: endpoints and filters are compared with the store
 *	control_filter_events()    for each FILTER_EVENTS that posternd pushed
 *	control_drain(), control_close()
 *
 * Threads: all functions are called by the loop's thread. Calls are carried out one after the other on a thread of its
 * own, so that they may wait for the disk and for posternd while the loop goes on.
 * Not here: settings files (launch/), serving clients (the gateway, another process, which follows the store).
 * Source: architecture 1, 2 and 9.
 */
#ifndef POSTERN_CONTROL_CONTROL_H
#define POSTERN_CONTROL_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/counters.h"
#include "appliance/loop/loop.h"
#include "netns/config.h"
#include "netns/verbs.h"

/* Largest management call: an API definition has up to 6 MB (AWS quota); what the gateway takes is allowed here too. */
#define CONTROL_BODY_MAX_BYTES ((size_t)10 << 20)

struct control;

struct control_settings {
	const char *account_id; /* 12 digits */
	const char *region;
	const char *state_dir;                /* holds store.db, secret.key, ca.pem, credentials */
	const char *posternd_socket;          /* NULL: no posternd (tests): endpoints are records only */
	const struct netns_network *networks; /* rows of the settings' table; copied */
	size_t network_count;
	const char *access_key_id, *secret_access_key; /* from the settings; NULL: made at the first start */
	const char *operator_certificate; /* PEM, judged already: who gets the key that is made; NULL: nobody */
	struct netns_address management[NETNS_MANAGEMENT_MAX]; /* where it listens */
	size_t management_count;
	const char *management_names; /* of management's certificate, separated by spaces; or NULL */
	bool local;
	const char *traffic_address;     /* local mode: "127.0.0.1:8443" */
	const char *management_url;      /* what `credentials` and the status name, "http://127.0.0.1:4566" */
	const char *default_filter_mode; /* "reset", "drop" or "observe" for new endpoints; NULL: reset */
	const char *filter_dns;          /* who may ask DNS: "admitted", "policy" or "off"; NULL: admitted */
	bool filter_cut_connections;     /* a new policy cuts established connections of sources that it denies */
	size_t filter_prefixes;          /* most prefixes of an endpoint's filter; 0: the default */
	bool filter_widens;              /* filters that need more are widened, and no call is refused for them */
	int audit_log_fd;                /* opened to append; the control's own then; -1: none */
	int wake_fd;                     /* eventfd to raise after each commit; -1: none */
	struct counters *counters;       /* of the gateway, for /metrics; NULL: none; borrowed */
	const char *settings_shown; /* the settings as JSON, without secrets, for support bundles; NULL: not known */
	const char *run_dir;        /* where the console's last lines are, on the appliance image; NULL: nowhere */
	int client_record_fd;       /* what the gateway records, for reading; borrowed; -1: none is kept */
	int request_record_fd;
	int line_record_fd;                  /* access log lines for log groups, likewise */
	uint64_t log_events_bytes;           /* most that logs.db may take; 0: the least */
	uint32_t integration_timeout_max_ms; /* highest timeoutInMillis; 0: AWS's 29,000 */
};

/*
 * Start. All texts of `settings` are copied. `*ret_message`, if not NULL, gets a text for the operator on failure.
 * Returns 0 or a negative errno (those of store_open() among them).
 */
int control_open(struct control **ret, struct loop *loop, const struct control_settings *settings,
	const char **ret_message) __attribute__((warn_unused_result));

/*
 * Serve management calls on the listening descriptor `fd`, which is the control's from now on: plain HTTP. With `secure` TLS with
 * Postern's own certificate. Returns 0 or a negative errno; then the descriptor stays the caller's.
 */
int control_listen(struct control *control, int fd, bool secure) __attribute__((warn_unused_result));

/* posternd can be reached (again). */
void control_posternd_is_up(struct control *control);

/* Sampled drops, as pushed by posternd; copied. */
void control_filter_events(struct control *control, const struct verb_filter_events *events);

/* Go on with another file as audit log: `fd`, opened to append, is the control's from now on. */
void control_change_audit_log(struct control *control, int fd);

/* Finish what is under way, then call `drained(context)` once, after `limit_ms` at the latest. */
void control_drain(struct control *control, uint64_t limit_ms, void (*drained)(void *context), void *context);

/* Stop the operations thread, close the store. NULL is fine. */
void control_close(struct control *control);

#endif
