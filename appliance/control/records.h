/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * records: the store's records as JSON trees, for handlers. Errors of the store stick to the call (call->store_error): a
 * handler goes on as if nothing was found, and the call as a whole fails with 503 or 500 and changes nothing.
 *
 * Threads: the operations thread.
 */
#ifndef POSTERN_CONTROL_RECORDS_H
#define POSTERN_CONTROL_RECORDS_H

#include <stdbool.h>

#include "appliance/base/json.h"
#include "appliance/control/call.h"
#include "appliance/store/store.h"

/* The body of a live record, owned by the caller, or NULL. */
struct json *record_find(struct call *call, enum store_kind kind, const char *id);

/* The same, or CALL_FAILED with NotFoundException and `message`. */
int record_need(struct call *call, enum store_kind kind, const char *id, const char *message, struct json **ret)
	__attribute__((warn_unused_result));

bool record_exists(struct call *call, enum store_kind kind, const char *id);

/* Create or replace. `parent` may be NULL. */
void record_put(struct call *call, enum store_kind kind, const char *id, const char *parent, const struct json *body);

/* Delete; nothing happens if there is none. */
void record_delete(struct call *call, enum store_kind kind, const char *id);
void record_delete_children(struct call *call, enum store_kind kind, const char *parent);

/* The bodies of all live records of a kind (of one parent if it is not NULL) in order of id, as an array that the caller owns. */
struct json *record_list(struct call *call, enum store_kind kind, const char *parent);

/* The same without "postern", the member that holds what is Postern's own: a frozen definition may be large. */
struct json *record_list_bare(struct call *call, enum store_kind kind, const char *parent);

/* How many live records of a kind there are. */
uint64_t record_count(struct call *call, enum store_kind kind);

/* An id of `count` lower-case letters and digits for which no record `prefix`id exists. Lives as long as the call. */
const char *record_new_id(struct call *call, enum store_kind kind, const char *prefix, size_t count);

/* Note an error of the store. */
void record_error(struct call *call, int error);

#endif
