/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A worker's side: what the settings say, and what the source has told. */
#include "appliance/integrate/credentials.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/base/clock.h"
#include "appliance/base/table.h"
#include "appliance/integrate/credentials_state.h"

/* What a worker knows of a role. */
struct known {
	struct credentials_worker *worker;
	struct credentials_set *set; /* NULL: none */
	bool is_away;                /* the question is with the source */
	bool failed;                 /* the last fetch did */
	int64_t again_s;             /* then: it is not asked again before that */
	uint64_t used;               /* turn of the last use, for who gives way */
	struct list waiters;
	struct credentials_question question;
	char why[CREDENTIALS_WHY_BYTES];
	size_t role_count;
	char role[];
};

struct credentials_worker {
	struct loop *loop;
	const struct credentials_config *config;
	struct credentials_source *source;
	struct table known; /* by role */
	uint64_t use_count;
};

/* --- sets ------------------------------------------------------------------------------------------------------------- */

static struct view copy(struct credentials_set *set, struct view text)
{
	struct view copied = view_from(set->bytes + set->count, text.count);

	if (text.count)
		memcpy(set->bytes + set->count, text.at, text.count);
	set->count += text.count;
	return copied;
}

struct credentials_set *credentials_set_new(const struct credentials *credentials, int64_t now_s, int64_t expires_s)
{
	size_t count = credentials->access_key.count + credentials->secret.count + credentials->token.count;
	struct credentials_set *set = calloc(1, sizeof *set + count);
	int64_t early_s = (expires_s - now_s) / 2;

	if (!set)
		return NULL;
	atomic_init(&set->references, 1);
	set->expires_s = expires_s;
	set->refresh_s = expires_s - (early_s < CREDENTIALS_REFRESH_S ? early_s : CREDENTIALS_REFRESH_S);
	set->credentials.access_key = copy(set, credentials->access_key);
	set->credentials.secret = copy(set, credentials->secret);
	set->credentials.token = copy(set, credentials->token);
	return set;
}

struct credentials_set *credentials_set_ref(struct credentials_set *set)
{
	if (set)
		atomic_fetch_add(&set->references, 1);
	return set;
}

void credentials_set_unref(struct credentials_set *set)
{
	if (!set || atomic_fetch_sub(&set->references, 1) != 1)
		return;
	explicit_bzero(set->bytes, set->count);
	free(set);
}

/* --- asking ----------------------------------------------------------------------------------------------------------- */

static int64_t now_s(void)
{
	return (int64_t)(clock_wall_ms() / 1000);
}

static void answered(struct loop_message *message)
{
	struct credentials_question *question = CONTAINER_OF(message, struct credentials_question, message);
	struct known *known = CONTAINER_OF(question, struct known, question);
	struct list waiters;
	struct list_link *link;

	known->is_away = false;
	known->failed = question->failed;
	if (question->failed) {
		memcpy(known->why, question->why, sizeof known->why);
		known->again_s = now_s() + CREDENTIALS_FAILURE_S;
	}
	credentials_set_unref(known->set);
	known->set = question->set;
	question->set = NULL;
	/* Whoever is told may wait again at once, which is for the next answer. */
	list_init(&waiters);
	while ((link = list_take_first(&known->waiters)))
		list_append(&waiters, link);
	while ((link = list_take_first(&waiters))) {
		struct credentials_waiter *waiter = CONTAINER_OF(link, struct credentials_waiter, link);

		waiter->ready(waiter);
	}
}

static void ask(struct known *known)
{
	if (known->is_away)
		return;
	known->is_away = true;
	known->question.failed = false;
	credentials_source_ask(&known->question);
}

/* --- what is known ---------------------------------------------------------------------------------------------------- */

static void known_free(struct known *known)
{
	credentials_set_unref(known->set);
	credentials_set_unref(known->question.set);
	free(known);
}

/* Make room for one more: the one used longest ago goes, of those that nobody waits for. */
static bool make_room(struct credentials_worker *worker)
{
	struct known *oldest = NULL, *known;
	size_t cursor = 0;

	if (worker->known.count < CREDENTIALS_ENTRIES_MAX)
		return true;
	while ((known = table_next(&worker->known, &cursor, NULL)))
		if (!known->is_away && list_is_empty(&known->waiters) && (!oldest || known->used < oldest->used))
			oldest = known;
	if (!oldest)
		return false;
	table_take(&worker->known, view_from(oldest->role, oldest->role_count));
	known_free(oldest);
	return true;
}

static struct known *find_known(struct credentials_worker *worker, struct view role)
{
	struct known *known = table_find(&worker->known, role);

	if (known || !make_room(worker))
		return known;
	known = calloc(1, sizeof *known + role.count + 1);
	if (!known)
		return NULL;
	known->worker = worker;
	list_init(&known->waiters);
	known->role_count = role.count;
	if (role.count)
		memcpy(known->role, role.at, role.count);
	known->question = (struct credentials_question){ .loop = worker->loop,
		.source = worker->source,
		.role = view_from(known->role, role.count),
		.answered = answered };
	if (table_add(&worker->known, view_from(known->role, role.count), known) == 0)
		return known;
	free(known);
	return NULL;
}

/* What the settings say of a role themselves; NULL if nothing. */
static const struct credentials *find_row(const struct credentials_config *config, struct view role)
{
	if (role.count == 0)
		return config->base.access_key.count ? &config->base : NULL;
	for (size_t i = 0; i < config->role_count; i++)
		if (view_equals(config->roles[i].arn, role))
			return &config->roles[i].credentials;
	for (size_t i = 0; i < config->role_count; i++)
		if (view_equals(config->roles[i].arn, view_of("*")))
			return &config->roles[i].credentials;
	return NULL;
}

/* Why nothing can be fetched for `role`; NULL if it can. */
static const char *refusal(const struct credentials_worker *worker, struct view role)
{
	const struct credentials_config *config = worker->config;

	if (view_ends_with(role, view_of(":user/*")))
		return "the caller's identity can't be passed on (credentials arn:aws:iam::*:user/*): callers have no "
		       "identity of "
		       "AWS here; name a role";
	if (role.count > CREDENTIALS_ROLE_MAX_BYTES)
		return "the credentials of the integration are longer than an ARN can be";
	if (config->base.access_key.count == 0 && config->instance_metadata.count == 0)
		return role.count ? "there are no credentials for the integration's role: set a row of aws_roles for "
				    "it, or "
				    "aws_access_key_id (or aws_instance_metadata) to call STS AssumeRole with"
				  : "there are no credentials for calls of AWS: set aws_access_key_id, or "
				    "aws_instance_metadata, "
				    "or give the integration a role and aws_roles a row for it";
	if (!worker->source)
		return "credentials can't be fetched here";
	return NULL;
}

int credentials_find(struct credentials_worker *worker, struct view role, struct credentials_waiter *waiter,
	struct credentials *ret, const char **ret_why)
{
	const struct credentials *row;
	struct known *known;
	int64_t now = now_s();
	bool is_good;

	*ret_why = view_ends_with(role, view_of(":user/*")) ? refusal(worker, role) : NULL;
	if (*ret_why)
		return -EACCES;
	row = find_row(worker->config, role);
	if (row) {
		*ret = *row;
		return 0;
	}
	*ret_why = refusal(worker, role);
	if (*ret_why)
		return -EACCES;
	known = find_known(worker, role);
	if (!known) {
		*ret_why = "too many roles are being fetched";
		return -EACCES;
	}
	known->used = ++worker->use_count;
	is_good = known->set && now < known->set->expires_s;
	if ((!is_good || now >= known->set->refresh_s) && (!known->failed || now >= known->again_s))
		ask(known);
	if (is_good) {
		*ret = known->set->credentials;
		return 0;
	}
	if (known->is_away) {
		list_append(&known->waiters, &waiter->link);
		return -EAGAIN;
	}
	*ret_why = known->why;
	return -EACCES;
}

void credentials_waiter_cancel(struct credentials_waiter *waiter)
{
	list_remove(&waiter->link);
}

/* --- life cycle ------------------------------------------------------------------------------------------------------- */

struct credentials_worker *credentials_worker_new(
	struct loop *loop, const struct credentials_config *config, struct credentials_source *source)
{
	struct credentials_worker *worker = calloc(1, sizeof *worker);

	if (!worker) {
		errno = ENOMEM;
		return NULL;
	}
	*worker = (struct credentials_worker){ .loop = loop, .config = config, .source = source };
	return worker;
}

void credentials_worker_free(struct credentials_worker *worker)
{
	struct known *known;
	size_t cursor = 0;

	if (!worker)
		return;
	while ((known = table_next(&worker->known, &cursor, NULL)))
		known_free(known);
	table_fini(&worker->known);
	free(worker);
}
