/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * address: the texts of addresses in the settings, read into the fixed records that posternd understands.
 *
 * Threads: pure functions. Not here: names; nothing is looked up.
 */
#ifndef POSTERN_LAUNCH_ADDRESS_H
#define POSTERN_LAUNCH_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "appliance/base/view.h"
#include "netns/config.h"

/* Room for "[IPv6]:65535" with its NUL. */
#define ADDRESS_TEXT_BYTES 64

/* "10.20.0.1" or "fd00::1", without port. 0 or -EINVAL. */
int address_parse(struct netns_address *ret, struct view text) __attribute__((warn_unused_result));

/* "127.0.0.1:4566" or "[::1]:4566", port 1–65535. 0 or -EINVAL. */
int address_parse_port(struct netns_address *ret, struct view text) __attribute__((warn_unused_result));

/* "10.20.0.0/24". 0; -EINVAL if it is none, -EDOM if it has bits behind its length. */
int address_parse_prefix(struct netns_prefix *ret, struct view text) __attribute__((warn_unused_result));

/* "10.20.0.100-10.20.0.119": both of one family, the first not above the last. 0 or -EINVAL. */
int address_parse_range(struct netns_address *ret_first, struct netns_address *ret_last, struct view text)
	__attribute__((warn_unused_result));

/* Same family, and the address lies in the prefix. */
bool address_is_in(const struct netns_address *address, const struct netns_prefix *prefix);

/* 127/8 or ::1. */
bool address_is_loopback(const struct netns_address *address);

/* Order of two addresses of one family: <0, 0, >0. */
int address_compare(const struct netns_address *a, const struct netns_address *b);

/* "127.0.0.1" / "127.0.0.1:4566" / "[::1]:4566". The text's bytes; `ret` has ADDRESS_TEXT_BYTES. */
size_t address_write(char *ret, const struct netns_address *address);
size_t address_write_port(char *ret, const struct netns_address *address);

/* As the kernel wants it; its size. */
socklen_t address_to_socket(struct sockaddr_storage *ret, const struct netns_address *address);

#endif
