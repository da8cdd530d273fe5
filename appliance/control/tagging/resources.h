/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * resources: everything that Postern stores and that can have tags, whatever its service keeps them in.
 *
 * Threads: the operations thread.
 */
#ifndef POSTERN_CONTROL_TAGGING_RESOURCES_H
#define POSTERN_CONTROL_TAGGING_RESOURCES_H

#include <stdbool.h>

#include "appliance/base/json.h"
#include "appliance/base/view.h"
#include "appliance/control/call.h"

/* Most tags of a resource. Source: Resource Groups Tagging API Reference, TagResources. */
#define TAGGING_TAGS_MAX 50

/* All that have a tag, as [{"ResourceARN": …, "Tags": [{"Key": …, "Value": …}, …]}, …] in order of their ARNs; the caller's to free. */
struct json *tagging_list(struct call *call);

/*
 * Merge the object `tags` into the tags of the resource with that ARN, or remove the keys of the array `keys` (the other is NULL).
 * 0; -ENOENT if there is no such resource; -E2BIG if it would have more than TAGGING_TAGS_MAX tags; or CALL_FAILED if the caller
 * may not tag it by its own service either.
 */
int tagging_change(struct call *call, struct view arn, const struct json *tags, const struct json *keys)
	__attribute__((warn_unused_result));

/*
 * Has a tag a key of 1 to 128 characters that does not begin with "aws:", and a value of at most 256?
 * Source: Resource Groups Tagging API Reference, TagResources; CloudWatch Logs API Reference, TagResource.
 */
bool tagging_fits(struct view key, struct view value);

#endif
