/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Postern's own operations on access keys, for the command line: those of the root user, which no other operation lists, beside
 * those of IAM users. Only the root user makes and revokes its own.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "appliance/control/iam/access_keys.h"
#include "appliance/control/iam/entities.h"
#include "appliance/control/iam/identity.h"
#include "appliance/control/iam/last_used.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"

static int only_root(struct call *call)
{
	if (!call->identity)
		return 0;
	call->detail = "the root user's access keys are its own business, whatever policies allow";
	return call_fail(call, "AccessDeniedException",
		"User: %s is not authorized to perform: %s on the access keys of the root user", call->principal_arn,
		call->operation->action);
}

/* "AccessKeyId" → "accessKeyId": the names of this service begin with a small letter. */
static void set_lower(struct json *ret, const struct json *members)
{
	JSON_EACH(member, members)
	{
		char name[64];

		snprintf(name, sizeof name, VIEW_FMT, VIEW_ARG(json_name(member)));
		name[0] = (char)tolower((unsigned char)name[0]);
		json_set(ret, name, json_copy(member));
	}
}

int op_create_credentials(struct call *call)
{
	struct json JSON_CLEANUP *made = NULL;
	int error;

	if (!call_input_has(call, "UserName") && only_root(call) < 0)
		return CALL_FAILED;
	error = op_create_access_key(call);
	if (error < 0)
		return error;
	made = json_take(call->output, "AccessKey");
	set_lower(call->output, made);
	return 0;
}

/* --- list ------------------------------------------------------------------------------------------------------------------------------- */

static void add(struct call *call, struct json *list, const struct json *key, const char *id, bool is_own)
{
	const char *user_id = access_key_user(key);
	struct json JSON_CLEANUP *user = user_id ? record_find(call, STORE_iamuser, user_id) : NULL;
	struct json JSON_CLEANUP *use = json_object_new();
	struct json *shown = json_object_new();

	json_set_c_string(shown, "accessKeyId", id);
	if (user)
		json_set_text(shown, "principal", json_find_text(user, "Arn"));
	else
		json_set(shown, "principal",
			json_text_new_printf("arn:aws:iam::%s:root", control_account(call->control)));
	json_set_c_string(shown, "status", access_key_is_active(key) ? "Active" : "Inactive");
	json_set_c_string(shown, "createDate", json_find_c_string(key, "CreateDate"));
	json_set_c_string(shown, "madeBy", json_find_c_string(json_find(key, "postern"), "madeBy"));
	last_used_describe(call, id, use);
	json_set_c_string(shown, "lastUsedDate", json_find_c_string(use, "LastUsedDate"));
	json_set_bool(shown, "own", is_own);
	json_append(list, shown);
}

int op_list_credentials(struct call *call)
{
	struct json JSON_CLEANUP *own = record_list(call, STORE_accesskey, NULL);
	struct json JSON_CLEANUP *others = record_list(call, STORE_iamaccesskey, NULL);
	struct json *list = json_ensure_array(call->output, "credentials");

	JSON_EACH(key, own)
	add(call, list, key, json_find_c_string(key, "accessKeyId"), true);
	JSON_EACH(key, others)
	add(call, list, key, json_find_c_string(key, "AccessKeyId"), false);
	return 0;
}

/* --- revoke ----------------------------------------------------------------------------------------------------------------------------- */

static bool has_another_root_key(struct call *call)
{
	struct json JSON_CLEANUP *keys = record_list(call, STORE_iamaccesskey, control_account(call->control));

	JSON_EACH(key, keys)
	if (access_key_is_active(key))
		return true;
	return false;
}

/* Of the appliance's own key the next start makes a new one; until then somebody must be able to manage it. */
static int revoke_own(struct call *call, const char *id)
{
	if (call->control->settings.access_key_id)
		return call_fail(call, "BadRequestException", "The settings name this access key: change it there");
	if (!has_another_root_key(call))
		return call_fail(call, "BadRequestException",
			"This is the only access key of the root user: make another one first (postern credentials "
			"create)");
	record_delete(call, STORE_accesskey, id);
	return 0;
}

int op_revoke_credentials(struct call *call)
{
	const char *id = call_input(call, "AccessKeyId");
	struct json JSON_CLEANUP *key = access_key_find(call, id);

	if (!key)
		return call_fail(call, "NotFoundException", "There is no access key %s", id);
	if (!access_key_user(key) && only_root(call) < 0)
		return CALL_FAILED;
	if (access_key_check_revocable(call, "ConflictException") < 0)
		return CALL_FAILED;
	if (record_exists(call, STORE_accesskey, id))
		return revoke_own(call, id);
	last_used_forget(call, id);
	record_delete(call, STORE_iamaccesskey, id);
	return 0;
}
