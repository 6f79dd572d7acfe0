# Functions of the shell tests beside this file, which source it. $scratch is a directory of the test's own.
# shellcheck shell=sh disable=SC2154

passed=0
failed=0

# check NAME CONDITION...: counts the condition, and shows the last output if it is false.
check() {
    name=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
        echo "ok: $name"
    else
        failed=$((failed + 1))
        echo "FAILED: $name"
        sed 's/^/    /' "$scratch/output"
    fi
}

# run COMMAND...: leaves its output in $scratch/output and its status in $status.
run() {
    "$@" >"$scratch/output" 2>&1
    status=$?
}

# says TEXT: is the regular expression TEXT in the last output?
says() { grep -q -e "$1" "$scratch/output"; }

# result prints the counts, and fails if a check did.
result() {
    echo "$passed passed, $failed failed"
    [ $failed -eq 0 ]
}
