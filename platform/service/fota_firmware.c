/*
 * The resources of firmware and of manufacturers' keys (G 5.6.1, 5.7.2, 5.7.4). A firmware is made
 * in two calls: what it is, then its file. For AEP the file's MD5 is compared; for IoT its
 * signature is verified with the manufacturer's key, and its fields are those of the profile.
 */
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "fota.h"

/* A copy of some members. */
static json_t *pick(const json_t *from, const char *const *names)
{
    json_t *out = json_object();
    for (; *names != NULL; names++) {
        json_t *value = json_object_get(from, *names);
        if (value != NULL)
            (void)json_object_set(out, *names, value);
    }
    return out;
}

/* Firmware -------------------------------------------------------------------------------------*/

static const char *const settings_names[] = {"description",     "product", "device_type",
                                             "manufacturer",    "model",   "protocol",
                                             "source_versions", NULL};

static json_t *parse(bc_view text)
{
    return json_loadb((const char *)text.ptr, text.len, 0, NULL);
}

static json_t *firmware_json(const struct bc_fota_firmware *firmware)
{
    json_t *out = json_pack(
        "{s:I,s:o,s:o,s:o,s:s,s:I,s:o,s:o,s:I}", "id", (json_int_t)firmware->id, "name",
        service_text(firmware->name), "version", service_text(firmware->version), "carrier",
        service_text(firmware->carrier), "state", firmware->ready ? "ready" : "empty", "bytes",
        (json_int_t)firmware->zip_bytes, "md5", service_text(firmware->md5), "sha256",
        service_text(firmware->sha256), "created_ms", (json_int_t)firmware->created_ms);
    json_t *settings = parse(firmware->settings);
    (void)json_object_update(out, settings);
    json_decref(settings);
    return out;
}

static bool take_firmware(void *context, const struct bc_fota_firmware *firmware)
{
    struct service_list *page = context;
    if (!service_list_room(page, firmware->id))
        return false;
    (void)json_array_append_new(page->items, firmware_json(firmware));
    return true;
}

void fota_list_firmwares(struct api_call *call, struct api_answer *answer)
{
    struct service_list page;
    struct bc_fota_page rows = fota_list_begin(call, &page);
    bc_fota_firmwares(call->service->config.store, &rows, take_firmware, &page);
    service_list_answer(call, &page, answer);
}

struct wanted {
    int64_t id;
    json_t *json;
    struct fota_firmware *firmware;
};

static bool take_wanted(void *context, const struct bc_fota_firmware *firmware)
{
    struct wanted *wanted = context;
    if (firmware->id != wanted->id)
        return false;
    wanted->json = firmware_json(firmware);
    if (wanted->firmware != NULL)
        *wanted->firmware = (struct fota_firmware){
            .id = firmware->id,
            .ready = firmware->ready,
            .iot = bc_view_equal(firmware->carrier, BC_TEXT("iot")),
            .settings = parse(firmware->settings),
        };
    return false;
}

/* To be released; NULL when there is none. */
static json_t *find(struct service *service, int64_t id, struct fota_firmware *out)
{
    struct wanted wanted = {.id = id, .firmware = out};
    const struct bc_fota_page page = {.from = id, .count = 1};
    if (id > 0)
        bc_fota_firmwares(service->config.store, &page, take_wanted, &wanted);
    return wanted.json;
}

bool fota_find_firmware(struct service *service, int64_t id, struct fota_firmware *out)
{
    json_t *json = find(service, id, out);
    json_decref(json);
    return json != NULL;
}

static void show(const struct api_call *call, int64_t id, struct api_answer *answer)
{
    answer->body = find(call->service, id, NULL);
    if (answer->body == NULL)
        service_answer_missing(call, answer, "firmware");
}

void fota_show_firmware(struct api_call *call, struct api_answer *answer)
{
    show(call, service_id(call->segments[0]), answer);
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

/* What IoT wants besides. */
static bool is_complete(const json_t *body, struct api_answer *answer)
{
    static const char *const names[] = {"device_type", "manufacturer", "model", "protocol"};
    if (strcmp(text_of(body, "carrier"), "iot") != 0)
        return true;
    for (size_t i = 0; i < API_COUNT(names); i++)
        if (text_of(body, names[i])[0] == '\0') {
            api_problem(answer, 422, "firmware_field_missing", names[i],
                        "%s is missing: firmware for iot has it", names[i]);
            return false;
        }
    if (json_object_get(body, "product") != NULL)
        return true;
    api_problem(answer, 422, "firmware_product_missing", "product",
                "product is missing: its profile says what is allowed");
    return false;
}

static bool is_md5(const char *text, char out[FOTA_MD5_CHARS + 1])
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        if (strchr("0123456789abcdefABCDEF", text[i]) == NULL)
            return false;
        if (i < FOTA_MD5_CHARS)
            out[i] = text[i] >= 'A' && text[i] <= 'F' ? (char)(text[i] - 'A' + 'a') : text[i];
    }
    out[len < FOTA_MD5_CHARS ? len : FOTA_MD5_CHARS] = '\0';
    return len == FOTA_MD5_CHARS || len == 0;
}

void fota_add_firmware(struct api_call *call, struct api_answer *answer)
{
    struct service *service = call->service;
    const json_t *product = json_object_get(call->body, "product");
    char md5[FOTA_MD5_CHARS + 1];
    service_enter(call);
    if (!is_complete(call->body, answer))
        return;
    if (!is_md5(text_of(call->body, "md5"), md5)) {
        api_problem(answer, 422, "md5_refused", "md5", "md5 is not 32 hexadecimal digits");
        return;
    }
    json_t *settings =
        product == NULL
            ? NULL
            : service_product_document(service, json_integer_value(product), "settings");
    if (product != NULL && settings == NULL) {
        api_problem(answer, 422, "unknown_product", "product", "there is no such product");
        return;
    }
    json_decref(settings);
    settings = pick(call->body, settings_names);
    char *text = json_dumps(settings, JSON_COMPACT);
    const struct bc_fota_firmware firmware = {
        .name = bc_view_of(text_of(call->body, "name")),
        .version = bc_view_of(text_of(call->body, "version")),
        .carrier = bc_view_of(text_of(call->body, "carrier")),
        .settings = text == NULL ? BC_TEXT("{}") : bc_view_of(text),
        .md5 = bc_view_of(md5),
        .created_ms = call->utc_ms,
    };
    int64_t id = bc_fota_add_firmware(service->config.store, &firmware);
    if (id == 0)
        service_answer_store(call, answer);
    else
        show(call, id, answer);
    free(text);
    json_decref(settings);
}

void fota_drop_firmware(struct api_call *call, struct api_answer *answer)
{
    struct bc_store *store = call->service->config.store;
    int64_t id = service_id(call->segments[0]);
    struct fota_firmware firmware;
    service_enter(call);
    if (!fota_find_firmware(call->service, id, &firmware)) {
        service_answer_missing(call, answer, "firmware");
        return;
    }
    json_decref(firmware.settings);
    if (bc_fota_has_tasks(store, id))
        api_problem(answer, 409, "firmware_in_use", NULL,
                    "there are tasks with this firmware; delete them first");
    else if (!bc_fota_drop_firmware(store, id))
        service_answer_store(call, answer);
}

/* Its file -------------------------------------------------------------------------------------*/

static bool same(const json_t *a, const char *a_name, const json_t *b, const char *b_name)
{
    return strcmp(text_of(a, a_name), text_of(b, b_name)) == 0;
}

const char *fota_profile_problem(struct service *service, const json_t *settings,
                                 const char **field)
{
    static const struct {
        const char *ours;
        const char *profiles;
        const char *problem;
    } pairs[] = {
        {"device_type", "deviceType", "device_type is not that of the product's profile"},
        {"manufacturer", "manufacturerName", "manufacturer is not that of the product's profile"},
        {"model", "model", "model is not that of the product's profile"},
        {"protocol", "protocolType", "protocol is not that of the product's profile"},
    };
    int64_t product = json_integer_value(json_object_get(settings, "product"));
    json_t *profile = service_product_document(service, product, "profile");
    const json_t *device = json_array_get(json_object_get(profile, "devices"), 0);
    const json_t *upgrade =
        json_object_get(json_object_get(device, "omCapability"), "fwUpgradeCapability");
    const char *problem = NULL;
    *field = "product";
    if (profile == NULL)
        problem = "the product has no profile";
    else if (!json_is_true(json_object_get(upgrade, "supportUpgrade")))
        problem = "the product's profile has no omCapability.fwUpgradeCapability.supportUpgrade";
    for (size_t i = 0; problem == NULL && i < API_COUNT(pairs); i++)
        if (!same(settings, pairs[i].ours, device, pairs[i].profiles)) {
            problem = pairs[i].problem;
            *field = pairs[i].ours;
        }
    json_decref(profile);
    return problem;
}

struct verdict {
    bc_view zip;
    bool good;
    char *why;
};

static bool verify(void *context, const struct bc_fota_key *key)
{
    struct verdict *verdict = context;
    verdict->good = fota_content_signed(verdict->zip, key->pem, verdict->why);
    return false;
}

static bool has_source(const json_t *settings, const char *revision)
{
    const json_t *versions = json_object_get(settings, "source_versions");
    size_t index;
    const json_t *version;
    json_array_foreach(versions, index,
                       version) if (strcmp(json_string_value(version), revision) == 0) return true;
    return json_array_size(versions) == 0;
}

struct upload {
    bc_view zip;
    const struct fota_firmware *firmware;
    struct fota_content content;
    char md5[FOTA_MD5_CHARS + 1];
    char sha256[FOTA_SHA256_CHARS + 1];
    char why[FOTA_WHY_BYTES];
    const char *field; /* of the firmware, that the file is at odds with */
};

static bool is_allowed(struct service *service, struct upload *upload)
{
    const json_t *settings = upload->firmware->settings;
    const char *problem = fota_profile_problem(service, settings, &upload->field);
    const char *manufacturer = text_of(settings, "manufacturer");
    struct verdict verdict = {.zip = upload->zip, .why = upload->why};
    if (problem != NULL) {
        (void)snprintf(upload->why, FOTA_WHY_BYTES, "%s", problem);
        return false;
    }
    upload->field = NULL;
    if (!bc_fota_find_key(service->config.store, bc_view_of(manufacturer), verify, &verdict)) {
        upload->field = "manufacturer";
        (void)snprintf(upload->why, FOTA_WHY_BYTES,
                       "there is no public key of %.64s: upload it first", manufacturer);
    }
    return verdict.good;
}

/* All that can be wrong with the file; its content is to be closed when nothing is. */
static bool check(struct service *service, struct upload *upload, const char *md5)
{
    const json_t *settings = upload->firmware->settings;
    if (!fota_md5(upload->zip, upload->md5) || !fota_sha256(upload->zip, upload->sha256)) {
        (void)snprintf(upload->why, FOTA_WHY_BYTES, "not enough memory");
        return false;
    }
    if (md5[0] != '\0' && strcmp(md5, upload->md5) != 0) {
        upload->field = "md5";
        (void)snprintf(upload->why, FOTA_WHY_BYTES, "the MD5 of the file is %s and should be %.32s",
                       upload->md5, md5);
        return false;
    }
    if (upload->firmware->iot && !is_allowed(service, upload))
        return false;
    if (!fota_content_open(upload->zip, &upload->content, upload->why))
        return false;
    if (has_source(settings, upload->content.source))
        return true;
    upload->field = "source_versions";
    (void)snprintf(upload->why, FOTA_WHY_BYTES,
                   "the package is for %s, which source_versions has not", upload->content.source);
    fota_content_close(&upload->content);
    return false;
}

static bool fill(struct service *service, const struct upload *upload)
{
    const struct fota_content *content = &upload->content;
    json_t *settings = upload->firmware->settings;
    json_t *found =
        json_pack("{s:s,s:s,s:I}", "source_revision", content->source, "target_revision",
                  content->target, "package_bytes", (json_int_t)content->package_bytes);
    (void)json_object_update(settings, found);
    json_decref(found);
    char *text = json_dumps(settings, JSON_COMPACT);
    const struct bc_fota_firmware row = {
        .id = upload->firmware->id,
        .settings = text == NULL ? BC_TEXT("{}") : bc_view_of(text),
        .md5 = bc_view_of(upload->md5),
        .sha256 = bc_view_of(upload->sha256),
        .zip_bytes = (int64_t)upload->zip.len,
    };
    bool done =
        text != NULL && bc_fota_fill_firmware(service->config.store, &row,
                                              (bc_view){content->package, content->package_bytes});
    free(text);
    return done;
}

static void take_content(const struct api_call *call, const struct fota_firmware *firmware,
                         const json_t *json, struct api_answer *answer)
{
    struct upload upload = {.zip = call->raw, .firmware = firmware};
    if (firmware->ready) {
        api_problem(answer, 409, "firmware_has_file", NULL,
                    "this firmware has its file; add another firmware");
        return;
    }
    if (!check(call->service, &upload, text_of(json, "md5"))) {
        api_problem(answer, 422, "package_refused", upload.field, "%s", upload.why);
        return;
    }
    if (fill(call->service, &upload))
        show(call, firmware->id, answer);
    else
        service_answer_store(call, answer);
    fota_content_close(&upload.content);
}

void fota_put_content(struct api_call *call, struct api_answer *answer)
{
    struct fota_firmware firmware;
    service_enter(call);
    json_t *json = find(call->service, service_id(call->segments[0]), &firmware);
    if (json == NULL) {
        service_answer_missing(call, answer, "firmware");
        return;
    }
    take_content(call, &firmware, json, answer);
    json_decref(firmware.settings);
    json_decref(json);
}

/* Keys -----------------------------------------------------------------------------------------*/

static json_t *key_json(const struct bc_fota_key *key)
{
    return json_pack("{s:I,s:o,s:o,s:I}", "id", (json_int_t)key->id, "manufacturer",
                     service_text(key->manufacturer), "public_key", service_text(key->pem),
                     "created_ms", (json_int_t)key->created_ms);
}

static bool take_key(void *context, const struct bc_fota_key *key)
{
    struct service_list *page = context;
    if (!service_list_room(page, key->id))
        return false;
    (void)json_array_append_new(page->items, key_json(key));
    return true;
}

void fota_list_keys(struct api_call *call, struct api_answer *answer)
{
    struct service_list page;
    struct bc_fota_page rows = fota_list_begin(call, &page);
    bc_fota_keys(call->service->config.store, &rows, take_key, &page);
    service_list_answer(call, &page, answer);
}

static bool take_any(void *context, const struct bc_fota_key *key)
{
    *(int64_t *)context = key->id;
    return false;
}

void fota_add_key(struct api_call *call, struct api_answer *answer)
{
    struct bc_store *store = call->service->config.store;
    struct bc_fota_key key = {
        .manufacturer = bc_view_of(text_of(call->body, "manufacturer")),
        .pem = bc_view_of(text_of(call->body, "public_key")),
        .created_ms = call->utc_ms,
    };
    char why[FOTA_WHY_BYTES];
    int64_t known = 0;
    service_enter(call);
    if (!fota_key_usable(key.pem, why)) {
        api_problem(answer, 422, "public_key_refused", "public_key",
                    "public_key cannot be used: %s", why);
        return;
    }
    if (bc_fota_find_key(store, key.manufacturer, take_any, &known)) {
        api_problem(answer, 409, "manufacturer_has_key", "manufacturer",
                    "this manufacturer has a key; delete key %lld first", (long long)known);
        return;
    }
    key.id = bc_fota_add_key(store, &key);
    if (key.id == 0)
        service_answer_store(call, answer);
    else
        answer->body = key_json(&key);
}

static bool take_same(void *context, const struct bc_fota_key *key)
{
    int64_t *id = context;
    *id = key->id == *id ? 0 : *id; /* 0: found */
    return false;
}

void fota_drop_key(struct api_call *call, struct api_answer *answer)
{
    struct bc_store *store = call->service->config.store;
    int64_t id = service_id(call->segments[0]), left = id;
    const struct bc_fota_page page = {.from = id, .count = 1};
    service_enter(call);
    if (id > 0)
        bc_fota_keys(store, &page, take_same, &left);
    if (id <= 0 || left != 0)
        service_answer_missing(call, answer, "key");
    else if (!bc_fota_drop_key(store, id))
        service_answer_store(call, answer);
}
