/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * own_policy: what Postern's own operations on policies share. What the gateway recorded comes from a program that meets
 * strangers, and is shown with care.
 *
 * Threads: the operations thread.
 */
#ifndef POSTERN_CONTROL_OWN_POLICY_H
#define POSTERN_CONTROL_OWN_POLICY_H

#include "appliance/base/json.h"
#include "appliance/control/call.h"

/* The text as it may be put into JSON and onto a terminal: control characters and ill-formed UTF-8 become U+FFFD. */
struct view own_policy_shown(struct call *call, struct view text);

/* The record of the custom domain of that execute-api ARN, owned by the caller, or NULL. */
struct json *own_policy_domain(struct call *call, const char *domain_arn);

#endif
