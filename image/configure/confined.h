/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * confined: work on bytes from outside in a child that can do nothing else: read YAML, options of DHCP, whatever people or
 * strangers wrote, and answer with one record of fixed size.
 *
 * The child is a fork: it has the bytes already, as memory. It is another user, without capabilities and without a way to get any,
 * with two descriptors (the record's pipe and standard error), bounded memory and time, and with no system calls but those of
 * computing and writing. What it says on standard error reaches the console. Its record is to be judged by the caller as if a stranger had
 * written it.
 *
 * Process: `configure`, as root (any other user keeps its id: tests). Single-threaded callers only.
 */
#ifndef POSTERN_CONFIGURE_CONFINED_H
#define POSTERN_CONFIGURE_CONFINED_H

#include <stddef.h>

/* User and group of the child, image/build.py's `configure`. */
#define CONFINED_ID 105
/* Memory on top of what the program has when it forks. */
#define CONFINED_MEMORY_BYTES (64u << 20)

/* Fill `record`, zeroed before. Returns 0, or another number: no record, and what is wrong has been said on standard error. */
typedef int confined_work(const void *input, void *record);

/*
 * Run `work` on `input` in such a child and read `record_bytes` of its record. Returns 0; -EBADMSG if `work` had none;
 * -ETIMEDOUT after `timeout_ms` (the child is killed); -EPROTO if it died; or another negative errno if there could be no child.
 */
int confined_run(confined_work *work, const void *input, void *record, size_t record_bytes, int timeout_ms)
	__attribute__((warn_unused_result));

/* As root: the bytes of a file, at most `max_bytes` of them, on the heap with a NUL behind; -EFBIG if there are more, -ENOENT … */
int confined_read_file(const char *path, size_t max_bytes, char **ret, size_t *ret_count)
	__attribute__((warn_unused_result));

#endif
