/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of base/compression: round trips in every split, what is not of its coding, preferences of clients. */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/base/compression.h"

#define ROOM_BYTES ((size_t)4 << 20)
#define EDGE_BYTES 65536

static struct compression_stock stock;

static int tear_down(void **state)
{
	(void)state;
	assert_int_equal(0, stock.open_count);
	compression_stock_fini(&stock);
	return 0;
}

/* Feed `input` in pieces of `step` bytes; returns the last result, the output in `ret`. */
static int feed(enum compression_coding coding, enum compression_direction direction, struct view input, size_t step,
	struct buffer *ret)
{
	struct compression *stream = compression_open(&stock, coding, direction);
	static char zeros[EDGE_BYTES], *edge;
	int result = 0;

	/* Where an unmapped page begins: each piece ends there. */
	if (!edge)
		edge = at_page_end(zeros, EDGE_BYTES) + EDGE_BYTES;
	assert_non_null(stream);
	do {
		struct view piece = view_part(input, 0, step), output;
		bool last = piece.count == input.count;

		input = view_after(input, piece.count);
		do {
			struct view there = view_from(edge - piece.count, piece.count);

			assert_true(piece.count <= EDGE_BYTES);
			if (piece.count)
				memcpy(edge - piece.count, piece.at, piece.count);

			result = compression_next(stream, &there, last, &output);
			piece = view_after(piece, piece.count - there.count);
			if (result >= 0)
				buffer_append(ret, output);
			assert_true(output.count <= COMPRESSION_OUTPUT_BYTES);
		} while (result > 0);
		if (last)
			break;
	} while (result == 0);
	compression_close(&stock, stream);
	assert_int_equal(0, buffer_error(ret));
	return result;
}

static struct view text_of(struct buffer *buffer, size_t lines)
{
	for (size_t i = 0; i < lines; i++)
		buffer_printf(buffer, "%zu apples, %zu pears\n", i, i * i);
	return buffer_view(buffer);
}

static void what_is_compressed_comes_back(void **state)
{
	static const size_t steps[] = { 1, 2, 3, 100, 4096, SIZE_MAX };
	struct buffer text, coded, decoded;

	(void)state;
	buffer_init(&text, ROOM_BYTES);
	buffer_init(&coded, ROOM_BYTES);
	buffer_init(&decoded, ROOM_BYTES);
	for (unsigned coding = COMPRESSION_GZIP; coding <= COMPRESSION_DEFLATE; coding++) {
		for (size_t lines = 0; lines <= 2000; lines = lines * 10 + 2) {
			struct view whole;

			buffer_reset(&text);
			whole = text_of(&text, lines);
			for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
				buffer_reset(&coded);
				buffer_reset(&decoded);
				assert_int_equal(0, feed(coding, COMPRESSION_COMPRESS, whole, steps[i], &coded));
				assert_true(compression_begins(coding, buffer_view(&coded)));
				assert_int_equal(0, feed(coding, COMPRESSION_DECOMPRESS, buffer_view(&coded),
							    steps[sizeof steps / sizeof *steps - 1 - i], &decoded));
				assert_true(view_equals(whole, buffer_view(&decoded)));
			}
		}
	}
	buffer_fini(&text);
	buffer_fini(&coded);
	buffer_fini(&decoded);
}

/* All that went in has come out when 0 is returned: a reader of the other end can read that far. */
static void each_piece_is_flushed(void **state)
{
	struct compression *in = compression_open(&stock, COMPRESSION_GZIP, COMPRESSION_COMPRESS),
			   *out = compression_open(&stock, COMPRESSION_GZIP, COMPRESSION_DECOMPRESS);
	struct view piece, coded, decoded;

	(void)state;
	for (int i = 0; i < 100; i++) {
		piece = view_of("word");
		assert_int_equal(0, compression_next(in, &piece, false, &coded));
		assert_int_equal(0, compression_next(out, &coded, false, &decoded));
		assert_true(view_equals(decoded, view_of("word")));
	}
	compression_close(&stock, in);
	compression_close(&stock, out);
}

static void what_is_not_of_the_coding_is_refused(void **state)
{
	struct buffer coded, decoded;
	struct view good;

	(void)state;
	buffer_init(&coded, ROOM_BYTES);
	buffer_init(&decoded, ROOM_BYTES);
	assert_int_equal(
		0, compression_run(&stock, COMPRESSION_GZIP, COMPRESSION_COMPRESS, view_of("something"), &coded));
	good = buffer_view(&coded);
	for (size_t count = 1; count < good.count; count++)
		assert_int_equal(-EBADMSG, compression_run(&stock, COMPRESSION_GZIP, COMPRESSION_DECOMPRESS,
						   view_part(good, 0, count), &decoded));
	assert_int_equal(
		-EBADMSG, compression_run(&stock, COMPRESSION_DEFLATE, COMPRESSION_DECOMPRESS, good, &decoded));
	assert_int_equal(-EBADMSG,
		compression_run(&stock, COMPRESSION_GZIP, COMPRESSION_DECOMPRESS, view_of("no gzip at all"), &decoded));
	/* Several members are one body of gzip; of the zlib format there is one alone. */
	buffer_reset(&decoded);
	assert_int_equal(
		0, compression_run(&stock, COMPRESSION_GZIP, COMPRESSION_COMPRESS, view_of(" and more"), &coded));
	assert_int_equal(
		0, compression_run(&stock, COMPRESSION_GZIP, COMPRESSION_DECOMPRESS, buffer_view(&coded), &decoded));
	assert_true(view_equals(view_of("something and more"), buffer_view(&decoded)));
	buffer_append_byte(&coded, 'x');
	assert_int_equal(-EBADMSG,
		compression_run(&stock, COMPRESSION_GZIP, COMPRESSION_DECOMPRESS, buffer_view(&coded), &decoded));
	buffer_fini(&coded);
	buffer_fini(&decoded);
}

static void a_bomb_ends_at_the_limit(void **state)
{
	static char zeros[1 << 20];
	struct buffer coded, decoded;

	(void)state;
	buffer_init(&coded, ROOM_BYTES);
	assert_int_equal(0, compression_run(&stock, COMPRESSION_GZIP, COMPRESSION_COMPRESS,
				    view_from(zeros, sizeof zeros), &coded));
	assert_true(coded.count < sizeof zeros / 100);
	buffer_init(&decoded, sizeof zeros);
	assert_int_equal(
		0, compression_run(&stock, COMPRESSION_GZIP, COMPRESSION_DECOMPRESS, buffer_view(&coded), &decoded));
	assert_int_equal(sizeof zeros, decoded.count);
	buffer_fini(&decoded);
	buffer_init(&decoded, sizeof zeros - 1);
	assert_int_equal(-EMSGSIZE,
		compression_run(&stock, COMPRESSION_GZIP, COMPRESSION_DECOMPRESS, buffer_view(&coded), &decoded));
	buffer_fini(&coded);
	buffer_fini(&decoded);
}

static void streams_are_used_again(void **state)
{
	struct compression *first = compression_open(&stock, COMPRESSION_GZIP, COMPRESSION_COMPRESS), *second;
	struct compression *open[COMPRESSION_OPEN_MAX];

	(void)state;
	compression_close(&stock, first);
	second = compression_open(&stock, COMPRESSION_DEFLATE, COMPRESSION_COMPRESS);
	assert_ptr_equal(first, second);
	compression_close(&stock, second);
	for (size_t i = 0; i < COMPRESSION_OPEN_MAX; i++)
		assert_non_null(open[i] = compression_open(&stock, COMPRESSION_GZIP, COMPRESSION_DECOMPRESS));
	assert_null(compression_open(&stock, COMPRESSION_GZIP, COMPRESSION_COMPRESS));
	for (size_t i = 0; i < COMPRESSION_OPEN_MAX; i++)
		compression_close(&stock, open[i]);
	assert_int_equal(COMPRESSION_SPARE_MAX, stock.spare_count[COMPRESSION_DECOMPRESS]);
}

static void names_of_codings(void **state)
{
	(void)state;
	assert_int_equal(COMPRESSION_IDENTITY, compression_parse(view_of("")));
	assert_int_equal(COMPRESSION_IDENTITY, compression_parse(view_of(" Identity ")));
	assert_int_equal(COMPRESSION_GZIP, compression_parse(view_of("GZip")));
	assert_int_equal(COMPRESSION_DEFLATE, compression_parse(view_of("deflate")));
	assert_int_equal(COMPRESSION_UNKNOWN, compression_parse(view_of("br")));
	assert_int_equal(COMPRESSION_UNKNOWN, compression_parse(view_of("gzip, gzip")));
	assert_true(view_equals(view_of("gzip"), compression_name(COMPRESSION_GZIP)));
	assert_true(view_equals(view_of("deflate"), compression_name(COMPRESSION_DEFLATE)));
	assert_int_equal(0, compression_name(COMPRESSION_IDENTITY).count);
}

static void what_clients_prefer(void **state)
{
	static const struct {
		const char *value;
		enum compression_coding coding;
	} cases[] = {
		{ "gzip", COMPRESSION_GZIP },
		{ "", COMPRESSION_IDENTITY },
		{ ",, ,", COMPRESSION_IDENTITY },
		{ "*", COMPRESSION_IDENTITY },
		{ "*;q=0.1, deflate;q=0.01", COMPRESSION_DEFLATE },
		{ "gzip;q=0", COMPRESSION_IDENTITY },
		{ "gzip;q=0.000", COMPRESSION_IDENTITY },
		{ "gzip;q=0.001", COMPRESSION_GZIP },
		{ "gzip;q=1.000", COMPRESSION_GZIP },
		{ "gzip;q=1.001", COMPRESSION_IDENTITY },
		{ "gzip;q=0.0001", COMPRESSION_IDENTITY },
		{ "gzip;q=2", COMPRESSION_IDENTITY },
		{ "gzip;q=", COMPRESSION_IDENTITY },
		{ "gzip;level=1", COMPRESSION_IDENTITY },
		{ "gzip ; q=0.5 , deflate ; Q=0.6", COMPRESSION_DEFLATE },
		{ "br, zstd, gzip", COMPRESSION_GZIP },
		{ "br, gzip;q=0.9", COMPRESSION_UNKNOWN },
		{ "gzip;q=0.9, identity", COMPRESSION_IDENTITY },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct compression_choice choice = { 0 };

		compression_choose(&choice, view_from_text(cases[i].value));
		if (choice.coding != cases[i].coding)
			fail_msg("%s: %d", cases[i].value, choice.coding);
	}
}

static void how_bodies_begin(void **state)
{
	(void)state;
	assert_true(compression_begins(COMPRESSION_GZIP, view_of("")));
	assert_true(compression_begins(COMPRESSION_GZIP, view_of("\x1f")));
	assert_true(compression_begins(COMPRESSION_GZIP, view_of("\x1f\x8b")));
	assert_false(compression_begins(COMPRESSION_GZIP, view_of("{\"a\"")));
	assert_true(compression_begins(COMPRESSION_DEFLATE, view_of("\x78\x9c")));
	assert_false(compression_begins(COMPRESSION_DEFLATE, view_of("\x78\x9d")));
	assert_false(compression_begins(COMPRESSION_DEFLATE, view_of("<")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(what_is_compressed_comes_back, tear_down),
		cmocka_unit_test_teardown(each_piece_is_flushed, tear_down),
		cmocka_unit_test_teardown(what_is_not_of_the_coding_is_refused, tear_down),
		cmocka_unit_test_teardown(a_bomb_ends_at_the_limit, tear_down),
		cmocka_unit_test_teardown(streams_are_used_again, tear_down),
		cmocka_unit_test(names_of_codings),
		cmocka_unit_test(what_clients_prefer),
		cmocka_unit_test(how_bodies_begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
