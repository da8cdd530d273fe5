/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/configure/lease_facts.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>

#include "appliance/base/view.h"

/* Longest word that is looked at: a domain name. */
#define WORD_BYTES NETWORK_DOMAIN_BYTES

/* A router may have sent several options of a kind, and several routers may have: nd1_rdnss1_servers, nd2_rdnss1_servers … */
static bool is_advertised(struct view name, const char *option, const char *field)
{
	size_t at = 2;

	if (!view_starts_with(name, view_of("nd")))
		return false;
	while (at < name.count && name.at[at] >= '0' && name.at[at] <= '9')
		at++;
	name = view_after(name, at);
	if (!view_starts_with(name, view_of("_")))
		return false;
	name = view_after(name, 1);
	if (!view_starts_with(name, view_from_text(option)))
		return false;
	at = strlen(option);
	while (at < name.count && name.at[at] >= '0' && name.at[at] <= '9')
		at++;
	return view_equals_text(view_after(name, at), field);
}

static bool is_one_of(struct view name, const char *const *names)
{
	for (; *names; names++)
		if (view_equals_text(name, *names))
			return true;
	return false;
}

enum meaning { NOTHING, NAME_SERVERS, DOMAINS, TIME_SERVERS };

static enum meaning meaning_of(struct view name, enum network_lease_kind kind)
{
	static const char *const dhcp4_domains[] = { "new_domain_search", "new_domain_name", NULL };
	static const char *const dhcp6_times[] = { "new_dhcp6_ntp_server_addr", "new_dhcp6_sntp_servers", NULL };

	switch (kind) {
	case NETWORK_LEASE_DHCP4:
		if (view_equals_text(name, "new_domain_name_servers"))
			return NAME_SERVERS;
		if (view_equals_text(name, "new_ntp_servers"))
			return TIME_SERVERS;
		return is_one_of(name, dhcp4_domains) ? DOMAINS : NOTHING;
	case NETWORK_LEASE_DHCP6:
		if (view_equals_text(name, "new_dhcp6_name_servers"))
			return NAME_SERVERS;
		if (view_equals_text(name, "new_dhcp6_domain_search"))
			return DOMAINS;
		/* The option 56 of RFC 5908 comes in parts; dhcpcd numbers them in some versions. */
		return is_one_of(name, dhcp6_times) || (view_starts_with(name, view_of("new_dhcp6_ntp_server")) &&
							       view_ends_with(name, view_of("_addr")))
			       ? TIME_SERVERS
			       : NOTHING;
	case NETWORK_LEASE_RA:
		if (is_advertised(name, "rdnss", "_servers"))
			return NAME_SERVERS;
		return is_advertised(name, "dnssl", "_search") ? DOMAINS : NOTHING;
	case NETWORK_LEASE_KINDS_COUNT:
		break;
	}
	return NOTHING;
}

/* Without the scope that dhcpcd adds to a link-local address: it is the lease's interface. */
static bool read_server(char *word, struct network_address *ret)
{
	char *scope = strchr(word, '%');

	if (scope)
		*scope = '\0';
	return network_address_parse(word, ret) == 0;
}

static void add_word(char *word, enum meaning meaning, struct network_lease *ret)
{
	struct network_address address;
	size_t count = strlen(word);

	if (meaning == DOMAINS) {
		/* A last dot says no more. */
		if (count && word[count - 1] == '.')
			word[count - 1] = '\0';
		if (ret->names.search_count < NETWORK_SEARCH_MAX && network_domain_is_sound(word))
			strcpy(ret->names.search[ret->names.search_count++], word);
	} else if (read_server(word, &address)) {
		if (meaning == NAME_SERVERS && ret->names.server_count < NETWORK_NAME_SERVERS_MAX)
			ret->names.servers[ret->names.server_count++] = address;
		else if (meaning == TIME_SERVERS && ret->time_server_count < NETWORK_TIME_SERVERS_MAX)
			ret->time_servers[ret->time_server_count++] = address;
	}
}

void lease_facts_read(const struct lease_facts_source *source, struct network_lease *ret)
{
	*ret = (struct network_lease){ .magic = NETWORK_LEASE_MAGIC, .kind = source->kind };
	for (const char *const *line = source->environment; *line; line++) {
		struct view name, value, word;
		enum meaning meaning;
		char text[WORD_BYTES];

		if (!view_cut(view_from_text(*line), '=', &name, &value))
			continue;
		meaning = meaning_of(name, source->kind);
		while (meaning != NOTHING && value.at && view_split(&value, ' ', &word)) {
			if (word.count == 0 || word.count >= sizeof text)
				continue;
			memcpy(text, word.at, word.count);
			text[word.count] = '\0';
			add_word(text, meaning, ret);
		}
	}
}
