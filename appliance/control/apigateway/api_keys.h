/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * api_keys: what the operations on API keys, their import and usage plans share.
 *
 * Trees are the caller's to free. Threads: the operations thread.
 */
#ifndef POSTERN_CONTROL_APIGATEWAY_API_KEYS_H
#define POSTERN_CONTROL_APIGATEWAY_API_KEYS_H

#include "appliance/base/json.h"
#include "appliance/base/view.h"
#include "appliance/control/call.h"

/* The ApiKey of that id; 0, or CALL_FAILED with 404 `Invalid API Key identifier specified`. */
int api_key_find(struct call *call, const char *id, struct json **ret);

/* A new key with its id and dates, not enabled, not stored. */
struct json *api_key_new(struct call *call);

/* Store a key that was changed now. */
void api_key_put(struct call *call, struct json *key);

/* No key names the stage any more, or (NULL) any stage of the API. */
void api_keys_drop_stage(struct call *call, const char *api_id, const char *stage);

/* What is wrong with a name or a description in AWS's words, a constant text; NULL: nothing. */
const char *api_key_name_fault(struct view name);
const char *api_key_description_fault(struct view description);

#endif
