/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logs: bounded log files: NAME grows to a limit, then becomes NAME.1, that NAME.2, and so on; the oldest goes.
 *
 * All logs together are a fixed part of the partition, and another part of it stays free of them: the store must be able to
 * write. Where a look finds less, rotated files go first, the largest before the others; then a log that is
 * still being written.
 *
 * A log is every regular file of the folder whose name does not end in a point and digits. Who writes it must be told to open it
 * anew, which is the caller's business; until then it writes to the renamed file, and nothing is lost.
 *
 * Process: rotate; single-threaded. Not here: what is in the logs.
 */
#ifndef POSTERN_ROTATE_LOGS_H
#define POSTERN_ROTATE_LOGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* NAME and NAME.1 … NAME.3. */
#define LOGS_GENERATIONS 3
#define LOGS_FILE_MIN_BYTES (1u << 20)
#define LOGS_FILE_MAX_BYTES (16u << 20)
/* A file may be this part of the partition: access log and audit log, four files each, are a quarter. */
#define LOGS_FILE_PART 32
/* What stays free of it. */
#define LOGS_RESERVE_PART 8
#define LOGS_RESERVE_MAX_BYTES (64u << 20)
/* Postern writes two; the rest is nobody's, and bounded. */
#define LOGS_MAX_COUNT 16
#define LOGS_NAME_BYTES 72
#define LOGS_LOOK_MIN_MS 100
#define LOGS_LOOK_MAX_MS 1000

struct logs_space {
	uint64_t partition_bytes, free_bytes;
};

struct logs_file {
	char name[LOGS_NAME_BYTES];
	uint64_t bytes; /* at the last look */
};

struct logs {
	int folder;
	struct logs_file files[LOGS_MAX_COUNT];
	size_t count;
};

/* The limit of a file, and what is to stay free, on a partition of that size. */
uint64_t logs_file_bytes(uint64_t partition_bytes);
uint64_t logs_reserve_bytes(uint64_t partition_bytes);

/* Look after the logs of the folder `folder`, a descriptor that must outlive `logs`. */
void logs_init(struct logs *logs, int folder);

/*
 * Look once; `since_ms` after the last look. `space` is what there is. Returns how many logs were begun anew, whose writers
 * are to be told; or the first negative errno. `*ret_next_ms`: when to look again: sooner, the faster they grow.
 */
int logs_look(struct logs *logs, const struct logs_space *space, uint64_t since_ms, uint64_t *ret_next_ms)
	__attribute__((warn_unused_result));

#endif
