/* Public keys of manufacturers: firmware of the IoT platform must be signed with one (5.7.2). */

import { may, post, remove } from "../api.js";
import { foreign, h } from "../dom.js";
import { formDialog } from "../form.js";
import { t } from "../i18n.js";
import { listView } from "../list.js";
import { button, deleteButton, emptyState, pageHead, timeOf, toast } from "../ui.js";

function fields() {
    return [
        {
            name: "manufacturer", label: t("product.manufacturer"), required: true,
            hint: t("keys.manufacturer.hint"), placeholder: "QUECTEL", full: true,
        },
        {
            name: "file", label: t("keys.file"), type: "file", accept: ".pem", full: true,
        },
        {
            name: "public_key", label: t("keys.pem"), type: "textarea", rows: 6, mono: true,
            full: true, placeholder: "-----BEGIN PUBLIC KEY-----",
        },
    ];
}

async function save({ manufacturer, file, public_key: typed }) {
    const pem = file ? await file.text() : typed;
    if (!pem) {
        throw Object.assign(new Error(t("form.required")), { field: "public_key" });
    }
    if (pem.includes("PRIVATE KEY")) {
        throw Object.assign(new Error(t("keys.private")), { field: "public_key" });
    }
    await post("keys", { manufacturer, public_key: pem });
    toast(t("keys.added"));
}

export function keysPage(ctx) {
    const add = () => button(t("keys.add"), async () => {
        if (await formDialog(t("keys.add"), fields(), save, { label: t("keys.upload") })) {
            list.reload();
        }
    }, { kind: "primary", symbol: "plus" });
    const list = listView(ctx, {
        label: t("nav.keys"), path: "keys",
        columns: [
            [t("product.manufacturer"), (k) => foreign(k.manufacturer)],
            [t("keys.pem"), (k) => h("details", {}, h("summary", {}, t("show")),
                h("pre", {}, foreign((k.public_key || "").trim().split("\n").join(" "))))],
            [t("created"), (k) => timeOf(k.created_ms)],
            ["", (k) => may("admin") && deleteButton(k.manufacturer, () =>
                remove(`keys/${k.id}`).then(() => list.reload())), "end"],
        ],
        empty: () => emptyState(t("keys.empty"), may("admin") && add(), "keys"),
    });
    return h("div", {}, pageHead(t("nav.keys"), {
        note: t("keys.about"), actions: [may("admin") && add()],
    }), h("section", { class: "card" }, list));
}
