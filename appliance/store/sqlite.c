/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/store/sqlite.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include <sqlite3.h>

/* The opaque types of the header are SQLite's own, seen from outside. */
static sqlite3 *db_of(struct sqlite *db)
{
	return (sqlite3 *)(void *)db;
}

static sqlite3_stmt *stmt_of(struct sqlite_statement *statement)
{
	return (sqlite3_stmt *)(void *)statement;
}

/* A VFS like the system's, whose files give up waiting for a lock of the shared-memory index at the deadline: an I/O error
 * is what SQLite passes on at once, while SQLITE_BUSY would be retried inside. */
static struct {
	pthread_once_t once;
	pthread_mutex_t mutex;
	sqlite3_vfs vfs;
	sqlite3_vfs *system;
	sqlite3_io_methods methods;
	const sqlite3_io_methods *system_methods;
} bounded = { .once = PTHREAD_ONCE_INIT, .mutex = PTHREAD_MUTEX_INITIALIZER };

static __thread int64_t deadline_ms; /* of the step under way; 0: none yet */
static __thread bool deadline_passed;

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int bounded_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
	int result = bounded.system_methods->xShmLock(file, offset, count, flags);

	if (result == SQLITE_BUSY && deadline_ms != 0 && now_ms() >= deadline_ms) {
		deadline_passed = true;
		return SQLITE_IOERR_SHMLOCK;
	}
	return result;
}

static int bounded_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
	int result = bounded.system->xOpen(bounded.system, name, file, flags, ret_flags);

	(void)vfs;
	if (result != SQLITE_OK || !(flags & SQLITE_OPEN_MAIN_DB))
		return result;
	pthread_mutex_lock(&bounded.mutex);
	if (!bounded.system_methods) {
		bounded.system_methods = file->pMethods;
		bounded.methods = *file->pMethods;
		bounded.methods.xShmLock = bounded_shm_lock;
	}
	/* Files of one kind share one method table; one of another kind (no POSIX locks) keeps its own. */
	if (file->pMethods == bounded.system_methods)
		file->pMethods = &bounded.methods;
	pthread_mutex_unlock(&bounded.mutex);
	return SQLITE_OK;
}

static void bounded_register(void)
{
	bounded.system = sqlite3_vfs_find(NULL);
	if (!bounded.system)
		return;
	bounded.vfs = *bounded.system;
	bounded.vfs.zName = "postern";
	bounded.vfs.xOpen = bounded_open;
	bounded.vfs.pNext = NULL;
	(void)sqlite3_vfs_register(&bounded.vfs, 0);
}

/* Bracket what may wait for other processes. */
static void deadline_start(void)
{
	deadline_passed = false;
	deadline_ms = now_ms() + SQLITE_WAIT_MAX_MS;
}

static int errno_of(int result)
{
	switch (result & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		return -EBUSY;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_CANTOPEN:
		return -ENOENT;
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return -EACCES;
	case SQLITE_TOOBIG:
		return -EMSGSIZE;
	case SQLITE_CORRUPT:
		return -EUCLEAN;
	case SQLITE_NOTADB:
		return -EMEDIUMTYPE;
	default:
		return deadline_passed ? -EBUSY : -EIO;
	}
}

int sqlite_open(struct sqlite **ret, const char *path, bool writable)
{
	sqlite3 *db = NULL;
	int flags =
		(writable ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
	int result;

	(void)pthread_once(&bounded.once, bounded_register);
	result = sqlite3_open_v2(path, &db, flags, "postern");
	if (result != SQLITE_OK) {
		sqlite3_close(db);
		return errno_of(result);
	}
	(void)sqlite3_busy_timeout(db, SQLITE_WAIT_MAX_MS);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	*ret = (struct sqlite *)(void *)db;
	return 0;
}

bool sqlite_is_read_only(struct sqlite *db)
{
	return sqlite3_db_readonly(db_of(db), "main") == 1;
}

void sqlite_close(struct sqlite *db)
{
	sqlite3_close(db_of(db));
}

const char *sqlite_message(struct sqlite *db)
{
	return sqlite3_errmsg(db_of(db));
}

int sqlite_persist_wal(struct sqlite *db)
{
	int on = 1;

	return errno_of(sqlite3_file_control(db_of(db), "main", SQLITE_FCNTL_PERSIST_WAL, &on));
}

int sqlite_exec(struct sqlite *db, const char *sql)
{
	deadline_start();
	return errno_of(sqlite3_exec(db_of(db), sql, NULL, NULL, NULL));
}

int sqlite_exec_quoted(struct sqlite *db, const char *format, const char *text, const char *other_text)
{
	char *sql = sqlite3_mprintf(format, text, other_text);
	int error = sql ? sqlite_exec(db, sql) : -ENOMEM;

	sqlite3_free(sql);
	return error;
}

/* The statement at its first row, or NULL with the reason. */
static int first_row(struct sqlite *db, const char *sql, struct sqlite_statement **ret)
{
	int error = sqlite_prepare(db, ret, sql);

	if (error == 0)
		error = sqlite_step(*ret);
	return error == 1 ? 0 : error == 0 ? -EUCLEAN : error;
}

int sqlite_query_int(struct sqlite *db, const char *sql, int64_t *ret)
{
	struct sqlite_statement *statement = NULL;
	int error = first_row(db, sql, &statement);

	if (error == 0)
		*ret = sqlite_column_int(statement, 0);
	sqlite_finalize(statement);
	return error;
}

int sqlite_query_text(struct sqlite *db, const char *sql, char *ret, size_t ret_bytes)
{
	struct sqlite_statement *statement = NULL;
	int error = first_row(db, sql, &statement);

	if (error == 0) {
		const char *text = sqlite_column_text(statement, 0, NULL);

		snprintf(ret, ret_bytes, "%s", text ? text : "");
	}
	sqlite_finalize(statement);
	return error;
}

bool sqlite_autocommit(struct sqlite *db)
{
	return sqlite3_get_autocommit(db_of(db)) != 0;
}

int sqlite_changes(struct sqlite *db)
{
	return sqlite3_changes(db_of(db));
}

int sqlite_prepare(struct sqlite *db, struct sqlite_statement **ret, const char *sql)
{
	sqlite3_stmt *statement = NULL;
	int error;

	/* Reading the schema may wait as well. */
	deadline_start();
	error = errno_of(sqlite3_prepare_v2(db_of(db), sql, -1, &statement, NULL));
	*ret = (struct sqlite_statement *)(void *)statement;
	return error;
}

void sqlite_finalize(struct sqlite_statement *statement)
{
	(void)sqlite3_finalize(stmt_of(statement));
}

void sqlite_bind_text(struct sqlite_statement *statement, int index, const char *text, size_t text_bytes)
{
	(void)sqlite3_bind_text64(stmt_of(statement), index, text, text_bytes, SQLITE_STATIC, SQLITE_UTF8);
}

void sqlite_bind_int(struct sqlite_statement *statement, int index, int64_t value)
{
	(void)sqlite3_bind_int64(stmt_of(statement), index, value);
}

int sqlite_step(struct sqlite_statement *statement)
{
	int result;

	deadline_start();
	result = sqlite3_step(stmt_of(statement));
	return result == SQLITE_ROW ? 1 : errno_of(result);
}

const char *sqlite_column_text(struct sqlite_statement *statement, int column, size_t *ret_bytes)
{
	const unsigned char *text = sqlite3_column_text(stmt_of(statement), column);

	if (ret_bytes)
		*ret_bytes = (size_t)sqlite3_column_bytes(stmt_of(statement), column);
	return (const char *)text;
}

int64_t sqlite_column_int(struct sqlite_statement *statement, int column)
{
	return sqlite3_column_int64(stmt_of(statement), column);
}

void sqlite_reset(struct sqlite_statement *statement)
{
	(void)sqlite3_reset(stmt_of(statement));
	(void)sqlite3_clear_bindings(stmt_of(statement));
}
