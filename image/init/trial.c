/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/init/trial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/init/console.h"
#include "image/init/grubenv.h"

/* The first word of the line by which `system` says that the start is good. */
#define GOOD "good: "

static uint64_t deadline_ms = UINT64_MAX;
static char slot[8];

void trial_open(void)
{
	static struct grubenv env;
	char previous[GRUBENV_VALUE_BYTES], why[GRUBENV_VALUE_BYTES];
	unsigned long seconds = strtoul(console_argument("trial"), NULL, 10);
	bool on_trial;

	snprintf(slot, sizeof slot, "%s", console_argument("slot"));
	if (grubenv_read(&env) < 0)
		return;
	grubenv_get(&env, "previous", previous);
	grubenv_get(&env, "why", why);
	on_trial = *previous && strcmp(previous, slot) != 0;
	if (on_trial)
		deadline_ms = ((seconds ? seconds : TRIAL_DEFAULT_S) + TRIAL_GRACE_S) * 1000;
	if (*why)
		console_say(
			"init", on_trial ? "slot %s is tried again: %s" : "slot %s was started because %s", slot, why);
}

void trial_on_line(const struct service *system)
{
	if (strncmp(system->line, GOOD, strlen(GOOD)) == 0)
		deadline_ms = UINT64_MAX;
}

bool trial_is_lost(uint64_t now_ms, uint64_t *next_ms)
{
	static struct grubenv env;
	char why[GRUBENV_VALUE_BYTES];

	if (now_ms < deadline_ms) {
		*next_ms = deadline_ms < *next_ms ? deadline_ms : *next_ms;
		return false;
	}
	deadline_ms = UINT64_MAX;
	snprintf(why, sizeof why, "slot %s did not say that it is good", slot);
	console_say("init", "%s", why);
	if (grubenv_read(&env) < 0 || grubenv_put(&env, "why", why) < 0 || grubenv_write(&env) < 0)
		console_say("init", "the boot loader can't be told");
	return true;
}
