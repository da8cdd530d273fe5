/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/postern/impact_template.h"

#include <string.h>

/* Longest pattern and longest ARN that are compared exactly; beyond that the answer is yes. */
#define PATTERN_MAX_BYTES 1024
#define TOKENS_MAX 2048

#define ARN_HEADS 5

bool impact_template_varies(struct view resource)
{
	return view_find_byte(resource, '{') != VIEW_NOWHERE;
}

/* The next segment of a resource's path: true with a parameter, which `*ret_greedy` tells about. */
static bool take_segment(struct view *rest, struct view *ret_literal, bool *ret_greedy)
{
	size_t start = view_find_byte(*rest, '{'), end;

	*ret_literal = view_part(*rest, 0, start == VIEW_NOWHERE ? rest->count : start);
	if (start == VIEW_NOWHERE) {
		*rest = (struct view){ 0 };
		return false;
	}
	*rest = view_after(*rest, start);
	end = view_find_byte(*rest, '}');
	if (end == VIEW_NOWHERE)
		end = rest->count - 1;
	*ret_greedy = end > 0 && rest->at[end - 1] == '+';
	*rest = view_after(*rest, end + 1);
	return true;
}

void impact_template_fill(struct view resource, size_t count, struct buffer *buffer)
{
	struct view rest = resource.count ? view_after(resource, 1) : resource, literal;
	bool more, greedy;

	do {
		more = take_segment(&rest, &literal, &greedy);
		buffer_append(buffer, literal);
		for (size_t i = 0; more && i < count; i++)
			buffer_append_byte(buffer, '\x01');
	} while (more);
}

/* ---- patterns and sets of texts ---- */

/* One byte, or a run of at least one byte: any, or any but a slash. */
enum { TOKEN_SEGMENT = 256, TOKEN_GREEDY };

static size_t tokenise(struct view prefix, struct view resource, uint16_t tokens[TOKENS_MAX])
{
	struct view rest = resource.count ? view_after(resource, 1) : resource, literal = prefix;
	size_t count = 0;
	bool more = true, greedy = false, is_prefix = true;

	if (prefix.count + resource.count > TOKENS_MAX)
		return 0;
	while (more) {
		if (!is_prefix)
			more = take_segment(&rest, &literal, &greedy);
		for (size_t i = 0; i < literal.count; i++)
			tokens[count++] = (unsigned char)literal.at[i];
		if (!is_prefix && more)
			tokens[count++] = greedy ? TOKEN_GREEDY : TOKEN_SEGMENT;
		is_prefix = false;
	}
	return count;
}

/* Can the pattern's byte at the front be the token? */
static bool fits(unsigned char byte, uint16_t token)
{
	if (token == TOKEN_GREEDY || byte == '?')
		return true;
	return token == TOKEN_SEGMENT ? byte != '/' : byte == token;
}

/*
 * Is there a text of the tokens that the pattern matches? reach[j]: the pattern so far matches a text of the first j tokens;
 * inside[j]: of the first j tokens and a part of the next one, which is a run.
 */
static bool intersects(struct view pattern, const uint16_t *tokens, size_t token_count)
{
	bool reach[TOKENS_MAX + 1], inside[TOKENS_MAX + 1], next_reach[TOKENS_MAX + 1], next_inside[TOKENS_MAX + 1];

	memset(reach, 0, token_count + 1);
	memset(inside, 0, token_count + 1);
	reach[0] = true;
	for (size_t i = 0; i < pattern.count; i++) {
		unsigned char byte = (unsigned char)pattern.at[i];

		memset(next_reach, 0, token_count + 1);
		memset(next_inside, 0, token_count + 1);

		for (size_t j = 0; j <= token_count; j++) {
			bool is_run = j < token_count && tokens[j] >= TOKEN_SEGMENT;

			if (byte == '*') {
				next_reach[j] |= reach[j];
				next_inside[j] |= inside[j];
				/* The star takes the token, or the rest of it, too. */
				if (j < token_count && (next_reach[j] || next_inside[j])) {
					next_reach[j + 1] = true;
					next_inside[j] |= is_run;
				}
			} else if (j < token_count && (reach[j] || inside[j]) && fits(byte, tokens[j])) {
				if (is_run || reach[j])
					next_reach[j + 1] = true;
				next_inside[j] |= is_run;
			}
		}
		memcpy(reach, next_reach, token_count + 1);
		memcpy(inside, next_inside, token_count + 1);
	}
	return reach[token_count];
}

bool impact_template_is_within(struct view pattern, struct view arn_prefix, struct view resource)
{
	struct view literal = view_part(resource, 0, view_find_byte(resource, '{')), start;

	if (view_equals_text(pattern, "*"))
		return true;
	if (!pattern.count || pattern.at[pattern.count - 1] != '*')
		return false;
	start = view_part(pattern, 0, pattern.count - 1);
	if (view_find_byte(start, '*') != VIEW_NOWHERE || view_find_byte(start, '?') != VIEW_NOWHERE ||
		view_find(start, view_of("${")) != VIEW_NOWHERE)
		return false;
	if (start.count <= arn_prefix.count)
		return view_starts_with(arn_prefix, start);
	if (literal.count)
		literal = view_after(literal, 1);
	return view_starts_with(start, arn_prefix) && view_starts_with(literal, view_after(start, arn_prefix.count));
}

/*
 * Do the texts part before the pattern's first wildcard? Most patterns that name other paths do. Letter case is left to the exact
 * comparison, which knows where it counts.
 */
static bool parts_early(struct view pattern, struct view arn_prefix, struct view resource)
{
	struct view literal = view_part(resource, 0, view_find_byte(resource, '{'));

	if (literal.count)
		literal = view_after(literal, 1);
	for (size_t i = 0; i < pattern.count && i < arn_prefix.count + literal.count; i++) {
		char byte = i < arn_prefix.count ? arn_prefix.at[i] : literal.at[i - arn_prefix.count];

		if (pattern.at[i] == '*' || pattern.at[i] == '?')
			return false;
		if (view_lower_byte(pattern.at[i]) != view_lower_byte(byte))
			return true;
	}
	return false;
}

bool impact_template_may_match(struct view pattern, struct view arn_prefix, struct view resource)
{
	uint16_t tokens[TOKENS_MAX];
	struct view pattern_part, arn_part;
	size_t count;

	if (view_equals_text(pattern, "*") || view_find(pattern, view_of("${")) != VIEW_NOWHERE ||
		pattern.count > PATTERN_MAX_BYTES)
		return true;
	if (parts_early(pattern, arn_prefix, resource))
		return false;
	for (int i = 0; i < ARN_HEADS; i++) {
		char lower[2][128];

		if (!view_cut(pattern, ':', &pattern_part, &pattern) ||
			!view_cut(arn_prefix, ':', &arn_part, &arn_prefix))
			return false;
		if (pattern_part.count > sizeof lower[0] || arn_part.count > sizeof lower[1])
			return true;
		/* the heads compare without case */
		for (size_t k = 0; k < pattern_part.count; k++)
			lower[0][k] = view_lower_byte(pattern_part.at[k]);
		for (size_t k = 0; k < arn_part.count; k++)
			lower[1][k] = view_lower_byte(arn_part.at[k]);
		count = tokenise(view_from(lower[1], arn_part.count), (struct view){ 0 }, tokens);
		if (!intersects(view_from(lower[0], pattern_part.count), tokens, count))
			return false;
	}
	count = tokenise(arn_prefix, resource, tokens);
	return count == 0 || intersects(pattern, tokens, count);
}
