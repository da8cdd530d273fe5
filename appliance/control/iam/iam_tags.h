/* SPDX-License-Identifier: GPL-3.0-or-later */
/* iam_tags: tags of users and policies: a list of Key and Value in order of the key, in a record's member Tags. */
#ifndef POSTERN_CONTROL_IAM_TAGS_H
#define POSTERN_CONTROL_IAM_TAGS_H

#include "appliance/base/json.h"
#include "appliance/control/call.h"

/* Judge the input's Tags and put them into the record, over those of the same keys. 0 or CALL_FAILED. */
int iam_tags_take(struct call *call, struct json *record) __attribute__((warn_unused_result));

/* Take away those that the input's TagKeys name. */
void iam_tags_remove(struct call *call, struct json *record);

/* Answer with a page of the record's tags. */
int iam_tags_list(struct call *call, const struct json *record);

#endif
