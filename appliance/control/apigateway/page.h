/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * page: lists of API Gateway: {"item": [...], "position": "..."}, `limit` and `position`.
 *
 * Source: spec/control-plane.md 3.1 and 3.4.
 */
#ifndef POSTERN_CONTROL_PAGE_H
#define POSTERN_CONTROL_PAGE_H

#include "appliance/base/json.h"
#include "appliance/control/call.h"

#define PAGE_DEFAULT_COUNT 25
#define PAGE_MAX_COUNT 500

/*
 * Move the page of `items` (in the order in which they are listed; it is consumed) that the input asks for into the
 * output. `id_member` is the member that identifies an item; a
 * list in its order goes on behind an item that was deleted since its page was shown. 0 or CALL_FAILED.
 */
int page_list(struct call *call, struct json *items, const char *id_member);

/* What is shown of an item: a value for the output, which takes it over. Errors stick to the call (records.h). */
typedef struct json *page_shower(struct call *call, const struct json *item);

/* The same for records: each item of the page is shown by `show`, those of other pages are not. */
int page_list_shown(struct call *call, struct json *items, const char *id_member, page_shower *show);

/*
 * The same in order of when the records were made, the newest first: by "createdMs" of their member "postern". Their member
 * "id" identifies them. Goes on behind deleted ones, too.
 */
int page_list_newest_first(struct call *call, struct json *records, page_shower *show);

/* Set "createdMs": now, or when another record was made. */
void page_note_created(struct call *call, struct json *record);
void page_set_created(struct json *record, const struct json *other);

/* Leave only the objects whose member (a text, may be absent) is `text`, or begins with `prefix`; NULL: all. */
void page_keep_equal(struct json *records, const char *member, const char *text);
void page_keep_prefix(struct json *records, const char *member, const char *prefix);

#endif
