/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * state_file: small files of the state folder beside the store: keys, certificates, marks. Each is whole or not there, and
 * durable when the function that changed it returns 0, whenever the machine loses its power.
 *
 * Threads: any; one at a time for one file.
 */
#ifndef POSTERN_CONTROL_STATE_FILE_H
#define POSTERN_CONTROL_STATE_FILE_H

#include <sys/types.h>

#include "appliance/base/view.h"

struct control;

/* The files written here are a key, a certificate, a few lines. */
#define STATE_FILE_MAX_BYTES 8192

/* Write the file, or replace it. One that has this content and mode already is left alone, so that a start that changes nothing
 * works on a full disk. 0 or a negative errno; the old file is then still there. */
int state_file_write(const struct control *control, const char *name, mode_t mode, struct view content)
	__attribute__((warn_unused_result));

/* Its content, in `ret`. -ENOENT if there is none, -EMSGSIZE if it is larger than what is written here. */
int state_file_read(const struct control *control, const char *name, char ret[STATE_FILE_MAX_BYTES],
	struct view *ret_content) __attribute__((warn_unused_result));

/* Remove it; 0 also if there was none. */
int state_file_remove(const struct control *control, const char *name) __attribute__((warn_unused_result));

#endif
