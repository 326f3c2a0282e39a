# Shared by packaging/run and tests/run: installs what is missing and builds. Source it; it changes to the project's root.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '\033[1m%s\033[0m\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# qiao_install KIND…  installs the Debian packages of packaging/dependencies of these kinds that are not there yet.
qiao_install() {
  local kind name missing=()
  command -v dpkg-query >/dev/null || die "this script installs Debian packages; on another system install what packaging/dependencies lists"
  while read -r kind name _; do
    [[ " $* " == *" $kind "* ]] || continue
    dpkg-query -W -f '${db:Status-Abbrev}' "$name" 2>/dev/null | grep -q '^ii' || missing+=("$name")
  done < <(grep -v '^#' packaging/dependencies)
  # The front end builds with any Node.js from 18 on; Debian's is taken when there is none.
  command -v node >/dev/null || missing+=(nodejs)
  command -v npm >/dev/null || missing+=(npm)
  [ ${#missing[@]} -eq 0 ] && return
  say "Installing: ${missing[*]}"
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "installing packages needs root: run this as root, or install sudo"
    sudo=(sudo)
  fi
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# qiao_npm FOLDER  installs a package's locked dependencies when its lock file has changed.
qiao_npm() {
  local stamp="$1/node_modules/.qiao-lock"
  cmp -s "$1/package-lock.json" "$stamp" && return
  (cd "$1" && npm ci --no-audit --no-fund --loglevel=error)
  cp "$1/package-lock.json" "$stamp"
}

# qiao_pages FOLDER RESULT WHAT [FOLDERS…]  builds a package when a file of it, or of what it is made from, is newer than its
# last build.
qiao_pages() {
  qiao_npm "$1"
  if [ ! -f "$1/dist/$2" ] ||
     [ -n "$(find "$1" "${@:4}" -path "$1/node_modules" -prune -o -path "$1/dist" -prune -o -type f -newer "$1/dist/$2" -print -quit)" ]; then
    say "Building $3"
    (cd "$1" && npm run --silent build)
  fi
}

# qiao_frontend  builds the web pages and the partners' script.
qiao_frontend() {
  qiao_npm sdk/app/js
  qiao_pages plugins/web/frontend widget.js "the web pages" sdk/app/js/src
  qiao_pages sdk/partner/js version "the partners' script"
}

# qiao_build PRESET [TARGET…]
qiao_build() {
  local preset=$1
  shift
  [ -f "build/$preset/build.ninja" ] || cmake --preset "$preset" >/dev/null
  cmake --build --preset "$preset" ${*:+--target "$@"} -j "${QIAO_JOBS:-$(nproc)}"
}
