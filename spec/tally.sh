# To be sourced: counts the results of several suites.
#
#   tally_start DIR               logs go to DIR
#   suite NAME COMMAND...         runs it; its last "N passed, N failed" counts, and a suite that says
#                                 no such thing, ran nothing or exits with an error counts as failed.
#                                 It ends within half an hour, times BEDROCK_TEST_PATIENCE, and what it started ends with it.
#   tally_end                     prints the total; true if something ran and nothing failed

tally_start() {
    logs=$1
    passed=0
    failed=0
    mkdir -p "$logs"
}

suite() {
    name=$1
    shift
    log=$logs/$(echo "$name" | tr -c 'A-Za-z0-9\n' '-').log
    status=0
    "${BUILD:-build}/leash" -t "$((1800 * ${BEDROCK_TEST_PATIENCE:-1}))" "$@" >"$log" 2>&1 || status=$?
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
    printf '%-28s %s\n' "$name" "$line"
    if [ "$suite_failed" -ne 0 ]; then
        echo "---- the end of $log"
        tail -n 60 "$log"
        echo "----"
    fi
}

tally_end() {
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
