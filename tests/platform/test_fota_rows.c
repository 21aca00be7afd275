/*
 * The resources of DFOTA (platform/service/fota_firmware.c, fota_tasks.c, fota_content.c): what is
 * taken, what is refused and why, and who may.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "fota_desk.h"
#include "sign.h"

#define IOT_FIELDS                                                                              \
    "\"name\":\"BETA\",\"version\":\"A02\",\"carrier\":\"iot\",\"device_type\":\"WaterMeter\"," \
    "\"manufacturer\":\"QUECTEL\",\"model\":\"BC260YCN\",\"protocol\":\"CoAP\""
#define PROFILE(om)                                                                      \
    "{\"devices\":[{\"manufacturerId\":\"QUECTEL\",\"manufacturerName\":\"QUECTEL\","    \
    "\"model\":\"BC260YCN\",\"protocolType\":\"CoAP\",\"deviceType\":\"WaterMeter\"," om \
    "\"serviceTypeCapabilities\":[]}],\"services\":[]}"
#define OM                                                                                \
    "\"omCapability\":{\"upgradeCapability\":{\"supportUpgrade\":false},"                 \
    "\"fwUpgradeCapability\":{\"supportUpgrade\":true,\"upgradeProtocolType\":\"LWM2M\"," \
    "\"downloadProtocolType\":\"CoAP\"}},"

static int64_t add_firmware(struct desk *d, const char *members)
{
    return office_number(office_ask(&d->o, 201, "POST", "/firmwares", members), "id");
}

static const char *content_path(int64_t firmware)
{
    static char path[64];
    snprintf(path, sizeof(path), "/firmwares/%lld/content", (long long)firmware);
    return path;
}

static void expect_refused(struct desk *d, int64_t firmware, bc_view zip, const char *why)
{
    const json_t *problem = office_send(&d->o, 422, "PUT", content_path(firmware), zip);
    const char *detail = office_text(problem, "detail");
    if (strstr(detail, why) == NULL)
        assert_string_equal(detail, why);
}

#define AEP "{\"name\":\"A02\",\"version\":\"A02\",\"carrier\":\"aep\"}"

static void a_firmware_has_its_package_and_hashes(void **state) /* G 5.6.1 */
{
    struct desk d;
    (void)state;
    desk_begin(&d, "aep");
    int64_t id = add_firmware(&d, AEP);
    const json_t *firmware =
        office_send(&d.o, 200, "PUT", content_path(id), (bc_view){d.zip, d.zip_bytes});
    assert_string_equal(office_text(firmware, "source_revision"), DESK_SOURCE);
    assert_string_equal(office_text(firmware, "target_revision"), DESK_TARGET);
    assert_int_equal(office_number(firmware, "package_bytes"), d.package_bytes);
    assert_int_equal(office_number(firmware, "bytes"), d.zip_bytes);
    assert_int_equal(strlen(office_text(firmware, "md5")), 32);
    assert_int_equal(strlen(office_text(firmware, "sha256")), 64);
    /* Once. */
    (void)office_send(&d.o, 409, "PUT", content_path(id), (bc_view){d.zip, d.zip_bytes});
    const json_t *list = office_ask(&d.o, 200, "GET", "/firmwares?search=A0", NULL);
    assert_int_equal(json_array_size(json_object_get(list, "items")), 1);
    desk_end(&d);
}

static void the_md5_of_the_file_is_compared(void **state) /* G 5.6.1 */
{
    struct desk d;
    (void)state;
    desk_begin(&d, "aep");
    int64_t id = add_firmware(&d, "{\"name\":\"A\",\"version\":\"A\",\"carrier\":\"aep\",\"md5\":"
                                  "\"00112233445566778899AABBCCDDEEFF\"}");
    expect_refused(&d, id, (bc_view){d.zip, d.zip_bytes},
                   "and should be 00112233445566778899aabbccddeeff");
    (void)office_ask(&d.o, 422, "POST", "/firmwares",
                     "{\"name\":\"A\",\"version\":\"A\",\"carrier\":\"aep\",\"md5\":\"xyz\"}");
    desk_end(&d);
}

/* A zip file with these entries is refused. */
static void refuse_zip(struct desk *d, int64_t firmware, const struct desk_entry *entries,
                       const char *why)
{
    size_t bytes;
    uint8_t *zip = desk_zip(entries, &bytes);
    expect_refused(d, firmware, (bc_view){zip, bytes}, why);
    free(zip);
}

static void only_a_zip_with_one_package_is_taken(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d, "aep");
    int64_t id = add_firmware(&d, AEP);
    bc_view package = {d.package, d.package_bytes};
    expect_refused(&d, id, (bc_view){0}, "the zip file is empty");
    expect_refused(&d, id, package, "this is no zip file");
    expect_refused(&d, id, (bc_view){d.zip, d.zip_bytes - 1}, "");
    refuse_zip(&d, id, (const struct desk_entry[]){{"readme.txt", package}, {.name = NULL}},
               "no .bin file");
    refuse_zip(&d, id,
               (const struct desk_entry[]){{"a.bin", package}, {"b.bin", package}, {.name = NULL}},
               "more than one .bin file");
    refuse_zip(&d, id, (const struct desk_entry[]){{"a.bin", BC_TEXT("firmware")}, {.name = NULL}},
               "no good delta package");
    refuse_zip(
        &d, id,
        (const struct desk_entry[]){{"a.bin", {d.package, d.package_bytes - 1}}, {.name = NULL}},
        "no good delta package");
    d.package[d.package_bytes / 2] ^= 1;
    refuse_zip(&d, id, (const struct desk_entry[]){{"a.bin", package}, {.name = NULL}},
               "no good delta package");
    const json_t *firmware = office_ask(&d.o, 200, "GET", "/firmwares/1", NULL);
    assert_string_equal(office_text(firmware, "state"), "empty");
    desk_end(&d);
}

/* 40 MiB of zeros in 40 KiB. */
static void a_zip_bomb_is_not_unpacked(void **state)
{
    struct desk d;
    size_t bytes = (size_t)40 << 20;
    uint8_t *zeros = calloc(1, bytes);
    (void)state;
    assert_non_null(zeros);
    desk_begin(&d, "aep");
    int64_t id = add_firmware(&d, AEP);
    refuse_zip(&d, id, (const struct desk_entry[]){{"a.bin", {zeros, bytes}}, {.name = NULL}},
               "empty or too long");
    free(zeros);
    desk_end(&d);
}

/* Each byte of a zip file changed, and each length: refused, or the same package (dates and the
 * like are not covered by anything but the MD5). */
static void an_altered_zip_gives_no_other_package(void **state)
{
    struct desk d;
    char why[200];
    (void)state;
    desk_begin(&d, "aep");
    size_t step = d.zip_bytes / 300 + 1;
    for (size_t at = 0; at < d.zip_bytes; at += step) {
        int64_t id = add_firmware(&d, AEP);
        d.zip[at] ^= 0x10;
        struct api_request request = {.method = "PUT",
                                      .path = bc_view_of(content_path(id)),
                                      .body = {d.zip, d.zip_bytes},
                                      .media_type = "application/zip",
                                      .role = API_ADMIN,
                                      .user = "tester",
                                      .query = json_object()};
        struct api_answer answer = {.status = 0};
        char allow[64];
        struct bc_store_time now = office_now(&d.o);
        (void)api_handle(d.o.service, now.now_ms, now.utc_ms, &request, &answer, allow);
        snprintf(why, sizeof(why), "%s", answer.detail);
        assert_true(answer.status == 422 ||
                    office_number(answer.body, "package_bytes") == (int64_t)d.package_bytes);
        json_decref(answer.body);
        json_decref(request.query);
        d.zip[at] ^= 0x10;
    }
    desk_end(&d);
}

/* IoT ------------------------------------------------------------------------------------------ */

static struct sign_key_pair make_keys(void)
{
    struct sign_key_pair pair;
    char why[TOOL_WHY_MAX];
    assert_true(sign_generate(SIGN_ECDSA_256K1_SHA256, "quectel123", &pair, why));
    return pair;
}

static bool say_passphrase(void *context, char passphrase[SIGN_PASSPHRASE_MAX + 1],
                           char why[TOOL_WHY_MAX])
{
    (void)context;
    (void)why;
    snprintf(passphrase, SIGN_PASSPHRASE_MAX + 1, "quectel123");
    return true;
}

static int64_t add_key(struct desk *d, const struct sign_key_pair *pair)
{
    json_t *body = json_pack("{s:s,s:s%}", "manufacturer", "QUECTEL", "public_key",
                             (const char *)pair->public_key.ptr, pair->public_key.len);
    char *text = json_dumps(body, 0);
    int64_t id = office_number(office_ask(&d->o, 201, "POST", "/keys", text), "id");
    free(text);
    json_decref(body);
    return id;
}

static void set_profile(struct desk *d, const char *profile)
{
    char path[64];
    snprintf(path, sizeof(path), "/products/%lld/profile", (long long)d->product);
    (void)office_ask(&d->o, 200, "PUT", path, profile);
}

static void only_what_the_manufacturer_signed_is_taken(void **state) /* G 5.7.2 to 5.7.4 */
{
    struct desk d;
    struct tool_bytes signed_zip;
    char text[400], why[TOOL_WHY_MAX];
    const struct sign_asker asker = {.ask = say_passphrase};
    (void)state;
    desk_begin(&d, "iot");
    struct sign_key_pair pair = make_keys(), other = make_keys();
    bc_view zip = {d.zip, d.zip_bytes};
    assert_true(sign_package(zip, (bc_view){pair.private_key.ptr, pair.private_key.len}, &asker,
                             &signed_zip, why));
    bc_view whole = {signed_zip.ptr, signed_zip.len};
    (void)office_ask(&d.o, 422, "POST", "/firmwares", "{" IOT_FIELDS "}"); /* of no product */
    snprintf(text, sizeof(text), "{" IOT_FIELDS ",\"product\":%lld}", (long long)d.product);
    int64_t id = add_firmware(&d, text);
    expect_refused(&d, id, whole, "the product has no profile");
    set_profile(&d, PROFILE(""));
    expect_refused(&d, id, whole, "has no omCapability.fwUpgradeCapability.supportUpgrade");
    set_profile(&d, PROFILE(OM));
    expect_refused(&d, id, whole, "there is no public key of QUECTEL");
    int64_t key = add_key(&d, &other);
    expect_refused(&d, id, whole, "the signature is wrong");
    snprintf(text, sizeof(text), "/keys/%lld", (long long)key);
    (void)office_ask(&d.o, 204, "DELETE", text, NULL);
    (void)add_key(&d, &pair);
    expect_refused(&d, id, zip, "it is not signed");
    signed_zip.ptr[signed_zip.len / 2] ^= 1;
    expect_refused(&d, id, whole, "");
    signed_zip.ptr[signed_zip.len / 2] ^= 1;
    assert_string_equal(
        office_text(office_send(&d.o, 200, "PUT", content_path(id), whole), "state"), "ready");
    sign_forget(&pair.private_key);
    sign_forget(&pair.public_key);
    sign_forget(&other.private_key);
    sign_forget(&other.public_key);
    free(signed_zip.ptr);
    desk_end(&d);
}

static void keys_are_public_ones_and_one_a_manufacturer(void **state) /* G 5.7.2 */
{
    struct desk d;
    (void)state;
    desk_begin(&d, "iot");
    struct sign_key_pair pair = make_keys();
    (void)add_key(&d, &pair);
    json_t *body = json_pack("{s:s,s:s%}", "manufacturer", "QUECTEL", "public_key",
                             (const char *)pair.public_key.ptr, pair.public_key.len);
    char *text = json_dumps(body, 0);
    (void)office_ask(&d.o, 409, "POST", "/keys", text);
    free(text);
    json_object_set_new(body, "manufacturer", json_string("OTHER"));
    json_object_set_new(body, "public_key",
                        json_stringn((const char *)pair.private_key.ptr, pair.private_key.len));
    text = json_dumps(body, 0);
    (void)office_ask(&d.o, 422, "POST", "/keys", text);
    free(text);
    json_decref(body);
    const json_t *list = office_ask(&d.o, 200, "GET", "/keys", NULL);
    assert_int_equal(json_array_size(json_object_get(list, "items")), 1);
    (void)office_ask(&d.o, 404, "DELETE", "/keys/99", NULL);
    sign_forget(&pair.private_key);
    sign_forget(&pair.public_key);
    desk_end(&d);
}

static void a_package_must_be_for_a_source_version(void **state) /* G 5.7.4 */
{
    struct desk d;
    (void)state;
    desk_begin(&d, "aep");
    int64_t id = add_firmware(&d, "{\"name\":\"A\",\"version\":\"A\",\"carrier\":\"aep\","
                                  "\"source_versions\":[\"BC260YCNAAR01A00\"]}");
    expect_refused(&d, id, (bc_view){d.zip, d.zip_bytes}, "which source_versions has not");
    desk_end(&d);
}

/* Groups and tasks ----------------------------------------------------------------------------- */

static int64_t devices_of(struct desk *d, const char *path)
{
    return office_number(office_ask(&d->o, 200, "GET", path, NULL), "device_count");
}

static void a_device_is_in_one_group(void **state) /* G 5.7.5 */
{
    struct desk d;
    (void)state;
    desk_begin(&d, "iot");
    (void)office_ask(&d.o, 201, "POST", "/groups", "{\"name\":\"Water\"}");
    (void)office_ask(&d.o, 409, "POST", "/groups", "{\"name\":\"Water\"}");
    assert_int_equal(devices_of(&d, "/groups/1"), 1); /* the default one */
    (void)office_ask(&d.o, 204, "PUT", "/groups/2/devices/" DESK_ENDPOINT, NULL);
    assert_int_equal(devices_of(&d, "/groups/1"), 0);
    assert_int_equal(devices_of(&d, "/groups/2"), 1);
    (void)office_ask(&d.o, 404, "DELETE", "/groups/1/devices/" DESK_ENDPOINT, NULL);
    (void)office_ask(&d.o, 404, "PUT", "/groups/2/devices/nobody", NULL);
    (void)office_ask(&d.o, 404, "PUT", "/groups/9/devices/" DESK_ENDPOINT, NULL);
    (void)office_ask(&d.o, 204, "DELETE", "/groups/2", NULL);
    assert_int_equal(devices_of(&d, "/groups/1"), 1);
    (void)office_ask(&d.o, 409, "DELETE", "/groups/1", NULL);
    desk_end(&d);
}

static void a_task_has_the_devices_of_its_group(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d, "aep");
    desk_upload(&d);
    office_add_device(&d.o, d.product, "866971030603069");
    (void)office_ask(&d.o, 201, "POST", "/tasks",
                     "{\"name\":\"t\",\"firmware\":1,\"group\":1,\"retries\":5}");
    const json_t *task = office_ask(&d.o, 200, "POST", "/tasks/1/start", NULL);
    assert_int_equal(office_number(json_object_get(task, "counts"), "waiting"), 2);
    const json_t *list = office_ask(&d.o, 200, "GET", "/tasks/1/devices?limit=1", NULL);
    assert_string_equal(office_text(list, "next"), "1");
    list = office_ask(&d.o, 200, "GET", "/tasks/1/devices?limit=1&cursor=1", NULL);
    assert_true(json_is_null(json_object_get(list, "next")));
    assert_string_equal(office_text(json_array_get(json_object_get(list, "items"), 0), "endpoint"),
                        "866971030603069");
    desk_end(&d);
}

static void a_task_starts_once_and_with_devices(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d, "aep");
    (void)office_ask(&d.o, 422, "POST", "/tasks", "{\"name\":\"t\",\"firmware\":1}");
    (void)add_firmware(&d, AEP);
    (void)office_ask(&d.o, 409, "POST", "/tasks", "{\"name\":\"t\",\"firmware\":1}");
    desk_upload(&d);
    (void)office_ask(&d.o, 422, "POST", "/tasks", "{\"name\":\"t\",\"firmware\":2,\"retries\":6}");
    (void)office_ask(&d.o, 422, "POST", "/tasks", "{\"name\":\"t\",\"firmware\":2,\"group\":7}");
    const json_t *problem = office_ask(
        &d.o, 422, "POST", "/tasks",
        "{\"name\":\"t\",\"firmware\":2,\"devices\":[\"" DESK_ENDPOINT "\",\"nobody\"]}");
    assert_string_equal(office_text(problem, "detail"), "devices[1] is no device");
    (void)office_ask(&d.o, 201, "POST", "/tasks", "{\"name\":\"t\",\"firmware\":2}");
    (void)office_ask(&d.o, 409, "POST", "/tasks/1/start", NULL);
    (void)office_ask(&d.o, 200, "POST", "/tasks/1/devices",
                     "{\"devices\":[\"" DESK_ENDPOINT "\",\"" DESK_ENDPOINT "\"]}");
    (void)office_ask(&d.o, 200, "POST", "/tasks/1/start", NULL);
    (void)office_ask(&d.o, 409, "POST", "/tasks/1/start", NULL);
    (void)office_ask(&d.o, 409, "DELETE", "/tasks/1", NULL);
    (void)office_ask(&d.o, 409, "DELETE", "/firmwares/2", NULL);
    (void)office_ask(&d.o, 200, "POST", "/tasks/1/cancel", NULL);
    (void)office_ask(&d.o, 409, "POST", "/tasks/1/cancel", NULL);
    (void)office_ask(&d.o, 204, "DELETE", "/tasks/1", NULL);
    (void)office_ask(&d.o, 204, "DELETE", "/firmwares/2", NULL);
    desk_end(&d);
}

static void a_firmware_of_a_product_is_for_its_devices(void **state)
{
    struct desk d;
    char text[200];
    (void)state;
    desk_begin(&d, "aep");
    int64_t other = office_add_product(&d.o, "Other", "aep");
    snprintf(text, sizeof(text),
             "{\"name\":\"A\",\"version\":\"A\",\"carrier\":\"aep\",\"product\":%lld}",
             (long long)other);
    int64_t id = add_firmware(&d, text);
    (void)office_send(&d.o, 200, "PUT", content_path(id), (bc_view){d.zip, d.zip_bytes});
    const json_t *problem =
        office_ask(&d.o, 422, "POST", "/tasks",
                   "{\"name\":\"t\",\"firmware\":1,\"devices\":[\"" DESK_ENDPOINT "\"]}");
    assert_string_equal(office_text(problem, "detail"),
                        "devices[0] is not of the firmware's product");
    (void)office_ask(&d.o, 422, "POST", "/firmwares",
                     "{\"name\":\"A\",\"version\":\"A\",\"carrier\":\"aep\",\"product\":99}");
    desk_end(&d);
}

/* An unsigned package of AEP must never get to a device of IoT, whoever names it. */
static void a_firmware_is_for_devices_of_its_carrier(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d, "iot");
    desk_upload(&d);
    const json_t *problem =
        office_ask(&d.o, 422, "POST", "/tasks",
                   "{\"name\":\"t\",\"firmware\":1,\"devices\":[\"" DESK_ENDPOINT "\"]}");
    assert_string_equal(office_text(problem, "detail"),
                        "devices[0] is not of the firmware's carrier");
    (void)office_ask(&d.o, 201, "POST", "/tasks", "{\"name\":\"t\",\"firmware\":1,\"group\":1}");
    (void)office_ask(&d.o, 409, "POST", "/tasks/1/start", NULL);
    office_add_device(&d.o, office_add_product(&d.o, "Other", "aep"), "866971030603069");
    const json_t *task = office_ask(&d.o, 200, "POST", "/tasks/1/start", NULL);
    assert_int_equal(office_number(json_object_get(task, "counts"), "waiting"), 1);
    (void)office_ask(&d.o, 422, "POST", "/tasks/1/devices",
                     "{\"devices\":[\"" DESK_ENDPOINT "\"]}");
    desk_end(&d);
}

static void a_firmware_of_a_product_is_for_its_part_of_a_group(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d, "aep");
    (void)add_firmware(&d, "{\"name\":\"A\",\"version\":\"A\",\"carrier\":\"aep\",\"product\":1}");
    (void)office_send(&d.o, 200, "PUT", content_path(1), (bc_view){d.zip, d.zip_bytes});
    assert_int_equal(d.product, 1);
    office_add_device(&d.o, office_add_product(&d.o, "Other", "aep"), "866971030603069");
    (void)office_ask(&d.o, 201, "POST", "/tasks", "{\"name\":\"t\",\"firmware\":1,\"group\":1}");
    const json_t *task = office_ask(&d.o, 200, "POST", "/tasks/1/start", NULL);
    assert_int_equal(office_number(json_object_get(task, "counts"), "waiting"), 1);
    const json_t *list = office_ask(&d.o, 200, "GET", "/tasks/1/devices", NULL);
    assert_string_equal(office_text(json_array_get(json_object_get(list, "items"), 0), "endpoint"),
                        DESK_ENDPOINT);
    desk_end(&d);
}

static void roles_are_kept(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d, "aep");
    d.o.role = API_VIEWER;
    (void)office_ask(&d.o, 200, "GET", "/tasks", NULL);
    (void)office_ask(&d.o, 403, "POST", "/groups", "{\"name\":\"g\"}");
    d.o.role = API_OPERATOR;
    (void)office_ask(&d.o, 201, "POST", "/groups", "{\"name\":\"g\"}");
    (void)office_ask(&d.o, 403, "POST", "/firmwares", AEP);
    (void)office_ask(&d.o, 403, "POST", "/keys", "{\"manufacturer\":\"m\",\"public_key\":\"k\"}");
    desk_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_firmware_has_its_package_and_hashes),
        cmocka_unit_test(the_md5_of_the_file_is_compared),
        cmocka_unit_test(only_a_zip_with_one_package_is_taken),
        cmocka_unit_test(a_zip_bomb_is_not_unpacked),
        cmocka_unit_test(an_altered_zip_gives_no_other_package),
        cmocka_unit_test(only_what_the_manufacturer_signed_is_taken),
        cmocka_unit_test(keys_are_public_ones_and_one_a_manufacturer),
        cmocka_unit_test(a_package_must_be_for_a_source_version),
        cmocka_unit_test(a_device_is_in_one_group),
        cmocka_unit_test(a_task_has_the_devices_of_its_group),
        cmocka_unit_test(a_task_starts_once_and_with_devices),
        cmocka_unit_test(a_firmware_of_a_product_is_for_its_devices),
        cmocka_unit_test(a_firmware_is_for_devices_of_its_carrier),
        cmocka_unit_test(a_firmware_of_a_product_is_for_its_part_of_a_group),
        cmocka_unit_test(roles_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
