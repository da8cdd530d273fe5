/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * modules: the kernel's modules that this machine needs, without udev.
 *
 * A list made with the image names them in the order in which they can be loaded, one a line: the file, then the patterns of
 * the devices that it is for, as the kernel writes them into `modalias`. A module without patterns is always loaded, any
 * other if one of the machine's devices matches. Devices appear as buses find them: modules_load() may be called again, and
 * loads what has become of use since.
 *
 * What no device asks for, the kernel asks for itself when it is used: kinds of links, of filters, of file systems. It starts
 * /sbin/modprobe with a name (modprobe.c); a second list says which files that name stands for.
 *
 * Process: stage1, init, modprobe; single-threaded.
 */
#ifndef POSTERN_INIT_MODULES_H
#define POSTERN_INIT_MODULES_H

/* Longest line of a list: drivers of many devices have many patterns. */
#define MODULES_LINE_BYTES 65536
/* The list of the root's own modules, within the root. */
#define MODULES_OF_THE_ROOT "/usr/share/postern/modules"

/*
 * Load what `list_path` says; it and the files that it names are below the folder `root`, "" for what is the root already. A module
 * that can't be loaded is named on the console, once a call, and is no error.
 */
void modules_load(const char *root, const char *list_path);

/* Load the files that stand behind `name` in the lines of `list_path`: a name, then files in the order of loading. -ENOENT if none does. */
int modules_load_named(const char *list_path, const char *name) __attribute__((warn_unused_result));

#endif
