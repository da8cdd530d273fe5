/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/store/log_events.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "appliance/store/file.h"
#include "appliance/store/sqlite.h"

/* "PSTE": tells the database from any other. */
#define APPLICATION_ID 0x50535445
#define SCHEMA_VERSION 1
#define PAGE_BYTES 4096

/* Part of its file system that the file may take. */
#define FILE_SYSTEM_PART 8

/* Above the bound, so that who removes events still can: their transaction needs pages too. */
#define HEADROOM_PAGES 1024

/* Events of a stream that go with it at once; what is more goes when there is time. */
#define STREAM_EVENTS_AT_ONCE 1000

enum statement_id {
	SQL_BEGIN,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_ADD_GROUP,
	SQL_FIND_GROUP,
	SQL_ADD_STREAM,
	SQL_FIND_STREAM,
	SQL_DELETE_STREAM_EVENTS,
	SQL_DELETE_STREAM,
	SQL_MOVE_STREAM,
	SQL_COUNT_STREAMS,
	SQL_ADD_EVENT,
	SQL_STREAM_FORWARD,
	SQL_STREAM_BACKWARD,
	SQL_GROUP_FORWARD,
	SQL_GROUP_BACKWARD,
	SQL_BYTES,
	SQL_EXPIRE,
	SQL_DROP_EVENTS,
	SQL_DROP_STREAMS,
	SQL_DROP_GROUP,
	SQL_DROP_OLDEST,
	SQL_GET_CURSOR,
	SQL_PUT_CURSOR,
	SQL_STATEMENT_COUNT
};

#define EVENT_COLUMNS "serial, stream, time_ms, arrived_ms, message"
#define EVENTS_BETWEEN(owner)                                                                                          \
	"SELECT " EVENT_COLUMNS " FROM event WHERE " owner " = ?1 AND (time_ms, serial) >= (?2, ?3)"                   \
	" AND (time_ms, serial) < (?4, ?5)"
#define TEXT_OF(number) TEXT_OF_TOKEN(number)
#define TEXT_OF_TOKEN(token) #token
#define GROUP_ID "(SELECT id FROM grp WHERE key = ?1)"

static const char *const sql_texts[SQL_STATEMENT_COUNT] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_ADD_GROUP] = "INSERT INTO grp (key) VALUES (?1) ON CONFLICT DO NOTHING",
	[SQL_FIND_GROUP] = "SELECT id FROM grp WHERE key = ?1",
	[SQL_ADD_STREAM] = "INSERT INTO stream (grp, name, created_ms, arrived_ms, bytes) VALUES (" GROUP_ID
			   ", ?2, ?3, -1, 0) ON CONFLICT DO NOTHING",
	[SQL_FIND_STREAM] = "SELECT id FROM stream WHERE grp = " GROUP_ID " AND name = ?2",
	[SQL_DELETE_STREAM_EVENTS] = "DELETE FROM event WHERE serial IN (SELECT serial FROM event WHERE stream = ?1"
				     " LIMIT " TEXT_OF(STREAM_EVENTS_AT_ONCE) ")",
	[SQL_DELETE_STREAM] = "DELETE FROM stream WHERE id = ?1",
	[SQL_MOVE_STREAM] = "UPDATE stream SET grp = " GROUP_ID " WHERE id = ?2",
	[SQL_COUNT_STREAMS] = "SELECT count(*) FROM stream WHERE grp = " GROUP_ID,
	[SQL_ADD_EVENT] = "INSERT INTO event (grp, stream, time_ms, arrived_ms, message)"
			  " SELECT grp, id, ?2, ?3, ?4 FROM stream WHERE id = ?1",
	[SQL_STREAM_FORWARD] = EVENTS_BETWEEN("stream") " ORDER BY time_ms, serial",
	[SQL_STREAM_BACKWARD] = EVENTS_BETWEEN("stream") " ORDER BY time_ms DESC, serial DESC",
	[SQL_GROUP_FORWARD] = EVENTS_BETWEEN("grp") " ORDER BY time_ms, serial",
	[SQL_GROUP_BACKWARD] = EVENTS_BETWEEN("grp") " ORDER BY time_ms DESC, serial DESC",
	[SQL_BYTES] = "SELECT total(bytes) FROM stream WHERE grp = " GROUP_ID,
	[SQL_EXPIRE] = "DELETE FROM event WHERE serial IN (SELECT serial FROM event WHERE grp = " GROUP_ID
		       " AND time_ms < ?2 ORDER BY time_ms LIMIT ?3)",
	[SQL_DROP_EVENTS] = "DELETE FROM event WHERE serial IN (SELECT serial FROM event WHERE stream IN"
			    " (SELECT id FROM stream WHERE grp = " GROUP_ID ") LIMIT ?2)",
	[SQL_DROP_STREAMS] = "DELETE FROM stream WHERE grp = " GROUP_ID,
	[SQL_DROP_GROUP] = "DELETE FROM grp WHERE key = ?1",
	[SQL_DROP_OLDEST] = "DELETE FROM event WHERE serial IN (SELECT serial FROM event ORDER BY serial LIMIT ?1)",
	[SQL_GET_CURSOR] = "SELECT epoch, serial, number FROM cursor WHERE worker = ?1",
	[SQL_PUT_CURSOR] = "INSERT INTO cursor (worker, epoch, serial, number) VALUES (?1, ?2, ?3, ?4)"
			   " ON CONFLICT (worker) DO UPDATE SET epoch = ?2, serial = ?3, number = ?4",
};

#define STREAM_COLUMNS                                                                                                 \
	"SELECT id, name, created_ms,"                                                                                 \
	" (SELECT min(time_ms) FROM event WHERE stream = stream.id) AS first_ms,"                                      \
	" (SELECT max(time_ms) FROM event WHERE stream = stream.id) AS last_ms,"                                       \
	" arrived_ms FROM stream WHERE grp = " GROUP_ID

/* By order, then direction. */
static const char *const stream_texts[2][2] = {
	[LOG_STREAM_BY_NAME] = { STREAM_COLUMNS " ORDER BY name", STREAM_COLUMNS " ORDER BY name DESC" },
	[LOG_STREAM_BY_LAST_EVENT] = { STREAM_COLUMNS " ORDER BY last_ms, name",
		STREAM_COLUMNS " ORDER BY last_ms DESC, name DESC" },
};

/* Serials are never given out twice (AUTOINCREMENT): they are part of tokens that clients hold. */
static const char schema[] =
	"CREATE TABLE grp (id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE);"
	"CREATE TABLE stream (id INTEGER PRIMARY KEY AUTOINCREMENT, grp INTEGER NOT NULL, name TEXT NOT NULL,"
	" created_ms INTEGER NOT NULL, arrived_ms INTEGER NOT NULL, bytes INTEGER NOT NULL, UNIQUE (grp, name));"
	"CREATE TABLE event (serial INTEGER PRIMARY KEY AUTOINCREMENT, grp INTEGER NOT NULL, stream INTEGER NOT NULL,"
	" time_ms INTEGER NOT NULL, arrived_ms INTEGER NOT NULL, message TEXT NOT NULL);"
	"CREATE INDEX event_of_group ON event (grp, time_ms);"
	"CREATE INDEX event_of_stream ON event (stream, time_ms);"
	"CREATE TABLE cursor (worker INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, serial INTEGER NOT NULL,"
	" number INTEGER NOT NULL);"
	"CREATE TRIGGER event_comes AFTER INSERT ON event BEGIN UPDATE stream SET arrived_ms = new.arrived_ms,"
	" bytes = bytes + 26 + length(CAST(new.message AS BLOB)) WHERE id = new.stream; END;"
	"CREATE TRIGGER event_goes AFTER DELETE ON event BEGIN UPDATE stream SET"
	" bytes = bytes - 26 - length(CAST(old.message AS BLOB)) WHERE id = old.stream; END;";

struct log_events {
	struct sqlite *db;
	struct sqlite_statement *statements[SQL_STATEMENT_COUNT]; /* prepared at first use */
	uint64_t max_bytes;
	int lock_fd;
	bool was_full; /* something had no room since events were removed */
};

/* ------------------------------------------------------------------------------------------------------------------ */
/* Statements. */

static int take(struct log_events *events, enum statement_id id, struct sqlite_statement **ret)
{
	int error = 0;

	if (!events->statements[id])
		error = sqlite_prepare(events->db, &events->statements[id], sql_texts[id]);
	*ret = events->statements[id];
	return error;
}

/* Take the statement `id` and bind the key of a group as its first parameter. */
static int take_for_group(
	struct log_events *events, enum statement_id id, struct view group, struct sqlite_statement **ret)
{
	int error = take(events, id, ret);

	if (error == 0)
		sqlite_bind_text(*ret, 1, group.at, group.count);
	return error;
}

/* Pass on what came of writing. */
static int note_room(struct log_events *events, int error)
{
	events->was_full = events->was_full || error == -ENOSPC;
	return error;
}

/* Run to the end; `error` is what came before. */
static int run(struct sqlite_statement *statement, int error)
{
	if (error == 0)
		error = sqlite_step(statement);
	if (statement)
		sqlite_reset(statement);
	return error < 0 ? error : 0;
}

/* The first column of the first row. -ENOENT if there is none. */
static int run_for_number(struct sqlite_statement *statement, int error, int64_t *ret)
{
	if (error == 0)
		error = sqlite_step(statement);
	if (error == 1)
		*ret = sqlite_column_int(statement, 0);
	else if (error == 0)
		error = -ENOENT;
	if (statement)
		sqlite_reset(statement);
	return error < 0 ? error : 0;
}

static int run_simple(struct log_events *events, enum statement_id id)
{
	struct sqlite_statement *statement;
	int error = take(events, id, &statement);

	return run(statement, error);
}

int log_events_begin(struct log_events *events)
{
	return run_simple(events, SQL_BEGIN);
}

int log_events_commit(struct log_events *events)
{
	int error = note_room(events, run_simple(events, SQL_COMMIT));

	if (error < 0)
		log_events_rollback(events);
	return error;
}

void log_events_rollback(struct log_events *events)
{
	/* What can't be rolled back was rolled back by SQLite itself. */
	if (!sqlite_autocommit(events->db))
		(void)run_simple(events, SQL_ROLLBACK);
}

/* End a transaction of our own by what came of it, which is passed on: a count or a negative errno. */
static int end(struct log_events *events, int result)
{
	int error = result;

	if (result < 0)
		log_events_rollback(events);
	else
		error = log_events_commit(events);
	return error < 0 ? error : result;
}

/* ------------------------------------------------------------------------------------------------------------------ */
/* Opening. */

/* A database without events is one; anything that is not ours is not. */
static int make_schema(struct log_events *events)
{
	int64_t application = 0, version = 0, objects = 0;
	char sql[128];
	int error = sqlite_query_int(events->db, "PRAGMA application_id", &application);

	if (error == 0)
		error = sqlite_query_int(events->db, "PRAGMA user_version", &version);
	if (error == 0)
		error = sqlite_query_int(events->db, "SELECT count(*) FROM sqlite_master", &objects);
	if (error < 0 || (application == APPLICATION_ID && version == SCHEMA_VERSION))
		return error;
	if (application || version || objects)
		return -EMEDIUMTYPE;
	error = log_events_begin(events);
	if (error == 0)
		error = sqlite_exec(events->db, schema);
	snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION_ID,
		SCHEMA_VERSION);
	if (error == 0)
		error = sqlite_exec(events->db, sql);
	return end(events, error);
}

/* The file system's share, if that is less. */
static uint64_t bound_of(const char *path, uint64_t max_bytes)
{
	struct statvfs facts;
	uint64_t share;

	if (statvfs(path, &facts) == 0) {
		share = (uint64_t)facts.f_blocks * facts.f_frsize / FILE_SYSTEM_PART;
		max_bytes = share < max_bytes ? share : max_bytes;
	}
	return max_bytes > LOG_EVENTS_MIN_BYTES ? max_bytes : LOG_EVENTS_MIN_BYTES;
}

static int set_up(struct log_events *events)
{
	char sql[160], mode[16] = "";
	int error = sqlite_exec(events->db, "PRAGMA auto_vacuum = INCREMENTAL");

	if (error == 0)
		error = sqlite_query_text(events->db, "PRAGMA journal_mode = WAL", mode, sizeof mode);
	if (error == 0 && strcmp(mode, "wal") != 0)
		error = -EIO;
	snprintf(sql, sizeof sql,
		"PRAGMA synchronous = FULL; PRAGMA journal_size_limit = %llu; PRAGMA max_page_count = %llu",
		(unsigned long long)LOG_EVENTS_WAL_BYTES,
		(unsigned long long)(events->max_bytes / PAGE_BYTES + HEADROOM_PAGES));
	if (error == 0)
		error = sqlite_exec(events->db, sql);
	return error < 0 ? error : make_schema(events);
}

static void close_database(struct log_events *events)
{
	for (size_t i = 0; i < SQL_STATEMENT_COUNT; i++)
		sqlite_finalize(events->statements[i]);
	memset(events->statements, 0, sizeof events->statements);
	if (events->db)
		sqlite_close(events->db);
	events->db = NULL;
}

static int open_database(struct log_events *events, const char *path, uint64_t max_bytes)
{
	int error = file_create(path);

	events->max_bytes = bound_of(path, max_bytes);
	if (error == 0)
		error = sqlite_open(&events->db, path, true);
	if (error == 0)
		error = sqlite_is_read_only(events->db) ? -EROFS : set_up(events);
	return error;
}

/* Out of the way, with what belongs to it. */
static int put_aside(const char *path)
{
	static const char *const suffixes[] = { "-wal", "-shm" };
	char target[FILE_PATH_MAX_BYTES];

	if ((size_t)snprintf(target, sizeof target, "%s.damaged", path) >= sizeof target)
		return -ENAMETOOLONG;
	if (rename(path, target) < 0)
		return -errno;
	for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
		snprintf(target, sizeof target, "%.1000s%s", path, suffixes[i]);
		if (unlink(target) < 0 && errno != ENOENT)
			return -errno;
	}
	return 0;
}

int log_events_open(struct log_events **ret, const char *path, uint64_t max_bytes, const char **ret_message)
{
	struct log_events *events = calloc(1, sizeof *events);
	int error;

	*ret_message = "";
	if (!events)
		return -ENOMEM;
	events->lock_fd = -1;
	error = file_take_writer_lock(path, &events->lock_fd);
	if (error == 0)
		error = open_database(events, path, max_bytes);
	if (error == -EUCLEAN || error == -EMEDIUMTYPE) {
		*ret_message = "the database of log events is damaged: it was put aside and begun anew";
		close_database(events);
		error = put_aside(path);
		if (error == 0)
			error = open_database(events, path, max_bytes);
	}
	if (error < 0) {
		log_events_close(events);
		return error;
	}
	*ret = events;
	return 0;
}

void log_events_close(struct log_events *events)
{
	if (!events)
		return;
	close_database(events);
	if (events->lock_fd >= 0)
		close(events->lock_fd);
	free(events);
}

/* ------------------------------------------------------------------------------------------------------------------ */
/* Streams. */

int log_events_find_stream(struct log_events *events, struct view group, struct view name, int64_t *ret_id)
{
	struct sqlite_statement *statement;
	int error = take_for_group(events, SQL_FIND_STREAM, group, &statement);

	if (error == 0)
		sqlite_bind_text(statement, 2, name.at, name.count);
	return run_for_number(statement, error, ret_id);
}

int log_events_create_stream(
	struct log_events *events, struct view group, struct view name, int64_t now_ms, int64_t *ret_id)
{
	struct sqlite_statement *statement;
	int64_t id;
	int error = take_for_group(events, SQL_ADD_GROUP, group, &statement);

	error = run(statement, error);
	if (error == 0)
		error = take_for_group(events, SQL_ADD_STREAM, group, &statement);
	if (error < 0)
		return error;
	sqlite_bind_text(statement, 2, name.at, name.count);
	sqlite_bind_int(statement, 3, now_ms);
	error = run(statement, 0);
	if (error == 0 && sqlite_changes(events->db) == 0)
		return -EEXIST;
	if (error == 0)
		error = log_events_find_stream(events, group, name, &id);
	if (error == 0 && ret_id)
		*ret_id = id;
	return error;
}

static int run_for_stream(struct log_events *events, enum statement_id which, int64_t stream)
{
	struct sqlite_statement *statement;
	int error = take(events, which, &statement);

	if (error == 0)
		sqlite_bind_int(statement, 1, stream);
	return run(statement, error);
}

/* Into a group of its own that nobody knows of: it is dropped as others that are no more. Keys have no "-". */
static int set_stream_aside(struct log_events *events, int64_t stream)
{
	struct sqlite_statement *statement;
	char text[24];
	struct view key;
	int error;

	key = view_from(text, (size_t)snprintf(text, sizeof text, "-%llx", (unsigned long long)stream));
	error = take_for_group(events, SQL_ADD_GROUP, key, &statement);
	error = run(statement, error);
	if (error == 0)
		error = take_for_group(events, SQL_MOVE_STREAM, key, &statement);
	if (error == 0)
		sqlite_bind_int(statement, 2, stream);
	return run(statement, error);
}

int log_events_delete_stream(struct log_events *events, struct view group, struct view name)
{
	int64_t id = 0;
	int error = log_events_find_stream(events, group, name, &id);

	if (error == 0)
		error = run_for_stream(events, SQL_DELETE_STREAM_EVENTS, id);
	if (error < 0)
		return error;
	return sqlite_changes(events->db) < STREAM_EVENTS_AT_ONCE ? run_for_stream(events, SQL_DELETE_STREAM, id)
								  : set_stream_aside(events, id);
}

static int64_t number_of_group(struct log_events *events, enum statement_id id, struct view group)
{
	struct sqlite_statement *statement;
	int64_t number = 0;
	int error = take_for_group(events, id, group, &statement);

	error = run_for_number(statement, error, &number);
	return error < 0 ? error : number;
}

int64_t log_events_stream_count(struct log_events *events, struct view group)
{
	return number_of_group(events, SQL_COUNT_STREAMS, group);
}

int64_t log_events_bytes(struct log_events *events, struct view group)
{
	return number_of_group(events, SQL_BYTES, group);
}

static struct view column_view(struct sqlite_statement *statement, int column)
{
	size_t count = 0;
	const char *text = sqlite_column_text(statement, column, &count);

	return view_from(text ? text : "", text ? count : 0);
}

/* NULL, which reads as an empty text, is none. */
static int64_t column_time(struct sqlite_statement *statement, int column)
{
	return column_view(statement, column).count ? sqlite_column_int(statement, column) : -1;
}

int log_events_each_stream(struct log_events *events, struct view group, enum log_stream_order order, bool descending,
	log_stream_visit *visit, void *context)
{
	struct sqlite_statement *statement = NULL;
	int result = sqlite_prepare(events->db, &statement, stream_texts[order][descending]), visited = 0;

	if (result == 0) {
		sqlite_bind_text(statement, 1, group.at, group.count);
		while (visited == 0 && (result = sqlite_step(statement)) == 1) {
			struct log_stream stream = { .id = sqlite_column_int(statement, 0),
				.name = column_view(statement, 1),
				.created_ms = sqlite_column_int(statement, 2),
				.first_ms = column_time(statement, 3),
				.last_ms = column_time(statement, 4),
				.last_arrived_ms = sqlite_column_int(statement, 5) };

			visited = visit(context, &stream);
		}
	}
	sqlite_finalize(statement);
	return result < 0 ? result : visited;
}

/* ------------------------------------------------------------------------------------------------------------------ */
/* Events. */

int log_events_put(struct log_events *events, const struct log_event *event)
{
	struct sqlite_statement *statement;
	int error;

	if (event->message.count > LOG_EVENTS_MESSAGE_MAX_BYTES)
		return -EMSGSIZE;
	error = take(events, SQL_ADD_EVENT, &statement);
	if (error < 0)
		return error;
	sqlite_bind_int(statement, 1, event->stream);
	sqlite_bind_int(statement, 2, event->time_ms);
	sqlite_bind_int(statement, 3, event->arrived_ms);
	sqlite_bind_text(statement, 4, event->message.count ? event->message.at : "", event->message.count);
	error = note_room(events, run(statement, 0));
	return error == 0 && sqlite_changes(events->db) == 0 ? -ENOENT : error;
}

static int bind_query(struct log_events *events, const struct log_query *query, struct sqlite_statement **ret)
{
	enum statement_id id = query->stream ? (query->descending ? SQL_STREAM_BACKWARD : SQL_STREAM_FORWARD)
					     : (query->descending ? SQL_GROUP_BACKWARD : SQL_GROUP_FORWARD);
	int64_t owner = query->stream;
	int error = 0;

	if (!owner) {
		error = take_for_group(events, SQL_FIND_GROUP, query->group, ret);
		error = run_for_number(*ret, error, &owner);
	}
	if (error == 0)
		error = take(events, id, ret);
	if (error < 0)
		return error;
	sqlite_bind_int(*ret, 1, owner);
	sqlite_bind_int(*ret, 2, query->after.time_ms);
	sqlite_bind_int(*ret, 3, query->after.serial);
	sqlite_bind_int(*ret, 4, query->before.time_ms);
	sqlite_bind_int(*ret, 5, query->before.serial);
	return 0;
}

int log_events_each(struct log_events *events, const struct log_query *query, log_event_visit *visit, void *context)
{
	struct sqlite_statement *statement = NULL;
	int result = bind_query(events, query, &statement), visited = 0;

	if (result < 0)
		return result == -ENOENT ? 0 : result;
	while (visited == 0 && (result = sqlite_step(statement)) == 1) {
		struct log_event event = { .serial = sqlite_column_int(statement, 0),
			.stream = sqlite_column_int(statement, 1),
			.time_ms = sqlite_column_int(statement, 2),
			.arrived_ms = sqlite_column_int(statement, 3),
			.message = column_view(statement, 4) };

		visited = visit(context, &event);
	}
	sqlite_reset(statement);
	return result < 0 ? result : visited;
}

/* ------------------------------------------------------------------------------------------------------------------ */
/* Looking after. */

/* Run what removes events, within the open transaction: how many it removed, or a negative errno. */
static int removed(struct log_events *events, struct sqlite_statement *statement)
{
	int error = run(statement, 0);

	return error < 0 ? error : sqlite_changes(events->db);
}

int log_events_expire(struct log_events *events, struct view group, int64_t before_ms, int max_count)
{
	struct sqlite_statement *statement;
	int result = log_events_begin(events);

	if (result < 0)
		return result;
	result = take_for_group(events, SQL_EXPIRE, group, &statement);
	if (result == 0) {
		sqlite_bind_int(statement, 2, before_ms);
		sqlite_bind_int(statement, 3, max_count);
		result = removed(events, statement);
	}
	return end(events, result);
}

static int run_for_group(struct log_events *events, enum statement_id id, struct view group)
{
	struct sqlite_statement *statement;
	int error = take_for_group(events, id, group, &statement);

	return run(statement, error);
}

int log_events_drop_group(struct log_events *events, struct view group, int max_count)
{
	struct sqlite_statement *statement;
	int result = log_events_begin(events), error = 0;

	if (result < 0)
		return result;
	result = take_for_group(events, SQL_DROP_EVENTS, group, &statement);
	if (result == 0) {
		sqlite_bind_int(statement, 2, max_count);
		result = removed(events, statement);
	}
	if (result >= 0 && result < max_count) {
		error = run_for_group(events, SQL_DROP_STREAMS, group);
		if (error == 0)
			error = run_for_group(events, SQL_DROP_GROUP, group);
	}
	return end(events, error < 0 ? error : result);
}

int log_events_used_bytes(struct log_events *events, uint64_t *ret_used, uint64_t *ret_max)
{
	int64_t pages = 0, unused = 0;
	int error = sqlite_query_int(events->db, "PRAGMA page_count", &pages);

	if (error == 0)
		error = sqlite_query_int(events->db, "PRAGMA freelist_count", &unused);
	*ret_used = (uint64_t)(pages - unused) * PAGE_BYTES;
	*ret_max = events->max_bytes;
	return error;
}

/* Above its bound, or with no room left for what somebody wanted to write. */
static bool is_too_large(const struct log_events *events, uint64_t used)
{
	return used > events->max_bytes ||
	       (events->was_full && used + (uint64_t)HEADROOM_PAGES * PAGE_BYTES > events->max_bytes);
}

int log_events_shrink(struct log_events *events, int max_count)
{
	struct sqlite_statement *statement;
	uint64_t used = 0, max = 0;
	int64_t unused = 0;
	int result = log_events_used_bytes(events, &used, &max);

	if (result == 0 && is_too_large(events, used)) {
		events->was_full = false;
		result = log_events_begin(events);
		if (result < 0)
			return result;
		result = take(events, SQL_DROP_OLDEST, &statement);
		if (result == 0) {
			sqlite_bind_int(statement, 1, max_count);
			result = removed(events, statement);
		}
		return end(events, result);
	}
	/* Pages that were freed are used again; what a lower bound left over goes back to the file system. */
	if (result == 0)
		result = sqlite_query_int(events->db, "PRAGMA freelist_count", &unused);
	if (result == 0 && used + (uint64_t)unused * PAGE_BYTES > max)
		result = sqlite_exec(events->db, "PRAGMA incremental_vacuum(1024)");
	return result;
}

int log_events_each_group(struct log_events *events, log_group_visit *visit, void *context)
{
	struct sqlite_statement *statement = NULL;
	int result = sqlite_prepare(events->db, &statement, "SELECT key FROM grp ORDER BY id"), visited = 0;

	while (result >= 0 && visited == 0 && (result = sqlite_step(statement)) == 1)
		visited = visit(context, column_view(statement, 0));
	sqlite_finalize(statement);
	return result < 0 ? result : visited;
}

/* ------------------------------------------------------------------------------------------------------------------ */
/* Cursors. */

int log_events_get_cursor(struct log_events *events, unsigned worker, struct log_line_cursor *ret)
{
	struct sqlite_statement *statement;
	int result = take(events, SQL_GET_CURSOR, &statement);

	*ret = (struct log_line_cursor){ 0 };
	if (result < 0)
		return result;
	sqlite_bind_int(statement, 1, worker);
	result = sqlite_step(statement);
	if (result == 1)
		*ret = (struct log_line_cursor){ .epoch = (uint32_t)sqlite_column_int(statement, 0),
			.serial = (uint64_t)sqlite_column_int(statement, 1),
			.number = (uint64_t)sqlite_column_int(statement, 2) };
	sqlite_reset(statement);
	return result < 0 ? result : 0;
}

int log_events_put_cursor(struct log_events *events, unsigned worker, const struct log_line_cursor *cursor)
{
	struct sqlite_statement *statement;
	int error = take(events, SQL_PUT_CURSOR, &statement);

	if (error < 0)
		return error;
	sqlite_bind_int(statement, 1, worker);
	sqlite_bind_int(statement, 2, cursor->epoch);
	sqlite_bind_int(statement, 3, (int64_t)cursor->serial);
	sqlite_bind_int(statement, 4, (int64_t)cursor->number);
	return note_room(events, run(statement, 0));
}
