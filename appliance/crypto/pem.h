/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pem: the blocks of a PEM text, one after the other. Text between blocks is skipped; block headers (encrypted legacy keys)
 * are refused. Threads: any.
 * Source: RFC 7468, strict form but for line lengths and blanks at line ends.
 */
#ifndef POSTERN_CRYPTO_PEM_H
#define POSTERN_CRYPTO_PEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/arena.h"
#include "appliance/base/view.h"

struct pem_block {
	struct view label; /* "CERTIFICATE", "PRIVATE KEY", … */
	struct view text;  /* the whole block, from its first dash to its last */
	struct view der;   /* decoded, in the arena */
};

/*
 * The next block of `*rest`, which moves behind it. Returns 1, 0 if there is no further block, -EBADMSG if a block is
 * malformed, -ENOMEM.
 */
int pem_next(struct pem_block *ret, struct view *rest, struct arena *arena) __attribute__((warn_unused_result));

/* `der` as a PEM block with lines of 64 characters, in the arena. `at` is NULL when memory is exhausted. */
struct view pem_write(struct arena *arena, const char *label, struct view der);

#endif
