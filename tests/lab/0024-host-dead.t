#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A host's power goes.
# long: a lost host is noticed after a minute, and 0023 waits for that already
. "$(dirname "$0")/host_loss.sh"

lose kill
settings_say
done_testing
