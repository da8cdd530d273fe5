/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * csv: comma-separated values, record by record.
 *
 * Fields are separated by commas, records end with LF, CR or CRLF. Blanks around a field are dropped. A field in double quotes may hold
 * commas and line ends, one in single quotes commas; within either, the quote itself is written twice. A byte order mark at the
 * start and empty lines are passed over. What is no CSV spoils its own record alone: reading goes on in the next line.
 *
 * Not here: what a column means, and whether the text is UTF-8. Threads: a reader belongs to one thread.
 * Source: RFC 4180; API Gateway Developer Guide, "API Gateway API key file format" (single quotes, blanks).
 */
#ifndef POSTERN_BASE_CSV_H
#define POSTERN_BASE_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "appliance/base/arena.h"
#include "appliance/base/view.h"

/* Fields of one record. Files that people make of tables have a few dozen columns. */
#define CSV_FIELDS_MAX 64

struct csv {
	struct view rest;
};

struct csv_record {
	struct view fields[CSV_FIELDS_MAX]; /* of the text, or in the arena where quotes were doubled */
	size_t field_count;
	const char *fault; /* why it is none, a constant text; NULL: it is fine */
};

/* Begin to read. `text` must outlive the records. */
void csv_init(struct csv *csv, struct view text);

/* The next record: true, or false at the end. Never fails: what could not be read has a fault, and no memory is one. */
bool csv_next(struct csv *csv, struct csv_record *ret, struct arena *arena);

#endif
