/* Webhooks: where applications are told what happens. */

import { getAll, post, remove } from "../api.js";
import { foreign, h } from "../dom.js";
import { filled, formDialog } from "../form.js";
import { t, word } from "../i18n.js";
import { listView } from "../list.js";
import { button, chip, deleteButton, emptyState, pageHead, timeOf, toast } from "../ui.js";

const EVENTS = ["data", "registered", "updated", "deregistered", "expired", "command", "fota",
    "alarm"];

function fields(products) {
    return [
        {
            name: "url", label: "URL", required: true, mono: true, full: true,
            pattern: /^https?:\/\/\S+$/, wrong: t("webhooks.url.wrong"),
            placeholder: "https://127.0.0.1:9000/hook",
        },
        {
            name: "product", label: t("product"), type: "select", value: "", full: true,
            options: [["", t("webhooks.all_products")], ...products.map((p) => [String(p.id),
                p.name])],
        },
        ...EVENTS.map((name) => ({
            name: `event_${name}`, label: word("event", name), type: "checkbox",
            value: name === "data",
        })),
        {
            name: "secret", label: t("webhooks.secret"), type: "password", mono: true, full: true,
            hint: t("webhooks.secret.hint"),
        },
    ];
}

async function save(values) {
    const events = EVENTS.filter((name) => values[`event_${name}`]);
    if (events.length === 0) {
        throw new Error(t("webhooks.no_events"));
    }
    const body = filled({ url: values.url, secret: values.secret });
    body.events = events;
    if (values.product) {
        body.product = Number(values.product);
    }
    await post("webhooks", body);
    toast(t("webhooks.added"));
}

export function webhooksPage(ctx) {
    const add = () => button(t("webhooks.add"), async () => {
        const products = await getAll("products", {}, ctx.signal);
        if (await formDialog(t("webhooks.add"), fields(products), save, { label: t("create") })) {
            list.reload();
        }
    }, { kind: "primary", symbol: "plus" });
    const list = listView(ctx, {
        label: t("nav.webhooks"), path: "webhooks",
        columns: [
            ["URL", (w) => h("code", { class: "break" }, foreign(w.url))],
            [t("webhooks.events"), (w) => h("span", { class: "chips" }, w.events.map((name) =>
                chip(word("event", name))))],
            [t("webhooks.delivered"), (w) => w.delivered ?? 0, "number"],
            [t("webhooks.failed"), (w) => h("span", {}, w.failed ?? 0, " ",
                w.last_error && h("small", { class: "muted" }, foreign(w.last_error)))],
            [t("created"), (w) => timeOf(w.created_ms)],
            ["", (w) => deleteButton(w.url, () => remove(`webhooks/${w.id}`).then(() =>
                list.reload())), "end"],
        ],
        empty: () => emptyState(t("webhooks.empty"), add(), "webhooks"),
    });
    return h("div", {}, pageHead(t("nav.webhooks"), {
        note: t("webhooks.about"), actions: [add()],
    }), h("section", { class: "card" }, list));
}
