"""Secrets among the arguments of programs that take one there."""

import re
from typing import Final

from eidos_remote.secret_shapes import LINE, Kind, Lead, after
from eidos_remote.secret_values import is_mixed, is_real


def _argument(names: str, option: str, *needles: str, shape: str = "") -> Kind:
    """Return a password behind *option* of a program; one of *needles* is in each of *names*."""
    lead = Lead(re.compile(rf"\b(?:{names})\b", re.IGNORECASE), needles)
    return after("password", LINE + option, shape=shape, lead=lead)


ARGUMENTS: Final = (
    _argument(
        r"mysql\w{0,10}|mariadb(?:-\w{1,10})?|mycli",
        "(?-i:-p)(?!rint|ort=|rotocol|lugin)",
        "mysql",
        "mariadb",
        "mycli",
    ),
    _argument(
        "7z[arz]?|rar|unrar",
        "(?-i:-p)(?!rint|ort=|rotocol|lugin)",
        "7z",
        "rar",
    ),
    _argument("sshpass", r"(?-i:-p)\s?", "sshpass"),
    _argument(
        "curl|http|https|xh",
        r"(?:-\w{0,8}u|--user|-a|--auth|--proxy-user)[\s=]?\s?[\"']?[^\s:'\"/]{1,100}:",
        "curl",
        "http",
        "xh",
        shape=r"[^\s'\"]{1,200}",
    ),
    _argument(
        r"docker|podman|nerdctl|helm|oc|az|buildah|skopeo|mongo\w{0,10}|cf|argocd",
        r"(?:login|-u\s{1,3}\S{1,60}|--username[\s=]\S{1,60})" + LINE + r"(?-i:-p)\s{1,3}",
        "docker",
        "podman",
        "nerdctl",
        "helm",
        "oc",
        "az",
        "buildah",
        "skopeo",
        "mongo",
        "cf",
        "argocd",
    ),
    _argument("redis-cli|keydb-cli|valkey-cli", r"(?-i:-a)\s{1,3}", "-cli"),
    _argument("ldap(?:search|add|modify|delete|passwd|whoami)", r"(?-i:-w)\s{0,3}", "ldap"),
    _argument("user(?:add|mod)", r"(?-i:-p)\s{1,3}", "useradd", "usermod"),
    _argument(
        "zip|unzip|sqlcmd|ipmitool|bcp",
        r"(?-i:-P)\s{0,3}",
        "zip",
        "sqlcmd",
        "ipmitool",
        "bcp",
    ),
    after("password", r"-pass(?:in|out)?\s{1,3}[\"']?(?:pass:)", "pass:", shape=r"[^\s'\"]{1,200}"),
    after("password", r"\bopenssl\s{1,3}enc\b" + LINE + r"(?-i:-k)\s{1,3}", "openssl"),
    after(
        "password",
        r"\b(?:smbclient|rpcclient|mount\.cifs|smbget|net|wmic|winexe)\b"
        + LINE
        + r"(?:-U|--user=?)\s{0,3}[\"']?[^\s%'\"]{1,100}%",
        "%",
        shape=r"[^\s'\"]{1,200}",
    ),
    _argument("x?freerdp", r"/p:", "freerdp"),
    _argument("lftp", r"-u\s{1,3}[\"']?[^\s,'\"]{1,100},", "lftp", shape=r"[^\s'\"]{1,200}"),
    _argument("sqlplus", r"\w{1,40}/", "sqlplus", shape=r"[^\s'\"@/]{1,200}(?=@|\s|\Z)"),
    _argument("htpasswd", r"-\w{0,6}b\w{0,6}\s{1,3}\S{1,200}\s{1,3}\S{1,100}\s{1,3}", "htpasswd"),
    _argument(r"snmp\w{2,10}", r"(?-i:-[AX])\s{1,3}", "snmp"),
    after(
        "password",
        r"\bwpa_passphrase\s{1,3}(?:'[^'\n]{1,60}'|\"[^\"\n]{1,60}\"|\S{1,60})\s{1,3}",
        "wpa_passphrase",
    ),
    after(
        "password",
        r"\brabbitmqctl\s{1,3}(?:add_user|change_password)\s{1,3}\S{1,60}\s{1,3}",
        "rabbitmqctl",
    ),
    _argument("nmcli|iwctl", r"password\s{1,3}", "nmcli", "iwctl"),
    after(
        "password",
        r"\bchpasswd\s{0,3}<<<\s{0,3}[\"']?[\w.-]{1,40}:",
        "chpasswd",
        shape=r"[^\s'\"]{1,200}",
    ),
    after(
        "password",
        r"\b(?:echo|printf|<<<)\s{1,3}(?:-n\s{1,3})?[\"']?[\w.-]{1,40}:",
        "chpasswd",
        shape=r"[^\s'\"]{1,200}(?=['\"]?\s{0,3}\|\s{0,3}(?:sudo\s{1,3})?chpasswd)",
    ),
    Kind(
        "password",
        re.compile(
            r"\b(?:echo|printf)\s{1,3}(?:-n\s{1,3}|'%s(?:\\n)?'\s{1,3})?['\"]?(?P<secret>[^\s'\"|]{1,200})"
            r"(?:\\n)?['\"]?\s{0,3}\|\s{0,3}(?=sudo\s[^\n|]{0,40}-\w{0,5}S\b"
            r"|[^\n|]{0,80}--(?:password|pass|passwd|passphrase)-(?:stdin|fd)|[^\n|]{0,60}--stdin\b)"
        ),
        ("sudo", "stdin", "-fd"),
        is_real,
    ),
    after("password", r"\bnet\s{1,3}use\b" + LINE + r"/user:\S{1,100}\s{1,3}", "/user:"),
    after(
        "password",
        r"\bmachine\s{1,3}\S{1,200}\s{1,3}login\s{1,3}\S{1,200}\s{1,3}password\s{1,3}",
        "machine",
    ),
    after(
        "password",
        r"^[\w.*-]{1,100}:(?:\d{4,5}|\*):[a-z_*][\w-]{0,60}:[a-z_*][\w-]{0,60}:",
        ":",
        shape=r"\S{1,200}$",
    ),
    after(
        "password",
        r"\bidentified\s{1,3}(?:with\s{1,3}\S{1,60}\s{1,3})?(?:by|as)\s{1,3}",
        "identified",
    ),
    after("password", r"\b(?:user|role)\s[^\n;]{1,120}?\bpassword\s{1,3}(?=['\"])", "password"),
    after(
        "password",
        r"(?<!\S)(?:-u|-l|-U|--user(?:name)?)[\s=]{0,3}\S{1,60}\s" + r"(?:[^\n|;&]{0,100}\s)?"
        r"(?-i:-[pPw])\s{0,3}",
        "-u",
        "-l",
        test=is_mixed,
    ),
    after(
        "password",
        r"(?<![\w:/@.-])(?:[\w.-]{1,40}[/\\])?[\w.-]{1,60}:(?!//)",
        "@",
        shape=r"[^\s:/@'\"]{6,100}(?=@[\w-])",
        test=is_mixed,
    ),
)
