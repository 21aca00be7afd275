/* Choosing several devices: a list with a box before each. */

import { get } from "../api.js";
import { foreign, h, replace, soon, visible } from "../dom.js";
import { t } from "../i18n.js";
import { searchBox } from "../list.js";
import { button, emptyState, errorState, loading, onlineChip, openDialog } from "../ui.js";

const SHOWN = 100;

/* Resolves to the endpoints chosen, or undefined; `run(endpoints)` is done before it closes. */
export function chooseDevices(ctx, title, label, run) {
    const chosen = new Set();
    const area = h("div", { class: "chooser" }, loading());
    const count = h("span", { class: "muted", role: "status" });
    const tell = () => replace(count, t("choose.count", { n: chosen.size }));
    const row = (device) => h("label", { class: "choose" },
        h("input", {
            type: "checkbox", checked: chosen.has(device.endpoint), on: {
                change: (event) => {
                    chosen[event.target.checked ? "add" : "delete"](device.endpoint);
                    tell();
                },
            },
        }), h("span", { class: "stack" }, h("span", { class: "mono" }, foreign(device.endpoint)),
            device.name && h("small", { class: "muted" }, foreign(device.name))),
        onlineChip(device));
    const load = async (search = "") => {
        try {
            const { items } = await get("devices", { search, limit: SHOWN }, ctx.signal);
            replace(area, items.length > 0 ? items.map(row) : emptyState(t("list.nothing"), null,
                "search"));
        } catch (error) {
            replace(area, errorState(error, () => load(search)));
        }
    };
    load();
    tell();
    return openDialog(title, (close) => h("div", { class: "dialog-body" },
        searchBox(t("devices.search"), soon(load, 250)), area,
        h("div", { class: "dialog-actions" }, count, h("button", {
            type: "button", class: "button", on: { click: () => close() },
        }, t("cancel")), button(label, async () => {
            await run([...chosen].map(String));
            close([...chosen].map(visible));
        }, { kind: "primary" }))), { wide: true });
}
