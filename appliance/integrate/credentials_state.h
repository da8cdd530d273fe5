/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * credentials_state: what workers' side (credentials.c) and source (credentials_source.c) share. Private to this folder.
 */
#ifndef POSTERN_INTEGRATE_CREDENTIALS_STATE_H
#define POSTERN_INTEGRATE_CREDENTIALS_STATE_H

#include <stdatomic.h>

#include "appliance/integrate/credentials.h"
#include "appliance/loop/loop.h"

/* Room for why something failed. */
#define CREDENTIALS_WHY_BYTES 512

/* Fetched credentials: never changed, shared by source and workers, wiped and freed when the last lets go. */
struct credentials_set {
	_Atomic unsigned references;
	int64_t refresh_s, expires_s; /* wall clock: from when on new ones are asked for, and when they end */
	struct credentials credentials;
	size_t count; /* of `bytes` */
	char bytes[];
};

/* A copy that is referred to once. NULL without memory. */
struct credentials_set *credentials_set_new(const struct credentials *credentials, int64_t now_s, int64_t expires_s);
struct credentials_set *credentials_set_ref(struct credentials_set *set); /* NULL is fine */
void credentials_set_unref(struct credentials_set *set);                  /* NULL is fine */

/* A worker's question. It belongs to the source until it has come back. */
struct credentials_question {
	/* --- the worker's */
	struct loop_message message;
	struct loop *loop; /* where it is answered to */
	struct credentials_source *source;
	struct view role; /* lives as long as the question */
	loop_message_fn *answered;
	/* --- the source's while it is away */
	struct list_link link;
	/* --- the answer */
	struct credentials_set *set; /* a reference, the asker's; NULL: none, and `why` says why */
	bool failed;                 /* the last fetch did; `set` may be an older one that is still good */
	char why[CREDENTIALS_WHY_BYTES];
};

/* Ask. `question->answered` is called on `question->loop`. */
void credentials_source_ask(struct credentials_question *question);

#endif
