"""What a program given as text (`python -c`, `perl -e`, `awk`) amounts to, as shell commands.

`reading.read_code` is the way in. A reader for each family of languages walks the text once; the
tables in `names/` say which act a name in it stands for, and the acts (in `programs`, `files`,
`paths`, `network`, `texts`, `idioms`) leave commands in a `Trace`. So the rules need not know that
there are other languages than the shell's.

    python, python_*               Python, by its own parser
    scripts, script_*, awk, …      perl, ruby, node, php, lua …: calls, texts and blocks, by tokens
    tcl, tcl_words                 Tcl and expect, by words
    powershell, powershell_values  PowerShell, by words and expressions
    lists                          Lisps
"""
