# shellcheck shell=bash
# Shared by the scripts beside it: a Docker daemon for as long as a script runs, where none answers.
#
# Sourced after `_python.sh`, never run. Who calls `start_docker` calls `stop_docker` in its EXIT trap.

# Command and Debian package of what the daemon and the images need. crun is the second runtime that tests use.
docker_needed=(dockerd:docker.io mmdebstrap:mmdebstrap crun:crun)
# What images it has is kept between runs. Not the usual place: the containers of somebody who has stopped his own
# daemon would be started with it.
docker_data=/var/lib/isorun-test/docker
docker_options=()
docker_pid=''
docker_folder=''

docker_answers() {
    command -v docker >/dev/null && timeout 20 docker version --format '{{.Server.Version}}' >/dev/null 2>&1
}

# Use the daemon that answers, or start one as root. Without either the tests that need one are skipped.
start_docker() {
    if docker_answers; then
        return
    fi
    if [[ -n "${DOCKER_HOST:-}" ]]; then
        say "no daemon answers at DOCKER_HOST ($DOCKER_HOST); the tests that need one are skipped"
        return
    fi
    if [[ $EUID -ne 0 ]]; then
        say 'no Docker daemon answers, and only root can start one; the tests that need one are skipped'
        return
    fi
    if ! install_docker; then
        say 'note: Docker is not installed; the tests that need it are skipped'
        return
    fi
    # Where there is systemd, its package has started it.
    docker_answers || run_docker
}

install_docker() {
    local entry packages=()
    for entry in "${docker_needed[@]}"; do
        command -v "${entry%%:*}" >/dev/null || packages+=("${entry##*:}")
    done
    if [[ ${#packages[@]} -gt 0 ]]; then
        command -v apt-get >/dev/null || return
        say "installing ${packages[*]} with apt-get"
        apt-get install --yes --no-install-recommends "${packages[@]}" >&2 || return
    fi
    # Newer releases have the command in a package of its own.
    command -v docker >/dev/null || apt-get install --yes --no-install-recommends docker-cli >&2
}

# Containers have no network and images are built with the host's, so nothing of the machine's network is changed.
run_docker() {
    docker_folder="$(mktemp -d)"
    say 'starting a Docker daemon for the tests'
    # crun refuses machines that have both versions of control groups mounted: the daemon does not see the second.
    # shellcheck disable=SC2016
    unshare --mount --propagation private sh -c 'umount /sys/fs/cgroup/unified 2>/dev/null; exec "$@"' sh \
        dockerd --add-runtime "crun=$(command -v crun)" --data-root "$docker_data" \
        --exec-root "$docker_folder/exec" --pidfile "$docker_folder/pid" \
        --bridge=none --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false \
        "${docker_options[@]}" >"$docker_folder/log" 2>&1 &
    docker_pid=$!
    for _ in {1..120}; do
        if docker_answers; then
            return
        fi
        kill -0 "$docker_pid" 2>/dev/null || break
        sleep 0.5
    done
    cat "$docker_folder/log" >&2
    say 'note: the Docker daemon did not start, see above; the tests that need one are skipped'
    stop_docker
}

# End the daemon that we have started, and wait for its end; one that was there before goes on.
stop_docker() {
    if [[ -z "$docker_pid" ]]; then
        return
    fi
    kill "$docker_pid" 2>/dev/null || :
    wait "$docker_pid" 2>/dev/null || :
    docker_pid=''
    rm -rf "$docker_folder"
}

# Make the images that tests use; a few seconds when they are there.
set_up_images() {
    if docker_answers; then
        # shellcheck disable=SC2154  # of _python.sh
        "$venv/bin/isorun" setup --image "$@" ||
            say 'note: not all images could be made, see above; the tests that need them are skipped'
    fi
}
