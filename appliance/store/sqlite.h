/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sqlite: the only file that knows SQLite; what store.c needs of it, with errno values instead of result codes.
 *
 * It adds one thing: a bound on waiting for other processes. SQLite's busy time-out covers ordinary locks, but a process
 * that holds a lock on the shared-memory index makes others retry inside of SQLite for many seconds. Here each step gives
 * up with -EBUSY after SQLITE_WAIT_MAX_MS.
 *
 * Life cycle: sqlite_open(), statements from sqlite_prepare() finalized before sqlite_close(). One thread at a time.
 * Source: SQLite C interface; "Write-Ahead Logging", "Read-Only WAL-mode Databases".
 */
#ifndef POSTERN_STORE_SQLITE_H
#define POSTERN_STORE_SQLITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How long one step may wait for other processes. */
#define SQLITE_WAIT_MAX_MS 2000

struct sqlite;
struct sqlite_statement;

/* Open an existing file. -ENOENT, -EACCES, -EMEDIUMTYPE (not a database: may show at the first read only), -ENOMEM. */
int sqlite_open(struct sqlite **ret, const char *path, bool writable) __attribute__((warn_unused_result));
/* Does it take no changes: opened so, or on a disk that takes none? */
bool sqlite_is_read_only(struct sqlite *db);

void sqlite_close(struct sqlite *db);

/* SQLite's text for the last failure; valid until the next call. */
const char *sqlite_message(struct sqlite *db);

/* Keep FILE-wal and FILE-shm when the last connection closes, so that readers who can't create them find them. */
int sqlite_persist_wal(struct sqlite *db) __attribute__((warn_unused_result));

/* Run statements without results. */
int sqlite_exec(struct sqlite *db, const char *sql) __attribute__((warn_unused_result));

/* The same with `text` as SQL string literal in the place of each %Q of `format` (two at most). */
int sqlite_exec_quoted(struct sqlite *db, const char *format, const char *text, const char *other_text)
	__attribute__((warn_unused_result));

/* First column of the first row of `sql`, as a number; as a text for sqlite_query_text() (cut to `ret_bytes`). */
int sqlite_query_int(struct sqlite *db, const char *sql, int64_t *ret) __attribute__((warn_unused_result));
int sqlite_query_text(struct sqlite *db, const char *sql, char *ret, size_t ret_bytes)
	__attribute__((warn_unused_result));

/* False while a transaction is open. SQLite rolls back by itself on some errors. */
bool sqlite_autocommit(struct sqlite *db);

/* Rows that the last change touched. */
int sqlite_changes(struct sqlite *db);

int sqlite_prepare(struct sqlite *db, struct sqlite_statement **ret, const char *sql)
	__attribute__((warn_unused_result));
void sqlite_finalize(struct sqlite_statement *statement);

/* Parameters count from 1. `text` must live until the statement is reset. */
void sqlite_bind_text(struct sqlite_statement *statement, int index, const char *text, size_t text_bytes);
void sqlite_bind_int(struct sqlite_statement *statement, int index, int64_t value);

/* 1 with a row, 0 at the end, or a negative errno. */
int sqlite_step(struct sqlite_statement *statement) __attribute__((warn_unused_result));

/* Columns count from 0; texts end in NUL and live until the next step or reset; NULL only without memory. */
const char *sqlite_column_text(struct sqlite_statement *statement, int column, size_t *ret_bytes);
int64_t sqlite_column_int(struct sqlite_statement *statement, int column);

/* Make it ready to run again, without parameters. */
void sqlite_reset(struct sqlite_statement *statement);

#endif
