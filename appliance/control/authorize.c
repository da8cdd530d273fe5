/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/authorize.h"

#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/base/clock.h"
#include "appliance/control/apigateway/resource_tags.h"
#include "appliance/control/dialect.h"
#include "appliance/control/iam/identity.h"
#include "appliance/control/operations.h"
#include "appliance/control/resource_arn.h"
#include "appliance/control/state.h"
#include "policy/combine.h"

struct permission {
	enum service_id service;
	const char *operation;
	const char *action; /* "": the operation's own */
	const char *resources;
};

static const struct permission permissions[] = {
#define PERMISSION(service_, operation_, action_, resources_)                                                          \
	{ .service = SERVICE_##service_, .operation = #operation_, .action = (action_), .resources = (resources_) },
#include "appliance/control/permissions.def"
#undef PERMISSION
};

struct guarded {
	enum store_kind kind;
	const char *member, *set, *unset;
};

static const struct guarded guarded[] = {
#define GUARDED(kind_, member_, set_, unset_)                                                                          \
	{ .kind = STORE_##kind_, .member = #member_, .set = (set_), .unset = (unset_) },
#include "appliance/control/guarded.def"
#undef GUARDED
};

/* Tags of a request that are looked at: more than any operation takes, whose own check comes later. */
enum { REQUEST_TAGS_MAX = 1000 };

/* --- what the request says --------------------------------------------------------------------------------------------------------------- */

static struct policy_text text_of(struct view view)
{
	return (struct policy_text){ .bytes = view.at, .count = view.count };
}

/* Named values grow in the call's arena: tags of the request, the resource and the user are few. */
struct context {
	struct call *call;
	struct policy_request request;
	struct policy_named_value *values;
	size_t value_count, value_room;
};

static void add_value(struct context *context, const char *name, struct policy_value value)
{
	if (context->value_count == context->value_room) {
		size_t room = context->value_room ? 2 * context->value_room : 16;
		struct policy_named_value *values =
			ARENA_NEW_ARRAY(&context->call->arena, struct policy_named_value, room);

		ASSERT(values);
		if (context->value_count)
			memcpy(values, context->values, context->value_count * sizeof *values);
		context->values = values;
		context->value_room = room;
	}
	context->values[context->value_count++] =
		(struct policy_named_value){ .name = policy_text_of(name), .value = value };
	context->request.others = context->values;
	context->request.other_count = context->value_count;
}

static void add_tag(struct context *context, const char *prefix, struct view key, struct view value)
{
	add_value(context, call_text(context->call, "%s/" VIEW_FMT, prefix, VIEW_ARG(key)),
		(struct policy_value){ .text = text_of(value) });
}

/* Tags are an object, or a list of objects with Key and Value. */
static void add_tags(struct context *context, const char *prefix, const struct json *tags)
{
	JSON_EACH(tag, tags)
	if (json_is_object(tag))
		add_tag(context, prefix, json_find_text(tag, "Key"), json_find_text(tag, "Value"));
	else if (json_is_text(tag))
		add_tag(context, prefix, json_name(tag), json_text(tag));
}

static struct view key_of_tag(const struct json *tag)
{
	if (json_is_object(tag))
		return json_find_text(tag, "Key");
	return json_name(tag).count ? json_name(tag) : json_text(tag);
}

/* The keys of tags that are set, or taken away. */
struct tag_keys {
	struct policy_text *texts;
	size_t count;
};

static struct tag_keys tag_keys_new(struct context *context, size_t max_count)
{
	struct tag_keys keys = { ARENA_NEW_ARRAY(&context->call->arena, struct policy_text, max_count + 1), 0 };

	ASSERT(keys.texts);
	return keys;
}

static void append_tag_keys(struct tag_keys *keys, const struct json *tags)
{
	JSON_EACH(tag, tags)
	keys->texts[keys->count++] = text_of(key_of_tag(tag));
}

static void add_tag_keys(struct context *context, struct tag_keys keys)
{
	add_value(context, "aws:TagKeys", (struct policy_value){ .list = keys.texts, .list_count = keys.count });
}

/* Members of inputs that hold tags to be set, and keys of tags to be taken away. */
static const struct {
	const char *name;
	bool is_set;
} tag_members[] = { { "tags", true }, { "Tags", true }, { "Tag", true }, { "tagKeys", false }, { "TagKeys", false } };

/* The tags of the request, or NULL. */
static const struct json *find_request_tags(const struct call *call, bool *ret_set)
{
	for (size_t i = 0; i < ARRAY_COUNT(tag_members); i++) {
		const struct json *tags = json_find(call->input, tag_members[i].name);

		*ret_set = tag_members[i].is_set;
		if (json_count(tags))
			return tags;
	}
	return NULL;
}

/* What EC2 makes may be tagged at once: TagSpecification.N, each with its list. */
static const struct json *specifications_of(const struct call *call)
{
	return json_find(call->input, "TagSpecification");
}

static size_t count_specified_tags(const struct call *call)
{
	size_t count = 0;

	JSON_EACH(specification, specifications_of(call))
	count += json_count(json_find(specification, "Tag"));
	return count;
}

static void add_specified_tags(struct context *context)
{
	struct tag_keys keys = tag_keys_new(context, count_specified_tags(context->call));

	JSON_EACH(specification, specifications_of(context->call))
	{
		const struct json *tags = json_find(specification, "Tag");

		add_tags(context, "aws:RequestTag", tags);
		append_tag_keys(&keys, tags);
	}
	if (keys.count)
		add_tag_keys(context, keys);
}

static void add_request_tags(struct context *context)
{
	bool is_set;
	const struct json *tags = find_request_tags(context->call, &is_set);
	struct tag_keys keys;

	if (!tags) {
		add_specified_tags(context);
		return;
	}
	if (is_set)
		add_tags(context, "aws:RequestTag", tags);
	keys = tag_keys_new(context, json_count(tags));
	append_tag_keys(&keys, tags);
	add_tag_keys(context, keys);
}

static void set(struct context *context, enum policy_key key, struct view value)
{
	if (value.count)
		policy_request_set(&context->request, key, text_of(value));
}

static void context_init(struct context *context, struct call *call)
{
	const struct identity *identity = call->identity;
	struct policy_text arn = policy_text_of(identity->arn);
	char time[CLOCK_TEXT_MAX_BYTES];

	*context = (struct context){ .call = call };
	policy_request_init(&context->request, arn);
	context->request.caller = (struct policy_caller){
		.type = POLICY_CALLER_USER, .account = policy_text_of(control_account(call->control)), .arn = arn
	};
	set(context, POLICY_KEY_SOURCE_IP, call->request.source);
	set(context, POLICY_KEY_SECURE_TRANSPORT, call->request.secure ? view_of("true") : view_of("false"));
	(void)clock_write_iso(time, call->request.received_wall_ms);
	set(context, POLICY_KEY_CURRENT_TIME, view_from_text(call_text(call, "%s", time)));
	set(context, POLICY_KEY_EPOCH_TIME,
		call_view(call, "%llu", (unsigned long long)(call->request.received_wall_ms / 1000)));
	set(context, POLICY_KEY_USER_AGENT, call_field(call, "User-Agent"));
	set(context, POLICY_KEY_REFERER, call_field(call, "Referer"));
	set(context, POLICY_KEY_PRINCIPAL_ACCOUNT, view_from_text(control_account(call->control)));
	set(context, POLICY_KEY_RESOURCE_ACCOUNT, view_from_text(control_account(call->control)));
	set(context, POLICY_KEY_PRINCIPAL_ARN, view_from_text(identity->arn));
	set(context, POLICY_KEY_PRINCIPAL_TYPE, view_of("User"));
	set(context, POLICY_KEY_USER_ID, view_from_text(identity->user_id));
	set(context, POLICY_KEY_USER_NAME, view_from_text(identity->name));
	add_value(context, "aws:RequestedRegion",
		(struct policy_value){ .text = policy_text_of(control_region(call->control)) });
	add_tags(context, "aws:PrincipalTag", json_find(identity->user, "Tags"));
	add_request_tags(context);
	if (call->operation->service == SERVICE_iam && json_is_text(json_find(call->input, "PolicyArn")))
		add_value(context, "iam:PolicyARN",
			(struct policy_value){ .text = text_of(json_find_text(call->input, "PolicyArn")) });
}

/* --- the decision ------------------------------------------------------------------------------------------------------------------------ */

/* Which policy and statement decided, for the field of the response and the audit log. */
static const char *reason_of(const struct context *context, const struct combine_decision *decision)
{
	struct call *call = context->call;
	const struct identity *identity = call->identity;
	struct policy_text sid;

	if (decision->verdict != POLICY_EXPLICIT_DENY)
		return call_text(call, "no identity-based policy of %s allows %.*s on %.*s", identity->name,
			(int)context->request.action.count, context->request.action.bytes,
			(int)context->request.resource.count, context->request.resource.bytes);
	sid = policy_statement_sid(identity->policies[decision->policy], (size_t)decision->statement);
	return call_text(call, "statement %d%s%.*s%s of the " VIEW_FMT " denies it", decision->statement + 1,
		sid.count ? " (" : "", (int)sid.count, sid.count ? sid.bytes : "", sid.count ? ")" : "",
		VIEW_ARG(json_text(json_at(identity->names, (size_t)decision->policy))));
}

static int refuse(const struct context *context, const struct combine_decision *decision)
{
	char text[COMBINE_DENIAL_MAX_BYTES];

	(void)combine_denial_write(decision, &context->request, COMBINE_STYLE_MANAGEMENT, text, sizeof text);
	context->call->detail = reason_of(context, decision);
	return call_fail(context->call, "AccessDeniedException", "%s", text);
}

static int judge(struct context *context, const char *action, const struct json *resources)
{
	const struct identity *identity = context->call->identity;

	context->request.action = policy_text_of(action);
	JSON_EACH(resource, resources)
	{
		size_t own_count = context->value_count;
		struct json JSON_CLEANUP *tags = json_object_new();
		struct combine_decision decision;

		context->request.resource = text_of(json_text(resource));
		resource_tags(context->call, json_text(resource), tags);
		add_tags(context, "aws:ResourceTag", tags);
		combine_identity((const struct policy *const *)identity->policies, identity->policy_count,
			&context->request, &decision);
		if (decision.verdict != POLICY_ALLOW)
			return refuse(context, &decision);
		context->value_count = context->request.other_count = own_count;
	}
	return 0;
}

static bool is_of(const struct permission *permission, const struct operation *operation)
{
	return permission->service == operation->service && strcmp(permission->operation, operation->name) == 0;
}

/* One permission; `action` "" is the operation's own, which may be none. */
static int judge_permission(struct context *context, const char *action, const char *templates)
{
	struct json JSON_CLEANUP *resources = json_array_new();

	if (!action[0])
		action = context->call->operation->action;
	if (!action[0])
		return 0;
	resource_arns(context->call, templates, resources);
	return judge(context, action, resources);
}

int authorize(struct call *call)
{
	const struct operation *operation = call->operation;
	struct context context;
	bool has_rows = false, is_set;
	int error = 0;

	if (!call->identity)
		return 0;
	if (json_count(find_request_tags(call, &is_set)) > REQUEST_TAGS_MAX ||
		count_specified_tags(call) > REQUEST_TAGS_MAX)
		return call_fail(call, call->service->dialect->bad_input_code, "The request has too many tags");
	context_init(&context, call);
	for (size_t i = 0; error == 0 && i < ARRAY_COUNT(permissions); i++)
		if (is_of(&permissions[i], operation)) {
			has_rows = true;
			error = judge_permission(&context, permissions[i].action, permissions[i].resources);
		}
	if (!has_rows)
		error = judge_permission(&context, "", services[operation->service].resources);
	return error < 0 ? error : call->store_error;
}

int authorize_action(struct call *call, const char *action, struct view arn)
{
	struct json JSON_CLEANUP *resources = NULL;
	struct context context;

	if (!call->identity)
		return 0;
	resources = json_array_new();
	json_append_text(resources, arn);
	context_init(&context, call);
	if (strcmp(action, "ec2:CreateTags") == 0)
		add_value(&context, "ec2:CreateAction",
			(struct policy_value){ .text = policy_text_of(call->operation->name) });
	return judge(&context, action, resources);
}

/* Where the operation's own action is judged. */
static const char *own_resources(const struct operation *operation)
{
	for (size_t i = 0; i < ARRAY_COUNT(permissions); i++)
		if (is_of(&permissions[i], operation) && !permissions[i].action[0])
			return permissions[i].resources;
	return services[operation->service].resources;
}

static bool is_guarded(enum store_kind kind)
{
	for (size_t i = 0; i < ARRAY_COUNT(guarded); i++)
		if (guarded[i].kind == kind)
			return true;
	return false;
}

void authorize_change(struct call *call, enum store_kind kind, const char *old_body, const struct json *body)
{
	struct json JSON_CLEANUP *old = NULL;
	struct context context;

	if (!call->identity || !is_guarded(kind))
		return;
	/* The old text is one that a record was read from before; were it not, every member would count as new. */
	if (old_body && json_parse(view_from_text(old_body), NULL, &old, NULL) < 0)
		old = NULL;
	context_init(&context, call);
	for (size_t i = 0; i < ARRAY_COUNT(guarded); i++) {
		const struct json *is = json_find(body, guarded[i].member), *was = json_find(old, guarded[i].member);

		if (guarded[i].kind != kind || (json_is_null(is) && json_is_null(was)) || json_equals(is, was))
			continue;
		if (judge_permission(&context, json_is_null(is) ? guarded[i].unset : guarded[i].set,
			    own_resources(call->operation)) < 0)
			return;
	}
}
