/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/store/store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/store/file.h"
#include "appliance/store/sqlite.h"

/*
 * Look at the store that is about to be replaced: its revision, and whether it is of the same appliance. What can't be read
 * (there is none, or it is damaged, which is why it is replaced) has revision 0 and no say.
 */
static int judge_old(const struct store *backup, const char *path, uint64_t *ret_revision, const char **ret_message)
{
	struct store *old = NULL;
	int error = 0;

	*ret_revision = 0;
	if (store_open_reader(&old, path, NULL) < 0)
		return 0;
	if (store_revision(old, ret_revision) < 0)
		*ret_revision = 0;
	if (strcmp(store_identity(old)->account_id, store_identity(backup)->account_id) != 0 ||
		strcmp(store_identity(old)->region, store_identity(backup)->region) != 0) {
		*ret_message = "the backup is of another account or region";
		error = -EEXIST;
	}
	store_close(old);
	return error;
}

/* Keep a whole copy of the old store as FILE.before-restore, if it can be read. */
static int keep_old(const char *path)
{
	struct store *old = NULL;
	char kept[FILE_PATH_MAX_BYTES];
	int error;

	if (store_open_reader(&old, path, NULL) < 0)
		return 0;
	error = (size_t)snprintf(kept, sizeof kept, "%s.before-restore", path) < sizeof kept ? 0 : -ENAMETOOLONG;
	if (error == 0 && unlink(kept) < 0 && errno != ENOENT)
		error = -errno;
	if (error == 0)
		error = store_backup(old, kept);
	store_close(old);
	return error;
}

/* Turn the copy at `path` into news for every reader: all records get one revision above `floor`. */
static int raise_revisions(const char *path, uint64_t floor)
{
	struct sqlite *db = NULL;
	int64_t own = 0;
	char sql[160];
	int error = sqlite_open(&db, path, true);

	if (error == 0)
		error = sqlite_query_int(db, "SELECT revision FROM head", &own);
	if (error == 0) {
		long long revision = (long long)(floor > (uint64_t)own ? floor : (uint64_t)own) + 1;

		snprintf(sql, sizeof sql,
			"BEGIN; UPDATE record SET revision = %lld; UPDATE head SET revision = %lld; COMMIT", revision,
			revision);
		error = sqlite_exec(db, sql);
	}
	sqlite_close(db);
	return error < 0 ? error : file_sync(path, 0);
}

/* Take the place of `path` by renaming; its journals belong to the old file and go first. */
static int put_in_place(const char *fresh_path, const char *path)
{
	static const char *const suffixes[] = { "-wal", "-shm" };
	char name[FILE_PATH_MAX_BYTES];

	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
		if ((size_t)snprintf(name, sizeof name, "%s%s", path, suffixes[i]) >= sizeof name)
			return -ENAMETOOLONG;
		if (unlink(name) < 0 && errno != ENOENT)
			return -errno;
	}
	if (rename(fresh_path, path) < 0)
		return -errno;
	return file_sync_folder_of(path);
}

/* Check the backup and lay a raised copy of it beside the store. */
static int prepare_copy(const char *backup_path, const char *path, const char *fresh_path, const char **ret_message)
{
	struct store *backup = NULL;
	uint64_t old_revision;
	int error = store_open_reader(&backup, backup_path, ret_message);

	if (error < 0)
		return error;
	error = store_check(backup);
	if (error < 0) {
		*ret_message = "this backup is damaged";
		goto out;
	}
	error = judge_old(backup, path, &old_revision, ret_message);
	if (error < 0)
		goto out;
	(void)unlink(fresh_path);
	error = store_backup(backup, fresh_path);
	if (error == 0 && chmod(fresh_path, 0640) < 0)
		error = -errno;
	if (error == 0)
		error = raise_revisions(fresh_path, old_revision);
	if (error == 0)
		error = keep_old(path);
	if (error < 0)
		*ret_message = strerror(-error);
out:
	store_close(backup);
	return error;
}

int store_restore(const char *backup_path, const char *path, const char **ret_message)
{
	const char *message = "";
	char fresh_path[FILE_PATH_MAX_BYTES];
	int lock_fd = -1, error;

	if (!ret_message)
		ret_message = &message;
	if ((size_t)snprintf(fresh_path, sizeof fresh_path, "%s.restored", path) >= sizeof fresh_path) {
		*ret_message = "the path is too long";
		return -ENAMETOOLONG;
	}
	error = file_take_writer_lock(path, &lock_fd);
	if (error < 0) {
		*ret_message = error == -EBUSY ? "a Postern is running on this store: stop it first" : strerror(-error);
		return error;
	}
	error = prepare_copy(backup_path, path, fresh_path, ret_message);
	if (error == 0) {
		error = put_in_place(fresh_path, path);
		if (error < 0)
			*ret_message = strerror(-error);
	}
	if (error < 0)
		(void)unlink(fresh_path);
	close(lock_fd);
	return error;
}
