"""Secrets that are told by themselves: the formats that their issuers document."""

import re
from typing import Final

from eidos_remote.secret_shapes import Kind, after, token
from eidos_remote.secret_values import is_random, is_scrambled

_HEX: Final = "[0-9a-f]"
_SAFE: Final = "[A-Za-z0-9_-]"  # of base64url
_ALNUM: Final = "[A-Za-z0-9]"
TOKENS: Final = (
    Kind(
        "private key",
        re.compile(
            r"(?P<secret>-{4,5} ?BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{4,5}"
            r"[\s\S]{0,100000}?(?:-{4,5} ?END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{4,5}|\Z)"
            r"|PuTTY-User-Key-File-\d:[\s\S]{0,20000}?(?:Private-MAC: ?[0-9a-f]{16,128}|\Z))"
        ),
        ("private key", "putty-user-key-file"),
    ),
    token("private key", r"AGE-SECRET-KEY-1[A-Z0-9]{50,64}", "age-secret-key"),
    Kind(
        "key",
        re.compile(r"(?<![\w+/-])(?P<secret>[A-Za-z0-9+/]{42}[A-Za-z0-9+/=]=)(?![\w+/=])"),
        ("wireguard", "wg", "[peer]", "[interface]"),
        is_random,
    ),
    token("AWS access key", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}", "akia", "asia", "abia", "acca"),
    Kind(
        "AWS secret key",
        re.compile(
            r"(?:AKIA|ASIA)[A-Z0-9]{16}[\s\S]{1,60}?(?<![\w/+])(?P<secret>[\w/+]{40})(?![\w/+])"
        ),
        ("akia", "asia"),
        is_random,
    ),
    token(
        "GitHub token",
        rf"gh[pousr]_{_ALNUM}{{30,255}}|github_pat_\w{{22,255}}",
        "gh",
        "github_pat_",
    ),
    token(
        "GitLab token",
        rf"(?:gl(?:pat|dt|ft|soat|rt|cbt|imt|ptt|agent|oas|ffct|rtr|wt)-|GR1348941){_SAFE}{{15,1024}}"
        r"(?:\.\w{2}\.\w{7,9})?",
        "gl",
        "gr1348941",
    ),
    token(
        "Slack token",
        rf"xox[a-z](?:\.xox[a-z])?-{_SAFE}{{10,250}}|xapp-\d-{_SAFE}{{10,250}}",
        "xox",
        "xapp-",
    ),
    after(
        "Slack webhook",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/",
        "hooks.slack.com",
        shape=r"[\w/+-]{20,120}",
    ),
    after(
        "Discord webhook",
        r"discord(?:app)?\.com/api/webhooks/\d{10,25}/",
        "api/webhooks",
        shape=rf"{_SAFE}{{20,100}}",
    ),
    after(
        "Teams webhook",
        r"webhook\.office\.com/webhookb2/",
        "webhook.office.com",
        shape=r"[\w@/-]{20,300}",
    ),
    token("Discord token", rf"[MNO]{_SAFE}{{22,28}}\.{_SAFE}{{6}}\.{_SAFE}{{27,45}}", "."),
    token(
        "Stripe key",
        rf"(?:sk|rk)_(?:live|test)_{_ALNUM}{{10,250}}|whsec_[A-Za-z0-9+/=]{{20,100}}",
        "k_live_",
        "k_test_",
        "whsec_",
    ),
    token(
        "Google key",
        rf"AIza{_SAFE}{{35}}|GOCSPX-{_SAFE}{{20,40}}|ya29\.{_SAFE}{{20,1000}}"
        rf"|1//0{_SAFE}{{30,200}}",
        "aiza",
        "gocspx-",
        "ya29.",
        "1//0",
    ),
    token("Anthropic key", rf"sk-ant-{_SAFE}{{20,200}}", "sk-ant-"),
    token(
        "OpenAI key",
        rf"sk-(?:proj|svcacct|admin|None)-{_SAFE}{{20,250}}|sk-{_ALNUM}{{20,100}}"
        rf"|sk-or-v1-{_HEX}{{40,80}}",
        "sk-",
    ),
    token("Hugging Face token", rf"(?:hf|api_org)_{_ALNUM}{{30,60}}", "hf_", "api_org_"),
    token(
        "API key",
        rf"gsk_{_ALNUM}{{40,60}}|xai-{_ALNUM}{{60,100}}|pplx-{_ALNUM}{{40,60}}"
        rf"|r8_{_ALNUM}{{35,45}}|lin_api_{_ALNUM}{{30,50}}|ntn_{_ALNUM}{{40,60}}|secret_{_ALNUM}{{43}}"
        rf"|PMAK-{_HEX}{{24}}-{_HEX}{{34}}|NRAK-[A-Z0-9]{{27}}|sntry[su]_[\w+/=]{{30,300}}"
        rf"|tskey-[a-z]{{3,12}}-{_SAFE}{{10,80}}|pat{_ALNUM}{{14}}\.{_HEX}{{64}}"
        rf"|do[opr]_v1_{_HEX}{{64}}|HRKU-{_SAFE}{{36,80}}|dapi{_HEX}{{32}}(?:-\d)?|key-[0-9a-z]{{32}}"
        rf"|{_HEX}{{32}}-us\d{{1,2}}|glsa_{_ALNUM}{{32}}_{_HEX}{{8}}|glc_[\w+/=]{{32,400}}"
        rf"|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{{32}}|sq0(?:atp|csp|idp)-{_SAFE}{{22,50}}"
        rf"|EAAA{_SAFE}{{60,64}}|SK{_HEX}{{32}}|SG\.{_SAFE}{{15,30}}\.{_SAFE}{{35,50}}"
        rf"|ATATT3{_SAFE}{{50,250}}={{0,2}}{_ALNUM}{{0,8}}|rubygems_{_HEX}{{48}}|cio{_ALNUM}{{32}}"
        rf"|oy2[a-z0-9]{{43}}|dckr_(?:pat|oat)_{_SAFE}{{20,60}}|phc_{_ALNUM}{{40,50}}"
        rf"|EAA{_ALNUM}{{80,300}}|fw_{_ALNUM}{{22,40}}|figd_{_SAFE}{{40,50}}|sbp_{_HEX}{{40}}",
        "",
        test=is_random,
    ),
    token("npm token", rf"npm_{_ALNUM}{{36}}", "npm_"),
    token("PyPI token", rf"pypi-{_SAFE}{{50,400}}", "pypi-"),
    token("Vault token", rf"hv[sbr]\.{_SAFE}{{20,300}}", "hvs.", "hvb.", "hvr."),
    token("Terraform token", rf"{_ALNUM}{{14}}\.atlasv1\.[\w=-]{{40,80}}", ".atlasv1."),
    token("Telegram token", rf"(?:bot)?\d{{8,10}}:{_SAFE}{{35}}", ":"),
    token("Azure secret", r"[\w~.-]{3}8Q~[\w~.-]{31,34}", "8q~"),
    token(
        "JSON web token",
        rf"eyJ{_SAFE}{{8,5000}}\.(?:eyJ{_SAFE}{{4,5000}}|{_SAFE}{{0,2000}}\.{_SAFE}{{4,2000}})"
        rf"(?:\.{_SAFE}{{0,5000}}){{0,3}}",
        "eyj",
    ),
    Kind(
        "password hash",
        re.compile(
            r"(?P<secret>\$(?:[156y]|2[abxy]|7|gy|apr1|argon2(?:id|i|d)?)\$[./A-Za-z0-9$=,+]{20,300})"
        ),
        ("$",),
    ),
    Kind(
        "key",
        re.compile(
            r"(?<![\w+/=.-])(?<!sha256:)(?<!SHA256:)(?P<secret>(?!AAAA)[A-Za-z0-9]{28,64})(?![\w+/=.-])"
        ),
        ("",),
        is_scrambled,
    ),
)
