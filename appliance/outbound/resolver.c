/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/outbound/resolver.h"

#include <ares.h>
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "appliance/base/assert.h"
#include "appliance/base/list.h"
#include "appliance/base/table.h"
#include "appliance/loop/loop.h"
#include "appliance/loop/timer.h"
#include "appliance/outbound/destination.h"
#include "appliance/outbound/socket_stock.h"

/* Time until the next name server is asked, and rounds over all of them: with two servers a dead DNS is known after 4 s. */
#define TRY_TIMEOUT_MS 1000
#define TRY_COUNT 2

/* Descriptors that c-ares may have open at once: a UDP and a TCP one for each of its servers, of which it reads few. */
#define SOCKETS_MAX 16

const char *resolver_system_path = "/etc/resolv.conf";

struct resolver_entry {
	struct resolver *resolver;
	struct list_link link;     /* in resolver->entries; the one asked for last at the end */
	struct list_link answered; /* in resolver->answered while its waiting queries have to be told */
	struct list_link parked;   /* in resolver->parked while it waits for sockets to ask with */
	struct resolver_query *waiting;
	bool looking_up;
	bool known; /* `addresses` is an answer: none in it means that the name does not exist */
	uint64_t expires_ms;
	sa_family_t preferred;
	unsigned int rotation;
	struct resolver_addresses addresses; /* in the order of the answer */
	size_t name_bytes;
	char name[RESOLVER_NAME_MAX_BYTES + 1]; /* lower case, NUL-terminated for c-ares */
};

/* A descriptor of c-ares on the loop. */
struct resolver_socket {
	struct resolver *resolver;
	struct loop_watch watch; /* watch.loop is NULL while the slot is free */
	bool wants_write;
};

struct resolver {
	struct loop *loop;
	ares_channel channel;
	struct table table; /* name → entry */
	struct list entries;
	struct list answered;
	struct resolver_socket sockets[SOCKETS_MAX];
	struct timer timer;
	struct loop_task report;
	bool ending;
	bool holds_library; /* it is one of those whose number c-ares counts */
	bool is_system;     /* its name servers are the system's */
	uint64_t look_ms;   /* the system's file is looked at no earlier */
	struct stat file;   /* as it was when it was read; zeroed: not there */
	/* of one whose sockets come from a stock */
	struct socket_stock *stock;
	struct socket_waiter waiter;
	struct list parked;        /* entries */
	bool asks_ipv4, asks_ipv6; /* families of the name servers */
};

static void rearm_timer(struct resolver *resolver);
static bool has_to_wait(struct resolver *resolver);

/* --- c-ares on the loop ---------------------------------------------------------------------------------------------- */

static void time_passed(struct timer *timer)
{
	struct resolver *resolver = CONTAINER_OF(timer, struct resolver, timer);

	ares_process_fd(resolver->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	rearm_timer(resolver);
}

static void rearm_timer(struct resolver *resolver)
{
	struct timeval room, *wait = ares_timeout(resolver->channel, NULL, &room);

	if (!wait)
		timer_disarm(resolver->loop, &resolver->timer);
	else
		timer_arm(resolver->loop, &resolver->timer,
			(uint64_t)wait->tv_sec * 1000u + (uint64_t)wait->tv_usec / 1000u + 1u, time_passed);
}

static void socket_ready(struct loop_watch *watch, unsigned events)
{
	struct resolver_socket *slot = CONTAINER_OF(watch, struct resolver_socket, watch);
	struct resolver *resolver = slot->resolver;
	ares_socket_t descriptor = watch->fd;

	ares_process_fd(resolver->channel, events & LOOP_READABLE ? descriptor : ARES_SOCKET_BAD,
		events & LOOP_WRITABLE ? descriptor : ARES_SOCKET_BAD);
	/* Writing interest on the loop is for one call; c-ares means it until it says otherwise. */
	if (slot->watch.loop && slot->watch.fd == descriptor && slot->wants_write)
		(void)loop_watch_write(&slot->watch, true);
	rearm_timer(resolver);
}

/* c-ares tells what it wants to know about a descriptor; nothing means that it is about to close it. */
static void socket_wanted(void *context, ares_socket_t descriptor, int readable, int writable)
{
	struct resolver *resolver = context;
	struct resolver_socket *slot = NULL, *free_slot = NULL;

	for (size_t i = 0; i < SOCKETS_MAX; i++) {
		if (resolver->sockets[i].watch.loop && resolver->sockets[i].watch.fd == descriptor)
			slot = &resolver->sockets[i];
		else if (!resolver->sockets[i].watch.loop && !free_slot)
			free_slot = &resolver->sockets[i];
	}
	if (!readable && !writable) {
		if (slot) {
			loop_watch_fini(&slot->watch);
			*slot = (struct resolver_socket){ 0 };
		}
		return;
	}
	if (!slot) {
		if (!free_slot)
			return; /* unwatched: c-ares' own time-out ends that try */
		slot = free_slot;
		slot->resolver = resolver;
		loop_watch_init(&slot->watch, resolver->loop, descriptor, socket_ready);
	}
	slot->wants_write = writable;
	(void)loop_watch_read(&slot->watch, readable);
	(void)loop_watch_write(&slot->watch, writable);
}

/* --- entries ---------------------------------------------------------------------------------------------------------- */

static void detach(struct resolver_query *query)
{
	*query->link = query->next;
	if (query->next)
		query->next->link = query->link;
	query->entry = NULL;
	query->next = NULL;
	query->link = NULL;
}

static void attach(struct resolver_entry *entry, struct resolver_query *query)
{
	ASSERT(!query->entry && query->done);
	query->entry = entry;
	query->next = entry->waiting;
	query->link = &entry->waiting;
	if (query->next)
		query->next->link = &query->next;
	entry->waiting = query;
}

static void entry_free(struct resolver_entry *entry)
{
	table_take(&entry->resolver->table, view_from(entry->name, entry->name_bytes));
	list_remove(&entry->link);
	list_remove(&entry->answered);
	list_remove(&entry->parked);
	free(entry);
}

/* Make room for one more name: the entry that was asked for longest ago and that nobody waits for goes. */
static bool make_room(struct resolver *resolver)
{
	if (resolver->table.count < RESOLVER_NAMES_MAX)
		return true;
	LIST_EACH(link, &resolver->entries)
	{
		struct resolver_entry *entry = CONTAINER_OF(link, struct resolver_entry, link);

		if (!entry->looking_up && !entry->waiting) {
			entry_free(entry);
			return true;
		}
	}
	return false;
}

static struct resolver_entry *entry_new(struct resolver *resolver, struct view name)
{
	struct resolver_entry *entry = make_room(resolver) ? calloc(1, sizeof *entry) : NULL;

	if (!entry)
		return NULL;
	entry->resolver = resolver;
	entry->name_bytes = name.count;
	memcpy(entry->name, name.at, name.count);
	if (table_add(&resolver->table, view_from(entry->name, entry->name_bytes), entry) < 0) {
		free(entry);
		return NULL;
	}
	list_append(&resolver->entries, &entry->link);
	return entry;
}

static size_t count_family(const struct resolver_addresses *addresses, sa_family_t family)
{
	size_t count = 0;

	for (size_t i = 0; i < addresses->count; i++)
		count += addresses->list[i].any.sa_family == family;
	return count;
}

/* The `index`-th address of `family`; there is one. */
static const union resolver_address *of_family(
	const struct resolver_addresses *addresses, sa_family_t family, size_t index)
{
	for (size_t i = 0; i < addresses->count; i++)
		if (addresses->list[i].any.sa_family == family && index-- == 0)
			return &addresses->list[i];
	ASSERT_UNREACHABLE();
}

/* The answer as a connection shall try it: families in turns, the preferred one first, each rotated. */
static void order_addresses(struct resolver_entry *entry, struct resolver_addresses *ret)
{
	sa_family_t first = entry->preferred == AF_INET ? AF_INET : AF_INET6,
		    second = first == AF_INET ? AF_INET6 : AF_INET;
	size_t first_count = count_family(&entry->addresses, first),
	       second_count = count_family(&entry->addresses, second);
	unsigned int rotation = entry->rotation++;

	ret->count = 0;
	for (size_t i = 0; i < first_count || i < second_count; i++) {
		if (i < first_count)
			ret->list[ret->count++] = *of_family(&entry->addresses, first, (i + rotation) % first_count);
		if (i < second_count)
			ret->list[ret->count++] = *of_family(&entry->addresses, second, (i + rotation) % second_count);
	}
}

/* Tell those who wait. A handler may ask for names, cancel queries and find this entry again, but the entry stays: it is known. */
static void report_answers(struct loop_task *task)
{
	struct resolver *resolver = CONTAINER_OF(task, struct resolver, report);
	struct list_link *link;

	while ((link = list_take_first(&resolver->answered))) {
		struct resolver_entry *entry = CONTAINER_OF(link, struct resolver_entry, answered);

		while (entry->waiting) {
			struct resolver_query *query = entry->waiting;
			struct resolver_addresses ordered;

			detach(query);
			order_addresses(entry, &ordered);
			/* Keep the entry from being evicted by a handler that asks for another name. */
			entry->looking_up = true;
			query->done(query, ordered.count ? &ordered : NULL);
			entry->looking_up = false;
		}
	}
}

static void keep_addresses(struct resolver_entry *entry, const struct ares_addrinfo *result)
{
	struct resolver_addresses *addresses = &entry->addresses;
	uint64_t ttl_ms = RESOLVER_TTL_MAX_MS;

	addresses->count = 0;
	for (const struct ares_addrinfo_node *node = result->nodes; node; node = node->ai_next) {
		union resolver_address *address = &addresses->list[addresses->count];
		size_t bytes = node->ai_family == AF_INET ? sizeof address->in : sizeof address->in6;
		uint64_t node_ttl_ms = node->ai_ttl > 0 ? (uint64_t)node->ai_ttl * 1000u : 0;

		/* Both families get places: the second never loses all of them to a long answer of the first. */
		if ((node->ai_family != AF_INET && node->ai_family != AF_INET6) || (size_t)node->ai_addrlen < bytes ||
			addresses->count == RESOLVER_ADDRESSES_MAX ||
			count_family(addresses, (sa_family_t)node->ai_family) == RESOLVER_ADDRESSES_MAX / 2)
			continue;
		memset(address, 0, sizeof *address);
		memcpy(address, node->ai_addr, bytes);
		addresses->count++;
		if (node_ttl_ms < ttl_ms)
			ttl_ms = node_ttl_ms;
	}
	if (ttl_ms < RESOLVER_TTL_MIN_MS)
		ttl_ms = RESOLVER_TTL_MIN_MS;
	entry->expires_ms = loop_now_ms(entry->resolver->loop) + (addresses->count ? ttl_ms : RESOLVER_NEGATIVE_MS);
	entry->known = true;
}

static void looked_up(void *context, int status, int timeouts, struct ares_addrinfo *result)
{
	struct resolver_entry *entry = context;
	struct resolver *resolver = entry->resolver;
	uint64_t now_ms = loop_now_ms(resolver->loop);

	(void)timeouts;
	entry->looking_up = false;
	if (status == ARES_SUCCESS && result) {
		keep_addresses(entry, result);
	} else if (status == ARES_ENOTFOUND || status == ARES_ENODATA) {
		entry->addresses.count = 0;
		entry->known = true;
		entry->expires_ms = now_ms + RESOLVER_NEGATIVE_MS;
	} else if (entry->known && entry->addresses.count && now_ms < entry->expires_ms + RESOLVER_STALE_MS) {
		/* No server answers: what it said last holds on. expires_ms stays, so that each connection asks again. */
	} else {
		entry->addresses.count = 0;
		entry->known = false;
	}
	if (result)
		ares_freeaddrinfo(result);
	if (resolver->ending || !entry->waiting)
		return;
	if (!list_is_linked(&entry->answered))
		list_append(&resolver->answered, &entry->answered);
	loop_defer(resolver->loop, &resolver->report, report_answers);
}

/* --- the system's name servers ---------------------------------------------------------------------------------------- */

static int open_channel(struct resolver *resolver, ares_channel *ret)
{
	char lookups[] = "fb"; /* files, then DNS */
	char path[256];
	struct ares_options options = {
		.flags = ARES_FLAG_NOSEARCH,
		.timeout = TRY_TIMEOUT_MS,
		.tries = TRY_COUNT,
		.lookups = lookups,
		.sock_state_cb = socket_wanted,
		.sock_state_cb_data = resolver,
		.resolvconf_path = path,
	};

	snprintf(path, sizeof path, "%s", resolver_system_path);
	return ares_init_options(ret, &options,
		ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB | ARES_OPT_LOOKUPS |
			ARES_OPT_RESOLVCONF);
}

static void note_families(struct resolver *resolver, const struct ares_addr_port_node *servers)
{
	resolver->asks_ipv4 = resolver->asks_ipv6 = false;
	for (; servers; servers = servers->next) {
		resolver->asks_ipv4 = resolver->asks_ipv4 || servers->family == AF_INET;
		resolver->asks_ipv6 = resolver->asks_ipv6 || servers->family == AF_INET6;
	}
}

static bool is_same_file(const struct stat *one, const struct stat *other)
{
	return one->st_dev == other->st_dev && one->st_ino == other->st_ino && one->st_size == other->st_size &&
	       one->st_mtim.tv_sec == other->st_mtim.tv_sec && one->st_mtim.tv_nsec == other->st_mtim.tv_nsec;
}

static struct stat stat_system(void)
{
	struct stat file;

	if (stat(resolver_system_path, &file) < 0)
		memset(&file, 0, sizeof file);
	return file;
}

/*
 * Take over what a DHCP client has written since. c-ares changes the servers of a channel only while nothing is under way: else the next
 * look-up tries again.
 */
static void follow_system(struct resolver *resolver)
{
	struct ares_addr_port_node *servers = NULL;
	uint64_t now_ms = loop_now_ms(resolver->loop);
	struct stat file;
	ares_channel fresh;

	if (!resolver->is_system || now_ms < resolver->look_ms)
		return;
	resolver->look_ms = now_ms + RESOLVER_SYSTEM_MS;
	file = stat_system();
	if (is_same_file(&file, &resolver->file) || open_channel(resolver, &fresh) != ARES_SUCCESS)
		return;
	if (ares_get_servers_ports(fresh, &servers) == ARES_SUCCESS &&
		ares_set_servers_ports(resolver->channel, servers) == ARES_SUCCESS) {
		resolver->file = file;
		note_families(resolver, servers);
	}
	ares_free_data(servers);
	ares_destroy(fresh);
}

static void ask(struct resolver_entry *entry)
{
	static const struct ares_addrinfo_hints hints = { .ai_family = AF_UNSPEC, .ai_flags = ARES_AI_NOSORT };

	ares_getaddrinfo(entry->resolver->channel, entry->name, NULL, &hints, looked_up, entry);
	rearm_timer(entry->resolver);
}

static void look_up(struct resolver_entry *entry)
{
	struct resolver *resolver = entry->resolver;

	follow_system(resolver);
	entry->looking_up = true;
	if (resolver->stock && has_to_wait(resolver))
		list_append(&resolver->parked, &entry->parked);
	else
		ask(entry);
}

/* --- sockets from a stock --------------------------------------------------------------------------------------------- */

/*
 * c-ares opens its sockets when it asks and can't wait for one, so there must be one of each kind that it may open before it is
 * asked anything: UDP, and TCP for an answer that was cut. It takes others later, for a server that did not answer or for the next
 * question; if there happens to be none, that try fails, as if the server had refused it.
 * True if something is missing that the stock will have; what it will not have c-ares finds out.
 */
static bool has_to_wait(struct resolver *resolver)
{
	static const struct {
		int family, type;
	} wanted[] = { { AF_INET, SOCK_DGRAM }, { AF_INET, SOCK_STREAM }, { AF_INET6, SOCK_DGRAM },
		{ AF_INET6, SOCK_STREAM } };

	if (list_is_linked(&resolver->waiter.link))
		return true;
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
		enum socket_kind kind = socket_kind_of(wanted[i].family, wanted[i].type);

		if (!(wanted[i].family == AF_INET ? resolver->asks_ipv4 : resolver->asks_ipv6) ||
			socket_stock_has(resolver->stock, kind) != -EAGAIN)
			continue;
		socket_stock_wait(resolver->stock, kind, &resolver->waiter);
		return true;
	}
	return false;
}

static void ask_parked(struct resolver *resolver)
{
	struct list_link *link;

	while ((link = list_take_first(&resolver->parked)))
		ask(CONTAINER_OF(link, struct resolver_entry, parked));
}

static void sockets_ready(struct socket_waiter *waiter, int error)
{
	struct resolver *resolver = CONTAINER_OF(waiter, struct resolver, waiter);

	if (error || !has_to_wait(resolver))
		ask_parked(resolver);
}

static ares_socket_t take_socket(int family, int type, int protocol, void *context)
{
	struct resolver *resolver = context;
	int fd;

	(void)protocol;
	if (family != AF_INET && family != AF_INET6) {
		errno = EAFNOSUPPORT;
		return ARES_SOCKET_BAD;
	}
	fd = socket_stock_take(resolver->stock, socket_kind_of(family, type));
	if (fd < 0)
		errno = -fd;
	return fd < 0 ? ARES_SOCKET_BAD : fd;
}

static int close_socket(ares_socket_t fd, void *context)
{
	(void)context;
	return close(fd);
}

static int connect_socket(ares_socket_t fd, const struct sockaddr *address, ares_socklen_t address_bytes, void *context)
{
	(void)context;
	/* Loopback there is the endpoint itself, whose own name server knows nothing of back ends. */
	if (destination_is_own_host(address)) {
		errno = ENETUNREACH;
		return -1;
	}
	return connect(fd, address, address_bytes);
}

static ares_ssize_t receive(ares_socket_t fd, void *bytes, size_t count, int flags, struct sockaddr *from,
	ares_socklen_t *from_bytes, void *context)
{
	(void)context;
	return recvfrom(fd, bytes, count, flags, from, from_bytes);
}

static ares_ssize_t send_parts(ares_socket_t fd, const struct iovec *parts, int part_count, void *context)
{
	/* sendmsg() does not write through msg_iov. */
	const struct msghdr message = { .msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = (size_t)part_count };

	(void)context;
	return sendmsg(fd, &message, MSG_NOSIGNAL);
}

static const struct ares_socket_functions socket_functions = {
	.asocket = take_socket,
	.aclose = close_socket,
	.aconnect = connect_socket,
	.arecvfrom = receive,
	.asendv = send_parts,
};

/* Have c-ares take its sockets from the stock. False if memory is exhausted. */
static bool use_stock(struct resolver *resolver, struct socket_stock *stock)
{
	struct ares_addr_port_node *servers = NULL;

	if (ares_get_servers_ports(resolver->channel, &servers) != ARES_SUCCESS)
		return false;
	note_families(resolver, servers);
	ares_free_data(servers);
	resolver->stock = stock;
	resolver->waiter.ready = sockets_ready;
	ares_set_socket_functions(resolver->channel, &socket_functions, resolver);
	return true;
}

/* --- the interface ---------------------------------------------------------------------------------------------------- */

/* An address in text form. */
static bool parse_address(const char *text, struct resolver_addresses *ret)
{
	union resolver_address address = { 0 };

	if (inet_pton(AF_INET, text, &address.in.sin_addr) == 1)
		address.in.sin_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &address.in6.sin6_addr) == 1)
		address.in6.sin6_family = AF_INET6;
	else
		return false;
	ret->count = 1;
	ret->list[0] = address;
	return true;
}

/* Lower case without the final dot, NUL-terminated; false if that is no possible host name. */
static bool fold_name(struct view host, char ret[RESOLVER_NAME_MAX_BYTES + 1], size_t *ret_bytes)
{
	if (host.count > 1 && host.at[host.count - 1] == '.')
		host.count--;
	if (host.count == 0 || host.count > RESOLVER_NAME_MAX_BYTES)
		return false;
	for (size_t i = 0; i < host.count; i++) {
		if (host.at[i] <= ' ' || host.at[i] == 0x7f)
			return false;
		ret[i] = view_lower_byte(host.at[i]);
	}
	ret[host.count] = '\0';
	*ret_bytes = host.count;
	return true;
}

enum resolver_answer resolver_find(
	struct resolver *resolver, struct view host, struct resolver_query *query, struct resolver_addresses *ret)
{
	char name[RESOLVER_NAME_MAX_BYTES + 1];
	size_t name_bytes;
	struct resolver_entry *entry;

	if (!fold_name(host, name, &name_bytes))
		return RESOLVER_FAILED;
	if (parse_address(name, ret))
		return RESOLVER_READY;
	entry = table_find(&resolver->table, view_from(name, name_bytes));
	if (entry) {
		list_remove(&entry->link);
		list_append(&resolver->entries, &entry->link);
		if (entry->known && loop_now_ms(resolver->loop) < entry->expires_ms) {
			order_addresses(entry, ret);
			return ret->count ? RESOLVER_READY : RESOLVER_FAILED;
		}
	} else {
		entry = entry_new(resolver, view_from(name, name_bytes));
		if (!entry)
			return RESOLVER_FAILED;
	}
	attach(entry, query);
	if (!entry->looking_up && !list_is_linked(&entry->answered))
		look_up(entry);
	return RESOLVER_WAITING;
}

void resolver_cancel(struct resolver_query *query)
{
	if (query->entry)
		detach(query);
}

void resolver_prefer(struct resolver *resolver, struct view host, sa_family_t family)
{
	char name[RESOLVER_NAME_MAX_BYTES + 1];
	size_t name_bytes;
	struct resolver_entry *entry;

	if (!fold_name(host, name, &name_bytes))
		return;
	entry = table_find(&resolver->table, view_from(name, name_bytes));
	if (entry)
		entry->preferred = family;
}

struct resolver *resolver_new(struct loop *loop, const char *servers, struct socket_stock *stock)
{
	struct resolver *resolver = calloc(1, sizeof *resolver);
	int status;

	if (!resolver)
		return NULL;
	resolver->loop = loop;
	resolver->is_system = !servers;
	/* Before it is read: a change in between is seen as one. */
	resolver->file = stat_system();
	list_init(&resolver->entries);
	list_init(&resolver->answered);
	list_init(&resolver->parked);
	status = stock ? ARES_SUCCESS : ares_library_init(ARES_LIB_INIT_ALL);
	if (status != ARES_SUCCESS)
		goto out;
	resolver->holds_library = !stock;
	status = open_channel(resolver, &resolver->channel);
	if (status != ARES_SUCCESS) {
		if (resolver->holds_library)
			ares_library_cleanup();
		goto out;
	}
	if (servers && ares_set_servers_ports_csv(resolver->channel, servers) != ARES_SUCCESS) {
		resolver_free(resolver);
		errno = EINVAL;
		return NULL;
	}
	if (stock && !use_stock(resolver, stock)) {
		resolver_free(resolver);
		errno = ENOMEM;
		return NULL;
	}
	return resolver;
out:
	free(resolver);
	errno = status == ARES_ENOMEM ? ENOMEM : EINVAL;
	return NULL;
}

void resolver_free(struct resolver *resolver)
{
	struct list_link *link;

	if (!resolver)
		return;
	resolver->ending = true;
	socket_waiter_cancel(&resolver->waiter);
	ares_destroy(resolver->channel); /* calls looked_up() for what is under way, and closes all descriptors */
	if (resolver->holds_library)
		ares_library_cleanup();
	timer_disarm(resolver->loop, &resolver->timer);
	loop_task_cancel(resolver->loop, &resolver->report);
	while ((link = list_first(&resolver->entries))) {
		struct resolver_entry *entry = CONTAINER_OF(link, struct resolver_entry, link);

		while (entry->waiting)
			detach(entry->waiting);
		entry_free(entry);
	}
	table_fini(&resolver->table);
	free(resolver);
}
