/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Account: what holds for all APIs. Source: spec/control-plane.md 6 and 8.1; API Reference, UpdateAccount. */
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/apigateway/patch_rows.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"

#define RECORD_ID "self"
#define FEATURE "UsagePlans"

/* The account as shown, with what was changed of it. The caller's to free. */
static struct json *account_new(struct call *call)
{
	struct json *account = record_find(call, STORE_account, RECORD_ID), *throttle;

	if (!account)
		account = json_object_new();
	throttle = json_ensure_object(account, "throttleSettings");
	json_set_integer(throttle, "burstLimit", 5000);
	json_set(throttle, "rateLimit", json_number_new(view_of("10000.0")));
	json_append_text(json_ensure_array(account, "features"), view_of(FEATURE));
	json_set_c_string(account, "apiKeyVersion", "4");
	return account;
}

int op_get_account(struct call *call)
{
	struct json JSON_CLEANUP *account = account_new(call);

	call_answer(call, account);
	return 0;
}

/* A role of this account: arn:aws:iam::123456789012:role/name. */
static int check_role(struct call *call, const char *arn)
{
	const char *own = call_text(call, "arn:aws:iam::%s:role/", control_account(call->control));

	if (strncmp(arn, "arn:aws:iam::", strlen("arn:aws:iam::")) != 0)
		return call_fail(call, "BadRequestException", "Invalid ARN specified in the request");
	if (strncmp(arn, own, strlen(own)) == 0 && arn[strlen(own)])
		return 0;
	return call_fail(call, "BadRequestException",
		"The role ARN does not have required permissions configured. Please grant trust permission for API "
		"Gateway and add the required role policy.");
}

/* Without a value it is taken away: so clients undo what they did. */
static int patch_role(struct call *call, const struct patch *patch, struct json *account)
{
	if (patch->value && *patch->value && check_role(call, patch->value) < 0)
		return CALL_FAILED;
	return patch_set_or_unset(call, patch, account);
}

static int patch_features(struct call *call, const struct patch *patch, struct json *account)
{
	(void)account;
	if (!patch->value || strcmp(patch->value, FEATURE) != 0)
		return call_fail(
			call, "BadRequestException", "Invalid feature specified. Must be one of: [" FEATURE "]");
	if (patch->op == PATCH_REMOVE)
		return call_fail(call, "BadRequestException", "The feature " FEATURE " cannot be removed");
	return 0;
}

static int patch_account(struct call *call, const struct patch *patch, struct json *account)
{
	static const struct patch_row rows[] = {
		{ "/cloudwatchRoleArn", PATCH_ON_REPLACE, patch_role },
		{ "/features", PATCH_ON_ADD_REMOVE, patch_features },
	};

	return patch_by_listed_rows(call, patch, account, rows, ARRAY_COUNT(rows));
}

int op_update_account(struct call *call)
{
	struct json JSON_CLEANUP *account = account_new(call), *changed = json_object_new();
	int error = patch_apply(call, account, patch_account);

	if (error < 0)
		return error;
	json_set_c_string(changed, "cloudwatchRoleArn", json_find_c_string(account, "cloudwatchRoleArn"));
	record_put(call, STORE_account, RECORD_ID, NULL, changed);
	call_answer(call, account);
	return 0;
}
