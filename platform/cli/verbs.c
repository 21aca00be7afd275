/*
 * The verbs, a row each: cli.h says what the columns mean.
 */
#include <stddef.h>

#include "cli.h"

#define DEVICE "/devices/{endpoint}"
#define PRODUCT "/products/{product}"
#define PRODUCT_OPTIONS                                                                           \
    " --project --manufacturer-id --manufacturer --model --industry --device-type --protocol"     \
    " --data-format --category --node-type --security --endpoint-format --payload --power-saving" \
    " --product-id --observe-all:any --description"
#define COMMAND_COLUMNS "id endpoint operation path state created_ms code value reason"
#define ROW_COLUMNS "number time_ms kind path format text hex values"
#define LINE_COLUMNS "@lines number time_ms direction text"

const struct cli_verb cli_verbs[] = {
    {"product", "list", "GET", "/products", "--search",
     "id name carrier devices=device_count codec=codec.kind created_ms",
     .about = "Lists the products."},
    {"product", "show", "GET", PRODUCT, "PRODUCT", NULL,
     .about = "Shows a product; PRODUCT is its id."},
    {"product", "add", "POST", "/products", "NAME CARRIER" PRODUCT_OPTIONS, NULL,
     .about = "Adds a product of the carrier iot, aep, dmp or andlink."},
    {"product", "set", "PATCH", PRODUCT, "PRODUCT --name" PRODUCT_OPTIONS, NULL,
     .about = "Changes a product."},
    {"product", "remove", "DELETE", PRODUCT, "PRODUCT", NULL,
     .about = "Removes a product that has no devices."},
    {"product", "profile", "GET", PRODUCT "/profile", "PRODUCT", "json",
     .about = "Prints the profile of its devices."},
    {"product", "set-profile", "PUT", PRODUCT "/profile", "PRODUCT FILE:document", "json",
     .about = "Sets the profile from a JSON file, or - for standard input."},
    {"product", "codec", "GET", PRODUCT "/codec", "PRODUCT", "json", .about = "Prints the codec."},
    {"product", "set-lua", "PUT", PRODUCT "/codec", "PRODUCT FILE:text=source", "json",
     .about = "Makes a Lua script its codec.", .fixed = "{\"kind\":\"lua\"}"},
    {"product", "set-codec", "PUT", PRODUCT "/codec", "PRODUCT FILE:document", "json",
     .about = "Sets the codec from a JSON file."},
    {"product", "remove-codec", "DELETE", PRODUCT "/codec", "PRODUCT", NULL,
     .about = "Removes the codec."},
    {"product", "deploy", "POST", PRODUCT "/codec/deploy", "PRODUCT", NULL,
     .about = "Puts the codec into force."},
    {"product", "decode", "POST", PRODUCT "/codec/test", "PRODUCT HEX", "json",
     .about = "Tries the codec on bytes."},
    {"product", "encode", "POST", PRODUCT "/codec/test", "PRODUCT COMMAND:json", "json",
     .about = "Tries the codec on a command: {\"service\",\"method\",\"params\"}."},
    {"product", "model", "GET", PRODUCT "/model", "PRODUCT", "json",
     .about = "Prints the thing model."},
    {"product", "set-model", "PUT", PRODUCT "/model", "PRODUCT FILE:document", "json",
     .about = "Sets the thing model from a JSON file."},
    {"product", "publish", "POST", PRODUCT "/model/publish", "PRODUCT", NULL,
     .about = "Puts the thing model into force."},
    {"product", "mapping", "GET", PRODUCT "/mapping", "PRODUCT", "json",
     .about = "Prints which resource is which property."},
    {"product", "set-mapping", "PUT", PRODUCT "/mapping", "PRODUCT FILE:document", "json",
     .about = "Sets the mapping from a JSON file."},

    {"device", "list", "GET", "/devices", "--product:int --online:any --search",
     "endpoint name product online commands=commands_waiting seen_ms=registration.seen_ms "
     "address=registration.address",
     .about = "Lists the devices."},
    {"device", "show", "GET", DEVICE, "ENDPOINT", NULL, .about = "Shows a device."},
    {"device", "add", "POST", "/devices",
     "PRODUCT:int --imei --endpoint --imsi --name --device-key --remark --subscription "
     "--psk-file:psk=psk",
     NULL,
     .about = "Adds a device by --imei or --endpoint; the key comes from a file: IDENTITY KEY."},
    {"device", "set", "PATCH", DEVICE,
     "ENDPOINT --product:int --name --imsi --device-key --remark --subscription"
     " --psk-file:psk=psk",
     NULL, .about = "Changes a device; --product N moves it there with its next registration."},
    {"device", "remove", "DELETE", DEVICE, "ENDPOINT", NULL,
     .about = "Removes a device with its registration, data and commands."},
    {"device", "objects", "GET", DEVICE "/objects", "ENDPOINT",
     "path name operations observed value time_ms",
     .about = "Lists its objects and their last values.", .run = cli_list_objects},
    {"device", "properties", "GET", DEVICE "/properties", "ENDPOINT", "name value unit time_ms",
     .about = "Lists the latest values of its properties."},
    {"device", "history", "GET", DEVICE "/properties/{property}",
     "ENDPOINT PROPERTY --from-ms:int --to-ms:int", "time_ms value",
     .about = "Lists the values that a property had."},
    {"device", "messages", "GET", DEVICE "/messages", "ENDPOINT",
     "time_ms direction type code message_id token payload=payload_text",
     .about = "Lists its last CoAP messages."},
    {"device", "commands", "GET", DEVICE "/commands", "ENDPOINT", COMMAND_COLUMNS,
     .about = "Lists its commands."},
    {"device", "start", "POST", DEVICE "/virtual",
     "ENDPOINT --example --transcript:text --time-scale:int", LINE_COLUMNS,
     .about = "Starts a module in software as this device; it plays an example (iot, aep, andlink, "
              "dmp) or a transcript."},
    {"device", "virtual", "GET", DEVICE "/virtual", "ENDPOINT --from:int", LINE_COLUMNS,
     .about = "Prints the lines of that module's AT port."},
    {"device", "type", "POST", DEVICE "/virtual/input", "ENDPOINT TEXT", NULL,
     .about = "Types a line at the AT port of that module.", .quiet = true},
    {"device", "stop", "DELETE", DEVICE "/virtual", "ENDPOINT", NULL,
     .about = "Stops that module, as a power cut would, and forgets its lines."},

    {"command", "list", "GET", "/commands", "--state", COMMAND_COLUMNS, .about = "Lists commands."},
    {"command", "show", "GET", "/commands/{command}", "COMMAND", NULL, .about = "Shows a command."},
    {"command", "send", "POST", DEVICE "/commands",
     "ENDPOINT OPERATION [PATH] [VALUE:any] --hex --format:int --accept:int --arguments "
     "--expire:int=expire_s --wait:int",
     NULL,
     .about =
         "Sends read, write, execute, discover, observe or cancel; --wait S waits for its end, "
         "--expire 0 fails when the device cannot be reached now.",
     .run = cli_send_command},
    {"command", "call", "POST", DEVICE "/commands",
     "ENDPOINT SERVICE METHOD [PARAMS:json] --expire:int=expire_s --wait:int", NULL,
     .about = "Sends a command of its profile, with parameters in JSON.", .run = cli_send_command},
    {"command", "property", "POST", DEVICE "/commands",
     "ENDPOINT PROPERTY VALUE:any --expire:int=expire_s --wait:int", NULL,
     .about = "Writes a property of its thing model.", .run = cli_send_command},
    {"command", "cancel", "DELETE", "/commands/{command}", "COMMAND", NULL,
     .about = "Cancels a command that has not ended."},

    {"data", "list", "GET", DEVICE "/data",
     "ENDPOINT --from:int --to:int --follow:switch --count:count", ROW_COLUMNS,
     .about =
         "Lists what a device reported; --follow goes on with what comes, --count N ends after N "
         "rows.",
     .run = cli_list_data},

    {"token", "list", "GET", "/tokens", NULL, "id name role created_ms expires_ms last_used_ms",
     .about = "Lists the tokens, without their text."},
    {"token", "create", "POST", "/tokens", "NAME ROLE --days:days=expires_ms", NULL,
     .about = "Makes a token of the role viewer, operator or admin and prints it, this once.",
     .run = cli_create_token},
    {"token", "remove", "DELETE", "/tokens/{token}", "TOKEN", NULL,
     .about = "Revokes a token; TOKEN is its id."},

    {"firmware", "list", "GET", "/firmwares", NULL,
     "id name version carrier state bytes source=source_revision target=target_revision",
     .about = "Lists the firmware packages."},
    {"firmware", "show", "GET", "/firmwares/{firmware}", "FIRMWARE", NULL,
     .about = "Shows a package."},
    {"firmware", "upload", "POST", "/firmwares",
     "FILE:local --version --carrier --name --md5 --product:int --description --device-type "
     "--manufacturer --model --protocol --source-versions:list",
     NULL, .about = "Uploads a zip file with a delta package, as a new firmware.",
     .run = cli_upload_firmware},
    {"firmware", "remove", "DELETE", "/firmwares/{firmware}", "FIRMWARE", NULL,
     .about = "Removes a package."},

    {"key", "list", "GET", "/keys", NULL, "id manufacturer created_ms",
     .about = "Lists the manufacturers' public keys."},
    {"key", "add", "POST", "/keys", "MANUFACTURER FILE:text=public_key", NULL,
     .about = "Adds a public key, a PEM file."},
    {"key", "remove", "DELETE", "/keys/{key}", "KEY", NULL, .about = "Removes a key."},

    {"group", "list", "GET", "/groups", NULL, "id name devices=device_count created_ms",
     .about = "Lists the groups of devices."},
    {"group", "show", "GET", "/groups/{group}", "GROUP", NULL, .about = "Shows a group."},
    {"group", "add", "POST", "/groups", "NAME", NULL, .about = "Adds a group."},
    {"group", "join", "PUT", "/groups/{group}/devices/{endpoint}", "GROUP ENDPOINT", NULL,
     .about = "Puts a device into a group."},
    {"group", "leave", "DELETE", "/groups/{group}/devices/{endpoint}", "GROUP ENDPOINT", NULL,
     .about = "Takes a device out of a group."},
    {"group", "remove", "DELETE", "/groups/{group}", "GROUP", NULL, .about = "Removes a group."},

    {"task", "list", "GET", "/tasks", NULL,
     "id name firmware state waiting=counts.waiting running=counts.running "
     "succeeded=counts.succeeded failed=counts.failed",
     .about = "Lists the upgrade tasks."},
    {"task", "show", "GET", "/tasks/{task}", "TASK", NULL, .about = "Shows a task."},
    {"task", "create", "POST", "/tasks",
     "NAME FIRMWARE:int --group:int --devices:list --retries:int --retry-policy --description",
     NULL, .about = "Makes a task for a group or for devices; start it then."},
    {"task", "add", "POST", "/tasks/{task}/devices", "TASK ENDPOINT...=devices", NULL,
     .about = "Adds devices to a task."},
    {"task", "devices", "GET", "/tasks/{task}/devices", "TASK",
     "endpoint state progress attempts result version_before version_after updated_ms reason",
     .about = "Lists how far its devices are."},
    {"task", "start", "POST", "/tasks/{task}/start", "TASK --wait:count", NULL,
     .about = "Starts a task; --wait S shows its progress until it ends.", .run = cli_start_task},
    {"task", "cancel", "POST", "/tasks/{task}/cancel", "TASK", NULL, .about = "Cancels a task."},
    {"task", "remove", "DELETE", "/tasks/{task}", "TASK", NULL, .about = "Removes a task."},

    {"webhook", "list", "GET", "/webhooks", NULL,
     "id url events product delivered failed last_error", .about = "Lists the webhooks."},
    {"webhook", "add", "POST", "/webhooks",
     "URL --events:list --product:int --secret-file:secret=secret", NULL,
     .about = "Has events posted to a URL; the secret of their signature comes from a file."},
    {"webhook", "remove", "DELETE", "/webhooks/{webhook}", "WEBHOOK", NULL,
     .about = "Removes a webhook."},

    {"event", "follow", "GET", "/events", "--device --type --count:count",
     "time_ms type endpoint about",
     .about = "Prints what happens, an event a line; --count N ends after N.",
     .run = cli_follow_events},
    {"status", "", "GET", "/status", NULL, NULL, .about = "Shows how the platform is."},
    {"whoami", "", "GET", "/whoami", NULL, NULL, .about = "Shows whose token this is."},
    {.noun = NULL},
};
