/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/outbound/fetch.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>

struct receiver {
	const struct fetch_request *request;
	CURL *curl;
	int error;
};

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void start_curl(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

static int write_all(int fd, const char *bytes, size_t count)
{
	while (count > 0) {
		ssize_t written = write(fd, bytes, count);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -EIO;
		bytes += written;
		count -= (size_t)written;
	}
	return 0;
}

static size_t receive(char *bytes, size_t size, size_t count, void *context)
{
	struct receiver *receiver = context;
	struct buffer *buffer = receiver->request->answer;
	long status = 0;

	if (!buffer) {
		curl_easy_getinfo(receiver->curl, CURLINFO_RESPONSE_CODE, &status);
		if (status == 200) {
			receiver->error = write_all(receiver->request->answer_fd, bytes, size * count);
			return receiver->error ? 0 : size * count;
		}
		buffer = receiver->request->refusal;
	}
	buffer_append_bytes(buffer, bytes, size * count);
	receiver->error = buffer_error(buffer);
	return receiver->error ? 0 : size * count;
}

/* A line of the answer's head. */
static size_t receive_head(char *bytes, size_t size, size_t count, void *context)
{
	const struct fetch_request *request = ((struct receiver *)context)->request;
	struct view name, value;

	if (view_cut(view_from(bytes, size * count), ':', &name, &value))
		for (size_t i = 0; i < request->wanted_count; i++)
			if (view_equals_ignore_case(name, view_from_text(request->wanted[i].name)))
				snprintf(request->wanted[i].at, request->wanted[i].room_bytes, VIEW_FMT,
					VIEW_ARG(view_trim_set(value, " \t\r\n")));
	return size * count;
}

static int errno_of(CURLcode code, const struct receiver *receiver)
{
	switch (code) {
	case CURLE_COULDNT_CONNECT:
		return -ECONNREFUSED;
	case CURLE_OPERATION_TIMEDOUT:
		return -ETIMEDOUT;
	case CURLE_COULDNT_RESOLVE_HOST:
		return -EHOSTUNREACH;
	case CURLE_PEER_FAILED_VERIFICATION:
		return -EKEYREJECTED;
	case CURLE_SSL_CACERT_BADFILE:
		return -ENOKEY;
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return -EINVAL;
	case CURLE_OUT_OF_MEMORY:
		return -ENOMEM;
	case CURLE_WRITE_ERROR:
		return receiver->error ? receiver->error : -EIO;
	default:
		return -EPROTO;
	}
}

/* curl's own list of header lines. NULL if memory ran out. */
static struct curl_slist *header_lines(const struct fetch_request *request)
{
	/* An empty Expect keeps curl from waiting for 100 Continue. */
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");

	for (size_t i = 0; list && i < request->header_count; i++) {
		struct curl_slist *longer = NULL;
		char *line;

		if (asprintf(&line, VIEW_FMT ": " VIEW_FMT, VIEW_ARG(request->headers[i].name),
			    VIEW_ARG(request->headers[i].value)) >= 0) {
			longer = curl_slist_append(list, line);
			free(line);
		}
		if (!longer)
			curl_slist_free_all(list);
		list = longer;
	}
	return list;
}

static void set_options(CURL *curl, const struct fetch_request *request, struct receiver *receiver,
	struct curl_slist *headers, char *message)
{
	message[0] = '\0';
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, message);
	curl_easy_setopt(curl, CURLOPT_URL, request->url);
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L); /* what was signed is what is sent */
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (request->ca_file)
		curl_easy_setopt(curl, CURLOPT_CAINFO, request->ca_file);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, request->connect_timeout_ms);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, request->timeout_ms);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, receiver);
	for (size_t i = 0; i < request->wanted_count; i++)
		request->wanted[i].at[0] = '\0';
	if (request->wanted_count) {
		curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, receive_head);
		curl_easy_setopt(curl, CURLOPT_HEADERDATA, receiver);
	}
	if (request->body.at) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.count);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body.at);
	}
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
}

int fetch(const struct fetch_request *request, char message[FETCH_MESSAGE_BYTES])
{
	char curl_message[CURL_ERROR_SIZE];
	struct receiver receiver = { .request = request };
	struct curl_slist *headers;
	CURLcode code;
	long status = 0;
	int result;

	if (request->header_count > FETCH_HEADERS_MAX_COUNT)
		return -EINVAL;
	pthread_once(&curl_once, start_curl);
	receiver.curl = curl_easy_init();
	headers = header_lines(request);
	if (!receiver.curl || !headers) {
		snprintf(message, FETCH_MESSAGE_BYTES, "out of memory");
		result = -ENOMEM;
		goto out;
	}
	set_options(receiver.curl, request, &receiver, headers, curl_message);
	code = curl_easy_perform(receiver.curl);
	curl_easy_getinfo(receiver.curl, CURLINFO_RESPONSE_CODE, &status);
	result = code == CURLE_OK ? (int)status : errno_of(code, &receiver);
	if (code != CURLE_OK)
		snprintf(message, FETCH_MESSAGE_BYTES, "%s", curl_message[0] ? curl_message : curl_easy_strerror(code));
out:
	curl_slist_free_all(headers);
	curl_easy_cleanup(receiver.curl);
	return result;
}

/* What curl noted of each certificate: lines "name:value", the one of the name Cert being the PEM text. */
static int take_chain(const struct curl_certinfo *chain, struct buffer *ret)
{
	static const char name[] = "Cert:";

	for (int i = 0; i < chain->num_of_certs; i++)
		for (const struct curl_slist *line = chain->certinfo[i]; line; line = line->next)
			if (strncmp(line->data, name, sizeof name - 1) == 0) {
				buffer_append_text(ret, line->data + sizeof name - 1);
				buffer_append_text(ret, "\n");
			}
	return buffer_error(ret);
}

int fetch_chain(const char *url, long timeout_ms, struct buffer *ret, char message[FETCH_MESSAGE_BYTES])
{
	const struct fetch_request request = {
		.method = "GET", .url = url, .connect_timeout_ms = timeout_ms, .timeout_ms = timeout_ms
	};
	char curl_message[CURL_ERROR_SIZE];
	struct receiver receiver = { .request = &request };
	struct curl_certinfo *chain = NULL;
	CURLcode code;
	int result;

	pthread_once(&curl_once, start_curl);
	receiver.curl = curl_easy_init();
	if (!receiver.curl)
		return -ENOMEM;
	set_options(receiver.curl, &request, &receiver, NULL, curl_message);
	curl_easy_setopt(receiver.curl, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(receiver.curl, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(receiver.curl, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(receiver.curl, CURLOPT_CERTINFO, 1L);
	curl_easy_setopt(receiver.curl, CURLOPT_CONNECT_ONLY, 1L);
	code = curl_easy_perform(receiver.curl);
	result = code == CURLE_OK ? 0 : errno_of(code, &receiver);
	if (code != CURLE_OK)
		snprintf(message, FETCH_MESSAGE_BYTES, "%s", curl_message[0] ? curl_message : curl_easy_strerror(code));
	else if (curl_easy_getinfo(receiver.curl, CURLINFO_CERTINFO, &chain) == CURLE_OK && chain)
		result = take_chain(chain, ret);
	curl_easy_cleanup(receiver.curl);
	return result;
}
