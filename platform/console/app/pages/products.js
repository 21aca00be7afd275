/* The list of products, and making one: first the carrier, then what that carrier asks for. */

import { may, post } from "../api.js";
import { CARRIERS, productFields } from "../carriers.js";
import { foreign, h, replace } from "../dom.js";
import { filled, form } from "../form.js";
import { t, word } from "../i18n.js";
import { listView } from "../list.js";
import { card, chip, emptyState, linkButton, pageHead, timeOf } from "../ui.js";

export function carrierChip(carrier) {
    return chip(word("carrier", carrier), `carrier ${carrier}`);
}

export function productsPage(ctx) {
    const add = may("admin") && linkButton(t("products.add"), "#/products/new", {
        kind: "primary", symbol: "plus",
    });
    return h("div", {}, pageHead(t("nav.products"), { note: t("products.about"), actions: [add] }),
        h("section", { class: "card" }, listView(ctx, {
            label: t("nav.products"), path: "products", types: ["product", "device"],
            columns: [
                [t("name"), (p) => h("a", { href: `#/products/${p.id}` }, foreign(p.name))],
                [t("product.carrier"), (p) => carrierChip(p.carrier)],
                [t("product.model"), (p) => foreign(p.model || "–")],
                [t("nav.devices"), (p) => h("a", { href: `#/devices?product=${p.id}` },
                    p.device_count), "number"],
                [t("created"), (p) => timeOf(p.created_ms)],
            ],
            empty: () => emptyState(t("products.empty"), may("admin")
                && linkButton(t("products.add"), "#/products/new", { kind: "primary" }),
            "products"),
        })));
}

/* Making one ---------------------------------------------------------------------------------- */

function carrierChoice(choose) {
    return h("div", { class: "choices", role: "group", "aria-label": t("product.carrier") },
        CARRIERS.map((carrier) => h("button", {
            type: "button", class: "choice", data: { carrier },
            on: { click: () => choose(carrier) },
        }, h("strong", {}, word("carrier", carrier)), h("span", {}, t(`carrier.${carrier}.about`)),
        h("small", {}, t("guide", { section: t(`carrier.${carrier}.guide`) })))));
}

function stepMark(current) {
    return h("ol", { class: "step-mark" }, ["wizard.carrier", "wizard.settings"].map((key, i) =>
        h("li", { "aria-current": i === current && "step" }, t(key))));
}

async function create(carrier, values) {
    const product = await post("products", { ...filled(values), carrier });
    location.hash = `#/products/${product.id}`;
}

export function newProductPage() {
    const body = h("div", {});
    const chooseCarrier = () => replace(body, stepMark(0),
        card(t("wizard.carrier"), carrierChoice(enterSettings), {
            note: t("wizard.carrier.about"),
        }));
    const enterSettings = (carrier) => {
        const content = form(productFields(carrier), (values) => create(carrier, values), {
            label: t("create"), cancel: chooseCarrier,
        });
        replace(body, stepMark(1), card(word("carrier", carrier), content, {
            note: t(`carrier.${carrier}.about`),
        }));
        content.querySelector("input")?.focus();
    };
    chooseCarrier();
    return h("div", { class: "narrow" }, pageHead(t("products.add"), {
        trail: [[t("nav.products"), "#/products"]],
    }), body);
}
