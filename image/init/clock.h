/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * clock: the time that it is at least.
 *
 * A machine without a battery, or one that was given another clock, starts in 1970. Certificates would not be valid yet, and
 * those that are made would be expired tomorrow. It can't be earlier than when the image was built, nor than when this appliance last
 * wrote something down: its store, and the file CLOCK_NOTED_PATH, which the program `rotate` touches while it runs. A
 * time source corrects the rest (chronyd), backwards too; files that are written afterwards have the right time again.
 *
 * Process: init, before any service. Not here: asking others for the time.
 */
#ifndef POSTERN_INIT_CLOCK_H
#define POSTERN_INIT_CLOCK_H

#include <stdint.h>

/* Seconds since 1970 in digits, made with the image. */
#define CLOCK_BUILT_PATH "/usr/share/postern/built"
#define CLOCK_NOTED_PATH "/var/lib/clock"
/* What is later than the image's build by so much was noted by a clock that was wrong: it is not believed. */
#define CLOCK_BELIEVED_SECONDS (20ll * 366 * 86400)

/*
 * The earliest time that it can be: of the number in `built_path`, and of the last changes of `noted_paths` (NULL last) that can be
 * believed. 0 if nothing is known.
 */
int64_t clock_floor(const char *built_path, const char *const *noted_paths);

/* Set the clock if it stands before that, and say so on the console. */
void clock_raise(void);

#endif
