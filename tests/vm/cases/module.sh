# SPDX-License-Identifier: GPL-2.0
# dime module: status, load, unload and their refusals; who may not use the module gets the user engine.
refuse() {
	word=$1
	shift
	got=0
	"$@" >/tmp/out 2>/tmp/err || got=$?
	[ $got = 1 ] && grep -q -- "$word" /tmp/err || { echo "$*: status $got:"; cat /tmp/out /tmp/err; exit 1; }
}

dime module status | grep -q 'not loaded'
refuse 'not loaded' dime module unload
refuse '/nowhere' dime module load --output /nowhere
refuse 'headers' dime module build --kernel-dir /nowhere
refuse 'linux-headers-' dime module build
grep -q "apt-get install linux-headers-$(uname -r)" /tmp/err
mkdir /tmp/bad
cp /bin/busybox /tmp/bad/dime.ko
refuse 'not built for' dime module load --output /tmp/bad
dime module load --output /modules >/tmp/out
for name in dime dime_fifo dime_random dime_lru; do
	grep -q "module  *$name " /tmp/out || { cat /tmp/out; exit 1; }
done
dime module load --output /modules >/dev/null
sleep 1000 &
one=$!
dime attach -p $one --policy lru --local 100p --allow-floor 2>/dev/null
dime module status
refuse 'has 1 members' dime module unload
lsmod | grep -q '^dime '
dime detach -p $one
dime config instance_id=0 latency_ns=1000

# Looking is for everybody, changing is not.
mkdir -p /etc
echo 'nobody:x:65534:65534::/:/bin/sh' >/etc/passwd
chmod 755 / /tmp
as_nobody() {
	su -s /bin/sh nobody -c "$*"
}
got=0
as_nobody dime run --engine kernel -- true 2>/tmp/err || got=$?
[ $got = 125 ] && grep -q 'dime: try: run dime as root' /tmp/err || { cat /tmp/err; exit 1; }
as_nobody dime status | grep -q 'instance 0 (kernel engine)'
got=0
as_nobody dime run -- true 2>/tmp/err || got=$?
# The user engine answers, which cannot follow busybox.
[ $got = 125 ] && grep -q 'agent cannot be loaded' /tmp/err || { cat /tmp/err; exit 1; }

dime module unload
! lsmod | grep -q dime
dime module status | grep -q 'not loaded'
kill -KILL $one
