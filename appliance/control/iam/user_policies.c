/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Policies of a user: those that are its own, and managed ones that are attached to it. */
#include <string.h>

#include "appliance/control/iam/entities.h"
#include "appliance/control/iam/managed_policies.h"
#include "appliance/control/iam/policy_documents.h"
#include "appliance/control/iam/users.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"

/* Source: IAM User Guide, "IAM and AWS STS quotas". */
enum { ATTACHED_MAX = 20 };

/* --- inline ----------------------------------------------------------------------------------------------------------------------------- */

static const char *key_of(struct call *call, const struct json *user, const char *name)
{
	return call_text(call, "%s/%s", user_id_of(user), name);
}

/* The user's policies have their quota together. */
static int check_size(struct call *call, const struct json *user, const char *name, const char *document)
{
	struct json JSON_CLEANUP *all = record_list(call, STORE_iamuserpolicy, user_id_of(user));
	size_t size = policy_document_size(document);

	JSON_EACH(policy, all)
	if (!view_equals_text(json_find_text(policy, "PolicyName"), name))
		size += policy_document_size(json_find_c_string(policy, "PolicyDocument"));
	if (size <= POLICY_DOCUMENT_INLINE_MAX)
		return 0;
	return call_fail(call, "LimitExceeded", "Maximum policy size of %d bytes exceeded for user %s",
		POLICY_DOCUMENT_INLINE_MAX, json_find_c_string(user, "UserName"));
}

int op_put_user_policy(struct call *call)
{
	const char *name = call_input(call, "PolicyName"), *document = call_input(call, "PolicyDocument");
	struct json JSON_CLEANUP *user = NULL, *policy = NULL;

	if (entity_check_name(call, "policyName", name) < 0 || user_wanted(call, &user) < 0 ||
		policy_document_check(call, document) < 0 || check_size(call, user, name, document) < 0)
		return CALL_FAILED;
	policy = json_object_new();
	json_set_c_string(policy, "PolicyName", name);
	json_set_c_string(policy, "PolicyDocument", document);
	record_put(call, STORE_iamuserpolicy, key_of(call, user, name), user_id_of(user), policy);
	return 0;
}

/* 0, or CALL_FAILED if the user or its policy is unknown; both are the caller's to free. */
static int find_policy(struct call *call, struct json **ret_user, struct json **ret_policy)
{
	const char *name = call_input(call, "PolicyName");

	*ret_policy = NULL;
	if (user_wanted(call, ret_user) < 0)
		return CALL_FAILED;
	*ret_policy = record_find(call, STORE_iamuserpolicy, key_of(call, *ret_user, name));
	if (*ret_policy)
		return 0;
	return call_fail(call, "NoSuchEntity", "The user policy with name %s cannot be found.", name);
}

int op_get_user_policy(struct call *call)
{
	struct json JSON_CLEANUP *user = NULL, *policy = NULL;

	if (find_policy(call, &user, &policy) < 0)
		return CALL_FAILED;
	json_set_text(call->output, "UserName", json_find_text(user, "UserName"));
	json_set_text(call->output, "PolicyName", json_find_text(policy, "PolicyName"));
	json_set(call->output, "PolicyDocument",
		policy_document_shown(call, json_find_c_string(policy, "PolicyDocument")));
	return 0;
}

int op_list_user_policies(struct call *call)
{
	struct json JSON_CLEANUP *user = NULL, *all = NULL;
	struct json *names;

	if (user_wanted(call, &user) < 0)
		return CALL_FAILED;
	all = record_list(call, STORE_iamuserpolicy, user_id_of(user));
	names = json_array_new();
	JSON_EACH(policy, all)
	json_append_text(names, json_find_text(policy, "PolicyName"));
	return entity_list(call, "PolicyNames", names, NULL);
}

int op_delete_user_policy(struct call *call)
{
	struct json JSON_CLEANUP *user = NULL, *policy = NULL;

	if (find_policy(call, &user, &policy) < 0)
		return CALL_FAILED;
	record_delete(call, STORE_iamuserpolicy, key_of(call, user, call_input(call, "PolicyName")));
	return 0;
}

/* --- attached --------------------------------------------------------------------------------------------------------------------------- */

int op_attach_user_policy(struct call *call)
{
	const char *arn = call_input(call, "PolicyArn"), *key;
	struct json JSON_CLEANUP *user = NULL, *policy = NULL, *attachment = NULL;

	if (user_wanted(call, &user) < 0)
		return CALL_FAILED;
	policy = managed_policy_find(call, arn);
	if (!policy)
		return call_fail(call, "NoSuchEntity", "Policy %s does not exist or is not attachable.", arn);
	key = key_of(call, user, arn);
	if (!record_exists(call, STORE_iamattachment, key) &&
		entity_count(call, STORE_iamattachment, user_id_of(user)) >= ATTACHED_MAX)
		return entity_over_quota(call, "PoliciesPerUser", ATTACHED_MAX);
	attachment = json_object_new();
	json_set_text(attachment, "PolicyName", json_find_text(policy, "PolicyName"));
	json_set_c_string(attachment, "PolicyArn", arn);
	record_put(call, STORE_iamattachment, key, user_id_of(user), attachment);
	return 0;
}

int op_detach_user_policy(struct call *call)
{
	struct json JSON_CLEANUP *user = NULL;
	const char *key;

	if (user_wanted(call, &user) < 0)
		return CALL_FAILED;
	key = key_of(call, user, call_input(call, "PolicyArn"));
	if (!record_exists(call, STORE_iamattachment, key))
		return managed_policy_missing(call, call_input(call, "PolicyArn"));
	record_delete(call, STORE_iamattachment, key);
	return 0;
}

int op_list_attached_user_policies(struct call *call)
{
	struct json JSON_CLEANUP *user = NULL, *all = NULL;
	const char *prefix = call_input(call, "PathPrefix");
	struct json *list;

	if (user_wanted(call, &user) < 0)
		return CALL_FAILED;
	all = record_list(call, STORE_iamattachment, user_id_of(user));
	list = json_array_new();
	JSON_EACH(attachment, all)
	{
		struct json JSON_CLEANUP *policy =
			managed_policy_find(call, json_find_c_string(attachment, "PolicyArn"));

		if (!prefix || view_starts_with(json_find_text(policy, "Path"), view_from_text(prefix)))
			json_append(list, json_copy(attachment));
	}
	return entity_list(call, "AttachedPolicies", list, "PolicyName");
}

/* Only users are entities here: there are no groups and no roles. */
int op_list_entities_for_policy(struct call *call)
{
	const char *arn = call_input(call, "PolicyArn"), *filter = call_input(call, "EntityFilter"),
		   *usage = call_input(call, "PolicyUsageFilter");
	struct json JSON_CLEANUP *policy = managed_policy_find(call, arn), *users = NULL;
	struct json *list;

	if (!policy)
		return managed_policy_missing(call, arn);
	if (entity_check_one_of(
		    call, "entityFilter", filter, "User, Role, Group, LocalManagedPolicy, AWSManagedPolicy") < 0 ||
		entity_check_one_of(call, "policyUsageFilter", usage, "PermissionsPolicy, PermissionsBoundary") < 0)
		return CALL_FAILED;
	users = record_list(call, STORE_iamuser, NULL);
	list = json_array_new();
	JSON_EACH(user, users)
	if ((!filter || strcmp(filter, "User") == 0) && !(usage && strcmp(usage, "PermissionsBoundary") == 0) &&
		record_exists(call, STORE_iamattachment, key_of(call, user, arn))) {
		struct json *entity = json_object_new();

		json_set_text(entity, "UserName", json_find_text(user, "UserName"));
		json_set_text(entity, "UserId", json_find_text(user, "UserId"));
		json_set_text(entity, "Path", json_find_text(user, "Path"));
		json_append(list, entity);
	}
	(void)json_ensure_array(call->output, "PolicyGroups");
	(void)json_ensure_array(call->output, "PolicyRoles");
	return entity_list(call, "PolicyUsers", entity_below(call, list), "UserName");
}
