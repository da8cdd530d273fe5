/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client_record: which clients called which APIs: a bounded table on disk, for `postern policy impact`.
 *
 * A *client* is all requests that agree in endpoint, API, stage, domain, resource, method, source address, principal, and in
 * whether the policies allowed them. Of each the table keeps when it was first and last seen, how often, and of one of
 * its requests the path and the user agent. No query string, no other header, no body.
 *
 * Each worker has its own table (record_file.h): buckets of CLIENT_RECORD_WAYS slots. A new client in a full bucket takes the
 * place of the one that was seen longest ago; that is counted. So a stranger with many addresses can push others out, but takes
 * no more room. The same client may stand in several workers' tables: the reader's caller adds up.
 *
 * Hot path: a worker remembers the last clients by what identifies a request without looking at texts (struct client_hint):
 * a request of one of those costs a comparison of ten words and two stores.
 *
 * Threads: a table is its worker's; the reader may be another process.
 */
#ifndef POSTERN_OBSERVE_CLIENT_RECORD_H
#define POSTERN_OBSERVE_CLIENT_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/view.h"
#include "appliance/observe/record_file.h"

/* Slots of a bucket: one page. */
#define CLIENT_RECORD_SLOT_BYTES 512
#define CLIENT_RECORD_WAYS 8

enum client_text {
#define TEXT(name, limit_bytes, text) CLIENT_TEXT_##name,
#include "appliance/observe/client_texts.def"
#undef TEXT
	CLIENT_TEXT_COUNT,
};
#define CLIENT_TEXT_KEYS CLIENT_TEXT_PATH

/* What is noted of a request, and what is read back. Views are borrowed. */
struct client_facts {
	struct view texts[CLIENT_TEXT_COUNT];
	uint8_t source[16]; /* network order, IPv4 as ::ffff:a.b.c.d */
	bool denied;        /* by a policy */
	bool secure;        /* over TLS */
	bool has_user_agent;
	/* Only of what was read back: */
	uint16_t cut; /* bit of each text that was longer */
	uint64_t first_seen_ms, last_seen_ms, count;
};

/*
 * What identifies a request as one of a client's, without its texts: addresses of objects of a snapshot that is still the same,
 * numbers. Words that are not used are 0.
 */
#define CLIENT_HINT_WORDS 9
struct client_hint {
	uint64_t words[CLIENT_HINT_WORDS];
};

struct client_record; /* the file, for the gateway */
struct client_table;  /* of one worker */

/* As record_file_open(); what was recorded for another number of workers or size is kept as far as there is room. */
int client_record_open(struct client_record **ret, int fd, unsigned worker_count) __attribute__((warn_unused_result));
void client_record_close(struct client_record *record);

/* The table of a worker; NULL if `record` is. */
struct client_table *client_record_table(struct client_record *record, unsigned worker);

/* Count a request if it is one of a client that is remembered. True: that is all; false: client_table_note() is due. */
bool client_table_again(struct client_table *table, const struct client_hint *hint, uint64_t wall_ms)
	__attribute__((warn_unused_result));

/* Count a request by its facts, and remember its hint (NULL: it has none that is certain). */
void client_table_note(
	struct client_table *table, const struct client_hint *hint, const struct client_facts *facts, uint64_t wall_ms);

/* ---- reading ---- */

/* One client of one worker; views are gone after the call. Non-zero ends the walk. */
typedef int client_record_visit(void *context, const struct client_facts *facts);

struct client_record_state {
	uint64_t begun_ms;      /* since when the record is kept */
	uint64_t room;          /* clients that fit */
	uint64_t evicted_count; /* clients that gave way to others since then */
	uint64_t odd_count;     /* slots that hold what no gateway writes: left out */
	uint64_t busy_count;    /* slots that changed while they were read: left out */
};

/* Visit all clients of the file behind `fd`. Texts may hold any byte. Returns as record_file_each(). */
int client_record_each(int fd, client_record_visit *visit, void *context, struct client_record_state *ret)
	__attribute__((warn_unused_result));

#endif
