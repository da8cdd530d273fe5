/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * privilege: what posternd may do, narrowed once its folders exist, and what its children may do: nothing.
 * Not used in local mode but for what children call. Single-threaded.
 * Source: architecture section 1 (the capabilities kept), capabilities(7).
 */
#ifndef POSTERN_NETNS_PRIVILEGE_H
#define POSTERN_NETNS_PRIVILEGE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Name of a capability that posternd needs and does not have, or NULL. Static text. */
const char *privilege_missing(void);

/*
 * Keep NET_ADMIN, SYS_ADMIN, BPF, NET_BIND_SERVICE, SETUID, SETGID, SETPCAP and KILL, in the bounding set too, and forbid
 * new privileges by exec. Returns 0 or a negative errno.
 */
int privilege_narrow(void) __attribute__((warn_unused_result));

/*
 * Refuse system calls that neither posternd nor any child of its has a use for: kernel modules, kexec, ptrace, clocks,
 * swap, keyrings and the like. Children inherit it and add filters of their own. Returns 0 or a negative errno.
 */
int privilege_filter_calls(void) __attribute__((warn_unused_result));

/*
 * In a forked child before exec: become `uid` and `gid` with no other group (unless `keep_ids`, local mode), and give up
 * every capability and the chance to regain one. Async-signal-safe. Returns 0 or a negative errno.
 */
int privilege_enter_child(uid_t uid, gid_t gid, bool keep_ids) __attribute__((warn_unused_result));

/*
 * In a forked child that is to read bytes from outside and runs no program: become user and group `id` as above (any user but root keeps its
 * own: tests), end with the parent, write no file, leave no core, and at most `memory_bytes` of data (no bound with
 * an address sanitizer built in). Returns 0 or a negative errno; then nothing may be read.
 */
int privilege_enter_reader(uid_t id, size_t memory_bytes) __attribute__((warn_unused_result));

#endif
