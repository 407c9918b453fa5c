#!/bin/sh
# Becomes the first process of a machine: all files of this one, none of its processes, a network of its own. What is written goes to memory.
# Runs in namespaces of its own, as root. Arguments: systemd | sysvinit, the folder that the machine has as /packages.
set -eu

mount --make-rprivate /
mkdir -p /mnt
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
cd /mnt/root
mount -t proc proc proc
mount --rbind /dev dev
mkdir -p packages
mount --bind "$2" packages
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
ip link set lo up
rm -f usr/sbin/policy-rc.d # an image for containers has one, which starts nothing

if [ "$1" = sysvinit ]; then
  exec chroot . sleep infinity
fi

mount -t sysfs sys sys
mount -t tmpfs tmpfs sys/fs/cgroup
mount -t cgroup2 cgroup2 sys/fs/cgroup
rm -rf etc/systemd/system
mkdir -p etc/systemd/system
# What looks after hardware, and what this machine runs, is not wanted.
for unit in systemd-udevd.service systemd-udev-trigger.service systemd-udevd-kernel.socket systemd-udevd-control.socket \
  systemd-tmpfiles-setup.service systemd-tmpfiles-setup-dev.service systemd-modules-load.service systemd-sysctl.service \
  systemd-random-seed.service systemd-hwdb-update.service systemd-update-utmp.service systemd-remount-fs.service \
  systemd-machine-id-commit.service systemd-firstboot.service systemd-sysusers.service systemd-journal-catalog-update.service \
  systemd-update-done.service ldconfig.service apparmor.service kmod-static-nodes.service modprobe@.service dev-hugepages.mount \
  dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-fs-fuse-connections.mount proc-sys-fs-binfmt_misc.automount; do
  ln -s /dev/null "etc/systemd/system/$unit"
done
cat >etc/systemd/system/test.target <<UNIT
[Unit]
Requires=basic.target
After=basic.target
UNIT
export container=other
exec chroot . /lib/systemd/systemd --unit=test.target --log-level=notice --log-target=console --show-status=no
