/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * read: records of the store as JSON trees, for what compiles them. For the files of this folder.
 *
 * Failures set compile->message. Trees are the caller's, and fixed: who changes them copies them. Threads: those of the compile and the store.
 */
#ifndef POSTERN_MODEL_READ_H
#define POSTERN_MODEL_READ_H

#include "appliance/model/compile.h"
#include "appliance/store/store.h"

/* The body of a record; `*ret` NULL if there is none. `ret_revision` may be NULL. */
int read_record(struct compile *compile, struct store *store, enum store_kind kind, const char *id, struct json **ret,
	uint64_t *ret_revision) __attribute__((warn_unused_result));

/* The bodies of all records of a kind of that parent, as an array. */
int read_children(struct compile *compile, struct store *store, enum store_kind kind, const char *parent,
	struct json **ret) __attribute__((warn_unused_result));

#endif
