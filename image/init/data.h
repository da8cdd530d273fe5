/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * data: the data partition, mounted at /var: store, keys and logs, the only things that a reboot keeps.
 *
 * It fills the disk: where the disk is larger than the image was, partition and file system grow when they are mounted.
 * Serving goes on without it: a partition that can't be written is mounted read-only, one that can't be mounted is replaced by
 * memory, and the console says so.
 *
 * Process: init; single-threaded.
 */
#ifndef POSTERN_INIT_DATA_H
#define POSTERN_INIT_DATA_H

/* Mount it and make its folders. Says on the console what is wrong; there is a /var in any case. */
void data_mount(void);

/* Write everything out and leave the partition clean. */
void data_unmount(void);

#endif
