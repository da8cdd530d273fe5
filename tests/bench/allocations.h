/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * allocations: counts what a measuring program takes from the heap: included by its one source file, it stands in front of the C
 * library's allocator.
 */
#ifndef POSTERN_BENCH_ALLOCATIONS_H
#define POSTERN_BENCH_ALLOCATIONS_H

#include <stdatomic.h>
#include <stdlib.h>

extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t bytes);
extern void *__libc_realloc(void *memory, size_t bytes);
extern void *__libc_memalign(size_t alignment, size_t bytes);

static atomic_ulong allocation_count;

void *malloc(size_t bytes)
{
	allocation_count++;
	return __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
	allocation_count++;
	return __libc_calloc(count, bytes);
}

void *realloc(void *memory, size_t bytes)
{
	allocation_count++;
	return __libc_realloc(memory, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
	allocation_count++;
	return __libc_memalign(alignment, bytes);
}

#endif
