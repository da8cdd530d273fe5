/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * der: a bounds-checked reader of DER, for the files of this folder: one element after the other, nothing copied.
 *
 * A reader is a run of bytes; der_next() takes the element at its front. Lengths must be definite and minimal, tags of one
 * byte. Threads: pure functions.
 * Source: ITU-T X.690.
 */
#ifndef POSTERN_CRYPTO_DER_H
#define POSTERN_CRYPTO_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/arena.h"
#include "appliance/base/view.h"

enum der_tag {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_OBJECT_ID = 0x06,
	DER_UTF8_STRING = 0x0c,
	DER_PRINTABLE_STRING = 0x13,
	DER_IA5_STRING = 0x16,
	DER_UTC_TIME = 0x17,
	DER_GENERALIZED_TIME = 0x18,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
	DER_CONTEXT_2 = 0x82, /* primitive [2] */
	DER_CONTEXT_7 = 0x87,
	DER_CONTEXT_0_CONSTRUCTED = 0xa0,
	DER_CONTEXT_3_CONSTRUCTED = 0xa3,
};

/* Take the next element off `*from`: its tag and content, and the whole of it (each may be NULL). False if malformed or empty. */
bool der_next(struct view *from, uint8_t *ret_tag, struct view *ret_content, struct view *ret_whole);

/* The same for an element that must have `tag`; if it has another, nothing is taken and the answer is false. */
bool der_take(struct view *from, uint8_t tag, struct view *ret_content);

/* A small non-negative INTEGER's content. False if it is negative or larger than INT32_MAX. */
bool der_integer(struct view content, int32_t *ret);

/* "1.2.840.…" of an OBJECT IDENTIFIER's content, in the arena; `at` NULL if malformed or memory is exhausted. */
struct view der_object_id(struct view content, struct arena *arena);

/* Seconds since 1970 of a UTCTime or GeneralizedTime that ends in Z. */
bool der_time(uint8_t tag, struct view content, int64_t *ret_s);

#endif
