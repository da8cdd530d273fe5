/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/iam/access_keys.h"

#include <string.h>

#include "appliance/control/acm/certificates.h"
#include "appliance/control/iam/access_key.h"
#include "appliance/control/iam/entities.h"
#include "appliance/control/iam/identity.h"
#include "appliance/control/iam/last_used.h"
#include "appliance/control/iam/users.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"
#include "appliance/crypto/compare.h"

#define ROOT_NAME "<root_account>"

/* Whose keys a call is about. */
struct holder {
	const char *id;   /* parent of the keys: unique id of the user, or the account's for the root user */
	const char *name; /* NULL: the root user */
};

/* UserName, or without it the caller. 0 or CALL_FAILED. Texts live as long as the call. */
static int find_holder(struct call *call, struct holder *ret)
{
	struct json JSON_CLEANUP *user = NULL;

	*ret = (struct holder){ .id = control_account(call->control) };
	if (!call->identity && !call_input_has(call, "UserName"))
		return 0;
	if (user_wanted(call, &user) < 0)
		return CALL_FAILED;
	ret->id = call_text(call, "%s", user_id_of(user));
	ret->name = call_text(call, "%s", json_find_c_string(user, "UserName"));
	return 0;
}

struct json *access_key_find(struct call *call, const char *id)
{
	struct json *key = record_find(call, STORE_accesskey, id);

	return key ? key : record_find(call, STORE_iamaccesskey, id);
}

/* The appliance's own key has no status. */
bool access_key_is_active(const struct json *key)
{
	const char *status = json_find_c_string(key, "Status");

	return !status || strcmp(status, "Active") == 0;
}

const char *access_key_user(const struct json *key)
{
	return json_find_c_string(json_find(key, "postern"), "userId");
}

const char *access_key_owner(struct call *call, const char *id)
{
	struct json JSON_CLEANUP *key = access_key_find(call, id);
	const char *user = access_key_user(key);

	return user ? call_text(call, "%s", user) : NULL;
}

int access_key_check_revocable(struct call *call, const char *code)
{
	if (call->control->checkpoint.state != CHECKPOINT_OPEN)
		return 0;
	return call_fail(call, code,
		"A checkpoint is open: if its changes were taken back, revoked access keys would be valid again, and "
		"new ones gone. Confirm it or take its changes back first.");
}

static int no_such_key(struct call *call, const char *id)
{
	return call_fail(call, "NoSuchEntity", "The Access Key with id %s cannot be found.", id);
}

/* What lists show of a key. */
static struct json *shown(const struct json *key, const struct holder *holder)
{
	struct json *copy = json_object_new();

	json_set_c_string(copy, "UserName", holder->name);
	json_set_text(copy, "AccessKeyId", json_find_text(key, "AccessKeyId"));
	json_set_text(copy, "Status", json_find_text(key, "Status"));
	json_set_text(copy, "CreateDate", json_find_text(key, "CreateDate"));
	return copy;
}

int op_create_access_key(struct call *call)
{
	struct json JSON_CLEANUP *key = json_object_new();
	struct json *own = json_ensure_object(key, "postern"), *answer;
	struct access_key_pair pair;
	struct holder holder;
	struct view sealed;
	int error;

	if (find_holder(call, &holder) < 0)
		return CALL_FAILED;
	if (entity_count(call, STORE_iamaccesskey, holder.id) >= ACCESS_KEYS_MAX)
		return entity_over_quota(call, "AccessKeysPerUser", ACCESS_KEYS_MAX);
	access_key_pair_make(&pair);
	error = certificate_seal_text(&sealed, &call->control->key, pair.id, view_from_text(pair.secret), &call->arena);
	if (error < 0)
		goto out;
	json_set_c_string(key, "AccessKeyId", pair.id);
	json_set_c_string(key, "Status", "Active");
	json_set(key, "CreateDate", entity_now(call));
	json_set_text(own, "sealedSecret", sealed);
	json_set_c_string(own, "madeBy", call->principal_arn);
	if (holder.name)
		json_set_c_string(own, "userId", holder.id);
	record_put(call, STORE_iamaccesskey, pair.id, holder.id, key);
	answer = shown(key, &holder);
	json_set_c_string(answer, "SecretAccessKey", pair.secret);
	json_set(call->output, "AccessKey", answer);
out:
	compare_wipe(&pair, sizeof pair);
	return error;
}

int op_list_access_keys(struct call *call)
{
	struct json JSON_CLEANUP *keys = NULL;
	struct holder holder;
	struct json *list;

	if (find_holder(call, &holder) < 0)
		return CALL_FAILED;
	keys = record_list(call, STORE_iamaccesskey, holder.id);
	list = json_array_new();
	JSON_EACH(key, keys)
	json_append(list, shown(key, &holder));
	return entity_list(call, "AccessKeyMetadata", list, "AccessKeyId");
}

/* The holder's key that the input names. 0 or CALL_FAILED. */
static int find_wanted(struct call *call, struct holder *ret_holder, struct json **ret)
{
	const char *id = call_input(call, "AccessKeyId"), *owner;

	*ret = NULL;
	if (find_holder(call, ret_holder) < 0)
		return CALL_FAILED;
	*ret = record_find(call, STORE_iamaccesskey, id);
	owner = access_key_user(*ret);
	if (*ret && strcmp(owner ? owner : control_account(call->control), ret_holder->id) == 0)
		return 0;
	return no_such_key(call, id);
}

int op_update_access_key(struct call *call)
{
	const char *status = call_input(call, "Status");
	struct json JSON_CLEANUP *key = NULL;
	struct holder holder;

	if (entity_check_one_of(call, "status", status, "Active, Inactive, Expired") < 0 ||
		find_wanted(call, &holder, &key) < 0)
		return CALL_FAILED;
	if (strcmp(status, "Expired") == 0)
		return call_fail(call, "ValidationError", "A key can't be made to have expired");
	if (strcmp(status, "Inactive") == 0 && access_key_check_revocable(call, "EntityTemporarilyUnmodifiable") < 0)
		return CALL_FAILED;
	json_set_c_string(key, "Status", status);
	record_put(call, STORE_iamaccesskey, json_find_c_string(key, "AccessKeyId"), holder.id, key);
	return 0;
}

int op_delete_access_key(struct call *call)
{
	struct json JSON_CLEANUP *key = NULL;
	struct holder holder;

	if (find_wanted(call, &holder, &key) < 0 ||
		access_key_check_revocable(call, "EntityTemporarilyUnmodifiable") < 0)
		return CALL_FAILED;
	last_used_forget(call, json_find_c_string(key, "AccessKeyId"));
	record_delete(call, STORE_iamaccesskey, json_find_c_string(key, "AccessKeyId"));
	return 0;
}

/* AWS tells nobody, not even the root user, that a key does not exist. */
int op_get_access_key_last_used(struct call *call)
{
	const char *id = call_input(call, "AccessKeyId");
	struct json JSON_CLEANUP *key = access_key_find(call, id), *user = NULL;
	const char *owner = access_key_user(key);

	if (!key)
		return call_fail(call, "AccessDenied",
			"User: %s is not authorized to perform iam:GetAccessKeyLastUsed on resource: access key %s",
			call->principal_arn, id);
	user = owner ? record_find(call, STORE_iamuser, owner) : NULL;
	json_set_c_string(call->output, "UserName", user ? json_find_c_string(user, "UserName") : ROOT_NAME);
	last_used_describe(call, id, json_ensure_object(call->output, "AccessKeyLastUsed"));
	return 0;
}
