/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stored: settings that an operator gave the running appliance (`postern system settings`), kept on the data partition; and those of
 * them that are on trial.
 *
 * They hold instead of what the sources of configuration say (user-data, network-config), until a source says something else than it said
 * when they were first used. New ones are tried in one start of the machine: unless they are confirmed during that start, the next
 * start has those before them again, whatever ended it.
 *
 *   stored_put()      the daemon: new ones are kept, for the next start
 *   stored_begin()    `configure`, first of all at each start: the next ones are on trial now; those on trial so far are dropped
 *   stored_find()     `configure`: the file that holds
 *   stored_confirm()  the daemon: those on trial hold from now on
 *
 * STORED_FOLDER has a folder for each, named by a number, with the files settings.yaml and network-config; and the file `state`, which says
 * what each number is. Every step is one replacement of that file, after what it names is on the disk: a power cut leaves the
 * state before the step or the one after it. Folders that it does not name are removed.
 *
 * Process: root's, single-threaded. The files' content is nobody's business here. `folder` is STORED_FOLDER but for tests.
 */
#ifndef POSTERN_SYSTEM_STORED_H
#define POSTERN_SYSTEM_STORED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/view.h"

#define STORED_FOLDER "/var/lib/system"
#define STORED_PATH_BYTES 256
#define STORED_DIGEST_BYTES 32

/* The kernel's id of this start of the machine is in it, a UUID. Another path is for tests. */
extern const char *stored_boot_path;
#define STORED_BOOT_BYTES 40

enum stored_file { STORED_SETTINGS, STORED_NETWORK, STORED_FILE_COUNT };

struct stored_state {
	unsigned current; /* number of the folder that holds without a trial; 0: none, in all of these */
	unsigned next;    /* to be tried at the next start */
	unsigned trial;   /* tried in this start */
	unsigned dropped; /* tried last, and not confirmed */
	unsigned
		confirm_s; /* of next and trial: to be confirmed within so long after the start is good; 0: by that itself */
	char boot[STORED_BOOT_BYTES]; /* the start that a trial is for: in any other it is over */
};

/* What there is. A missing or damaged state is one of nothing. */
void stored_read(const char *folder, struct stored_state *ret);

/*
 * Keep new ones for the next start, in the place of others that wait for it. `network` without bytes: the network configuration stays as it is
 * (a stored one that holds now is kept). 0 once all is on the disk; a negative errno (-ENOSPC, -EROFS): nothing has changed.
 */
int stored_put(const char *folder, struct view settings, struct view network, unsigned confirm_s)
	__attribute__((warn_unused_result));

/*
 * A start begins. 0, also if there is nothing. A negative errno: the state can't be written, so nothing is tried in this start.
 */
int stored_begin(const char *folder) __attribute__((warn_unused_result));

/*
 * The path of the stored file that holds in this start. `source` is the SHA-256 of what the sources say in the file's place (of nothing, if
 * they say nothing), or NULL if they can't be asked: then it holds. 0; -ENOENT if the sources hold: nothing is stored, or they have changed
 * since it was first used (`*ret_is_outdated`, may be NULL, tells them apart).
 */
int stored_find(const char *folder, enum stored_file file, const uint8_t *source, char ret[STORED_PATH_BYTES],
	bool *ret_is_outdated) __attribute__((warn_unused_result));

/* Those on trial hold from now on. 0; -ENOENT if none are; or the errno of writing. */
int stored_confirm(const char *folder) __attribute__((warn_unused_result));

/* Give up those that wait for the next start: the machine did not restart. */
int stored_forget_next(const char *folder) __attribute__((warn_unused_result));

#endif
