/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * places: where the parts of `configure` find and leave things, and how large these may be. Its two runs (main.c) share nothing else.
 */
#ifndef POSTERN_CONFIGURE_PLACES_H
#define POSTERN_CONFIGURE_PLACES_H

/* 0700 root, in memory: gone with the machine's start. */
#define PLACES_CONFIG "/run/postern/config"
/* What the first run found, byte for byte, 0600: the three files below, each with FILE.from, the words that name its source. */
#define PLACES_SOURCE PLACES_CONFIG "/source"
/* What posternd is started with (0600). Absent: the image's own settings hold. */
#define PLACES_SETTINGS PLACES_CONFIG "/postern.yaml"
/* What the sender of logs is started with (settings.h); absent: nothing is sent. */
#define PLACES_SYSLOG PLACES_CONFIG "/syslog.conf"
/* Root's own state on the data partition, 0700 root. */
#define PLACES_STATE "/var/lib/system"

/* A settings file is at most so large (appliance/launch/settings.h); the other files are smaller by far. */
#define PLACES_FILE_MAX_BYTES (256u * 1024)
/* Of FILE.from: "the volume CIDATA on /dev/vdb". */
#define PLACES_FROM_BYTES 128

#endif
