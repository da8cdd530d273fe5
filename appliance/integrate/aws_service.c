/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/integrate/aws_service.h"

#include <stdlib.h>

#include "appliance/base/assert.h"

#define REST AWS_PROTOCOL_REST
#define QUERY AWS_PROTOCOL_QUERY
#define JSON_10 AWS_PROTOCOL_JSON_10
#define JSON_11 AWS_PROTOCOL_JSON_11

/* In the order of names, so that one is found by halving. */
static const struct aws_service services[] = {
#define AWS_SERVICE(name_, signing_name_, protocol_, target_prefix_, version_, global_host_)                           \
	{ .name = VIEW_INIT(name_),                                                                                    \
		.signing_name = VIEW_INIT(signing_name_),                                                              \
		.protocol = protocol_,                                                                                 \
		.target_prefix = VIEW_INIT(target_prefix_),                                                            \
		.version = VIEW_INIT(version_),                                                                        \
		.global_host = VIEW_INIT(global_host_),                                                                \
		.is_known = true },
#include "appliance/integrate/aws_services.def"
#undef AWS_SERVICE
};

/* Host names of a partition end in this; aws and aws-us-gov share theirs. */
static const struct {
	const char *partition, *suffix;
} suffixes[] = {
	{ "aws", "amazonaws.com" },
	{ "aws-us-gov", "amazonaws.com" },
	{ "aws-cn", "amazonaws.com.cn" },
	{ "aws-iso", "c2s.ic.gov" },
	{ "aws-iso-b", "sc2s.sgov.gov" },
	{ "aws-eusc", "amazonaws.eu" },
};

static int compare(const void *name, const void *row)
{
	return view_compare(*(const struct view *)name, ((const struct aws_service *)row)->name);
}

static const struct aws_service *find(struct view name)
{
	return bsearch(&name, services, ARRAY_COUNT(services), sizeof services[0], compare);
}

void aws_service_find(struct view name, struct aws_service *ret)
{
	size_t dot = view_find_last_byte(name, '.');
	struct view last = dot == VIEW_NOWHERE ? name : view_after(name, dot + 1);
	const struct aws_service *service = find(name);

	if (!service)
		service = find(last);
	*ret = service ? *service : (struct aws_service){ .name = last, .signing_name = last };
	ret->signs_once = view_equals(ret->signing_name, view_of("s3"));
	ret->answers_wrapped = view_equals(ret->name, view_of("ssm"));
}

static const char *suffix_of(struct view partition)
{
	for (size_t i = 0; i < ARRAY_COUNT(suffixes); i++)
		if (view_equals_text(partition, suffixes[i].partition))
			return suffixes[i].suffix;
	return suffixes[0].suffix;
}

struct view aws_service_host(struct arena *arena, const struct aws_service *service, struct view name,
	struct view partition, struct view region)
{
	if (service->global_host.count && view_equals(partition, view_of("aws")))
		return service->global_host;
	return arena_printf(arena, VIEW_FMT "." VIEW_FMT ".%s", VIEW_ARG(name), VIEW_ARG(region), suffix_of(partition));
}

struct view aws_service_signing_region(const struct aws_service *service, struct view region)
{
	static const char *const elsewhere[] = { "cn-", "us-gov-", "us-iso", "eusc-" };

	for (size_t i = 0; i < ARRAY_COUNT(elsewhere); i++)
		if (view_starts_with(region, view_from_text(elsewhere[i])))
			return region;
	return service->global_host.count ? view_of("us-east-1") : region;
}
