/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/system/slots.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/init/console.h"
#include "image/init/grubenv.h"

#define TRIES "3"

_Static_assert(SYSTEM_WORD_BYTES == GRUBENV_VALUE_BYTES, "a word");
_Static_assert(UPDATE_VERSION_BYTES <= GRUBENV_VALUE_BYTES, "a version is a word");

struct word {
	const char *name, *value;
};

/* All or none: the last one has no name. */
static int put(const struct word *words)
{
	static struct grubenv env;
	int error = grubenv_read(&env);

	for (; !error && words->name; words++)
		error = grubenv_put(&env, words->name, words->value);
	return error ? error : grubenv_write(&env);
}

int slots_read(struct slots *ret)
{
	static struct grubenv env;
	char previous[GRUBENV_VALUE_BYTES], unusable[GRUBENV_VALUE_BYTES], tries[GRUBENV_VALUE_BYTES],
		update[GRUBENV_VALUE_BYTES];
	const char *slot = console_argument("slot");
	int error;

	*ret = (struct slots){ .running = 0 };
	if (strcmp(slot, "a") != 0 && strcmp(slot, "b") != 0)
		return -ENODEV;
	ret->running = slot[0];
	ret->other = slot[0] == 'a' ? 'b' : 'a';
	error = grubenv_read(&env);
	if (error)
		return error;
	grubenv_get(&env, "previous", previous);
	grubenv_get(&env, "unusable", unusable);
	grubenv_get(&env, "tries", tries);
	grubenv_get(&env, "update", update);
	grubenv_get(&env, "why", ret->because);
	snprintf(ret->update, sizeof ret->update, "%.*s", UPDATE_VERSION_BYTES - 1, update);
	ret->tries = (unsigned)strtoul(tries, NULL, 10);
	ret->on_trial = previous[0] == ret->other && !previous[1];
	ret->came_back = previous[0] == ret->running && !previous[1];
	ret->other_is_unusable = unusable[0] == ret->other && !unusable[1];
	return 0;
}

int slots_keep(struct slots *slots)
{
	const char other[] = { slots->other, '\0' };
	bool unusable = slots->came_back || (slots->other_is_unusable && !slots->on_trial);
	const struct word words[] = { { "tries", TRIES }, { "previous", "" }, { "update", "" }, { "why", "" },
		{ "unusable", unusable ? other : "" }, { NULL, NULL } };
	int error = put(words);

	if (error)
		return error;
	slots->on_trial = slots->came_back = false;
	slots->other_is_unusable = unusable;
	slots->tries = 3;
	return 0;
}

int slots_say_why(const struct slots *slots, const char *why)
{
	char text[SYSTEM_WORD_BYTES];
	const struct word words[] = { { "why", text }, { NULL, NULL } };

	snprintf(text, sizeof text, "slot %c %.*s", slots->running, (int)sizeof text - 8, why);
	for (char *at = text; *at; at++)
		if (*at == '\n' || *at == '#')
			*at = ' ';
	return put(words);
}

int slots_mark_unusable(struct slots *slots)
{
	const char other[] = { slots->other, '\0' };
	const struct word words[] = { { "unusable", other }, { NULL, NULL } };
	int error = slots->other_is_unusable ? 0 : put(words);

	if (!error)
		slots->other_is_unusable = true;
	return error;
}

int slots_switch(struct slots *slots, const char *version)
{
	const char other[] = { slots->other, '\0' }, running[] = { slots->running, '\0' };
	const struct word words[] = { { "slot", other }, { "tries", TRIES }, { "previous", running },
		{ "update", version }, { "why", "" }, { "unusable", "" }, { NULL, NULL } };

	return put(words);
}
