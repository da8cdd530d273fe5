/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/compression.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

#include "appliance/base/assert.h"

/* Less than zlib's best in both, as what is served while others wait: half of the memory, a third of the time, 3 % more bytes. */
#define WINDOW_BITS 14
#define MEMORY_LEVEL 7
#define LEVEL 3

/* A client may use the largest window. */
#define WINDOW_BITS_MAX 15

/* What zlib adds to the bits of a window for the format of gzip. */
#define GZIP_FORMAT 16

struct compression {
	z_stream zlib;
	enum compression_direction direction;
	enum compression_coding coding;
	bool begun;       /* a byte was given */
	bool ended;       /* the end of the coded data was met */
	bool is_prepared; /* zlib has its memory */
	struct compression *next_spare;
	char output[COMPRESSION_OUTPUT_BYTES];
};

/* --- names ------------------------------------------------------------------------------------------------------------ */

enum compression_coding compression_parse(struct view value)
{
	value = view_trim(value);
	if (value.count == 0 || view_equals_ignore_case(value, view_of("identity")))
		return COMPRESSION_IDENTITY;
	if (view_equals_ignore_case(value, view_of("gzip")))
		return COMPRESSION_GZIP;
	if (view_equals_ignore_case(value, view_of("deflate")))
		return COMPRESSION_DEFLATE;
	return COMPRESSION_UNKNOWN;
}

struct view compression_name(enum compression_coding coding)
{
	return coding == COMPRESSION_GZIP      ? view_of("gzip")
	       : coding == COMPRESSION_DEFLATE ? view_of("deflate")
					       : view_of("");
}

bool compression_begins(enum compression_coding coding, struct view start)
{
	unsigned first, second;

	if (start.count == 0)
		return true;
	first = (unsigned char)start.at[0];
	second = start.count > 1 ? (unsigned char)start.at[1] : 0;
	if (coding == COMPRESSION_GZIP)
		return first == 0x1f && (start.count == 1 || second == 0x8b);
	if (coding == COMPRESSION_DEFLATE)
		return (first & 0xf) == Z_DEFLATED && (start.count == 1 || (first << 8 | second) % 31 == 0);
	return true;
}

/* "q=0.8" in thousandths, RFC 9110 12.4.2; -1 if it is none. */
static int weight_of(struct view text)
{
	int weight, unit = 100;

	if (text.count < 3 || text.count > 7 || view_lower_byte(text.at[0]) != 'q' || text.at[1] != '=' ||
		(text.at[2] != '0' && text.at[2] != '1') || (text.count > 3 && text.at[3] != '.'))
		return -1;
	weight = (text.at[2] - '0') * 1000;
	for (size_t i = 4; i < text.count; i++, unit /= 10) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return -1;
		weight += (text.at[i] - '0') * unit;
	}
	return weight <= 1000 ? weight : -1;
}

void compression_choose(struct compression_choice *choice, struct view value)
{
	struct view rest = value, item;

	while (view_split(&rest, ',', &item)) {
		struct view name, parameter;
		enum compression_coding coding;
		int weight = 1000;

		view_cut(item, ';', &name, &parameter);
		name = view_trim(name);
		parameter = view_trim(parameter);
		if (parameter.count > 0)
			weight = weight_of(parameter);
		if (name.count == 0 || view_equals(name, view_of("*")) || weight <= 0 || weight < choice->weight)
			continue;
		coding = compression_parse(name);
		/* One that we don't have hides lesser ones; an equal one of ours may still follow it. */
		if (weight > choice->weight || choice->coding == COMPRESSION_UNKNOWN)
			choice->coding = coding;
		choice->weight = weight;
	}
}

/* --- streams ---------------------------------------------------------------------------------------------------------- */

/* zlib's own state, made new or made as new. */
static bool prepare(struct compression *stream, enum compression_coding coding)
{
	int format = coding == COMPRESSION_GZIP ? GZIP_FORMAT : 0, result;

	if (stream->direction == COMPRESSION_DECOMPRESS)
		result = stream->is_prepared ? inflateReset2(&stream->zlib, WINDOW_BITS_MAX + format)
					     : inflateInit2(&stream->zlib, WINDOW_BITS_MAX + format);
	else if (stream->is_prepared && stream->coding == coding)
		result = deflateReset(&stream->zlib);
	else {
		/* The format of what is compressed is fixed when the state is made. */
		if (stream->is_prepared)
			deflateEnd(&stream->zlib);
		result = deflateInit2(
			&stream->zlib, LEVEL, Z_DEFLATED, WINDOW_BITS + format, MEMORY_LEVEL, Z_DEFAULT_STRATEGY);
	}
	stream->is_prepared = result == Z_OK;
	stream->coding = coding;
	stream->begun = stream->ended = false;
	return stream->is_prepared;
}

static void free_stream(struct compression *stream)
{
	if (stream->is_prepared && stream->direction == COMPRESSION_COMPRESS)
		deflateEnd(&stream->zlib);
	else if (stream->is_prepared)
		inflateEnd(&stream->zlib);
	free(stream);
}

void compression_stock_fini(struct compression_stock *stock)
{
	ASSERT(stock->open_count == 0);
	for (unsigned direction = 0; direction < 2; direction++) {
		while (stock->spare[direction]) {
			struct compression *stream = stock->spare[direction];

			stock->spare[direction] = stream->next_spare;
			free_stream(stream);
		}
		stock->spare_count[direction] = 0;
	}
}

struct compression *compression_open(
	struct compression_stock *stock, enum compression_coding coding, enum compression_direction direction)
{
	struct compression *stream = stock->spare[direction];

	ASSERT(coding == COMPRESSION_GZIP || coding == COMPRESSION_DEFLATE);
	if (stock->open_count >= COMPRESSION_OPEN_MAX)
		return NULL;
	if (stream) {
		stock->spare[direction] = stream->next_spare;
		stock->spare_count[direction]--;
	} else {
		stream = calloc(1, sizeof *stream);
		if (!stream)
			return NULL;
		stream->direction = direction;
	}
	if (!prepare(stream, coding)) {
		free_stream(stream);
		return NULL;
	}
	stock->open_count++;
	return stream;
}

void compression_close(struct compression_stock *stock, struct compression *stream)
{
	if (!stream)
		return;
	stock->open_count--;
	if (stock->spare_count[stream->direction] >= COMPRESSION_SPARE_MAX) {
		free_stream(stream);
		return;
	}
	stream->next_spare = stock->spare[stream->direction];
	stock->spare[stream->direction] = stream;
	stock->spare_count[stream->direction]++;
}

/* One step. 1: there may be more; 0: not with this input; or a negative errno. */
static int decompress(struct compression *stream, bool last)
{
	z_stream *zlib = &stream->zlib;
	int result;

	if (zlib->avail_in == 0 && (stream->ended || !stream->begun))
		return 0;
	if (stream->ended) {
		/* A gzip file may have several members, RFC 1952 2.2; nothing may follow what zlib has made. */
		if (stream->coding != COMPRESSION_GZIP || inflateReset(zlib) != Z_OK)
			return -EBADMSG;
		stream->ended = false;
	}
	result = inflate(zlib, Z_SYNC_FLUSH);
	if (result == Z_MEM_ERROR)
		return -ENOMEM;
	if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
		return -EBADMSG;
	stream->ended = result == Z_STREAM_END;
	if (zlib->avail_in > 0 || (zlib->avail_out == 0 && !stream->ended))
		return 1;
	return last && !stream->ended ? -EBADMSG : 0;
}

static int compress_step(struct compression *stream, bool last)
{
	z_stream *zlib = &stream->zlib;
	int result;

	if (stream->ended || (zlib->avail_in == 0 && !last && !stream->begun))
		return 0;
	result = deflate(zlib, last ? Z_FINISH : Z_SYNC_FLUSH);
	ASSERT(result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR);
	stream->ended = result == Z_STREAM_END;
	/* A full output means that there may be more, and only then: an exact fit costs one call for nothing. */
	if (stream->ended)
		return 0;
	return zlib->avail_out == 0 || last;
}

int compression_next(struct compression *stream, struct view *input, bool last, struct view *ret_output)
{
	z_stream *zlib = &stream->zlib;
	size_t given = input->count < UINT32_MAX ? input->count : UINT32_MAX;
	int result;

	zlib->next_in = (z_const Bytef *)(uintptr_t)input->at;
	zlib->avail_in = (uInt)given;
	zlib->next_out = (Bytef *)stream->output;
	zlib->avail_out = sizeof stream->output;
	stream->begun |= given > 0;
	result = stream->direction == COMPRESSION_DECOMPRESS ? decompress(stream, last && given == input->count)
							     : compress_step(stream, last && given == input->count);
	*input = view_after(*input, given - zlib->avail_in);
	*ret_output = view_from(stream->output, sizeof stream->output - zlib->avail_out);
	return result;
}

int compression_run(struct compression_stock *stock, enum compression_coding coding,
	enum compression_direction direction, struct view body, struct buffer *ret)
{
	struct compression *stream = compression_open(stock, coding, direction);
	struct view output;
	int result = 1;

	if (!stream)
		return -ENOMEM;
	while (result > 0) {
		result = compression_next(stream, &body, true, &output);
		if (result >= 0)
			buffer_append(ret, output);
		if (buffer_error(ret))
			result = buffer_error(ret);
	}
	compression_close(stock, stream);
	return result;
}
