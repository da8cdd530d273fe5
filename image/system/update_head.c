/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/system/update_head.h"

#include <errno.h>
#include <string.h>

#include "appliance/crypto/digest.h"
#include "appliance/crypto/ed25519.h"

_Static_assert(UPDATE_DIGEST_BYTES == DIGEST_SHA256_BYTES, "a digest");
_Static_assert(
	UPDATE_KEY_BYTES == ED25519_PUBLIC_BYTES && UPDATE_SIGNATURE_BYTES == ED25519_SIGNATURE_BYTES, "Ed25519");
_Static_assert(UPDATE_CHUNKS_MAX % 8 == 0, "a bit for each chunk");

enum { MAGIC_AT = 0, HEAD_BYTES_AT = 8, CHUNK_BYTES_AT = 12, BYTES_AT = 16, VERSION_AT = 32 };

static uint64_t number(const uint8_t *at, unsigned bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | at[bytes];
	return value;
}

size_t update_head_bytes(const void *bytes, size_t count)
{
	const uint8_t *at = bytes;
	uint64_t head_bytes;

	if (count < UPDATE_FIXED_BYTES || memcmp(at + MAGIC_AT, UPDATE_MAGIC, sizeof UPDATE_MAGIC - 1) != 0)
		return 0;
	head_bytes = number(at + HEAD_BYTES_AT, 4);
	if (head_bytes < UPDATE_FIXED_BYTES + UPDATE_SIGNATURE_BYTES || head_bytes > UPDATE_HEAD_MAX_BYTES)
		return 0;
	return (size_t)head_bytes;
}

static bool is_version(const char text[UPDATE_VERSION_BYTES])
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.+~-";
	size_t count = strnlen(text, UPDATE_VERSION_BYTES);

	if (count == 0 || count == UPDATE_VERSION_BYTES)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!memchr(allowed, text[i], sizeof allowed - 1))
			return false;
	for (size_t i = count; i < UPDATE_VERSION_BYTES; i++)
		if (text[i])
			return false;
	return true;
}

static bool read_sizes(struct update_head *ret, const uint8_t *at)
{
	for (unsigned i = 0; i < UPDATE_PARTITION_COUNT; i++) {
		ret->bytes[i] = number(at + BYTES_AT + 8 * i, 8);
		if (ret->bytes[i] == 0 || ret->bytes[i] > UPDATE_PARTITION_MAX_BYTES ||
			ret->bytes[i] % UPDATE_BLOCK_BYTES)
			return false;
		ret->chunk_count[i] = (uint32_t)((ret->bytes[i] + UPDATE_CHUNK_BYTES - 1) / UPDATE_CHUNK_BYTES);
	}
	return true;
}

int update_head_parse(
	struct update_head *ret, const void *bytes, size_t count, const uint8_t *key, const char **ret_rule)
{
	const uint8_t *at = bytes;
	size_t signed_bytes = count - UPDATE_SIGNATURE_BYTES;

	*ret_rule = "this is no update file";
	ret->head_bytes = (uint32_t)update_head_bytes(bytes, count);
	if (!ret->head_bytes)
		return -EBADMSG;
	*ret_rule = "the file's head is not complete";
	if (ret->head_bytes != count)
		return -EBADMSG;
	*ret_rule = "its signature is not by the key that this image trusts";
	if (key && !ed25519_fits(key, at + signed_bytes, at, signed_bytes))
		return -EKEYREJECTED;
	*ret_rule = "its sizes are none that this version can install";
	if (number(at + CHUNK_BYTES_AT, 4) != UPDATE_CHUNK_BYTES || !read_sizes(ret, at) ||
		signed_bytes != UPDATE_FIXED_BYTES + (size_t)update_head_chunks(ret) * UPDATE_DIGEST_BYTES)
		return -EBADMSG;
	memcpy(ret->version, at + VERSION_AT, UPDATE_VERSION_BYTES);
	*ret_rule = "its version is none";
	if (!is_version(ret->version))
		return -EBADMSG;
	memcpy(ret->digests, at + UPDATE_FIXED_BYTES, signed_bytes - UPDATE_FIXED_BYTES);
	*ret_rule = "";
	return 0;
}

struct update_place update_head_place(const struct update_head *head, uint32_t index)
{
	struct update_place place = { .partition = UPDATE_BOOT };
	uint64_t rest;

	if (index >= head->chunk_count[UPDATE_BOOT]) {
		index -= head->chunk_count[UPDATE_BOOT];
		place.partition = UPDATE_ROOT;
	}
	place.at = (uint64_t)index * UPDATE_CHUNK_BYTES;
	rest = head->bytes[place.partition] - place.at;
	place.bytes = rest < UPDATE_CHUNK_BYTES ? (uint32_t)rest : UPDATE_CHUNK_BYTES;
	return place;
}

bool update_head_fits(const struct update_head *head, uint32_t index, const void *bytes, size_t count)
{
	uint8_t digest[UPDATE_DIGEST_BYTES];

	if (index >= update_head_chunks(head) || count != update_head_place(head, index).bytes)
		return false;
	digest_sha256(digest, bytes, count);
	return memcmp(digest, head->digests[index], sizeof digest) == 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "~" is less than the end, which is less than all else. */
static int weight(char c)
{
	return c == '~' ? -1 : c;
}

/* Compare runs of digits by value, of any length; both are moved behind theirs. */
static int compare_numbers(const char **one, const char **other)
{
	int difference = 0;

	while (**one == '0')
		(*one)++;
	while (**other == '0')
		(*other)++;
	while (is_digit(**one) && is_digit(**other)) {
		if (!difference)
			difference = **one - **other;
		(*one)++;
		(*other)++;
	}
	if (is_digit(**one))
		return 1;
	return is_digit(**other) ? -1 : difference;
}

int update_version_compare(const char *one, const char *other)
{
	while (*one || *other) {
		int difference;

		if (is_digit(*one) && is_digit(*other)) {
			difference = compare_numbers(&one, &other);
			if (difference)
				return difference;
			continue;
		}
		difference = weight(*one) - weight(*other);
		if (difference)
			return difference;
		one++;
		other++;
	}
	return 0;
}
