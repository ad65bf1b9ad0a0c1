# Print the five most frequent words of standard input.
#
#   isorun run examples/word_count.sh --stdin - <README.md
#
# Bash, grep, sort and the rest are those of this machine, read-only in the jail.
set -eu
grep --only-matching --extended-regexp '[[:alpha:]]+' |
    tr '[:upper:]' '[:lower:]' |
    sort |
    uniq --count |
    sort --key=1,1nr --key=2 |
    head --lines=5
