/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gateway: the gateway program's main thread: its start, its talk with posternd, endpoints as they come and go, its end.
 *
 * Order of the start: settings → posternd (HELLO: counters, wake-up, access log) → what the program may still do is cut down (Landlock) →
 * workers → the store's follower, as soon as control has made the sealing key → SOCKETS once a snapshot serves → system calls are cut
 * down (seccomp) → READY once every endpoint's sockets are served by every worker.
 *
 * End: DRAIN from posternd, or SIGTERM: workers let their requests end within the limit; then the program exits with 0.
 * A posternd that dies changes nothing for clients: its successor is given the sockets back.
 */
#ifndef POSTERN_LAUNCH_GATEWAY_H
#define POSTERN_LAUNCH_GATEWAY_H

/* The whole program; returns its exit status. */
int gateway_main(int argc, char **argv);

#endif
