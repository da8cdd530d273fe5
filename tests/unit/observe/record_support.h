/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * record_support: files of records for tests: in memory, with damage.
 */
#ifndef POSTERN_TESTS_UNIT_OBSERVE_RECORD_SUPPORT_H
#define POSTERN_TESTS_UNIT_OBSERVE_RECORD_SUPPORT_H

#include "tests/unit/support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>

#include "appliance/observe/record_file.h"

#define PAGE ((size_t)RECORD_FILE_PAGE_BYTES)

static inline int new_file(size_t pages)
{
	int fd = memfd_create("record", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(0, ftruncate(fd, (off_t)(pages * PAGE)));
	return fd;
}

static inline unsigned char *file_bytes(int fd, size_t pages)
{
	unsigned char *bytes = malloc(pages * PAGE);

	assert_non_null(bytes);
	assert_int_equal(pages * PAGE, pread(fd, bytes, pages * PAGE, 0));
	return bytes;
}

/* A file with these bytes. */
static inline int file_with(const unsigned char *bytes, size_t count)
{
	int fd = memfd_create("record", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(count, write(fd, bytes, count));
	return fd;
}

static inline void damage(int fd, size_t at, unsigned char with)
{
	unsigned char byte;

	assert_int_equal(1, pread(fd, &byte, 1, (off_t)at));
	byte ^= with;
	assert_int_equal(1, pwrite(fd, &byte, 1, (off_t)at));
}

/* A small generator, so that damage is the same in each run. */
static inline uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

#endif
