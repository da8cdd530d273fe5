/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lint: what people get wrong in a policy: documents that saving refuses, and documents that it takes but that mean something
 * else than they seem to (lints.def).
 *
 * Findings of the kind "never" are conservative: a statement is said to never match, or to be covered by another, only
 * where that holds for every request that a data plane can ask. Certain are:
 *   never matches  a list that no request can be in (NotPrincipal or NotResource of everything, services as principals, no
 *                  action of execute-api, an ARN without a method, another API's ARN); a positive condition without a usable
 *                  value; a condition on a key that must be present beside one that wants it absent, or one that is false for
 *                  each text that the first accepts (the evaluator is asked); CIDRs of aws:VpcSourceIp, numbers or dates with
 *                  nothing in common; a condition that no call through an endpoint meets, as Null on aws:SourceVpce
 *   covered        part for part: principals and actions that include the other's, resource patterns that are equal or "a
 *                  prefix and a star" before the other's literal start, and for each condition of the covering statement
 *                  one of the covered statement with the same operator and key and a list that is at least as strict
 * What needs more than that (globs against globs, conditions on time) is left unsaid: `postern policy diff` compares meanings.
 *
 * Life cycle: one call; the visitor's findings point nowhere. Threads: pure. No I/O, no clock.
 * Source: spec/policy.md 1 to 6.
 */
#ifndef POSTERN_POLICY_LINT_H
#define POSTERN_POLICY_LINT_H

#include "policy/policy.h"

/* Statements that are compared pairwise: 512² comparisons take milliseconds. */
#define LINT_COMPARED_MAX 512

enum lint_severity { LINT_SEVERITY_NOTE, LINT_SEVERITY_WARNING, LINT_SEVERITY_ERROR };

enum lint_code {
#define LINT(name, code, severity, text, documentation) LINT_##name,
#include "policy/lints.def"
#undef LINT
	LINT_CODE_COUNT
};

struct lint_row {
	const char *code; /* "PL001" */
	enum lint_severity severity;
	const char *text, *documentation;
};

/* Row of lints.def. */
const struct lint_row *lint_row(enum lint_code code);
/* "note", "warning" or "error". */
const char *lint_severity_name(enum lint_severity severity);

/* Self-contained: points nowhere. */
struct lint_finding {
	enum lint_code code;
	enum policy_rule rule; /* SAVE: the rule that is broken; else POLICY_RULE_NONE */
	int statement;         /* counted from 0; -1: the document as a whole */
	int other;             /* SHADOWED, DENIED: the statement that covers it; else -1 */
	char member[160];      /* "Resource", "Condition.IpAddress.aws:SourceIp"; "" for the whole statement */
	char value[80];        /* the offending value as written, cut to fit; "" if there is none */
	unsigned line, column; /* from 1; column counts bytes */
};

struct lint_options {
	/* How the document is to be read. Without an owner the shorthand is fine and PL007 is not looked for. */
	struct policy_options policy;
	/* The API can be called from the internet too: aws:SourceIp may be present. */
	bool public_api;
};

typedef void lint_visit(void *context, const struct lint_finding *finding);

/*
 * Call `visit` for each finding: SAVE first, then statement by statement, then what concerns the document. A document that
 * can't be evaluated at all has the one finding SAVE.
 *
 * Returns 0 or -ENOMEM.
 */
int lint_policy(const char *text, size_t text_bytes, const struct lint_options *options, lint_visit *visit,
	void *context) __attribute__((warn_unused_result));

#endif
