/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * control_program: the control program: its start, its talk with posternd, its end. What it does is control/.
 *
 * Order of the start: settings → posternd (HELLO: counters, wake-up, management listeners) → Landlock → store and operations thread →
 * listeners → seccomp → READY. posternd's death changes nothing but that endpoints and filters can't be changed until its successor is there.
 */
#ifndef POSTERN_LAUNCH_CONTROL_PROGRAM_H
#define POSTERN_LAUNCH_CONTROL_PROGRAM_H

/* The whole program; returns its exit status. */
int control_program_main(int argc, char **argv);

#endif
