/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * authenticate: who makes a management call: its SigV4 signature is verified with the access key's sealed secret.
 *
 * Sets call->service (by the scope of the signature), call->access_key, call->principal_arn and, for an
 * IAM user, call->identity. Keys that are inactive, or whose user is gone, are like unknown ones. On failure the call fails
 * with AWS's exception names, which the dialects turn into their own.
 * Threads: the operations thread. Source: spec/control-plane.md 2; spec/auth.md 3.
 */
#ifndef POSTERN_CONTROL_AUTHENTICATE_H
#define POSTERN_CONTROL_AUTHENTICATE_H

#include "appliance/control/call.h"

/* 0, CALL_FAILED, or another negative errno. */
int authenticate(struct call *call);

#endif
