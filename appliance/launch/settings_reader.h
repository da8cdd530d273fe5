/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * settings_reader: what reading settings shares between its files: where errors go and how they look. Private to this folder.
 */
#ifndef POSTERN_LAUNCH_SETTINGS_READER_H
#define POSTERN_LAUNCH_SETTINGS_READER_H

#include "appliance/base/buffer.h"
#include "appliance/base/json.h"
#include "appliance/launch/settings.h"

struct settings_reader {
	const char *name;      /* of the file, for errors */
	struct buffer *errors; /* a line each */
	unsigned error_count;
};

/* Note an error at `value`: "FILE:LINE:COLUMN: PATH: RULE". The path is found by the value's place in the tree. */
void settings_refuse(struct settings_reader *reader, const struct json *value, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The rules of operator_certificate and management_names, with the settings it must not stand beside. */
void settings_check_management(struct settings_reader *reader, const struct settings *settings);

/* A host name in lower case, or an address. */
bool settings_is_name(struct view name);

/* The rules of what only the appliance's image uses: time servers and the syslog server. */
void settings_check_image(struct settings_reader *reader, const struct settings *settings);

/* Read the rows of aws_endpoints and aws_roles. */
void settings_read_aws_endpoints(
	struct settings_reader *reader, const struct json *list, struct settings_aws_endpoints *ret);
void settings_read_aws_roles(struct settings_reader *reader, const struct json *list, struct settings_aws_roles *ret);

/* The rules of what stands beside them. */
void settings_check_aws(struct settings_reader *reader, const struct settings *settings);

/* Put "[redacted]" in the place of secrets in the rows of aws_roles. */
void settings_redact_aws_roles(struct json *list);

/* Read the list of subnets. */
void settings_read_networks(struct settings_reader *reader, const struct json *list, struct settings_networks *ret);

#endif
