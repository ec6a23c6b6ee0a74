#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A missing library ends configure with a text that names it and the package to install.
set -u
top=${top_srcdir:-$(dirname "$(readlink -f "$0")")/../..}
[ -x "$top/configure" ] || {
	echo "1..0 # SKIP no configure here: autoreconf -fi makes it"
	exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0 bad=0

# pkg-config as it is, but for the module in $HIDDEN.
mkdir "$work/bin"
real=$(command -v pkg-config)
cat >"$work/bin/pkg-config" <<WRAP
#!/bin/bash
for word; do
	case "\$word " in "\$HIDDEN "*) exit 1 ;; esac
done
exec "$real" "\$@"
WRAP
chmod +x "$work/bin/pkg-config"

# Once whole, so that the others need not try the compiler again. pkg-config's answers are not to be
# remembered.
export HIDDEN=none
configure()
{
	cd "$work" && "$top/configure" -q "PKG_CONFIG=$work/bin/pkg-config" --cache-file=cache "$@" 2>&1
}
if ! out=$(configure); then
	tail -n 3 <<<"$out" | sed 's/^/# /'
	echo "Bail out! configure fails with all libraries there"
	exit 1
fi
sed '/pkg_cv_/d' "$work/cache" >"$work/cache.all"

# configure_says TEXT [VARIABLE=VALUE]...: it fails, and the last words are TEXT
configure_says()
{
	local text=$1 out

	shift
	n=$((n + 1))
	cp "$work/cache.all" "$work/cache"
	if out=$(configure "$@"); then
		echo "not ok $n - configure fails: $text"
		bad=1
	elif ! grep -qF -- "$text" <<<"$out"; then
		echo "not ok $n - $text"
		tail -n 3 <<<"$out" | sed 's/^/# /'
		bad=1
	else
		echo "ok $n - $text"
	fi
}

# What configure.ac asks pkg-config for, with the Debian package it tells.
while read -r module package; do
	HIDDEN=$module configure_says "apt-get install $package"
done < <(sed -nE 's/^VM_NEEDS\(\[[A-Z]+\], \[([^] ]+)[^]]*\], \[([^]]+)\]\)$/\1 \2/p' "$top/configure.ac")
[ $n -ge 8 ] || {
	echo "not ok $((n += 1)) - modules are found in configure.ac: $n"
	bad=1
}

# Headers and libraries without a .pc file: as if the compiler had not found them.
configure_says "apt-get install librbd-dev" ac_cv_header_rbd_librbd_h=no
configure_says "apt-get install librbd-dev" ac_cv_lib_rbd_rbd_clone3=no
configure_says "apt-get install librados-dev" ac_cv_lib_rados_rados_connect=no
configure_says "apt-get install libslurm-dev" ac_cv_header_slurm_spank_h=no
echo "1..$n"
exit $bad
