/*
 * Virtual devices (guide section 5.2.1.2, no physical device): modules in software that the
 * platform starts, plays transcripts on, and lets users type at. Here are the resources and what is
 * kept of each device; the processes are the program's (service_modules).
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "bc260y/limits.h"
#include "catalogue.h"
#include "examples.h"
#include "lines.h"
#include "player.h"
#include "private.h"

#define TRANSCRIPT_BYTES_MAX 32768 /* as JSON it must fit into a request */
#define ECHOES_MAX 16
#define IDENTITY_DIGITS 15
#define SECURITY_BYTES (2 * BC_PSK_BYTES_MAX + BC_PSK_ID_BYTES_MAX + sizeof("0,\"\",\"\""))
#define ARGUMENTS_MAX 24

struct virtual_device {
    struct virtuals *all;
    uint8_t *endpoint; /* NULL: this one is free */
    size_t endpoint_len;
    unsigned slot;
    bool running;
    bool keyed; /* it had a key when it was started */
    int status; /* when it has ended */
    struct player player;
    struct line_log log;
    struct line_cutter out, error;
    char *echoes[ECHOES_MAX]; /* of lines that were sent, still to come */
    size_t echo_count;
};

struct virtuals {
    struct service *service;
    struct virtual_device devices[SERVICE_MODULES_MAX];
};

static bc_view endpoint_of(const struct virtual_device *device)
{
    return (bc_view){device->endpoint, device->endpoint_len};
}

static struct virtual_device *find(struct virtuals *v, bc_view endpoint)
{
    for (size_t i = 0; i < SERVICE_MODULES_MAX; i++)
        if (v->devices[i].endpoint != NULL && bc_view_equal(endpoint_of(&v->devices[i]), endpoint))
            return &v->devices[i];
    return NULL;
}

static void say(struct virtual_device *device, enum line_direction direction, const char *line)
{
    struct service *service = device->all->service;
    char text[AT_LINE_MAX + 1];
    line_without_key(line, text);
    line_log_add(&device->log, service->now.utc_ms, direction, text);
    if (service_wants(service, SERVICE_AT))
        service_tell(service, SERVICE_AT, endpoint_of(device),
                     json_pack("{s:I, s:s, s:o, s:s}", "number", (json_int_t)device->log.next - 1,
                               "direction", line_direction_name(direction), "text", line_json(text),
                               "state", device->running ? "running" : "ended"));
}

static void forget_echoes(struct virtual_device *device, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(device->echoes[i]);
    device->echo_count -= count;
    memmove(device->echoes, device->echoes + count, device->echo_count * sizeof(char *));
}

static void expect_echo(struct virtual_device *device, const char *line)
{
    if (device->echo_count == ECHOES_MAX)
        forget_echoes(device, 1);
    char *copy = strdup(line);
    if (copy != NULL)
        device->echoes[device->echo_count++] = copy;
}

/* A module that sleeps loses a line and never echoes it: the echo of a later one says so. */
static bool is_echo(struct virtual_device *device, const char *line)
{
    for (size_t i = 0; i < device->echo_count; i++)
        if (strcmp(device->echoes[i], line) == 0) {
            forget_echoes(device, i + 1);
            return true;
        }
    return false;
}

static void stop(struct virtual_device *device)
{
    const struct service_modules *modules = device->all->service->config.modules;
    if (device->running)
        modules->stop(modules->context, device->slot);
    device->running = false;
}

static void release(struct virtual_device *device)
{
    stop(device);
    forget_echoes(device, device->echo_count);
    player_clear(&device->player);
    line_log_close(&device->log);
    free(device->endpoint);
    device->endpoint = NULL;
}

static void send_line(void *context, const char *line)
{
    struct virtual_device *device = context;
    const struct service_modules *modules = device->all->service->config.modules;
    if (!device->running)
        return;
    say(device, LINE_IN, line);
    expect_echo(device, line);
    if (modules->write(modules->context, device->slot, bc_view_of(line)) &&
        modules->write(modules->context, device->slot, BC_TEXT("\r")))
        return;
    stop(device);
    device->status = -1;
    say(device, LINE_INFO, "stopped: the module takes no input");
}

/* After a call of the player: what has become of the transcript. */
static void tell_play(struct virtual_device *device, enum player_state before)
{
    const struct player *player = &device->player;
    if (player->state == before)
        return;
    if (player->state == PLAYER_PASSED)
        say(device, LINE_INFO, "transcript: passed");
    else if (player->state == PLAYER_FAILED)
        say(device, LINE_INFO, player->why);
}

/* What the program tells -------------------------------------------------------------------------
 */

static struct virtual_device *running_in(struct service *service, unsigned slot,
                                         const struct bc_store_time *now)
{
    struct virtuals *v = service->virtuals;
    service->now = *now;
    return v->devices[slot].running ? &v->devices[slot] : NULL;
}

void service_on_module_bytes(struct service *service, unsigned slot, bc_view bytes,
                             const struct bc_store_time *now)
{
    struct virtual_device *device = running_in(service, slot, now);
    if (device == NULL)
        return;
    while (line_cut(&device->out, &bytes)) {
        enum player_state before = device->player.state;
        if (is_echo(device, device->out.text))
            continue;
        say(device, LINE_OUT, device->out.text);
        player_on_line(&device->player, now->now_ms, device->out.text);
        tell_play(device, before);
    }
}

void service_on_module_error(struct service *service, unsigned slot, bc_view bytes,
                             const struct bc_store_time *now)
{
    struct virtual_device *device = running_in(service, slot, now);
    while (device != NULL && line_cut(&device->error, &bytes))
        say(device, LINE_INFO, device->error.text);
}

void service_on_module_ended(struct service *service, unsigned slot, int status,
                             const struct bc_store_time *now)
{
    struct virtual_device *device = running_in(service, slot, now);
    if (device == NULL)
        return;
    enum player_state before = device->player.state;
    device->running = false;
    device->status = status;
    player_end(&device->player, "the module ended");
    tell_play(device, before);
    say(device, LINE_INFO, "the module ended");
}

void virtuals_on_time(struct virtuals *v, const struct bc_store_time *now)
{
    for (size_t i = 0; i < SERVICE_MODULES_MAX; i++) {
        struct virtual_device *device = &v->devices[i];
        if (!device->running || player_deadline(&device->player) > now->now_ms)
            continue;
        enum player_state before = device->player.state;
        player_on_time(&device->player, now->now_ms);
        tell_play(device, before);
    }
}

uint64_t virtuals_deadline(const struct virtuals *v)
{
    uint64_t deadline = BC_NEVER;
    for (size_t i = 0; i < SERVICE_MODULES_MAX; i++)
        if (v->devices[i].running && player_deadline(&v->devices[i].player) < deadline)
            deadline = player_deadline(&v->devices[i].player);
    return deadline;
}

void virtuals_on_removed(struct virtuals *v, bc_view endpoint)
{
    struct virtual_device *device = find(v, endpoint);
    if (device != NULL)
        release(device);
}

bool virtuals_run(const struct virtuals *v, bc_view endpoint)
{
    for (size_t i = 0; i < SERVICE_MODULES_MAX; i++)
        if (v->devices[i].running && bc_view_equal(endpoint_of(&v->devices[i]), endpoint))
            return true;
    return false;
}

struct virtuals *virtuals_create(struct service *service)
{
    struct virtuals *v = calloc(1, sizeof(*v));
    if (v == NULL)
        return NULL;
    v->service = service;
    for (unsigned i = 0; i < SERVICE_MODULES_MAX; i++) {
        v->devices[i].all = v;
        v->devices[i].slot = i;
    }
    return v;
}

void virtuals_destroy(struct virtuals *v)
{
    if (v == NULL)
        return;
    for (size_t i = 0; i < SERVICE_MODULES_MAX; i++)
        if (v->devices[i].endpoint != NULL)
            release(&v->devices[i]);
    free(v);
}

/* Resources --------------------------------------------------------------------------------------
 */

static json_t *describe(const struct virtual_device *device, uint64_t from)
{
    const struct player *player = &device->player;
    unsigned line = player_line(player);
    char why[AT_LINE_MAX + 1];
    line_without_key(player->why, why);
    json_t *out =
        json_pack("{s:s, s:s, s:o}", "state", device->running ? "running" : "ended", "play",
                  player_state_name(player->state), "lines", line_log_json(&device->log, from));
    json_object_set_new(out, "exit", device->running ? json_null() : json_integer(device->status));
    json_object_set_new(out, "play_line", line > 0 ? json_integer((json_int_t)line) : json_null());
    json_object_set_new(out, "problem",
                        player->state == PLAYER_FAILED ? line_json(why) : json_null());
    return out;
}

/* The name must be one that can be typed in quotes. */
static bool can_be_typed(bc_view endpoint)
{
    for (size_t i = 0; i < endpoint.len; i++)
        if (endpoint.ptr[i] < 0x20 || endpoint.ptr[i] > 0x7E || endpoint.ptr[i] == '"')
            return false;
    return true;
}

/* The n-th run of 15 digits: all formats of endpoints name the IMEI and then the IMSI so. */
static bool identity_in(bc_view endpoint, unsigned n, char out[IDENTITY_DIGITS + 1])
{
    size_t run = 0;
    for (size_t i = 0; i <= endpoint.len; i++) {
        bool digit = i < endpoint.len && endpoint.ptr[i] >= '0' && endpoint.ptr[i] <= '9';
        if (!digit && run == IDENTITY_DIGITS && n-- == 0) {
            memcpy(out, endpoint.ptr + i - IDENTITY_DIGITS, IDENTITY_DIGITS);
            out[IDENTITY_DIGITS] = '\0';
            return true;
        }
        run = digit ? run + 1 : 0;
    }
    return false;
}

struct identity {
    char imei[IDENTITY_DIGITS + 1], imsi[IDENTITY_DIGITS + 1]; /* "" when they are not known */
};

static void take_digits(bc_view text, char out[IDENTITY_DIGITS + 1])
{
    char digits[IDENTITY_DIGITS + 1];
    if (text.len == IDENTITY_DIGITS && identity_in(text, 0, digits))
        memcpy(out, digits, sizeof(digits));
}

static bool take_identity(void *context, const struct bc_provision *provision)
{
    struct identity *identity = context;
    take_digits(provision->imei, identity->imei);
    take_digits(provision->imsi, identity->imsi);
    return false;
}

/* As the device was added, else as its endpoint says. */
static struct identity identity_of(const struct virtual_device *device)
{
    struct identity identity = {.imei = ""};
    bc_view endpoint = endpoint_of(device);
    (void)identity_in(endpoint, 0, identity.imei);
    (void)identity_in(endpoint, 1, identity.imsi);
    (void)bc_catalogue_provision(device->all->service->config.store, endpoint, take_identity,
                                 &identity);
    return identity;
}

/* "HOST:PORT", "[HOST]:PORT" */
static bool define_place(struct player *player, const char *place)
{
    char host[80];
    const char *colon = strrchr(place, ':');
    size_t skip = place[0] == '[';
    size_t len = (size_t)(colon - place);
    if (len >= sizeof(host))
        return false;
    memcpy(host, place + skip, len - 2 * skip);
    host[len - 2 * skip] = '\0';
    return player_define(player, "server", host) && player_define(player, "port", colon + 1);
}

static bc_view example_text(const char *name)
{
    for (const struct service_example *e = service_examples; e->name != NULL; e++)
        if (strcmp(e->name, name) == 0)
            return e->text;
    return (bc_view){NULL, 0};
}

static bool take_key(void *context, const struct bc_provision_key *key)
{
    bc_sink *out = context;
    if (!can_be_typed(key->identity)) {
        out->full = true;
        return false;
    }
    bc_put_text(out, "0,\"");
    bc_put_bytes(out, key->identity);
    bc_put_text(out, "\",\"");
    bc_put_hex(out, key->key);
    bc_put_char(out, '"');
    return false;
}

/* A device that has a key registers over DTLS, any other in plain: what the transcript knows as
 * {server}, {port} and {security}. False after a problem. */
static bool define_server(struct virtual_device *device, bool boots, const char *field,
                          struct api_answer *answer)
{
    const struct service *service = device->all->service;
    const struct service_modules *modules = service->config.modules;
    char text[SECURITY_BYTES];
    bc_sink security = {.ptr = (uint8_t *)text, .cap = sizeof(text) - 1};
    bc_catalogue_keys(service->config.store, endpoint_of(device), take_key, &security);
    text[security.len] = '\0';
    device->keyed = security.len > 0 || security.full;
    const char *place = (boots ? modules->bootstrap : modules->coap)[device->keyed];
    bool defined = false;
    if (security.full)
        api_problem(answer, 409, "key_never_typed", field,
                    "the identity of its key cannot be typed");
    else if (place == NULL && boots)
        api_problem(answer, 409, "bootstrap_not_served", field, "it needs a platform with %s",
                    device->keyed ? "--bootstrap-coaps" : "--bootstrap");
    else if (place == NULL)
        api_problem(answer, 409, "coaps_not_served", field,
                    "the device has a key: it needs a platform with --coaps");
    else if (define_place(&device->player, place) &&
             (!device->keyed || player_define(&device->player, "security", text)))
        defined = true;
    else
        api_no_memory(answer);
    bc_wipe(text, sizeof(text));
    return defined;
}

/* False after a problem. */
static bool read_transcript(struct virtual_device *device, const struct api_call *call,
                            struct api_answer *answer)
{
    const json_t *text = json_object_get(call->body, "transcript");
    const char *example = json_string_value(json_object_get(call->body, "example"));
    const char *field = example != NULL ? "example" : "transcript";
    bc_view script = {NULL, 0};
    char endpoint[256];
    if (example != NULL && json_is_string(text)) {
        api_problem(answer, 422, "transcript_and_example", field,
                    "give a transcript or an example, not both");
        return false;
    }
    bool boots = example != NULL && strcmp(example, "andlink") == 0;
    device->player.send = send_line;
    device->player.context = device;
    if (!define_server(device, boots, field, answer))
        return false;
    if (example != NULL)
        script = example_text(example);
    else if (json_is_string(text))
        script = (bc_view){(const uint8_t *)json_string_value(text), json_string_length(text)};
    memcpy(endpoint, device->endpoint, device->endpoint_len);
    endpoint[device->endpoint_len] = '\0';
    if (player_define(&device->player, "endpoint", endpoint) &&
        player_read(&device->player, script))
        return true;
    api_problem(answer, 422, "transcript_refused", field, "%s", device->player.why);
    return false;
}

struct arguments {
    const char *list[ARGUMENTS_MAX + 1];
    size_t count;
};

/* An option with its value; none without one. */
static void add_option(struct arguments *arguments, const char *option, const char *value)
{
    if (value == NULL)
        return;
    arguments->list[arguments->count++] = option;
    arguments->list[arguments->count++] = value;
}

static bool start(struct virtual_device *device, const struct api_call *call,
                  struct api_answer *answer)
{
    const struct service_modules *modules = call->service->config.modules;
    json_int_t scale = json_integer_value(json_object_get(call->body, "time_scale"));
    struct identity identity = identity_of(device);
    char factor[24], imei[24], imsi[24];
    struct arguments arguments = {.list = {"--stdio"}, .count = 1};
    snprintf(factor, sizeof(factor), "%lld", scale > 0 ? (long long)scale : 1);
    snprintf(imei, sizeof(imei), "imei=%s", identity.imei);
    snprintf(imsi, sizeof(imsi), "imsi=%s", identity.imsi);
    add_option(&arguments, "--state", "none");
    add_option(&arguments, "--time-scale", factor);
    add_option(&arguments, "--set", identity.imei[0] != '\0' ? imei : NULL);
    add_option(&arguments, "--set", identity.imsi[0] != '\0' ? imsi : NULL);
    /* A short key in hex may be taken for a text. What users write may be one. */
    add_option(&arguments, "--set",
               device->keyed && json_is_string(json_object_get(call->body, "example"))
                   ? "psk_format=hex"
                   : NULL);
    for (size_t i = 0; i < 2 && !modules->anywhere; i++) {
        add_option(&arguments, "--only", modules->coap[i]);
        add_option(&arguments, "--only", modules->bootstrap[i]);
    }
    const char *wrong = modules->start(modules->context, device->slot, arguments.list);
    if (wrong != NULL)
        api_problem(answer, 503, "module_not_started", NULL, "the module cannot be started: %s",
                    wrong);
    return wrong == NULL;
}

/* The one of that endpoint, a free one, or the place of one that has ended. */
static struct virtual_device *choose(struct virtuals *v, bc_view endpoint)
{
    struct virtual_device *best = find(v, endpoint);
    for (size_t i = 0; i < SERVICE_MODULES_MAX && best == NULL; i++)
        if (v->devices[i].endpoint == NULL)
            best = &v->devices[i];
    for (size_t i = 0; i < SERVICE_MODULES_MAX && best == NULL; i++)
        if (!v->devices[i].running)
            best = &v->devices[i];
    return best;
}

static bool prepare(struct virtual_device *device, bc_view endpoint)
{
    if (device->endpoint != NULL)
        release(device);
    player_init(&device->player);
    device->out = device->error = (struct line_cutter){.len = 0};
    device->status = 0;
    device->endpoint = malloc(endpoint.len);
    device->endpoint_len = endpoint.len;
    if (device->endpoint == NULL || !line_log_open(&device->log)) {
        free(device->endpoint);
        device->endpoint = NULL;
        return false;
    }
    memcpy(device->endpoint, endpoint.ptr, endpoint.len);
    return true;
}

static void start_virtual(struct api_call *call, struct api_answer *answer)
{
    struct service *service = call->service;
    struct virtuals *v = service->virtuals;
    bc_view endpoint = call->segments[0];
    struct service_device known;
    service->now = (struct bc_store_time){call->now_ms, call->utc_ms};
    if (!service_device_find(service, endpoint, &known) && service->config.open == NULL) {
        api_problem(answer, 404, "device_not_added", NULL, "there is no such device; add it first");
        return;
    }
    if (service->config.modules == NULL || !can_be_typed(endpoint) || endpoint.len > 255) {
        api_problem(answer, 409, "device_never_virtual", NULL,
                    "this device cannot be a virtual one");
        return;
    }
    struct virtual_device *device = choose(v, endpoint);
    if (device == NULL) {
        api_problem(answer, 409, "virtual_devices_full", NULL,
                    "%d virtual devices are running; stop one first", SERVICE_MODULES_MAX);
        return;
    }
    if (virtuals_run(v, endpoint)) {
        api_problem(answer, 409, "virtual_running", NULL, "it is running; stop it first");
        return;
    }
    if (!prepare(device, endpoint)) {
        api_no_memory(answer);
        return;
    }
    if (!read_transcript(device, call, answer) || !start(device, call, answer)) {
        release(device);
        return;
    }
    device->running = true;
    say(device, LINE_INFO, "the module starts");
    player_start(&device->player, call->now_ms);
    answer->body = describe(device, 0);
}

static struct virtual_device *device_of(struct api_call *call, struct api_answer *answer)
{
    struct virtuals *v = call->service->virtuals;
    struct virtual_device *device = find(v, call->segments[0]);
    call->service->now = (struct bc_store_time){call->now_ms, call->utc_ms};
    if (device == NULL)
        api_problem(answer, 404, "virtual_not_started", NULL,
                    "this device is no virtual one; start it with POST");
    return device;
}

static void show_virtual(struct api_call *call, struct api_answer *answer)
{
    const struct virtual_device *device = device_of(call, answer);
    json_int_t from = json_integer_value(json_object_get(call->query, "from"));
    if (device != NULL)
        answer->body = describe(device, from > 0 ? (uint64_t)from : 0);
}

static void stop_virtual(struct api_call *call, struct api_answer *answer)
{
    struct virtual_device *device = device_of(call, answer);
    if (device == NULL)
        return;
    if (device->running) {
        stop(device);
        say(device, LINE_INFO, "stopped");
    }
    release(device);
}

static void type_virtual(struct api_call *call, struct api_answer *answer)
{
    struct virtual_device *device = device_of(call, answer);
    const char *text = json_string_value(json_object_get(call->body, "text"));
    if (device == NULL)
        return;
    if (!device->running) {
        api_problem(answer, 409, "module_ended", NULL, "the module has ended; start it again");
        return;
    }
    if (player_line(&device->player) > 0 && device->player.state != PLAYER_FAILED) {
        api_problem(answer, 409, "transcript_playing", NULL,
                    "the transcript is playing, line %u; wait for its end",
                    player_line(&device->player));
        return;
    }
    for (const char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F) {
            api_problem(answer, 422, "line_refused", "text",
                        "one line, without control characters");
            return;
        }
    send_line(device, text);
    answer->body = describe(device, device->log.next - 1);
}

static const char *const example_words[] = {"iot", "aep", "andlink", "dmp", NULL};
static const struct api_field start_fields[] = {
    {.name = "transcript",
     .type = API_STRING,
     .nullable = true,
     .max = TRANSCRIPT_BYTES_MAX,
     .about = "Lines to play, as bc260y-at(1) does; {server}, {port}, {endpoint} and, of a device "
              "with a key, {security} are known."},
    {.name = "example",
     .type = API_STRING,
     .nullable = true,
     .words = example_words,
     .about = "Play the guide's session of this carrier instead."},
    {.name = "time_scale",
     .type = API_INTEGER,
     .min = 1,
     .max = 1000,
     .about = "How much faster the module's time runs; 1."},
};
static const struct api_shape start_in = API_SHAPE("StartVirtual", start_fields);

static const struct api_field input_fields[] = {
    {.name = "text",
     .type = API_STRING,
     .required = true,
     .min = 1,
     .max = AT_LINE_MAX,
     .about = "A line for the AT port, without its end."},
};
static const struct api_shape input_in = API_SHAPE("VirtualInput", input_fields);

static const struct api_field show_fields[] = {
    {.name = "from",
     .type = API_INTEGER,
     .max = INT64_MAX,
     .about = "Only lines from this number on."},
};
static const struct api_shape show_query = API_SHAPE("VirtualQuery", show_fields);

static const char *const state_words[] = {"running", "ended", NULL};
static const char *const play_words[] = {"idle", "playing", "passed", "failed", NULL};
static const char *const direction_words[] = {"in", "out", "info", NULL};
static const struct api_field line_fields[] = {
    {.name = "number", .type = API_INTEGER, .required = true, .about = "From 1; oldest go."},
    {.name = "time_ms", .type = API_INTEGER, .required = true},
    {.name = "direction",
     .type = API_STRING,
     .required = true,
     .words = direction_words,
     .about = "in: to the module; out: from it, without echoes; info: about it."},
    {.name = "text", .type = API_STRING, .required = true},
};
static const struct api_shape line_shape = API_SHAPE("VirtualLine", line_fields);
static const struct api_field virtual_fields[] = {
    {.name = "state", .type = API_STRING, .required = true, .words = state_words},
    {.name = "exit",
     .type = API_INTEGER,
     .nullable = true,
     .about = "Its exit status; -1 after a signal; null while it runs."},
    {.name = "play",
     .type = API_STRING,
     .required = true,
     .words = play_words,
     .about = "What has become of the transcript."},
    {.name = "play_line", .type = API_INTEGER, .nullable = true, .about = "Where it is."},
    {.name = "problem", .type = API_STRING, .nullable = true, .about = "Why it failed."},
    {.name = "lines", .type = API_OBJECT, .repeated = true, .required = true, .shape = &line_shape},
};
static const struct api_shape virtual_out = API_SHAPE("Virtual", virtual_fields);

static const struct api_route routes[] = {
    {"POST", "/devices/{endpoint}/virtual", API_OPERATOR, .in = &start_in, .out = &virtual_out,
     .status = 201, .handle = start_virtual,
     .about = "Starts a module in software as this device, and plays a transcript on it."},
    {"GET", "/devices/{endpoint}/virtual", API_VIEWER, .query = &show_query, .out = &virtual_out,
     .handle = show_virtual, .about = "The last 2,000 lines of its AT port."},
    {"DELETE", "/devices/{endpoint}/virtual", API_OPERATOR, .status = 204, .handle = stop_virtual,
     .about = "Stops it, as a power cut would, and forgets its lines."},
    {"POST", "/devices/{endpoint}/virtual/input", API_OPERATOR, .in = &input_in,
     .out = &virtual_out, .handle = type_virtual, .about = "Types a line at its AT port."},
};
const struct api_table api_virtual = API_TABLE(routes);
