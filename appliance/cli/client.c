/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "appliance/cli/credentials.h"
#include "appliance/cli/place.h"
#include "appliance/cli/profile.h"
#include "appliance/control/unchanged.h"
#include "appliance/control/xml.h"
#include "appliance/crypto/base64.h"
#include "appliance/crypto/digest.h"
#include "appliance/outbound/fetch.h"
#include "appliance/wire/sigv4.h"
#include "appliance/wire/uri.h"

/* What an answer may hold: a list of 500 APIs with their policies. */
#define ANSWER_MAX_BYTES (32u * 1024 * 1024)
#define CONNECT_TIMEOUT_MS 5000
#define CALL_TIMEOUT_MS 120000
/* What an answer to a failure says besides: place and rule. */
#define REASON_FIELD "x-postern-reason"
#define REASON_BYTES 1024
#define DEFAULT_REGION "us-east-1"

static const struct sigv4_crypto crypto = {
	.sha256 = digest_sha256,
	.hmac_sha256 = digest_hmac_sha256,
	.base64 = base64_encode,
};

const char *client_encode(struct cli *cli, const char *text)
{
	struct buffer buffer;

	buffer_init_arena(&buffer, &cli->arena, 3 * strlen(text) + 1);
	for (const char *c = text; *c; c++) {
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~", *c))
			buffer_append_byte(&buffer, *c);
		else
			buffer_printf(&buffer, "%%%02X", (unsigned)(unsigned char)*c);
	}
	return buffer_text(&buffer);
}

static const char *region_of(const struct place *place, const struct credentials *credentials, struct cli *cli)
{
	const char *region = getenv("AWS_REGION");

	if (place->region)
		return place->region;
	if (!region || !*region)
		region = getenv("AWS_DEFAULT_REGION");
	if (!region || !*region)
		region = profile_setting(cli, "region");
	if (region && *region)
		return region;
	return credentials->region.count ? arena_text(&cli->arena, credentials->region) : DEFAULT_REGION;
}

/* "host:port" of a URL as it stands in the Host field. */
static struct view authority_of(const char *url)
{
	struct view rest = view_from_text(url);
	size_t start = view_find(rest, view_of("://"));

	if (start != VIEW_NOWHERE)
		rest = view_after(rest, start + 3);
	return view_part(rest, 0, view_find_byte(rest, '/'));
}

/*
 * Who vouches for the management address: what was named, as aws wants it named; the appliance's own CA, where it can be read;
 * else the system's CAs have to.
 */
static const char *ca_of(struct cli *cli, const struct place *place)
{
	const char *own = arena_printf(&cli->arena, "%s/ca.pem", place->state_dir).at, *named = cli->ca_file;

	if (!named)
		named = getenv("AWS_CA_BUNDLE");
	if (!named || !*named)
		named = profile_setting(cli, "ca_bundle");
	if (named && *named)
		return named;
	return access(own, R_OK) == 0 ? own : NULL;
}

struct signing {
	struct place place;
	struct credentials credentials;
	const char *region;
	struct sigv4_header headers[8];
	size_t header_count;
	char time[SIGV4_TIME_CHARS + 1];
	struct view authorization;
};

static int sign(struct cli *cli, const struct client_call *call, struct view body, bool is_raw,
	const struct client_extra *extra, struct signing *signing)
{
	struct sigv4_request request = {
		.method = view_from_text(call->method), .target = call->target, .headers = signing->headers
	};
	struct sigv4_credentials credentials = { .access_key = signing->credentials.access_key,
		.secret = signing->credentials.secret,
		.security_token = signing->credentials.security_token };
	struct sigv4_header *next = signing->headers;

	signing->region = region_of(&signing->place, &signing->credentials, cli);
	sigv4_time_write(signing->time, (int64_t)time(NULL));
	*next++ = (struct sigv4_header){ view_of("Host"), authority_of(signing->place.endpoint_url) };
	*next++ = (struct sigv4_header){ view_of("X-Amz-Date"), view_from_text(signing->time) };
	*next++ = (struct sigv4_header){ view_of("Accept"), view_of("application/json") };
	if (body.at)
		*next++ = (struct sigv4_header){ view_of("Content-Type"), extra->content_type
										  ? view_from_text(extra->content_type)
									  : is_raw ? view_of("application/octet-stream")
										   : view_of("application/json") };
	if (extra->operation)
		*next++ = (struct sigv4_header){ view_of("X-Amz-Target"), view_from_text(extra->operation) };
	if (extra->unchanged_since)
		*next++ = (struct sigv4_header){ view_of(UNCHANGED_FIELD), view_from_text(extra->unchanged_since) };
	if (credentials.security_token.count)
		*next++ = (struct sigv4_header){ view_of("X-Amz-Security-Token"), credentials.security_token };
	signing->header_count = request.header_count = (size_t)(next - signing->headers);
	digest_sha256(request.body_digest, body.count ? body.at : "", body.count);
	return sigv4_sign(&signing->authorization, &request, &credentials, view_from_text(signing->time),
		view_from_text(signing->region), view_from_text(call->service), &crypto, &cli->arena);
}

/* The message of a failure of the dialects that speak XML, or else the whole text. */
static struct view xml_message(struct cli *cli, struct view text)
{
	const struct xml_element *root = NULL, *error;
	char rule[128];

	if (xml_read(text, &cli->arena, &root, rule, sizeof rule) != 0)
		return text;
	error = xml_find(root, "Error");
	if (!error)
		error = xml_find(xml_find(root, "Errors"), "Error");
	error = xml_find(error, "Message");
	return error ? error->text : text;
}

/* The answer to a call that failed: AWS's code and message, and Postern's reason if there is one. */
static int report(struct cli *cli, int status, struct view text, const char *reason, const struct signing *signing)
{
	struct json *answer JSON_CLEANUP = NULL;
	struct view message;

	if (json_parse(text, NULL, &answer, NULL) != 0)
		return cli_fail(cli, "the appliance answered %d: " VIEW_FMT, status,
			VIEW_ARG(view_part(xml_message(cli, text), 0, 500)));
	message = json_find_text(answer, "message");
	if (message.count == 0)
		message = json_find_text(answer, "Message");
	message = view_trim(message.count ? message : text);
	if (status == 401 || status == 403)
		return cli_fail(cli,
			"the appliance answered %d: " VIEW_FMT " (access key " VIEW_FMT " from %s, region %s)", status,
			VIEW_ARG(message), VIEW_ARG(signing->credentials.access_key), signing->credentials.from,
			signing->region);
	/* A message that ends with the reason already has it. */
	if (view_ends_with(message, view_from_text(reason)))
		reason = "";
	return cli_fail(cli, "the appliance answered %d: " VIEW_FMT "%s%s%s", status, VIEW_ARG(message),
		*reason ? " (" : "", reason, *reason ? ")" : "");
}

/* Its certificate is not of a known authority, or of another name. */
static int untrusted(struct cli *cli, const char *url, const char *ca, const char *message)
{
	if (strstr(message, "does not match"))
		return cli_fail(cli,
			"the certificate of %s is another name's: %s. Call it by a name or an address that its "
			"certificate "
			"has, or add this one to management_names in its settings",
			url, message);
	return cli_fail(cli,
		"the certificate of %s is not vouched for by %s: %s. Get the appliance's CA with `postern system ca`, "
		"compare "
		"its fingerprint with the appliance's console, and name it with --ca or AWS_CA_BUNDLE",
		url, ca ? ca : "the system's authorities", message);
}

static int unreachable(struct cli *cli, const char *url, const char *ca, int error, const char *message)
{
	switch (error) {
	case -ECONNREFUSED:
		return cli_fail(cli,
			"nothing answers at %s: is the appliance running there? (--endpoint-url names another address)",
			url);
	case -ETIMEDOUT:
		return cli_fail(cli, "no answer from %s in time: %s. Is it reachable from here?", url, message);
	case -EKEYREJECTED:
		return untrusted(cli, url, ca, message);
	case -ENOKEY:
		return cli_fail(cli,
			"can't read authorities from %s (--ca, AWS_CA_BUNDLE, or ca_bundle of the profile): %s",
			ca ? ca : "the system's file", message);
	case -EINVAL:
	case -EPROTO:
		if (strncmp(url, "http:", 5) == 0)
			return cli_fail(cli,
				"can't call %s: %s. Management speaks plain HTTP on loopback alone: elsewhere it is "
				"https://",
				url, message);
		break;
	default:
		break;
	}
	return cli_fail(cli, "can't call %s: %s", url, message);
}

int client_exchange(struct cli *cli, const struct client_call *call, struct view raw, struct client_extra *extra,
	struct json **ret_answer)
{
	struct signing signing = { .header_count = 0 };
	struct fetch_header headers[sizeof signing.headers / sizeof signing.headers[0] + 1];
	struct buffer answer;
	char message[FETCH_MESSAGE_BYTES] = "", revision[24] = "", reason[REASON_BYTES] = "";
	const struct fetch_wanted wanted[] = { { UNCHANGED_REVISION_FIELD, revision, sizeof revision },
		{ REASON_FIELD, reason, sizeof reason } };
	const char *ca;
	char *body_text = call->body ? json_print_text(call->body) : NULL;
	struct view body = raw.at ? raw : view_from_text(body_text);
	int status, result = place_find(cli, &signing.place);

	if (result == 0)
		result = credentials_find(cli, signing.place.state_dir, &signing.credentials);
	if (result == 0 && sign(cli, call, body, raw.at != NULL, extra, &signing) != 0)
		result = cli_fail(cli, "the call is too large to be signed");
	if (result != 0)
		goto out;
	for (size_t i = 0; i < signing.header_count; i++)
		headers[i] = (struct fetch_header){ signing.headers[i].name, signing.headers[i].value };
	headers[signing.header_count] = (struct fetch_header){ view_of("Authorization"), signing.authorization };
	buffer_init_arena(&answer, &cli->arena, ANSWER_MAX_BYTES);
	ca = ca_of(cli, &signing.place);
	status = fetch(&(struct fetch_request){ .method = call->method,
			       .url = arena_printf(
				       &cli->arena, "%s" VIEW_FMT, signing.place.endpoint_url, VIEW_ARG(call->target))
					      .at,
			       .headers = headers,
			       .header_count = signing.header_count + 1,
			       .body = body,
			       .ca_file = ca,
			       .connect_timeout_ms = CONNECT_TIMEOUT_MS,
			       .timeout_ms = CALL_TIMEOUT_MS,
			       .answer = call->save_fd < 0 ? &answer : NULL,
			       .answer_fd = call->save_fd,
			       .refusal = &answer,
			       .wanted = wanted,
			       .wanted_count = sizeof wanted / sizeof wanted[0] },
		message);
	extra->status = status < 0 ? 0 : status;
	if (view_parse_u64(view_from_text(revision), UINT64_MAX, &extra->revision) < 0)
		extra->revision = 0;
	if (status < 0)
		result = unreachable(cli, signing.place.endpoint_url, ca, status, message);
	else if (status < 200 || status > 299)
		result = report(cli, status, buffer_view(&answer), reason, &signing);
	else if (extra->answer)
		buffer_append(extra->answer, buffer_view(&answer));
	else if (answer.count == 0)
		*ret_answer = json_object_new();
	else if (json_parse(buffer_view(&answer), NULL, ret_answer, NULL) != 0)
		result = cli_fail(cli, "the answer of %s is no JSON: is it Postern's management address?",
			signing.place.endpoint_url);
out:
	free(body_text);
	return result;
}

int client_send(struct cli *cli, const struct client_call *call, struct view raw, struct json **ret_answer)
{
	struct client_extra extra = { .content_type = NULL };

	return client_exchange(cli, call, raw, &extra, ret_answer);
}

int client_call(struct cli *cli, const struct client_call *call, struct json **ret_answer)
{
	return client_send(cli, call, (struct view){ 0 }, ret_answer);
}
