/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/configure/network_config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "appliance/base/yaml.h"

/* Longest value that is shown in a line. */
#define SHOWN_MAX_BYTES 60

/* Where a reader is: what it says of a value begins with the interface's id and the key. */
struct reading {
	struct buffer *said;
	const char *id;                     /* of the row of `ethernets`; NULL outside of them */
	struct network_interface interface; /* what the row's keys have said so far */
};

/* ---- words about values ---- */

/* What people wrote must not write on their console on its own: printable ASCII only. */
static void append_shown(struct buffer *buffer, struct view text)
{
	for (size_t i = 0; i < text.count && i < SHOWN_MAX_BYTES; i++)
		buffer_append_byte(buffer, text.at[i] >= ' ' && text.at[i] <= '~' ? text.at[i] : '?');
	if (text.count > SHOWN_MAX_BYTES)
		buffer_append_text(buffer, "...");
}

/* `network-config:3:9: ethernets.eth0.key: text`. `value` gives the place; `key` may be NULL. */
__attribute__((format(printf, 4, 5))) static void complain(
	struct reading *reading, const struct json *value, const char *key, const char *text, ...)
{
	va_list arguments;

	buffer_printf(reading->said, "network-config:%u:%u: ", json_line(value), json_column(value));
	if (reading->id) {
		buffer_append_text(reading->said, "ethernets.");
		append_shown(reading->said, view_from_text(reading->id));
		buffer_append_text(reading->said, key ? "." : ": ");
	}
	if (key)
		buffer_printf(reading->said, "%s: ", key);
	va_start(arguments, text);
	buffer_vprintf(reading->said, text, arguments);
	va_end(arguments);
	buffer_append_byte(reading->said, '\n');
}

static void complain_unknown(struct reading *reading, const struct json *member, const char *of)
{
	char shown[SHOWN_MAX_BYTES + 8];
	struct buffer name;

	buffer_init_fixed(&name, shown, sizeof shown - 1);
	append_shown(&name, json_name(member));
	shown[name.count] = '\0';
	complain(reading, member, of, "`%s` is not known here: it changes nothing", shown);
}

/* ---- values ---- */

/* A scalar as C string: texts, and numbers as they were written; NULL for others and for texts with a NUL inside. */
static const char *scalar(const struct json *value, char room[SHOWN_MAX_BYTES])
{
	struct view number = json_number_text(value);

	if (number.count == 0 || number.count >= SHOWN_MAX_BYTES)
		return json_c_string(value);
	memcpy(room, number.at, number.count);
	room[number.count] = '\0';
	return room;
}

/* YAML 1.1's words for truth are what netplan's readers write. 1, 0, or -EINVAL (said). */
static int read_flag(struct reading *reading, const struct json *value, const char *key)
{
	static const char *const words[] = { "no", "yes", "off", "on", "n", "y", "false", "true" };

	if (json_is_bool(value))
		return json_bool(value, false);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (view_equals_ignore_case(json_text(value), view_from_text(words[i])))
			return (int)(i % 2);
	complain(reading, value, key, "must be true or false: left out");
	return -EINVAL;
}

/* An address with or without a prefix length; without one it has that of a host. The bits behind the prefix stay. */
static int read_prefix(const struct json *value, struct network_address *ret, bool *ret_has_length)
{
	char address[INET6_ADDRSTRLEN + 1];
	struct view text = json_text(value), left, right;
	uint64_t bits;
	bool has_length = view_cut(text, '/', &left, &right);

	if (!json_c_string(value) || left.count == 0 || left.count >= sizeof address)
		return -EINVAL;
	memcpy(address, left.at, left.count);
	address[left.count] = '\0';
	if (network_address_parse(address, ret) < 0)
		return -EINVAL;
	bits = ret->family == AF_INET ? 32 : 128;
	if (has_length && view_parse_u64(right, bits, &bits) < 0)
		return -EINVAL;
	ret->prefix_bits = (uint8_t)bits;
	*ret_has_length = has_length;
	return 0;
}

static int read_address(const struct json *value, int family, struct network_address *ret)
{
	bool has_length;

	if (read_prefix(value, ret, &has_length) < 0 || has_length || (family && ret->family != family))
		return -EINVAL;
	ret->prefix_bits = 0;
	return 0;
}

/* Neither nobody's nor everybody's nor this machine's alone. */
static bool is_host(const struct network_address *address)
{
	static const uint8_t none[16];
	const uint8_t *at = address->bytes;

	if (address->family == AF_INET)
		return at[0] != 0 && at[0] != 127 && at[0] < 224;
	return memcmp(at, none, 15) != 0 && at[0] != 0xff;
}

static void clear_host_bits(struct network_address *prefix)
{
	for (size_t bit = prefix->prefix_bits; bit < 128; bit++)
		prefix->bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
}

/* ---- keys of an interface ---- */

static void read_addresses(struct reading *reading, const struct json *value)
{
	struct network_interface *interface = &reading->interface;

	if (!json_is_array(value))
		complain(reading, value, "addresses", "must be a list such as [10.0.0.5/24]: left out");
	JSON_EACH(item, value)
	{
		struct network_address address;
		bool has_length;

		if (interface->address_count == NETWORK_ADDRESSES_MAX) {
			complain(reading, item, "addresses", "more than %d: left out from here on",
				NETWORK_ADDRESSES_MAX);
			return;
		}
		if (!json_is_array(value) || read_prefix(item, &address, &has_length) < 0 || !has_length ||
			!address.prefix_bits || !is_host(&address))
			complain(reading, item, "addresses",
				"must be a host's address with its prefix length, such as 10.0.0.5/24: left out");
		else
			interface->addresses[interface->address_count++] = address;
	}
}

static void add_route(struct reading *reading, const struct json *place, const struct network_route *route)
{
	struct network_interface *interface = &reading->interface;

	if (interface->route_count == NETWORK_ROUTES_MAX)
		complain(reading, place, "routes", "more than %d: left out", NETWORK_ROUTES_MAX);
	else
		interface->routes[interface->route_count++] = *route;
}

static void read_gateway(struct reading *reading, const struct json *value, const char *key, int family)
{
	struct network_route route = { .to.family = (uint8_t)family, .has_via = 1 };
	struct network_address via;

	if (read_address(value, family, &via) < 0 || !is_host(&via)) {
		complain(reading, value, key, "must be an IPv%c address: left out", family == AF_INET ? '4' : '6');
		return;
	}
	memcpy(route.via, via.bytes, sizeof route.via);
	add_route(reading, value, &route);
}

/* `to` and `via`: 0, or -EINVAL (said). */
static int read_way(struct reading *reading, const struct json *row, struct network_route *ret)
{
	const struct json *to = json_find(row, "to"), *via = json_find(row, "via");
	struct network_address gateway = { .family = 0 };
	bool has_length;

	if (via && (read_address(via, 0, &gateway) < 0 || !is_host(&gateway))) {
		complain(reading, via, "routes.via", "must be an address: the route is left out");
		return -EINVAL;
	}
	if (view_equals_text(json_text(to), "default"))
		ret->to = (struct network_address){ .family = gateway.family };
	else if (read_prefix(to, &ret->to, &has_length) < 0)
		ret->to.family = 0;
	clear_host_bits(&ret->to);
	if (!ret->to.family || (!via && !ret->to.prefix_bits)) {
		complain(reading, to ? to : row, "routes.to",
			"must be a prefix or `default`, and the latter needs `via`: the route is left out");
		return -EINVAL;
	}
	if (via && gateway.family != ret->to.family) {
		complain(reading, via, "routes.via", "is not of the same family as `to`: the route is left out");
		return -EINVAL;
	}
	ret->has_via = via != NULL;
	memcpy(ret->via, gateway.bytes, sizeof ret->via);
	return 0;
}

static void read_route(struct reading *reading, const struct json *row)
{
	static const char *const known[] = { "to", "via", "metric", "on-link" };
	struct network_route route = { .metric = 0 };
	int64_t metric = 0;
	int on_link = 0;

	JSON_EACH(member, row)
	{
		size_t i = 0;

		while (i < sizeof known / sizeof *known && !view_equals_text(json_name(member), known[i]))
			i++;
		if (i == sizeof known / sizeof *known) {
			complain_unknown(reading, member, "routes");
			complain(reading, row, "routes", "the route is left out: it would not be what is meant");
			return;
		}
	}
	if (read_way(reading, row, &route) < 0)
		return;
	if (json_find(row, "metric") && json_integer(json_find(row, "metric"), 0, UINT32_MAX, &metric) < 0) {
		complain(reading, json_find(row, "metric"), "routes.metric",
			"must be a whole number: the route is left out");
		return;
	}
	if (json_find(row, "on-link"))
		on_link = read_flag(reading, json_find(row, "on-link"), "routes.on-link");
	route.metric = (uint32_t)metric;
	route.on_link = on_link > 0;
	add_route(reading, row, &route);
}

static void read_routes(struct reading *reading, const struct json *value)
{
	if (!json_is_array(value))
		complain(reading, value, "routes", "must be a list: left out");
	else
		JSON_EACH(row, value)
		{
			if (json_is_object(row))
				read_route(reading, row);
			else
				complain(reading, row, "routes", "must have `to` and `via`: left out");
		}
}

static void read_name_servers(struct reading *reading, const struct json *list)
{
	struct network_names *names = &reading->interface.names;

	JSON_EACH(item, list)
	{
		struct network_address server;

		if (names->server_count == NETWORK_NAME_SERVERS_MAX)
			complain(reading, item, "nameservers.addresses", "more than %d: left out",
				NETWORK_NAME_SERVERS_MAX);
		else if (read_address(item, 0, &server) < 0)
			complain(reading, item, "nameservers.addresses", "must be an address: left out");
		else
			names->servers[names->server_count++] = server;
	}
}

static void read_search(struct reading *reading, const struct json *list)
{
	struct network_names *names = &reading->interface.names;

	JSON_EACH(item, list)
	{
		const char *text = json_c_string(item);

		if (names->search_count == NETWORK_SEARCH_MAX)
			complain(reading, item, "nameservers.search", "more than %d: left out", NETWORK_SEARCH_MAX);
		else if (!text || !network_domain_is_sound(text))
			complain(reading, item, "nameservers.search", "must be a domain name: left out");
		else
			strcpy(names->search[names->search_count++], text);
	}
}

static void read_names(struct reading *reading, const struct json *value)
{
	if (!json_is_object(value))
		complain(reading, value, "nameservers", "must have `addresses`, `search` or both: left out");
	JSON_EACH(member, value)
	{
		if (!json_is_object(value))
			return;
		if (view_equals_text(json_name(member), "addresses") && json_is_array(member))
			read_name_servers(reading, member);
		else if (view_equals_text(json_name(member), "search") && json_is_array(member))
			read_search(reading, member);
		else
			complain_unknown(reading, member, "nameservers");
	}
}

static void read_mtu(struct reading *reading, const struct json *value)
{
	int64_t mtu;

	if (json_integer(value, NETWORK_MTU_MIN, NETWORK_MTU_MAX, &mtu) < 0)
		complain(reading, value, "mtu", "must be a number of bytes, %d to %d: left out", NETWORK_MTU_MIN,
			NETWORK_MTU_MAX);
	else
		reading->interface.mtu = (uint32_t)mtu;
}

static void read_set_name(struct reading *reading, const struct json *value)
{
	char room[SHOWN_MAX_BYTES];
	const char *name = scalar(value, room);

	if (!name || !network_name_is_sound(name) || strcmp(name, "lo") == 0)
		complain(reading, value, "set-name", "must be a name of 1 to 15 letters, digits and . _ -: left out");
	else
		strcpy(reading->interface.new_name, name);
}

static void read_key(struct reading *reading, const struct json *member)
{
	struct network_interface *interface = &reading->interface;
	const struct view name = json_name(member);
	int flag;

	if (view_equals_text(name, "match"))
		return;
	if (view_equals_text(name, "set-name")) {
		read_set_name(reading, member);
	} else if (view_equals_text(name, "addresses")) {
		read_addresses(reading, member);
	} else if (view_equals_text(name, "gateway4")) {
		read_gateway(reading, member, "gateway4", AF_INET);
	} else if (view_equals_text(name, "gateway6")) {
		read_gateway(reading, member, "gateway6", AF_INET6);
	} else if (view_equals_text(name, "routes")) {
		read_routes(reading, member);
	} else if (view_equals_text(name, "nameservers")) {
		read_names(reading, member);
	} else if (view_equals_text(name, "mtu")) {
		read_mtu(reading, member);
	} else if (view_equals_text(name, "dhcp4")) {
		interface->dhcp4 = read_flag(reading, member, "dhcp4") > 0;
	} else if (view_equals_text(name, "dhcp6")) {
		interface->dhcp6 = read_flag(reading, member, "dhcp6") > 0;
	} else if (view_equals_text(name, "optional")) {
		interface->optional = read_flag(reading, member, "optional") > 0;
	} else if (view_equals_text(name, "accept-ra")) {
		flag = read_flag(reading, member, "accept-ra");
		if (flag >= 0)
			interface->advertisements = flag ? NETWORK_RA_YES : NETWORK_RA_NO;
	} else {
		complain_unknown(reading, member, NULL);
	}
}

/* ---- which NICs ---- */

static bool is_mac(const char *text, const uint8_t mac[6])
{
	char own[18];

	snprintf(own, sizeof own, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	return view_equals_ignore_case(view_from_text(text), view_from_text(own));
}

static bool fits(const char *pattern, const char *name)
{
	return fnmatch(pattern, name, 0) == 0;
}

/* `driver` may be one pattern or a list of them. */
static bool driver_fits(const struct json *value, const char *driver)
{
	const char *pattern = json_c_string(value);

	if (pattern)
		return fits(pattern, driver);
	JSON_EACH(item, value)
	{
		pattern = json_is_array(value) ? json_c_string(item) : NULL;
		if (pattern && fits(pattern, driver))
			return true;
	}
	return false;
}

/* Every word of `match` must fit; one that is not known fits nothing. Without `match` the row's id is the NIC's name. */
static bool row_fits(const struct json *row, const char *id, const struct network_nic *nic)
{
	const struct json *match = json_find(row, "match");
	char room[SHOWN_MAX_BYTES];

	if (!match)
		return strcmp(id, nic->name) == 0;
	if (!json_is_object(match))
		return false;
	JSON_EACH(member, match)
	{
		const char *text = scalar(member, room);

		if (view_equals_text(json_name(member), "driver")) {
			if (!driver_fits(member, nic->driver))
				return false;
		} else if (!text) {
			return false;
		} else if (view_equals_text(json_name(member), "macaddress")) {
			if (!is_mac(text, nic->mac))
				return false;
		} else if (!view_equals_text(json_name(member), "name") || !fits(text, nic->name)) {
			return false;
		}
	}
	return true;
}

static struct network_interface *interface_of(struct network_plan *plan, uint32_t index)
{
	for (size_t i = 0; i < plan->interface_count; i++)
		if (plan->interfaces[i].index == index)
			return &plan->interfaces[i];
	return NULL;
}

static struct network_interface *add_interface(struct network_plan *plan, uint32_t index)
{
	if (plan->interface_count == NETWORK_INTERFACES_MAX)
		return NULL;
	plan->interfaces[plan->interface_count].index = index;
	return &plan->interfaces[plan->interface_count++];
}

/* The row, for every NIC that it fits. */
static void read_row(
	struct reading *reading, const struct json *row, const struct network_nics *nics, struct network_plan *plan)
{
	size_t found = 0;

	reading->interface = (struct network_interface){ .index = 0 };
	JSON_EACH(member, row)
	read_key(reading, member);
	for (size_t i = 0; i < nics->count; i++) {
		struct network_interface *interface;

		if (!row_fits(row, reading->id, &nics->at[i]))
			continue;
		if (interface_of(plan, nics->at[i].index)) {
			complain(reading, row, NULL, "%s fits an earlier row, too: that one holds", nics->at[i].name);
			found++;
			continue;
		}
		interface = add_interface(plan, nics->at[i].index);
		if (!interface) {
			complain(reading, row, NULL, "more than %d interfaces: left out", NETWORK_INTERFACES_MAX);
			return;
		}
		reading->interface.index = interface->index;
		*interface = reading->interface;
		/* One name can't be two NICs'. */
		if (found++ && interface->new_name[0]) {
			complain(reading, row, "set-name", "several NICs fit: only the first is renamed");
			interface->new_name[0] = '\0';
		}
	}
	if (!found)
		complain(reading, row, NULL, "this machine has no such NIC");
}

/* ---- the whole ---- */

static void read_ethernets(struct reading *reading, const struct json *ethernets, const struct network_nics *nics,
	struct network_plan *plan)
{
	char id[SHOWN_MAX_BYTES + 1];

	JSON_EACH(row, ethernets)
	{
		struct view name = json_name(row);

		if (name.count >= sizeof id || memchr(name.at, '\0', name.count)) {
			complain(reading, row, NULL, "the name of this row of `ethernets` is too long: left out");
			continue;
		}
		memcpy(id, name.at, name.count);
		id[name.count] = '\0';
		reading->id = id;
		if (json_is_object(row))
			read_row(reading, row, nics, plan);
		else
			complain(reading, row, NULL, "must have keys: left out");
		reading->id = NULL;
	}
}

static bool is_version_2(const struct json *network)
{
	const struct json *version = json_find(network, "version");
	char room[SHOWN_MAX_BYTES];
	const char *text = scalar(version, room);

	return !version || (text && strcmp(text, "2") == 0);
}

static void read_document(struct reading *reading, const struct json *document, const struct network_nics *nics,
	struct network_plan *plan)
{
	const struct json *network =
		json_is_object(json_find(document, "network")) ? json_find(document, "network") : document;
	const struct json *ethernets = json_find(network, "ethernets");

	if (!is_version_2(network)) {
		complain(reading, json_find(network, "version"), NULL,
			"only version 2 is understood: write `version: 2` and `ethernets:`, or leave network-config "
			"out for DHCP");
		return;
	}
	JSON_EACH(member, network)
	{
		if (!json_is_object(network))
			break;
		if (!view_equals_text(json_name(member), "version") &&
			!view_equals_text(json_name(member), "ethernets"))
			complain_unknown(reading, member, NULL);
	}
	if (json_is_object(ethernets))
		read_ethernets(reading, ethernets, nics, plan);
	else
		complain(reading, ethernets ? ethernets : network, NULL, "there are no `ethernets`");
}

/* ---- what the settings have NICs do ---- */

enum { NOTHING, CARRIES, MOVES };

static int settings_use(const struct json *settings, const char *name)
{
	const struct json *networks = json_find(settings, "networks");
	int use = NOTHING;

	JSON_EACH(row, networks)
	{
		struct view attachment = json_find_text(row, "attachment");

		if (!json_is_array(networks) || !view_equals_text(json_find_text(row, "interface"), name))
			continue;
		if (view_equals_text(attachment, "nic"))
			return MOVES;
		if (view_equals_text(attachment, "macvlan") || view_equals_text(attachment, "ipvlan"))
			use = CARRIES;
	}
	return use;
}

/* The rest of a moved NIC's configuration is its endpoint's. */
static void leave_to_endpoint(struct network_interface *interface, const char *name, struct buffer *said)
{
	struct network_interface kept = { .index = interface->index, .mtu = interface->mtu, .use = NETWORK_USE_MOVED };

	if (interface->address_count || interface->route_count || network_plan_wants_dhcpcd(interface))
		buffer_printf(said,
			"%s is given to an endpoint by `networks` of the settings: it gets neither addresses nor "
			"routes here\n",
			name);
	memcpy(kept.new_name, interface->new_name, sizeof kept.new_name);
	*interface = kept;
}

static void heed_settings(
	const struct json *settings, const struct network_nics *nics, struct network_plan *plan, struct buffer *said)
{
	for (size_t i = 0; i < nics->count; i++) {
		struct network_interface *interface = interface_of(plan, nics->at[i].index);
		const char *name = interface && interface->new_name[0] ? interface->new_name : nics->at[i].name;
		int use = settings_use(settings, name);

		if (use == MOVES && interface)
			leave_to_endpoint(interface, name, said);
		else if (use == CARRIES && !interface && (interface = add_interface(plan, nics->at[i].index)) != NULL)
			interface->use = NETWORK_USE_CARRIER;
	}
}

static void use_first_nic(const struct json *settings, const struct network_nics *nics, struct network_plan *plan)
{
	for (size_t i = 0; i < nics->count; i++) {
		struct network_interface *interface;

		if (settings_use(settings, nics->at[i].name) == MOVES)
			continue;
		interface = add_interface(plan, nics->at[i].index);
		interface->dhcp4 = interface->dhcp6 = 1;
		interface->advertisements = NETWORK_RA_YES;
		return;
	}
}

void network_config_plan(const struct network_wanted *wanted, struct network_plan *ret, struct buffer *said)
{
	struct reading reading = { .said = said };
	struct json *config = NULL, *settings = NULL;
	struct json_error error;

	*ret = (struct network_plan){ .magic = NETWORK_PLAN_MAGIC };
	/* Others judge the settings and say what is wrong with them. */
	if (wanted->settings.at && yaml_parse(wanted->settings, NULL, &settings, NULL) < 0)
		settings = NULL;
	if (wanted->config.at) {
		if (yaml_parse(wanted->config, NULL, &config, &error) < 0)
			buffer_printf(said, "network-config:%u:%u: %s\n", error.line, error.column, error.rule);
		else
			read_document(&reading, config, wanted->nics, ret);
		if (!ret->interface_count)
			buffer_append_text(said,
				"network-config can't be used: as without one, the first NIC is set up by DHCP\n");
	}
	if (!ret->interface_count)
		use_first_nic(settings, wanted->nics, ret);
	heed_settings(settings, wanted->nics, ret, said);
	json_free(config);
	json_free(settings);
}

void network_config_carriers(struct view settings, const struct network_nics *nics, struct network_plan *ret)
{
	struct json *document = NULL;

	*ret = (struct network_plan){ .magic = NETWORK_PLAN_MAGIC };
	if (yaml_parse(settings, NULL, &document, NULL) < 0)
		return;
	/* Nothing is moved yet, and thus nothing is said. */
	heed_settings(document, nics, ret, NULL);
	json_free(document);
}

void network_config_time(struct view settings, struct network_time_servers *ret, struct buffer *said)
{
	struct json *document = NULL;
	const struct json *list;

	*ret = (struct network_time_servers){ .count = 0 };
	if (yaml_parse(settings, NULL, &document, NULL) < 0)
		return;
	list = json_find(document, "ntp_servers");
	JSON_EACH(item, list)
	{
		const char *text = json_is_array(list) ? json_c_string(item) : NULL;
		struct network_address address;

		if (ret->count == NETWORK_TIME_SERVERS_MAX)
			break;
		if (!text || (network_address_parse(text, &address) < 0 && !network_domain_is_sound(text)))
			buffer_printf(said, "settings:%u:%u: ntp_servers: must be names or addresses: left out\n",
				json_line(item), json_column(item));
		else
			strcpy(ret->names[ret->count++], text);
	}
	json_free(document);
}
