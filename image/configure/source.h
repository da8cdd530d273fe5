/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * source: where the appliance's three files come from, and which source wins.
 *
 *   user-data        the settings (appliance/launch/settings.def)
 *   meta-data        what a cloud says of the machine; kept for support, nothing reads it
 *   network-config   version 2 (network.h)
 *
 * Local sources, in the order of their rank:
 *   1. fw_cfg             opt/org.postern/FILE, given to QEMU
 *   2. the command line   postern.user-data=, postern.network-config=: base64, of either alphabet, padded or not
 *   3. NoCloud            a vfat or ISO 9660 volume labelled CIDATA or cidata that has the file at its root
 * and, for user-data alone, where none of these has any: the metadata service of EC2 (source_ec2.h).
 * Each file is taken from the first source that has it, and an empty one counts as absent; so a volume can give the network and the metadata
 * service the settings.
 *
 * A file that is too large, or whose encoding is damaged, is said on the console and is as good as absent. Nothing is parsed here but the command line's
 * words and the labels of volumes.
 * Process: `configure network`, as root, single-threaded. Life cycle: zeroed struct → sources_find_local() → sources_save() → sources_fini().
 */
#ifndef POSTERN_CONFIGURE_SOURCE_H
#define POSTERN_CONFIGURE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "image/configure/places.h"

enum source_file { SOURCE_USER_DATA, SOURCE_META_DATA, SOURCE_NETWORK_CONFIG, SOURCE_FILES_COUNT };

struct source_bytes {
	char *at; /* on the heap, with a NUL behind; NULL: there is none */
	size_t count;
	char from[PLACES_FROM_BYTES]; /* "fw_cfg": the source's name, for people */
};

struct sources {
	struct source_bytes files[SOURCE_FILES_COUNT];
};

/* Names of the files, by enum source_file, and the most bytes that each may have. */
extern const char *const source_names[SOURCE_FILES_COUNT];
extern const size_t source_max_bytes[SOURCE_FILES_COUNT];

/* Ask all local sources. Says on the console which file came from where. */
void sources_find_local(struct sources *sources);

/* Write what there is to PLACES_SOURCE, `folder`, and read it back in the next run. Says what can't be written. */
void sources_save(const struct sources *sources, const char *folder);
void sources_load(struct sources *sources, const char *folder);

void sources_fini(struct sources *sources);

/* --- For the sources themselves -------------------------------------------------------------------------------------- */

/* Is there still need for this file? */
bool source_wants(const struct sources *sources, enum source_file file);

/* A file, from the heap: taken over in any case. Nothing happens if it is empty or there is one already. */
void source_offer(struct sources *sources, enum source_file file, char *bytes, size_t count, const char *from);

/* Offer what `path` holds; says why if there is a file that can't be had. */
void source_offer_file(struct sources *sources, enum source_file file, const char *path, const char *from);

/* By name: files of `folder`, each FILE/raw. */
#define SOURCE_FW_CFG "/sys/firmware/qemu_fw_cfg/by_name/opt/org.postern"
void source_find_fw_cfg(struct sources *sources, const char *folder);

/* The kernel's command line, as text. */
void source_find_command_line(struct sources *sources, const char *line);

/* Volumes on the machine's disks (source_volume.c). */
void source_find_volumes(struct sources *sources);

#endif
