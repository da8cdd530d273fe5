/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scalar: texts that conditions compare as numbers, instants, booleans or bytes.
 *
 * Private to policy/. Threads: pure.
 * Source: IAM User Guide, "IAM JSON policy elements: Condition operators"; W3C note "Date and Time Formats"; RFC 4648;
 * spec/policy.md 2.
 */
#ifndef POSTERN_POLICY_SCALAR_H
#define POSTERN_POLICY_SCALAR_H

#include "policy/arena.h"

/* Digits on each side of the decimal point: 10^36 is the most that a number of 128 bits holds exactly. */
#define POLICY_NUMBER_DIGITS_MAX 18

/* A decimal number times 10^18: exact, so that 0.1 equals 0.10 and great integers keep their last digit. */
typedef __int128 policy_number;

/* Optional sign, digits, optionally a point and digits. Returns false for anything else and for too many digits. */
bool policy_number_parse(policy_number *ret, struct policy_text text);

/*
 * An instant in microseconds since 1970: YYYY-MM, YYYY-MM-DD, YYYY-MM-DDThh:mm[:ss[.fraction]] with Z or ±hh:mm (none means
 * UTC), or epoch seconds. Digits beyond microseconds are cut off. Returns false for anything else, also for 30 February.
 */
bool policy_instant_parse(int64_t *ret_us, struct policy_text text);

/* "true" or "false" in any case. Returns false for anything else. */
bool policy_boolean_parse(bool *ret, struct policy_text text);

/*
 * Decode base64 (RFC 4648, section 4, with padding) into the arena. Returns 0, -EINVAL if it is none, -ENOMEM.
 */
int policy_base64_decode(struct policy_text *ret, struct policy_arena *arena, struct policy_text text)
	__attribute__((warn_unused_result));

/* Is `text` the base64 (with padding) of `bytes`? */
bool policy_base64_is_of(struct policy_text text, struct policy_text bytes);

#endif
