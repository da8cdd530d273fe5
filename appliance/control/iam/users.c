/* SPDX-License-Identifier: GPL-3.0-or-later */
/* User, its names and its tags. */
#include "appliance/control/iam/users.h"

#include <string.h>

#include "appliance/control/iam/access_keys.h"
#include "appliance/control/iam/entities.h"
#include "appliance/control/iam/identity.h"
#include "appliance/control/iam/iam_tags.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"

/* Source: IAM User Guide, "IAM and AWS STS quotas". */
#define USERS_MAX 5000

struct json *user_find(struct call *call, const char *name)
{
	struct json JSON_CLEANUP *found = record_list(call, STORE_iamuser, entity_lower(call, name));

	return json_count(found) ? json_take_at(found, 0) : NULL;
}

const char *user_id_of(const struct json *user)
{
	return json_find_c_string(user, "UserId");
}

static int no_such_user(struct call *call, const char *name)
{
	return call_fail(call, "NoSuchEntity", "The user with name %s cannot be found.", name);
}

int user_wanted(struct call *call, struct json **ret)
{
	const char *name = call_input(call, "UserName");

	*ret = NULL;
	if (name) {
		*ret = user_find(call, name);
		return *ret ? 0 : no_such_user(call, name);
	}
	if (!call->identity)
		return call_fail(
			call, "ValidationError", "Must specify userName when calling with non-User credentials");
	*ret = json_copy(call->identity->user);
	return 0;
}

/* --- as ARNs have them ------------------------------------------------------------------------------------------------------------------- */

static const char *place_of(struct call *call, const char *path, const char *name)
{
	return call_text(call, "%s%s", path ? path : "/", name);
}

static const char *place_of_user(struct call *call, const struct json *user)
{
	return place_of(call, json_find_c_string(user, "Path"), json_find_c_string(user, "UserName"));
}

static bool is_about_a_user(const struct call *call)
{
	const struct shape *shape = call->operation->shape;

	for (size_t i = 0; i < shape->member_count; i++)
		if (strcmp(shape->members[i].name, "UserName") == 0)
			return true;
	return false;
}

const char *user_place_wanted(struct call *call)
{
	const char *name = call_input(call, "UserName");
	struct json JSON_CLEANUP *user = NULL;

	if (!is_about_a_user(call))
		return NULL;
	if (!name)
		return call->identity ? place_of_user(call, call->identity->user) : NULL;
	user = user_find(call, name);
	return user ? place_of_user(call, user) : place_of(call, NULL, name);
}

const char *user_place_renamed(struct call *call)
{
	const char *name = call_input(call, "UserName"), *new_name = call_input(call, "NewUserName"),
		   *new_path = call_input(call, "NewPath");
	struct json JSON_CLEANUP *user = name ? user_find(call, name) : NULL;

	if (!user)
		return user_place_wanted(call);
	return place_of(call, new_path ? new_path : json_find_c_string(user, "Path"),
		new_name ? new_name : json_find_c_string(user, "UserName"));
}

const char *user_place_of_key(struct call *call, const char *key_id)
{
	struct json JSON_CLEANUP *user = NULL;
	const char *owner = key_id ? access_key_owner(call, key_id) : NULL;

	if (owner)
		user = record_find(call, STORE_iamuser, owner);
	return user ? place_of_user(call, user) : NULL;
}

/* --- operations ------------------------------------------------------------------------------------------------------------------------- */

static void put(struct call *call, const struct json *user)
{
	record_put(
		call, STORE_iamuser, user_id_of(user), entity_lower(call, json_find_c_string(user, "UserName")), user);
}

static int name_taken(struct call *call, const char *name)
{
	return call_fail(call, "EntityAlreadyExists", "User with name %s already exists.", name);
}

int op_create_user(struct call *call)
{
	const char *name = call_input(call, "UserName"), *path = call_input(call, "Path"), *id;
	struct json JSON_CLEANUP *user = json_object_new(), *other = NULL;

	if (entity_check_path(call, "path", path) < 0 || entity_check_name(call, "userName", name) < 0)
		return CALL_FAILED;
	/* A user with fewer limits than were asked for would be a mistake. */
	if (call_input_has(call, "PermissionsBoundary"))
		return call_fail(call, "InvalidInput", "Permissions boundaries are not supported: use explicit denies");
	if (iam_tags_take(call, user, IAM_TAGS_OF_ANY_CASE) < 0)
		return CALL_FAILED;
	other = user_find(call, name);
	if (other)
		return name_taken(call, name);
	if (entity_count(call, STORE_iamuser, NULL) >= USERS_MAX)
		return entity_over_quota(call, "UsersPerAccount", USERS_MAX);
	id = entity_new_id(call, STORE_iamuser, "AIDA");
	json_set_c_string(user, "Path", path ? path : "/");
	json_set_c_string(user, "UserName", name);
	json_set_c_string(user, "UserId", id);
	json_set_c_string(user, "Arn", entity_arn(call, "user", path, name));
	json_set(user, "CreateDate", entity_now(call));
	put(call, user);
	json_set(call->output, "User", json_copy(user));
	return 0;
}

/* The root user as GetUser shows it to itself. */
static struct json *root_user(struct call *call)
{
	struct json *user = json_object_new();
	struct json JSON_CLEANUP *appliance = record_find(call, STORE_appliance, "self");

	json_set_c_string(user, "UserId", control_account(call->control));
	json_set(user, "Arn", json_text_new_printf("arn:aws:iam::%s:root", control_account(call->control)));
	json_set(user, "CreateDate", json_copy(json_find(appliance, "created")));
	return user;
}

int op_get_user(struct call *call)
{
	struct json *user;

	if (!call_input_has(call, "UserName") && !call->identity) {
		json_set(call->output, "User", root_user(call));
		return 0;
	}
	if (user_wanted(call, &user) < 0)
		return CALL_FAILED;
	json_set(call->output, "User", user);
	return 0;
}

int op_list_users(struct call *call)
{
	struct json *users = record_list(call, STORE_iamuser, NULL);

	JSON_EACH(user, users)
	(void)json_remove(user, "Tags");
	return entity_list(call, "Users", entity_below(call, users), "UserName");
}

int op_update_user(struct call *call)
{
	const char *name = call_input(call, "NewUserName"), *path = call_input(call, "NewPath");
	struct json JSON_CLEANUP *user = NULL, *other = NULL;

	if (entity_check_path(call, "newPath", path) < 0 ||
		(name && entity_check_name(call, "newUserName", name) < 0) || user_wanted(call, &user) < 0)
		return CALL_FAILED;
	other = name ? user_find(call, name) : NULL;
	if (other && strcmp(user_id_of(other), user_id_of(user)) != 0)
		return name_taken(call, name);
	json_set_c_string(user, "UserName", name);
	json_set_c_string(user, "Path", path);
	json_set_c_string(user, "Arn",
		entity_arn(call, "user", json_find_c_string(user, "Path"), json_find_c_string(user, "UserName")));
	put(call, user);
	return 0;
}

int op_delete_user(struct call *call)
{
	struct json JSON_CLEANUP *user = NULL;
	const char *id;

	if (user_wanted(call, &user) < 0)
		return CALL_FAILED;
	id = user_id_of(user);
	if (entity_count(call, STORE_iamuserpolicy, id))
		return call_fail(call, "DeleteConflict", "Cannot delete entity, must delete policies first.");
	if (entity_count(call, STORE_iamattachment, id))
		return call_fail(call, "DeleteConflict", "Cannot delete entity, must detach all policies first.");
	if (entity_count(call, STORE_iamaccesskey, id))
		return call_fail(call, "DeleteConflict", "Cannot delete entity, must delete access keys first.");
	record_delete(call, STORE_iamuser, id);
	return 0;
}

int op_tag_user(struct call *call)
{
	struct json JSON_CLEANUP *user = NULL;

	if (user_wanted(call, &user) < 0 || iam_tags_take(call, user, IAM_TAGS_OF_ANY_CASE) < 0)
		return CALL_FAILED;
	put(call, user);
	return 0;
}

int op_untag_user(struct call *call)
{
	struct json JSON_CLEANUP *user = NULL;

	if (user_wanted(call, &user) < 0)
		return CALL_FAILED;
	iam_tags_remove(call, user, IAM_TAGS_OF_ANY_CASE);
	put(call, user);
	return 0;
}

int op_list_user_tags(struct call *call)
{
	struct json JSON_CLEANUP *user = NULL;

	if (user_wanted(call, &user) < 0)
		return CALL_FAILED;
	return iam_tags_list(call, user);
}
