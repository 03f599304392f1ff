# Eidos for fish: type what you want, press Ctrl-G, review the command that stands in your prompt.
#
#   eidosctl init fish | source          in config.fish; sourcing this file itself does the same
#
# Settings, read when this file is sourced:
#   EIDOS_KEY          the key, in the notation of bind (\cg); empty: bind no key
#   EIDOS_RESTORE_KEY  the key that brings the request back (\eg, Alt-G); empty: bind no key
#   EIDOS_CTL          the eidosctl that starts the daemon (eidosctl)
#   EIDOS_TIMEOUT_S    how long to wait for an answer, in seconds (10)
#   EIDOS_CONTEXT      0: tell the daemon neither the folder nor the last command (1)
#
# A key press goes through this file from top to bottom:
#   eidos-suggest > __eidos_first or __eidos_next > __eidos_ask > eidos-client.pl
#
# The client talks to the daemon, reads the keys meanwhile and checks all that it prints; it stands
# beside this file, and costs 6 ms. fish itself has no Unix sockets.
#
# fish has no dynamic scope; the functions share these globals for the time of one key press:
#   __eidos_message   what to say when the press is over
#   __eidos_typed     what was typed while waiting
#   __eidos_known     the folder, the last command and its exit status, each empty if untold
#   __eidos_reply     commands that may be placed, each followed by why to look at it twice

set -g __eidos_ctl eidosctl
set -q EIDOS_CTL; and test -n "$EIDOS_CTL"; and set -g __eidos_ctl $EIDOS_CTL
set -g __eidos_timeout_s 10
set -q EIDOS_TIMEOUT_S; and set -g __eidos_timeout_s $EIDOS_TIMEOUT_S
set -g __eidos_tells 1 # whether the daemon may know the folder and the last command
builtin string match -q -r -i -- '^(|1|true)$' "$EIDOS_CONTEXT"; or set -g __eidos_tells 0
set -g __eidos_client (builtin realpath (status dirname))/eidos-client.pl

# What the last request led to; it outlives a key press so that the next one can go on from there.
set -g __eidos_request '' # the request,
set -g __eidos_shown '' # and what we put into the line for it
set -g __eidos_offers
set -g __eidos_cautions
set -g __eidos_index 0 # which of the offers is shown, from 1; 0 is the request
set -g __eidos_complete 0 # whether the offers beyond the first were asked for
set -g __eidos_last '' # the last command line, and its exit status
set -g __eidos_last_status ''

# --- The two key bindings ---------------------------------------------------------------------

function eidos-suggest -d 'Ask Eidos for a command; on its suggestion, for the next one'
    set -g __eidos_message ''
    set -g __eidos_typed ''
    set -l line (builtin commandline | string collect)
    if test -n "$__eidos_shown"; and test "$line" = "$__eidos_shown"
        __eidos_next
    else
        __eidos_first "$line"
    end
end

function eidos-restore -d 'Put the request of the last suggestion back into the line'
    set -g __eidos_message ''
    set -g __eidos_typed ''
    if test -z "$__eidos_request"
        set __eidos_message 'eidos: there is no request to bring back'
        __eidos_keep_line
    else if __eidos_ask 0 ''
        __eidos_show 0
    else
        __eidos_keep_line
    end
end

function __eidos_first -a line
    if __eidos_ask 1 "$line"
        set -g __eidos_request "$line"
        set -g __eidos_complete 0
        set -g __eidos_offers "$__eidos_reply[1]"
        set -g __eidos_cautions "$__eidos_reply[2]"
        __eidos_show 1
    else
        __eidos_keep_line
    end
end

# The order is 1, 2, … the last one, then the request itself, then 1 again.
function __eidos_next
    set -l last (builtin count $__eidos_offers)
    if test $__eidos_index -eq $last; and test $__eidos_complete -eq 0
        and builtin string match -q -r -- '\S' "$__eidos_request" # what was picked has no others
        if not __eidos_fetch_others
            __eidos_keep_line
            return
        end
        set last (builtin count $__eidos_offers)
    else if not __eidos_ask 0 '' # an Enter that came with the key must not run what is unseen
        __eidos_keep_line
        return
    end
    if test $__eidos_index -lt $last
        __eidos_show (builtin math $__eidos_index + 1)
    else
        __eidos_show 0
    end
end

# Ask the same request for more; what was shown stays in front, and comes no second time.
function __eidos_fetch_others
    __eidos_ask 4 "$__eidos_request"; or return
    while set -q __eidos_reply[2]
        if not builtin contains -- "$__eidos_reply[1]" $__eidos_offers
            set -a __eidos_offers "$__eidos_reply[1]"
            set -a __eidos_cautions "$__eidos_reply[2]"
        end
        set -e __eidos_reply[1..2]
    end
    set __eidos_complete 1
end

# --- What the user sees -----------------------------------------------------------------------

# Put offer index into the line, or the request for 0, and behind it what was typed meanwhile.
function __eidos_show -a index
    set -l notes
    set __eidos_index $index
    if test $index -gt 0
        set __eidos_shown $__eidos_offers[$index]
        test $__eidos_complete -eq 1
        and set -a notes $index/(builtin count $__eidos_offers)
        test -n "$__eidos_cautions[$index]"
        and set -a notes "$__eidos_cautions[$index]"
    else
        set __eidos_shown $__eidos_request
        test $__eidos_complete -eq 1
        and set -a notes "your request again (0/"(builtin count $__eidos_offers)")"
    end
    set -q notes[1]
    and set __eidos_message "eidos: "(string join ', ' -- $notes)
    # The spinner stood at the cursor. Behind the end of the line fish paints over it; elsewhere it
    # would not know, and must paint anew, which runs the prompt once more.
    set -l line (builtin commandline | string collect)
    set -l spoilt (string length -- "$line")
    test "$spoilt" = (builtin commandline -C); and set spoilt ''
    __eidos_say
    builtin commandline -r -- "$__eidos_shown$__eidos_typed"
    test -n "$spoilt$__eidos_message"; and builtin commandline -f repaint
    return 0
end

# There is no suggestion: what was typed meanwhile goes where it would have gone.
function __eidos_keep_line
    __eidos_say
    test -n "$__eidos_typed"; and builtin commandline -i -- "$__eidos_typed"
    builtin commandline -f repaint
end

# Show the message above the prompt. fish paints the prompt anew as far above the cursor as it had
# painted it before: so the cursor ends as far below the message as it stood below the first row.
function __eidos_say
    test -n "$__eidos_message"; or return 0
    set -l rows (__eidos_rows_above_cursor)
    begin
        test $rows -gt 0; and builtin printf '\e[%dA' $rows
        builtin printf '\r\e[J%s\n' "$__eidos_message"
        test $rows -gt 0; and string repeat -N -n $rows \n
    end >/dev/tty
end

# Print how many rows the cursor stands below the first row of the prompt. Each line but the first
# begins below the end of the prompt.
function __eidos_rows_above_cursor
    set -l prompt (builtin functions -q fish_mode_prompt; and fish_mode_prompt; fish_prompt)
    set -l indent (string length -V -- "$prompt[-1]")
    set -l rows (builtin math (builtin count $prompt x) - 2)
    test $rows -ge 0; or set rows 0
    set -l widths (string length -V -- (builtin commandline -c))
    for width in $widths[1..-2]
        set rows (builtin math "$rows + max(1, ceil(($indent + $width) / $COLUMNS))")
    end
    builtin math "$rows + floor(($indent + $widths[-1]) / $COLUMNS)"
end

# --- One question, one answer -----------------------------------------------------------------

# Ask for how_many commands for the request; 0 asks nobody, and only takes the keys that have come.
# Returns 0 with __eidos_reply, else 1 with a message; sets __eidos_typed in both cases.
function __eidos_ask -a how_many request
    set -g __eidos_reply
    if not builtin type -q -f perl
        set __eidos_message \
            'eidos: perl is missing; install it (Debian, Ubuntu: apt install perl-base)'
        return 1
    end
    set -g __eidos_known '' '' ''
    test $how_many -gt 0; and test $__eidos_tells -eq 1; and __eidos_look_back
    set -l lines (EIDOS_REQUEST=$request EIDOS_CTL=$__eidos_ctl PERL5OPT= \
        EIDOS_CWD="$__eidos_known[1]" EIDOS_LAST="$__eidos_known[2]" \
        EIDOS_STATUS="$__eidos_known[3]" \
        EIDOS_TIMEOUT_S=$__eidos_timeout_s \
        command perl -C0 $__eidos_client fish $how_many cursor 2>/dev/null)
    set -l code $status
    # What the lines mean stands in eidos-client.pl.
    if not builtin string match -q -r -- '^[0-8]$' "$lines[3]"; or test "$lines[-1]" != .
        set __eidos_message 'eidos: cancelled; the line is as it was'
        test $code -eq 130
        or set __eidos_message "eidos: $__eidos_client failed ($code); try: eidosctl doctor"
        return 1
    end
    set __eidos_message (__eidos_without_controls "$lines[2]")
    set -l last (builtin math 3 + 2 '*' $lines[3])
    set -l i 4
    while test $i -lt $last
        set -l next (builtin math $i + 1)
        if __eidos_is_clean "$lines[$i]"
            set -a __eidos_reply "$lines[$i]" (__eidos_without_controls "$lines[$next]")
        end
        set i (builtin math $i + 2)
    end
    if test $last -gt 3; and not set -q __eidos_reply[1]
        set __eidos_message 'eidos: refused an unclean suggestion'
        set code 1
    end
    set -e lines[1..$last] lines[-1]
    set __eidos_typed "$lines[1]"
    set -e lines[1]
    for line in $lines
        set __eidos_typed $__eidos_typed\n$line
    end
    set __eidos_typed (__eidos_without_controls "$__eidos_typed" | string collect)
    return $code
end

# Set __eidos_known. What fish keeps out of its history is told to nobody.
function __eidos_look_back
    set __eidos_known[1] "$PWD"
    test -z "$fish_private_mode"; or return 0
    test "$__eidos_last" = "$history[1]"; or return 0
    # A line behind a blank stays in $history until the next one is there.
    builtin string match -q -r -- '\A\S' "$__eidos_last"; or return 0
    set __eidos_known[2] (builtin string sub -l 1000 -- "$__eidos_last" | string collect)
    set __eidos_known[3] "$__eidos_last_status"
end

# --- The text gate ----------------------------------------------------------------------------
# What daemon/eidos/validator/text_gate.py refuses is refused here again, so that neither who sits
# on the socket nor who takes the place of the client can plant a line that is not what it looks
# like. The classes are those of characters.py and lookalikes.py there; tests/shell/test_gate.py
# compares the two.

set -g __eidos_line '' # set with the other expressions; a shell that never asks never pays for them

function __eidos_load_gate
    # Exotic spaces, what is invisible or turns the direction of text, letters of mathematics,
    # full-width forms, private use, and what is no character.
    set -g __eidos_forbidden (builtin string join '' \
        '\x{80}-\x{a0}\x{ad}\x{34f}\x{600}-\x{605}\x{61c}\x{6dd}\x{70f}\x{890}\x{891}\x{8e2}' \
        '\x{115f}\x{1160}\x{1680}\x{17b4}\x{17b5}\x{180b}-\x{180f}\x{2000}-\x{200f}' \
        '\x{2028}-\x{202f}\x{205f}-\x{206f}\x{2102}\x{210a}-\x{2113}\x{2115}\x{2119}-\x{211d}' \
        '\x{2124}\x{2128}\x{212c}\x{212d}\x{212f}-\x{2131}\x{2133}\x{2134}\x{2139}' \
        '\x{213c}-\x{2140}\x{2145}-\x{2149}\x{2800}\x{3000}\x{3164}\x{e000}-\x{f8ff}' \
        '\x{fb20}-\x{fb29}\x{fdd0}-\x{fdef}\x{fe00}-\x{fe0f}\x{feff}\x{ff01}-\x{ff60}\x{ffa0}' \
        '\x{ffe0}-\x{ffe6}\x{fff0}-\x{ffff}\x{110bd}\x{110cd}\x{13430}-\x{1345f}' \
        '\x{1bca0}-\x{1bca3}\x{1d159}\x{1d173}-\x{1d17a}\x{1d400}-\x{1d7ff}\x{1ee00}-\x{1eeff}' \
        '\x{1fbf0}-\x{1fbf9}\x{1fffe}\x{1ffff}\x{2fffe}\x{2ffff}\x{3fffe}-\x{10ffff}')
    # Signs that may be emoji.
    set -g __eidos_emoji (builtin string join '' \
        '\x{a9}\x{ae}\x{2122}\x{2190}-\x{27bf}\x{2900}-\x{2bff}\x{303d}\x{3297}\x{3299}' \
        '\x{1f000}-\x{1faff}')
    # Arabic and its neighbours, the scripts of India, Tibetan, Myanmar, Khmer, Mongolian.
    set -g __eidos_joining '\x{600}-\x{dff}\x{f00}-\x{109f}\x{1780}-\x{18af}'
    # Chinese, Japanese, Korean; then their full-width signs and what stands among these.
    set -g __eidos_cjk (builtin string join '' \
        '\x{1100}-\x{11ff}\x{2e80}-\x{2fff}\x{3040}-\x{31ff}\x{3400}-\x{9fff}\x{ac00}-\x{d7ff}' \
        '\x{f900}-\x{faff}\x{ff66}-\x{ffdc}\x{20000}-\x{3ffff}')
    set -g __eidos_cjk_sign (builtin string join '' \
        '\x{2018}-\x{201d}\x{2026}\x{3001}-\x{301f}\x{ff01}-\x{ff0f}\x{ff1a}-\x{ff20}' \
        '\x{ff3b}-\x{ff40}\x{ff5b}-\x{ff60}\x{ffe0}-\x{ffe6}')
    # Latin letters beyond ASCII; letters that no natural word mixes with them; and what stands
    # between two letters without parting them: marks, the Greek of formulas.
    set -g __eidos_latin (builtin string join '' \
        '\x{aa}\x{ba}\x{c0}-\x{d6}\x{d8}-\x{f6}\x{f8}-\x{2af}\x{1d00}-\x{1dbf}\x{1e00}-\x{1eff}' \
        '\x{2c60}-\x{2c7f}\x{a720}-\x{a7ff}\x{ab30}-\x{ab6f}\x{fb00}-\x{fb06}')
    set -g __eidos_strange (builtin string join '' \
        '\x{391}\x{392}\x{395}-\x{397}\x{399}\x{39a}\x{39c}\x{39d}\x{39f}\x{3a1}\x{3a4}\x{3a5}' \
        '\x{3a7}\x{3b1}\x{3b3}\x{3b9}\x{3ba}\x{3bd}\x{3bf}\x{3c1}\x{3c5}\x{3c7}\x{3e2}-\x{3ef}' \
        '\x{3f2}\x{3f3}\x{3f9}\x{400}-\x{481}\x{48a}-\x{52f}\x{531}-\x{588}\x{10a0}-\x{10ff}' \
        '\x{13a0}-\x{16ff}\x{1c80}-\x{1cbf}\x{1f00}-\x{1fff}\x{2c80}-\x{2d7f}\x{a4d0}-\x{a66e}' \
        '\x{a67f}-\x{a6ff}\x{ab70}-\x{abbf}\x{fb13}-\x{fb17}\x{10000}-\x{16fff}')
    set -g __eidos_between (builtin string join '' \
        '\x{300}-\x{390}\x{393}\x{394}\x{398}\x{39b}\x{39e}\x{3a0}\x{3a2}\x{3a3}\x{3a6}' \
        '\x{3a8}-\x{3b0}\x{3b2}\x{3b4}-\x{3b8}\x{3bb}\x{3bc}\x{3be}\x{3c0}\x{3c2}-\x{3c4}\x{3c6}' \
        '\x{3c8}-\x{3e1}\x{3f0}\x{3f1}\x{3f4}-\x{3f8}\x{3fa}-\x{3ff}\x{483}-\x{489}' \
        '\x{1ab0}-\x{1aff}\x{1dc0}-\x{1dff}\x{20d0}-\x{20ff}\x{2de0}-\x{2dff}\x{fe20}-\x{fe2f}')
    # Letters that look like ASCII ones; dashes; signs and letters that stand for ASCII ones.
    set -g __eidos_twins (builtin string join '' \
        '\x{3b1}\x{3b3}\x{3b9}\x{3ba}\x{3bd}\x{3bf}\x{3c1}\x{3c5}\x{3c7}\x{3f2}\x{3f3}\x{430}' \
        '\x{435}\x{43a}\x{43e}\x{440}\x{441}\x{443}\x{445}\x{455}\x{456}\x{458}\x{475}\x{4af}' \
        '\x{4bb}\x{4cf}\x{501}\x{50d}\x{51b}\x{51d}\x{566}\x{570}\x{575}\x{578}\x{57d}\x{581}' \
        '\x{584}\x{585}')
    set -g __eidos_dash '\x{2010}-\x{2015}\x{2212}\x{fe58}\x{fe63}'
    set -g __eidos_fake (builtin string join '' \
        '\x{1c0}\x{1c3}\x{251}\x{261}\x{262}\x{269}\x{26a}\x{274}\x{280}\x{299}\x{29c}\x{29f}' \
        '\x{2b0}-\x{2b8}\x{2e0}-\x{2e4}\x{37e}\x{1d00}-\x{1d22}\x{1d2c}-\x{1d6a}\x{1d9b}-\x{1dbf}' \
        '\x{2024}\x{2044}\x{204e}\x{2071}\x{207f}\x{2090}-\x{209c}\x{2116}\x{2120}-\x{2122}' \
        '\x{213b}\x{2160}-\x{2188}\x{2215}\x{2217}\x{2223}\x{2236}\x{223c}\x{249c}-\x{24e9}' \
        '\x{29f8}\x{2c7c}\x{2c7d}\x{3250}\x{32cc}-\x{32cf}\x{3371}-\x{33df}\x{33ff}\x{a730}' \
        '\x{a731}\x{a789}\x{a7f2}-\x{a7f4}\x{10780}-\x{107bf}\x{1f100}-\x{1f16f}\x{1f190}')

    # Regular expressions of PCRE, in which \x22, \x27 and \x5c stand for ", ' and \. What is
    # forbidden elsewhere and ordinary in its place: the variation selector and the joiner in emoji,
    # joiners in scripts whose spelling needs them, full-width signs among Chinese, Japanese or
    # Korean. The letter i of the information sign must not look like a part of a word.
    set -g __eidos_in_place (builtin string join '|' \
        '(?<=['$__eidos_emoji'])\x{fe0f}?\x{200d}(?=['$__eidos_emoji'])' \
        '(?<=['$__eidos_emoji'])\x{fe0f}' \
        '[0-9#*]\x{fe0f}\x{20e3}' '[\x{203c}\x{2049}\x{3030}]\x{fe0f}' \
        '(?<![A-Za-z])\x{2139}\x{fe0f}(?![A-Za-z])' \
        '(?<=['$__eidos_joining'])[\x{200c}\x{200d}](?=['$__eidos_joining'])' \
        '(?<=['$__eidos_cjk'])['$__eidos_cjk_sign']+' \
        '(?<!['$__eidos_cjk_sign'])['$__eidos_cjk_sign']++(?=['$__eidos_cjk'])')

    # A host name, and a word, with letters that only look like ASCII ones. Whatever is not ASCII
    # and no punctuation, sign or emoji counts as a letter.
    set -g __eidos_letter (builtin string join '' '[^\x00-\x7f\x{2000}-\x{2bff}\x{3000}-\x{303f}' \
        '\x{ff00}-\x{ffef}\x{1f000}-\x{1faff}]')
    set -g __eidos_host '://[^ /?#\x27\x22]*[^\x00-\x7f]' \
        '[A-Za-z0-9_.+\x{80}-\x{10ffff}-]@[A-Za-z0-9_.-]*'$__eidos_letter
    set -g __eidos_mixed '[A-Za-z'$__eidos_latin']['$__eidos_strange']' \
        '['$__eidos_strange'][A-Za-z'$__eidos_latin']'

    # In a line without its quoted parts: quotes, dashes and operators that are none, where a reader
    # takes them for some; a program, and a host behind one, with another name than it seems to
    # have.
    set -g __eidos_quoted (builtin string join '|' '\x5c.' '\$\x27(?:[^\x27\x5c]|\x5c.)*+\x27' \
        '\x27[^\x27]*+\x27' '\x22(?:[^\x22\x5c]|\x5c.)*+\x22')
    set -g __eidos_operator '[\x{ff1b}\x{ff5c}\x{ff06}\x{ff1c}\x{ff1e}]'
    set -g __eidos_disguise '['$__eidos_fake']' ' '$__eidos_operator $__eidos_operator'(?: |$)' \
        '(?:^|[ =])[\x{2018}\x{201a}-\x{201c}\x{201e}\x{201f}\x{2032}\x{2033}\x{b4}]' \
        '[\x{2018}\x{2019}\x{201c}\x{201d}\x{2032}\x{2033}\x{b4}](?:[ ;|&)]|$)' \
        '(?:^| )[-'$__eidos_dash']*['$__eidos_dash'](?:[A-Za-z]|[^\x00-\x7f'$__eidos_dash'])' \
        '(?:^|[|;&(]|(?<![^ |;&(])sudo ) *['$__eidos_twins']+(?:[ ;|&)]|$)' \
        (builtin string join '' '(?:^|[|;&(]) *(?:sudo +)?(?:(?:ping6?|ssh|mosh|s?ftp|telnet|nc' \
            '|dig|host|nslookup|whois|traceroute|mtr)(?: +-[^ ]*| +[0-9]+)*|curl|wget) +' \
            '[A-Za-z0-9_.-]*' $__eidos_letter)

    # One complete line, with its brackets and quotes: (?&text) is a part of it in which all that
    # opens is closed. An operator at its end asks for more. A # behind a blank begins a comment.
    set __eidos_line (builtin string join '' '\A(?&text)(?:#.*)?\z(?(DEFINE)(?<text>(?:' \
        '[^\x22\x27\x5c(){}#|&<>]++|\x5c.|\x27(?:[^\x27\x5c]|\x5c.)*+\x27|\x22(?&quoted)\x22' \
        '|\((?&text)\)|\{(?&text)\}|(?:&&|\|\|?+&?+|&\||<(?!<)|>)(?! *+(?:#|\z))|&(?!&)' \
        '|(?<=[^ ;&|(])#)*+)' \
        '(?<quoted>(?:[^\x22\x5c$]++|\x5c.|\$\((?&text)\)|\$(?!\())*+))')
end

# Whether text may stand in the line: one complete line that looks like what it is. Each expression
# says what must be there, so that one that fails refuses. There is no tab in it: fish 3.6 writes
# one raw, and takes it for no column wide. More than 40 blanks push the rest out of sight.
function __eidos_is_clean -a text
    test -n "$__eidos_line"; or __eidos_load_gate
    builtin string match -q -r -- \
        '\A(?! )(?!.* {41})[ -~\x{80}-\x{10ffff}]{1,4096}+(?<! )\z' "$text"
    or return
    if not builtin string match -q -r -- '\A[ -~]*+\z' "$text"
        __eidos_looks_plain "$text"; or return
    end
    __eidos_is_shallow "$text"; or return
    builtin string match -q -r -- $__eidos_line "$text"
end

# Print text with a blank for each control character but tabs and line breaks.
function __eidos_without_controls -a text
    builtin string replace -a -r -- '[\x00-\x08\x0b-\x1f\x7f-\x9f]' ' ' "$text"
end

# Whether a text that is not all ASCII has no character, word or sign that takes a reader in.
function __eidos_looks_plain -a text
    # Where a character is a byte, nobody can say what the line would show.
    test (builtin string length -- é) = 1; and __eidos_fits "$text"; or return
    set -l rest (builtin string replace -a -r -- $__eidos_in_place x "$text")
    builtin string match -q -r -- '\A[^'$__eidos_forbidden']++\z' "$rest"; or return
    __eidos_lacks "$text" $__eidos_host; or return
    set -l words (builtin string replace -a -r -- '['$__eidos_between']' '' "$text")
    __eidos_lacks "$words" $__eidos_mixed; or return
    set -l bare (builtin string replace -a -r -- $__eidos_quoted x "$text")
    __eidos_lacks "$bare" $__eidos_disguise
end

# Whether text matches none of the expressions that follow it.
function __eidos_lacks -a text
    builtin string match -q -r -- '\A(?!.*(?:'(builtin string join '|' $argv[2..-1])'))' "$text"
end

# Whether text has at most 4096 bytes; it has at most as many characters.
function __eidos_fits -a text
    set -l bytes (builtin string length -- "$text")
    for class in '[\x00-\x7f]' '[\x00-\x{7ff}]' '[\x00-\x{ffff}]'
        set -l others (builtin string replace -a -r -- $class '' "$text")
        set bytes (builtin math $bytes + (builtin string length -- "$others"))
    end
    test $bytes -le 4096
end

# Whether the brackets outside quotes are nested at most 64 deep.
function __eidos_is_shallow -a text
    test (builtin string replace -a -r -- '[^({[]' '' "$text" | builtin string length) -le 64
    and return
    set -l brackets (builtin string replace -a -r -- $__eidos_quoted x "$text")
    set brackets (builtin string replace -a -r -- '[^]({[)}]' '' "$brackets")
    set brackets (builtin string replace -a -r -- '[[{]' '(' "$brackets")
    set brackets (builtin string replace -a -r -- '[]}]' ')' "$brackets")
    set -l depth 0
    while builtin string match -q -- '*()*' "$brackets" # those that hold no other
        set depth (builtin math $depth + 1)
        test $depth -le 64; or return
        set brackets (builtin string replace -a -- '()' '' "$brackets")
    end
    test (builtin string length -- (builtin string replace -a -- ')' '' "$brackets")) -le 64
end

# --- Loading ----------------------------------------------------------------------------------

if status is-interactive; and test $__eidos_tells -eq 1
    function __eidos_after_command --on-event fish_postexec
        set -g __eidos_last_status $status
        set -g __eidos_last "$argv[1]"
    end
end

if status is-interactive
    set -l key \cg
    set -q EIDOS_KEY; and set key $EIDOS_KEY
    set -l restore_key \eg
    set -q EIDOS_RESTORE_KEY; and set restore_key $EIDOS_RESTORE_KEY
    for mode in default insert visual
        test -n "$key"; and builtin bind -M $mode -- $key eidos-suggest
        test -n "$restore_key"; and builtin bind -M $mode -- $restore_key eidos-restore
    end
end
