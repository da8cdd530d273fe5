/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * resource_tags: which tags count for something of API Gateway when access to it is decided: its own, and those of what it is in.
 * Source: API Gateway Developer Guide, "Use tags to control access to API Gateway REST API resources" (tag inheritance).
 */
#ifndef POSTERN_CONTROL_RESOURCE_TAGS_H
#define POSTERN_CONTROL_RESOURCE_TAGS_H

#include "appliance/base/json.h"
#include "appliance/base/view.h"
#include "appliance/control/call.h"

/* Merge the tags into the object `ret`; none for ARNs of other services. */
void resource_tags(struct call *call, struct view arn, struct json *ret);

#endif
