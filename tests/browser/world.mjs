/*
 * A world with something of everything, for the fake server: four carriers' products, devices in
 * each state, data, commands, messages, an upgrade on its way, and strings as hostile devices send
 * them.
 */

import { emptyWorld } from "./fake.mjs";

const MINUTE = 60000;
const EVIL = "<img src=x onerror=alert(1)>\u202e\u0007'\"--";

export let HOSTILE = EVIL;

const product = (id, name, carrier, more) => ({
    id, name, carrier, project: "", manufacturer_id: "", manufacturer: "", model: "", industry: "",
    device_type: "", protocol: "LWM2M", data_format: "binary", category: "", node_type: "device",
    access: "direct", network: "NB-IoT", security: "plain", auth: "imei",
    endpoint_format: "{imei}", payload: "transparent", power_saving: "none", product_id: "",
    observe_all: false, description: "", codec: { kind: "none", deployed: false },
    model_published: false, device_count: 0, created_ms: Date.now() - id * 3600000, ...more,
});

function device(endpoint, productId, more) {
    return {
        endpoint, href: `/api/v1/devices/${encodeURIComponent(endpoint)}`, product: productId,
        name: "", imei: "", imsi: "", device_key: "", remark: "", subscription: "auto",
        encrypted: false, created_ms: Date.now() - 86400000, registration: null, online: false,
        awake: null, commands_waiting: 0, group: null, virtual: false, ...more,
    };
}

const registered = (now, paths) => ({
    online: true, awake: true, registration: {
        id: "4f2a", address: "127.0.0.1:49152", listener: "coap", lifetime_s: 300, binding: "UQ",
        version: "1.0", registered_ms: now - 20 * MINUTE, seen_ms: now - 20000,
        expires_ms: now + 200000, observations: paths.map((path) => ({ path, accept: 42 })),
    },
});

function someDevices(now) {
    return [
        device("867724030023557", 1, { name: "Front door", imei: "867724030023557",
            ...registered(now, ["/19/0/0"]), commands_waiting: 2, group: 1 }),
        device("urn:imei-imsi:866971030603068-460111174747875", 2, { name: "Sluice",
            imei: "866971030603068", imsi: "460111174747875", ...registered(now, ["/19/0/0"]),
            awake: false }),
        device("866971031275899", 3, { name: "Outlet", imei: "866971031275899", virtual: true,
            ...registered(now, []) }),
        device("861428040064744", 4, { name: "861428040064744", imei: "861428040064744",
            ...registered(now, ["/3311/0"]), remark: "测试使用" }),
        device("869405030311568", 1, { imei: "869405030311568" }),
        device(HOSTILE, null, { name: HOSTILE, ...registered(now, []) }),
    ];
}

function someData(now) {
    const rows = [];
    for (let i = 0; i < 24; i += 1) {
        rows.push({
            number: 1000 + i, time_ms: now - (24 - i) * MINUTE, kind: "notify", path: "/19/0/0",
            code: "2.05", format: 42, hex: `0200010004${(20 + (i % 9)).toString(16)}023238`,
            text: null, values: { services: [{ service: "WaterData", properties: {
                level: 20 + (i % 9), battery: 98 - i / 4,
            } }] },
        });
    }
    rows.push({ number: 1024, time_ms: now, kind: "notify", path: "/19/0/0", code: "2.05",
        format: 0, hex: Buffer.from(HOSTILE).toString("hex"), text: HOSTILE, values: null });
    return rows;
}

function someProperties(now) {
    const wave = (f) => Array.from({ length: 60 }, (_, i) => ({
        time_ms: now - (60 - i) * MINUTE, value: f(i),
    }));
    return {
        temperature: wave((i) => Number((21 + 4 * Math.sin(i / 9) + (i % 3) / 5).toFixed(1))),
        waterflow: wave((i) => 400 + ((i * 37) % 120)),
        switch: wave((i) => i % 17 < 8),
        note: [{ time_ms: now, value: HOSTILE }],
    };
}

function someObjects(now) {
    const r = (resource, name, operations, value, observed = false) => ({
        resource, name, operations, value, observed, time_ms: value === undefined ? null : now,
    });
    return [
        { object: 3, name: "Device", instances: [{ instance: 0, resources: [
            r(0, "Manufacturer", "R", "Quectel"), r(1, "Model Number", "R", "BC260Y-CN"),
            r(4, "Reboot", "E"), r(9, "Battery Level", "R", 87),
        ] }] },
        { object: 19, name: "Binary App Data Container", instances: [
            { instance: 0, resources: [r(0, "Data", "R", "020001000400023438", true)] },
            { instance: 1, resources: [r(0, "Data", "RW")] },
        ] },
        { object: 3303, name: "Temperature", instances: [{ instance: 0, resources: [
            r(5700, "Sensor Value", "R", 21.5), r(5701, "Sensor Units", "R", HOSTILE),
        ] }] },
        { object: 3311, name: "Light Control", instances: [{ instance: 0, resources: [
            r(5850, "On/Off", "RW", true), r(5851, "Dimmer", "RW", 40),
        ] }] },
    ];
}

function someMessages(now) {
    const m = (i, direction, type, code, options, hex = "", text = "") => ({
        time_ms: now - (10 - i) * 1500, direction, type, code, message_id: 21290 + i, token: "a1b2",
        options, payload_hex: hex, payload_text: text,
    });
    const path = (...parts) => parts.map((value) => ({ name: "Uri-Path", value }));
    return [
        m(0, "up", "CON", "POST", [...path("rd"), { name: "Content-Format", value: "40" },
            { name: "Uri-Query", value: "ep=867724030023557" },
            { name: "Uri-Query", value: "lt=300" }], "3c2f31392f303e", "</19/0>,</19/1>"),
        m(1, "down", "ACK", "2.01", [{ name: "Location-Path", value: "rd" },
            { name: "Location-Path", value: "4f2a" }]),
        m(2, "down", "CON", "GET", [{ name: "Observe", value: "0" }, ...path("19", "0", "0"),
            { name: "Accept", value: "42" }]),
        m(3, "up", "ACK", "2.05", [{ name: "Observe", value: "1" },
            { name: "Content-Format", value: "42" }], "020001000400023238"),
        m(4, "up", "CON", "2.05", [{ name: "Observe", value: "2" },
            { name: "Content-Format", value: "42" }], "020001000400023438"),
        m(5, "down", "ACK", "EMPTY", []),
        m(6, "down", "CON", "PUT", path("19", "1", "0"), "0901"),
        m(7, "up", "ACK", "2.04", [{ name: HOSTILE, value: HOSTILE }],
            Buffer.from(HOSTILE).toString("hex"), HOSTILE),
    ];
}

function someCommands(now) {
    const c = (id, state, more) => ({
        id, endpoint: "867724030023557", kind: "operation", operation: "write", path: "/19/1/0",
        state, created_ms: now - id * MINUTE, expires_ms: now + 172000000, sent_ms: null,
        ended_ms: null, code: null, format: null, hex: "", value: null, reason: "", ...more,
    });
    return [
        c(11, "SUCCESSFUL", { code: "2.05", operation: "read", path: "/3/0/0", value: "Quectel",
            ended_ms: now }),
        c(12, "FAILED", { code: "4.05", reason: "the device answered 4.05", ended_ms: now }),
        c(13, "TIMEOUT", { reason: "the device did not answer", ended_ms: now }),
        c(14, "EXPIRED", { ended_ms: now }),
        c(15, "DELIVERED", { sent_ms: now }),
        c(16, "PENDING", { kind: "service", request: { service: "BusinessService",
            method: "CHANGE_PWD", params: { newPassword: "secret" } } }),
        c(17, "PENDING", { operation: "execute", path: "/3/0/4" }),
    ];
}

function someUpgrade(world, now) {
    world.firmwares.push({ id: 31, name: "BC260YCNAAR01A02", version: "BC260YCNAAR01A02",
        carrier: "aep", state: "ready", bytes: 73211, package_bytes: 71020, md5: "0".repeat(32),
        sha256: "ab".repeat(32), source_revision: "BC260YCNAAR01A01",
        target_revision: "BC260YCNAAR01A02", created_ms: now },
    { id: 32, name: "A03_BETA0721", version: "BC260YCNAAR01A03_BETA0721", carrier: "iot",
        state: "empty", created_ms: now });
    world.keys.push({ id: 41, manufacturer: "QUECTEL", created_ms: now,
        public_key: "-----BEGIN PUBLIC KEY-----\nMFYwEAYHKoZIzj0CAQ\n-----END PUBLIC KEY-----\n" });
    world.tasks.push({ id: 51, name: "Test_Task1", firmware: 31, state: "running", retries: 3,
        retry_policy: "immediate", counts: { waiting: 1, running: 1, succeeded: 1, failed: 1 },
        created_ms: now, started_ms: now });
    const d = (endpoint, state, progress, more) => ({ endpoint, state, progress, attempts: 1,
        result: null, reason: null, version_before: "BC260YCNAAR01A01", version_after: null,
        updated_ms: now, ...more });
    world.taskDevices[51] = [
        d("867724030023557", "DOWNLOADING", 62),
        d("861428040064744", "WAITING", 0, { attempts: 0, version_before: null }),
        d("866971031275899", "SUCCEEDED", 100, { result: 1, version_after: "BC260YCNAAR01A02" }),
        d("urn:imei-imsi:866971030603068-460111174747875", "FAILED", 35, {
            result: 5, reason: "the package did not arrive as it was sent", attempts: 4,
        }),
    ];
}

function someDocuments(world) {
    world.documents["1/profile"] = {
        devices: [{ manufacturerId: "QUECTEL", manufacturerName: "QUECTEL", model: "DoorLock001",
            protocolType: "LWM2M", deviceType: "DoorLock", omCapability: {
                upgradeCapability: { supportUpgrade: false }, fwUpgradeCapability: {
                    supportUpgrade: true, upgradeProtocolType: "LWM2M",
                    downloadProtocolType: "CoAP",
                },
            }, serviceTypeCapabilities: [{ serviceId: "BusinessService",
                serviceType: "BusinessService", option: "Mandatory" }] }],
        services: [{ serviceType: "BusinessService", properties: [
            { propertyName: "timeStamp", dataType: "int", min: 0, max: 128, required: true,
                method: "RE" },
            { propertyName: "userid", dataType: "int", min: 0, max: 128, required: true,
                method: "RE" },
        ], commands: [{ commandName: "CHANGE_PWD", paras: [{ paraName: "newPassword",
            dataType: "string", maxLength: 10, required: true }], responses: [] }] }],
    };
    world.documents["1/codec"] = { kind: "fields", messages: [{ service: "BusinessService",
        fields: [{ name: "timeStamp", type: "uint8" }, { name: "userid", type: "uint8" }] }],
    commands: [{ service: "BusinessService", method: "CHANGE_PWD",
        fields: [{ name: "newPassword", type: "string", bytes: 10 }] }] };
    world.documents["4/model"] = { properties: [
        { identifier: "switch", name: "开关", type: "bool", true_name: "开", false_name: "关",
            access: "rw" },
        { identifier: "waterflow", name: "水流量", type: "int32", min: 0, max: 10000, step: 2,
            access: "rw" },
    ], services: [], events: [] };
    world.documents["4/mapping"] = { items: [
        { object: 3311, instance: 0, resource: 5850, identifier: "switch" },
        { object: 3311, instance: 0, resource: 5851, identifier: "waterflow" },
    ] };
}

/* `calm`: without the hostile strings, for pictures. */
export function richWorld({ calm = false } = {}) {
    HOSTILE = calm ? "lobby" : EVIL;
    const now = Date.now();
    const world = emptyWorld();
    world.products.push(
        product(1, "DoorLock", "iot", { model: "DoorLock001", manufacturer: "QUECTEL",
            manufacturer_id: "QUECTEL", industry: "智慧生活", device_type: "DoorLock",
            codec: { kind: "fields", deployed: true } }),
        product(2, "BC26NB", "aep", { category: "智慧水利/水利设备/水闸CTU", power_saving: "psm",
            endpoint_format: "urn:imei-imsi:{imei}-{imsi}" }),
        product(3, "Outlet", "andlink", { product_id: "500677" }),
        product(4, "移远水表", "dmp", { power_saving: "psm", model_published: true }));
    world.devices.push(...someDevices(now));
    world.commands.push(...someCommands(now));
    world.webhooks.push({ id: 61, url: "https://127.0.0.1:9000/hook", events: ["data", "alarm"],
        delivered: 1204, failed: 2, last_error: HOSTILE, created_ms: now });
    someUpgrade(world, now);
    someDocuments(world);
    for (const { endpoint } of world.devices.filter((d) => d.online)) {
        world.data[endpoint] = someData(now);
        world.properties[endpoint] = someProperties(now);
        world.objects[endpoint] = someObjects(now);
        world.messages[endpoint] = someMessages(now);
    }
    world.virtual["866971031275899"] = { state: "running", exit: null, lines: [
        ["info", "transcript: andlink"], ["out", "RDY"], ["out", "+CFUN: 1"], ["in", "AT+QSCLK=0"],
        ["out", "OK"], ["in", 'AT+QLACFG="platform",2'], ["out", "OK"], ["in", "AT+QLAREG"],
        ["out", "OK"], ["out", '+QLAURC: "bs_finished"'], ["out", "+QLAREG: 0"], ["out", HOSTILE],
    ].map(([direction, text], i) => ({ time_ms: now + i * 137, direction, text })) };
    return world;
}
