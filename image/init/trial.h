/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trial: the first starts of an update, which has to show that it is good.
 *
 * The daemon `system` judges that, and gives a start up that is not good in time. This is for updates whose `system` does not even do that:
 * unless it says "good …" the machine is started anew, later than `system` would do it, and the boot loader counts.
 *
 * Process: init; single-threaded.
 */
#ifndef POSTERN_INIT_TRIAL_H
#define POSTERN_INIT_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "image/init/service.h"

/* So much later than `system` gives a start up (DAEMON_TRIAL_S from its own start, or `trial=SECONDS` on the command line). */
#define TRIAL_GRACE_S 180
#define TRIAL_DEFAULT_S 120

/* Read the boot loader's words; say on the console why this slot was started, if that is not as always. */
void trial_open(void);

/* `system` said a line. */
void trial_on_line(const struct service *system);

/* Is this a start of an update that is not good, and its time over? Says so then, to the boot loader too. `*next_ms`: lowered to when to ask again. */
bool trial_is_lost(uint64_t now_ms, uint64_t *next_ms);

#endif
