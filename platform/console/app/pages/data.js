/* What a device said: every row raw, decoded where the platform could. */

import { get, may, segment } from "../api.js";
import { PARTS } from "../carriers.js";
import { foreign, h } from "../dom.js";
import { codeName, formatName, spaced, valueText } from "../format.js";
import { t, word } from "../i18n.js";
import { listView } from "../list.js";
import {
    card, chip, copyButton, emptyState, facts, linkButton, openDialog, timeOf,
} from "../ui.js";

const PAGE = 200;

/* {"services":[{"service","properties"}]} or {"name": value} as pairs of a name and a value. */
export function namedValues(values) {
    if (!values || typeof values !== "object") {
        return [];
    }
    if (Array.isArray(values.services)) {
        return values.services.flatMap((s) => Object.entries(s.properties || {}).map(
            ([name, value]) => [`${s.service}.${name}`, value]));
    }
    return Object.entries(values);
}

function decoded(row) {
    const pairs = namedValues(row.values);
    if (pairs.length > 0) {
        return h("ul", { class: "values" }, pairs.map(([name, value]) => h("li", {},
            h("span", { class: "muted" }, foreign(name)), " ", h("b", { class: "clamp" },
                foreign(valueText(value))))));
    }
    return row.text ? h("span", { class: "mono clamp" }, foreign(row.text))
        : h("span", { class: "muted" }, "–");
}

function raw(row) {
    if (!row.hex) {
        return h("span", { class: "muted" }, "–");
    }
    const short = row.hex.length > 48 ? `${row.hex.slice(0, 48)}` : row.hex;
    return h("code", { class: "hex" }, spaced(short), row.hex.length > 48 && " …");
}

/* Where a row that was not decoded can be tried with the product's codec. */
function codecOf(product, row) {
    return product && may("operator") && row.hex && !row.values
        && PARTS[product.carrier].includes("codec")
        && `#/products/${product.id}/codec?hex=${row.hex}`;
}

function showRow(row, codec) {
    const title = t("data.row", { number: row.number });
    return openDialog(title, () => h("div", { class: "dialog-body" },
        facts([
            [t("time"), timeOf(row.time_ms, true)], [t("data.kind"), word("data", row.kind)],
            [t("path"), row.path && h("code", {}, foreign(row.path))],
            [t("code"), row.code && codeName(row.code)],
            [t("data.format"), formatName(row.format)],
            [t("data.bytes"), row.hex && String(row.hex.length / 2)],
        ]),
        h("h3", {}, t("data.raw")), h("pre", { class: "hex" }, spaced(row.hex || "")),
        row.text && [h("h3", {}, t("data.text")), h("pre", {}, foreign(row.text))],
        row.values && [h("h3", {}, t("data.decoded")), h("pre", {},
            foreign(JSON.stringify(row.values, null, 2)))],
        h("div", { class: "dialog-actions" }, codec && linkButton(t("data.try"), codec),
            copyButton(row.hex || ""))), { wide: true });
}

export function dataPart(ctx, device, product) {
    return card(t("device.part.data"), listView(ctx, {
        label: t("device.part.data"), types: ["data"], key: (row) => row.number,
        load: (query, signal) => newestFirst(device, query, signal),
        keepsOlder: true,
        columns: [
            [t("number"), (row) => h("button", {
                type: "button", class: "link mono",
                on: { click: () => showRow(row, codecOf(product, row)) },
                "aria-label": t("data.row", { number: row.number }),
            }, row.number), "number"],
            [t("time"), (row) => timeOf(row.time_ms)],
            [t("data.kind"), (row) => chip(word("data", row.kind))],
            [t("path"), (row) => h("code", {}, foreign(row.path || "–"))],
            [t("data.raw"), raw],
            [t("data.decoded"), decoded],
        ],
        empty: () => emptyState(t("data.empty")),
    }));
}

/* The newest rows, or those before row `cursor`. */
async function newestFirst(device, { cursor, ...query }, signal) {
    const before = cursor ? { from: Math.max(1, cursor - PAGE), to: cursor - 1 } : {};
    const page = await get(`devices/${segment(device)}/data`, {
        ...query, ...before, limit: PAGE,
    }, signal);
    const items = [...page.items].sort((a, b) => b.number - a.number);
    const oldest = items.at(-1)?.number ?? 1;
    return { items, next: oldest > 1 ? oldest : null };
}
