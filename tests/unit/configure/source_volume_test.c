/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/support.h"

#include "image/configure/source_volume.h"

static char start[SOURCE_VOLUME_START_BYTES];

static const char *file_system(size_t count)
{
	return source_volume_file_system(view_from(at_page_end(start, count), count));
}

static void put(size_t at, const char *text)
{
	memcpy(start + at, text, strlen(text));
}

static void clear(void)
{
	memset(start, 0, sizeof start);
}

static void make_fat16(const char *label)
{
	clear();
	put(0x2b, label);
	put(0x36, "FAT16   ");
	put(510, "\x55\xaa");
}

static void make_fat32(const char *label)
{
	clear();
	put(0x47, label);
	put(0x52, "FAT32   ");
	put(510, "\x55\xaa");
}

static void make_iso(const char *label)
{
	clear();
	put(32768, "\x01"
		   "CD001");
	memset(start + 32808, ' ', 32);
	put(32808, label);
}

static void test_labels(void **state)
{
	static const char *const good[] = { "CIDATA     ", "cidata     ", "Cidata     " }, *const bad[] = {
		"CIDATA2    ", "POSTERN    ", "           ", "XCIDATA    "
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		make_fat16(good[i]);
		assert_string_equal("vfat", file_system(sizeof start));
		make_fat32(good[i]);
		assert_string_equal("vfat", file_system(sizeof start));
		make_iso(good[i]);
		assert_string_equal("iso9660", file_system(sizeof start));
	}
	for (size_t i = 0; i < 4; i++) {
		make_fat16(bad[i]);
		assert_null(file_system(sizeof start));
		make_fat32(bad[i]);
		assert_null(file_system(sizeof start));
		make_iso(bad[i]);
		assert_null(file_system(sizeof start));
	}
}

static void test_what_is_no_volume(void **state)
{
	(void)state;
	clear();
	assert_null(file_system(0));
	assert_null(file_system(sizeof start));
	make_fat16("CIDATA     ");
	put(510, "xx");
	assert_null(file_system(sizeof start));
	make_iso("cidata");
	put(32769, "BEA01");
	assert_null(file_system(sizeof start));
	/* A disk smaller than what is looked for. */
	make_fat16("CIDATA     ");
	for (size_t count = 0; count < 512; count++)
		assert_null(file_system(count));
	assert_string_equal("vfat", file_system(512));
	make_iso("cidata");
	for (size_t count = 32768; count < 32808 + 6; count++)
		assert_null(file_system(count));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_what_is_no_volume),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
