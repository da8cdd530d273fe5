# SPDX-License-Identifier: GPL-3.0-or-later
# wolfSSL, tuned and static, from Debian's source package: built once, kept by version and flags in the build folder.
$(WOLFSSL)/lib/libwolfssl.a: tests/build/wolfssl.sh
	@sh tests/build/wolfssl.sh $(WOLFSSL)
