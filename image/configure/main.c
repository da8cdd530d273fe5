/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * configure: what an appliance of the image is to be: its settings and its network, from where the machine is told.
 *
 *   configure network   first, at most 15 s: local sources (source.h); what they say is left in PLACES_SOURCE for the second run; the
 *                       network is set up (network.h)
 *   configure           later, at most 60 s: the metadata service, if no local source had settings; judges the settings (judge.h) and
 *                       leaves those that hold in PLACES_SETTINGS
 *   configure check     for the system daemon: judges settings on standard input as for the running appliance, without privileges (judge.h);
 *                       what is wrong on standard error, and status 1
 *   lease               the same program by another name: dhcpcd's script (lease.h)
 *
 * Which settings hold: those that an operator put in force on the running appliance (image/system/stored.h), unless user-data has changed since;
 * else user-data; else, where no source has any this time, the user-data that held last. What is refused is said with line and rule; then, or
 * where there is nothing at all, the image's own settings hold, with which management is closed to the outside.
 *
 * Neither run keeps the machine from starting: whatever fails is a line on the console, and the exit status is 0.
 * Process: root's, started by init, single-threaded; bytes from outside are read by children (confined.h).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/crypto/digest.h"
#include "image/configure/files.h"
#include "image/configure/judge.h"
#include "image/configure/kept.h"
#include "image/configure/lease.h"
#include "image/configure/network.h"
#include "image/configure/places.h"
#include "image/configure/say.h"
#include "image/configure/source.h"
#include "image/configure/source_ec2.h"
#include "image/system/stored.h"

/* Lines of errors on the console: the rest follows once these are mended. */
#define ERRORS_SHOWN_MAX 20
/* For addresses that DHCP brings: a server answers within a second, a switch may take some before it passes anything on. */
#define ADDRESSES_MAX_MS 10000

/* --- configure network --------------------------------------------------------------------------------------------- */

/* The path of what holds: what was stored, the source's own, or the user-data that held last. */
static void find_holding(
	const struct sources *sources, enum source_file source, enum stored_file file, char ret[STORED_PATH_BYTES])
{
	const struct source_bytes *bytes = &sources->files[source];
	uint8_t digest[DIGEST_SHA256_BYTES];
	/* The metadata service, the one source of settings that is asked later, has no network-config. */
	bool is_known = bytes->at || file == STORED_NETWORK;

	digest_sha256(digest, bytes->at, bytes->count);
	if (stored_find(STORED_FOLDER, file, is_known ? digest : NULL, ret, NULL) == 0)
		return;
	if (is_known)
		snprintf(ret, STORED_PATH_BYTES, PLACES_SOURCE "/%s", source_names[source]);
	else
		snprintf(ret, STORED_PATH_BYTES, KEPT_PATH);
}

static void set_up_network(const struct sources *sources)
{
	char config[STORED_PATH_BYTES], settings[STORED_PATH_BYTES];

	find_holding(sources, SOURCE_NETWORK_CONFIG, STORED_NETWORK, config);
	find_holding(sources, SOURCE_USER_DATA, STORED_SETTINGS, settings);
	(void)network_set_up(config, settings);
}

static void find_local(void)
{
	struct sources sources = { 0 };
	int error = stored_begin(STORED_FOLDER);

	if (error)
		say("settings on trial can't be tried: %s: %s", STORED_FOLDER, strerror(-error));
	sources_find_local(&sources);
	sources_save(&sources, PLACES_SOURCE);
	set_up_network(&sources);
	sources_fini(&sources);
}

/* --- configure ----------------------------------------------------------------------------------------------------- */

static void put_in_force(struct view settings, const struct judgement *judgement)
{
	int error = files_write(PLACES_SETTINGS, settings, 0600);

	if (error)
		say("%s: %s", PLACES_SETTINGS, strerror(-error));
	if (judgement->syslog_count) {
		error = files_write(PLACES_SYSLOG, view_from(judgement->syslog, judgement->syslog_count), 0600);
		if (error)
			say("%s: %s", PLACES_SYSLOG, strerror(-error));
	}
	if (judgement->waits_for_addresses)
		(void)network_wait(ADDRESSES_MAX_MS);
	if (!judgement->has_operator)
		say("management is closed to the outside: the settings have neither access_key_id with "
		    "secret_access_key nor operator_certificate: add one of them");
}

/* Judge `text`, which errors call `name` and people know as `title`, and put it in force if it is good. */
static bool try_settings(struct view text, const char *name, const char *title)
{
	struct judgement judgement;
	int error = judge_settings(text, name, &judgement);
	bool is_good;

	if (error) {
		say("%s can't be judged: %s", title, strerror(-error));
		return false;
	}
	is_good = judgement.is_good;
	if (is_good) {
		say("the settings are %s", title);
		put_in_force(judgement.settings ? view_from(judgement.settings, judgement.settings_count) : text,
			&judgement);
	} else {
		say("refused: %s:", title);
		say_lines("  ", view_from_text(judgement.errors), ERRORS_SHOWN_MAX);
	}
	judgement_fini(&judgement);
	return is_good;
}

/* Those put in force on the running appliance, if they still hold. `digest`: of user-data; NULL if no source could be asked. */
static bool try_stored(const uint8_t *digest)
{
	char path[STORED_PATH_BYTES], *text;
	bool is_outdated = false, is_good;
	size_t count;
	int error = stored_find(STORED_FOLDER, STORED_SETTINGS, digest, path, &is_outdated);

	if (is_outdated)
		say("user-data has changed: the settings put in force on the appliance don't hold any more");
	if (!error)
		error = files_read(path, PLACES_FILE_MAX_BYTES, &text, &count);
	if (error) {
		if (error != -ENOENT)
			say("the settings put in force on the appliance can't be read: %s", strerror(-error));
		return false;
	}
	is_good = try_settings(view_from(text, count), "settings", "those put in force on the appliance");
	free(text);
	return is_good;
}

/*
 * User-data where no local source has any: of the metadata service, else what held last, which `*ret_is_kept` then says. An appliance that
 * once had local user-data does not ask strangers because a disk was detached, unless the machine itself says that it is EC2's.
 */
static void find_user_data(struct sources *sources, bool *ret_is_kept)
{
	struct source_bytes kept = { .at = NULL };
	int error = kept_read(KEPT_PATH, &kept);
	bool is_likely = ec2_is_likely(SOURCE_DMI);

	if (error && error != -ENOENT)
		say("the user-data that held last can't be read: %s", strerror(-error));
	if (ec2_has_network() && (is_likely || !kept.at || strcmp(kept.from, EC2_FROM) == 0)) {
		(void)network_wait(ADDRESSES_MAX_MS);
		source_find_ec2(sources, is_likely);
	}
	*ret_is_kept = source_wants(sources, SOURCE_USER_DATA) && kept.at;
	if (*ret_is_kept)
		say("no source has user-data this time: what held last goes on");
	source_offer(sources, SOURCE_USER_DATA, kept.at, kept.count, kept.from);
}

static void keep(const struct source_bytes *user_data)
{
	int error = mkdir(PLACES_STATE, 0700) < 0 && errno != EEXIST ? -errno : kept_write(KEPT_PATH, user_data);

	if (error)
		say("user-data can't be kept for a start without it: %s", strerror(-error));
}

/* True if user-data holds. */
static bool try_user_data(const struct source_bytes *user_data, bool is_kept)
{
	char title[PLACES_FROM_BYTES + 32];

	if (!user_data->at) {
		say("there is no user-data: give settings by fw_cfg (opt/org.postern/user-data), a volume labelled "
		    "CIDATA, the kernel's command line (postern.user-data=) or EC2's metadata service");
		return false;
	}
	snprintf(title, sizeof title, "the user-data of %s", user_data->from);
	if (!try_settings(view_from(user_data->at, user_data->count), "user-data", title))
		return false;
	if (!is_kept)
		keep(user_data);
	return true;
}

static void configure(void)
{
	struct sources sources = { 0 };
	const struct source_bytes *user_data = &sources.files[SOURCE_USER_DATA];
	uint8_t digest[DIGEST_SHA256_BYTES];
	bool is_kept = false;

	sources_load(&sources, PLACES_SOURCE);
	if (source_wants(&sources, SOURCE_USER_DATA))
		find_user_data(&sources, &is_kept);
	digest_sha256(digest, user_data->at, user_data->count);
	if (!try_stored(user_data->at && !is_kept ? digest : NULL) && !try_user_data(user_data, is_kept))
		say("the image's own settings hold: management is closed to the outside");
	sources_fini(&sources);
	(void)network_complete(PLACES_SETTINGS);
}

/* --- configure check ----------------------------------------------------------------------------------------------- */

static int check(void)
{
	struct buffer errors;
	size_t count;
	char *text;
	int error = files_read_fd(STDIN_FILENO, PLACES_FILE_MAX_BYTES, &text, &count);

	if (error) {
		fprintf(stderr, "settings: can't be read: %s\n",
			error == -EFBIG ? "they are larger than 256 KiB" : strerror(-error));
		return 1;
	}
	buffer_init(&errors, 2 * JUDGE_ERRORS_MAX_BYTES);
	error = judge_for_running(view_from(text, count), "settings", &errors);
	fwrite(errors.at, 1, errors.count, stderr);
	buffer_fini(&errors);
	free(text);
	return error ? 1 : 0;
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');

	/* What it writes is root's alone. */
	umask(077);
	if (strcmp(name ? name : "", strrchr(LEASE_PROGRAM, '/')) == 0)
		return lease_main();
	if (argc == 2 && strcmp(argv[1], "network") == 0)
		find_local();
	else if (argc == 2 && strcmp(argv[1], "check") == 0)
		return check();
	else if (argc == 1)
		configure();
	else
		fprintf(stderr, "usage: configure [network | check]\n");
	return 0;
}
