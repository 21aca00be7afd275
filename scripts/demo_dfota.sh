# shellcheck shell=sh
# The operator's part of the story dfota, for demo.sh: guide section 5.7 with the command line.
# shellcheck disable=SC2154 # bin, folder, source_folder, color and http are demo.sh's

source_revision=BC260YCNAAR01A03
target_revision=BC260YCNAAR01A03_BETA0721
imei=869405030311568

# operate COMMAND...: shows it, runs it, and keeps what it prints in $folder/operated.
operate() {
    if [ -n "$color" ]; then
        printf '\033[33m%-8s\033[0m | $ %s\n' operator "$(basename "$1") $(shift && echo "$*")"
    else
        printf '%-8s | $ %s\n' operator "$(basename "$1") $(shift && echo "$*")"
    fi
    "$@" >"$folder/operated" 2>"$folder/operator.err" || fail "the operator's command does not work"
}

# created COMMAND...: the same, and sets $id to what it made.
created() {
    operate "$@" --json
    id=$(sed -n 's/.*"id": *\([0-9]*\).*/\1/p' "$folder/operated" | head -n 1)
    [ -n "$id" ] || fail "the operator's command does not say what it made"
}

# Two builds of a firmware, the package between them, zipped and signed (5.7.2, 5.7.3).
make_firmware() {
    command -v python3 >/dev/null || fail "python3 is not there: it makes the firmware images"
    python3 "$source_folder/scripts/firmware.py" "$folder" $source_revision $target_revision ||
        fail "cannot make firmware images"
    bin=$(cd "$bin" && pwd)
    cd "$folder" || fail "there is no folder"
    mkdir package || fail "cannot make a folder"
    echo quectel123 >passphrase
    operate "$bin/bc260y-delta" make $source_revision.bin $target_revision.bin \
        --from $source_revision --to $target_revision -o package/$target_revision.bin
    operate python3 -m zipfile -c $target_revision.zip package/$target_revision.bin
    operate "$bin/bc260y-sign" keygen --passphrase-file passphrase
    operate "$bin/bc260y-sign" sign $target_revision.zip --key private.pem \
        --passphrase-file passphrase
}

# Profile, device, key, signed package and batch task (5.7.1, 5.7.2, 5.7.4, 5.7.5).
offer_firmware() {
    export BC260Y_URL="http://$http"
    BC260Y_TOKEN=$(cat "$folder/admin-token") || fail "the platform made no token"
    export BC260Y_TOKEN
    cat >profile.json <<END
{"devices": [{"manufacturerId": "QUECTEL", "manufacturerName": "QUECTEL", "model": "BC260YCN",
  "protocolType": "CoAP", "deviceType": "WaterMeter",
  "omCapability": {"upgradeCapability": {"supportUpgrade": false},
    "fwUpgradeCapability": {"supportUpgrade": true, "upgradeProtocolType": "LWM2M",
      "downloadProtocolType": "CoAP"}},
  "serviceTypeCapabilities": []}], "services": []}
END
    created "$bin/bc260y-platform" product add WaterMeter iot
    product=$id
    operate "$bin/bc260y-platform" product set-profile "$product" profile.json
    operate "$bin/bc260y-platform" device add "$product" --imei $imei
    operate "$bin/bc260y-platform" key add QUECTEL public.pem
    created "$bin/bc260y-platform" firmware upload ${target_revision}_signed.zip --carrier iot \
        --version $target_revision --product "$product" --device-type WaterMeter \
        --manufacturer QUECTEL --model BC260YCN --protocol CoAP
    created "$bin/bc260y-platform" task create batch "$id" --group 1 --retries 2
    task=$id
    operate "$bin/bc260y-platform" task start "$task"
    echo
}

# The platform has read the result.
check_firmware() {
    for _ in $(seq 50); do
        operated=$("$bin/bc260y-platform" task devices "$task" 2>&1)
        case $operated in *SUCCEEDED* | *FAILED*) break ;; esac
        sleep 0.2
    done
    operate "$bin/bc260y-platform" task devices "$task"
    cat "$folder/operated"
    grep -q SUCCEEDED "$folder/operated" || fail "the platform does not know of the new revision"
}
