/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/launch/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "appliance/base/assert.h"
#include "appliance/base/log.h"
#include "netns/sanitizer.h"

/* --- Files --------------------------------------------------------------------------------------------------------- */

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define CHANGE                                                                                                         \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |              \
		LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR)
/* What only files have: a rule for a file must not name rights of folders. */
#define OF_FILES (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_EXECUTE)
/* All rights that the first version of Landlock knows: what is not allowed below is denied. */
#define ALL_OF_VERSION_1 ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

int sandbox_landlock_version(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return version < 0 ? 0 : (int)version;
}

/* Allow `rights` below `path`. What does not exist needs no rule. */
static int allow(int ruleset, const char *path, uint64_t rights)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = rights };
	struct stat facts;
	int error = 0;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return errno == ENOENT || errno == EACCES ? 0 : -errno;
	if (fstat(rule.parent_fd, &facts) == 0 && !S_ISDIR(facts.st_mode))
		rule.allowed_access &= OF_FILES;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		error = -errno;
	close(rule.parent_fd);
	return error;
}

/*
 * What writes the list of name servers (systemd-resolved, a DHCP client) replaces the file that /etc/resolv.conf leads to: its folder is
 * allowed, as a rule for a file would be one for that which is there now.
 */
static int allow_name_servers(int ruleset)
{
	char *path = realpath("/etc/resolv.conf", NULL), *end = path ? strrchr(path, '/') : NULL;
	int error = 0;

	if (end && end > path) {
		*end = '\0';
		error = allow(ruleset, path, READ);
	}
	free(path);
	return error;
}

static int allow_all(int ruleset, enum sandbox_role role, const struct settings *settings)
{
	/* names and authorities; what libraries load late; what glibc reads to count processors */
	static const char *const readable[] = { "/etc", "/usr/lib", "/usr/share", "/lib", "/proc/self",
		"/proc/sys/kernel/random/boot_id", "/sys/devices/system/cpu", "/dev/urandom", "/dev/null" };
	int error = allow(ruleset, settings->state_dir, role == SANDBOX_CONTROL ? READ | CHANGE : READ);

	for (size_t i = 0; i < ARRAY_COUNT(readable) && !error; i++)
		error = allow(ruleset, readable[i], READ);
	if (!error)
		error = allow_name_servers(ruleset);
	/* the console's last lines, which begin a new file now and then */
	if (!error && role == SANDBOX_CONTROL)
		error = allow(ruleset, settings->run_dir, READ);
	if (!error && role == SANDBOX_GATEWAY && settings->backend_ca_file[0])
		error = allow(ruleset, settings->backend_ca_file, READ);
	return error;
}

int sandbox_files(enum sandbox_role role, const struct settings *settings)
{
	const struct landlock_ruleset_attr attributes = { .handled_access_fs = ALL_OF_VERSION_1 };
	long ruleset;
	int error;

	if (sandbox_landlock_version() == 0) {
		log_warning("this kernel has no Landlock: the folders that the program can reach are not restricted "
			    "further");
		return 0;
	}
	ruleset = syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
	if (ruleset < 0)
		return -errno;
	error = allow_all((int)ruleset, role, settings);
	if (!error && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		error = -errno;
	if (!error && syscall(SYS_landlock_restrict_self, (int)ruleset, 0) < 0)
		error = -errno;
	close((int)ruleset);
	if (error)
		log_error("Landlock can't be set up", LOG_ERRNO(error));
	return error;
}

/* --- System calls -------------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	bool allowed[2]; /* by role */
} calls[] = {
#define SYSTEM_CALL(name_, gateway, control) { .name = #name_, .allowed = { gateway, control } },
#include "appliance/launch/system_calls.def"
};

static int fill_filter(scmp_filter_ctx filter, enum sandbox_role role)
{
	int error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);

	for (size_t i = 0; i < ARRAY_COUNT(calls) && !error; i++) {
		int number = seccomp_syscall_resolve_name(calls[i].name);

		/* a call that this machine does not have needs no permission */
		if (calls[i].allowed[role] && number != __NR_SCMP_ERROR && number >= 0)
			error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
	}
	/* Threads, but no processes. clone3 hides its flags from the filter: glibc goes back to clone when it is told so. */
	if (!error)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
			SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	if (!error)
		error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return error;
}

int sandbox_system_calls(enum sandbox_role role)
{
	scmp_filter_ctx filter;
	int error;

#if HAS_SANITIZER
	return 0;
#endif
	filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (!filter)
		return -ENOMEM;
	error = fill_filter(filter, role);
	if (!error)
		error = seccomp_load(filter);
	seccomp_release(filter);
	if (error)
		log_error("the system call filter can't be set up", LOG_ERRNO(error));
	return error;
}
