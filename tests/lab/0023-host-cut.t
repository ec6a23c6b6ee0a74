#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A host is cut off while its guest goes on writing. Not a byte of it reaches the disk after the fence,
# also when the host is back.
. "$(dirname "$0")/host_loss.sh"

lose cut
settings_say
done_testing
