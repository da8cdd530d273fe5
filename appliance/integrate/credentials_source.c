/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The source: one entry for each role that was asked for. An entry that is fetched goes through steps, each one HTTP call:
 *
 *	the base   TOKEN ──► ROLE_NAME ──► INSTANCE
 *	a role     (the base, if it is not there) ──► ASSUME
 *
 * and then answers all questions that came in meanwhile.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/base/clock.h"
#include "appliance/base/log.h"
#include "appliance/base/table.h"
#include "appliance/integrate/aws_request.h"
#include "appliance/integrate/credentials_parse.h"
#include "appliance/integrate/credentials_state.h"
#include "appliance/wire/uri.h"

/* Each call of STS or the metadata service has that long. */
#define FETCH_TIMEOUT_MS 5000
/* Memory of one call's request. */
#define FETCH_ARENA_BYTES 262144
/* Life of the metadata service's token, and of a role's session: what AWS gives without being asked. */
#define INSTANCE_TOKEN_S "21600"
#define SESSION_S "3600"

enum step { STEP_IDLE, STEP_WAITS_FOR_BASE, STEP_TOKEN, STEP_ROLE_NAME, STEP_INSTANCE, STEP_ASSUME };

struct entry {
	struct credentials_source *source;
	struct credentials_set *set;
	bool failed;
	int64_t again_s; /* after a failure */
	uint64_t used;
	struct list questions;
	struct list_link link; /* STEP_WAITS_FOR_BASE: in the base's `dependents` */
	struct list dependents;

	/* the fetch */
	enum step step;
	struct outbound_call call;
	struct http_request request;
	struct arena arena;
	struct view body;
	struct buffer answer, room;
	int status;
	char token[CREDENTIALS_KEY_MAX_BYTES + 1]; /* of the metadata service */

	char why[CREDENTIALS_WHY_BYTES];
	size_t role_count;
	char role[];
};

struct credentials_source {
	struct loop *loop;
	const struct credentials_config *config;
	struct outbound *outbound;
	struct outbound_origin instance;
	struct table entries; /* by role */
	uint64_t use_count;
};

static void go_on(struct entry *entry);
static void begin(struct entry *entry);

static int64_t now_s(void)
{
	return (int64_t)(clock_wall_ms() / 1000);
}

static struct view role_of(const struct entry *entry)
{
	return view_from(entry->role, entry->role_count);
}

/* --- answering -------------------------------------------------------------------------------------------------------- */

static void answer(struct entry *entry, struct credentials_question *question)
{
	bool is_good = entry->set && now_s() < entry->set->expires_s;

	question->set = is_good ? credentials_set_ref(entry->set) : NULL;
	question->failed = entry->failed;
	memcpy(question->why, entry->why, sizeof question->why);
	loop_post(question->loop, &question->message, question->answered);
}

static void end_fetch(struct entry *entry)
{
	struct list questions, dependents;
	struct list_link *link;

	entry->step = STEP_IDLE;
	arena_fini(&entry->arena);
	if (entry->answer.at)
		explicit_bzero(entry->answer.at, entry->answer.count);
	if (entry->room.at)
		explicit_bzero(entry->room.at, entry->room.count);
	buffer_fini(&entry->answer);
	buffer_fini(&entry->room);
	explicit_bzero(entry->token, sizeof entry->token);
	/* What was fetched may have ended again when a dependent looks, which then waits for the next fetch. */
	list_take_all(&entry->questions, &questions);
	list_take_all(&entry->dependents, &dependents);
	while ((link = list_take_first(&questions)))
		answer(entry, CONTAINER_OF(link, struct credentials_question, link));
	while ((link = list_take_first(&dependents)))
		go_on(CONTAINER_OF(link, struct entry, link));
}

__attribute__((format(printf, 2, 3))) static void fail(struct entry *entry, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(entry->why, sizeof entry->why, format, arguments);
	va_end(arguments);
	entry->failed = true;
	entry->again_s = now_s() + CREDENTIALS_FAILURE_S;
	log_warning("credentials could not be fetched", LOG_VIEW("role", role_of(entry)), LOG_TEXT("why", entry->why));
	end_fetch(entry);
}

static void succeed(struct entry *entry, const struct credentials_parsed *parsed)
{
	int64_t now = now_s();
	struct credentials_set *set;

	if (parsed->expires_s <= now) {
		fail(entry, "the credentials that came have ended already: are the clocks right?");
		return;
	}
	set = credentials_set_new(&parsed->credentials, now, parsed->expires_s);
	if (!set) {
		fail(entry, "out of memory");
		return;
	}
	credentials_set_unref(entry->set);
	entry->set = set;
	entry->failed = false;
	end_fetch(entry);
}

/* --- calls ------------------------------------------------------------------------------------------------------------ */

static const char *service_of(const struct entry *entry)
{
	return entry->step == STEP_ASSUME ? "STS" : "the instance metadata service";
}

static void on_head(struct outbound_call *call, const struct http1_head *head)
{
	CONTAINER_OF(call, struct entry, call)->status = head->status;
}

static void on_error(struct outbound_call *call, enum outbound_error error)
{
	struct entry *entry = CONTAINER_OF(call, struct entry, call);

	fail(entry, "%s: %s", service_of(entry), outbound_error_text(error));
}

static void finish_call(struct entry *entry);

static void on_body(struct outbound_call *call, struct view bytes, bool last)
{
	struct entry *entry = CONTAINER_OF(call, struct entry, call);

	buffer_append(&entry->answer, bytes);
	if (buffer_error(&entry->answer)) {
		outbound_cancel(call);
		fail(entry, "%s: the answer is longer than %d bytes", service_of(entry), CREDENTIALS_ANSWER_MAX_BYTES);
	} else if (last) {
		finish_call(entry);
	}
}

static void on_writable(struct outbound_call *call)
{
	(void)call;
}

static const struct outbound_handlers handlers = {
	.on_head = on_head, .on_body = on_body, .on_writable = on_writable, .on_error = on_error
};

static void start_call(struct entry *entry, enum step step)
{
	const struct outbound_request request = {
		.target = &entry->request.target,
		.head = entry->request.head,
		.first_body = entry->body,
		.body_bytes = entry->body.count,
		.timeout_ms = FETCH_TIMEOUT_MS,
		.body = entry->body.count || step == STEP_TOKEN ? OUTBOUND_BODY_LENGTH : OUTBOUND_BODY_NONE,
		.body_complete = true,
		.body_stays = true,
		/* None of them changes anything: asking twice does no harm. */
		.idempotent = true,
	};

	entry->step = step;
	entry->status = 0;
	buffer_reset(&entry->answer);
	outbound_start(entry->source->outbound, &entry->call, &handlers, &request);
}

/* --- the metadata service --------------------------------------------------------------------------------------------- */

static void ask_instance(
	struct entry *entry, enum step step, const char *method, struct view path, const char *name, struct view value)
{
	const struct outbound_origin *origin = &entry->source->instance;
	struct http1_writer writer;
	size_t room = 512 + path.count + value.count + origin->authority.count;
	char *start = arena_alloc(&entry->arena, room);

	if (!start) {
		fail(entry, "out of memory");
		return;
	}
	writer = http1_writer_at(start, room);
	http1_write_request_line(&writer, view_from_text(method), path);
	http1_write_header(&writer, view_of("Host"), origin->authority);
	http1_write_header(&writer, view_from_text(name), value);
	if (writer.bad || writer.full) {
		fail(entry, "the instance metadata service: what it answered can't be sent back");
		return;
	}
	entry->request = (struct http_request){ .target = origin->target,
		.head = view_from(start, (size_t)(writer.at - start)) };
	entry->body = (struct view){ 0 };
	start_call(entry, step);
}

#define INSTANCE_PATH "/latest/meta-data/iam/security-credentials/"

static void take_instance_token(struct entry *entry)
{
	struct view token = view_trim_set(buffer_view(&entry->answer), " \t\r\n");

	if (token.count == 0 || token.count >= sizeof entry->token) {
		fail(entry, "the instance metadata service: its token is empty or too long");
		return;
	}
	memcpy(entry->token, token.at, token.count);
	entry->token[token.count] = '\0';
	ask_instance(entry, STEP_ROLE_NAME, "GET", view_of(INSTANCE_PATH), "X-aws-ec2-metadata-token",
		view_from_text(entry->token));
}

static void take_role_name(struct entry *entry)
{
	struct view name = credentials_parse_role_name(buffer_view(&entry->answer));
	struct view path = arena_printf(&entry->arena, INSTANCE_PATH VIEW_FMT, VIEW_ARG(name));

	if (name.count == 0 || !path.at)
		fail(entry, "the instance metadata service: the machine has no role");
	else
		ask_instance(
			entry, STEP_INSTANCE, "GET", path, "X-aws-ec2-metadata-token", view_from_text(entry->token));
}

static void take_instance(struct entry *entry)
{
	struct credentials_parsed parsed;

	if (credentials_parse_instance(buffer_view(&entry->answer), &entry->room, &parsed) < 0)
		fail(entry, "the instance metadata service: its answer holds no credentials");
	else
		succeed(entry, &parsed);
}

/* --- STS -------------------------------------------------------------------------------------------------------------- */

static void append_encoded(struct buffer *form, struct view text)
{
	char *room = buffer_reserve(form, 3 * text.count);

	if (room)
		buffer_commit(form, uri_encode(room, text, false));
}

/* Partition of "arn:aws-cn:iam::…". */
static struct view partition_of(struct view role)
{
	struct view part = { 0 };

	if (view_split(&role, ':', &part) && view_split(&role, ':', &part) && part.count)
		return part;
	return view_of("aws");
}

static int write_assume(struct entry *entry, const struct credentials *base)
{
	static const struct aws_field fields[] = {
		{ .name = VIEW_INIT("Content-Type"),
			.value = VIEW_INIT("application/x-www-form-urlencoded; charset=utf-8") },
		{ .name = VIEW_INIT("Accept"), .value = VIEW_INIT("text/xml"), .is_unsigned = true },
		{ .name = VIEW_INIT("User-Agent"), .value = VIEW_INIT("Postern"), .is_unsigned = true },
	};
	const struct credentials_config *config = entry->source->config;
	struct aws_endpoint endpoint;
	struct aws_service service;
	struct buffer form;
	struct aws_request_input input;
	int error = aws_endpoint_find(config->endpoints, &entry->arena, partition_of(role_of(entry)), config->region,
		view_of("sts"), &endpoint);

	if (error)
		return error;
	buffer_init_arena(&form, &entry->arena, 4 * CREDENTIALS_ROLE_MAX_BYTES);
	buffer_append_text(&form, "Action=AssumeRole&Version=2011-06-15&RoleArn=");
	append_encoded(&form, role_of(entry));
	buffer_append_text(&form, "&RoleSessionName=postern&DurationSeconds=" SESSION_S);
	if (buffer_error(&form))
		return buffer_error(&form);
	aws_service_find(view_of("sts"), &service);
	entry->body = buffer_view(&form);
	input = (struct aws_request_input){ .endpoint = &endpoint,
		.service = &service,
		.region = config->region,
		.method = view_of("POST"),
		.path = view_of("/"),
		.fields = fields,
		.field_count = ARRAY_COUNT(fields),
		.body = entry->body,
		.credentials = base,
		.now_s = now_s() };
	return aws_request_write(&entry->arena, &input, &entry->request);
}

static void assume(struct entry *entry, const struct credentials *base)
{
	int error = write_assume(entry, base);

	if (error == -ENOENT)
		fail(entry, "STS has no endpoint: set a row of aws_endpoints for service sts, or aws_public_endpoints, "
			    "or a row "
			    "of aws_roles for the role");
	else if (error)
		fail(entry, "the call of STS can't be made: %s", strerror(-error));
	else
		start_call(entry, STEP_ASSUME);
}

static void take_assumed(struct entry *entry)
{
	struct credentials_parsed parsed;

	if (credentials_parse_sts(&entry->answer, &parsed) < 0)
		fail(entry, "STS: its answer holds no credentials");
	else
		succeed(entry, &parsed);
}

/* --- steps ------------------------------------------------------------------------------------------------------------ */

static void finish_call(struct entry *entry)
{
	char detail[200] = "";

	if (entry->status != 200) {
		if (entry->step == STEP_ASSUME)
			credentials_parse_sts_error(buffer_view(&entry->answer), detail, sizeof detail);
		fail(entry, "%s answered %d%s%s", service_of(entry), entry->status, detail[0] ? ": " : "", detail);
		return;
	}
	switch (entry->step) {
	case STEP_TOKEN:
		take_instance_token(entry);
		break;
	case STEP_ROLE_NAME:
		take_role_name(entry);
		break;
	case STEP_INSTANCE:
		take_instance(entry);
		break;
	case STEP_ASSUME:
		take_assumed(entry);
		break;
	case STEP_IDLE:
	case STEP_WAITS_FOR_BASE:
		ASSERT_UNREACHABLE();
	}
}

static struct entry *find_entry(struct credentials_source *source, struct view role);

/* A role, once there is a base or there will be none. */
static void go_on(struct entry *entry)
{
	struct credentials_source *source = entry->source;
	struct entry *base;

	if (source->config->base.access_key.count) {
		assume(entry, &source->config->base);
		return;
	}
	base = find_entry(source, (struct view){ 0 });
	if (base && base->set && now_s() < base->set->expires_s) {
		assume(entry, &base->set->credentials);
	} else if (base && (!base->failed || now_s() >= base->again_s)) {
		entry->step = STEP_WAITS_FOR_BASE;
		list_append(&base->dependents, &entry->link);
		begin(base);
	} else {
		fail(entry, "%s", base ? base->why : "out of memory");
	}
}

static void begin(struct entry *entry)
{
	if (entry->step != STEP_IDLE)
		return;
	arena_init(&entry->arena, NULL, FETCH_ARENA_BYTES);
	buffer_init(&entry->answer, CREDENTIALS_ANSWER_MAX_BYTES);
	buffer_init(&entry->room, CREDENTIALS_ANSWER_MAX_BYTES);
	if (entry->role_count)
		go_on(entry);
	else
		ask_instance(entry, STEP_TOKEN, "PUT", view_of("/latest/api/token"),
			"X-aws-ec2-metadata-token-ttl-seconds", view_of(INSTANCE_TOKEN_S));
}

/* --- questions -------------------------------------------------------------------------------------------------------- */

static void entry_free(struct entry *entry)
{
	if (entry->step != STEP_IDLE) {
		outbound_cancel(&entry->call);
		arena_fini(&entry->arena);
		buffer_fini(&entry->answer);
		buffer_fini(&entry->room);
	}
	credentials_set_unref(entry->set);
	free(entry);
}

static void make_room(struct credentials_source *source)
{
	struct entry *oldest = NULL, *entry;
	size_t cursor = 0;

	if (source->entries.count < CREDENTIALS_ENTRIES_MAX)
		return;
	while ((entry = table_next(&source->entries, &cursor, NULL)))
		if (entry->step == STEP_IDLE && entry->role_count && (!oldest || entry->used < oldest->used))
			oldest = entry;
	if (!oldest)
		return;
	table_take(&source->entries, role_of(oldest));
	entry_free(oldest);
}

/* The entry of a role, made if need be; NULL without memory, or if CREDENTIALS_ENTRIES_MAX are under way. */
static struct entry *find_entry(struct credentials_source *source, struct view role)
{
	struct entry *entry = table_find(&source->entries, role);

	if (entry)
		return entry;
	make_room(source);
	/* One more for the base, which roles wait for. */
	if (source->entries.count > CREDENTIALS_ENTRIES_MAX)
		return NULL;
	entry = calloc(1, sizeof *entry + role.count + 1);
	if (!entry)
		return NULL;
	entry->source = source;
	list_init(&entry->questions);
	list_init(&entry->dependents);
	entry->role_count = role.count;
	if (role.count)
		memcpy(entry->role, role.at, role.count);
	if (table_add(&source->entries, role_of(entry), entry) == 0)
		return entry;
	free(entry);
	return NULL;
}

static void on_question(struct loop_message *message)
{
	struct credentials_question *question = CONTAINER_OF(message, struct credentials_question, message);
	struct credentials_source *source = question->source;
	struct entry *entry = find_entry(source, question->role);
	int64_t now = now_s();

	if (!entry) {
		question->set = NULL;
		question->failed = true;
		snprintf(question->why, sizeof question->why, "too many roles are being fetched");
		loop_post(question->loop, message, question->answered);
		return;
	}
	entry->used = ++source->use_count;
	if ((entry->set && now < entry->set->refresh_s) || (entry->failed && now < entry->again_s)) {
		answer(entry, question);
		return;
	}
	list_append(&entry->questions, &question->link);
	begin(entry);
}

void credentials_source_ask(struct credentials_question *question)
{
	loop_post(question->source->loop, &question->message, on_question);
}

/* --- life cycle ------------------------------------------------------------------------------------------------------- */

struct credentials_source *credentials_source_new(
	struct loop *loop, const struct credentials_config *config, struct outbound *outbound)
{
	struct credentials_source *source = calloc(1, sizeof *source);

	if (!source) {
		errno = ENOMEM;
		return NULL;
	}
	*source = (struct credentials_source){ .loop = loop, .config = config, .outbound = outbound };
	if (config->instance_metadata.count &&
		outbound_origin_parse(&source->instance, config->instance_metadata, true, false) != 0) {
		free(source);
		errno = EINVAL;
		return NULL;
	}
	return source;
}

void credentials_source_free(struct credentials_source *source)
{
	struct entry *entry;
	size_t cursor = 0;

	if (!source)
		return;
	while ((entry = table_next(&source->entries, &cursor, NULL)))
		entry_free(entry);
	table_fini(&source->entries);
	free(source);
}
