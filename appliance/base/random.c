/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/random.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "appliance/base/assert.h"

#define BLOCK_BYTES 512

static _Thread_local struct {
	unsigned char bytes[BLOCK_BYTES];
	size_t left; /* unused bytes, at the end of the block */
} block;

static void from_kernel(void *ret, size_t count)
{
	unsigned char *at = ret;

	while (count) {
		ssize_t got = getrandom(at, count, 0);

		if (got < 0 && errno == EINTR)
			continue;
		ASSERT(got > 0);
		at += got;
		count -= (size_t)got;
	}
}

void random_bytes(void *ret, size_t count)
{
	unsigned char *from;

	if (count > BLOCK_BYTES / 4) {
		from_kernel(ret, count);
		return;
	}
	if (block.left < count) {
		from_kernel(block.bytes, BLOCK_BYTES);
		block.left = BLOCK_BYTES;
	}
	from = block.bytes + BLOCK_BYTES - block.left;
	memcpy(ret, from, count);
	explicit_bzero(from, count);
	block.left -= count;
}

void random_forget(void)
{
	explicit_bzero(&block, sizeof block);
}

uint64_t random_u64(void)
{
	uint64_t number;

	random_bytes(&number, sizeof number);
	return number;
}

uint64_t random_below(uint64_t bound)
{
	uint64_t unfair, number;

	ASSERT(bound > 0);
	unfair = (0 - bound) % bound; /* 2^64 mod bound: numbers below it would favour the small results */
	do
		number = random_u64();
	while (number < unfair);
	return number % bound;
}

static void from_digits(char *ret, size_t count, const char *digits, size_t digit_count)
{
	for (size_t i = 0; i < count; i++)
		ret[i] = digits[random_below(digit_count)];
	ret[count] = '\0';
}

void random_hex(char *ret, size_t count)
{
	from_digits(ret, count, "0123456789abcdef", 16);
}

void random_lower_alnum(char *ret, size_t count)
{
	from_digits(ret, count, "0123456789abcdefghijklmnopqrstuvwxyz", 36);
}

void random_upper_alnum(char *ret, size_t count)
{
	from_digits(ret, count, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", 36);
}

void random_alnum(char *ret, size_t count)
{
	from_digits(ret, count, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 62);
}

void random_uuid(char ret[RANDOM_UUID_BYTES])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[16];
	size_t place = 0;

	random_bytes(bytes, sizeof bytes);
	bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
	bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < sizeof bytes; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			ret[place++] = '-';
		ret[place++] = digits[bytes[i] >> 4];
		ret[place++] = digits[bytes[i] & 15];
	}
	ret[place] = '\0';
}
