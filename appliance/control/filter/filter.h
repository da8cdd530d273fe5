/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * filter: from records to the kernel's source filters: which sources every policy behind an endpoint denies, loaded by
 * posternd before the call that changed them is answered.
 *
 * A call that may change a filter (call->filters_stale) has all filters derived within its transaction, from the records as
 * they would be: filter_prepare(). If one of them needs more prefixes than the settings allow, and more than it does now,
 * the call is refused and nothing has changed; or, if the settings say so, the filter is widened (policy/source_filter.h).
 * What was derived is what filter_commit() loads. What is in the store already is never refused: when the limit was
 * lowered, or a filter grew by another way, it is widened with a warning.
 *
 * What a policy drops is kept, see filter_targets.h: a change derives anew what it changes, and merges.
 *
 * Threads: the operations thread. Source: spec/policy.md 10; policy/source_filter.h.
 */
#ifndef POSTERN_CONTROL_FILTER_H
#define POSTERN_CONTROL_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/view.h"
#include "ebpf/filter_contract.h"

struct call;
struct control;

/* Derive all filters and load those that changed. What can't be loaded is tried again by filter_retry(). */
void filter_refresh(struct control *control);

/* Before a transaction: what is in force is known, so that it can be told what a call makes worse. */
void filter_ensure_known(struct control *control);

/*
 * Within the call's transaction: derive the filters that it leads to. 0, or CALL_FAILED if one is too fine. What can't be
 * derived for another reason is left to filter_commit().
 */
int filter_prepare(struct call *call) __attribute__((warn_unused_result));

/* Load what filter_prepare() derived. */
void filter_commit(struct control *control);

/* Forget what filter_prepare() derived. */
void filter_rollback(struct control *control);

/* Try again what could not be loaded, if there is something. */
void filter_retry(struct control *control);

/* posternd may have lost what was loaded: load everything at the next refresh. */
void filter_forget_loaded(struct control *control);

/* The endpoint is gone. */
void filter_forget(struct control *control, const char *endpoint_id);

/* Drop all memory. */
void filter_fini(struct control *control);

/* What is known of an endpoint's filter; false if there is none. */
struct filter_need {
	size_t needed_count; /* prefixes of the exact filter */
	bool widened;        /* it is not that filter which is loaded */
};
bool filter_need_of(const struct control *control, const char *endpoint_id, struct filter_need *ret);

/* Most prefixes of an endpoint's filter, from the settings. */
size_t filter_limit(const struct control *control);

/* What a statement index of a generation means. Views live until the next refresh; `policy` is the ARN of the API or the
 * domain, or "endpoint-policy"; `sid` is empty without one. False if the generation is forgotten or there is no statement. */
struct filter_statement {
	struct view policy;
	struct view sid;
	int statement; /* counted from 0 */
};
bool filter_explain(const struct control *control, const char *endpoint_id, uint64_t generation, uint32_t statement,
	struct filter_statement *ret);

/* "reset", "drop", "observe"; anything else is reset. */
enum filter_mode filter_mode_of(const char *name);
const char *filter_mode_name(unsigned mode);

/* "off", "policy", "admitted"; NULL and anything else is admitted. */
enum filter_dns filter_dns_of(const char *name);

/* "source_denied" of FILTER_SOURCE_DENIED; "unknown" past the table. */
const char *filter_reason_name(unsigned reason);

#endif
