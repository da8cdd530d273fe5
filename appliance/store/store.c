/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/store/store.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "appliance/store/file.h"
#include "appliance/store/sqlite.h"

enum { MESSAGE_BYTES = 768 };

_Static_assert(STORE_BUSY_MAX_MS == SQLITE_WAIT_MAX_MS, "the bound that the header promises");

enum statement_id {
	SQL_BEGIN,
	SQL_BEGIN_READ,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_REVISION,
	SQL_RAISE,
	SQL_PUT,
	SQL_DELETE,
	SQL_DELETE_CHILDREN,
	SQL_GET,
	SQL_EXISTS,
	SQL_COUNT_ALL,
	SQL_COUNT_CHILDREN,
	SQL_DATA_VERSION,
	SQL_COUNT
};

#define COLUMNS "kind, id, parent, revision, deleted, body"

static const char *const sql_texts[SQL_COUNT] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_BEGIN_READ] = "BEGIN",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_REVISION] = "SELECT revision FROM head",
	[SQL_RAISE] = "UPDATE head SET revision = ?1",
	[SQL_PUT] =
		"INSERT INTO record (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, 0, ?5) ON CONFLICT (kind, id) DO UPDATE SET "
		"parent = ?3, revision = ?4, deleted = 0, body = ?5",
	[SQL_DELETE] =
		"UPDATE record SET revision = ?3, deleted = 1, body = '' WHERE kind = ?1 AND id = ?2 AND deleted = 0",
	[SQL_DELETE_CHILDREN] = "UPDATE record SET revision = ?3, deleted = 1, body = '' WHERE kind = ?1 AND parent = "
				"?2 AND deleted = 0",
	[SQL_GET] = "SELECT " COLUMNS " FROM record WHERE kind = ?1 AND id = ?2 AND deleted = 0",
	[SQL_EXISTS] = "SELECT 1 FROM record WHERE kind = ?1 AND id = ?2 AND deleted = 0",
	[SQL_COUNT_ALL] = "SELECT count(*) FROM record WHERE kind = ?1 AND deleted = 0",
	[SQL_COUNT_CHILDREN] = "SELECT count(*) FROM record WHERE kind = ?1 AND parent = ?2 AND deleted = 0",
	[SQL_DATA_VERSION] = "PRAGMA data_version",
};

/* What turns a store of schema version n into n + 1. Version 0 is an empty database. Append only. */
static const char *const migrations[STORE_SCHEMA_VERSION] = {
	[0] = "CREATE TABLE head (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), revision INTEGER NOT NULL,"
	      " account_id TEXT NOT NULL, region TEXT NOT NULL);"
	      "CREATE TABLE record (number INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, parent TEXT NOT "
	      "NULL,"
	      " revision INTEGER NOT NULL, deleted INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE (kind, id));"
	      "CREATE INDEX record_by_parent ON record (kind, parent, id) WHERE deleted = 0;"
	      "CREATE INDEX record_by_revision ON record (revision);",
};

struct store {
	struct sqlite *db;
	struct sqlite_statement *statements[SQL_COUNT]; /* prepared at first use */
	struct store_identity identity;
	int lock_fd; /* the writer's lock file; -1 in a reader */
	bool in_transaction;
	bool reading;
	bool touched;           /* the open transaction changed something */
	uint64_t next_revision; /* of the open transaction */
	int64_t data_version;   /* at the last store_wake_poll(); -1 before the first */
};

/* Note why something failed, for the operator, and pass the errno on. */
static int explain(const char **ret_message, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

static int explain(const char **ret_message, int error, const char *format, ...)
{
	static __thread char text[MESSAGE_BYTES];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (ret_message)
		*ret_message = text;
	return error;
}

/* ------------------------------------------------------------------------------------------------------------------ */
/* Opening. */

/* What is this file? 0 with the schema version (0: empty, to be filled) or an errno that store_open() documents. */
static int identify(struct sqlite *db, const char *path, int64_t *ret_version, const char **ret_message)
{
	int64_t application = 0, version = 0, objects = 0;
	int error = sqlite_query_int(db, "PRAGMA application_id", &application);

	if (error == 0)
		error = sqlite_query_int(db, "PRAGMA user_version", &version);
	if (error == 0)
		error = sqlite_query_int(db, "SELECT count(*) FROM sqlite_master", &objects);
	if (error < 0)
		return explain(ret_message, error, "%s: %s", path, sqlite_message(db));
	if (application == 0 && version == 0 && objects == 0) {
		*ret_version = 0;
		return 0;
	}
	if (application != STORE_APPLICATION_ID)
		return explain(ret_message, -EMEDIUMTYPE, "%s is a SQLite database, but not a Postern store", path);
	if (version > STORE_SCHEMA_VERSION)
		return explain(ret_message, -EPROTONOSUPPORT,
			"%s was written by a newer Postern (schema %lld, this one knows %d): upgrade, or restore a "
			"backup",
			path, (long long)version, STORE_SCHEMA_VERSION);
	*ret_version = version;
	return 0;
}

static int copy_before_migration(struct sqlite *db, const char *path)
{
	char target[FILE_PATH_MAX_BYTES];

	if ((size_t)snprintf(target, sizeof target, "%s.before-%d", path, STORE_SCHEMA_VERSION) >= sizeof target)
		return -ENAMETOOLONG;
	if (unlink(target) < 0 && errno != ENOENT)
		return -errno;
	return file_copy_database(db, target, 0640);
}

static int migrate(struct sqlite *db, const char *path, int64_t version, const struct store_identity *identity)
{
	char sql[128];
	int error = version > 0 && version < STORE_SCHEMA_VERSION ? copy_before_migration(db, path) : 0;

	if (error < 0 || version == STORE_SCHEMA_VERSION)
		return error;
	error = sqlite_exec(db, "BEGIN IMMEDIATE");
	for (int64_t step = version; error == 0 && step < STORE_SCHEMA_VERSION; step++)
		error = sqlite_exec(db, migrations[step]);
	if (error == 0 && version == 0)
		error = sqlite_exec_quoted(
			db, "INSERT INTO head VALUES (1, 0, %Q, %Q)", identity->account_id, identity->region);
	if (error == 0) {
		snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d", STORE_APPLICATION_ID,
			STORE_SCHEMA_VERSION);
		error = sqlite_exec(db, sql);
	}
	if (error == 0)
		error = sqlite_exec(db, "COMMIT");
	if (error < 0 && !sqlite_autocommit(db) && sqlite_exec(db, "ROLLBACK") < 0)
		return -EIO;
	return error;
}

static int read_identity(struct sqlite *db, struct store_identity *ret)
{
	int error = sqlite_query_text(db, "SELECT account_id FROM head", ret->account_id, sizeof ret->account_id);

	return error < 0 ? error : sqlite_query_text(db, "SELECT region FROM head", ret->region, sizeof ret->region);
}

/* The cache holds the pages of a thousand stages among their deployments, which source filters read at each change. */
static int writer_pragmas(struct sqlite *db, const char *path, const char **ret_message)
{
	int64_t synchronous = 0;
	char mode[16] = "";
	int error = sqlite_query_text(db, "PRAGMA journal_mode = WAL", mode, sizeof mode);

	if (error == 0)
		error = sqlite_exec(db, "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864;"
					"PRAGMA cache_size = -16384");
	if (error == 0)
		error = sqlite_persist_wal(db);
	if (error == 0)
		error = sqlite_query_int(db, "PRAGMA synchronous", &synchronous);
	if (error < 0)
		return explain(ret_message, error, "%s: %s", path, sqlite_message(db));
	if (strcmp(mode, "wal") != 0 || synchronous != 2)
		return explain(
			ret_message, -EIO, "%s: write-ahead logging with synchronous=FULL is not possible here", path);
	return 0;
}

static int check_identity(const struct store *store, const struct store_identity *wanted, const char **ret_message)
{
	if (strcmp(store->identity.account_id, wanted->account_id) == 0 &&
		strcmp(store->identity.region, wanted->region) == 0)
		return 0;
	return explain(ret_message, -EEXIST,
		"this store belongs to account %s, region %s; the settings say account %s, region %s. Both are fixed "
		"at the first "
		"start: put the old values back, or start with an empty state folder",
		store->identity.account_id, store->identity.region, wanted->account_id, wanted->region);
}

static int open_database(
	struct store *store, const char *path, bool writable, int64_t *ret_version, const char **ret_message)
{
	int error = sqlite_open(&store->db, path, writable);

	if (error < 0)
		return explain(ret_message, error, "%s: %s", path, strerror(-error));
	return identify(store->db, path, ret_version, ret_message);
}

/* Bring an identified database to the current schema and take over what it says about itself. */
static int adopt(struct store *store, const char *path, int64_t version, const struct store_identity *identity,
	const char **ret_message)
{
	int error = writer_pragmas(store->db, path, ret_message);

	if (error < 0)
		return error;
	error = migrate(store->db, path, version, identity);
	if (error == 0)
		error = read_identity(store->db, &store->identity);
	if (error == 0)
		error = store_check(store);
	if (error < 0)
		return explain(ret_message, error, "%s: %s", path,
			error == -EUCLEAN ? "the store is damaged; restore a backup" : sqlite_message(store->db));
	return check_identity(store, identity, ret_message);
}

static struct store *store_new(void)
{
	struct store *store = calloc(1, sizeof *store);

	if (store) {
		store->lock_fd = -1;
		store->data_version = -1;
	}
	return store;
}

int store_open(struct store **ret, const char *path, const struct store_identity *identity, const char **ret_message)
{
	struct store *store = store_new();
	int64_t version = 0;
	int error;

	if (!store)
		return explain(ret_message, -ENOMEM, "no memory");
	error = file_take_writer_lock(path, &store->lock_fd);
	if (error < 0) {
		explain(ret_message, error, "%s: %s", path,
			error == -EBUSY ? "another process has this store open to write" : strerror(-error));
		goto out;
	}
	error = file_create(path);
	if (error < 0) {
		explain(ret_message, error, "%s: %s", path, strerror(-error));
		goto out;
	}
	error = open_database(store, path, true, &version, ret_message);
	if (error == 0)
		error = adopt(store, path, version, identity, ret_message);
out:
	if (error < 0) {
		store_close(store);
		return error;
	}
	*ret = store;
	return 0;
}

int store_open_reader(struct store **ret, const char *path, const char **ret_message)
{
	struct store *store = store_new();
	int64_t version = 0;
	int error;

	if (!store)
		return explain(ret_message, -ENOMEM, "no memory");
	error = open_database(store, path, false, &version, ret_message);
	if (error == 0 && version != STORE_SCHEMA_VERSION)
		error = explain(ret_message, -ENOENT, "%s: the control program has not prepared the store yet", path);
	if (error == 0) {
		error = read_identity(store->db, &store->identity);
		if (error < 0)
			explain(ret_message, error, "%s: %s", path, sqlite_message(store->db));
	}
	if (error < 0) {
		store_close(store);
		return error;
	}
	*ret = store;
	return 0;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	if (store->in_transaction)
		store_rollback(store);
	if (store->reading)
		store_read_end(store);
	for (size_t i = 0; i < SQL_COUNT; i++)
		sqlite_finalize(store->statements[i]);
	sqlite_close(store->db);
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	free(store);
}

const struct store_identity *store_identity(const struct store *store)
{
	return &store->identity;
}

/* ------------------------------------------------------------------------------------------------------------------ */
/* Reading. */

static int statement_take(struct store *store, enum statement_id id, struct sqlite_statement **ret)
{
	int error = 0;

	if (!store->statements[id])
		error = sqlite_prepare(store->db, &store->statements[id], sql_texts[id]);
	*ret = store->statements[id];
	return error;
}

static void bind_text(struct sqlite_statement *statement, int index, const char *text)
{
	sqlite_bind_text(statement, index, text, strlen(text));
}

/* Run a statement without parameters; its first column, if there is a row, goes to `*ret_value` (may be NULL). */
static int run(struct store *store, enum statement_id id, int64_t *ret_value)
{
	struct sqlite_statement *statement;
	int result, error = statement_take(store, id, &statement);

	if (error < 0)
		return error;
	result = sqlite_step(statement);
	if (result == 1 && ret_value)
		*ret_value = sqlite_column_int(statement, 0);
	sqlite_reset(statement);
	return result < 0 ? result : 0;
}

int store_revision(struct store *store, uint64_t *ret_revision)
{
	int64_t value = 0;
	int error = run(store, SQL_REVISION, &value);

	if (error == 0)
		*ret_revision = (uint64_t)value;
	return error;
}

int store_wake_poll(struct store *store, bool *ret_changed)
{
	int64_t value = 0;
	int error = run(store, SQL_DATA_VERSION, &value);

	if (error < 0)
		return error;
	*ret_changed = value != store->data_version;
	store->data_version = value;
	return 0;
}

int store_read_begin(struct store *store)
{
	uint64_t revision;
	int error = store->reading || store->in_transaction ? -EINVAL : run(store, SQL_BEGIN_READ, NULL);

	if (error < 0)
		return error;
	store->reading = true;
	/* BEGIN alone pins nothing: the first read does. */
	error = store_revision(store, &revision);
	if (error < 0)
		store_read_end(store);
	return error;
}

void store_read_end(struct store *store)
{
	if (!store->reading)
		return;
	store->reading = false;
	/* A rollback of a read transaction only ends it; if SQLite has ended it already, that is what was wanted. */
	if (!sqlite_autocommit(store->db) && run(store, SQL_ROLLBACK, NULL) < 0)
		return;
}

/* The record of the current row; it lives until the statement steps on. -ENOENT for a kind that this program lacks. */
static int record_of_row(struct sqlite_statement *statement, struct store_record *ret)
{
	const char *name = sqlite_column_text(statement, 0, NULL);
	int kind = name ? store_kind_find(name) : -ENOMEM;

	if (kind < 0)
		return kind;
	ret->kind = (enum store_kind)kind;
	ret->id = sqlite_column_text(statement, 1, NULL);
	ret->parent = sqlite_column_text(statement, 2, NULL);
	ret->revision = (uint64_t)sqlite_column_int(statement, 3);
	ret->deleted = sqlite_column_int(statement, 4) != 0;
	ret->body = sqlite_column_text(statement, 5, &ret->body_bytes);
	return ret->id && ret->parent && ret->body ? 0 : -ENOMEM;
}

/* Copy a lent record into one block, the body first, so that store_record_fini() frees one pointer. */
static int record_copy(struct store_record *ret, const struct store_record *lent)
{
	size_t id_bytes = strlen(lent->id) + 1, parent_bytes = strlen(lent->parent) + 1,
	       body_bytes = lent->body_bytes + 1;
	char *block = malloc(body_bytes + id_bytes + parent_bytes);

	if (!block)
		return -ENOMEM;
	*ret = *lent;
	ret->body = memcpy(block, lent->body, body_bytes);
	ret->id = memcpy(block + body_bytes, lent->id, id_bytes);
	ret->parent = memcpy(block + body_bytes + id_bytes, lent->parent, parent_bytes);
	return 0;
}

int store_get(struct store *store, enum store_kind kind, const char *id, struct store_record *ret)
{
	struct store_record row;
	struct sqlite_statement *statement;
	int result, error = statement_take(store, SQL_GET, &statement);

	if (error < 0)
		return error;
	bind_text(statement, 1, store_kind_name(kind));
	bind_text(statement, 2, id);
	result = sqlite_step(statement);
	error = result == 0 ? -ENOENT : result < 0 ? result : record_of_row(statement, &row);
	if (error == 0)
		error = record_copy(ret, &row);
	sqlite_reset(statement);
	return error;
}

void store_record_fini(struct store_record *record)
{
	/* Allocated by record_copy(); const is for those who read it. */
	free((void *)(uintptr_t)record->body);
	*record = (struct store_record){ 0 };
}

int store_exists(struct store *store, enum store_kind kind, const char *id)
{
	struct sqlite_statement *statement;
	int result = statement_take(store, SQL_EXISTS, &statement);

	if (result < 0)
		return result;
	bind_text(statement, 1, store_kind_name(kind));
	bind_text(statement, 2, id);
	result = sqlite_step(statement);
	sqlite_reset(statement);
	return result;
}

int store_count(struct store *store, enum store_kind kind, const char *parent, uint64_t *ret_count)
{
	struct sqlite_statement *statement;
	int result = statement_take(store, parent ? SQL_COUNT_CHILDREN : SQL_COUNT_ALL, &statement);

	if (result < 0)
		return result;
	bind_text(statement, 1, store_kind_name(kind));
	if (parent)
		bind_text(statement, 2, parent);
	result = sqlite_step(statement);
	if (result == 1)
		*ret_count = (uint64_t)sqlite_column_int(statement, 0);
	sqlite_reset(statement);
	return result < 0 ? result : 0;
}

/* Rows to visit, all found before the first is visited, so that a visitor may change the store under the iteration. */
struct row_list {
	int64_t *rows;
	size_t count, capacity;
};

static int row_list_fill(struct row_list *list, struct sqlite_statement *statement)
{
	int result;

	while ((result = sqlite_step(statement)) == 1) {
		if (list->count == list->capacity) {
			size_t capacity = list->capacity ? 2 * list->capacity : 64;
			int64_t *rows = reallocarray(list->rows, capacity, sizeof *rows);

			if (!rows)
				return -ENOMEM;
			list->rows = rows;
			list->capacity = capacity;
		}
		list->rows[list->count++] = sqlite_column_int(statement, 0);
	}
	return result;
}

static int visit_rows(
	struct store *store, const struct row_list *list, bool with_deleted, store_visit *visit, void *context)
{
	struct sqlite_statement *statement = NULL;
	struct store_record record;
	int error = sqlite_prepare(store->db, &statement, "SELECT " COLUMNS " FROM record WHERE number = ?1");

	for (size_t i = 0; error == 0 && i < list->count; i++) {
		int result;

		sqlite_bind_int(statement, 1, list->rows[i]);
		result = sqlite_step(statement);
		if (result == 1)
			result = record_of_row(statement, &record);
		if (result == 0 && (with_deleted || !record.deleted))
			error = visit(context, &record);
		else if (result < 0 && result != -ENOENT)
			error = result;
		sqlite_reset(statement);
	}
	sqlite_finalize(statement);
	return error;
}

int store_each(struct store *store, enum store_kind kind, const char *parent, store_visit *visit, void *context)
{
	struct row_list list = { 0 };
	struct sqlite_statement *statement = NULL;
	int error = sqlite_prepare(store->db, &statement,
		parent ? "SELECT number FROM record WHERE kind = ?1 AND parent = ?2 AND deleted = 0 ORDER BY id"
		       : "SELECT number FROM record WHERE kind = ?1 AND deleted = 0 ORDER BY id");

	if (error == 0) {
		bind_text(statement, 1, store_kind_name(kind));
		if (parent)
			bind_text(statement, 2, parent);
		error = row_list_fill(&list, statement);
	}
	sqlite_finalize(statement);
	if (error == 0)
		error = visit_rows(store, &list, false, visit, context);
	free(list.rows);
	return error;
}

int store_changes(struct store *store, uint64_t since, store_visit *visit, void *context)
{
	struct row_list list = { 0 };
	struct sqlite_statement *statement = NULL;
	int error = sqlite_prepare(store->db, &statement,
		"SELECT number FROM record WHERE revision > ?1 AND (deleted = 0 OR ?1 > 0) ORDER BY revision, kind, "
		"id");

	if (error == 0) {
		sqlite_bind_int(statement, 1, (int64_t)since);
		error = row_list_fill(&list, statement);
	}
	sqlite_finalize(statement);
	if (error == 0)
		error = visit_rows(store, &list, since > 0, visit, context);
	free(list.rows);
	return error;
}

/* ------------------------------------------------------------------------------------------------------------------ */
/* Writing. */

/* What a file system reserves may be ours to open the store with, as in the image; changes are not made in it. */
static bool has_no_room(const struct store *store)
{
	struct statvfs facts;

	return fstatvfs(store->lock_fd, &facts) == 0 && facts.f_bavail == 0 && facts.f_blocks > 0;
}

int store_begin(struct store *store)
{
	uint64_t revision = 0;
	int error;

	if (store->lock_fd < 0 || sqlite_is_read_only(store->db))
		return -EROFS;
	if (store->in_transaction || store->reading)
		return -EINVAL;
	if (has_no_room(store))
		return -ENOSPC;
	error = run(store, SQL_BEGIN, NULL);
	if (error < 0)
		return error;
	store->in_transaction = true;
	store->touched = false;
	error = store_revision(store, &revision);
	if (error < 0) {
		store_rollback(store);
		return error;
	}
	store->next_revision = revision + 1;
	return 0;
}

/* Run a bound statement that changes rows. */
static int change(struct store *store, struct sqlite_statement *statement)
{
	int error = sqlite_step(statement);

	sqlite_reset(statement);
	if (error == 0 && sqlite_changes(store->db) > 0)
		store->touched = true;
	return error;
}

int store_put(struct store *store, enum store_kind kind, const char *id, const char *parent, const char *body,
	size_t body_bytes)
{
	struct sqlite_statement *statement;
	int error;

	if (!store->in_transaction)
		return -EINVAL;
	if (!parent)
		parent = "";
	if (body_bytes > STORE_BODY_MAX_BYTES || strlen(id) > STORE_ID_MAX_BYTES || strlen(parent) > STORE_ID_MAX_BYTES)
		return -EMSGSIZE;
	error = statement_take(store, SQL_PUT, &statement);
	if (error < 0)
		return error;
	bind_text(statement, 1, store_kind_name(kind));
	bind_text(statement, 2, id);
	bind_text(statement, 3, parent);
	sqlite_bind_int(statement, 4, (int64_t)store->next_revision);
	sqlite_bind_text(statement, 5, body, body_bytes);
	return change(store, statement);
}

static int delete_where(struct store *store, enum statement_id id, enum store_kind kind, const char *key)
{
	struct sqlite_statement *statement;
	int error;

	if (!store->in_transaction)
		return -EINVAL;
	error = statement_take(store, id, &statement);
	if (error < 0)
		return error;
	bind_text(statement, 1, store_kind_name(kind));
	bind_text(statement, 2, key);
	sqlite_bind_int(statement, 3, (int64_t)store->next_revision);
	return change(store, statement);
}

int store_delete(struct store *store, enum store_kind kind, const char *id)
{
	int error = delete_where(store, SQL_DELETE, kind, id);

	return error == 0 && sqlite_changes(store->db) == 0 ? -ENOENT : error;
}

int store_delete_children(struct store *store, enum store_kind kind, const char *parent)
{
	return delete_where(store, SQL_DELETE_CHILDREN, kind, parent);
}

int store_commit(struct store *store, uint64_t *ret_revision)
{
	struct sqlite_statement *statement;
	int error = 0;

	if (!store->in_transaction)
		return -EINVAL;
	if (store->touched) {
		error = statement_take(store, SQL_RAISE, &statement);
		if (error == 0) {
			sqlite_bind_int(statement, 1, (int64_t)store->next_revision);
			error = change(store, statement);
		}
	}
	if (error == 0)
		error = run(store, SQL_COMMIT, NULL);
	if (error < 0) {
		store_rollback(store);
		return error;
	}
	store->in_transaction = false;
	if (ret_revision)
		*ret_revision = store->touched ? store->next_revision : store->next_revision - 1;
	return 0;
}

void store_rollback(struct store *store)
{
	if (!store->in_transaction)
		return;
	store->in_transaction = false;
	/* Should the rollback itself fail, the next store_begin() fails too, and the journal undoes it at the next opening. */
	if (!sqlite_autocommit(store->db) && run(store, SQL_ROLLBACK, NULL) < 0)
		return;
}

/* ------------------------------------------------------------------------------------------------------------------ */
/* Keeping. */

int store_check(struct store *store)
{
	char verdict[64] = "";
	int error = sqlite_query_text(store->db, "PRAGMA quick_check(1)", verdict, sizeof verdict);

	return error < 0 ? error : strcmp(verdict, "ok") == 0 ? 0 : -EUCLEAN;
}

static int check_copy(const char *path, const char **ret_message)
{
	struct store *copy = NULL;
	int error = store_open_reader(&copy, path, ret_message);

	if (error == 0)
		error = store_check(copy);
	store_close(copy);
	return error;
}

int store_backup(struct store *store, const char *path)
{
	int error = store->in_transaction || store->reading ? -EINVAL : file_copy_database(store->db, path, 0600);

	if (error < 0)
		return error;
	error = check_copy(path, NULL);
	if (error < 0)
		(void)unlink(path);
	return error;
}
