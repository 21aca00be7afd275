/* One product: its settings and, in parts of their own, profile, codec, thing model, mapping. */

import { get, may, patch, remove } from "../api.js";
import { PARTS, productFields } from "../carriers.js";
import { h } from "../dom.js";
import { form } from "../form.js";
import { t } from "../i18n.js";
import { codecPart } from "./codec.js";
import { addDevice, deviceList } from "./devices.js";
import { mappingPart } from "./mapping.js";
import { modelPart } from "./model.js";
import { carrierChip } from "./products.js";
import { profilePart } from "./profile.js";
import {
    asyncPage, button, card, chip, deleteButton, facts, pageHead, stateChip, tabs,
    timeOf, toast,
} from "../ui.js";

function nextSteps(product) {
    const base = `#/products/${product.id}`;
    const steps = {
        iot: [["profile", "profile"], ["codec", "codec"], ["devices", "devices"]],
        aep: [["devices", "devices"]],
        andlink: [["devices", "devices"]],
        dmp: [["model", "model"], ["mapping", "mapping"], ["devices", "devices"]],
    };
    return card(t("product.next"), h("ol", { class: "steps" }, steps[product.carrier].map(
        ([name, part]) => h("li", {},
            h("a", { href: `${base}/${part}` }, t(`product.part.${part}`)),
            h("span", { class: "muted" }, ` – ${t(`product.next.${name}`)}`)))), {
        className: "hint-card",
    });
}

function settingsView(product) {
    return facts([
        ["ID", h("code", {}, product.id)],
        ...productFields(product.carrier, product).map((field) => [field.label,
            field.options ? field.options.find(([v]) => v === field.value)?.[1] || field.value
                : typeof field.value === "boolean" ? t(field.value ? "yes" : "no") : field.value]),
        [t("nav.devices"), h("a", { href: `#/devices?product=${product.id}` },
            product.device_count)],
        [t("created"), timeOf(product.created_ms)],
    ]);
}

function settingsForm(ctx, product) {
    const fields = productFields(product.carrier, product).map((f) => ({ ...f, fixed: undefined }));
    const editable = fields.filter((field) => !field.disabled).map((field) => field.name);
    return form(fields, async (values) => {
        const changed = Object.fromEntries(Object.entries(values).filter(([name]) =>
            editable.includes(name)).map(([name, value]) => [name, value ?? ""]));
        await patch(`products/${product.id}`, changed);
        toast(t("saved"));
        ctx.refresh();
    });
}

function settingsPart(ctx, product) {
    const danger = may("admin") && card(t("product.delete"), h("div", { class: "row" },
        h("p", {}, t(product.device_count > 0 ? "product.delete.busy" : "product.delete.about")),
        product.device_count === 0 && deleteButton(product.name, async () => {
            await remove(`products/${product.id}`);
            location.hash = "#/products";
        })), { className: "danger-card" });
    const edit = may("admin") ? settingsForm(ctx, product) : settingsView(product);
    return h("div", {}, product.device_count === 0 && nextSteps(product),
        h("div", { class: "columns wide-first" }, card(t("product.part.settings"), edit),
            may("admin") && card(t("product.summary"), settingsView(product))), danger);
}

function devicesPart(ctx, product) {
    const add = may("operator") && button(t("devices.add"), () => addDevice(ctx, product), {
        kind: "primary", symbol: "plus",
    });
    const list = deviceList(ctx, { product, action: () => addDevice(ctx, product) });
    return card(t("nav.devices"), list, { actions: [add] });
}

const SHOWN = {
    settings: settingsPart, profile: profilePart, codec: codecPart, model: modelPart,
    mapping: mappingPart, devices: devicesPart,
};

function chips(product) {
    return [
        carrierChip(product.carrier),
        product.codec?.deployed && stateChip("deployed"),
        product.model_published && chip(t("model.published"), "good"),
    ];
}

export function productPage(ctx) {
    const id = ctx.params.product;
    const load = () => get(`products/${id}`, {}, ctx.signal);
    return asyncPage(ctx, t("nav.products"), load, (product) => {
        const parts = PARTS[product.carrier];
        const part = parts.includes(ctx.params.part) ? ctx.params.part : "settings";
        return h("div", {},
            pageHead(product.name, {
                trail: [[t("nav.products"), "#/products"]], chips: chips(product),
            }),
            tabs(product.name, parts.map((name) => [name, t(`product.part.${name}`),
                `#/products/${id}/${name}`]), part),
            SHOWN[part](ctx, product));
    });
}
