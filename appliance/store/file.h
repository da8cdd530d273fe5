/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * file: the store's files on disk: making them with the right mode, durable names, the one-writer lock, copies.
 * Errors are negative errno values. Not for other folders.
 */
#ifndef POSTERN_STORE_FILE_H
#define POSTERN_STORE_FILE_H

#include <sys/types.h>

struct sqlite;

#define FILE_PATH_MAX_BYTES 1024

/* fsync() what `path` names; `flags` are further flags of open(2). */
int file_sync(const char *path, int flags) __attribute__((warn_unused_result));

/* Make the name of a new file durable: sync the folder that holds it. */
int file_sync_folder_of(const char *path) __attribute__((warn_unused_result));

/* Make sure that `path` exists, with mode 0640 whatever the umask. */
int file_create(const char *path) __attribute__((warn_unused_result));

/* Take the writer's lock of the store `path`: a descriptor to close, or -EBUSY. */
int file_take_writer_lock(const char *path, int *ret_fd) __attribute__((warn_unused_result));

/* Copy the database to the new file `path`, consistent at one revision and synced; removed again on failure. */
int file_copy_database(struct sqlite *db, const char *path, mode_t mode) __attribute__((warn_unused_result));

#endif
