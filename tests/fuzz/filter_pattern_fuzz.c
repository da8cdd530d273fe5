/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes up to the first newline as a filter pattern, the rest as a message: it is refused with a reason, or fits or not. */
#include <stdint.h>

#include "appliance/base/assert.h"
#include "appliance/control/logs/filter_pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view input = view_from(data, size), text, message;
	char why[FILTER_PATTERN_WHY_BYTES] = "";
	struct filter_pattern *pattern = NULL;

	if (!view_cut(input, '\n', &text, &message)) {
		text = input;
		message = (struct view){ 0 };
	}
	if (filter_pattern_compile(&pattern, text, why) < 0) {
		ASSERT(!pattern && why[0]);
		return 0;
	}
	/* It says the same again. */
	ASSERT(filter_pattern_fits(pattern, message) == filter_pattern_fits(pattern, message));
	filter_pattern_free(pattern);
	return 0;
}
