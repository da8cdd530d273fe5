/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dispatch: one management request from its bytes to its answer: who calls, which operation, is the input right, run it in
 * a transaction, make it durable, tell the gateway, load filters, write the answer.
 *
 * Threads: the operations thread.
 */
#ifndef POSTERN_CONTROL_DISPATCH_H
#define POSTERN_CONTROL_DISPATCH_H

#include "appliance/base/buffer.h"
#include "appliance/base/random.h"
#include "appliance/control/call.h"

/* Largest answer: a page of 500 items, or a backup of the store. */
#define DISPATCH_ANSWER_MAX_BYTES ((size_t)2 << 30)

/* The fields of an answer besides its body. Texts live in the response itself. */
struct dispatch_response {
	int status;
	const char *content_type; /* static */
	char request_id[RANDOM_UUID_BYTES];
	char error_type[64];   /* x-amzn-ErrorType; empty: none */
	char detail[512];      /* x-postern-reason; empty: none */
	char location[256];    /* empty: none */
	char disposition[256]; /* Content-Disposition; empty: none */
	uint64_t revision;     /* x-postern-revision; 0: not known */
	struct buffer body;
};

/*
 * Answer `request`, which lives as long as the call does. `*ret` is ended with dispatch_response_fini(). Returns NULL, or the call if
 * it waits (call_wait()): then there is no answer yet, and whoever asks its question calls dispatch_resume() with what came of it,
 * on the operations thread, or dispatch_abandon() when nobody wants to know any more.
 */
struct call *dispatch(struct control *control, const struct call_request *request, struct dispatch_response *ret);
void dispatch_resume(struct call *call, int error, struct view answer, struct dispatch_response *ret);
void dispatch_abandon(struct call *call);

/* Carry out an operation that needs no input of Postern's own accord, as the principal "postern"; noted and audited like a call. */
void dispatch_own(struct control *control, const struct operation *operation);

void dispatch_response_fini(struct dispatch_response *response);

#endif
