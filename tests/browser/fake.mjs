/*
 * A stand-in for bc260y-platform in fast tests of the console: the files of platform/console, and a
 * small REST interface over objects in memory that behaves as the real one does where a page can
 * tell the difference. The guide's steps run against the real program (guide.test.mjs).
 *
 *     const fake = await startFake({ world: richWorld() });
 *     … fake.url, fake.token, fake.world, fake.tell({type: "data", …}) …
 *     await fake.stop();
 */

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const CONSOLE = fileURLToPath(new URL("../../platform/console/", import.meta.url));
const TYPES = {
    ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
};
const HEADERS = {
    "Content-Security-Policy": "default-src 'self'", "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
};
const TOKENS = { bcp_admin: "admin", bcp_operator: "operator", bcp_viewer: "viewer" };
const PRODUCT_DEFAULTS = {
    project: "", manufacturer_id: "", manufacturer: "", model: "", industry: "", device_type: "",
    protocol: "LWM2M", data_format: "binary", category: "", node_type: "device", access: "direct",
    network: "NB-IoT", security: "plain", auth: "imei", endpoint_format: "{imei}",
    payload: "transparent", power_saving: "none", product_id: "", observe_all: false,
    description: "", codec: { kind: "none", deployed: false }, model_published: false,
};

class Refusal extends Error {
    constructor(status, detail, field, code, ...params) {
        super(detail);
        Object.assign(this, { status, field, code, params });
    }
}

export function emptyWorld() {
    return {
        products: [], devices: [], commands: [], data: {}, properties: {}, objects: {},
        messages: {}, virtual: {}, firmwares: [], keys: [], groups: [
            { id: 1, name: "default", device_count: 0, created_ms: 1700000000000 },
        ], tasks: [], taskDevices: {}, webhooks: [], tokens: [
            { id: 1, name: "first", role: "admin", created_ms: 1700000000000, expires_ms: null,
                last_used_ms: 1700000100000 },
        ], documents: {}, next: 100,
    };
}

const found = (list, id) => {
    const item = list.find((i) => String(i.id) === id);
    if (!item) {
        throw new Refusal(404, "There is no such thing.");
    }
    return item;
};

/* The handlers: [method, path with {…}, role, handle(world, {params, query, body})] ------- */

function page(items, query, text = (i) => JSON.stringify(i)) {
    const limit = Number(query.limit || 50);
    const start = Number(query.cursor || 0);
    const needle = (query.search || "").toLowerCase();
    const all = items.filter((i) => text(i).toLowerCase().includes(needle));
    const next = start + limit < all.length ? start + limit : null;
    return { items: all.slice(start, start + limit), next };
}

const newest = (commands) => [...commands].sort((a, b) => b.id - a.id);

function lists(name, role, defaults = () => ({})) {
    return [
        ["GET", `/${name}`, "viewer", (w, { query }) => page(w[name], query)],
        ["POST", `/${name}`, role, (w, { body }) => {
            w.next += 1;
            const item = { id: w.next, created_ms: Date.now(), ...defaults(w, body), ...body };
            w[name].push(item);
            return [201, item];
        }],
        ["GET", `/${name}/{id}`, "viewer", (w, { params }) => found(w[name], params.id)],
        ["DELETE", `/${name}/{id}`, role, (w, { params }) => {
            const item = found(w[name], params.id);
            w[name].splice(w[name].indexOf(item), 1);
            return [204];
        }],
    ];
}

const productOf = (w, id) => {
    const product = found(w.products, id);
    product.device_count = w.devices.filter((d) => d.product === product.id).length;
    return product;
};

function products() {
    return [
        ["GET", "/products", "viewer", (w, { query }) => page(w.products.map((p) =>
            productOf(w, String(p.id))), query)],
        ["POST", "/products", "admin", (w, { body }) => {
            if (w.products.some((p) => p.name === body.name)) {
                throw new Refusal(409, "There is a product of that name.", "name",
                    "product_exists");
            }
            w.next += 1;
            const product = { id: w.next, ...PRODUCT_DEFAULTS, ...body, device_count: 0,
                created_ms: Date.now() };
            w.products.push(product);
            return [201, product];
        }],
        ["GET", "/products/{id}", "viewer", (w, { params }) => productOf(w, params.id)],
        ["PATCH", "/products/{id}", "admin", (w, { params, body }) =>
            Object.assign(productOf(w, params.id), body)],
        ["DELETE", "/products/{id}", "admin", (w, { params }) => {
            const product = productOf(w, params.id);
            if (product.device_count > 0) {
                throw new Refusal(409, "The product has devices.");
            }
            w.products.splice(w.products.indexOf(product), 1);
            return [204];
        }],
        ...documents(),
    ];
}

function documents() {
    const key = (params) => `${params.id}/${params.part}`;
    return [
        ["GET", "/products/{id}/{part}", "viewer", (w, { params }) => {
            if (!w.documents[key(params)]) {
                throw new Refusal(404, `There is no ${params.part}.`);
            }
            return w.documents[key(params)];
        }],
        ["PUT", "/products/{id}/{part}", "admin", (w, { params, body }) => {
            if (body.source?.includes("syntax error")) {
                throw new Refusal(422, "line 3: syntax error near 'error'", "source");
            }
            w.documents[key(params)] = body;
            if (params.part === "codec") {
                const { codec } = productOf(w, params.id);
                productOf(w, params.id).codec = { ...codec, kind: body.kind };
            }
            return body;
        }],
        ["DELETE", "/products/{id}/{part}", "admin", (w, { params }) => {
            delete w.documents[key(params)];
            return [204];
        }],
        ["POST", "/products/{id}/codec/deploy", "admin", (w, { params }) => {
            productOf(w, params.id).codec = { kind: "fields", deployed: true };
            return { kind: "fields", deployed: true };
        }],
        ["POST", "/products/{id}/codec/test", "viewer", (w, { body }) => (body.hex
            ? { services: [{ service: "Water", properties: { level: body.hex.length / 2 } }] }
            : { hex: "0901" })],
        ["POST", "/products/{id}/model/publish", "admin", (w, { params }) => {
            productOf(w, params.id).model_published = true;
            return { properties: [] };
        }],
    ];
}

const deviceOf = (w, endpoint) => {
    const device = w.devices.find((d) => d.endpoint === endpoint);
    if (!device) {
        throw new Refusal(404, "There is no such device.");
    }
    return device;
};

function filled(format, body) {
    return format.replace("{imei}", body.imei).replace("{imsi}", body.imsi);
}

function addDevice(w, { body }) {
    const product = productOf(w, String(body.product));
    const endpoint = body.endpoint || filled(product.endpoint_format, body);
    if (w.devices.some((d) => d.endpoint === endpoint)) {
        throw new Refusal(409, "this device is there already", "endpoint", "device_exists");
    }
    const device = {
        endpoint, href: `/api/v1/devices/${encodeURIComponent(endpoint)}`, name: "", imsi: "",
        device_key: "", remark: "", subscription: "auto", ...body, psk: undefined,
        encrypted: Boolean(body.psk), created_ms: Date.now(), registration: null, online: false,
        awake: null, commands_waiting: 0, group: null, virtual: false,
    };
    w.devices.push(device);
    return [201, device];
}

function devices() {
    return [
        ["GET", "/devices", "viewer", (w, { query }) => page(w.devices.filter((d) =>
            (!query.product || String(d.product) === query.product)
            && (!query.online || String(d.online) === query.online)), query, (d) =>
            `${d.endpoint} ${d.name}`)],
        ["POST", "/devices", "operator", addDevice],
        ["GET", "/devices/{ep}", "viewer", (w, { params }) => deviceOf(w, params.ep)],
        ["PATCH", "/devices/{ep}", "operator", (w, { params, body: { psk, ...body } }) =>
            Object.assign(deviceOf(w, params.ep), body, psk === undefined ? {}
                : { encrypted: psk !== null })],
        ["DELETE", "/devices/{ep}", "operator", (w, { params }) => {
            w.devices.splice(w.devices.indexOf(deviceOf(w, params.ep)), 1);
            return [204];
        }],
        ["GET", "/devices/{ep}/properties/{name}", "viewer", (w, { params }) =>
            ({ items: w.properties[params.ep]?.[params.name] || [], next: null })],
        ["GET", "/devices/{ep}/properties", "viewer", (w, { params }) => ({
            items: Object.entries(w.properties[params.ep] || {}).map(([name, rows]) =>
                ({ name, unit: name === "temperature" ? "°C" : "", ...rows.at(-1) })),
        })],
        ["GET", "/devices/{ep}/commands", "viewer", (w, { params, query }) =>
            page(newest(w.commands.filter((c) => c.endpoint === params.ep
                && (!query.state || c.state === query.state))), query)],
        ["POST", "/devices/{ep}/commands", "operator", sendCommand],
        ["POST", "/devices/{ep}/virtual", "operator", (w, { params, body }) => {
            w.virtual[params.ep] = { state: "running", exit: null, lines: [
                { time_ms: Date.now(), direction: "info", text: `started: ${body.example}` },
                { time_ms: Date.now(), direction: "out", text: "RDY" },
            ] };
            return [201, w.virtual[params.ep]];
        }],
        ["POST", "/devices/{ep}/virtual/input", "operator", (w, { params, body }) => {
            w.virtual[params.ep].lines.push({ time_ms: Date.now(), direction: "in",
                text: body.text }, { time_ms: Date.now(), direction: "out", text: "OK" });
            return [202, {}];
        }],
        ["DELETE", "/devices/{ep}/virtual", "operator", (w, { params }) => {
            delete w.virtual[params.ep];
            return [204];
        }],
        ["GET", "/devices/{ep}/{part}", "viewer", (w, { params, query }) => {
            if (params.part === "virtual") {
                if (!w.virtual[params.ep]) {
                    throw new Refusal(404, "No virtual device is running.");
                }
                return w.virtual[params.ep];
            }
            const items = w[params.part]?.[params.ep] || [];
            return page(params.part === "messages" ? [...items].reverse() : items, query);
        }],
    ];
}

function sendCommand(w, { params, body }) {
    w.next += 1;
    const waits = body.path === "/9/0/9";
    const command = {
        id: w.next, endpoint: params.ep, kind: body.service ? "service" : body.property
            ? "property" : "operation", operation: body.operation || "write",
        path: body.path || "/19/1/0", request: body, state: waits ? "PENDING" : "SUCCESSFUL",
        created_ms: Date.now(), expires_ms: Date.now() + 172800000, sent_ms: Date.now(),
        ended_ms: waits ? null : Date.now(), code: waits ? null : body.operation === "read"
            ? "2.05" : "2.04", format: null, hex: body.operation === "read" ? "32352e36" : "",
        value: body.operation === "read" ? "25.6" : null, reason: null,
    };
    w.commands.push(command);
    return [waits ? 202 : 200, command];
}

function rest() {
    return [
        ["GET", "/whoami", "viewer", (w, { role }) => ({ role, name: `${role}-token` })],
        ["GET", "/status", "viewer", (w) => ({
            version: "0.0.0", uptime_s: 93784, devices: w.devices.length,
            registered: w.devices.filter((d) => d.online).length,
            commands_waiting: w.commands.filter((c) => c.state === "PENDING").length,
            store: w.store || { state: "ok", problem: null },
            listeners: { coap: "127.0.0.1:5683", http: "127.0.0.1:8080" },
        })],
        ["GET", "/commands", "viewer", (w, { query }) => page(newest(w.commands.filter((c) =>
            !query.state || c.state === query.state)), query)],
        ["DELETE", "/commands/{id}", "operator", (w, { params }) => {
            found(w.commands, params.id).state = "CANCELED";
            return [204];
        }],
        ["POST", "/tokens", "admin", (w, { body }) => {
            w.next += 1;
            const made = { id: w.next, created_ms: Date.now(), last_used_ms: null,
                expires_ms: null, ...body };
            w.tokens.push(made);
            return [201, { ...made, token: "bcp_0123456789012345678901234567890123456789012" }];
        }],
        ...lists("tokens", "admin"),
        ...lists("webhooks", "admin", () => ({ delivered: 0, failed: 0, last_error: null })),
        ...lists("keys", "admin"), ...lists("groups", "operator", () => ({ device_count: 0 })),
        ["PUT", "/firmwares/{id}/content", "admin", (w, { params }) => Object.assign(
            found(w.firmwares, params.id), { state: "ready", bytes: 2048, package_bytes: 1900,
                source_revision: "BC260YCNAAR01A01", target_revision: "BC260YCNAAR01A02" })],
        ...lists("firmwares", "admin", () => ({ state: "empty" })),
        ["PUT", "/groups/{id}/devices/{ep}", "operator", (w, { params }) => {
            deviceOf(w, params.ep).group = Number(params.id);
            return [204];
        }],
        ["DELETE", "/groups/{id}/devices/{ep}", "operator", (w, { params }) => {
            deviceOf(w, params.ep).group = null;
            return [204];
        }],
        ["GET", "/tasks/{id}/devices", "viewer", (w, { params, query }) =>
            page(w.taskDevices[params.id] || [], query)],
        ["POST", "/tasks/{id}/devices", "operator", (w, { params, body }) => {
            w.taskDevices[params.id] = [...(w.taskDevices[params.id] || []), ...body.devices.map(
                (endpoint) => ({ endpoint, state: "WAITING", progress: 0, attempts: 0 }))];
            return [200, found(w.tasks, params.id)];
        }],
        ["POST", "/tasks/{id}/start", "operator", (w, { params }) =>
            Object.assign(found(w.tasks, params.id), { state: "running" })],
        ["POST", "/tasks/{id}/cancel", "operator", (w, { params }) =>
            Object.assign(found(w.tasks, params.id), { state: "canceled" })],
        ...lists("tasks", "operator", () => ({ state: "created", counts: {
            waiting: 0, running: 0, succeeded: 0, failed: 0,
        } })),
    ];
}

const ROUTES = [...products(), ...devices(), ...rest()];
const ROLES = ["viewer", "operator", "admin"];

function match(pattern, path) {
    const names = pattern.split("/");
    const parts = path.split("/");
    if (names.length !== parts.length) {
        return null;
    }
    const params = {};
    for (const [i, name] of names.entries()) {
        if (name.startsWith("{")) {
            params[name.slice(1, -1)] = decodeURIComponent(parts[i]);
        } else if (name !== parts[i]) {
            return null;
        }
    }
    return params;
}

/* The server ---------------------------------------------------------------------------------- */

function problem(response, error) {
    const status = error.status || 500;
    response.writeHead(status, { ...HEADERS, "Content-Type": "application/problem+json" });
    response.end(JSON.stringify({
        type: "about:blank", title: "Problem", status, detail: error.message, field: error.field,
        code: error.code, params: error.params,
    }));
}

async function readBody(request) {
    const parts = [];
    for await (const part of request) {
        parts.push(part);
    }
    const bytes = Buffer.concat(parts);
    return request.headers["content-type"] === "application/json" ? JSON.parse(bytes) : bytes;
}

async function answerApi(fake, request, response, url) {
    const role = TOKENS[(request.headers.authorization || "").replace("Bearer ", "")];
    const path = url.pathname.slice("/api/v1".length);
    const body = await readBody(request);
    if (!role) {
        throw new Refusal(401, "No token, or one that is not known.");
    }
    if (path === "/events") {
        response.writeHead(200, { ...HEADERS, "Content-Type": "text/event-stream" });
        response.write(": ping\n\n");
        fake.streams.push({ url, response, lastId: request.headers["last-event-id"] });
        return;
    }
    for (const [method, pattern, needed, handle] of ROUTES) {
        const params = method === request.method ? match(pattern, path) : null;
        if (params) {
            if (ROLES.indexOf(role) < ROLES.indexOf(needed)) {
                throw new Refusal(403, `This needs the role ${needed}.`);
            }
            const query = Object.fromEntries(url.searchParams);
            const result = handle(fake.world, { params, query, body, role });
            const [status, value] = Array.isArray(result) ? result : [200, result];
            response.writeHead(status, { ...HEADERS, "Content-Type": "application/json" });
            response.end(value === undefined ? undefined : JSON.stringify(value));
            return;
        }
    }
    throw new Refusal(404, "There is no such resource.");
}

async function answerFile(response, url) {
    const name = url.pathname === "/" ? "index.html" : url.pathname.replace(/^\/console\//, "");
    const path = normalize(join(CONSOLE, name));
    if (!path.startsWith(CONSOLE)) {
        throw new Refusal(404, "There is no such file.");
    }
    let bytes;
    try {
        bytes = await readFile(path);
    } catch {
        throw new Refusal(404, "There is no such file.");
    }
    response.writeHead(200, { ...HEADERS, "Content-Type": TYPES[extname(path)] });
    response.end(bytes);
}

export async function startFake({ world = emptyWorld(), port = 0 } = {}) {
    const fake = { world, streams: [], token: "bcp_admin", lastEvent: 0 };
    const server = createServer(async (request, response) => {
        const url = new URL(request.url, "http://127.0.0.1");
        try {
            if (url.pathname.startsWith("/api/v1/")) {
                await answerApi(fake, request, response, url);
            } else {
                await answerFile(response, url);
            }
        } catch (error) {
            problem(response, error);
        }
    });
    await new Promise((resolve) => { server.listen(port, "127.0.0.1", resolve); });
    fake.url = `http://127.0.0.1:${server.address().port}/`;
    fake.tell = (event) => {
        fake.lastEvent += 1;
        const body = { id: fake.lastEvent, time_ms: Date.now(), ...event };
        for (const { response } of fake.streams) {
            const data = JSON.stringify(body);
            response.write(`id: ${body.id}\nevent: ${body.type}\ndata: ${data}\n\n`);
        }
    };
    fake.breakStreams = () => fake.streams.splice(0).forEach(({ response }) => response.destroy());
    fake.stop = () => new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
    });
    return fake;
}
