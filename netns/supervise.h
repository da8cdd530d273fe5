/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * supervise: the two children. Started with their own ids, no capability, no_new_privs, a session of their own and the settings
 * on standard input; followed by pidfd; started again with back-off when they end; found again by a successor of posternd
 * through a record in run_dir (pid and start time, so that a reused pid is not taken for the child).
 * Not here: what they say (netns/monitor).
 */
#ifndef POSTERN_NETNS_SUPERVISE_H
#define POSTERN_NETNS_SUPERVISE_H

#include "netns/posternd.h"

/* Both children are down and due at once. */
void supervise_init(struct posternd *posternd);
/* Find children that a posternd before us started and that still live. */
void supervise_adopt(struct posternd *posternd);
/* Start what is due, if everything that it needs can be made. Returns 0, or a negative errno for what was reported. */
int supervise_start_due(struct posternd *posternd) __attribute__((warn_unused_result));
/* When the next start is due, on the clock of watch_now_ns(); UINT64_MAX if none is. */
uint64_t supervise_next_ns(const struct posternd *posternd);
/* The child said READY. */
void supervise_ready(struct child *child);
/* End a child at once, because of `why` (reported). It is started again like one that died by itself. */
void supervise_kill(struct child *child, const char *why);
/* Send a signal to every child that lives. */
void supervise_signal(struct posternd *posternd, int signal);
/* The live child with this pid, or NULL. */
struct child *supervise_find(struct posternd *posternd, pid_t pid);
/* Does any child live? */
bool supervise_is_any_up(const struct posternd *posternd);
/* Is an adopted child still to hand over (adopted and not READY)? */
bool supervise_is_adopting(const struct posternd *posternd);

/*
 * Run `postern-settings --records` with standard input `settings_fd` as nobody and read its answer.
 * Returns 0 and `*ret` checked; else a negative errno after having reported what is wrong.
 */
int supervise_read_settings(struct netns_config *ret, const char *binaries_dir, int settings_fd)
	__attribute__((warn_unused_result));

/* The process recorded in `<run_dir>/<name>.pid`: a pidfd, which the caller closes, and `*ret_pid`; -ESRCH if it is gone. */
int supervise_open_recorded(const char *run_dir, const char *name, pid_t *ret_pid) __attribute__((warn_unused_result));
/* Record process `pid` under `name` for that. Returns 0 or a negative errno. */
int supervise_record(const char *run_dir, const char *name, pid_t pid) __attribute__((warn_unused_result));

#endif
