/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The methods of java.lang.String that take regular expressions. */
#include "appliance/base/pattern.h"
#include "appliance/mapping/java_pattern.h"
#include "appliance/mapping/method_parts.h"

/* Compiling a pattern costs about as much as looking at so many bytes. */
#define COMPILE_WORK_BYTES 4096

int method_pattern(struct template_run *run, const struct value_call *call, unsigned flags, const struct pattern **ret)
{
	struct pattern_error error = { 0 };
	struct view text;
	int result;

	*ret = call->prepared;
	if (*ret || !method_text_argument(call, 0, &text))
		return 0;
	result = method_work(run, COMPILE_WORK_BYTES + 16 * text.count);
	if (result)
		return result;
	result = java_pattern_compile(run->arena, ret, text, flags, &error);
	if (result == -ENOMEM)
		return template_no_memory(run);
	return result ? template_fail(run, "no regular expression: %s", error.text) : 0;
}

/* One match at or behind `from`: 1, 0, or what ends the run. */
static int find(struct template_run *run, const struct pattern *pattern, struct view subject, size_t from,
	struct view *groups, size_t count)
{
	int result = method_work(run, 256);

	if (result)
		return result;
	if (!run->patterns)
		return template_fail(run, "regular expressions are not to be had here");
	result = pattern_match_within(pattern, run->patterns, &run->matches, subject, from, groups, count);
	if (result == -EILSEQ)
		return template_fail(run, "a text is not UTF-8");
	if (result < 0 && run->matches.over)
		return template_fail(run, "regular expressions need too long together");
	return result < 0 ? template_fail(run, "a regular expression needs too long for its text") : result;
}

/* Where the next search begins: behind the match, and at least a character on. More than the text: it is over. */
static size_t behind_match(struct view subject, struct view match)
{
	size_t end = (size_t)(match.at - subject.at) + match.count, count;

	if (match.count)
		return end;
	count = view_utf8_character(view_after(subject, end), NULL);
	return end + (count ? count : 1);
}

int method_text_matches(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	const struct pattern *pattern;
	int result = method_pattern(run, call, PATTERN_WHOLE, &pattern);

	if (result || !pattern)
		return result;
	result = find(run, pattern, value_view(self), 0, NULL, 0);
	if (result < 0)
		return result;
	*ret = value_boolean(result == 1);
	return method_work(run, self.count);
}

/* --- Replacing ------------------------------------------------------------------------------------------------------ */

/* "$N" takes more digits as long as there is such a group; "${name}". */
static int take_group(struct template_run *run, const struct pattern *pattern, struct view *rest, size_t *ret)
{
	size_t groups = pattern_group_count(pattern), close, number;
	char name[64];

	if (rest->count && rest->at[0] == '{') {
		close = view_find_byte(*rest, '}');
		if (close == VIEW_NOWHERE || close < 2 || close > sizeof name)
			return template_fail(run, "a replacement's group has no name");
		memcpy(name, rest->at + 1, close - 1);
		name[close - 1] = '\0';
		*ret = pattern_group_named(pattern, name);
		*rest = view_after(*rest, close + 1);
		return *ret ? 0 : template_fail(run, "the pattern has no group {%s}", name);
	}
	if (rest->count == 0 || rest->at[0] < '0' || rest->at[0] > '9')
		return template_fail(run, "a '$' in a replacement must name a group");
	number = (size_t)(rest->at[0] - '0');
	*rest = view_after(*rest, 1);
	if (number > groups)
		return template_fail(run, "the pattern has no group %zu", number);
	while (rest->count && rest->at[0] >= '0' && rest->at[0] <= '9') {
		size_t longer = number * 10 + (size_t)(rest->at[0] - '0');

		if (longer > groups)
			break;
		number = longer;
		*rest = view_after(*rest, 1);
	}
	*ret = number;
	return 0;
}

static int append_replacement(struct template_run *run, const struct pattern *pattern, struct view replacement,
	const struct view *groups, struct buffer *out)
{
	while (replacement.count) {
		char byte = replacement.at[0];
		size_t group = 0;
		int result;

		replacement = view_after(replacement, 1);
		if (byte == '\\') {
			if (replacement.count == 0)
				return template_fail(run, "a replacement ends in a backslash");
			byte = replacement.at[0];
			replacement = view_after(replacement, 1);
		} else if (byte == '$') {
			result = take_group(run, pattern, &replacement, &group);
			if (result)
				return result;
			if (group < PATTERN_GROUP_MAX && groups[group].at)
				buffer_append(out, groups[group]);
			continue;
		}
		buffer_append_byte(out, byte);
	}
	return 0;
}

static int replace(
	struct template_run *run, struct value self, const struct value_call *call, bool all, struct value *ret)
{
	struct view subject = value_view(self), replacement, groups[PATTERN_GROUP_MAX];
	const struct pattern *pattern;
	struct buffer out;
	size_t done = 0, from = 0;
	int result = method_pattern(run, call, 0, &pattern);

	if (result || !pattern || !method_text_argument(call, 1, &replacement))
		return result;
	if (!subject.count)
		subject = view_of("");
	method_text_start(run, &out);
	while (from <= subject.count) {
		result = find(run, pattern, subject, from, groups, PATTERN_GROUP_MAX);
		if (result < 0)
			return result;
		if (result == 0)
			break;
		buffer_append(&out, view_part(subject, done, (size_t)(groups[0].at - subject.at) - done));
		result = append_replacement(run, pattern, replacement, groups, &out);
		if (result)
			return result;
		done = (size_t)(groups[0].at - subject.at) + groups[0].count;
		from = behind_match(subject, groups[0]);
		if (!all || buffer_error(&out))
			break;
	}
	buffer_append(&out, view_after(subject, done));
	return method_text_finish(run, &out, ret);
}

int method_text_replace_all(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	return replace(run, self, call, true, ret);
}

int method_text_replace_first(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	return replace(run, self, call, false, ret);
}

/* --- Splitting ------------------------------------------------------------------------------------------------------ */

/* Parts between matches; a match of nothing at the start makes no part. With a limit above zero, at most so many. */
static int split(struct template_run *run, const struct pattern *pattern, struct view subject, int64_t limit,
	struct value_list *parts)
{
	size_t done = 0, from = 0;
	struct view match;
	int result = 0;

	while (from <= subject.count && (limit <= 0 || parts->count + 1 < (uint64_t)limit)) {
		size_t at;

		result = find(run, pattern, subject, from, &match, 1);
		if (result <= 0)
			break;
		at = (size_t)(match.at - subject.at);
		from = behind_match(subject, match);
		if (match.count == 0 && at == 0)
			continue;
		result = value_list_add(run, parts, value_text(view_part(subject, done, at - done)));
		if (result)
			return result;
		done = at + match.count;
	}
	return result < 0 ? result : value_list_add(run, parts, value_text(view_after(subject, done)));
}

int method_text_split(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	struct view subject = self.count ? value_view(self) : view_of("");
	const struct pattern *pattern;
	struct value_list *parts;
	int64_t limit = 0;
	int result;

	if (call->count > 1 && !method_int_argument(call, 1, &limit))
		return 0;
	result = method_pattern(run, call, 0, &pattern);
	if (result || !pattern)
		return result;
	result = value_list_new(run, VALUE_LIST_ARRAY, 4, &parts);
	if (result == 0)
		result = split(run, pattern, subject, limit, parts);
	if (result)
		return result;
	/* empty parts at the end go, but a text that was not split stays */
	while (limit == 0 && parts->count > 1 && parts->items[parts->count - 1].count == 0)
		parts->count--;
	if (limit == 0 && parts->count == 1 && parts->items[0].count == 0 && subject.count)
		parts->count = 0;
	*ret = value_list(parts);
	return method_work(run, self.count);
}
