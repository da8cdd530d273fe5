/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/filter/filter.h"

#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/base/log.h"
#include "appliance/control/endpoints.h"
#include "appliance/control/filter/plan.h"
#include "appliance/control/state.h"

/* Generations whose statements are remembered: events come within seconds, and a busy administrator changes policies as fast. */
enum { GENERATIONS_KEPT = 8 };

struct generation {
	uint64_t number; /* 0: unused */
	struct filter_statement_row *rows;
	uint32_t row_count;
};

struct filter_source {
	char id[FILTER_ENDPOINT_ID_BYTES];
	bool is_loaded;
	uint8_t digest[DIGEST_SHA256_BYTES]; /* of what is loaded */
	struct filter_need need;
	struct generation generations[GENERATIONS_KEPT];
	unsigned newest;
};

static const char *const mode_names[] = {
	[FILTER_MODE_RESET] = "reset",
	[FILTER_MODE_DROP] = "drop",
	[FILTER_MODE_OBSERVE] = "observe",
};

static const char *const reason_names[] = {
#define DROP_REASON(name, observable, tells, text) #name,
#include "ebpf/drop_reasons.def"
#undef DROP_REASON
};

enum filter_mode filter_mode_of(const char *name)
{
	for (unsigned i = 0; i < ARRAY_COUNT(mode_names); i++)
		if (strcmp(mode_names[i], name) == 0)
			return (enum filter_mode)i;
	return FILTER_MODE_RESET;
}

enum filter_dns filter_dns_of(const char *name)
{
	if (name && strcmp(name, "off") == 0)
		return FILTER_DNS_OFF;
	return name && strcmp(name, "policy") == 0 ? FILTER_DNS_POLICY : FILTER_DNS_ADMITTED;
}

const char *filter_mode_name(unsigned mode)
{
	return mode < ARRAY_COUNT(mode_names) ? mode_names[mode] : "unknown";
}

const char *filter_reason_name(unsigned reason)
{
	static __thread char name[64];
	size_t count = 0;

	if (reason >= ARRAY_COUNT(reason_names))
		return "unknown";
	for (const char *byte = reason_names[reason]; *byte && count + 1 < sizeof name; byte++)
		name[count++] = view_lower_byte(*byte);
	name[count] = '\0';
	return name;
}

/* --- what is known of each endpoint's filter ------------------------------------------------------------------------------------- */

static void free_generation(struct generation *generation)
{
	for (uint32_t i = 0; i < generation->row_count; i++) {
		free(generation->rows[i].policy);
		free(generation->rows[i].sid);
	}
	free(generation->rows);
	*generation = (struct generation){ 0 };
}

static void free_source(struct filter_source *source)
{
	for (unsigned i = 0; i < GENERATIONS_KEPT; i++)
		free_generation(&source->generations[i]);
	free(source);
}

static struct filter_source *source_of(struct control *control, const char *id)
{
	struct filter_source *source = table_find(&control->filter_sources, view_from_text(id));

	if (source)
		return source;
	source = calloc(1, sizeof *source);
	ASSERT(source && strlen(id) < sizeof source->id);
	strcpy(source->id, id);
	ASSERT(table_set(&control->filter_sources, view_from_text(source->id), source, NULL) == 0);
	return source;
}

void filter_forget(struct control *control, const char *endpoint_id)
{
	struct filter_source *source = table_take(&control->filter_sources, view_from_text(endpoint_id));
	struct filter_place *place = table_take(&control->filter_places, view_from_text(endpoint_id));

	if (source)
		free_source(source);
	if (!place)
		return;
	filter_targets_forget(&control->filter_targets, place->serial);
	filter_place_fini(place);
}

void filter_forget_loaded(struct control *control)
{
	struct filter_source *source;
	size_t cursor = 0;

	while ((source = table_next(&control->filter_sources, &cursor, NULL)) != NULL)
		source->is_loaded = false;
}

void filter_fini(struct control *control)
{
	struct filter_source *source;
	struct filter_place *place;
	size_t cursor = 0;

	filter_rollback(control);
	while ((source = table_next(&control->filter_sources, &cursor, NULL)) != NULL)
		free_source(source);
	cursor = 0;
	while ((place = table_next(&control->filter_places, &cursor, NULL)) != NULL)
		filter_place_fini(place);
	table_fini(&control->filter_sources);
	table_fini(&control->filter_places);
	filter_targets_fini(&control->filter_targets);
}

bool filter_need_of(const struct control *control, const char *endpoint_id, struct filter_need *ret)
{
	const struct filter_source *source = table_find(&control->filter_sources, view_from_text(endpoint_id));

	if (source)
		*ret = source->need;
	return source != NULL;
}

size_t filter_limit(const struct control *control)
{
	return control->settings.filter_prefixes ? control->settings.filter_prefixes
						 : SOURCE_FILTER_DEFAULT_MAX_PREFIXES;
}

bool filter_explain(const struct control *control, const char *endpoint_id, uint64_t generation, uint32_t statement,
	struct filter_statement *ret)
{
	const struct filter_source *source = table_find(&control->filter_sources, view_from_text(endpoint_id));

	for (unsigned i = 0; source && i < GENERATIONS_KEPT; i++) {
		const struct generation *known = &source->generations[i];

		if (known->number != generation || generation == 0 || statement >= known->row_count)
			continue;
		ret->policy = view_from_text(known->rows[statement].policy);
		ret->sid = view_from_text(known->rows[statement].sid);
		ret->statement = known->rows[statement].statement;
		return true;
	}
	return false;
}

/* --- loading ----------------------------------------------------------------------------------------------------------------- */

static void note_need(struct filter_source *source, const struct filter_load *load)
{
	bool news = load->widened && (!source->need.widened || source->need.needed_count != load->needed_count);

	source->need = (struct filter_need){ load->needed_count, load->widened };
	if (news)
		log_warning(
			"a source filter needs more prefixes than the settings allow, so it is widened: fewer sources "
			"are dropped, and the gateway refuses the others",
			LOG_TEXT("endpoint", source->id), LOG_UINT("needed", load->needed_count),
			LOG_UINT("prefixes", load->order.prefix_count));
}

/* Load as a new generation unless the same is in force. Takes the load's rows. */
static int load_one(struct control *control, struct filter_load *load)
{
	struct filter_source *source = source_of(control, load->order.id);
	struct generation *newest;
	uint8_t digest[DIGEST_SHA256_BYTES];
	int error;

	filter_load_digest(load, digest);
	note_need(source, load);
	if (source->is_loaded && memcmp(digest, source->digest, sizeof digest) == 0)
		return 0;
	/* Remembered before it is loaded: an event of the new generation may arrive before the answer. */
	load->order.generation = ++control->filter_generation;
	source->newest = (source->newest + 1) % GENERATIONS_KEPT;
	newest = &source->generations[source->newest];
	free_generation(newest);
	*newest = (struct generation){ load->order.generation, load->rows, load->row_count };
	load->rows = NULL;
	load->row_count = 0;
	error = filter_load_send(control, load);
	source->is_loaded = error == 0;
	memcpy(source->digest, digest, sizeof digest);
	return error;
}

static void load_plan(struct control *control, struct filter_plan *plan)
{
	control->filters_known = true;
	control->filters_stale = plan->incomplete;
	for (size_t i = 0; i < plan->count; i++) {
		int error = load_one(control, &plan->loads[i]);

		if (error == 0)
			continue;
		log_warning("the source filter of an endpoint can't be loaded",
			LOG_TEXT("endpoint", plan->loads[i].order.id), LOG_ERRNO(error));
		control->filters_stale = true;
	}
}

static bool has_filters(const struct control *control)
{
	return !control->settings.local && control->settings.posternd_socket;
}

void filter_refresh(struct control *control)
{
	struct filter_plan plan;
	int error;

	if (!has_filters(control))
		return;
	error = filter_plan_make(&plan, control);
	if (error < 0) {
		log_error("source filters can't be derived", LOG_ERRNO(error));
		control->filters_stale = true;
		return;
	}
	load_plan(control, &plan);
	filter_plan_fini(&plan);
}

void filter_retry(struct control *control)
{
	if (control->filters_stale)
		endpoints_reconcile(control);
}

/* --- within a call ----------------------------------------------------------------------------------------------------------- */

void filter_ensure_known(struct control *control)
{
	if (!control->filters_known)
		filter_refresh(control);
}

/* The call would make a filter finer than the settings allow, or finer still. */
static bool is_refused(const struct control *control, const struct filter_load *load)
{
	struct filter_need before = { 0 };

	if (control->settings.filter_widens || load->needed_count <= filter_limit(control))
		return false;
	(void)filter_need_of(control, load->order.id, &before);
	return load->needed_count > before.needed_count;
}

static int refuse(struct call *call, const struct filter_load *load)
{
	size_t limit = filter_limit(call->control);

	call->detail = call_text(call, "filter_prefixes: source filter of %s: %zu needed, %zu allowed", load->order.id,
		load->needed_count, limit);
	return call_fail(call, call->service->id == SERVICE_ec2 ? "InvalidParameter" : "BadRequestException",
		"The policies behind VPC endpoint %s would need a source filter of %zu prefixes, but %zu are allowed.",
		load->order.id, load->needed_count, limit);
}

int filter_prepare(struct call *call)
{
	struct control *control = call->control;
	struct filter_plan plan;
	int error;

	filter_rollback(control);
	if (!has_filters(control))
		return 0;
	error = filter_plan_make(&plan, control);
	if (error < 0) {
		log_error("source filters can't be derived", LOG_ERRNO(error));
		return 0;
	}
	for (size_t i = 0; i < plan.count; i++)
		if (is_refused(control, &plan.loads[i])) {
			error = refuse(call, &plan.loads[i]);
			filter_plan_fini(&plan);
			return error;
		}
	control->filter_plan = malloc(sizeof plan);
	ASSERT(control->filter_plan);
	*control->filter_plan = plan;
	return 0;
}

void filter_commit(struct control *control)
{
	if (control->filter_plan)
		load_plan(control, control->filter_plan);
	else
		filter_refresh(control);
	filter_rollback(control);
}

void filter_rollback(struct control *control)
{
	if (!control->filter_plan)
		return;
	filter_plan_fini(control->filter_plan);
	free(control->filter_plan);
	control->filter_plan = NULL;
}
