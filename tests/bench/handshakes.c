/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * handshakes: makes full TLS 1.3 handshakes with a server, one after another: key share P-256, no ticket, nothing verified (the client's
 * work is not what is measured), no request; the connection is closed as soon as the handshake is done.
 *
 * usage: handshakes PORT COUNT SERVER_NAME      (127.0.0.1; prints the number that succeeded)
 */
#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* One handshake. True if it succeeded. */
static int handshake(WOLFSSL_CTX *context, const struct sockaddr_in *address, const char *name)
{
	WOLFSSL *ssl = wolfSSL_new(context);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1, done = 0;

	if (ssl && fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) == 0) {
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		done = wolfSSL_UseSNI(ssl, WOLFSSL_SNI_HOST_NAME, name, (unsigned short)strlen(name)) ==
			       WOLFSSL_SUCCESS &&
		       wolfSSL_UseKeyShare(ssl, WOLFSSL_ECC_SECP256R1) == WOLFSSL_SUCCESS &&
		       wolfSSL_set_fd(ssl, fd) == WOLFSSL_SUCCESS && wolfSSL_connect(ssl) == WOLFSSL_SUCCESS;
	}
	wolfSSL_free(ssl);
	if (fd >= 0)
		close(fd);
	return done;
}

int main(int argument_count, char **arguments)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	WOLFSSL_CTX *context;
	int succeeded = 0;

	if (argument_count != 4) {
		fprintf(stderr, "usage: handshakes PORT COUNT SERVER_NAME\n");
		return 2;
	}
	address.sin_port = htons((uint16_t)atoi(arguments[1]));
	wolfSSL_Init();
	context = wolfSSL_CTX_new(wolfTLSv1_3_client_method());
	if (!context)
		return 1;
	wolfSSL_CTX_set_verify(context, WOLFSSL_VERIFY_NONE, NULL);
	for (int i = atoi(arguments[2]); i > 0; i--)
		succeeded += handshake(context, &address, arguments[3]);
	printf("%d\n", succeeded);
	wolfSSL_CTX_free(context);
	wolfSSL_Cleanup();
	return 0;
}
