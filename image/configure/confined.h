/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * confined: work on bytes from outside in a child that can do nothing else: read YAML, options of DHCP, answers of a metadata
 * service, whatever people or strangers wrote.
 *
 * The child is a fork: it has the bytes already, as memory. It is another user, without capabilities and without a way to get any,
 * with bounded memory and time, no files to write, and with no system calls but those that its kind of work needs. What it says
 * on standard output and error (say.h) reaches the console. What it answers is to be judged by the caller as if a stranger had written it:
 * records of fixed size field by field; texts are passed on as opaque bytes.
 *
 * Process: `configure`, as root (any other user keeps its id: tests). Single-threaded callers only. With an address sanitizer built in the
 * system calls and the memory are not limited.
 * Source: seccomp(2), capabilities(7).
 */
#ifndef POSTERN_CONFIGURE_CONFINED_H
#define POSTERN_CONFIGURE_CONFINED_H

#include <stddef.h>

#include "appliance/base/view.h"

/* User and group of the child, image/build.py's `postern-configure`. */
#define CONFINED_ID 105
/* Memory on top of what the program has when it forks. */
#define CONFINED_MEMORY_BYTES (64u << 20)

/* Fill `record`, zeroed before. Returns 0, or another number: no record, and what is wrong has been said. */
typedef int confined_work(const void *input, void *record);

/*
 * Run `work` on `input` in such a child and read `record_bytes` of its record. Returns 0; -EBADMSG if `work` had none;
 * -ETIMEDOUT after `timeout_ms` (the child is killed); -EPROTO if it died; or another negative errno if there could be no child.
 */
int confined_run(confined_work *work, const void *input, void *record, size_t record_bytes, int timeout_ms)
	__attribute__((warn_unused_result));

enum confined_kind {
	CONFINED_PARSER, /* memory, and reading what everybody may read */
	CONFINED_CLIENT, /* also sockets and waiting */
};

/* Write the answer to `output` with confined_write(). Returns 0, or another number: there is none. */
typedef int confined_writer(const void *input, int output);

/*
 * The same for an answer whose size is not known: at most `max_bytes`, on the heap with a NUL behind, the caller's. Returns 0 or an
 * error as above, and -EMSGSIZE if it wrote more; then `*ret` is untouched.
 */
int confined_collect(enum confined_kind kind, confined_writer *work, const void *input, size_t max_bytes,
	int timeout_ms, char **ret, size_t *ret_count) __attribute__((warn_unused_result));

/* For the child: write all of it. 0 or a negative errno. */
int confined_write(int output, struct view bytes) __attribute__((warn_unused_result));

#endif
