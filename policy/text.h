/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * text: what policy/ does with views of bytes. Private to policy/. Letter case is ASCII's alone: nothing depends on the
 * locale, and IAM's names are ASCII. Threads: pure.
 */
#ifndef POSTERN_POLICY_TEXT_H
#define POSTERN_POLICY_TEXT_H

#include "policy/policy.h"

#include <string.h>

static inline unsigned char policy_text_fold(char byte)
{
	return (unsigned char)(byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
}

static inline bool policy_text_equal(struct policy_text a, struct policy_text b)
{
	return a.count == b.count && (a.count == 0 || memcmp(a.bytes, b.bytes, a.count) == 0);
}

static inline bool policy_text_equal_folded(struct policy_text a, struct policy_text b)
{
	if (a.count != b.count)
		return false;
	/* Nearly always the case is that of the documentation on both sides. */
	if (a.count == 0 || memcmp(a.bytes, b.bytes, a.count) == 0)
		return true;
	/* Names that differ often share a long beginning. */
	if (policy_text_fold(a.bytes[a.count - 1]) != policy_text_fold(b.bytes[b.count - 1]))
		return false;
	for (size_t i = 0; i < a.count; i++)
		if (a.bytes[i] != b.bytes[i] && policy_text_fold(a.bytes[i]) != policy_text_fold(b.bytes[i]))
			return false;
	return true;
}

static inline bool policy_text_starts(struct policy_text text, const char *prefix)
{
	size_t count = strlen(prefix);

	return text.count >= count && memcmp(text.bytes, prefix, count) == 0;
}

/* The text without its first `count` bytes. */
static inline struct policy_text policy_text_behind(struct policy_text text, size_t count)
{
	return (struct policy_text){ .bytes = text.bytes + count, .count = text.count - count };
}

static inline bool policy_text_has(struct policy_text text, char byte)
{
	return text.count && memchr(text.bytes, byte, text.count);
}

static inline int policy_text_hex_digit(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	byte = (char)policy_text_fold(byte);
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* The value of a key that has no row in keys.def; NULL if absent. */
static inline const struct policy_value *policy_request_other(
	const struct policy_request *request, struct policy_text name)
{
	for (size_t i = 0; i < request->other_count; i++) {
		const struct policy_value *value = &request->others[i].value;

		if (policy_text_equal_folded(request->others[i].name, name))
			return value->text.bytes || value->list ? value : NULL;
	}
	return NULL;
}

/* printf("%.*s", POLICY_TEXT_ARG(text)) */
#define POLICY_TEXT_ARG(text)                                                                                          \
	(int)((text).count > 0x7fffffff ? 0x7fffffff : (text).count), (text).bytes ? (text).bytes : ""

#endif
