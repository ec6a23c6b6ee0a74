#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# As people do it, at a terminal: alice starts a machine and uses it in every way there is; bob, who knows of it all
# that one may know, tries whatever he can type. At a site that shows users their own jobs only (PrivateData=jobs).
# long: what a person does in half an hour, typed
# limit: 900
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/terminal.sh"

private()
{
	on_lab sh -c 'cp /etc/slurm/slurm.conf /etc/slurm/slurmdbd.conf /run/ &&
		echo PrivateData=jobs >>/etc/slurm/slurm.conf && echo PrivateData=jobs >>/etc/slurm/slurmdbd.conf &&
		scontrol reconfigure && sacctmgr -i reconfigure'
}
public()
{
	on_lab sh -c 'cat /run/slurm.conf >/etc/slurm/slurm.conf && cat /run/slurmdbd.conf >/etc/slurm/slurmdbd.conf &&
		scontrol reconfigure && sacctmgr -i reconfigure'
}

ok "a site that keeps jobs private" private
as alice sh -c 'mkdir -p .ssh && ssh-keygen -q -t ed25519 -N "" -f .ssh/mine'
own_key() # JOB: alice's own ssh, with her own key
{
	as alice ssh -F none -i .ssh/mine -o BatchMode=yes -o IdentitiesOnly=yes -o StrictHostKeyChecking=no \
		-o UserKnownHostsFile=/dev/null -o ConnectTimeout=30 "root@$(as alice vmctl show --json "$1" | jq -r .address)" true
}
for user in alice bob; do
	terminal_start "$user"
done

# --- start, wait ---
does alice 300 "vmctl start tiny -c 1 --mem=512M --name=desk"
ok "alice: vmctl start" ended 0
ok "up to READY" shown '^ +[0-9:]+  job [0-9]+  READY$'
ok "and what to do next" shown '^  password  vmctl password [0-9]+$'
job=$(as alice squeue -h -n desk -o %i)
vm=$(as alice vmctl show --json "$job" | jq -r .vm)
address=$(as alice vmctl show --json "$job" | jq -r .address)
does alice 60 "vmctl wait desk"
ok "alice: vmctl wait" ended 0
does alice 60 "vmctl show"
ok "alice: vmctl show, in one sentence" shown "^The guest answers at $address on worker[123]node\. To get in: vmctl ssh $job"

ok "alice: her own key is let in" within 120 own_key "$job"

# --- exec ---
does alice 60 "vmctl exec desk -- sh -c 'echo to stdout; echo to stderr >&2; exit 7'"
ok "alice: vmctl exec, its exit code" ended 7
ok "its output" shown '^to stdout$'
ok "its errors" shown '^to stderr$'
does alice 60 "echo typed | vmctl exec desk -- sh -c 'cat; hostname'"
ok "its input" shown '^typed$'
ok "in the guest" shown "^vm-$job-"
does alice 60 "vmctl exec desk -- no-such-program"
ok "a program that is not there" ended 127

# --- cp ---
does alice 60 "head -c 104857600 /dev/urandom >big"
does alice 300 "vmctl cp big desk:/data/big"
ok "alice: vmctl cp of 100 MB into the guest" ended 0
ok "its progress" shown '^big +100% +100MB '
does alice 120 "sha256sum big | cut -c1-64; vmctl exec desk -- sha256sum /data/big | cut -c1-64"
ok "the same is there" equals "$(grep -cE '^[0-9a-f]{64}$' <<<"$screen") $(grep -E '^[0-9a-f]{64}$' <<<"$screen" | sort -u | wc -l)" "2 1"
does alice 300 "vmctl cp desk:/data/big back && cmp big back"
ok "and back" ended 0

# --- console ---
types alice "vmctl console desk; echo left with \$?"
ok "alice: vmctl console says how to leave it" within 60 on_screen alice 'Ctrl-\] leaves it'
terminal alice send-keys Enter
ok "the guest's prompt" within 30 on_screen alice '^/ #'
types alice "echo console of \$(hostname)"
ok "a command on it" within 30 on_screen alice "^console of vm-$job-"
terminal alice send-keys 'C-]'
ok "it is left" within 30 on_screen alice '^left with 0'

# --- password ---
does alice 60 "vmctl password desk"
password=$(grep -oE '^[-_.+A-Za-z0-9]{20}$' <<<"$screen")
ok "alice: vmctl password" ended 0
ok "is shown on a terminal" contains "$password" .
is_password() # TEXT: is it root's in the guest?
{
	local hash

	hash=$(as alice vmctl exec "$job" -- sed -n 's/^root:\([^:]*\):.*/\1/p' /etc/passwd)
	equals "$(openssl passwd -6 -salt "$(cut -d'$' -f3 <<<"$hash")" "$1")" "$hash"
}
ok "and is the guest's" within 60 is_password "$password"

# --- rdp: a real server of the protocol stands in the guest's place, which 0077 has in the guest ---
as alice bash -s "$password" <<'SERVER' &
mkdir -p bin
printf '%s\n' '#!/bin/sh' 'sed -i "s/^full address:s:[0-9.]*/full address:s:127.0.0.1/" "$1"' \
	'exec /usr/bin/xfreerdp "$@" +auth-only' >bin/xfreerdp
chmod +x bin/xfreerdp
(umask 077 && printf %s "$1" | iconv -t utf-16le | openssl dgst -provider legacy -md4 -r | sed 's/\(.\{32\}\).*/root:::\1:::/' >sam)
mkfifo -m 600 display
Xvfb -displayfd 3 -noreset -screen 0 640x480x24 3>display >xvfb.log 2>&1 &
echo $! >xvfb.pid
read -r number <display
DISPLAY=:$number freerdp-shadow-cli /port:3389 /bind-address:127.0.0.1 "/sam-file:$PWD/sam" /sec:nla >shadow.log 2>&1 &
echo $! >shadow.pid
echo "export DISPLAY=:$number PATH=$PWD/bin:$PATH" >desktop
wait
SERVER
ok "a display, and a server for xfreerdp" within 60 as alice sh -c 'test -e desktop && nc -z 127.0.0.1 3389'
rdp_as() # PASSWORD: is typed when it is asked for
{
	begins alice "(. ./desktop; vmctl rdp desk)"
	within 60 on_screen alice "^Password:" && types alice "$1" && ends alice 60
}
ok "alice: vmctl rdp, and the password typed" rdp_as "$password"
ok "xfreerdp +auth-only is let in" ended 0
ok "with another password" rdp_as not-this-one
ok "it is not" contains "$code" '^[1-9]'
# shellcheck disable=SC2016 # in alice's shell
as alice sh -c 'kill $(cat shadow.pid xvfb.pid)'
ok "the file has no password" equals "$(as alice grep -cF "$password" "vm-$job.rdp")" 0

# --- vnc: the protocol's handshake as a viewer makes it ---
as alice vmctl screenshot screen.png "$job"
handshake() # USER PORT: the last thing that a server tells before the first picture: size and name of its screen
{
	as "$1" timeout 30 bash -s "$2" <<'VIEWER' 2>/dev/null
bytes() # N, as numbers
{
	head -c "$1" <&3 | od -An -v -tu1 | xargs
}
exec 3<>"/dev/tcp/127.0.0.1/$1"
[ "$(head -c 12 <&3)" = "RFB 003.008" ] || exit 1
printf 'RFB 003.008\n' >&3
kinds=$(bytes "$(bytes 1)")
[[ " $kinds " == *" 1 "* ]] || exit 1
printf '\1' >&3
[ "$(bytes 4)" = "0 0 0 0" ] || exit 1
printf '\1' >&3
read -r w0 w1 h0 h1 _ < <(bytes 20)
read -r _ _ n0 n1 < <(bytes 4)
echo "$((w0 * 256 + w1))x$((h0 * 256 + h1)) $(head -c $((n0 * 256 + n1)) <&3)"
VIEWER
}
types alice "clear; vmctl vnc desk; echo ended with \$?"
ok "alice: vmctl vnc says where" within 60 on_screen alice 'vncviewer 127\.0\.0\.1::[0-9]+'
port=$(terminal alice capture-pane -pJ | grep -oE '127\.0\.0\.1::[0-9]+' | head -n 1 | sed 's/.*://')
ok "bob: a viewer at alice's port is told nothing" equals "$(handshake bob "$port")" ""
ok "which alice is told" within 20 on_screen alice 'turned a connection away'
ok "alice: her viewer sees the guest's screen" contains "$(handshake alice "$port")" "^[1-9][0-9]+x[1-9][0-9]+ QEMU \(slurm-vm_$vm\)"
ok "and vmctl ends with it" within 30 on_screen alice '^ended with'

types alice "clear; vmctl vnc --browser desk; echo ended with \$?"
ok "alice: vmctl vnc --browser tells a URL" within 60 on_screen alice '^http://127\.0\.0\.1:[0-9]+/vnc\.html'
url=$(terminal alice capture-pane -pJ | grep -oE '^http://127\.0\.0\.1:[^ ]+')
base=${url%%/vnc.html*}
ask() # USER PATH: the HTTP code of a websocket's beginning
{
	as "$1" curl -s -o /dev/null -m 10 -w '%{http_code}' -H 'Connection: Upgrade' -H 'Upgrade: websocket' \
		-H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' "$base$2"
}
ok "bob: its stream with a guessed token" equals "$(ask bob "/websockify?token=0123456789abcdef0123456789abcdef")" 000
ok "bob: its stream with alice's own token" equals "$(ask bob "/websockify?token=${url##*token%3D}")" 000
# The browser is told what to do through a pipe: it compares what noVNC shows with the picture that was taken before.
browser_sees() # URL PICTURE
{
	as alice bash -s "$@" <<'BROWSER'
mkfifo -m 600 to from
exec 5<>to 6<>from
trap 'kill $!' EXIT
chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
	--disable-component-update --disable-sync --user-data-dir="$PWD/browser" --remote-debugging-pipe "$1" \
	3<to 4>from 5>&- 6>&- >browser.log 2>&1 &
n=0
ask() # SESSION METHOD [PARAMETERS]: the result
{
	local answer

	n=$((n + 1))
	jq -nc --argjson n $n --arg s "$1" --arg m "$2" --argjson p "${3-"{}"}" \
		'{id: $n, method: $m, params: $p} + if $s == "" then {} else {sessionId: $s} end' | tr '\n' '\0' >&5
	while read -r -d '' -t 60 answer <&6; do
		jq -ce --argjson n $n 'select(.id == $n) | .result // .error' <<<"$answer" && return
	done
}
for ((i = 0; i < 60; i++)); do
	page=$(ask "" Target.getTargets | jq -r '.targetInfos[] | select(.url | contains("/vnc.html")) | .targetId')
	[ -z "$page" ] || break
	sleep 1
done
session=$(ask "" Target.attachToTarget "{\"targetId\": \"$page\", \"flatten\": true}" | jq -r .sessionId)
script=$(cat <<'JS'
(async () => {
	const canvas = document.querySelector("#noVNC_container canvas");
	const picture = await createImageBitmap(new Blob([Uint8Array.from(atob("PICTURE"), c => c.charCodeAt(0))]));
	if (!canvas || canvas.width != picture.width || canvas.height != picture.height)
		return `no such canvas: ${canvas && canvas.width}, ${picture.width}x${picture.height}; ${document.title}`;
	const other = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
	other.drawImage(picture, 0, 0);
	const a = other.getImageData(0, 0, picture.width, picture.height).data;
	const b = canvas.getContext("2d").getImageData(0, 0, picture.width, picture.height).data;
	let same = 0, lit = 0;
	for (let i = 0; i < a.length; i += 4) {
		same += Math.abs(a[i] - b[i]) + Math.abs(a[i + 1] - b[i + 1]) + Math.abs(a[i + 2] - b[i + 2]) < 30;
		lit += b[i] + b[i + 1] + b[i + 2] > 90;
	}
	return `${Math.floor(same * 400 / a.length)} of 100 pixels are the same, ${lit > 100 ? "many" : lit} are lit`;
})()
JS
)
script=${script/PICTURE/$(base64 -w 0 "$2")}
for ((i = 0; i < 60; i++)); do
	said=$(ask "$session" Runtime.evaluate "$(jq -nc --rawfile e <(printf %s "$script") \
		'{expression: $e, awaitPromise: true}')" | jq -r '.result.value // tojson')
	[[ $said != *"pixels are the same, many"* ]] || break
	sleep 1
done
echo "$said"
BROWSER
}
ok "alice: a browser shows the guest's screen" contains "$(browser_sees "$url" screen.png)" '^(99|100) of 100 pixels are the same, many are lit$'
ok "and vmctl ends with it" within 60 on_screen alice '^ended with'

# --- bob, who has heard the job's number and name, the machine's name and its address ---
secrets() # is any of them on the screen?
{
	! grep -nF -e "$password" -e "PRIVATE KEY" -e "of alice's guest" <<<"$screen"
}
bob_cannot() # COMMAND: it fails, and shows nothing
{
	does bob 90 "$1"
	if [[ $code =~ ^[1-9] ]] && secrets; then return; fi
	printf 'exit code %s\n%s\n' "$code" "$screen"
	return 1
}
bob_sees_nothing() # COMMAND: neither number nor name, nor address; what bob typed is not looked at
{
	does bob 90 "$1"
	if [[ $code =~ ^[0-9] ]] && secrets &&
		! grep -v '^bob@' <<<"$screen" | grep -nF -e desk -e "$vm" -e "$address" -e alice; then return; fi
	printf 'exit code %s\n%s\n' "$code" "$screen"
	return 1
}
as alice vmctl exec "$job" -- sh -c "echo 'the data of alice'\''s guest' >/root/data"
node=$(as alice squeue -h -j "$job" -o %N)
for command in "vmctl list" "vmctl list --stopped --json" "vmctl list --kept" "vmctl disk list" "squeue" "squeue -t all -l" \
	"scontrol show jobs" "sacct -a -X -o jobid,user,jobname,admincomment%200" "sstat -a -j $job" "sprio -l" "sreport -n job sizesbyaccount" \
	"kubectl get vm,vmi,pods,secrets -A" "ps -u alice -o args" "ls -R /run/slurm-vm" "ls /tmp" \
	"scontrol write batch_script $job -"; do
	ok "bob: $command" bob_sees_nothing "$command"
done
for command in "vmctl list --all" "vmctl disk list --all" "vmctl show $job" "vmctl show desk" "vmctl show $vm" "vmctl wait $job" \
	"scontrol show job $job" \
	"vmctl exec $job -- cat /root/data" "vmctl exec desk -- true" "vmctl exec $vm -- true" "SLURM_JOB_ID=$job vmctl exec -- true" \
	"vmctl ssh $job" "vmctl cp $job:/root/data x" "vmctl cp /etc/hosts $job:/root/data" "vmctl rdp $job" \
	"vmctl password $job" "vmctl password --rotate --print $job" "vmctl vnc $job" "vmctl vnc --browser $job" "vmctl console $job" \
	"vmctl screenshot x.png $job" "vmctl kubeconfig --file=x $job" "vmctl stop $job" "vmctl stop --now $job" "vmctl migrate $job" \
	"vmctl resize -c 2 $job" "vmctl disk add $job 1G" "vmctl recover $job" "vmctl discard --yes $job" "vmctl plan" "vmctl admin approve --yes" \
	"srun --jobid=$job --overlap true" "srun --jobid=$job --vm=tiny vmrun -- cat /root/data" \
	"sattach $job.batch" "scancel $job" "scontrol requeue $job" "scontrol update jobid=$job timelimit=1" \
	"scontrol update jobid=$job admincomment=none" "ssh -o BatchMode=yes -o StrictHostKeyChecking=no root@$address cat /root/data" \
	"cat /home/alice/vm-$job.rdp" "ls /home/alice" "tmux -S /tmp/tmux-$(as alice id -u)/person attach" \
	"cat /proc/\$(pgrep -u alice -x tmux | head -n 1)/environ" "kubectl get secret -n slurm-vm ${vm%-r*}-login -o yaml" \
	"kubectl --token=guess get vmi -n slurm-vm $vm" "munge -U alice -n"; do
	ok "bob: $command" bob_cannot "$command"
done
does bob 60 "sbatch --parsable --vm=@$job --mem=512M --wrap=true"
thief=$(grep -oE '^[0-9]+$' <<<"$screen")
ok "bob: sbatch --vm=@$job, a job of his own" contains "$thief" .
ok "which fails" within 120 job_over "$thief"
told_why()
{
	does bob 60 "vmctl show $thief"
	shown "the kept disk of job $job is not yours"
}
ok "bob: and he is told why" within 60 told_why
for guess in root password "$job" "$vm" tiny; do
	as bob bash -c "printf '#!/bin/sh\necho %s\n' '$guess' >askpass; chmod +x askpass"
	ok "bob: ssh with the password $guess" bob_cannot \
		"SSH_ASKPASS=\$PWD/askpass SSH_ASKPASS_REQUIRE=force ssh -o PubkeyAuthentication=no -o NumberOfPasswordPrompts=1 -o StrictHostKeyChecking=no root@$address true"
done
on_node() # COMMAND...: of bob, on the job's node
{
	! as bob --on "$node" "$@"
}
ok "the key is on the node" on_lab --on "$node" test -e "/run/slurm-vm/$job/id_ed25519"
ok "bob: cat of it there" on_node cat "/run/slurm-vm/$job/id_ed25519"
ok "the machine is still there" in_state "$job" READY
ok "with its password" is_password "$password"

# --- password --rotate ---
does alice 60 "vmctl password --rotate desk"
new=$(grep -oE '^[-_.+A-Za-z0-9]{20}$' <<<"$screen")
ok "alice: vmctl password --rotate" ended 0
ok "and when it is valid" shown 'is on its way into the guest'
ok "the guest has it" within 180 is_password "$new"
does alice 60 "vmctl password desk"
ok "and it is what is shown now" grep -xF -e "$new" <<<"$screen"

# --- vmrun across a move ---
as alice tee inside.sh >/dev/null <<'SCRIPT'
#!/usr/bin/vmrun sh
#SBATCH --vm=tiny -c 1 --mem=512M --requeue --job-name=inside -o inside.out
echo started >>/root/starts
echo "run by $$ for $CASE"
while [ ! -e /root/go ]; do sleep 0.2; done
echo "starts: $(grep -c . /root/starts), still $$"
exit 9
SCRIPT
inside_says() # PATTERN
{
	contains "$(as alice cat inside.out)" "$1"
}
does alice 60 "sbatch --export=ALL,CASE=seven,SLURM_VM_KEYS=none inside.sh"
ok "alice: sbatch of a vmrun script" shown '^Submitted batch job [0-9]+'
inside=$(sed -n 's/^Submitted batch job //p' <<<"$screen")
ok "it runs in the guest, with what --export says" within 240 inside_says '^run by [0-9]+ for seven$'
pid=$(as alice sed -n 's/^run by \([0-9]*\) .*/\1/p' inside.out)
does alice 300 "vmctl migrate inside"
ok "alice: vmctl migrate" ended 0
ok "says where it is now" shown "^job $inside runs on worker[123]node$"
ok "vmrun follows the script again" within 120 inside_says 'was started before'
not_own_key()
{
	contains "$(own_key "$inside" 2>&1)" "Permission denied"
}
ok "alice: her own key is kept out, as she asked" within 60 not_own_key
does alice 60 "vmctl exec inside -- touch /root/go"
ok "the job ends" within 120 job_over "$inside"
ok "its script was started once" within 20 inside_says "^starts: 1, still $pid\$"
does alice 60 "sacct -nXP -j $inside -o state,exitcode"
ok "its exit code is the job's" shown '^FAILED\|9:0$'

# --- the end ---
does alice 240 "vmctl stop desk"
ok "alice: vmctl stop" ended 0
does alice 60 "sacct -nXP -j $job -o state"
ok "the job is COMPLETED" shown '^COMPLETED$'
ok "and nothing is left" within 180 nothing_left "$job"
ok "nor of the other" within 180 nothing_left "$inside"
terminal alice kill-server
terminal bob kill-server
ok "the site shows all jobs again" public
done_testing
