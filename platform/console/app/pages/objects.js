/* The device's objects as a tree; each can be read, written, executed, observed. */

import { get, may, segment } from "../api.js";
import { foreign, h, keepFocus, replace, seldom } from "../dom.js";
import { valueText } from "../format.js";
import { t, word } from "../i18n.js";
import { searchBox } from "../list.js";
import * as live from "../live.js";
import { withOwn, withReports } from "../objects.js";
import { anyDialog, executeDialog, send, writeDialog } from "./operation.js";
import { asyncBox, button, card, chip, emptyState, linkButton, timeOf } from "../ui.js";

const BINARY_OBJECT = 19;
const REPORTS = 200;

function tool(device, name, path, run) {
    return button(word("operation", name), run, {
        kind: "small", describe: `${word("operation", name)} ${path}`,
    });
}

/* operations: letters of R, W, E; without any, nothing is known and all are offered. */
function tools(device, path, { operations, observed, isBinary }, done) {
    if (!may("operator")) {
        return null;
    }
    const can = (letter) => !operations || operations.includes(letter);
    const ask = (operation, quiet) => () => send(device, { operation, path }, done, quiet);
    return h("span", { class: "actions" },
        can("R") && tool(device, "read", path, ask("read", false)),
        can("W") && tool(device, "write", path, () => writeDialog(device, path, done, isBinary)),
        can("E") && tool(device, "execute", path, () => executeDialog(device, path, done)),
        can("R") && (observed ? tool(device, "cancel", path, ask("cancel", true))
            : tool(device, "observe", path, ask("observe", true))));
}

function resourceRow(device, path, resource, done, isBinary) {
    const own = `${path}/${resource.resource}`;
    return h("li", { class: "resource", data: { key: own } },
        h("span", { class: "resource-name" }, h("code", {}, own), " ",
            resource.name && foreign(resource.name),
            resource.observed && chip(t("observed"), "good")),
        h("span", { class: "resource-value" },
            resource.value !== undefined && resource.value !== null
                ? [h("b", { class: "mono clamp" }, foreign(valueText(resource.value))), " ",
                    resource.time_ms && timeOf(resource.time_ms)]
                : h("span", { class: "muted" }, resource.operations === "E" ? "" : "–")),
        tools(device, own, { ...resource, isBinary }, done));
}

function instanceBlock(device, object, instance, done) {
    const path = `/${object.object}/${instance.instance}`;
    const isBinary = object.object === BINARY_OBJECT;
    const resources = withOwn(object.object, instance.resources || []);
    return h("details", { open: true, data: { key: path } },
        h("summary", {}, h("code", {}, path), " ", t("objects.instance", {
            n: instance.instance,
        }), instance.observed && chip(t("observed"), "good")),
        h("div", { class: "instance-tools" }, tools(device, path, {
            observed: instance.observed, operations: isBinary ? "R" : "RW",
        }, done)),
        resources.length > 0
            ? h("ul", { class: "resources" }, resources.map((r) =>
                resourceRow(device, path, r, done, isBinary)))
            : h("p", { class: "muted" }, t("objects.unknown")));
}

function objectBlock(device, object, done, open) {
    const instances = object.instances || [];
    return h("details", { class: "object", open, data: { key: `/${object.object}` } },
        h("summary", {}, h("code", {}, `/${object.object}`), " ",
            h("strong", {}, object.name ? foreign(object.name) : t("objects.unnamed")),
            h("span", { class: "muted" }, ` · ${t("objects.instances", { n: instances.length })}`)),
        instances.map((i) => instanceBlock(device, object, i, done)));
}

class Tree {
    constructor(ctx, device) {
        this.ctx = ctx;
        this.device = device;
        this.closed = new Set();
        this.needle = "";
        this.box = h("div", { class: "tree" });
        this.none = h("div", { hidden: true }, emptyState(t("list.nothing"), null, "search"));
        this.element = h("div", {}, this.box, this.none);
        this.reload = seldom(() => this.load(), 300);
        live.on(["data", "command", "registered", "updated", "again"], this.reload, ctx.signal);
    }

    async load() {
        try {
            const items = await this.fetch();
            if (JSON.stringify(items) !== JSON.stringify(this.items)) {
                this.show(items);
            }
        } catch {
            // The next event tries again.
        }
    }

    async fetch() {
        const path = `devices/${segment(this.device)}`;
        const { items } = await get(`${path}/objects`, {}, this.ctx.signal);
        if (!items.some((o) => o.object === BINARY_OBJECT)) {
            return items;
        }
        const reports = await get(`${path}/data`, { limit: REPORTS }, this.ctx.signal);
        return withReports(items, reports.items.filter((row) => row.path?.startsWith("/19/")));
    }

    /* Keeps what was folded, and the focus. */
    show(items) {
        this.items = items;
        for (const element of this.box.querySelectorAll("details")) {
            const { key } = element.dataset;
            this.closed[element.open ? "delete" : "add"](key);
        }
        keepFocus(this.box, () => replace(this.box, items.length > 0 ? items.map((o) =>
            objectBlock(this.device, o, this.reload, !this.closed.has(`/${o.object}`)))
            : emptyState(t("objects.empty"), null, "groups")));
        for (const element of this.box.querySelectorAll("details details")) {
            element.open = !this.closed.has(element.dataset.key);
        }
        this.filter();
        return this.element;
    }

    filter() {
        const match = (e) => e.textContent.toLowerCase().includes(this.needle);
        const objects = [...this.box.querySelectorAll(".object")];
        for (const object of objects) {
            object.hidden = !match(object);
            const named = match(object.querySelector("summary"));
            for (const row of object.querySelectorAll(".resource")) {
                row.hidden = !named && !match(row);
            }
        }
        this.none.hidden = objects.length === 0 || objects.some((object) => !object.hidden);
    }

    find(text) {
        this.needle = text.toLowerCase();
        this.filter();
    }
}

export function objectsPart(ctx, device) {
    const tree = new Tree(ctx, device);
    const body = asyncBox(ctx, () => tree.fetch(), (items) => tree.show(items));
    const any = may("operator") && button(t("command.any"), () => anyDialog(device, (command) => {
        tree.reload();
        return command;
    }), { kind: "primary" });
    return card(t("device.part.objects"), h("div", {},
        h("div", { class: "tools" }, searchBox(t("objects.search"), (text) => tree.find(text)),
            h("div", { class: "actions" }, linkButton(t("objects.log"),
                `#/devices/${segment(device)}/commands`), any)),
        body), { note: t("objects.about") });
}
