// SPDX-License-Identifier: 0BSD
// Pages that name this file find it: the SDK works with fetch and WebCrypto of the platform and needs no library.
