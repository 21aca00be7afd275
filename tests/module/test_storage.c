/*
 * What the module keeps over a power cut, and what becomes of it when the storage goes wrong
 * (MODULE 5): a scripted life that is cut short after every operation, torn writes, flipped bits,
 * foreign bytes, a full disk; what a reset keeps and loses; how often a quiet life writes.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "base/crc32.h"
#include "base/random.h"
#include "base/sink.h"
#include "desk.h"
#include "store_faults.h"

#define DUMP_BYTES 4096
#define HEAD_BYTES 4
#define CRC_BYTES 4
#define QUARTER_HOUR_MS 900000

/* A module alone on its storage, without a twin: two of them would write twice. */
struct life {
    struct desk desk; /* first: the network's functions get it */
    struct store_faults store;
    struct bc_storage port;
};

/* --- Lives ------------------------------------------------------------------------------------ */

/* Powered on with what `store` holds; its boot lines are to be read. */
static void live_on(struct life *l, const struct store_faults *store)
{
    struct bc_config config = {.seed = 1, .storage = &l->port};
    if (store == NULL)
        store_faults_init(&l->store);
    else
        l->store = *store;
    l->port = store_faults_port(&l->store);
    desk_begin_on(&l->desk, &config, &desk_plain_network);
}

static void begin(struct life *l)
{
    live_on(l, NULL);
    desk_booted(&l->desk);
}

static void configured(struct life *l)
{
    begin(l);
    desk_ok(&l->desk, CONFIGURE);
    desk_ok(&l->desk, "AT+QLAADDOBJ=19,0,3,0,1,2");
}

static void registered(struct life *l)
{
    configured(l);
    desk_register(&l->desk);
}

/* Whatever it was about to say is not said. */
static void abandon(struct life *l)
{
    bc_module_end(l->desk.module);
}

/* The memory is gone, the storage is as it is. */
static void restart(struct life *l)
{
    static struct store_faults left; /* by the life before */
    abandon(l);
    left = l->store;
    left.cut = false;
    left.cut_after = STORE_NEVER;
    live_on(l, &left);
}

/* All that the host can see of what is kept, behind what `out` holds. */
static void show(struct desk *d, char out[DUMP_BYTES])
{
    static const char *const questions[] = {"AT+QLACONFIG?", "AT+QLACFG?", "AT+QLAADDOBJ?",
                                            "AT+CMEE?"};
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
        desk_host(d, questions[i]);
    size_t len = strlen(out);
    assert_true(len + d->serial_len < DUMP_BYTES);
    memcpy(out + len, d->serial, d->serial_len);
    out[len + d->serial_len] = '\0';
    d->serial_len = 0;
}

/* The same of a running module, and nothing before it. */
static void show_now(struct life *l, char out[DUMP_BYTES])
{
    out[0] = '\0';
    show(&l->desk, out);
}

/* What a module on this storage knows after power-up, and how many copies it finds damaged. */
static uint32_t wake_up_with(const struct store_faults *store, char out[DUMP_BYTES])
{
    static const char first_line[] = "ATV1Q0"; /* echoed or not: that is kept, too */
    static struct life l;
    live_on(&l, store);
    desk_expect(&l.desk, BOOT_LINES ATTACHED_LINE);
    desk_host(&l.desk, first_line);
    bool echoed = l.desk.serial_len >= strlen(first_line) &&
                  strncmp(l.desk.serial, first_line, strlen(first_line)) == 0;
    desk_host(&l.desk, "ATE0");
    l.desk.serial_len = 0;
    snprintf(out, DUMP_BYTES, "echo %d", echoed);
    show(&l.desk, out);
    for (const char *c = out; *c != '\0'; c++)
        assert_true(*c == '\r' || *c == '\n' || (unsigned char)*c >= ' ');
    assert_int_equal(bc_module_status(l.desk.module), strstr(out, "+QLACONFIG") != NULL ? 0 : 5);
    abandon(&l);
    return l.store.damaged - store->damaged;
}

/* --- A scripted life -------------------------------------------------------------------------- */

#define UPDATE_WIRE(rest) "4402 <mid> <token> <location>" rest
#define CHANGED "6444 <mid> <token>"

static void step_profile(struct desk *d)
{
    desk_ok(d, "AT+CMEE=1");
    desk_ok(d, "AT&W");
}

static void step_configure(struct desk *d)
{
    desk_ok(d, CONFIGURE);
}

static void step_retransmit(struct desk *d)
{
    desk_ok(d, "AT+QLACFG=\"retransmit\",2,1");
}

static void step_platform(struct desk *d)
{
    desk_ok(d, "AT+QLACFG=\"platform\",2");
}

static void step_value(struct desk *d)
{
    desk_ok(d, "AT+QLACFG=\"cfg_res\",3,0,17,\"500677\"");
}

static void step_objects(struct desk *d)
{
    desk_ok(d, "AT+QLAADDOBJ=19,0,3,0,1,2");
}

static void step_notify(struct desk *d)
{
    desk_observed(d);
    desk_ok(d, "AT+QLANOTIFY=19,0,0,1,5,\"abcde\",0");
    desk_urc(d, "+QLANOTIFY: 0");
    desk_wire(d, "5245 <mid> A1A2 6101 60 FF'abcde'");
}

static void step_lifetime(struct desk *d)
{
    desk_ok(d, "AT+QLAUPDATE=0,1000");
    desk_wire(d, UPDATE_WIRE("47'lt=1000'"));
    desk_server(d, CHANGED);
    desk_urc(d, "+QLAUPDATE: 0,<mid>");
}

static void step_server_writes_lifetime(struct desk *d)
{
    desk_server(d, "42031003A1A3 B1'1' 01'0' 01'1' 10 FF'600'");
    desk_wire(d, "62441003A1A3");
    desk_urc(d, "+QLAURC: \"lifetime_changed\",600");
    desk_wire(d, UPDATE_WIRE("46'lt=600'"));
    desk_server(d, CHANGED);
}

static void step_server_writes_binding(struct desk *d)
{
    desk_server(d, "42031004A1A4 B1'1' 01'0' 01'7' 10 FF'U'");
    desk_wire(d, "62441004A1A4");
    desk_urc(d, "+QLAURC: \"binding_changed\",U");
    desk_wire(d, UPDATE_WIRE("43'b=U'"));
    desk_server(d, CHANGED);
}

static void step_sleep(struct desk *d)
{
    desk_ok(d, "AT+QSCLK=1");
    desk_after(d, 30000);
    desk_urc(d, "+QNBIOTEVENT: \"ENTER DEEPSLEEP\"");
    desk_wake_pin(d);
    desk_urc(d, "+QNBIOTEVENT: \"EXIT DEEPSLEEP\"");
    desk_wire(d, UPDATE_WIRE(""));
    desk_server(d, CHANGED);
    desk_urc(d, "+QLAURC: \"recovered\",0");
    desk_ok(d, "AT+QSCLK=0");
}

static void step_object_more(struct desk *d)
{
    desk_ok(d, "AT+QLAADDOBJ=19,1,1,0");
    desk_wire(d, "4402 <mid> <token> <location> 1128 FF '" LINKS ",</19/0>,</19/1>'");
    desk_server(d, CHANGED);
    desk_urc(d, "+QLAADDOBJ: 0");
}

static void step_object_less(struct desk *d)
{
    desk_ok(d, "AT+QLADELOBJ=19");
    desk_wire(d, "4402 <mid> <token> <location> 1128 FF '" LINKS "'");
    desk_server(d, CHANGED);
    desk_urc(d, "+QLADELOBJ: 0");
}

static void step_deregister(struct desk *d)
{
    desk_ok(d, "AT+QLADEREG");
    desk_wire(d, "4404 <mid> <token> <location>");
    desk_server(d, "6442 <mid> <token>");
    desk_urc(d, "+QLADEREG: 0");
}

static void step_object_again(struct desk *d)
{
    desk_ok(d, "AT+QLAADDOBJ=20,0,2,5,6");
}

static void step_another_server(struct desk *d)
{
    desk_ok(d, "AT+QLACONFIG=0,\"lwm2m.example\",5684,\"ep1\",300,0,\"id\",\"secret\",0");
}

/* Each keeps at most one thing. */
static void (*const story[])(struct desk *d) = {
    step_profile,
    step_configure,
    step_retransmit,
    step_platform,
    step_value,
    step_objects,
    desk_register,
    step_notify,
    step_lifetime,
    step_server_writes_lifetime,
    step_server_writes_binding,
    step_sleep,
    step_object_more,
    step_object_less,
    step_deregister,
    step_object_again,
    step_another_server,
};
#define STEPS (sizeof(story) / sizeof(story[0]))

/* The life up to its end, or up to the step in which the power goes; how many steps that is. */
static size_t tell(struct life *l, uint32_t cut_after, size_t torn_bytes)
{
    size_t steps = 0;
    begin(l);
    l->store.cut_after = cut_after;
    l->store.torn_bytes = torn_bytes;
    while (steps < STEPS && !l->store.cut)
        story[steps++](&l->desk);
    return steps;
}

/* The whole life, and the storage and what is known behind each step; [0] is a new module. */
static struct {
    uint32_t operations[STEPS + 1];
    char known[STEPS + 1][DUMP_BYTES];
    struct store_faults store;
} reference;

static int tell_whole_life(void **state)
{
    static struct life l;
    (void)state;
    begin(&l);
    (void)wake_up_with(&l.store, reference.known[0]);
    for (size_t i = 0; i < STEPS; i++) {
        story[i](&l.desk);
        reference.operations[i + 1] = l.store.operations;
        (void)wake_up_with(&l.store, reference.known[i + 1]);
    }
    reference.store = l.store;
    desk_end(&l.desk);
    return 0;
}

static void check_cut(uint32_t after, size_t torn_bytes)
{
    static struct life l;
    char known[DUMP_BYTES];
    size_t steps = tell(&l, after, torn_bytes);
    uint32_t damaged = wake_up_with(&l.store, known);
    abandon(&l);
    assert_true(l.store.cut && steps > 0);
    /* Of two operations in a step the first one writes, and what is written is safe. */
    bool written = after > reference.operations[steps - 1];
    const char *expected = reference.known[written ? steps : steps - 1];
    if (strcmp(known, expected) != 0)
        print_error("power cut after %u operations, the last torn at %zu\n", after, torn_bytes);
    assert_string_equal(known, expected);
    assert_true(damaged == 0 || torn_bytes > 0);
}

/*
 *   profile, configuration, settings, objects, registration, observation, notification, update,
 *   write of the server, sleep, wake-up, more and fewer objects, deregistration, another server
 *                 ^ the power goes here, behind every operation of the storage
 */
static void power_cut_after_any_operation_leaves_the_old_or_the_new(void **state) /* MODULE 5 */
{
    (void)state;
    static const size_t torn_bytes[] = {0, 1, 3, 8, 40, BC_RECORD_BYTES_MAX};
    assert_true(reference.store.operations > STEPS / 2);
    for (uint32_t after = 0; after < reference.store.operations; after++)
        for (size_t i = 0; i < sizeof(torn_bytes) / sizeof(torn_bytes[0]); i++)
            check_cut(after, torn_bytes[i]);
}

/* A module that has been cut short goes on like any other. */
static void life_goes_on_after_a_power_cut(void **state) /* MODULE 5 */
{
    (void)state;
    static struct life l;
    for (uint32_t after = 0; after < reference.store.operations; after++) {
        (void)tell(&l, after, after % 2 == 0 ? 0 : 20);
        restart(&l);
        l.desk.serial_len = 0;
        desk_host(&l.desk, "ATE0+CMEE=0");
        l.desk.serial_len = 0;
        desk_ok(&l.desk, "AT+QSCLK=0");
        desk_host(&l.desk, "AT+QLADELOBJ=19");
        desk_host(&l.desk, "AT+QLADELOBJ=20");
        l.desk.serial_len = 0;
        desk_ok(&l.desk, CONFIGURE ",,,1");
        desk_ok(&l.desk, "AT+QLAADDOBJ=19,0,3,0,1,2");
        desk_register(&l.desk);
        step_lifetime(&l.desk);
        desk_end(&l.desk);
    }
}

/* --- Damage ----------------------------------------------------------------------------------- */

/* What is known when only the copy before is left of a record. */
static void known_without(enum bc_record record, char out[DUMP_BYTES])
{
    static struct store_faults store;
    store = reference.store;
    store.slot[record][0].there = false;
    (void)wake_up_with(&store, out);
}

static bool kept(enum bc_record record)
{
    return reference.store.slot[record][0].there;
}

/* The life's storage with other bytes in place of a record: they must not count. */
static void check_refused(enum bc_record record, bc_view bytes)
{
    static struct store_faults store;
    char expected[DUMP_BYTES];
    char known[DUMP_BYTES];
    known_without(record, expected);
    store = reference.store;
    store.slot[record][0].len = bytes.len;
    if (bytes.len > 0)
        memcpy(store.slot[record][0].bytes, bytes.ptr, bytes.len);
    assert_int_equal(wake_up_with(&store, known), 1);
    assert_string_equal(known, expected);
}

static bc_view stored(enum bc_record record)
{
    const struct store_slot *slot = &reference.store.slot[record][0];
    return (bc_view){slot->bytes, slot->len};
}

static void life_leaves_the_records_it_should(void **state)
{
    (void)state;
    assert_true(kept(BC_RECORD_SERVER) && kept(BC_RECORD_SETTINGS));
    assert_true(kept(BC_RECORD_OBJECTS) && kept(BC_RECORD_PROFILE));
    assert_false(kept(BC_RECORD_BOOTSTRAP) || kept(BC_RECORD_SESSION));
    assert_true(reference.store.slot[BC_RECORD_SERVER][1].there);
    assert_int_equal(reference.store.damaged, 0);
}

static void torn_record_gives_way_to_the_one_before(void **state) /* MODULE 5 */
{
    (void)state;
    for (unsigned i = 0; i < BC_RECORDS; i++) {
        bc_view whole = stored((enum bc_record)i);
        for (size_t len = 0; kept((enum bc_record)i) && len < whole.len; len++)
            check_refused((enum bc_record)i, (bc_view){whole.ptr, len});
    }
}

static void flipped_bit_makes_a_record_not_count(void **state) /* MODULE 5 */
{
    (void)state;
    uint8_t bytes[BC_RECORD_BYTES_MAX];
    for (unsigned i = 0; i < BC_RECORDS; i++) {
        bc_view whole = stored((enum bc_record)i);
        for (size_t at = 0; kept((enum bc_record)i) && at < whole.len; at++) {
            memcpy(bytes, whole.ptr, whole.len);
            bytes[at] ^= (uint8_t)(1u << (at % 8));
            check_refused((enum bc_record)i, (bc_view){bytes, whole.len});
        }
    }
}

/* Bytes with the checksum that belongs to them, in place. */
static bc_view seal(uint8_t *bytes, size_t len)
{
    uint32_t crc = bc_crc32((bc_view){bytes, len});
    for (unsigned i = 0; i < CRC_BYTES; i++)
        bytes[len + i] = (uint8_t)(crc >> (8 * (CRC_BYTES - 1 - i)));
    return (bc_view){bytes, len + CRC_BYTES};
}

static void record_of_another_version_does_not_count(void **state) /* MODULE 5 */
{
    (void)state;
    uint8_t bytes[BC_RECORD_BYTES_MAX];
    for (unsigned i = 0; i < BC_RECORDS; i++) {
        bc_view whole = stored((enum bc_record)i);
        for (unsigned version = 0; kept((enum bc_record)i) && version < 256; version++) {
            memcpy(bytes, whole.ptr, whole.len);
            if (bytes[2] == version)
                continue;
            bytes[2] = (uint8_t)version;
            check_refused((enum bc_record)i, seal(bytes, whole.len - CRC_BYTES));
        }
    }
}

static void record_in_the_place_of_another_does_not_count(void **state) /* MODULE 5 */
{
    (void)state;
    static uint8_t foreign[] = "{\"not\": \"a record\"}....";
    for (unsigned i = 0; i < BC_RECORDS; i++) {
        for (unsigned other = 0; other < BC_RECORDS; other++)
            if (i != other && kept((enum bc_record)i) && kept((enum bc_record)other))
                check_refused((enum bc_record)i, stored((enum bc_record)other));
        if (!kept((enum bc_record)i))
            continue;
        check_refused((enum bc_record)i, (bc_view){foreign, sizeof(foreign)});
        check_refused((enum bc_record)i, seal(foreign, sizeof(foreign) - CRC_BYTES));
        check_refused((enum bc_record)i, (bc_view){NULL, 0});
    }
}

static void without_any_good_copy_the_defaults_hold(void **state) /* MODULE 5 */
{
    (void)state;
    static struct store_faults store;
    char known[DUMP_BYTES];
    uint32_t copies = 0;
    store = reference.store;
    for (unsigned i = 0; i < 2 * BC_RECORDS; i++) {
        struct store_slot *slot = &store.slot[i / 2][i % 2];
        copies += slot->there;
        slot->bytes[HEAD_BYTES] ^= 0x80;
    }
    assert_int_equal(wake_up_with(&store, known), copies);
    assert_string_equal(known, reference.known[0]);
}

/* One byte of a good record changed to any value, with a good checksum: somebody else wrote it.
 * Whatever is taken over must be legal; what wake_up_with() sees is checked there. */
static void sealed_garbage_never_shows(void **state) /* MODULE 5 */
{
    (void)state;
    static struct store_faults store;
    struct bc_random random = {.state = 7};
    char known[DUMP_BYTES];
    uint8_t bytes[BC_RECORD_BYTES_MAX];
    for (unsigned round = 0; round < 4000; round++) {
        enum bc_record record = (enum bc_record)(round % BC_RECORDS);
        bc_view whole = stored(record);
        if (!kept(record))
            continue;
        size_t payload = whole.len - HEAD_BYTES - CRC_BYTES;
        memcpy(bytes, whole.ptr, whole.len);
        for (unsigned i = 0; i < 1 + round / 1000; i++)
            bytes[HEAD_BYTES + bc_random_next(&random) % payload] =
                (uint8_t)bc_random_next(&random);
        size_t len = round % 5 == 0 ? bc_random_next(&random) % (payload + 1) : payload;
        store = reference.store;
        store_faults_put(&store, record, seal(bytes, HEAD_BYTES + len));
        (void)wake_up_with(&store, known);
    }
}

static void text_with_control_characters_does_not_count(void **state) /* MODULE 5 */
{
    (void)state;
    uint8_t bytes[BC_RECORD_BYTES_MAX];
    bc_view whole = stored(BC_RECORD_SERVER);
    static const char *const texts[] = {"lwm2m.example", "ep1", "id", "secret"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        memcpy(bytes, whole.ptr, whole.len);
        uint8_t *text = memmem(bytes, whole.len, texts[i], strlen(texts[i]));
        assert_non_null(text);
        text[1] = i % 2 == 0 ? '\r' : 0x7F;
        check_refused(BC_RECORD_SERVER, seal(bytes, whole.len - CRC_BYTES));
    }
}

/* --- A storage that refuses ------------------------------------------------------------------- */

static void command_that_cannot_be_kept_changes_nothing(void **state) /* G 2.1, 2.2, 2.6, 2.7 */
{
    (void)state;
    static const char *const lines[] = {
        "AT+QLACONFIG=0,\"lwm2m.example\",5683,\"other\",600,3,,,0",
        "AT+QLACONFIG=1,\"bootstrap.example\",5683,\"other\",600,3,,,0",
        "AT+QLACFG=\"retransmit\",2,1",
        "AT+QLACFG=\"auto_ack\",1",
        "AT+QLACFG=\"platform\",2",
        "AT+QLACFG=\"cfg_res\",3,0,17,\"500677\"",
        "AT+QLACFG=\"lifetime_enable\",0",
        "AT+QLACFG=\"dtls_mode\",1",
        "AT+QLACFG=\"dtls_version\",0",
        "AT+QLAADDOBJ=20,0,1,0",
        "AT+QLADELOBJ=19",
        "AT&W",
    };
    static struct life l;
    char before[DUMP_BYTES];
    char after[DUMP_BYTES];
    configured(&l);
    show_now(&l, before);
    l.store.refuses = true;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        desk_error(&l.desk, lines[i]);
        show_now(&l, after);
        assert_string_equal(after, before);
        desk_status(&l.desk, 0);
    }
    desk_register(&l.desk); /* as it was configured */
    l.store.refuses = false;
    for (size_t i = 3; i < 7; i++)
        desk_ok(&l.desk, lines[i]);
    desk_end(&l.desk);
}

static void full_storage_does_not_end_a_session(void **state) /* MODULE 5 */
{
    (void)state;
    static struct life l;
    char before[DUMP_BYTES];
    char after[DUMP_BYTES];
    registered(&l);
    (void)wake_up_with(&l.store, before);
    l.store.refuses = true;
    step_notify(&l.desk);
    desk_error(&l.desk, "AT+QLAADDOBJ=20,0,1,0");
    desk_error(&l.desk, "AT+QLADELOBJ=19");
    step_lifetime(&l.desk); /* the server has taken it: it holds until the next reset */
    step_server_writes_lifetime(&l.desk);
    step_server_writes_binding(&l.desk);
    step_sleep(&l.desk);
    step_deregister(&l.desk);
    l.store.refuses = false;
    (void)wake_up_with(&l.store, after);
    assert_string_equal(after, before);
    desk_end(&l.desk);
}

/* --- What a reset keeps and loses ------------------------------------------------------------- */

/* Each line of the table "What is kept" in docs/AT.md that is a number or a text of the host's. */
static void reset_keeps_and_loses_what_the_table_says(void **state) /* G 2.1, 2.2, 2.4, 2.6, 2.7 */
{
    (void)state;
    static const struct {
        const char *set;
        const char *ask;
        const char *kept; /* NULL = lost: as after the first power-up */
    } rows[] = {
        {"AT+QLACONFIG=0,\"h\",1,\"e\",20,3,,,0", "AT+QLACONFIG?", "+QLACONFIG: 0,h,1,e,20,3,0"},
        {"AT+QLACFG=\"retransmit\",2,1", "AT+QLACFG=\"retransmit\"", "+QLACFG: \"retransmit\",2,1"},
        {"AT+QLACFG=\"auto_ack\",1", "AT+QLACFG=\"auto_ack\"", "+QLACFG: \"auto_ack\",1"},
        {"AT+QLACFG=\"platform\",2", "AT+QLACFG=\"platform\"", "+QLACFG: \"platform\",2"},
        {"AT+QLACFG=\"cfg_res\",3,0,17,\"x\"", "AT+QLACFG=\"cfg_res\"",
         "+QLACFG: \"cfg_res\",3,0,17,\"x\""},
        {"AT+QLACFG=\"lifetime_enable\",0", "AT+QLACFG=\"lifetime_enable\"",
         "+QLACFG: \"lifetime_enable\",0"},
        {"AT+QLACFG=\"dtls_mode\",1", "AT+QLACFG=\"dtls_mode\"", "+QLACFG: \"dtls_mode\",1"},
        {"AT+QLACFG=\"dtls_version\",0", "AT+QLACFG=\"dtls_version\"",
         "+QLACFG: \"dtls_version\",0"},
        {"AT+QLAADDOBJ=19,0,1,7", "AT+QLAADDOBJ?", "+QLAADDOBJ: 19,0,1,7"},
        {"AT+CMEE=2", "AT+CMEE?", NULL},
        {"AT+CEREG=5", "AT+CEREG?", NULL},
        {"AT+CSCON=1", "AT+CSCON?", NULL},
        {"AT+CPSMS=0", "AT+CPSMS?", NULL},
        {"AT+QNBIOTEVENT=0,1", "AT+QNBIOTEVENT?", NULL},
        {"AT+CFUN=0", "AT+CFUN?", NULL},
    };
    static struct life l;
    static char fresh[sizeof(rows) / sizeof(rows[0])][256];
    begin(&l);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        desk_host(&l.desk, rows[i].ask);
        snprintf(fresh[i], sizeof(fresh[i]), "%.*s", (int)l.desk.serial_len, l.desk.serial);
        l.desk.serial_len = 0;
        desk_ok(&l.desk, rows[i].set);
    }
    l.desk.serial_len = 0;
    for (unsigned round = 0; round < 2; round++) { /* the reset pin, then the power */
        if (round == 0)
            desk_reset(&l.desk);
        else
            restart(&l);
        desk_booted(&l.desk);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            if (rows[i].kept != NULL) {
                desk_tells(&l.desk, rows[i].ask, rows[i].kept);
            } else {
                desk_host(&l.desk, rows[i].ask);
                desk_expect(&l.desk, fresh[i]);
            }
        }
    }
    desk_end(&l.desk);
}

static void bootstrap_server_is_forgotten_with_the_power(void **state) /* G 2.1 note 1 */
{
    (void)state;
    static struct life l;
    configured(&l);
    desk_ok(&l.desk, "AT+QLACONFIG=1,\"bootstrap.example\",5683,\"ep\",300,3");
    assert_true(l.store.slot[BC_RECORD_BOOTSTRAP][0].there);
    restart(&l);
    desk_booted(&l.desk);
    desk_status(&l.desk, 5);
    desk_ok(&l.desk, "AT+QLACONFIG?");
    desk_error(&l.desk, "AT+QLAREG");
    desk_tells(&l.desk, "AT+QLAADDOBJ?", "+QLAADDOBJ: 19,0,3,0,1,2");
    assert_false(l.store.slot[BC_RECORD_BOOTSTRAP][0].there);
    desk_end(&l.desk);
}

static void observation_and_registration_are_lost_with_the_power(void **state) /* G 2.11 */
{
    (void)state;
    static struct life l;
    registered(&l);
    desk_observed(&l.desk);
    restart(&l);
    desk_booted(&l.desk);
    desk_status(&l.desk, 0);
    desk_error(&l.desk, "AT+QLANOTIFY=19,0,0,1,5,\"abcde\",0");
    desk_register(&l.desk);
    desk_error(&l.desk, "AT+QLANOTIFY=19,0,0,1,5,\"abcde\",0");
    desk_end(&l.desk);
}

static void lifetime_and_binding_are_kept_whoever_changed_them(void **state) /* G 2.4, 3.10, 3.11 */
{
    (void)state;
    static struct life l;
    registered(&l);
    step_lifetime(&l.desk);
    restart(&l);
    desk_booted(&l.desk);
    desk_tells(&l.desk, "AT+QLACONFIG?",
               "+QLACONFIG: 0,180.101.147.115,5683,867724030023557,1000,3,1");
    desk_ok(&l.desk, CONFIGURE);
    desk_register(&l.desk);
    step_server_writes_lifetime(&l.desk);
    step_server_writes_binding(&l.desk);
    restart(&l);
    desk_booted(&l.desk);
    desk_tells(&l.desk, "AT+QLACONFIG?",
               "+QLACONFIG: 0,180.101.147.115,5683,867724030023557,600,3,0");
    desk_end(&l.desk);
}

/* Until the server has agreed, nothing is written. */
static void refused_lifetime_is_not_kept(void **state) /* G 2.4 */
{
    (void)state;
    static struct life l;
    registered(&l);
    uint32_t operations = l.store.operations;
    desk_ok(&l.desk, "AT+QLAUPDATE=0,1000");
    desk_wire(&l.desk, UPDATE_WIRE("47'lt=1000'"));
    desk_server(&l.desk, "6480 <mid> <token>");
    desk_urc(&l.desk, "+QLAUPDATE: 400,<mid>");
    assert_int_equal(l.store.operations, operations);
    desk_end(&l.desk);
}

static void saved_profile_comes_back_and_factory_settings_do_not_erase_it(void **state) /* V.250 */
{
    (void)state;
    static struct life l;
    begin(&l);
    desk_ok(&l.desk, "AT+CMEE=2");
    desk_ok(&l.desk, "AT&W");
    desk_ok(&l.desk, "AT&F");
    desk_host(&l.desk, "ATE0");
    l.desk.serial_len = 0;
    desk_tells(&l.desk, "AT+CMEE?", "+CMEE: 0");
    restart(&l);
    desk_expect(&l.desk, BOOT_LINES ATTACHED_LINE);
    desk_tells(&l.desk, "AT+CMEE?", "+CMEE: 2"); /* and no echo */
    desk_end(&l.desk);
}

/* --- How much is written ---------------------------------------------------------------------- */

/* The last datagram of the module is acknowledged. */
static void acknowledge(struct desk *d)
{
    assert_int_equal(d->wires, 1);
    const uint8_t ack[] = {0x60, 0, d->wire[0].bytes[2], d->wire[0].bytes[3]};
    d->wires = 0;
    desk_datagram(d, &d->server, ack, sizeof(ack));
}

/*
 * A day: a report every quarter of an hour, deep sleep in between. What must survive sleep is in
 * RAM that sleep keeps; storage is for what is configured.
 */
static void day_of_reports_writes_nothing(void **state) /* MODULE 5 */
{
    (void)state;
    static struct life l;
    struct desk *d = &l.desk;
    registered(&l);
    desk_observed(d);
    step_lifetime(d); /* longer than a quarter of an hour */
    uint32_t operations = l.store.operations;
    for (unsigned i = 0; i < 96; i++) {
        desk_ok(d, "AT+QLANOTIFY=19,0,0,1,5,\"abcde\",0,1");
        acknowledge(d);
        desk_host(d, "AT+QSCLK=1");
        assert_non_null(memmem(d->serial, d->serial_len, "\"report_ack\",0", 14));
        d->serial_len = 0;
        desk_after(d, QUARTER_HOUR_MS);
        desk_urc(d, "+QNBIOTEVENT: \"ENTER DEEPSLEEP\"");
        desk_wake_pin(d);
        desk_urc(d, "+QNBIOTEVENT: \"EXIT DEEPSLEEP\"");
        desk_wire(d, UPDATE_WIRE(""));
        desk_server(d, CHANGED);
        desk_urc(d, "+QLAURC: \"recovered\",0");
    }
    assert_int_equal(l.store.operations, operations);
    desk_end(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(life_leaves_the_records_it_should),
        cmocka_unit_test(power_cut_after_any_operation_leaves_the_old_or_the_new),
        cmocka_unit_test(life_goes_on_after_a_power_cut),
        cmocka_unit_test(torn_record_gives_way_to_the_one_before),
        cmocka_unit_test(flipped_bit_makes_a_record_not_count),
        cmocka_unit_test(record_of_another_version_does_not_count),
        cmocka_unit_test(record_in_the_place_of_another_does_not_count),
        cmocka_unit_test(without_any_good_copy_the_defaults_hold),
        cmocka_unit_test(sealed_garbage_never_shows),
        cmocka_unit_test(text_with_control_characters_does_not_count),
        cmocka_unit_test(command_that_cannot_be_kept_changes_nothing),
        cmocka_unit_test(full_storage_does_not_end_a_session),
        cmocka_unit_test(reset_keeps_and_loses_what_the_table_says),
        cmocka_unit_test(bootstrap_server_is_forgotten_with_the_power),
        cmocka_unit_test(observation_and_registration_are_lost_with_the_power),
        cmocka_unit_test(lifetime_and_binding_are_kept_whoever_changed_them),
        cmocka_unit_test(refused_lifetime_is_not_kept),
        cmocka_unit_test(saved_profile_comes_back_and_factory_settings_do_not_erase_it),
        cmocka_unit_test(day_of_reports_writes_nothing),
    };
    return cmocka_run_group_tests(tests, tell_whole_life, NULL);
}
