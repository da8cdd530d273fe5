/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "appliance/base/assert.h"
#include "appliance/base/log.h"
#include "appliance/control/endpoints.h"
#include "appliance/control/posternd.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"
#include "appliance/crypto/digest.h"

/* Generations whose statements are remembered: events come within seconds, and a busy administrator changes policies as fast. */
enum { GENERATIONS_KEPT = 8 };

struct statement_row {
	struct source_filter_reason reason;
	char *policy;
	char *sid;
};

struct generation {
	uint64_t number; /* 0: unused */
	struct statement_row *rows;
	uint32_t row_count, row_room;
};

struct filter_source {
	char id[FILTER_ENDPOINT_ID_BYTES];
	bool is_loaded;
	uint8_t digest[DIGEST_SHA256_BYTES]; /* of what is loaded */
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

	if (source)
		free_source(source);
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
	size_t cursor = 0;

	while ((source = table_next(&control->filter_sources, &cursor, NULL)) != NULL)
		free_source(source);
	table_fini(&control->filter_sources);
	filter_targets_fini(&control->filter_targets);
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
		ret->statement = known->rows[statement].reason.statement;
		return true;
	}
	return false;
}

/* --- from a compiled filter to records -------------------------------------------------------------------------------------------- */

/* The index of the statement behind a drop, added to the generation's rows when it is met first. */
static uint32_t statement_index(struct generation *generation, const struct source_filter_input *input,
	const struct source_filter_reason *reason)
{
	const struct policy *policy = reason->target == SOURCE_FILTER_ENDPOINT_POLICY
					      ? input->endpoint_policy
					      : input->targets[reason->target].policy;
	struct policy_text sid = { 0 }, name = policy_text_of("endpoint-policy");
	struct statement_row *row;

	if (reason->statement < 0)
		return FILTER_NO_STATEMENT;
	for (uint32_t i = 0; i < generation->row_count; i++)
		if (generation->rows[i].reason.target == reason->target &&
			generation->rows[i].reason.statement == reason->statement)
			return i;
	if (generation->row_count == generation->row_room) {
		generation->row_room = generation->row_room ? 2 * generation->row_room : 8;
		generation->rows = reallocarray(generation->rows, generation->row_room, sizeof *generation->rows);
		ASSERT(generation->rows);
	}
	sid = policy_statement_sid(policy, (size_t)reason->statement);
	if (reason->target != SOURCE_FILTER_ENDPOINT_POLICY)
		name = input->targets[reason->target].arn;
	row = &generation->rows[generation->row_count];
	row->reason = *reason;
	row->policy = strndup(name.bytes, name.count);
	row->sid = sid.bytes ? strndup(sid.bytes, sid.count) : strdup("");
	ASSERT(row->policy && row->sid);
	return generation->row_count++;
}

static struct filter_prefix_record *records_of(
	struct generation *generation, const struct source_filter_input *input, const struct source_filter *filter)
{
	struct filter_prefix_record *records = calloc(filter->prefix_count + 1, sizeof *records);

	ASSERT(records);
	for (size_t i = 0; i < filter->prefix_count; i++) {
		const struct source_filter_prefix *prefix = &filter->prefixes[i];
		bool drop = prefix->verdict == SOURCE_FILTER_DROP;

		memcpy(records[i].address, prefix->address.bytes, sizeof records[i].address);
		records[i].prefix_bits = prefix->prefix_bits;
		records[i].verdict = drop ? FILTER_VERDICT_DENY : FILTER_VERDICT_PASS;
		records[i].reason = drop ? FILTER_SOURCE_DENIED : FILTER_PASSED;
		records[i].statement = drop ? statement_index(generation, input, &prefix->reason) : FILTER_NO_STATEMENT;
	}
	return records;
}

/* A memfd with the records, sealed so that posternd can trust what it checked. */
static int sealed_memory(const struct filter_prefix_record *records, size_t count)
{
	size_t left = count * sizeof *records;
	const char *at = (const char *)records;
	int fd = memfd_create("postern-filter", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	while (left) {
		ssize_t written = write(fd, at, left);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			goto failed;
		at += written;
		left -= (size_t)written;
	}
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW) == 0)
		return fd;
failed:
	close(fd);
	return -EIO;
}

/* What is loaded is told apart by its content, not by its generation. */
static void digest_of(uint8_t ret[DIGEST_SHA256_BYTES], const struct verb_filter_load *load,
	const struct generation *generation, const struct filter_prefix_record *records)
{
	struct verb_filter_load plain = *load;
	struct digest digest;

	plain.generation = 0;
	digest_init(&digest);
	digest_update(&digest, &plain, sizeof plain);
	digest_update(&digest, records, plain.prefix_count * sizeof *records);
	for (uint32_t i = 0; i < generation->row_count; i++) {
		digest_update(&digest, generation->rows[i].policy, strlen(generation->rows[i].policy) + 1);
		digest_update(&digest, generation->rows[i].sid, strlen(generation->rows[i].sid) + 1);
		digest_update(
			&digest, &generation->rows[i].reason.statement, sizeof generation->rows[i].reason.statement);
	}
	digest_final(&digest, ret);
}

static int send_load(
	struct control *control, const struct verb_filter_load *load, const struct filter_prefix_record *records)
{
	int fd = sealed_memory(records, load->prefix_count), error;

	if (fd < 0)
		return fd;
	error = posternd_call(control, VERB_FILTER_LOAD, load, &fd, 1, NULL);
	close(fd);
	return error;
}

/* Load a compiled filter as a new generation unless the same is in force. */
static int load_filter(struct control *control, const char *id, enum filter_mode mode,
	const struct source_filter_input *input, const struct source_filter *filter)
{
	struct filter_source *source = source_of(control, id);
	struct generation generation = { .number = control->filter_generation + 1 };
	struct filter_prefix_record *records = records_of(&generation, input, filter);
	bool drop = filter->default_verdict == SOURCE_FILTER_DROP;
	struct verb_filter_load load = {
		.generation = generation.number,
		.mode = mode,
		.dns = FILTER_DNS_ADMITTED,
		.default_verdict = drop ? FILTER_VERDICT_DENY : FILTER_VERDICT_PASS,
		.default_statement =
			drop ? statement_index(&generation, input, &filter->default_reason) : FILTER_NO_STATEMENT,
		.prefix_count = (uint32_t)filter->prefix_count,
		.flags = control->settings.filter_cut_connections ? VERB_FILTER_LOAD_CUT : 0,
	};
	uint8_t digest[DIGEST_SHA256_BYTES];
	int error = 0;

	memcpy(load.id, source->id, sizeof load.id);
	digest_of(digest, &load, &generation, records);
	if (source->is_loaded && memcmp(digest, source->digest, sizeof digest) == 0) {
		free_generation(&generation);
		goto out;
	}
	/* Remembered before it is loaded: an event of the new generation may arrive before the answer. */
	source->newest = (source->newest + 1) % GENERATIONS_KEPT;
	free_generation(&source->generations[source->newest]);
	source->generations[source->newest] = generation;
	control->filter_generation++;
	error = send_load(control, &load, records);
	source->is_loaded = error == 0;
	memcpy(source->digest, digest, sizeof digest);
out:
	free(records);
	return error;
}

/* --- deriving ---------------------------------------------------------------------------------------------------------------------- */

static int refresh_endpoint(struct control *control, const struct json *endpoint, const struct filter_targets *targets)
{
	const char *id = json_find_c_string(endpoint, "vpcEndpointId"), *vpc_id = json_find_c_string(endpoint, "vpcId");
	struct view text = json_find_text(endpoint, "policyDocument");
	const struct policy_options options = { .kind = POLICY_KIND_ENDPOINT, .stored = true };
	struct policy *policy = NULL;
	struct source_filter_input input = { .endpoint_id = policy_text_of(id),
		.vpc_id = policy_text_of(vpc_id),
		.targets = targets->items,
		.target_count = targets->count };
	struct source_filter filter = { 0 };
	int error = text.count ? policy_parse(&policy, text.at, text.count, &options, NULL) : 0;

	if (error < 0)
		return error;
	input.endpoint_policy = policy;
	error = source_filter_compile(&filter, &input);
	if (error == -E2BIG) {
		/* Too fine for the kernel: nothing is dropped there, and the pipeline judges every request as ever. */
		log_warning("the source filter of an endpoint needs too many prefixes", LOG_TEXT("endpoint", id),
			LOG_UINT("prefixes", filter.prefix_count));
		filter = (struct source_filter){ .default_verdict = SOURCE_FILTER_PASS };
		error = 0;
	}
	if (error == 0) {
		error = load_filter(control, id, filter_mode_of(endpoint_filter_mode(endpoint)), &input, &filter);
		source_filter_fini(&filter);
	}
	policy_free(policy);
	return error;
}

static bool has_addresses(const struct json *endpoint)
{
	return json_count(json_find(json_find(endpoint, "postern"), "addresses")) > 0;
}

void filter_refresh(struct control *control)
{
	const struct call_request nothing = { .received_wall_ms = 0 };
	struct json JSON_CLEANUP *endpoints = NULL;
	struct call call;
	int error;

	if (control->settings.local || !control->settings.posternd_socket)
		return;
	call_init(&call, control, &nothing);
	endpoints = record_list(&call, STORE_vpcendpoint, NULL);
	error = filter_targets_gather(&control->filter_targets, &call);
	if (error == 0)
		error = call.store_error;
	control->filters_stale = error < 0;
	JSON_EACH(endpoint, endpoints)
	{
		int failure;

		if (error < 0 || endpoint_is_builtin(endpoint) || !has_addresses(endpoint))
			continue;
		failure = refresh_endpoint(control, endpoint, &control->filter_targets);
		if (failure < 0) {
			log_warning("the source filter of an endpoint can't be loaded",
				LOG_VIEW("endpoint", json_find_text(endpoint, "vpcEndpointId")), LOG_ERRNO(failure));
			control->filters_stale = true;
		}
	}
	if (error < 0)
		log_error("source filters can't be derived", LOG_ERRNO(error));
	call_fini(&call);
}

void filter_retry(struct control *control)
{
	if (control->filters_stale)
		endpoints_reconcile(control);
}
