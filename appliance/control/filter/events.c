/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/filter/events.h"

#include <errno.h>
#include <stdlib.h>

#include "appliance/base/clock.h"

int events_init(struct events *events)
{
	events->ring = calloc(EVENTS_MAX_COUNT, sizeof *events->ring);
	if (!events->ring)
		return -ENOMEM;
	pthread_mutex_init(&events->mutex, NULL);
	events->next_number = 1;
	events->lost = 0;
	return 0;
}

void events_fini(struct events *events)
{
	if (!events->ring)
		return;
	pthread_mutex_destroy(&events->mutex);
	free(events->ring);
	events->ring = NULL;
}

void events_add(struct events *events, const struct verb_filter_events *drops)
{
	uint64_t wall_ms = clock_wall_ms(), monotonic_ns = clock_monotonic_ns();

	pthread_mutex_lock(&events->mutex);
	events->lost += drops->lost;
	for (uint32_t i = 0; i < drops->count && i < VERB_EVENTS_MAX; i++) {
		const struct verb_filter_event *drop = &drops->events[i];
		uint64_t age_ns = monotonic_ns > drop->event.time_ns ? monotonic_ns - drop->event.time_ns : 0;

		events->ring[events->next_number % EVENTS_MAX_COUNT] = (struct event){
			.number = events->next_number,
			.wall_ms = wall_ms - age_ns / 1000000,
			.drop = *drop,
		};
		events->next_number++;
	}
	pthread_mutex_unlock(&events->mutex);
}

size_t events_copy(struct events *events, uint64_t after, struct event *ret, size_t room, uint64_t *ret_lost)
{
	uint64_t first;
	size_t count = 0;

	pthread_mutex_lock(&events->mutex);
	first = events->next_number > EVENTS_MAX_COUNT ? events->next_number - EVENTS_MAX_COUNT : 1;
	if (after >= first)
		first = after + 1;
	for (uint64_t number = first; number < events->next_number && count < room; number++)
		ret[count++] = events->ring[number % EVENTS_MAX_COUNT];
	*ret_lost = events->lost;
	pthread_mutex_unlock(&events->mutex);
	return count;
}

uint64_t events_newest(struct events *events)
{
	uint64_t newest;

	pthread_mutex_lock(&events->mutex);
	newest = events->next_number - 1;
	pthread_mutex_unlock(&events->mutex);
	return newest;
}
