/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/apigateway/api_key_value.h"

#include "appliance/base/assert.h"
#include "appliance/base/random.h"
#include "appliance/control/acm/certificates.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"
#include "appliance/crypto/seal.h"

enum { NEW_CHARS = 40 };

const char *api_key_value_fault(struct view value)
{
	if (value.count < API_KEY_VALUE_MIN_BYTES)
		return "API Key value should be at least 20 characters";
	if (value.count > API_KEY_VALUE_MAX_BYTES)
		return "API Key value exceeds maximum size of 128 characters";
	/* Clients send it as the value of a header: other bytes would never arrive as they are. */
	for (size_t i = 0; i < value.count; i++)
		if (value.at[i] <= ' ' || value.at[i] > '~')
			return "API Key value can only have visible ASCII characters";
	return NULL;
}

struct view api_key_value_new(struct call *call)
{
	char *value = arena_alloc(&call->arena, NEW_CHARS + 1);

	ASSERT(value);
	random_alnum(value, NEW_CHARS);
	return view_from(value, NEW_CHARS);
}

const char *api_key_value_owner(struct call *call, struct view value)
{
	char digest[SEAL_DIGEST_CHARS + 1];
	struct json JSON_CLEANUP *owner = NULL;

	seal_digest(digest, &call->control->key, API_KEY_VALUE_PURPOSE, value);
	owner = record_find(call, STORE_apikeyvalue, digest);
	return owner ? call_text_of(call, json_find_text(owner, "apiKeyId")) : NULL;
}

int api_key_value_put(struct call *call, struct json *key, struct view value)
{
	const char *id = json_find_c_string(key, "id");
	struct json *own = json_ensure_object(key, "postern");
	struct json JSON_CLEANUP *owner = json_object_new();
	char digest[SEAL_DIGEST_CHARS + 1];
	struct view sealed;
	int error = certificate_seal_text(&sealed, &call->control->key, id, value, &call->arena);

	if (error < 0)
		return error;
	seal_digest(digest, &call->control->key, API_KEY_VALUE_PURPOSE, value);
	json_set_text(own, "sealedValue", sealed);
	json_set_c_string(own, "valueDigest", digest);
	json_set_c_string(owner, "apiKeyId", id);
	record_put(call, STORE_apikeyvalue, digest, NULL, owner);
	return 0;
}

void api_key_value_delete(struct call *call, const struct json *key)
{
	record_delete(call, STORE_apikeyvalue, json_find_c_string(json_find(key, "postern"), "valueDigest"));
}

void api_key_value_show(struct call *call, struct json *shown, const struct json *key)
{
	struct view value;
	int error = certificate_open_sealed(&value, &call->control->key, json_find_c_string(key, "id"),
		json_find_text(json_find(key, "postern"), "sealedValue"), &call->arena);

	record_error(call, error);
	if (error == 0)
		json_set_text(shown, "value", value);
}
