/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * coding: the content codings of the bodies of one request: what the client sent is decompressed before anything looks at it,
 * what it gets is compressed if its API says so (minimumCompressionSize) and it asked for it (Accept-Encoding).
 *
 * Requests: gzip, deflate and identity are known; another coding, or data that is not of the one named, is 415. A body that is
 * gathered is decompressed whole, within its limit; one that streams, on its way (integrate/http_call.h).
 * Answers: compressed are those of at least so many bytes as the deployment says that have no coding of their own, that is all
 * but gateway responses. One that streams with an unknown length is held until it has come to so many. Not compressed: responseTransferMode STREAM.
 * Answers of HTTP_PROXY lose their Content-Encoding (header_rules.def), so gzip and deflate are undone on the way. The field stays,
 * and the body too, where it can't be undone (br, zstd, compress, a 206), and with STREAM.
 *
 * Threads: the worker's.
 * Source: spec/rest-dataplane.md 10.2, 10.4, 14; API Gateway Developer Guide, "Payload compression" and "Response streaming".
 */
#ifndef POSTERN_PIPELINE_CODING_H
#define POSTERN_PIPELINE_CODING_H

#include "appliance/pipeline/state.h"

/* How the client's body is coded: NEXT, and IDENTITY also if it has none; FAIL: 415 is chosen. */
enum verdict coding_of_request(struct pipeline *p, enum compression_coding *ret);

/* Decompress p->request_body, which has just been gathered. NEXT or FAIL. */
enum verdict coding_decode_gathered(struct pipeline *p);

/* 415: the body is not of the coding that the client named. FAIL. */
enum verdict coding_refuse(struct pipeline *p);

/*
 * How much of an answer that would stream is to be collected first, because it says whether it is compressed: its length is not known,
 * and only a long one is. 0: nothing.
 */
uint64_t coding_hold_bytes(const struct pipeline *p, const struct http1_head *head);

/*
 * Before the head of a streamed answer is sent, while p->back_end_head is there: choose how its body is coded on the way. Changes
 * p->body_length and adds Content-Encoding, if need be.
 */
void coding_begin_streamed(struct pipeline *p);

/*
 * Send p->body and all else of a whole answer, compressed if it is to be. NEXT: it is sent. WAIT: a long one goes on piece by piece,
 * so that other clients are served meanwhile; coding_drained() when the client has taken what waited. A negative errno of
 * http_respond() in `*ret_error`, and nothing was sent then.
 */
enum verdict coding_respond(struct pipeline *p, int *ret_error);

/* From the exchange's drained(), and to stop from gone(); harmless at any time. */
void coding_drained(struct pipeline *p);
void coding_cancel(struct pipeline *p);

#endif
