/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * compression: the content codings of HTTP, gzip and deflate, both ways: what a client prefers, a body piece by piece in constant
 * memory, a small body whole. The only file that knows zlib's streams.
 *
 * Life cycle: a thread has one `struct compression_stock`; compression_open() takes a stream from it, compression_close() gives it
 * back to be used again, so that the steady state allocates nothing. compression_next() is called until it has no more to say.
 *
 * Memory: 150 KB a stream that compresses, 60 KB one that decompresses; COMPRESSION_OPEN_MAX of them by stock.
 * Bombs: a stream gives at most COMPRESSION_OUTPUT_BYTES a call; its caller counts and stops at its limit.
 * Threads: a stock and its streams belong to one thread. It does no I/O.
 * Source: RFC 9110 8.4.1 and 12.5.3, RFC 1950, 1951, 1952; spec/rest-dataplane.md 14.
 */
#ifndef POSTERN_BASE_COMPRESSION_H
#define POSTERN_BASE_COMPRESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "appliance/base/buffer.h"
#include "appliance/base/view.h"

/* Most bytes that one call gives. */
#define COMPRESSION_OUTPUT_BYTES 16384

/* Streams of one stock that are open at a time: what slow clients can make a worker hold is 150 MB. */
#define COMPRESSION_OPEN_MAX 1024

/* Streams of each direction that are kept for the next body. */
#define COMPRESSION_SPARE_MAX 16

enum compression_coding {
	COMPRESSION_IDENTITY, /* as it is */
	COMPRESSION_GZIP,
	COMPRESSION_DEFLATE, /* the zlib format, as RFC 9110 wants it */
	COMPRESSION_UNKNOWN, /* another coding, or several */
};

enum compression_direction { COMPRESSION_COMPRESS, COMPRESSION_DECOMPRESS };

struct compression;

struct compression_stock {
	struct compression *spare[2]; /* by direction */
	unsigned spare_count[2], open_count;
};

/* The coding that a Content-Encoding field names, in any case; empty is COMPRESSION_IDENTITY. */
enum compression_coding compression_parse(struct view value);

/* "gzip", "deflate"; "" for the others. */
struct view compression_name(enum compression_coding coding);

/* May a body of that coding begin with these bytes? True for none. */
bool compression_begins(enum compression_coding coding, struct view start);

/* What the fields Accept-Encoding of a request say; zeroed at first. `coding` is the answer so far. */
struct compression_choice {
	int weight; /* of the best so far, in thousandths */
	enum compression_coding coding;
};

/*
 * Take one more field's value into account: of the codings that it names with the highest weight, also those that we don't
 * have, the first that we have is chosen. "*", which names none, chooses nothing, and so does what is malformed.
 */
void compression_choose(struct compression_choice *choice, struct view value);

/* Zeroed is an empty stock. Streams must have been closed. */
void compression_stock_fini(struct compression_stock *stock);

/* A stream for GZIP or DEFLATE; NULL without memory or if too many are open. */
struct compression *compression_open(struct compression_stock *stock, enum compression_coding coding,
	enum compression_direction direction) __attribute__((warn_unused_result));

/* Give it back, at any time. NULL is fine. */
void compression_close(struct compression_stock *stock, struct compression *stream);

/*
 * Work on `*input`, of which what was used is cut off; `last`: nothing follows it. `*ret_output` is what came of it, maybe
 * nothing, and lives until the next call on the stream. Compressing, all that was given has come out when it returns 0, so that
 * whoever reads the other end can read that far.
 *
 * Returns 1 if it is to be called again with the rest of the input, even if there is none; 0 if all is done; -EBADMSG if the
 * input is not of that coding or, with `last`, is cut short; -ENOMEM. No byte at all is an empty body.
 */
int compression_next(struct compression *stream, struct view *input, bool last, struct view *ret_output)
	__attribute__((warn_unused_result));

/*
 * Append the whole of `body`, coded or decoded, to `ret`, whose limit bounds it. Returns 0; -EBADMSG as above; -EMSGSIZE or
 * -ENOMEM, those of the buffer among them.
 */
int compression_run(struct compression_stock *stock, enum compression_coding coding,
	enum compression_direction direction, struct view body, struct buffer *ret) __attribute__((warn_unused_result));

#endif
