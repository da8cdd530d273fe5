/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of model/context: the tree of $context in the order that was recorded from AWS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "appliance/base/assert.h"
#include "appliance/model/context.h"

static void members_are(const char *group, const char *const *names, size_t count)
{
	struct view name;
	int slot = -1;

	for (size_t i = 0; i < count; i++) {
		slot = context_next(view_from_text(group), slot + 1, &name);
		assert_true(slot >= 0);
		if (!view_equals_text(name, names[i]))
			fail_msg("%s: " VIEW_FMT " instead of %s", group, VIEW_ARG(name), names[i]);
		assert_int_equal(slot, context_slot(context_path(slot)));
	}
}

static void members_come_in_order(void **state)
{
	static const char *const top[] = { "resourceId", "resourcePath", "httpMethod", "extendedRequestId",
		"requestTime", "path", "accountId", "protocol", "requestOverride", "stage", "domainPrefix",
		"requestTimeEpoch", "requestId", "identity", "domainName", "deploymentId", "responseOverride",
		"apiId" };
	static const char *const identity[] = { "cognitoIdentityPoolId", "accountId", "cognitoIdentityId", "caller",
		"sourceIp", "principalOrgId", "accessKey", "cognitoAuthenticationType", "cognitoAuthenticationProvider",
		"userArn", "userAgent", "user" };

	(void)state;
	members_are("", top, ARRAY_COUNT(top));
	members_are("identity", identity, ARRAY_COUNT(identity));
}

static void paths_are_found(void **state)
{
	struct view name;

	(void)state;
	assert_int_equal(CONTEXT_IDENTITY_SOURCE_IP, context_slot(view_of("identity.sourceIp")));
	assert_int_equal(CONTEXT_IS_GROUP, context_kind(context_slot(view_of("identity"))));
	assert_int_equal(CONTEXT_IS_PRESENT, context_kind(context_slot(view_of("isCanaryRequest"))));
	assert_int_equal(-1, context_slot(view_of("")));
	assert_int_equal(-1, context_slot(view_of("identity.")));
	assert_int_equal(-1, context_slot(view_of("Stage")));
	assert_int_equal(-1, context_next(view_of("stage"), 0, &name));
	assert_int_equal(-1, context_next(view_of("ident"), 0, &name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_come_in_order),
		cmocka_unit_test(paths_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
