/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ebpf/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "ebpf/filter_table.h"

/* The generated skeleton is not ours to mend: it trips -Wshadow and -Wconversion. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wcast-qual"
#include "ebpf/endpoint_filter.skel.h"
#pragma GCC diagnostic pop

#define PROGRAM_NAME "endpoint_filter"
#define RESETS_PER_SECOND_DEFAULT 10000
#define EVENTS_PER_SECOND_DEFAULT 1000
#define RING_BYTES_DEFAULT (256 * 1024)
/* One handle and priority on every link, so that a successor finds our filter and replaces only ours. */
#define TC_HANDLE 1
#define TC_PRIORITY 1
/* More maps than a program of ours ever had or will have. */
#define MAPS_MAX 32

struct filter {
	int program_fd;
	int tables_fd;
	int indexes_fd;
	int settings_fd;
	int counters_fd;
	int windows_fd;
	int events_fd;
	/* Of the table in force, which only this process changes: reading it back would cost as much as loading it. */
	uint64_t generation;
	uint32_t prefix_count;
	bool has_index;
	struct ring_buffer *ring;
	filter_event_handler *handler; /* set while events are being read */
	void *handler_context;
};

static const char *const reason_names[] = {
#define DROP_REASON(name, observable, tells, text) #name,
#include "ebpf/drop_reasons.def"
#undef DROP_REASON
};

static const char *const reason_texts[] = {
#define DROP_REASON(name, observable, tells, text) text,
#include "ebpf/drop_reasons.def"
#undef DROP_REASON
};

const char *filter_reason_name(unsigned int reason)
{
	static char lower[FILTER_REASON_COUNT][32];

	if (reason >= FILTER_REASON_COUNT)
		return "unknown";
	/* Every thread that gets here first writes the same bytes, so the race is without effect. */
	if (!lower[reason][0])
		for (size_t i = 0; reason_names[reason][i] && i < sizeof lower[reason] - 1; i++)
			lower[reason][i] =
				(char)(reason_names[reason][i] == '_' ? '_' : reason_names[reason][i] | 0x20);
	return lower[reason];
}

const char *filter_reason_text(unsigned int reason)
{
	return reason < FILTER_REASON_COUNT ? reason_texts[reason] : "";
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void filter_close(struct filter *filter)
{
	if (!filter)
		return;
	ring_buffer__free(filter->ring);
	close_fd(filter->program_fd);
	close_fd(filter->tables_fd);
	close_fd(filter->indexes_fd);
	close_fd(filter->settings_fd);
	close_fd(filter->counters_fd);
	close_fd(filter->windows_fd);
	close_fd(filter->events_fd);
	free(filter);
}

static struct filter *filter_new(void)
{
	struct filter *filter = calloc(1, sizeof *filter);

	if (filter)
		filter->program_fd = filter->tables_fd = filter->indexes_fd = filter->settings_fd =
			filter->counters_fd = filter->windows_fd = filter->events_fd = -1;
	return filter;
}

static int on_event(void *context, void *data, size_t size)
{
	struct filter *filter = context;

	if (size >= sizeof(struct filter_event))
		filter->handler(filter->handler_context, data);
	return 0;
}

/* The event buffer is read through a mapping of ours, for a loaded filter as for an adopted one. */
static int open_ring(struct filter *filter)
{
	filter->ring = ring_buffer__new(filter->events_fd, on_event, filter, NULL);
	return filter->ring ? 0 : -errno;
}

static int write_settings(const struct filter *filter, const struct filter_settings *settings)
{
	const uint32_t zero = 0;

	return bpf_map_update_elem(filter->settings_fd, &zero, settings, BPF_ANY);
}

int filter_read_settings(const struct filter *filter, struct filter_settings *ret)
{
	const uint32_t zero = 0;

	return bpf_map_lookup_elem(filter->settings_fd, &zero, ret);
}

static int duplicate(int *ret, int fd)
{
	*ret = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (*ret < 0)
		return -errno;
	return 0;
}

/* The skeleton owns program and maps; what we keep are descriptors of our own, so that both ways in end alike. */
static int keep_descriptors(struct filter *filter, const struct endpoint_filter_bpf *loaded)
{
	int rc = duplicate(&filter->program_fd, bpf_program__fd(loaded->progs.endpoint_filter));

	if (rc == 0)
		rc = duplicate(&filter->tables_fd, bpf_map__fd(loaded->maps.tables));
	if (rc == 0)
		rc = duplicate(&filter->indexes_fd, bpf_map__fd(loaded->maps.indexes));
	if (rc == 0)
		rc = duplicate(&filter->settings_fd, bpf_map__fd(loaded->maps.settings));
	if (rc == 0)
		rc = duplicate(&filter->counters_fd, bpf_map__fd(loaded->maps.counters));
	if (rc == 0)
		rc = duplicate(&filter->windows_fd, bpf_map__fd(loaded->maps.windows));
	if (rc == 0)
		rc = duplicate(&filter->events_fd, bpf_map__fd(loaded->maps.events));
	return rc;
}

static int load_program(struct filter *filter, size_t ring_bytes)
{
	struct endpoint_filter_bpf *loaded = endpoint_filter_bpf__open();
	int rc;

	if (!loaded)
		return errno ? -errno : -ENOMEM;
	rc = bpf_map__set_max_entries(loaded->maps.events, (uint32_t)ring_bytes);
	if (rc == 0)
		rc = endpoint_filter_bpf__load(loaded);
	if (rc == 0)
		rc = keep_descriptors(filter, loaded);
	endpoint_filter_bpf__destroy(loaded);
	/* The verifier's and the kernel's ways to say "I don't know this" differ; callers need to tell it from a bug. */
	return rc == -ENOTSUP || rc == -ENOSYS ? -EOPNOTSUPP : rc;
}

static bool is_mode(uint32_t mode)
{
	return mode <= FILTER_MODE_OBSERVE;
}

int filter_open(struct filter **ret, const struct filter_options *options)
{
	struct filter_settings settings = {
		.endpoint_index = options->endpoint_index,
		.mode = options->mode,
		.dns = options->dns,
		.resets_per_second =
			options->resets_per_second ? options->resets_per_second : RESETS_PER_SECOND_DEFAULT,
		.events_per_second =
			options->events_per_second ? options->events_per_second : EVENTS_PER_SECOND_DEFAULT,
		.answers = options->answers,
	};
	size_t id_bytes = strlen(options->endpoint_id);
	struct filter *filter;
	int rc;

	if (id_bytes >= sizeof settings.endpoint_id || !is_mode(options->mode) || options->dns > FILTER_DNS_ADMITTED)
		return -EINVAL;
	memcpy(settings.endpoint_id, options->endpoint_id, id_bytes);
	filter = filter_new();
	if (!filter)
		return -ENOMEM;
	/* A library does not write to anybody's stderr: what went wrong is in the result. */
	libbpf_set_print(NULL);
	rc = load_program(filter, options->ring_bytes ? options->ring_bytes : RING_BYTES_DEFAULT);
	if (rc == 0)
		rc = write_settings(filter, &settings);
	if (rc == 0)
		rc = open_ring(filter);
	if (rc < 0) {
		filter_close(filter);
		return rc;
	}
	*ret = filter;
	return 0;
}

int filter_attach(struct filter *filter, int ifindex)
{
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = BPF_TC_INGRESS);
	DECLARE_LIBBPF_OPTS(bpf_tc_opts, options, .handle = TC_HANDLE, .priority = TC_PRIORITY,
		.prog_fd = filter->program_fd, .flags = BPF_TC_F_REPLACE);
	int rc;

	libbpf_set_print(NULL);
	rc = bpf_tc_hook_create(&hook);
	if (rc < 0 && rc != -EEXIST)
		return rc;
	return bpf_tc_attach(&hook, &options);
}

int filter_detach(int ifindex)
{
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = BPF_TC_INGRESS);
	DECLARE_LIBBPF_OPTS(bpf_tc_opts, options, .handle = TC_HANDLE, .priority = TC_PRIORITY);
	int rc;

	libbpf_set_print(NULL);
	rc = bpf_tc_detach(&hook, &options);
	/* EINVAL is the kernel's answer where there is no clsact at all. */
	return rc == -ENOENT || rc == -EINVAL ? 0 : rc;
}

/* Take map `fd` into the slot that its name tells. */
static int adopt_map(struct filter *filter, int fd)
{
	struct bpf_map_info info = { 0 };
	uint32_t info_bytes = sizeof info;
	const struct {
		const char *name;
		int *slot;
		uint32_t value_bytes;
	} known[] = {
		{ "tables", &filter->tables_fd, sizeof(uint32_t) },
		{ "indexes", &filter->indexes_fd, sizeof(uint32_t) },
		{ "settings", &filter->settings_fd, sizeof(struct filter_settings) },
		{ "counters", &filter->counters_fd, sizeof(struct filter_counter) },
		{ "windows", &filter->windows_fd, sizeof(struct filter_window) },
		{ "events", &filter->events_fd, 0 },
	};

	if (bpf_obj_get_info_by_fd(fd, &info, &info_bytes) < 0)
		return -errno;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (strcmp(info.name, known[i].name) != 0)
			continue;
		if (info.value_size != known[i].value_bytes || *known[i].slot >= 0)
			return -EPROTO;
		*known[i].slot = fd;
		return 0;
	}
	/* The compiler's constants are a map too. */
	close(fd);
	return 0;
}

static int adopt_maps(struct filter *filter)
{
	uint32_t map_ids[MAPS_MAX] = { 0 };
	struct bpf_prog_info info = { .nr_map_ids = MAPS_MAX, .map_ids = (uint64_t)(uintptr_t)map_ids };
	uint32_t info_bytes = sizeof info;

	if (bpf_obj_get_info_by_fd(filter->program_fd, &info, &info_bytes) < 0)
		return -errno;
	if (strcmp(info.name, PROGRAM_NAME) != 0)
		return -ENOENT;
	if (info.nr_map_ids > MAPS_MAX)
		return -EPROTO;
	for (uint32_t i = 0; i < info.nr_map_ids; i++) {
		int fd = bpf_map_get_fd_by_id(map_ids[i]);
		int rc = fd < 0 ? -errno : adopt_map(filter, fd);

		if (rc < 0) {
			close_fd(fd);
			return rc;
		}
	}
	return filter->tables_fd >= 0 && filter->indexes_fd >= 0 && filter->settings_fd >= 0 &&
			       filter->counters_fd >= 0 && filter->windows_fd >= 0 && filter->events_fd >= 0
		       ? 0
		       : -EPROTO;
}

/*
 * The table in force, as a descriptor that the caller closes; -ENOENT if nothing is loaded. The settings say which it is: asking
 * the map of maps waits for RCU on older kernels, ten milliseconds and more.
 */
static int open_table(const struct filter *filter)
{
	const uint32_t zero = 0;
	struct filter_settings settings;
	uint32_t id;
	int rc = filter_read_settings(filter, &settings), fd;

	if (rc < 0)
		return rc;
	id = settings.table_id;
	if (id == FILTER_LOADING && bpf_map_lookup_elem(filter->tables_fd, &zero, &id) < 0)
		return -errno;
	fd = bpf_map_get_fd_by_id(id);
	return fd < 0 ? -errno : fd;
}

/* A loader that was killed while it swapped has left the program without a memory of sources. */
static int finish_swap(const struct filter *filter, int table_fd)
{
	struct filter_settings settings;
	int rc = filter_read_settings(filter, &settings);

	if (rc < 0 || settings.table_id != FILTER_LOADING)
		return rc;
	rc = filter_table_id(table_fd, &settings.table_id);
	return rc < 0 ? rc : write_settings(filter, &settings);
}

/* What a loader before us has loaded. */
static int read_table(struct filter *filter)
{
	const uint32_t zero = 0;
	uint32_t id;
	int table_fd = open_table(filter);
	int rc;

	filter->has_index = bpf_map_lookup_elem(filter->indexes_fd, &zero, &id) == 0;
	if (table_fd < 0)
		return table_fd == -ENOENT ? 0 : table_fd;
	rc = filter_table_summary(table_fd, &filter->generation, &filter->prefix_count);
	if (rc == 0)
		rc = finish_swap(filter, table_fd);
	close(table_fd);
	return rc;
}

int filter_adopt(struct filter **ret, int ifindex)
{
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = BPF_TC_INGRESS);
	DECLARE_LIBBPF_OPTS(bpf_tc_opts, options, .handle = TC_HANDLE, .priority = TC_PRIORITY);
	struct filter *filter;
	int rc;

	libbpf_set_print(NULL);
	rc = bpf_tc_query(&hook, &options);
	if (rc < 0)
		return rc == -EINVAL ? -ENOENT : rc;
	filter = filter_new();
	if (!filter)
		return -ENOMEM;
	filter->program_fd = bpf_prog_get_fd_by_id(options.prog_id);
	rc = filter->program_fd < 0 ? -errno : adopt_maps(filter);
	if (rc == 0)
		rc = read_table(filter);
	if (rc == 0)
		rc = open_ring(filter);
	if (rc < 0) {
		filter_close(filter);
		return rc;
	}
	*ret = filter;
	return 0;
}

int filter_prepare(struct filter_prepared *ret, const struct filter_generation *generation)
{
	if (!is_mode(generation->mode) || generation->dns > FILTER_DNS_ADMITTED)
		return -EINVAL;
	return filter_table_new(ret, generation);
}

void filter_discard(const struct filter_prepared *prepared)
{
	close_fd(prepared->table_fd);
	close_fd(prepared->index_fd);
}

/* An index names the table that it belongs to, so one that is in place too early or too late is not asked. */
static int place_index(struct filter *filter, int index_fd)
{
	const uint32_t zero = 0;
	int rc = 0;

	if (index_fd >= 0)
		rc = bpf_map_update_elem(filter->indexes_fd, &zero, &index_fd, BPF_ANY);
	else if (filter->has_index)
		rc = bpf_map_delete_elem(filter->indexes_fd, &zero);
	if (rc == 0)
		filter->has_index = index_fd >= 0;
	return rc;
}

/* What both the settings in force and those of `generation` allow; modes that let nothing denied pass are alike. */
static void restrict_settings(struct filter_settings *settings, const struct filter_generation *generation)
{
	if (settings->mode == FILTER_MODE_OBSERVE)
		settings->mode = generation->mode;
	if (settings->dns > generation->dns)
		settings->dns = generation->dns;
}

/*
 * The swap itself. Settings and table are two writes, and a loader may die between them: so the program first gets the stricter of
 * both settings, that no packet passes by the one's table with the other's settings. What it remembers of sources is out
 * of use from before the swap until after, and the old is for good.
 */
static int swap_maps(struct filter *filter, const struct filter_prepared *prepared, struct filter_settings settings)
{
	const uint32_t zero = 0;
	int rc;

	settings.table_id = FILTER_LOADING;
	rc = write_settings(filter, &settings);
	if (rc == 0)
		rc = place_index(filter, prepared->index_fd);
	if (rc == 0)
		rc = bpf_map_update_elem(filter->tables_fd, &zero, &prepared->table_fd, BPF_ANY);
	return rc;
}

int filter_swap(
	struct filter *filter, const struct filter_generation *generation, const struct filter_prepared *prepared)
{
	struct filter_settings settings, between;
	uint32_t id = FILTER_LOADING;
	int rc = filter_table_id(prepared->table_fd, &id), written;

	if (rc == 0)
		rc = filter_read_settings(filter, &settings);
	if (rc < 0)
		return rc;
	between = settings;
	restrict_settings(&between, generation);
	rc = swap_maps(filter, prepared, between);
	if (rc == 0) {
		filter->generation = generation->generation;
		filter->prefix_count = prepared->prefix_count;
		settings.mode = generation->mode;
		settings.dns = generation->dns;
		settings.table_id = id;
	}
	/* After a failure, all as it was. */
	written = write_settings(filter, &settings);
	return rc < 0 ? rc : written;
}

int filter_load(struct filter *filter, const struct filter_generation *generation)
{
	struct filter_prepared prepared;
	int rc = filter_prepare(&prepared, generation);

	if (rc < 0)
		return rc;
	rc = filter_swap(filter, generation, &prepared);
	filter_discard(&prepared);
	return rc;
}

int filter_lookup(const struct filter *filter, const uint8_t address[16], struct filter_value *ret)
{
	int table_fd = open_table(filter);
	int rc;

	if (table_fd < 0)
		return table_fd;
	rc = filter_table_lookup(table_fd, address, ret);
	close(table_fd);
	return rc;
}

int filter_set_mode(struct filter *filter, uint32_t mode)
{
	struct filter_settings settings;
	int rc;

	if (!is_mode(mode))
		return -EINVAL;
	rc = filter_read_settings(filter, &settings);
	if (rc < 0)
		return rc;
	settings.mode = mode;
	return write_settings(filter, &settings);
}

int filter_set_answers(struct filter *filter, bool answers)
{
	struct filter_settings settings;
	int rc = filter_read_settings(filter, &settings);

	if (rc < 0)
		return rc;
	settings.answers = answers;
	return write_settings(filter, &settings);
}

static int read_counters(const struct filter *filter, struct filter_stats *stats)
{
	int cpu_count = libbpf_num_possible_cpus();
	struct filter_counter *per_cpu;
	int rc = 0;

	if (cpu_count < 0)
		return cpu_count;
	per_cpu = calloc((size_t)cpu_count, sizeof *per_cpu);
	if (!per_cpu)
		return -ENOMEM;
	for (uint32_t reason = 0; reason < FILTER_COUNTERS_COUNT && rc == 0; reason++) {
		rc = bpf_map_lookup_elem(filter->counters_fd, &reason, per_cpu);
		for (int cpu = 0; cpu < cpu_count && rc == 0; cpu++) {
			stats->packets[reason] += per_cpu[cpu].packets;
			stats->bytes[reason] += per_cpu[cpu].bytes;
		}
	}
	free(per_cpu);
	return rc;
}

static int read_windows(const struct filter *filter, struct filter_stats *stats)
{
	const uint32_t resets = FILTER_WINDOW_RESETS, events = FILTER_WINDOW_EVENTS;
	struct filter_window window;
	int rc = bpf_map_lookup_elem(filter->windows_fd, &resets, &window);

	if (rc < 0)
		return rc;
	stats->resets_sent = window.total;
	stats->resets_limited = window.refused;
	rc = bpf_map_lookup_elem(filter->windows_fd, &events, &window);
	if (rc < 0)
		return rc;
	stats->events_sent = window.total;
	stats->events_lost = window.refused;
	return 0;
}

int filter_read_stats(const struct filter *filter, struct filter_stats *ret)
{
	struct bpf_prog_info info = { 0 };
	uint32_t info_bytes = sizeof info;
	struct filter_settings settings;
	int rc;

	memset(ret, 0, sizeof *ret);
	rc = filter_read_settings(filter, &settings);
	if (rc < 0)
		return rc;
	ret->mode = settings.mode;
	ret->dns = settings.dns;
	if (bpf_obj_get_info_by_fd(filter->program_fd, &info, &info_bytes) == 0)
		ret->program_id = info.id;
	ret->generation = filter->generation;
	ret->prefix_count = filter->prefix_count;
	rc = read_counters(filter, ret);
	return rc < 0 ? rc : read_windows(filter, ret);
}

int filter_show(
	const struct filter *filter, const struct filter_key *after, struct filter_entry *entries, size_t capacity)
{
	int table_fd = open_table(filter);
	int count;

	if (table_fd < 0)
		return table_fd == -ENOENT ? 0 : table_fd;
	count = filter_table_read(table_fd, after, entries, capacity);
	close(table_fd);
	return count;
}

int filter_events_fd(const struct filter *filter)
{
	return ring_buffer__epoll_fd(filter->ring);
}

int filter_read_events(struct filter *filter, filter_event_handler *handler, void *context)
{
	filter->handler = handler;
	filter->handler_context = context;
	return ring_buffer__consume(filter->ring);
}

int filter_program_fd(const struct filter *filter)
{
	return filter->program_fd;
}
