/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What users do not have here: groups, multi-factor devices, passwords and the like. Clients that delete a user ask for each of
 * them first.
 */
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/iam/entities.h"
#include "appliance/control/iam/users.h"
#include "appliance/control/operations.h"

int op_list_nothing_of_user(struct call *call)
{
	static const struct {
		const char *operation, *list;
	} lists[] = {
		{ "ListGroupsForUser", "Groups" },
		{ "ListMFADevices", "MFADevices" },
		{ "ListSSHPublicKeys", "SSHPublicKeys" },
		{ "ListSigningCertificates", "Certificates" },
		{ "ListServiceSpecificCredentials", "ServiceSpecificCredentials" },
	};
	struct json JSON_CLEANUP *user = NULL;

	if (user_wanted(call, &user) < 0)
		return CALL_FAILED;
	for (size_t i = 0; i < ARRAY_COUNT(lists); i++)
		if (strcmp(lists[i].operation, call->operation->name) == 0)
			return entity_list(call, lists[i].list, json_array_new(), "");
	ASSERT_UNREACHABLE();
}

int op_list_virtual_mfa_devices(struct call *call)
{
	return entity_list(call, "VirtualMFADevices", json_array_new(), "");
}

int op_delete_login_profile(struct call *call)
{
	struct json JSON_CLEANUP *user = NULL;

	if (user_wanted(call, &user) < 0)
		return CALL_FAILED;
	return call_fail(call, "NoSuchEntity", "Login Profile for User %s cannot be found.",
		json_find_c_string(user, "UserName"));
}
