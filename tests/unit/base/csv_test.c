/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of base/csv: fed whole, cut at every byte at the edge of a page, and with what is no CSV. */
#include "tests/unit/support.h"

#include "appliance/base/assert.h"
#include "appliance/base/buffer.h"
#include "appliance/base/csv.h"

static struct arena arena;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, NULL, 1 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

/* All records as one text: fields in [], records ended by '\n', faults behind '!'. */
static void read_all(struct view text, struct buffer *ret)
{
	struct csv_record record;
	struct csv csv;

	csv_init(&csv, text);
	while (csv_next(&csv, &record, &arena)) {
		for (size_t i = 0; i < record.field_count; i++)
			buffer_printf(ret, "[" VIEW_FMT "]", VIEW_ARG(record.fields[i]));
		buffer_printf(ret, "%s%s\n", record.fault ? "!" : "", record.fault ? record.fault : "");
	}
}

static const struct {
	const char *text, *wanted;
} cases[] = {
	{ "", "" },
	{ "\n\r\n  \n\r", "" },
	{ "a", "[a]\n" },
	{ "a,b\nc,d\n", "[a][b]\n[c][d]\n" },
	{ "a,b\r\nc,d\r\n", "[a][b]\n[c][d]\n" },
	{ "a,b\rc,d", "[a][b]\n[c][d]\n" },
	{ "\xef\xbb\xbfkey,name\n", "[key][name]\n" },
	{ " a ,\tb\t, c d ", "[a][b][c d]\n" },
	{ ",", "[][]\n" },
	{ "a,\n,b\n", "[a][]\n[][b]\n" },
	{ "\"a,b\",'c,d'", "[a,b][c,d]\n" },
	{ "\"a\"\"b\",'c''d'", "[a\"b][c'd]\n" },
	{ "\"a\nb\",c\nd", "[a\nb][c]\n[d]\n" },
	{ " \"a\" , 'b' \nc", "[a][b]\n[c]\n" },
	{ "\"\",''", "[][]\n" },
	{ "it's,a\"b", "[it's][a\"b]\n" },
	{ "a,\"b\nc,d\n", "[a]!A quote is not closed\n[c][d]\n" },
	{ "a,'b\nc',d\n", "[a]!A quote is not closed\n[c'][d]\n" },
	{ "\"a\"b,c\nd", "!Text follows a closing quote\n[d]\n" },
	{ "\"", "!A quote is not closed\n" },
	{ "\"\"\"", "!A quote is not closed\n" },
	{ "a\n\n \nb", "[a]\n[b]\n" },
};

static void records_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct buffer found;

		buffer_init(&found, 4096);
		read_all(view_from_text(cases[i].text), &found);
		assert_string_equal(cases[i].wanted, found.count ? buffer_text(&found) : "");
		buffer_fini(&found);
	}
}

static void every_cut_is_read_to_its_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		for (size_t count = 0; count <= strlen(cases[i].text); count++) {
			struct view cut = view_from(at_page_end(cases[i].text, count), count);
			struct csv_record record;
			struct csv csv;
			size_t records = 0;

			csv_init(&csv, cut);
			while (csv_next(&csv, &record, &arena)) {
				assert_true(record.fault || record.field_count > 0);
				assert_true(++records <= count);
			}
			assert_int_equal(0, csv.rest.count);
		}
	}
}

static void too_many_fields_spoil_their_record(void **state)
{
	char text[3 * CSV_FIELDS_MAX];
	struct csv_record record;
	struct csv csv;

	(void)state;
	memset(text, ',', sizeof text);
	memcpy(text + sizeof text - 3, "\na", 3);
	csv_init(&csv, view_from(text, sizeof text - 1));
	assert_true(csv_next(&csv, &record, &arena));
	assert_string_equal("There are too many fields", record.fault);
	assert_true(csv_next(&csv, &record, &arena));
	assert_true(!record.fault && record.field_count == 1 && view_equals(record.fields[0], view_of("a")));
	assert_false(csv_next(&csv, &record, &arena));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_are_read),
		cmocka_unit_test(every_cut_is_read_to_its_end),
		cmocka_unit_test(too_many_fields_spoil_their_record),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
