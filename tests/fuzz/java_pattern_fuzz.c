/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes: up to the first NUL a regular expression of Java's, behind it a subject. What translates is compiled and matched, from every
 * place where the last match ended; groups lie in the subject.
 */
#include <errno.h>
#include <stdint.h>

#include "appliance/base/assert.h"
#include "appliance/mapping/java_pattern.h"

#define ARENA_MAX_BYTES ((size_t)16 << 20)
#define MATCHES_MAX 50

static struct pattern_scratch *patterns;

static void match(const struct pattern *pattern, struct view subject)
{
	struct view groups[PATTERN_GROUP_MAX];
	size_t from = 0;

	for (int i = 0; i < MATCHES_MAX && from <= subject.count; i++) {
		int result = pattern_match_from(pattern, patterns, subject, from, groups, PATTERN_GROUP_MAX);

		ASSERT(result == 1 || result == 0 || result == -E2BIG || result == -EILSEQ);
		if (result != 1)
			return;
		for (size_t group = 0; group < PATTERN_GROUP_MAX; group++) {
			ASSERT(!groups[group].at ||
				(groups[group].at >= subject.at &&
					groups[group].at + groups[group].count <= subject.at + subject.count));
		}
		from = (size_t)(groups[0].at - subject.at) + groups[0].count;
		if (groups[0].count == 0)
			from += from < subject.count ? view_utf8_character(view_after(subject, from), NULL) : 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view input = view_from(data, size), text, subject;
	struct pattern_error error = { 0 };
	const struct pattern *pattern;
	struct arena arena;
	int result;

	if (!patterns)
		patterns = pattern_scratch_new();
	ASSERT(patterns);
	if (!view_cut(input, '\0', &text, &subject))
		subject = view_of("a,b,c");
	if (!subject.count)
		subject = view_of("");
	arena_init(&arena, NULL, ARENA_MAX_BYTES);
	result = java_pattern_compile(&arena, &pattern, text, 0, &error);
	ASSERT(result == 0 || result == -EINVAL || result == -EMSGSIZE);
	if (result == 0)
		match(pattern, subject);
	arena_fini(&arena);
	return 0;
}
