/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as a compressed body, as a field that says what a client prefers, and as a body to be compressed: whole and in pieces the
 * outcome is the same, never more than the limit comes out, and what was compressed comes back.
 *
 * The first byte is the coding and the size of the pieces.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/base/compression.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of what comes out: a bomb of 64 KB would become 64 MB. */
#define LIMIT_BYTES ((size_t)1 << 20)

static struct compression_stock stock;

/* In pieces; each is a copy of its own, so that a read past it is seen. */
static int run_pieces(enum compression_coding coding, struct view input, size_t step, struct buffer *ret)
{
	struct compression *stream = compression_open(&stock, coding, COMPRESSION_DECOMPRESS);
	int result = 0;
	bool last;

	ASSERT(stream);
	do {
		size_t count = input.count < step ? input.count : step;
		char *copy = malloc(count + 1);
		struct view piece = view_from(copy, count), output;

		ASSERT(copy);
		if (count)
			memcpy(copy, input.at, count);
		copy = realloc(copy, count ? count : 1);
		piece.at = copy;
		last = count == input.count;
		input = view_after(input, count);
		do {
			result = compression_next(stream, &piece, last, &output);
			ASSERT(output.count <= COMPRESSION_OUTPUT_BYTES);
			if (result >= 0)
				buffer_append(ret, output);
			if (buffer_error(ret))
				result = buffer_error(ret);
		} while (result > 0);
		free(copy);
	} while (result == 0 && !last);
	compression_close(&stock, stream);
	return result;
}

static void check_decoding(enum compression_coding coding, struct view input, size_t step)
{
	struct buffer whole, pieces;
	int result;

	buffer_init(&whole, LIMIT_BYTES);
	buffer_init(&pieces, LIMIT_BYTES);
	result = compression_run(&stock, coding, COMPRESSION_DECOMPRESS, input, &whole);
	ASSERT(result == 0 || result == -EBADMSG || result == -EMSGSIZE);
	/* Which limit is met first, that of the bytes or the end of what is well-formed, may depend on the pieces. */
	ASSERT((run_pieces(coding, input, step, &pieces) == 0) == (result == 0));
	ASSERT(result != 0 || view_equals(buffer_view(&whole), buffer_view(&pieces)));
	if (result == 0 && input.count)
		ASSERT(compression_begins(coding, input));
	buffer_fini(&whole);
	buffer_fini(&pieces);
}

static void check_round_trip(enum compression_coding coding, struct view input, size_t step)
{
	struct buffer coded, decoded;

	buffer_init(&coded, 2 * input.count + 1024);
	buffer_init(&decoded, input.count + 1);
	ASSERT(compression_run(&stock, coding, COMPRESSION_COMPRESS, input, &coded) == 0);
	ASSERT(run_pieces(coding, buffer_view(&coded), step, &decoded) == 0);
	ASSERT(view_equals(input, buffer_view(&decoded)));
	buffer_fini(&coded);
	buffer_fini(&decoded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct compression_choice choice = { 0 };
	enum compression_coding coding;
	struct view input;
	size_t step;

	if (size < 1 || size > 65536)
		return 0;
	coding = data[0] & 1 ? COMPRESSION_GZIP : COMPRESSION_DEFLATE;
	step = (size_t)(data[0] >> 1) * (data[0] >> 1) + 1;
	input = view_from((const char *)data + 1, size - 1);
	compression_choose(&choice, input);
	ASSERT(choice.weight >= 0 && choice.weight <= 1000 && choice.coding <= COMPRESSION_UNKNOWN);
	(void)compression_parse(input);
	check_decoding(coding, input, step);
	check_round_trip(coding, input, step);
	ASSERT(stock.open_count == 0);
	return 0;
}
