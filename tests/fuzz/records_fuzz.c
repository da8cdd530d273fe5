/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target: the readers of the records of clients and requests, which control runs over what a gateway wrote that may have
 * been taken over; and the writers, which go on with whatever a file holds.
 *
 * Input: a byte of choices, a byte with the number of workers, then what stands in the file: all of it, or (choice RAW not set)
 * what stands behind a good header, each slot made live.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "appliance/base/assert.h"
#include "appliance/observe/client_record.h"
#include "appliance/observe/request_record.h"
#include "policy/combine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { REQUESTS = 1 << 0, RAW = 1 << 1 };

/* Three workers' worth of pages; the smallest slot. */
#define FILE_BYTES ((size_t)10 * RECORD_FILE_PAGE_BYTES)
#define SLOT_BYTES 512

static volatile unsigned char sink;

/* Every byte of a view can be read. */
static void touch(struct view text)
{
	for (size_t i = 0; i < text.count; i++)
		sink ^= (unsigned char)text.at[i];
}

static int see_client(void *context, const struct client_facts *facts)
{
	++*(size_t *)context;
	for (unsigned i = 0; i < CLIENT_TEXT_COUNT; i++)
		touch(facts->texts[i]);
	ASSERT(facts->count > 0 && facts->last_seen_ms <= INT64_MAX);
	return 0;
}

static int see_request(void *context, const struct request_entry *entry)
{
	++*(size_t *)context;
	touch(entry->request_id);
	for (unsigned i = 0; i < REQUEST_TEXT_COUNT; i++)
		touch(entry->texts[i]);
	ASSERT(entry->outcome <= REQUEST_UNJUDGED && entry->by <= COMBINE_BY_AUTHORIZER && entry->statement >= -1);
	return 0;
}

static int read_all(int fd, bool requests, size_t *ret_count)
{
	struct client_record_state clients;
	struct request_record_state entries;

	*ret_count = 0;
	return requests ? request_record_each(fd, see_request, ret_count, &entries)
			: client_record_each(fd, see_client, ret_count, &clients);
}

/* A gateway starts on the file, and one request comes. */
static void write_one(int fd, bool requests, unsigned workers)
{
	struct client_record *clients = NULL;
	struct request_record *entries = NULL;

	if (requests && request_record_open(&entries, fd, workers) == 0) {
		const struct request_entry entry = {
			.request_id = view_of("8d806089-46cf-4172-baee-aebe038de750"),
			.texts = { [REQUEST_TEXT_PATH] = view_of("pets") },
			.outcome = REQUEST_DENIED,
		};

		request_log_write(request_record_log(entries, workers - 1), &entry);
	} else if (!requests && client_record_open(&clients, fd, workers) == 0) {
		const struct client_facts facts = { .texts = { [CLIENT_TEXT_API] = view_of("a1b2c3d4e5") } };

		client_table_note(client_record_table(clients, workers - 1), NULL, &facts, 1);
	}
	request_record_close(entries);
	client_record_close(clients);
}

/* Put the input behind a good header, in slots that seem to have been written by it. */
static void overlay(int fd, const uint8_t *data, size_t size)
{
	unsigned char bytes[FILE_BYTES];
	uint32_t epoch;

	ASSERT(pread(fd, bytes, sizeof bytes, 0) == sizeof bytes);
	memcpy(&epoch, bytes + 12, sizeof epoch);
	memcpy(bytes + RECORD_FILE_PAGE_BYTES, data,
		size < FILE_BYTES - RECORD_FILE_PAGE_BYTES ? size : FILE_BYTES - RECORD_FILE_PAGE_BYTES);
	for (size_t at = 2 * RECORD_FILE_PAGE_BYTES; at < FILE_BYTES; at += SLOT_BYTES) {
		bytes[at] &= 0xfe;
		memcpy(bytes + at + 4, &epoch, sizeof epoch);
	}
	ASSERT(pwrite(fd, bytes, sizeof bytes, 0) == sizeof bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool requests, raw;
	unsigned workers;
	size_t count;
	int fd, result;

	if (size < 2)
		return 0;
	requests = data[0] & REQUESTS;
	raw = data[0] & RAW;
	workers = 1 + data[1] % 3;
	data += 2;
	size -= 2;
	fd = memfd_create("record", MFD_CLOEXEC);
	ASSERT(fd >= 0 && ftruncate(fd, FILE_BYTES) == 0);
	if (raw) {
		ASSERT(pwrite(fd, data, size, 0) == (ssize_t)size);
	} else {
		write_one(fd, requests, workers);
		overlay(fd, data, size);
	}
	result = read_all(fd, requests, &count);
	ASSERT(result == 0 || result == -ENODATA);
	/* The same number of workers, and another one. */
	write_one(fd, requests, workers);
	ASSERT(read_all(fd, requests, &count) == 0 && count > 0);
	write_one(fd, requests, 1 + workers % 3);
	ASSERT(read_all(fd, requests, &count) == 0 && count > 0);
	close(fd);
	return 0;
}
