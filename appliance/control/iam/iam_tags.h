/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * iam_tags: tags of users and policies: a list of Key and Value in order of the key, in a record's member Tags.
 * Source: IAM User Guide, "Rules for tagging in IAM and AWS STS": case sensitivity.
 */
#ifndef POSTERN_CONTROL_IAM_TAGS_H
#define POSTERN_CONTROL_IAM_TAGS_H

#include "appliance/base/json.h"
#include "appliance/control/call.h"

/* Are "Team" and "team" two keys? */
enum iam_tags_case {
	IAM_TAGS_OF_CASE,     /* of policies: yes */
	IAM_TAGS_OF_ANY_CASE, /* of users: no; a key is shown as it was given last */
};

/* Judge the input's Tags and put them into the record, over those of the same keys. 0 or CALL_FAILED. */
int iam_tags_take(struct call *call, struct json *record, enum iam_tags_case keys) __attribute__((warn_unused_result));

/* Take away those that the input's TagKeys name. */
void iam_tags_remove(struct call *call, struct json *record, enum iam_tags_case keys);

/* Answer with a page of the record's tags. */
int iam_tags_list(struct call *call, const struct json *record);

#endif
