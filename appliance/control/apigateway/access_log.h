/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a stage's accessLogSettings may be. Threads: the operations thread. */
#ifndef POSTERN_CONTROL_ACCESS_LOG_H
#define POSTERN_CONTROL_ACCESS_LOG_H

#include "appliance/base/json.h"
#include "appliance/control/call.h"

/*
 * Judge destination and format, each if it is there; `settings` may be NULL. As with AWS, a log group need not exist: lines that find none
 * are dropped (control/logs/logs.h). 0 or CALL_FAILED.
 * Source: spec/throttling-caching-logging.md C1; API Gateway's own refusals, as public reports quote them.
 */
int access_log_check(struct call *call, const struct json *settings) __attribute__((warn_unused_result));

#endif
