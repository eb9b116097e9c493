# shellcheck shell=bash
# tests/deploy/render.sh - overlays become objects, and objects are looked at. Source it at the top of the
# tree, with $BUILD, $BIN, $HERE (this folder) and $WORK set.

# install_modules - the packages of package-lock.json, in the build folder.
install_modules()
{
    local folder=$BUILD/deploy-npm
    export NODE_PATH=$folder/node_modules
    mkdir -p "$folder"
    if ! cmp -s "$HERE/package-lock.json" "$folder/installed.json"; then
        cp "$HERE/package.json" "$HERE/package-lock.json" "$folder"
        npm ci --prefix "$folder" --no-audit --no-fund --ignore-scripts >"$folder/npm.log" 2>&1 ||
            { cat "$folder/npm.log" && return 1; }
        cp "$HERE/package-lock.json" "$folder/installed.json"
    fi
}

# render OVERLAY - into $WORK/OVERLAY.yaml, from a copy of the tree in which the key of dev was made.
render()
{
    if [ ! -d "$WORK/k8s" ]; then
        cp -r deploy/k8s "$WORK/k8s"
        (umask 077 && "$BIN/jay" keyring generate >"$WORK/k8s/overlays/dev/keyring")
    fi
    kubectl kustomize "$WORK/k8s/overlays/$1" >"$WORK/$1.yaml"
}

manifests()
{
    node "$HERE/manifests.js" "$@"
}
