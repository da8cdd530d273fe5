/* SPDX-License-Identifier: GPL-3.0-or-later */
/* authorizers: what the operations on authorizers share. Threads: the operations thread. */
#ifndef POSTERN_CONTROL_APIGATEWAY_AUTHORIZERS_H
#define POSTERN_CONTROL_APIGATEWAY_AUTHORIZERS_H

#include "appliance/base/json.h"
#include "appliance/control/call.h"

/* The Authorizer named by authorizerId; 0, or CALL_FAILED with 404. The caller's to free. */
int authorizer_find(struct call *call, struct json **ret);

/* Does an authorizer, as it would be stored, have what its type needs? 0 or CALL_FAILED. */
int authorizer_check(struct call *call, const struct json *authorizer) __attribute__((warn_unused_result));

/* Is its name its own in its API? 0 or CALL_FAILED. */
int authorizer_check_name(struct call *call, const struct json *authorizer) __attribute__((warn_unused_result));

#endif
