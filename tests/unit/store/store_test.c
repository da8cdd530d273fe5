/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of appliance/store: what a transaction promises, what readers see, and that kill -9 loses nothing answered. */
#define FOLDER_FILE "store.db"
#include "tests/unit/store/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "appliance/store/store.h"

static const struct store_identity identity = { .account_id = "000000000000", .region = "us-east-1" };

static struct store *open_writer(const struct folder *folder)
{
	struct store *store = NULL;
	const char *message = "";
	int error = store_open(&store, folder->file, &identity, &message);

	if (error < 0)
		fail_msg("store_open: %d %s", error, message);
	return store;
}

static uint64_t put(struct store *store, enum store_kind kind, const char *id, const char *parent, const char *body)
{
	uint64_t revision = 0;

	assert_int_equal(0, store_begin(store));
	assert_int_equal(0, store_put(store, kind, id, parent, body, strlen(body)));
	assert_int_equal(0, store_commit(store, &revision));
	return revision;
}

static void assert_body(struct store *store, enum store_kind kind, const char *id, const char *body)
{
	struct store_record record;

	assert_int_equal(0, store_get(store, kind, id, &record));
	assert_string_equal(body, record.body);
	assert_int_equal(strlen(body), record.body_bytes);
	store_record_fini(&record);
}

/* Collects "kind:id@revision[-]" of what is visited. */
struct trace {
	char text[1024];
};

static int note(void *context, const struct store_record *record)
{
	struct trace *trace = context;
	size_t used = strlen(trace->text);

	snprintf(trace->text + used, sizeof trace->text - used, "%s:%s@%llu%s ", store_kind_name(record->kind),
		record->id, (unsigned long long)record->revision, record->deleted ? "-" : "");
	return 0;
}

static void a_commit_raises_the_revision_by_one_and_marks_its_records(void **state)
{
	struct store *store = open_writer(*state);
	struct trace trace = { "" };
	uint64_t revision = 99;

	assert_int_equal(0, store_revision(store, &revision));
	assert_int_equal(0, revision);
	assert_int_equal(1, put(store, STORE_restapi, "a1", NULL, "{\"name\":\"a\"}"));
	assert_int_equal(0, store_begin(store));
	assert_int_equal(0, store_put(store, STORE_resource, "a1/r1", "a1", "{}", 2));
	assert_int_equal(0, store_put(store, STORE_resource, "a1/r2", "a1", "{}", 2));
	assert_int_equal(0, store_commit(store, &revision));
	assert_int_equal(2, revision);
	assert_int_equal(0, store_each(store, STORE_resource, "a1", note, &trace));
	assert_string_equal("resource:a1/r1@2 resource:a1/r2@2 ", trace.text);
	store_close(store);
}

static void a_transaction_that_changes_nothing_keeps_the_revision(void **state)
{
	struct store *store = open_writer(*state);
	uint64_t revision = 0;

	put(store, STORE_restapi, "a1", NULL, "{}");
	assert_int_equal(0, store_begin(store));
	assert_int_equal(-ENOENT, store_delete(store, STORE_restapi, "nobody"));
	assert_int_equal(0, store_commit(store, &revision));
	assert_int_equal(1, revision);
	store_close(store);
}

static void a_rollback_leaves_no_trace(void **state)
{
	struct store *store = open_writer(*state);
	struct store_record record;

	put(store, STORE_restapi, "a1", NULL, "{\"v\":1}");
	assert_int_equal(0, store_begin(store));
	assert_int_equal(0, store_put(store, STORE_restapi, "a1", NULL, "{\"v\":2}", 7));
	assert_int_equal(0, store_put(store, STORE_restapi, "b2", NULL, "{}", 2));
	store_rollback(store);
	assert_body(store, STORE_restapi, "a1", "{\"v\":1}");
	assert_int_equal(-ENOENT, store_get(store, STORE_restapi, "b2", &record));
	store_close(store);
}

static void changes_since_n_name_tombstones_and_nothing_older(void **state)
{
	struct store *store = open_writer(*state);
	struct trace since_one = { "" }, since_zero = { "" };

	put(store, STORE_restapi, "a1", NULL, "{}");
	put(store, STORE_stage, "a1/prod", "a1", "{}");
	put(store, STORE_stage, "a1/dev", "a1", "{}");
	assert_int_equal(0, store_begin(store));
	assert_int_equal(0, store_delete(store, STORE_stage, "a1/prod"));
	assert_int_equal(0, store_commit(store, NULL));
	assert_int_equal(0, store_changes(store, 1, note, &since_one));
	assert_string_equal("stage:a1/dev@3 stage:a1/prod@4- ", since_one.text);
	assert_int_equal(0, store_changes(store, 0, note, &since_zero));
	assert_string_equal("restapi:a1@1 stage:a1/dev@3 ", since_zero.text);
	store_close(store);
}

static void a_deleted_id_can_live_again(void **state)
{
	struct store *store = open_writer(*state);
	uint64_t count = 9;

	put(store, STORE_stage, "a1/prod", "a1", "{}");
	assert_int_equal(0, store_begin(store));
	assert_int_equal(0, store_delete_children(store, STORE_stage, "a1"));
	assert_int_equal(0, store_commit(store, NULL));
	assert_int_equal(0, store_exists(store, STORE_stage, "a1/prod"));
	put(store, STORE_stage, "a1/prod", "a1", "{\"again\":true}");
	assert_int_equal(1, store_exists(store, STORE_stage, "a1/prod"));
	assert_int_equal(0, store_count(store, STORE_stage, NULL, &count));
	assert_int_equal(1, count);
	assert_int_equal(0, store_count(store, STORE_stage, "a1", &count));
	assert_int_equal(1, count);
	assert_int_equal(0, store_count(store, STORE_stage, "a2", &count));
	assert_int_equal(0, count);
	assert_body(store, STORE_stage, "a1/prod", "{\"again\":true}");
	store_close(store);
}

static void a_reader_sees_one_revision_and_learns_of_the_next(void **state)
{
	const struct folder *folder = *state;
	struct store *reader = NULL, *writer = NULL;
	const char *message = "";
	uint64_t revision = 0;
	bool changed = false;

	assert_int_equal(-ENOENT, store_open_reader(&reader, folder->file, &message));
	writer = open_writer(folder);
	put(writer, STORE_restapi, "a1", NULL, "{\"v\":1}");
	assert_int_equal(0, store_open_reader(&reader, folder->file, &message));
	assert_int_equal(-EROFS, store_begin(reader));
	assert_int_equal(0, store_wake_poll(reader, &changed));
	assert_true(changed);
	assert_int_equal(0, store_wake_poll(reader, &changed));
	assert_false(changed);

	assert_int_equal(0, store_read_begin(reader));
	put(writer, STORE_restapi, "a1", NULL, "{\"v\":2}");
	assert_body(reader, STORE_restapi, "a1", "{\"v\":1}");
	assert_int_equal(0, store_revision(reader, &revision));
	assert_int_equal(1, revision);
	store_read_end(reader);

	assert_int_equal(0, store_wake_poll(reader, &changed));
	assert_true(changed);
	assert_body(reader, STORE_restapi, "a1", "{\"v\":2}");
	store_close(reader);
	store_close(writer);
}

static void files_are_for_owner_and_group_and_stay(void **state)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	const struct folder *folder = *state;
	struct store *store;
	mode_t mask = umask(0);

	store = open_writer(folder);
	put(store, STORE_restapi, "a1", NULL, "{}");
	store_close(store);
	umask(mask);
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
		struct stat status;
		char path[128];

		snprintf(path, sizeof path, "%s%s", folder->file, suffixes[i]);
		assert_int_equal(0, stat(path, &status));
		assert_int_equal(0640, status.st_mode & 07777);
	}
}

static void account_and_region_are_fixed_at_the_first_start(void **state)
{
	const struct folder *folder = *state;
	const struct store_identity other = { .account_id = "111122223333", .region = "us-east-1" };
	const char *message = "";
	struct store *store = open_writer(folder);

	store_close(store);
	assert_int_equal(-EEXIST, store_open(&store, folder->file, &other, &message));
	assert_non_null(strstr(message, "belongs to account 000000000000"));
	store = open_writer(folder);
	assert_string_equal("us-east-1", store_identity(store)->region);
	store_close(store);
}

static void there_is_one_writer(void **state)
{
	const struct folder *folder = *state;
	const char *message = "";
	struct store *second = NULL, *store = open_writer(folder);

	assert_int_equal(-EBUSY, store_open(&second, folder->file, &identity, &message));
	assert_non_null(strstr(message, "another process"));
	store_close(store);
}

/* Change one 4-byte big-endian field of the database's header: 60 user_version, 68 application_id. */
static void poke_header(const char *path, off_t offset, uint32_t value)
{
	uint8_t bytes[4] = { (uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value };
	int fd = open(path, O_RDWR);

	assert_true(fd >= 0);
	assert_int_equal(4, pwrite(fd, bytes, 4, offset));
	close(fd);
}

static void strange_and_newer_files_are_refused(void **state)
{
	const struct folder *folder = *state;
	char copy[160];
	const char *message = "";
	struct store *store = open_writer(folder), *refused = NULL;
	FILE *file;

	snprintf(copy, sizeof copy, "%s/newer.db", folder->path);
	assert_int_equal(0, store_backup(store, copy));
	poke_header(copy, 60, STORE_SCHEMA_VERSION + 1);
	assert_int_equal(-EPROTONOSUPPORT, store_open(&refused, copy, &identity, &message));
	assert_non_null(strstr(message, "newer Postern"));
	poke_header(copy, 60, STORE_SCHEMA_VERSION);
	poke_header(copy, 68, 0x12345678);
	assert_int_equal(-EMEDIUMTYPE, store_open(&refused, copy, &identity, &message));
	store_close(store);

	snprintf(copy, sizeof copy, "%s/text.db", folder->path);
	file = fopen(copy, "w");
	assert_non_null(file);
	for (int i = 0; i < 200; i++)
		fputs("not a database, just some text\n", file);
	fclose(file);
	assert_int_equal(-EMEDIUMTYPE, store_open(&refused, copy, &identity, &message));
	assert_int_equal(-EMEDIUMTYPE, store_open_reader(&refused, copy, &message));
}

static void what_is_too_large_is_refused_and_the_transaction_goes_on(void **state)
{
	struct store *store = open_writer(*state);
	char *id = calloc(1, STORE_ID_MAX_BYTES + 2);
	char *body = calloc(1, STORE_BODY_MAX_BYTES + 2);

	memset(id, 'x', STORE_ID_MAX_BYTES + 1);
	memset(body, ' ', STORE_BODY_MAX_BYTES + 1);
	assert_int_equal(-EINVAL, store_put(store, STORE_restapi, "a1", NULL, "{}", 2));
	assert_int_equal(0, store_begin(store));
	assert_int_equal(-EMSGSIZE, store_put(store, STORE_restapi, id, NULL, "{}", 2));
	assert_int_equal(-EMSGSIZE, store_put(store, STORE_restapi, "a1", id, "{}", 2));
	assert_int_equal(-EMSGSIZE, store_put(store, STORE_restapi, "a1", NULL, body, STORE_BODY_MAX_BYTES + 1));
	assert_int_equal(0, store_put(store, STORE_restapi, "a1", NULL, "{}", 2));
	assert_int_equal(0, store_commit(store, NULL));
	assert_body(store, STORE_restapi, "a1", "{}");
	free(id);
	free(body);
	store_close(store);
}

static int delete_it(void *context, const struct store_record *record)
{
	return store_delete(context, record->kind, record->id);
}

static void a_visitor_may_delete_what_it_visits(void **state)
{
	struct store *store = open_writer(*state);
	struct trace trace = { "" };
	char id[16];

	assert_int_equal(0, store_begin(store));
	for (int i = 0; i < 200; i++) {
		snprintf(id, sizeof id, "a1/%03d", i);
		assert_int_equal(0, store_put(store, STORE_model, id, "a1", "{}", 2));
	}
	assert_int_equal(0, store_each(store, STORE_model, "a1", delete_it, store));
	assert_int_equal(0, store_commit(store, NULL));
	assert_int_equal(0, store_each(store, STORE_model, NULL, note, &trace));
	assert_string_equal("", trace.text);
	store_close(store);
}

static void a_backup_restores_as_news(void **state)
{
	const struct folder *folder = *state;
	const char *message = "";
	char backup[160];
	struct store *store = open_writer(folder);
	struct trace trace = { "" };
	uint64_t revision = 0;

	snprintf(backup, sizeof backup, "%s/backup.db", folder->path);
	put(store, STORE_restapi, "a1", NULL, "{\"v\":1}");
	assert_int_equal(0, store_backup(store, backup));
	assert_int_equal(-EEXIST, store_backup(store, backup));
	for (int i = 0; i < 5; i++)
		put(store, STORE_restapi, "a1", NULL, "{\"v\":2}");
	assert_int_equal(-EBUSY, store_restore(backup, folder->file, &message));
	store_close(store);

	assert_int_equal(0, store_restore(backup, folder->file, &message));
	store = open_writer(folder);
	assert_body(store, STORE_restapi, "a1", "{\"v\":1}");
	assert_int_equal(0, store_revision(store, &revision));
	assert_int_equal(7, revision);
	assert_int_equal(0, store_changes(store, 6, note, &trace));
	assert_string_equal("restapi:a1@7 ", trace.text);
	store_close(store);
}

static void the_replaced_store_is_kept_and_must_be_of_the_same_appliance(void **state)
{
	const struct folder *folder = *state;
	const struct store_identity other = { .account_id = "111122223333", .region = "us-east-1" };
	const char *message = "";
	char foreign[160], backup[160], kept[160];
	struct store *store = open_writer(folder), *stranger = NULL;

	snprintf(foreign, sizeof foreign, "%s/foreign.db", folder->path);
	snprintf(backup, sizeof backup, "%s/backup.db", folder->path);
	snprintf(kept, sizeof kept, "%s.before-restore", folder->file);
	put(store, STORE_restapi, "a1", NULL, "{\"v\":1}");
	assert_int_equal(0, store_backup(store, backup));
	put(store, STORE_restapi, "a1", NULL, "{\"v\":2}");
	store_close(store);
	assert_int_equal(0, store_open(&stranger, foreign, &other, &message));
	store_close(stranger);

	assert_int_equal(-EEXIST, store_restore(foreign, folder->file, &message));
	assert_non_null(strstr(message, "another account"));
	assert_int_equal(0, store_restore(backup, folder->file, &message));
	assert_int_equal(0, store_open_reader(&store, kept, &message));
	assert_body(store, STORE_restapi, "a1", "{\"v\":2}");
	store_close(store);
}

static void a_damaged_backup_replaces_nothing(void **state)
{
	const struct folder *folder = *state;
	const char *message = "";
	char backup[160];
	struct store *store = open_writer(folder);
	int fd;

	snprintf(backup, sizeof backup, "%s/backup.db", folder->path);
	assert_int_equal(0, store_begin(store));
	for (int i = 0; i < 500; i++) {
		char id[16];

		snprintf(id, sizeof id, "%d", i);
		assert_int_equal(0, store_put(store, STORE_restapi, id, NULL, "{\"some\":\"body\"}", 15));
	}
	assert_int_equal(0, store_commit(store, NULL));
	assert_int_equal(0, store_backup(store, backup));
	store_close(store);
	fd = open(backup, O_RDWR);
	assert_int_equal(0, ftruncate(fd, 9000));
	close(fd);
	assert_true(store_restore(backup, folder->file, &message) < 0);
	store = open_writer(folder);
	assert_body(store, STORE_restapi, "7", "{\"some\":\"body\"}");
	store_close(store);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void a_reader_that_holds_the_index_blocks_the_writer_for_a_bounded_time(void **state)
{
	const struct folder *folder = *state;
	struct store *store = open_writer(folder);
	char shm[128];
	int64_t start;
	int ready[2], done[2];
	pid_t holder;
	char byte;

	put(store, STORE_restapi, "a1", NULL, "{}");
	snprintf(shm, sizeof shm, "%s-shm", folder->file);
	assert_int_equal(0, pipe(ready));
	assert_int_equal(0, pipe(done));
	holder = fork();
	assert_true(holder >= 0);
	if (holder == 0) {
		/* All eight lock bytes of the index (offset 120), as a reader that misbehaves could hold them. */
		struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 120, .l_len = 8 };
		int fd = open(shm, O_RDWR);

		if (fd < 0 || fcntl(fd, F_SETLK, &lock) < 0 || write(ready[1], "r", 1) != 1)
			_exit(1);
		close(done[1]);
		_exit(read(done[0], &byte, 1) == 0 ? 0 : 1);
	}
	close(ready[1]);
	close(done[0]);
	assert_int_equal(1, read(ready[0], &byte, 1));
	start = now_ms();
	assert_int_equal(-EBUSY, store_begin(store));
	assert_in_range(now_ms() - start, 1000, STORE_BUSY_MAX_MS + 2000);
	close(done[1]);
	assert_int_equal(holder, waitpid(holder, NULL, 0));
	close(ready[0]);
	assert_int_equal(2, put(store, STORE_restapi, "a1", NULL, "{\"v\":2}"));
	store_close(store);
}

/* Commit record after record, and say on the pipe which revision was acknowledged. */
static void commit_for_ever(const struct folder *folder, int pipe_fd)
{
	struct store *store = open_writer(folder);
	char body[4096];
	uint64_t revision;

	memset(body, 'x', sizeof body);
	for (;;) {
		char id[32];

		if (store_revision(store, &revision) < 0 || store_begin(store) < 0)
			_exit(1);
		snprintf(id, sizeof id, "%llu", (unsigned long long)revision + 1);
		if (store_put(store, STORE_restapi, id, NULL, body, sizeof body) < 0 ||
			store_commit(store, &revision) < 0)
			_exit(1);
		if (write(pipe_fd, &revision, sizeof revision) != sizeof revision)
			_exit(1);
	}
}

static void kill_9_loses_nothing_acknowledged(void **state)
{
	const struct folder *folder = *state;
	uint64_t acknowledged = 0, revision = 0;

	srandom(20260401);
	for (int round = 0; round < 25; round++) {
		long wanted = random() % 12;
		struct store *store;
		int fds[2];
		pid_t child;

		assert_int_equal(0, pipe(fds));
		child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			close(fds[0]);
			commit_for_ever(folder, fds[1]);
		}
		close(fds[1]);
		for (long i = 0; i <= wanted; i++)
			assert_int_equal(sizeof acknowledged, read(fds[0], &acknowledged, sizeof acknowledged));
		/* The child is somewhere in its next transaction now. */
		kill(child, SIGKILL);
		assert_int_equal(child, waitpid(child, NULL, 0));
		while (read(fds[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged)
			;
		close(fds[0]);
		store = open_writer(folder);
		assert_int_equal(0, store_check(store));
		assert_int_equal(0, store_revision(store, &revision));
		assert_in_range(revision, acknowledged, acknowledged + 1);
		for (uint64_t i = 1; i <= acknowledged; i++) {
			char id[32];

			snprintf(id, sizeof id, "%llu", (unsigned long long)i);
			assert_int_equal(1, store_exists(store, STORE_restapi, id));
		}
		store_close(store);
	}
}

static void kinds_have_their_stored_names(void **state)
{
	(void)state;
	assert_string_equal("restapi", store_kind_name(STORE_restapi));
	assert_int_equal(STORE_rrset, store_kind_find("rrset"));
	assert_int_equal(-ENOENT, store_kind_find("nothing"));
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(a_commit_raises_the_revision_by_one_and_marks_its_records),
		IN_FOLDER(a_transaction_that_changes_nothing_keeps_the_revision),
		IN_FOLDER(a_rollback_leaves_no_trace),
		IN_FOLDER(changes_since_n_name_tombstones_and_nothing_older),
		IN_FOLDER(a_deleted_id_can_live_again),
		IN_FOLDER(a_reader_sees_one_revision_and_learns_of_the_next),
		IN_FOLDER(files_are_for_owner_and_group_and_stay),
		IN_FOLDER(account_and_region_are_fixed_at_the_first_start),
		IN_FOLDER(there_is_one_writer),
		IN_FOLDER(strange_and_newer_files_are_refused),
		IN_FOLDER(what_is_too_large_is_refused_and_the_transaction_goes_on),
		IN_FOLDER(a_visitor_may_delete_what_it_visits),
		IN_FOLDER(a_backup_restores_as_news),
		IN_FOLDER(the_replaced_store_is_kept_and_must_be_of_the_same_appliance),
		IN_FOLDER(a_damaged_backup_replaces_nothing),
		IN_FOLDER(a_reader_that_holds_the_index_blocks_the_writer_for_a_bounded_time),
		IN_FOLDER(kill_9_loses_nothing_acknowledged),
		cmocka_unit_test(kinds_have_their_stored_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
