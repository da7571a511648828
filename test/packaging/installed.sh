# Runs as root in mount, network and pid namespaces of its own: what a package does to a machine, without harm to this
# one. Arguments: the unpacked tree, the folder `resources/linux`, then the command that does what the desktop app does
# where no engine answers. Prints one line a step; the test reads them.
set -e
tree=$1
linux=$2
shift 2

scratch=$(mktemp -d)
mount -t tmpfs tmpfs "$scratch"
over() {
  name=$(echo "$1" | tr / _)
  mkdir -p "$scratch/upper$name" "$scratch/work$name"
  mount -t overlay overlay -o "lowerdir=$1,upperdir=$scratch/upper$name,workdir=$scratch/work$name" "$1"
}
over /etc
over /usr/bin
over /usr/share
over /usr/lib/systemd/system
for folder in /opt /run /var/lib; do mount -t tmpfs -o mode=755 tmpfs "$folder"; done
ip link set lo up

mkdir /opt/Culvert
mount --bind "$tree" /opt/Culvert
cp "$linux/culvert.service" "$linux/culvert-repair.service" /usr/lib/systemd/system/

sh -e "$linux/after-install.sh" configure
# They have run once, and take their time.
rm -f /usr/bin/update-mime-database /usr/bin/update-desktop-database
SUDO_USER=nobody sh -e "$linux/after-install.sh" configure
echo "group $(getent group culvert | cut -d: -f1,4)"
echo "version $(/usr/bin/culvert --version)"
echo "verified $(systemd-analyze verify --man=no culvert.service culvert-repair.service 2>&1 | tr '\n' ' ')"

# What systemd does with the unit: folders, group, the capabilities that it leaves, no new privileges, no environment.
mkdir -m 0750 /run/culvert
chgrp culvert /run/culvert
mkdir -m 0700 /var/lib/culvert
value() { sed -n "s/^$1=-\{0,1\}//p" /usr/lib/systemd/system/culvert.service; }
caps=$(value CapabilityBoundingSet | tr ' ' '\n' | sed 's/^CAP_/+/' | tr 'A-Z\n' 'a-z,' | sed 's/,$//')
as_service() {
  exec env -i PATH=/usr/sbin:/usr/bin setpriv --regid culvert --clear-groups --no-new-privs \
    --bounding-set="-all,$caps" --inh-caps=-all "$@"
}
umask 0077
(as_service $(value ExecStart)) >"$scratch/said" 2>"$scratch/log" &
engine=$!
for _ in $(seq 200); do
  grep -q '^ready' "$scratch/said" && break
  sleep 0.1
done
cat "$scratch/said"
cat "$scratch/log" >&2
stat -c 'socket %a %U:%G' /run/culvert/engine.sock

member() { setpriv --reuid nobody --regid nogroup --groups culvert /usr/bin/culvert "$@"; }
stranger() { setpriv --reuid nobody --regid nogroup --clear-groups /usr/bin/culvert "$@"; }
echo "status $(member status --json | tr -d '\n' | head -c 20000)"
set +e
stranger status >/dev/null 2>&1
echo "stranger $?"
# A gateway that is not there: the interface and the host must have been ready for it.
printf '%s' '{"name":"nowhere","gateway":{"hosts":["127.0.0.9"]},"local":{"id":"a","auth":{"psk":"secret-of-the-test"}},"remote":{"id":"b"},"retransmission":{"timeout":"1s","tries":1}}' >"$scratch/nowhere.json"
chmod 755 "$scratch"; chmod 644 "$scratch/nowhere.json"
up=$(member up "$scratch/nowhere.json" --wait --json 2>&1 | tr -d '\n')
echo "up $up"
set -e

kill -TERM "$engine"
set +e
wait "$engine"
echo "ended $?"
(as_service $(value ExecStopPost)) >/dev/null
echo "repaired $?"
set -e

# From here on there is a service manager; what asks the user says yes or no.
. "$(dirname "$0")/stand-in.sh"
rm -f /usr/bin/pkexec
cat >/usr/bin/pkexec <<'END'
#!/bin/sh
if [ -e /run/stand-in/no ]; then
  echo "Error executing command as another user: Request dismissed" >&2
  exit 126
fi
exec env -i PKEXEC_UID=65534 "$@"
END
chmod 755 /usr/bin/pkexec

rm -f /usr/lib/systemd/system/culvert.service /etc/systemd/system/multi-user.target.wants/culvert.service
chmod o+w /opt/Culvert/resources
echo "writable $("$@")"
chmod o-w /opt/Culvert/resources
touch /run/stand-in/no
echo "dismissed $("$@")"
rm /run/stand-in/no
echo "installed $("$@")"
cmp /usr/lib/systemd/system/culvert.service "$linux/culvert.service"
echo "works $(member status --json | tr -d '\n' | head -c 20000)"
systemctl stop culvert.service
echo "stopped $("$@")"
systemctl disable --now culvert.service 2>/dev/null
echo "disabled $("$@")"
systemctl mask --now culvert.service 2>/dev/null
echo "masked $("$@")"

# What an administrator has switched off stays off through an upgrade, of Debian and of RPM.
upgraded() {
  sh -e "$linux/before-remove.sh" upgrade 0.0.2
  sh -e "$linux/after-install.sh" configure 0.0.1
  sh -e "$linux/after-install.sh" 2
  sh -e "$linux/before-remove.sh" 1
  systemctl is-enabled culvert.service || true
}
echo "upgraded-masked $(upgraded)"
systemctl unmask culvert.service 2>/dev/null
systemctl disable culvert.service 2>/dev/null
echo "upgraded-disabled $(upgraded)"
systemctl enable culvert.service 2>/dev/null
echo "upgraded-enabled $(upgraded 2>/dev/null) $([ -e /run/stand-in/pid ] && echo running)"

sh -e "$linux/before-remove.sh" upgrade
sh -e "$linux/before-remove.sh" remove
sh -e "$linux/after-remove.sh" remove
[ -e /var/lib/culvert ] && echo "state kept"
sh -e "$linux/after-remove.sh" purge
echo "left $(ls -d /var/lib/culvert /usr/bin/culvert /usr/bin/culvert-desktop 2>/dev/null | wc -l) $(getent group culvert | wc -l)"
