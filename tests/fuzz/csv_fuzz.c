/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as comma-separated values: reading ends, and records that are written in quotes are read as the same again. */
#include <stdint.h>

#include "appliance/base/assert.h"
#include "appliance/base/buffer.h"
#include "appliance/base/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_record(const struct csv_record *record, struct buffer *text)
{
	for (size_t i = 0; i < record->field_count; i++) {
		buffer_append_text(text, i ? ",\"" : "\"");
		for (size_t at = 0; at < record->fields[i].count; at++) {
			buffer_append(text, view_part(record->fields[i], at, 1));
			if (record->fields[i].at[at] == '"')
				buffer_append_text(text, "\"");
		}
		buffer_append_text(text, "\"");
	}
	buffer_append_text(text, "\n");
}

static void check_again(const struct csv_record *record, struct arena *arena)
{
	struct csv_record again;
	struct buffer text;
	struct csv csv;

	buffer_init(&text, (size_t)64 << 20);
	write_record(record, &text);
	csv_init(&csv, buffer_view(&text));
	ASSERT(csv_next(&csv, &again, arena) && !again.fault && again.field_count == record->field_count);
	for (size_t i = 0; i < again.field_count; i++)
		ASSERT(view_equals(again.fields[i], record->fields[i]));
	ASSERT(!csv_next(&csv, &again, arena));
	buffer_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct csv_record record;
	struct arena arena;
	struct csv csv;
	size_t count = 0;

	arena_init(&arena, NULL, (size_t)64 << 20);
	csv_init(&csv, view_from(data, size));
	while (csv_next(&csv, &record, &arena)) {
		ASSERT(++count <= size);
		if (!record.fault)
			check_again(&record, &arena);
	}
	ASSERT(csv.rest.count == 0);
	arena_fini(&arena);
	return 0;
}
