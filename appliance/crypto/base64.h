/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base64: RFC 4648 base64 (section 4) and base64url (section 5). Decoding is strict: no blanks, no bytes outside of the
 * alphabet, canonical padding bits. Threads: any.
 */
#ifndef POSTERN_CRYPTO_BASE64_H
#define POSTERN_CRYPTO_BASE64_H

#include <stddef.h>
#include <stdint.h>

#include "appliance/base/view.h"

/* Characters that `count` bytes become, with padding. */
#define BASE64_CHARS(count) (((count) + 2) / 3 * 4)

/* Standard alphabet with padding; writes BASE64_CHARS(count) characters, no NUL. */
void base64_encode(char *ret, const void *bytes, size_t count);
/* URL alphabet without padding; returns the number of characters. */
size_t base64_encode_url(char *ret, const void *bytes, size_t count);

/* Decode into `ret` (room for text.count * 3 / 4). Returns the number of bytes or -EINVAL. */
long base64_decode(uint8_t *ret, struct view text) __attribute__((warn_unused_result));
long base64_decode_url(uint8_t *ret, struct view text) __attribute__((warn_unused_result));
/* As base64_decode(), but line breaks and blanks between characters are skipped: PEM bodies, AWS blobs made by people. */
long base64_decode_lines(uint8_t *ret, struct view text) __attribute__((warn_unused_result));

#endif
