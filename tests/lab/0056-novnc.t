#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `vmctl vnc --browser` in a real browser: noVNC in headless Chromium gets as far as the guest's screen,
# whose name QEMU tells in the last step of the handshake and noVNC makes the page's title.
. "$(dirname "$0")/lib.sh"

for file in /usr/bin/chromium /usr/bin/curl /usr/share/novnc/vnc.html; do
	ok "$file is there (scripts/packages check lab)" test -e "$file"
done
job=$(submit alice --vm=tiny -c 1 --mem=512M <<<$'#!/bin/bash\nsleep 900')
ok "a VM to look at" as alice timeout 150 vmctl wait "$job"
vm=$(as alice vmctl show --json "$job" | jq -r .vm)
as alice bash -c "exec vmctl vnc --browser $job >url 2>url.err" &
viewer=$!
ok "vnc gives a URL" within 30 as alice test -s url
# The background options keep it from calling home, which the lab's network would refuse anyway.
# shellcheck disable=SC2016 # in alice's shell
as alice bash -c 'echo $$ >browser.pid; exec chromium "$@"' browser --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
	--disable-component-update --disable-sync --user-data-dir=/home/alice/browser --remote-debugging-port=9333 \
	"$(as alice cat url)" >"$work/browser.log" 2>&1 &
browser=$!
title()
{
	contains "$(as alice curl -s http://127.0.0.1:9333/json)" "\"title\": \"QEMU \(slurm-vm_$vm\) - noVNC\""
}
ok "the browser shows the guest's screen" within 120 title
# shellcheck disable=SC2016
as alice bash -c 'kill $(cat browser.pid)'
wait "$browser" 2>/dev/null
ended()
{
	! kill -0 "$viewer" 2>/dev/null
}
ok "vnc ends when the browser is closed" within 30 ended
as alice scancel "$job"
ok "all is gone" within 180 nothing_left "$job"
done_testing
