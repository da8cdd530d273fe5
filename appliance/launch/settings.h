/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * settings: the one YAML file that configures an appliance, read, judged and documented by settings.def.
 *
 * Every error names the place and the rule: `postern.yaml:12:5: networks[0].ipv4_prefix: …`; all of them are reported, not
 * only the first. What a file does not mention has its default. Unknown keys are errors, since a misspelt key
 * would otherwise change nothing and say nothing.
 *
 * Life cycle: settings_parse() or settings_read_file() → read-only struct → settings_free(). Threads: read-only after that.
 * posternd does not read settings: it gets a struct netns_config, made by settings_to_config() in an unprivileged child.
 * Not here: what the settings mean to the parts (wiring.c).
 */
#ifndef POSTERN_LAUNCH_SETTINGS_H
#define POSTERN_LAUNCH_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "appliance/base/buffer.h"
#include "appliance/base/json.h"
#include "netns/config.h"

/* A settings file is written by hand: 64 networks with comments fit many times. */
#define SETTINGS_FILE_MAX_BYTES (256u * 1024)
#define SETTINGS_LIST_MAX 64
#define SETTINGS_DEFAULT_FILE "/etc/postern/postern.yaml"

struct settings_texts {
	const char *at[SETTINGS_LIST_MAX];
	size_t count;
};

struct settings_addresses {
	struct netns_address at[NETNS_MANAGEMENT_MAX];
	size_t count;
};

struct settings_networks {
	struct netns_network at[NETNS_NETWORKS_MAX];
	size_t count;
};

/* Rows of aws_endpoints and aws_roles. Texts are never NULL. */
struct settings_aws_endpoint {
	const char *service, *url;
	bool functions_by_name;
};

struct settings_aws_endpoints {
	struct settings_aws_endpoint at[SETTINGS_LIST_MAX];
	size_t count;
};

struct settings_aws_role {
	const char *role_arn, *access_key_id, *secret_access_key, *session_token;
};

struct settings_aws_roles {
	struct settings_aws_role at[SETTINGS_LIST_MAX];
	size_t count;
};

/* Types of members by their word in settings.def. Texts are never NULL. */
#define SETTINGS_TYPE_integer uint64_t
#define SETTINGS_TYPE_flag bool
#define SETTINGS_TYPE_text const char *
#define SETTINGS_TYPE_secret const char *
#define SETTINGS_TYPE_path const char *
#define SETTINGS_TYPE_choice unsigned
#define SETTINGS_TYPE_user const char * /* digits or a name, not looked up yet */
#define SETTINGS_TYPE_group const char *
#define SETTINGS_TYPE_address struct netns_address /* family 0: none */
#define SETTINGS_TYPE_addresses struct settings_addresses
#define SETTINGS_TYPE_prefixes struct settings_texts
#define SETTINGS_TYPE_texts struct settings_texts
#define SETTINGS_TYPE_networks struct settings_networks
#define SETTINGS_TYPE_aws_endpoints struct settings_aws_endpoints
#define SETTINGS_TYPE_aws_roles struct settings_aws_roles

struct settings {
#define SETTING(name, type, default_, min, max, unit, reload, text) SETTINGS_TYPE_##type name;
#include "appliance/launch/settings.def"
	struct json *tree, *default_tree; /* what the texts above belong to */
};

/* Indices of backend_from. */
enum settings_backend_from { SETTINGS_BACKEND_FROM_APPLIANCE, SETTINGS_BACKEND_FROM_ENDPOINT };

/* Indices of filter_mode, as in enum filter_mode of the filter's contract. */
enum settings_filter_mode { SETTINGS_FILTER_RESET, SETTINGS_FILTER_DROP, SETTINGS_FILTER_OBSERVE };

/*
 * Parse `text`; `name` is what errors call the file. Returns 0 and the settings, or -EINVAL with one line for each error in
 * `errors` (text, each line ended). An empty text gives all defaults.
 */
int settings_parse(struct settings **ret, struct view text, const char *name, struct buffer *errors)
	__attribute__((warn_unused_result));

/* The same from a file, or from a descriptor that is read from its start with pread() (a regular file) or to its end. */
int settings_read_file(struct settings **ret, const char *path, struct buffer *errors)
	__attribute__((warn_unused_result));
int settings_read_fd(struct settings **ret, int fd, const char *name, struct buffer *errors)
	__attribute__((warn_unused_result));

/*
 * What is good but for the time: an operator_certificate that has ended. Not part of settings_parse(), because an appliance
 * must start with the settings that it has run with for years; whoever puts new settings in force asks this too. `now_s` since 1970.
 * Returns 0, or -EINVAL with lines in `errors`.
 */
int settings_check_time(const struct settings *settings, const char *name, int64_t now_s, struct buffer *errors)
	__attribute__((warn_unused_result));

void settings_free(struct settings *settings);

/*
 * The record for posternd. User and group names are looked up here (not in local mode). Returns 0, or -EINVAL with lines in
 * `errors`.
 */
int settings_to_config(const struct settings *settings, const char *name, struct netns_config *ret,
	struct buffer *errors) __attribute__((warn_unused_result));

/* Number of a user or group: digits, or a name of the host. 0; -ENOENT if there is no such name; -ERANGE. */
int settings_user(const char *text, uid_t *ret) __attribute__((warn_unused_result));
int settings_group(const char *text, gid_t *ret) __attribute__((warn_unused_result));

/* Worker threads: the setting, or the number of processors that this process may use. */
unsigned settings_worker_count(const struct settings *settings);

/* Names of settings without `reload` whose values differ, joined by ", ", into `buffer`: what a SIGHUP can't change. */
void settings_write_unreloadable(const struct settings *before, const struct settings *after, struct buffer *buffer);

/* The documentation: a settings file with every setting at its default, commented. Errors are the buffer's. */
void settings_print(struct buffer *buffer);

/* The same as one JSON object {"settings":[{name,type,default,min,max,unit,reload,text}…],"networks":[…],
 * "aws_endpoints":[…],"aws_roles":[…]}; free it. */
struct json *settings_describe(void);

/* What a settings file says, as JSON, with "[redacted]" in the place of each secret. Free it. */
struct json *settings_redacted(const struct settings *settings);

#endif
