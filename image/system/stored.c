/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/system/stored.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATE "state"
/* Of `state` and of a file of the source's digest. */
#define SMALL_FILE_BYTES 192
/* Numbers are not used again soon; they begin anew long before they overflow. */
#define NUMBER_MAX 1000000u

const char *stored_boot_path = "/proc/sys/kernel/random/boot_id";

static const char *const names[STORED_FILE_COUNT] = { "settings.yaml", "network-config" };
static const char *const source_names[STORED_FILE_COUNT] = { "settings.source", "network.source" };

/* ---- files ---- */

static int open_folder(const char *folder, const char *part)
{
	char path[STORED_PATH_BYTES];
	int fd;

	if ((size_t)snprintf(path, sizeof path, "%s%s%s", folder, *part ? "/" : "", part) >= sizeof path)
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

static int write_all(int fd, struct view bytes)
{
	while (bytes.count) {
		ssize_t count = write(fd, bytes.at, bytes.count);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return count < 0 ? -errno : -EIO;
		bytes = view_after(bytes, (size_t)count);
	}
	return 0;
}

/* Made anew and flushed; the folder is not. */
static int write_file(int folder, const char *name, struct view bytes)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600), error;

	if (fd < 0)
		return -errno;
	error = write_all(fd, bytes);
	if (!error && fsync(fd) < 0)
		error = -errno;
	close(fd);
	return error;
}

/* The first bytes of a file, at most `max`. Their number, or a negative errno. */
static ssize_t read_file(int folder, const char *name, char *ret, size_t max)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t count;

	if (fd < 0)
		return -errno;
	count = read(fd, ret, max);
	close(fd);
	return count < 0 ? -errno : count;
}

static int copy_file(int from, int to, const char *name)
{
	/* A network configuration; protocol.h has the limit. */
	static char bytes[65536];
	ssize_t count = read_file(from, name, bytes, sizeof bytes);

	return count < 0 ? (int)count : write_file(to, name, view_from(bytes, (size_t)count));
}

static void number_text(char ret[16], unsigned number)
{
	snprintf(ret, 16, "%u", number);
}

/* ---- the state ---- */

static void read_boot(char ret[STORED_BOOT_BYTES])
{
	ssize_t count = read_file(AT_FDCWD, stored_boot_path, ret, STORED_BOOT_BYTES - 1);

	ret[count > 0 ? count : 0] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
}

static bool parse(const char *text, struct stored_state *ret)
{
	int used = 0;

	return sscanf(text, "current %u next %u trial %u dropped %u confirm_s %u boot %39[0-9a-f-]\n%n", &ret->current,
		       &ret->next, &ret->trial, &ret->dropped, &ret->confirm_s, ret->boot, &used) == 6 &&
	       used && !text[used];
}

void stored_read(const char *folder, struct stored_state *ret)
{
	char text[SMALL_FILE_BYTES], boot[STORED_BOOT_BYTES];
	int fd = open_folder(folder, "");
	ssize_t count = fd < 0 ? -1 : read_file(fd, STATE, text, sizeof text - 1);

	if (fd >= 0)
		close(fd);
	text[count > 0 ? count : 0] = '\0';
	*ret = (struct stored_state){ 0 };
	if (!parse(text, ret))
		*ret = (struct stored_state){ 0 };
	read_boot(boot);
	if (ret->trial && strcmp(ret->boot, boot) != 0) {
		ret->dropped = ret->trial;
		ret->trial = 0;
	}
	memset(ret->boot, 0, sizeof ret->boot);
	strcpy(ret->boot, *boot ? boot : "0");
}

static int save(int folder, const struct stored_state *state)
{
	char text[SMALL_FILE_BYTES];
	int count = snprintf(text, sizeof text, "current %u next %u trial %u dropped %u confirm_s %u boot %s\n",
		state->current, state->next, state->trial, state->dropped, state->confirm_s, state->boot);
	int error = write_file(folder, STATE ".new", view_from(text, (size_t)count));

	if (!error && renameat(folder, STATE ".new", folder, STATE) < 0)
		error = -errno;
	return !error && fsync(folder) < 0 ? -errno : error;
}

static bool is_named(const struct stored_state *state, unsigned number)
{
	return number == state->current || number == state->next || number == state->trial || number == state->dropped;
}

static void remove_folder(int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return;
	for (size_t i = 0; i < STORED_FILE_COUNT; i++) {
		(void)unlinkat(fd, names[i], 0);
		(void)unlinkat(fd, source_names[i], 0);
	}
	close(fd);
	(void)unlinkat(folder, name, AT_REMOVEDIR);
}

/* What no state names is a rest of a step that a power cut ended, or of earlier settings. */
static void remove_rests(int folder, const struct stored_state *state)
{
	DIR *list = fdopendir(dup(folder));
	struct dirent *entry;

	if (!list)
		return;
	rewinddir(list);
	while ((entry = readdir(list)) != NULL) {
		char *end;
		unsigned long number = strtoul(entry->d_name, &end, 10);

		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && !*end && number <= NUMBER_MAX &&
			!is_named(state, (unsigned)number))
			remove_folder(folder, entry->d_name);
	}
	closedir(list);
}

static unsigned unused_number(const struct stored_state *state)
{
	unsigned number = 0, used[] = { state->current, state->next, state->trial, state->dropped };

	for (size_t i = 0; i < sizeof used / sizeof *used; i++)
		if (used[i] > number)
			number = used[i];
	number = number < NUMBER_MAX ? number + 1 : 1;
	while (is_named(state, number))
		number++;
	return number;
}

/* The number that holds in this start; 0: none. */
static unsigned holding(const struct stored_state *state)
{
	return state->trial ? state->trial : state->current;
}

/* ---- steps ---- */

/* The stored network configuration that holds stays with the settings that come without one. */
static int keep_network(int folder, int target, const struct stored_state *state)
{
	char name[16];
	int fd, error;

	number_text(name, holding(state));
	fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return 0;
	error = copy_file(fd, target, names[STORED_NETWORK]);
	if (!error)
		error = copy_file(fd, target, source_names[STORED_NETWORK]);
	close(fd);
	return error == -ENOENT ? 0 : error;
}

static int fill(
	int folder, const char *name, const struct stored_state *state, struct view settings, struct view network)
{
	int fd, error;

	if (mkdirat(folder, name, 0700) < 0)
		return -errno;
	fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	error = write_file(fd, names[STORED_SETTINGS], settings);
	if (!error && network.count)
		error = write_file(fd, names[STORED_NETWORK], network);
	if (!error && !network.count && holding(state))
		error = keep_network(folder, fd, state);
	if (!error && fsync(fd) < 0)
		error = -errno;
	close(fd);
	return !error && fsync(folder) < 0 ? -errno : error;
}

int stored_put(const char *folder, struct view settings, struct view network, unsigned confirm_s)
{
	struct stored_state state, after;
	char name[16];
	int fd, error;

	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = open_folder(folder, "");
	if (fd < 0)
		return fd;
	stored_read(folder, &state);
	remove_rests(fd, &state);
	after = state;
	after.next = unused_number(&state);
	after.confirm_s = confirm_s;
	number_text(name, after.next);
	error = fill(fd, name, &state, settings, network);
	if (!error)
		error = save(fd, &after);
	if (error)
		remove_folder(fd, name);
	else
		remove_rests(fd, &after);
	close(fd);
	return error;
}

/* Read, change, write; and remove what is not named any more. */
static int step(const char *folder, void (*change)(struct stored_state *state))
{
	struct stored_state state;
	int fd = open_folder(folder, ""), error;

	if (fd < 0)
		return fd;
	stored_read(folder, &state);
	change(&state);
	error = save(fd, &state);
	if (!error)
		remove_rests(fd, &state);
	close(fd);
	return error;
}

static void begin(struct stored_state *state)
{
	state->dropped = state->trial;
	state->trial = state->next;
	state->next = 0;
}

static void confirm(struct stored_state *state)
{
	state->current = state->trial;
	state->trial = 0;
	state->dropped = 0;
}

static void forget_next(struct stored_state *state)
{
	state->next = 0;
}

int stored_begin(const char *folder)
{
	struct stored_state state;

	stored_read(folder, &state);
	return state.next ? step(folder, begin) : 0;
}

int stored_confirm(const char *folder)
{
	struct stored_state state;

	stored_read(folder, &state);
	return state.trial ? step(folder, confirm) : -ENOENT;
}

int stored_forget_next(const char *folder)
{
	struct stored_state state;

	stored_read(folder, &state);
	return state.next ? step(folder, forget_next) : 0;
}

int stored_find(const char *folder, enum stored_file file, const uint8_t *source, char ret[STORED_PATH_BYTES],
	bool *ret_is_outdated)
{
	struct stored_state state;
	char name[16], known[SMALL_FILE_BYTES];
	ssize_t count;
	bool outdated;
	int fd;

	stored_read(folder, &state);
	if (ret_is_outdated)
		*ret_is_outdated = false;
	if (!holding(&state))
		return -ENOENT;
	number_text(name, holding(&state));
	fd = open_folder(folder, name);
	if (fd < 0)
		return -ENOENT;
	if (faccessat(fd, names[file], R_OK, AT_SYMLINK_NOFOLLOW) < 0 ||
		(size_t)snprintf(ret, STORED_PATH_BYTES, "%s/%s/%s", folder, name, names[file]) >= STORED_PATH_BYTES) {
		close(fd);
		return -ENOENT;
	}
	count = read_file(fd, source_names[file], known, sizeof known);
	outdated = source && count == STORED_DIGEST_BYTES && memcmp(known, source, STORED_DIGEST_BYTES) != 0;
	/* The first use: from now on they belong to what the sources say now. On a full disk they do at a later start. */
	if (source && count != STORED_DIGEST_BYTES &&
		write_file(fd, source_names[file], view_from(source, STORED_DIGEST_BYTES)) < 0)
		(void)unlinkat(fd, source_names[file], 0);
	close(fd);
	if (ret_is_outdated)
		*ret_is_outdated = outdated;
	return outdated ? -ENOENT : 0;
}
