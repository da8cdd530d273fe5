/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/tls/policy.h"

#include <string.h>

static const struct tls_policy policies[] = {
#define TLS_POLICY(name, version_min, version_max, suite_groups) { name, version_min, version_max, suite_groups },
#include "appliance/tls/security_policies.def"
#undef TLS_POLICY
};

const struct tls_suite tls_suites[] = {
#define TLS_SUITE(number, group, name) { number, TLS_SUITES_##group, name },
#include "appliance/tls/cipher_suites.def"
#undef TLS_SUITE
	{ 0, 0, NULL },
};

const struct tls_policy *tls_policy_find(const char *name, size_t name_bytes)
{
	for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++) {
		if (strlen(policies[i].name) == name_bytes && memcmp(policies[i].name, name, name_bytes) == 0)
			return &policies[i];
	}
	return NULL;
}

const char *tls_suite_name(uint16_t suite)
{
	for (const struct tls_suite *row = tls_suites; row->name; row++) {
		if (row->number == suite)
			return row->name;
	}
	return "";
}

const char *tls_version_name(uint16_t version)
{
	switch (version) {
	case 0x0301:
		return "TLSv1";
	case 0x0302:
		return "TLSv1.1";
	case 0x0303:
		return "TLSv1.2";
	case 0x0304:
		return "TLSv1.3";
	default:
		return "";
	}
}
