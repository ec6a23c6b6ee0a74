#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A host's power goes.
. "$(dirname "$0")/host_loss.sh"

lose kill
settings_say
done_testing
