/* The CoAP messages of a device, both ways, decoded. The platform keeps the newest ones. */

import { segment } from "../api.js";
import { foreign, h } from "../dom.js";
import { codeName, spaced } from "../format.js";
import { t } from "../i18n.js";
import { icon } from "../icons.js";
import { listView } from "../list.js";
import { card, chip, emptyState, timeOf } from "../ui.js";

export function uri(options) {
    const of = (name) => (options || []).filter((o) => o.name === name).map((o) => o.value);
    const path = of("Uri-Path").join("/");
    const query = of("Uri-Query").join("&");
    return (path || query) && h("code", {}, foreign(`/${path}${query && `?${query}`}`));
}

function optionRows(options) {
    return (options || []).length > 0 && h("dl", { class: "options" }, options.map((o) =>
        h("div", {}, h("dt", {}, foreign(o.name)), h("dd", { class: "mono" },
            foreign(o.value)))));
}

const keyOf = (m) => `${m.time_ms}-${m.direction}-${m.message_id}-${m.code}`;

function message(m) {
    const up = m.direction === "up";
    const length = (m.payload_hex || "").length / 2;
    return h("li", { class: `message ${m.direction}`, data: { key: keyOf(m) } }, h("details", {},
        h("summary", {},
            h("span", { class: "way" }, icon(up ? "up" : "down"),
                h("span", { class: "unseen" }, t(up ? "message.up" : "message.down"))),
            timeOf(m.time_ms, true), chip(m.type || "–"), h("strong", {}, codeName(m.code)),
            uri(m.options),
            h("span", { class: "muted mono" }, `MID ${m.message_id}`,
                m.token && ` · ${t("token.coap")} ${m.token}`),
            length > 0 && h("span", { class: "muted" }, t("bytes.n", { n: length }))),
        h("div", { class: "message-body" }, optionRows(m.options),
            length > 0 ? [h("pre", { class: "hex" }, spaced(m.payload_hex)),
                m.payload_text && h("pre", {}, foreign(m.payload_text))]
                : h("p", { class: "muted" }, t("message.no_payload")))));
}

export function messagesPart(ctx, device) {
    return card(t("device.part.messages"), listView(ctx, {
        label: t("device.part.messages"), types: ["message"],
        path: `devices/${segment(device)}/messages`, first: 300,
        body: h("ol", { class: "messages" }), row: message, key: keyOf,
        empty: () => emptyState(t("message.empty"), null, "events"),
    }), { note: t("message.about") });
}
