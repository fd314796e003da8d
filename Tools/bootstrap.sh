#!/usr/bin/env bash
# Prepares a fresh machine for building Anneal; says nothing when there is nothing to do.
#
#   1. system libraries through apt (root or sudo), only when one is missing
#   2. LibTorch's headers and libraries out of PyPI's `torch` wheel, into .deps/ (which git ignores)
#   3. Apache Arrow out of PyPI's `pyarrow` wheel likewise, and the reader of Parquet files that is built with it
#
# Settings (environment):
#   TORCH_VERSION  2.13.0 (default) or 2.11.0; any other version also needs TORCH_SHA256
#   TORCH_SHA256   the checksum to demand of a torch wheel this script does not know
#   TORCH_PATH     a `torch` folder that is already on this machine (…/site-packages/torch): linked, nothing downloaded
#
#   ANNEAL_ARROW   0 leaves Apache Arrow out: Parquet and Arrow files are then refused with a message that says so
#
# Result: .deps/torch -> torch-<version>/torch, holding include/ and lib/. Several versions can lie side by side; and
# .deps/arrow -> arrow-<version>. Without Arrow everything else works, so its failure is a warning.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly version="${TORCH_VERSION:-2.13.0}"
readonly arrow_version=26.0.1
# CUDA 13 pieces that libtorch_cpu.so of a CUDA-enabled wheel links to, GPU or not.
readonly cuda_packages=("nvidia-cuda-runtime==13.0.96" "nvidia-cuda-cupti==13.0.85")
# Always the same wheel, whatever Python this machine has: no Python code of it is used.
readonly pip_target=(--python-version 3.11 --implementation cp --platform manylinux_2_28_x86_64
    --platform manylinux_2_25_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64)

say() { printf 'bootstrap: %s\n' "$*"; }
fail() {
    printf 'bootstrap: error: %s\n' "$*" >&2
    exit 1
}

# SHA-256 of the wheels known to work, by file name (x86_64, CPython 3.11).
known_sha256() {
    case "$1" in
        torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl)
            echo 6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b ;;
        torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl)
            echo 60fcdcb2f3876e21146cb4524ef06397d727ca9ad5f020818547e25075fe3cb7 ;;
        torch-2.11.0-cp311-cp311-manylinux_2_28_x86_64.whl)
            echo 7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a ;;
        nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl)
            echo 7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548 ;;
        nvidia_cuda_cupti-13.0.85-py3-none-manylinux_2_25_x86_64.whl)
            echo 4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8 ;;
        pyarrow-26.0.1-cp311-cp311-manylinux_2_28_x86_64.whl)
            echo 39cb0f2418282c24bea6ceda77b03e5a8f0a5766b63a8bf194d4e2a2c423548c ;;
        torch-*) echo "${TORCH_SHA256:-}" ;;
    esac
}

check_machine() {
    [ "$(uname -s)" = Linux ] || fail "Anneal builds on Linux; this is $(uname -s)."
    [ "$(uname -m)" = x86_64 ] || fail "Anneal builds on x86_64; this machine is $(uname -m), which is not supported yet."
    command -v swift >/dev/null || fail "swift is not in PATH: install Swift 6.3 or newer, then run this again."
}

# Prints the apt packages of what this machine lacks. It asks for the thing itself, not for the package, so that
# another distribution's package or a hand-installed library counts too.
missing_packages() {
    local pair
    for pair in libjpeg:libjpeg-dev libpng:libpng-dev libwebp:libwebp-dev libavformat:libavformat-dev \
        libavcodec:libavcodec-dev libavutil:libavutil-dev libswscale:libswscale-dev cairo:libcairo2-dev \
        sqlite3:libsqlite3-dev; do
        pkg-config --exists "${pair%%:*}" 2>/dev/null || echo "${pair##*:}"
    done
    command -v pkg-config >/dev/null || echo pkg-config
    command -v make >/dev/null || echo make
    [ -n "$(find -L /usr/share/fonts /usr/local/share/fonts "${HOME:-/nonexistent}/.local/share/fonts" \
        -name 'DejaVuSans.ttf' -print -quit 2>/dev/null)" ] || echo fonts-dejavu-core
    torch_is_there && arrow_is_there && return
    command -v unzip >/dev/null || echo unzip
    python3 -m pip --version >/dev/null 2>&1 || echo python3-pip
}

install_packages() {
    local missing as_root=()
    mapfile -t missing < <(missing_packages)
    [ "${#missing[@]}" -gt 0 ] || return 0
    command -v apt-get >/dev/null \
        || fail "missing: ${missing[*]} (Debian's names). There is no apt-get here: install them with your package manager."
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "missing: ${missing[*]}. Run as root: apt-get install ${missing[*]}"
        as_root=(sudo)
    fi
    local install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends)
    say "installing ${missing[*]}"
    if ! "${install[@]}" "${missing[@]}" >/dev/null 2>&1; then
        say "refreshing the package lists"
        "${as_root[@]}" apt-get update -qq || true
        "${install[@]}" "${missing[@]}" || fail "apt-get could not install ${missing[*]}."
    fi
    # A small font with Chinese glyphs, for class names in charts. It alone is no reason to call apt, nor to fail.
    "${install[@]}" fonts-droid-fallback >/dev/null 2>&1 || true
    mapfile -t missing < <(missing_packages)
    [ "${#missing[@]}" -eq 0 ] || fail "still missing after apt-get: ${missing[*]}"
}

# The folder appears by one rename, so these files mean that all of it is there.
torch_is_there() {
    [ -n "${TORCH_PATH:-}" ] && return
    [ -f ".deps/torch-$version/torch/lib/libtorch_cpu.so" ] && [ -f ".deps/torch-$version/torch/include/ATen/ATen.h" ]
}

arrow_is_there() { [ "${ANNEAL_ARROW:-1}" = 0 ] || [ -f ".deps/arrow-$arrow_version/lib/libparquet.so" ]; }

# download REQUIREMENT FOLDER: one checked wheel, alone in FOLDER.
download() {
    mkdir -p "$2"
    python3 -m pip download --disable-pip-version-check --no-deps --only-binary=:all: "${pip_target[@]}" -d "$2" "$1" \
        || fail "pip could not download $1 (its message stands above). Check the network and pip's index settings."
    local wheel expected actual
    wheel=$(echo "$2"/*.whl)
    expected=$(known_sha256 "$(basename "$wheel")")
    actual=$(sha256sum "$wheel" | cut -d' ' -f1)
    [ -n "$expected" ] || fail "no checksum is known for $(basename "$wheel"). Use TORCH_VERSION=2.13.0 or 2.11.0," \
        "or, if you trust this file, set TORCH_SHA256=$actual"
    [ "$actual" = "$expected" ] || fail "$(basename "$wheel") has SHA-256 $actual where $expected is expected:" \
        "the file is damaged or not the one that was published. It was not used."
}

install_torch() {
    torch_is_there && return
    local temporary=".deps/.unpacking"
    rm -rf "$temporary" # left by a run that was killed; the lock says that nobody uses it
    trap "rm -rf '$temporary'" EXIT
    mkdir -p "$temporary/tree"
    say "downloading LibTorch $version (once; 190 to 530 MB)"
    download "torch==$version" "$temporary/torch"
    say "unpacking"
    unzip -q "$temporary"/torch/*.whl 'torch/include/*' 'torch/lib/*' '*.dist-info/*' -x 'torch/lib/libtorch_python.so' \
        -d "$temporary/tree"
    if [ -f "$temporary/tree/torch/lib/libtorch_cuda.so" ]; then
        # The wheels' own layout: libtorch's run path is $ORIGIN/../../nvidia/cu13/lib.
        local package
        for package in "${cuda_packages[@]}"; do
            download "$package" "$temporary/$package"
            unzip -q "$temporary/$package"/*.whl 'nvidia/cu13/lib/*' '*.dist-info/*' -d "$temporary/tree"
        done
    fi
    # A library that only the dynamic loader misses would otherwise show up as a crash of the finished program.
    local missing
    missing=$(ldd "$temporary/tree/torch/lib/libtorch_cpu.so" | grep 'not found' || true)
    [ -z "$missing" ] || fail "libtorch_cpu.so of this wheel cannot be loaded here:"$'\n'"$missing"
    sync -f "$temporary/tree"
    rm -rf ".deps/torch-$version"
    mv "$temporary/tree" ".deps/torch-$version"
    rm -rf "$temporary"
}

select_torch() {
    local target="torch-$version/torch"
    if [ -n "${TORCH_PATH:-}" ]; then
        [ -f "$TORCH_PATH/lib/libtorch_cpu.so" ] && [ -f "$TORCH_PATH/include/ATen/ATen.h" ] \
            || fail "TORCH_PATH=$TORCH_PATH holds no lib/libtorch_cpu.so and include/ATen/ATen.h."
        target=$(cd "$TORCH_PATH" && pwd)
    fi
    [ "$(readlink .deps/torch || true)" = "$target" ] && return
    ln -sfn "$target" .deps/torch.new
    mv -T .deps/torch.new .deps/torch
    say "using LibTorch at .deps/torch -> $target"
}

# install_arrow runs in a subshell, where a failure leaves the rest of the set-up alone.
install_arrow() {
    local folder=".deps/arrow-$arrow_version" temporary=".deps/.unpacking-arrow" library
    if [ ! -f "$folder/lib/libparquet.so" ]; then
        rm -rf "$temporary"
        trap "rm -rf '$temporary'" EXIT
        mkdir -p "$temporary/tree"
        say "downloading Apache Arrow $arrow_version for Parquet files (once; 55 MB)"
        download "pyarrow==$arrow_version" "$temporary/wheel"
        unzip -q "$temporary"/wheel/*.whl 'pyarrow/include/arrow/*' 'pyarrow/include/parquet/*' 'pyarrow/libarrow.so.*' \
            'pyarrow/libparquet.so.*' '*.dist-info/*' -d "$temporary/tree"
        mkdir "$temporary/tree/lib"
        mv "$temporary"/tree/pyarrow/*.so.* "$temporary/tree/lib/"
        mv "$temporary/tree/pyarrow/include" "$temporary/tree/include"
        rmdir "$temporary/tree/pyarrow"
        for library in libarrow libparquet; do
            (cd "$temporary/tree/lib" && ln -s "$library".so.* "$library.so")
        done
        sync -f "$temporary/tree"
        rm -rf "$folder"
        mv "$temporary/tree" "$folder"
    fi
    build_arrow_reader "$folder"
    [ "$(readlink .deps/arrow || true)" = "arrow-$arrow_version" ] && return
    ln -sfn "arrow-$arrow_version" .deps/arrow.new
    mv -T .deps/arrow.new .deps/arrow
}

# The one piece of C++ that knows Arrow's headers. It is built anew when its sources are not those it was built from.
build_arrow_reader() {
    local sources=(Sources/CArrow/reader.cpp Sources/CArrow/include/carrow.h) compiler digest
    digest=$(cat "${sources[@]}" | sha256sum | cut -d' ' -f1)
    [ "$(cat "$1/lib/reader.sha256" 2>/dev/null || true)" = "$digest" ] && [ -f "$1/lib/libanneal_arrow.so" ] && return
    compiler="$(dirname "$(readlink -f "$(command -v swift)")")/clang++"
    [ -x "$compiler" ] || compiler=$(command -v clang++ || command -v g++) || fail "no C++ compiler for the reader of Parquet files."
    say "building the reader of Parquet files"
    "$compiler" -std=c++20 -O2 -fPIC -shared -fvisibility=hidden -isystem "$1/include" Sources/CArrow/reader.cpp \
        -o "$1/lib/libanneal_arrow.so.new" -L"$1/lib" -larrow -lparquet '-Wl,-rpath,$ORIGIN' \
        || fail "the reader of Parquet files does not compile (messages above)."
    mv "$1/lib/libanneal_arrow.so.new" "$1/lib/libanneal_arrow.so"
    echo "$digest" >"$1/lib/reader.sha256"
}

check_machine
[ ! -L .deps ] || [ -d .deps ] || fail ".deps is a symbolic link that leads nowhere: remove it and run this again."
mkdir -p .deps
# Two runs at once wait for each other instead of unpacking twice.
exec 9>.deps/.lock
flock 9
install_packages
install_torch
select_torch
if [ "${ANNEAL_ARROW:-1}" != 0 ]; then
    # Not as a condition: there `set -e` would not count.
    set +e
    (set -e; install_arrow)
    arrow_status=$?
    set -e
    [ "$arrow_status" = 0 ] \
        || say "warning: no Apache Arrow, so Parquet and Arrow files will be refused. Run this again to try once more."
fi
