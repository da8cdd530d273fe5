/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as YAML: what is accepted prints as JSON that the strict scanner accepts too. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
	json_free(value);
	return 0;
}
