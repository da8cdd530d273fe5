/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * request_record: the last requests and what the policies made of them, on disk, for `postern policy explain --request`.
 *
 * Each worker writes two rings (record_file.h): requests that were allowed into short slots, all others into long ones, which
 * hold the whole path of any request that has a method ARN. So many allowed requests don't push out the refused ones, which
 * is what people ask about. What is kept is what policies may ask (condition keys), and how it ended. Query strings, bodies
 * and other headers are not kept; of a Referer only what stands before its query.
 *
 * A policy itself is not kept but its fingerprint: the reader finds the policy in the store and sees whether it is still that.
 *
 * Threads: a log is its worker's; the reader may be another process.
 */
#ifndef POSTERN_OBSERVE_REQUEST_RECORD_H
#define POSTERN_OBSERVE_REQUEST_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/view.h"
#include "appliance/observe/record_file.h"
#include "appliance/observe/request_id.h"

#define REQUEST_RECORD_ALLOWED_BYTES 512
#define REQUEST_RECORD_REFUSED_BYTES 2048

enum request_text {
#define TEXT(name, limit_bytes, text) REQUEST_TEXT_##name,
#include "appliance/observe/request_texts.def"
#undef TEXT
	REQUEST_TEXT_COUNT,
};
/* Those that are kept of allowed requests. */
#define REQUEST_TEXT_ASKED REQUEST_TEXT_RESOURCE

enum request_outcome {
	REQUEST_ALLOWED, /* by all policies; its status may be anything */
	REQUEST_DENIED,  /* by a policy */
	REQUEST_UNJUDGED /* it ended before the policies had decided: WHY says how */
};

/* No method was found, or it asks for what this version does not enforce. */
#define REQUEST_AUTH_UNKNOWN UINT8_MAX

/* The policies whose fingerprints are kept. */
enum request_policy { REQUEST_POLICY_ENDPOINT, REQUEST_POLICY_DOMAIN, REQUEST_POLICY_RESOURCE, REQUEST_POLICY_COUNT };

/* What is written of a request, and what is read back. Views are borrowed. */
struct request_entry {
	struct view request_id; /* REQUEST_ID_BYTES */
	struct view texts[REQUEST_TEXT_COUNT];
	uint64_t time_ms;                            /* wall clock */
	uint64_t fingerprints[REQUEST_POLICY_COUNT]; /* policy_fingerprint(); 0: there was none, or it was not asked */
	enum request_outcome outcome;
	uint8_t verdict;   /* enum policy_verdict; with DENIED and ALLOWED */
	uint8_t by;        /* enum combine_by */
	int16_t statement; /* of that policy; -1: none */
	uint16_t status;   /* of the answer */
	uint8_t auth;      /* enum combine_auth of the method, or REQUEST_AUTH_UNKNOWN */
	bool has_user_agent, has_referer;
	bool secure; /* over TLS */
	/* Only of what was read back: bit of each text that was longer. */
	uint32_t cut;
};

struct request_record; /* the file, for the gateway */
struct request_log;    /* of one worker */

/* As record_file_open(); what was recorded for another number of workers or size is kept as far as there is room. */
int request_record_open(struct request_record **ret, int fd, unsigned worker_count) __attribute__((warn_unused_result));
void request_record_close(struct request_record *record);

/* The log of a worker; NULL if `record` is. */
struct request_log *request_record_log(struct request_record *record, unsigned worker);

/* Write one. */
void request_log_write(struct request_log *log, const struct request_entry *entry);

/* ---- reading ---- */

/* One request; views are gone after the call. Non-zero ends the walk. */
typedef int request_record_visit(void *context, const struct request_entry *entry);

struct request_record_state {
	uint64_t begun_ms;
	uint64_t allowed_room, refused_room;           /* requests that fit */
	uint64_t oldest_allowed_ms, oldest_refused_ms; /* of those that are there; 0: none */
	uint64_t odd_count, busy_count;                /* as in client_record.h */
};

/* Visit all requests of the file behind `fd`. Texts may hold any byte. Returns as record_file_each(). */
int request_record_each(int fd, request_record_visit *visit, void *context, struct request_record_state *ret)
	__attribute__((warn_unused_result));

#endif
