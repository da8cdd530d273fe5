/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * kept: the user-data that held last, kept on the data partition (0600 root), so that a machine whose sources say nothing this time, a
 * detached disk or a metadata service that is down, starts as it did.
 *
 * The file is a comment of YAML with the words for the source, `#FROM`, then the user-data. It is only written when it changes.
 * Process: root's, single-threaded. `path` is KEPT_PATH but for tests.
 */
#ifndef POSTERN_CONFIGURE_KEPT_H
#define POSTERN_CONFIGURE_KEPT_H

#include "image/configure/places.h"
#include "image/configure/source.h"

#define KEPT_PATH PLACES_STATE "/user-data"

/* Keep it. 0, also if it is what is kept already, or a negative errno (-EROFS, -ENOSPC); then the old one is kept. */
int kept_write(const char *path, const struct source_bytes *user_data) __attribute__((warn_unused_result));

/* What is kept: 0 and the bytes, the caller's, with the source's words in `from`; -ENOENT, or a negative errno. */
int kept_read(const char *path, struct source_bytes *ret) __attribute__((warn_unused_result));

#endif
