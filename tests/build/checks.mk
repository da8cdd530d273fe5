# SPDX-License-Identifier: GPL-3.0-or-later
# What is run to judge the tree: lint, tests, demo, benchmark, fuzzing.

print-%:
	@echo '$($*)'
