"""Places: whether a word is a system folder, a home, a disk or a vital file, however spelled."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eidos.validator.commands import Word
from eidos.validator.places import devices, targets

GLOB_SIGNS = "*?["
TESTS = [
    targets.is_critical,
    targets.is_core_folder,
    targets.is_everything_in_critical,
    targets.is_in_system,
    targets.is_key_folder,
    targets.is_key_file,
    targets.is_vital_file,
    targets.is_login_file,
    targets.is_disk,
    targets.is_broad,
    targets.is_unknown,
    targets.is_notable,
    devices.may_be_disk,
]


def word(text: str, folder: str = "") -> Word:
    """Return *text* as a word of which all but `$` is known."""
    is_glob = any(sign in text for sign in GLOB_SIGNS)
    return Word(text, is_known="$" not in text, is_glob=is_glob, folder=folder)


@pytest.mark.parametrize(
    ("text", "folder", "path"),
    [
        ("/usr/../etc/", "", "/etc"),
        ("//", "", "/"),
        ("/./", "", "/"),
        ("etc", "/", "/etc"),
        ("../lib", "/usr/bin", "/usr/lib"),
        ("x", "", ""),
        ("../..", "build", ""),
        ("~", "", "~"),
        ("~/a/..", "", "~"),
        ("~/..", "", "/home"),
        ("~/../..", "", "/"),
        ("~bob/x", "", "/home/bob/x"),
        ("~root", "", "/root"),
        ("notes", "~", "~/notes"),
        ("/proc/self/root/etc", "", "/etc"),
        ("/proc/1/root", "", "/"),
        ("/private/etc", "", "/etc"),
        ("/home/$USER/x", "", "~/x"),
        ("", "", ""),
    ],
)
def test_a_path_is_told_where_the_line_tells_it(text: str, folder: str, path: str) -> None:
    """Dots, doubled slashes, homes, links to the root and the folder of the line are resolved."""
    assert targets.path_of(word(text, folder)) == path


@pytest.mark.parametrize(
    "text",
    (
        "/ /* /.* /?* /*/* /etc /usr/* /e?? /[e]tc /[^a]tc /b* /var/lib /[[:alpha:]]tc /** "
        "/System/Library /mnt/c/Users /opt ~ ~/* ~/.* ~bob /root /home/bob /home/* /home/*/ "
        "/Users/ann/* /home/$USER /home/$u"
    ).split(),
)
def test_critical_places_are_known_by_any_pattern(text: str) -> None:
    """The folder itself, all that is in it, and a pattern that matches it are the same loss."""
    assert targets.is_critical(word(text))


@pytest.mark.parametrize(
    "text",
    (
        "/tmp /tmp/* /*.log /usr/share/doc/x ~/.cache ~/*.txt /home/bob/x /opt/app "
        "/Users/Shared etc ./etc ./~ * /var/lib/apt/lists/* /usr/local/go /data"
    ).split(),
)
def test_what_only_begins_like_a_critical_place_is_none(text: str) -> None:
    """A place is never a prefix: what is below it or beside it is judged by itself."""
    assert not targets.is_critical(word(text))


@pytest.mark.parametrize(
    "text", [".", "*", "./*", "..", "../*", "../..", "*/", ".*", "$PWD", "a/.."]
)
def test_all_of_the_current_folder_is_broad(text: str) -> None:
    """Everything here, or in a folder above, is broad unless the line says where here is."""
    assert targets.is_broad(word(text))
    assert not targets.is_broad(word(text, "/tmp/x")) or "$" in text


@pytest.mark.parametrize("text", ["*.o", "build", "build/*", "./x", "../x", "/", "~", ""])
def test_a_name_is_not_broad(text: str) -> None:
    """One name or one kind of file is what people delete every day."""
    assert not targets.is_broad(word(text))


@pytest.mark.parametrize(
    ("text", "is_unknown"),
    [
        ("$DIR", True),
        ("$DIR/", True),
        ("$DIR/*", True),
        ("$A/$B", True),
        ("/$DIR", True),
        ("$DIR/..", True),
        ("$PREFIX/lib", True),
        ("~/$x", True),
        ("$(cat $(ls))", True),
        ("${DIR:?}/*", False),
        ("$DIR/build", False),
        ("build/$x", False),
        ("/tmp/$x", False),
        ("$x.tmp", False),
    ],
)
def test_a_variable_is_judged_as_if_it_were_empty(text: str, *, is_unknown: bool) -> None:
    """Unknown is what would be a critical place, or nothing at all, with its variables empty."""
    assert targets.is_unknown(word(text)) == is_unknown


@pytest.mark.parametrize(
    ("path", "is_first"),
    [
        ("/dev/sda", True),
        ("/dev/sda1", True),
        ("/dev/nvme0n1p2", True),
        ("/dev/vda", True),
        ("/dev/mmcblk0", True),
        ("/dev/disk0", True),
        ("/dev/sd?", True),
        ("/dev/sd[a-z]", True),
        ("/dev/mapper/vg0-root", True),
        ("/dev/sdb", False),
        ("/dev/sdb1", False),
        ("/dev/nvme1n1", False),
        ("/dev/disk4", False),
        ("/dev/sdX", False),
        ("/dev/vg0/data", False),
        ("/dev/disk/by-id/usb-x", False),
        ("/dev/md0", False),
    ],
)
def test_the_disk_of_the_system_is_told_from_others(path: str, *, is_first: bool) -> None:
    """The first disk of each kind holds the system; the others may be a memory stick."""
    assert targets.is_disk(word(path))
    assert devices.is_first_path(path) == is_first


@pytest.mark.parametrize(
    "path",
    (
        "/dev/null /dev/zero /dev/tty /dev/ttyUSB0 /dev/stdout /dev/loop0 /dev/zram0 "
        "/dev/shm/x /dev/pts/1 /dev/fd/2 /dev/snd/timer disk.img /tmp/dev/sda "
        "/dev/tcp/example.com/80 /dev/input/mouse0 /dev/net/tun /dev/bus/usb"
    ).split(),
)
def test_other_devices_are_no_disks(path: str) -> None:
    """Terminals, memory files, sockets and image files may be written to."""
    assert not targets.is_disk(word(path))


@pytest.mark.parametrize(
    "text",
    (
        "/etc/passwd /etc/p?sswd /etc/*shadow* /bin/bash /usr/bin/sudo /boot/vmlinuz-6.1 "
        "/boot/v* /lib64/ld-linux-x86-64.so.2 /lib/x86_64-linux-gnu/libc.so.6 /etc/fstab"
    ).split(),
)
def test_vital_files_are_known(text: str) -> None:
    """Without one of these the machine does not start or nobody logs in."""
    assert targets.is_vital_file(word(text))


@pytest.mark.parametrize(
    "text",
    ["/etc/passwd-", "/etc/hosts", "/usr/bin/jq", "/boot/config.txt", "/opt/bin/bash", "passwd"],
)
def test_other_files_are_not_vital(text: str) -> None:
    """A copy, or a program that one can do without, is judged more mildly."""
    assert not targets.is_vital_file(word(text))


@given(
    text=st.text(max_size=40) | st.text("/~.*?[]!^-$(){}`<>abe", max_size=60),
    folder=st.sampled_from(["", "/", "~", "/usr/bin", "a/b"]),
    is_known=st.booleans(),
    is_glob=st.booleans(),
)
def test_any_word_is_judged_without_an_error(
    *, text: str, folder: str, is_known: bool, is_glob: bool
) -> None:
    """No text makes a test of places raise, or answer anything but yes or no."""
    asked = Word(text, is_known=is_known, is_glob=is_glob, folder=folder)

    for test in TESTS:
        assert test(asked) in {True, False}
