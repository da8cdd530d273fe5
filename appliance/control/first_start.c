/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/first_start.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/base/log.h"
#include "appliance/base/random.h"
#include "appliance/control/acm/certificates.h"
#include "appliance/control/endpoints.h"
#include "appliance/control/iam/access_key.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"
#include "appliance/control/state_file.h"
#include "appliance/crypto/authority.h"
#include "appliance/crypto/compare.h"

#define DAY_S 86400

/* --- secret.key ------------------------------------------------------------------------------------------------------------------- */

static int read_key(const struct control *control, uint8_t secret[SEAL_SECRET_BYTES])
{
	char path[CONTROL_PATH_MAX_BYTES];
	uint8_t bytes[SEAL_SECRET_BYTES + 1];
	ssize_t count;
	int fd;

	control_path(control, "secret.key", path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	count = read(fd, bytes, sizeof bytes);
	close(fd);
	if (count != SEAL_SECRET_BYTES)
		return -EBADMSG;
	memcpy(secret, bytes, SEAL_SECRET_BYTES);
	compare_wipe(bytes, sizeof bytes);
	return 0;
}

int first_start_key(struct control *control)
{
	uint8_t secret[SEAL_SECRET_BYTES];
	int error = read_key(control, secret);

	if (error == -ENOENT) {
		random_bytes(secret, sizeof secret);
		error = state_file_write(control, "secret.key", 0440, view_from(secret, sizeof secret));
	}
	if (error < 0)
		return error;
	seal_key_init(&control->key, secret);
	compare_wipe(secret, sizeof secret);
	return 0;
}

/* --- certificates ------------------------------------------------------------------------------------------------------------------ */

int64_t certificates_now_s(void)
{
	int64_t now = (int64_t)(clock_wall_ms() / 1000);

	return now > AUTHORITY_BEGIN_S ? now : AUTHORITY_BEGIN_S;
}

static int put_pair(struct call *call, enum store_kind kind, const char *id, const struct authority_pair *pair)
{
	struct json JSON_CLEANUP *body = json_object_new();
	struct certificate certificate;
	int error = certificate_parse(&certificate, pair->certificate_pem, &call->arena);

	if (error < 0)
		return error;
	certificate_describe(body, &certificate, &call->arena);
	error = certificate_seal(
		body, &call->control->key, id, pair->certificate_pem, (struct view){ 0 }, pair->key_pem, &call->arena);
	if (error == 0)
		record_put(call, kind, id, NULL, body);
	return error;
}

/* The authority with its key in the clear, in the call's arena; made if there is none. */
static int find_authority(struct call *call, struct authority_pair *ret)
{
	struct control *control = call->control;
	struct json JSON_CLEANUP *record = record_find(call, STORE_ca, "private");
	const struct json *own = json_find(record, "postern");
	struct view name =
		call_view(call, "Postern private CA %s %s", control_account(control), control_region(control));
	int error;

	if (record) {
		ret->certificate_pem = view_from_text(call_text_of(call, json_find_text(own, "certificate")));
		return certificate_open_sealed(
			&ret->key_pem, &control->key, "private", json_find_text(own, "sealedKey"), &call->arena);
	}
	if (call->store_error < 0)
		return call->store_error;
	error = authority_new(ret, name, AUTHORITY_BEGIN_S, certificates_now_s() + (int64_t)AUTHORITY_LIFE_DAYS * DAY_S,
		&call->arena);
	return error < 0 ? error : put_pair(call, STORE_ca, "private", ret);
}

/* Neither near its end, nor of a time that the clock has gone back from. */
static bool is_fresh(const struct json *record)
{
	return json_find_integer(record, "NotBefore", 0) <= certificates_now_s() &&
	       json_find_integer(record, "NotAfter", 0) >
		       certificates_now_s() + (int64_t)CERTIFICATE_RENEW_DAYS * DAY_S;
}

static int issue_default(struct call *call, const struct authority_pair *authority)
{
	struct json JSON_CLEANUP *record = record_find(call, STORE_servercertificate, "default");
	const char *region = control_region(call->control);
	struct view names[3];
	struct authority_pair pair;
	int error;

	if (record && is_fresh(record))
		return 0;
	names[0] = call_view(call, "*.execute-api.%s.amazonaws.com", region);
	names[1] = call_view(call, "*.execute-api.%s.vpce.amazonaws.com", region);
	names[2] = call_view(call, "execute-api.%s.amazonaws.com", region);
	error = authority_issue(&pair, authority, names, 3, certificates_now_s() - DAY_S,
		certificates_now_s() + (int64_t)CERTIFICATE_LIFE_DAYS * DAY_S, &call->arena);
	if (error == 0)
		error = put_pair(call, STORE_servercertificate, "default", &pair);
	if (error == 0) {
		authority_pair_wipe(&pair);
		log_info("issued the certificate of the default names", LOG_INT("days", CERTIFICATE_LIFE_DAYS));
	}
	return error;
}

static int make_certificates(struct call *call, bool write_authority)
{
	struct authority_pair authority;
	int error = find_authority(call, &authority);

	if (error == 0)
		error = issue_default(call, &authority);
	if (error == 0 && write_authority)
		error = state_file_write(call->control, "ca.pem", 0644, authority.certificate_pem);
	if (error == 0)
		authority_pair_wipe(&authority);
	return error;
}

/* --- local mode ---------------------------------------------------------------------------------------------------------------------- */

/* The endpoint that the traffic address stands for: private DNS on, reachable by all private APIs. */
static struct json *builtin_endpoint(struct call *call)
{
	struct control *control = call->control;
	struct json *endpoint = json_object_new(), *own, *addresses, *address;
	char hex[18], suffix[9];

	random_hex(hex, 17);
	json_set(endpoint, "vpcEndpointId", json_text_new_printf("vpce-%s", hex));
	json_set_c_string(endpoint, "vpcEndpointType", "Interface");
	random_hex(hex, 17);
	json_set(endpoint, "vpcId", json_text_new_printf("vpc-%s", hex));
	json_set(
		endpoint, "serviceName", json_text_new_printf("com.amazonaws.%s.execute-api", control_region(control)));
	json_set_c_string(endpoint, "state", "available");
	json_set_c_string(endpoint, "policyDocument", endpoint_full_access);
	json_set(endpoint, "subnetIdSet", json_array_new());
	json_set(endpoint, "groupSet", json_array_new());
	json_set_c_string(endpoint, "ipAddressType", "ipv4");
	json_set_c_string(json_ensure_object(endpoint, "dnsOptions"), "dnsRecordIpType", "ipv4");
	json_set_bool(endpoint, "privateDnsEnabled", true);
	json_set(endpoint, "creationTimestamp", call_now_iso(call));
	json_set(endpoint, "tagSet", json_array_new());
	own = json_ensure_object(endpoint, "postern");
	random_lower_alnum(suffix, 8);
	json_set_c_string(own, "dnsSuffix", suffix);
	json_set_bool(own, "builtin", true);
	addresses = json_ensure_array(own, "addresses");
	address = json_object_new();
	json_append(addresses, address);
	return endpoint;
}

/* "127.0.0.1:8443" or "[::1]:8443" without port and brackets. */
static struct view host_of(const char *address)
{
	struct view text = view_from_text(address);
	size_t colon = view_find_last_byte(text, ':');

	return view_trim_set(colon == VIEW_NOWHERE ? text : view_part(text, 0, colon), "[]");
}

static int make_builtin(struct call *call, struct json *appliance)
{
	struct control *control = call->control;
	const char *id = json_find_c_string(appliance, "builtinEndpointId");
	struct json JSON_CLEANUP *endpoint = id ? record_find(call, STORE_vpcendpoint, id) : NULL;
	struct view host =
		host_of(control->settings.traffic_address ? control->settings.traffic_address : "127.0.0.1:8443");
	bool is_v6 = view_find_byte(host, ':') != VIEW_NOWHERE;
	struct json JSON_CLEANUP *before = NULL;
	struct json *address;
	bool is_new = !endpoint;

	if (!endpoint) {
		endpoint = builtin_endpoint(call);
		id = json_find_c_string(endpoint, "vpcEndpointId");
		json_set_c_string(appliance, "builtinEndpointId", id);
	}
	/* The traffic address is a setting and may change between starts; the ids do not. */
	before = json_copy(endpoint);
	address = json_at(json_find(json_find(endpoint, "postern"), "addresses"), 0);
	(void)json_remove(address, is_v6 ? "ipv4" : "ipv6");
	json_set_text(address, is_v6 ? "ipv6" : "ipv4", host);
	json_set_c_string(endpoint, "ipAddressType", is_v6 ? "ipv6" : "ipv4");
	json_set_c_string(json_ensure_object(endpoint, "dnsOptions"), "dnsRecordIpType", is_v6 ? "ipv6" : "ipv4");
	if (is_new || !json_equals(before, endpoint))
		record_put(call, STORE_vpcendpoint, id, NULL, endpoint);
	snprintf(control->builtin_endpoint_id, sizeof control->builtin_endpoint_id, "%s", id);
	return 0;
}

static int make_appliance(struct call *call)
{
	struct json JSON_CLEANUP *appliance = record_find(call, STORE_appliance, "self"), *before = NULL;
	int error = 0;

	if (!appliance) {
		appliance = json_object_new();
		json_set_c_string(appliance, "accountId", control_account(call->control));
		json_set_c_string(appliance, "region", control_region(call->control));
		json_set(appliance, "created", call_now_iso(call));
	} else {
		before = json_copy(appliance);
	}
	if (call->control->settings.local)
		error = make_builtin(call, appliance);
	if (!before || !json_equals(before, appliance))
		record_put(call, STORE_appliance, "self", NULL, appliance);
	return error;
}

/* --- together ------------------------------------------------------------------------------------------------------------------------ */

static int in_transaction(struct control *control, int (*work)(struct call *call))
{
	const struct call_request nothing = { .received_wall_ms = clock_wall_ms() };
	struct call call;
	int error = store_begin(control->store);

	if (error < 0)
		return error;
	call_init(&call, control, &nothing);
	error = work(&call);
	if (error == 0)
		error = call.store_error;
	call_fini(&call);
	if (error == 0)
		return store_commit(control->store, NULL);
	store_rollback(control->store);
	return error;
}

static int make_all(struct call *call)
{
	int error = make_appliance(call);

	if (error == 0)
		error = make_certificates(call, true);
	return error < 0 ? error : access_key_settle(call);
}

/* Operators compare it with what they were shown, by a management client or by whoever gave them ca.pem. */
static int show_authority(struct call *call, char ret_fingerprint[CERTIFICATE_FINGERPRINT_CHARS + 1])
{
	struct json JSON_CLEANUP *record = record_find(call, STORE_ca, "private");
	struct certificate certificate;
	int error = call->store_error;

	if (error == 0)
		error = certificate_parse(
			&certificate, json_find_text(json_find(record, "postern"), "certificate"), &call->arena);
	if (error < 0)
		return error;
	certificate_write_fingerprint(ret_fingerprint, &certificate);
	dprintf(STDERR_FILENO, "# The private CA of this Postern: SHA256 Fingerprint=%s\n", ret_fingerprint);
	return 0;
}

/* A disk that is full or read-only: what an earlier start made serves on. */
static bool takes_no_writes(int error)
{
	return error == -EROFS || error == -ENOSPC;
}

int first_start_records(struct control *control)
{
	const struct call_request nothing = { .received_wall_ms = clock_wall_ms() };
	char fingerprint[CERTIFICATE_FINGERPRINT_CHARS + 1];
	struct json JSON_CLEANUP *authority = NULL;
	struct call call;
	int made = in_transaction(control, make_all), error;

	if (made < 0 && !takes_no_writes(made))
		return made;
	call_init(&call, control, &nothing);
	authority = record_find(&call, STORE_ca, "private");
	error = authority ? show_authority(&call, fingerprint) : made;
	if (error == 0 && made == 0)
		error = access_key_hand_over(&call, fingerprint);
	call_fini(&call);
	if (authority && takes_no_writes(made < 0 ? made : error)) {
		log_warning("the store takes no changes: serving goes on, management only reads",
			LOG_ERRNO(made < 0 ? made : error));
		return 0;
	}
	return error;
}

static int renew(struct call *call)
{
	return make_certificates(call, false);
}

void certificates_renew(struct control *control)
{
	const struct call_request nothing = { .received_wall_ms = clock_wall_ms() };
	struct json JSON_CLEANUP *record = NULL;
	struct call call;
	bool fresh;
	int error;

	call_init(&call, control, &nothing);
	record = record_find(&call, STORE_servercertificate, "default");
	fresh = record && is_fresh(record);
	call_fini(&call);
	if (fresh)
		return;
	error = in_transaction(control, renew);
	if (error < 0)
		log_error("the certificate of the default names can't be renewed", LOG_ERRNO(error));
	else if (control->settings.wake_fd >= 0)
		(void)eventfd_write(control->settings.wake_fd, 1);
}
