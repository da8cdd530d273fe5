/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * source_filter: from policies to address prefixes: which sources is it certain that every request will be refused for,
 * so that the kernel may refuse their packets.
 *
 * Soundness comes first: a source that some request could be allowed from is never dropped. A statement is judged three
 * times valued for an endpoint and an address: True (applies to every request), False (to none), Maybe. A policy drops an
 * address if a Deny is True, or if no Allow is True or Maybe and nobody else (identity policy, authorizer) can grant. An
 * endpoint drops it if its own policy does, or if all APIs and domains that can be reached through it do.
 *
 * The parts of a statement that don't look at the address have one value for the whole address space; the conditions on
 * aws:VpcSourceIp are sets of intervals cut at CIDR edges. A statement is therefore an interval set, and a policy is
 * their union and complement: n CIDRs cost n log n, whatever the number of statements.
 *
 * Addresses are 128 bits wide: IPv4 stands at ::ffff:0:0/96 (as in the kernel's trie), and no IPv6 CIDR of a policy covers
 * that block, since families never match each other.
 *
 * Life cycle: source_filter_compile() whenever a deployment, an endpoint policy, an association or a method's
 * authorization changes; the result is plain memory. Time and headers are Maybe, so the passing of time changes nothing.
 * Threads: pure. Not here: what is done with a dropped packet (modes), security-group rules, ports.
 * Source: spec/policy.md 10; architecture.md 8.
 */
#ifndef POSTERN_POLICY_SOURCE_FILTER_H
#define POSTERN_POLICY_SOURCE_FILTER_H

#include "policy/policy.h"

/* Default limit on prefixes of one endpoint: the kernel's trie is sized for it. */
#define SOURCE_FILTER_DEFAULT_MAX_PREFIXES 65536

/* An address in network order; IPv4 as ::ffff:a.b.c.d. */
struct source_filter_address {
	uint8_t bytes[16];
};

/* Parse dotted decimal or RFC 4291 text. Returns 0 or -EINVAL. */
int source_filter_address_parse(struct source_filter_address *ret, struct policy_text text)
	__attribute__((warn_unused_result));

/* One policy that can be reached through the endpoint: that of one stage's deployment, or of a private custom domain. */
struct source_filter_target {
	const struct policy *policy; /* NULL: an API or domain without policy, which nobody may call */
	/* The API's ARN, arn:aws:execute-api:{region}:{account}:{apiId}, or the domain's, …:/domainnames/{name}+{id}. */
	struct policy_text arn;
	/* Stage whose deployment carries this policy: patterns {apiId}/{stage}/… then cover it; absent: the whole API. */
	struct policy_text stage;
	/* The API has a deployed method with auth AWS_IAM or CUSTOM; false for domains. */
	bool others_can_grant;
};

struct source_filter_input {
	struct policy_text endpoint_id;       /* aws:SourceVpce */
	struct policy_text vpc_id;            /* aws:SourceVpc */
	const struct policy *endpoint_policy; /* NULL: full access */
	bool plain_listener; /* aws:SecureTransport is false: a listener without TLS, as in local mode */
	/* All stages of all APIs and all domains reachable by this endpoint. None: only the endpoint's policy counts. */
	const struct source_filter_target *targets;
	size_t target_count;
	size_t max_prefixes; /* 0 means SOURCE_FILTER_DEFAULT_MAX_PREFIXES */
};

enum source_filter_verdict { SOURCE_FILTER_PASS, SOURCE_FILTER_DROP };

/* What a DROP rests on, for events. */
struct source_filter_reason {
	int target;    /* index into `targets`; SOURCE_FILTER_ENDPOINT_POLICY: the endpoint's own policy */
	int statement; /* the Deny that is True; -1: no Allow can match (or the target has no policy) */
};
#define SOURCE_FILTER_ENDPOINT_POLICY (-1)

struct source_filter_prefix {
	struct source_filter_address address; /* host bits zero */
	uint8_t prefix_bits;                  /* 0–128; IPv4 /n is 96+n */
	enum source_filter_verdict verdict;
	struct source_filter_reason reason; /* with DROP */
};

struct source_filter {
	enum source_filter_verdict default_verdict; /* of an address under no prefix */
	struct source_filter_reason default_reason; /* with DROP */
	struct source_filter_prefix *prefixes;      /* sorted by address, disjoint */
	size_t prefix_count;
};

/*
 * Compile. Of the two ways to write the result (default PASS or default DROP) the one with fewer prefixes is taken.
 *
 * Returns 0 and a result to be ended with source_filter_fini(); -E2BIG if more than `max_prefixes` are needed, with the
 * number needed in `ret->prefix_count` and nothing allocated; -ENOMEM.
 */
int source_filter_compile(struct source_filter *ret, const struct source_filter_input *input)
	__attribute__((warn_unused_result));

void source_filter_fini(struct source_filter *filter);

/* The compiled answer for one address; `ret_reason` may be NULL and is set with DROP only. */
enum source_filter_verdict source_filter_find(const struct source_filter *filter,
	const struct source_filter_address *address, struct source_filter_reason *ret_reason);

/*
 * The answer for one address straight from the policies, without compiling: same meaning, another way (tests compare the
 * two; `postern policy filter` prints it). Allocates nothing.
 */
enum source_filter_verdict source_filter_point(const struct source_filter_input *input,
	const struct source_filter_address *address, struct source_filter_reason *ret_reason);

enum source_filter_value { SOURCE_FILTER_FALSE, SOURCE_FILTER_MAYBE, SOURCE_FILTER_TRUE };

/*
 * Value of one statement of `input->targets[target]` (or of the endpoint's policy with SOURCE_FILTER_ENDPOINT_POLICY) for
 * one address: for explanations.
 */
enum source_filter_value source_filter_statement_value(const struct source_filter_input *input, int target,
	size_t statement, const struct source_filter_address *address);

#endif
