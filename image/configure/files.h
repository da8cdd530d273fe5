/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * files: small whole files, read with a limit, and written so that a reader, or a machine that lost its power, sees the old or the new
 * one and nothing between.
 *
 * Threads: any. Blocks for as long as the file system does.
 */
#ifndef POSTERN_CONFIGURE_FILES_H
#define POSTERN_CONFIGURE_FILES_H

#include <stddef.h>
#include <sys/types.h>

#include "appliance/base/view.h"

/*
 * The whole of `path`, which must be a regular file (`files_read`; no symbolic link is followed in its last part) or what `fd` gives until
 * its end (`files_read_fd`, from where it stands). `*ret` is on the heap, has a NUL behind it and is the caller's. 0, -EFBIG if there are
 * more than `max` bytes, -EINVAL if it is no regular file, or open(2)'s or read(2)'s error; then `*ret` is untouched.
 */
int files_read(const char *path, size_t max, char **ret, size_t *ret_count) __attribute__((warn_unused_result));
int files_read_fd(int fd, size_t max, char **ret, size_t *ret_count) __attribute__((warn_unused_result));

/*
 * Replace `path` by `bytes`: written beside it as `path`.new, flushed, renamed, its folder flushed. 0 or a negative errno, and the old file is
 * what it was.
 */
int files_write(const char *path, struct view bytes, mode_t mode) __attribute__((warn_unused_result));

/* Remove `path` for good. 0, also if it is not there, or a negative errno. */
int files_remove(const char *path) __attribute__((warn_unused_result));

/* Rename for good: the folder (of both) is flushed. 0 or a negative errno. */
int files_rename(const char *from, const char *to) __attribute__((warn_unused_result));

#endif
