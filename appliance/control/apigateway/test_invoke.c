/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TestInvokeMethod and TestInvokeAuthorizer: what is asked is looked at here, the gateway tries it (pipeline/test_invoke.h), and what
 * it says is put into AWS's form. The call waits meanwhile, others are carried out (call_wait()). Both have access OWN: they change
 * nothing in the store, but back ends may be called, so who did it is noted and audited.
 */
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/apigateway/apis.h"
#include "appliance/control/apigateway/authorizers.h"
#include "appliance/control/operations.h"
#include "appliance/control/posternd.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"
#include "appliance/wire/invoke.h"

static const char no_method[] = "Invalid Method identifier specified";

/* --- the question ---------------------------------------------------------------------------------------------------- */

static bool has_pair(const struct invoke_pair *pairs, size_t count, struct view name, struct view value)
{
	for (size_t i = 0; i < count; i++)
		if (view_equals(pairs[i].name, name) && view_equals(pairs[i].value, value))
			return true;
	return false;
}

static struct invoke_pair *pairs_new(struct call *call, size_t count)
{
	struct invoke_pair *pairs = ARENA_NEW_ARRAY(&call->arena, struct invoke_pair, count);

	ASSERT(pairs);
	return pairs;
}

/* A map of texts. */
static struct invoke_pairs take_map(struct call *call, const char *member)
{
	const struct json *map = json_find(call->input, member);
	struct invoke_pair *pairs = pairs_new(call, json_count(map));
	struct invoke_pairs taken = { .at = pairs };

	JSON_EACH(value, map)
	pairs[taken.count++] = (struct invoke_pair){ json_name(value), json_text(value) };
	return taken;
}

/* headers and multiValueHeaders become one list; the same name and value in both count once. */
static struct invoke_pairs take_fields(struct call *call)
{
	const struct json *lists = json_find(call->input, "multiValueHeaders");
	struct invoke_pairs single = take_map(call, "headers"), taken = { 0 };
	size_t room = single.count;
	struct invoke_pair *pairs;

	JSON_EACH(list, lists)
	room += json_count(list);
	pairs = pairs_new(call, room);
	if (single.count)
		memcpy(pairs, single.at, single.count * sizeof *pairs);
	taken = (struct invoke_pairs){ .at = pairs, .count = single.count };
	JSON_EACH(list, lists)
	JSON_EACH(value, list)
	if (!has_pair(single.at, single.count, json_name(list), json_text(value)))
		pairs[taken.count++] = (struct invoke_pair){ json_name(list), json_text(value) };
	return taken;
}

static int too_many(struct call *call, size_t count, const char *member)
{
	if (count <= INVOKE_PAIRS_MAX)
		return 0;
	return call_fail(call, "BadRequestException", "%s: there are more than %d", member, INVOKE_PAIRS_MAX);
}

/* Each list alone, before two of them are compared with each other. */
static int check_counts(struct call *call)
{
	static const char *const maps[] = { "headers", "stageVariables", "additionalContext" };
	size_t value_count = 0;
	int error = 0;

	for (size_t i = 0; i < ARRAY_COUNT(maps) && error == 0; i++)
		error = too_many(call, json_count(json_find(call->input, maps[i])), maps[i]);
	JSON_EACH(list, json_find(call->input, "multiValueHeaders"))
	value_count += json_count(list);
	return error < 0 ? error : too_many(call, value_count, "multiValueHeaders");
}

/* Have posternd make the channel. 0 and the descriptor, or a failure. */
static int open_channel(struct call *call, int *ret_fd)
{
	const struct verb_empty nothing = { 0 };
	struct verb_message *reply = NULL;
	int error = posternd_call(call->control, VERB_INVOKE_CHANNEL, &nothing, NULL, 0, &reply);

	*ret_fd = error == 0 ? client_take_fd(reply, 0) : -1;
	if (*ret_fd >= 0)
		return 0;
	return call_fail(
		call, "ServiceUnavailableException", "The gateway does not serve at the moment. Please try again.");
}

static int ask(struct call *call, const struct invoke_question *question, call_resume_fn *resume)
{
	struct buffer message;
	int error = too_many(call, question->fields.count, "headers"), fd = -1;

	if (error == 0 && call->control->waiting_count >= CONTROL_WAITING_MAX)
		error = call_fail(call, "TooManyRequestsException", "Too Many Requests");
	if (error < 0)
		return error;
	buffer_init(&message, INVOKE_MESSAGE_MAX_BYTES);
	invoke_write_question(&message, question);
	if (buffer_error(&message))
		error = call_fail(call, "RequestTooLargeException", "The request is too large to be tried");
	if (error == 0)
		error = open_channel(call, &fd);
	if (error == 0)
		return call_wait(call, fd, &message, resume);
	buffer_fini(&message);
	return error;
}

/* The members that both have. */
static struct invoke_question question_of(struct call *call, enum invoke_kind kind, const char *part_member)
{
	return (struct invoke_question){
		.kind = kind,
		.has_path = call_input_has(call, "pathWithQueryString"),
		.rest_api_id = json_find_text(call->input, "restApiId"),
		.part_id = json_find_text(call->input, part_member),
		.path = json_find_text(call->input, "pathWithQueryString"),
		.body = json_find_text(call->input, "body"),
		.fields = take_fields(call),
		.variables = take_map(call, "stageVariables"),
		.context = take_map(call, "additionalContext"),
	};
}

/* --- the answer ------------------------------------------------------------------------------------------------------ */

/* What came instead of an answer, or one that says that there is none. `missing` is what AWS says of what is not there. */
static int fail_without_answer(struct call *call, int error, const struct invoke_answer *answer, const char *missing)
{
	if (error == -ETIMEDOUT)
		return call_fail(call, "ServiceUnavailableException", "The test did not end within %u seconds.",
			invoke_limit_ms(call->control->settings.integration_timeout_max_ms) / 1000);
	if (error < 0)
		return call_fail(call, "ServiceUnavailableException",
			"The gateway ended before the test did. Please try again.");
	switch (answer->outcome) {
	case INVOKE_GONE:
		return call_fail(call, "NotFoundException", "%s", missing);
	case INVOKE_REFUSED:
		return call_fail(call, "BadRequestException", VIEW_FMT, VIEW_ARG(answer->message));
	default:
		return call_fail(call, "ServiceUnavailableException",
			"The gateway can't run a test at the moment. Please try again.");
	}
}

/* The gateway is not trusted with what goes into JSON. */
static int check_texts(struct call *call, const struct invoke_answer *answer)
{
	bool fine = view_is_utf8(answer->body) && view_is_utf8(answer->log);

	for (size_t i = 0; i < answer->fields.count; i++)
		fine = fine && view_is_utf8(answer->fields.at[i].name) && view_is_utf8(answer->fields.at[i].value);
	if (fine)
		return 0;
	return call_fail(call, "InternalFailure", "The method answered with fields that are no text.");
}

/* The whole of what the gateway said, if the test ran. */
static int read_answer(
	struct call *call, int error, struct view message, const char *missing, struct invoke_answer *ret)
{
	if (error == 0)
		error = invoke_read_answer(ret, message, &call->arena);
	if (error < 0 || ret->outcome != INVOKE_RAN)
		return fail_without_answer(call, error, ret, missing);
	return check_texts(call, ret);
}

static void put_fields(struct call *call, struct invoke_pairs fields)
{
	struct json *last = json_ensure_object(call->output, "headers"),
		    *all = json_ensure_object(call->output, "multiValueHeaders");

	for (size_t i = 0; i < fields.count; i++) {
		struct view name = fields.at[i].name, value = fields.at[i].value;

		json_set_view(last, name, json_text_new(value));
		if (!json_find_view(all, name))
			json_set_view(all, name, json_array_new());
		json_append_text(json_find_view(all, name), value);
	}
}

static int method_tried(struct call *call, int error, struct view message)
{
	struct invoke_answer answer;

	error = read_answer(call, error, message, no_method, &answer);
	if (error < 0)
		return error;
	json_set_integer(call->output, "status", answer.status);
	json_set_text(call->output, "body", answer.body);
	put_fields(call, answer.fields);
	json_set_text(call->output, "log", answer.log);
	json_set_integer(call->output, "latency", answer.latency_ms);
	return 0;
}

static int authorizer_tried(struct call *call, int error, struct view message)
{
	struct invoke_answer answer;

	error = read_answer(call, error, message, "Invalid Authorizer identifier specified", &answer);
	if (error < 0)
		return error;
	json_set_integer(call->output, "clientStatus", answer.status);
	json_set_text(call->output, "log", answer.log);
	json_set_integer(call->output, "latency", answer.latency_ms);
	return 0;
}

/* --- the operations -------------------------------------------------------------------------------------------------- */

static int check_certificate(struct call *call)
{
	const char *id = call_input(call, "clientCertificateId");

	if (!id || !*id || record_exists(call, STORE_clientcertificate, id))
		return 0;
	return call_fail(call, "NotFoundException", "Invalid Client Certificate identifier specified");
}

int op_test_invoke_method(struct call *call)
{
	struct json JSON_CLEANUP *resource = NULL;
	struct invoke_question question;
	const struct json *methods;
	int error = resource_find(call, &resource);

	if (error < 0)
		return error;
	methods = json_find(resource, "resourceMethods");
	if (!json_find(methods, call_input(call, "httpMethod")) && !json_find(methods, "ANY"))
		return call_fail(call, "NotFoundException", "%s", no_method);
	error = check_certificate(call);
	if (error == 0)
		error = check_counts(call);
	if (error < 0)
		return error;
	question = question_of(call, INVOKE_METHOD, "resourceId");
	question.http_method = json_find_text(call->input, "httpMethod");
	question.client_certificate_id = json_find_text(call->input, "clientCertificateId");
	return ask(call, &question, method_tried);
}

int op_test_invoke_authorizer(struct call *call)
{
	struct json JSON_CLEANUP *authorizer = NULL;
	struct invoke_question question;
	int error = authorizer_find(call, &authorizer);

	if (error == 0)
		error = check_counts(call);
	if (error < 0)
		return error;
	question = question_of(call, INVOKE_AUTHORIZER, "authorizerId");
	return ask(call, &question, authorizer_tried);
}
