/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/pipeline/resolve.h"

static bool fail(struct resolve_result *ret, const char *reason)
{
	ret->reason = reason;
	return false;
}

/* Lower case, without port and final dot. False if it is longer than any host. */
static bool normalise_host(struct view host, struct resolve_result *ret)
{
	size_t colon = view_find_last_byte(host, ':');

	/* What follows the last colon is the port, unless it stands inside the brackets of an IPv6 address. */
	if (colon != VIEW_NOWHERE && view_find_byte(view_after(host, colon), ']') == VIEW_NOWHERE)
		host.count = colon;
	if (host.count > 0 && host.at[host.count - 1] == '.')
		host.count--;
	if (host.count > RESOLVE_HOST_MAX_BYTES)
		return false;
	for (size_t i = 0; i < host.count; i++)
		ret->host[i] = view_lower_byte(host.at[i]);
	ret->host[host.count] = '\0';
	ret->host_bytes = host.count;
	return true;
}

/* Is `host` {x}.execute-api.{region}.amazonaws.com? Then `*ret_label` is x, one label. */
static bool default_label(const struct snapshot *snapshot, struct view host, struct view *ret_label)
{
	static const struct view service = VIEW_INIT(".execute-api."), suffix = VIEW_INIT(".amazonaws.com");
	size_t dot = view_find_byte(host, '.');
	struct view rest;

	if (dot == VIEW_NOWHERE || dot == 0)
		return false;
	rest = view_after(host, dot);
	if (!view_starts_with(rest, service) || !view_ends_with(rest, suffix) ||
		rest.count != service.count + snapshot->region.count + suffix.count)
		return false;
	if (!view_equals(view_part(rest, service.count, snapshot->region.count), snapshot->region))
		return false;
	*ret_label = view_part(host, 0, dot);
	return true;
}

struct view resolve_relative(struct view path)
{
	while (path.count > 0 && path.at[0] == '/')
		path = view_after(path, 1);
	return path;
}

/* Cut the first segment off `*path`, which then begins with the slash behind it, or is empty. */
static struct view take_segment(struct view *path)
{
	struct view relative = resolve_relative(*path);
	size_t slash = view_find_byte(relative, '/');
	struct view segment = slash == VIEW_NOWHERE ? relative : view_part(relative, 0, slash);

	*path = view_after(relative, segment.count);
	return segment;
}

static bool find_stage(
	const struct resolve_input *input, struct view api_id, struct view stage, struct resolve_result *ret)
{
	ret->api = snapshot_api_find(input->snapshot, api_id);
	if (!ret->api)
		return fail(ret, "no deployed API has this id");
	ret->stage = snapshot_stage_find(ret->api, stage);
	if (!ret->stage)
		return fail(ret, "the API has no such stage");
	if (ret->stage->deployment->type != SNAPSHOT_PRIVATE) {
		ret->stage = NULL;
		return fail(ret, "the API is not private");
	}
	ret->deployment = ret->stage->deployment;
	ret->variables = &ret->stage->variables;
	return true;
}

/* By a default name: the stage is the first segment; the default endpoint must be enabled. */
static bool resolve_default(
	const struct resolve_input *input, struct view api_id, bool by_alias, struct resolve_result *ret)
{
	struct view stage;

	ret->path = input->path;
	stage = take_segment(&ret->path);
	if (!find_stage(input, api_id, stage, ret))
		return false;
	if (ret->stage->default_endpoint_disabled) {
		ret->stage = NULL;
		return fail(ret, "the default endpoint is disabled");
	}
	if (by_alias && !snapshot_is_associated(ret->stage->deployment, input->endpoint_id)) {
		ret->stage = NULL;
		return fail(ret, "the stage is not deployed with this endpoint");
	}
	return true;
}

/* {api}-{vpce} as one label: the endpoint named must be the one that the call came by. */
static bool resolve_label(const struct resolve_input *input, struct view label, struct resolve_result *ret)
{
	size_t at = view_find(label, view_of("-vpce-"));

	if (at == VIEW_NOWHERE)
		return resolve_default(input, label, false, ret);
	if (!view_equals(view_after(label, at + 1), input->endpoint_id))
		return fail(ret, "the alias names another endpoint");
	return resolve_default(input, view_part(label, 0, at), true, ret);
}

static bool resolve_domain(const struct resolve_input *input, struct resolve_result *ret)
{
	struct view relative = resolve_relative(input->path),
		    path = { .at = input->path.at, .count = input->path.count };
	struct view stage;

	/* Leading slashes of the target collapse to one: keep the last of them. */
	if (relative.count < path.count)
		path = view_after(path, path.count - relative.count - 1);
	ret->base_path = snapshot_base_path_find(ret->domain, path, &ret->path);
	if (!ret->base_path)
		return fail(ret, "the domain has no base path for this path");
	stage = ret->base_path->stage;
	if (stage.count == 0)
		stage = take_segment(&ret->path);
	return find_stage(input, ret->base_path->api_id, stage, ret);
}

bool resolve_canary(struct resolve_result *ret, double drawn)
{
	const struct snapshot_canary *canary = ret->stage->canary;

	if (!canary || drawn >= canary->percent)
		return true;
	ret->deployment = canary->deployment;
	ret->variables = &canary->variables;
	ret->is_canary = true;
	return canary->deployment->type == SNAPSHOT_PRIVATE || fail(ret, "the API of the canary is not private");
}

struct view resolve_variable(const struct resolve_result *resolved, struct view name)
{
	return resolved->variables ? snapshot_variable(resolved->variables, name) : (struct view){ 0 };
}

bool resolve(const struct resolve_input *input, struct resolve_result *ret)
{
	struct view host, label;

	memset(ret, 0, sizeof *ret);
	ret->endpoint = snapshot_endpoint_find(input->snapshot, input->endpoint_id);
	if (!ret->endpoint)
		return fail(ret, "the endpoint is unknown");
	if (!normalise_host(input->host, ret))
		return fail(ret, "the host is too long");
	host = view_from(ret->host, ret->host_bytes);
	if (input->api_id.at)
		return resolve_default(input, view_trim(input->api_id), false, ret);
	if (default_label(input->snapshot, host, &label))
		return resolve_label(input, label, ret);
	ret->domain = snapshot_domain_find(input->snapshot, input->endpoint_id, host);
	if (!ret->domain)
		return fail(ret, "the host names no API and no domain of this endpoint");
	return resolve_domain(input, ret);
}
