#!/bin/busybox sh
# shellcheck shell=dash
# The first program in a guest, from the initramfs. Loads the modules that /init.modules lists, puts the host's root,
# read-only and under an overlay in memory, in place of the initramfs, and goes on there as the agent.
set -e
bb=/bin/busybox

# Without a shell to say it in, the console is where to say what went wrong; the guest ends when this program does.
die() {
  echo "guest: $1"
  exit 1
}

# setting NAME: the value of famfs.NAME=VALUE on the kernel's command line.
setting() {
  for word in $($bb cat /proc/cmdline); do
    case $word in "famfs.$1="*) echo "${word#*=}" ;; esac
  done
}

# host_directory TAG OPTIONS TARGET: mounts a directory that the host shares.
host_directory() {
  $bb mkdir -p "$3"
  $bb mount -t 9p -o "trans=virtio,version=9p2000.L,msize=512000,$2" "$1" "$3" || die "cannot mount $1 of the host"
}

$bb mkdir -p /proc /sys /dev /host /memory /root
$bb mount -t proc proc /proc
$bb mount -t sysfs sys /sys
$bb mount -t devtmpfs dev /dev
for module in $($bb cat /init.modules); do
  $bb insmod "$module" || die "cannot load the module $module"
done

name=$(setting host)
uuid=$(setting uuid)

# Nothing on the host changes below what guests use while they run, so what was read may be kept.
host_directory root ro,cache=loose /host
$bb mount -t tmpfs memory /memory
$bb mkdir /memory/upper /memory/work
$bb mount -t overlay -o lowerdir=/host,upperdir=/memory/upper,workdir=/memory/work overlay /root ||
  die 'cannot make the root'
for directory in proc sys dev; do
  $bb mkdir -p "/root/$directory"
  $bb mount --move "/$directory" "/root/$directory"
done
$bb mkdir -p /root/run
$bb mount -t tmpfs -o mode=755 run /root/run

# So that programs can load further modules, as on a machine that was installed.
$bb mkdir -p /root/lib/modules
$bb cp -r /lib/modules/* /root/lib/modules/

host_directory exchange rw,cache=none /root/exchange
exec $bb switch_root /root /bin/bash /exchange/agent.sh "$name" "$uuid"
