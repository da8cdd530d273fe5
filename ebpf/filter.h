/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * filter: loads the tc program of one endpoint, attaches it to the endpoint's links and feeds it prefixes.
 *
 * Life cycle: filter_open() loads program and maps with an empty table, which denies every source. filter_attach() puts
 * it on a link, before the link goes up. filter_load() makes a fresh table, fills it, reads it back, and swaps it in by one
 * write into a map of maps: no packet meets a half-loaded one, and a failure leaves the old one in force. filter_close()
 * lets go of our descriptors only: what is attached stays in force without us (clsact keeps it), and filter_adopt()
 * finds it again by its id on the link. It ends with its link or by filter_detach().
 *
 * Process and threads: posternd, one thread at a time. filter_attach(), filter_detach() and filter_adopt() act on a link
 * of the *calling thread's* network namespace; everything else works from any namespace. Loading, attaching and adopting
 * need CAP_BPF or CAP_SYS_ADMIN, and CAP_NET_ADMIN.
 * Not here: turning policies into prefixes (policy/source_filter), who may order a change (netns/monitor), logging.
 * Source: architecture section 8; platform facts section 1.
 */
#ifndef POSTERN_EBPF_FILTER_H
#define POSTERN_EBPF_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ebpf/filter_contract.h"

/* Most prefixes of one generation: control's own limit defaults to 65,536, and the kernel is asked for no more than this. */
#define FILTER_PREFIXES_MAX (1u << 20)
/* Most admissions: the prefixes of one VPC's subnets, or the sources of an endpoint's security-group rules. */
#define FILTER_ADMISSIONS_MAX 2048
/* Below this many IPv4 edges the trie is as fast, and the swap spared a second wait for RCU. */
#define FILTER_INDEX_EDGES_DEFAULT 512

struct filter;

struct filter_options {
	const char *endpoint_id; /* at most FILTER_ENDPOINT_ID_BYTES - 1 bytes */
	uint32_t endpoint_index;
	uint32_t mode;              /* enum filter_mode until the first filter_load() */
	uint32_t dns;               /* enum filter_dns, likewise */
	bool answers;               /* as in struct filter_settings */
	uint32_t resets_per_second; /* 0: 10,000 */
	uint32_t events_per_second; /* 0: 1,000 */
	size_t ring_bytes; /* of the event buffer, a power of two and a multiple of the page size; 0: 256 KiB */
};

/* One generation to load. All pointers are borrowed for the call. */
struct filter_generation {
	uint64_t generation;      /* not 0, which means "nothing loaded" */
	uint32_t mode;            /* enum filter_mode */
	uint32_t dns;             /* enum filter_dns */
	uint32_t default_verdict; /* enum filter_verdict of ::/0 unless a record gives another */
	uint32_t default_statement;
	const struct filter_prefix_record *prefixes;
	size_t prefix_count;
	const struct filter_admission_record *admissions; /* in any order; one prefix may stand more than once */
	size_t admission_count;
	size_t index_edges; /* from how many IPv4 edges on there is an index too; 0: FILTER_INDEX_EDGES_DEFAULT */
};

/* A generation ready to be put in force: descriptors of its maps. */
struct filter_prepared {
	int table_fd;
	int index_fd; /* -1 if there is none */
	uint32_t prefix_count;
};

struct filter_stats {
	uint64_t generation; /* 0: nothing loaded */
	uint32_t mode;
	uint32_t dns;
	uint32_t prefix_count; /* entries of the table in force, the default included */
	uint32_t program_id;
	uint64_t packets[FILTER_COUNTERS_COUNT]; /* by enum filter_reason */
	uint64_t bytes[FILTER_COUNTERS_COUNT];
	uint64_t resets_sent;
	uint64_t resets_limited; /* kept silent by resets_per_second */
	uint64_t events_sent;
	uint64_t events_lost; /* by events_per_second or a full buffer */
};

/* One entry of the table in force, as filter_show() gives it. */
struct filter_entry {
	struct filter_key key;
	struct filter_value value;
};

/* Called for each event; `event` is borrowed for the call. */
typedef void filter_event_handler(void *context, const struct filter_event *event);

/* The name of a reason in lower case ("source_denied"), or "unknown" for a number of a newer table. Static text. */
const char *filter_reason_name(unsigned int reason);
/* The reason's line for people, or "". Static text. */
const char *filter_reason_text(unsigned int reason);

/*
 * Load program and maps; nothing is attached, every source is denied.
 * Returns 0 and `*ret`, which the caller closes; -EPERM without the capabilities, -EOPNOTSUPP if the kernel lacks what the
 * program needs, -EINVAL for an id that does not fit, or the negative errno of the kernel's refusal.
 */
int filter_open(struct filter **ret, const struct filter_options *options) __attribute__((warn_unused_result));

/*
 * Put the filter on the ingress of link `ifindex` of this thread's namespace, in place of an earlier one of ours in one
 * step. Returns 0 or a negative errno; -ENOENT and -EOPNOTSUPP mean a kernel without clsact or cls_bpf.
 */
int filter_attach(struct filter *filter, int ifindex) __attribute__((warn_unused_result));

/* Take the filter off link `ifindex`. Returns 0, also if there was none, or a negative errno. */
int filter_detach(int ifindex);

/*
 * Find the filter that is in force on link `ifindex` of this thread's namespace. Returns 0 and `*ret`, which the caller
 * closes; -ENOENT if the link has no filter of ours, -EPROTO if its maps are not those of this contract.
 */
int filter_adopt(struct filter **ret, int ifindex) __attribute__((warn_unused_result));

/*
 * Load a generation and swap it in. Each entry of the table holds the policy's verdict of its prefix and the services
 * to which the admissions around that prefix add up, so one lookup answers both. On failure the old generation stays in force.
 * Returns 0; -EINVAL for a prefix longer than 128, an unknown verdict, reason, service or mode, or generation 0; -E2BIG above the
 * limits; -EIO if the table read back differs; else the kernel's negative errno. Takes about 2 µs a prefix plus 10 ms.
 */
int filter_load(struct filter *filter, const struct filter_generation *generation) __attribute__((warn_unused_result));

/*
 * The entry of the table in force that decides about packets from `address` (IPv4 as ::ffff:a.b.c.d), asked of the
 * kernel's own map. Returns 0 and `*ret`; -ENOENT if no generation is loaded or it has no entry for the source, which the
 * kernel denies; or the kernel's negative errno. Works on a filter that was adopted.
 */
int filter_lookup(const struct filter *filter, const uint8_t address[16], struct filter_value *ret)
	__attribute__((warn_unused_result));

/*
 * The same in two steps, for a caller that wants the long one, which grows with the prefixes, on another thread: it
 * touches no filter. filter_prepare() fills `*ret`, which ends with filter_discard() whether it was used or not (on failure there
 * is nothing to end); filter_swap() puts it in force with the mode and DNS setting of `generation`, of which it looks at
 * nothing else but the number. Errors as for filter_load().
 */
int filter_prepare(struct filter_prepared *ret, const struct filter_generation *generation)
	__attribute__((warn_unused_result));
int filter_swap(struct filter *filter, const struct filter_generation *generation,
	const struct filter_prepared *prepared) __attribute__((warn_unused_result));
void filter_discard(const struct filter_prepared *prepared);

/* Change the mode alone, at once. Returns 0, -EINVAL for an unknown mode, or the kernel's negative errno. */
int filter_set_mode(struct filter *filter, uint32_t mode) __attribute__((warn_unused_result));

/*
 * Let answers to what the endpoint's namespace itself began pass, or not; see struct filter_settings. Returns 0 or the
 * kernel's negative errno.
 */
int filter_set_answers(struct filter *filter, bool answers) __attribute__((warn_unused_result));

/* The settings in force (id, index, mode, DNS). Returns 0 or the kernel's negative errno. */
int filter_read_settings(const struct filter *filter, struct filter_settings *ret) __attribute__((warn_unused_result));

/* Sum up the counters of all CPUs. Returns 0 or the kernel's negative errno. */
int filter_read_stats(const struct filter *filter, struct filter_stats *ret) __attribute__((warn_unused_result));

/*
 * Read up to `capacity` entries of the table in force into `entries`, in the table's own order, after `after` (NULL: from
 * the start). Returns how many, 0 at the end, or a negative errno. When a new generation is swapped in between two pages,
 * the next page starts anew: the entries' generation tells.
 */
int filter_show(const struct filter *filter, const struct filter_key *after, struct filter_entry *entries,
	size_t capacity) __attribute__((warn_unused_result));

/* A descriptor, owned by `filter`, that polls readable while events wait. */
int filter_events_fd(const struct filter *filter);
/* Hand every waiting event to `handler`. Returns how many, or a negative errno. */
int filter_read_events(struct filter *filter, filter_event_handler *handler, void *context);

/* The program's descriptor, owned by `filter`: for BPF_PROG_TEST_RUN in tests. */
int filter_program_fd(const struct filter *filter);

/* Let go of all descriptors; NULL is allowed. What is attached stays attached and in force. */
void filter_close(struct filter *filter);

#endif
