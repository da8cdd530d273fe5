/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reconcile: what a posternd before us has left: endpoints that are whole are taken over with the filter that is in force on
 * them, remains of unfinished ones are removed, and `posternd --down` removes everything.
 */
#ifndef POSTERN_NETNS_RECONCILE_H
#define POSTERN_NETNS_RECONCILE_H

#include "netns/posternd.h"

/* Take over endpoints, remove remains. Returns 0 or a negative errno; single endpoints that resist are reported only. */
int reconcile_endpoints(struct posternd *posternd) __attribute__((warn_unused_result));

/*
 * End a running posternd and its children, then remove every namespace, link and record of this run_dir. Returns 0 with the
 * number of endpoints removed in `*ret_count`, or the first negative errno; reported.
 */
int reconcile_down(struct posternd *posternd, unsigned int *ret_count) __attribute__((warn_unused_result));

#endif
