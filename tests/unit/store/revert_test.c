/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of appliance/store/revert.c: what was changed since a copy is undone by one more change. */
#include "tests/unit/support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "appliance/store/store.h"

static const struct store_identity identity = { .account_id = "000000000000", .region = "us-east-1" };

struct folder {
	char path[64], store[96], copy[96];
	struct store *writer, *reader;
};

static struct store *open_writer(const char *path, const struct store_identity *whose)
{
	struct store *store = NULL;
	const char *message = "";

	if (store_open(&store, path, whose, &message) < 0)
		fail_msg("store_open: %s", message);
	return store;
}

static int folder_make(void **state)
{
	struct folder *folder = calloc(1, sizeof *folder);

	assert_non_null(folder);
	strcpy(folder->path, "/tmp/postern-revert-XXXXXX");
	assert_non_null(mkdtemp(folder->path));
	snprintf(folder->store, sizeof folder->store, "%s/store.db", folder->path);
	snprintf(folder->copy, sizeof folder->copy, "%s/copy.db", folder->path);
	folder->writer = open_writer(folder->store, &identity);
	*state = folder;
	return 0;
}

static int folder_remove(void **state)
{
	struct folder *folder = *state;
	DIR *directory = opendir(folder->path);
	struct dirent *entry;

	store_close(folder->reader);
	store_close(folder->writer);
	while (directory && (entry = readdir(directory)))
		(void)unlinkat(dirfd(directory), entry->d_name, 0);
	closedir(directory);
	rmdir(folder->path);
	free(folder);
	return 0;
}

static void copy_now(struct folder *folder)
{
	assert_int_equal(0, store_backup(folder->writer, folder->copy));
	assert_int_equal(0, store_open_reader(&folder->reader, folder->copy, NULL));
}

static uint64_t put(struct folder *folder, enum store_kind kind, const char *id, const char *parent, const char *body)
{
	uint64_t revision = 0;

	assert_int_equal(0, store_begin(folder->writer));
	assert_int_equal(0, store_put(folder->writer, kind, id, parent, body, strlen(body)));
	assert_int_equal(0, store_commit(folder->writer, &revision));
	return revision;
}

static void delete (struct folder *folder, enum store_kind kind, const char *id)
{
	assert_int_equal(0, store_begin(folder->writer));
	assert_int_equal(0, store_delete(folder->writer, kind, id));
	assert_int_equal(0, store_commit(folder->writer, NULL));
}

static size_t revert(struct folder *folder, uint64_t kept_kinds, uint64_t *ret_revision)
{
	size_t count = 0;

	assert_int_equal(0, store_begin(folder->writer));
	assert_int_equal(0, store_revert(folder->writer, folder->reader, kept_kinds, NULL, NULL, &count));
	assert_int_equal(0, store_commit(folder->writer, ret_revision));
	return count;
}

struct trace {
	char text[1024];
};

static void add(struct trace *trace, const struct store_record *record)
{
	size_t used = strlen(trace->text);

	snprintf(trace->text + used, sizeof trace->text - used, "%s:%s@%llu%s=%s ", store_kind_name(record->kind),
		record->id, (unsigned long long)record->revision, record->deleted ? "-" : "", record->body);
}

static int note(void *context, const struct store_record *record)
{
	add(context, record);
	return 0;
}

static void what_was_changed_made_and_deleted_is_undone_as_news(void **state)
{
	struct folder *folder = *state;
	struct trace trace = { "" };
	uint64_t revision = 0;

	put(folder, STORE_restapi, "untouched", NULL, "1");
	put(folder, STORE_restapi, "changed", NULL, "1");
	put(folder, STORE_restapi, "deleted", NULL, "1");
	put(folder, STORE_stage, "api/moved", "api", "1");
	put(folder, STORE_restapi, "gone before", NULL, "1");
	delete (folder, STORE_restapi, "gone before");
	copy_now(folder);
	put(folder, STORE_restapi, "changed", NULL, "2");
	put(folder, STORE_restapi, "made", NULL, "2");
	delete (folder, STORE_restapi, "deleted");
	put(folder, STORE_stage, "api/moved", "other", "1");
	put(folder, STORE_restapi, "gone before", NULL, "2");

	assert_int_equal(5, revert(folder, 0, &revision));
	assert_int_equal(12, revision);
	assert_int_equal(0, store_changes(folder->writer, 11, note, &trace));
	assert_string_equal("restapi:changed@12=1 restapi:deleted@12=1 restapi:gone before@12-= restapi:made@12-= "
			    "stage:api/moved@12=1 ",
		trace.text);
	trace.text[0] = '\0';
	assert_int_equal(0, store_each(folder->writer, STORE_stage, "api", note, &trace));
	assert_string_equal("stage:api/moved@12=1 ", trace.text);
}

static void what_is_as_it_was_keeps_its_revision(void **state)
{
	struct folder *folder = *state;
	uint64_t revision = 0;

	put(folder, STORE_restapi, "a", NULL, "1");
	copy_now(folder);
	put(folder, STORE_restapi, "a", NULL, "2");
	put(folder, STORE_restapi, "a", NULL, "1");
	put(folder, STORE_restapi, "b", NULL, "1");
	delete (folder, STORE_restapi, "b");
	assert_int_equal(0, revert(folder, 0, &revision));
	assert_int_equal(5, revision);
	/* And a second time, as after a crash between the transaction and what notes it. */
	put(folder, STORE_restapi, "a", NULL, "2");
	assert_int_equal(1, revert(folder, 0, &revision));
	assert_int_equal(7, revision);
	assert_int_equal(0, revert(folder, 0, &revision));
	assert_int_equal(7, revision);
}

static void kinds_that_are_kept_stay(void **state)
{
	struct folder *folder = *state;
	struct trace trace = { "" };

	put(folder, STORE_accesskey, "AKIA1", NULL, "1");
	put(folder, STORE_restapi, "a", NULL, "1");
	copy_now(folder);
	put(folder, STORE_accesskey, "AKIA1", NULL, "2");
	put(folder, STORE_restapi, "a", NULL, "2");
	assert_int_equal(1, revert(folder, 1u << STORE_accesskey, NULL));
	assert_int_equal(0, store_each(folder->writer, STORE_accesskey, NULL, note, &trace));
	assert_int_equal(0, store_each(folder->writer, STORE_restapi, NULL, note, &trace));
	assert_string_equal("accesskey:AKIA1@3=2 restapi:a@5=1 ", trace.text);
}

static void a_copy_of_an_empty_store_empties_it(void **state)
{
	struct folder *folder = *state;

	copy_now(folder);
	put(folder, STORE_restapi, "a", NULL, "1");
	put(folder, STORE_restapi, "b", NULL, "1");
	delete (folder, STORE_restapi, "b");
	assert_int_equal(1, revert(folder, 0, NULL));
	assert_int_equal(0, store_exists(folder->writer, STORE_restapi, "a"));
}

struct pairs {
	struct trace trace;
	int answer;
};

static int note_pair(void *context, const struct store_record *now, const struct store_record *then)
{
	struct pairs *pairs = context;

	assert_int_equal(now->kind, then->kind);
	assert_string_equal(now->id, then->id);
	add(&pairs->trace, now);
	add(&pairs->trace, then);
	return pairs->answer;
}

static void a_visitor_sees_both_and_may_end_it(void **state)
{
	struct folder *folder = *state;
	struct pairs pairs = { .answer = 0 };

	put(folder, STORE_vpcendpoint, "a", NULL, "1");
	copy_now(folder);
	put(folder, STORE_vpcendpoint, "a", NULL, "2");
	put(folder, STORE_vpcendpoint, "b", NULL, "2");
	assert_int_equal(0, store_begin(folder->writer));
	assert_int_equal(0, store_revert(folder->writer, folder->reader, 0, note_pair, &pairs, NULL));
	store_rollback(folder->writer);
	assert_string_equal(
		"vpcendpoint:a@2=2 vpcendpoint:a@1=1 vpcendpoint:b@3=2 vpcendpoint:b@0-= ", pairs.trace.text);
	pairs.answer = -EAGAIN;
	assert_int_equal(0, store_begin(folder->writer));
	assert_int_equal(-EAGAIN, store_revert(folder->writer, folder->reader, 0, note_pair, &pairs, NULL));
	store_rollback(folder->writer);
	assert_int_equal(1, store_exists(folder->writer, STORE_vpcendpoint, "b"));
}

static void a_strange_or_newer_copy_is_refused(void **state)
{
	const struct store_identity other = { .account_id = "111122223333", .region = "us-east-1" };
	struct folder *folder = *state;
	struct store *stranger;

	put(folder, STORE_restapi, "a", NULL, "1");
	copy_now(folder);
	snprintf(folder->store, sizeof folder->store, "%s/other.db", folder->path);
	stranger = open_writer(folder->store, &other);
	assert_int_equal(0, store_begin(stranger));
	assert_int_equal(-ESTALE, store_revert(stranger, folder->reader, 0, NULL, NULL, NULL));
	store_rollback(stranger);
	store_close(stranger);
	snprintf(folder->store, sizeof folder->store, "%s/older.db", folder->path);
	stranger = open_writer(folder->store, &identity);
	assert_int_equal(0, store_begin(stranger));
	assert_int_equal(-ESTALE, store_revert(stranger, folder->reader, 0, NULL, NULL, NULL));
	store_rollback(stranger);
	store_close(stranger);
}

static void outside_of_a_transaction_nothing_is_changed(void **state)
{
	struct folder *folder = *state;

	copy_now(folder);
	put(folder, STORE_restapi, "a", NULL, "1");
	assert_int_equal(-EINVAL, store_revert(folder->writer, folder->reader, 0, NULL, NULL, NULL));
	assert_int_equal(1, store_exists(folder->writer, STORE_restapi, "a"));
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(what_was_changed_made_and_deleted_is_undone_as_news),
		IN_FOLDER(what_is_as_it_was_keeps_its_revision),
		IN_FOLDER(kinds_that_are_kept_stay),
		IN_FOLDER(a_copy_of_an_empty_store_empties_it),
		IN_FOLDER(a_visitor_sees_both_and_may_end_it),
		IN_FOLDER(a_strange_or_newer_copy_is_refused),
		IN_FOLDER(outside_of_a_transaction_nothing_is_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
