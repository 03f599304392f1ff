#!/usr/bin/perl
# eidos-client.pl: ask the Eidos daemon for commands, for the widgets of bash and fish.
#
#     EIDOS_REQUEST=TEXT EIDOS_CWD=FOLDER EIDOS_LAST=COMMAND EIDOS_STATUS=STATUS EIDOS_CTL=… \
#         EIDOS_TIMEOUT_S=… perl -C0 eidos-client.pl SHELL COUNT DRAW
#     perl -C0 eidos-client.pl socket-path
#
# COUNT is how many commands to ask for; 0 asks nobody, and only takes the keys that have come.
# An empty TEXT asks a daemon that runs for the command that was picked in a chat, if there is one.
# The request comes in the environment, which other users cannot read; arguments they can. So do the
# shell's folder, its last command and that one's exit status, each empty if nobody knows or tells.
# DRAW is "line" if the shell has wiped the line of the prompt (bash): the request is shown there,
# dim, behind a spinner. It is "cursor" if the line still stands (fish): the spinner turns at the
# cursor. Without a terminal nothing is drawn and no key is read.
#
# What comes out, for a shell to read line by line, never by eval:
#
#     STATUS      ok, error or cancelled
#     MESSAGE     for the person at the prompt; may be empty
#     N           how many candidates follow
#     COMMAND     N times: a command that may stand in the prompt,
#     NOTE                 and why to look at it twice, as it is shown; may be empty
#     TYPED       what was typed or pasted meanwhile; may be empty, or several lines
#     .
#
# Everything in it is one clean line but TYPED, which has line breaks only out of a paste.
#
# Not one module is loaded, not even strict: on the machine where this was written perl starts in
# 2.0 ms, strict adds 0.9, Errno 1.4, Time::HiRes 4.6, Socket 8, POSIX 16. The tests check this
# file under strict and warnings. The numbers in place of names are those of Linux.

my ($AF_UNIX, $SOCK_STREAM, $SOCK_NONBLOCK) = (1, 1, 04000);
my ($EINTR, $EAGAIN, $EACCES) = (4, 11, 13);
my $WNOHANG = 1;

my $PROTOCOL        = 'eidos/2';
my $MAX_TEXT_CHARS  = 1000;
my $MAX_LAST_BYTES  = 4000;    # of the last command; the daemon takes 1000 characters of it
my $MAX_CWD_BYTES   = 4096;
my $MAX_FRAME_BYTES = 65_536;
my $MAX_FRAMES      = 44;      # of a reply: 4, and 5 for each of at most 8 candidates
my $MAX_FRAMES_READ = 400;     # with heartbeats
my $MAX_COMMAND_BYTES = 4096;
my $MAX_MESSAGE_CHARS = 300;
my $MAX_PATH_BYTES    = 107;   # sizeof(sockaddr_un.sun_path) - 1

my $HANDSHAKE_S = 0.2;     # a daemon that lives answers a handshake in a millisecond
my $FIRST_HANDSHAKE_S = 2; # one that loads its model on a busy machine takes longer
my $START_S     = 10;
my $TAKE_S      = 1;       # the model is not asked for what was picked in a chat
my $RETRY_S     = 0.02;
my $FRAME_S     = 0.1;     # of the spinner
my $TICK_S      = 0.05;
my $ESCAPE_S    = 0.05;    # after this long a lone ESC is the Escape key
my $PASTE_S     = 1;       # after this much silence a paste without an end is over
my $QUIET_S     = 0.01;    # a terminal writes the pieces of a paste closer together

# The client's own clock: the seconds it has spent waiting in select, since perl's clock counts
# whole seconds only. The milliseconds of work in between do not count.
my $clock_s = 0;

my $socket;
my $handshake_s = $HANDSHAKE_S;
my $EMPTY = 'type what you want to do, then press Ctrl-G';
my $UNSURE = 'not sure: read it before you run it';
my $UNREADABLE = 'the reply of the daemon cannot be read; try: eidosctl restart';
my $inbox = '';            # bytes from the daemon that no frame has used yet
my $frames_read = 0;
my $asked = '';            # the id of the request that the daemon is at

my $request = '';
my $terminal;              # /dev/tty, unset where there is none
my $saved_modes;           # its modes as the shell had set them
my $draw  = '';            # how to show that work is going on: "line", "cursor" or not at all
my $drawn = '';            # what stands there now
my $stage = '';            # what is going on, where it is not just waiting for the answer

my $keys      = '';        # bytes from the keyboard that are not understood yet
my $keys_s    = -1;        # when the last of them came
my $pasting   = 0;
my $typed     = '';        # what the keys amount to
my $cancelled = 0;         # by a signal

# An answer travels up to main by die, whatever the depth at which it is known.
sub finish { my ($status, $message, @candidates) = @_; die [$status, $message, @candidates] }
sub fail   { finish('error', "eidos: $_[0]") }
sub cancel { finish('cancelled', 'eidos: cancelled; the line is as it was') }

# ---------------------------------------------------------------- text

# The characters that no prompt and no message may hold: C0, DEL and C1 controls, and what is
# invisible or turns the direction of the text round, so that a line is not what it looks like.
# daemon/eidos/validator/text_gate.py says more of them.
my $UNSEEN = qr/[\x00-\x1f\x7f-\x9f]                       # controls
    | [\x{ad}\x{34f}\x{61c}\x{115f}\x{1160}\x{17b4}\x{17b5}\x{180b}-\x{180f}\x{3164}\x{ffa0}]
    | [\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2060}-\x{206f}]  # zero width, separators, direction
    | [\x{feff}\x{fff0}-\x{fffb}\x{d800}-\x{dfff}\x{e0000}-\x{e0fff}\x{110000}-\x{7fffffff}]/x;

# Return the characters of $bytes, or nothing if they are not UTF-8.
sub characters {
    my ($text) = @_;
    return utf8::decode($text) ? $text : undef;
}

# The classes of characters of daemon/eidos/validator/characters.py and lookalikes.py: what the text
# gate of the daemon refuses is refused here again, so that whoever sits on the socket cannot plant
# a line that is not what it looks like. tests/shell/test_gate.py compares the two.

# Exotic spaces, what is invisible or turns the direction of text, letters of mathematics,
# full-width forms, private use, and what is no character.
my $FORBIDDEN = ''
    . '\x{80}-\x{a0}\x{ad}\x{34f}\x{600}-\x{605}\x{61c}\x{6dd}\x{70f}\x{890}\x{891}\x{8e2}'
    . '\x{115f}\x{1160}\x{1680}\x{17b4}\x{17b5}\x{180b}-\x{180f}\x{2000}-\x{200f}\x{2028}-\x{202f}'
    . '\x{205f}-\x{206f}\x{2102}\x{210a}-\x{2113}\x{2115}\x{2119}-\x{211d}\x{2124}\x{2128}'
    . '\x{212c}\x{212d}\x{212f}-\x{2131}\x{2133}\x{2134}\x{2139}\x{213c}-\x{2140}\x{2145}-\x{2149}'
    . '\x{2800}\x{3000}\x{3164}\x{d800}-\x{f8ff}\x{fb20}-\x{fb29}\x{fdd0}-\x{fdef}\x{fe00}-\x{fe0f}'
    . '\x{feff}\x{ff01}-\x{ff60}\x{ffa0}\x{ffe0}-\x{ffe6}\x{fff0}-\x{ffff}\x{110bd}\x{110cd}'
    . '\x{13430}-\x{1345f}\x{1bca0}-\x{1bca3}\x{1d159}\x{1d173}-\x{1d17a}\x{1d400}-\x{1d7ff}'
    . '\x{1ee00}-\x{1eeff}\x{1fbf0}-\x{1fbf9}\x{1fffe}\x{1ffff}\x{2fffe}\x{2ffff}'
    . '\x{3fffe}-\x{7fffffff}';
# Signs that may be emoji.
my $EMOJI = ''
    . '\x{a9}\x{ae}\x{2122}\x{2190}-\x{27bf}\x{2900}-\x{2bff}\x{303d}\x{3297}\x{3299}'
    . '\x{1f000}-\x{1faff}';
# Arabic and its neighbours, the scripts of India, Tibetan, Myanmar, Khmer, Mongolian.
my $JOINING = '\x{600}-\x{dff}\x{f00}-\x{109f}\x{1780}-\x{18af}';
# Chinese, Japanese, Korean; then their full-width signs and what stands among these.
my $CJK = ''
    . '\x{1100}-\x{11ff}\x{2e80}-\x{2fff}\x{3040}-\x{31ff}\x{3400}-\x{9fff}\x{ac00}-\x{d7ff}'
    . '\x{f900}-\x{faff}\x{ff66}-\x{ffdc}\x{20000}-\x{3ffff}';
my $CJK_SIGN = ''
    . '\x{2018}-\x{201d}\x{2026}\x{3001}-\x{301f}\x{ff01}-\x{ff0f}\x{ff1a}-\x{ff20}'
    . '\x{ff3b}-\x{ff40}\x{ff5b}-\x{ff60}\x{ffe0}-\x{ffe6}';
# Latin letters beyond ASCII; letters that no natural word mixes with them; and what stands between
# two letters without parting them: marks, the Greek of formulas.
my $LATIN = ''
    . '\x{aa}\x{ba}\x{c0}-\x{d6}\x{d8}-\x{f6}\x{f8}-\x{2af}\x{1d00}-\x{1dbf}\x{1e00}-\x{1eff}'
    . '\x{2c60}-\x{2c7f}\x{a720}-\x{a7ff}\x{ab30}-\x{ab6f}\x{fb00}-\x{fb06}';
my $STRANGE = ''
    . '\x{391}\x{392}\x{395}-\x{397}\x{399}\x{39a}\x{39c}\x{39d}\x{39f}\x{3a1}\x{3a4}\x{3a5}\x{3a7}'
    . '\x{3b1}\x{3b3}\x{3b9}\x{3ba}\x{3bd}\x{3bf}\x{3c1}\x{3c5}\x{3c7}\x{3e2}-\x{3ef}\x{3f2}\x{3f3}'
    . '\x{3f9}\x{400}-\x{481}\x{48a}-\x{52f}\x{531}-\x{588}\x{10a0}-\x{10ff}\x{13a0}-\x{16ff}'
    . '\x{1c80}-\x{1cbf}\x{1f00}-\x{1fff}\x{2c80}-\x{2d7f}\x{a4d0}-\x{a66e}\x{a67f}-\x{a6ff}'
    . '\x{ab70}-\x{abbf}\x{fb13}-\x{fb17}\x{10000}-\x{16fff}';
my $BETWEEN = ''
    . '\x{300}-\x{390}\x{393}\x{394}\x{398}\x{39b}\x{39e}\x{3a0}\x{3a2}\x{3a3}\x{3a6}'
    . '\x{3a8}-\x{3b0}\x{3b2}\x{3b4}-\x{3b8}\x{3bb}\x{3bc}\x{3be}\x{3c0}\x{3c2}-\x{3c4}\x{3c6}'
    . '\x{3c8}-\x{3e1}\x{3f0}\x{3f1}\x{3f4}-\x{3f8}\x{3fa}-\x{3ff}\x{483}-\x{489}\x{1ab0}-\x{1aff}'
    . '\x{1dc0}-\x{1dff}\x{20d0}-\x{20ff}\x{2de0}-\x{2dff}\x{fe20}-\x{fe2f}';
# Letters that look like ASCII ones; dashes; signs and letters that stand for ASCII ones.
my $TWINS = ''
    . '\x{3b1}\x{3b3}\x{3b9}\x{3ba}\x{3bd}\x{3bf}\x{3c1}\x{3c5}\x{3c7}\x{3f2}\x{3f3}\x{430}\x{435}'
    . '\x{43a}\x{43e}\x{440}\x{441}\x{443}\x{445}\x{455}\x{456}\x{458}\x{475}\x{4af}\x{4bb}\x{4cf}'
    . '\x{501}\x{50d}\x{51b}\x{51d}\x{566}\x{570}\x{575}\x{578}\x{57d}\x{581}\x{584}\x{585}';
my $DASH = '\x{2010}-\x{2015}\x{2212}\x{fe58}\x{fe63}';
my $FAKE = ''
    . '\x{1c0}\x{1c3}\x{251}\x{261}\x{262}\x{269}\x{26a}\x{274}\x{280}\x{299}\x{29c}\x{29f}'
    . '\x{2b0}-\x{2b8}\x{2e0}-\x{2e4}\x{37e}\x{1d00}-\x{1d22}\x{1d2c}-\x{1d6a}\x{1d9b}-\x{1dbf}'
    . '\x{2024}\x{2044}\x{204e}\x{2071}\x{207f}\x{2090}-\x{209c}\x{2116}\x{2120}-\x{2122}\x{213b}'
    . '\x{2160}-\x{2188}\x{2215}\x{2217}\x{2223}\x{2236}\x{223c}\x{249c}-\x{24e9}\x{29f8}'
    . '\x{2c7c}\x{2c7d}\x{3250}\x{32cc}-\x{32cf}\x{3371}-\x{33df}\x{33ff}\x{a730}\x{a731}\x{a789}'
    . '\x{a7f2}-\x{a7f4}\x{10780}-\x{107bf}\x{1f100}-\x{1f16f}\x{1f190}';

# What is forbidden elsewhere and ordinary in its place: the variation selector and the joiner in
# emoji, joiners in scripts whose spelling needs them, full-width signs among Chinese, Japanese or
# Korean. The letter i of the information sign must not look like a part of a word.
my $IN_PLACE = "(?<=[$EMOJI])(?:\\x{fe0f}\\x{200d}(?=[$EMOJI])|\\x{fe0f}|\\x{200d}(?=[$EMOJI]))"
    . '|[0-9#*]\x{fe0f}\x{20e3}|[\x{203c}\x{2049}\x{3030}]\x{fe0f}'
    . '|(?<![A-Za-z])\x{2139}\x{fe0f}(?![A-Za-z])'
    . "|(?<=[$JOINING])[\\x{200c}\\x{200d}](?=[$JOINING])"
    . "|(?<=[$CJK])[$CJK_SIGN]+|(?<![$CJK_SIGN])[$CJK_SIGN]++(?=[$CJK])";

# A host name, and a word, with letters that only look like ASCII ones. Whatever is not ASCII and
# no punctuation, sign or emoji counts as a letter.
my $LETTER = '[^\x00-\x7f\x{2000}-\x{2bff}\x{3000}-\x{303f}\x{ff00}-\x{ffef}\x{1f000}-\x{1faff}]';
my $HOST = q{://[^ \t/?#'"]*[^\x00-\x7f]}
    . "|[A-Za-z0-9_.+\\x{80}-\\x{10ffff}-]\@[A-Za-z0-9_.-]*$LETTER";
my $MIXED = "[A-Za-z$LATIN][$STRANGE]|[$STRANGE][A-Za-z$LATIN]";

# In a line without its quoted parts: quotes, dashes and operators that are none, where a reader
# takes them for some; a program, and a host behind one, with another name than it seems to have.
my $QUOTED = q{\\\\.|\$'(?:[^'\\\\]|\\\\.)*+'|'[^']*+'|"(?:[^"\\\\]|\\\\.)*+"};
my $FAKE_QUOTE = '(?:^|[ \t=])[\x{2018}\x{201a}-\x{201c}\x{201e}\x{201f}\x{2032}\x{2033}\x{b4}]'
    . '|[\x{2018}\x{2019}\x{201c}\x{201d}\x{2032}\x{2033}\x{b4}](?:[ \t;|&)]|$)';
my $OPERATOR = '[\x{ff1b}\x{ff5c}\x{ff06}\x{ff1c}\x{ff1e}]';
my $DISGUISE = "[$FAKE]|$FAKE_QUOTE|[ \\t]$OPERATOR|$OPERATOR(?:[ \\t]|\$)"
    . "|(?:^|[ \\t])[-$DASH]*[$DASH](?:[A-Za-z]|[^\\x00-\\x7f$DASH])"
    . "|(?:^|[|;&(]|(?<![^ \\t|;&(])sudo[ \\t])[ \\t]*[$TWINS]+(?:[ \\t|;&)]|\$)"
    . '|(?:^|[|;&(])[ \t]*(?:sudo[ \t]+)?(?:(?:ping6?|ssh|mosh|s?ftp|telnet|nc|dig|host|nslookup'
    . '|whois|traceroute|mtr)(?:[ \t]+-[^ \t]*|[ \t]+[0-9]+)*|curl|wget)[ \t]+'
    . "[A-Za-z0-9_.-]*$LETTER";

# One complete line, with its brackets and quotes: (?&text) is a part of it in which all that opens
# is closed. An operator at its end asks for more. A # behind a blank begins a comment.
my $OPERATORS = '(?:&&|\|\|?+&?+|&\||<|>)(?!\s*+(?:\#|\z))|&(?!&)|(?<=[^\s;&|(])\#';
my $BASH_LINE = q~
    \A (?&text) (?: \) (?&text) )*+ (?: \#.* )? \z
    (?(DEFINE)
        (?<text> (?: [^'"\\\\`$()\#|&<>]++ | (?&expansion) | '[^']*+' | \$'(?:[^'\\\\]|\\\\.)*+'
            | "(?&quoted)" | \( (?&text) \) | ~ . $OPERATORS . q~ )*+ )
        (?<quoted> (?: [^"\\\\`$]++ | (?&expansion) | \$' )*+ )
        (?<value> (?: [^'"\\\\`$\}]++ | (?&expansion) | '[^']*+' | \$'(?:[^'\\\\]|\\\\.)*+'
            | "(?&quoted)" )*+ )
        (?<expansion> \\\\. | `(?:[^`\\\\]|\\\\.)*+` | \$\( (?&text) \) | \$\{ (?&value) \}
            | \$[\#\$] | \$(?![\{(']) )
    )~;
my $FISH_LINE = q~
    \A (?&text) (?: \#.* )? \z
    (?(DEFINE)
        (?<text> (?: [^'"\\\\(){}\#|&<>]++ | \\\\. | '(?:[^'\\\\]|\\\\.)*+' | "(?&quoted)"
            | \( (?&text) \) | \{ (?&text) \} | (?!<<) (?: ~ . $OPERATORS . q~ ) )*+ )
        (?<quoted> (?: [^"\\\\$]++ | \\\\. | \$\( (?&text) \) | \$(?!\() )*+ )
    )~;

# Say whether a command may stand in a prompt of the shell: one complete line that looks like what
# it is.
sub is_clean {
    my ($command, $shell) = @_;
    return 0 if $command eq '' || length $command > $MAX_COMMAND_BYTES;
    return 0 if $command =~ /[\x00-\x08\x0a-\x1f\x7f]|\A[ \t]|[ \t]\z/;
    # fish 3.6 writes a tab raw, and takes it for no column wide.
    return 0 if $shell eq 'fish' && $command =~ /\t/;
    (my $wide = $command) =~ s/\t/        /g;
    return 0 if $wide =~ / {41}/;    # they push the rest out of sight
    if ($command =~ /[\x80-\xff]/) {
        my $text = characters($command);
        return 0 if !defined $text || !looks_plain($text);
    }
    return is_shallow($command) && is_complete($command, $shell);
}

# Say whether a text that is not all ASCII has no character, word or sign that takes a reader in.
sub looks_plain {
    my ($text) = @_;
    (my $rest = $text) =~ s/$IN_PLACE/x/go;
    return 0 if $rest =~ /[$FORBIDDEN]/o || $text =~ /$HOST/o;
    (my $words = $text) =~ s/[$BETWEEN]//go;
    return 0 if $words =~ /$MIXED/o;
    (my $bare = $text) =~ s/$QUOTED/x/go;
    return $bare !~ /$DISGUISE/o;
}

# Say whether the brackets outside quotes are nested at most 64 deep.
sub is_shallow {
    my ($command) = @_;
    return 1 if $command =~ tr/({[// <= 64;
    (my $brackets = $command) =~ s/$QUOTED/x/go;
    $brackets =~ tr/({[)}]//cd;
    $brackets =~ tr/({[)}]/((()))/;
    my $depth = 0;
    while ($brackets =~ s/\(\)//g) {    # those that hold no other
        return 0 if ++$depth > 64;
    }
    return $brackets =~ tr/(// <= 64;
}

# Say whether Enter would run the command, and not wait for the end of a quote, a bracket or a pipe.
sub is_complete {
    my ($command, $shell) = @_;
    return $command =~ /$FISH_LINE/xo if $shell eq 'fish';
    # A << outside quotes asks for more lines; one inside (( )) or [ ] is a shift.
    (my $bare = $command) =~ s/$QUOTED/x/go;
    $bare =~ s/(?:\A|[\s;&|(])\#.*//;
    return 0 if $bare =~ /(?<!<)<<(?!<)/ && $bare !~ /\(\(|\[[^]]*<</;
    # `)` ends the patterns of a case, too: there is no telling which bracket is open.
    return $command =~ /$BASH_LINE/xo || $command =~ /esac/;
}

# Return a message as one line that does nothing to a terminal.
sub clean_message {
    my ($message) = @_;
    my $text = characters($message);
    ($text = $message) =~ s/[\x80-\xff]/?/g if !defined $text;
    $text =~ s/$UNSEEN/ /g;
    $text = substr $text, 0, $MAX_MESSAGE_CHARS;
    utf8::encode($text);
    return $text;
}

# Return the request without surrounding blanks, if it is empty or a model may be asked it.
sub checked_request {
    my ($text) = @_;
    s/\A\s+//, s/\s+\z// for $text;
    return $text if $text eq '';
    my $characters = characters($text);
    fail('the request is not valid UTF-8; type it again') if !defined $characters;
    my $length = length $characters;
    fail("the request has $length characters; the limit is $MAX_TEXT_CHARS")
        if $length > $MAX_TEXT_CHARS;
    fail(sprintf 'the request has a control character (U+%04X) at position %d; '
        . 'delete it and ask again', ord $&, $+[0])
        if $characters =~ /[\x00-\x08\x0b-\x1f\x7f-\x9f]/;
    return $text;
}

# ---------------------------------------------------------------- socket

# Return the folder of the socket and the path of the socket, by the rule that stands in
# daemon/eidos/paths.py; tests/test_paths.py compares the two.
sub socket_path {
    my $folder;
    for my $base ($ENV{XDG_RUNTIME_DIR}, "/run/user/$<") {
        next if !defined $base || $base !~ m{\A/};
        my $owner = (stat $base)[4];
        $folder = "$base/eidos", last if defined $owner && -d _ && $owner == $<;
    }
    if (!defined $folder) {
        my $cache = $ENV{XDG_CACHE_HOME};
        $cache = ($ENV{HOME} // '') . '/.cache' if !defined $cache || $cache !~ m{\A/};
        $folder = "$cache/eidos/run";
    }
    $folder =~ tr{/}{}s;
    my $path = "$folder/eidosd.sock";
    fail("the socket path $path is too long; set XDG_RUNTIME_DIR to a shorter folder")
        if length $path > $MAX_PATH_BYTES;
    return ($folder, $path);
}

# Say whether the folder exists; stop if somebody else could have put a socket there.
sub folder_is_ours {
    my ($folder) = @_;
    my ($mode, $owner) = (lstat $folder)[2, 4];
    return 0 if !defined $mode;
    fail("$folder is not a folder of yours alone; try: eidosctl doctor")
        if -l _ || !-d _ || $owner != $< || $mode & 077;
    return 1;
}

# Try once to connect: 1 if somebody listens, 0 if nobody does.
sub try_to_connect {
    my ($folder, $path) = @_;
    return 0 if !folder_is_ours($folder);
    socket($socket, $AF_UNIX, $SOCK_STREAM | $SOCK_NONBLOCK, 0) or fail("no socket: $!");
    my $give_up_s = $clock_s + $HANDSHAKE_S;
    while (!connect($socket, pack 'Sa*', $AF_UNIX, $path)) {
        fail("$path refuses us: $!; try: eidosctl doctor") if $! == $EACCES;
        return 0 if $! != $EAGAIN;                     # EAGAIN: its queue is full
        wait_until($clock_s + $RETRY_S);
        fail('the daemon does not answer; try: eidosctl status') if $clock_s >= $give_up_s;
    }
    return 1;
}

# Connect, with a daemon that is started if none runs.
sub connect_to_daemon {
    my ($folder, $path) = socket_path();
    return if try_to_connect($folder, $path);
    my $ctl = defined $ENV{EIDOS_CTL} && $ENV{EIDOS_CTL} ne '' ? $ENV{EIDOS_CTL} : 'eidosctl';
    my $starter = start_daemon($ctl);
    $stage = '  starting the daemon';
    my $give_up_s = $clock_s + $START_S;
    while (!try_to_connect($folder, $path)) {
        if ($starter && waitpid($starter, $WNOHANG) == $starter) {
            $starter = 0;
            my $code = $? >> 8;
            fail("the daemon is not running, and $ctl was not found; set EIDOS_CTL to its path")
                if $code == 127;
            fail('the daemon did not start; try: eidosctl doctor') if $?;
        }
        fail("the daemon did not start within $START_S s; try: eidosctl doctor")
            if $clock_s >= $give_up_s;
        wait_until($clock_s + $RETRY_S);
    }
    $handshake_s = $FIRST_HANDSHAKE_S;
    $stage = '';
}

# Run "eidosctl start" in a session of its own, so that neither the keys nor the end of this
# terminal reach the daemon, and without the request in its environment. Return its process id.
sub start_daemon {
    my ($ctl) = @_;
    my $pid = fork;
    return $pid if $pid;
    fail("cannot start a process: $!") if !defined $pid;
    delete @ENV{qw(EIDOS_REQUEST EIDOS_CWD EIDOS_LAST EIDOS_STATUS READLINE_LINE)};    # bash exports the line to a key binding
    $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP QUIT TSTP TTIN TTOU PIPE);
    open STDIN,  '<', '/dev/null';
    open STDOUT, '>', '/dev/null';
    open STDERR, '>', '/dev/null';
    eval { require POSIX; POSIX::setsid() };    # 16 ms, in the background
    { exec {$ctl} $ctl, 'start' }               # fails where there is no such program
    exit 127;
}

# ---------------------------------------------------------------- ZMTP 3, NULL mechanism, DEALER

# Say hello, and wait until the other side has: a daemon that lives does in a millisecond.
sub shake_hands {
    my $give_up_s = $clock_s + $handshake_s;
    my $late = 'the daemon does not answer; try: eidosctl status';
    send_bytes("\xff\0\0\0\0\0\0\0\0\x7f\3\0" . pack('a20', 'NULL') . "\0" x 32);
    send_bytes("\4\x1c\5READY\x0bSocket-Type" . pack('N/a*', 'DEALER'));
    my $greeting = receive_bytes(64, $give_up_s, $late);
    fail('something else than eidosd listens on the socket; try: eidosctl doctor')
        if $greeting !~ /\A\xff.{8}\x7f[\3-\xff].NULL\0/s;
    my ($flags, $body) = receive_frame($give_up_s, $late);
    fail('the daemon refuses the connection; try: eidosctl restart')
        if !($flags & 4) || $body !~ /\A\x05READY/;
}

# Send frames as one message.
sub send_message {
    my @frames = @_;
    my $bytes = '';
    for my $i (0 .. $#frames) {
        my $flags = $i < $#frames ? 1 : 0;             # 1: more frames follow
        my $length = length $frames[$i];
        $bytes .= $length < 256 ? pack('CC', $flags, $length) : pack('CQ>', $flags | 2, $length);
        $bytes .= $frames[$i];
    }
    send_bytes($bytes);
}

# Return the frames of the next message.
sub receive_message {
    my ($give_up_s, $late) = @_;
    my @frames;
    while (1) {
        my ($flags, $body) = receive_frame($give_up_s, $late);
        if ($flags & 4) {
            answer_command($body);
            next;
        }
        push @frames, $body;
        fail($UNREADABLE) if @frames > $MAX_FRAMES;
        return @frames if !($flags & 1);               # the last frame
    }
}

# Answer a heartbeat, for libzmq hangs up on a peer that does not; other commands mean nothing here.
sub answer_command {
    my ($body) = @_;
    return if $body !~ /\A\x04PING..(.{0,16})/s;
    my $pong = "\4PONG$1";
    send_bytes(pack('CC', 4, length $pong) . $pong);
}

# Return the flags and the body of the next frame: flags, length in 1 or 8 bytes, body.
sub receive_frame {
    my ($give_up_s, $late) = @_;
    my $flags = ord receive_bytes(1, $give_up_s, $late);
    my $length = $flags & 2 ? unpack('Q>', receive_bytes(8, $give_up_s, $late))
                            : ord receive_bytes(1, $give_up_s, $late);
    fail($UNREADABLE) if $length > $MAX_FRAME_BYTES || ++$frames_read > $MAX_FRAMES_READ;
    return ($flags, receive_bytes($length, $give_up_s, $late));
}

# Return the next $count bytes, however many pieces they come in.
sub receive_bytes {
    my ($count, $give_up_s, $late) = @_;
    while (length $inbox < $count) {
        wait_until($give_up_s, $socket) or fail($late);
        my $got = sysread $socket, $inbox, 65_536, length $inbox;
        next if !defined $got && ($! == $EINTR || $! == $EAGAIN);
        fail('the daemon went away; press the key again') if !$got;
    }
    return substr $inbox, 0, $count, '';
}

# Send $bytes; they are a few kilobytes at most, which a socket that just opened takes at once.
sub send_bytes {
    my ($bytes) = @_;
    my $sent = syswrite $socket, $bytes;
    fail('the daemon went away; press the key again')
        if !defined $sent || $sent != length $bytes;
}

# Return the folder, the last command and its exit status, each empty if it is none.
sub context {
    my ($cwd, $last, $status) = map { $_ // '' } @ENV{qw(EIDOS_CWD EIDOS_LAST EIDOS_STATUS)};
    $cwd = ''    if $cwd !~ m{\A/} || length $cwd > $MAX_CWD_BYTES;
    $status = '' if $status !~ /\A[0-9]{1,3}\z/ || $status > 255;
    return ($cwd, substr($last, 0, $MAX_LAST_BYTES), $status);
}

# Ask for $count commands and finish with the answer.
sub ask {
    my ($shell, $count) = @_;
    my $limit_s = $ENV{EIDOS_TIMEOUT_S} // '';
    $limit_s = 10 if $limit_s !~ /\A[0-9]*\.?[0-9]+\z/ || $limit_s == 0;
    my $id = "$shell-$$-" . time;
    $asked = $id;
    send_message($PROTOCOL, 'suggest', $id, $shell, $count, context(), $request);
    my ($head, $kind, $reply_id, @fields) = receive_message(
        $clock_s + $limit_s, "no answer within $limit_s s; try: eidosctl status");
    $asked = '';
    $_ //= '' for $head, $kind, $reply_id;
    fail($UNREADABLE) if $head ne $PROTOCOL || $reply_id ne $id && $reply_id ne '-';
    fail($fields[1])  if $kind eq 'error' && @fields == 2;
    fail($UNREADABLE) if $kind ne 'suggestions' || @fields % 5 != 1;
    finish_with_candidates($shell, @fields[1 .. $#fields]);
}

# Finish with what was picked in a chat. No daemon is started for that, and where there is nothing to
# take, whatever the reason, the message says what the key is for.
sub take {
    my ($shell) = @_;
    my @fields;
    my $taken = eval {
        my ($folder, $path) = socket_path();
        try_to_connect($folder, $path) or fail($EMPTY);
        shake_hands();
        my $id = "$shell-$$-" . time;
        send_message($PROTOCOL, 'take', $id, $shell);
        (my ($head, $kind, $reply_id), @fields) = receive_message($clock_s + $TAKE_S, $EMPTY);
        $_ //= '' for $head, $kind, $reply_id;
        $head eq $PROTOCOL && $kind eq 'suggestions' && $reply_id eq $id && @fields == 6;
    };
    die $@ if ref $@ && $@->[0] eq 'cancelled';
    fail($EMPTY) if !$taken;
    finish_with_candidates($shell, @fields[1 .. 5]);
}

# If the wait ended without an answer, tell the daemon that nobody waits any more. Nothing waits for
# that: the socket does not block, and what it does not take is not sent.
sub call_off {
    return if $asked eq '';
    eval { send_message($PROTOCOL, 'cancel', $asked) };
}

# Finish with those candidates that may be offered, or with the reason why there is none.
sub finish_with_candidates {
    my ($shell, @fields) = @_;
    my (@offered, %seen, $refusal);
    while (my ($command, $verdict, $reason, undef, $certainty) = splice @fields, 0, 5) {
        if ($verdict eq 'block') {
            $refusal //= "not offered: $reason";
        }
        elsif ("$verdict $certainty" !~ /\A(?:ok|warn) (?:un)?sure\z/ || !is_clean($command, $shell)) {
            $refusal = 'refused an unclean suggestion';
        }
        elsif (!$seen{$command}++) {
            push @offered, $command, join '; ',
                ($verdict eq 'warn' ? 'careful: ' . clean_message($reason) : ()),
                ($verdict eq 'ok' && $reason ne '' ? clean_message($reason) : ()),
                ($certainty eq 'unsure' ? $UNSURE : ());
        }
    }
    fail($refusal // 'no suggestion for this request; try other words') if !@offered;
    finish('ok', '', @offered);
}

# ---------------------------------------------------------------- terminal

# The flags of Linux' struct termios that are in our way.
my $IN_THE_WAY_OF_INPUT = 0x40 | 0x80 | 0x100 | 0x400;    # INLCR IGNCR ICRNL IXON
my $IN_THE_WAY_OF_KEYS  = 0x01 | 0x02 | 0x08 | 0x8000;    # ISIG ICANON ECHO IEXTEN
my $IGNCR = 0x80;
my ($TCGETS, $TCSETS) = (0x5401, 0x5402);

# Take the terminal: each key comes as bytes, Ctrl-C too, and nothing is echoed.
sub take_terminal {
    my $opened = open my $tty, '+<', '/dev/tty';
    return if !$opened;
    $terminal = $tty;
    # The struct has four 32-bit words of flags, a byte, and 19 control characters: 36 bytes. A
    # machine with another layout refuses the ioctl or fills another number of bytes; there the
    # modes stay as they are, and Ctrl-C comes as a signal, since the shells leave ISIG on.
    my $modes = "\xff" x 40;
    return if !ioctl $tty, $TCGETS, $modes;
    return if substr($modes, 35, 5) !~ /\A[^\xff]\xff{4}\z/;
    $saved_modes = substr $modes, 0, 36;
    my ($input, $output, $control, $local, @rest) = unpack 'L4 C20', $saved_modes;
    $input &= ~$IN_THE_WAY_OF_INPUT;
    $local &= ~$IN_THE_WAY_OF_KEYS;
    @rest[1 + 5, 1 + 6] = (0, 1);    # VTIME, VMIN: a read returns with the first byte
    set_modes(pack 'L4 C20', $input, $output, $control, $local, @rest);
}

# Give the terminal back as it was. fish sets the modes anew after every key binding; until then an
# Enter is ignored, so that none can run a command that nobody has seen yet.
sub release_terminal {
    wipe();
    return if !defined $saved_modes;
    my $modes = $saved_modes;
    substr($modes, 0, 4) = pack 'L', unpack('L', $modes) | $IGNCR if $draw eq 'cursor';
    set_modes($modes);
}

sub set_modes {
    my ($modes) = @_;
    ioctl $terminal, $TCSETS, $modes . "\0" x 28;
}

# Show that work is going on.
sub show_progress {
    return if !$terminal || $draw eq '' || $request eq '';
    my $utf8 = ($ENV{LC_ALL} || $ENV{LC_CTYPE} || $ENV{LANG} || '') =~ /utf-?8/i
        && ($ENV{TERM} // '') ne 'linux';
    my @frames = $utf8 ? qw(⠋ ⠙ ⠹ ⠸ ⠼ ⠴ ⠦ ⠧ ⠇ ⠏) : qw(| / - \\);
    my $frame = $frames[$clock_s / $FRAME_S % @frames];
    # Without automatic margins (?7l) a long request is cut at the edge, whatever the width is now.
    my $picture = $draw eq 'line'
        ? "\r\e[?7l$frame \e[2m" . clean_message($request) . "\e[22m" . clean_message($typed)
            . "\e[2m$stage\e[22m\e[K\e[?7h"
        : "\e7\e[?7l $frame\e[?7h\e8";
    syswrite $terminal, $picture if $picture ne $drawn;
    $drawn = $picture;
}

# Take the progress display away; fish paints the line anew afterwards.
sub wipe {
    return if $drawn eq '';
    syswrite $terminal, $draw eq 'line' ? "\r\e[K" : "\e7\e[?7l  \e[?7h\e8";
    $drawn = '';
}

# Wait until $handle has something to read (return 1) or our clock shows $until_s (return 0).
# All waiting happens here: keys are taken meanwhile, and the spinner turns.
sub wait_until {
    my ($until_s, $handle) = @_;
    while (1) {
        show_progress();
        my $slice_s = $until_s - $clock_s;
        $slice_s = 0       if $slice_s < 0;
        $slice_s = $TICK_S if $slice_s > $TICK_S;
        my $readable = '';
        vec($readable, fileno $handle,   1) = 1 if $handle;
        vec($readable, fileno $terminal, 1) = 1 if $terminal;
        my ($ready, $left_s) = select $readable, undef, undef, $slice_s;
        $clock_s += $slice_s - $left_s;
        $readable = '' if $ready <= 0;              # a signal interrupts select
        read_keys() if $terminal && vec $readable, fileno $terminal, 1;
        understand_keys();
        cancel() if $cancelled;
        return 1 if $handle && vec $readable, fileno $handle, 1;
        return 0 if $clock_s >= $until_s;
    }
}

# ---------------------------------------------------------------- keys

# A character that may be typed or pasted: well-formed UTF-8 without control characters.
my $CHARACTER = qr/[\x20-\x7e] | \xc2[\xa0-\xbf] | [\xc3-\xdf][\x80-\xbf]
    | \xe0[\xa0-\xbf][\x80-\xbf] | [\xe1-\xef][\x80-\xbf]{2}
    | \xf0[\x90-\xbf][\x80-\xbf]{2} | [\xf1-\xf4][\x80-\xbf]{3}/x;

# Ctrl-C and Ctrl-G, as bytes and as terminals with the kitty or xterm keyboard protocol write them;
# of Escape only the latter, since a plain ESC may begin something longer.
my $CANCEL = qr/[\x03\x07] | \e\[27u | \e\[(?:99|103)(?::\d*)*;5u | \e\[27;5;(?:99|103)~/x;

# Arrows, function keys, Alt with a key, answers of the terminal: whatever begins with ESC.
my $SEQUENCE = qr/\e (?: \[[\x30-\x3f]*[\x20-\x2f]*[\x40-\x5a\x5c-\x7e] | \[\[. | O[\x20-\x7e]
    | [\]P^_X].*?(?:\x07|\e\\) | [^\[O\]P^_X\e] )/xs;

# Read what the keyboard has written.
sub read_keys {
    my $got = sysread $terminal, $keys, 4096, length $keys;
    return if !defined $got && $! == $EINTR;
    cancel() if !$got;               # the terminal is gone
    $keys_s = $clock_s;
}

# Turn the bytes read into text; a byte sequence that may go on waits for its rest.
sub understand_keys {
    my $silence_s = $clock_s - $keys_s;
    while ($keys ne '') {
        if ($pasting) {
            my $ended = $keys =~ s/\A(.*?)\e\[201~//s;
            last if !$ended && $silence_s < $PASTE_S;
            paste($ended ? $1 : $keys);
            $keys = '' if !$ended;
            $pasting = 0;
        }
        elsif ($keys =~ s/\A\e\[200~//)          { $pasting = 1 }
        elsif ($keys =~ s/\A$CANCEL//)           { cancel() }
        elsif ($keys =~ s/\A$SEQUENCE//)         { }
        elsif ($keys =~ /\A\e/) {
            last if $silence_s < $ESCAPE_S;
            cancel() if $keys =~ /\A\e\e?\z/;
            $keys = '';                             # a sequence that never ended
        }
        elsif ($keys =~ s/\A((?:$CHARACTER)+)//) { $typed .= $1 }
        elsif ($keys =~ s/\A[\x08\x7f]//)        { $typed =~ s/(?:$CHARACTER|[\n\t])\z// }
        elsif ($keys =~ /\A[\xc2-\xf4][\x80-\xbf]{0,2}\z/ && $silence_s < $ESCAPE_S) { last }
        else                                     { $keys =~ s/\A.//s }    # Enter, Tab, Ctrl-A …
    }
    $pasting = 0 if $pasting && $silence_s >= $PASTE_S;
}

# Keep the text of a bracketed paste; its line breaks do not run anything.
sub paste {
    my ($text) = @_;
    $text =~ s/\r\n?/\n/g;
    $typed .= join '', $text =~ /$CHARACTER|[\n\t]/g;
}

# Take the keys that wait to be read, to the end of what has begun.
sub settle_keys {
    return if !$terminal;
    my $until_s = $clock_s;
    do {
        wait_until($until_s);
        $until_s = $clock_s + $QUIET_S;
    } while $keys ne '' || $pasting || $keys_s >= 0 && $clock_s - $keys_s < $QUIET_S;
}

# ---------------------------------------------------------------- main

sub main {
    if (@ARGV == 1 && $ARGV[0] eq 'socket-path') {
        my (undef, $path) = eval { socket_path() };
        print STDERR "$@->[1]\n" if $@;
        print "$path\n" if !$@;
        return $@ ? 78 : 0;
    }
    my ($shell, $count, $how) = @ARGV;
    $draw = $how if ($ENV{TERM} // 'dumb') ne 'dumb';
    $SIG{$_} = 'IGNORE' for qw(PIPE TSTP TTIN TTOU);
    $SIG{$_} = sub { $cancelled = 1 } for qw(INT TERM HUP QUIT);
    my $answer = outcome(sub {
        take_terminal();
        finish('ok', '') if !$count;
        $request = checked_request($ENV{EIDOS_REQUEST} // '');
        take($shell) if $request eq '';
        show_progress();
        connect_to_daemon();
        shake_hands();
        ask($shell, $count);
    });
    call_off();
    # Whatever was pressed until now counts, Ctrl-C too; from here on the shell reads the keys.
    $answer = outcome(sub { settle_keys(); finish(@$answer) });
    release_terminal();
    return report(@$answer);
}

# Return what $work finishes with.
sub outcome {
    my ($work) = @_;
    eval { $work->() };
    return ref $@ ? $@ : ['error', 'eidos: the client failed: ' . $@];
}

# Print the answer, and return the exit code.
sub report {
    my ($status, $message, @candidates) = @_;
    syswrite STDOUT, join "\n", $status, clean_message($message), @candidates / 2, @candidates,
        $typed, ".\n";
    return { ok => 0, error => 1, cancelled => 130 }->{$status};
}

exit main();
