/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Servers that behave, and all that don't: each a process on loopback that plays a script. */
#include "tests/unit/support.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "appliance/base/clock.h"
#include "image/configure/source_ec2.h"

#define TOKEN "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nAQAAtok="

static const struct ec2_limits quick = {
	.absent_ms = 300, .whole_ms = 1500, .exchange_ms = 300, .pause_ms = 10, .broken_max = 3
};

/* A server's answers, connection by connection; after the last one it goes on with that. Prefix "~": nothing more is sent, and it stays open;
 * "*": the rest is sent for ever. */
struct server {
	struct sockaddr_in address;
	pid_t pid;
	int requests; /* read end: the first line of each request and the token's field */
};

static void say_for_ever(int fd, const char *text)
{
	while (send(fd, text, strlen(text), MSG_NOSIGNAL) > 0)
		;
}

static _Noreturn void serve(int listener, int requests, const char *const answers[])
{
	for (size_t i = 0;; i += answers[i + 1] ? 1 : 0) {
		int fd = accept(listener, NULL, NULL);
		char request[4096], *field;
		ssize_t count = recv(fd, request, sizeof request - 1, 0);

		request[count > 0 ? count : 0] = '\0';
		field = strstr(request, "X-aws-ec2-metadata-token: ");
		dprintf(requests, "%.*s|%.*s\n", (int)strcspn(request, "\r"), request,
			field ? (int)strcspn(field, "\r") : 0, field ? field : "");
		if (answers[i][0] == '*')
			say_for_ever(fd, answers[i] + 1);
		else if (answers[i][0] == '~')
			(void)!send(fd, answers[i] + 1, strlen(answers[i] + 1), MSG_NOSIGNAL);
		else
			(void)!send(fd, answers[i], strlen(answers[i]), MSG_NOSIGNAL);
		if (answers[i][0] != '~')
			close(fd);
	}
}

static struct server start(const char *const answers[])
{
	struct server server = { .address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) } };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), ends[2];
	socklen_t size = sizeof server.address;

	assert_int_equal(0, bind(listener, (struct sockaddr *)&server.address, size));
	assert_int_equal(0, listen(listener, 8));
	assert_int_equal(0, getsockname(listener, (struct sockaddr *)&server.address, &size));
	assert_int_equal(0, pipe2(ends, O_CLOEXEC | O_NONBLOCK));
	server.pid = fork();
	if (server.pid == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0)
		serve(listener, ends[1], answers);
	close(listener);
	close(ends[1]);
	server.requests = ends[0];
	return server;
}

static void stop(struct server *server)
{
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	close(server->requests);
}

static enum ec2_outcome ask(const struct server *server, struct buffer *body, char why[EC2_WHY_BYTES])
{
	const struct sockaddr *const addresses[] = { (const struct sockaddr *)&server->address };
	const socklen_t sizes[] = { sizeof server->address };

	buffer_init(body, EC2_BODY_MAX_BYTES);
	return ec2_ask(addresses, sizes, 1, &quick, body, why);
}

static void test_user_data(void **state)
{
	static const char *const answers[] = { TOKEN, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nregion: x\n",
		NULL };
	struct server server = start(answers);
	struct buffer body;
	char why[EC2_WHY_BYTES], requests[512] = "";

	(void)state;
	assert_int_equal(EC2_FOUND, ask(&server, &body, why));
	assert_string_equal("region: x\n", buffer_text(&body));
	assert_true(read(server.requests, requests, sizeof requests - 1) > 0);
	assert_string_equal(
		"PUT /latest/api/token HTTP/1.1|\nGET /latest/user-data HTTP/1.1|X-aws-ec2-metadata-token: AQAAtok=\n",
		requests);
	buffer_fini(&body);
	stop(&server);
}

/* What is asked, what comes of it, and a part of why. */
static void assert_outcome(enum ec2_outcome outcome, const char *why_part, const char *const answers[])
{
	struct server server = start(answers);
	struct buffer body;
	char why[EC2_WHY_BYTES];
	uint64_t begun_ms = clock_monotonic_ms();
	enum ec2_outcome is = ask(&server, &body, why);

	if (is != outcome || !strstr(why, why_part))
		fail_msg("%s: %d, %s", answers[0], is, why);
	assert_in_range(clock_monotonic_ms() - begun_ms, 0, (uint64_t)quick.whole_ms + 1000);
	buffer_fini(&body);
	stop(&server);
}

#define OUTCOME(outcome, why_part, ...) assert_outcome(outcome, why_part, (const char *const[]){ __VA_ARGS__, NULL })

static void test_nothing(void **state)
{
	(void)state;
	OUTCOME(EC2_NOTHING, "", TOKEN, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
	OUTCOME(EC2_NOTHING, "", TOKEN, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}

static void test_strangers(void **state)
{
	(void)state;
	OUTCOME(EC2_BROKEN, "no token: its answer is no HTTP", "SSH-2.0-OpenSSH_9.2\r\n");
	OUTCOME(EC2_BROKEN, "no token: its answer is no HTTP", "");
	OUTCOME(EC2_BROKEN, "no token: it answers with status 302",
		"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n");
	OUTCOME(EC2_BROKEN, "no token: it answers with status 405", "HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n");
	OUTCOME(EC2_BROKEN, "no token: its answer is no HTTP", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\na\r\nb");
	OUTCOME(EC2_BROKEN, "no token: its answer is no HTTP", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	OUTCOME(EC2_BROKEN, "no token: Connection timed out", "~");
	OUTCOME(EC2_BROKEN, "no token: Connection timed out", "~HTTP/1.1 200 OK\r\nContent-Le");
	OUTCOME(EC2_BROKEN, "no token: its answer is too long", "*HTTP/1.1 200 OK\r\n\r\n");
	OUTCOME(EC2_BROKEN, "no user-data: its answer is too long", TOKEN,
		"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", TOKEN,
		"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", TOKEN,
		"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n");
	OUTCOME(EC2_BROKEN, "no user-data: Connection timed out", TOKEN,
		"~HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", TOKEN, "~", TOKEN, "~");
	OUTCOME(EC2_BROKEN, "no user-data: it answers with status 401", TOKEN,
		"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", TOKEN, "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n",
		TOKEN, "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n");
}

/* A service that is only just starting. */
static void test_a_second_try(void **state)
{
	static const char *const answers[] = { "HTTP/1.1 503 Wait\r\nContent-Length: 0\r\n\r\n", "", TOKEN,
		"HTTP/1.1 200 OK\r\n\r\nregion: x\n", NULL };
	struct server server = start(answers);
	struct buffer body;
	char why[EC2_WHY_BYTES];

	(void)state;
	assert_int_equal(EC2_FOUND, ask(&server, &body, why));
	assert_string_equal("region: x\n", buffer_text(&body));
	buffer_fini(&body);
	stop(&server);
}

static void test_nobody(void **state)
{
	static const char *const answers[] = { "", NULL };
	struct server server = start(answers);
	struct buffer body;
	char why[EC2_WHY_BYTES];
	uint64_t begun_ms = clock_monotonic_ms();

	(void)state;
	stop(&server);
	assert_int_equal(EC2_ABSENT, ask(&server, &body, why));
	assert_in_range(clock_monotonic_ms() - begun_ms, (uint64_t)quick.absent_ms, (uint64_t)quick.whole_ms);
	assert_string_equal("no token: Connection refused", why);
	buffer_fini(&body);
}

static void write_fact(const char *folder, const char *name, const char *text)
{
	char path[128];
	int fd;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_int_equal((ssize_t)strlen(text), write(fd, text, strlen(text)));
	close(fd);
}

static void test_machines(void **state)
{
	char folder[] = "/tmp/source_ec2_test.XXXXXX", command[64];

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_false(ec2_is_likely(folder));
	write_fact(folder, "sys_vendor", "QEMU\n");
	write_fact(folder, "product_uuid", "4dc6a2ec-0000-0000-0000-000000000000\n");
	assert_false(ec2_is_likely(folder));
	write_fact(folder, "product_uuid", "EC2E1916-9099-7CAF-FD21-012345ABCDEF\n");
	assert_true(ec2_is_likely(folder));
	write_fact(folder, "product_uuid", "");
	write_fact(folder, "sys_vendor", "Amazon EC2\n");
	assert_true(ec2_is_likely(folder));
	snprintf(command, sizeof command, "rm -rf %s", folder);
	assert_int_equal(0, system(command));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_user_data),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_a_second_try),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_machines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
