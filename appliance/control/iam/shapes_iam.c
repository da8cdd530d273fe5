/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Shapes of the inputs of AWS IAM. Lengths, patterns and enumerations are judged by entities.h, in the words of this service.
 * Source: the service's public API model, version 2010-05-08.
 */
#include "appliance/control/shapes.h"

#define PAGE                                                                                                           \
	{ .name = "Marker" },                                                                                          \
	{                                                                                                              \
		.name = "MaxItems", .type = SHAPE_INTEGER                                                              \
	}
#define TAGS .name = "Tags", .type = SHAPE_LIST, .of = &tag_shape

static const struct shape_member tag_members[] = {
	{ .name = "Key", .required = true },
	{ .name = "Value", .required = true },
};
static const struct shape tag_shape = { SHAPE_MEMBERS(tag_members) };

static const struct shape_member create_user_members[] = {
	{ .name = "UserName", .required = true },
	{ .name = "Path" },
	{ TAGS },
	{ .name = "PermissionsBoundary" },
};
const struct shape shape_create_user = { SHAPE_MEMBERS(create_user_members) };

static const struct shape_member get_user_members[] = {
	{ .name = "UserName" },
};
const struct shape shape_get_user = { SHAPE_MEMBERS(get_user_members) };

static const struct shape_member list_users_members[] = {
	{ .name = "PathPrefix" },
	PAGE,
};
const struct shape shape_list_users = { SHAPE_MEMBERS(list_users_members) };

static const struct shape_member update_user_members[] = {
	{ .name = "UserName", .required = true },
	{ .name = "NewUserName" },
	{ .name = "NewPath" },
};
const struct shape shape_update_user = { SHAPE_MEMBERS(update_user_members) };

static const struct shape_member delete_user_members[] = {
	{ .name = "UserName", .required = true },
};
const struct shape shape_delete_user = { SHAPE_MEMBERS(delete_user_members) };

static const struct shape_member tag_user_members[] = {
	{ .name = "UserName", .required = true },
	{ TAGS, .required = true },
};
const struct shape shape_tag_user = { SHAPE_MEMBERS(tag_user_members) };

static const struct shape_member untag_user_members[] = {
	{ .name = "UserName", .required = true },
	{ .name = "TagKeys", .type = SHAPE_LIST, .required = true },
};
const struct shape shape_untag_user = { SHAPE_MEMBERS(untag_user_members) };

static const struct shape_member list_user_tags_members[] = {
	{ .name = "UserName", .required = true },
	PAGE,
};
const struct shape shape_list_user_tags = { SHAPE_MEMBERS(list_user_tags_members) };

static const struct shape_member create_access_key_members[] = {
	{ .name = "UserName" },
};
const struct shape shape_create_access_key = { SHAPE_MEMBERS(create_access_key_members) };

static const struct shape_member list_access_keys_members[] = {
	{ .name = "UserName" },
	PAGE,
};
const struct shape shape_list_access_keys = { SHAPE_MEMBERS(list_access_keys_members) };

static const struct shape_member update_access_key_members[] = {
	{ .name = "UserName" },
	{ .name = "AccessKeyId", .required = true },
	{ .name = "Status", .required = true },
};
const struct shape shape_update_access_key = { SHAPE_MEMBERS(update_access_key_members) };

static const struct shape_member delete_access_key_members[] = {
	{ .name = "UserName" },
	{ .name = "AccessKeyId", .required = true },
};
const struct shape shape_delete_access_key = { SHAPE_MEMBERS(delete_access_key_members) };

static const struct shape_member get_access_key_last_used_members[] = {
	{ .name = "AccessKeyId", .required = true },
};
const struct shape shape_get_access_key_last_used = { SHAPE_MEMBERS(get_access_key_last_used_members) };

static const struct shape_member put_user_policy_members[] = {
	{ .name = "UserName", .required = true },
	{ .name = "PolicyName", .required = true },
	{ .name = "PolicyDocument", .required = true },
};
const struct shape shape_put_user_policy = { SHAPE_MEMBERS(put_user_policy_members) };

static const struct shape_member get_user_policy_members[] = {
	{ .name = "UserName", .required = true },
	{ .name = "PolicyName", .required = true },
};
const struct shape shape_get_user_policy = { SHAPE_MEMBERS(get_user_policy_members) };

static const struct shape_member list_user_policies_members[] = {
	{ .name = "UserName", .required = true },
	PAGE,
};
const struct shape shape_list_user_policies = { SHAPE_MEMBERS(list_user_policies_members) };

static const struct shape_member delete_user_policy_members[] = {
	{ .name = "UserName", .required = true },
	{ .name = "PolicyName", .required = true },
};
const struct shape shape_delete_user_policy = { SHAPE_MEMBERS(delete_user_policy_members) };

static const struct shape_member attach_user_policy_members[] = {
	{ .name = "UserName", .required = true },
	{ .name = "PolicyArn", .required = true },
};
const struct shape shape_attach_user_policy = { SHAPE_MEMBERS(attach_user_policy_members) };

static const struct shape_member detach_user_policy_members[] = {
	{ .name = "UserName", .required = true },
	{ .name = "PolicyArn", .required = true },
};
const struct shape shape_detach_user_policy = { SHAPE_MEMBERS(detach_user_policy_members) };

static const struct shape_member list_attached_user_policies_members[] = {
	{ .name = "UserName", .required = true },
	{ .name = "PathPrefix" },
	PAGE,
};
const struct shape shape_list_attached_user_policies = { SHAPE_MEMBERS(list_attached_user_policies_members) };

static const struct shape_member list_entities_for_policy_members[] = {
	{ .name = "PolicyArn", .required = true },
	{ .name = "EntityFilter" },
	{ .name = "PathPrefix" },
	{ .name = "PolicyUsageFilter" },
	PAGE,
};
const struct shape shape_list_entities_for_policy = { SHAPE_MEMBERS(list_entities_for_policy_members) };

static const struct shape_member create_policy_members[] = {
	{ .name = "PolicyName", .required = true },
	{ .name = "Path" },
	{ .name = "PolicyDocument", .required = true },
	{ .name = "Description" },
	{ TAGS },
};
const struct shape shape_create_policy = { SHAPE_MEMBERS(create_policy_members) };

static const struct shape_member get_policy_members[] = {
	{ .name = "PolicyArn", .required = true },
};
const struct shape shape_get_policy = { SHAPE_MEMBERS(get_policy_members) };

static const struct shape_member list_policies_members[] = {
	{ .name = "Scope" },
	{ .name = "OnlyAttached", .type = SHAPE_BOOL },
	{ .name = "PathPrefix" },
	{ .name = "PolicyUsageFilter" },
	PAGE,
};
const struct shape shape_list_policies = { SHAPE_MEMBERS(list_policies_members) };

static const struct shape_member delete_policy_members[] = {
	{ .name = "PolicyArn", .required = true },
};
const struct shape shape_delete_policy = { SHAPE_MEMBERS(delete_policy_members) };

static const struct shape_member tag_policy_members[] = {
	{ .name = "PolicyArn", .required = true },
	{ TAGS, .required = true },
};
const struct shape shape_tag_policy = { SHAPE_MEMBERS(tag_policy_members) };

static const struct shape_member untag_policy_members[] = {
	{ .name = "PolicyArn", .required = true },
	{ .name = "TagKeys", .type = SHAPE_LIST, .required = true },
};
const struct shape shape_untag_policy = { SHAPE_MEMBERS(untag_policy_members) };

static const struct shape_member list_policy_tags_members[] = {
	{ .name = "PolicyArn", .required = true },
	PAGE,
};
const struct shape shape_list_policy_tags = { SHAPE_MEMBERS(list_policy_tags_members) };

static const struct shape_member create_policy_version_members[] = {
	{ .name = "PolicyArn", .required = true },
	{ .name = "PolicyDocument", .required = true },
	{ .name = "SetAsDefault", .type = SHAPE_BOOL },
};
const struct shape shape_create_policy_version = { SHAPE_MEMBERS(create_policy_version_members) };

static const struct shape_member get_policy_version_members[] = {
	{ .name = "PolicyArn", .required = true },
	{ .name = "VersionId", .required = true },
};
const struct shape shape_get_policy_version = { SHAPE_MEMBERS(get_policy_version_members) };

static const struct shape_member list_policy_versions_members[] = {
	{ .name = "PolicyArn", .required = true },
	PAGE,
};
const struct shape shape_list_policy_versions = { SHAPE_MEMBERS(list_policy_versions_members) };

static const struct shape_member set_default_policy_version_members[] = {
	{ .name = "PolicyArn", .required = true },
	{ .name = "VersionId", .required = true },
};
const struct shape shape_set_default_policy_version = { SHAPE_MEMBERS(set_default_policy_version_members) };

static const struct shape_member delete_policy_version_members[] = {
	{ .name = "PolicyArn", .required = true },
	{ .name = "VersionId", .required = true },
};
const struct shape shape_delete_policy_version = { SHAPE_MEMBERS(delete_policy_version_members) };

static const struct shape_member list_nothing_of_user_members[] = {
	{ .name = "UserName" },
	PAGE,
};
const struct shape shape_list_nothing_of_user = { SHAPE_MEMBERS(list_nothing_of_user_members) };

static const struct shape_member list_virtual_mfa_devices_members[] = {
	{ .name = "AssignmentStatus" },
	PAGE,
};
const struct shape shape_list_virtual_mfa_devices = { SHAPE_MEMBERS(list_virtual_mfa_devices_members) };

static const struct shape_member delete_login_profile_members[] = {
	{ .name = "UserName" },
};
const struct shape shape_delete_login_profile = { SHAPE_MEMBERS(delete_login_profile_members) };
