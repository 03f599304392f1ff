# Eidos for fish: type what you want, press Ctrl-G, review the command that stands in your prompt.
#
#   eidosctl init fish | source          in config.fish; sourcing this file itself does the same
#
# Settings, read when this file is sourced:
#   EIDOS_KEY          the key, in the notation of bind (\cg); empty: bind no key
#   EIDOS_RESTORE_KEY  the key that brings the request back (\eg, Alt-G); empty: bind no key
#   EIDOS_CTL          the eidosctl that starts the daemon (eidosctl)
#   EIDOS_TIMEOUT_S    how long to wait for an answer, in seconds (10)
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
#   __eidos_reply     commands that may be placed, each followed by why to be careful

set -g __eidos_ctl eidosctl
set -q EIDOS_CTL; and test -n "$EIDOS_CTL"; and set -g __eidos_ctl $EIDOS_CTL
set -g __eidos_timeout_s 10
set -q EIDOS_TIMEOUT_S; and set -g __eidos_timeout_s $EIDOS_TIMEOUT_S
set -g __eidos_client (builtin realpath (status dirname))/eidos-client.pl

# What the last request led to; it outlives a key press so that the next one can go on from there.
set -g __eidos_request '' # the request,
set -g __eidos_shown '' # and what we put into the line for it
set -g __eidos_offers
set -g __eidos_cautions
set -g __eidos_index 0 # which of the offers is shown, from 1; 0 is the request
set -g __eidos_complete 0 # whether the offers beyond the first were asked for

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
        and set -a notes "careful: $__eidos_cautions[$index]"
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
    set -l lines (EIDOS_REQUEST=$request EIDOS_CTL=$__eidos_ctl PERL5OPT= \
        EIDOS_TIMEOUT_S=$__eidos_timeout_s \
        command perl -C0 $__eidos_client fish $how_many cursor 2>/dev/null)
    set -l code $status
    # What the lines mean stands in eidos-client.pl.
    if test "$lines[-1]" != .
        set __eidos_message 'eidos: cancelled; the line is as it was'
        test $code -eq 130
        or set __eidos_message "eidos: $__eidos_client failed ($code); try: eidosctl doctor"
        return 1
    end
    set __eidos_message $lines[2]
    set -l last (builtin math 3 + 2 '*' $lines[3])
    test $last -gt 3; and set -g __eidos_reply $lines[4..$last]
    set -e lines[1..$last] lines[-1]
    set __eidos_typed "$lines[1]"
    set -e lines[1]
    for line in $lines
        set __eidos_typed $__eidos_typed\n$line
    end
    return $code
end

# --- Loading ----------------------------------------------------------------------------------

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
