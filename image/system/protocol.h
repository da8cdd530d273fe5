/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * protocol: the messages between the control program and the appliance's system daemon (image/system/main.c).
 *
 * The daemon is root's part of what operators ask of the appliance itself: updates, settings, restarts. It listens on a SOCK_SEQPACKET
 * Unix socket, SYSTEM_SOCKET_NAME in posternd's folder, and answers to the control program's user alone (SO_PEERCRED). One message is
 * one packet: a request is `struct system_request` cut to the size of its verb's body (verbs.def), a reply a whole `struct system_reply`. There is
 * one reply to each request, in order. Bulk data travels beside, in a memfd whose size and content are sealed.
 *
 * Numbers are in host order: both ends are programs of one image; the version differs otherwise. Texts are NUL-terminated and NUL-padded,
 * spare bytes are 0. system_request_check() enforces that. No message holds a path, an interface's name or a command: what is done
 * where is the daemon's business.
 *
 * What a host without the image has: no such socket. Callers say so.
 * Threads: pure functions and constant tables.
 */
#ifndef POSTERN_SYSTEM_PROTOCOL_H
#define POSTERN_SYSTEM_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/system/update_head.h"

#define SYSTEM_PROTOCOL_VERSION 1
#define SYSTEM_SOCKET_NAME "system.sock"

/* The file of settings has the settings' own limit; a network configuration is shorter. */
#define SYSTEM_SETTINGS_MAX_BYTES (256u << 10)
#define SYSTEM_NETWORK_MAX_BYTES (64u << 10)
/* For a confirmation: a minute is little for a person, an hour is forgotten. */
#define SYSTEM_CONFIRM_MIN_S 10
#define SYSTEM_CONFIRM_MAX_S 3600

/* As netns/verbs.h has them: endpoints, their addresses of which one of each family is asked, and management addresses. */
#define SYSTEM_ENDPOINTS_MAX 128
#define SYSTEM_ID_BYTES 32
#define SYSTEM_MANAGEMENT_MAX 4
#define SYSTEM_NAME_BYTES 128
#define SYSTEM_CA_BYTES 4096
#define SYSTEM_TEXT_BYTES 256
#define SYSTEM_WORD_BYTES 128
#define SYSTEM_BOOT_BYTES 40

enum system_verb {
	SYSTEM_NONE = 0,
#define SYSTEM_VERB(name, body, data_max_bytes, text) SYSTEM_##name,
#include "image/system/verbs.def"
	SYSTEM_VERB_COUNT
};

struct system_address {
	uint16_t family; /* AF_INET, AF_INET6; 0: none */
	uint16_t port;   /* host order */
	uint8_t is_tls;
	uint8_t spare[3];
	uint8_t bytes[16]; /* network order; an IPv4 address in the first 4, the rest 0 */
};

struct system_endpoint {
	char id[SYSTEM_ID_BYTES];     /* "vpce-…": its namespace is postern-<id> */
	struct system_address v4, v6; /* at least one */
};

/* What a good start serves. Told by control whenever it changes, and every few seconds until the start is known to be good. */
struct system_facts {
	uint32_t is_ready; /* 1: the gateway serves, control follows the store */
	uint32_t management_count;
	uint32_t endpoint_count;
	uint32_t spare;
	char name
		[SYSTEM_NAME_BYTES]; /* a default name of this region: what endpoints are asked for, and must have a certificate for */
	char ca_pem[SYSTEM_CA_BYTES]; /* the private CA that vouches for it */
	struct system_address management[SYSTEM_MANAGEMENT_MAX];
	struct system_endpoint endpoints[SYSTEM_ENDPOINTS_MAX];
};

struct system_update_begin {
	uint32_t allows_older; /* 1: a version before the running one is no mistake */
	uint32_t spare;
};

struct system_update_chunk {
	uint32_t index; /* of the head's chunks */
	uint32_t spare;
};

struct system_settings {
	uint32_t settings_bytes; /* of the data; 1–SYSTEM_SETTINGS_MAX_BYTES */
	uint32_t network_bytes;  /* behind them; 0: the network configuration stays as it is */
	uint32_t
		confirm_s; /* to be confirmed within so long after the start is good; 0: a good start is confirmation enough */
	uint32_t spare;
};

struct system_empty {
	uint64_t spare;
};

union system_body {
	struct system_empty empty;
	struct system_facts facts;
	struct system_update_begin update_begin;
	struct system_update_chunk update_chunk;
	struct system_settings settings;
};

struct system_request {
	uint16_t version; /* SYSTEM_PROTOCOL_VERSION */
	uint16_t verb;    /* enum system_verb */
	uint32_t spare;
	union system_body body;
};

enum system_update_state {
	SYSTEM_UPDATE_NONE,
	SYSTEM_UPDATE_SCANNING,  /* chunks that the slot holds already are looked for */
	SYSTEM_UPDATE_RECEIVING, /* those that are missing are waited for */
	SYSTEM_UPDATE_VERIFYING, /* the slot is read back */
	SYSTEM_UPDATE_RESTARTING /* the boot loader knows, the machine starts anew */
};

enum system_other_slot {
	SYSTEM_OTHER_USABLE,
	SYSTEM_OTHER_UNUSABLE, /* an update of it was begun and not finished, or it did not become good */
};

struct system_status {
	/* this start */
	char boot[SYSTEM_BOOT_BYTES]; /* the kernel's id of it: another one after a restart */
	char slot[4];                 /* "a", "b" */
	char version[UPDATE_VERSION_BYTES];
	uint32_t is_good;                        /* it has answered */
	uint32_t tries;                          /* the boot loader's count */
	uint32_t good_after_ms;                  /* since the machine's start; 0 before */
	uint32_t update_is_on_trial;             /* it is the first start of an update */
	char failing[SYSTEM_TEXT_BYTES];         /* what keeps it from being good; empty once it is */
	char started_because[SYSTEM_WORD_BYTES]; /* what became of the other slot; empty: a start like any other */
	uint32_t trial_rest_s;                   /* until a start on trial is given up; 0: none is */
	/* the other slot, the last update */
	uint32_t other_slot;                 /* enum system_other_slot */
	char last_update[SYSTEM_TEXT_BYTES]; /* "0.2.0 is installed" or "0.2.0 failed: …"; empty: there was none */
	/* the update under way */
	uint32_t update_state;  /* enum system_update_state */
	uint32_t update_chunks; /* of the file */
	uint32_t update_done;   /* chunks looked at, written or read back, by state */
	uint32_t spare;
	char update_version[UPDATE_VERSION_BYTES];
	char update_failure[SYSTEM_TEXT_BYTES];        /* why the last one under way was given up */
	uint8_t update_missing[UPDATE_CHUNKS_MAX / 8]; /* bit n of byte n/8: chunk n is still to be sent */
	/* settings */
	uint32_t settings_are_stored; /* 1: those given by SETTINGS hold, not user-data's */
	uint32_t settings_are_on_trial;
	uint32_t settings_rest_s;    /* until they go unless confirmed; 0: not counted (yet) */
	uint32_t settings_confirm_s; /* as ordered */
	char last_settings[SYSTEM_TEXT_BYTES];
};

struct system_reply {
	uint16_t version;
	uint16_t verb;                      /* the request's */
	int32_t status;                     /* 0 or a negative errno */
	char reason[4 * SYSTEM_TEXT_BYTES]; /* of a negative status, for the operator: one line or several */
	struct system_status now;
};

/* Sizes of a verb's request and of its data; NULL for no verb. */
struct system_verb_row {
	const char *name;
	size_t request_bytes;
	size_t data_max_bytes;
};
const struct system_verb_row *system_verb_find(unsigned verb);

/* Judge a request of which nothing is known but its size. 0; -EPROTO (version, verb, size); -EINVAL for a field out of its range. */
int system_request_check(const struct system_request *request, size_t count) __attribute__((warn_unused_result));

/* Likewise for a reply. */
int system_reply_check(const struct system_reply *reply, size_t count) __attribute__((warn_unused_result));

#endif
