/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/place.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/cli/profile.h"
#include "appliance/launch/settings.h"

#define DEFAULT_STATE_DIR "/var/lib/postern"
#define DEFAULT_ENDPOINT "http://127.0.0.1:4566"
#define ERRORS_MAX_BYTES 16384

static bool is_loopback(const struct netns_address *address)
{
	static const uint8_t v6_loopback[16] = { [15] = 1 };

	if (address->family == AF_INET)
		return address->bytes[0] == 127;
	return memcmp(address->bytes, v6_loopback, sizeof v6_loopback) == 0;
}

/* The URL of a management address: plain on loopback, TLS elsewhere, as control serves it. */
static const char *url_of(struct cli *cli, const struct netns_address *address)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(address->family, address->bytes, text, sizeof text);
	return arena_printf(&cli->arena, address->family == AF_INET ? "%s://%s:%u" : "%s://[%s]:%u",
		is_loopback(address) ? "http" : "https", text, address->port)
		.at;
}

static const char *environment(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static const char *without_slash(struct cli *cli, const char *url)
{
	struct view text = view_from_text(url);

	while (text.count > 0 && text.at[text.count - 1] == '/')
		text.count--;
	return arena_text(&cli->arena, text);
}

/*
 * A settings file that was named must be good; the default one is only a hint, which a caller who may not read it goes
 * without. Settings are kept: their texts are used until the process ends.
 */
static int read_settings(struct cli *cli, struct settings **ret)
{
	const char *path = cli->settings ? cli->settings : SETTINGS_DEFAULT_FILE;
	struct buffer errors;
	int result;

	*ret = NULL;
	if (!cli->settings && access(path, R_OK) != 0)
		return 0;
	buffer_init_arena(&errors, &cli->arena, ERRORS_MAX_BYTES);
	result = settings_read_file(ret, path, &errors);
	if (result == 0)
		return 0;
	return cli_fail(cli, VIEW_FMT, VIEW_ARG(view_trim_set(buffer_view(&errors), "\n")));
}

int place_find(struct cli *cli, struct place *ret)
{
	struct settings *settings;
	const char *url = cli->endpoint_url;
	int result = read_settings(cli, &settings);

	if (result != 0)
		return result;
	if (!url)
		url = environment("POSTERN_ENDPOINT");
	if (!url)
		url = environment("AWS_ENDPOINT_URL");
	if (!url)
		url = profile_setting(cli, "endpoint_url");
	if (!url)
		url = settings ? url_of(cli, &settings->management.at[0]) : DEFAULT_ENDPOINT;
	*ret = (struct place){ .endpoint_url = without_slash(cli, url),
		.state_dir = cli->state_dir ? cli->state_dir
			     : settings     ? settings->state_dir
					    : DEFAULT_STATE_DIR,
		.region = settings ? settings->region : NULL };
	return 0;
}

int place_give_to_owner(struct cli *cli, const struct place *place)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", "-writer" };
	struct stat folder;

	if (stat(place->state_dir, &folder) != 0)
		return -errno;
	for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
		const char *path = arena_printf(&cli->arena, "%s/store.db%s", place->state_dir, suffixes[i]).at;

		if (lchown(path, folder.st_uid, folder.st_gid) != 0 && errno != ENOENT)
			return -errno;
	}
	return 0;
}
