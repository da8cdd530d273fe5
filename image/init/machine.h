/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * machine: what init needs of the machine: folders in memory, the loopback, modules, the watchdog, power buttons.
 *
 * Process: init; single-threaded.
 */
#ifndef POSTERN_INIT_MACHINE_H
#define POSTERN_INIT_MACHINE_H

#include <stdbool.h>

#define MACHINE_BUTTONS_MAX 4
/* The watchdog restarts a machine that did not feed it for so long. */
#define MACHINE_WATCHDOG_SECONDS 60

/* Mount what is in memory, keep console lines, load modules, mount the data partition, set a clock that stands before its time. */
void machine_prepare(void);

/* Init has come round. */
void machine_feed_watchdog(void);

/* The descriptors of power buttons, MACHINE_BUTTONS_MAX of them, to be polled for reading; -1 where there is none. */
const int *machine_buttons(void);

/* A button can be read. True if the machine is to be switched off. */
bool machine_is_pressed(int button);

#endif
