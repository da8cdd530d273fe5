/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/dispatch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/base/log.h"
#include "appliance/control/audit.h"
#include "appliance/control/authenticate.h"
#include "appliance/control/authorize.h"
#include "appliance/control/checkpoint.h"
#include "appliance/control/dialect.h"
#include "appliance/control/endpoints.h"
#include "appliance/control/filter/filter.h"
#include "appliance/control/iam/identity.h"
#include "appliance/control/iam/last_used.h"
#include "appliance/control/operations.h"
#include "appliance/control/posternd.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"
#include "appliance/control/unchanged.h"

/* Who makes a call that nobody made. */
#define OWN_PRINCIPAL "postern"

/* Tell the gateway that there is something new; it would find out by itself a little later. */
static void wake_gateway(const struct control *control)
{
	if (control->settings.wake_fd >= 0 && eventfd_write(control->settings.wake_fd, 1) < 0)
		log_warning("the gateway can't be woken", LOG_ERRNO(-errno));
}

/* A reader keeps the writer out: the store's bound is over, so it is ended. */
static void restart_gateway(struct control *control)
{
	int error = posternd_call(control, VERB_GATEWAY_RESTART, NULL, NULL, 0, NULL);

	log_error("a reader holds up the store's writer, so the gateway is started anew", LOG_ERRNO(error));
}

/* What kept a transaction from being begun, filled or made durable, as an answer. */
static void fail_for_store(struct call *call, int error)
{
	if (error == -EBUSY) {
		restart_gateway(call->control);
		(void)call_fail(call, "ServiceUnavailableException", "The store is busy. Please try again.");
	} else if (error == -ENOSPC) {
		(void)call_fail(call, "ServiceUnavailableException", "The store can't grow: no space is left.");
	} else if (error == -EROFS || error == -EACCES) {
		(void)call_fail(
			call, "ServiceUnavailableException", "The store is read-only: its disk takes no writes.");
	} else if (error == -EMSGSIZE) {
		(void)call_fail(call, "LimitExceededException", "The resource is larger than the store takes.");
	} else {
		log_error("a management call failed",
			LOG_TEXT("operation", call->operation ? call->operation->name : "?"), LOG_ERRNO(error));
		(void)call_fail(
			call, "InternalFailure", "The request processing has failed because of an unknown error.");
	}
}

/* An access key that could not be read is not an unknown one. */
static void fail_unread(struct call *call)
{
	call->error_code = NULL;
	fail_for_store(call, call->store_error);
}

/* What must hold outside of the store before the call is answered. */
static void act_on_commit(struct call *call, uint64_t revision)
{
	struct control *control = call->control;

	call->revision = revision;
	counters_set(control->counts, COUNTERS_store_revision, 0, revision);
	wake_gateway(control);
	call_run_hooks(call, true);
	if (control->filters_stale)
		endpoints_reconcile(control);
	else if (call->filters_stale)
		filter_commit(control);
	filter_rollback(control);
}

/* Handlers read texts as C strings: one with a NUL inside would be cut, or be none. */
static bool has_nul(const struct json *value)
{
	if (json_is_text(value))
		return json_c_string(value) == NULL;
	JSON_EACH(child, value)
	if (has_nul(child) || view_find_byte(json_name(child), '\0') != VIEW_NOWHERE)
		return true;
	return false;
}

static int check_input(struct call *call)
{
	if (has_nul(call->input))
		return call_fail(call, "ValidationException", "A text of the request holds the character U+0000");
	return call->service->dialect->check(call);
}

static void run_in_transaction(struct call *call)
{
	struct store *store = call->control->store;
	uint64_t revision = 0;
	int error;

	if (checkpoint_is_over(call->control) && call->operation->handle != op_rollback_checkpoint) {
		(void)call_fail(call, "ServiceUnavailableException",
			"Changes that were not confirmed in time are being taken back. Please try again.");
		return;
	}
	filter_ensure_known(call->control);
	error = store_begin(store);
	if (error < 0) {
		fail_for_store(call, error);
		return;
	}
	error = unchanged_check(call);
	if (error == 0)
		error = call->operation->handle(call);
	/* A change that the caller may not make: the handler went on, but nothing of it is kept. */
	if (error == 0 && call->error_code)
		error = CALL_FAILED;
	if (call->store_error < 0) {
		/* What the handler concluded from records that it could not read counts for nothing. */
		call->error_code = NULL;
		error = call->store_error;
	}
	if (error == 0 && call->filters_stale)
		error = filter_prepare(call);
	if (error == 0)
		error = store_commit(store, &revision);
	if (error < 0) {
		store_rollback(store);
		filter_rollback(call->control);
		if (error != CALL_FAILED)
			fail_for_store(call, error);
		call_run_hooks(call, false);
		return;
	}
	act_on_commit(call, revision);
}

/* Whether a handler that is not within a transaction did well; false: it waits. */
static bool settle(struct call *call, int error)
{
	if (error == CALL_WAITS) {
		ASSERT(call->operation->access != OPERATION_WRITE);
		return false;
	}
	if (call->store_error < 0) {
		call->error_code = NULL;
		error = call->store_error;
	}
	if (error < 0 && error != CALL_FAILED)
		fail_for_store(call, error);
	return true;
}

/* False: the call waits. */
static bool run(struct call *call)
{
	call->status = call->operation->status;
	if (call->operation->access == OPERATION_WRITE) {
		run_in_transaction(call);
		return true;
	}
	return settle(call, call->operation->handle(call));
}

static void answer(struct call *call, struct dispatch_response *ret)
{
	const struct dialect *dialect = call->service->dialect;

	ret->revision = call->revision;
	if (!ret->revision && store_revision(call->control->store, &ret->revision) < 0)
		ret->revision = 0;
	ret->content_type = dialect->content_type;
	memcpy(ret->request_id, call->request_id, sizeof ret->request_id);
	if (call->error_code) {
		dialect->encode_failure(call, &ret->body);
		if (dialect->error_field)
			snprintf(ret->error_type, sizeof ret->error_type, "%s", call->error_code);
		if (call->detail)
			snprintf(ret->detail, sizeof ret->detail, "%s", call->detail);
	} else if (call->raw_content_type) {
		ret->content_type = call->raw_content_type;
		buffer_append(&ret->body, buffer_view(&call->raw));
		if (call->disposition)
			snprintf(ret->disposition, sizeof ret->disposition, "%s", call->disposition);
	} else {
		dialect->encode(call, &ret->body);
		/* The dialect may have chosen another form of its own. */
		if (call->raw_content_type)
			ret->content_type = call->raw_content_type;
		if (call->location)
			snprintf(ret->location, sizeof ret->location, "%s", call->location);
	}
	ret->status = call->status;
	if (buffer_error(&ret->body) == 0)
		return;
	log_error("an answer is too large to be sent",
		LOG_TEXT("operation", call->operation ? call->operation->name : "?"));
	buffer_fini(&ret->body);
	buffer_init(&ret->body, DISPATCH_ANSWER_MAX_BYTES);
	ret->status = 500;
	ret->content_type = NULL;
}

static void note(const struct call *call)
{
	const char *name = call->operation ? call->operation->name : "?";

	if (!call->error_code && (!call->operation || call->operation->access == OPERATION_READ))
		return;
	if (call->error_code)
		log_info("management call refused", LOG_TEXT("service", call->service->name),
			LOG_TEXT("operation", name), LOG_TEXT("code", call->error_code),
			LOG_TEXT("message", call->error_message), LOG_TEXT("detail", call->detail ? call->detail : ""),
			LOG_TEXT("request_id", call->request_id));
	else
		log_info("management call", LOG_TEXT("service", call->service->name), LOG_TEXT("operation", name),
			LOG_TEXT("principal", call->principal_arn), LOG_TEXT("request_id", call->request_id));
}

/* Which operation it is, on what, and whether the caller may. 0, CALL_FAILED or another negative errno. */
static int admit(struct call *call)
{
	int error = call->service->dialect->decode(call);

	if (error == 0)
		error = dialect_check_texts(call);
	if (error == 0)
		error = authorize(call);
	return error;
}

/* Leave word of the call, and forget what it made stale. */
static void finish(struct call *call, int status)
{
	note(call);
	audit_call(call, status);
	if (call->identities_stale)
		identities_forget(call->control);
}

static void conclude(struct call *call, struct dispatch_response *ret)
{
	answer(call, ret);
	finish(call, ret->status);
	counters_up(call->control->counts, COUNTERS_management_requests, (unsigned)call->service->id);
	if (call->error_code)
		counters_up(call->control->counts, COUNTERS_management_failures, (unsigned)call->service->id);
	call_fini(call);
	free(call);
}

/* What the call knows of its caller belongs to this thread, and may be gone when it goes on. */
static void wait_begin(struct call *call)
{
	call->control->waiting_count++;
	call->principal_arn = call_text_of(call, view_from_text(call->principal_arn));
	call->access_key = call_text_of(call, view_from_text(call->access_key));
	call->identity = NULL;
}

struct call *dispatch(struct control *control, const struct call_request *request, struct dispatch_response *ret)
{
	struct call *call = calloc(1, sizeof *call);
	int error;

	ASSERT(call);
	/* No call sees a state whose time is over. */
	checkpoint_look(control);
	*ret = (struct dispatch_response){ .status = 500 };
	buffer_init(&ret->body, DISPATCH_ANSWER_MAX_BYTES);
	call_init(call, control, request);
	error = authenticate(call);
	call->authenticated = error == 0;
	if (error == 0) {
		last_used_note(call);
		error = admit(call);
	}
	if (error == 0)
		error = check_input(call);
	if (error == 0) {
		if (!run(call)) {
			wait_begin(call);
			return call;
		}
	} else if (call->store_error < 0 && call->operation == NULL) {
		fail_unread(call);
	} else if (error != CALL_FAILED) {
		fail_for_store(call, error);
	}
	conclude(call, ret);
	return NULL;
}

void dispatch_resume(struct call *call, int error, struct view answer, struct dispatch_response *ret)
{
	call->control->waiting_count--;
	ASSERT(settle(call, call->wait.resume(call, error, answer)));
	conclude(call, ret);
}

void dispatch_abandon(struct call *call)
{
	call->control->waiting_count--;
	call_fini(call);
	free(call);
}

void dispatch_own(struct control *control, const struct operation *operation)
{
	const struct call_request nothing = { .received_wall_ms = clock_wall_ms() };
	struct call call;

	call_init(&call, control, &nothing);
	call.service = &services[operation->service];
	call.operation = operation;
	call.principal_arn = OWN_PRINCIPAL;
	call.authenticated = true;
	ASSERT(run(&call));
	finish(&call, call.status);
	call_fini(&call);
}

void dispatch_response_fini(struct dispatch_response *response)
{
	buffer_fini(&response->body);
}
