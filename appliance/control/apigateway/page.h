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
 * output. `id_member` is the member that identifies an item. 0 or CALL_FAILED.
 */
int page_list(struct call *call, struct json *items, const char *id_member);

#endif
