/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/filter/load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "appliance/base/assert.h"
#include "appliance/control/posternd.h"

/* Statements that were given an index: those of the endpoint's policy, of the first target's, of its domain's. */
struct indexes {
	const struct source_filter_input *input;
	uint32_t *known[3]; /* index + 1 by statement; 0: none yet; NULL: no statement was met */
};

static struct policy_text name_of(const struct source_filter_target *place)
{
	return place ? place->arn : policy_text_of("endpoint-policy");
}

static uint32_t add_row(
	struct filter_load *load, const struct source_filter_target *place, const struct policy *policy, int statement)
{
	struct policy_text sid = policy_statement_sid(policy, (size_t)statement), name = name_of(place);
	struct filter_statement_row *row;

	if (load->row_count == load->row_room) {
		load->row_room = load->row_room ? 2 * load->row_room : 8;
		load->rows = reallocarray(load->rows, load->row_room, sizeof *load->rows);
		ASSERT(load->rows);
	}
	row = &load->rows[load->row_count];
	row->statement = statement;
	row->policy = strndup(name.bytes, name.count);
	row->sid = sid.bytes ? strndup(sid.bytes, sid.count) : strdup("");
	ASSERT(row->policy && row->sid);
	return load->row_count++;
}

/* The index of the statement behind a drop, made when it is met first. */
static uint32_t index_of(struct filter_load *load, struct indexes *indexes, const struct source_filter_reason *reason)
{
	bool by_endpoint = reason->target == SOURCE_FILTER_ENDPOINT_POLICY;
	const struct source_filter_target *place = by_endpoint ? NULL : &indexes->input->targets[0];
	const struct policy *policy;
	uint32_t **known = &indexes->known[by_endpoint ? 0 : 1 + reason->by_domain];

	if (reason->statement < 0)
		return FILTER_NO_STATEMENT;
	if (reason->by_domain)
		place = place->domain;
	policy = by_endpoint ? indexes->input->endpoint_policy : place->policy;
	if (!*known)
		*known = calloc(policy_statement_count(policy), sizeof **known);
	ASSERT(*known);
	if ((*known)[reason->statement] == 0)
		(*known)[reason->statement] = add_row(load, place, policy, reason->statement) + 1;
	return (*known)[reason->statement] - 1;
}

void filter_load_init(
	struct filter_load *load, const struct source_filter *filter, const struct source_filter_input *input)
{
	struct indexes indexes = { .input = input };
	bool drop = filter->default_verdict == SOURCE_FILTER_DROP;

	*load = (struct filter_load){ .needed_count = filter->needed_count, .widened = filter->widened };
	load->prefixes = calloc(filter->prefix_count + 1, sizeof *load->prefixes);
	ASSERT(load->prefixes);
	load->order.prefix_count = (uint32_t)filter->prefix_count;
	load->order.default_verdict = drop ? FILTER_VERDICT_DENY : FILTER_VERDICT_PASS;
	load->order.default_statement = drop ? index_of(load, &indexes, &filter->default_reason) : FILTER_NO_STATEMENT;
	for (size_t i = 0; i < filter->prefix_count; i++) {
		const struct source_filter_prefix *prefix = &filter->prefixes[i];
		struct filter_prefix_record *record = &load->prefixes[i];

		drop = prefix->verdict == SOURCE_FILTER_DROP;
		memcpy(record->address, prefix->address.bytes, sizeof record->address);
		record->prefix_bits = prefix->prefix_bits;
		record->verdict = drop ? FILTER_VERDICT_DENY : FILTER_VERDICT_PASS;
		record->reason = drop ? FILTER_SOURCE_DENIED : FILTER_PASSED;
		record->statement = drop ? index_of(load, &indexes, &prefix->reason) : FILTER_NO_STATEMENT;
	}
	for (size_t i = 0; i < ARRAY_COUNT(indexes.known); i++)
		free(indexes.known[i]);
}

void filter_load_fini(struct filter_load *load)
{
	for (uint32_t i = 0; i < load->row_count; i++) {
		free(load->rows[i].policy);
		free(load->rows[i].sid);
	}
	free(load->rows);
	free(load->prefixes);
	free(load->admissions);
	*load = (struct filter_load){ 0 };
}

void filter_load_digest(const struct filter_load *load, uint8_t ret[DIGEST_SHA256_BYTES])
{
	struct verb_filter_load plain = load->order;
	struct digest digest;

	plain.generation = 0;
	digest_init(&digest);
	digest_update(&digest, &plain, sizeof plain);
	digest_update(&digest, load->prefixes, plain.prefix_count * sizeof *load->prefixes);
	digest_update(&digest, load->admissions, plain.admission_count * sizeof *load->admissions);
	for (uint32_t i = 0; i < load->row_count; i++) {
		const struct filter_statement_row *row = &load->rows[i];

		digest_update(&digest, row->policy, strlen(row->policy) + 1);
		digest_update(&digest, row->sid, strlen(row->sid) + 1);
		digest_update(&digest, &row->statement, sizeof row->statement);
	}
	digest_final(&digest, ret);
}

static bool write_all(int fd, const void *bytes, size_t left)
{
	const char *at = bytes;

	while (left) {
		ssize_t written = write(fd, at, left);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		at += written;
		left -= (size_t)written;
	}
	return true;
}

/* A memfd with the records, sealed so that posternd can trust what it checked. */
static int sealed_memory(const struct filter_load *load)
{
	int fd = memfd_create("postern-filter", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	if (write_all(fd, load->prefixes, load->order.prefix_count * sizeof *load->prefixes) &&
		write_all(fd, load->admissions, load->order.admission_count * sizeof *load->admissions) &&
		fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW) == 0)
		return fd;
	close(fd);
	return -EIO;
}

int filter_load_send(struct control *control, const struct filter_load *load)
{
	int fd = sealed_memory(load), error;

	if (fd < 0)
		return fd;
	error = posternd_call(control, VERB_FILTER_LOAD, &load->order, &fd, 1, NULL);
	close(fd);
	return error;
}
