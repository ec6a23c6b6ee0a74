#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every option of vmd is in its manual and back; every key of vmd.yaml is in its manual and in the
# example, and every key of the example is known (vmd --check says so).
set -u
top=${top_srcdir:-$(dirname "$(readlink -f "$0")")/../..}
vmd=${top_builddir:-$top/build}/vmd/vmd
n=0 bad=0

# ok WHY MISSING...: fails if something is missing
ok()
{
	n=$((n + 1))
	if [ $# = 1 ]; then echo "ok $n - $1"; else
		echo "not ok $n - $1"
		printf '# %s\n' "${@:2}"
		bad=1
	fi
}

echo "1..5"
keys=$(grep -ohE '(TEXT_KEY\(|settings_section\([a-z]+, |(conf_[a-z]+|read_time|read_count|each_text)\([a-z]+, |read_sizes\(.*|"(default|max|min)")"?[a-z_]*"?' \
	"$top/vmd/settings.c" "$top/vmd/settings_images.c" | grep -oE '"[a-z_]+"' | tr -d '"' | sort -u)
missing=()
[ "$(wc -w <<<"$keys")" -ge 40 ] || missing=("found only: $keys")
ok "keys are found in the source" "${missing[@]}"
mapfile -t missing < <(for k in $keys; do
	grep -qE "^\.(It|Ss) .*\b$k\b|\.Cm $k\b" "$top/vmd/vmd.yaml.5" || echo "$k"
done)
ok "every key is in vmd.yaml(5)" "${missing[@]}"
mapfile -t missing < <(for k in $keys; do
	grep -qE "(^|[ #{])$k:" "$top/etc/vmd.yaml.example" || echo "$k"
done)
ok "every key is in vmd.yaml.example" "${missing[@]}"
missing=()
said=$("$vmd" --check "$top/etc/vmd.yaml.example" 2>&1) || missing=("$said")
ok "the example is valid" "${missing[@]}"

options=$("$vmd" --help | grep -oE -- '--[a-z]+' | sort -u)
manual=$(grep -oE '^\.It Fl -[a-z]+' "$top/vmd/vmd.8" | sed 's/.*Fl -/--/' | sort -u)
mapfile -t missing < <(comm -3 <(echo "$options") <(echo "$manual"))
ok "vmd's options and vmd(8) agree" "${missing[@]}"
exit $bad
