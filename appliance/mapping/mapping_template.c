/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/mapping/mapping_template.h"

#include "appliance/base/json_scanner.h"
#include "appliance/mapping/mapping_parameter.h"

/* --- statusCode of a MOCK integration's body ------------------------------------------------------------------------ */

/* Six digits are more than any status has. */
#define STATUS_DIGITS_MAX 6

static int status_of(struct view digits)
{
	uint64_t number;

	return digits.count <= STATUS_DIGITS_MAX && view_parse_u64(digits, 999999, &number) == 0 ? (int)number : 0;
}

/* `text` as JSON. True if it is JSON, whatever its statusCode. */
static bool strict_status(struct view text, int *ret)
{
	struct json_scanner scanner;
	struct json_token token;
	size_t depth = 0;
	bool named = false;
	int result;

	*ret = 0;
	json_scanner_init(&scanner, text, NULL);
	while ((result = json_scanner_next(&scanner, &token)) == 0 && token.type != JSON_TOKEN_END) {
		bool opens = token.type == JSON_TOKEN_OBJECT_BEGIN || token.type == JSON_TOKEN_ARRAY_BEGIN;

		if (token.type == JSON_TOKEN_NUMBER && named)
			*ret = status_of(token.raw);
		named = depth == 1 && token.type == JSON_TOKEN_NAME && view_equals(token.raw, view_of("statusCode"));
		if (opens)
			depth++;
		else if (token.type == JSON_TOKEN_OBJECT_END || token.type == JSON_TOKEN_ARRAY_END)
			depth--;
	}
	json_scanner_fini(&scanner);
	return result == 0;
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* The lenient reading: in the outermost braces, the word statusCode, quoted anyhow or not, a colon, digits. */
static int lenient_status(struct view text)
{
	static const struct view word = VIEW_INIT("statusCode");
	size_t closing, at, digits = 0;

	text = view_trim_set(text, " \t\r\n");
	closing = view_find_last_byte(text, '}');
	if (text.count == 0 || text.at[0] != '{' || closing == VIEW_NOWHERE)
		return 0;
	text = view_part(text, 1, closing - 1);
	at = view_find(text, word);
	if (at == VIEW_NOWHERE)
		return 0;
	text = view_after(text, at + word.count);
	if (text.count && (text.at[0] == '"' || text.at[0] == '\''))
		text = view_after(text, 1);
	text = view_trim_set(text, " \t\r\n");
	if (text.count == 0 || text.at[0] != ':')
		return 0;
	text = view_trim_set(view_after(text, 1), " \t\r\n");
	while (digits < text.count && text.at[digits] >= '0' && text.at[digits] <= '9')
		digits++;
	if (digits < text.count && text.at[digits] != ',' && !is_blank(text.at[digits]))
		return 0;
	return status_of(view_part(text, 0, digits));
}

int mapping_template_mock_status(struct view text)
{
	int status;

	return strict_status(text, &status) ? status : lenient_status(text);
}

/* --- Gateway responses' templates ----------------------------------------------------------------------------------- */

static bool is_name_byte(char byte)
{
	byte = view_lower_byte(byte);
	return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '_' || byte == '-' ||
	       byte == '.';
}

/* Is there a reference at the start of `text` (a '$')? Then its size in bytes. */
static size_t reference_at(struct view text, struct mapping_piece *ret)
{
	static const struct {
		struct view prefix;
		enum mapping_piece_kind kind;
	} kinds[] = {
		{ VIEW_INIT("context."), MAPPING_PIECE_CONTEXT },
		{ VIEW_INIT("stageVariables."), MAPPING_PIECE_STAGE_VARIABLE },
		{ VIEW_INIT("method.request."), MAPPING_PIECE_REQUEST },
	};
	bool braces = text.count > 1 && text.at[1] == '{';
	size_t start = braces ? 2 : 1;

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		struct view rest = view_after(text, start);
		size_t count = 0;

		if (!view_starts_with(rest, kinds[i].prefix))
			continue;
		rest = view_after(rest, kinds[i].prefix.count);
		while (count < rest.count && is_name_byte(rest.at[count]))
			count++;
		while (count && rest.at[count - 1] == '.') /* "…$context.stage." ends a sentence */
			count--;
		if (count == 0 || (braces && (count == rest.count || rest.at[count] != '}')))
			return 0;
		*ret = (struct mapping_piece){ .kind = kinds[i].kind, .text = view_part(rest, 0, count) };
		return start + kinds[i].prefix.count + count + braces;
	}
	return 0;
}

bool mapping_piece_next(struct mapping_piece *ret, struct view *rest)
{
	size_t count = 0, reference = 0;

	if (rest->count == 0)
		return false;
	while (count < rest->count) {
		if (rest->at[count] == '$' && (reference = reference_at(view_after(*rest, count), ret)) > 0)
			break;
		count++;
	}
	if (count) {
		*ret = (struct mapping_piece){ .kind = MAPPING_PIECE_LITERAL, .text = view_part(*rest, 0, count) };
		*rest = view_after(*rest, count);
	} else {
		*rest = view_after(*rest, reference);
	}
	return true;
}
