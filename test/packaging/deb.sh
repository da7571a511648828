# Runs as root in mount, network and pid namespaces of its own: dpkg itself installs, upgrades, removes and purges the
# package, with a database of its own. Arguments: a folder for /opt, the packages 1.0.0, 1.1.0 and 1.2.0, whose engine does
# not run. Prints what dpkg called and what stands after each step; the test reads it.
set -e
opt=$1 first=$2 second=$3 broken=$4

scratch=$(mktemp -d)
mount -t tmpfs tmpfs "$scratch"
over() {
  name=$(echo "$1" | tr / _)
  mkdir -p "$scratch/upper$name" "$scratch/work$name"
  mount -t overlay overlay -o "lowerdir=$1,upperdir=$scratch/upper$name,workdir=$scratch/work$name" "$1"
}
for folder in /etc /usr/bin /usr/share /usr/lib/systemd/system /var/log; do over "$folder"; done
for folder in /run /var/lib; do mount -t tmpfs -o mode=755 tmpfs "$folder"; done
mount --bind "$opt" /opt
ip link set lo up
mkdir -p /var/lib/dpkg/info /var/lib/dpkg/updates /var/lib/dpkg/triggers
touch /var/lib/dpkg/status
# They rebuild indexes of the whole machine, and take their time.
rm -f /usr/bin/update-mime-database /usr/bin/update-desktop-database
. "$(dirname "$0")/stand-in.sh"

# What dpkg says of each script that it runs (-D2), in one line.
dpkg_says() {
  step=$1
  shift
  echo "called-$step $(dpkg -D2 --force-depends --force-unsafe-io "$@" 2>&1 | tee -a "$scratch/dpkg.log" |
    sed -n 's/.*fork\/exec [^ ]*\/\(prerm\|postrm\|postinst\|culvert\.[a-z]*\) ( \(.*\) ).*/\1 \2/p' |
    sed 's/^culvert\.//' | tr '\n' ';')"
}
stands() {
  running=stopped
  if [ -e /run/stand-in/pid ] && [ -e "/proc/$(cat /run/stand-in/pid)/exe" ]; then
    running=silent
    for _ in $(seq "${2:-100}"); do
      if /usr/bin/culvert status >/dev/null 2>&1; then running=running; break; fi
      sleep 0.1
    done
  fi
  status=$(dpkg-query -W -f '${db:Status-Status} ${Version}' culvert 2>/dev/null || echo none)
  echo "after-$1 $status, $running, $(systemctl is-enabled culvert.service 2>/dev/null || true)"
}

dpkg_says install -i "$first"
stands install
touch /var/lib/culvert/kept
before=$(cat /run/stand-in/pid)
dpkg_says upgrade -i "$second"
stands upgrade
if [ "$before" != "$(cat /run/stand-in/pid)" ]; then echo "replaced by the new engine"; fi

before=$(cat /run/stand-in/pid)
dpkg_says broken -i "$broken"
stands broken 1
if [ "$before" = "$(cat /run/stand-in/pid)" ]; then echo "kept the old engine"; fi
dpkg_says mended -i "$second"
stands mended

systemctl disable --now culvert.service >/dev/null 2>&1
dpkg_says disabled -i "$first"
stands disabled
dpkg_says remove -r culvert
stands remove
echo "left $(ls -d /opt/Culvert /usr/bin/culvert /usr/bin/culvert-desktop /usr/lib/systemd/system/culvert* /etc/systemd/system/*.wants/culvert* 2>/dev/null | wc -l) $(ls /var/lib/culvert/kept)"
dpkg_says again -i "$second"
stands again
dpkg_says purge -P culvert
stands purge
echo "nothing $(ls -d /opt/Culvert /var/lib/culvert /usr/share/polkit-1/*/*culvert* 2>/dev/null | wc -l) $(getent group culvert | wc -l)"
cat "$scratch/dpkg.log" >&2
