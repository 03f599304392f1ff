"""Packages that a system does not work without, whatever its distribution calls them."""

from typing import Final

from eidos.validator.patterns import Pattern, fits

ESSENTIAL: Final = frozenset(
    # The C library, and what starts and logs in.
    "libc6 libc-bin libc6-dev-bin libc glibc glibc-common glibc-langpack-en glibc-core musl "
    "libgcc libgcc-s1 libgcc1 libstdc++6 libstdc++ gcc-libs systemd systemd-sysv systemd-libs "
    "libsystemd0 systemd-udev udev eudev init sysvinit sysvinit-core sysvinit-utils initscripts "
    "openrc runit upstart s6 dinit busybox busybox-static login passwd shadow shadow-utils "
    "shadow-login libpam0g libpam-modules libpam-runtime pam libpwquality adduser sudo polkit "
    "policykit-1 "
    # The shells, the basic programs and what is the same everywhere.
    "bash dash coreutils coreutils-common util-linux util-linux-core findutils grep sed tar "
    "gzip mawk diffutils debianutils hostname mount fdisk e2fsprogs procps procps-ng kmod "
    "iproute2 iproute ncurses ncurses-base ncurses-bin libtinfo6 readline perl-base perl "
    "libselinux1 libselinux zlib1g zlib openssl openssl-libs libssl3 libssl1.1 libcrypto3 "
    "libcrypt1 libxcrypt filesystem setup base base-files base-passwd basesystem base-system "
    "os-core alpine-base bsdutils alpine-baselayout alpine-release lsb-base init-system-helpers "
    "dbus dbus-broker libdbus-1-3 redhat-release centos-release fedora-release rocky-release "
    "ca-certificates "
    # Package managers.
    "dpkg apt apt-utils libapt-pkg6.0 rpm rpm-libs librpm9 dnf dnf5 dnf-data libdnf yum "
    "yum-utils microdnf zypper libzypp pacman pacman-mirrorlist apk-tools libapk portage xbps pkg "
    "libsolv "
    # Python where the system itself is written in it.
    "python python3 python3-minimal python3-libs platform-python libpython3-stdlib "
    "libpython3.11-stdlib libpython3.12-stdlib python3-apt python-libs python3-dnf "
    # The kernel and what starts it.
    "kernel kernel-core kernel-modules kernel-modules-core kernel-default linux "
    "linux-base linux-generic linux-image-generic linux-image-amd64 "
    "linux-image-arm64 linux-virtual initramfs-tools dracut mkinitcpio mkinitfs grub grub2 "
    "grub-common grub2-common grub-pc grub-pc-bin grub-efi grub-efi-amd64 grub2-efi-x64 "
    "grub2-pc grub2-tools grub-efi-amd64-signed shim shim-signed shim-x64 systemd-boot syslinux "
    "raspberrypi-kernel raspi-firmware linux-raspi".split()
)
_KERNEL_IN_USE: Final = Pattern(
    r"(?:linux-image|linux-modules|kernel|kernel-core|kernel-modules|linux-image-unsigned)"
    r"-(?:\$\(uname -r\)|`uname -r`|\$\{?\w*(?:kernel|KERNEL|uname)\w*\}?)"
)
_PYTHON: Final = Pattern(r"python3\.\d+(?:-minimal|-libs)?")
IMPORTANT: Final = frozenset(
    "network-manager networkmanager openssh-server openssh sshd ssh ifupdown netplan.io "
    "systemd-networkd wpasupplicant wpa_supplicant iwd dhcpcd dhcpcd5 isc-dhcp-client dhclient "
    "systemd-resolved resolvconf openssh-clients openssh-client gdm gdm3 sddm lightdm xorg "
    "xserver-xorg xorg-server xwayland gnome-shell ubuntu-desktop kubuntu-desktop "
    "plasma-desktop mutter kwin task-gnome-desktop ubuntu-minimal ubuntu-standard ubuntu-server "
    "pve-manager proxmox-ve apparmor selinux-policy selinux-policy-targeted firewalld ufw "
    "nftables iptables auditd audit rsyslog syslog-ng fail2ban crowdsec falco wazuh-agent "
    "clamav clamav-daemon falcon-sensor osquery aide cron cronie cryptsetup lvm2 mdadm "
    "zfsutils-linux btrfs-progs linux-firmware gnupg gnupg2 gpg tzdata debconf linux-lts "
    "linux-zen linux-hardened".split()
)
_VERSION: Final = Pattern(r"(?::\w+)?(?:[=/][^=]*)?[-+]?$")
_LONGEST_PATTERN: Final = 48
_SIGNS: Final = Pattern(r"[*?\[\].^$|+(){}]")


def is_essential(text: str) -> bool:
    """Whether *text* names, or is a pattern for, a package that nothing works without."""
    if text in {
        "~i",
        "./~i",
        "?installed",
        "./~E",
        "?essential",
        "@system",
        "@world",
    }:  # of aptitude
        return True
    return _fits(text, ESSENTIAL) or _KERNEL_IN_USE.fullmatch(text) is not None


def is_perhaps_essential(text: str) -> bool:
    """Whether *text* is a Python that may be the system's own, or an extra one."""
    return _PYTHON.fullmatch(_bare(text)) is not None


def is_important(text: str) -> bool:
    """Whether *text* names a package without which people are locked out, or unprotected."""
    return _fits(text, IMPORTANT) or is_perhaps_essential(text)


def is_pattern(text: str) -> bool:
    """Whether *text* stands for more than one package."""
    return "*" in text or text.startswith(("^", "?", "~"))


def _fits(text: str, names: frozenset[str]) -> bool:
    name = _bare(text)
    if name in names or _bare(text.rpartition("/")[2]) in names:  # Gentoo: sys-libs/glibc
        return True
    if not is_pattern(name) or len(name) > _LONGEST_PATTERN:
        return False
    pattern = name.strip("^$").replace(".*", "*")
    return any(fits(known, pattern) for known in names)


def _bare(text: str) -> str:
    """Return the name alone: `libc6` for `libc6:amd64`, `libc6=2.36` and `libc6-`."""
    name = text.lower()
    return name if _SIGNS.search(name[:-1]) else _VERSION.sub("", name)
