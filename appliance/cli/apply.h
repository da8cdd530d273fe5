/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * apply: `postern apply`, what its parts share: one run from the files to the last call.
 *
 * Planning reads the appliance and makes a list of steps; it changes nothing. A step tells what will change in lines for
 * people and carries the function that does it. Steps stand in the order in which they are safe: a certificate before its
 * domain, a definition with its policy before its deployment, what is used before what uses it, deletions last and in
 * reverse. Running them stops at the first failure; planning anew then finds what is left to do.
 *
 * Every changing call is made on the condition that nothing that was planned with has changed since (control/unchanged.h),
 * so a plan is carried out as it was shown or not at all, and two runs at once do not mix.
 *
 * Ownership: what is made carries the tag APPLY_TAG with the estate's name. Only that may be pruned.
 *
 * Process: the caller's, one thread. All that is read is kept until apply_fini().
 */
#ifndef POSTERN_CLI_APPLY_H
#define POSTERN_CLI_APPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "appliance/base/json.h"
#include "appliance/cli/cli.h"
#include "appliance/cli/client.h"
#include "appliance/control/xml.h"

#define APPLY_TAG "postern:managed-by"
/* Of a domain: ids of the zones with an alias of it, with spaces between. */
#define APPLY_TAG_ZONES "postern:alias-zones"
/* Tags of this prefix are apply's own, whatever a file says. */
#define APPLY_TAG_PREFIX "postern:"
/* Who manages what is made from files that name no estate. */
#define APPLY_NO_ESTATE "postern-apply"

enum apply_action { APPLY_CREATE, APPLY_CHANGE, APPLY_DELETE, APPLY_NOTE, APPLY_ACTION_COUNT };

/* The order of the steps. */
enum apply_rank {
	APPLY_RANK_CERTIFICATE,
	APPLY_RANK_API,
	APPLY_RANK_STAGE,
	APPLY_RANK_DOMAIN,
	APPLY_RANK_MAPPING,
	APPLY_RANK_ASSOCIATION,
	APPLY_RANK_ALIAS,
	APPLY_RANK_END_ALIAS,
	APPLY_RANK_END_ASSOCIATION,
	APPLY_RANK_END_MAPPING,
	APPLY_RANK_END_DOMAIN,
	APPLY_RANK_END_STAGE,
	APPLY_RANK_END_API,
	APPLY_RANK_NOTE,
};

struct apply;
struct apply_step;

/* Carry a step out: 0, or CLI_FAILED after cli_fail(). */
typedef int apply_run(struct apply *apply, struct apply_step *step);

struct apply_step {
	enum apply_action action;
	enum apply_rank rank;
	const char *what;   /* "stage prod of api pets" */
	struct json *lines; /* what will change, texts */
	apply_run *run;     /* NULL for a note */
	void *subject;      /* the run's */
	const char *target; /* of a call that is known when planned, see apply_step_delete() */
	const char *result; /* set by the run: "id a1b2c3d4e5" */
	bool is_done;
	struct apply_step *next;
};

struct apply_tags {
	struct json *set;   /* {key: value} */
	struct json *unset; /* [key] */
};

struct apply_api {
	const struct json *wish;
	const char *name, *id;       /* id NULL until it is made */
	const struct json *existing; /* the RestApi; NULL: none */
	struct json *document;       /* what is imported */
	struct json *facts;          /* of the definition as wished */
	const char *policy;          /* as wished; NULL: none */
	bool is_imported;            /* the definition has to be put */
	bool definition_changes;     /* ... or is changed in another way */
	struct json *patches;
	struct apply_tags tags;
	const char *deployment_id; /* that this run made */
	struct apply_api *next;
};

struct apply {
	struct cli *cli;
	struct json *keep;   /* all trees that are read */
	struct json *estate; /* what the files say */
	const char *name;    /* of the estate */
	bool has_name, prune;

	const struct json *apis, *domains, *associations; /* what there is */
	const char *region;
	struct apply_api *wanted_apis;
	struct apply_zone *zones;

	uint64_t revision;    /* that the plan was made from, then that of the last own call */
	struct buffer scopes; /* what was planned with */
	int last_status;      /* of the last call's answer */
	bool is_stale;        /* a call was refused since something of it has changed */
	bool has_changed;     /* a call that changes was answered well */

	struct apply_step *steps;
	size_t counts[APPLY_ACTION_COUNT];
};

/* --- apply_call.c ----------------------------------------------------------------------------------------------------------- */

/* Trees are kept by `apply`. All return 0, or CLI_FAILED after cli_fail(). */
int apply_get(struct apply *apply, const char *service, struct view target, const struct json **ret)
	__attribute__((warn_unused_result));

/* All pages of a list of API Gateway. */
int apply_list(struct apply *apply, const char *path, const struct json **ret) __attribute__((warn_unused_result));

/* A call that reads, with a document as its body. */
int apply_ask(struct apply *apply, const char *service, struct view target, struct view document,
	const struct json **ret) __attribute__((warn_unused_result));

/* A call that changes: `body` NULL for none; `raw` in its place if it is not empty. `ret` may be NULL. */
int apply_change(struct apply *apply, const char *method, struct view target, const struct json *body, struct view raw,
	const struct json **ret) __attribute__((warn_unused_result));

/* The JSON 1.1 dialect of ACM. */
int apply_acm(struct apply *apply, const char *operation, const struct json *body, bool changes,
	const struct json **ret) __attribute__((warn_unused_result));

/* Tags of a resource that does not show them itself, as [{"Key", "Value"}]; NULL: none. */
int apply_tags_of(struct apply *apply, const char *arn, const struct json **ret) __attribute__((warn_unused_result));

/* The dialects that speak XML. */
int apply_xml(struct apply *apply, const char *service, const char *method, struct view target, struct view body,
	bool changes, const struct xml_element **ret) __attribute__((warn_unused_result));

/* From here on a change of `kind/id`, or of any record of `kind`, makes the plan stale. */
void apply_depend(struct apply *apply, const char *kind, const char *id);

/* Keep a tree; returns it. */
struct json *apply_keep(struct apply *apply, struct json *tree);

/* Formatted text that lives as long as the cli. */
const char *apply_text(struct apply *apply, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct view apply_view(struct apply *apply, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* --- apply_plan.c ----------------------------------------------------------------------------------------------------------- */

/* Add a step of no lines yet. */
struct apply_step *apply_step_add(struct apply *apply, enum apply_action action, enum apply_rank rank, apply_run *run,
	void *subject, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* A step that is one DELETE. */
void apply_step_delete(struct apply *apply, enum apply_rank rank, const char *target, const char *what);

/* Something that is there, is not in the files and stays. */
void apply_note(struct apply *apply, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Take the region of the ARN (NULL is fine) for the run's, unless it is known. */
void apply_note_region(struct apply *apply, const char *arn);

/* A name in lower case, as names of domains are kept. */
const char *apply_lower(struct apply *apply, const char *text);

/* Is the text in the list? */
bool apply_has_text(const struct json *list, struct view text);

/* Was it made by this estate? `tags` are its tags. */
bool apply_owns(const struct apply *apply, const struct json *tags);

/* Note that another estate has made what the files name, too. */
void apply_note_owner(struct apply *apply, const char *what, const char *name, const struct json *tags);

/* The tags of something new. The caller's. */
struct json *apply_tags_new(struct apply *apply, const struct json *wish);

/* What of the tags has to change, with lines; nothing if `wish` is NULL. */
void apply_tags_plan(struct apply *apply, const struct json *wish, const struct json *actual, struct json *lines,
	struct apply_tags *ret);
int apply_tags_change(struct apply *apply, const char *arn, const struct apply_tags *tags)
	__attribute__((warn_unused_result));

/* Append a PATCH operation; `value` NULL for none. */
void apply_patch(struct json *operations, const char *op, const char *value, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* `text` as a part of a JSON pointer. */
const char *apply_pointer(struct apply *apply, struct view text);

/* PATCH `target` with the operations, if there are any. */
int apply_patch_send(struct apply *apply, const char *target, const struct json *operations)
	__attribute__((warn_unused_result));

/* Lines on how one policy becomes another, with what that means for callers. `api_arn` NULL: not an API's. */
void apply_policy_lines(
	struct apply *apply, struct view before, struct view after, const char *api_arn, struct json *lines);

/* --- apply_api.c, apply_stage.c, apply_domain.c, apply_alias.c -------------------------------------------------------------- */

int apply_plan_apis(struct apply *apply) __attribute__((warn_unused_result));
int apply_plan_stages(struct apply *apply, struct apply_api *api) __attribute__((warn_unused_result));
int apply_plan_domains(struct apply *apply) __attribute__((warn_unused_result));

struct apply_domain {
	const struct json *wish;
	const char *name, *id, *arn; /* id and arn NULL until it is made */
	const struct json *existing;
	const char *certificate_arn; /* NULL until it is imported */
	struct view certificate_pem, chain_pem;
	struct json *patches;
	struct apply_tags tags;
	const char *zone_ids;       /* value of APPLY_TAG_ZONES */
	bool takes_new_certificate; /* it exists, and its certificate is still to be imported */
};

int apply_plan_aliases(struct apply *apply, struct apply_domain *domain) __attribute__((warn_unused_result));

/*
 * Steps that take away the aliases that a run has made for a domain and that `wanted` does not name; NULL: the domain is to be
 * deleted. Without --prune they are noted.
 */
int apply_prune_aliases(struct apply *apply, const struct json *domain, struct apply_domain *wanted)
	__attribute__((warn_unused_result));

#endif
