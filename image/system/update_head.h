/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * update_head: the update file, and whether it is one of ours.
 *
 * `postern.update` is a head, then the chunks of the boot partition's content, then those of the root partition's. All numbers are
 * little-endian:
 *
 *   offset
 *        0  magic "POSTUPD1"
 *        8  u32  bytes of the head, signature included
 *       12  u32  bytes of a chunk: UPDATE_CHUNK_BYTES; the last one of each partition is shorter
 *       16  u64  bytes of the boot partition's content; a multiple of UPDATE_BLOCK_BYTES, not 0
 *       24  u64  bytes of the root partition's content; likewise
 *       32  version, NUL-padded text of UPDATE_VERSION_BYTES: letters, digits, and .+~-
 *       96  SHA-256 of each chunk, 32 bytes each, boot first
 *      end  Ed25519 signature (RFC 8032) of all that is before it
 *
 * The head is the only thing that is parsed, and its signature is verified before anything but the sizes is looked at. A chunk is
 * worth writing if its SHA-256 is the head's. So nothing reaches a disk that the holder of the key did not sign.
 *
 * Process: the system daemon (root), which trusts nobody else's word for it; the command line, to say what a file holds. Pure; threads: any.
 */
#ifndef POSTERN_SYSTEM_UPDATE_HEAD_H
#define POSTERN_SYSTEM_UPDATE_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UPDATE_MAGIC "POSTUPD1"
#define UPDATE_CHUNK_BYTES (1u << 20)
/* What direct I/O of any disk is aligned to. */
#define UPDATE_BLOCK_BYTES 4096
#define UPDATE_VERSION_BYTES 64
#define UPDATE_DIGEST_BYTES 32
#define UPDATE_KEY_BYTES 32
#define UPDATE_SIGNATURE_BYTES 64
#define UPDATE_FIXED_BYTES 96
/* Most content of one partition: four times that of the image's larger one. */
#define UPDATE_PARTITION_MAX_BYTES (128u << 20)
#define UPDATE_CHUNKS_MAX (2 * (UPDATE_PARTITION_MAX_BYTES / UPDATE_CHUNK_BYTES))
#define UPDATE_HEAD_MAX_BYTES (UPDATE_FIXED_BYTES + UPDATE_CHUNKS_MAX * UPDATE_DIGEST_BYTES + UPDATE_SIGNATURE_BYTES)

enum update_partition { UPDATE_BOOT, UPDATE_ROOT, UPDATE_PARTITION_COUNT };

struct update_head {
	char version[UPDATE_VERSION_BYTES];
	uint64_t bytes[UPDATE_PARTITION_COUNT];
	uint32_t head_bytes;
	uint32_t chunk_count[UPDATE_PARTITION_COUNT];
	uint8_t digests[UPDATE_CHUNKS_MAX][UPDATE_DIGEST_BYTES]; /* boot's, then root's */
};

/* Where a chunk belongs. */
struct update_place {
	enum update_partition partition;
	uint64_t at;    /* bytes from the partition's start */
	uint32_t bytes; /* of this chunk */
};

/*
 * Bytes of the whole head that begins with `bytes`, of which the first UPDATE_FIXED_BYTES must be there: what a reader has to get
 * before update_head_parse(). 0 if it is no head.
 */
size_t update_head_bytes(const void *bytes, size_t count);

/*
 * Parse `count` bytes, which must be the head and no more. With a `key` (raw Ed25519, UPDATE_KEY_BYTES) the signature is verified first;
 * NULL: not at all, for showing. 0; -EBADMSG if it is no head or has sizes out of range; -EKEYREJECTED if the signature is none of
 * that key. `*ret` is undefined on failure; `*ret_rule` (static text) says what is wrong.
 */
int update_head_parse(struct update_head *ret, const void *bytes, size_t count, const uint8_t *key,
	const char **ret_rule) __attribute__((warn_unused_result));

/* Chunks of both partitions. */
static inline uint32_t update_head_chunks(const struct update_head *head)
{
	return head->chunk_count[UPDATE_BOOT] + head->chunk_count[UPDATE_ROOT];
}

/* Where chunk `index` (below update_head_chunks()) belongs. */
struct update_place update_head_place(const struct update_head *head, uint32_t index);

/* Is it chunk `index`: of its size, with its digest? */
bool update_head_fits(const struct update_head *head, uint32_t index, const void *bytes, size_t count);

/*
 * Order of versions: runs of digits by number, all else by character, "~" before everything as in Debian's: 0.9 < 0.10~rc1 < 0.10.
 * Less than, equal to or greater than 0.
 */
int update_version_compare(const char *one, const char *other);

#endif
