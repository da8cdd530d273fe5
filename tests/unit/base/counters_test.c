/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/base/counters.h"

static int memory(unsigned worker_count)
{
	int fd = memfd_create("counters", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(0, ftruncate(fd, (off_t)counters_size_bytes(worker_count)));
	return fd;
}

static void what_workers_count_is_read_by_another_mapping(void **state)
{
	int fd = memory(2);
	struct counters *writer, *reader;
	struct buffer buffer;

	(void)state;
	assert_int_equal(0, counters_map(&writer, fd, 2, true));
	assert_int_equal(0, counters_map(&reader, fd, 2, false));
	counters_up(counters_slot(writer, 0), COUNTERS_requests, COUNTERS_2XX);
	counters_add(counters_slot(writer, 1), COUNTERS_requests, COUNTERS_2XX, 2);
	counters_up(counters_slot(writer, 1), COUNTERS_requests, COUNTERS_5XX);
	counters_up(counters_slot(writer, 0), COUNTERS_requests_active, 0);
	counters_up(counters_slot(writer, 0), COUNTERS_requests_active, 0);
	counters_down(counters_slot(writer, 0), COUNTERS_requests_active, 0);
	counters_time(counters_slot(writer, 0), COUNTERS_request_time, 240);
	counters_time(counters_slot(writer, 0), COUNTERS_request_time, 99000000);
	counters_set(counters_slot_control(reader), COUNTERS_store_revision, 0, 17);
	assert_int_equal(3, counters_read(reader, COUNTERS_requests, COUNTERS_2XX));
	buffer_init(&buffer, 1 << 20);
	counters_write_prometheus(reader, &buffer);
	assert_non_null(strstr(buffer_text(&buffer), "\npostern_requests_total{class=\"2xx\"} 3\n"));
	assert_non_null(strstr(buffer_text(&buffer), "\npostern_requests_total{class=\"5xx\"} 1\n"));
	assert_non_null(strstr(buffer_text(&buffer), "\npostern_requests_active 1\n"));
	assert_non_null(strstr(buffer_text(&buffer), "\npostern_store_revision 17\n"));
	assert_non_null(strstr(buffer_text(&buffer), "postern_request_seconds_bucket{le=\"0.0001\"} 0\n"));
	assert_non_null(strstr(buffer_text(&buffer), "postern_request_seconds_bucket{le=\"0.00025\"} 1\n"));
	assert_non_null(strstr(buffer_text(&buffer), "postern_request_seconds_bucket{le=\"+Inf\"} 2\n"));
	assert_non_null(strstr(
		buffer_text(&buffer), "postern_request_seconds_sum 99.000240\npostern_request_seconds_count 2\n"));
	buffer_fini(&buffer);
	counters_unmap(reader);
	counters_unmap(writer);
	close(fd);
}

static void values_outlive_a_program_but_gauges_start_anew(void **state)
{
	int fd = memory(1);
	struct counters *counters;

	(void)state;
	assert_int_equal(0, counters_map(&counters, fd, 1, true));
	counters_up(counters_slot(counters, 0), COUNTERS_gateway_starts, 0);
	counters_up(counters_slot(counters, 0), COUNTERS_connections_open, COUNTERS_LISTENER_TLS);
	counters_unmap(counters);
	assert_int_equal(0, counters_map(&counters, fd, 1, true));
	counters_reset_gauges(counters_slot(counters, 0));
	assert_int_equal(1, counters_read(counters, COUNTERS_gateway_starts, 0));
	assert_int_equal(0, counters_read(counters, COUNTERS_connections_open, COUNTERS_LISTENER_TLS));
	counters_unmap(counters);
	close(fd);
}

static void foreign_memory_is_refused(void **state)
{
	int fd = memory(2);
	struct counters *counters;

	(void)state;
	assert_int_equal(-EINVAL, counters_map(&counters, fd, 3, true));
	assert_int_equal(-EINVAL, counters_map(&counters, fd, 0, true));
	assert_int_equal(8, pwrite(fd, "12345678", 8, 0));
	assert_int_equal(-EPROTO, counters_map(&counters, fd, 2, true));
	close(fd);
}

static void every_metric_has_its_own_cells(void **state)
{
	(void)state;
	for (unsigned i = 1; i < COUNTERS_METRIC_COUNT; i++)
		assert_true(counters_first_cell[i] > counters_first_cell[i - 1]);
	for (unsigned i = 0; i < COUNTERS_METRIC_COUNT; i++)
		assert_true(strlen(counters_name((enum counters_metric)i)) &&
			    strlen(counters_text((enum counters_metric)i)));
	assert_string_equal("quota", counters_label_value(COUNTERS_denied, COUNTERS_DENIED_QUOTA));
	assert_string_equal("cancelled", counters_label_value(COUNTERS_upstream_requests, COUNTERS_UPSTREAM_CANCELLED));
	assert_string_equal("other", counters_label_value(COUNTERS_connections_closed, COUNTERS_CLOSE_OTHER));
	assert_string_equal("failed", counters_label_value(COUNTERS_dns_queries, COUNTERS_DNS_FAILED));
	assert_string_equal("other", counters_label_value(COUNTERS_management_requests, COUNTERS_MANAGEMENT_OTHER));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_workers_count_is_read_by_another_mapping),
		cmocka_unit_test(values_outlive_a_program_but_gauges_start_anew),
		cmocka_unit_test(foreign_memory_is_refused),
		cmocka_unit_test(every_metric_has_its_own_cells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
