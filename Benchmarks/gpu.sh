#!/usr/bin/env bash
# Checks and measures Anneal on one CUDA machine, in at most ten minutes and without a download.
#
#   Benchmarks/gpu.sh pack FOLDER   on the machine that builds: the program, the system libraries it needs and the small test
#                                   models. Build it first against the LibTorch that the CUDA machine has:
#                                     TORCH_PATH=…/site-packages/torch Tools/bootstrap.sh   (or TORCH_VERSION=2.11.0)
#                                     swift build -c release --product anneal --static-swift-stdlib
#                                   ANNEAL=FILE packs another program than .build/release/anneal.
#   FOLDER/gpu.sh run [OPTION …]    on the CUDA machine, where Python has that torch: correctness against the CPU, then a
#                                   table of speeds. Options go to gpu.py (--help).
#   FOLDER/gpu.sh rehearse          the same from start to end with tiny models on the CPU, on any machine with that torch.
#
# LibTorch is taken from Python's site-packages (TORCH_PATH overrides); Python itself only compares numbers.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

fail() {
    printf 'gpu.sh: error: %s\n' "$*" >&2
    exit 1
}

pack() {
    local target=$1 program
    program=${ANNEAL:-$here/../.build/release/anneal}
    [ -x "$program" ] || fail "$program is missing: build it first (swift build -c release --product anneal --static-swift-stdlib)"
    mkdir -p "$target/lib" "$target/runtime" "$target/glibc" "$target/fixtures/ModelsTests" "$target/fixtures/TrainingTests"
    install -m 755 "$program" "$target/anneal"
    strip --strip-all "$target/anneal" 2>/dev/null || true
    # What the program needs beside LibTorch; the C++ runtime and glibc go to folders of their own, used only where the
    # machine's are older.
    local name path
    while read -r name path; do
        name=$(basename "$name")
        case "$name" in
            libtorch* | libc10* | libgomp* | libcud* | libcupti* | libcublas* | libnv* | libnccl* | linux-vdso*) ;;
            libc.so.* | libm.so.* | libdl.so.* | libpthread.so.* | librt.so.* | libresolv.so.* | libutil.so.* | ld-linux*)
                cp -L "$path" "$target/glibc/$name" ;;
            libstdc++* | libgcc_s*) cp -L "$path" "$target/runtime/$name" ;;
            *) cp -L "$path" "$target/lib/$name" && { strip --strip-unneeded "$target/lib/$name" 2>/dev/null || true; } ;;
        esac
    done < <(ldd "$program" | sed -n -e 's/^[[:space:]]*\([^ ]*\) => \(\/[^ ]*\).*/\1 \2/p' -e 's/^[[:space:]]*\(\/[^ ]*ld-linux[^ ]*\) .*/\1 \1/p')
    cp -r "$here/../Tests/ModelsTests/Fixtures" "$target/fixtures/ModelsTests/"
    cp -r "$here/../Tests/TrainingTests/Fixtures" "$target/fixtures/TrainingTests/"
    install -m 755 "$here/gpu.sh" "$here/gpu.py" "$target/"
    local description
    description=$("$program" version) || fail "$program does not start here"
    ! ldd "$program" | grep 'not found' || fail "$program lacks the libraries above"
    tar -C "$(dirname "$target")" -czf "$target.tgz" "$(basename "$target")"
    printf '%s, packed into %s (%s) and %s.tgz (%s)\n' "$description" "$target" "$(du -sh "$target" | cut -f1)" "$target" "$(du -sh "$target.tgz" | cut -f1)"
}

run() {
    local torch
    torch=${TORCH_PATH:-$(python3 -c 'import importlib.util as u; s = u.find_spec("torch"); print(s.submodule_search_locations[0] if s else "")')}
    [ -f "$torch/lib/libtorch_cuda.so" ] || { [ "${1:-}" = --rehearse ] && [ -f "$torch/lib/libtorch_cpu.so" ]; } || fail "no CUDA build of LibTorch at \"$torch\": install torch 2.11+cu130 for python3 or set TORCH_PATH"
    # The machine's own C++ runtime and glibc where they are new enough. Python never sees these folders.
    local path="$here/lib:$torch/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" program
    : >"$here/start.log"
    program=(env "LD_LIBRARY_PATH=$path" "$here/anneal")
    starts "${program[@]}" || {
        path="$here/runtime:$path"
        program=(env "LD_LIBRARY_PATH=$path" "$here/anneal")
        starts "${program[@]}" || {
            program=("$here/glibc/$(basename "$(find "$here/glibc" -name 'ld-linux*')")" --library-path "$here/glibc:$path" "$here/anneal")
            starts "${program[@]}" || fail "the program does not start: $(cat "$here/start.log")"
        }
    }
    exec python3 -u "$here/gpu.py" --fixtures "$here/fixtures" "$@" -- "${program[@]}"
}

starts() { "$@" version >/dev/null 2>>"$here/start.log"; }

case "${1:-}" in
    pack) [ $# = 2 ] || fail "gpu.sh pack FOLDER"; pack "$2" ;;
    run) shift; run "$@" ;;
    rehearse) shift; run --rehearse "$@" ;;
    *) sed -n '2,15s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" ;;
esac
