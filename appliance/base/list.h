/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * list: doubly linked lists whose links live inside their elements, so that linking allocates nothing and unlinking
 * needs no search.
 *
 *	struct waiter { struct list_link link; … };
 *	struct list waiters; list_init(&waiters);
 *	list_append(&waiters, &waiter->link);
 *	LIST_EACH(link, &waiters) { struct waiter *waiter = CONTAINER_OF(link, struct waiter, link); … }
 *
 * A link is in one list or in none (`next` NULL; zeroed memory is such a link). The list owns no element.
 * Threads: none of its own; the caller's lock or thread.
 */
#ifndef POSTERN_BASE_LIST_H
#define POSTERN_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "appliance/base/assert.h"

struct list_link {
	struct list_link *next, *previous;
};

struct list {
	struct list_link head; /* of a ring: its next is the first element, its previous the last */
};

static inline void list_init(struct list *list)
{
	list->head.next = list->head.previous = &list->head;
}

static inline bool list_is_empty(const struct list *list)
{
	return list->head.next == &list->head;
}

static inline bool list_is_linked(const struct list_link *link)
{
	return link->next != NULL;
}

static inline void list_insert_after(struct list_link *place, struct list_link *link)
{
	ASSERT(!list_is_linked(link));
	link->previous = place;
	link->next = place->next;
	place->next->previous = link;
	place->next = link;
}

static inline void list_append(struct list *list, struct list_link *link)
{
	list_insert_after(list->head.previous, link);
}

static inline void list_prepend(struct list *list, struct list_link *link)
{
	list_insert_after(&list->head, link);
}

/* Unlink; an element that is in no list stays so. */
static inline void list_remove(struct list_link *link)
{
	if (!list_is_linked(link))
		return;
	link->previous->next = link->next;
	link->next->previous = link->previous;
	link->next = link->previous = NULL;
}

/* First or last element's link, or NULL. */
static inline struct list_link *list_first(const struct list *list)
{
	return list_is_empty(list) ? NULL : list->head.next;
}

static inline struct list_link *list_last(const struct list *list)
{
	return list_is_empty(list) ? NULL : list->head.previous;
}

/* Unlink and return the first element's link, or NULL. */
static inline struct list_link *list_take_first(struct list *list)
{
	struct list_link *link = list_first(list);

	if (link)
		list_remove(link);
	return link;
}

/* Move all elements, in order, to `ret`, which need not be initialised: to walk them while others join `list` again. */
static inline void list_take_all(struct list *list, struct list *ret)
{
	list_init(ret);
	if (list_is_empty(list))
		return;
	ret->head = list->head;
	ret->head.next->previous = ret->head.previous->next = &ret->head;
	list_init(list);
}

/* Walk; the body must not unlink the element at hand. */
#define LIST_EACH(link, list) for (struct list_link *link = (list)->head.next; link != &(list)->head; link = link->next)

/* Walk; the body may unlink and free the element at hand, but no other. */
#define LIST_EACH_SAFE(link, list)                                                                                     \
	for (struct list_link *link = (list)->head.next, *link##_next = link->next; link != &(list)->head;             \
		link = link##_next, link##_next = link->next)

#endif
