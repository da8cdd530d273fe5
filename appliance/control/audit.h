/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * audit: the audit log: one JSON line for each management call, written before it is answered.
 *
 *	{"time": "2026-11-22T13:00:00.123Z", "requestId": "…", "principal": "arn:…", "accessKeyId": "AKIA…",
 *	 "sourceAddress": "127.0.0.1", "service": "apigateway", "operation": "UpdateRestApi", "resources": ["/restapis/a1b2c3d4e5"],
 *	 "status": 400, "code": "BadRequestException", "message": "…", "reason": "…"}
 *
 * A call of an operation that only reads has `readOnly`, true. One that succeeded has `revision`, that of the store after it, if it may
 * change something, instead of `code`, `message` and `reason`; the last is what
 * the answer's field x-postern-reason says. `principal` is missing unless the signature was good: `accessKeyId` is then the
 * key that the caller named, if there is such a one. What Postern does of its own accord (a checkpoint that was not confirmed in time) has the principal "postern", and a reason. `resources` are the path of the request (REST dialects) and the ids, ARNs and names that the
 * call named or made. Parameters are never written, so that no secret can be.
 *
 * `postern audit` reads them (postern/audit.c).
 *
 * The file is posternd's: opened by it to append, handed over, and handed over anew after SIGHUP. A line that can't be written
 * is counted (postern_audit_log_lines_total) and logged; the call is answered all the same. Lines are not synced to the disk one
 * by one: what the kernel has survives the death of every program, not that of the machine.
 *
 * Threads: the operations thread.
 */
#ifndef POSTERN_CONTROL_AUDIT_H
#define POSTERN_CONTROL_AUDIT_H

#include "appliance/control/call.h"

/* Longest resource in a line, and most of them: a batch may name a thousand. */
#define AUDIT_RESOURCE_MAX_BYTES 1024
#define AUDIT_RESOURCES_MAX 64

/* Write the line of a call whose answer is known. `status` is the answer's. */
void audit_call(const struct call *call, int status);

/* Go on with the file `fd`, which is the control's from now on; the old one is closed. */
void audit_change(struct control *control, int fd);

#endif
