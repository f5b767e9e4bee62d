# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: The damon-hugepage authors
# shellcheck shell=bash

# What the commands in this folder share; sourced, not run. They are run as root on Debian 12,
# install the packages that are missing, and leave everything else as it was.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

readonly PACKAGES=(
  bpftool clang dbus-bin dbus-daemon gcc libbpf-dev libc6-dev libfuse3-dev libglib2.0-bin
  libglib2.0-dev libjson-glib-dev libpolkit-gobject-1-dev libsystemd-dev libxml2-utils meson
  ninja-build pkg-config polkitd redis-tools util-linux
)

# A folder that everybody may enter, for all that is written outside of the build; made by
# make_work_folder(), gone at the end.
work=

# Functions to call at the end, the last one first.
exit_actions=()

at_exit() {
  exit_actions=("$1" "${exit_actions[@]}")
}

run_exit_actions() {
  local status=$? action

  trap '' INT TERM
  for action in "${exit_actions[@]}"; do
    "$action" || true
  done
  exit "$status"
}

die() {
  echo "$(basename "$0"): $*" >&2
  exit 1
}

require_root() {
  ((EUID == 0)) || die "has to be run as root"
}

remove_work_folder() {
  rm -rf "$work"
}

make_work_folder() {
  work=$(mktemp -d "${TMPDIR:-/tmp}/damon-hugepage-XXXXXX")
  at_exit remove_work_folder
  chmod 0755 "$work"
  export TMPDIR=$work
}

# missing_packages [PACKAGE...]: of PACKAGES and these.
missing_packages() {
  local package

  for package in "${PACKAGES[@]}" "$@"; do
    if [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) != installed ]]; then
      echo "$package"
    fi
  done
}

services_denied=

allow_services() {
  [[ -z $services_denied ]] || rm -f /usr/sbin/policy-rc.d
  services_denied=
}

# Packages start their services unless this file says no; where there is one already, it is the
# administrator's.
deny_services() {
  [[ ! -e /usr/sbin/policy-rc.d ]] || return 0
  at_exit allow_services
  services_denied=yes
  install -m 0755 /dev/stdin /usr/sbin/policy-rc.d <<<$'#!/bin/sh\nexit 101'
}

# install_packages [PACKAGE...]: PACKAGES and these, as far as they are missing.
install_packages() {
  local missing

  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]} > 0)) || return 0
  echo "Installing ${missing[*]}"
  deny_services
  {
    apt-get -q update
    DEBIAN_FRONTEND=noninteractive apt-get -qy --no-install-recommends install "${missing[@]}"
  } >"$work/apt.log" 2>&1 || {
    cat "$work/apt.log" >&2
    die "cannot install the packages"
  }
  allow_services
}

# build FOLDER [OPTION...]: configures it if that is new, and builds.
build() {
  local folder=$root/$1 again=()
  shift

  if [[ -f $folder/build.ninja ]]; then
    again=(--reconfigure)
  fi
  meson setup "${again[@]}" "$@" "$folder" "$root" >"$work/setup.log" 2>&1 || {
    cat "$work/setup.log" >&2
    die "cannot configure $folder"
  }
  meson compile -C "$folder" >"$work/compile.log" 2>&1 || {
    cat "$work/compile.log" >&2
    die "cannot build in $folder"
  }
  grep -E -A 5 'warning:|WARNING:' "$work/compile.log" || true
}

# What the machine's own services write at all times is no trace of ours.
readonly UNSTEADY='^/run/(log|udev|user|systemd/(inhibit|journal|machines|netif|resolve|seats|sessions|timesync|units|users))/'

# The state of what tests could leave behind: names, types, modes, owners, link targets, and contents
# where that is configuration. Files under /sys are not opened: some act when they are read.
list_machine() {
  {
    find /etc /usr/share/polkit-1 /run /sys/module /sys/kernel/mm -ignore_readdir_race \
      -printf '%p %y %m %U:%G %l\n' | grep -Ev "$UNSTEADY" || true
    find /etc /usr/share/polkit-1 -type f -exec sha256sum {} +
  } | LC_ALL=C sort
}
