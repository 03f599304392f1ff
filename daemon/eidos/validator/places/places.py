"""The places that matter: folders of the system and of people, and files nothing works without.

Data alone; `targets` holds a word against it.
"""

from typing import Final

from eidos.validator.patterns import Pattern


def _below(folder: str, names: str) -> frozenset[str]:
    return frozenset(f"{folder}/{name}" for name in names.split())


CORE_FOLDERS: Final = frozenset(
    {"/"}
    | _below("", "bin boot dev efi etc esp gnu home lib lib32 lib64 libx32 nix ostree proc")
    | _below("", "run sbin snap sys sysroot usr var cores System Library Applications Users")
    | _below("", "private private/var etc/opt nix/store nix/var gnu/store")
    | _below("/boot", "efi EFI grub grub2 loader efi/EFI")
    | _below("/etc", "alternatives default init.d ld.so.conf.d network pam.d pki rc.d security")
    | _below("/etc", "selinux ssh ssl ssl/private systemd systemd/system udev")
    | _below("/usr", "bin games include lib lib32 lib64 libexec libx32 sbin share")
    | _below("/usr/lib", "modules systemd aarch64-linux-gnu i386-linux-gnu x86_64-linux-gnu")
    | _below("/lib", "modules systemd aarch64-linux-gnu i386-linux-gnu x86_64-linux-gnu")
    | _below("/var", "backups db lib log mail spool")
    | _below("/var/lib", "dpkg dpkg/info pacman rpm systemd")
    | {"/sys/firmware/efi/efivars"}
    | _below("/System", "Library Volumes Volumes/Data")
    | _below("/Library", "Extensions Frameworks Keychains LaunchAgents LaunchDaemons Preferences")
    | _below("/mnt/c", "Windows Windows/System32 Users")
    | {"/mnt/c", "/mnt/c/Program Files", "/cygdrive/c", "/c"}
)
"""Nobody empties one of these, or changes who owns all of it, and has a working machine."""

SHARED_FOLDERS: Final = (
    _below("", "media mnt opt sdcard srv Volumes")
    | _below("/usr", "local local/bin local/sbin local/lib local/share local/etc src")
    | _below("/var/lib", "flatpak mongodb mysql postgresql redis")
)
"""Where programs and data of people are kept: emptying one is a disaster, owning it is not."""

SYSTEM_FOLDERS: Final = CORE_FOLDERS | SHARED_FOLDERS

STORES: Final = Pattern(
    r"/var/lib/(?:docker(?:/(?:volumes|overlay2|containers|image|swarm))?"
    r"|containerd|kubelet(?:/pods)?|etcd\w*(?:/(?:member|default|default\.etcd|data))?|etcd-data"
    r"|libvirt(?:/(?:images|qemu))?|containers(?:/storage(?:/(?:volumes|overlay))?)?"
    r"|lx[cd](?:/(?:containers|storage-pools|disks))?|incus(?:/(?:containers|storage-pools|disks))?"
    r"|(?:rancher|rancher/(?:k3s|rke2))(?:/server(?:/db(?:/etcd)?)?)?|k0s|machines|pve-cluster"
    r"|vz(?:/(?:images|private|dump))?|nomad|consul|vault|ceph(?:/(?:osd|mon))?|longhorn|rook"
    r"|mariadb|pgsql(?:/[\d.]+)?(?:/data)?|postgresql/(?:data|[\d*.]+(?:/main|/data)?)|cassandra(?:/data)?"
    r"|elasticsearch|opensearch|influxdb2?|couchdb|clickhouse|neo4j(?:/data)?|kafka|zookeeper"
    r"|rabbitmq(?:/mnesia)?|waydroid)"
    r"|/var/snap/(?:docker|lxd|microk8s|multipass)(?:/common(?:/[\w-]+)*)?|/etc/(?:kubernetes|pve)"
    r"|/etc/kubernetes/(?:pki|manifests)|/var/opt/(?:gitlab(?:/git-data(?:/repositories)?)?"
    r"|mssql(?:/data)?|opscode)"
)
"""Folders in which one program keeps all containers, machines or databases."""

LOGIN_FILES: Final = _below("/etc", "passwd shadow group gshadow sudoers master.passwd")
ACCOUNT_FILES: Final = (
    LOGIN_FILES | _below("/etc", "fstab crypttab") | {"/boot/grub/grub.cfg", "/boot/grub2/grub.cfg"}
)

_PROGRAMS: Final = (
    "agetty apt apt-get awk bash cat chmod chown coreutils cp cron crond dash dbus-daemon dnf dpkg "
    "env getty grep gzip id init insmod ip kill kmod ld ldconfig less ln login ls mkdir modprobe "
    "mount mv NetworkManager nologin openssl pacman passwd perl pkexec ps python3 reboot rm rpm "
    "sed sh shutdown ssh sshd su sudo sulogin switch_root systemctl systemd tar test tty udevadm "
    "umount unix_chkpwd useradd usermod visudo yum zsh zypper"
)
PROGRAM_FOLDERS: Final = ("/bin", "/sbin", "/usr/bin", "/usr/sbin")
VITAL_PROGRAMS: Final = frozenset(
    f"{folder}/{name}" for folder in PROGRAM_FOLDERS for name in _PROGRAMS.split()
)
"""Programs without which no boot or no login goes through, or nothing can be repaired."""

VITAL_FILES: Final = (
    ACCOUNT_FILES
    | _below("/etc", "inittab login.defs nsswitch.conf pam.conf securetty")
    | _below("/etc/pam.d", "common-account common-auth common-password common-session login other")
    | _below("/etc/pam.d", "passwd sshd su sudo system-auth")
    | _below("/boot", "vmlinuz vmlinux initrd.img initramfs-linux.img initramfs.img kernel.img")
    | _below("/boot", "bzImage vmlinuz-linux grub/grubenv")
    | _below("/lib", "ld-linux.so.2 systemd/systemd x86_64-linux-gnu/libc.so.6")
    | _below("/lib64", "ld-linux-x86-64.so.2 libc.so.6")
    | _below("/usr/lib", "dyld libSystem.B.dylib systemd/systemd x86_64-linux-gnu/libc.so.6")
    | _below("/usr/lib64", "ld-linux-x86-64.so.2 libc.so.6")
    | _below("/var/lib/dpkg", "status available")
    | VITAL_PROGRAMS
)
VITAL_NAMES: Final = Pattern(
    r"/boot/(?:vmlinu[xz]|initr|kernel|bzImage|u-boot)[^/]*"
    r"|/boot/efi/EFI/[^/]+/[^/]+\.efi|/boot/loader/entries/[^/]+"
    r"|(?:/usr)?/lib(?:32|64|x32)?/(?:[\w-]+-linux-\w+/)?"
    r"(?:ld-[\w.-]*\.so[\w.]*"
    r"|lib(?:c|crypt|crypto|dl|gcc_s|m|nss_\w+|pam\w*|pthread|resolv|selinux|ssl|systemd|tinfo)"
    r"(?:-[\d.]+)?\.so[\w.]*)"
)
"""Vital files whose names carry a version."""

HOME: Final = Pattern(
    r"(?:~|/root|/var/root|/(?:export/)?home/[^/]+|/Users/(?!Shared(?:/|$))[^/]+)"
    r"(?:/(?P<below>.+))?"
)
KEY_FOLDERS: Final = frozenset({".ssh", ".gnupg"})
"""In a home: the only way into other machines, and to what was encrypted."""
KEY_FILES: Final = Pattern(
    r"\.ssh/(?!.*\.pub$)(?:id_[^/]*|authorized_keys2?|[^/]+\.pem|[^/]+[_-]key|identity)"
    r"|\.gnupg/(?:private-keys-v1\.d(?:/.*)?|secring\.gpg|pubring\.kbx|trustdb\.gpg)"
    r"|\.aws/credentials|\.kube/config|\.netrc|\.pgpass|\.git-credentials|\.vault-token"
    r"|\.local/share/keyrings(?:/.*)?"
)
OWN_FOLDERS: Final = frozenset(
    "Desktop Documents Dropbox Library Library/Keychains Mail Maildir Movies Music OneDrive Photos"
    " Pictures Videos .aws .config .config/gcloud .config/google-chrome .kube .local .local/bin"
    " .local/share .local/share/keyrings .local/state .mozilla .mozilla/firefox .password-store"
    " .thunderbird .local/share/containers .local/share/containers/storage .local/share/docker"
    " .local/share/gnome-boxes .local/share/libvirt .local/share/libvirt/images".split()
) | {"VirtualBox VMs"}
"""In a home: the folders that hold most of what its owner has."""
STARTUP_FILES: Final = frozenset(
    ".bashrc .bash_profile .bash_login .bash_logout .bash_aliases .profile .zshrc .zshenv .zprofile"
    " .zlogin .kshrc .cshrc .tcshrc .login .gitconfig .xinitrc .xprofile .config/fish/config.fish"
    " .ssh/config .ssh/known_hosts .ssh/authorized_keys .aws/config .aws/credentials".split()
)
"""In a home: settings that were written by hand over years, and that every shell starts with."""

SYSTEM_TREE: Final = Pattern(
    r"/(?:bin|boot|dev|efi|etc|lib\w*|nix/store|proc|sbin|sys|usr|System|Library"
    r"|var/(?:lib|log|spool|mail|db|backups))/."
)
SPARED_TREE: Final = Pattern(
    r"/usr/(?:local|src)/.|/dev/(?:shm|mqueue|fd|pts)(?:/|$)|/dev/(?:null|tty|std\w+|full|zero)$"
    r"|/var/lib/(?:apt/lists|apport|snapd/cache|systemd/coredump)(?:/|$)"
    r"|/usr/share/keyrings/.|/usr/share/applications/.|/usr/share/fonts/.|/usr/share/themes/."
    r"|/Library/(?:Caches|Logs)(?:/|$)"
)
"""Below the system's folders, and yet the business of whoever administers the machine."""
TEMPORARY_TREE: Final = Pattern(
    r"/(?:tmp|var/tmp|dev/shm|var/cache|var/crash|run/user|usr/local|opt|usr/src|private/tmp"
    r"|var/lib/apt/lists)(?:/|$)"
)
SENSITIVE_SETTINGS: Final = Pattern(
    r"/etc/(?:pam\.d|ssh|security|ssl/private|pki|selinux|letsencrypt|default/grub|ld\.so\.conf\.d"
    r"|sudoers\.d|alternatives|systemd/(?!system/)|profile\.d)(?:/.*)?"
)
"""Settings below /etc that decide who gets in, or whether the machine starts."""
SPARE_COPY: Final = Pattern(
    r"/etc/.*(?:\.(?:bak|old|orig|save|swp|tmp|backup|rpmnew|rpmsave|pacnew|dpkg-\w+)|~)"
)
"""Copies of settings that nothing reads."""
PLAIN_SETTINGS: Final = _below(
    "/etc", "hostname timezone localtime motd issue issue.net adjtime locale.conf locale.gen"
) | _below("/etc", "vconsole.conf mailname papersize machine-info")
"""Files right in /etc that are written every day, and break nothing."""
_ROOT_SETTINGS: Final = (
    "adduser.conf aliases anacrontab asound.conf at.allow at.deny bash.bashrc bashrc"
    " ca-certificates.conf chrony.conf cron.allow cron.deny crontab csh.cshrc csh.login"
    " debconf.conf debian_version deluser.conf dhcpcd.conf dnsmasq.conf dracut.conf environment"
    " exports fedora-release fuse.conf gai.conf group- hdparm.conf host.conf hosts.allow hosts.deny"
    " idmapd.conf inittab inputrc krb5.conf ld.so.cache ld.so.conf libaudit.conf locale.alias"
    " login.defs logrotate.conf lsb-release machine-id magic mail.rc mailcap makepkg.conf"
    " manpath.config man_db.conf mdadm.conf mime.types mke2fs.conf mkinitcpio.conf modules mtab"
    " multipath.conf my.cnf named.conf nanorc networks netconfig nfs.conf nftables.conf nscd.conf"
    " nsswitch.conf ntp.conf odbcinst.ini os-release pacman.conf pam.conf passwd- pf.conf"
    " php.ini printcap profile protocols rc.conf rc.local redhat-release rpc"
    " rsyncd.conf rsyslog.conf screenrc securetty services shadow- shells smartd.conf subgid subuid"
    " sudo.conf sudo_logsrvd.conf sysctl.conf syslog.conf system-release ucf.conf updatedb.conf"
    " vimrc wgetrc xattr.conf yum.conf zprofile zshenv zshrc"
)
MAIN_SETTINGS: Final = (
    ACCOUNT_FILES
    | (PLAIN_SETTINGS - {"/etc/localtime"})
    | _below("/etc", _ROOT_SETTINGS)
    | _below("/etc", "apt/apt.conf apt/sources.list dnf/dnf.conf network/interfaces selinux/config")
    | _below("/etc", "zsh/zshenv zsh/zshrc zsh/zprofile skel/.bashrc skel/.profile hosts.equiv")
    | _below(
        "/etc/default", "apport console-setup cron grub keyboard locale networking nss ssh ufw"
    )
    | _below("/etc/default", "useradd")
)
"""Settings that every machine has, and that came with it; the rules about hijacking have more."""
MAIN_SETTING_NAMES: Final = Pattern(
    r"/etc/(?P<program>[a-z]+)(?![a-z])(?![^/]*\.d/)[^/]*/(?:.+/)?"
    r"(?:(?P=program)[\w-]*\.(?:conf|cfg|cnf|cf|ini|ya?ml|toml|json|xml)"
    r"|(?:main|master)\.cf|main\.conf|my\.cnf|php\.ini|httpd\.conf|pg_(?:hba|ident)\.conf|smb\.conf"
    r"|named\.conf(?:\.\w+)?|postgresql\.conf|journald\.conf|logind\.conf|resolved\.conf|system\.conf"
    r"|ssh_config|sshd_config|cupsd\.conf|daemon\.conf|ports\.conf|access\.conf|limits\.conf"
    r"|before\.rules|after\.rules|user\.rules|initramfs\.conf|magic|mime\.types|fastcgi_params)"
)
"""The main settings of a program: named after it, or as every program of its kind names them."""
