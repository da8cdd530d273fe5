/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * namespace: named network namespaces, as `ip netns` makes and sees them (/run/netns), and work done inside of one.
 *
 * A namespace is entered by a thread that ends with its work, never by posternd itself; what that thread opens (sockets,
 * netlink) stays in the namespace and can be used from outside. Needs CAP_SYS_ADMIN.
 * Source: ip-netns(8); platform facts section 2.
 */
#ifndef POSTERN_NETNS_NAMESPACE_H
#define POSTERN_NETNS_NAMESPACE_H

/* Work to do in a namespace; returns 0 or a negative errno. */
typedef int namespace_work(void *context);

/* Make namespace `name`. Returns a descriptor for it, which the caller closes; -EEXIST, or another negative errno. */
int namespace_create(const char *name) __attribute__((warn_unused_result));
/* Open it. Returns a descriptor, which the caller closes, or a negative errno. */
int namespace_open(const char *name) __attribute__((warn_unused_result));
/* The namespace of this process. Returns a descriptor, which the caller closes, or a negative errno. */
int namespace_open_own(void) __attribute__((warn_unused_result));
/* Take its name away; it ends when nothing is left in it. Returns 0 (also if there is none) or a negative errno. */
int namespace_remove(const char *name) __attribute__((warn_unused_result));
/* Run `work(context)` on a thread inside of it and wait. Returns what `work` returns, or a negative errno. */
int namespace_run(int namespace_fd, namespace_work *work, void *context) __attribute__((warn_unused_result));

#endif
