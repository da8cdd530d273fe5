/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * slots: which of the two slots runs, what the boot loader knows of them, and what it is told. The words are those of init/grubenv.h, and two more
 * that only this program writes:
 *
 *   update    version of the update that is on trial; empty otherwise
 *   unusable  the slot that the boot loader must not take, also when the other one has used up its tries: it is being written, or did
 *             not become good
 *
 * Each change is one write of one sector. Process: the daemon's (root).
 */
#ifndef POSTERN_SYSTEM_SLOTS_H
#define POSTERN_SYSTEM_SLOTS_H

#include <stdbool.h>

#include "image/system/protocol.h"

struct slots {
	char running; /* 'a' or 'b'; 0: this is none of the image's machines */
	char other;
	bool on_trial;  /* this is a start of an update that has not become good yet */
	bool came_back; /* an update was on trial, and this start is what was there before */
	bool other_is_unusable;
	unsigned tries;
	char update[UPDATE_VERSION_BYTES]; /* the update that is or was on trial */
	char because[SYSTEM_WORD_BYTES];   /* why the boot loader took this slot, or starts it again; may be empty */
};

/* What there is. 0; -ENODEV if this machine was not started from a slot; or the errno of reading the boot loader's words. */
int slots_read(struct slots *ret) __attribute__((warn_unused_result));

/* This start is good: it has all its tries again, and stays. 0 or a negative errno. */
int slots_keep(struct slots *slots) __attribute__((warn_unused_result));

/* What this start lacks, for whoever comes after it. 0 or a negative errno. */
int slots_say_why(const struct slots *slots, const char *why) __attribute__((warn_unused_result));

/* The other slot is about to be written. 0 or a negative errno: then it must not be. */
int slots_mark_unusable(struct slots *slots) __attribute__((warn_unused_result));

/* The other slot is whole and holds `version`: the next start is its first, on trial. 0 or a negative errno. */
int slots_switch(struct slots *slots, const char *version) __attribute__((warn_unused_result));

#endif
