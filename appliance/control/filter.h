/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * filter: from records to the kernel's source filters: which sources every policy behind an endpoint denies, loaded by
 * posternd before the call that changed them is answered.
 *
 * Targets are the stages of all private APIs, each with the policy of its own deployment. Domains are none: a call through a
 * domain must pass the policy of its API as well, so a source that every API denies is denied there too, and where one
 * API may allow it the endpoint stays open anyway.
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

struct control;

/* Derive all filters and load those that changed. What can't be loaded is tried again by filter_retry(). */
void filter_refresh(struct control *control);

/* Try again what could not be loaded, if there is something. */
void filter_retry(struct control *control);

/* posternd may have lost what was loaded: load everything at the next refresh. */
void filter_forget_loaded(struct control *control);

/* The endpoint is gone. */
void filter_forget(struct control *control, const char *endpoint_id);

/* Drop all memory. */
void filter_fini(struct control *control);

/* What a statement index of a generation means. Views live until the next refresh; `policy` is the ARN of the API, or
 * "endpoint-policy"; `sid` is empty without one. False if the generation is forgotten or there is no statement. */
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

/* "source_denied" of FILTER_SOURCE_DENIED; "unknown" past the table. */
const char *filter_reason_name(unsigned reason);

#endif
