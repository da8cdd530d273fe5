/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * usage_plan_members: which keys are in which usage plans, all of it in memory: for calls that ask for thousands of keys.
 *
 * Life cycle: init reads the store, add keeps up with what the call itself does, fini. Threads: the operations thread.
 */
#ifndef POSTERN_CONTROL_APIGATEWAY_USAGE_PLAN_MEMBERS_H
#define POSTERN_CONTROL_APIGATEWAY_USAGE_PLAN_MEMBERS_H

#include "appliance/base/json.h"
#include "appliance/base/table.h"
#include "appliance/control/call.h"

struct usage_plan_members {
	struct json *lists;  /* an object: key id to an array of plan ids */
	struct table by_key; /* the same arrays */
};

void usage_plan_members_init(struct usage_plan_members *members, struct call *call);
void usage_plan_members_fini(struct usage_plan_members *members);

/* Ids of the plans that the key is in; NULL: none. */
const struct json *usage_plan_members_of(const struct usage_plan_members *members, const char *key_id);

/* The key is in the plan, too; nothing happens if it was. */
void usage_plan_members_add(struct usage_plan_members *members, struct view plan_id, struct view key_id);

#endif
