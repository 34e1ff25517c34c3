#!/bin/sh
# Brings Debian's Tesseract data for the embedded engine's extra `scripts` into a folder of the project, without root.
#
#   deploy/tessdata.sh [FOLDER [LANGUAGE…]]      default: .tessdata rus kor ara vie
#
# What Debian has installed already is linked; the rest is downloaded with apt-get and unpacked there, nothing is
# installed. Run again, it does only what is missing.
set -eu

folder=${1:-.tessdata}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- rus kor ara vie

mkdir -p "$folder"
missing=
for language in "$@"; do
    data=$folder/$language.traineddata
    [ -s "$data" ] && continue
    rm -f "$data"
    for installed in /usr/share/tesseract-ocr/*/tessdata/"$language".traineddata; do
        [ -s "$installed" ] && ln -s "$installed" "$data" && break
    done
    [ -s "$data" ] || missing="$missing tesseract-ocr-$(printf %s "$language" | tr _ -)"
done
if [ -z "$missing" ]; then
    echo "$folder: $* ready"
    exit 0
fi

if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
    echo "$folder lacks$missing, and this is no Debian: put the .traineddata files there by hand," >&2
    echo "or set TESSDATA_PREFIX to the folder that holds them." >&2
    exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
chmod 755 "$work"

# Package lists of the machine where there are some; else root refreshes them, and anyone else keeps lists of his own.
apt() { apt-get -q -o APT::Sandbox::User= "$@"; }
if ! apt-cache show $missing >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ]; then
        apt update
    else
        mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial"
        apt() {
            apt-get -q -o Dir::State="$work/state" -o Dir::State::status=/var/lib/dpkg/status \
                -o Dir::Cache="$work/cache" -o Debug::NoLocking=1 "$@"
        }
        apt update
    fi
fi
(cd "$work" && apt download $missing)

for package in "$work"/*.deb; do
    dpkg-deb -x "$package" "$work/unpacked"
done
find "$work/unpacked" -name '*.traineddata' -exec cp {} "$folder/" \;

for language in "$@"; do
    if [ ! -s "$folder/$language.traineddata" ]; then
        echo "Debian has no data for $language (no tesseract-ocr-$(printf %s "$language" | tr _ -))." >&2
        exit 1
    fi
done
echo "$folder: $* ready"
