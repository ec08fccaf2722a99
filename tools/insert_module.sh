#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Loads dime.ko, if it is not loaded, and makes processes members of instance 0 with the parameters of a file.
set -eu

usage() {
	cat <<END
Usage : $0 [OPERATION]..
Insert module with config file

Mandatory arguments to long options are mandatory for short options too.
-p, --pids       <value>   a comma (,) separated list of pids to add into emulator
-c, --config     <value>   path to config file
-h, --help                 show this text
END
}

fail() {
	echo "insert_module.sh: $1" >&2
	exit 1
}

pids=
config=
while [ $# -gt 0 ]; do
	case $1 in
	-h | --help) usage; exit 0 ;;
	-p | --pids) [ $# -ge 2 ] || fail "$1 needs a value"; pids=$2; shift 2 ;;
	-c | --config) [ $# -ge 2 ] || fail "$1 needs a value"; config=$2; shift 2 ;;
	*) usage >&2; fail "unknown argument $1" ;;
	esac
done
[ -n "$pids" ] || fail "--pids is missing: a comma separated list of process ids"
[ -n "$config" ] || fail "--config is missing: see tools/config_template.conf"
[ -r "$config" ] || fail "--config $config: cannot be read"

if [ ! -e /proc/dime_config ]; then
	module=$(cd "$(dirname "$0")/.." && pwd)/build/kernel/$(uname -r)/modules/dime.ko
	if [ -e "$module" ]; then
		insmod "$module"
	else
		modprobe dime || fail "dime.ko for $(uname -r) is neither in $module nor installed"
	fi
fi

# A line of the file is a key, blanks, and a value; '#' begins a comment.
parameters=$(sed 's/#.*//' "$config" | awk 'NF == 2 { printf " %s=%s", $1, $2 } NF != 0 && NF != 2 { exit 1 }') ||
	fail "--config $config: each line is a key and a value"
echo "instance_id=0$parameters pid=$pids" >/proc/dime_config ||
	fail "refused; the reason is in the kernel log: dmesg | grep dime:"
