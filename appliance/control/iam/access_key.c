/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/iam/access_key.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/log.h"
#include "appliance/base/random.h"
#include "appliance/control/acm/certificates.h"
#include "appliance/control/first_start.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"
#include "appliance/control/state_file.h"
#include "appliance/crypto/cms.h"
#include "appliance/crypto/compare.h"

#define ID_START "AKIA"
#define CREDENTIALS "credentials"
#define CREDENTIALS_SEALED "credentials.cms"

/* Whom the settings want a key for: the holder of a certificate. */
struct holder {
	bool is_there;
	bool is_unusable; /* wolfCrypt does not understand what the settings' reader took for a certificate */
	struct certificate certificate;
	char fingerprint[CERTIFICATE_FINGERPRINT_CHARS + 1];
	char key_fingerprint[CERTIFICATE_FINGERPRINT_CHARS + 1]; /* "" if there is none */
};

static int find_holder(struct call *call, struct holder *ret)
{
	const char *pem = call->control->settings.operator_certificate;
	int error;

	memset(ret, 0, sizeof *ret);
	if (!pem)
		return 0;
	error = certificate_parse(&ret->certificate, view_from_text(pem), &call->arena);
	if (error == -ENOMEM)
		return error;
	ret->is_there = true;
	ret->is_unusable = error < 0 || cms_refusal(&ret->certificate);
	if (ret->is_unusable)
		return 0;
	certificate_write_fingerprint(ret->fingerprint, &ret->certificate);
	certificate_write_key_fingerprint(ret->key_fingerprint, &ret->certificate);
	return 0;
}

/* Can a key be sealed to it, today? */
static bool can_get_a_key(const struct holder *holder)
{
	if (holder->is_unusable) {
		log_error("operator_certificate can't be used: no access key is made for it");
		return false;
	}
	if (holder->certificate.not_after_s >= certificates_now_s())
		return true;
	log_error("operator_certificate has ended: no access key is made for it",
		LOG_TEXT("sha256_fingerprint", holder->fingerprint),
		LOG_INT("ended_s", holder->certificate.not_after_s));
	return false;
}

/* --- the record --------------------------------------------------------------------------------------------------------------------- */

static int put_record(struct call *call, const char *id, const char *secret, const char *operator_key)
{
	struct json JSON_CLEANUP *body = json_object_new();
	struct json *own = json_ensure_object(body, "postern");
	struct view sealed;
	int error = certificate_seal_text(&sealed, &call->control->key, id, view_from_text(secret), &call->arena);

	if (error < 0)
		return error;
	json_set_c_string(body, "accessKeyId", id);
	json_set(body, "arn", json_text_new_printf("arn:aws:iam::%s:root", control_account(call->control)));
	json_set_text(own, "sealedSecret", sealed);
	if (operator_key[0])
		json_set_c_string(own, "operatorKey", operator_key);
	record_put(call, STORE_accesskey, id, NULL, body);
	return 0;
}

/* The secret of a stored key, or NULL if it can't be opened. */
static const char *stored_secret(struct call *call, const struct json *record)
{
	struct view secret;

	if (certificate_open_sealed(&secret, &call->control->key, json_find_c_string(record, "accessKeyId"),
		    json_find_text(json_find(record, "postern"), "sealedSecret"), &call->arena) < 0)
		return NULL;
	return secret.at;
}

/* "" for a key that is in the clear. */
static const char *operator_key_of(const struct json *record)
{
	const char *fingerprint = json_find_c_string(json_find(record, "postern"), "operatorKey");

	return fingerprint ? fingerprint : "";
}

static bool is_pair(struct call *call, const struct json *record, const char *id, const char *secret)
{
	const char *stored;

	if (!view_equals_text(json_find_text(record, "accessKeyId"), id) || operator_key_of(record)[0])
		return false;
	stored = stored_secret(call, record);
	return stored && compare_secret(view_from_text(stored), view_from_text(secret));
}

/* A new key in the place of all that there are. */
static int replace(
	struct call *call, const struct json *keys, const char *id, const char *secret, const char *operator_key)
{
	JSON_EACH(key, keys)
	record_delete(call, STORE_accesskey, json_find_c_string(key, "accessKeyId"));
	return put_record(call, id, secret, operator_key);
}

void access_key_pair_make(struct access_key_pair *ret)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	*ret = (struct access_key_pair){ .id = ID_START };
	random_upper_alnum(ret->id + strlen(ID_START), ACCESS_KEY_ID_CHARS - strlen(ID_START));
	for (size_t i = 0; i < ACCESS_KEY_SECRET_CHARS; i++)
		ret->secret[i] = alphabet[random_below(sizeof alphabet - 1)];
}

static int make(struct call *call, const struct json *keys, const char *operator_key)
{
	struct access_key_pair pair;
	int error;

	access_key_pair_make(&pair);
	error = replace(call, keys, pair.id, pair.secret, operator_key);
	compare_wipe(&pair, sizeof pair);
	return error;
}

int access_key_settle(struct call *call)
{
	const struct control_settings *settings = &call->control->settings;
	struct json JSON_CLEANUP *keys = record_list(call, STORE_accesskey, NULL);
	const struct json *first = json_at(keys, 0);
	struct holder holder;
	int error;

	if (call->store_error < 0)
		return call->store_error;
	if (settings->access_key_id) {
		if (json_count(keys) == 1 && is_pair(call, first, settings->access_key_id, settings->secret_access_key))
			return 0;
		return replace(call, keys, settings->access_key_id, settings->secret_access_key, "");
	}
	error = find_holder(call, &holder);
	if (error < 0)
		return error;
	if (holder.is_there && (!first || strcmp(operator_key_of(first), holder.key_fingerprint) != 0))
		return can_get_a_key(&holder) ? make(call, keys, holder.key_fingerprint) : 0;
	if (!first)
		return make(call, keys, "");
	return stored_secret(call, first) ? 0 : -EBADMSG;
}

/* --- to the operator ----------------------------------------------------------------------------------------------------------------- */

static struct view credentials_text(
	struct call *call, const char *id, const char *secret, const char *authority_fingerprint)
{
	const struct control *control = call->control;

	return call_view(call,
		"# Access key of this Postern. Use: AWS_SHARED_CREDENTIALS_FILE=<this file> aws --endpoint-url %s ...\n"
		"# SHA256 Fingerprint of its private CA: %s\n"
		"[default]\naws_access_key_id = %s\naws_secret_access_key = %s\nregion = %s\n",
		control->settings.management_url ? control->settings.management_url : "http://127.0.0.1:4566",
		authority_fingerprint, id, secret, control_region(control));
}

/* Does credentials.cms hold this key, sealed to this certificate? */
static bool is_handed_over(struct call *call, const char *id, const struct holder *holder)
{
	char room[STATE_FILE_MAX_BYTES];
	struct view content;

	return state_file_read(call->control, CREDENTIALS_SEALED, room, &content) == 0 &&
	       view_find(content, call_view(call, "access key %s ", id)) != VIEW_NOWHERE &&
	       view_find(content, view_from_text(holder->fingerprint)) != VIEW_NOWHERE;
}

/* All of it in one piece as far as a pipe takes it: other programs write there too. */
static void show(struct view text)
{
	while (text.count) {
		ssize_t count = write(STDERR_FILENO, text.at, text.count);

		if (count < 0 && errno != EINTR)
			return;
		text = view_after(text, count < 0 ? 0 : (size_t)count);
	}
}

static int hand_over_sealed(struct call *call, const struct holder *holder, const char *id, struct view credentials)
{
	struct view sealed, text;
	int error;

	if (is_handed_over(call, id, holder) || !can_get_a_key(holder))
		return 0;
	error = cms_seal(&sealed, credentials, &holder->certificate, &call->arena);
	if (error < 0)
		return error;
	text = call_view(call,
		"# The access key %s of this Postern, sealed to the certificate with the\n"
		"# SHA256 Fingerprint %s\n"
		"# The holder of its private key opens what follows, from BEGIN to END in a file of its own, with\n"
		"# openssl cms -decrypt -inform PEM -in FILE -inkey KEY -recip CERTIFICATE\n" VIEW_FMT,
		id, holder->fingerprint, VIEW_ARG(sealed));
	show(text);
	return state_file_write(call->control, CREDENTIALS_SEALED, 0600, text);
}

int access_key_hand_over(struct call *call, const char *authority_fingerprint)
{
	struct json JSON_CLEANUP *keys = record_list(call, STORE_accesskey, NULL);
	const struct json *record = json_at(keys, 0);
	const char *id = json_find_c_string(record, "accessKeyId"), *secret;
	struct holder holder;
	struct view credentials;
	bool is_sealed = operator_key_of(record)[0];
	int error = find_holder(call, &holder);

	/* What another key left behind, in the clear or not, is of no use and may mislead. */
	if (error == 0 && (is_sealed || !id))
		error = state_file_remove(call->control, CREDENTIALS);
	if (error == 0 && !is_sealed)
		error = state_file_remove(call->control, CREDENTIALS_SEALED);
	if (error < 0 || !id)
		return error;
	secret = stored_secret(call, record);
	if (!secret)
		return -EBADMSG;
	credentials = credentials_text(call, id, secret, authority_fingerprint);
	if (!is_sealed)
		error = state_file_write(call->control, CREDENTIALS, 0600, credentials);
	else if (strcmp(operator_key_of(record), holder.key_fingerprint) == 0)
		error = hand_over_sealed(call, &holder, id, credentials);
	compare_wipe((char *)(uintptr_t)credentials.at, credentials.count);
	return error;
}
