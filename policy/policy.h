/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy: AWS's JSON policies: read, check, normalise, evaluate.
 *
 * Words used here and in the whole folder:
 *   document     the JSON text that an administrator wrote
 *   policy       a document compiled for evaluation: immutable, one block of memory
 *   statement    one element of Statement, counted from 0; its Effect is Allow or Deny
 *   key, value   a fact about a request, aws:SourceVpce = vpce-0a1 (keys.def lists those that Postern fills)
 *   operator     how a condition compares a key's value with the policy's values (operators.def)
 *   variable     ${key} or ${key, 'default'} in a value or a resource, replaced by the request's value
 *   verdict      Allow, ExplicitDeny (a Deny statement matched) or ImplicitDeny (nothing matched)
 *   silent       gives the verdict ImplicitDeny
 *   owner        ARN of the API or domain that carries a policy; the shorthand execute-api:/… expands to it
 *
 * Life cycle: policy_normalise() when a document is saved (it checks all that policy_parse() checks and returns the text
 * to store), policy_parse() when a snapshot is built, policy_evaluate() once a request and policy, policy_free().
 *
 * Neighbours: combine.h joins the verdicts of endpoint, domain, API and caller policies and writes AWS's denial texts;
 * explain.h says why, turn.h what would turn it; source_filter.h derives what the kernel may drop.
 *
 * Threads: a policy is immutable; any number of threads may evaluate it. Nothing here logs, does I/O, keeps state or reads
 * a clock; evaluation allocates nothing.
 * Source: IAM User Guide, "IAM JSON policy elements reference" and "Policy evaluation logic"; spec/policy.md.
 */
#ifndef POSTERN_POLICY_POLICY_H
#define POSTERN_POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Default quota of a resource policy in bytes of its normalised text (API Gateway quota; a raise can be asked for). */
#define POLICY_DEFAULT_MAX_BYTES 8192
/* Longest document text that is read at all, in bytes: room for raised quotas, small enough to parse in milliseconds. */
#define POLICY_TEXT_MAX_BYTES (4u << 20)
/* Most statements of a policy: more than fit into POLICY_TEXT_MAX_BYTES, and far from overflowing an index. */
#define POLICY_STATEMENTS_MAX 65536
/* Most variables in one value or resource: resolved values stand on the stack during a match. */
#define POLICY_VARIABLES_MAX 16

/* Bytes, not NUL-terminated. `bytes` NULL means absent, which is not the same as empty. */
struct policy_text {
	const char *bytes;
	size_t count;
};

/* A policy_text of a C string; NULL gives the absent text. */
struct policy_text policy_text_of(const char *string);

/* ---- documents ---- */

enum policy_kind {
	POLICY_KIND_API,        /* resource policy of a REST API: Principal required, shorthand allowed */
	POLICY_KIND_DOMAIN,     /* `policy` of a private custom domain: as above, the shorthand means the domain */
	POLICY_KIND_MANAGEMENT, /* `managementPolicy` of a domain: Principal required, no shorthand */
	POLICY_KIND_ENDPOINT,   /* VPC endpoint policy: Principal required, no shorthand */
	POLICY_KIND_IDENTITY,   /* of a user or role, or a Lambda authorizer's answer: Principal forbidden */
};

enum policy_rule {
#define RULE(name, label, save_only, text) POLICY_RULE_##name,
#include "policy/rules.def"
#undef RULE
	POLICY_RULE_COUNT
};

/* How a document is to be read. Zero is a good start: kind API, no owner, strict, default quota. */
struct policy_options {
	enum policy_kind kind;
	/*
	 * arn:aws:execute-api:{region}:{account}:{apiId}, or …:/domainnames/{name}+{id}; absent: a shorthand is kept as it
	 * stands (and then matches nothing). Borrowed during the call.
	 */
	struct policy_text owner_arn;
	/* Quota in bytes of the normalised text; 0 means POLICY_DEFAULT_MAX_BYTES, SIZE_MAX none. */
	size_t max_bytes;
	/* The document was accepted earlier: rules that are save_only in rules.def are not applied. */
	bool stored;
};

/* Where and why a document was refused. Self-contained: points nowhere. */
struct policy_error {
	enum policy_rule rule;
	int statement;         /* counted from 0; -1: the document as a whole */
	char member[160];      /* e.g. "Condition.IpAddress.aws:VpcSourceIp"; "" with rule SYNTAX */
	char value[80];        /* the offending value or name, cut to fit; "" if there is none */
	unsigned line, column; /* from 1, of the offending value or of the syntax error; column counts bytes */
};

struct policy; /* a compiled document */

/*
 * Compile the document `text` (`text_bytes` bytes of UTF-8 JSON).
 *
 * Returns 0 and a policy in `*ret` that the caller frees with policy_free() and that keeps no pointer into `text`;
 * -EINVAL if a rule is broken, with `*error` saying which (`error` may be NULL); -ENOMEM. `*ret` is untouched on failure.
 */
int policy_parse(struct policy **ret, const char *text, size_t text_bytes, const struct policy_options *options,
	struct policy_error *error) __attribute__((warn_unused_result));

/* NULL is fine. */
void policy_free(struct policy *policy);

/*
 * The text to store and to show for the document: shorthand expanded, one-element lists of actions, resources,
 * principals and condition values collapsed to a string, numbers and booleans of conditions turned into strings,
 * white space removed; the order of members is kept. Everything that policy_parse() refuses is refused here too.
 *
 * Returns 0 and a NUL-terminated text in `*ret` (free() it; its length in `*ret_bytes`, which may be NULL); -EINVAL with
 * `*error`; -ENOMEM. Normalising a normalised text gives the same text.
 * Source: spec/policy.md 1 ("Returned form"), 1.4.
 */
int policy_normalise(char **ret, size_t *ret_bytes, const char *text, size_t text_bytes,
	const struct policy_options *options, struct policy_error *error) __attribute__((warn_unused_result));

/*
 * API Gateway's answer for every refused document (400 BadRequestException). The rule goes elsewhere: header, log, lint.
 * Source: spec/policy.md 6.
 */
#define POLICY_INVALID_DOCUMENT_MESSAGE                                                                                \
	"Invalid policy document. Please check the policy syntax and ensure that Principals are valid."

/*
 * EC2's message for a refused VPC endpoint policy (code InvalidPolicyDocument), with line and column of `error`.
 * Writes at most `buffer_bytes` bytes with NUL; returns the length that the whole text has. Source: spec/endpoints.md.
 */
size_t policy_error_endpoint_message(const struct policy_error *error, char *buffer, size_t buffer_bytes);

/*
 * One line for people: "statement 1, Condition.IpAddress.aws:VpcSourceIp: bad_cidr: not an … ('10.0.0.0/33', line 3,
 * column 9)". Writes at most `buffer_bytes` bytes with NUL; returns the length that the whole text has.
 */
size_t policy_error_write(const struct policy_error *error, char *buffer, size_t buffer_bytes);

/* "bad_cidr"; never NULL. */
const char *policy_rule_name(enum policy_rule rule);
/* The text of rules.def; never NULL. */
const char *policy_rule_text(enum policy_rule rule);

size_t policy_statement_count(const struct policy *policy);
/* Sid of a statement; absent if it has none. Lives as long as the policy. */
struct policy_text policy_statement_sid(const struct policy *policy, size_t statement);
/* True if the statement's Effect is Deny. */
bool policy_statement_denies(const struct policy *policy, size_t statement);
enum policy_kind policy_kind_of(const struct policy *policy);
/*
 * A number that tells the policy's document from others, never 0: to see later whether a policy is still the same. Equal
 * texts have equal ones; no protection against somebody who looks for two texts with the same one.
 */
uint64_t policy_fingerprint(const struct policy *policy);

/*
 * Call `visit` for each user, role, session and federated-user ARN and each account (as …:root) that the policy names in
 * Principal or NotPrincipal, so that the owner of the directory can refuse unknown ones (spec/policy.md 6). Stops at the
 * first non-zero return and returns it; else 0.
 */
int policy_visit_principals(const struct policy *policy,
	int (*visit)(void *context, size_t statement, struct policy_text arn), void *context);

/* ---- requests ---- */

enum policy_key {
#define KEY(name, text, type, many, known, presence) POLICY_KEY_##name,
#include "policy/keys.def"
#undef KEY
	POLICY_KEY_COUNT
};

/* The key with this name in any case, or -1 if keys.def has no such row. */
int policy_key_find(struct policy_text name);
/* As keys.def writes it. */
const char *policy_key_name(enum policy_key key);

/*
 * A key's value: one text, or a list (`list` not NULL; an empty list is present). All zero means absent.
 * A list makes the key array-valued: then only ForAllValues: and ForAnyValue: conditions can hold.
 */
struct policy_value {
	struct policy_text text;
	const struct policy_text *list;
	size_t list_count;
};

/* A key that has no row in keys.def, "aws:PrincipalTag/team"; names compare without case. */
struct policy_named_value {
	struct policy_text name;
	struct policy_value value;
};

enum policy_caller_type {
	POLICY_CALLER_ANONYMOUS, /* not signed, or the signature plays no part */
	POLICY_CALLER_ACCOUNT,   /* the account's root user */
	POLICY_CALLER_USER,
	POLICY_CALLER_ROLE_SESSION,
	POLICY_CALLER_FEDERATED_USER,
};

struct policy_caller {
	enum policy_caller_type type;
	struct policy_text account;  /* 12 digits, compared as text */
	struct policy_text arn;      /* of the user, the session, the federated user, or …:root */
	struct policy_text role_arn; /* role sessions: the role, with its path; absent: the role has no path */
};

/*
 * What is asked. Plain views, all owned by the caller and alive during each call that takes the request.
 * aws:Principal… keys are not derived from `caller`: set them in `keys`.
 */
struct policy_request {
	struct policy_text action;   /* "execute-api:Invoke" */
	struct policy_text resource; /* arn:aws:execute-api:{region}:{account}:{apiId}/{stage}/{METHOD}/{path} */
	struct policy_caller caller;
	struct policy_value keys[POLICY_KEY_COUNT];
	const struct policy_named_value *others;
	size_t other_count;
};

/* An anonymous execute-api:Invoke of `resource` with no key. */
void policy_request_init(struct policy_request *request, struct policy_text resource);
/* Set a key to one text; the absent text removes it. */
void policy_request_set(struct policy_request *request, enum policy_key key, struct policy_text value);
/* Value of any key of the request by name, without case; NULL if absent. */
const struct policy_value *policy_request_find(const struct policy_request *request, struct policy_text name);

/*
 * Fill `*ret` from a caller's ARN: arn:aws:iam::{account}:root or :user/…, arn:aws:sts::{account}:assumed-role/… or
 * :federated-user/…; the text "anonymous" gives the anonymous caller. Views point into `arn`. A role's ARN
 * (arn:aws:iam::{account}:role/…) stands for some session of the role.
 *
 * Returns 0, or -EINVAL for any other text.
 */
int policy_caller_parse(struct policy_caller *ret, struct policy_text arn) __attribute__((warn_unused_result));

/* ---- evaluation ---- */

enum policy_verdict { POLICY_IMPLICIT_DENY, POLICY_EXPLICIT_DENY, POLICY_ALLOW };

struct policy_result {
	enum policy_verdict verdict;
	int statement; /* first matching Deny, else first matching Allow; -1 with POLICY_IMPLICIT_DENY */
};

/*
 * The verdict of one policy on one request. Allocates nothing, takes no lock; time grows with policy size plus the
 * product of the lengths of a pattern and a text.
 *
 * In an Allow statement of an API or domain policy, the account of the resource itself as principal is delegation: it
 * matches the account's root user only, since users and roles of that account need their own policy to allow.
 * Source: IAM User Guide, "Policy evaluation logic"; spec/policy.md 1.1 and 5.
 */
void policy_evaluate(const struct policy *policy, const struct policy_request *request, struct policy_result *ret);

/* "Allow", "ExplicitDeny" or "ImplicitDeny". */
const char *policy_verdict_name(enum policy_verdict verdict);

#endif
