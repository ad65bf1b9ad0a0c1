# shellcheck shell=bash
# Shared by the scripts beside it: find uv and a Python, and keep `.venv` in step with `uv.lock`.
#
# Sourced, never run. Afterwards these are set:
#   root   the checkout
#   venv   its virtual environment
# Nothing is written but `.venv`, `.tools` (a private uv, only if there is none) and uv's own cache.

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
venv="$root/.venv"
uv_command=()

# The oldest Python that isorun runs on, and the order in which versions are tried: the tested ones first.
minimum_python='3.12'
python_names=(python3.12 python3.13 python3.14 python3 python)

say() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
}

fail() {
    say "error: $1"
    shift
    local hint
    for hint in "$@"; do
        say "hint: $hint"
    done
    exit 4
}

# Whether a command starts at all and is new enough. Shims of version managers exist and fail.
is_usable_python() {
    "$1" -I -c "import sys; sys.exit(sys.version_info[:2] < (${minimum_python/./, }))" >/dev/null 2>&1
}

# Print a Python for uv: UV_PYTHON, what the environment has already, PATH, pyenv's versions. May print nothing.
find_python() {
    if [[ -n "${UV_PYTHON:-}" ]]; then
        printf '%s\n' "$UV_PYTHON"
        return
    fi
    local candidate
    while IFS= read -r candidate; do
        if is_usable_python "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done < <(python_candidates)
}

python_candidates() {
    if [[ -x "$venv/bin/python" ]]; then
        readlink -f "$venv/bin/python"
    fi
    local name
    for name in "${python_names[@]}"; do
        type -ap "$name" || true
    done
    if command -v pyenv >/dev/null; then
        for name in "${python_names[@]}"; do
            compgen -G "$(pyenv root)/versions/*/bin/$name" || true
        done
    fi
}

# Set uv_command: uv from PATH, the module of some Python, or a private copy fetched with pip.
find_uv() {
    local candidate
    for candidate in uv "$root/.tools/uv/bin/uv"; do
        if "$candidate" --version >/dev/null 2>&1; then
            uv_command=("$candidate")
            return
        fi
    done
    for candidate in python3 python; do
        if "$candidate" -m uv --version >/dev/null 2>&1; then
            uv_command=("$candidate" -m uv)
            return
        fi
    done
    fetch_uv
    uv_command=("$root/.tools/uv/bin/uv")
}

# A folder of its own (`--target`) works where pip refuses to touch the system's packages, and changes nothing else.
fetch_uv() {
    local hint='install uv yourself (https://docs.astral.sh/uv/), or pip (apt install python3-pip)'
    python3 -m pip --version >/dev/null 2>&1 || fail 'there is neither uv nor pip to fetch it with' "$hint"
    say "fetching uv into $root/.tools"
    mkdir -p "$root/.tools"
    printf '*\n' >"$root/.tools/.gitignore"
    PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --upgrade --target "$root/.tools/uv" uv >&2 ||
        fail 'pip could not fetch uv' "$hint"
}

# Make `.venv` what `uv.lock` says; some tens of milliseconds when it is so already.
sync_environment() {
    if [[ -x "$venv/bin/isorun" && ! -w "$venv" ]]; then
        is_usable_python "$venv/bin/python" || fail \
            "$venv belongs to somebody else, and its Python does not start for you" \
            'its owner can make it again with a Python outside of a home folder: UV_PYTHON=/path/to/python scripts/run'
        say "$venv belongs to somebody else; using it as it is"
        return
    fi
    find_uv
    local python hints=()
    python="$(find_python)"
    if [[ -z "$python" ]]; then
        say "no Python $minimum_python or newer on PATH or in pyenv; asking uv to download one"
        hints=("or install Python $minimum_python or newer and name it with UV_PYTHON=/path/to/python")
    fi
    local arguments=(--locked --project "$root" --python "${python:-$minimum_python}")
    if [[ -x "$venv/bin/isorun" ]]; then
        arguments+=(--quiet)
    else
        say "making $venv"
    fi
    # A virtual environment that happens to be active is not the one meant here.
    env -u VIRTUAL_ENV -u UV_PROJECT_ENVIRONMENT "${uv_command[@]}" sync "${arguments[@]}" >&2 || fail \
        "uv could not make $venv" 'repeat when what uv says above is mended' "${hints[@]}"
}

# Build the guest environments, fetch nsjail and copy Deno; a fraction of a second when they are there. Arguments
# are further ones of `isorun setup`.
set_up_guests() {
    "$venv/bin/isorun" setup base data "$@"
}
