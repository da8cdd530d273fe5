/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tags of API Gateway's resources: what all operations that take some ask. */
#ifndef POSTERN_CONTROL_TAGS_H
#define POSTERN_CONTROL_TAGS_H

#include "appliance/base/json.h"
#include "appliance/control/call.h"

/* Are there few enough, with fitting names and values? `tags` may be NULL. 0 or CALL_FAILED. */
int tags_check(struct call *call, const struct json *tags) __attribute__((warn_unused_result));

/*
 * A record as it is shown: without what is Postern's own. Tags are left out if there are none, or, where AWS does so, shown as an empty
 * object. The caller's to free.
 */
struct json *tags_shown(const struct json *record, bool with_empty);

/* The same as the whole answer; and as an item of a list, where no tags are none (a page_shower). */
void tags_answer(struct call *call, const struct json *record, bool with_empty);
struct json *tags_show_item(struct call *call, const struct json *record);

/* The record that such an ARN names, whatever stands for its account; NULL if there is none. The caller's to free. */
struct json *tags_find_record(struct call *call, const char *arn);

/* The input's tags into a new record, if there are any. 0 or CALL_FAILED. */
int tags_take(struct call *call, struct json *record) __attribute__((warn_unused_result));

#endif
