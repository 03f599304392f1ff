# shellcheck shell=bash
# Eidos for bash: type what you want, press Ctrl-G, review the command that stands in your prompt.
#
#   source <(eidosctl init bash)         in ~/.bashrc; sourcing this file itself does the same
#
# Settings, read when this file is sourced:
#   EIDOS_KEY          the key, in the notation of bind (\C-g); empty: bind no key
#   EIDOS_RESTORE_KEY  the key that brings the request back (\C-x\C-g); empty: bind no key
#   EIDOS_CTL          the eidosctl that starts the daemon (eidosctl)
#   EIDOS_TIMEOUT_S    how long to wait for an answer, in seconds (10)
#
# A key press goes through this file from top to bottom:
#   __eidos_press > __eidos_suggest > __eidos_first or __eidos_next > __eidos_ask > eidos-client.pl
#
# The client talks to the daemon, reads the keys meanwhile and checks all that it prints; it stands
# beside this file, and costs 6 ms. bash itself has neither Unix sockets nor NUL bytes.
#
# The functions share the local variables of __eidos_press (bash has dynamic scope):
#   message   what to say when the press is over     offers      commands that may be placed
#   typed     what was typed while waiting           cautions    for each, why to be careful

# Aliases take effect where a function is read, so none may be active while this file is read. The
# inside of $(…) is read again when it runs: there the first word of a command is quoted.
\builtin shopt -q expand_aliases && __eidos_aliases=-s || __eidos_aliases=-u
\builtin shopt -u expand_aliases

# What the last request led to; it outlives a key press so that the next one can go on from there.
__eidos_request='' __eidos_shown='' # the request, and what we put into the line for it
__eidos_offers=() __eidos_cautions=()
__eidos_index=0    # which of the offers is shown, from 1; 0 is the request
__eidos_complete=0 # whether the offers beyond the first were asked for

__eidos_ctl=${EIDOS_CTL:-eidosctl}
__eidos_timeout_s=${EIDOS_TIMEOUT_S:-10}
__eidos_client=${BASH_SOURCE[0]}
[[ $__eidos_client == /* ]] || __eidos_client=$PWD/$__eidos_client
__eidos_client=${__eidos_client%/*}/eidos-client.pl

# --- The two key bindings ---------------------------------------------------------------------

# Do what $1 does for a key, apart from the user's options and traps: they are about the user's own
# commands, not about our steps (local - came with bash 4.4).
__eidos_press() {
    builtin local - 2>/dev/null && builtin set +eEuxT
    builtin local message='' typed='' trap_before=''
    # Ctrl-C is a key of the client. Before the client has taken the terminal it is a signal, which
    # may end the client, but must not abandon the line. $(trap -p INT) would leave it a millisecond
    # to do so, for the fork: through the here-string's pipe (or file) nothing has to be forked.
    {
        builtin trap -p INT >|/proc/self/fd/9
        builtin trap : INT
        IFS='' builtin read -r -d '' -u 9 trap_before || builtin : # all of it, to the end
    } 9<<<''
    "$1"
    __eidos_say
    builtin trap - INT
    builtin eval "$trap_before"
}

# Ask for a command; on a suggestion that nobody touched, show the next one.
__eidos_suggest() {
    if [ -n "$__eidos_shown" ] && [ "$READLINE_LINE" = "$__eidos_shown" ]; then
        __eidos_next
    else
        __eidos_first
    fi
}

# Put the request back into the line.
__eidos_restore() {
    if [ -z "$__eidos_request" ]; then
        message='eidos: there is no request to bring back'
    elif __eidos_ask 0 ''; then
        __eidos_show 0
    else
        __eidos_insert_typed
    fi
}

__eidos_first() {
    builtin local offers cautions
    if __eidos_ask 1 "$READLINE_LINE"; then
        __eidos_request=$READLINE_LINE __eidos_complete=0
        __eidos_offers=("${offers[0]}") __eidos_cautions=("${cautions[0]}")
        __eidos_show 1
    else
        __eidos_insert_typed
    fi
}

# The order is 1, 2, … the last one, then the request itself, then 1 again.
__eidos_next() {
    if ((__eidos_index == ${#__eidos_offers[@]} && ! __eidos_complete)); then
        __eidos_fetch_others
    else
        __eidos_ask 0 '' # an Enter that came with the key must not run what is unseen
    fi || {
        __eidos_insert_typed
        builtin return
    }
    __eidos_show $(((__eidos_index + 1) % (${#__eidos_offers[@]} + 1)))
}

# Ask the same request for more; what was shown stays in front, and comes no second time.
__eidos_fetch_others() {
    builtin local offers cautions i
    __eidos_ask 4 "$__eidos_request" || builtin return
    for ((i = 0; i < ${#offers[@]}; i++)); do
        [ "${offers[i]}" = "${__eidos_offers[0]}" ] && builtin continue
        __eidos_offers+=("${offers[i]}")
        __eidos_cautions+=("${cautions[i]}")
    done
    __eidos_complete=1
}

# --- What the user sees -----------------------------------------------------------------------

# Put offer $1 into the line, or the request for 0, and behind it what was typed meanwhile.
__eidos_show() {
    builtin local counter='' caution=''
    __eidos_index=$1
    if ((__eidos_index)); then
        __eidos_shown=${__eidos_offers[__eidos_index - 1]}
        caution=${__eidos_cautions[__eidos_index - 1]}
        ((__eidos_complete)) && counter=$__eidos_index/${#__eidos_offers[@]}
        caution=${caution:+careful: $caution}
        message=$counter${counter:+${caution:+, }}$caution
    else
        __eidos_shown=$__eidos_request
        ((__eidos_complete)) && message="your request again (0/${#__eidos_offers[@]})"
    fi
    message=${message:+eidos: $message}
    READLINE_LINE=$__eidos_shown$typed
    READLINE_POINT=2147483647 # the end, whether bash counts bytes or characters
}

# There is no suggestion: what was typed meanwhile goes where it would have gone.
__eidos_insert_typed() {
    [ -n "$typed" ] || builtin return 0
    READLINE_LINE=${READLINE_LINE:0:READLINE_POINT}$typed${READLINE_LINE:READLINE_POINT}
    READLINE_POINT=$((READLINE_POINT + ${#typed}))
}

# Show the message above the line. bash has cleared the line and paints it anew where the cursor
# stands, with the last line of the prompt.
__eidos_say() {
    [ -z "$message" ] || builtin printf '\r\e[K%s\n' "$message" >/dev/tty
}

# --- One question, one answer -----------------------------------------------------------------

# Ask for $1 commands for the request $2; 0 asks nobody, and only takes the keys that have come.
# Returns 0 with offers and cautions, else 1 with a message; sets typed in both cases.
__eidos_ask() {
    builtin local reply status=0
    if ! builtin type -P perl >/dev/null; then
        message='eidos: perl is missing; install it (Debian, Ubuntu: apt install perl-base)'
        builtin return 1
    fi
    reply=$(
        \builtin trap '' QUIT # bash ignores it, but its children die of it
        EIDOS_REQUEST=$2 EIDOS_CTL=$__eidos_ctl EIDOS_TIMEOUT_S=$__eidos_timeout_s PERL5OPT='' \
            \builtin exec perl -C0 "$__eidos_client" bash "$1" line 2>/dev/null
    ) || status=$?
    __eidos_read_reply
    __eidos_flush_keys
    [ "$status" = 0 ]
}

# Take the reply apart; its lines are described in eidos-client.pl.
__eidos_read_reply() {
    builtin local REPLY count
    offers=() cautions=()
    if [ "${reply: -2}" != $'\n.' ]; then
        # Killed before it could speak, and before it could give the terminal back.
        ((status > 128)) && builtin command stty isig </dev/tty 2>/dev/null
        message='eidos: cancelled; the line is as it was'
        ((status == 130)) || message="eidos: $__eidos_client failed ($status); try: eidosctl doctor"
        status=1
        builtin return
    fi
    __eidos_take_line # the status, which the exit status repeats
    __eidos_take_line
    message=$REPLY
    __eidos_take_line
    for ((count = REPLY; count > 0; count--)); do
        __eidos_take_line
        offers+=("$REPLY")
        __eidos_take_line
        cautions+=("$REPLY")
    done
    typed=${reply%$'\n.'}
}

# Move the first line of reply to REPLY.
__eidos_take_line() {
    REPLY=${reply%%$'\n'*}
    reply=${reply#*$'\n'}
}

# Between the client's last look at the keyboard and bash's next one passes a millisecond. An Enter
# of that millisecond would run a command that nobody has seen: text is kept, the rest is not.
__eidos_flush_keys() {
    builtin local key='' IFS=''
    while builtin read -t 0; do
        builtin read -r -s -d '' -n 1 -t 0.1 key || builtin break
        [[ $key == [[:print:]] ]] && typed+=$key
    done
}

# --- Loading ----------------------------------------------------------------------------------

# Bind the key sequence $1 to the function $2 in each keymap. To bash 4 and 5.0 these are one table,
# so a key must mean the same in all three.
__eidos_bind() {
    builtin local keymap
    for keymap in emacs-standard vi-insert vi-command; do
        builtin bind -m "$keymap" -x "\"$1\": __eidos_press $2" 2>/dev/null
    done
}

if [[ $- == *i* ]]; then
    if ((BASH_VERSINFO[0] < 4)); then
        builtin echo 'eidos: bash 4 or newer is needed; no key was bound' >&2
    else
        [ -z "${EIDOS_KEY-\\C-g}" ] || __eidos_bind "${EIDOS_KEY-\\C-g}" __eidos_suggest
        [ -z "${EIDOS_RESTORE_KEY-\\C-x\\C-g}" ] ||
            __eidos_bind "${EIDOS_RESTORE_KEY-\\C-x\\C-g}" __eidos_restore
    fi
fi

\builtin shopt "$__eidos_aliases" expand_aliases
\builtin unset __eidos_aliases
