"""`eidos-remote`: chat and translation, and the only part of Eidos that opens a connection.

A request takes this way, in one direction:

    eidosctl, eidosd → socket → server → answering → chat, translation, suggestion
    → consent → redaction → provider → breaker, retrying → http → the provider's server

It is a process of its own, so that `eidosd`, which sees what is typed at a prompt, needs no network
and has none. It is started by its first request and ends when it has had no work for a while. It
keeps no conversation: who asks brings all of it along. docs/remote.md says what leaves the machine.
"""
