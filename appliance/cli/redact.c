/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/redact.h"

#include <string.h>

#include "appliance/base/assert.h"

/* What names a secret, wherever it stands in a name, in lower case. */
static const char *const secret_words[] = { "password", "passwd", "passphrase", "secret", "token", "authorization",
	"cookie", "apikey", "api-key", "api_key", "signature", "credential", "private_key", "privatekey",
	"private-key" };

/* Their values are whole header fields: several words. */
static const char *const field_words[] = { "authorization", "cookie" };

/* Schemes of an Authorization field that are followed by what only the client should know. */
static const char *const schemes[] = { "bearer", "basic", "digest", "negotiate" };

/* Longest name that is looked at. */
#define NAME_MAX_BYTES 128

/* A secret access key has 40 characters of base64, a key of 32 bytes 43 and a sign of padding. */
#define ACCESS_SECRET_BYTES 40
#define KEY_BYTES 43

/* A shorter word after a scheme is no credential. */
#define CREDENTIAL_MIN_BYTES 6

/* "RSA ", "EC ", "ENCRYPTED ". */
#define LABEL_MAX_BYTES 16

/* From a position in a text: up to where it is kept, and up to where it is masked. */
struct found {
	size_t kept, masked;
};

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static bool is_upper(char byte)
{
	return byte >= 'A' && byte <= 'Z';
}

static bool is_lower(char byte)
{
	return byte >= 'a' && byte <= 'z';
}

static bool is_alnum(char byte)
{
	return is_digit(byte) || is_upper(byte) || is_lower(byte);
}

static bool is_name_byte(char byte)
{
	return is_alnum(byte) || byte == '_' || byte == '-';
}

static bool is_base64_byte(char byte)
{
	return is_alnum(byte) || byte == '+' || byte == '/';
}

static bool is_credential_byte(char byte)
{
	return is_base64_byte(byte) || strchr("._~=-", byte);
}

static bool ends_word(char byte)
{
	return (unsigned char)byte <= ' ' || strchr(",;&\"'<>})]\\", byte);
}

/* What follows a text in JSON. */
static bool ends_value(char byte)
{
	return (unsigned char)byte <= ' ' || strchr(",:}]", byte);
}

static bool ends_line(char byte)
{
	return byte == '\n' || byte == '\r' || byte == '"' || byte == '\\';
}

static size_t run_of(struct view text, size_t at, bool (*is_inside)(char byte))
{
	size_t end = at;

	while (end < text.count && text.at[end] && is_inside(text.at[end]))
		end++;
	return end - at;
}

/* Up to the first byte that ends it. */
static size_t run_until(struct view text, size_t at, bool (*ends)(char byte))
{
	size_t end = at;

	while (end < text.count && !(text.at[end] ? ends(text.at[end]) : true))
		end++;
	return end - at;
}

static size_t skip_spaces(struct view text, size_t at)
{
	while (at < text.count && (text.at[at] == ' ' || text.at[at] == '\t'))
		at++;
	return at;
}

/* A quotation mark, behind as many backslashes as texts within texts have; its length, or 0. */
static size_t quote_at(struct view text, size_t at)
{
	size_t end = at;

	while (end < text.count && text.at[end] == '\\')
		end++;
	return end < text.count && (text.at[end] == '"' || (text.at[end] == '\'' && end == at)) ? end + 1 - at : 0;
}

/*
 * Where the text ends whose opening mark, of `count` bytes, is at `open`: at its closing mark, at that of the text around it, or at the end of the line.
 * A mark with n backslashes has texts with 2n + 1 before a quotation mark of their own, and 2n + 2 for a backslash.
 */
static size_t quoted_end(struct view text, size_t open, size_t count)
{
	size_t wanted = count - 1, backslashes = 0, at;

	if (text.at[open] == '\'') {
		size_t inside = run_until(text, open + 1, ends_line),
		       end = view_find_byte(view_part(text, open + 1, inside), '\'');

		return open + 1 + (end == VIEW_NOWHERE ? inside : end);
	}
	for (at = open + count; at < text.count && text.at[at] != '\n'; at++) {
		if (text.at[at] == '\\') {
			backslashes++;
			continue;
		}
		if (text.at[at] == '"') {
			for (size_t outer = 1; outer < count; outer *= 2)
				if (backslashes % (2 * outer) == outer - 1)
					return at - (outer - 1);
			if (backslashes % (2 * count) == wanted)
				return at - wanted;
		}
		backslashes = 0;
	}
	return at;
}

static bool holds_one_of(struct view name, const char *const words[], size_t count)
{
	char lower[NAME_MAX_BYTES];

	if (name.count > sizeof lower)
		name = view_part(name, name.count - sizeof lower, sizeof lower);
	for (size_t i = 0; i < name.count; i++)
		lower[i] = view_lower_byte(name.at[i]);
	for (size_t i = 0; i < count; i++)
		if (view_find(view_from(lower, name.count), view_from_text(words[i])) != VIEW_NOWHERE)
			return true;
	return false;
}

/* name: value, name=value, "name": "value", \"name\": \"value\". */
static bool is_named(struct view text, size_t at, struct found *ret)
{
	struct view name = view_part(text, at, run_of(text, at, is_name_byte)), name_mark, mark;
	size_t next = at + name.count;

	if (!holds_one_of(name, secret_words, ARRAY_COUNT(secret_words)))
		return false;
	name_mark = view_part(text, next, quote_at(text, next));
	next = skip_spaces(text, next + name_mark.count);
	if (next >= text.count || (text.at[next] != ':' && text.at[next] != '='))
		return false;
	next = skip_spaces(text, next + 1);
	mark = view_part(text, next, quote_at(text, next));
	ret->kept = next + mark.count;
	/* A mark of another kind may as well end the text that the name stands in: JSON goes on after that. */
	if (mark.count && !view_equals(mark, name_mark) && (ret->kept == text.count || ends_value(text.at[ret->kept])))
		return false;
	if (mark.count)
		ret->masked = quoted_end(text, next, mark.count);
	else if (name_mark.count)
		return false; /* JSON: a number, a list, an object, whose members are looked at themselves */
	else if (holds_one_of(name, field_words, ARRAY_COUNT(field_words)))
		ret->masked = next + run_until(text, next, ends_line);
	else
		ret->masked = next + run_until(text, next, ends_word);
	return ret->masked > ret->kept;
}

/* A credential has what a word of a sentence has not. */
static bool looks_random(struct view word)
{
	bool other = false;

	for (size_t i = 0; i < word.count; i++)
		other = other || is_digit(word.at[i]) || is_upper(word.at[i]) || word.at[i] == '=';
	return other && word.count >= CREDENTIAL_MIN_BYTES;
}

static bool is_scheme(struct view text, size_t at, struct found *ret)
{
	struct view word = view_part(text, at, run_of(text, at, is_name_byte));

	for (size_t i = 0; i < ARRAY_COUNT(schemes); i++) {
		if (!view_equals_ignore_case(word, view_from_text(schemes[i])))
			continue;
		ret->kept = skip_spaces(text, at + word.count);
		ret->masked = ret->kept + run_of(text, ret->kept, is_credential_byte);
		return ret->kept > at + word.count && looks_random(view_part(text, ret->kept, ret->masked - ret->kept));
	}
	return false;
}

static bool is_private_key(struct view text, size_t at, struct found *ret)
{
	const struct view begin = view_of("-----BEGIN "), tail = view_of("PRIVATE KEY-----");
	struct view rest = view_after(text, at);
	size_t end;

	if (!view_starts_with(rest, begin))
		return false;
	end = view_find(view_part(rest, 0, begin.count + tail.count + LABEL_MAX_BYTES), tail);
	if (end == VIEW_NOWHERE)
		return false;
	ret->kept = at + end + tail.count;
	/* Up to its end, or that of the text that it stands in. */
	rest = view_after(text, ret->kept);
	rest = view_part(rest, 0, view_find_byte(rest, '"'));
	while (rest.count > 0 && rest.at[rest.count - 1] == '\\')
		rest.count--;
	rest = view_part(rest, 0, view_find(rest, view_of("-----END")));
	ret->masked = ret->kept + rest.count;
	return rest.count > 0;
}

static bool is_user_of_url(struct view text, size_t at, struct found *ret)
{
	if (!view_starts_with(view_after(text, at), view_of("://")))
		return false;
	ret->kept = ret->masked = at + 3;
	while (ret->masked < text.count && text.at[ret->masked] && !ends_word(text.at[ret->masked]) &&
		text.at[ret->masked] != '/' && text.at[ret->masked] != '@')
		ret->masked++;
	return ret->masked > ret->kept && ret->masked < text.count && text.at[ret->masked] == '@';
}

static bool is_key(struct view text, size_t at, struct found *ret)
{
	size_t count = run_of(text, at, is_base64_byte);
	bool upper = false, lower = false, digit = false;

	if (count != ACCESS_SECRET_BYTES && count != KEY_BYTES)
		return false;
	for (size_t i = at; i < at + count; i++) {
		upper = upper || is_upper(text.at[i]);
		lower = lower || is_lower(text.at[i]);
		digit = digit || is_digit(text.at[i]);
	}
	*ret = (struct found){ at, at + count };
	return upper && lower && digit;
}

/* Does a word begin here: at `start`, or behind a byte that belongs to none? */
static bool begins_word(struct view text, size_t start, size_t at, bool (*is_inside)(char byte))
{
	return at == start || !text.at[at - 1] || !is_inside(text.at[at - 1]);
}

static bool finds(struct view text, size_t start, size_t at, struct found *ret)
{
	if (text.at[at] == '-')
		return is_private_key(text, at, ret);
	if (text.at[at] == ':')
		return is_user_of_url(text, at, ret);
	if (!text.at[at])
		return false;
	if (begins_word(text, start, at, is_name_byte) && (is_named(text, at, ret) || is_scheme(text, at, ret)))
		return true;
	return begins_word(text, start, at, is_base64_byte) && is_key(text, at, ret);
}

/* The letters of an escape, \n or \\u0009, are not of the word behind it. Returns how many bytes it has, 0 if there is none. */
static size_t escape_at(struct view text, size_t at)
{
	size_t end = at;

	while (end < text.count && text.at[end] == '\\')
		end++;
	if (end == at || end == text.count)
		return 0;
	if (text.at[end] == 'u')
		return end + 5 <= text.count ? end + 5 - at : text.count - at;
	return text.at[end] && strchr("bfnrt", text.at[end]) ? end + 1 - at : 0;
}

void redact(struct buffer *ret, struct view text)
{
	struct found found;
	size_t done = 0, start = 0;

	for (size_t at = 0; at < text.count;) {
		size_t escape = escape_at(text, at);

		if (escape) {
			at = start = at + escape;
			continue;
		}
		if (!finds(text, start, at, &found)) {
			at++;
			continue;
		}
		buffer_append(ret, view_part(text, done, found.kept - done));
		buffer_append_text(ret, REDACT_MASK);
		at = done = found.masked;
	}
	buffer_append(ret, view_after(text, done));
}
