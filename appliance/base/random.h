/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * random: unpredictable bytes from the kernel, and the ids that the AWS APIs make of them.
 *
 * Bytes come from getrandom(2), which neither blocks after boot nor fails on a supported kernel: should it fail, the
 * process ends, because ids and keys that can be guessed are worse. Small requests are served from a per-thread block that is
 * filled a page at a time and wiped as it is used. Threads: any. After fork() a child must call random_forget().
 */
#ifndef POSTERN_BASE_RANDOM_H
#define POSTERN_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

void random_bytes(void *ret, size_t count);
uint64_t random_u64(void);

/* Uniform in 0 … bound-1; `bound` > 0. */
uint64_t random_below(uint64_t bound);

/* Drop this thread's block (after fork). */
void random_forget(void);

/* `count` digits and a NUL, so `ret` has room for count + 1. */
void random_hex(char *ret, size_t count);         /* 0-9a-f: "vpce-" ids have 17, request parts 8 */
void random_lower_alnum(char *ret, size_t count); /* 0-9a-z: API ids have 10, resource and deployment ids 6 */
void random_upper_alnum(char *ret, size_t count); /* 0-9A-Z: access key ids have 16 behind AKIA */
void random_alnum(char *ret, size_t count);       /* 0-9A-Za-z: values of API keys have 40 */

#define RANDOM_UUID_BYTES 37 /* with its NUL */

/* A version 4 UUID in lower case. Source: RFC 9562, section 5.4. */
void random_uuid(char ret[RANDOM_UUID_BYTES]);

#endif
