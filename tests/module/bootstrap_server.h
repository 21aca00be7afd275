/*
 * The bootstrap server of a desk, played step by step:
 *
 *   module                                 bootstrap server
 *     | --- CON POST /bs?ep=.. -------------> |
 *     | <-- ACK 2.04 ------------------------ |   step 1
 *     | <-- CON DELETE / -------------------- |   step 2
 *     | <-- CON PUT /0/0 (its own) ---------- |   step 3
 *     | <-- CON PUT /0/1 (the server) ------- |   step 4
 *     | <-- CON PUT /1/0 -------------------- |   step 5
 *     | <-- CON POST /bs -------------------- |   step 6
 *     | --- CON POST /rd?.. ----------------> |   100 ms later, at the server it has given
 *
 * Requests have the token A1A2 and message IDs that count up from 3001. Patterns are those of
 * desk.h.
 */
#ifndef TEST_BOOTSTRAP_SERVER_H
#define TEST_BOOTSTRAP_SERVER_H

#include "desk.h"

#define BS_STEPS 6
#define BS_PAUSE_MS 100

/* 180.101.147.115 is the bootstrap server and gives 180.101.147.116, port 5700. */
#define BS_CONFIGURE "AT+QLACONFIG=1,\"180.101.147.115\",5683,\"867724030023557\",300,3"
#define BS_WIRE "4402 <mid> <token> B2'bs' 4D05'ep=867724030023557'"
#define BS_OWN "C8001B'coap://180.101.147.115:5683' C10101 C10203"
#define BS_ACCOUNT "C8001B'coap://180.101.147.116:5700' C10100 C10203 C20A0065"
#define BS_SERVER "C2000065 C2010258 C107'U'" /* lifetime 600, binding U */
#define BS_REGISTER_WIRE(binding, lifetime)                                                       \
    "4402 <mid> <token> B2'rd' 1128 39'lwm2m=1.0' 0D05'ep=867724030023557' " binding " " lifetime \
    " FF '" LINKS "'"
#define BS_GIVEN_WIRE BS_REGISTER_WIRE("03'b=U'", "06'lt=600'")
#define BS_GIVEN_INFO "+QLACONFIG: 0,180.101.147.116,5700,867724030023557,600,3,0"
#define BS_TLV "122D16" /* Content-Format 11542 behind a Uri-Path */

/* A ready module, configured with the bootstrap server. */
void bs_configured(struct desk *d);
/* AT+QLAREG has sent POST /bs, which the server has not answered. */
void bs_asked(struct desk *d);
/* The same with the first `steps` steps behind it, their URCs read. */
void bs_at_step(struct desk *d, unsigned steps);
/* Step 1 to 6; the server's requests are answered as they should be. */
void bs_step(struct desk *d, unsigned step);
/* Whoever was given is the server of the desk from now on. */
void bs_at_given(struct desk *d);
/* bs_at_given() answers the registration that is due now with 2.01; +QLAREG: 0 is read. */
void bs_registered(struct desk *d);

/* A request; `path` is "0/1", "bs" or "", `options` stand behind the Uri-Path, `payload` is a
 * pattern, NULL for none. */
void bs_ask(struct desk *d, unsigned code, const char *path, const char *options,
            const char *payload);
/* The same datagram once more. */
void bs_repeat(struct desk *d);

#define bs_reply(d, code) bs_reply_at(d, code, __FILE__, __LINE__)
#define bs_put(d, path, payload, code) bs_put_at(d, path, payload, code, __FILE__, __LINE__)
#define bs_delete(d, path, code) bs_delete_at(d, path, code, __FILE__, __LINE__)
#define bs_finish(d, code) bs_finish_at(d, code, __FILE__, __LINE__)
/* The code as it stands on the wire: 0x44 is 2.04. */
void bs_reply_at(struct desk *d, unsigned code, const char *file, int line);
void bs_put_at(struct desk *d, const char *path, const char *payload, unsigned code,
               const char *file, int line);
void bs_delete_at(struct desk *d, const char *path, unsigned code, const char *file, int line);
void bs_finish_at(struct desk *d, unsigned code, const char *file, int line);

/* "C8000548656C6C6F": a resource of TLV as a pattern; the text lies in `out`. */
const char *bs_text(char *out, size_t cap, unsigned resource, const char *text);

#endif
