/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes: the scanner judges them; what it accepts becomes a tree that prints to a text which parses to an equal tree. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json *value = NULL, *again = NULL;
	int64_t number;
	char *text;

	ASSERT((json_check(view_from(data, size), NULL, NULL) == 0) ==
		(json_parse(view_from(data, size), NULL, &value, NULL) == 0));
	if (!value)
		return 0;
	text = json_print_text(value);
	ASSERT(json_parse(view_from_text(text), NULL, &again, NULL) == 0);
	ASSERT(json_equals(value, again));
	ASSERT(json_integer(value, INT64_MIN, INT64_MAX, &number) <= 0);
	free(text);
	json_free(value);
	json_free(again);
	return 0;
}
