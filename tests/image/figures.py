# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures that tests measure: shown at the end of the run."""
noted = {}


def note(name, value):
    noted[name] = value
