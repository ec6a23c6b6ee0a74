#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The users of a guest are told that its time is nearly over.
# long: Slurm counts time limits in minutes
. "$(dirname "$0")/lib.sh"

settings_change 's/^limits:/&\n  warn: [40s, 10s]/' </dev/null
job=$(submit alice --vm=tiny -t 2 -c 1 --mem=512M <<EOS
#!/bin/bash
echo ready
for i in \$(seq 60); do
	$ssh_guest 'cat messages' 2>/dev/null >told.new && mv told.new told
	sleep 2
done
EOS
)
told() # PATTERN
{
	contains "$(as alice cat told 2>&1)" "$1"
}
equals_lines() # COUNT
{
	equals "$(as alice cat told | wc -l)" "$1"
}
ok "the guest is ready" within 90 says "^ready$"
ok "its users are warned" within 120 told "shut down in [0-9]+ seconds: the time of job $job"
ok "... twice" within 60 equals_lines 2
ok "which the record tells" contains "$(on_lab scontrol show job "$job")" "warned=1"
as alice scancel "$job"
settings_restore
ok "all is gone" within 180 nothing_left "$job"
done_testing
