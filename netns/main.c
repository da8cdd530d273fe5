/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The program posternd. Everything is in netns/posternd.c, where tests can reach it. */
#include "netns/posternd.h"

int main(int argc, char **argv)
{
	return posternd_main(argc, argv);
}
