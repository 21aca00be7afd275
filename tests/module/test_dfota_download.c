/*
 * Downloads of firmware on a bad network, from bad servers, of bad packages, to bad flash: each
 * ends in the code that the guide has for it (G 4.3.2), in a result that the server can read
 * (5/0/5), and with the image that ran before.
 */
#include "fota_desk.h"

#include <string.h>

#include "coap/block.h"

#define IMAGE_BYTES 30000
#define REACHABLE_MS 90000 /* after the last uplink, in queue mode */
#define EXCHANGE_MS 124000 /* 4 + 8 + 16 + 32 + 64 s: how long one block is asked for */

/* The download ends so; nothing runs that did not, and the next one is a good one. */
static void ends_in(struct fota_desk *f, int code, unsigned result)
{
    assert_int_equal(fota_download(f), code);
    fota_serve(f);
    assert_int_equal(fota_read(f, 3), code == 0 ? 2 : 0);
    assert_int_equal(fota_read(f, 5), result);
    assert_int_equal(f->lent, 0);
    fota_runs(f, false);
}

static void downloads_and(struct fota_desk *f, int code, unsigned result)
{
    fota_write_uri(f, FOTA_URI, 0x44);
    ends_in(f, code, result);
}

/* What was wrong is not any more. */
static void downloads_at_last(struct fota_desk *f)
{
    f->fate = NULL;
    f->code = 0;
    f->deaf = false;
    f->silent = false;
    f->flash_fails = false;
    f->fails_at = FOTA_NEVER;
    f->poor = false;
    fota_make(f, FOTA_OLD, FOTA_NEW);
    downloads_and(f, 0, 0);
    fota_teardown(f);
}

/* --- Blocks ---------------------------------------------------------------------------------- */

static enum fota_answer loses_first_answers(struct fota_desk *f, uint32_t number)
{
    bool first = number >= f->fate_at;
    if (first)
        f->fate_at = number + 1;
    return first ? FOTA_LOSES : FOTA_ANSWERS;
}

static void lost_blocks_are_asked_for_again(void **state) /* RFC 7959 2.4 */
{
    (void)state;
    struct fota_desk f;
    fota_setup(&f, IMAGE_BYTES);
    f.fate = loses_first_answers;
    downloads_and(&f, 0, 0);
    assert_int_equal(f.gets, 2 * (f.highest + 1));
    assert_memory_equal(f.area[BC_AREA_PACKAGE], f.package.ptr, f.package.len);
    fota_teardown(&f);
}

static enum fota_answer doubles(struct fota_desk *f, uint32_t number)
{
    (void)f;
    (void)number;
    return FOTA_DOUBLES;
}

static enum fota_answer comes_late(struct fota_desk *f, uint32_t number)
{
    (void)f;
    (void)number;
    return FOTA_LATE;
}

static void doubled_and_late_blocks_count_once(void **state) /* RFC 7252 4.5 */
{
    (void)state;
    struct fota_desk f;
    fota_setup(&f, IMAGE_BYTES);
    for (unsigned round = 0; round < 4; round++) {
        f.fate = round % 2 == 0 ? doubles : comes_late;
        f.separate = round >= 2;
        f.gets = 0;
        f.highest = 0;
        downloads_and(&f, 0, 0);
        assert_int_equal(f.gets, f.highest + 1);
        assert_memory_equal(f.area[BC_AREA_PACKAGE], f.package.ptr, f.package.len);
        fota_write_uri(&f, "", 0x44);
        fota_serve(&f);
    }
    fota_teardown(&f);
}

static enum fota_answer spoils_one(struct fota_desk *f, uint32_t number)
{
    return number == f->fate_at ? FOTA_SPOILS : FOTA_ANSWERS;
}

static void spoiled_block_is_found(void **state) /* OMA int-776 */
{
    (void)state;
    struct fota_desk f;
    fota_setup(&f, IMAGE_BYTES);
    f.exponent = 4;
    downloads_and(&f, 0, 0);
    uint32_t last = f.highest;
    assert_true(last > 10);
    for (uint32_t number = 0; number <= last; number++) {
        fota_write_uri(&f, "", 0x44);
        fota_serve(&f);
        f.fate = spoils_one;
        f.fate_at = number;
        fota_write_uri(&f, FOTA_URI, 0x44);
        ends_in(&f, 1, 5);
    }
    downloads_at_last(&f);
}

static void blocks_are_as_small_as_the_server_likes(void **state) /* RFC 7959 2.4 */
{
    (void)state;
    for (uint8_t exponent = 0; exponent <= 6; exponent++) {
        struct fota_desk f;
        fota_setup(&f, IMAGE_BYTES);
        f.exponent = exponent;
        f.sizeless = exponent % 2 == 0;
        f.tagless = exponent % 3 == 0;
        downloads_and(&f, 0, 0);
        assert_memory_equal(f.area[BC_AREA_PACKAGE], f.package.ptr, f.package.len);
        size_t bytes = (size_t)16 << exponent;
        assert_int_equal(f.highest, (f.package.len - 1) / bytes);
        fota_teardown(&f);
    }
}

static void answers_may_come_by_themselves(void **state) /* RFC 7252 5.2.2 */
{
    (void)state;
    struct fota_desk f;
    fota_setup(&f, IMAGE_BYTES);
    f.separate = true;
    downloads_and(&f, 0, 0);
    assert_int_equal(f.gets, f.highest + 1);
    fota_teardown(&f);
}

static enum fota_answer stops(struct fota_desk *f, uint32_t number)
{
    if (number < f->fate_at)
        return FOTA_ANSWERS;
    f->deaf = true;
    return FOTA_LOSES;
}

/* Three blocks have come, and then nothing more. */
static void stopped(struct fota_desk *f)
{
    fota_setup(f, IMAGE_BYTES);
    f->fate = stops;
    f->fate_at = 3;
    fota_write_uri(f, FOTA_URI, 0x44);
    fota_serve(f);
    desk_urc(&f->desk, "+QIND: \"FOTA\",\"COAPSTART\"");
    assert_int_equal(fota_read(f, 3), 1);
}

static void server_may_be_away_for_a_while(void **state) /* restart in mid-download */
{
    (void)state;
    struct fota_desk f;
    stopped(&f);
    f.silent = true;
    fota_pass(&f, 3 * EXCHANGE_MS);
    f.silent = false;
    f.deaf = false;
    f.fate = NULL;
    uint32_t before = f.gets;
    ends_in(&f, 0, 0);
    assert_true(f.gets - before <= f.highest - 3 + 1); /* from where it was, not anew */
    fota_teardown(&f);
}

static void server_that_stays_away_ends_it(void **state) /* G 4.3.2: 12; OMA int-775 */
{
    (void)state;
    struct fota_desk f;
    stopped(&f);
    uint64_t from_ms = f.desk.now_ms;
    ends_in(&f, 12, 4);
    assert_true(f.desk.now_ms - from_ms == 4 * EXCHANGE_MS);
    downloads_at_last(&f);
}

static enum fota_answer changes(struct fota_desk *f, uint32_t number)
{
    if (number != 2 || f->fate_at == 0)
        return FOTA_ANSWERS;
    f->fate_at--;
    f->etag++;
    return FOTA_ANSWERS;
}

static void changed_package_is_begun_anew(void **state) /* RFC 7959 2.4: the ETag differs */
{
    (void)state;
    struct fota_desk f;
    fota_setup(&f, IMAGE_BYTES);
    f.fate = changes;
    f.fate_at = 3;
    downloads_and(&f, 0, 0);
    fota_write_uri(&f, "", 0x44);
    fota_serve(&f);
    f.fate_at = 1000; /* whenever it is asked */
    downloads_and(&f, 1, 5);
    downloads_at_last(&f);
}

/* --- Servers --------------------------------------------------------------------------------- */

static void refusals_end_it(void **state) /* OMA int-778 */
{
    (void)state;
    static const struct {
        uint8_t code;
        unsigned result;
    } rows[] = {{0x80, 7}, {0x84, 7}, {0x85, 7}, {0xA0, 4}, {0xA3, 4}, {0x44, 4}};
    struct fota_desk f;
    fota_setup(&f, IMAGE_BYTES);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        f.code = rows[i].code;
        downloads_and(&f, 12, rows[i].result);
    }
    downloads_at_last(&f);
}

static enum fota_answer resets(struct fota_desk *f, uint32_t number)
{
    (void)f;
    (void)number;
    return FOTA_RESETS;
}

static void reset_ends_it(void **state) /* RFC 7252 4.2 */
{
    (void)state;
    struct fota_desk f;
    fota_setup(&f, IMAGE_BYTES);
    f.fate = resets;
    downloads_and(&f, 12, 4);
    downloads_at_last(&f);
}

static void host_that_is_not_there_ends_it(void **state) /* G 4.3.2: 12 */
{
    (void)state;
    struct fota_desk f;
    fota_setup(&f, IMAGE_BYTES);
    f.deaf = true;
    uint64_t from_ms = f.desk.now_ms;
    downloads_and(&f, 12, 4);
    assert_true(f.desk.now_ms - from_ms == EXCHANGE_MS);
    assert_int_equal(f.gets, 5);
    downloads_at_last(&f);
}

static void unusable_uris_end_it(void **state) /* OMA int-778 */
{
    (void)state;
    static const char *const uris[] = {
        "http://180.101.147.115/fw",
        "ftp://x/y",
        "coap:/x",
        "fw/1",
        "coap://",
        "coap:///fw",
        "coap://h:0/fw",
        "coap://h:65536/fw",
        "coap://h:x/fw",
        "coap://h:5x/fw",
        "coap://[::1]5/fw",
        "coap://u@h/fw",
        "coap://h/fw#end",
        "coap+tcp://h/fw",
        "coap://[::1/fw",
        "coap://[fe80::g]/",
        "COAP:h",
    };
    struct fota_desk f;
    fota_setup(&f, IMAGE_BYTES);
    for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
        fota_write_uri(&f, uris[i], 0x44);
        ends_in(&f, 12, 7);
    }
    assert_int_equal(f.gets, 0);
    downloads_at_last(&f);
}

static void uri_has_a_limit(void **state) /* limits.h; LwM2M 1.0 E.6: 255 bytes */
{
    (void)state;
    struct fota_desk f;
    char uri[300];
    fota_setup(&f, IMAGE_BYTES);
    memset(uri, 'a', sizeof(uri));
    memcpy(uri, "coap://180.101.147.115/", 23);
    uri[256] = '\0';
    fota_write_uri(&f, uri, 0x80);
    desk_quiet(&f.desk);
    uri[255] = '\0';
    fota_write_uri(&f, uri, 0x44);
    ends_in(&f, 0, 0);
    fota_teardown(&f);
}

static void host_name_is_looked_up(void **state)
{
    (void)state;
    struct fota_desk f;
    struct desk *d = &f.desk;
    fota_setup(&f, IMAGE_BYTES);
    fota_write_uri(&f, "coap://fw.example/p", 0x44);
    fota_serve(&f);
    assert_int_equal(d->queries, 1);
    assert_string_equal(d->query_host, "fw.example");
    desk_resolved(d, d->query.id, "10.0.0.7");
    assert_int_equal(d->wires, 1);
    assert_int_equal(d->wire[0].to.port, 5683);
    assert_memory_equal(d->wire[0].to.ip, ((uint8_t[]){10, 0, 0, 7}), 4);
    assert_memory_equal(d->wire[0].bytes + 8,
                        "\x3A"
                        "fw.example\x81p",
                        13);
    ends_in(&f, 0, 0);
    fota_write_uri(&f, "", 0x44);
    fota_serve(&f);
    fota_write_uri(&f, "coap://fw.example/p", 0x44);
    fota_serve(&f);
    desk_resolved(d, d->query.id, NULL);
    ends_in(&f, 12, 4);
    fota_write_uri(&f, "coap://fw.example/p", 0x44);
    fota_serve(&f);
    uint64_t from_ms = d->now_ms;
    ends_in(&f, 12, 4); /* nobody has answered */
    assert_true(d->now_ms - from_ms == 20000);
    d->queries = 0;
    downloads_at_last(&f);
}

static void another_host_has_the_package(void **state) /* 5/0/1 names any host */
{
    (void)state;
    struct fota_desk f;
    struct desk *d = &f.desk;
    fota_setup(&f, IMAGE_BYTES);
    fota_write_uri(&f, "coap://10.0.0.7:7000/p%20q/%41?a=1&b", 0x44);
    f.fate = stops;
    f.fate_at = 0;
    fota_serve(&f);
    f.deaf = false;
    f.fate = NULL;
    desk_after(d, 4000);
    assert_int_equal(d->wires, 1);
    assert_int_equal(d->wire[0].to.port, 7000);
    assert_memory_equal(d->wire[0].bytes + 8,
                        "\xB3p q\x01"
                        "A\x43"
                        "a=1\x01"
                        "b\x81\x06",
                        14);
    desk_server(d, "6445 <mid> A1A2 FF'no'"); /* not from there */
    ends_in(&f, 0, 0);
    assert_memory_equal(f.area[BC_AREA_PACKAGE], f.package.ptr, f.package.len);
    fota_teardown(&f);
}

/* --- Network --------------------------------------------------------------------------------- */

static void switched_off_network_ends_it(void **state) /* G 4.3.2: 13 */
{
    (void)state;
    static const char *const commands[] = {"AT+CFUN=0", "AT+CFUN=4", "AT+CGATT=0"};
    static const char *const back[] = {"AT+CFUN=1", "AT+CFUN=1", "AT+CGATT=1"};
    struct fota_desk f;
    stopped(&f);
    for (size_t i = 0; i < 3; i++) {
        desk_host(&f.desk, commands[i]);
        assert_int_equal(fota_download(&f), 13);
        fota_ignore(&f);
        desk_host(&f.desk, back[i]);
        fota_pass(&f, 60000);
        assert_int_equal(fota_read(&f, 3), 0);
        assert_int_equal(fota_read(&f, 5), 4);
        fota_write_uri(&f, FOTA_URI, 0x44);
        fota_serve(&f);
    }
    f.deaf = false;
    f.fate = NULL;
    ends_in(&f, 0, 0);
    fota_teardown(&f);
}

static void network_that_stays_away_ends_it(void **state) /* G 4.3.2: 99; OMA int-775 */
{
    (void)state;
    struct fota_desk f;
    stopped(&f);
    desk_coverage(&f.desk, false);
    assert_int_equal(fota_download(&f), 99);
    fota_pass(&f, 1000);
    desk_coverage(&f.desk, true);
    f.deaf = false;
    fota_pass(&f, 10000); /* the notification is repeated */
    assert_int_equal(fota_read(&f, 5), 4);
    assert_string_equal(f.states, "10");
    downloads_at_last(&f);
}

static void network_that_comes_back_is_enough(void **state)
{
    (void)state;
    struct fota_desk f;
    stopped(&f);
    desk_coverage(&f.desk, false);
    desk_after(&f.desk, 30000);
    desk_coverage(&f.desk, true);
    f.deaf = false;
    f.fate = NULL;
    ends_in(&f, 0, 0);
    fota_teardown(&f);
}

static void expired_lifetime_does_not_end_it(void **state) /* G 4.1.2.1 */
{
    (void)state;
    struct fota_desk f;
    struct desk *d = &f.desk;
    stopped(&f);
    desk_ok(d, "AT+QLACFG=\"lifetime_enable\",0");
    desk_ok(d, "AT+QLAUPDATE=0,60");
    fota_serve(&f);
    desk_urc(d, "+QLAUPDATE: 0,<mid>");
    fota_pass(&f, 100000);
    f.deaf = false;
    f.fate = NULL;
    ends_in(&f, 0, 0);
    fota_teardown(&f);
}

static void server_that_has_forgotten_us_still_serves(void **state) /* 4.04 to an update */
{
    (void)state;
    struct fota_desk f;
    struct desk *d = &f.desk;
    stopped(&f);
    desk_ok(d, "AT+QLAUPDATE=0,60");
    while (d->wires > 1) /* the blocks wait */
        memmove(&d->wire[0], &d->wire[1], --d->wires * sizeof(d->wire[0]));
    desk_wire(d, "4402 <mid> <token> <location> 45'lt=60'");
    desk_server(d, "6484 <mid> <token>");
    desk_urc(d, "+QLAUPDATE: 404,<mid>");
    f.deaf = false;
    f.fate = NULL;
    assert_int_equal(fota_download(&f), 0);
    desk_status(d, 0);
    assert_string_equal(f.states, "1"); /* nobody observes any more */
    fota_teardown(&f);
}

/* --- Flash ----------------------------------------------------------------------------------- */

static void flash_that_fails_ends_it(void **state) /* G 4.3.2: 100 */
{
    (void)state;
    struct fota_desk f;
    fota_setup(&f, IMAGE_BYTES);
    downloads_and(&f, 0, 0);
    uint32_t writes = f.writes;
    for (uint32_t n = 0; n < writes; n++) {
        fota_write_uri(&f, "", 0x44);
        fota_serve(&f);
        f.writes = 0;
        f.fails_at = n;
        downloads_and(&f, 100, 3);
    }
    downloads_at_last(&f);
}

static void package_that_is_too_large_ends_it(void **state) /* G 4.3.2: 101; OMA int-773 */
{
    (void)state;
    for (unsigned round = 0; round < 3; round++) {
        struct fota_desk f;
        fota_setup(&f, IMAGE_BYTES);
        if (round == 2)
            f.port.slot_bytes_max = (uint32_t)f.wanted.len - 1;
        else
            f.port.package_bytes_max = (uint32_t)f.package.len - 1;
        f.sizeless = round == 1;
        downloads_and(&f, 101, 3);
        assert_int_equal(f.gets, 1); /* the first block tells */
        f.port.package_bytes_max = (uint32_t)f.package.len;
        f.port.slot_bytes_max = (uint32_t)f.wanted.len;
        downloads_at_last(&f);
    }
}

static void package_that_never_ends_is_stopped(void **state) /* G 4.3.2: 101 */
{
    (void)state;
    struct fota_desk f;
    fota_setup(&f, IMAGE_BYTES);
    f.sizeless = true;
    f.port.package_bytes_max = (uint32_t)f.package.len; /* as its header says */
    f.package.len = f.package.cap;
    downloads_and(&f, 101, 3);
    assert_int_equal(f.highest, f.port.package_bytes_max / 1024);
    downloads_at_last(&f);
}

static void memory_that_is_not_there_ends_it(void **state) /* G 4.3.2: 1; OMA int-774 */
{
    (void)state;
    struct fota_desk f;
    fota_setup(&f, IMAGE_BYTES);
    f.poor = true;
    downloads_and(&f, 1, 3);
    downloads_at_last(&f);
}

/* --- Packages -------------------------------------------------------------------------------- */

static void package_for_another_revision_is_refused(void **state) /* OMA int-777 */
{
    (void)state;
    struct fota_desk f;
    fota_setup(&f, IMAGE_BYTES);
    fota_make(&f, FOTA_NEW, "BC260YCNAAR01A03");
    downloads_and(&f, 1, 6);
    assert_int_equal(f.gets, 1);
    downloads_at_last(&f);
}

static void what_is_no_package_is_refused(void **state) /* OMA int-777 */
{
    (void)state;
    struct fota_desk f;
    fota_setup(&f, IMAGE_BYTES);
    memset(f.package.ptr, 'x', 100);
    downloads_and(&f, 1, 6);
    f.package.len = 100; /* shorter than a header */
    downloads_and(&f, 1, 6);
    f.package.len = 0;
    downloads_and(&f, 1, 6);
    downloads_at_last(&f);
}

static void truncated_package_is_refused(void **state) /* OMA int-776 */
{
    (void)state;
    struct fota_desk f;
    fota_setup(&f, IMAGE_BYTES);
    size_t whole = f.package.len;
    for (unsigned sizeless = 0; sizeless < 2; sizeless++) {
        f.sizeless = sizeless == 1;
        f.package.len = whole - 1;
        downloads_and(&f, 1, 5);
        f.package.len = 192;
        downloads_and(&f, 1, 5);
        f.package.len = 100; /* shorter than a header, and begun like one */
        downloads_and(&f, 1, 5);
        f.package.ptr[whole] = 0;
        f.package.len = whole + 1;
        downloads_and(&f, 1, 5);
    }
    downloads_at_last(&f);
}

static void altered_header_is_told_from_no_package(void **state) /* OMA int-776, int-777 */
{
    (void)state;
    struct fota_desk f;
    fota_setup(&f, IMAGE_BYTES);
    for (size_t at = 0; at < 192; at += 5) {
        f.package.ptr[at] ^= 0x40;
        downloads_and(&f, 1, at < 12 ? 6 : 5); /* the magic, and the format version */
        assert_int_equal(f.gets, 1 + at / 5);
        f.package.ptr[at] ^= 0x40;
    }
    downloads_at_last(&f);
}

/* --- Out of turn ----------------------------------------------------------------------------- */

static void second_uri_waits_its_turn(void **state) /* LwM2M 1.0 E.6 */
{
    (void)state;
    struct fota_desk f;
    stopped(&f);
    fota_write_uri(&f, "coap://10.0.0.8/p", 0x85);
    f.deaf = false;
    f.fate = NULL;
    ends_in(&f, 0, 0);
    fota_write_uri(&f, "coap://10.0.0.8/p", 0x85);
    assert_int_equal(fota_read(&f, 3), 2);
    fota_teardown(&f);
}

static void empty_uri_takes_it_back(void **state) /* LwM2M 1.0 E.6; OMA int-756 */
{
    (void)state;
    struct fota_desk f;
    stopped(&f);
    fota_write_uri(&f, "", 0x44);
    assert_int_equal(fota_download(&f), 1);
    fota_serve(&f);
    assert_string_equal(f.states, "10");
    assert_int_equal(fota_read(&f, 5), 0);
    fota_ignore(&f);
    uint32_t gets = f.gets;
    fota_pass(&f, REACHABLE_MS);
    assert_int_equal(f.gets, gets);
    fota_write_uri(&f, "", 0x44); /* and again, for nothing: nobody is told */
    fota_serve(&f);
    assert_string_equal(f.states, "10");
    desk_quiet(&f.desk);
    assert_int_equal(fota_read(&f, 3), 0);
    downloads_at_last(&f);
}

static void execute_waits_its_turn(void **state) /* OMA int-772 */
{
    (void)state;
    struct fota_desk f;
    fota_setup(&f, IMAGE_BYTES);
    fota_execute(&f, 0x85);
    fota_teardown(&f);
    stopped(&f);
    fota_execute(&f, 0x85);
    f.deaf = false;
    f.fate = NULL;
    ends_in(&f, 0, 0);
    fota_execute(&f, 0x44);
    fota_serve(&f);
    fota_execute(&f, 0x85);
    fota_write_uri(&f, "", 0x85); /* nothing takes it back any more */
    fota_write_uri(&f, FOTA_URI, 0x85);
    fota_teardown(&f);
}

static void module_without_flash_takes_no_uri(void **state) /* module.h */
{
    (void)state;
    struct fota_desk f;
    fota_setup(&f, IMAGE_BYTES);
    f.config.firmware = NULL;
    fota_power_up(&f);
    fota_register(&f, true);
    fota_write_uri(&f, FOTA_URI, 0x85);
    fota_write_uri(&f, "", 0x85);
    fota_execute(&f, 0x85);
    assert_int_equal(fota_read(&f, 3), 0);
    fota_teardown(&f);
}

static void nobody_observes(void **state) /* MODULE 8: no notification, no "report" */
{
    (void)state;
    struct fota_desk f;
    fota_setup(&f, IMAGE_BYTES);
    desk_server(&f.desk, "42017002A1A2 6101 51'5' 01'0' 01'3'"); /* cancelled */
    desk_wire(&f.desk, "62457002A1A2 C0 FF'0'");
    fota_write_uri(&f, FOTA_URI, 0x44);
    fota_pass(&f, 2000);
    desk_urc(&f.desk, "+QIND: \"FOTA\",\"COAPSTART\"");
    desk_urc(&f.desk, "+QIND: \"FOTA\",\"COAPEND\",0");
    desk_quiet(&f.desk);
    assert_string_equal(f.states, "");
    fota_execute(&f, 0x44);
    assert_int_equal(fota_update(&f), 0);
    fota_teardown(&f);
}

/* --- Power ----------------------------------------------------------------------------------- */

static enum fota_answer cuts(struct fota_desk *f, uint32_t number)
{
    if (number != f->fate_at)
        return FOTA_ANSWERS;
    f->deaf = true;
    return FOTA_LOSES;
}

/* G 4.1.2.1: whatever stage of the download it is, the module is idle again and says nothing. */
static void power_cut_at_any_block_leaves_it_idle(void **state)
{
    (void)state;
    struct fota_desk f;
    uint32_t highest = 1;
    for (uint32_t number = 0; number <= highest + 1; number++) {
        fota_setup(&f, IMAGE_BYTES);
        f.exponent = 5;
        f.fate = cuts;
        f.fate_at = number;
        fota_write_uri(&f, FOTA_URI, 0x44);
        fota_pass(&f, 3000);
        highest = (uint32_t)(f.package.len - 1) / 512;
        f.deaf = false;
        fota_power_up(&f);
        desk_expect(&f.desk, BOOT_LINES ATTACHED_LINE);
        memset(f.states, 0, sizeof(f.states));
        fota_register(&f, true);
        fota_pass(&f, REACHABLE_MS);
        desk_quiet(&f.desk);
        assert_string_equal(f.states, "");
        assert_int_equal(fota_read(&f, 3), 0);
        assert_int_equal(fota_read(&f, 5), 0);
        fota_execute(&f, 0x85);
        f.observe = 0;
        downloads_at_last(&f);
    }
    assert_true(highest > 5);
}

static void reset_leaves_it_idle(void **state) /* G 4.1.2.1 */
{
    (void)state;
    struct fota_desk f;
    stopped(&f);
    desk_reset(&f.desk);
    desk_expect(&f.desk, BOOT_LINES ATTACHED_LINE);
    f.desk.wires = 0;
    f.deaf = false;
    f.observe = 0;
    fota_register(&f, true);
    assert_int_equal(fota_read(&f, 3), 0);
    downloads_at_last(&f);
}

static void host_that_forgets_qsclk_loses_nothing(void **state) /* G 4.1.2.1 */
{
    (void)state;
    struct fota_desk f;
    struct desk *d = &f.desk;
    stopped(&f);
    desk_ok(d, "AT+QSCLK=1");
    fota_pass(&f, 100000); /* no deep sleep while a download is under way */
    desk_quiet(d);
    f.deaf = false;
    f.fate = NULL;
    assert_int_equal(fota_download(&f), 0);
    fota_ignore(&f);
    fota_pass(&f, 60000);
    desk_urc(d, "+QNBIOTEVENT: \"ENTER DEEPSLEEP\"");
    desk_wake_pin(d);
    fota_serve(&f);
    desk_urc(d, "+QNBIOTEVENT: \"EXIT DEEPSLEEP\"");
    desk_urc(d, "+QLAURC: \"recovered\",0");
    assert_int_equal(fota_read(&f, 3), 2); /* the package is still there */
    fota_execute(&f, 0x44);
    assert_int_equal(fota_update(&f), 0);
    fota_runs(&f, true);
    fota_teardown(&f);
}

/* --- On demand ------------------------------------------------------------------------------- */

static void outcome_can_be_asked_for(void **state) /* module.h, bc_on_firmware_fault */
{
    (void)state;
    static const struct {
        enum bc_firmware_code code;
        unsigned result;
    } rows[] = {{BC_FIRMWARE_UNKNOWN, 8},    {BC_FIRMWARE_FAILED, 4}, {BC_FIRMWARE_DEACTIVATED, 4},
                {BC_FIRMWARE_NO_NETWORK, 4}, {BC_FIRMWARE_FLASH, 3},  {BC_FIRMWARE_NO_SPACE, 3}};
    struct fota_desk f;
    fota_setup(&f, IMAGE_BYTES);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bc_on_firmware_fault(f.desk.module, rows[i].code);
        downloads_and(&f, (int)rows[i].code, rows[i].result);
    }
    bc_on_firmware_fault(f.desk.module, BC_FIRMWARE_FLASH);
    bc_on_firmware_fault(f.desk.module, BC_FIRMWARE_OK);
    downloads_at_last(&f); /* once each */
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(lost_blocks_are_asked_for_again),
        cmocka_unit_test(doubled_and_late_blocks_count_once),
        cmocka_unit_test(spoiled_block_is_found),
        cmocka_unit_test(blocks_are_as_small_as_the_server_likes),
        cmocka_unit_test(answers_may_come_by_themselves),
        cmocka_unit_test(server_may_be_away_for_a_while),
        cmocka_unit_test(server_that_stays_away_ends_it),
        cmocka_unit_test(changed_package_is_begun_anew),
        cmocka_unit_test(refusals_end_it),
        cmocka_unit_test(reset_ends_it),
        cmocka_unit_test(host_that_is_not_there_ends_it),
        cmocka_unit_test(unusable_uris_end_it),
        cmocka_unit_test(uri_has_a_limit),
        cmocka_unit_test(host_name_is_looked_up),
        cmocka_unit_test(another_host_has_the_package),
        cmocka_unit_test(switched_off_network_ends_it),
        cmocka_unit_test(network_that_stays_away_ends_it),
        cmocka_unit_test(network_that_comes_back_is_enough),
        cmocka_unit_test(expired_lifetime_does_not_end_it),
        cmocka_unit_test(server_that_has_forgotten_us_still_serves),
        cmocka_unit_test(flash_that_fails_ends_it),
        cmocka_unit_test(package_that_is_too_large_ends_it),
        cmocka_unit_test(package_that_never_ends_is_stopped),
        cmocka_unit_test(memory_that_is_not_there_ends_it),
        cmocka_unit_test(package_for_another_revision_is_refused),
        cmocka_unit_test(what_is_no_package_is_refused),
        cmocka_unit_test(truncated_package_is_refused),
        cmocka_unit_test(altered_header_is_told_from_no_package),
        cmocka_unit_test(second_uri_waits_its_turn),
        cmocka_unit_test(empty_uri_takes_it_back),
        cmocka_unit_test(execute_waits_its_turn),
        cmocka_unit_test(module_without_flash_takes_no_uri),
        cmocka_unit_test(nobody_observes),
        cmocka_unit_test(power_cut_at_any_block_leaves_it_idle),
        cmocka_unit_test(reset_leaves_it_idle),
        cmocka_unit_test(host_that_forgets_qsclk_loses_nothing),
        cmocka_unit_test(outcome_can_be_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
