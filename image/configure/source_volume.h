/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * source_volume: NoCloud volumes: which disk or partition is one, by its label alone.
 *
 * Source: cloud-init, "NoCloud" (a vfat or iso9660 volume labelled CIDATA or cidata); Microsoft FAT specification 1.03 (boot sector);
 * ECMA-119 section 8.4 (primary volume descriptor).
 */
#ifndef POSTERN_CONFIGURE_SOURCE_VOLUME_H
#define POSTERN_CONFIGURE_SOURCE_VOLUME_H

#include "appliance/base/view.h"

/* What has to be read of a volume: to the end of ISO 9660's first descriptor. */
#define SOURCE_VOLUME_START_BYTES (17u * 2048)

/* The file system that a volume with this start has if its label is CIDATA, for mount(2): "vfat", "iso9660"; NULL: it is none of ours. */
const char *source_volume_file_system(struct view start);

#endif
