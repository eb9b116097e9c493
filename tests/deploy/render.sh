# shellcheck shell=bash
# tests/deploy/render.sh - overlays become objects, and objects are looked at. Source it at the top of the
# tree, with $BUILD, $BIN, $HERE (this folder) and $WORK set.

# install_modules - the packages of package-lock.json, in the build folder. Suites that need them at one time
# wait for the first one.
install_modules()
{
    local folder=$BUILD/deploy-npm
    export NODE_PATH=$folder/node_modules
    mkdir -p "$folder"
    (flock 9 && fill_modules "$folder") 9>"$folder/lock"
}

# fill_modules FOLDER - from within it: with --prefix npm would look there for the settings of this machine, too,
# and know nothing of its mirror or its certificates.
fill_modules()
{
    cmp -s "$HERE/package-lock.json" "$1/installed.json" && return
    cp "$HERE/package.json" "$HERE/package-lock.json" "$1"
    (cd "$1" && npm ci --prefer-offline --no-audit --no-fund --ignore-scripts) >"$1/npm.log" 2>&1 ||
        { cat "$1/npm.log" && return 1; }
    cp "$HERE/package-lock.json" "$1/installed.json"
}

# make_keys FOLDER - the files of both Secrets, as deploy/README.md makes them.
make_keys()
(
    umask 077
    "$BIN/jay" keyring generate >"$1/keyring"
    "$BIN/jay" client generate --id operator --can admin >"$1/operator"
    "$BIN/jay" client generate --id app --can read,write,invalidate >"$1/app"
    cat "$1/operator" "$1/app" >"$1/clients"
)

# render OVERLAY - into $WORK/OVERLAY.yaml, from a copy of the tree in which the keys of dev were made.
render()
{
    if [ ! -d "$WORK/k8s" ]; then
        cp -r deploy/k8s "$WORK/k8s"
        make_keys "$WORK/k8s/overlays/dev"
    fi
    kubectl kustomize "$WORK/k8s/overlays/$1" >"$WORK/$1.yaml"
}

manifests()
{
    node "$HERE/manifests.js" "$@"
}

# make_pod RENDER FOLDER [NAME IP] - what the container of a pod has: settings, arguments, variables, and the
# Secrets with the mode, and where root may give it, the group that the kubelet gives them.
make_pod()
{
    local keys=$WORK/k8s/overlays/dev secret path mode names group=()
    local -A files=([scrubjay-keyring]=keyring [scrubjay-clients]="clients operator")
    [ "$(id -u)" -ne 0 ] || group=(-g 65532)
    rm -rf "$2"
    mkdir -p "$2"
    manifests pod "$@"
    manifests secrets "$1" >"$2/secrets"
    while read -r secret path mode; do
        mkdir -p "$2$path"
        read -ra names <<<"${files[$secret]}"
        (cd "$keys" && install "${group[@]}" -m "$mode" "${names[@]}" "$2$path")
    done <"$2/secrets"
}
