/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who calls, and whose account a key is of. Source: STS API Reference. */
#include <string.h>

#include "appliance/control/iam/access_keys.h"
#include "appliance/control/iam/entities.h"
#include "appliance/control/iam/identity.h"
#include "appliance/control/operations.h"
#include "appliance/control/state.h"

enum { KEY_ID_MIN = 16, KEY_ID_MAX = 128 };

int op_get_caller_identity(struct call *call)
{
	const char *account = control_account(call->control);

	json_set_c_string(call->output, "Arn", call->principal_arn);
	json_set_c_string(call->output, "UserId", call->identity ? call->identity->user_id : account);
	json_set_c_string(call->output, "Account", account);
	return 0;
}

/* Of a key that nobody here has, the account is not known: AWS reads it from the id, which ids made here do not say. */
int op_get_access_key_info(struct call *call)
{
	const char *id = call_input(call, "AccessKeyId");
	struct json JSON_CLEANUP *key = NULL;

	if (strlen(id) < KEY_ID_MIN)
		return entity_violates(call, "accessKeyId", "Member must have length greater than or equal to 16");
	if (strlen(id) > KEY_ID_MAX)
		return entity_violates(call, "accessKeyId", "Member must have length less than or equal to 128");
	key = access_key_find(call, id);
	if (!key)
		return call_fail(call, "ValidationError", "Invalid access key ID: %s", id);
	json_set_c_string(call->output, "Account", control_account(call->control));
	return 0;
}
