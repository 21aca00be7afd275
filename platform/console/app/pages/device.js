/* One device: its head, which follows what happens to it, and its parts. */

import { get, may, remove, segment } from "../api.js";
import { foreign, h, keepFocus, replace, seldom } from "../dom.js";
import { duration, endpointText, formatName } from "../format.js";
import { t, word } from "../i18n.js";
import * as live from "../live.js";
import { chartPart } from "./chart_part.js";
import { commandsPart } from "./commands.js";
import { dataPart } from "./data.js";
import { editDevice, editLabel, isEditable } from "./device_edit.js";
import { messagesPart } from "./messages.js";
import { objectsPart } from "./objects.js";
import { carrierChip } from "./products.js";
import { virtualPart } from "./virtual.js";
import {
    afterDialog, asyncPage, button, card, chip, deleteButton, emptyState, facts, onlineChip,
    pageHead, tabs, timeOf,
} from "../ui.js";

const PARTS = ["summary", "data", "chart", "objects", "commands", "messages", "virtual"];
const HEAD_TYPES = ["registered", "updated", "deregistered", "expired", "device", "command",
    "again"];

function registrationFacts(device) {
    const r = device.registration;
    if (!r) {
        return emptyState(t("device.unregistered"), null, "devices");
    }
    return facts([
        [t("device.address"), h("code", {}, foreign(r.address))],
        [t("device.listener"), h("code", {}, foreign(r.listener))],
        [t("device.registered"), timeOf(r.registered_ms)],
        [t("device.seen"), timeOf(r.seen_ms)],
        [t("device.expires"), timeOf(r.expires_ms)],
        [t("device.lifetime"), `${duration(r.lifetime_s)} (${r.lifetime_s} s)`],
        [t("device.binding"), h("code", {}, foreign(r.binding))],
        [t("device.version"), foreign(r.version)],
        ["ID", h("code", {}, foreign(r.id))],
    ]);
}

function observations(device) {
    const items = device.registration?.observations || [];
    return items.length === 0 ? h("p", { class: "muted" }, t("device.observes.none"))
        : h("ul", { class: "plain" }, items.map((o) => h("li", {}, h("code", {}, o.path), " ",
            o.accept !== null && o.accept !== undefined && h("span", { class: "muted" },
                formatName(o.accept)))));
}

function provisionFacts(device, product) {
    return facts([
        [t("product"), product && h("a", { href: `#/products/${product.id}` },
            foreign(product.name))],
        [t("device.name"), device.name && foreign(device.name)],
        ["IMEI", device.imei && h("code", {}, foreign(device.imei))],
        ["IMSI", device.imsi && h("code", {}, foreign(device.imsi))],
        [t("device.key"), device.device_key && h("code", {}, foreign(device.device_key))],
        [t("device.subscription"), device.subscription && word("subscription",
            device.subscription)],
        [t("device.security"), t(device.encrypted ? "device.security.dtls"
            : "device.security.plain")],
        [t("device.remark"), device.remark && foreign(device.remark)],
        [t("created"), device.created_ms && timeOf(device.created_ms)],
    ]);
}

function summaryPart(ctx, device, product) {
    const tools = may("operator") && isEditable(device)
        && [button(editLabel(device), () => editDevice(ctx, device))];
    return h("div", {}, h("div", { class: "columns" },
        card(t("device.registration"), registrationFacts(device)),
        h("div", {}, card(t("device.provision"), provisionFacts(device, product), {
            actions: tools,
        }), card(t("device.observes"), observations(device)))),
    may("operator") && card(t("device.delete"), h("div", { class: "row" },
        h("p", {}, t("device.delete.note")),
        deleteButton(endpointText(device), async () => {
            await remove(`devices/${segment(device)}`);
            location.hash = "#/devices";
        }, { text: t("device.delete.about", { what: endpointText(device) }) })), {
        className: "danger-card",
    }));
}

const SHOWN = {
    summary: summaryPart, data: dataPart, chart: chartPart, objects: objectsPart,
    commands: commandsPart, messages: messagesPart, virtual: virtualPart,
};

function chips(device, product) {
    return h("span", { class: "chips" }, onlineChip(device),
        product && carrierChip(product.carrier),
        device.virtual && chip(t("virtual")),
        device.commands_waiting > 0 && chip(t("device.waiting.n", {
            n: device.commands_waiting,
        }), "wait"));
}

async function load(ctx) {
    const device = await get(`devices/${ctx.params.device}`, {}, ctx.signal);
    const product = device.product === null || device.product === undefined ? null
        : await get(`products/${device.product}`, {}, ctx.signal);
    return { device, product };
}

function followHead(ctx, mark, part, body) {
    const again = seldom(async () => {
        try {
            const { device, product } = await load(ctx);
            replace(mark, chips(device, product));
            if (part === "summary") {
                afterDialog(() => keepFocus(body, () =>
                    replace(body, summaryPart(ctx, device, product))));
            }
        } catch {
            // It may be gone; the page says so when it is asked again.
        }
    });
    live.on(HEAD_TYPES, again, ctx.signal);
}

export function devicePage(ctx) {
    const part = PARTS.includes(ctx.params.part) ? ctx.params.part : "summary";
    return asyncPage(ctx, t("nav.devices"), () => load(ctx), ({ device, product }) => {
        const mark = h("span", {}, chips(device, product));
        const body = h("div", {}, SHOWN[part](ctx, device, product));
        const link = `#/devices/${ctx.params.device}`;
        followHead(ctx, mark, part, body);
        return h("div", {},
            pageHead(device.name || endpointText(device), {
                trail: [[t("nav.devices"), "#/devices"],
                    product && [product.name, `#/products/${product.id}`]].filter(Boolean),
                chips: [mark],
                note: device.name && device.name !== device.endpoint
                    && h("code", {}, foreign(endpointText(device))),
            }),
            tabs(endpointText(device), PARTS.map((name) => [name, t(`device.part.${name}`),
                `${link}/${name}`]), part),
            body);
    });
}
