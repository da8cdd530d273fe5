/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dns_scene: a small snapshot for the tests of dns/: the zone of spec/domains.md 8, two endpoints in one VPC, one in another, an
 * API with an association. Built by hand: what records become is model/'s matter.
 */
#ifndef POSTERN_TESTS_UNIT_DNS_SCENE_H
#define POSTERN_TESTS_UNIT_DNS_SCENE_H

#include <arpa/inet.h>

#include "appliance/model/snapshot.h"

#define SCENE_SOA "ns. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"

static void scene_keep(struct catalog_object *object)
{
	(void)object; /* static memory */
}

#define SCENE_SET(owner, kind, seconds, ...)                                                                           \
	{                                                                                                              \
		.name = VIEW_INIT(owner), .type = VIEW_INIT(kind), .ttl_s = seconds,                                   \
		.values = (const struct view[]){ __VA_ARGS__ },                                                        \
		.value_count = sizeof((const struct view[]){ __VA_ARGS__ }) / sizeof(struct view)                      \
	}
#define SCENE_ALIAS(owner, kind, target)                                                                               \
	{                                                                                                              \
		.name = VIEW_INIT(owner), .type = VIEW_INIT(kind), .alias_target = VIEW_INIT(target),                  \
		.alias_zone_id = VIEW_INIT("Z1")                                                                       \
	}

static struct snapshot_record_set scene_example_sets[] = {
	SCENE_SET("example.com.", "SOA", 900, VIEW_INIT(SCENE_SOA)),
	SCENE_SET("example.com.", "NS", 172800, VIEW_INIT("ns.")),
	SCENE_SET("example.com.", "TXT", 300, VIEW_INIT("\"apex\"")),
	SCENE_SET("api.example.com.", "A", 300, VIEW_INIT("10.0.0.10"), VIEW_INIT("10.0.0.11")),
	SCENE_SET("www.example.com.", "CNAME", 300, VIEW_INIT("api.example.com.")),
	SCENE_SET("ext.example.com.", "CNAME", 300, VIEW_INIT("other.example.net")),
	SCENE_SET("*.example.com.", "TXT", 300, VIEW_INIT("\"wild\"")),
	SCENE_SET("*.example.com.", "A", 300, VIEW_INIT("10.0.0.99")),
	SCENE_SET("a.b.deep.example.com.", "A", 300, VIEW_INIT("10.0.0.20")),
	SCENE_SET("only6.example.com.", "AAAA", 300, VIEW_INIT("fd00::6")),
	SCENE_SET("*.sub.example.com.", "A", 300, VIEW_INIT("10.0.0.30")),
	SCENE_SET("x.sub.example.com.", "TXT", 300, VIEW_INIT("\"x\"")),
	SCENE_SET("loop1.example.com.", "CNAME", 300, VIEW_INIT("loop2.example.com")),
	SCENE_SET("loop2.example.com.", "CNAME", 300, VIEW_INIT("loop1.example.com")),
	SCENE_SET("broken.example.com.", "A", 300, VIEW_INIT("not an address")),
	SCENE_SET("toendpoint.example.com.", "CNAME", 300,
		VIEW_INIT("vpce-0a1b2c3d4e5f60718-abcdefgh.execute-api.us-east-1.vpce.amazonaws.com")),
	SCENE_ALIAS(
		"gw.example.com.", "A", "vpce-0a1b2c3d4e5f60718-abcdefgh.execute-api.us-east-1.vpce.amazonaws.com."),
	SCENE_ALIAS("twice.example.com.", "A", "gw.example.com."),
	SCENE_ALIAS("here.example.com.", "A", "api.example.com."),
	SCENE_ALIAS("ring1.example.com.", "A", "ring2.example.com."),
	SCENE_ALIAS("ring2.example.com.", "A", "ring1.example.com."),
	SCENE_ALIAS("lost.example.com.", "A", "nowhere.example.net."),
};

static const struct view scene_vpcs[] = { VIEW_INIT("vpc-1") };
static struct snapshot_zone scene_example = {
	.object = { .reference_count = 1, .free = scene_keep, .key = VIEW_INIT("Z1") },
	.id = VIEW_INIT("Z1"),
	.name = VIEW_INIT("example.com."),
	.is_private = true,
	.vpc_count = 1,
	.vpc_ids = scene_vpcs,
	.record_set_count = sizeof scene_example_sets / sizeof *scene_example_sets,
	.record_sets = scene_example_sets
};

static struct snapshot_record_set scene_below_sets[] = {
	SCENE_SET("own.execute-api.us-east-1.amazonaws.com.", "SOA", 900, VIEW_INIT(SCENE_SOA)),
	SCENE_SET("own.execute-api.us-east-1.amazonaws.com.", "A", 300, VIEW_INIT("10.7.7.7")),
};
static struct snapshot_zone scene_below = {
	.object = { .reference_count = 1, .free = scene_keep, .key = VIEW_INIT("Z2") },
	.id = VIEW_INIT("Z2"),
	.name = VIEW_INIT("own.execute-api.us-east-1.amazonaws.com."),
	.is_private = true,
	.vpc_count = 1,
	.vpc_ids = scene_vpcs,
	.record_set_count = 2,
	.record_sets = scene_below_sets
};

static struct snapshot_address scene_addresses[2] = {
	{ .availability_zone = VIEW_INIT("us-east-1a"), .has_ipv4 = true, .has_ipv6 = true },
	{ .availability_zone = VIEW_INIT("us-east-1b"), .has_ipv4 = true },
};
static struct snapshot_address scene_other_addresses[1] = { { .availability_zone = VIEW_INIT("us-east-1a"),
	.has_ipv4 = true } };

#define SCENE_ENDPOINT(text, vpc, suffix, dns, list, list_count)                                                       \
	{                                                                                                              \
		.object = { .reference_count = 1, .free = scene_keep, .key = VIEW_INIT(text) }, .id = VIEW_INIT(text), \
		.vpc_id = VIEW_INIT(vpc), .dns_suffix = VIEW_INIT(suffix), .private_dns_enabled = dns,                 \
		.dns_record_type = SNAPSHOT_DNS_DUALSTACK, .address_count = list_count, .addresses = list              \
	}
static struct snapshot_endpoint scene_endpoints[3] = {
	SCENE_ENDPOINT("vpce-0a1b2c3d4e5f60718", "vpc-1", "abcdefgh", true, scene_addresses, 2),
	SCENE_ENDPOINT("vpce-0000000000000000b", "vpc-1", "bbbbbbbb", false, scene_other_addresses, 1),
	SCENE_ENDPOINT("vpce-0000000000000000c", "vpc-2", "cccccccc", false, scene_other_addresses, 1),
};

static const struct view scene_associations[] = { VIEW_INIT("vpce-0000000000000000c") };
static struct snapshot_deployment scene_deployment = {
	.type = SNAPSHOT_PRIVATE, .vpc_endpoint_id_count = 1, .vpc_endpoint_ids = scene_associations
};
static struct snapshot_stage scene_stage = {
	.api_id = VIEW_INIT("a1b2c3d4e5"), .name = VIEW_INIT("prod"), .deployment = &scene_deployment
};
static struct snapshot_stage *scene_stages[] = { &scene_stage };
static struct snapshot_api scene_api = {
	.object = { .reference_count = 1, .free = scene_keep, .key = VIEW_INIT("a1b2c3d4e5") },
	.id = VIEW_INIT("a1b2c3d4e5"),
	.stage_count = 1,
	.stages = scene_stages
};

static int scene_compare(const void *left, const void *right)
{
	const struct snapshot_record_set *a = left, *b = right;
	int order = snapshot_name_compare(a->name, b->name);

	return order ? order : view_compare(a->type, b->type);
}

/* Put the parts together; the snapshot stays valid until the process ends. */
static void scene_make(struct snapshot *snapshot)
{
	memset(snapshot, 0, sizeof *snapshot);
	snapshot->region = view_of("us-east-1");
	catalog_init(&snapshot->endpoints);
	catalog_init(&snapshot->apis);
	catalog_init(&snapshot->domains);
	catalog_init(&snapshot->hosts);
	catalog_init(&snapshot->certificates);
	catalog_init(&snapshot->zones);
	inet_pton(AF_INET, "10.20.0.100", &scene_addresses[0].ipv4);
	inet_pton(AF_INET6, "fd20::100", &scene_addresses[0].ipv6);
	inet_pton(AF_INET, "10.20.1.100", &scene_addresses[1].ipv4);
	inet_pton(AF_INET, "10.30.0.5", &scene_other_addresses[0].ipv4);
	qsort(scene_example_sets, sizeof scene_example_sets / sizeof *scene_example_sets, sizeof *scene_example_sets,
		scene_compare);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(0, catalog_put(&snapshot->endpoints, &scene_endpoints[i].object));
	assert_int_equal(0, catalog_put(&snapshot->zones, &scene_example.object));
	assert_int_equal(0, catalog_put(&snapshot->zones, &scene_below.object));
	assert_int_equal(0, catalog_put(&snapshot->apis, &scene_api.object));
}

#endif
