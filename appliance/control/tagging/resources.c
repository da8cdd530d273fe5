/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/tagging/resources.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/base/buffer.h"
#include "appliance/control/authorize.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"

/* How a service keeps tags in its records. */
enum form {
	FORM_MAP,     /* "tags": {key: value} */
	FORM_SET,     /* "tagSet": [{"key", "value"}] */
	FORM_POSTERN, /* "postern": {"tags": [{"Key", "Value"}]} */
};

/* What the ARN is made of, besides the id. */
enum naming { NAMING_APIGATEWAY, NAMING_STAGE, NAMING_DOMAIN, NAMING_EC2, NAMING_LOG_GROUP, NAMING_ID };

/* IAM actions that the service has for it, which are needed besides the tagging API's. */
struct permits {
	const char *add, *remove;
	bool by_path; /* on /tags/{ARN} of API Gateway, not on the ARN itself */
};
static const struct permits apigateway_permits = { "apigateway:PUT", "apigateway:DELETE", true };
static const struct permits ec2_permits = { "ec2:CreateTags", "ec2:DeleteTags", false };
static const struct permits acm_permits = { "acm:AddTagsToCertificate", "acm:RemoveTagsFromCertificate", false };
static const struct permits balancing_permits = { "elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags",
	false };
static const struct permits logs_permits = { "logs:TagResource", "logs:UntagResource", false };

static const struct source {
	enum store_kind kind;
	enum form form;
	enum naming naming;
	const char *type; /* within the ARN */
	const struct permits *permits;
} sources[] = {
	{ STORE_restapi, FORM_MAP, NAMING_APIGATEWAY, "restapis", &apigateway_permits },
	{ STORE_stage, FORM_MAP, NAMING_STAGE, "stages", &apigateway_permits },
	{ STORE_domainname, FORM_MAP, NAMING_DOMAIN, "domainnames", &apigateway_permits },
	{ STORE_domainaccess, FORM_MAP, NAMING_ID, "", &apigateway_permits },
	{ STORE_apikey, FORM_MAP, NAMING_APIGATEWAY, "apikeys", &apigateway_permits },
	{ STORE_usageplan, FORM_MAP, NAMING_APIGATEWAY, "usageplans", &apigateway_permits },
	{ STORE_vpclink, FORM_MAP, NAMING_APIGATEWAY, "vpclinks", &apigateway_permits },
	{ STORE_clientcertificate, FORM_MAP, NAMING_APIGATEWAY, "clientcertificates", &apigateway_permits },
	{ STORE_vpcendpoint, FORM_SET, NAMING_EC2, "vpc-endpoint", &ec2_permits },
	{ STORE_securitygroup, FORM_SET, NAMING_EC2, "security-group", &ec2_permits },
	{ STORE_certificate, FORM_POSTERN, NAMING_ID, "", &acm_permits },
	{ STORE_loggroup, FORM_MAP, NAMING_LOG_GROUP, "log-group", &logs_permits },
	{ STORE_loadbalancer, FORM_POSTERN, NAMING_ID, "", &balancing_permits },
	{ STORE_listener, FORM_POSTERN, NAMING_ID, "", &balancing_permits },
	{ STORE_targetgroup, FORM_POSTERN, NAMING_ID, "", &balancing_permits },
};

/* Names of the members of a tag. */
static const struct {
	const char *key, *value;
} names[] = { [FORM_MAP] = { NULL, NULL }, [FORM_SET] = { "key", "value" }, [FORM_POSTERN] = { "Key", "Value" } };

/* The longest is that of a log group: its name has 512 characters. */
enum { ARN_MAX_BYTES = 2048 };

/* Into `room`, or within what is passed. `body` is asked for domains alone. */
static struct view arn_of(struct call *call, const struct source *source, const char *id, const struct json *body,
	char room[ARN_MAX_BYTES])
{
	const char *region = control_region(call->control), *account = control_account(call->control);
	const char *slash = strchr(id, '/');
	int count = 0;

	switch (source->naming) {
	case NAMING_STAGE:
		count = snprintf(room, ARN_MAX_BYTES, "arn:aws:apigateway:%s::/restapis/%.*s/stages/%s", region,
			(int)(slash ? slash - id : 0), id, slash ? slash + 1 : "");
		break;
	case NAMING_DOMAIN:
		if (json_find_text(body, "domainNameArn").count)
			return json_find_text(body, "domainNameArn");
		count = snprintf(room, ARN_MAX_BYTES, "arn:aws:apigateway:%s::/domainnames/%s", region, id);
		break;
	case NAMING_APIGATEWAY:
		count = snprintf(room, ARN_MAX_BYTES, "arn:aws:apigateway:%s::/%s/%s", region, source->type, id);
		break;
	case NAMING_EC2:
		count = snprintf(room, ARN_MAX_BYTES, "arn:aws:ec2:%s:%s:%s/%s", region, account, source->type, id);
		break;
	case NAMING_LOG_GROUP:
		count = snprintf(room, ARN_MAX_BYTES, "arn:aws:logs:%s:%s:%s:%s", region, account, source->type, id);
		break;
	case NAMING_ID:
		return view_from_text(id);
	}
	ASSERT(count > 0 && count < ARN_MAX_BYTES);
	return view_from(room, (size_t)count);
}

/* Where the tags are; NULL if there are none. */
static struct json *tags_in(const struct json *body, enum form form)
{
	if (form == FORM_POSTERN)
		return json_find(json_find(body, "postern"), "tags");
	return json_find(body, form == FORM_MAP ? "tags" : "tagSet");
}

/* The tags as [{"Key", "Value"}]. */
static struct json *tag_rows(const struct json *tags, enum form form)
{
	struct json *list = json_array_new();

	JSON_EACH(tag, tags)
	{
		struct json *row = json_object_new();

		json_set_text(row, "Key", form == FORM_MAP ? json_name(tag) : json_find_text(tag, names[form].key));
		json_set_text(row, "Value", form == FORM_MAP ? json_text(tag) : json_find_text(tag, names[form].value));
		json_append(list, row);
	}
	return list;
}

enum { KEY_MAX_CHARACTERS = 128, VALUE_MAX_CHARACTERS = 256 };

bool tagging_fits(struct view key, struct view value)
{
	return key.count > 0 && view_character_count(key) <= KEY_MAX_CHARACTERS &&
	       view_character_count(value) <= VALUE_MAX_CHARACTERS &&
	       !view_starts_with_ignore_case(key, view_of("aws:"));
}

/* ---- listing ---- */

struct walk {
	struct call *call;
	const struct source *source;
	struct json *rows; /* of a listing */
	/* Of a search: */
	struct view wanted;
	struct json *body;
	const char *id, *parent;
};

static struct json *parse(struct walk *walk, const struct store_record *record)
{
	static const struct json_limits limits = {
		.max_bytes = STORE_BODY_MAX_BYTES, .max_depth = JSON_MAX_DEPTH, .max_values = 8 * JSON_MAX_VALUES
	};
	struct json *body = NULL;

	if (json_parse(view_from(record->body, record->body_bytes), &limits, &body, NULL) < 0)
		record_error(walk->call, -EUCLEAN);
	return body;
}

static int add_row(void *context, const struct store_record *record)
{
	struct walk *walk = context;
	struct json JSON_CLEANUP *body = parse(walk, record);
	const struct json *tags = tags_in(body, walk->source->form);
	char arn[ARN_MAX_BYTES];
	struct json *row;

	if (json_count(tags) == 0)
		return 0;
	row = json_object_new();
	json_set_text(row, "ResourceARN", arn_of(walk->call, walk->source, record->id, body, arn));
	json_set(row, "Tags", tag_rows(tags, walk->source->form));
	json_append(walk->rows, row);
	return 0;
}

static int compare_rows(const struct json *left, const struct json *right)
{
	struct view a = json_find_text(left, "ResourceARN"), b = json_find_text(right, "ResourceARN");
	int order = memcmp(a.at, b.at, a.count < b.count ? a.count : b.count);

	return order ? order : (a.count > b.count) - (a.count < b.count);
}

struct json *tagging_list(struct call *call)
{
	struct walk walk = { .call = call, .rows = json_array_new() };

	for (size_t i = 0; i < ARRAY_COUNT(sources); i++) {
		walk.source = &sources[i];
		record_error(call, store_each(call->control->store, sources[i].kind, NULL, add_row, &walk));
	}
	json_sort(walk.rows, compare_rows);
	return walk.rows;
}

/* ---- changing ---- */

static int compare_arn(void *context, const struct store_record *record)
{
	struct walk *walk = context;
	struct json *body = NULL;
	char arn[ARN_MAX_BYTES];

	/* Bodies may be large: only that of a domain tells its ARN. */
	if (walk->source->naming == NAMING_DOMAIN)
		body = parse(walk, record);
	if (!view_equals(arn_of(walk->call, walk->source, record->id, body, arn), walk->wanted)) {
		json_free(body);
		return 0;
	}
	if (!body)
		body = parse(walk, record);
	if (!body)
		return 0;
	walk->body = body;
	walk->id = call_text(walk->call, "%s", record->id);
	walk->parent = call_text(walk->call, "%s", record->parent);
	return 1;
}

static bool find(struct call *call, struct view arn, struct walk *ret)
{
	*ret = (struct walk){ .call = call, .wanted = arn };
	for (size_t i = 0; i < ARRAY_COUNT(sources) && !ret->body; i++) {
		ret->source = &sources[i];
		record_error(call, store_each(call->control->store, sources[i].kind, NULL, compare_arn, ret));
	}
	return ret->body;
}

static long index_of(const struct json *tags, enum form form, struct view key)
{
	for (size_t i = 0; i < json_count(tags); i++)
		if (view_equals(form == FORM_MAP ? json_name(json_at(tags, i))
						 : json_find_text(json_at(tags, i), names[form].key),
			    key))
			return (long)i;
	return -1;
}

static void set_tag(struct json *tags, enum form form, struct view key, struct view value)
{
	long index = index_of(tags, form, key);
	struct json *tag;

	if (form == FORM_MAP) {
		json_set_view(tags, key, json_text_new(value));
		return;
	}
	tag = index >= 0 ? json_at(tags, (size_t)index) : json_object_new();
	json_set_text(tag, names[form].key, key);
	json_set_text(tag, names[form].value, value);
	if (index < 0)
		json_append(tags, tag);
}

/* Where tags are put: made if there is nothing yet. */
static struct json *tags_room(struct json *body, enum form form)
{
	if (form == FORM_POSTERN)
		return json_ensure_array(json_ensure_object(body, "postern"), "tags");
	return form == FORM_MAP ? json_ensure_object(body, "tags") : json_ensure_array(body, "tagSet");
}

/* May the caller do that to the resource itself? */
static int authorize_tagging(struct call *call, const struct walk *found, bool adds)
{
	const struct permits *permits = found->source->permits;
	struct view resource = found->wanted;
	struct buffer path;

	if (permits->by_path) {
		buffer_init_arena(&path, &call->arena, CALL_ARENA_MAX_BYTES);
		buffer_printf(&path, "arn:aws:apigateway:%s::/tags/", control_region(call->control));
		for (size_t i = 0; i < resource.count; i++)
			if (resource.at[i] == ':' || resource.at[i] == '/')
				buffer_append_text(&path, resource.at[i] == ':' ? "%3A" : "%2F");
			else
				buffer_append_byte(&path, resource.at[i]);
		resource = buffer_view(&path);
	}
	return authorize_action(call, adds ? permits->add : permits->remove, resource);
}

/* How many tags there would be; those whose keys are there already count once. */
static size_t count_after(const struct json *room, enum form form, const struct json *tags)
{
	size_t count = json_count(room);

	JSON_EACH(tag, tags)
	count += index_of(room, form, json_name(tag)) < 0;
	return count;
}

static int change(struct call *call, struct walk *found, const struct json *tags, const struct json *keys)
{
	enum form form = found->source->form;
	struct json *room = tags_room(found->body, form);

	if (tags && count_after(room, form, tags) > TAGGING_TAGS_MAX)
		return -E2BIG;
	if (authorize_tagging(call, found, tags != NULL) < 0)
		return CALL_FAILED;
	JSON_EACH(tag, tags)
	set_tag(room, form, json_name(tag), json_text(tag));
	JSON_EACH(key, keys)
	{
		long index = index_of(room, form, json_text(key));

		if (index >= 0)
			(void)json_remove_at(room, (size_t)index);
	}
	if (form == FORM_MAP && json_count(room) == 0)
		(void)json_remove(found->body, "tags");
	record_put(call, found->source->kind, found->id, *found->parent ? found->parent : NULL, found->body);
	return 0;
}

int tagging_change(struct call *call, struct view arn, const struct json *tags, const struct json *keys)
{
	struct walk found;
	int error;

	if (!find(call, arn, &found))
		return -ENOENT;
	error = change(call, &found, tags, keys);
	json_free(found.body);
	return error;
}
