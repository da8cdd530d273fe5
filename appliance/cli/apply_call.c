/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The calls of `postern apply`: what reads is kept, what changes is made on the condition that the plan still holds. */
#include <stdarg.h>
#include <stdlib.h>

#include "appliance/base/assert.h"
#include "appliance/cli/apply.h"

/* The field of the condition must fit into a request's head. */
#define SCOPES_MAX_BYTES 4000
/* What it is if it does not: any change of what can be planned with. */
#define ALL_SCOPES                                                                                                     \
	"restapi resource model authorizer requestvalidator gatewayresponse documentationpart deployment stage "       \
	"domainname basepathmapping domainaccess certificate hostedzone rrset vpcendpoint"
/* Answers in XML: a page of record sets. */
#define XML_MAX_BYTES (8u * 1024 * 1024)
/* Pages of a list: 600 APIs are two. */
#define PAGES_MAX 1000

const char *apply_text(struct apply *apply, const char *format, ...)
{
	va_list arguments;
	struct view text;

	va_start(arguments, format);
	text = arena_vprintf(&apply->cli->arena, format, arguments);
	va_end(arguments);
	ASSERT(text.at);
	return text.at;
}

struct view apply_view(struct apply *apply, const char *format, ...)
{
	va_list arguments;
	struct view text;

	va_start(arguments, format);
	text = arena_vprintf(&apply->cli->arena, format, arguments);
	va_end(arguments);
	ASSERT(text.at);
	return text;
}

struct json *apply_keep(struct apply *apply, struct json *tree)
{
	json_append(apply->keep, tree);
	return tree;
}

void apply_depend(struct apply *apply, const char *kind, const char *id)
{
	buffer_printf(&apply->scopes, " %s%s%s", kind, id ? "/" : "", id ? id : "");
}

static const char *condition(struct apply *apply)
{
	bool fits = buffer_error(&apply->scopes) == 0 && apply->scopes.count <= SCOPES_MAX_BYTES;

	return apply_text(
		apply, "%llu %s", (unsigned long long)apply->revision, fits ? buffer_text(&apply->scopes) : ALL_SCOPES);
}

static int exchange(struct apply *apply, const struct client_call *call, struct view raw, struct client_extra *extra,
	bool changes, const struct json **ret)
{
	struct json *answer = NULL;
	int error;

	if (changes)
		extra->unchanged_since = condition(apply);
	error = client_exchange(apply->cli, call, raw, extra, &answer);
	apply->last_status = extra->status;
	if (answer)
		apply_keep(apply, answer);
	if (error) {
		apply->is_stale = apply->is_stale || extra->status == 412;
		return error;
	}
	/* What is planned from was read at this revision or later: a change in between makes the plan stale, too. */
	apply->has_changed = apply->has_changed || changes;
	if (changes || apply->revision == 0)
		apply->revision = extra->revision;
	if (ret)
		*ret = answer;
	return 0;
}

int apply_get(struct apply *apply, const char *service, struct view target, const struct json **ret)
{
	struct client_extra extra = { .content_type = NULL };

	return exchange(apply, &(struct client_call){ service, "GET", target, NULL, -1 }, (struct view){ 0 }, &extra,
		false, ret);
}

int apply_list(struct apply *apply, const char *path, const struct json **ret)
{
	struct json *all = apply_keep(apply, json_array_new());
	const char *position = NULL;

	for (unsigned page = 0; page < PAGES_MAX; page++) {
		const struct json *answer = NULL;
		int error = apply_get(apply, CLIENT_APIGATEWAY,
			apply_view(apply, "%s%climit=500%s%s", path, strchr(path, '?') ? '&' : '?',
				position ? "&position=" : "", position ? client_encode(apply->cli, position) : ""),
			&answer);

		if (error)
			return error;
		JSON_EACH(item, json_find(answer, "item"))
		json_append(all, json_copy(item));
		position = json_find_c_string(answer, "position");
		if (!position)
			break;
	}
	*ret = all;
	return 0;
}

int apply_ask(
	struct apply *apply, const char *service, struct view target, struct view document, const struct json **ret)
{
	struct client_extra extra = { .content_type = NULL };

	return exchange(
		apply, &(struct client_call){ service, "POST", target, NULL, -1 }, document, &extra, false, ret);
}

int apply_change(struct apply *apply, const char *method, struct view target, const struct json *body, struct view raw,
	const struct json **ret)
{
	struct client_extra extra = { .content_type = NULL };

	return exchange(
		apply, &(struct client_call){ CLIENT_APIGATEWAY, method, target, body, -1 }, raw, &extra, true, ret);
}

static int call_json(struct apply *apply, const char *service, const char *operation, const struct json *body,
	bool changes, const struct json **ret)
{
	struct client_extra extra = { .content_type = "application/x-amz-json-1.1", .operation = operation };

	return exchange(apply, &(struct client_call){ service, "POST", view_of("/"), body, -1 }, (struct view){ 0 },
		&extra, changes, ret);
}

int apply_acm(
	struct apply *apply, const char *operation, const struct json *body, bool changes, const struct json **ret)
{
	return call_json(apply, CLIENT_ACM, apply_text(apply, "CertificateManager.%s", operation), body, changes, ret);
}

int apply_tags_of(struct apply *apply, const char *arn, const struct json **ret)
{
	struct json *body JSON_CLEANUP = json_object_new();
	const struct json *answer = NULL;
	int error;

	json_append(json_ensure_array(body, "ResourceARNList"), json_text_new_c(arn));
	error = call_json(
		apply, CLIENT_TAGGING, "ResourceGroupsTaggingAPI_20170126.GetResources", body, false, &answer);
	*ret = json_find(json_at(json_find(answer, "ResourceTagMappingList"), 0), "Tags");
	return error;
}

int apply_xml(struct apply *apply, const char *service, const char *method, struct view target, struct view body,
	bool changes, const struct xml_element **ret)
{
	struct buffer answer;
	struct client_extra extra = { .answer = &answer,
		.content_type = service[0] == 'e' ? "application/x-www-form-urlencoded; charset=utf-8" : "text/xml" };
	char message[128];
	int error;

	buffer_init_arena(&answer, &apply->cli->arena, XML_MAX_BYTES);
	error = exchange(
		apply, &(struct client_call){ service, method, target, NULL, -1 }, body, &extra, changes, NULL);
	if (error)
		return error;
	if (xml_read(buffer_view(&answer), &apply->cli->arena, ret, message, sizeof message) != 0)
		return cli_fail(apply->cli, "the appliance's answer can't be read: %s", message);
	return 0;
}
