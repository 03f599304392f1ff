# Eidos for zsh: type what you want, press Ctrl-G, review the command that stands in your prompt.
#
#   source <(eidosctl init zsh)          in ~/.zshrc; sourcing this file itself does the same
#
# Settings, read when this file is sourced:
#   EIDOS_KEY          the key, in the notation of bindkey (^G); empty: bind no key
#   EIDOS_RESTORE_KEY  the key that brings the request back (^X^G); empty: bind no key
#   EIDOS_CTL          the eidosctl that starts the daemon (eidosctl)
#   EIDOS_TIMEOUT_S    how long to wait for an answer, in seconds (10)
#   EIDOS_CONTEXT      0: tell the daemon neither the folder nor the last command (1)
#
# A key press goes through this file from top to bottom:
#   eidos-suggest > __eidos_press > __eidos_choose > __eidos_ask
#   > __eidos_reach, __eidos_greet, __eidos_send_request, __eidos_receive, __eidos_read_reply
#     or, where the wait ends without an answer, __eidos_call_off
#   and meanwhile, again and again, __eidos_wait > __eidos_take_key
#
# zsh speaks ZeroMQ's wire protocol itself, because a client process costs more than all of this:
# a whole key press takes zsh 3 ms, perl 5 ms to start and ask, Python with pyzmq 90 ms
# (docs/client-path.md).
#
# The functions share the local variables of __eidos_press (zsh has dynamic scope):
#   message   what to say when the press is over     pending    what was typed while waiting
#   fd        the socket, 0 for none                 inbox      bytes received, not yet taken
#   tty       the terminal, for select               frames     the frames of the reply so far
#   starter   tells when eidosctl is done            offers     commands that may be placed
#   cancelled 1 after Ctrl-C, Escape or Ctrl-G       cautions   for each, why to look at it twice
#   choice    which offer to show, -1 for none       asked      1 while the daemon owes an answer

# Whatever options and aliases there are, the rest of this file is read as plain zsh; the last line
# puts the options back. Until no_aliases is set, every word that an alias could catch is quoted.
'builtin' 'zmodload' '-F' 'zsh/parameter' 'p:options'
'builtin' 'typeset' '-gA' '__eidos_saved_options'
__eidos_saved_options=("${(@kv)options[@]}")
'builtin' 'unset' '__eidos_saved_options[zle]' # without a terminal zsh complains when it is set
'builtin' 'emulate' 'zsh' '-o' 'no_aliases' '-o' 'extended_glob'

typeset -g __eidos_ctl=${EIDOS_CTL:-eidosctl}
typeset -g __eidos_timeout_s=${EIDOS_TIMEOUT_S:-10}
[[ $__eidos_timeout_s == [1-9][0-9]#(.[0-9]##|) ]] || __eidos_timeout_s=10

# What the last request led to; it outlives a key press so that the next one can go on from there.
typeset -g __eidos_request= __eidos_shown= # the request, and what we put into the buffer for it
typeset -ga __eidos_offers=() __eidos_cautions=()
typeset -gi __eidos_index=0    # which of the offers is shown; 0 is the request
typeset -gi __eidos_complete=0 # whether the offers beyond the first were asked for
typeset -gi __eidos_serial=0   # makes request ids different
typeset -gi __eidos_said=0     # whether the last press left a message on the screen
typeset -gi __eidos_loaded=0   # whether the modules are loaded

# The last command line and its exit status, and whether the daemon may know them and the folder.
typeset -g __eidos_last= __eidos_last_status=
typeset -gi __eidos_tells=1
[[ ${(L)EIDOS_CONTEXT-} == (|1|true) ]] || __eidos_tells=0

# --- The two widgets --------------------------------------------------------------------------

# Ask for a command; on a suggestion that nobody touched, show the next one.
__eidos_suggest() { __eidos_press __eidos_choose; }

# Put the request back into the buffer.
__eidos_restore() { __eidos_press __eidos_choose_request; }

# Let the function $1 make a choice, and show it.
__eidos_press() {
  builtin emulate -L zsh -o extended_glob -o no_err_exit -o no_err_return -o no_x_trace
  builtin trap - ZERR DEBUG      # the user's traps are about their commands, not about our steps
  builtin trap 'cancelled=1' INT # Ctrl-C ends the wait; without a trap it would drop the line
  local message= pending=
  local -i tty=0 cancelled=0 choice=-1
  ((__eidos_said)) && builtin zle -Rc # an older message goes
  {
    __eidos_load_modules && exec {tty}</dev/tty && $1
    __eidos_flush_keys || choice=-1 message='cancelled; the line is as it was'
  } always {
    ((tty)) && exec {tty}<&-
  }
  if ((choice >= 0)); then
    __eidos_show $choice
  elif [[ -n $pending ]]; then
    LBUFFER+=$pending # where it would have gone without the wait
  fi
  __eidos_say
}

__eidos_choose() {
  if [[ -n $__eidos_shown && $BUFFER == "$__eidos_shown" ]]; then
    __eidos_next
  else
    __eidos_first
  fi
}

__eidos_choose_request() {
  choice=0
  [[ -n $__eidos_request ]] || choice=-1 message='there is no request to bring back'
}

# Ask what stands in the buffer.
__eidos_first() {
  local request=$BUFFER
  local -a offers=() cautions=()
  if [[ $request != *[^[:space:]]* ]]; then
    __eidos_take || return
    __eidos_request=$request __eidos_complete=0
    __eidos_offers=($offers) __eidos_cautions=("$cautions[1]")
    choice=1
  elif (($#request > 1000)); then
    message="the request has $#request characters; the limit is 1000"
  elif __eidos_ask 1 $request; then
    __eidos_request=$request __eidos_complete=0
    __eidos_offers=($offers[1]) __eidos_cautions=("$cautions[1]")
    choice=1
  fi
}

# Take what was picked in a chat for an empty line. No daemon is started for that, and where there
# is nothing to take, whatever the reason, the message says what the key is for.
__eidos_take() {
  local __eidos_timeout_s=1
  __eidos_ask 0 '' && return
  [[ $message == (not offered:|refused)* ]] || message='type what you want to do, then press Ctrl-G'
  return 1
}

# The order is 1, 2, … the last one, then the request itself, then 1 again.
__eidos_next() {
  if ((__eidos_index == $#__eidos_offers && ! __eidos_complete)) && # what was picked has no others
    [[ $__eidos_request == *[^[:space:]]* ]]; then
    __eidos_fetch_others || return
  fi
  choice=$(((__eidos_index + 1) % ($#__eidos_offers + 1)))
}

# Ask the same request for more; what was shown stays in front, and comes no second time.
__eidos_fetch_others() {
  local -a offers=() cautions=()
  local offer
  local -i i
  __eidos_ask 4 $__eidos_request || return
  for ((i = 1; i <= $#offers; i++)); do
    offer=$offers[i]
    ((${__eidos_offers[(Ie)$offer]})) && continue
    __eidos_offers+=("$offer")
    __eidos_cautions+=("$cautions[i]")
  done
  __eidos_complete=1
}

# --- What the user sees -----------------------------------------------------------------------

# Put offer $1 into the buffer, or the request for 0, and behind it what was typed meanwhile.
__eidos_show() {
  local counter= caution=
  __eidos_index=$1
  if ((__eidos_index)); then
    __eidos_shown=$__eidos_offers[__eidos_index]
    caution=$__eidos_cautions[__eidos_index]
    ((__eidos_complete)) && counter="$__eidos_index/$#__eidos_offers"
    message=${counter:+$counter${caution:+, }}$caution
  else
    __eidos_shown=$__eidos_request
    ((__eidos_complete)) && message="your request again (0/$#__eidos_offers)"
  fi
  # vi's Escape joins all that insert mode did into one change: without the split, `u` after a
  # suggestion would take the request away as well.
  builtin zle .split-undo
  # What others show belongs to the old text: colours, and the ghost text of zsh-autosuggestions.
  region_highlight=() POSTDISPLAY=
  BUFFER=$__eidos_shown$pending
  CURSOR=$#BUFFER
}

# Show the message below the line, as one line that cannot move the cursor or change colours.
__eidos_say() {
  __eidos_said=$(($#message > 0))
  ((__eidos_said)) || return 0
  __eidos_strip $message
  builtin zle -R # first, or the message would stand below the old line's height
  builtin zle -M "eidos: $REPLY"
}

# Show that work goes on: a spinner behind the line, and what has been typed since.
__eidos_paint() {
  local spinner=⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏
  (($#spinner == 10)) || spinner='|/-\' # not a UTF-8 locale
  local sign="  $spinner[1 + (EPOCHREALTIME * 10) % $#spinner]${starter:+ starting the daemon}"
  sign+=${pending:+ ${${pending//[$'\n\t']/ }[-40,-1]}}
  [[ $POSTDISPLAY == "$sign" ]] && return
  POSTDISPLAY=$sign
  region_highlight=("${(@)highlights}" "$#BUFFER $(($#BUFFER + $#sign)) fg=8")
  builtin zle -R
}

# --- One question, one answer -----------------------------------------------------------------

# Ask for $1 commands for the request $2, or, for 0, take the one that was picked elsewhere. Returns
# 0 with offers, else 1 with a message; the buffer is as it was in both cases.
__eidos_ask() {
  local -a frames=() highlights=("${(@)region_highlight}")
  local -i fd=0 asked=0
  local -F handshake_s=0.2 # a daemon that lives answers a handshake in a millisecond
  local inbox= starter= ghost=$POSTDISPLAY REPLY
  {
    __eidos_reach $1 && __eidos_greet && __eidos_send_request "$@" && __eidos_receive &&
      __eidos_read_reply
  } always {
    ((asked)) && __eidos_call_off
    ((fd)) && exec {fd}>&-
    [[ -n $starter ]] && exec {starter}<&-
    POSTDISPLAY=$ghost
    region_highlight=("${(@)highlights}")
  }
}

# Load what zsh needs to talk to a socket; a shell that never asks never pays for it.
__eidos_load_modules() {
  local module
  ((__eidos_loaded)) && return
  for module in 'zsh/net/socket b:zsocket' 'zsh/system b:sysread b:syswrite' \
    'zsh/zselect b:zselect' 'zsh/datetime p:EPOCHREALTIME' 'zsh/stat b:zstat'; do
    builtin zmodload -F ${=module} 2>/dev/null && continue
    message="this zsh lacks the module ${module%% *}; install the complete zsh package"
    return 1
  done
  __eidos_loaded=1
}

# --- Reaching the daemon ----------------------------------------------------------------------

# Set REPLY to the path of the socket. The rule is that of daemon/eidos/paths.py.
__eidos_socket_path() {
  local base
  for base in "${XDG_RUNTIME_DIR-}" /run/user/$UID; do
    [[ $base == /* && -d $base && -O $base ]] || continue
    REPLY=${base%/}/eidos/eidosd.sock
    return
  done
  base=${XDG_CACHE_HOME-}
  [[ $base == /* ]] || base=${HOME-}/.cache
  REPLY=${base%/}/eidos/run/eidosd.sock
}

# Connect to the socket. Returns 0 with fd, 1 if nobody listens, 2 with a message.
__eidos_connect() {
  local socket folder
  local -a mode
  __eidos_socket_path
  socket=$REPLY folder=$REPLY:h
  if ! __eidos_fits $socket; then
    message="the socket path $socket is too long; set XDG_RUNTIME_DIR to a shorter folder"
    return 2
  fi
  [[ -e $folder || -L $folder ]] || return 1
  builtin zstat -L -A mode +mode -- $folder 2>/dev/null
  if [[ -L $folder || ! -d $folder || ! -O $folder ]] || ((mode[1] & 8#077)); then
    message="$folder is not a folder of yours alone; try: eidosctl doctor"
    return 2
  fi
  # It blocks where a stopped daemon has let its queue fill up. A Ctrl-C ends that, but zsh takes
  # the interrupted call for an error that ends the widget and drops the line.
  {
    builtin zsocket $socket 2>/dev/null
  } always {
    TRY_BLOCK_ERROR=0 TRY_BLOCK_INTERRUPT=0
  } || return $((cancelled + 1))
  fd=$REPLY
}

# sockaddr_un holds 107 bytes, and zsocket would cut a longer path instead of refusing it.
__eidos_fits() {
  builtin setopt local_options no_multibyte
  (($#1 <= 107))
}

# Connect, and start the daemon where nobody listens, unless $1 is 0.
__eidos_reach() {
  __eidos_connect && return
  (($? == 1 && $1)) || return
  __eidos_start_daemon || return
  local -F deadline=$((EPOCHREALTIME + 10))
  until __eidos_connect; do
    (($? == 1)) || return
    __eidos_wait 2 $deadline 'the daemon did not start within 10 s; try: eidosctl doctor' || return
  done
  # It starts at its own pace from here on; what it says has gone to the log.
  handshake_s=2 # while it loads the model, a machine with much to do keeps it waiting
  exec {starter}<&-
  starter=
}

# Run `eidosctl start` behind the scenes. Its exit status comes through the pipe `starter`.
__eidos_start_daemon() {
  if ! builtin whence -p -- $__eidos_ctl >/dev/null; then
    message="the daemon is not running, and $__eidos_ctl was not found; set EIDOS_CTL to its path"
    return 1
  fi
  exec {starter}< <(
    command -- $__eidos_ctl start </dev/null >/dev/null 2>&1
    builtin print $?
  )
}

# --- ZMTP 3.0, as a DEALER without security (rfc.zeromq.org/spec/23) --------------------------
# Everything below counts bytes, hence no_multibyte. Numbers of bytes are written as characters:
# ${(#)n} is the byte n.

# Exchange greetings. The peer's READY must have come before the first message is sent: libzmq
# 4.3.5 drops a connection where greeting and request arrive in one piece.
__eidos_greet() {
  builtin setopt local_options no_multibyte
  local ready=$'\x05READY\x0bSocket-Type\0\0\0\x06DEALER'
  local -F deadline=$((EPOCHREALTIME + handshake_s))
  local late='the daemon does not answer; try: eidosctl status'
  __eidos_write $'\xff\0\0\0\0\0\0\0\1\x7f\x03\0NULL'${(pl:48::\0:)}$'\x04'${(#):-$#ready}$ready ||
    return
  until (($#inbox >= 64)); do
    __eidos_wait 2 $deadline $late || return
  done
  local -i flags
  local body
  if [[ $inbox != $'\xff'?????????[$'\x03'-$'\xff']?$'NULL\0'* ]]; then
    message='something else than eidosd listens on the socket; try: eidosctl doctor'
    return 1
  fi
  inbox=$inbox[65,-1]
  until __eidos_take_frame; do
    (($? == 1)) || return
    __eidos_wait 2 $deadline $late || return
  done
  [[ $flags == 4 && $body == $'\x05READY'* ]] || __eidos_unreadable
}

# Ask for $1 commands for the request $2, or for what was picked elsewhere.
__eidos_send_request() {
  local cwd= last= last_status=
  ((__eidos_tells)) && __eidos_look_back
  asked=1
  if ((! $1)); then
    __eidos_send take zsh-$$-$((++__eidos_serial)) zsh
    return
  fi
  __eidos_send suggest zsh-$$-$((++__eidos_serial)) zsh $1 "$cwd" "$last" "$last_status" $2
}

# Tell the daemon that nobody waits any more for the request that it has. Nothing waits for that:
# what the socket does not take at once is not sent.
__eidos_call_off() {
  local message
  local -A ready
  builtin zselect -A ready -t 0 -w $fd 2>/dev/null && __eidos_send cancel zsh-$$-$__eidos_serial
}

# Send a message of the fields that are the arguments.
__eidos_send() {
  builtin setopt local_options no_multibyte
  local field outbox=
  local -i index n more
  local -a fields=(eidos/2 "$@")
  for ((index = 1; index <= $#fields; index++)); do
    field=$fields[index] n=$#fields[index] more=$((index < $#fields))
    if ((n < 256)); then
      outbox+=${(#)more}${(#)n}$field
    else
      outbox+=${(#):-more+2}$'\0\0\0\0\0\0'${(#):-n>>8}${(#):-n&255}$field
    fi
  done
  __eidos_write $outbox
}

# Set cwd, last and last_status to the folder, the last command line and its exit status. What zsh
# keeps out of its history is told to nobody.
__eidos_look_back() {
  builtin setopt local_options multibyte
  local word
  [[ $PWD == /* ]] && (($#PWD <= 4096)) && cwd=$PWD
  # Nobody can see what a function zshaddhistory said of the line.
  ((! ${+functions[zshaddhistory]} && ! ${#zshaddhistory_functions})) || return 0
  [[ -z ${HISTORY_IGNORE-} || $__eidos_last != ${~HISTORY_IGNORE} ]] || return 0
  [[ $__eidos_last == [^[:space:]]* ]] || return 0
  for word in ${(z)__eidos_last}; do # with hist_ignore_space, an alias can hide a line, too
    [[ ${aliases[$word]-}${galiases[$word]-} != ' '* ]] || return 0
  done
  last=$__eidos_last
  [[ -z $__eidos_last_status ]] || last_status=$((__eidos_last_status & 255))
}

# Wait for all frames of the reply.
__eidos_receive() {
  builtin setopt local_options no_multibyte
  local -F deadline=$((EPOCHREALTIME + __eidos_timeout_s))
  local -i flags=1
  local body
  while ((flags & 5)); do
    until __eidos_take_frame; do
      (($? == 1)) || return
      __eidos_wait 10 $deadline \
        "no answer within $__eidos_timeout_s s; try: eidosctl status" || return
    done
    if ((flags & 4)); then
      # libzmq hangs up on a peer that leaves its heartbeat unanswered.
      [[ $body == $'\x04PING'* ]] && __eidos_pong $body[8,-1]
    elif (($#frames == 44)); then # 4, and 5 for each of at most 8 candidates
      __eidos_unreadable
      return
    else
      frames+=("$body")
    fi
  done
  asked=0
}

# Take the next frame from the inbox into flags (1: more follow, 2: long, 4: command) and body.
# Returns 0, 1 if it has not come whole, 2 with a message if it is none of ours.
__eidos_take_frame() {
  local octets length
  local -i head=2 size
  (($#inbox >= head)) || return 1
  # At most the head of a long frame, in hex. Assigned without $((…)), flags would print as 16#4.
  builtin printf -v octets %02x "'"${(s::)^inbox[1,9]}
  flags=$((16#$octets[1,2]))
  ((flags & 2)) && head=9
  (($#inbox >= head)) || return 1
  length=$octets[3,head*2]
  # Eight octets would overflow where zsh counts; ours have zeros in front.
  if ((flags > 7)) || [[ $length == ?????* && $length != 00000000000* ]]; then
    __eidos_unreadable
    return 2
  fi
  size=$((16#$length))
  if ((size > 65536)); then
    __eidos_unreadable
    return 2
  fi
  (($#inbox >= head + size)) || return 1
  body=$inbox[head+1,head+size]
  inbox=$inbox[head+size+1,-1]
}

# Answer the heartbeat whose context is $1.
__eidos_pong() {
  local body=$'\x04PONG'$1
  __eidos_write $'\x04'${(#):-$#body}$body
}

__eidos_write() {
  builtin syswrite -o $fd -- $1 2>/dev/null && return
  message='the daemon went away; press the key again'
  return 1
}

# Append what has come to the inbox.
__eidos_read() {
  local chunk
  if builtin sysread -i $fd -s 65536 chunk 2>/dev/null; then
    inbox+=$chunk
  else
    message='the daemon went away; press the key again'
    return 1
  fi
}

__eidos_unreadable() {
  message='the reply of the daemon cannot be read; try: eidosctl restart'
  return 1
}

# --- The reply --------------------------------------------------------------------------------

# Turn the frames into offers and cautions. Returns 1 with a message where there is nothing to
# offer. The daemon has checked all this before; but whoever sits on the socket must not be able
# to put more than one clean line into a prompt, and "block" never.
__eidos_read_reply() {
  local refused=
  local -a note
  if [[ $frames[1] != eidos/2 || $frames[3] != (zsh-$$-$__eidos_serial|-) ]]; then
    __eidos_unreadable
    return
  elif [[ $frames[2] == error && $#frames == 5 ]]; then
    message=$frames[5]
    return 1
  elif [[ $frames[2] != suggestions ]] || (($#frames % 5 != 4)); then
    __eidos_unreadable
    return
  fi
  set -- "${(@)frames[5,-1]}"
  while (($#)); do # a command, its verdict, the reason, the score, the certainty
    if [[ $2 == block ]]; then
      refused=${refused:-not offered: $3}
    elif [[ $2/$5 != (ok|warn)/(sure|unsure) ]] || ! __eidos_is_clean "$1"; then
      refused='refused an unclean suggestion'
    else
      offers+=("$1")
      note=()
      [[ $2 == ok ]] || note+=("careful: $3")
      [[ $2/$3 != ok/?* ]] || note+=("$3") # where it comes from
      [[ $5 == sure ]] || note+=('not sure: read it before you run it')
      cautions+=("${(j:; :)note}")
    fi
    shift 5
  done
  (($#offers)) && return
  message=${refused:-no suggestion for this request; try other words}
  return 1
}

# --- The text gate ----------------------------------------------------------------------------
# What daemon/eidos/validator/text_gate.py refuses is refused here again, so that whoever sits on
# the socket cannot plant a line that is not what it looks like. All of it counts bytes and matches
# UTF-8, so that no rule hangs on the locale. The classes are those of characters.py and
# lookalikes.py there; tests/shell/test_gate.py compares them.

# Make $1 the pattern of the class of characters that the other arguments match.
__eidos_class() { typeset -g $1="(${(j:|:)@[2,-1]})"; }

# Every valid UTF-8 sequence of more than one byte (RFC 3629, section 4).
__eidos_class __eidos_utf8 $'[\xc2-\xdf][\x80-\xbf]' $'\xe0[\xa0-\xbf][\x80-\xbf]' \
  $'[\xe1-\xec\xee\xef][\x80-\xbf][\x80-\xbf]' $'\xed[\x80-\x9f][\x80-\xbf]' \
  $'\xf0[\x90-\xbf][\x80-\xbf][\x80-\xbf]' $'[\xf1-\xf3][\x80-\xbf][\x80-\xbf][\x80-\xbf]' \
  $'\xf4[\x80-\x8f][\x80-\xbf][\x80-\xbf]'
# Exotic spaces, what is invisible or turns the direction of text, letters of mathematics,
# full-width letters, private use, and what is no character.
__eidos_class __eidos_forbidden $'\xc2[\x80-\xa0\xad]' $'[\xcd\xdc]\x8f' $'\xd8[\x80-\x85\x9c]' \
  $'\xdb\x9d' $'\xe0\xa2[\x90\x91]' $'\xe0\xa3\xa2' $'\xe1\x85[\x9f\xa0]' $'\xe1\x9a\x80' \
  $'\xe1\x9e[\xb4\xb5]' $'\xe1\xa0[\x8b-\x8f]' $'\xe2\x80[\x80-\x8f\xa8-\xaf]' \
  $'\xe2\x81[\x9f-\xaf]' \
  $'\xe2\x84[\x82\x8a-\x93\x95\x99-\x9d\xa4\xa8\xac\xad\xaf-\xb1\xb3\xb4\xb9\xbc-\xbf]' \
  $'\xe2\x85[\x80\x85-\x89]' $'\xe2\xa0\x80' $'\xe3\x80\x80' $'\xe3\x85\xa4' \
  $'\xee[\x80-\xbf][\x80-\xbf]' $'\xef[\x80-\xa3][\x80-\xbf]' $'\xef\xac[\xa0-\xa9]' \
  $'\xef\xb7[\x90-\xaf]' $'\xef\xb8[\x80-\x8f]' $'\xef\xbb\xbf' $'\xef\xbc[\x90-\x99\xa1-\xba]' \
  $'\xef\xbd[\x81-\x9a]' $'\xef\xbe\xa0' $'\xef\xbf[\xb0-\xbf]' $'\xf0\x91\x82\xbd' \
  $'\xf0\x91\x83\x8d' $'\xf0\x93\x90[\xb0-\xbf]' $'\xf0\x93\x91[\x80-\x9f]' \
  $'\xf0\x9b\xb2[\xa0-\xa3]' $'\xf0\x9d\x85[\x99\xb3-\xba]' $'\xf0\x9d[\x90-\x9f][\x80-\xbf]' \
  $'\xf0\x9e[\xb8-\xbb][\x80-\xbf]' $'\xf0\x9f\xaf[\xb0-\xb9]' $'\xf0[\x9f\xaf\xbf]\xbf[\xbe\xbf]' \
  $'[\xf1-\xf4][\x80-\xbf][\x80-\xbf][\x80-\xbf]'
# Signs that may be emoji.
__eidos_class __eidos_emoji $'\xc2[\xa9\xae]' $'\xe2\x84\xa2' $'\xe2\x86[\x90-\xbf]' \
  $'\xe2[\x87-\x9e\xa4-\xaf][\x80-\xbf]' $'\xe3\x80\xbd' $'\xe3\x8a[\x97\x99]' \
  $'\xf0\x9f[\x80-\xab][\x80-\xbf]'
# Arabic and its neighbours, the scripts of India, Tibetan, Myanmar, Khmer, Mongolian: their
# spelling needs joiners.
__eidos_class __eidos_joining $'[\xd8-\xdf][\x80-\xbf]' $'\xe0[\xa0-\xb7\xbc-\xbf][\x80-\xbf]' \
  $'\xe1[\x80\x81\x9e-\xa1][\x80-\xbf]' $'\xe1\x82[\x80-\x9f]' $'\xe1\xa2[\x80-\xaf]'
# Chinese, Japanese, Korean.
__eidos_class __eidos_cjk $'\xe1[\x84-\x87][\x80-\xbf]' $'\xe2[\xba-\xbf][\x80-\xbf]' \
  $'\xe3[\x81-\x87\x90-\xbf][\x80-\xbf]' $'[\xe4-\xe9\xeb\xec][\x80-\xbf][\x80-\xbf]' \
  $'\xea[\xb0-\xbf][\x80-\xbf]' $'\xed[\x80-\x9f][\x80-\xbf]' $'\xef[\xa4-\xab\xbe][\x80-\xbf]' \
  $'\xef\xbd[\xa6-\xbf]' $'\xef\xbf[\x80-\x9c]' $'\xf0[\xa0-\xbf][\x80-\xbf][\x80-\xbf]'
# Their full-width signs,
__eidos_class __eidos_wide $'\xef\xbc[\x81-\x8f\x9a-\xa0\xbb-\xbf]' $'\xef\xbd[\x80\x9b-\xa0]' \
  $'\xef\xbf[\xa0-\xa6]'
# and other punctuation that stands among these.
__eidos_class __eidos_cjk_sign $'\xe2\x80[\x98-\x9d\xa6]' $'\xe3\x80[\x81-\x9f]'
# ASCII, and the first bytes behind which nothing is forbidden.
__eidos_class __eidos_harmless $'[\0-\x7f]##' $'[\xc3-\xcc\xce-\xd7\xd9\xda\xdd-\xdf]?' \
  $'[\xe4-\xed]??'
# Punctuation, signs and emoji: whatever else is not ASCII counts as a letter.
__eidos_class __eidos_sign $'\xe2[\x80-\xaf][\x80-\xbf]' $'\xe3\x80[\x80-\xbf]' \
  $'\xef[\xbc-\xbe][\x80-\xbf]' $'\xef\xbf[\x80-\xaf]' $'\xf0\x9f[\x80-\xab][\x80-\xbf]'
# Latin letters beyond ASCII,
__eidos_class __eidos_latin $'\xc2[\xaa\xba]' $'\xc3[\x80-\x96\x98-\xb6\xb8-\xbf]' \
  $'[\xc4-\xc9][\x80-\xbf]' $'\xca[\x80-\xaf]' $'\xe1[\xb4-\xb6\xb8-\xbb][\x80-\xbf]' \
  $'\xe2\xb1[\xa0-\xbf]' $'\xea\x9c[\xa0-\xbf]' $'\xea[\x9d-\x9f][\x80-\xbf]' \
  $'\xea\xac[\xb0-\xbf]' $'\xea\xad[\x80-\xaf]' $'\xef\xac[\x80-\x86]'
# letters of other scripts that no natural word mixes with Latin ones,
__eidos_class __eidos_strange \
  $'\xce[\x91\x92\x95-\x97\x99\x9a\x9c\x9d\x9f\xa1\xa4\xa5\xa7\xb1\xb3\xb9\xba\xbd\xbf]' \
  $'\xcf[\x81\x85\x87\xa2-\xaf\xb2\xb3\xb9]' $'[\xd0\xd1\xd3\xd5][\x80-\xbf]' \
  $'\xd2[\x80\x81\x8a-\xbf]' $'\xd4[\x80-\xaf\xb1-\xbf]' $'\xd6[\x80-\x88]' \
  $'\xe1[\x82\x8e][\xa0-\xbf]' $'\xe1[\x83\x8f-\x9b\xb2\xbc-\xbf][\x80-\xbf]' \
  $'\xe2[\xb2-\xb5][\x80-\xbf]' $'\xea\x93[\x90-\xbf]' $'\xea[\x94-\x98\x9a\x9b\xae][\x80-\xbf]' \
  $'\xea\x99[\x80-\xae\xbf]' $'\xea\xad[\xb0-\xbf]' $'\xef\xac[\x93-\x97]' \
  $'\xf0[\x90-\x96][\x80-\xbf][\x80-\xbf]'
# and what stands between two letters without parting them: marks, the Greek of formulas.
__eidos_class __eidos_between $'[\xcc\xcd][\x80-\xbf]' \
  $'\xce[\x80-\x90\x93\x94\x98\x9b\x9e\xa0\xa2\xa3\xa6\xa8-\xb0\xb2\xb4-\xb8\xbb\xbc\xbe]' \
  $'\xcf[\x80\x82-\x84\x86\x88-\xa1\xb0\xb1\xb4-\xb8\xba-\xbf]' $'\xd2[\x83-\x89]' \
  $'\xe1\xaa[\xb0-\xbf]' $'\xe1[\xab\xb7][\x80-\xbf]' $'\xe2\x83[\x90-\xbf]' \
  $'\xe2\xb7[\xa0-\xbf]' $'\xef\xb8[\xa0-\xaf]'
# Letters that look like ASCII ones.
__eidos_class __eidos_twins $'\xce[\xb1\xb3\xb9\xba\xbd\xbf]' $'\xcf[\x81\x85\x87\xb2\xb3]' \
  $'\xd0[\xb0\xb5\xba\xbe]' $'\xd1[\x80\x81\x83\x85\x95\x96\x98\xb5]' $'\xd2[\xaf\xbb]' \
  $'\xd3\x8f' $'\xd4[\x81\x8d\x9b\x9d]' $'\xd5[\xa6\xb0\xb5\xb8\xbd]' $'\xd6[\x81\x84\x85]'
# Dashes.
__eidos_class __eidos_dash $'\xe2\x80[\x90-\x95]' $'\xe2\x88\x92' $'\xef\xb9[\x98\xa3]'
# Signs and letters that stand for ASCII ones, or look like them.
__eidos_class __eidos_fake $'\xc7[\x80\x83]' $'\xc9[\x91\xa1\xa2\xa9\xaa\xb4]' \
  $'\xca[\x80\x99\x9c\x9f\xb0-\xb8]' $'\xcb[\xa0-\xa4]' $'\xcd\xbe' \
  $'\xe1\xb4[\x80-\xa2\xac-\xbf]' $'\xe1\xb5[\x80-\xaa]' $'\xe1\xb6[\x9b-\xbf]' $'\xe2\x80\xa4' \
  $'\xe2\x81[\x84\x8e\xb1\xbf]' $'\xe2\x82[\x90-\x9c]' $'\xe2\x84[\x96\xa0-\xa2\xbb]' \
  $'\xe2\x85[\xa0-\xbf]' $'\xe2\x86[\x80-\x88]' $'\xe2\x88[\x95\x97\xa3\xb6\xbc]' \
  $'\xe2\x92[\x9c-\xbf]' $'\xe2\x93[\x80-\xa9]' $'\xe2\xa7\xb8' $'\xe2\xb1[\xbc\xbd]' \
  $'\xe3\x89\x90' $'\xe3\x8b[\x8c-\x8f]' $'\xe3\x8d[\xb1-\xbf]' $'\xe3\x8e[\x80-\xbf]' \
  $'\xe3\x8f[\x80-\x9f\xbf]' $'\xea\x9c[\xb0\xb1]' $'\xea\x9e\x89' $'\xea\x9f[\xb2-\xb4]' \
  $'\xf0\x90\x9e[\x80-\xbf]' $'\xf0\x9f\x84[\x80-\xbf]' $'\xf0\x9f\x85[\x80-\xaf]' \
  $'\xf0\x9f\x86\x90'

# Patterns for a line without its quoted parts: quotes and operators that are none, where a reader
# takes them for some; a dash that begins an option; a program, and a host behind one, with another
# name than it seems to have. \1 stands there for a dash, a twin of an ASCII letter and a sign.
typeset -g __eidos_fake_quote=$'((|*[ \t=])(\xe2\x80[\x98\x9a-\x9c\x9e\x9f\xb2\xb3]|\xc2\xb4)*'
__eidos_fake_quote+=$'|*(\xe2\x80[\x98\x99\x9c\x9d\xb2\xb3]|\xc2\xb4)(|[ \t;|&)]*))'
typeset -g __eidos_fake_operator=$'(*[ \t](\xef\xbc[\x86\x9b\x9c\x9e]|\xef\xbd\x9c)*'
__eidos_fake_operator+=$'|*(\xef\xbc[\x86\x9b\x9c\x9e]|\xef\xbd\x9c)(|[ \t]*))'
typeset -g __eidos_fake_option=$'(|*[ \t])[\1-]#\1[A-Za-z\x80-\xff]*'
typeset -g __eidos_fake_program=$'(|*[|;&(]|(|*[ \t|;&(])sudo[ \t])[ \t]#\1##(|[ \t|;&)]*)'
typeset -g __eidos_host_word=$'(|*[|;&(])[ \t]#(|sudo[ \t]##)((ping|ping6|ssh|mosh|ftp|sftp|telnet'
__eidos_host_word+=$'|nc|dig|host|nslookup|whois|traceroute|mtr)([ \t]##(-[^ \t]#|[0-9]##))#'
__eidos_host_word+=$'|curl|wget)[ \t]##[A-Za-z0-9_.-]#[\x80-\xff]*'

# A line whose quotes and brackets hold others at most one deep: nearly every line. Each branch
# begins in another way, so that what does not match is known at once.
() {
  local text=$'[^\'"\\\\`$()]#' quoted=$'[^"\\\\`$]#' single=$'\'[^\']#\'' escaped=$'\\\\?'
  local name='[$][A-Za-z0-9_?!#*@$-]' parameter=$'[$]{[^\'"\\\\`${}]#}' sum="[\$]\\(\\($text\\)\\)"
  local flat="\"$quoted(($escaped|[\$][^({\"\\\\\`\$])$quoted)#\""
  flat="$text(($single|$escaped|$name|$flat)$text)#"
  local value="$name|$parameter|$sum|[\$]\\($flat\\)"
  local double="\"$quoted(($escaped|[\$][^A-Za-z0-9_?!#*@({\"\\\\\`\$-]|$value)$quoted)#\""
  typeset -g __eidos_simple="$text(($single|$escaped|$value|\\($flat\\)|$double)$text)#"
}

# Whether $1 may stand in the prompt: one complete line that looks like what it is.
__eidos_is_clean() {
  builtin emulate -L zsh -o extended_glob -o no_multibyte
  local text=$1
  (($#1 <= 4096)) && [[ $1 == [^$'\0'-\ ]* && $1 == *[^$'\0'-\ ] ]] || return
  if [[ $1 != [\ -~]# ]]; then # a tab, or more than ASCII
    __eidos_is_text $1 || return
    [[ $1 != *[$'\x80'-$'\xff']* ]] || __eidos_looks_plain $1 || return
    text=${1//$'\t'/        }
  fi
  # More than 40 blanks in a row push the rest out of sight.
  [[ $text != *'                                         '* ]] || return
  (($#1 <= 64)) || __eidos_is_shallow $1 || return
  [[ $1 != *[\'\"\\\`\$\(\)\|\&\<]* && $1 != *\> ]] || __eidos_is_complete $1
}

# Whether $1 is UTF-8 without a control character but the tab, and without a forbidden one.
__eidos_is_text() {
  [[ $1 != *[$'\0'-$'\x08\x0a'-$'\x1f\x7f']* ]] || return
  [[ ${1//${~__eidos_utf8}/x} != *[$'\x80'-$'\xff']* ]] || return
  local text=$1
  [[ $1 != *($'\xe2\x80'[$'\x8c\x8d']|$'\xef\xb8\x8f')* ]] || __eidos_take_joiners
  # Most characters are known to be harmless by their first byte.
  [[ ${text//${~__eidos_harmless}/} != *${~__eidos_forbidden}* ]] || return
  [[ $1 != *$'\xef'* ]] || __eidos_is_among_cjk $1
}

# Take from text the variation selectors and joiners that are part of an emoji or of the spelling
# of a script that needs them.
__eidos_take_joiners() {
  local vs=$'\xef\xb8\x8f' zwj=$'\xe2\x80\x8d' zwnj=$'\xe2\x80\x8c' pass
  local info=$'\xe2\x84\xb9'$vs
  text=${text//[0-9\#\*]$vs$'\xe2\x83\xa3'/.} # keycaps
  text=${text//($'\xe2\x80\xbc'|$'\xe2\x81\x89'|$'\xe3\x80\xb0')$vs/.}
  # The letter i of the information sign, unless it could be read as a part of a word.
  [[ $text == *([A-Za-z]$info|${info}[A-Za-z])* ]] || text=${text//$info/.}
  text=${text//${~__eidos_emoji}/$'\1'}
  text=${text//$'\1'$vs/$'\1'}
  text=${text//${~__eidos_joining}/$'\2'}
  for pass in 1 2; do # a character between two joiners belongs to both
    text=${text//$'\1'$zwj$'\1'/$'\1\1'}
    text=${text//$'\2'($zwj|$zwnj)$'\2'/$'\2\2'}
  done
}

# Whether each full-width sign in $1 is punctuation of Chinese, Japanese or Korean, alone or in a
# row with other signs of theirs.
__eidos_is_among_cjk() {
  local text=${${1//${~__eidos_wide}/$'\1'}//${~__eidos_cjk_sign}/$'\2'}
  text=${text//${~__eidos_cjk}/$'\3'}
  text=${text//$'\2'#$'\1'[$'\1\2']#/$'\1'}
  text=${${text//$'\3\1'/$'\3'}//$'\1\3'/$'\3'}
  [[ $text != *$'\1'* ]]
}

# Whether no host, word or sign in $1, which is not all ASCII, takes a reader in.
__eidos_looks_plain() {
  local signs=${1//${~__eidos_sign}/$'\1'} words=${1//${~__eidos_between}/} REPLY
  [[ $1 != *'://'[^$' \t/?#\'"']#[$'\x80'-$'\xff']* ]] || return
  [[ $signs != *[A-Za-z0-9_.+$'\1\x80'-$'\xff'-]@[A-Za-z0-9_.-]#[$'\x80'-$'\xff']* ]] || return
  words=${${words//${~__eidos_strange}/$'\1'}//${~__eidos_latin}/x}
  [[ $words != *([A-Za-z]$'\1'|$'\1'[A-Za-z])* ]] || return
  # The rest is about what is neither quoted nor escaped.
  __eidos_unquote $1
  [[ $REPLY == *[$'\x80'-$'\xff']* ]] || return 0
  [[ $REPLY != ${~__eidos_fake_operator} && $REPLY != ${~__eidos_fake_quote} ]] || return
  [[ ${REPLY//${~__eidos_dash}/$'\1'} != ${~__eidos_fake_option} ]] || return
  [[ ${REPLY//${~__eidos_twins}/$'\1'} != ${~__eidos_fake_program} ]] || return
  [[ ${REPLY//${~__eidos_sign}/$'\1'} != ${~__eidos_host_word} ]] || return
  [[ ${REPLY//[$'\0'-$'\x7f']##/} != *${~__eidos_fake}* ]]
}

# Set REPLY to $1 with an x for each part that is quoted or escaped.
__eidos_unquote() {
  REPLY=${1//(\\?[$'\x80'-$'\xbf']#|\$\'([^\'\\]|\\?)#\'|\'[^\']#\'|\"([^\"\\]|\\?)#\")/x}
}

# Whether the brackets outside quotes in $1 are nested at most 64 deep.
__eidos_is_shallow() {
  local REPLY text
  local -a parts=("${(@s.(.)1}" "${(@s.{.)1}" "${(@s.[.)1}")
  local -i depth
  (($#parts <= 67)) && return
  __eidos_unquote $1
  text=${${REPLY//[\{\[]/\(}//[\}\]]/\)}
  text=${text//[^\(\)]/}
  while [[ $text == *'()'* ]]; do # those that hold no other
    ((++depth <= 64)) || return
    text=${text//'()'/}
  done
  text=${text//\)/}
  (($#text <= 64))
}

# Whether Enter would run $1, and not wait for the end of a quote, a bracket or a pipe.
__eidos_is_complete() {
  # Nearly every line: no quote has anything in it that ends elsewhere.
  [[ $1 != *'<<'* ]] || __eidos_lacks_here_document $1 || return
  [[ $1 == ${~__eidos_simple} && $1 != *[\|\&\<\>] ]] && return
  # `)` ends the patterns of a case, too: there is no telling which bracket is open.
  __eidos_scan $1 || [[ $1 == *esac* ]]
}

# Whether no << outside quotes in $1 asks for more lines; one inside (( )) or [ ] is a shift.
__eidos_lacks_here_document() {
  local REPLY
  __eidos_unquote $1
  [[ $REPLY == *('(('|'['[^\]]#'<<')* || $REPLY != (|*[^\<])'<<'(|[^\<]*) ]]
}

# Walk through $1 from one special character to the next.
__eidos_scan() {
  local open= MATCH # what is open, innermost last: "', ` ( for $( too, { for ${, A for $'
  local -i i next MBEGIN MEND
  # Text and special characters in turn, beginning and ending with a text.
  local text=${1//(#m)[\'\"\\\`\$\(\)\{\}]/$'\0'$MATCH$'\0'}
  local -a parts=("${(@ps:\0:)text}")
  for ((i = 2; i < $#parts; i += 2)); do
    ((next = i + 1))
    case $open[-1]/$parts[i] in
      \'/\' | A/\' | \`/\` | \"/\" | \{/\} | \(/\)) open=$open[1,-2] ;;
      \'/*) ;;
      */\\)
        # The next character is quoted, be it special or not.
        if [[ -n $parts[next] ]]; then
          parts[next]=x${parts[next]:1}
        elif ((i + 2 < $#parts)); then
          i+=2
        else
          return 1
        fi
        ;;
      A/* | \`/* | \"/[\'\(\)\{\}] | \{/[\(\)\{]) ;;
      */\$)
        [[ -z $parts[next] ]] || continue
        case $open[-1]/${parts[i + 2]} in
          \"/\') ;;
          */\') open+=A i+=2 ;;
          */[\(\{]) open+=${parts[i + 2]} i+=2 ;;
          */\$) i+=2 ;;
        esac
        ;;
      # In "${x:-it's}" it stands for itself.
      \{/\') [[ $open == *\"\{## ]] || open+=\' ;;
      */[\'\"\`\(]) open+=$parts[i] ;;
    esac
  done
  [[ -z $open && $parts[-1] != (|*[^\&])(\||\&\&|\|\&|\<|\>)[$' \t']# ]]
}

# What a message must not hold.
typeset -g __eidos_unclean=$'([\0-\x1f\x7f]|'$__eidos_forbidden')'

# Set REPLY to $1 as one line of visible text that fits on a few lines of the screen.
__eidos_strip() {
  builtin setopt local_options no_multibyte
  REPLY=${1//${~__eidos_unclean}/ }
  REPLY=${REPLY//(#m)(${~__eidos_utf8}|[$'\x80'-$'\xff'])/${${MATCH:#?}:-?}}
  builtin setopt multibyte
  REPLY=${REPLY[1,300]}
}

# --- Waiting ----------------------------------------------------------------------------------

# Wait for at most $1 hundredths of a second for the socket, a key or the end of eidosctl, and
# deal with what has come. Returns 1 with a message when the time is $2 (then it is $3), when the
# user cancels, or when the other side goes away.
__eidos_wait() {
  builtin setopt local_options multibyte # the callers count bytes, and this paints characters
  local -A ready
  if ((EPOCHREALTIME >= $2)); then
    message=$3
    return 1
  fi
  __eidos_flush_keys || return
  __eidos_paint
  builtin zselect -A ready -t $1 -r $tty ${fd:#0} $starter 2>/dev/null
  if ((fd && ${+ready[$fd]})); then
    __eidos_read || return
  fi
  if [[ -n $starter ]] && ((${+ready[$starter]})); then
    __eidos_started || return
  fi
  __eidos_flush_keys
}

# eidosctl has ended. It says 0, or 5 where another shell was faster.
__eidos_started() {
  local code
  builtin sysread -i $starter code
  exec {starter}<&-
  starter=
  [[ $code == (0|5)$'\n' ]] && return
  message='the daemon did not start; try: eidosctl doctor'
  return 1
}

# Take all keys that were typed so far. None of them reaches the line editor, so that no Enter,
# however early, runs a command that nobody has seen. Returns 1 if the user cancelled.
__eidos_flush_keys() {
  while ((PENDING || KEYS_QUEUED_COUNT)); do
    __eidos_take_key
    # The pieces of a paste without brackets come a few milliseconds apart: wait for the next one.
    ((PENDING || KEYS_QUEUED_COUNT)) || builtin zselect -t 1 -r $tty 2>/dev/null
  done
  ((! cancelled))
}

# Text is kept for later; Ctrl-C (as a signal, mostly), Ctrl-G and Escape cancel; the rest is lost.
__eidos_take_key() {
  local key
  builtin read -k 1 key
  case $key in
    $'\e') __eidos_take_escape ;;
    $'\a' | $'\x03') cancelled=1 ;;
    $'\x7f' | $'\b') pending=${pending%?} ;;
    [[:cntrl:]]) ;;                               # Enter is one of them
    *) [[ $KEYMAP == vicmd ]] || pending+=$key ;; # in vi's command mode keys are no text
  esac
}

# An Escape alone cancels. Arrows, Alt combinations, reports of the terminal are dropped whole.
__eidos_take_escape() {
  local key= sequence= pasted=
  __eidos_next_key || cancelled=1
  case $key in
    $'\e') cancelled=1 ;;
    O) __eidos_next_key ;;
    '[')
      while __eidos_next_key; do
        sequence+=$key
        # The Linux console's F1 is ESC [ [ A: the second bracket ends nothing.
        [[ $key == [@-~] && $sequence != '[' ]] && break
      done
      if [[ $sequence == '200~' ]]; then
        builtin zle .bracketed-paste pasted
        pending+=$pasted
      fi
      ;;
    []P_^X])
      while __eidos_next_key; do
        sequence+=$key
        [[ $sequence == *($'\a'|$'\e\\') ]] && break
      done
      ;;
  esac
}

# Read a key that belongs to the one before; 50 ms is long for a terminal and short for a finger.
__eidos_next_key() {
  ((PENDING || KEYS_QUEUED_COUNT)) || builtin zselect -t 5 -r $tty 2>/dev/null || return
  builtin read -k 1 key
}

# --- The last command -------------------------------------------------------------------------

# zsh calls this before a command runs, with the line; it may have any options of the user.
__eidos_before_command() {
  __eidos_last=${1:0:1000} __eidos_last_status=
}

# zsh calls this before each prompt, also where no command has run.
__eidos_before_prompt() {
  __eidos_last_status=${__eidos_last_status:-$?}
}

# --- Keys -------------------------------------------------------------------------------------

# Bind the key $1 to the widget $2 in every keymap in which lines are edited; no key, no binding.
__eidos_bind() {
  local keymap
  for keymap in emacs viins vicmd; do
    [[ -z $1 ]] || builtin bindkey -M $keymap -- $1 $2
  done
}

if [[ -o interactive && -o zle ]] && ((__eidos_tells)); then
  typeset -ga preexec_functions precmd_functions
  preexec_functions=(${preexec_functions:#__eidos_before_command} __eidos_before_command)
  precmd_functions=(${precmd_functions:#__eidos_before_prompt} __eidos_before_prompt)
fi

if [[ -o interactive && -o zle ]]; then
  builtin zle -N eidos-suggest __eidos_suggest
  builtin zle -N eidos-restore __eidos_restore
  __eidos_bind "${EIDOS_KEY-^G}" eidos-suggest
  __eidos_bind "${EIDOS_RESTORE_KEY-^X^G}" eidos-restore
  # The search with Ctrl-R knows only its own keymap's Ctrl-G, which is unbound by default: without
  # this line, Ctrl-G would ask for a command there instead of leaving the search.
  builtin bindkey -M isearch '^G' send-break
fi

options=("${(@kv)__eidos_saved_options}")
'builtin' 'unset' '__eidos_saved_options'
