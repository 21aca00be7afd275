/* What happens, as it happens; kept as long as the page is open. */

import { segment } from "../api.js";
import { foreign, h, keepFocus, replace, seldom } from "../dom.js";
import { spaced, valueText } from "../format.js";
import { t, word } from "../i18n.js";
import { searchBox } from "../list.js";
import * as live from "../live.js";
import { namedValues } from "./data.js";
import { button, chip, emptyState, pageHead, timeOf } from "../ui.js";

const KEPT = 500;
const TYPES = ["registered", "updated", "deregistered", "expired", "data", "command", "fota",
    "message", "at", "alarm", "device", "product"];
const KINDS = {
    registered: "good", updated: "plain", deregistered: "wait", expired: "bad", data: "busy",
    command: "busy", fota: "busy", alarm: "bad",
};
const OWN = ["id", "type", "time_ms", "endpoint", "endpoint_hex"];

/* One line about an event: what matters first, the rest as names and values. */
function summary(event) {
    const parts = [];
    if (event.path) {
        parts.push(h("code", {}, event.path), " ");
    }
    if (event.values) {
        parts.push(foreign(namedValues(event.values).map(([name, value]) =>
            `${name} = ${valueText(value)}`).join(", ")));
    } else if (event.text) {
        parts.push(foreign(event.text));
    } else if (event.hex) {
        parts.push(h("code", { class: "hex" }, spaced(event.hex.slice(0, 64))));
    }
    for (const name of ["state", "code", "reason", "problem", "name"]) {
        if (event[name] !== undefined && event[name] !== null && event[name] !== "") {
            parts.push(parts.length > 0 && " · ", foreign(name === "state"
                ? word("state", event[name]) : valueText(event[name])));
        }
    }
    return parts;
}

function details(event) {
    const rest = Object.fromEntries(Object.entries(event).filter(([name]) => !OWN.includes(name)));
    return Object.keys(rest).length > 0 && h("details", {},
        h("summary", {}, summary(event).length > 0 ? summary(event) : t("events.details")),
        h("pre", {}, foreign(JSON.stringify(rest, null, 2))));
}

function row(event) {
    return h("li", { data: { key: String(event.id ?? event.time_ms) } },
        timeOf(event.time_ms), chip(word("event", event.type), KINDS[event.type]),
        h("div", { class: "event-text" },
            event.endpoint && h("a", { href: `#/devices/${segment(event)}` },
                foreign(event.endpoint)), details(event)));
}

/* A list of the newest events; {element, pause(on), filter(…), clear()}. */
function feed(ctx, { most = KEPT, types = null, empty, quiet }) {
    const events = [];
    let paused = false;
    let needle = "";
    let type = "";
    const box = h("div", {}, empty());
    const draw = () => {
        const shown = events.filter((e) => (!type || e.type === type)
            && JSON.stringify(e).toLowerCase().includes(needle));
        keepFocus(box, () => replace(box, shown.length === 0
            ? (events.length > 0 ? emptyState(t("list.nothing"), null, "search") : empty())
            : h("ul", { class: "feed", "aria-live": quiet ? "off" : "polite",
                "aria-relevant": "additions" }, shown.slice(0, most).map(row))));
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
