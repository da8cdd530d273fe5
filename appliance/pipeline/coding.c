/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/pipeline/coding.h"

#include <errno.h>

#include "appliance/integrate/http_response.h"
#include "appliance/pipeline/request_body.h"

/* Compressed in one go, in about a millisecond: an answer up to this size; and this much of a longer one in a turn. */
#define PIECE_MAX_BYTES 65536

/* What incompressible bytes may grow by: 5 bytes for each stored block of zlib's, and the formats' heads and ends. */
#define GROWTH_MAX_BYTES 1024

static struct compression_stock *stock_of(const struct pipeline *p)
{
	return &p->worker->integrate->compressions;
}

/* --- requests --------------------------------------------------------------------------------------------------------- */

enum verdict coding_refuse(struct pipeline *p)
{
	return state_fail(p, GATEWAY_RESPONSE_UNSUPPORTED_MEDIA_TYPE,
		"the body's content coding is not known, or the body is not of it");
}

enum verdict coding_of_request(struct pipeline *p, enum compression_coding *ret)
{
	const struct http1_header *header = http1_find(&p->exchange->request, HTTP1_HEADER_CONTENT_ENCODING);

	*ret = COMPRESSION_IDENTITY;
	/* The body of a test is text, whatever its fields say. */
	if (!header || p->is_test || !http_body_is_expected(p->exchange))
		return VERDICT_NEXT;
	*ret = http1_find_next(&p->exchange->request, header) ? COMPRESSION_UNKNOWN : compression_parse(header->value);
	return *ret == COMPRESSION_UNKNOWN ? coding_refuse(p) : VERDICT_NEXT;
}

enum verdict coding_decode_gathered(struct pipeline *p)
{
	enum compression_coding coding;
	enum verdict verdict = coding_of_request(p, &coding);
	struct buffer decoded;
	int error;

	if (verdict != VERDICT_NEXT || coding == COMPRESSION_IDENTITY)
		return verdict;
	buffer_init_arena(&decoded, &p->exchange->arena, REQUEST_BODY_MAX_BYTES);
	/* At once rather than by growing, of which an arena keeps all: most texts become four times as long. */
	(void)buffer_reserve(&decoded, p->request_body.count < REQUEST_BODY_MAX_BYTES / 4 ? 4 * p->request_body.count
											  : REQUEST_BODY_MAX_BYTES);
	error = compression_run(stock_of(p), coding, COMPRESSION_DECOMPRESS, p->request_body, &decoded);
	if (error)
		return request_body_fail(p, error);
	p->request_body = buffer_view(&decoded);
	return VERDICT_NEXT;
}

/* --- answers ---------------------------------------------------------------------------------------------------------- */

static bool has_field(const struct pipeline *p, enum http1_header_id id)
{
	for (size_t i = 0; i < p->field_count; i++)
		if (http1_header_id(p->fields[i].name) == id)
			return true;
	return false;
}

static bool has_body(const struct pipeline *p, int status)
{
	return p->exchange->request.method != HTTP1_METHOD_HEAD && status >= 200 && status != 204 && status != 304;
}

/* The coding that the client wants and the API gives for an answer of `length` bytes (negative: not known, but enough). */
static enum compression_coding wanted(const struct pipeline *p, int status, int64_t length)
{
	const struct http1_head *request = &p->exchange->request;
	const struct http1_header *header = http1_find(request, HTTP1_HEADER_ACCEPT_ENCODING);
	struct compression_choice choice = { 0 };
	int64_t min_bytes;

	if (!header || p->failed || p->is_test || !p->match.method || length == 0)
		return COMPRESSION_IDENTITY;
	min_bytes = p->resolved.deployment->compression_min_bytes;
	if (min_bytes < 0 || (length >= 0 && length < min_bytes) || !has_body(p, status))
		return COMPRESSION_IDENTITY;
	for (; header; header = http1_find_next(request, header))
		compression_choose(&choice, header->value);
	if (choice.coding == COMPRESSION_UNKNOWN || has_field(p, HTTP1_HEADER_CONTENT_ENCODING))
		return COMPRESSION_IDENTITY;
	return choice.coding;
}

static void say_coding(struct pipeline *p, enum compression_coding coding)
{
	state_add_field(p, view_of("Content-Encoding"), compression_name(coding));
}

/* Codings that clients know and we don't. */
static bool is_foreign(struct view name)
{
	static const char *const names[] = { "br", "zstd", "compress" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (view_equals_ignore_case(view_trim(name), view_from_text(names[i])))
			return true;
	return false;
}

uint64_t coding_hold_bytes(const struct pipeline *p, const struct http1_head *head)
{
	if (p->resolved.deployment->compression_min_bytes <= 0 || p->match.method->integration->streams ||
		http1_find(head, HTTP1_HEADER_CONTENT_ENCODING) || http_response_length(head, false) >= 0 ||
		wanted(p, head->status, HTTP_LENGTH_UNKNOWN) == COMPRESSION_IDENTITY)
		return 0;
	return (uint64_t)p->resolved.deployment->compression_min_bytes;
}

void coding_begin_streamed(struct pipeline *p)
{
	const struct http1_header *given =
		p->back_end_head ? http1_find(p->back_end_head, HTTP1_HEADER_CONTENT_ENCODING) : NULL;
	bool streams = p->match.method->integration->streams;
	enum compression_coding coding = given ? compression_parse(given->value) : COMPRESSION_IDENTITY;

	if (given && !has_field(p, HTTP1_HEADER_CONTENT_ENCODING)) {
		/* A part of a coded body can't be decoded alone. */
		if (streams || p->status == 206 || (coding == COMPRESSION_UNKNOWN && is_foreign(given->value)))
			state_add_field(p, view_of("Content-Encoding"), given->value);
		else if (coding != COMPRESSION_IDENTITY && coding != COMPRESSION_UNKNOWN && has_body(p, p->status) &&
			 p->body_length != 0 && http_call_decompress(&p->call, coding))
			p->body_length = HTTP_LENGTH_UNKNOWN;
		return;
	}
	if (streams || given)
		return;
	coding = wanted(p, p->status, p->body_length);
	if (coding == COMPRESSION_IDENTITY || !http_call_compress(&p->call, coding))
		return;
	say_coding(p, coding);
	p->body_length = HTTP_LENGTH_UNKNOWN;
}

/* --- whole answers ---------------------------------------------------------------------------------------------------- */

static int respond_plain(struct pipeline *p)
{
	return http_respond(p->exchange, p->status, p->fields, p->field_count, p->body);
}

/* Compress p->body in place of itself; false if there is no memory, and then it goes as it is. */
static bool compress_short(struct pipeline *p, enum compression_coding coding)
{
	struct buffer coded;

	buffer_init_arena(&coded, &p->exchange->arena, PIECE_MAX_BYTES + GROWTH_MAX_BYTES);
	if (compression_run(stock_of(p), coding, COMPRESSION_COMPRESS, p->body, &coded))
		return false;
	p->body = buffer_view(&coded);
	return true;
}

/* Send one more piece of p->body. 1: it was the last; 0: more will follow; or a negative errno. */
static int send_piece(struct pipeline *p)
{
	struct view piece = view_part(p->body, 0, PIECE_MAX_BYTES), output;
	bool last = piece.count == p->body.count;
	ssize_t waiting_bytes = 0;
	int more = 1;

	p->body = view_after(p->body, piece.count);
	while (more > 0 && waiting_bytes >= 0) {
		more = compression_next(p->encoder, &piece, last, &output);
		ASSERT(more >= 0);
		waiting_bytes = http_respond_body(p->exchange, output, last && more == 0);
	}
	if (waiting_bytes < 0)
		return (int)waiting_bytes;
	p->encoder_waits = !last && waiting_bytes > HTTP_WAITING_HIGH_BYTES;
	return last;
}

static void go_on(struct loop_task *task)
{
	struct pipeline *p = CONTAINER_OF(task, struct pipeline, encoder_task);
	int result;

	ASSERT_MAGIC(p, PIPELINE_MAGIC);
	result = send_piece(p);
	if (result == 0 && !p->encoder_waits)
		loop_defer(p->exchange->loop, task, go_on);
	/* A client that is gone is told by gone(). */
	if (result <= 0)
		return;
	coding_cancel(p);
	state_resume(p, true);
}

void coding_drained(struct pipeline *p)
{
	if (!p->encoder || !p->encoder_waits)
		return;
	p->encoder_waits = false;
	loop_defer(p->exchange->loop, &p->encoder_task, go_on);
}

void coding_cancel(struct pipeline *p)
{
	if (!p->encoder)
		return;
	loop_task_cancel(p->exchange->loop, &p->encoder_task);
	compression_close(stock_of(p), p->encoder);
	p->encoder = NULL;
}

enum verdict coding_respond(struct pipeline *p, int *ret_error)
{
	enum compression_coding coding = wanted(p, p->status, (int64_t)p->body.count);

	*ret_error = 0;
	if (coding != COMPRESSION_IDENTITY && p->body.count > PIECE_MAX_BYTES)
		p->encoder = compression_open(stock_of(p), coding, COMPRESSION_COMPRESS);
	if (p->encoder) {
		say_coding(p, coding);
		*ret_error = http_respond_head(p->exchange, p->status, p->fields, p->field_count, HTTP_LENGTH_UNKNOWN);
		if (*ret_error == 0) {
			loop_defer(p->exchange->loop, &p->encoder_task, go_on);
			return VERDICT_WAIT;
		}
		coding_cancel(p);
		return VERDICT_NEXT;
	}
	if (coding != COMPRESSION_IDENTITY && p->body.count <= PIECE_MAX_BYTES && compress_short(p, coding))
		say_coding(p, coding);
	*ret_error = respond_plain(p);
	return VERDICT_NEXT;
}
