#!/usr/bin/env bash
# agent.sh NAME UUID: process 1 of a guest. Reads lines from the host on a virtio port:
#   run ID    run /exchange/ID/script; its output goes to files beside it. Answered by "ended ID STATUS"
#   off       switch the machine off
# Says "ended boot 0" once it reads.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8

hostname "$1"
ip link set lo up
mkdir -p /dev/pts /dev/shm /opt/famfs
mount -t devpts devpts /dev/pts
mount -t tmpfs shm /dev/shm
ln -s /proc/self/fd /dev/fd
ln -s fd/0 /dev/stdin
ln -s fd/1 /dev/stdout
ln -s fd/2 /dev/stderr
# The host's own must not be a guest's, and its mounts are not here.
echo "$2" >/opt/famfs/system_uuid

for port in /sys/class/virtio-ports/*; do
  [[ $(<"$port/name") == agent ]] && exec 3<>"/dev/${port##*/}"
done

run() {
  local directory=/exchange/$1 status=0
  setsid bash -eo pipefail "$directory/script" >"$directory/stdout" 2>"$directory/stderr" </dev/null 3>&- || status=$?
  echo "ended $1 $status" >&3
}

echo 'ended boot 0' >&3
while read -r verb id <&3; do
  case $verb in
    run) run "$id" & ;;
    off)
      sync
      echo o >/proc/sysrq-trigger
      ;;
  esac
done
