/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * judge: settings of people, judged as `postern settings --check` and posternd's own start do, by the same code, in a child without privileges.
 *
 * Besides that, in the image: folders and users are what they are, so a setting that names others is refused; and an appliance that nobody could
 * prove to be the operator of stays closed: with neither an access key pair nor `operator_certificate` in the settings, `management`
 * becomes loopback alone.
 *
 * The child hands back texts that root passes on and does not read, and a few flags.
 * Not here: where settings come from (source.h), which are in force (main.c).
 */
#ifndef POSTERN_CONFIGURE_JUDGE_H
#define POSTERN_CONFIGURE_JUDGE_H

#include <stdbool.h>
#include <stddef.h>

#include "appliance/base/buffer.h"
#include "appliance/base/view.h"

/* Errors beyond that are cut off: people mend the first ones first. */
#define JUDGE_ERRORS_MAX_BYTES 16384
/* Server and authorities (PEM). */
#define JUDGE_SYSLOG_MAX_BYTES 65536
/* As JSON, text may grow by its escapes. */
#define JUDGE_SETTINGS_MAX_BYTES (512u * 1024)

struct judgement {
	bool is_good;
	bool has_operator;        /* a key pair or a certificate: management is as the settings say */
	bool waits_for_addresses; /* management listens at addresses that the network has to bring first */
	char *errors;             /* a line each: NAME:LINE:COLUMN: SETTING: RULE; empty if it is good */
	char *settings;           /* what posternd is to read; NULL: the text itself */
	size_t settings_count;
	char *syslog; /* syslog.conf: empty: logs are not sent */
	size_t syslog_count;
};

/*
 * Judge `text`, which errors call `name`, in a child. Returns 0 and the judgement (judgement_fini()), good or not, or a negative errno: there could be no
 * child, or it died or took too long; nothing is known then.
 */
int judge_settings(struct view text, const char *name, struct judgement *ret) __attribute__((warn_unused_result));

void judgement_fini(struct judgement *judgement);

/*
 * For the system daemon, which has given its privileges up before: settings that are to be put in force on the running appliance. `name` as above. Returns
 * 0; or -EINVAL with lines in `errors`, also if nobody could manage the appliance any more once they hold.
 */
int judge_for_running(struct view text, const char *name, struct buffer *errors) __attribute__((warn_unused_result));

/*
 * The child's part, for tests and fuzzing: the same without a child. Texts are appended to the buffers, `settings` stays empty if the
 * text can stand as it is.
 */
struct judge_texts {
	struct buffer errors, settings, syslog;
};
/* Empty buffers with their limits; and their end. */
void judge_texts_init(struct judge_texts *texts);
void judge_texts_fini(struct judge_texts *texts);
void judge_text(struct view text, const char *name, struct judgement *ret, struct judge_texts *texts);

#endif
