#!/bin/sh
# Checks the includes between folders of csrc against tools/arrows.txt.
set -eu
cd "$(dirname "$0")/.."

find csrc -name '*.[ch]' -exec grep -H '^#include "' {} + | LC_ALL=C sort | awk '
    FILENAME == "tools/arrows.txt" {
        if ($0 == "" || /^#/)
            next
        folder = $1
        sub(/:$/, "", folder)
        for (i = 2; i <= NF; i++) {
            allowed[folder, $i] = 1
            if (!($i in known) && $i !~ /\.h$/) {
                print FILENAME ": " folder " names " $i ", which does not stand above it"
                bad = 1
            }
        }
        known[folder] = 1
        next
    }
    {
        file = $0
        sub(/:.*/, "", file)
        from = file
        sub(/^csrc\//, "", from)
        sub(/\/[^\/]*$/, "", from)
        split($0, parts, "\"")
        to = parts[2]
        sub(/\/[^\/]*$/, "", to)
        private = parts[2] ~ /(internal|_private)\.h$/
        if (from == to || (from, private ? parts[2] : to) in allowed)
            next
        else if (!(from in known))
            wrong = from " is not in tools/arrows.txt"
        else if (private)
            wrong = "it is private to " to
        else
            wrong = from " may not include headers of " to
        print file ": \"" parts[2] "\": " wrong
        bad = 1
    }
    END { exit bad }
' tools/arrows.txt -
