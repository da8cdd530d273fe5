/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/call.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/assert.h"
#include "appliance/base/clock.h"

struct call_hook {
	struct call_hook *next;
	call_hook_fn *run;
	const void *argument;
};

void call_init(struct call *call, struct control *control, const struct call_request *request)
{
	*call = (struct call){ .control = control, .request = *request, .wait.channel_fd = -1 };
	arena_init(&call->arena, NULL, CALL_ARENA_MAX_BYTES);
	buffer_init(&call->raw, SIZE_MAX / 2);
	random_uuid(call->request_id);
	call->input = json_object_new();
	call->output = json_object_new();
}

void call_fini(struct call *call)
{
	json_free(call->input);
	json_free(call->output);
	table_fini(&call->methods_by_name);
	json_free(call->methods);
	buffer_fini(&call->raw);
	if (call->wait.channel_fd >= 0)
		close(call->wait.channel_fd);
	if (call->wait.resume)
		buffer_fini(&call->wait.question);
	arena_fini(&call->arena);
}

int call_wait(struct call *call, int channel_fd, struct buffer *question, call_resume_fn *resume)
{
	call->wait = (struct call_wait){ .channel_fd = channel_fd, .question = *question, .resume = resume };
	return CALL_WAITS;
}

int call_status_of(const char *code)
{
	static const struct {
		const char *code;
		int status;
	} rows[] = {
#define ERROR(code, status) { code, status },
#include "appliance/control/errors.def"
#undef ERROR
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		if (strcmp(rows[i].code, code) == 0)
			return rows[i].status;
	return 400;
}

/* A message may quote what a client sent and end in the middle of a character: answers are UTF-8 all the same. */
static void make_utf8(char *text)
{
	struct view rest = view_from_text(text);
	size_t done = 0;

	while (done < rest.count) {
		size_t count = view_utf8_character(view_after(rest, done), NULL);

		if (count == 0)
			text[done] = '?';
		done += count ? count : 1;
	}
}

int call_fail(struct call *call, const char *code, const char *format, ...)
{
	va_list arguments;

	if (call->error_code)
		return CALL_FAILED;
	va_start(arguments, format);
	vsnprintf(call->error_message, sizeof call->error_message, format, arguments);
	va_end(arguments);
	make_utf8(call->error_message);
	call->error_code = code;
	call->status = call_status_of(code);
	return CALL_FAILED;
}

const char *call_text(struct call *call, const char *format, ...)
{
	struct view text;
	va_list arguments;

	va_start(arguments, format);
	text = arena_vprintf(&call->arena, format, arguments);
	va_end(arguments);
	ASSERT(text.at);
	return text.at;
}

struct view call_view(struct call *call, const char *format, ...)
{
	struct view text;
	va_list arguments;

	va_start(arguments, format);
	text = arena_vprintf(&call->arena, format, arguments);
	va_end(arguments);
	ASSERT(text.at);
	return text;
}

const char *call_text_of(struct call *call, struct view text)
{
	const char *copy = arena_text(&call->arena, text);

	ASSERT(copy);
	return copy;
}

struct view call_field(const struct call *call, const char *name)
{
	for (size_t i = 0; i < call->request.field_count; i++)
		if (view_equals_ignore_case(call->request.fields[i].name, view_from_text(name)))
			return call->request.fields[i].value;
	return (struct view){ 0 };
}

const char *call_input(const struct call *call, const char *name)
{
	return json_find_c_string(call->input, name);
}

bool call_input_has(const struct call *call, const char *name)
{
	return !json_is_null(json_find(call->input, name));
}

void call_take(const struct call *call, struct json *target, ...)
{
	const char *name;
	va_list names;

	va_start(names, target);
	while ((name = va_arg(names, const char *)) != NULL)
		if (call_input_has(call, name))
			json_set(target, name, json_copy(json_find(call->input, name)));
	va_end(names);
}

void call_answer(struct call *call, const struct json *value)
{
	json_free(call->output);
	call->output = json_copy(value);
	(void)json_remove(call->output, "postern");
}

static struct call_hook *hook_new(struct call *call, call_hook_fn *run, const void *argument, size_t argument_bytes)
{
	struct call_hook *hook = ARENA_NEW(&call->arena, struct call_hook);
	void *copy = arena_alloc(&call->arena, argument_bytes);

	ASSERT(hook && copy);
	if (argument_bytes)
		memcpy(copy, argument, argument_bytes);
	hook->run = run;
	hook->argument = copy;
	return hook;
}

void call_after_commit(struct call *call, call_hook_fn *run, const void *argument, size_t argument_bytes)
{
	struct call_hook *hook = hook_new(call, run, argument, argument_bytes);
	struct call_hook **end = &call->after_commit;

	while (*end)
		end = &(*end)->next;
	*end = hook;
}

void call_on_rollback(struct call *call, call_hook_fn *run, const void *argument, size_t argument_bytes)
{
	struct call_hook *hook = hook_new(call, run, argument, argument_bytes);

	hook->next = call->on_rollback;
	call->on_rollback = hook;
}

void call_run_hooks(struct call *call, bool committed)
{
	for (struct call_hook *hook = committed ? call->after_commit : call->on_rollback; hook; hook = hook->next)
		hook->run(call->control, hook->argument);
}

struct json *call_now_seconds(const struct call *call)
{
	char text[32];
	int count =
		snprintf(text, sizeof text, "%llu.%03u", (unsigned long long)(call->request.received_wall_ms / 1000),
			(unsigned)(call->request.received_wall_ms % 1000));

	return json_number_new(view_from(text, (size_t)count));
}

struct json *call_now_iso(const struct call *call)
{
	char text[CLOCK_TEXT_MAX_BYTES];
	size_t count = clock_write_iso_ms(text, call->request.received_wall_ms);

	return json_text_new(view_from(text, count));
}
