# SPDX-License-Identifier: GPL-3.0-or-later
# Suite of the guest: every unit test in /tests, each with a begin and an end line.
for test in /tests/*; do
	begun=$(now)
	say begin "${test##*/}"
	"$test" 2>&1
	say end "${test##*/}" "$?" "$(echo "$(now) $begun" | awk '{printf "%.1f", $1 - $2}')"
done
