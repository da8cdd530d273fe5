/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * compile: what compiling records has in common: whose appliance it is, where messages go, small helpers; and the functions
 * that turn the records of one thing into its immutable object. For the files of this folder.
 *
 * Each <thing>_compile() makes an object with one reference and an arena of its own; the JSON may go afterwards. On
 * failure it returns a negative errno (-EINVAL wrong, -ENOTSUP lacking, -ENOMEM, -EKEYREJECTED ...), leaves `*ret` alone
 * and has set compile->message.
 *
 * Threads: one compile belongs to one thread.
 */
#ifndef POSTERN_MODEL_COMPILE_H
#define POSTERN_MODEL_COMPILE_H

#include "appliance/base/json.h"
#include "appliance/model/check.h"
#include "appliance/model/snapshot.h"
#include "policy/policy.h"

/* Most memory of one object: a definition of 6 MB (AWS quota) compiles to well below. */
#define COMPILE_ARENA_MAX_BYTES ((size_t)256 << 20)

struct seal_key;

struct compile {
	struct view account_id, region;
	const struct seal_key *key; /* opens private keys; NULL with no_tls */
	unsigned worker_count;
	uint32_t timeout_max_ms; /* an integration that has more gets this; 0: as it is */
	bool no_tls;
	bool is_draft; /* what is compiled is tested, not served: authorization and API keys are nobody's business */
	char message[CHECK_MESSAGE_MAX_BYTES];
};

/* Write the message (a sentence without a full stop that begins with the member it is about) and return `error`. */
int compile_fail(struct compile *compile, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same for lack of memory. */
int compile_no_memory(struct compile *compile);

/* Parse a record's body. json_free() the tree. */
int compile_parse(struct compile *compile, struct view body, struct json **ret) __attribute__((warn_unused_result));

/* A copy in lower case (ASCII); `at` NULL without memory. */
struct view compile_lower(struct arena *arena, struct view text);

/* The text with exactly one dot at its end, in lower case, with \ooo escapes resolved: a DNS name. */
struct view compile_dns_name(struct arena *arena, struct view text);

/*
 * Compile the policy document `text` of `what` ("policy", "policyDocument"); an empty text gives NULL. `owner_arn` is what
 * the shorthand expands to.
 */
int compile_policy(struct compile *compile, enum policy_kind kind, struct view owner_arn, const char *what,
	struct view text, struct policy **ret) __attribute__((warn_unused_result));

int endpoint_compile(struct compile *compile, struct view id, const struct json *body, struct snapshot_endpoint **ret)
	__attribute__((warn_unused_result));

/*
 * Why this version can't enforce what a Method of a definition asks of its callers, or NULL; static text. A draft (as
 * compile.is_draft) asks for no authorization and no key.
 */
const char *method_refusal(const struct json *method, bool is_draft);

int deployment_compile(struct compile *compile, struct view api_id, struct view id, const struct json *body,
	struct snapshot_deployment **ret) __attribute__((warn_unused_result));

/* One stage of an API with its compiled deployment (borrowed; the API takes its own reference). */
struct compile_stage {
	const struct json *body;
	struct snapshot_deployment *deployment;
	struct snapshot_deployment *canary; /* of canarySettings; NULL: it has none */
	struct json *client_certificate;    /* body of the record that it names; NULL: it names none */
	uint64_t revision;
};

int api_compile(struct compile *compile, struct view id, struct view name, const struct compile_stage *stages,
	size_t stage_count, struct snapshot_api **ret) __attribute__((warn_unused_result));

/* `base_paths` and `accesses` are arrays of the records' bodies. */
int domain_compile(struct compile *compile, struct view id, const struct json *body, const struct json *base_paths,
	const struct json *accesses, struct snapshot_domain **ret) __attribute__((warn_unused_result));

/* `record_id` is the associated data of the sealed key. */
int certificate_compile(struct compile *compile, struct view record_id, const struct json *body,
	struct snapshot_certificate **ret) __attribute__((warn_unused_result));

/* A record of kind clientcertificate; memory from `arena`, where the private key is to be wiped with identity_wipe(). */
int identity_compile(struct compile *compile, struct arena *arena, const struct json *body,
	const struct outbound_identity **ret) __attribute__((warn_unused_result));
void identity_wipe(const struct outbound_identity *identity);

/* `record_sets`: array of the records' bodies. */
int zone_compile(struct compile *compile, struct view id, const struct json *body, const struct json *record_sets,
	struct snapshot_zone **ret) __attribute__((warn_unused_result));

#endif
