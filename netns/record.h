/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * record: what is written down of each endpoint, so that a posternd after us, or `posternd --down`, knows what is there:
 * one file of fixed size per endpoint in <run_dir>/endpoints, named by its id, replaced by rename. Written incomplete
 * before anything is made, complete when all is, removed when all is gone. run_dir lives as long as namespaces do: till
 * the next boot. Only posternd reads and writes it (0600, root).
 */
#ifndef POSTERN_NETNS_RECORD_H
#define POSTERN_NETNS_RECORD_H

#include <stdint.h>

#include "netns/config.h"
#include "netns/verbs.h"

struct record {
	uint32_t magic, version;
	uint32_t complete;
	uint32_t index;
	struct verb_endpoint_create wanted;
	struct netns_network networks[VERB_ADDRESSES_MAX]; /* of each address */
};

/* Called for each record; the pointer is borrowed. */
typedef void record_visitor(void *context, const struct record *record);

/* Write or replace the record of `record->wanted.id`. Returns 0 or a negative errno. */
int record_write(const char *run_dir, struct record *record) __attribute__((warn_unused_result));
/* Remove it; nothing happens if there is none. */
void record_remove(const char *run_dir, const char id[FILTER_ENDPOINT_ID_BYTES]);
/* Visit every record that can be read; others are removed. Returns 0 (also without a folder) or a negative errno. */
int record_visit(const char *run_dir, record_visitor *visit, void *context) __attribute__((warn_unused_result));

#endif
