/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gateway_invoke: questions of control's to this gateway: try a method, try an authorizer. Each comes by a channel of its own.
 *
 *	main thread         takes the question (at most INVOCATIONS_MAX at a time), sends the answer
 *	follower's thread   builds the draft from the store, so that no request waits for it
 *	a worker            runs it, among its requests
 *
 * Whoever asks is not trusted: a channel that says something else ends, one that says nothing for too long does too. When its other
 * end goes the test is given up, back-end call and all. A gateway that drains gives up all of them: they are not clients' requests,
 * and control asks again.
 * Threads: the main one.
 */
#ifndef POSTERN_LAUNCH_GATEWAY_INVOKE_H
#define POSTERN_LAUNCH_GATEWAY_INVOKE_H

struct gateway;
struct verb_message;

/* A channel was pushed by posternd. */
void gateway_invoke_take(struct gateway *gateway, struct verb_message *message);

/* Give up all that are under way, and take no more. */
void gateway_invoke_drain(struct gateway *gateway);

/* The other threads have ended: free what is left. */
void gateway_invoke_end(struct gateway *gateway);

#endif
