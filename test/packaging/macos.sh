# Runs as root in a mount namespace of its own: the scripts for macOS in a root like a Mac's, with stand-ins for the
# programs that only a Mac has. Arguments: the engine's tree, the folder `resources/macos`. Prints what was asked of
# launchd and what stands after each step; the test reads it.
set -e
tree=$1 macos=$2

mac=$(mktemp -d)
mount -t tmpfs -o mode=755 tmpfs "$mac"
mkdir -p "$mac/usr" "$mac/bin" "$mac/etc" "$mac/dev" "$mac/proc" "$mac/upper" "$mac/work" "$mac/scripts" "$mac/stand-in" \
  "$mac/Applications" "$mac/Library/LaunchDaemons" "$mac/Library/Application Support" "$mac/tmp" "$mac/var/run"
mount -t overlay overlay -o "lowerdir=/usr,upperdir=$mac/upper,workdir=$mac/work" "$mac/usr"
mount -t proc proc "$mac/proc"
for device in null urandom; do touch "$mac/dev/$device"; mount --bind "/dev/$device" "$mac/dev/$device"; done
for name in lib lib64; do ln -s "usr/$name" "$mac/$name"; done
ln -s /usr/bin/sh "$mac/bin/sh"
echo root:x:0:0::/:/bin/sh >"$mac/etc/passwd"
printf 'wheel:x:0:\nadmin:x:80:\n' >"$mac/etc/group"
rm -rf "$mac/usr/local"

# launchd: the old engine takes a moment to go, for which it answers as launchd does.
cat >"$mac/bin/launchctl" <<'END'
#!/bin/sh
echo "$*" >>/tmp/asked
case "$1" in
  bootout)
    [ -e /tmp/job ] || { echo "Boot-out failed: 3: No such process" >&2; exit 3; }
    rm /tmp/job
    echo 2 >/tmp/busy
    ;;
  bootstrap)
    [ "$(stat -c '%U:%G:%a' "$3")" = root:wheel:644 ] || { echo "Bootstrap failed: 5: Input/output error" >&2; exit 5; }
    left=$(cat /tmp/busy 2>/dev/null || echo 0)
    if [ "$left" -gt 0 ]; then
      echo $((left - 1)) >/tmp/busy
      echo "Bootstrap failed: 37: Operation already in progress" >&2
      exit 37
    fi
    [ ! -e /tmp/disabled ] || { echo "Bootstrap failed: 119: Service is disabled" >&2; exit 119; }
    touch /tmp/job
    ;;
  enable) rm -f /tmp/disabled ;;
esac
END
# The owner is asked for in the words of BSD.
printf '#!/bin/sh\n[ "$1 $2" = "-f %%u" ] || exit 64\nexec /usr/bin/stat -c %%u "$3"\n' >"$mac/stand-in/stat"
printf '#!/bin/sh\necho "pkgutil $*" >>/tmp/asked\n' >"$mac/usr/sbin/pkgutil"
chmod 755 "$mac/bin/launchctl" "$mac/stand-in/stat" "$mac/usr/sbin/pkgutil"

# The app as the installer leaves it, around an engine that runs here.
resources="$mac/Applications/Culvert.app/Contents/Resources"
mkdir -p "$resources"
cp -R "$tree" "$resources/engine"
for name in culvert install-service.sh; do install -m 755 "$macos/$name" "$resources/engine/$name"; done
cp "$macos/org.culvert.engine.plist" "$resources/engine/"
cp "$macos/uninstall.sh" "$resources/uninstall.sh"
cp -p "$macos/pkg-scripts/postinstall" "$mac/scripts/postinstall"
# As administrators could have left it.
chmod -R g+w "$resources/engine"

engine="$mac/Library/Application Support/Culvert/engine"
job="$mac/Library/LaunchDaemons/org.culvert.engine.plist"
on_mac() { env -i PATH="/stand-in:/usr/bin:/bin:/usr/sbin:/sbin" chroot "$mac" "$@"; }
step() {
  name=$1
  shift
  : >"$mac/tmp/asked"
  code=0
  on_mac "$@" >>"$mac/tmp/log" 2>&1 || code=$?
  echo "$name $code: $(tr '\n' ';' <"$mac/tmp/asked")"
}
stands() {
  loose=$(find "$engine" \( -perm /022 -o ! -user root \) ! -type l 2>/dev/null | wc -l)
  echo "$1-stands $([ -e "$mac/tmp/job" ] && echo running || echo stopped), $loose loose, $([ -e "$job" ] && echo job), $(readlink "$mac/usr/local/bin/culvert" || true)"
}

step install /scripts/postinstall
stands install
echo "version $(on_mac /usr/local/bin/culvert --version)"
touch "$engine/of-the-old-version"
step upgrade /scripts/postinstall
stands upgrade
if [ ! -e "$engine/of-the-old-version" ]; then echo "replaced whole"; fi

# The service goes missing and was switched off; what the desktop app runs.
rm "$job" "$mac/tmp/job"
touch "$mac/tmp/disabled"
step service /bin/sh "/Library/Application Support/Culvert/engine/install-service.sh"
stands service

# An engine that does not run, an app of somebody's own, a link: nothing is touched.
mv "$resources/engine/node" "$resources/engine/kept"
printf '#!/bin/sh\nexit 1\n' >"$resources/engine/node"
chmod 755 "$resources/engine/node"
step broken /scripts/postinstall
stands broken
mv "$resources/engine/kept" "$resources/engine/node"
chown 501 "$mac/Applications/Culvert.app"
step stranger /scripts/postinstall
chown 0 "$mac/Applications/Culvert.app"
mv "$mac/Applications/Culvert.app" "$mac/Applications/Other.app"
ln -s Other.app "$mac/Applications/Culvert.app"
step link /scripts/postinstall
rm "$mac/Applications/Culvert.app"
mv "$mac/Applications/Other.app" "$mac/Applications/Culvert.app"
stands refused

mkdir -p "$mac/Library/Application Support/Culvert/state"
step uninstall /bin/sh /Applications/Culvert.app/Contents/Resources/uninstall.sh
stands uninstall
echo "left $(find "$mac/Applications" "$mac/Library/LaunchDaemons" -mindepth 1 | wc -l) $(ls "$mac/Library/Application Support/Culvert")"
cat "$mac/tmp/log" >&2
