# SPDX-License-Identifier: GPL-3.0-or-later
# Suite of the guest: every unit test in /tests, one after the other, for some have their limits in time. If the kernel refuses the
# filter's program, its verifier says why, and no test is run that would only fail.
mount -t bpf none /sys/fs/bpf
if ! bpftool --legacy prog load /filter.o /sys/fs/bpf/filter > /dev/null 2>&1; then
	bpftool --debug prog load /filter.o /sys/fs/bpf/filter 2>&1 | tail -n 60
	say failed 'the kernel refuses the filter'
	finish
fi
for test in /tests/*; do
	begun=$(now)
	say begin "${test##*/}"
	"$test" 2>&1
	say end "${test##*/}" "$?" "$(since "$begun")"
done
