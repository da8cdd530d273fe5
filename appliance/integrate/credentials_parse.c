/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/integrate/credentials_parse.h"

#include <errno.h>
#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/base/json.h"

/* Visible ASCII of a length that is allowed: it will stand in a field. */
static bool is_key(struct view text, size_t max_bytes)
{
	for (size_t i = 0; i < text.count; i++)
		if (text.at[i] <= ' ' || text.at[i] > '~')
			return false;
	return text.count > 0 && text.count <= max_bytes;
}

static int check(struct credentials_parsed *parsed, struct view expiration)
{
	const struct credentials *credentials = &parsed->credentials;
	uint64_t wall_ms;

	if (!is_key(credentials->access_key, CREDENTIALS_KEY_MAX_BYTES) ||
		!is_key(credentials->secret, CREDENTIALS_KEY_MAX_BYTES) ||
		!is_key(credentials->token, CREDENTIALS_TOKEN_MAX_BYTES) || clock_parse_iso(expiration, &wall_ms) < 0)
		return -EINVAL;
	parsed->expires_s = (int64_t)(wall_ms / 1000);
	return 0;
}

/* --- XML -------------------------------------------------------------------------------------------------------------- */

/* What stands between <name> and </name>, first occurrence; empty if it is not there. Elements without attributes only. */
static struct view element(struct view xml, const char *name)
{
	char tag[32];
	size_t name_count = strlen(name), start, end;
	struct view rest;

	tag[0] = '<';
	memcpy(tag + 1, name, name_count);
	tag[name_count + 1] = '>';
	start = view_find(xml, view_from(tag, name_count + 2));
	if (start == VIEW_NOWHERE)
		return (struct view){ 0 };
	rest = view_after(xml, start + name_count + 2);
	tag[0] = '/';
	end = view_find(rest, view_from(tag, name_count + 2));
	if (end == VIEW_NOWHERE || end == 0 || rest.at[end - 1] != '<')
		return (struct view){ 0 };
	return view_trim_set(view_part(rest, 0, end - 1), " \t\r\n");
}

/* Undo the five entities, in place: the text is the caller's own buffer. */
static struct view unescape(struct view text)
{
	static const struct {
		struct view name;
		char byte;
	} entities[] = { { VIEW_INIT("&amp;"), '&' }, { VIEW_INIT("&lt;"), '<' }, { VIEW_INIT("&gt;"), '>' },
		{ VIEW_INIT("&quot;"), '"' }, { VIEW_INIT("&apos;"), '\'' } };
	char *to = (char *)(uintptr_t)text.at;
	size_t count = 0;

	for (size_t i = 0; i < text.count; count++) {
		size_t step = 1;

		to[count] = text.at[i];
		for (size_t k = 0; k < sizeof entities / sizeof *entities; k++) {
			if (view_starts_with(view_after(text, i), entities[k].name)) {
				to[count] = entities[k].byte;
				step = entities[k].name.count;
				break;
			}
		}
		i += step;
	}
	return view_part(text, 0, count);
}

int credentials_parse_sts(struct buffer *xml, struct credentials_parsed *ret)
{
	struct view part = element(buffer_view(xml), "Credentials");

	*ret = (struct credentials_parsed){
		.credentials = { .access_key = unescape(element(part, "AccessKeyId")),
			.secret = unescape(element(part, "SecretAccessKey")),
			.token = unescape(element(part, "SessionToken")) },
	};
	return check(ret, element(part, "Expiration"));
}

void credentials_parse_sts_error(struct view xml, char *ret, size_t room)
{
	struct view parts[] = { element(xml, "Code"), view_of(": "), element(xml, "Message") };
	size_t count = 0;

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		for (size_t k = 0; k < parts[i].count && count + 1 < room; k++)
			ret[count++] = parts[i].at[k] >= ' ' && parts[i].at[k] <= '~' ? parts[i].at[k] : '?';
	ret[count] = '\0';
	if (strcmp(ret, ": ") == 0)
		ret[0] = '\0';
}

/* --- instance metadata ------------------------------------------------------------------------------------------------ */

/* Append a copy; where it starts. */
static size_t keep(struct buffer *room, struct view text)
{
	size_t start = room->count;

	buffer_append(room, text);
	return start;
}

int credentials_parse_instance(struct view text, struct buffer *room, struct credentials_parsed *ret)
{
	const struct json_limits limits = {
		.max_bytes = CREDENTIALS_ANSWER_MAX_BYTES, .max_depth = 4, .max_values = 64
	};
	struct view access_key, secret, token, all;
	size_t starts[3];
	struct json *json;
	int error;

	buffer_reset(room);
	if (json_parse(text, &limits, &json, NULL))
		return -EINVAL;
	access_key = json_find_text(json, "AccessKeyId");
	secret = json_find_text(json, "SecretAccessKey");
	token = json_find_text(json, "Token");
	starts[0] = keep(room, access_key);
	starts[1] = keep(room, secret);
	starts[2] = keep(room, token);
	all = buffer_view(room);
	error = buffer_error(room) ? -EINVAL : 0;
	if (!error) {
		*ret = (struct credentials_parsed){
			.credentials = { .access_key = view_part(all, starts[0], access_key.count),
				.secret = view_part(all, starts[1], secret.count),
				.token = view_part(all, starts[2], token.count) },
		};
		error = check(ret, json_find_text(json, "Expiration"));
	}
	json_free(json);
	return error;
}

struct view credentials_parse_role_name(struct view text)
{
	struct view line, rest;

	view_cut(text, '\n', &line, &rest);
	line = view_trim_set(line, " \t\r");
	for (size_t i = 0; i < line.count; i++) {
		char byte = view_lower_byte(line.at[i]);

		/* IAM: letters, digits and _+=,.@- */
		if (!(byte >= 'a' && byte <= 'z') && !(byte >= '0' && byte <= '9') &&
			(!byte || !strchr("_+=,.@-", byte)))
			return (struct view){ 0 };
	}
	return line.count > 64 ? (struct view){ 0 } : line;
}
