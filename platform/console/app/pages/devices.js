/* The list of devices, and adding one. */

import { get, getAll, may, post, remove, segment } from "../api.js";
import { foreign, h } from "../dom.js";
import { filled, formDialog } from "../form.js";
import { endpointText } from "../format.js";
import { t, word } from "../i18n.js";
import { listView } from "../list.js";
import { pskFields } from "./device_edit.js";
import {
    button, chip, deleteButton, emptyState, onlineChip, pageHead, timeOf, toast,
} from "../ui.js";

const IMEI = /^\d{14,16}$/;
const IMSI = /^\d{6,15}$/;

export function deviceLink(device) {
    return h("a", { href: `#/devices/${segment(device)}`, class: "mono" },
        foreign(endpointText(device)));
}

function columns(names, product, reload) {
    return [
        [t("device"), (d) => h("div", { class: "stack" }, deviceLink(d),
            d.name && h("span", { class: "muted" }, foreign(d.name)))],
        [t("state"), (d) => h("span", { class: "chips" }, onlineChip(d),
            d.virtual && chip(t("virtual")))],
        !product && [t("product"), (d) => (d.product === null ? h("span", { class: "muted" }, "–")
            : h("a", { href: `#/products/${d.product}` },
                foreign(names.get(d.product) || d.product)))],
        [t("device.seen"), (d) => timeOf(d.registration?.seen_ms)],
        [t("device.waiting"), (d) => d.commands_waiting, "number"],
        may("operator") && ["", (d) => deleteButton(endpointText(d), () =>
            remove(`devices/${segment(d)}`).then(reload), { text: t("device.delete.about", {
            what: endpointText(d),
        }) }), "end"],
    ].filter(Boolean);
}

/* Of one product, or of all. */
export function deviceList(ctx, { product, action, productChoices } = {}) {
    const names = new Map();
    if (product) {
        names.set(product.id, product.name);
    }
    const load = async (query, signal) => {
        const page = await get("devices", { product: product?.id, ...query }, signal);
        if (page.items.some((d) => d.product !== null && !names.has(d.product))) {
            for (const p of await getAll("products", {}, signal)) {
                names.set(p.id, p.name);
            }
        }
        return page;
    };
    const list = listView(ctx, {
        label: t("nav.devices"), search: "server", searchLabel: t("devices.search"),
        types: ["registered", "updated", "deregistered", "expired", "device", "command"],
        key: segment, columns: columns(names, product, () => list.reload()), load,
        filters: [
            { name: "online", label: t("devices.any"), value: ctx.query.online, options: [
                ["true", word("state", "online")], ["false", word("state", "offline")],
            ] },
            productChoices && { name: "product", label: t("devices.products"),
                value: ctx.query.product, options: productChoices },
        ].filter(Boolean),
        empty: () => emptyState(t("devices.empty"), may("operator")
            && button(t("devices.add"), action, { kind: "primary" }), "devices"),
    });
    return list;
}

export function devicesPage(ctx) {
    const box = h("section", { class: "card" });
    const add = () => addDevice(ctx);
    getAll("products", {}, ctx.signal).catch(() => []).then((products) => {
        box.append(deviceList(ctx, {
            action: add, productChoices: products.map((p) => [String(p.id), p.name]),
        }));
    });
    return h("div", {}, pageHead(t("nav.devices"), {
        note: t("devices.about"),
        actions: [may("operator") && button(t("devices.add"), add, {
            kind: "primary", symbol: "plus",
        })],
    }), box);
}

/* Adding one ---------------------------------------------------------------------------------- */

function productField(products, chosen) {
    return {
        name: "product", label: t("product"), type: "select", required: true,
        options: products.map((p) => [String(p.id), `${p.name} (${word("carrier", p.carrier)})`]),
        value: String((chosen || products[0]).id), disabled: Boolean(chosen), full: true,
    };
}

function identityFields(of) {
    const formatOf = (v) => of(v).endpoint_format || "{imei}";
    return [
        {
            name: "imei", at: "endpoint", label: "IMEI", required: true, mono: true, pattern: IMEI,
            wrong: t("form.imei"), hint: t("device.imei.hint"), placeholder: "861428040064744",
        },
        {
            name: "imsi", label: "IMSI", required: true, mono: true, pattern: IMSI,
            wrong: t("form.imsi"), show: (v) => formatOf(v).includes("{imsi}"),
            placeholder: "460111174747875",
        },
        { name: "name", label: t("device.name"), bytes: 64 },
    ];
}

function carrierFields(of) {
    return [
        {
            name: "device_key", label: t("device.key"), hint: t("device.key.hint"), mono: true,
            bytes: 64, show: (v) => of(v).carrier === "dmp",
        },
        {
            name: "subscription", label: t("device.subscription"), type: "radio", value: "auto",
            options: ["auto", "manual"].map((s) => [s, word("subscription", s)]),
            show: (v) => ["dmp", "aep"].includes(of(v).carrier),
        },
        { name: "remark", label: t("device.remark"), bytes: 1000, full: true },
        {
            name: "real", label: t("device.physical"), type: "radio", value: "yes",
            options: [["yes", t("device.physical.yes")], ["no", t("device.physical.no")]],
        },
        {
            name: "secure", label: t("device.security"), type: "radio", value: "plain",
            options: [["plain", t("device.security.plain")], ["dtls", t("device.security.dtls")]],
        },
        ...pskFields((v) => v.secure === "dtls"),
    ];
}

async function save(values) {
    const { product, real, secure, psk_identity: identity, psk_key: key, ...rest } = values;
    const body = { ...filled(rest), product: Number(product) };
    if (secure === "dtls") {
        body.psk = { identity, key_hex: key };
    }
    const device = await post("devices", body);
    toast(t("devices.added"));
    location.hash = `#/devices/${segment(device)}${real === "no" ? "/virtual" : ""}`;
    return device;
}

export async function addDevice(ctx, chosen) {
    const products = chosen ? [chosen] : await getAll("products", {}, ctx.signal);
    if (products.length === 0) {
        toast(t("devices.no_products"), "bad");
        return;
    }
    const of = (values) => products.find((p) => String(p.id) === values.product) || products[0];
    await formDialog(t("devices.add"), [productField(products, chosen), ...identityFields(of),
        ...carrierFields(of)], save, { label: t("create"), wide: true });
}
