/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as YAML: what is accepted prints as JSON that the strict scanner accepts too, and as YAML of the same tree. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct json *value)
{
	struct json *again = NULL;
	struct buffer text;

	buffer_init(&text, (size_t)64 << 20);
	ASSERT(yaml_print(value, &text) == 0 && buffer_error(&text) == 0);
	ASSERT(yaml_parse(buffer_view(&text), NULL, &again, NULL) == 0);
	ASSERT(json_equals(value, again));
	json_free(again);
	buffer_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json *value = NULL;
	struct json_error error;
	char *text;

	if (yaml_parse(view_from(data, size), NULL, &value, &error) != 0) {
		ASSERT(error.rule);
		return 0;
	}
	text = json_print_text(value);
	ASSERT(json_check(view_from_text(text), NULL, NULL) == 0);
	free(text);
	check_again(value);
	json_free(value);
	return 0;
}
