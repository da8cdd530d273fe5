/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/iam/managed_policies.h"

#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/iam/entities.h"
#include "appliance/control/iam/iam_tags.h"
#include "appliance/control/iam/policy_documents.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"

/* Source: IAM User Guide, "IAM and AWS STS quotas". */
enum { POLICIES_MAX = 1500, VERSIONS_MAX = 5, DESCRIPTION_MAX_CHARACTERS = 1000 };

#define AWS_ARN_START "arn:aws:iam::aws:policy/"

static const struct {
	const char *name, *id, *created, *description, *document;
} aws_policies[] = {
#define AWS_POLICY(name, id, created, description, document) { #name, id, created, description, document },
#include "appliance/control/iam/aws_policies.def"
#undef AWS_POLICY
};

static struct json *aws_policy(size_t index)
{
	struct json *policy = json_object_new();

	json_set_c_string(policy, "PolicyName", aws_policies[index].name);
	json_set_c_string(policy, "PolicyId", aws_policies[index].id);
	json_set(policy, "Arn", json_text_new_printf(AWS_ARN_START "%s", aws_policies[index].name));
	json_set_c_string(policy, "Path", "/");
	json_set_c_string(policy, "DefaultVersionId", "v1");
	json_set_c_string(policy, "Description", aws_policies[index].description);
	json_set_c_string(policy, "CreateDate", aws_policies[index].created);
	json_set_c_string(policy, "UpdateDate", aws_policies[index].created);
	return policy;
}

/* Which of AWS's policies has the ARN, or -1. */
static int find_aws(const char *arn)
{
	for (size_t i = 0; i < ARRAY_COUNT(aws_policies); i++)
		if (strncmp(arn, AWS_ARN_START, sizeof AWS_ARN_START - 1) == 0 &&
			strcmp(arn + sizeof AWS_ARN_START - 1, aws_policies[i].name) == 0)
			return (int)i;
	return -1;
}

struct json *managed_policy_find(struct call *call, const char *arn)
{
	int index = find_aws(arn);

	return index < 0 ? record_find(call, STORE_iampolicy, arn) : aws_policy((size_t)index);
}

static const char *version_key(struct call *call, const char *arn, const char *version)
{
	return call_text(call, "%s/%s", arn, version);
}

/* The version of that id, or NULL. */
static struct json *find_version(struct call *call, const char *arn, const char *version)
{
	int index = find_aws(arn);
	struct json *found;

	if (index < 0)
		return record_find(call, STORE_iampolicyversion, version_key(call, arn, version));
	if (strcmp(version, "v1") != 0)
		return NULL;
	found = json_object_new();
	json_set_c_string(found, "VersionId", "v1");
	json_set_c_string(found, "Document", aws_policies[index].document);
	json_set_c_string(found, "CreateDate", aws_policies[index].created);
	return found;
}

const char *managed_policy_document(struct call *call, const char *arn)
{
	struct json JSON_CLEANUP *policy = managed_policy_find(call, arn);
	struct json JSON_CLEANUP *version =
		policy ? find_version(call, arn, json_find_c_string(policy, "DefaultVersionId")) : NULL;

	return version ? call_text(call, "%s", json_find_c_string(version, "Document")) : NULL;
}

int managed_policy_missing(struct call *call, const char *arn)
{
	return call_fail(call, "NoSuchEntity", "Policy %s was not found.", arn);
}

/* --- policies --------------------------------------------------------------------------------------------------------------------------- */

/* How many of the attachments are of the policy. */
static int64_t count_attached(const struct json *attachments, struct view arn)
{
	int64_t count = 0;

	JSON_EACH(attachment, attachments)
	count += view_equals(json_find_text(attachment, "PolicyArn"), arn);
	return count;
}

/* As answers show it, but for Tags and Description, which not all have. */
static struct json *shown(const struct json *policy, const struct json *attachments)
{
	static const char *const members[] = { "PolicyName", "PolicyId", "Arn", "Path", "DefaultVersionId" };
	struct json *copy = json_object_new();

	for (size_t i = 0; i < ARRAY_COUNT(members); i++)
		json_set_text(copy, members[i], json_find_text(policy, members[i]));
	json_set_integer(copy, "AttachmentCount", count_attached(attachments, json_find_text(policy, "Arn")));
	json_set_integer(copy, "PermissionsBoundaryUsageCount", 0);
	json_set_bool(copy, "IsAttachable", true);
	json_set_text(copy, "CreateDate", json_find_text(policy, "CreateDate"));
	json_set_text(copy, "UpdateDate", json_find_text(policy, "UpdateDate"));
	return copy;
}

static void put(struct call *call, const struct json *policy)
{
	record_put(call, STORE_iampolicy, json_find_c_string(policy, "Arn"),
		entity_lower(call, json_find_c_string(policy, "PolicyName")), policy);
}

/* The account's own policy that the call names; AWS's are there, but not to be changed. 0 or CALL_FAILED. */
static int find_own(struct call *call, struct json **ret)
{
	const char *arn = call_input(call, "PolicyArn");

	*ret = NULL;
	if (find_aws(arn) >= 0)
		return call_fail(call, "AccessDenied", "Policy %s is managed by AWS and can't be changed.", arn);
	*ret = record_find(call, STORE_iampolicy, arn);
	return *ret ? 0 : managed_policy_missing(call, arn);
}

static int check_document(struct call *call, const char *text)
{
	if (policy_document_size(text) > POLICY_DOCUMENT_MANAGED_MAX)
		return entity_over_quota(call, "PolicySize", POLICY_DOCUMENT_MANAGED_MAX);
	return policy_document_check(call, text);
}

/* The next version of the policy, whose record is put by the caller. Its id. */
static const char *add_version(struct call *call, struct json *policy, const char *document)
{
	struct json JSON_CLEANUP *version = json_object_new();
	struct json *own = json_ensure_object(policy, "postern");
	const char *arn = json_find_c_string(policy, "Arn"), *id;

	json_set_integer(own, "lastVersion", json_find_integer(own, "lastVersion", 0) + 1);
	id = call_text(call, "v%lld", (long long)json_find_integer(own, "lastVersion", 1));
	json_set_c_string(version, "VersionId", id);
	json_set_c_string(version, "Document", document);
	json_set(version, "CreateDate", entity_now(call));
	record_put(call, STORE_iampolicyversion, version_key(call, arn, id), arn, version);
	return id;
}

/* AWS's policies are of another account: their names are free. */
static bool is_name_taken(struct call *call, const char *name)
{
	return entity_count(call, STORE_iampolicy, entity_lower(call, name)) > 0;
}

int op_create_policy(struct call *call)
{
	const char *name = call_input(call, "PolicyName"), *path = call_input(call, "Path"),
		   *document = call_input(call, "PolicyDocument"), *description = call_input(call, "Description");
	struct json JSON_CLEANUP *policy = json_object_new();
	struct json *answer;

	if (entity_check_name(call, "policyName", name) < 0 || entity_check_path(call, "path", path) < 0 ||
		iam_tags_take(call, policy, IAM_TAGS_OF_CASE) < 0)
		return CALL_FAILED;
	if (description && view_character_count(view_from_text(description)) > DESCRIPTION_MAX_CHARACTERS)
		return entity_violates(call, "description", "Member must have length less than or equal to 1000");
	if (check_document(call, document) < 0)
		return CALL_FAILED;
	if (is_name_taken(call, name))
		return call_fail(call, "EntityAlreadyExists",
			"A policy called %s already exists. Duplicate names are not allowed.", name);
	if (entity_count(call, STORE_iampolicy, NULL) >= POLICIES_MAX)
		return entity_over_quota(call, "PoliciesPerAccount", POLICIES_MAX);
	json_set_c_string(policy, "PolicyName", name);
	json_set_c_string(policy, "PolicyId", entity_new_id(call, STORE_iampolicy, "ANPA"));
	json_set_c_string(policy, "Arn", entity_arn(call, "policy", path, name));
	json_set_c_string(policy, "Path", path ? path : "/");
	json_set_c_string(policy, "Description", description);
	json_set(policy, "CreateDate", entity_now(call));
	json_set(policy, "UpdateDate", entity_now(call));
	json_set_c_string(policy, "DefaultVersionId", add_version(call, policy, document));
	put(call, policy);
	answer = shown(policy, NULL);
	if (json_find(policy, "Tags"))
		json_set(answer, "Tags", json_copy(json_find(policy, "Tags")));
	json_set(call->output, "Policy", answer);
	return 0;
}

int op_get_policy(struct call *call)
{
	struct json JSON_CLEANUP *policy = managed_policy_find(call, call_input(call, "PolicyArn"));
	struct json JSON_CLEANUP *attachments = record_list(call, STORE_iamattachment, NULL);
	struct json *answer;

	if (!policy)
		return managed_policy_missing(call, call_input(call, "PolicyArn"));
	answer = shown(policy, attachments);
	json_set_c_string(answer, "Description", json_find_c_string(policy, "Description"));
	json_set(answer, "Tags", json_find(policy, "Tags") ? json_copy(json_find(policy, "Tags")) : json_array_new());
	json_set(call->output, "Policy", answer);
	return 0;
}

int op_list_policies(struct call *call)
{
	const char *scope = call_input(call, "Scope"), *usage = call_input(call, "PolicyUsageFilter");
	bool only_attached = json_find_bool(call->input, "OnlyAttached", false);
	struct json JSON_CLEANUP *attachments = record_list(call, STORE_iamattachment, NULL);
	struct json *all, *list;

	if (entity_check_one_of(call, "scope", scope, "AWS, Local, All") < 0 ||
		entity_check_one_of(call, "policyUsageFilter", usage, "PermissionsPolicy, PermissionsBoundary") < 0)
		return CALL_FAILED;
	all = scope && strcmp(scope, "AWS") == 0 ? json_array_new() : record_list(call, STORE_iampolicy, NULL);
	for (size_t i = 0; i < ARRAY_COUNT(aws_policies) && !(scope && strcmp(scope, "Local") == 0); i++)
		json_append(all, aws_policy(i));
	list = json_array_new();
	JSON_EACH(policy, all)
	if (!(usage && strcmp(usage, "PermissionsBoundary") == 0) &&
		(!only_attached || count_attached(attachments, json_find_text(policy, "Arn"))))
		json_append(list, shown(policy, attachments));
	json_free(all);
	return entity_list(call, "Policies", entity_below(call, list), "PolicyName");
}

int op_delete_policy(struct call *call)
{
	struct json JSON_CLEANUP *policy = NULL;
	struct json JSON_CLEANUP *attachments = record_list(call, STORE_iamattachment, NULL);
	const char *arn;

	if (find_own(call, &policy) < 0)
		return CALL_FAILED;
	arn = json_find_c_string(policy, "Arn");
	if (count_attached(attachments, view_from_text(arn)))
		return call_fail(call, "DeleteConflict", "Cannot delete a policy attached to entities.");
	if (entity_count(call, STORE_iampolicyversion, arn) > 1)
		return call_fail(call, "DeleteConflict",
			"This policy has more than one version. Before you delete a policy, you must delete the "
			"policy's "
			"versions. The default version is deleted with the policy.");
	record_delete_children(call, STORE_iampolicyversion, arn);
	record_delete(call, STORE_iampolicy, arn);
	return 0;
}

int op_tag_policy(struct call *call)
{
	struct json JSON_CLEANUP *policy = NULL;

	if (find_own(call, &policy) < 0 || iam_tags_take(call, policy, IAM_TAGS_OF_CASE) < 0)
		return CALL_FAILED;
	put(call, policy);
	return 0;
}

int op_untag_policy(struct call *call)
{
	struct json JSON_CLEANUP *policy = NULL;

	if (find_own(call, &policy) < 0)
		return CALL_FAILED;
	iam_tags_remove(call, policy, IAM_TAGS_OF_CASE);
	put(call, policy);
	return 0;
}

int op_list_policy_tags(struct call *call)
{
	struct json JSON_CLEANUP *policy = managed_policy_find(call, call_input(call, "PolicyArn"));

	return policy ? iam_tags_list(call, policy) : managed_policy_missing(call, call_input(call, "PolicyArn"));
}

/* --- versions --------------------------------------------------------------------------------------------------------------------------- */

static struct json *shown_version(const struct json *version, const struct json *policy)
{
	struct json *copy = json_object_new();

	json_set_text(copy, "VersionId", json_find_text(version, "VersionId"));
	json_set_bool(copy, "IsDefaultVersion",
		view_equals(json_find_text(version, "VersionId"), json_find_text(policy, "DefaultVersionId")));
	json_set_text(copy, "CreateDate", json_find_text(version, "CreateDate"));
	return copy;
}

/* Policy and version that the call names; both the caller's to free. 0 or CALL_FAILED. */
static int find_wanted_version(struct call *call, struct json **ret_policy, struct json **ret_version)
{
	const char *arn = call_input(call, "PolicyArn"), *id = call_input(call, "VersionId");
	size_t digits = id[0] == 'v' ? strspn(id + 1, "0123456789") : 0;

	*ret_policy = *ret_version = NULL;
	if (digits == 0 || id[1] == '0' || (id[1 + digits] && id[1 + digits] != '.'))
		return entity_violates(call, "versionId",
			"Member must satisfy regular expression pattern: v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?");
	*ret_policy = managed_policy_find(call, arn);
	*ret_version = *ret_policy ? find_version(call, arn, id) : NULL;
	if (*ret_version)
		return 0;
	return call_fail(call, "NoSuchEntity", "Policy %s version %s does not exist or is not attachable.", arn, id);
}

int op_create_policy_version(struct call *call)
{
	const char *document = call_input(call, "PolicyDocument"), *id;
	struct json JSON_CLEANUP *policy = NULL, *version = NULL;

	if (find_own(call, &policy) < 0 || check_document(call, document) < 0)
		return CALL_FAILED;
	if (entity_count(call, STORE_iampolicyversion, json_find_c_string(policy, "Arn")) >= VERSIONS_MAX)
		return call_fail(call, "LimitExceeded",
			"A managed policy can have up to %d versions. Before you create a new version, you must delete "
			"an "
			"existing version.",
			VERSIONS_MAX);
	id = add_version(call, policy, document);
	if (json_find_bool(call->input, "SetAsDefault", false)) {
		json_set_c_string(policy, "DefaultVersionId", id);
		json_set(policy, "UpdateDate", entity_now(call));
	}
	put(call, policy);
	version = find_version(call, json_find_c_string(policy, "Arn"), id);
	json_set(call->output, "PolicyVersion", shown_version(version, policy));
	return 0;
}

int op_get_policy_version(struct call *call)
{
	struct json JSON_CLEANUP *policy = NULL, *version = NULL;
	struct json *answer;

	if (find_wanted_version(call, &policy, &version) < 0)
		return CALL_FAILED;
	answer = shown_version(version, policy);
	json_set(answer, "Document", policy_document_shown(call, json_find_c_string(version, "Document")));
	json_set(call->output, "PolicyVersion", answer);
	return 0;
}

static int64_t number_of(const struct json *version)
{
	int64_t number;

	return view_parse_i64(view_after(json_find_text(version, "VersionId"), 1), 0, INT64_MAX, &number) == 0 ? number
													       : 0;
}

/* The newest first. */
int op_list_policy_versions(struct call *call)
{
	const char *arn = call_input(call, "PolicyArn");
	struct json JSON_CLEANUP *policy = managed_policy_find(call, arn);
	struct json JSON_CLEANUP *all = NULL;
	struct json *list;

	if (!policy)
		return managed_policy_missing(call, arn);
	all = record_list(call, STORE_iampolicyversion, arn);
	if (find_aws(arn) >= 0)
		json_append(all, find_version(call, arn, "v1"));
	list = json_array_new();
	JSON_EACH(version, all)
	{
		size_t place = 0;

		while (place < json_count(list) && number_of(json_at(list, place)) > number_of(version))
			place++;
		json_insert(list, place, shown_version(version, policy));
	}
	return entity_list(call, "Versions", list, NULL);
}

int op_set_default_policy_version(struct call *call)
{
	struct json JSON_CLEANUP *policy = NULL, *version = NULL, *own = NULL;

	if (find_wanted_version(call, &policy, &version) < 0 || find_own(call, &own) < 0)
		return CALL_FAILED;
	json_set_text(policy, "DefaultVersionId", json_find_text(version, "VersionId"));
	json_set(policy, "UpdateDate", entity_now(call));
	put(call, policy);
	return 0;
}

int op_delete_policy_version(struct call *call)
{
	struct json JSON_CLEANUP *policy = NULL, *version = NULL, *own = NULL;
	const char *id;

	if (find_wanted_version(call, &policy, &version) < 0 || find_own(call, &own) < 0)
		return CALL_FAILED;
	id = json_find_c_string(version, "VersionId");
	if (view_equals_text(json_find_text(policy, "DefaultVersionId"), id))
		return call_fail(call, "DeleteConflict", "Cannot delete the default version of a policy.");
	record_delete(call, STORE_iampolicyversion, version_key(call, call_input(call, "PolicyArn"), id));
	return 0;
}
