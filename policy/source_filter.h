/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * source_filter: from policies to address prefixes: which sources is it certain that every request will be refused for,
 * so that the kernel may refuse their packets.
 *
 * Soundness comes first: a source that some request could be allowed from is never dropped. A statement is judged three
 * times valued for an endpoint and an address: True (applies to every request), False (to none), Maybe. A policy drops an
 * address if a Deny is True, or if no Allow is True or Maybe and nobody else (identity policy, authorizer) can grant. An
 * endpoint drops it if on every way in some policy does.
 *
 * The parts of a statement that don't look at the address have one value for the whole address space; the conditions on
 * aws:VpcSourceIp are sets of intervals cut at CIDR edges. A statement is therefore an interval set, and a policy is
 * their union and complement: n CIDRs cost n log n, whatever the number of statements.
 *
 * Addresses are 128 bits wide: IPv4 stands at ::ffff:0:0/96 (as in the kernel's trie), and no IPv6 CIDR of a policy covers
 * that block, since families never match each other.
 *
 * What one target's policies drop at an endpoint is a value of its own, a part; what the endpoint's policy drops of the calls
 * to it is another, its gate. Whoever keeps them compiles a policy once: an endpoint's filter is the intersection over all
 * targets of gate or part, and another API's change recomputes none of them.
 *
 * The ways in. A call must be allowed by the endpoint's policy, for the API's ARN, and by the API's; one that comes by a
 * private custom domain also by the endpoint's policy for the domain's ARN and by the domain's policy. A stage that may be
 * called directly therefore drops what its own policy or the endpoint's drops, whatever domains in front of it say; a stage
 * whose default endpoint is disabled is reached by its domains alone, and each of these ways drops what any of its policies
 * drops. That holds everything for which section 10.3 asks ("the endpoint policy, or all APIs and custom domains reachable
 * through that endpoint say DROP"), and it is exact as to ways: an address that is left out has a way in that no policy
 * denies for certain; one that is dropped has none. So a domain is no target beside the stages, which would leave the
 * endpoint open whenever one domain denies nobody, but a second door in front of a target; and an API that the endpoint's
 * policy forbids keeps no endpoint open.
 *
 * Life cycle: source_filter_compile(), or parts and source_filter_combine(), whenever a deployment, an endpoint policy, an
 * association, a domain or a method's authorization changes; results are plain memory. Time and headers are Maybe, so the
 * passing of time changes nothing.
 * Threads: pure; a part never changes. Not here: what is done with a dropped packet (modes), security-group rules, ports.
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
	/*
	 * The private custom domain by which alone this target is reached here (its default endpoint is disabled): its
	 * policy and ARN count, the rest is not looked at. NULL: the target can be called directly. A stage behind several
	 * domains is a target for each of them.
	 */
	const struct source_filter_target *domain;
};

struct source_filter_input {
	struct policy_text endpoint_id;       /* aws:SourceVpce */
	struct policy_text vpc_id;            /* aws:SourceVpc */
	const struct policy *endpoint_policy; /* NULL: full access */
	bool plain_listener; /* aws:SecureTransport is false: a listener without TLS, as in local mode */
	/* All ways into all stages of all APIs reachable by this endpoint. None: the endpoint's policy alone counts. */
	const struct source_filter_target *targets;
	size_t target_count;
	size_t max_prefixes; /* 0 means SOURCE_FILTER_DEFAULT_MAX_PREFIXES */
	bool may_widen;      /* what does not fit is coarsened instead of refused, see source_filter_combine() */
};

enum source_filter_verdict { SOURCE_FILTER_PASS, SOURCE_FILTER_DROP };

/* What a DROP rests on, for events. */
struct source_filter_reason {
	int target;    /* index into `targets`; SOURCE_FILTER_ENDPOINT_POLICY: the endpoint's own policy */
	int statement; /* the Deny that is True; -1: no Allow can match, there is no policy, or no single one is known */
	bool by_domain; /* it is the policy of the target's domain */
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
	size_t needed_count; /* prefixes that the exact filter needs, without names of statements if these don't fit */
	bool widened;        /* some addresses pass that the policies drop, since needed_count was too much */
};

/*
 * Compile. Of the two ways to write the result (default PASS or default DROP) the one with fewer prefixes is taken. Where
 * reasons cut the space into more than `max_prefixes` pieces, verdicts come first: pieces are merged, and a prefix that
 * several statements are behind has statement -1.
 *
 * If the verdicts alone need more: with `may_widen` the result is coarsened soundly, a DROP may become a PASS, never the
 * other way round; see source_filter_combine(). Else -E2BIG, with the number needed in `ret->needed_count` and nothing
 * allocated.
 *
 * Returns 0 and a result to be ended with source_filter_fini(); -E2BIG; -ENOMEM.
 */
int source_filter_compile(struct source_filter *ret, const struct source_filter_input *input)
	__attribute__((warn_unused_result));

/* ---- parts ---- */

/* What a target's policies, or the endpoint's for it, drop at an endpoint: sorted disjoint intervals, each with its statement. */
struct source_filter_part;

/*
 * What parts have in common: those that drop the same for the same statements share one set of intervals, as the parts of
 * many APIs with one policy do. A pool and its parts belong to one thread; it must outlive them. NULL from new: no memory.
 */
struct source_filter_pool;
struct source_filter_pool *source_filter_pool_new(void);
/* NULL is fine. */
void source_filter_pool_free(struct source_filter_pool *pool);
/* Different sets in it. */
size_t source_filter_pool_count(const struct source_filter_pool *pool);

/*
 * A part: what the policies of `input->targets[target]` drop, the endpoint's left aside. `pool` may be NULL. Keeps no pointer
 * into the input. Returns 0 and a part for source_filter_part_free(), or -ENOMEM.
 */
int source_filter_part_new(struct source_filter_part **ret, struct source_filter_pool *pool,
	const struct source_filter_input *input, int target) __attribute__((warn_unused_result));

/*
 * A gate: what the endpoint's policy drops of the calls to `input->targets[target]`; with SOURCE_FILTER_NO_TARGET, of calls
 * to whatever there may be. Gates of one pool that drop the same are merged as one. Else as above.
 */
#define SOURCE_FILTER_NO_TARGET (-1)
int source_filter_gate_new(struct source_filter_part **ret, struct source_filter_pool *pool,
	const struct source_filter_input *input, int target) __attribute__((warn_unused_result));

/* NULL is fine. */
void source_filter_part_free(struct source_filter_part *part);

/*
 * Would the part (or gate) of this target be this very one? Asked of one that was made of the same policies: a part for
 * another endpoint, since most are equal in what a policy asks about them; a gate for another target. Costs a look at each
 * statement, none at its addresses.
 */
bool source_filter_part_serves(
	const struct source_filter_part *part, const struct source_filter_input *input, int target);

/* Intervals: 0 drops nothing. */
size_t source_filter_part_count(const struct source_filter_part *part);

/* One way in: it drops what either of the two does. */
struct source_filter_way {
	const struct source_filter_part *gate, *part;
};

/*
 * The filter of an endpoint: what all ways drop; without any, what the gate `alone` does (NULL: nothing). Reasons name the
 * first way's policies, the endpoint's before the others; `reason.target` is 0 then. Among the ways of a gate the walk
 * begins with the smallest part, takes equal ones once, and ends when nothing is left.
 *
 * `max_prefixes` (0: the default) and `may_widen` as in struct source_filter_input. Widening takes the better of two forms,
 * counted in IPv4 addresses and IPv6 networks of 64 bits that stay dropped: default PASS with the largest DROP prefixes; or
 * default DROP with PASS prefixes, of which neighbours are joined under their common prefix, cheapest first. n log n.
 *
 * Returns 0, -E2BIG or -ENOMEM as source_filter_compile() does.
 */
int source_filter_combine(struct source_filter *ret, const struct source_filter_way *ways, size_t way_count,
	const struct source_filter_part *alone, size_t max_prefixes, bool may_widen)
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
 * Value of one statement of `input->targets[target].policy` (or, with SOURCE_FILTER_ENDPOINT_POLICY, of the endpoint's policy
 * for calls to the first target) for
 * one address: for explanations.
 */
enum source_filter_value source_filter_statement_value(const struct source_filter_input *input, int target,
	size_t statement, const struct source_filter_address *address);

#endif
