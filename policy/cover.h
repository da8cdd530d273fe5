/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cover: what is certain of statements whatever the request: that one never matches, that one matches whenever another does.
 *
 * Private to policy/: lint says it to people. Everything here errs towards "not certain"; lint.h lists what is.
 * Threads: pure.
 */
#ifndef POSTERN_POLICY_COVER_H
#define POSTERN_POLICY_COVER_H

#include "policy/compiled.h"

/* The condition is false for a request without its key. */
bool cover_needs_key(const struct policy_condition *condition);

/* The same key, by row or by name. */
bool cover_same_key(const struct policy_condition *a, const struct policy_condition *b);

/* What a condition is for each request of a client through an endpoint. */
enum cover_constant {
	COVER_OPEN, /* now true, now false; or not certain */
	COVER_TRUE,
	COVER_FALSE,
};

/*
 * Through an endpoint (`private_api`) aws:SourceVpce, aws:SourceVpc and aws:VpcSourceIp are always there, aws:SourceIp never,
 * aws:SecureTransport is true; aws:SourceArn and aws:SourceAccount are never there for clients.
 */
enum cover_constant cover_constant(
	const struct policy *policy, const struct policy_condition *condition, bool private_api);

/*
 * Index of a condition of the statement that makes it never match, or -1. Sets `*ret_out_of_memory` if memory ran out while it
 * was searched.
 */
int cover_impossible_condition(
	const struct policy *policy, const struct policy_statement *statement, bool *ret_out_of_memory);

/* Does `wide` apply to every request that `narrow` applies to? Effects are not looked at. */
bool cover_includes(const struct policy *policy, const struct policy_statement *wide,
	const struct policy_statement *narrow, bool private_api);

/* The same without conditions, for one of the resources of `narrow` (all of them for a NotResource). */
bool cover_reaches(const struct policy *policy, const struct policy_statement *wide,
	const struct policy_statement *narrow, uint32_t resource);

#endif
