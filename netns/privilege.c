/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netns/privilege.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <seccomp.h>

#include "netns/sanitizer.h"

static const struct {
	unsigned int number;
	const char *name;
} kept[] = {
	{ CAP_NET_ADMIN, "CAP_NET_ADMIN" },
	{ CAP_SYS_ADMIN, "CAP_SYS_ADMIN" },
	{ CAP_BPF, "CAP_BPF" },
	{ CAP_NET_BIND_SERVICE, "CAP_NET_BIND_SERVICE" },
	{ CAP_SETUID, "CAP_SETUID" },
	{ CAP_SETGID, "CAP_SETGID" },
	{ CAP_SETPCAP, "CAP_SETPCAP" },
	{ CAP_KILL, "CAP_KILL" },
};

#define KEPT_COUNT (sizeof kept / sizeof *kept)

struct capability_sets {
	struct __user_cap_header_struct header;
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
};

static int read_sets(struct capability_sets *sets)
{
	*sets = (struct capability_sets){ .header.version = _LINUX_CAPABILITY_VERSION_3 };
	return syscall(SYS_capget, &sets->header, sets->data) < 0 ? -errno : 0;
}

static int write_sets(uint64_t permitted)
{
	struct capability_sets sets = { .header.version = _LINUX_CAPABILITY_VERSION_3 };

	for (unsigned int i = 0; i < 2; i++)
		sets.data[i].permitted = sets.data[i].effective = (uint32_t)(permitted >> (32 * i));
	return syscall(SYS_capset, &sets.header, sets.data) < 0 ? -errno : 0;
}

static bool has(const struct capability_sets *sets, unsigned int number)
{
	return sets->data[number / 32].effective & (1u << (number % 32));
}

const char *privilege_missing(void)
{
	struct capability_sets sets;

	if (read_sets(&sets) < 0)
		return "capget";
	for (size_t i = 0; i < KEPT_COUNT; i++)
		if (!has(&sets, kept[i].number))
			return kept[i].name;
	return NULL;
}

static uint64_t kept_bits(void)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < KEPT_COUNT; i++)
		bits |= (uint64_t)1 << kept[i].number;
	return bits;
}

/* Take everything but `bits` out of the bounding set. The kernel says EINVAL past the last capability it knows. */
static int narrow_bounding_set(uint64_t bits)
{
	for (unsigned int number = 0; number < 64; number++) {
		if (bits & ((uint64_t)1 << number))
			continue;
		if (prctl(PR_CAPBSET_DROP, number, 0, 0, 0) < 0)
			return errno == EINVAL ? 0 : -errno;
	}
	return 0;
}

int privilege_narrow(void)
{
	int rc = narrow_bounding_set(kept_bits());

	if (rc == 0)
		rc = write_sets(kept_bits());
	if (rc == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		rc = -errno;
	return rc;
}

int privilege_filter_calls(void)
{
	static const int refused[] = {
		SCMP_SYS(init_module),
		SCMP_SYS(finit_module),
		SCMP_SYS(delete_module),
		SCMP_SYS(kexec_load),
		SCMP_SYS(kexec_file_load),
		SCMP_SYS(reboot),
		SCMP_SYS(swapon),
		SCMP_SYS(swapoff),
		SCMP_SYS(settimeofday),
		SCMP_SYS(clock_settime),
		SCMP_SYS(clock_adjtime),
		SCMP_SYS(adjtimex),
		SCMP_SYS(keyctl),
		SCMP_SYS(add_key),
		SCMP_SYS(request_key),
		SCMP_SYS(perf_event_open),
		SCMP_SYS(open_by_handle_at),
		SCMP_SYS(process_vm_writev),
		SCMP_SYS(process_vm_readv),
		SCMP_SYS(userfaultfd),
		SCMP_SYS(acct),
		SCMP_SYS(quotactl),
		SCMP_SYS(syslog),
		SCMP_SYS(pivot_root),
		SCMP_SYS(chroot),
		SCMP_SYS(iopl),
		SCMP_SYS(ioperm),
		SCMP_SYS(vhangup),
		SCMP_SYS(sethostname),
		SCMP_SYS(setdomainname),
		SCMP_SYS(io_uring_setup),
		SCMP_SYS(mknodat),
#if !HAS_SANITIZER
		/* The leak checker of the sanitizer build stops threads by it. */
		SCMP_SYS(ptrace),
#endif
	};
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int rc = filter ? 0 : -ENOMEM;

	for (size_t i = 0; i < sizeof refused / sizeof *refused && rc == 0; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), refused[i], 0);
	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	return rc;
}

int privilege_enter_child(uid_t uid, gid_t gid, bool keep_ids)
{
	/* Without CAP_SETPCAP there is nothing in the sets that could come back by exec. */
	(void)narrow_bounding_set(0);
	if (!keep_ids && (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0))
		return -errno;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return write_sets(0);
}

static int limit(int resource, rlim_t most)
{
	const struct rlimit limits = { .rlim_cur = most, .rlim_max = most };

	return setrlimit((__rlimit_resource_t)resource, &limits) < 0 ? -errno : 0;
}

int privilege_enter_reader(uid_t id, size_t memory_bytes)
{
	int error = privilege_enter_child(id, id, geteuid() != 0);

	/* Not longer than its parent; a change of user would have undone it. */
	if (!error && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		error = -errno;
	if (!error && !HAS_SANITIZER)
		error = limit(RLIMIT_DATA, memory_bytes);
	if (!error)
		error = limit(RLIMIT_FSIZE, 0);
	return error ? error : limit(RLIMIT_CORE, 0);
}
