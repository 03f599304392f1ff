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
#   EIDOS_CONTEXT      0: tell the daemon neither the folder nor the last command (1)
#
# A key press goes through this file from top to bottom:
#   __eidos_press > __eidos_suggest > __eidos_first or __eidos_next > __eidos_ask > eidos-client.pl
#
# The client talks to the daemon, reads the keys meanwhile and checks all that it prints; it stands
# beside this file, and costs 6 ms. bash itself has neither Unix sockets nor NUL bytes.
#
# The functions share the local variables of __eidos_press (bash has dynamic scope):
#   message   what to say when the press is over     offers      commands that may be placed
#   typed     what was typed while waiting           cautions    for each, why to look at it twice
#   code      the exit status of the last command

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
__eidos_tells=1 # whether the daemon may know the folder and the last command
case ${EIDOS_CONTEXT-1} in '' | 1 | [Tt]rue | TRUE) ;; *) __eidos_tells=0 ;; esac
__eidos_client=${BASH_SOURCE[0]}
[[ $__eidos_client == /* ]] || __eidos_client=$PWD/$__eidos_client
__eidos_client=${__eidos_client%/*}/eidos-client.pl

# --- The two key bindings ---------------------------------------------------------------------

# Do what $1 does for a key, apart from the user's options and traps: they are about the user's own
# commands, not about our steps (local - came with bash 4.4).
__eidos_press() {
    builtin local code=$? # bash keeps it from PROMPT_COMMAND, other keys and itself
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
    if ((__eidos_index == ${#__eidos_offers[@]} && ! __eidos_complete)) &&
        [[ $__eidos_request == *[![:space:]]* ]]; then # what was picked in a chat has no others
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
    builtin local reply status=0 cwd='' last='' last_status=''
    if ! builtin type -P perl >/dev/null; then
        message='eidos: perl is missing; install it (Debian, Ubuntu: apt install perl-base)'
        builtin return 1
    fi
    (($1 && __eidos_tells)) && __eidos_look_back
    reply=$(
        \builtin trap '' QUIT # bash ignores it, but its children die of it
        EIDOS_REQUEST=$2 EIDOS_CTL=$__eidos_ctl EIDOS_TIMEOUT_S=$__eidos_timeout_s PERL5OPT='' \
            EIDOS_CWD=$cwd EIDOS_LAST=$last EIDOS_STATUS=$last_status \
            \builtin exec perl -C0 "$__eidos_client" bash "$1" line 2>/dev/null
    ) || status=$?
    __eidos_read_reply
    __eidos_flush_keys
    [ "$status" = 0 ]
}

# Set cwd, last and last_status to the folder, the newest line of the history and its exit status.
# What bash keeps out of its history is told to nobody; then the line before stands for it.
__eidos_look_back() {
    builtin local HISTTIMEFORMAT='' line=$'^ *[0-9]+[* ] (.*)$' count='\#'
    cwd=$PWD
    # The history may be that of other shells: this one must have run something (@P: bash 4.4).
    ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 404)) && [[ ${count@P} != 0 ]] || builtin return
    [[ -o history && $(\builtin history 1) =~ $line ]] || builtin return
    last=${BASH_REMATCH[1]:0:1000}
    # Ctrl-C at the prompt leaves 130 too, and says nothing of that line.
    ((code == 130)) || last_status=$code
}

# Take the reply apart; its lines are described in eidos-client.pl.
__eidos_read_reply() {
    builtin local REPLY count offer refused='' head=$'^[^\n]*\n[^\n]*\n[0-8]\n'
    offers=() cautions=()
    if [[ ! $reply =~ $head || $reply != *$'\n.' ]]; then
        # Killed before it could speak, and before it could give the terminal back.
        ((status > 128)) && builtin command stty isig </dev/tty 2>/dev/null
        message='eidos: cancelled; the line is as it was'
        ((status == 130)) || message="eidos: $__eidos_client failed ($status); try: eidosctl doctor"
        status=1
        builtin return
    fi
    __eidos_take_line # the status, which the exit status repeats
    __eidos_take_line
    message=${REPLY//[[:cntrl:]]/ }
    __eidos_take_line
    ((REPLY == 0)) || refused='eidos: refused an unclean suggestion'
    for ((count = REPLY; count > 0; count--)); do
        __eidos_take_line
        offer=$REPLY
        __eidos_take_line
        __eidos_is_clean "$offer" 2>/dev/null || builtin continue
        offers+=("$offer") cautions+=("${REPLY//[[:cntrl:]]/ }") refused=''
    done
    [ -z "$refused" ] || message=$refused status=1
    typed=${reply%$'\n.'}
    [[ ${typed//[$'\t\n']/} != *[[:cntrl:]]* ]] || typed=''
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

# --- The text gate ----------------------------------------------------------------------------
# What daemon/eidos/validator/text_gate.py refuses is refused here again, so that neither who sits
# on the socket nor who takes the place of the client can plant a line that is not what it looks
# like. All of it counts bytes and matches UTF-8, whatever the locale is. The classes are those of
# characters.py and lookalikes.py there; tests/shell/test_gate.py compares the two.

__eidos_simple='' # set with the other patterns; a shell that never asks never pays for them

__eidos_load_gate() {
    # Every valid UTF-8 sequence of more than one byte (RFC 3629, section 4).
    __eidos_utf8=(
        $'[\xc2-\xdf][\x80-\xbf]' $'\xe0[\xa0-\xbf][\x80-\xbf]'
        $'[\xe1-\xec\xee\xef][\x80-\xbf][\x80-\xbf]' $'\xed[\x80-\x9f][\x80-\xbf]'
        $'\xf0[\x90-\xbf][\x80-\xbf][\x80-\xbf]' $'[\xf1-\xf3][\x80-\xbf][\x80-\xbf][\x80-\xbf]'
        $'\xf4[\x80-\x8f][\x80-\xbf][\x80-\xbf]'
    )
    # Exotic spaces, what is invisible or turns the direction of text, letters of mathematics,
    # full-width letters, private use, and what is no character.
    __eidos_forbidden=(
        $'\xc2[\x80-\xa0\xad]' $'[\xcd\xdc]\x8f' $'\xd8[\x80-\x85\x9c]' $'\xdb\x9d'
        $'\xe0\xa2[\x90\x91]' $'\xe0\xa3\xa2' $'\xe1\x85[\x9f\xa0]' $'\xe1\x9a\x80'
        $'\xe1\x9e[\xb4\xb5]' $'\xe1\xa0[\x8b-\x8f]' $'\xe2\x80[\x80-\x8f\xa8-\xaf]'
        $'\xe2\x81[\x9f-\xaf]'
        $'\xe2\x84[\x82\x8a-\x93\x95\x99-\x9d\xa4\xa8\xac\xad\xaf-\xb1\xb3\xb4\xb9\xbc-\xbf]'
        $'\xe2\x85[\x80\x85-\x89]' $'\xe2\xa0\x80' $'\xe3\x80\x80' $'\xe3\x85\xa4'
        $'\xee[\x80-\xbf][\x80-\xbf]' $'\xef[\x80-\xa3][\x80-\xbf]' $'\xef\xac[\xa0-\xa9]'
        $'\xef\xb7[\x90-\xaf]' $'\xef\xb8[\x80-\x8f]' $'\xef\xbb\xbf'
        $'\xef\xbc[\x90-\x99\xa1-\xba]' $'\xef\xbd[\x81-\x9a]' $'\xef\xbe\xa0'
        $'\xef\xbf[\xb0-\xbf]' $'\xf0\x91\x82\xbd' $'\xf0\x91\x83\x8d' $'\xf0\x93\x90[\xb0-\xbf]'
        $'\xf0\x93\x91[\x80-\x9f]' $'\xf0\x9b\xb2[\xa0-\xa3]' $'\xf0\x9d\x85[\x99\xb3-\xba]'
        $'\xf0\x9d[\x90-\x9f][\x80-\xbf]' $'\xf0\x9e[\xb8-\xbb][\x80-\xbf]'
        $'\xf0\x9f\xaf[\xb0-\xb9]' $'\xf0[\x9f\xaf\xbf]\xbf[\xbe\xbf]'
        $'[\xf1-\xf4][\x80-\xbf][\x80-\xbf][\x80-\xbf]'
    )
    # Signs that may be emoji.
    __eidos_emoji=(
        $'\xc2[\xa9\xae]' $'\xe2\x84\xa2' $'\xe2\x86[\x90-\xbf]'
        $'\xe2[\x87-\x9e\xa4-\xaf][\x80-\xbf]' $'\xe3\x80\xbd' $'\xe3\x8a[\x97\x99]'
        $'\xf0\x9f[\x80-\xab][\x80-\xbf]'
    )
    # Arabic and its neighbours, the scripts of India, Tibetan, Myanmar, Khmer, Mongolian: their
    # spelling needs joiners.
    __eidos_joining=(
        $'[\xd8-\xdf][\x80-\xbf]' $'\xe0[\xa0-\xb7\xbc-\xbf][\x80-\xbf]'
        $'\xe1[\x80\x81\x9e-\xa1][\x80-\xbf]' $'\xe1\x82[\x80-\x9f]' $'\xe1\xa2[\x80-\xaf]'
    )
    # Chinese, Japanese, Korean.
    __eidos_cjk=(
        $'\xe1[\x84-\x87][\x80-\xbf]' $'\xe2[\xba-\xbf][\x80-\xbf]'
        $'\xe3[\x81-\x87\x90-\xbf][\x80-\xbf]' $'[\xe4-\xe9\xeb\xec][\x80-\xbf][\x80-\xbf]'
        $'\xea[\xb0-\xbf][\x80-\xbf]' $'\xed[\x80-\x9f][\x80-\xbf]'
        $'\xef[\xa4-\xab\xbe][\x80-\xbf]' $'\xef\xbd[\xa6-\xbf]' $'\xef\xbf[\x80-\x9c]'
        $'\xf0[\xa0-\xbf][\x80-\xbf][\x80-\xbf]'
    )
    # Their full-width signs,
    __eidos_wide=(
        $'\xef\xbc[\x81-\x8f\x9a-\xa0\xbb-\xbf]' $'\xef\xbd[\x80\x9b-\xa0]' $'\xef\xbf[\xa0-\xa6]'
    )
    # and other punctuation that stands among these.
    __eidos_cjk_sign=($'\xe2\x80[\x98-\x9d\xa6]' $'\xe3\x80[\x81-\x9f]')
    # Punctuation, signs and emoji: whatever else is not ASCII counts as a letter.
    __eidos_sign=(
        $'\xe2[\x80-\xaf][\x80-\xbf]' $'\xe3\x80[\x80-\xbf]' $'\xef[\xbc-\xbe][\x80-\xbf]'
        $'\xef\xbf[\x80-\xaf]' $'\xf0\x9f[\x80-\xab][\x80-\xbf]'
    )
    # Latin letters beyond ASCII,
    __eidos_latin=(
        $'\xc2[\xaa\xba]' $'\xc3[\x80-\x96\x98-\xb6\xb8-\xbf]' $'[\xc4-\xc9][\x80-\xbf]'
        $'\xca[\x80-\xaf]' $'\xe1[\xb4-\xb6\xb8-\xbb][\x80-\xbf]' $'\xe2\xb1[\xa0-\xbf]'
        $'\xea\x9c[\xa0-\xbf]' $'\xea[\x9d-\x9f][\x80-\xbf]' $'\xea\xac[\xb0-\xbf]'
        $'\xea\xad[\x80-\xaf]' $'\xef\xac[\x80-\x86]'
    )
    # letters of other scripts that no natural word mixes with Latin ones,
    __eidos_strange=(
        $'\xce[\x91\x92\x95-\x97\x99\x9a\x9c\x9d\x9f\xa1\xa4\xa5\xa7\xb1\xb3\xb9\xba\xbd\xbf]'
        $'\xcf[\x81\x85\x87\xa2-\xaf\xb2\xb3\xb9]' $'[\xd0\xd1\xd3\xd5][\x80-\xbf]'
        $'\xd2[\x80\x81\x8a-\xbf]' $'\xd4[\x80-\xaf\xb1-\xbf]' $'\xd6[\x80-\x88]'
        $'\xe1[\x82\x8e][\xa0-\xbf]' $'\xe1[\x83\x8f-\x9b\xb2\xbc-\xbf][\x80-\xbf]'
        $'\xe2[\xb2-\xb5][\x80-\xbf]' $'\xea\x93[\x90-\xbf]'
        $'\xea[\x94-\x98\x9a\x9b\xae][\x80-\xbf]' $'\xea\x99[\x80-\xae\xbf]' $'\xea\xad[\xb0-\xbf]'
        $'\xef\xac[\x93-\x97]' $'\xf0[\x90-\x96][\x80-\xbf][\x80-\xbf]'
    )
    # and what stands between two letters without parting them: marks, the Greek of formulas.
    __eidos_between=(
        $'[\xcc\xcd][\x80-\xbf]'
        $'\xce[\x80-\x90\x93\x94\x98\x9b\x9e\xa0\xa2\xa3\xa6\xa8-\xb0\xb2\xb4-\xb8\xbb\xbc\xbe]'
        $'\xcf[\x80\x82-\x84\x86\x88-\xa1\xb0\xb1\xb4-\xb8\xba-\xbf]' $'\xd2[\x83-\x89]'
        $'\xe1\xaa[\xb0-\xbf]' $'\xe1[\xab\xb7][\x80-\xbf]' $'\xe2\x83[\x90-\xbf]'
        $'\xe2\xb7[\xa0-\xbf]' $'\xef\xb8[\xa0-\xaf]'
    )
    # Letters that look like ASCII ones.
    __eidos_twins=(
        $'\xce[\xb1\xb3\xb9\xba\xbd\xbf]' $'\xcf[\x81\x85\x87\xb2\xb3]' $'\xd0[\xb0\xb5\xba\xbe]'
        $'\xd1[\x80\x81\x83\x85\x95\x96\x98\xb5]' $'\xd2[\xaf\xbb]' $'\xd3\x8f'
        $'\xd4[\x81\x8d\x9b\x9d]' $'\xd5[\xa6\xb0\xb5\xb8\xbd]' $'\xd6[\x81\x84\x85]'
    )
    # Dashes.
    __eidos_dash=($'\xe2\x80[\x90-\x95]' $'\xe2\x88\x92' $'\xef\xb9[\x98\xa3]')
    # Signs and letters that stand for ASCII ones, or look like them.
    __eidos_fake=(
        $'\xc7[\x80\x83]' $'\xc9[\x91\xa1\xa2\xa9\xaa\xb4]' $'\xca[\x80\x99\x9c\x9f\xb0-\xb8]'
        $'\xcb[\xa0-\xa4]' $'\xcd\xbe' $'\xe1\xb4[\x80-\xa2\xac-\xbf]' $'\xe1\xb5[\x80-\xaa]'
        $'\xe1\xb6[\x9b-\xbf]' $'\xe2\x80\xa4' $'\xe2\x81[\x84\x8e\xb1\xbf]' $'\xe2\x82[\x90-\x9c]'
        $'\xe2\x84[\x96\xa0-\xa2\xbb]' $'\xe2\x85[\xa0-\xbf]' $'\xe2\x86[\x80-\x88]'
        $'\xe2\x88[\x95\x97\xa3\xb6\xbc]' $'\xe2\x92[\x9c-\xbf]' $'\xe2\x93[\x80-\xa9]'
        $'\xe2\xa7\xb8' $'\xe2\xb1[\xbc\xbd]' $'\xe3\x89\x90' $'\xe3\x8b[\x8c-\x8f]'
        $'\xe3\x8d[\xb1-\xbf]' $'\xe3\x8e[\x80-\xbf]' $'\xe3\x8f[\x80-\x9f\xbf]'
        $'\xea\x9c[\xb0\xb1]' $'\xea\x9e\x89' $'\xea\x9f[\xb2-\xb4]' $'\xf0\x90\x9e[\x80-\xbf]'
        $'\xf0\x9f\x84[\x80-\xbf]' $'\xf0\x9f\x85[\x80-\xaf]' $'\xf0\x9f\x86\x90'
    )

    # Two of the classes serve as regular expressions.
    builtin printf -v __eidos_any_forbidden '|%s' "${__eidos_forbidden[@]}"
    builtin printf -v __eidos_any_fake '|%s' "${__eidos_fake[@]}"
    __eidos_any_forbidden=${__eidos_any_forbidden:1} __eidos_any_fake=${__eidos_any_fake:1}

    # For a line without its quoted parts: quotes and operators that are none, where a reader takes
    # them for some; a dash that begins an option; a program, and a host behind one, with another
    # name than it seems to have. \2 stands there for a dash, a twin of an ASCII letter and a sign.
    __eidos_fake_quote=$'(^|[ \t=])(\xe2\x80[\x98\x9a-\x9c\x9e\x9f\xb2\xb3]|\xc2\xb4)'
    __eidos_fake_quote+=$'|(\xe2\x80[\x98\x99\x9c\x9d\xb2\xb3]|\xc2\xb4)([ \t;|&)]|$)'
    __eidos_fake_operator=$'[ \t](\xef\xbc[\x86\x9b\x9c\x9e]|\xef\xbd\x9c)'
    __eidos_fake_operator+=$'|(\xef\xbc[\x86\x9b\x9c\x9e]|\xef\xbd\x9c)([ \t]|$)'
    __eidos_fake_option=$'(^|[ \t])[\2-]*\2[A-Za-z\x80-\xff]'
    __eidos_fake_program=$'(^|[|;&(]|(^|[ \t|;&(])sudo[ \t])[ \t]*\2+([ \t;|&)]|$)'
    __eidos_strange_program=$'(^|[|;&(]|sudo[ \t])[ \t]*[\xce-\xd6]'
    __eidos_host_word=$'(^|[|;&(])[ \t]*(sudo[ \t]+)?((ping6?|ssh|mosh|s?ftp|telnet|nc|dig|host'
    __eidos_host_word+=$'|nslookup|whois|traceroute|mtr)([ \t]+-[^ \t]*|[ \t]+[0-9]+)*|curl|wget)'
    __eidos_host_word+=$'[ \t]+[A-Za-z0-9_.-]*[\x80-\xff]'
    __eidos_url=$'://[^ \t/?#\'"]*[\x80-\xff]'
    __eidos_address=$'[A-Za-z0-9_.+\2\x80-\xff-]@[A-Za-z0-9_.-]*[\x80-\xff]'
    __eidos_may_mix=$'[A-Za-z][\x80-\xff]|[\x80-\xff][A-Za-z]|[\xc2-\xca\xe1\xe2\xea\xef]'
    __eidos_here_document='(^|[^<])<<([^<]|$)'
    __eidos_shift='[(][(]|\[[^]]*<<'
    __eidos_quoted=$'\\\\.[\x80-\xbf]*|[$]\'([^\'\\\\]|\\\\.)*\'|\'[^\']*\'|"([^"\\\\]|\\\\.)*"'
    __eidos_beyond=$'[\x80-\xff]' # a byte of a character that is not ASCII
    builtin printf -v __eidos_blanks '%41s' ''
    __eidos_make_simple
}

# Make __eidos_simple: a line whose quotes and brackets hold others at most one deep, as nearly
# every line.
__eidos_make_simple() {
    builtin local text=$'[^\'"\\\\`$()#]*' quoted=$'[^"\\\\`$]*' single=$'\'[^\']*\'' escaped='\\.'
    builtin local name='[$][A-Za-z0-9_?!#*@$-]' parameter=$'[$][{][^\'"\\\\`${}]*[}]' flat value
    flat="$text(($single|$escaped|$name|\"$quoted(($escaped|[$][^({\"\\\\\`$])$quoted)*\")$text)*"
    value="$name|$parameter|[$][(][(]${text}[)][)]|[$][(]${flat}[)]"
    __eidos_simple="\"$quoted(($escaped|[$][^A-Za-z0-9_?!#*@({\"\\\\\`$-]|$value)$quoted)*\""
    __eidos_simple="^$text(($single|$escaped|$value|[(]${flat}[)]|$__eidos_simple)$text)*$"
}

# Whether $1 may stand in the line: one complete line that looks like what it is.
__eidos_is_clean() {
    builtin local LC_ALL=C || builtin return 1 # so that everything counts bytes
    builtin local "text=${1//$'\t'/        }"
    [[ -n $__eidos_simple ]] || __eidos_load_gate
    # More than 40 blanks in a row push the rest out of sight.
    [[ -n $1 && $text != ' '* && $text != *' ' && $text != *"$__eidos_blanks"* ]] &&
        ((${#1} <= 4096)) && [[ $text != *[[:cntrl:]]* ]] || builtin return 1
    if [[ $text == *$__eidos_beyond* ]]; then
        __eidos_is_text "$1" && __eidos_looks_plain "$1" || builtin return 1
    fi
    ((${#1} <= 64)) || __eidos_is_shallow "$1" || builtin return 1
    [[ $1 != *[\'\"\\\`\$\(\)#\|\&\<]* && $1 != *\> ]] || __eidos_is_complete "$1"
}

# Replace what the patterns of the class $1 match in text by $2.
__eidos_replace() {
    builtin local -n "class=$1"
    builtin local pattern
    # shellcheck disable=SC2154 # class is another name of $1
    for pattern in "${class[@]}"; do text=${text//$pattern/$2}; done
}

# Whether $1 is UTF-8 without a forbidden character.
__eidos_is_text() {
    builtin local "text=$1"
    __eidos_replace __eidos_utf8 x
    [[ $text != *$__eidos_beyond* ]] || builtin return 1
    text=$1
    [[ $1 != *$'\xe2\x80'[$'\x8c\x8d']* && $1 != *$'\xef\xb8\x8f'* ]] || __eidos_take_joiners
    [[ ! $text =~ $__eidos_any_forbidden ]] || builtin return 1
    [[ $1 != *$'\xef'* ]] || __eidos_is_among_cjk "$1"
}

# Take from text the variation selectors and joiners that are part of an emoji or of the spelling
# of a script that needs them.
__eidos_take_joiners() {
    builtin local vs=$'\xef\xb8\x8f' zwj=$'\xe2\x80\x8d' zwnj=$'\xe2\x80\x8c' sign
    builtin local info=$'\xe2\x84\xb9\xef\xb8\x8f'
    text=${text//[0-9#*]"$vs"$'\xe2\x83\xa3'/.} # keycaps
    for sign in $'\xe2\x80\xbc' $'\xe2\x81\x89' $'\xe3\x80\xb0'; do text=${text//"$sign$vs"/.}; done
    # The letter i of the information sign, unless it could be read as a part of a word.
    [[ $text == *[A-Za-z]"$info"* || $text == *"$info"[A-Za-z]* ]] || text=${text//"$info"/.}
    __eidos_replace __eidos_emoji $'\2'
    text=${text//$'\2'"$vs"/$'\2'}
    __eidos_replace __eidos_joining $'\3'
    for sign in 1 2; do # a character between two joiners belongs to both
        text=${text//$'\2'"$zwj"$'\2'/$'\2\2'}
        text=${text//$'\3'"$zwj"$'\3'/$'\3\3'}
        text=${text//$'\3'"$zwnj"$'\3'/$'\3\3'}
    done
}

# Whether each full-width sign in $1 is punctuation of Chinese, Japanese or Korean, alone or in a
# row with other signs of theirs.
__eidos_is_among_cjk() {
    builtin local "text=$1" before=''
    __eidos_replace __eidos_wide $'\2'
    [[ $text == *$'\2'* ]] || builtin return 0
    __eidos_replace __eidos_cjk_sign $'\3'
    __eidos_replace __eidos_cjk $'\4'
    while [[ $text != "$before" ]]; do # a row becomes one sign, full-width if one of it is
        before=$text
        text=${text//$'\2\2'/$'\2'} text=${text//$'\3\3'/$'\3'}
        text=${text//$'\2\3'/$'\2'} text=${text//$'\3\2'/$'\2'}
    done
    text=${text//$'\4\2'/$'\4'} text=${text//$'\2\4'/$'\4'}
    [[ $text != *$'\2'* ]]
}

# Whether no host, word or sign in $1, which is not all ASCII, takes a reader in.
__eidos_looks_plain() {
    builtin local "text=$1" REPLY
    [[ $1 != *://* || ! $1 =~ $__eidos_url ]] || builtin return 1
    if [[ $1 == *@* ]]; then
        __eidos_replace __eidos_sign $'\2'
        [[ ! $text =~ $__eidos_address ]] || builtin return 1
        text=$1
    fi
    # Latin letters beyond ASCII, or ASCII ones beside others.
    if [[ $1 =~ $__eidos_may_mix ]]; then
        __eidos_replace __eidos_between ''
        __eidos_replace __eidos_strange $'\2'
        __eidos_replace __eidos_latin x
        [[ $text != *[A-Za-z]$'\2'* && $text != *$'\2'[A-Za-z]* ]] || builtin return 1
    fi
    # The rest is about what is neither quoted nor escaped.
    __eidos_unquote "$1"
    [[ $REPLY != *$__eidos_beyond* ]] || __eidos_is_undisguised
}

# Whether no sign, option, program or host in REPLY, which is not quoted, takes a reader in.
__eidos_is_undisguised() {
    builtin local "text=$REPLY"
    [[ ! $text =~ $__eidos_any_fake ]] || builtin return 1
    [[ $text != *[$'\xc2\xe2']* || ! $text =~ $__eidos_fake_quote ]] || builtin return 1
    [[ $text != *$'\xef'* || ! $text =~ $__eidos_fake_operator ]] || builtin return 1
    if [[ $text == *[$'\xe2\xef']* ]]; then
        __eidos_replace __eidos_dash $'\2'
        [[ ! $text =~ $__eidos_fake_option ]] || builtin return 1
        text=$REPLY
    fi
    if [[ $text =~ $__eidos_strange_program ]]; then
        __eidos_replace __eidos_twins $'\2'
        [[ ! $text =~ $__eidos_fake_program ]] || builtin return 1
        text=$REPLY
    fi
    [[ $text =~ $__eidos_host_word ]] || builtin return 0
    __eidos_replace __eidos_sign $'\2'
    [[ ! $text =~ $__eidos_host_word ]]
}

# Set REPLY to $1 with an x for each part that is quoted or escaped.
__eidos_unquote() {
    builtin local "rest=$1"
    REPLY=''
    while [[ $rest =~ $__eidos_quoted ]]; do
        REPLY+=${rest%%"${BASH_REMATCH[0]}"*}x
        rest=${rest#*"${BASH_REMATCH[0]}"}
    done
    REPLY+=$rest
}

# Whether the brackets outside quotes in $1 are nested at most 64 deep.
__eidos_is_shallow() {
    builtin local text REPLY
    builtin local -i depth=0
    text=${1//[!\(\{\[]/}
    ((${#text} > 64)) || builtin return 0
    __eidos_unquote "$1"
    text=${REPLY//[\{\[]/\(} text=${text//[\}\]]/\)}
    text=${text//[!()]/}
    while [[ $text == *'()'* ]]; do # those that hold no other
        ((++depth <= 64)) || builtin return 1
        text=${text//'()'/}
    done
    text=${text//\)/}
    ((${#text} <= 64))
}

# Whether Enter would run $1, and not wait for the end of a quote, a bracket or a pipe.
__eidos_is_complete() {
    [[ $1 != *'<<'* ]] || __eidos_lacks_here_document "$1" || builtin return 1
    [[ $1 != *[\|\&\<\>] && $1 =~ $__eidos_simple ]] && builtin return
    # `)` ends the patterns of a case, too: there is no telling which bracket is open.
    __eidos_scan "$1" || [[ $1 == *esac* ]]
}

# Whether no << outside quotes in $1 asks for more lines; one inside (( )) or [ ] is a shift.
__eidos_lacks_here_document() {
    builtin local REPLY
    __eidos_unquote "$1"
    REPLY=${REPLY%%[[:blank:];\&|\(]#*} # but not in a comment
    [[ $REPLY =~ $__eidos_shift || ! $REPLY =~ $__eidos_here_document ]]
}

# Walk through $1 from one special character to the next.
__eidos_scan() {
    builtin local -
    builtin set -f
    builtin local IFS=$'\n' "text=$1" parts sign tail
    # What is open, innermost last: quotes, ( for $( too, { for ${, A for $'.
    builtin local open='' before=' '
    builtin local -i i
    for sign in \' \" \\ \` \$ \( \) \{ \} \#; do text=${text//"$sign"/$'\n'"$sign"$'\n'}; done
    # shellcheck disable=SC2206 # split at line breaks, where there are special characters
    parts=($text)
    for ((i = 0; i < ${#parts[@]}; i++)); do
        sign=${parts[i]} tail=''
        case ${open: -1}/$sign in
        \'/\' | A/\' | \`/\` | \"/\" | \{/\} | \(/\)) open=${open%?} ;;
        \'/*) ;;
        */\\)
            # The next character is quoted, be it special or not.
            ((++i < ${#parts[@]})) || builtin return 1
            sign=x${parts[i]} tail=${parts[i]:1}
            ;;
        A/* | \`/* | \"/[\'\(\)\{\}\#] | \{/[\(\)\{\#]) ;;
        */\$)
            case ${open: -1}/${parts[i + 1]-} in
            \"/\') ;;
            */\') open+=A i+=1 ;;
            */[\(\{]) open+=${parts[++i]} ;;
            */[\#\$]) i+=1 ;;
            esac
            ;;
        */[\'\"\`\(]) open+=$sign ;;
        */\#)
            # A comment goes on to the end of the line.
            [[ $before == *[\ $'\t;&|('] ]] && tail=$before && builtin break
            ;;
        *) tail=$sign ;;
        esac
        before=$sign
    done
    tail=${tail%"${tail##*[!\ $'\t']}"}
    [[ -z $open && $tail != *[\|\<\>] && $tail != *\&\& && $tail != *\|\& ]]
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
