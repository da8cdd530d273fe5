/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sanitizer: is a sanitizer's run-time built in, whose own threads and calls the sandboxes have to leave room for? gcc and clang
 * say it in different ways. HAS_SANITIZER is 1 with the address, thread or memory sanitizer, else 0; never 1 in what is
 * installed.
 */
#ifndef POSTERN_NETNS_SANITIZER_H
#define POSTERN_NETNS_SANITIZER_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif
#ifndef HAS_SANITIZER
#define HAS_SANITIZER 0
#endif

#endif
