/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as a message between control and the gateway. What is read lies within them, and written again it is the same message.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/wire/invoke.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(struct view message, struct buffer *again)
{
	ASSERT(buffer_error(again) == 0);
	ASSERT(view_equals(message, buffer_view(again)));
	buffer_fini(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view message = view_from(data, size);
	struct invoke_question question;
	struct invoke_answer answer;
	struct buffer again;
	struct arena arena;

	arena_init(&arena, NULL, INVOKE_MESSAGE_MAX_BYTES);
	buffer_init(&again, INVOKE_MESSAGE_MAX_BYTES);
	if (invoke_read_question(&question, message, &arena) == 0) {
		invoke_write_question(&again, &question);
		check_again(message, &again);
	}
	if (invoke_read_answer(&answer, message, &arena) == 0) {
		invoke_write_answer(&again, &answer);
		check_again(message, &again);
	}
	buffer_fini(&again);
	arena_fini(&arena);
	return 0;
}
