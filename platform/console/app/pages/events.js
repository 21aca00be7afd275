/* What happens, as it happens; kept as long as the page is open. */

import { segment } from "../api.js";
import { Rows, arrange, foreign, h, seldom } from "../dom.js";
import { codeName, duration, endpointText, spaced, valueText } from "../format.js";
import { t, word } from "../i18n.js";
import { searchBox } from "../list.js";
import * as live from "../live.js";
import { failure, reasonText } from "../reasons.js";
import { namedValues } from "./data.js";
import { uri } from "./messages.js";
import { button, chip, emptyState, pageHead, timeOf } from "../ui.js";

const KEPT = 500;
const TYPES = ["registered", "updated", "deregistered", "expired", "data", "command", "fota",
    "message", "at", "alarm", "device", "product"];
const KINDS = {
    registered: "good", updated: "plain", deregistered: "wait", expired: "bad", data: "busy",
    command: "busy", fota: "busy", alarm: "bad",
};
const OWN = ["id", "type", "time_ms", "endpoint", "endpoint_hex", "product"];

const registration = ({ registration: r, reason }) => [
    r && h("code", {}, foreign(r.address)),
    r && `${t("device.lifetime")} ${duration(r.lifetime_s)}`,
    reason && foreign(reasonText(reason)),
];

const reported = ({ data: { path, hex, text, values, undecoded } }) => [
    path && h("code", {}, foreign(path)),
    values ? foreign(namedValues(values).map(([name, value]) =>
        `${name} = ${valueText(value)}`).join(", "))
        : text ? foreign(text) : h("code", { class: "hex" }, spaced((hex || "").slice(0, 64))),
    undecoded && foreign(reasonText(undecoded)),
];

const commanded = ({ command: c }) => [word("operation", c.operation || c.kind),
    c.path && h("code", {}, foreign(c.path)), word("state", c.state), c.code && codeName(c.code),
    failure(c) && foreign(failure(c))];

const upgraded = (e) => [word("state", e.state),
    e.state === "DOWNLOADING" && `${e.progress}%`, e.reason && foreign(reasonText(e.reason))];

const passed = ({ message: m }) => [t(m.direction === "up" ? "message.up" : "message.down"), m.type,
    codeName(m.code), uri(m.options)];

const changed = ({ change, state }) => [word("change", change),
    state?.name && foreign(state.name)];

/* What matters of an event of each kind, as parts of one line; some may be missing. */
const SUMMARIES = {
    registered: registration, updated: registration, deregistered: registration,
    expired: registration, data: reported, command: commanded, fota: upgraded, message: passed,
    at: (e) => [h("code", {}, e.direction === "in" && "> ", foreign(e.text))],
    alarm: (e) => [word("alarm", e.alarm), e.reason && foreign(e.reason)],
    device: changed, product: changed,
};

function summary(event) {
    const parts = (SUMMARIES[event.type]?.(event) || []).filter(Boolean);
    return parts.flatMap((part, i) => (i === 0 ? [part] : [" · ", part]));
}

function details(event) {
    const rest = Object.fromEntries(Object.entries(event).filter(([name]) => !OWN.includes(name)));
    const line = summary(event);
    return Object.keys(rest).length > 0 && h("details", {},
        h("summary", {}, line.length > 0 ? line : t("events.details")),
        h("pre", {}, foreign(JSON.stringify(rest, null, 2))));
}

function row(event) {
    const named = event.endpoint || event.endpoint_hex;
    return h("li", { data: { key: String(event.id ?? event.time_ms) } },
        timeOf(event.time_ms), chip(word("event", event.type), KINDS[event.type]),
        h("div", { class: "event-text" },
            named && h("a", { href: `#/devices/${segment(event)}` },
                foreign(endpointText(event))), details(event)));
}

/* A list of the newest events; {element, pause(on), filter(…), clear()}. */
function feed(ctx, { most = KEPT, types = null, empty, quiet }) {
    const events = [];
    let paused = false;
    let needle = "";
    let type = "";
    const box = h("div", {}, empty());
    const rows = new Rows((event) => event.id ?? event.time_ms, row);
    const list = h("ul", { class: "feed", "aria-live": quiet ? "off" : "polite",
        "aria-relevant": "additions" });
    const draw = () => {
        const shown = events.filter((e) => (!type || e.type === type)
            && JSON.stringify(e).toLowerCase().includes(needle));
        arrange(list, rows.of(shown.slice(0, most)));
        arrange(box, [shown.length > 0 ? list
            : events.length > 0 ? emptyState(t("list.nothing"), null, "search") : empty()]);
    };
    const later = seldom(() => !ctx.signal.aborted && draw(), 250);
    live.on(types, (event) => {
        if (event.type === "again" || paused) {
            return;
        }
        events.unshift(event);
        events.length = Math.min(events.length, Math.max(most, KEPT));
        later();
    }, ctx.signal);
    return {
        element: box,
        pause: (on) => { paused = on; },
        find: (text) => { needle = text.toLowerCase(); draw(); },
        only: (name) => { type = name; draw(); },
        clear: () => { events.length = 0; draw(); },
    };
}

export function eventFeed(ctx, options) {
    return feed(ctx, options).element;
}

function typeFilter(change) {
    return h("div", { class: "filter" }, h("select", {
        "aria-label": t("events.type"), on: { change: (event) => change(event.target.value) },
    }, h("option", { value: "" }, t("events.type")),
    TYPES.map((name) => h("option", { value: name }, word("event", name)))));
}

export function eventsPage(ctx) {
    const list = feed(ctx, {
        quiet: true, empty: () => emptyState(t("events.empty"), null, "events"),
    });
    const pause = button(t("events.pause"), () => {
        const on = pause.getAttribute("aria-pressed") !== "true";
        pause.setAttribute("aria-pressed", String(on));
        list.pause(on);
    }, { "aria-pressed": "false" });
    return h("div", {}, pageHead(t("nav.events"), { note: t("events.about") }),
        h("section", { class: "card" }, h("div", { class: "tools" },
            searchBox(t("search"), list.find), typeFilter(list.only),
            h("div", { class: "actions" }, pause, button(t("events.clear"), list.clear))),
        list.element));
}
