# shellcheck shell=sh
# To be sourced: counts the results of several suites.
#
#   tally_start DIR               logs go to DIR
#   suite NAME COMMAND...         runs it; its last "N passed, N failed" counts, and a suite that says
#                                 no such thing, ran nothing or exits with an error counts as failed.
#                                 It ends within half an hour, times BEDROCK_TEST_PATIENCE, and what
#                                 it started ends with it.
#   suite_run NAME COMMAND...     the first half of it: runs it, in the background if need be
#   suite_count NAME              the second half: counts
#   tally_end                     prints the total; true if something ran and nothing failed

tally_start() {
    logs=$1
    passed=0
    failed=0
    mkdir -p "$logs"
}

suite_log() {
    echo "$logs/$(echo "$1" | tr -c 'A-Za-z0-9\n' '-').log"
}

suite_run() {
    log=$(suite_log "$1")
    shift
    status=0
    "${BUILD:-build}/leash" -t "$((1800 * ${BEDROCK_TEST_PATIENCE:-1}))" "$@" >"$log" 2>&1 || status=$?
    echo "$status" >"$log.status"
}

suite_count() {
    log=$(suite_log "$1")
    status=$(cat "$log.status" 2>/dev/null || echo 1)
    line=$(grep -aE '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1)
    suite_passed=${line%% *}
    suite_failed=${line#*, }
    suite_failed=${suite_failed%% *}
    if [ "${suite_passed:-0}" -eq 0 ] || { [ "$status" -ne 0 ] && [ "$suite_failed" -eq 0 ]; }; then
        suite_failed=$((${suite_failed:-0} + 1))
        [ -n "$line" ] && [ "$status" -ne 0 ] || line="$line (exit status $status)"
    fi
    passed=$((passed + ${suite_passed:-0}))
    failed=$((failed + suite_failed))
    printf '%-28s %s\n' "$1" "$line"
    if [ "$suite_failed" -ne 0 ]; then
        echo "---- the end of $log"
        tail -n 60 "$log"
        echo "----"
    fi
}

suite() {
    suite_run "$@"
    suite_count "$1"
}

tally_end() {
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
