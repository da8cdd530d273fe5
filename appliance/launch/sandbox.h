/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sandbox: what a child gives up by itself, after posternd has taken its user, its capabilities and the right to gain any.
 *
 * sandbox_files() (Landlock) leaves only the folders that the role needs, before any thread is started; as far as the kernel has it.
 * sandbox_system_calls() (seccomp, an allow-list by role, for all threads) ends start-up; a system call that is not on
 * the list fails with EPERM.
 *
 * Not here: users and capabilities (netns/privilege.h).
 * Source: landlock(7), seccomp(2).
 */
#ifndef POSTERN_LAUNCH_SANDBOX_H
#define POSTERN_LAUNCH_SANDBOX_H

#include "appliance/launch/settings.h"

enum sandbox_role { SANDBOX_GATEWAY, SANDBOX_CONTROL };

/* Returns 0, also where the kernel has no Landlock (logged once); a negative errno if what it has can't be set up. */
int sandbox_files(enum sandbox_role role, const struct settings *settings) __attribute__((warn_unused_result));

/* Returns 0 or a negative errno. With an address sanitizer built in, which needs calls of its own, nothing is restricted. */
int sandbox_system_calls(enum sandbox_role role) __attribute__((warn_unused_result));

/* Version of Landlock's interface that the kernel has; 0: none. */
int sandbox_landlock_version(void);

#endif
