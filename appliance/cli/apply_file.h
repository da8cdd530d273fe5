/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * apply_file: the files that `postern apply` reads, checked against apply_keys.def and put together.
 *
 * A file is YAML or JSON. A folder stands for the files *.postern.yaml, *.postern.yml and *.postern.json in it and below.
 * What is wrong is told with file, line and column, and for an unknown key with the nearest known one; all of it, not the
 * first alone. Paths in a file are relative to that file.
 *
 * Blocking; no state but the cli's.
 */
#ifndef POSTERN_CLI_APPLY_FILE_H
#define POSTERN_CLI_APPLY_FILE_H

#include "appliance/base/json.h"
#include "appliance/cli/cli.h"

/* An estate is some kilobytes; documents are files of their own. */
#define APPLY_FILE_MAX_BYTES (8u * 1024 * 1024)
/* Largest OpenAPI document. Source: Amazon API Gateway quotas. */
#define APPLY_DOCUMENT_MAX_BYTES (6u * 1024 * 1024)
/* A certificate with its chain. */
#define APPLY_PEM_MAX_BYTES (256u * 1024)
#define APPLY_FILES_MAX 1000
#define APPLY_FOLDER_MAX_DEPTH 16

/* Members that the reader adds; no key of a file begins with a dot. */
#define APPLY_PLACE ".place" /* "estate.yaml:12" of an API or a domain */
#define APPLY_TEXT ".text"   /* of a document that stood in a file of its own: its text, beside its tree */
#define APPLY_PATH ".path"

/*
 * Read `count` files and folders. `*ret` is {"estate", "apis": [...], "domains": [...]} of all, the caller's. A DOCUMENT is
 * {"tree", APPLY_TEXT, APPLY_PATH} (the latter two only for a file); a PATH is the path as seen from here. Returns 0, or
 * CLI_FAILED after every fault was told.
 */
int apply_files_read(struct cli *cli, char **paths, size_t count, struct json **ret)
	__attribute__((warn_unused_result));

/*
 * Check `tree`, a file's, and fill in its documents; faults are appended to `faults` as texts. Exposed for the tests.
 */
void apply_file_check(struct cli *cli, const char *path, struct json *tree, struct json *faults);

/* Print the table of keys on stdout. */
void apply_keys_print(void);

#endif
