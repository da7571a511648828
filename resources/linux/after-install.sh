#!/bin/sh
# After files are in place, at an installation and at an upgrade. Runs as root.
set -e

ln -sf /opt/Culvert/resources/engine/culvert /usr/bin/culvert
ln -sf /opt/Culvert/culvert-desktop /usr/bin/culvert-desktop

# Chromium's sandbox: user namespaces where the kernel lets everybody have them, else its own helper.
if [ -f /opt/Culvert/chrome-sandbox ]; then
  if unshare --user true 2>/dev/null; then mode=0755; else mode=4755; fi
  chmod "$mode" /opt/Culvert/chrome-sandbox
fi
if command -v apparmor_parser >/dev/null && [ -f /opt/Culvert/resources/apparmor-profile ]; then
  if apparmor_parser --skip-kernel-load /opt/Culvert/resources/apparmor-profile >/dev/null 2>&1; then
    cp -f /opt/Culvert/resources/apparmor-profile /etc/apparmor.d/culvert-desktop
    apparmor_parser --replace --write-cache /etc/apparmor.d/culvert-desktop || true
  fi
fi

if command -v update-mime-database >/dev/null; then update-mime-database /usr/share/mime || true; fi
if command -v update-desktop-database >/dev/null; then update-desktop-database /usr/share/applications || true; fi

# A service that an administrator has switched off stays off through an upgrade. Debian's old package has left word of
# it (before-remove.sh); RPM says how many versions there are, and runs this before the old one is asked.
off=/run/culvert-stays-off
if [ "$1" = 2 ] && ! systemctl is-enabled --quiet culvert.service 2>/dev/null; then touch "$off"; fi
# A masked unit can be neither enabled nor started.
case $(systemctl is-enabled culvert.service 2>/dev/null) in masked*) touch "$off" ;; esac
if [ -e "$off" ]; then
  rm -f "$off"
  if [ -d /run/systemd/system ]; then systemctl daemon-reload || true; fi
  exit 0
fi
/opt/Culvert/resources/engine/install-service.sh
