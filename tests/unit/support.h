/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * support: what every unit test needs: cmocka with its prerequisites, inputs that end at an unmapped page, whole files.
 *
 * A parser test feeds its input whole, byte by byte and at every split; at_page_end() places each piece so that a read
 * past its end faults at once. Pages are not given back: a unit test is a short process.
 */
#ifndef POSTERN_TESTS_UNIT_SUPPORT_H
#define POSTERN_TESTS_UNIT_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A copy of `bytes` whose last byte is the last byte of a page whose successor is unmapped. */
static inline char *at_page_end(const void *bytes, size_t count)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	size_t room_bytes = (count + page_bytes - 1) / page_bytes * page_bytes;
	char *pages = mmap(NULL, room_bytes + page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(pages != MAP_FAILED);
	assert_int_equal(0, mprotect(pages + room_bytes, page_bytes, PROT_NONE));
	return count ? memcpy(pages + room_bytes - count, bytes, count) : pages + room_bytes;
}

/* The whole file at `path` (from the project's root, where tests run), NUL-terminated; `*ret_count` may be NULL. */
static inline char *whole_file(const char *path, size_t *ret_count)
{
	FILE *file = fopen(path, "rb");
	char *bytes;
	long count;

	if (!file)
		fail_msg("can't open %s: run tests from the project's root", path);
	assert_int_equal(0, fseek(file, 0, SEEK_END));
	count = ftell(file);
	rewind(file);
	bytes = malloc((size_t)count + 1);
	assert_non_null(bytes);
	assert_int_equal((size_t)count, fread(bytes, 1, (size_t)count, file));
	bytes[count] = '\0';
	fclose(file);
	if (ret_count)
		*ret_count = (size_t)count;
	return bytes;
}

#endif
