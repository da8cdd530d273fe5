/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * compare: equality of secrets in time that depends on their length only, and wiping of memory that held one.
 * Threads: any.
 */
#ifndef POSTERN_CRYPTO_COMPARE_H
#define POSTERN_CRYPTO_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

#include "appliance/base/view.h"

/* True if both views hold the same bytes. Unequal lengths are found out at once: lengths are no secret here. */
bool compare_secret(struct view a, struct view b);

/* Overwrite `count` bytes in a way that the compiler keeps. */
void compare_wipe(void *bytes, size_t count);

#endif
