/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * check: would this record build? For postern-control, which refuses what the gateway could not serve.
 *
 * Each function compiles a record (given as the JSON that would be stored) as the gateway would, throws the result away
 * and says what is wrong. They are the same functions that the builder uses, so the two can't disagree.
 *
 * Threads and process: any; nothing is shared between calls.
 */
#ifndef POSTERN_MODEL_CHECK_H
#define POSTERN_MODEL_CHECK_H

#include <stddef.h>

#include "appliance/base/json.h"
#include "appliance/base/view.h"

/* Room for a message; longer ones are cut. */
#define CHECK_MESSAGE_MAX_BYTES 512

struct check_identity {
	struct view account_id;
	struct view region;
};

/*
 * All: 0 if it would build, also if it can't be run and then is answered with 500; -EINVAL if it is wrong, -ENOMEM; `message` then holds the reason, with the member it is about, NUL-terminated.
 */

/* An Integration object: URI, parameter mappings, templates, selection patterns. */
int check_integration(struct view json, char message[CHECK_MESSAGE_MAX_BYTES]) __attribute__((warn_unused_result));

/*
 * Why the gateway would answer a Method of `definition` with 500 API_CONFIGURATION_ERROR, or NULL; static text. `broken` gets what would
 * fail only when it is used, a template that is none; empty if nothing would.
 */
const char *check_refusal(
	const struct json *definition, const struct json *method, char broken[CHECK_MESSAGE_MAX_BYTES]);

/* A whole deployment record, with its postern.definition. */
int check_deployment(const struct check_identity *identity, struct view api_id, struct view json,
	char message[CHECK_MESSAGE_MAX_BYTES]) __attribute__((warn_unused_result));

/* A DomainName record. */
int check_domain(const struct check_identity *identity, struct view id, struct view json,
	char message[CHECK_MESSAGE_MAX_BYTES]) __attribute__((warn_unused_result));

/* A VpcEndpoint record. */
int check_endpoint(struct view json, char message[CHECK_MESSAGE_MAX_BYTES]) __attribute__((warn_unused_result));

#endif
