#!/bin/bash
# Runs test files of CPython with asy, one at a time, and prints a table in markdown.
#
#     tests/cpython.sh LIBRARY [FILE]...
#
# LIBRARY is the folder of CPython's library, which has `test` in it (or the variable CPYTHON_LIBRARY).
# FILE is a name like test_int or test_asyncio.test_locks; without any, all of the list below.
# ASY names the binary (target/release/asy). What the files print goes to the folder LOG
# (a new one below the system's folder for such things). A file has LIMIT seconds (60).

set -u
cd "$(dirname "$0")/.."
library=${CPYTHON_LIBRARY:-}
if [ -z "$library" ]; then
    library=${1:?usage: tests/cpython.sh LIBRARY [FILE]...}
    shift
fi
asy=${ASY:-target/release/asy}
limit=${LIMIT:-60}
log=${LOG:-$(mktemp -d)}
mkdir -p "$log"

files=(
    test_grammar test_coroutines test_asyncgen test_generators test_genexps test_listcomps test_dictcomps
    test_setcomps test_with test_exceptions test_raise test_exception_group test_except_star test_scope
    test_decorators test_class test_super test_descr test_metaclass test_keywordonlyarg
    test_positional_only_arg test_unpack test_unpack_ex test_patma test_named_expressions test_fstring
    test_format test_augassign test_compare test_richcmp test_contains test_int test_float test_complex
    test_bool test_str test_bytes test_list test_tuple test_dict test_set test_range test_slice
    test_enumerate test_iter test_sort test_builtin test_property test_subclassinit test_type_params
    test_contextlib test_contextlib_async test_context test_dataclasses test_enum test_functools
    test_itertools test_collections test_deque test_defaultdict test_heapq test_bisect test_copy
    test_operator test_re test_string test_textwrap test_struct test_random test_math test_weakref
    test_asyncio.test_locks test_asyncio.test_queues test_asyncio.test_taskgroups test_asyncio.test_timeouts
    test_asyncio.test_waitfor test_asyncio.test_runners test_asyncio.test_pep492 test_asyncio.test_context
    test_asyncio.test_eager_task_factory test_asyncio.test_futures test_asyncio.test_tasks
    test_asyncio.test_threads test_thread test_threading test_threading_local test_queue
    test_concurrent_futures.test_future test_concurrent_futures.test_thread_pool
    test_concurrent_futures.test_wait test_concurrent_futures.test_as_completed
    test_concurrent_futures.test_shutdown test_concurrent_futures.test_init
)
[ $# -gt 0 ] && files=("$@")

# How many lines of a log begin with a word.
count() { grep -c "^@$1 " "$2"; }

# Runs one file. A method that ends the process, or takes too long, is an error, and the rest is run anew.
run_file() {
    local name=$1 out=$2 done_methods=() round method
    : >"$out"
    for round in 1 2 3 4 5 6 7 8; do
        (
            ulimit -v 4194304
            ASYPATH=$PWD/tests/cpython:$library timeout "$limit" \
                "$asy" tests/cpython/run.py tests/cpython.toml "$name" "${done_methods[@]}"
        ) >"$out.part" 2>&1
        cat "$out.part" >>"$out"
        grep -q '^@end' "$out.part" && break
        method=$(grep '^@start ' "$out.part" | tail -n 1 | cut -d' ' -f2-)
        [ -z "$method" ] && break
        echo "@error $method (ended the process or took too long)" >>"$out"
        while read -r method; do done_methods+=("$method"); done < <(sed -n 's/^@start //p' "$out.part")
    done
    rm -f "$out.part"
}

echo "| file | passed | failed | error | skipped | left out | not run |"
echo "|---|---|---|---|---|---|---|"
sum=(0 0 0 0 0 0)
for name in "${files[@]}"; do
    out=$log/$name.txt
    run_file "$name" "$out"
    total=$(sed -n 's/^@total //p' "$out" | head -n 1)
    passed=$(count passed "$out") failed=$(count failed "$out") error=$(count error "$out")
    skipped=$(count skipped "$out")
    left=$(grep '^@left ' "$out" | sort -u | wc -l)
    broken=$(sed -n 's/^@broken //p' "$out" | head -n 1 | cut -c1-100)
    if [ -n "$broken" ]; then
        echo "| $name | | | | | | all: $broken |"
        continue
    fi
    rest=$((${total:-0} - passed - failed - error - skipped - left))
    [ -z "$total" ] && rest="all: it ended before its tests began"
    echo "| $name | $passed | $failed | $error | $skipped | $left | $rest |"
    row=("$passed" "$failed" "$error" "$skipped" "$left")
    for i in 0 1 2 3 4; do sum[i]=$((sum[i] + row[i])); done
    [ -n "$total" ] && sum[5]=$((sum[5] + rest))
done
echo "| all | ${sum[0]} | ${sum[1]} | ${sum[2]} | ${sum[3]} | ${sum[4]} | ${sum[5]} |"
echo "Logs: $log" >&2
