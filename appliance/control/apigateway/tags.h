/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tags of API Gateway's resources: what all operations that take some ask. */
#ifndef POSTERN_CONTROL_TAGS_H
#define POSTERN_CONTROL_TAGS_H

#include "appliance/base/json.h"
#include "appliance/control/call.h"

/* Are there few enough, with fitting names and values? `tags` may be NULL. 0 or CALL_FAILED. */
int tags_check(struct call *call, const struct json *tags) __attribute__((warn_unused_result));

#endif
