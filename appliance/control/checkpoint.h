/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * checkpoint: changes that are taken back unless they are confirmed in time ("commit-confirm").
 *
 * A checkpoint is a copy of the store (checkpoint.db beside it) and a mark (checkpoint.json) that says until when the changes
 * since are on trial. When that time is over, or when it is asked for, the records that differ are put back in one transaction
 * of its own revision (store_revert()): the gateway and the source filters follow it like any other change, and the store never
 * goes back. What Postern itself renews (its authority, the certificate of the default names, the access key, the ids of the
 * appliance) is left as it is.
 *
 * Access keys are put back too, since they belong to users that are: so while a checkpoint is open none can be revoked, by
 * deletion or as Inactive (iam/access_keys.h). A revoked key would be valid again, and after a change of the root user's keys
 * there would be none at all.
 *
 * Time: the deadline is kept in the clock that counts from boot, which no correction of the wall clock moves. A program that was
 * killed goes on with it. After a boot what was left goes on; the file says a little less than is left, so that
 * a machine that loses its power again and again still comes to the end.
 * A crash is harmless at any instant: before the mark is written nothing has begun; putting back is one transaction, and doing
 * it again changes nothing; the mark is closed before the answer.
 * What can't be taken back in time (a full disk, a posternd that is away) is tried again, and no other change is accepted until
 * then: it would be lost.
 *
 * Life cycle: checkpoint_resume() once the store is open; checkpoint_look() each second and before each call.
 * Threads: the operations thread (checkpoint_resume(): before it runs).
 * Not here: settings and system images on trial (the appliance image has them).
 */
#ifndef POSTERN_CONTROL_CHECKPOINT_H
#define POSTERN_CONTROL_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/json.h"

struct call;
struct control;

/* How long there may be to confirm. A shorter time is none for people; a longer one forgets that there is a checkpoint. */
#define CHECKPOINT_MIN_S 10
#define CHECKPOINT_MAX_S 86400
#define CHECKPOINT_DEFAULT_S 120

/* Longest ARN of who began it that is kept. */
#define CHECKPOINT_PRINCIPAL_BYTES 256

/* Files of the state folder. */
#define CHECKPOINT_MARK_FILE "checkpoint.json"
#define CHECKPOINT_COPY_FILE "checkpoint.db"

enum checkpoint_state {
	CHECKPOINT_NONE,      /* there was none yet */
	CHECKPOINT_OPEN,      /* changes are on trial */
	CHECKPOINT_CONFIRMED, /* the last one was confirmed */
	CHECKPOINT_UNDONE,    /* the changes of the last one were taken back */
	CHECKPOINT_LOST,      /* its copy could not be read, so nothing was taken back */
};

struct checkpoint {
	enum checkpoint_state state;
	uint64_t revision; /* of the copy */
	uint64_t seconds;  /* given to confirm */
	uint64_t began_ms; /* wall clock */
	char principal[CHECKPOINT_PRINCIPAL_BYTES];
	/* While it is open. */
	uint64_t deadline_ms;  /* clock_boot_ms() */
	uint64_t kept_rest_ms; /* what the mark says is left */
	uint64_t retry_ms;     /* clock_boot_ms(): taking back failed, not before */
	uint64_t retry_delay_ms;
	/* Afterwards. */
	uint64_t ended_ms; /* wall clock */
	size_t records;    /* put back */
	bool by_time;      /* nobody asked for it: it was not confirmed */
};

/* Go on with the checkpoint that the state folder knows. 0, or a negative errno if the folder can't be read. */
int checkpoint_resume(struct control *control) __attribute__((warn_unused_result));

/* Take the changes back if the time is over; keep in the file how much of it is left. */
void checkpoint_look(struct control *control);

/* One is open whose time is over, but its changes could not be taken back yet. */
bool checkpoint_is_over(const struct control *control);

/* Copy the store and begin. No transaction is open. 0, or a negative errno: then there is none. */
int checkpoint_begin(struct control *control, uint64_t seconds, const char *principal)
	__attribute__((warn_unused_result));

/* Keep the changes: the mark is closed. 0, or a negative errno: then it is open still. */
int checkpoint_confirm(struct control *control) __attribute__((warn_unused_result));

/*
 * Within the call's transaction: put the records back. Endpoints whose interfaces differ are taken down, to be made anew once it
 * is committed; then the mark is closed and the call's output says what GetCheckpoint says. Returns 0, CALL_FAILED or a negative
 * errno.
 */
int checkpoint_undo(struct call *call) __attribute__((warn_unused_result));

/* What GetCheckpoint answers, into `ret`: state, revision, principal, beganAt, confirmWithinSeconds, and
 * remainingSeconds or endedAt, reason and records. */
void checkpoint_describe(const struct control *control, struct json *ret);

#endif
