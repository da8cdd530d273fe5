/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store: the durable records of an appliance, and the only contract between postern-control and postern-gateway.
 *
 * A record is (kind, id, parent, revision, body): see kinds.def for what each kind holds. postern-control opens the store
 * to write: every accepted call is one transaction, store_begin() ... store_put()/store_delete() ... store_commit(), and
 * raises the store's revision by exactly one; each record that it touched carries that revision. A deletion leaves a
 * tombstone (deleted, empty body), so that a reader which knows revision n fetches what is newer with store_changes().
 * A commit is on the disk when store_commit() returns 0 (WAL, synchronous=FULL); a transaction that was not committed
 * has changed nothing, whenever the process dies.
 *
 * postern-gateway opens it to read: store_wake_poll() says cheaply whether something was committed since it was last
 * asked; store_read_begin() ... store_read_end() brackets reads that must all see one revision.
 *
 * Life cycle: store_open() or store_open_reader() once, store_close() at the end. A store that was never opened to write
 * can't be read yet: the reader gets -ENOENT and tries again.
 * Threads: a struct store belongs to one thread at a time. Any number of processes may read while one writes.
 * Files: FILE, FILE-wal, FILE-shm, mode 0640; they stay when all have closed, so that a reader of another user of the
 * same group can open them (the folder should be 2750).
 * Not here: what the JSON in a body means (appliance/model), secrets (sealed by the caller, crypto/seal.h).
 * Source: spec of the store in the architecture, sections 2 and 9; SQLite documentation "Write-Ahead Logging".
 */
#ifndef POSTERN_STORE_STORE_H
#define POSTERN_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_MUST_CHECK __attribute__((warn_unused_result))

/* "PSTN": PRAGMA application_id of a store, which tells it from any other SQLite database. */
#define STORE_APPLICATION_ID 0x5053544e

/* PRAGMA user_version of the schema that this program writes. A store with a higher one is refused. */
#define STORE_SCHEMA_VERSION 1

/* Largest body: a deployment holds frozen copies of a whole API, whose definition file may have 6 MB (AWS quota) before
 * it is taken apart into records. */
#define STORE_BODY_MAX_BYTES (32u * 1024 * 1024)

/* Longest id or parent: an ARN may have 2,048 bytes (IAM), and a record-set id is zone/name/type/set id. */
#define STORE_ID_MAX_BYTES 2560

/* How long another process may keep a call waiting before it fails with -EBUSY. */
#define STORE_BUSY_MAX_MS 2000

enum store_kind {
#define KIND(name, id, parent, text) STORE_##name,
#include "appliance/store/kinds.def"
#undef KIND
	STORE_KIND_COUNT
};

struct store;

/*
 * One record, lent to a callback or filled by store_get(). `id`, `parent` and `body` end in NUL (not counted in
 * body_bytes). From a callback they live until it returns; from store_get() until store_record_fini().
 */
struct store_record {
	enum store_kind kind;
	const char *id;
	const char *parent; /* "" if the kind has none */
	uint64_t revision;  /* of the transaction that last changed it */
	bool deleted;       /* a tombstone: body is "" */
	const char *body;
	size_t body_bytes;
};

/* Called for each record. A negative errno ends the iteration and is returned by it; 0 goes on. It may read the same
 * store (store_get(), store_each()), and the writer may store_put() and store_delete() from it. */
typedef int store_visit(void *context, const struct store_record *record);

/* Identity of the appliance, written at the first start and unchangeable from then on. */
struct store_identity {
	char account_id[13]; /* 12 digits */
	char region[32];
};

/* The stored name of a kind, for example "restapi". */
const char *store_kind_name(enum store_kind kind);

/* The kind with that stored name, or -ENOENT (as int). */
int store_kind_find(const char *name);

/*
 * Open `path` to write, creating it if there is none; `identity` is written then. Migrates an older schema forward after
 * copying the file to `path`.before-<version>.
 *
 * `*ret_message`, if not NULL, is set on failure to one static or heap-free text for the operator (valid until the next
 * call on this thread).
 *
 * Returns 0; -EMEDIUMTYPE if the file is something else than a Postern store; -EPROTONOSUPPORT if it was written by a newer
 * Postern; -EEXIST if it belongs to another account or region; -EBUSY if another process writes it; -EUCLEAN if it is
 * damaged; -EIO and other errno values from the file system.
 */
int store_open(struct store **ret, const char *path, const struct store_identity *identity,
	const char **ret_message) STORE_MUST_CHECK;

/* Open `path` read-only, to follow a writer. Errors as store_open(), and -ENOENT if it does not exist (yet). */
int store_open_reader(struct store **ret, const char *path, const char **ret_message) STORE_MUST_CHECK;

/* Roll back what is open and close; NULL is fine. */
void store_close(struct store *store);

/* Identity as stored. Valid as long as the store is open. */
const struct store_identity *store_identity(const struct store *store);

/* Revision that reads now see: inside a transaction that of its start, else the last committed one; 0 in an empty store. */
int store_revision(struct store *store, uint64_t *ret_revision) STORE_MUST_CHECK;

/*
 * Was anything committed by another connection since this was last asked? The first question answers true. Costs
 * microseconds. Not inside a read transaction.
 */
int store_wake_poll(struct store *store, bool *ret_changed) STORE_MUST_CHECK;

/* Begin and end reads that all see one revision. Do not stay inside for long: the WAL can't be recycled meanwhile. */
int store_read_begin(struct store *store) STORE_MUST_CHECK;
void store_read_end(struct store *store);

/*
 * Begin a transaction (one at a time). -EBUSY if a reader or another writer blocked it for STORE_BUSY_MAX_MS; -EROFS for a
 * reader, and on a disk that takes no writes; -ENOSPC if there is no room but what the file system reserves.
 */
int store_begin(struct store *store) STORE_MUST_CHECK;

/*
 * Create or replace a record; `body` is copied. `parent` may be NULL for "". Inside a transaction only (-EINVAL).
 * -EMSGSIZE if a size limit is passed. The JSON in it is the caller's business, the store does not look inside.
 */
int store_put(struct store *store, enum store_kind kind, const char *id, const char *parent, const char *body,
	size_t body_bytes) STORE_MUST_CHECK;

/* Turn a record into a tombstone. -ENOENT if there is no live record. */
int store_delete(struct store *store, enum store_kind kind, const char *id) STORE_MUST_CHECK;

/* Delete all live records of a kind that have that parent. Returns 0 also if there was none. */
int store_delete_children(struct store *store, enum store_kind kind, const char *parent) STORE_MUST_CHECK;

/*
 * Make the transaction durable. `*ret_revision` (may be NULL) is the new revision, or the old one if nothing was put or
 * deleted. On failure (-EBUSY, -ENOSPC, -EIO) everything is rolled back and the transaction has ended.
 */
int store_commit(struct store *store, uint64_t *ret_revision) STORE_MUST_CHECK;

/* Forget the transaction. No-op without one. */
void store_rollback(struct store *store);

/* Read one live record; -ENOENT if there is none (or a tombstone). On success call store_record_fini(). */
int store_get(struct store *store, enum store_kind kind, const char *id, struct store_record *ret) STORE_MUST_CHECK;
void store_record_fini(struct store_record *record);

/* Is there a live record? 1 yes, 0 no, negative errno. */
int store_exists(struct store *store, enum store_kind kind, const char *id) STORE_MUST_CHECK;

/* Visit all live records of a kind in order of id; with `parent` not NULL only those of that parent. */
int store_each(struct store *store, enum store_kind kind, const char *parent, store_visit *visit,
	void *context) STORE_MUST_CHECK;

/* How many live records of a kind there are; with `parent` not NULL only those of that parent. */
int store_count(struct store *store, enum store_kind kind, const char *parent, uint64_t *ret_count) STORE_MUST_CHECK;

/*
 * Visit every record whose revision is greater than `since`, tombstones too, in order of (revision, kind, id). With
 * `since` 0 tombstones are left out: a new reader need not know what is gone.
 */
int store_changes(struct store *store, uint64_t since, store_visit *visit, void *context) STORE_MUST_CHECK;

/*
 * Copy the store, consistent at one revision, to the new file `path` (mode 0600; -EEXIST if it is there). The writer may go
 * on; the copy is checked and synced before 0 is returned, and removed on failure.
 */
int store_backup(struct store *store, const char *path) STORE_MUST_CHECK;

/*
 * Put the backup `backup_path` in the place of the store `path`, which nobody may have open to write (-EBUSY) and which must
 * be of the same account and region (-EEXIST). A copy of it stays as `path`.before-restore. The restored records all carry a revision above any that the replaced store had, so that no reader takes them for old news; a reader
 * that has the old file open must open anew. Errors as store_open(); on failure the old store is untouched.
 */
int store_restore(const char *backup_path, const char *path, const char **ret_message) STORE_MUST_CHECK;

/*
 * One record that store_revert() is about to change: as it is, and as it will be. The one that does not exist is `deleted`, with
 * an empty body. A negative errno ends the reverting and is returned by it.
 */
typedef int store_revert_visit(void *context, const struct store_record *now, const struct store_record *then);

/*
 * Within a transaction of `store`: every record that was changed since `copy` was made of it (store_backup(), opened with
 * store_open_reader()) is again what it was, and what was made since becomes a tombstone; but for the kinds whose bit (1 << kind)
 * is set in `kept_kinds`, which stay as they are. What is changed carries the transaction's revision: readers take it for news like
 * any other change, and the revision never goes back. Costs what was changed, not what there is.
 *
 * `visit` (may be NULL) is called before each change. `*ret_count` (may be NULL) is how many records were changed. Returns 0;
 * -ESTALE if `copy` is of another account or region or newer than `store`; -EINVAL outside of a transaction; and what
 * store_put() and store_delete() return. On failure the transaction has to be rolled back.
 */
int store_revert(struct store *store, struct store *copy, uint64_t kept_kinds, store_revert_visit *visit, void *context,
	size_t *ret_count) STORE_MUST_CHECK;

/* PRAGMA quick_check: 0, or -EUCLEAN. Reads the whole file. */
int store_check(struct store *store) STORE_MUST_CHECK;

#endif
