/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * draft: one method (or one authorizer) of an API as it stands in the store now, deployed or not, ready to be run: what
 * TestInvokeMethod and TestInvokeAuthorizer try.
 *
 * It is a snapshot of its own with one API, one stage called test-invoke-stage with the variables that the test gives, and one
 * method: nothing else of the API is compiled, so a mistake elsewhere does not keep a test from running, and a build costs
 * the same whatever the size of the API. What a test skips is not in it: the resource policy, authorization, API keys.
 *
 * A draft shares no object with any other snapshot. Threads: draft_build() reads the store, so it belongs to the follower's thread
 * (follow_post()); afterwards it is immutable, and one thread at a time owns it.
 * Source: spec/control-plane.md 8.5; spec/console.md 5.3.
 */
#ifndef POSTERN_MODEL_DRAFT_H
#define POSTERN_MODEL_DRAFT_H

#include "appliance/model/authorizer.h"
#include "appliance/model/check.h"
#include "appliance/model/snapshot.h"
#include "appliance/wire/invoke.h"

#define DRAFT_STAGE "test-invoke-stage"

struct compile;
struct store;

struct draft {
	struct arena arena;
	struct snapshot *snapshot;
	const struct snapshot_api *api;
	const struct snapshot_stage *stage;
	/* --- of a method */
	struct view resource_path; /* as a template */
	enum route_verb verb;      /* of the request */
	const struct snapshot_method *method;
	/* --- of an authorizer */
	struct authorizer authorizer;
};

/*
 * Build what `question` is about. Returns 0; -ENOENT if there is no such API, resource, method or authorizer (or none any more);
 * -EINVAL, -ENOTSUP if it does not compile (compile->message says why); -EBUSY, -EIO from the store; -ENOMEM. draft_fini() is due
 * in any case.
 */
int draft_build(struct draft *draft, const struct compile *compile, struct store *store,
	const struct invoke_question *question, char message[CHECK_MESSAGE_MAX_BYTES])
	__attribute__((warn_unused_result));

void draft_fini(struct draft *draft);

#endif
