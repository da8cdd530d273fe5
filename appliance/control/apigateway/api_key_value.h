/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * api_key_value: the values of API keys, which are secrets.
 *
 * A value is kept sealed in its key's record (postern.sealedValue) and nowhere else. Beside it stands its digest
 * (postern.valueDigest, seal_digest() with the purpose API_KEY_VALUE_PURPOSE), and a record of kind apikeyvalue whose id is
 * that digest names the key: so values are unique, and whoever holds the seal's key finds the API key of a value that a client
 * sent by one digest and one look-up, in a time that tells nothing of the values there are.
 *
 * Threads: the operations thread.
 */
#ifndef POSTERN_CONTROL_APIGATEWAY_API_KEY_VALUE_H
#define POSTERN_CONTROL_APIGATEWAY_API_KEY_VALUE_H

#include "appliance/base/json.h"
#include "appliance/base/view.h"
#include "appliance/control/call.h"

#define API_KEY_VALUE_PURPOSE "postern api key value"

/* Source: spec/control-plane.md 8.4. */
#define API_KEY_VALUE_MIN_BYTES 20
#define API_KEY_VALUE_MAX_BYTES 128

/* NULL if a client may choose this value, else what is wrong with it in AWS's words: a constant text without the value. */
const char *api_key_value_fault(struct view value);

/* A new value of 40 letters and digits. Lives as long as the call. */
struct view api_key_value_new(struct call *call);

/* Id of the key that has this value, or NULL. Lives as long as the call. */
const char *api_key_value_owner(struct call *call, struct view value);

/* Seal a value that no other key has into `key` (with its id; the caller stores it), and note whose it is. 0 or a negative errno. */
int api_key_value_put(struct call *call, struct json *key, struct view value) __attribute__((warn_unused_result));

/* The value is no one's any more. */
void api_key_value_delete(struct call *call, const struct json *key);

/* Add "value", in the clear, to what is shown of a key. That it does not open is an error that sticks to the call. */
void api_key_value_show(struct call *call, struct json *shown, const struct json *key);

#endif
