# SPDX-License-Identifier: GPL-3.0-or-later
# The Debian package: image/debian/build.py.

.PHONY: deb deb-test
deb: all
	@$(PYTHON) -B image/debian/build.py --version $(VERSION) --build $(B) --output $(B)

# Installs it in a copy of this host's root, with systemd as the init of namespaces of its own.
deb-test: need-root deb
	@POSTERN_BUILD=$(B) $(PYTHON) -B -m pytest -q -p no:cacheprovider -c tests/scenarios/pytest.ini tests/image/deb_test.py
