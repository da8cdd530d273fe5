/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of control/first_start: certificates outlive clocks that were wrong. */
#include "tests/unit/control/appliance.h"

#include "appliance/control/call.h"
#include "appliance/control/first_start.h"
#include "appliance/control/records.h"
#include "appliance/crypto/certificate.h"

#define DAY_S 86400

static struct json *record(struct appliance *appliance, enum store_kind kind, const char *id)
{
	const struct call_request nothing = { .received_wall_ms = 0 };
	struct json *found;
	struct call call;

	call_init(&call, appliance->control, &nothing);
	found = record_find(&call, kind, id);
	call_fini(&call);
	assert_non_null(found);
	return found;
}

/* Change a member of the default certificate's record. */
static void set_default(struct appliance *appliance, const char *name, int64_t value)
{
	const struct call_request nothing = { .received_wall_ms = 0 };
	struct json JSON_CLEANUP *found = record(appliance, STORE_servercertificate, "default");
	struct call call;

	assert_int_equal(0, store_begin(appliance->control->store));
	call_init(&call, appliance->control, &nothing);
	json_set_integer(found, name, value);
	record_put(&call, STORE_servercertificate, "default", NULL, found);
	call_fini(&call);
	assert_int_equal(0, store_commit(appliance->control->store, NULL));
}

static int64_t number(struct appliance *appliance, enum store_kind kind, const char *id, const char *name)
{
	struct json JSON_CLEANUP *found = record(appliance, kind, id);

	return json_find_integer(found, name, 0);
}

static void the_authority_is_good_at_every_date_that_a_clock_shows(void **state)
{
	struct appliance *appliance = *state;
	int64_t now_s = (int64_t)(clock_wall_ms() / 1000);

	assert_int_equal(AUTHORITY_BEGIN_S, number(appliance, STORE_ca, "private", "NotBefore"));
	assert_true(number(appliance, STORE_ca, "private", "NotAfter") >
		    now_s + (AUTHORITY_LIFE_DAYS - 1) * (int64_t)DAY_S);
}

static void a_certificate_that_is_not_of_today_is_issued_anew(void **state)
{
	static const struct {
		const char *name;
		int64_t days;
		bool is_issued;
	} cases[] = {
		{ "NotAfter", CERTIFICATE_RENEW_DAYS + 1, false }, { "NotAfter", CERTIFICATE_RENEW_DAYS - 1, true },
		{ "NotAfter", -10000, true }, /* issued in a year long past */
		{ "NotBefore", 1, true },     /* or in a year to come */
	};
	struct appliance *appliance = *state;
	int64_t now_s = (int64_t)(clock_wall_ms() / 1000);

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct json JSON_CLEANUP *before = NULL, *after = NULL;

		set_default(appliance, cases[i].name, now_s + cases[i].days * DAY_S);
		before = record(appliance, STORE_servercertificate, "default");
		certificates_renew(appliance->control);
		after = record(appliance, STORE_servercertificate, "default");
		assert_int_equal(!cases[i].is_issued, json_equals(before, after));
		if (cases[i].is_issued)
			assert_true(json_find_integer(after, "NotBefore", 0) <= now_s &&
				    json_find_integer(after, "NotAfter", 0) >
					    now_s + CERTIFICATE_RENEW_DAYS * (int64_t)DAY_S);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			the_authority_is_good_at_every_date_that_a_clock_shows, appliance_start, appliance_end),
		cmocka_unit_test_setup_teardown(
			a_certificate_that_is_not_of_today_is_issued_anew, appliance_start, appliance_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
