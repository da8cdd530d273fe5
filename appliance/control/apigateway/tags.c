/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tags of API Gateway's resources. Source: spec/control-plane.md 6 and 7. */
#include "appliance/control/apigateway/tags.h"

#include <string.h>

#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"

struct tagged {
	enum store_kind kind;
	const char *id;
};

/* Which record is meant by an ARN such as arn:aws:apigateway:us-east-1::/restapis/abc/stages/prod? */
static bool find_tagged(struct call *call, const char *arn, struct tagged *ret)
{
	static const struct {
		const char *collection;
		enum store_kind kind;
	} collections[] = {
		{ "restapis/", STORE_restapi },
		{ "domainnames/", STORE_domainname },
		{ "apikeys/", STORE_apikey },
		{ "usageplans/", STORE_usageplan },
		{ "vpclinks/", STORE_vpclink },
		{ "clientcertificates/", STORE_clientcertificate },
	};
	const char *start = call_text(call, "arn:aws:apigateway:%s:", control_region(call->control)), *path, *stage;

	if (strncmp(arn, start, strlen(start)) != 0)
		return false;
	path = strchr(arn + strlen(start), ':');
	if (!path || path[1] != '/')
		return false;
	path += 2;
	if (strncmp(path, "domainnameaccessassociations/", 29) == 0) {
		*ret = (struct tagged){ STORE_domainaccess, arn };
		return true;
	}
	stage = strstr(path, "/stages/");
	if (strncmp(path, "restapis/", 9) == 0 && stage) {
		*ret = (struct tagged){ STORE_stage,
			call_text(call, "%.*s/%s", (int)(stage - path - 9), path + 9, stage + 8) };
		return true;
	}
	for (size_t i = 0; i < ARRAY_COUNT(collections); i++) {
		size_t length = strlen(collections[i].collection);

		if (strncmp(path, collections[i].collection, length) == 0) {
			*ret = (struct tagged){ collections[i].kind, path + length };
			return true;
		}
	}
	return false;
}

struct json *tags_find_record(struct call *call, const char *arn)
{
	struct tagged tagged;

	return find_tagged(call, arn, &tagged) ? record_find(call, tagged.kind, tagged.id) : NULL;
}

/* One spelling for each resource, since permissions go by it: only private domains and their associations have an account. */
static bool has_its_account(struct call *call, const char *arn, const struct tagged *tagged)
{
	bool is_private =
		tagged->kind == STORE_domainaccess || (tagged->kind == STORE_domainname && strchr(tagged->id, '+'));
	const char *start = call_text(call, "arn:aws:apigateway:%s:%s:/", control_region(call->control),
		is_private ? control_account(call->control) : "");

	return strncmp(arn, start, strlen(start)) == 0;
}

static int load(struct call *call, struct tagged *tagged, struct json **ret)
{
	const char *arn = call_input(call, "resourceArn");

	if (!find_tagged(call, arn, tagged) || !has_its_account(call, arn, tagged))
		return call_fail(call, "BadRequestException", "Invalid ARN specified in the request");
	*ret = record_find(call, tagged->kind, tagged->id);
	if (*ret)
		return 0;
	return call_fail(call, "NotFoundException", "Invalid resource identifier specified");
}

/* The parent of a record is part of its id. */
static void store(struct call *call, const struct tagged *tagged, const struct json *body)
{
	const char *slash = strchr(tagged->id, '/'), *parent = NULL;

	if (tagged->kind == STORE_stage && slash)
		parent = call_text(call, "%.*s", (int)(slash - tagged->id), tagged->id);
	if (tagged->kind == STORE_domainaccess) {
		const char *arn = json_find_c_string(body, "domainNameArn");

		parent = strstr(arn, "/domainnames/") + strlen("/domainnames/");
	}
	record_put(call, tagged->kind, tagged->id, parent, body);
}

/* Source: API Gateway Developer Guide, "Tagging": 50 tags, keys of 128 and values of 256 characters. */
enum { TAGS_MAX = 50, KEY_MAX_CHARACTERS = 128, VALUE_MAX_CHARACTERS = 256 };

int tags_check(struct call *call, const struct json *tags)
{
	if (json_count(tags) > TAGS_MAX)
		return call_fail(call, "BadRequestException", "A resource can have at most %d tags", TAGS_MAX);
	JSON_EACH(tag, tags)
	{
		struct view key = json_name(tag);

		if (key.count == 0 || view_character_count(key) > KEY_MAX_CHARACTERS ||
			view_character_count(json_text(tag)) > VALUE_MAX_CHARACTERS ||
			view_starts_with_ignore_case(key, view_of("aws:")))
			return call_fail(call, "BadRequestException", "Invalid tag: " VIEW_FMT, VIEW_ARG(key));
	}
	return 0;
}

struct json *tags_shown(const struct json *record, bool with_empty)
{
	struct json *shown = json_copy(record);

	(void)json_remove(shown, "postern");
	if (json_count(json_find(shown, "tags")) == 0) {
		(void)json_remove(shown, "tags");
		if (with_empty)
			json_set(shown, "tags", json_object_new());
	}
	return shown;
}

void tags_answer(struct call *call, const struct json *record, bool with_empty)
{
	struct json JSON_CLEANUP *shown = tags_shown(record, with_empty);

	call_answer(call, shown);
}

struct json *tags_show_item(struct call *call, const struct json *record)
{
	(void)call;
	return tags_shown(record, false);
}

int tags_take(struct call *call, struct json *record)
{
	if (tags_check(call, json_find(call->input, "tags")) < 0)
		return CALL_FAILED;
	if (json_count(json_find(call->input, "tags")))
		call_take(call, record, "tags", NULL);
	return 0;
}

int op_tag_resource(struct call *call)
{
	struct json JSON_CLEANUP *body = NULL;
	struct tagged tagged;
	int error = load(call, &tagged, &body);

	/* Of the input first: what it costs to merge grows with the square of the count. */
	if (error == 0)
		error = tags_check(call, json_find(call->input, "tags"));
	if (error < 0)
		return error;
	json_merge(json_ensure_object(body, "tags"), json_find(call->input, "tags"));
	error = tags_check(call, json_find(body, "tags"));
	if (error < 0)
		return error;
	store(call, &tagged, body);
	return 0;
}

int op_untag_resource(struct call *call)
{
	struct json JSON_CLEANUP *body = NULL;
	struct tagged tagged;
	int error = load(call, &tagged, &body);

	if (error < 0)
		return error;
	JSON_EACH(key, json_find(call->input, "tagKeys"))
	(void)json_remove_view(json_ensure_object(body, "tags"), json_text(key));
	if (json_count(json_find(body, "tags")) == 0)
		(void)json_remove(body, "tags");
	store(call, &tagged, body);
	return 0;
}

int op_get_tags(struct call *call)
{
	struct json JSON_CLEANUP *body = NULL;
	struct tagged tagged;
	int error = load(call, &tagged, &body);

	if (error < 0)
		return error;
	json_set(
		call->output, "tags", json_find(body, "tags") ? json_copy(json_find(body, "tags")) : json_object_new());
	return 0;
}
