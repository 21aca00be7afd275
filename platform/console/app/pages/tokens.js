/* Access tokens: the text of one is shown once, when it is made. */

import { post, remove } from "../api.js";
import { foreign, h } from "../dom.js";
import { formDialog } from "../form.js";
import { t, word } from "../i18n.js";
import { listView } from "../list.js";
import {
    button, chip, copyButton, deleteButton, emptyState, openDialog, pageHead, timeOf,
} from "../ui.js";

const DAY_MS = 86400000;
const ROLE_KINDS = { admin: "good", operator: "busy", viewer: "plain" };

function fields() {
    return [
        { name: "name", label: t("name"), required: true, bytes: 64, full: true },
        {
            name: "role", label: t("role"), type: "radio", value: "viewer",
            options: ["viewer", "operator", "admin"].map((r) => [r, word("role", r),
                t(`role.${r}.about`)]),
        },
        {
            name: "days", label: t("tokens.days"), type: "number", integer: true, min: 1, max: 3650,
            hint: t("tokens.days.hint"), full: true,
        },
    ];
}

function save({ name, role, days }) {
    const body = { name, role };
    if (days !== null) {
        body.expires_ms = Date.now() + days * DAY_MS;
    }
    return post("tokens", body);
}

function showToken(made) {
    return openDialog(t("tokens.made"), (close) => h("div", { class: "dialog-body" },
        h("p", {}, t("tokens.once")),
        h("p", {}, h("code", { class: "secret" }, made.token)),
        h("div", { class: "dialog-actions" }, copyButton(made.token),
            h("button", {
                type: "button", class: "button primary", on: { click: () => close() },
            }, t("done")))));
}

export function tokensPage(ctx) {
    const add = () => button(t("tokens.add"), async () => {
        const made = await formDialog(t("tokens.add"), fields(), save, { label: t("create") });
        if (made) {
            list.reload();
            await showToken(made);
        }
    }, { kind: "primary", symbol: "plus" });
    const list = listView(ctx, {
        label: t("nav.tokens"), path: "tokens",
        columns: [
            [t("name"), (k) => foreign(k.name)],
            [t("role"), (k) => chip(word("role", k.role), ROLE_KINDS[k.role])],
            [t("created"), (k) => timeOf(k.created_ms)],
            [t("tokens.used"), (k) => timeOf(k.last_used_ms)],
            [t("tokens.expires"), (k) => (k.expires_ms ? timeOf(k.expires_ms)
                : t("tokens.never"))],
            ["", (k) => deleteButton(k.name, () => remove(`tokens/${k.id}`).then(() =>
                list.reload()), { text: t("tokens.delete.about", { what: k.name }) }), "end"],
        ],
        empty: () => emptyState(t("tokens.empty"), add(), "tokens"),
    });
    return h("div", {}, pageHead(t("nav.tokens"), {
        note: t("tokens.about"), actions: [add()],
    }), h("section", { class: "card" }, list));
}
