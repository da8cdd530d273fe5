/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/profile.h"

#include <stdlib.h>

struct view profile_name(const struct cli *cli)
{
	const char *name = cli->profile ? cli->profile : getenv("AWS_PROFILE");

	return view_from_text(name && *name ? name : "default");
}

static bool is_section_of(struct view line, struct view name)
{
	struct view title = view_trim(view_trim_set(line, "[]"));

	if (view_starts_with(title, view_of("profile ")))
		title = view_trim(view_after(title, 8));
	return view_equals(title, name);
}

struct view profile_value(struct view file, struct view name, const char *key)
{
	struct view line, left, right;
	bool inside = false;

	while (view_split(&file, '\n', &line)) {
		line = view_trim_set(line, " \t\r");
		if (line.count == 0 || line.at[0] == '#' || line.at[0] == ';')
			continue;
		if (line.at[0] == '[')
			inside = is_section_of(line, name);
		else if (inside && view_cut(line, '=', &left, &right) &&
			 view_equals_ignore_case(view_trim(left), view_from_text(key)))
			return view_trim(right);
	}
	return (struct view){ 0 };
}

const char *profile_setting(struct cli *cli, const char *key)
{
	const char *path = getenv("AWS_CONFIG_FILE"), *home = getenv("HOME");
	struct view file, value;

	if (!path || !*path)
		path = arena_printf(&cli->arena, "%s/.aws/config", home ? home : "").at;
	if (cli_read_file(cli, path, PROFILE_FILE_MAX_BYTES, &file) != 0)
		return NULL;
	value = profile_value(file, profile_name(cli), key);
	return value.count ? arena_text(&cli->arena, value) : NULL;
}
