/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * daemon: what the parts of the system daemon share, and what each does.
 *
 *   main.c      options, privileges, the socket, the loop
 *   server.c    connections and verbs
 *   slots.c     the two slots and the boot loader's words
 *   update.c    an update on its way into the other slot
 *   health.c    whether this start is good; what is on trial, and until when
 *   trial.c     settings: judged in a child, kept, confirmed
 *   child.c     what meets bytes from outside, without privileges
 *   stored.c    settings on the data partition
 *
 * The daemon runs as root and is the only program that writes slots and the boot loader's words while the machine runs. It parses
 * fixed-size records and one signed head, nothing else. One thread, one loop; what takes long is done in steps, one a turn.
 *
 * Its lines are read by people on the console, and one of them by init: "good …" ends an update's trial there too (init/trial.h).
 */
#ifndef POSTERN_SYSTEM_DAEMON_H
#define POSTERN_SYSTEM_DAEMON_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "image/system/child.h"
#include "image/system/probe.h"
#include "image/system/protocol.h"
#include "image/system/slots.h"
#include "image/system/stored.h"
#include "image/system/update.h"

/* A start on trial that is not good by then (since the machine's start) is given up. `trial=SECONDS` on the kernel's command line is another limit. */
#define DAEMON_TRIAL_S 120

/* Where a start stands. */
struct health {
	bool is_good;
	uint64_t good_at_ms;
	struct system_facts facts;
	bool knows;    /* facts were told */
	bool probing;  /* a round is under way */
	uint32_t next; /* what the round asks next: endpoints by number and family, then management addresses */
	uint64_t next_round_ms;
	struct child child;
	char failing[SYSTEM_TEXT_BYTES];
	char said[SYSTEM_TEXT_BYTES]; /* of `failing`, on the console */
	uint64_t said_ms;
	bool given_up;
};

/* Settings that are being judged; `request` and `data_fd` wait for the verdict. */
struct trial {
	struct child child;
	bool waiting;
	struct system_settings request;
	int data_fd;
	char failure[4 * SYSTEM_TEXT_BYTES];
	uint64_t restart_by_ms; /* those on trial are taken back then; 0: not counted */
};

struct daemon {
	const char *folder;   /* STORED_FOLDER, but for tests */
	const char *programs; /* where `configure` is */
	char version[UPDATE_VERSION_BYTES];
	uint8_t key[UPDATE_KEY_BYTES];
	bool has_key;
	struct slots slots;
	int slots_error;
	unsigned trial_s;
	uint64_t give_up_ms; /* a start on trial that is not good by then is given up */
	pid_t init;
	struct health health;
	struct trial trial;
	struct update update;
	char last_update[SYSTEM_TEXT_BYTES];
	bool restarting;
	bool done;
};

/* Since the machine started. */
uint64_t daemon_now_ms(void);

/* A line on the console. */
void daemon_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Ask init to start the machine anew, once. */
void daemon_restart(struct daemon *daemon, const char *why);

/* What came of the last update, kept for `status`: in memory, and on the data partition if that takes it. */
void daemon_note_update(struct daemon *daemon, const char *format, ...) __attribute__((format(printf, 2, 3)));
void daemon_read_note(struct daemon *daemon);

/* ---- health.c ---- */

/* The service should serve this. */
void health_tell(struct daemon *daemon, const struct system_facts *facts);
/* Go on; when to be called again at the latest. */
uint64_t health_turn(struct daemon *daemon, uint64_t now_ms);

/* ---- trial.c ---- */

/* Judge settings; `data_fd` is taken over. 0: trial_turn() will answer; else a negative errno. */
int trial_begin(struct daemon *daemon, const struct system_settings *request, int data_fd)
	__attribute__((warn_unused_result));
/* -EAGAIN: go on waiting; else the answer's status, with `failure` filled if it is negative. Only while `waiting`. */
int trial_poll(struct daemon *daemon, uint64_t now_ms) __attribute__((warn_unused_result));
int trial_confirm(struct daemon *daemon) __attribute__((warn_unused_result));
/* The start is good: settings on trial are counted down from now on, or stay if that was all they had to show. */
void trial_is_good(struct daemon *daemon, uint64_t now_ms);
/* Take those back whose time is over. When to be called again. */
uint64_t trial_turn(struct daemon *daemon, uint64_t now_ms);

#endif
