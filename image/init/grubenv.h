/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * grubenv: the few words that boot loader and system share: which slot starts, and how many tries it has left.
 *
 *   slot      a or b: the one that starts
 *   tries     3 … 0: the boot loader counts down before each start; at 0 it takes the other slot. What serves sets it to 3.
 *   previous  the slot to go back to, while an update is on trial; empty otherwise
 *   why       what became of the slot before, for people
 *
 * They are GRUB's environment block: a file of 1 KiB on the EFI system partition. Its place never changes, so that it is written in
 * place, within one sector, and no file system is at risk when the power goes. The block is found by its signature.
 *
 * Life cycle: grubenv_read(), any number of grubenv_get() and grubenv_put(), grubenv_write().
 * Source: GRUB manual, "The GRUB environment block".
 */
#ifndef POSTERN_INIT_GRUBENV_H
#define POSTERN_INIT_GRUBENV_H

#include <stddef.h>
#include <sys/types.h>

#define GRUBENV_BYTES 1024
/* All words together: one sector, which a disk writes wholly or not at all. */
#define GRUBENV_USED_MAX_BYTES 512
#define GRUBENV_VALUE_BYTES 128

struct grubenv {
	char bytes[GRUBENV_BYTES + 1];
	off_t at; /* in the partition */
	char device[64];
};

/* 0; -ENOENT if there is no such partition or no block in it; -errno of reading. */
int grubenv_read(struct grubenv *ret) __attribute__((warn_unused_result));

/* The value of `name`, empty if it has none. `ret` holds GRUBENV_VALUE_BYTES. */
void grubenv_get(const struct grubenv *env, const char *name, char *ret);

/* Set `name`; an empty value removes it. -ENOSPC if it does not fit. Line feeds must not be in it. */
int grubenv_put(struct grubenv *env, const char *name, const char *value) __attribute__((warn_unused_result));

/* Onto the disk, flushed. */
int grubenv_write(const struct grubenv *env) __attribute__((warn_unused_result));

#endif
