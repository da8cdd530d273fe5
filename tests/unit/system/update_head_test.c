/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/system/update_head.h"

#include <errno.h>

#include "tests/unit/support.h"
#include "tests/unit/system/update_fixture.h"

#define KIB 1024u
#define MIB (1024u * KIB)

static struct update_head head;
static const char *rule;

static int parse(const struct made_update *made)
{
	return update_head_parse(&head, made->head, made->head_count, made->key, &rule);
}

static void a_head_says_what_belongs_where(void **state)
{
	static struct made_update made;
	static uint8_t chunk[UPDATE_CHUNK_BYTES];
	struct update_place place;

	(void)state;
	make_update(&made, "1.2.3~rc4", 2 * MIB + 8 * KIB, MIB);
	assert_int_equal(update_head_bytes(made.head, UPDATE_FIXED_BYTES), made.head_count);
	assert_int_equal(parse(&made), 0);
	assert_string_equal(rule, "");
	assert_string_equal(head.version, "1.2.3~rc4");
	assert_int_equal(update_head_chunks(&head), 4);
	place = update_head_place(&head, 2);
	assert_int_equal(place.partition, UPDATE_BOOT);
	assert_int_equal(place.at, 2 * MIB);
	assert_int_equal(place.bytes, 8 * KIB);
	place = update_head_place(&head, 3);
	assert_int_equal(place.partition, UPDATE_ROOT);
	assert_int_equal(place.at, 0);
	assert_int_equal(place.bytes, MIB);
	fill_chunk(chunk, 2, 8 * KIB);
	assert_true(update_head_fits(&head, 2, chunk, 8 * KIB));
	assert_false(update_head_fits(&head, 2, chunk, 4 * KIB));
	assert_false(update_head_fits(&head, 1, chunk, MIB));
	assert_false(update_head_fits(&head, 4, chunk, MIB));
	chunk[77] ^= 1;
	assert_false(update_head_fits(&head, 2, chunk, 8 * KIB));
}

static void every_byte_is_signed(void **state)
{
	static struct made_update made;

	(void)state;
	make_update(&made, "2", 4 * KIB, 4 * KIB);
	for (size_t i = 0; i < made.head_count; i++)
		for (unsigned bit = 0; bit < 8; bit += 7) {
			made.head[i] ^= (uint8_t)(1u << bit);
			assert_true(parse(&made) < 0);
			made.head[i] ^= (uint8_t)(1u << bit);
		}
	assert_int_equal(parse(&made), 0);
	made.key[0] ^= 1;
	assert_int_equal(parse(&made), -EKEYREJECTED);
	memset(made.key, 0, sizeof made.key);
	assert_int_equal(parse(&made), -EKEYREJECTED);
}

/* Every length, its last byte before an unmapped page. */
static void a_part_of_a_head_is_none(void **state)
{
	static struct made_update made;

	(void)state;
	make_update(&made, "2", 4 * KIB, 4 * KIB);
	for (size_t count = 0; count <= made.head_count; count++) {
		const uint8_t *at = (const uint8_t *)at_page_end(made.head, count);

		assert_int_equal(
			update_head_parse(&head, at, count, made.key, &rule), count == made.head_count ? 0 : -EBADMSG);
		assert_int_equal(update_head_bytes(at, count), count < UPDATE_FIXED_BYTES ? 0 : made.head_count);
	}
	assert_int_equal(update_head_parse(&head, made.head, made.head_count + 1, made.key, &rule), -EBADMSG);
}

/* Signed all the same: a key's holder makes mistakes, too. */
static void sizes_have_limits(void **state)
{
	static const struct {
		size_t at;
		unsigned bytes;
		uint64_t value;
	} cases[] = {
		{ 12, 4, 0 },
		{ 12, 4, UPDATE_CHUNK_BYTES / 2 },
		{ 12, 4, 0xffffffff },
		{ 16, 8, 0 },
		{ 16, 8, 4095 },
		{ 16, 8, 4097 },
		{ 16, 8, UPDATE_PARTITION_MAX_BYTES + 4096 },
		{ 16, 8, UINT64_MAX },
		{ 16, 8, 1ull << 63 },
		{ 24, 8, 0 },
		{ 24, 8, 2 * MIB },
		{ 24, 8, UINT64_MAX - 4095 },
	};
	static struct made_update made;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		make_update(&made, "2", 4 * KIB, MIB);
		put_number(made.head + cases[i].at, cases[i].value, cases[i].bytes);
		sign_update(&made);
		assert_int_equal(parse(&made), -EBADMSG);
		assert_string_not_equal(rule, "");
	}
}

static void the_head_has_the_size_that_it_says(void **state)
{
	static const uint32_t sizes[] = { 0, 95, 96, 159, UPDATE_HEAD_MAX_BYTES + 1, 0x80000000, 0xffffffff };
	static struct made_update made;

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		make_update(&made, "2", 4 * KIB, MIB);
		put_number(made.head + 8, sizes[i], 4);
		assert_int_equal(update_head_bytes(made.head, made.head_count), 0);
		assert_int_equal(parse(&made), -EBADMSG);
	}
}

static void versions_are_plain_words(void **state)
{
	static const char *const bad[] = { "", " ", "1 2", "1\n", "1/2", "\x80", "1;reboot", "#" };
	static struct made_update made;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		make_update(&made, bad[i], 4 * KIB, 4 * KIB);
		assert_int_equal(parse(&made), -EBADMSG);
	}
	make_update(&made, "1", 4 * KIB, 4 * KIB);
	memset(made.head + 32, 'x', UPDATE_VERSION_BYTES);
	sign_update(&made);
	assert_int_equal(parse(&made), -EBADMSG);
	/* Something behind its end. */
	make_update(&made, "1", 4 * KIB, 4 * KIB);
	made.head[32 + 10] = 'x';
	sign_update(&made);
	assert_int_equal(parse(&made), -EBADMSG);
}

static void the_largest_one_fits(void **state)
{
	static struct made_update made;

	(void)state;
	make_update(&made, "9", UPDATE_PARTITION_MAX_BYTES, UPDATE_PARTITION_MAX_BYTES);
	assert_int_equal(made.head_count, UPDATE_HEAD_MAX_BYTES);
	assert_int_equal(parse(&made), 0);
	assert_int_equal(update_head_chunks(&head), UPDATE_CHUNKS_MAX);
}

static void versions_have_an_order(void **state)
{
	static const char *const order[] = { "0~~", "0~", "0", "0.1", "0.1.0", "0.2~rc1", "0.2", "0.2+1", "0.9", "0.10",
		"0.010.1", "1", "1a", "1b", "2", "99999999999999999999998", "99999999999999999999999" };

	(void)state;
	for (size_t i = 0; i < sizeof order / sizeof *order; i++)
		for (size_t k = 0; k < sizeof order / sizeof *order; k++) {
			int difference = update_version_compare(order[i], order[k]);

			assert_int_equal(difference < 0, i < k);
			assert_int_equal(difference > 0, i > k);
		}
	assert_int_equal(update_version_compare("0.010", "0.10"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_head_says_what_belongs_where),
		cmocka_unit_test(every_byte_is_signed),
		cmocka_unit_test(a_part_of_a_head_is_none),
		cmocka_unit_test(sizes_have_limits),
		cmocka_unit_test(the_head_has_the_size_that_it_says),
		cmocka_unit_test(versions_are_plain_words),
		cmocka_unit_test(the_largest_one_fits),
		cmocka_unit_test(versions_have_an_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
