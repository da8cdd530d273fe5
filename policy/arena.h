/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * arena: the memory of one compiled policy: handed out piece by piece, given back as a whole.
 *
 * Private to policy/. Pieces are zeroed, aligned to 16 bytes and lie close together in the order in which they were taken,
 * which is the order in which evaluation reads them.
 * Threads: none; an arena belongs to the parser until the policy is finished, and is then only freed.
 */
#ifndef POSTERN_POLICY_ARENA_H
#define POSTERN_POLICY_ARENA_H

#include "policy/policy.h"

struct policy_arena_chunk;

struct policy_arena {
	struct policy_arena_chunk *chunks; /* newest first; NULL at the start */
};

/* `count` zeroed elements of `element_bytes` each, or NULL if memory is out. A count of 0 gives a valid address. */
void *policy_arena_take(struct policy_arena *arena, size_t count, size_t element_bytes);

/* A copy of `text` in the arena; the absent text if memory is out. An empty text stays present. */
struct policy_text policy_arena_copy(struct policy_arena *arena, struct policy_text text);

/* Give everything back. */
void policy_arena_fini(struct policy_arena *arena);

#endif
