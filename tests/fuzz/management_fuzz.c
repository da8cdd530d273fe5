/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any signed management call: every operation of every service with any path, query and body, against a store that holds a little. Whatever
 * comes, the answer has a status and a form, no call fails for a reason of Postern's own (500), and the next one is answered: nothing is
 * left half done.
 *
 * An input is several calls, a line or more each: the number of a row of operations.def, a space, what its target's path parameters and
 * query are, a newline, the body up to a line "--" alone. `@` in it is the id of the API that is there, `^` that of its root resource.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/assert.h"
#include "appliance/base/log.h"
#include "appliance/control/control.h"
#include "appliance/control/dialect.h"
#include "appliance/control/dispatch.h"
#include "appliance/control/operations.h"
#include "appliance/control/state.h"
#include "appliance/control/worker.h"
#include "tests/unit/control/signed_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The store is begun anew after as many inputs, so that it stays small. */
#define INPUTS_OF_A_STORE 200
#define CALLS_MAX 8
#define TARGET_MAX_BYTES 4096

static const struct signer signer = { "AKIATESTTESTTESTTEST", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1",
	0 };
static char folder[] = "/dev/shm/postern-management-XXXXXX", api_id[16], root_id[16];
static struct loop *loop;
static struct control *control;
static struct netns_network network = { .vpc_id = "vpc-0a1b2c3d",
	.subnet_id = "subnet-1",
	.zone = "us-east-1a",
	.attachment = NETNS_ATTACH_BRIDGE,
	.v4 = { .family = AF_INET, .prefix_bits = 24, .bytes = { 10, 20, 0, 0 } } };

/* --- the appliance ------------------------------------------------------------------------------------------------------ */

static void empty_folder(void)
{
	DIR *files = opendir(folder);
	struct dirent *entry;

	while (files && (entry = readdir(files)))
		(void)unlinkat(dirfd(files), entry->d_name, 0);
	closedir(files);
}

static void at_exit(void)
{
	empty_folder();
	rmdir(folder);
}

static int ask(struct dispatch_response *answer, struct view service, struct view method, struct view target,
	struct sigv4_header field, struct view body)
{
	struct signed_request made;
	int error = signed_request_make(&made, &signer, service, method, target, field, body);
	struct call *waiting = error == 0 ? dispatch(control, &made.request, answer) : NULL;

	/* The gateway, which is asked for some, is not there. */
	if (waiting)
		dispatch_resume(waiting, -EPIPE, view_of(""), answer);
	signed_request_fini(&made);
	return error;
}

static void keep_id(char ret[16], const struct dispatch_response *answer, const char *name)
{
	struct json JSON_CLEANUP *body = NULL;

	ASSERT(json_parse(buffer_view(&answer->body), NULL, &body, NULL) == 0);
	snprintf(ret, 16, "%s", json_find_c_string(body, name));
}

static void begin(void)
{
	const struct control_settings settings = { .account_id = "000000000000",
		.region = "us-east-1",
		.state_dir = folder,
		.access_key_id = signer.key,
		.secret_access_key = signer.secret,
		.audit_log_fd = -1,
		.wake_fd = -1,
		.client_record_fd = -1,
		.request_record_fd = -1,
		.line_record_fd = -1,
		.networks = &network,
		.network_count = 1 };
	const struct sigv4_header plain = { view_of("Accept"), view_of("application/json") };
	struct dispatch_response answer;
	const char *message = "";

	empty_folder();
	loop = loop_new();
	ASSERT(loop && control_open(&control, loop, &settings, &message) == 0);
	worker_stop(&control->worker);
	ASSERT(ask(&answer, view_of("apigateway"), view_of("POST"), view_of("/restapis"), plain,
		       view_of("{\"name\":\"pets\",\"endpointConfiguration\":{\"types\":[\"PRIVATE\"]}}")) == 0 &&
		answer.status == 201);
	keep_id(api_id, &answer, "id");
	keep_id(root_id, &answer, "rootResourceId");
	dispatch_response_fini(&answer);
}

static void end(void)
{
	control_close(control);
	loop_free(loop);
	control = NULL;
}

/* --- one call ------------------------------------------------------------------------------------------------------------ */

static void append_with_ids(struct buffer *buffer, struct view text)
{
	for (size_t i = 0; i < text.count; i++) {
		if (text.at[i] == '@')
			buffer_append_text(buffer, api_id);
		else if (text.at[i] == '^')
			buffer_append_text(buffer, root_id);
		else
			buffer_append_byte(buffer, text.at[i]);
	}
}

/* The row's URI with its parameters from `words`, what is left of them behind a "?" (or "&" where the row has a query). */
static void append_target(struct buffer *target, const struct operation *operation, struct view words)
{
	const char *uri = *operation->uri ? operation->uri : "/";
	struct view word;

	for (const char *at = uri; *at; at++) {
		if (*at != '{') {
			buffer_append_byte(target, *at);
			continue;
		}
		at = strchr(at, '}');
		if (!view_cut(words, ' ', &word, &words)) {
			word = words;
			words = view_of("");
		}
		append_with_ids(target, word.count ? word : view_of("x"));
	}
	if (words.count) {
		buffer_append_byte(target, strchr(uri, '?') ? '&' : '?');
		append_with_ids(target, words);
	}
}

/* A target is one word of a request line: what no client can send is not sent. */
static bool is_sendable(struct view target)
{
	for (size_t i = 0; i < target.count; i++)
		if ((unsigned char)target.at[i] <= ' ' || (unsigned char)target.at[i] >= 127)
			return false;
	return true;
}

static void check_answer(const struct operation *operation, const struct dispatch_response *answer)
{
	struct json JSON_CLEANUP *body = NULL;

	ASSERT(answer->status >= 200 && answer->status < 600 && answer->status != 500);
	if (answer->status < 400 || !services[operation->service].dialect->error_field)
		return;
	ASSERT(answer->error_type[0]);
	ASSERT(json_parse(buffer_view(&answer->body), NULL, &body, NULL) == 0 && json_find(body, "message"));
}

static void one_call(const struct operation *operation, struct view words, struct view text)
{
	const struct service *service = &services[operation->service];
	struct sigv4_header field = { view_of("Accept"), view_of("application/json") };
	struct dispatch_response answer;
	struct buffer target, body, action;

	buffer_init(&target, TARGET_MAX_BYTES);
	buffer_init(&body, 1 << 20);
	buffer_init(&action, 256);
	append_target(&target, operation, words);
	if (*operation->method == '\0' && strstr(service->dialect->name, "query"))
		buffer_printf(&body, "Action=%s&Version=%s&", operation->name, service->version);
	append_with_ids(&body, text);
	if (*operation->method == '\0' && strstr(service->dialect->name, "json")) {
		buffer_printf(&action, "Any.%s", operation->name);
		field = (struct sigv4_header){ view_of("X-Amz-Target"), buffer_view(&action) };
	}
	if (buffer_error(&target) == 0 && buffer_error(&body) == 0 && is_sendable(buffer_view(&target)) &&
		ask(&answer, view_from_text(service->name),
			view_from_text(*operation->method ? operation->method : "POST"), buffer_view(&target), field,
			buffer_view(&body)) == 0) {
		check_answer(operation, &answer);
		dispatch_response_fini(&answer);
	}
	buffer_fini(&target);
	buffer_fini(&body);
	buffer_fini(&action);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned inputs;
	struct view rest = view_from(data, size);

	if (inputs == 0) {
		log_start("fuzz", LOG_LEVEL_ERROR, LOG_FORM_TEXT);
		ASSERT(mkdtemp(folder));
		atexit(at_exit);
	}
	if (inputs++ % INPUTS_OF_A_STORE == 0) {
		if (control)
			end();
		begin();
	}
	for (unsigned calls = 0; calls < CALLS_MAX && rest.count; calls++) {
		const struct view mark = view_of("\n--\n");
		size_t length = view_find(rest, mark);
		struct view call = view_part(rest, 0, length), line, body, number, words;
		uint64_t row;

		rest = length == VIEW_NOWHERE ? view_of("") : view_after(rest, length + mark.count);
		if (!view_cut(call, '\n', &line, &body)) {
			line = call;
			body = view_of("");
		}
		if (!view_cut(line, ' ', &number, &words)) {
			number = line;
			words = view_of("");
		}
		if (view_parse_u64(number, UINT32_MAX, &row) < 0)
			continue;
		one_call(&operations[row % operation_count], words, body);
	}
	return 0;
}
