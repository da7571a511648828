# Runs as root in mount, network and pid namespaces of its own: what a package does to a machine, without harm to this
# one. Arguments: the unpacked tree, the folder `resources/linux`. Prints one line a step; the test reads them.
set -e
tree=$1
linux=$2

scratch=$(mktemp -d)
mount -t tmpfs tmpfs "$scratch"
over() {
  name=$(echo "$1" | tr / _)
  mkdir -p "$scratch/upper$name" "$scratch/work$name"
  mount -t overlay overlay -o "lowerdir=$1,upperdir=$scratch/upper$name,workdir=$scratch/work$name" "$1"
}
over /etc
over /usr/bin
over /usr/lib/systemd/system
for folder in /opt /run /var/lib; do mount -t tmpfs tmpfs "$folder"; done
ip link set lo up

mkdir /opt/Culvert
mount --bind "$tree" /opt/Culvert
cp "$linux/culvert.service" "$linux/culvert-repair.service" /usr/lib/systemd/system/

sh -e "$linux/after-install.sh" configure
SUDO_USER=nobody sh -e "$linux/after-install.sh" configure
echo "group $(getent group culvert | cut -d: -f1,4)"
echo "version $(/usr/bin/culvert --version)"
systemd-analyze verify --man=no culvert.service culvert-repair.service
echo "verified"

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

sh -e "$linux/before-remove.sh" upgrade
sh -e "$linux/before-remove.sh" remove
sh -e "$linux/after-remove.sh" remove
[ -e /var/lib/culvert ] && echo "state kept"
sh -e "$linux/after-remove.sh" purge
echo "left $(ls -d /var/lib/culvert /usr/bin/culvert /usr/bin/culvert-desktop 2>/dev/null | wc -l) $(getent group culvert | wc -l)"
