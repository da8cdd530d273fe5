/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * java_big: arithmetic of BigInteger on canonical decimal texts ("-" and digits, no leading zeros): rare in templates, so it is short
 * rather than fast, and bounded by JAVA_DIGITS_MAX.
 *
 * Threads: pure functions. Internal to java_number.
 */
#ifndef POSTERN_MAPPING_JAVA_BIG_H
#define POSTERN_MAPPING_JAVA_BIG_H

#include "appliance/mapping/java_number.h"

/* <0, 0, >0. */
int java_big_compare(struct view left, struct view right);

/* `left` OP `right` into `arena`: 0, -EDOM (division by zero), -EMSGSIZE (an operand or the result is too long), -ENOMEM. */
int java_big_reckon(struct arena *arena, enum java_operator operation, struct view left, struct view right,
	struct view *ret) __attribute__((warn_unused_result));

#endif
