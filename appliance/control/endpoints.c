/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/endpoints.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "appliance/base/log.h"
#include "appliance/control/filter/filter.h"
#include "appliance/control/networks.h"
#include "appliance/control/posternd.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"

/* As EC2 prints it. */
const char endpoint_full_access[] =
	"{\n  \"Statement\": [\n    {\n      \"Action\": \"*\", \n      \"Effect\": \"Allow\", \n"
	"      \"Principal\": \"*\", \n      \"Resource\": \"*\"\n    }\n  ]\n}";

/* The fixed zone of endpoint names in us-east-1; Postern uses it in every region. Source: spec/endpoints.md 3. */
#define ENDPOINT_ZONE_ID "Z7HUB22UULQXV"
#define PRIVATE_ZONE_ID "Z0POSTERNPRIVATEDNS0"

bool endpoint_is_builtin(const struct json *endpoint)
{
	return json_find_bool(json_find(endpoint, "postern"), "builtin", false);
}

const char *endpoint_filter_mode(const struct json *endpoint)
{
	const char *mode = json_find_c_string(json_find(endpoint, "postern"), "filterMode");

	return mode ? mode : "reset";
}

static int add_address(struct verb_endpoint_create *order, const struct control *control, const struct json *address,
	const char *member, int family)
{
	const char *text = json_find_c_string(address, member);
	/* By the subnet's id: the table's order is the settings', and may be another one than when the endpoint was made. */
	const char *subnet_id = json_find_c_string(address, "subnetId");
	long index = subnet_id ? network_find_subnet(control, subnet_id) : -1;
	struct verb_address *entry = &order->addresses[order->address_count];
	const struct netns_network *network;

	if (!text)
		return 0;
	if (index < 0)
		log_error(
			"networks in the settings has no such subnet", LOG_TEXT("subnet", subnet_id ? subnet_id : ""));
	if (order->address_count == VERB_ADDRESSES_MAX || index < 0)
		return -EINVAL;
	network = &control->networks[index];
	entry->network_index = (uint32_t)index;
	entry->family = (uint16_t)family;
	entry->prefix_bits = family == AF_INET ? network->v4.prefix_bits : network->v6.prefix_bits;
	if (inet_pton(family, text, entry->bytes) != 1)
		return -EINVAL;
	order->address_count++;
	return 0;
}

int endpoint_order(struct control *control, const struct json *endpoint)
{
	struct verb_endpoint_create order = { .filter_mode = (uint32_t)filter_mode_of(endpoint_filter_mode(endpoint)),
		.filter_dns = filter_dns_of(control->settings.filter_dns) };
	struct view id = json_find_text(endpoint, "vpcEndpointId");
	int error = 0;

	if (id.count >= sizeof order.id)
		return -EINVAL;
	memcpy(order.id, id.at, id.count);
	JSON_EACH(address, json_find(json_find(endpoint, "postern"), "addresses"))
	{
		error = add_address(&order, control, address, "ipv4", AF_INET);
		if (error == 0)
			error = add_address(&order, control, address, "ipv6", AF_INET6);
		if (error < 0)
			return error;
	}
	return order.address_count ? posternd_call(control, VERB_ENDPOINT_CREATE, &order, NULL, 0, NULL) : 0;
}

int endpoint_take_down(struct control *control, const char *id)
{
	struct verb_endpoint_id order = { { 0 } };

	if (strlen(id) >= sizeof order.id)
		return -EINVAL;
	memcpy(order.id, id, strlen(id));
	filter_forget(control, id);
	return posternd_call(control, VERB_ENDPOINT_DELETE, &order, NULL, 0, NULL);
}

static bool is_listed(const struct verb_endpoint_list *list, struct view id)
{
	for (uint32_t i = 0; i < list->count && i < VERB_ENDPOINTS_MAX; i++)
		if (view_equals_text(id, list->endpoints[i].id))
			return true;
	return false;
}

static bool is_stored(const struct json *endpoints, const char *id)
{
	JSON_EACH(endpoint, endpoints)
	if (view_equals_text(json_find_text(endpoint, "vpcEndpointId"), id))
		return true;
	return false;
}

static void reconcile(struct control *control, const struct verb_endpoint_list *list, const struct json *endpoints)
{
	int error;

	for (uint32_t i = 0; i < list->count && i < VERB_ENDPOINTS_MAX; i++) {
		if (list->endpoints[i].kind != VERB_ENDPOINT_NAMESPACE || is_stored(endpoints, list->endpoints[i].id))
			continue;
		error = endpoint_take_down(control, list->endpoints[i].id);
		log_info("an endpoint that is not stored was taken down", LOG_TEXT("endpoint", list->endpoints[i].id),
			LOG_ERRNO(error));
	}
	JSON_EACH(endpoint, endpoints)
	{
		struct view id = json_find_text(endpoint, "vpcEndpointId");

		if (endpoint_is_builtin(endpoint) || is_listed(list, id))
			continue;
		error = endpoint_order(control, endpoint);
		if (error < 0)
			log_error("a stored endpoint can't be made", LOG_VIEW("endpoint", id), LOG_ERRNO(error));
	}
}

void endpoints_reconcile(struct control *control)
{
	const struct call_request nothing = { .received_wall_ms = 0 };
	struct verb_endpoint_list list;
	struct verb_message *reply;
	struct call call;
	int error = posternd_call(control, VERB_ENDPOINT_LIST, NULL, NULL, 0, &reply);

	if (error < 0) {
		control->filters_stale = error != -ENOTCONN;
		return;
	}
	list = reply->body.endpoint_list;
	call_init(&call, control, &nothing);
	if (!control->settings.local) {
		struct json JSON_CLEANUP *endpoints = record_list(&call, STORE_vpcendpoint, NULL);

		if (call.store_error == 0)
			reconcile(control, &list, endpoints);
	}
	call_fini(&call);
	filter_forget_loaded(control);
	filter_refresh(control);
}

static void add_entry(struct json *entries, struct json *name, const char *zone_id)
{
	struct json *entry = json_object_new();

	json_set(entry, "dnsName", name);
	json_set_c_string(entry, "hostedZoneId", zone_id);
	json_append(entries, entry);
}

struct json *endpoint_dns_entries(const struct control *control, const struct json *endpoint)
{
	const struct json *own = json_find(endpoint, "postern");
	const char *id = json_find_c_string(endpoint, "vpcEndpointId"), *suffix = json_find_c_string(own, "dnsSuffix");
	const char *region = control_region(control);
	struct json *entries = json_array_new();

	add_entry(entries, json_text_new_printf("%s-%s.execute-api.%s.vpce.amazonaws.com", id, suffix, region),
		ENDPOINT_ZONE_ID);
	JSON_EACH(address, json_find(own, "addresses"))
	{
		const char *zone = json_find_c_string(address, "availabilityZone");

		if (zone && *zone)
			add_entry(entries,
				json_text_new_printf(
					"%s-%s-%s.execute-api.%s.vpce.amazonaws.com", id, suffix, zone, region),
				ENDPOINT_ZONE_ID);
	}
	if (json_find_bool(endpoint, "privateDnsEnabled", false)) {
		add_entry(entries, json_text_new_printf("execute-api.%s.amazonaws.com", region), PRIVATE_ZONE_ID);
		add_entry(entries, json_text_new_printf("*.execute-api.%s.amazonaws.com", region), PRIVATE_ZONE_ID);
	}
	return entries;
}
