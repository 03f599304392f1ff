"""The files and folders that hold what must not leave the machine.

Data alone; `secrets` holds a path against it. A path is absolute, below `~`, or relative; a
pattern such as `id_*` stands for what it may match.
"""

import re
from typing import Final

from eidos.validator.patterns import Pattern

_FOLDERS: Final = (
    r"\.ssh", r"\.gnupg", r"\.aws", r"\.azure", r"\.config/gcloud", r"\.kube", r"\.password-store",
    r"\.local/share/(?:keyrings|kwalletd|gopass)", r"\.gnome2/keyrings",
    r"\.kde\d?/share/apps/kwallet",
    r"Library/Keychains", r"Library/Application Support/(?:Google|Firefox|BraveSoftware)",
    r"\.mozilla", r"\.thunderbird", r"\.icedove", r"\.librewolf", r"\.waterfox",
    r"\.config/(?:google-chrome|chromium|BraveSoftware|microsoft-edge|vivaldi|opera)[^/]*",
    r"(?:snap|\.var/app)/[^/]*(?:firefox|chromium|chrome|brave)[^/]*",
    r"AppData/(?:Local|Roaming)/(?:Google|Mozilla|Microsoft/Edge)",
    r"\.(?:bitcoin|electrum|litecoin|dogecoin|monero|bitmonero|zcash|dash)[^/]*",
    r"\.ethereum/keystore", r"\.config/(?:Exodus|solana|Ledger Live|op|hub|gh|doctl|hcloud|rclone)",
    r"\.config/(?:Signal|discord|Slack|filezilla|1Password|Bitwarden|keepassxc)",
    r"\.local/share/TelegramDesktop", r"\.purple", r"\.oci", r"\.terraform\.d", r"\.chef",
    r"\.subversion/auth", r"\.dropbox", r"\.vnc", r"\.fly", r"\.pulumi", r"\.step/secrets",
    r"etc/ssl/private", r"etc/pki/tls/private", r"etc/pki/CA/private", r"etc/letsencrypt",
    r"etc/(?:wireguard|openvpn|ipsec\.d|strongswan|wpa_supplicant)",
    r"etc/NetworkManager/system-connections", r"var/lib/samba/private",
    r"etc/kubernetes(?:/pki)?", r"var/lib/(?:AccountsService|sss/db)",
    r"(?:var/)?run/secrets", r"etc/security/opasswd", r"\.secrets?", r"\.vault",
)  # fmt: skip
_NAMES: Final = (
    # Who may log in here, and what runs here.
    r"(?:etc|backups?)/g?shadow-?", r"g?shadow\.(?:bak|old|txt)", r"master\.passwd", r"smbpasswd",
    r"opasswd", r"\.htpasswd",
    r"proc/[^/]+/(?:environ|mem|cmdline\+environ)", r"proc/kcore", r"dev/k?mem",
    r"krb5\.keytab", r"krb5cc_[^/]*", r"ipsec\.secrets", r"[^/]*\.keytab", r"debian\.cnf",
    # Keys.
    r"(?:[\w.-]*_)?id_(?:rsa|dsa|ecdsa|ed25519|xmss|\*|\?)[\w*?.-]*", r"[\w.-]*_(?:rsa|ed25519)",
    r"ssh_host_[\w*?]*_key", r"ssh_host_[\w*?]*",
    r"[^/]*\.(?:pem|key|p12|pfx|p8|ppk|jks|keystore|kdbx?|psafe3|agilekeychain|1pux|opvault)",
    r"[^/]*\.(?:kdb|ovpn|mobileprovision|secring|skr|pkcs12|der\.key)",
    r"(?:secret|private)[^/]*\.(?:asc|gpg|key|txt|pgp)", r"secring\.gpg", r"wallet\.dat",
    r"(?:priv|private)[-_.]?key[^/]*", r"master\.key", r"[^/]*[-_]key\.json",
    # Passwords that programs keep.
    r"[._]netrc", r"\.git-credentials", r"\.config/git/credentials", r"\.npmrc", r"\.pypirc",
    r"\.yarnrc\.yml", r"\.pgpass", r"\.my\.cnf", r"\.mylogin\.cnf", r"\.s3cfg", r"\.boto",
    r"\.dockercfg", r"\.docker/config\.json", r"\.gem/credentials", r"\.cargo/credentials[^/]*",
    r"\.m2/settings[^/]*\.xml", r"\.gradle/gradle\.properties", r"\.composer/auth\.json",
    r"auth\.json", r"\.vault-token", r"\.vault_pass[^/]*", r"vault[-_]pass[^/]*", r"\.rhosts",
    r"\.claude\.json", r"\.tunnelto", r"\.ngrok2?", r"\.erlang\.cookie", r"\.smbcredentials",
    r"\.?kubeconfig[^/]*", r"admin\.conf", r"k3s\.yaml", r"[^/]*\.tfstate(?:\.backup)?",
    r"[^/]*\.tfvars(?:\.json)?", r"application_default_credentials\.json",
    # Browsers.
    r"Login Data[^/]*", r"Cookies", r"cookies\.sqlite", r"key[34]\.db", r"logins\.json",
    r"signons\.sqlite", r"Web Data", r"Local State", r"places\.sqlite", r"cookies\.txt",
    r"login\.keychain[^/]*",
    # What a project keeps to itself.
    r"\.env", r"\.env\.[\w.*-]+", r"\.envrc", r"[\w-]*\.env", r"\.flaskenv",
    r"wp-config\.php", r"\.?credentials?(?:\.[\w.]+)?", r"[\w-]*credentials[\w-]*\.\w+",
    r"\.?secrets?\.[\w.]+", r"[\w-]*[-_]secrets?\.\w+", r"secrets?_token\.\w+",
    r"client_secret[^/]*", r"service[-_]?account[^/]*\.json", r"firebase-adminsdk[^/]*",
    r"\.?pass(?:words?|wd)?s?\.(?:txt|csv|json|ya?ml|db|xlsx?|gpg|kdbx|docx?|md)",
    r"[\w-]*passwords?\.(?:txt|csv|json|ya?ml|db|xlsx?|docx?)", r"recovery[-_]?codes?[^/]*",
    r"(?:seed|mnemonic)(?:[-_]?phrase)?\.(?:txt|json)", r"local_settings\.py", r"parameters\.yml",
)  # fmt: skip
_TOKENS: Final = (r"\.?token(?:\.txt|\.json)?", r"[\w-]*[-_.]token", r"api[-_]?key(?:\.txt)?")
_HISTORIES: Final = (
    r"\.(?:ba|z|fi|k|c|tc|a)?sh_history", r"\.history", r"\.histfile", r"fish_history",
    r"\.(?:python|mysql|psql|sqlite|node_repl|rediscli|mongo|irb|pry|php|dbshell|scapy)_history",
    r"\.\w*_hist(?:ory)?", r"\.\*_history", r"\.\*history",
)  # fmt: skip
_PUBLIC_NAMES: Final = (
    r"[^/]*\.pub", r"known_hosts[^/]*", r"authorized_keys\d?", r"\.ssh/config(?:\.d(?:/.*)?)?",
    r"\.aws/config", r"\.gnupg/(?:pubring[^/]*|[\w-]+\.conf|trustdb\.gpg)",
    r"[^/]*\.(?:example|sample|template|dist|tmpl|defaults?|schema)(?:\.\w+)?",
    (
        r"(?:[\w.-]*[-_.])?(?:cert|certificate|chain|fullchain|ca|cacert|public|pub|pubkey|bundle"
        r"|csr|dhparams?|root-?ca)(?:[-_][\w.-]*|\d+)?\.pem"
    ),
    r"(?:[\w.-]*[-_.])?(?:public|pub)\.key",
    r"\.config/gcloud/configurations(?:/.*)?", r"\.kube/cache(?:/.*)?",
    r"etc/letsencrypt/(?:options[^/]*|renewal(?:/.*)?|cli\.ini)",
    r"etc/letsencrypt/live/[^/]+/(?:README|cert\.pem|chain\.pem|fullchain\.pem)",
    r"etc/openvpn/(?:easy-rsa.*)",
)  # fmt: skip
_PERSONAL: Final = (
    (
        r"(?:~[\w.+-]*|/(?:export/)?home(?:/[^/]+)?|/root|/var/root|/Users(?:/[^/]+)?"
        r"|/|/etc|/var)(?:/(?:\.?\*|\.|\.\[!?\^?\.\]\*|\{[.*,]*\}))*"
    ),
    r"/etc/(?:passwd-?|sudoers(?:\.d(?:/.*)?)?|security(?:/.*)?|ssh)",
    r"/var/lib/(?:mysql|postgresql|mongodb|redis|docker)(?:/\*?)?",
    r"/var/(?:mail|spool/mail|spool/cron)(?:/.*)?",
    r"(?:~|/home/[^/]+|/root)/(?:\.config|\.local|\.local/share|Library|\.\*)",
    r"/dev/(?:[shv]d[a-z]|xvd[a-z]|nvme\d|mmcblk\d|mapper/)[^/]*",
    r"/dev/(?:video\d|snd/.*|input/.*|dsp\d?|audio|fb\d)",
)  # fmt: skip

_RECORDS: Final = (
    (
        r"(?:~|/home/[^/]+|/root|/Users/[^/]+)"
        r"/(?:Documents|Desktop|Pictures|Photos|Mail|Private|Downloads|Videos)"
    ),
    r"(?:~|/home/[^/]+|/root|/Users/[^/]+)/\*[^/]*",
    r"/var/log",
)

METADATA: Final = Pattern(
    r"(?:169\.254\.169\.254|169\.254\.170\.2|100\.100\.100\.200|metadata\.google\.internal"
    r"|0xa9fea9fe|2852039166|\[fd00:ec2::254\])"
    r".*(?:security-credentials|/token(?!\w)|identity/oauth2|/credentials|user-data|\?recursive)",
    re.IGNORECASE,
)
"""Where a machine in a cloud asks for its own credentials."""


def _anywhere(names: tuple[str, ...], end: str = "$") -> Pattern:
    return Pattern(f"(?:^|/)(?:{'|'.join(names)}){end}")


SECRET_FOLDERS: Final = _anywhere(_FOLDERS, "(?:/|$)")
SECRETS: Final = _anywhere(_NAMES)
TOKENS: Final = _anywhere(_TOKENS)
HISTORIES: Final = _anywhere(_HISTORIES)
PUBLIC: Final = _anywhere(_PUBLIC_NAMES)
PERSONAL: Final = Pattern(f"(?:{'|'.join(_PERSONAL)})/?$")
RECORDS: Final = Pattern(f"(?:{'|'.join(_RECORDS)})(?:/\\.?\\*)*/?$")
WELL_KNOWN: Final = (
    *("/etc/shadow", "/etc/gshadow", "/etc/ssl/private", "~/.ssh", "~/.ssh/id_rsa", "~/.aws"),
    *("~/.ssh/id_ed25519", "~/.aws/credentials", "~/.gnupg", "~/.netrc", "~/.bash_history"),
    *("~/.zsh_history", "~/.git-credentials", "~/.kube/config", "~/.docker/config.json"),
    *("/root/.ssh", "/root/.ssh/id_rsa", "/home/user/.ssh", "/home/user/.ssh/id_rsa"),
    *("/proc/self/environ", "/proc/1/environ", "~/.env", "~/.pgpass", "~/.mozilla"),
)
"""What a pattern that hides its target is held against."""
