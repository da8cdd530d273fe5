/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of model/gateway_response: the table, and which customisation holds. */
#include "tests/unit/support.h"

#include "appliance/model/gateway_response.h"

static void the_table_has_aws_s_order_and_defaults(void **state)
{
	static const char order[] =
		"REQUEST_TOO_LARGE, RESOURCE_NOT_FOUND, AUTHORIZER_CONFIGURATION_ERROR, MISSING_AUTHENTICATION_TOKEN, "
		"BAD_REQUEST_BODY, INVALID_SIGNATURE, INVALID_API_KEY, BAD_REQUEST_PARAMETERS, AUTHORIZER_FAILURE, "
		"UNAUTHORIZED, "
		"INTEGRATION_TIMEOUT, ACCESS_DENIED, DEFAULT_4XX, DEFAULT_5XX, WAF_FILTERED, QUOTA_EXCEEDED, "
		"THROTTLED, "
		"API_CONFIGURATION_ERROR, UNSUPPORTED_MEDIA_TYPE, INTEGRATION_FAILURE, EXPIRED_TOKEN";
	char text[1024] = "";

	(void)state;
	for (unsigned i = 0; i < GATEWAY_RESPONSE_COUNT; i++) {
		const struct gateway_response_default *row = gateway_response_defaults((enum gateway_response_type)i);

		snprintf(text + strlen(text), sizeof text - strlen(text), "%s" VIEW_FMT, i ? ", " : "",
			VIEW_ARG(row->name));
		assert_int_equal(i, gateway_response_parse(row->name));
		if (row->status)
			assert_int_equal(
				row->status < 500 ? GATEWAY_RESPONSE_DEFAULT_4XX : GATEWAY_RESPONSE_DEFAULT_5XX,
				row->parent);
	}
	assert_string_equal(order, text);
	assert_int_equal(GATEWAY_RESPONSE_COUNT, gateway_response_parse(view_of("FAKE_RESPONSE_TYPE")));
}

static void the_exact_type_wins_over_its_parent(void **state)
{
	const struct gateway_response parent = { .status = 599 }, exact = { .status = 0 }, other = { .status = 418 };
	struct gateway_response_set set = { .types = { NULL } };
	struct gateway_response_choice choice;

	(void)state;
	choice = gateway_response_choose(NULL, GATEWAY_RESPONSE_API_CONFIGURATION_ERROR);
	assert_null(choice.custom);
	assert_int_equal(500, choice.status);
	set.types[GATEWAY_RESPONSE_DEFAULT_5XX] = &parent;
	choice = gateway_response_choose(&set, GATEWAY_RESPONSE_API_CONFIGURATION_ERROR);
	assert_ptr_equal(&parent, choice.custom);
	assert_int_equal(599, choice.status);
	choice = gateway_response_choose(&set, GATEWAY_RESPONSE_THROTTLED);
	assert_null(choice.custom);
	assert_int_equal(429, choice.status);
	set.types[GATEWAY_RESPONSE_INTEGRATION_TIMEOUT] = &exact;
	set.types[GATEWAY_RESPONSE_INTEGRATION_FAILURE] = &other;
	assert_int_equal(504, gateway_response_choose(&set, GATEWAY_RESPONSE_INTEGRATION_TIMEOUT).status);
	assert_int_equal(418, gateway_response_choose(&set, GATEWAY_RESPONSE_INTEGRATION_FAILURE).status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_has_aws_s_order_and_defaults),
		cmocka_unit_test(the_exact_type_wins_over_its_parent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
