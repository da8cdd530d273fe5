#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Build wolfSSL, tuned and static, from Debian's source package into the folder $1 (include/, lib/libwolfssl.a, VERSION).
#
# Debian's shared library is built without assembly. The source of the current stable suite is preferred; where it can't
# be reached, that of bookworm. apt runs with lists and configuration of its own, so nothing in /etc changes; the
# package's signature is checked by apt, and the upstream archive is pinned by its checksum where we know it.
set -eu

target=$1
work=$target.work
flags='--enable-static --disable-shared --enable-intelasm --enable-aesni --enable-sp=yes,4096 --enable-sp-asm --enable-tls13
	--disable-oldtls --enable-sni --enable-alpn --enable-session-ticket --enable-ocsp --enable-ocspstapling
	--enable-ocspstapling2 --enable-crl --enable-certgen --enable-certreq --enable-certext --enable-keygen
	--enable-curve25519 --enable-ed25519 --enable-hkdf --enable-pkcs7 --enable-keying-material --enable-opensslextra=no
	--disable-examples --disable-crypttests --disable-benchmark --disable-md5 --disable-dh --disable-errorqueue'
defines='-O3 -fPIC -DWOLFSSL_GETRANDOM -DWOLFSSL_ALT_NAMES -DWOLFSSL_TICKET_HAVE_ID -DHAVE_EX_DATA'
orig_5_7_2_sha256=0f2ed82e345b833242705bbc4b08a2a2037a33f7bf9c610efae6464f6b10e305

say() { echo "wolfssl: $*" >&2; }

rm -rf "$work"
mkdir -p "$work/apt/lists/partial" "$work/apt/cache/archives/partial" "$work/apt/etc" "$work/source"

# The machine's own mirror, another suite: derived from its sources (deb822 or one-line), never written back.
mirror=$(cat /etc/apt/sources.list.d/*.sources 2>/dev/null |
	awk 'BEGIN{RS=""} / bookworm( |\n)/ {for (i = 1; i < NF; i++) if ($i == "URIs:") {print $(i + 1); exit}}')
[ -n "$mirror" ] || mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
	sed 's/\[[^]]*\]//' | awk '$1 == "deb" && $3 == "bookworm" {print $2; exit}')
[ -n "$mirror" ] || { say 'no bookworm mirror in /etc/apt: add one, or set WOLFSSL to a finished build'; exit 1; }

source_of() { # suite
	cat > "$work/apt/etc/sources.list" <<LIST
deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $1 main
LIST
	apt_options="-o Dir::Etc::sourcelist=$work/apt/etc/sources.list -o Dir::Etc::sourceparts=/dev/null
		-o Dir::State::lists=$work/apt/lists -o Dir::Cache=$work/apt/cache -o APT::Sandbox::User=root
		-o Acquire::Languages=none"
	# shellcheck disable=SC2086
	apt-get $apt_options update -q >&2 && (cd "$work/source" && apt-get $apt_options source -q --only-source wolfssl >&2)
}

source_of trixie || { say 'trixie is out of reach, taking the source of bookworm'; rm -rf "$work/source"/*; source_of bookworm; }

tree=$(find "$work/source" -maxdepth 1 -type d -name 'wolfssl-*' | head -1)
version=$(sed -n 's/^Version: //p' "$work"/source/*.dsc | head -1)
case $version in
5.7.2*)
	orig=$(find "$work/source" -maxdepth 1 -name 'wolfssl_*.orig.tar.*' ! -name '*.asc' | head -1)
	echo "$orig_5_7_2_sha256  $orig" | sha256sum -c - >&2
	;;
5.5.4*) defines="$defines -DNO_SESSION_CACHE" ;;
esac
say "building $version"
cd "$tree"
mkdir -p build-aux wolfssl
touch wolfssl/options.h
autoreconf -ivf > "$work/log" 2>&1 || { tail -30 "$work/log" >&2; exit 1; }
# shellcheck disable=SC2086
./configure --prefix="$target" $flags CFLAGS="$defines" >> "$work/log" 2>&1 || { tail -30 "$work/log" >&2; exit 1; }
make -j2 >> "$work/log" 2>&1 || { tail -30 "$work/log" >&2; exit 1; }
rm -rf "$target"
make install >> "$work/log" 2>&1 || { tail -30 "$work/log" >&2; exit 1; }
echo "$version" > "$target/VERSION"
rm -rf "$work"
