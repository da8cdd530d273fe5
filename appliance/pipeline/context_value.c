/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/pipeline/context_value.h"

#include "appliance/base/clock.h"
#include "appliance/pipeline/integrate_parts.h"

/* Leading slashes count as one; all else is as the client sent it. */
static struct view path_of(const struct pipeline *p)
{
	struct view path = p->exchange->request.path, relative = resolve_relative(path);

	return relative.count < path.count ? view_after(path, path.count - relative.count - 1) : path;
}

static struct view host_of(const struct pipeline *p)
{
	return view_from(p->resolved.host, p->resolved.host_bytes);
}

static struct view first_label(struct view name)
{
	size_t dot = view_find_byte(name, '.');

	return dot == VIEW_NOWHERE ? name : view_part(name, 0, dot);
}

static struct view request_time(struct pipeline *p)
{
	char text[CLOCK_TEXT_MAX_BYTES];

	return arena_copy(&p->exchange->arena, view_from(text, clock_write_clf(text, p->exchange->received_wall_ms)));
}

static struct view header(const struct pipeline *p, enum http1_header_id id)
{
	const struct http1_header *found = http1_find(&p->exchange->request, id);

	return found ? found->value : (struct view){ 0 };
}

static struct view identity(struct pipeline *p, enum context_slot slot)
{
	switch (slot) {
	case CONTEXT_IDENTITY_SOURCE_IP:
		return p->exchange->peer->text;
	case CONTEXT_IDENTITY_USER_AGENT:
		return header(p, HTTP1_HEADER_USER_AGENT);
	case CONTEXT_IDENTITY_VPC_ID:
		return p->resolved.endpoint ? p->resolved.endpoint->vpc_id : (struct view){ 0 };
	case CONTEXT_IDENTITY_VPCE_ID:
		return p->resolved.endpoint ? p->resolved.endpoint->id : (struct view){ 0 };
	default:
		/* Of callers that have proved who they are; no method asks for that yet. */
		return (struct view){ 0 };
	}
}

/* What the back end calls this request. */
static struct view endpoint_request_id(const struct pipeline *p)
{
	static const struct view names[] = { VIEW_INIT("x-amzn-RequestId"), VIEW_INIT("x-amz-request-id") };
	struct view value = { 0 };

	for (size_t i = 0; !value.at && i < ARRAY_COUNT(names); i++)
		value = integrate_answer_field(p, names[i]);
	return value;
}

static struct view canary_text(const struct pipeline *p)
{
	if (!p->resolved.stage || !p->resolved.stage->canary)
		return (struct view){ 0 };
	return p->resolved.is_canary ? view_of("true") : view_of("false");
}

struct view context_text(struct pipeline *p, enum context_slot slot)
{
	const struct snapshot_method *method = p->match.method;
	int64_t number;

	switch (slot) {
	case CONTEXT_RESOURCE_ID:
		return method ? method->resource->id : (struct view){ 0 };
	case CONTEXT_RESOURCE_PATH:
		return method ? method->resource->path : (struct view){ 0 };
	case CONTEXT_HTTP_METHOD:
		return p->method;
	case CONTEXT_EXTENDED_REQUEST_ID:
		return view_from(p->extended_id, sizeof p->extended_id);
	case CONTEXT_REQUEST_TIME:
		return request_time(p);
	case CONTEXT_PATH:
		return path_of(p);
	case CONTEXT_ACCOUNT_ID:
		return p->snapshot ? p->snapshot->account_id : (struct view){ 0 };
	case CONTEXT_PROTOCOL:
		return p->exchange->request.minor_version == 0 ? view_of("HTTP/1.0") : view_of("HTTP/1.1");
	case CONTEXT_STAGE:
		return p->resolved.stage ? p->resolved.stage->name : (struct view){ 0 };
	case CONTEXT_DOMAIN_PREFIX:
		return first_label(host_of(p));
	case CONTEXT_REQUEST_ID:
		return view_from(p->request_id, sizeof p->request_id);
	case CONTEXT_DOMAIN_NAME:
		return host_of(p);
	case CONTEXT_DEPLOYMENT_ID:
		return p->resolved.deployment ? p->resolved.deployment->id : (struct view){ 0 };
	case CONTEXT_API_ID:
		return p->resolved.api ? p->resolved.api->id : (struct view){ 0 };
	case CONTEXT_IS_CANARY_REQUEST:
		return canary_text(p);
	case CONTEXT_AWS_ENDPOINT_REQUEST_ID:
		return endpoint_request_id(p);
	default:
		break;
	}
	if (context_number(p, slot, &number))
		return arena_printf(&p->exchange->arena, "%lld", (long long)number);
	return identity(p, slot);
}

bool context_number(const struct pipeline *p, enum context_slot slot, int64_t *ret)
{
	if (slot != CONTEXT_REQUEST_TIME_EPOCH)
		return false;
	*ret = (int64_t)p->exchange->received_wall_ms;
	return true;
}

int context_walk(struct pipeline *p, struct view group, size_t *cursor, struct view *ret_name)
{
	int slot = (int)*cursor - 1;

	do {
		slot = context_next(group, slot + 1, ret_name);
	} while (slot >= 0 && context_kind(slot) == CONTEXT_IS_PRESENT &&
		 context_text(p, (enum context_slot)slot).count == 0);
	*cursor = (size_t)(slot + 1);
	return slot;
}
