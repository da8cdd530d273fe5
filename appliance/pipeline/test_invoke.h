/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_invoke: a method (or an authorizer) is tried by its owner: TestInvokeMethod, TestInvokeAuthorizer.
 *
 * A test is an exchange that comes by no connection (http/memory.h), made of what the owner gave, and runs the very phases that
 * traffic passes, from the validation of the request on. The phases before that are what AWS's test skips: host and stage are not
 * looked for, since the question names the method; no policy is asked, nobody is authenticated, no key is wanted. It sees a draft
 * (model/draft.h) in the place of a snapshot, writes an execution log, and leaves no trace in access log, counters and
 * records. $context shows what AWS shows in a test: stage test-invoke-stage, source address test-invoke-source-ip.
 *
 *	test_invoke_begin(test, ...)   runs; done(test) is called once, there or later
 *	test_invoke_cancel(test)       before done(): it gives up what is under way, and done() is called
 *	test_invoke_write(test, ...)   in done() or later: the answer
 *	test_invoke_close(test)        after done()
 *
 * Threads: the worker's. Source: spec/control-plane.md 8.5; spec/auth.md 4.2, 4.4.
 */
#ifndef POSTERN_PIPELINE_TEST_INVOKE_H
#define POSTERN_PIPELINE_TEST_INVOKE_H

#include "appliance/http/memory.h"
#include "appliance/model/draft.h"
#include "appliance/observe/request_id.h"
#include "appliance/pipeline/execution_log.h"
#include "appliance/pipeline/pipeline.h"
#include "appliance/wire/invoke.h"

struct test_invoke;

/* What it works with. All is borrowed until test_invoke_close(). */
struct test_invoke_input {
	struct pipeline_worker *worker;
	struct outbound_place *place; /* where calls of back ends leave from; NULL: the gateway's own namespace */
	const struct invoke_question *question;
	const struct draft *draft;
	void (*done)(struct test_invoke *test);
};

struct test_invoke {
	struct http_memory memory;
	struct pipeline_listener listener;
	struct execution_log log;
	struct test_invoke_input input;
	char request_id[REQUEST_ID_BYTES];
	uint64_t began_ns, ended_ns;
	const char *refused; /* it could not be made a request; NULL: it was */
};

void test_invoke_begin(struct test_invoke *test, const struct test_invoke_input *input);
void test_invoke_cancel(struct test_invoke *test);

/* Append the answer's message to `ret`; its sticky error says that it did not fit. */
void test_invoke_write(const struct test_invoke *test, struct buffer *ret);

void test_invoke_close(struct test_invoke *test);

#endif
