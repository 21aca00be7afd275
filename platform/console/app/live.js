/*
 * Live events: one stream of server-sent events, read with fetch() because an EventSource cannot
 * send the token. After a break it comes back with Last-Event-ID, so nothing is missed that the
 * server still has. A page says what it wants to hear; leaving the page ends that.
 *
 *     live.open({device: "867724030023557"});     // what the page follows; {} is everything
 *     live.on(["data"], (event) => …, signal);
 *
 * Besides the events of the platform there is "again": something may have been missed, so what is
 * shown should be loaded anew.
 */

import { authorization, base, signedOut, token } from "./api.js";

const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 15000;
const SILENCE_MS_MAX = 45000; // the server says something every 15 s
const LINE_MAX = 1 << 20;

const listeners = new Set();
let running = null;
let wanted = "";
let state = "off";
let watcher = () => {};

function setState(next) {
    if (state !== next) {
        state = next;
        watcher(state);
    }
}

/* Tells `run` each new state: "off", "connecting", "live", "broken". */
export function watchState(run) {
    watcher = run;
    run(state);
}

function tell(event) {
    for (const listener of [...listeners]) {
        if (listener.types === null || listener.types.includes(event.type)) {
            listener.run(event);
        }
    }
}

export function on(types, run, signal) {
    const listener = { types, run };
    listeners.add(listener);
    signal?.addEventListener("abort", () => listeners.delete(listener));
}

/* The fields of one event of the stream; remembers its id. */
export function parseEvent(text, run) {
    const event = { type: "message", data: [] };
    for (const line of text.split("\n")) {
        const colon = line.indexOf(":");
        const name = colon < 0 ? line : line.slice(0, colon);
        const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
        if (name === "data") {
            event.data.push(value);
        } else if (name === "id") {
            run.lastId = value;
        } else if (name === "event") {
            event.type = value;
        }
    }
    if (event.data.length === 0) {
        return null;
    }
    try {
        const body = JSON.parse(event.data.join("\n"));
        const type = body.type || event.type;
        return { ...body, type: type === "gap" ? "again" : type };
    } catch {
        return null;
    }
}

async function readStream(response, run) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
        const timer = setTimeout(() => reader.cancel(), SILENCE_MS_MAX);
        const { done, value } = await reader.read().finally(() => clearTimeout(timer));
        if (done || text.length > LINE_MAX) {
            return;
        }
        text = (text + value).replaceAll("\r\n", "\n");
        const parts = text.split("\n\n");
        text = parts.pop();
        for (const part of parts) {
            const event = parseEvent(part, run);
            if (event && !run.abort.signal.aborted) {
                run.waitMs = RETRY_MS_MIN;
                tell(event);
            }
        }
    }
}

async function connect(run) {
    const url = new URL("events", base);
    for (const [name, value] of Object.entries(run.query)) {
        url.searchParams.set(name, value);
    }
    const headers = { ...authorization(), Accept: "text/event-stream" };
    if (run.lastId) {
        headers["Last-Event-ID"] = run.lastId;
    }
    const response = await fetch(url, { headers, signal: run.abort.signal, cache: "no-store" });
    if (response.status === 401) {
        signedOut();
    }
    if (!response.ok) {
        throw new Error(`status ${response.status}`);
    }
    setState("live");
    // Also the first time: the page may have loaded before the stream began.
    tell({ type: "again" });
    await readStream(response, run);
}

async function keepConnected(run) {
    while (!run.abort.signal.aborted && token()) {
        try {
            await connect(run);
        } catch {
            // Told by the state; tried again below.
        }
        if (run.abort.signal.aborted) {
            return;
        }
        setState("broken");
        await new Promise((resolve) => setTimeout(resolve, run.waitMs));
        run.waitMs = Math.min(run.waitMs * 2, RETRY_MS_MAX);
    }
}

export function close() {
    running?.abort.abort();
    running = null;
    wanted = "";
    setState("off");
}

export function open(query = {}) {
    const next = JSON.stringify(query);
    if (running && next === wanted) {
        return;
    }
    close();
    wanted = next;
    running = { query, abort: new AbortController(), lastId: "", waitMs: RETRY_MS_MIN };
    setState("connecting");
    keepConnected(running);
}
