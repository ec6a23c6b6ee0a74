#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A short selection of tests/faults: a guest that stands still while watches break, and a vmd that
# dies in a stream of jobs. All of them: make check-faults.
# long: faults one after the other, each in a stream of jobs
exec "$(dirname "$0")/../faults/run" --build "${LAB_BUILD:?}" --guests qemu --short qemu_frozen vmd_killed watches_broken
