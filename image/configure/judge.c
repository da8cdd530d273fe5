/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/configure/judge.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/base/json.h"
#include "appliance/launch/address.h"
#include "appliance/launch/settings.h"
#include "image/configure/confined.h"

/* The largest file takes 0.1 s; under software emulation, on a busy machine, fifty times that. */
#define JUDGE_TIMEOUT_MS 10000
#define ANSWER_MAGIC 0x4a444745u /* "JDGE" */

/* Before the texts, in this order. */
struct answer {
	uint32_t magic;
	uint8_t is_good, has_operator, waits_for_addresses, padding;
	uint32_t errors_count, settings_count, syslog_count;
};

#define ANSWER_MAX_BYTES                                                                                               \
	(sizeof(struct answer) + JUDGE_ERRORS_MAX_BYTES + JUDGE_SETTINGS_MAX_BYTES + JUDGE_SYSLOG_MAX_BYTES)

/* What the image decides: given, these must be what they are. */
static const char *const fixed[] = { "state_dir", "run_dir", "log_dir", "binaries_dir", "gateway_uid", "control_uid",
	"group_gid", "local" };

/* --- In the child -------------------------------------------------------------------------------------------------- */

static bool is_usable(struct view text, const char *name, struct buffer *errors)
{
	if (view_starts_with(text, view_of("\x1f\x8b")))
		buffer_printf(errors, "%s: it is compressed (gzip): give it as plain text\n", name);
	else if (view_starts_with(text, view_of("#!")))
		buffer_printf(errors,
			"%s: it is a script, and the image has nothing to run one: give settings (YAML)\n", name);
	else
		return true;
	return false;
}

static void check_fixed(const struct settings *settings, const char *name, struct buffer *errors)
{
	for (size_t i = 0; i < ARRAY_COUNT(fixed); i++) {
		const struct json *given = json_find(settings->tree, fixed[i]);

		if (given && !json_equals(given, json_find(settings->default_tree, fixed[i])))
			buffer_printf(errors, "%s:%u:%u: %s: can't be changed in the appliance image\n", name,
				json_line(given), json_column(given), fixed[i]);
	}
}

static bool is_any_address(const struct netns_address *address)
{
	static const uint8_t zeroes[sizeof address->bytes];

	return memcmp(address->bytes, zeroes, sizeof zeroes) == 0;
}

static bool waits_for_addresses(const struct settings *settings)
{
	for (size_t i = 0; i < settings->management.count; i++)
		if (!address_is_loopback(&settings->management.at[i]) && !is_any_address(&settings->management.at[i]))
			return true;
	return false;
}

static bool is_closed(const struct settings *settings)
{
	for (size_t i = 0; i < settings->management.count; i++)
		if (!address_is_loopback(&settings->management.at[i]))
			return false;
	return true;
}

/* The settings with management on loopback alone, where AWS-compatible servers of development listen by custom. */
static void write_closed(const struct settings *settings, struct buffer *buffer)
{
	struct json *tree = json_copy(settings->tree), *list = json_array_new();

	json_append_text(list, view_of("127.0.0.1:4566"));
	json_set(tree, "management", list);
	json_print_pretty(tree, buffer);
	buffer_append_byte(buffer, '\n');
	json_free(tree);
}

/*
 * syslog.conf, as image/syslog/config.h has it. The server was judged with the settings: HOST, HOST:PORT, [IPv6] or [IPv6]:PORT, and the port is
 * syslog's own where none is given (RFC 5425, 4.1).
 */
static void write_syslog(const struct settings *settings, struct buffer *buffer)
{
	struct view server = json_find_text(settings->tree, "syslog_server"), host, port;
	bool is_bracketed = view_starts_with(server, view_of("["));

	if (server.count == 0)
		return;
	if (is_bracketed)
		server = view_after(server, 1);
	(void)view_cut(server, is_bracketed ? ']' : ':', &host, &port);
	if (is_bracketed)
		port = view_after(port, 1);
	buffer_printf(buffer, "server " VIEW_FMT " " VIEW_FMT "\n", VIEW_ARG(host),
		VIEW_ARG(port.count ? port : view_of("6514")));
	buffer_printf(buffer, "audit %s\naccess %s\n", settings->audit_log, settings->access_log);
	buffer_append(buffer, json_find_text(settings->tree, "syslog_authorities"));
}

static bool is_given(const struct settings *settings, const char *name)
{
	return json_find_text(settings->tree, name).count > 0;
}

void judge_text(struct view text, const char *name, struct judgement *ret, struct judge_texts *texts)
{
	static struct netns_config config;
	struct settings *settings;

	if (!is_usable(text, name, &texts->errors) || settings_parse(&settings, text, name, &texts->errors) < 0)
		return;
	check_fixed(settings, name, &texts->errors);
	if (texts->errors.count == 0 && settings_to_config(settings, name, &config, &texts->errors) == 0) {
		ret->is_good = true;
		ret->has_operator = is_given(settings, "access_key_id") || is_given(settings, "operator_certificate");
		ret->waits_for_addresses = ret->has_operator && waits_for_addresses(settings);
		if (!ret->has_operator && !is_closed(settings))
			write_closed(settings, &texts->settings);
		write_syslog(settings, &texts->syslog);
	}
	settings_free(settings);
}

void judge_texts_init(struct judge_texts *texts)
{
	buffer_init(&texts->errors, JUDGE_ERRORS_MAX_BYTES);
	buffer_init(&texts->settings, JUDGE_SETTINGS_MAX_BYTES);
	buffer_init(&texts->syslog, JUDGE_SYSLOG_MAX_BYTES);
}

void judge_texts_fini(struct judge_texts *texts)
{
	buffer_fini(&texts->errors);
	buffer_fini(&texts->settings);
	buffer_fini(&texts->syslog);
}

int judge_for_running(struct view text, const char *name, struct buffer *errors)
{
	struct judgement judgement = { .is_good = false };
	struct judge_texts texts;

	judge_texts_init(&texts);
	judge_text(text, name, &judgement, &texts);
	buffer_append(errors, buffer_view(&texts.errors));
	if (judgement.is_good && !judgement.has_operator)
		buffer_printf(errors,
			"%s: neither access_key_id with secret_access_key nor operator_certificate: management would "
			"be closed\n",
			name);
	judge_texts_fini(&texts);
	return judgement.is_good && judgement.has_operator ? 0 : -EINVAL;
}

struct work {
	struct view text;
	const char *name;
};

static int judge(const void *input, int output)
{
	const struct work *work = input;
	struct judgement judgement = { .is_good = false };
	struct judge_texts texts;
	struct answer answer;
	int error;

	judge_texts_init(&texts);
	judge_text(work->text, work->name, &judgement, &texts);
	if (buffer_error(&texts.settings) || buffer_error(&texts.syslog))
		return -EMSGSIZE;
	answer = (struct answer){
		.magic = ANSWER_MAGIC,
		.is_good = judgement.is_good,
		.has_operator = judgement.has_operator,
		.waits_for_addresses = judgement.waits_for_addresses,
		.errors_count = (uint32_t)texts.errors.count,
		.settings_count = (uint32_t)texts.settings.count,
		.syslog_count = (uint32_t)texts.syslog.count,
	};
	error = confined_write(output, view_from(&answer, sizeof answer));
	if (!error)
		error = confined_write(output, buffer_view(&texts.errors));
	if (!error)
		error = confined_write(output, buffer_view(&texts.settings));
	if (!error)
		error = confined_write(output, buffer_view(&texts.syslog));
	return error;
}

/* --- As root ------------------------------------------------------------------------------------------------------- */

/* The next `count` bytes, on the heap with a NUL behind. */
static char *take(struct view *rest, size_t count)
{
	char *bytes = malloc(count + 1);

	ASSERT(bytes && "out of memory");
	memcpy(bytes, rest->at, count);
	bytes[count] = '\0';
	*rest = view_after(*rest, count);
	return bytes;
}

static int read_answer(struct view bytes, struct judgement *ret)
{
	struct answer answer;
	struct view rest;

	if (bytes.count < sizeof answer)
		return -EPROTO;
	memcpy(&answer, bytes.at, sizeof answer);
	rest = view_after(bytes, sizeof answer);
	if (answer.magic != ANSWER_MAGIC || answer.is_good > 1 || answer.has_operator > 1 ||
		answer.waits_for_addresses > 1 ||
		(uint64_t)answer.errors_count + answer.settings_count + answer.syslog_count != rest.count)
		return -EPROTO;
	*ret = (struct judgement){
		.is_good = answer.is_good,
		.has_operator = answer.has_operator,
		.waits_for_addresses = answer.waits_for_addresses,
		.settings_count = answer.settings_count,
		.syslog_count = answer.syslog_count,
	};
	ret->errors = take(&rest, answer.errors_count);
	ret->settings = answer.settings_count ? take(&rest, answer.settings_count) : NULL;
	ret->syslog = take(&rest, answer.syslog_count);
	return 0;
}

int judge_settings(struct view text, const char *name, struct judgement *ret)
{
	const struct work work = { text, name };
	size_t count;
	char *bytes;
	int error = confined_collect(CONFINED_PARSER, judge, &work, ANSWER_MAX_BYTES, JUDGE_TIMEOUT_MS, &bytes, &count);

	if (error)
		return error;
	error = read_answer(view_from(bytes, count), ret);
	free(bytes);
	return error;
}

void judgement_fini(struct judgement *judgement)
{
	free(judgement->errors);
	free(judgement->settings);
	free(judgement->syslog);
	memset(judgement, 0, sizeof *judgement);
}
