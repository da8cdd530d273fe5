/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * update: an update on its way into the slot that does not run.
 *
 *   begin   the head is verified; then the slot is looked through for chunks that it holds already (an update that was broken off, a
 *           kernel that did not change): only the others have to be sent
 *   chunk   each is checked against the head, then written to its place. Before the first of them the boot loader is told that the slot
 *           can't be used
 *   finish  the slot is flushed, read back whole, past every cache of the kernel, and compared; then the boot loader is told
 *
 * Nothing is remembered besides what the disk holds, so a power cut or a new daemon costs the sender a second begin, and nothing else.
 * Looking through and reading back go chunk by chunk, one a turn of the loop: update_turn().
 *
 * Process: the daemon's (root), single-threaded.
 */
#ifndef POSTERN_SYSTEM_UPDATE_H
#define POSTERN_SYSTEM_UPDATE_H

#include "image/system/protocol.h"
#include "image/system/slots.h"

#define UPDATE_REASON_BYTES SYSTEM_TEXT_BYTES

struct update {
	enum system_update_state state;
	struct update_head head;
	int partitions[UPDATE_PARTITION_COUNT]; /* of the other slot, open for direct reading and writing; -1 */
	uint32_t next;                          /* chunk of the step under way */
	uint32_t missing_count;
	uint8_t missing[UPDATE_CHUNKS_MAX / 8];
	char failure[UPDATE_REASON_BYTES]; /* why the last one was given up, or is not finished */
	void *chunk;                       /* room for one, aligned for direct I/O */
};

/* 0 or -ENOMEM. */
int update_init(struct update *update) __attribute__((warn_unused_result));
void update_fini(struct update *update);

struct update_order {
	const void *head;
	size_t head_count;
	const uint8_t *key;  /* NULL: the image has none, and no update is taken */
	const char *version; /* of the running system */
	bool allows_older;
};

/*
 * Verify the head and open the other slot's partitions; one that was under way is forgotten. 0: SCANNING. Else a negative errno with the
 * reason, for the operator, in `reason`; what was under way is then as before.
 */
int update_begin(struct update *update, const struct slots *slots, const struct update_order *order,
	char reason[UPDATE_REASON_BYTES]) __attribute__((warn_unused_result));

/* Room for a chunk, to be filled before update_chunk(): UPDATE_CHUNK_BYTES. */
void *update_room(struct update *update);

/* Chunk `index`, of `count` bytes, is in the room: check and write it. 0 (also if it is there already) or a negative errno with the reason. */
int update_chunk(struct update *update, struct slots *slots, uint32_t index, size_t count,
	char reason[UPDATE_REASON_BYTES]) __attribute__((warn_unused_result));

/* All chunks are there: VERIFYING. 0 or a negative errno with the reason. */
int update_finish(struct update *update, char reason[UPDATE_REASON_BYTES]) __attribute__((warn_unused_result));

/* Forget it. */
void update_cancel(struct update *update);

/*
 * One step of SCANNING or VERIFYING. True once the slot was read back and the boot loader was told: the machine is to start anew.
 * What goes wrong is in `failure`, and the state says what can be done about it.
 */
bool update_turn(struct update *update, struct slots *slots);

/* Is there a step to do? */
static inline bool update_is_busy(const struct update *update)
{
	return update->state == SYSTEM_UPDATE_SCANNING || update->state == SYSTEM_UPDATE_VERIFYING;
}

#endif
