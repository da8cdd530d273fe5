/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * modprobe: loads what the kernel asks for by name: `modprobe -q -- NAME`. Started by the kernel alone; knows the names in the image's
 * own list and nothing else.
 * Source: the kernel's kernel/kmod.c.
 */
#include <unistd.h>

#include "image/init/modules.h"

#define NAMES_LIST "/usr/share/postern/module-names"

int main(int argc, char **argv)
{
	return argc == 4 && modules_load_named(NAMES_LIST, argv[3]) == 0 ? 0 : 1;
}
