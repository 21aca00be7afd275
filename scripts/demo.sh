#!/bin/sh
# A session of the module with the platform, as a demonstration: demo.sh [BUILD_FOLDER [STORY]]
#   iot      China Telecom IoT platform, with deep sleep (guide section 5.2.2); the default
#   andlink  China Mobile Andlink: bootstrap, read and write, data without observation (5.4.2)
#   dtls     China Telecom AEP (5.3.2) over DTLS with a pre-shared key
#   dfota    new firmware over the air, China Telecom IoT platform (5.7): from two images to the
#            new revision in ATI; needs python3
# Starts both programs, plays the guide's session through bc260y-at and shows what each one says.
# With KEEP=1 in the environment both go on running then, for the web console and the command line,
# until the script is interrupted. Needs neither a terminal nor input; leaves no process behind.
# Exit status: 0 passed, 1 failed.
set -u

source_folder=$(cd "$(dirname "$0")/.." && pwd) || exit 1
build_folder=${1:-$source_folder/build/release}
story=${2:-iot}
bin=$build_folder/bin
folder=
pids=

cleanup() {
    for pid in $pids; do
        kill "$pid" 2>/dev/null
    done
    wait
    [ -z "$folder" ] || rm -rf "$folder"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP

fail() {
    for file in "$folder"/*.err; do
        [ ! -s "$file" ] || sed "s|^|$(basename "$file" .err): |" "$file"
    done
    echo "demo: FAIL  $*"
    exit 1
}

# first_match FILE SED_EXPRESSION: the first line that the expression prints; waits 10 s at most.
first_match() {
    for _ in $(seq 100); do
        found=$(sed -n "$2" "$1" | head -n 1)
        [ -z "$found" ] || { echo "$found"; return 0; }
        sleep 0.1
    done
    return 1
}

# show NAME COLOR: prefixes each line of the input; the module's echoes would only repeat the host.
show() {
    if [ -n "$color" ]; then
        sed -u "/  (echo)/d; s/^/$(printf '\033[%sm%-8s\033[0m' "$2" "$1") | /"
    else
        sed -u "/  (echo)/d; s/^/$(printf '%-8s' "$1") | /"
    fi
}

color=
[ ! -t 1 ] || [ -n "${NO_COLOR:-}" ] || [ "${TERM:-dumb}" = dumb ] || color=1
for name in bc260y bc260y-platform bc260y-at; do
    [ -x "$bin/$name" ] || fail "$bin/$name is not built: run 'make build' first"
done
folder=$(mktemp -d) || fail "cannot make a temporary folder"

# What each story starts the platform with, which of its ports the module is told, and what it is.
security=3
module_options=
case $story in
iot)
    set -- --open iot
    listener=coap transcript=iot title="guide section 5.2.2 with deep sleep"
    ;;
andlink)
    set -- --open andlink --bootstrap 127.0.0.1:0 --product-id 500677 --control "$folder/control"
    listener=bootstrap transcript=andlink title="guide section 5.4.2 with bootstrap"
    ;;
dtls)
    endpoint=urn:imei-imsi:866971030603068-460111174747875
    key=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    (umask 077 && echo "$endpoint 866971030603068 $key" >"$folder/keys") || fail "cannot keep a key"
    set -- --open aep --coaps 127.0.0.1:0 --psk-file "$folder/keys"
    security="0,\"866971030603068\",\"$key\""
    listener=coaps transcript=aep title="guide section 5.3.2 over DTLS"
    ;;
dfota)
    # shellcheck source=scripts/demo_dfota.sh
    . "$source_folder/scripts/demo_dfota.sh"
    make_firmware
    set --
    module_options="--firmware $folder/$source_revision.bin --set revision=$source_revision"
    # The host of the guide is quicker than +CPIN: READY, half-way through attach_ms.
    module_options="$module_options --set attach_ms=6000"
    listener=coap transcript=dfota-iot title="guide section 5.7.6 with a firmware update"
    ;;
*)
    echo "usage: demo.sh [BUILD_FOLDER [iot|andlink|dtls|dfota]]" >&2
    exit 2
    ;;
esac

"$bin/bc260y-platform" --coap 127.0.0.1:0 --http 127.0.0.1:0 --store "$folder/store" "$@" \
    </dev/null >"$folder/platform.out" 2>"$folder/platform.err" &
platform=$!
pids="$platform"
http=$(first_match "$folder/platform.out" 's/.*"http": *"\([^"]*\)".*/\1/p') ||
    fail "the platform does not start"
[ "$story" != dfota ] || offer_firmware # before the module starts, which would fall asleep
# shellcheck disable=SC2086 # words
"$bin/bc260y" --time-scale 10 --seed 1 --state none $module_options </dev/null \
    >"$folder/module.out" 2>"$folder/module.err" &
module=$!
pids="$pids $module"
listening='s/.*"event": *"listening".*"'$listener'": *"\([^"]*\)".*/\1/p'
address=$(first_match "$folder/platform.out" "$listening") || fail "the platform does not start"
port=$(first_match "$folder/module.out" 's/^AT port: //p') || fail "the module does not start"

echo "The module's AT port is $port, the platform listens at $address."
echo "Playing examples/$transcript.at with the module's clock running ten times faster."
echo
# Readers first, each ending with its writer. The player runs in the background, since only `wait`
# lets a signal end this script at once.
tail -n +1 -s 0.1 --pid="$platform" -f "$folder/platform.out" | show platform 35 &
readers=$!
mkfifo "$folder/dialogue"
tee "$folder/dialogue.out" <"$folder/dialogue" | show host 36 &
readers="$readers $!"
"$bin/bc260y-at" --port "$port" -D server="${address%:*}" -D port="${address##*:}" \
    -D security="$security" ${color:+--color=always} "$source_folder/examples/$transcript.at" \
    </dev/null >"$folder/dialogue" 2>&1 &
player=$!
pids="$pids $player"
if [ "$story" = andlink ]; then # what the platform's operator does in the guide
    endpoint=866971031275899
    (
        first_match "$folder/platform.out" '/"event": *"registered"/p' >/dev/null &&
            "$bin/bc260y-platform" ctl "$folder/control" read $endpoint /19/1/0 &&
            "$bin/bc260y-platform" ctl "$folder/control" write $endpoint /19/1/0 \
                '{"outletStatus":"1"}'
    ) </dev/null >/dev/null 2>"$folder/operator.err" &
    pids="$pids $!"
fi
wait "$player"
status=$?
deregistered=1
if [ "$status" = 0 ] && [ "$story" = dfota ]; then
    check_firmware
    deregistered=0
elif [ "$status" = 0 ]; then
    first_match "$folder/platform.out" '/"event": *"deregistered"/p' >/dev/null
    deregistered=$?
fi
if [ -z "${KEEP:-}" ]; then
    kill "$module" "$platform" 2>/dev/null
    # shellcheck disable=SC2086 # two words
    wait $readers
fi
echo

[ "$status" = 0 ] || fail "the session differs from examples/$transcript.at"
[ "$deregistered" = 0 ] || fail "the platform has not seen the session"
counts=$(sed -n 's/^PASS: //p' "$folder/dialogue.out")
echo "demo: PASS  $title: $counts"
if [ -n "${KEEP:-}" ]; then
    cat <<END

Both go on running until you press Ctrl-C. The web console is at

    http://$http/

The token that it asks for is in $folder/admin-token. The same on the command line:
    export BC260Y_URL=http://$http
    $bin/bc260y-platform device list --token-file $folder/admin-token
The module's AT port is $port.
END
    trap 'exit 0' INT TERM HUP
    wait "$platform"
    fail "the platform has ended"
fi
cat <<END

The platform's web console was at http://$http/; make demo KEEP=1 keeps it there.
Go on by hand, with one terminal for each:
    $bin/bc260y-platform serve --open iot   (console: http://127.0.0.1:8080/)
    $bin/bc260y --pty /tmp/bc260y --factory-reset
    picocom /tmp/bc260y                     (or: screen /tmp/bc260y)
then type AT commands; the guide's, with 127.0.0.1 as the server, begin with
    AT+QLACONFIG=0,"127.0.0.1",5683,"867724030023557",300,3
For a board, join it and the module with a USB serial cable:
    $bin/bc260y --tty /dev/ttyUSB0
A real module can play the same transcript against a server that it can reach:
    $bin/bc260y-at --port /dev/ttyUSB0 --booted -D server=ADDRESS \\
        $source_folder/examples/$transcript.at
END
