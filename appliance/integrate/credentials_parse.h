/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * credentials_parse: what STS and the instance metadata service answer, as credentials.
 *
 * Life cycle: results are views into the answer, which is changed in place where XML escapes something.
 * Threads: pure functions. Not here: asking (credentials_source.c).
 * Source: STS API reference, AssumeRole; EC2 User Guide, "Retrieve security credentials from instance metadata".
 */
#ifndef POSTERN_INTEGRATE_CREDENTIALS_PARSE_H
#define POSTERN_INTEGRATE_CREDENTIALS_PARSE_H

#include <stdint.h>

#include "appliance/base/buffer.h"
#include "appliance/integrate/credentials.h"

/* Longest answer that is read: a token of 8 KiB and some lines around it. */
#define CREDENTIALS_ANSWER_MAX_BYTES 32768

struct credentials_parsed {
	struct credentials credentials;
	int64_t expires_s; /* since 1970 */
};

/*
 * AssumeRoleResponse. Returns 0, or -EINVAL if it is not one, lacks a part, or one is longer than credentials.h allows or holds
 * what no field of a request can.
 */
int credentials_parse_sts(struct buffer *xml, struct credentials_parsed *ret) __attribute__((warn_unused_result));

/* What went wrong, of an ErrorResponse: "AccessDenied: User: ... is not authorized", printable, cut to `room`. */
void credentials_parse_sts_error(struct view xml, char *ret, size_t room);

/*
 * The JSON of security-credentials/ROLE. The strings are copied to `room`, which is emptied first. Returns as
 * credentials_parse_sts().
 */
int credentials_parse_instance(struct view json, struct buffer *room, struct credentials_parsed *ret)
	__attribute__((warn_unused_result));

/* The one line of security-credentials/, a role's name; empty if it is none that can stand in a path. */
struct view credentials_parse_role_name(struct view text);

#endif
