/* SPDX-License-Identifier: GPL-3.0-or-later */
/* folder: a folder of its own for each test of a database, with the path of the database in it: FOLDER_FILE, defined before this. */
#ifndef POSTERN_TESTS_UNIT_STORE_FOLDER_H
#define POSTERN_TESTS_UNIT_STORE_FOLDER_H

#include "tests/unit/support.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct folder {
	char path[64];
	char file[96];
};

static inline int folder_make(void **state)
{
	struct folder *folder = calloc(1, sizeof *folder);

	assert_non_null(folder);
	strcpy(folder->path, "/tmp/postern-database-XXXXXX");
	assert_non_null(mkdtemp(folder->path));
	snprintf(folder->file, sizeof folder->file, "%s/" FOLDER_FILE, folder->path);
	*state = folder;
	return 0;
}

static inline int folder_remove(void **state)
{
	struct folder *folder = *state;
	DIR *directory = opendir(folder->path);
	struct dirent *entry;

	while (directory && (entry = readdir(directory)))
		(void)unlinkat(dirfd(directory), entry->d_name, 0);
	closedir(directory);
	rmdir(folder->path);
	free(folder);
	return 0;
}

#endif
