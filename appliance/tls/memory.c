/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/tls/memory.h"

#include <malloc.h>
#include <stdlib.h>

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/settings.h>
#include <wolfssl/wolfcrypt/memory.h>

#include "appliance/base/assert.h"

struct memory_block {
	struct memory_block *next;
};

static _Thread_local struct memory_cache *in_use;

static void *take(size_t count)
{
	size_t class = count / MEMORY_STEP_BYTES + (count % MEMORY_STEP_BYTES != 0);
	struct memory_block *block;

	if (class >= MEMORY_CLASS_COUNT)
		return malloc(count);
	if (!in_use || !in_use->blocks[class])
		return malloc(class * MEMORY_STEP_BYTES);
	block = in_use->blocks[class];
	in_use->blocks[class] = block->next;
	in_use->kept_bytes -= class * MEMORY_STEP_BYTES;
	return block;
}

static void give(void *bytes)
{
	size_t class = bytes && in_use ? malloc_usable_size(bytes) / MEMORY_STEP_BYTES : 0;
	struct memory_block *block = bytes;

	if (class == 0 || class >= MEMORY_CLASS_COUNT ||
		in_use->kept_bytes + class * MEMORY_STEP_BYTES > MEMORY_KEPT_MAX_BYTES) {
		free(bytes);
		return;
	}
	block->next = in_use->blocks[class];
	in_use->blocks[class] = block;
	in_use->kept_bytes += class * MEMORY_STEP_BYTES;
}

static void *resize(void *bytes, size_t count)
{
	return realloc(bytes, count);
}

void memory_init(void)
{
	ASSERT(wolfSSL_SetAllocators(take, give, resize) == 0);
}

void memory_use(struct memory_cache *cache)
{
	in_use = cache;
}

void memory_fini(struct memory_cache *cache)
{
	for (size_t class = 0; class < MEMORY_CLASS_COUNT; class ++) {
		while (cache->blocks[class]) {
			struct memory_block *block = cache->blocks[class];

			cache->blocks[class] = block->next;
			free(block);
		}
	}
	cache->kept_bytes = 0;
	if (in_use == cache)
		in_use = NULL;
}
