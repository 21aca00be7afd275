/* Choosing several devices: a list with a box before each. */

import { getAll } from "../api.js";
import { foreign, h, replace, soon } from "../dom.js";
import { t } from "../i18n.js";
import { searchBox } from "../list.js";
import { button, emptyState, errorState, loading, onlineChip, openDialog, toast } from "../ui.js";

const LOOKED_AT = 2000;
const SHOWN = 200;

class Chooser {
    constructor(ctx, accepts) {
        this.ctx = ctx;
        this.accepts = accepts;
        this.chosen = new Map();
        this.shown = [];
        this.area = h("div", { class: "chooser" }, loading());
        this.count = h("span", { class: "muted", role: "status" });
        this.all = h("input", { type: "checkbox", on: {
            change: () => this.chooseShown(this.all.checked),
        } });
        this.tell();
    }

    async load(search = "") {
        try {
            const found = await getAll("devices", { search }, this.ctx.signal, LOOKED_AT);
            const fit = found.filter(this.accepts);
            this.shown = fit.slice(0, SHOWN);
            this.show(fit.length > SHOWN || found.length >= LOOKED_AT);
        } catch (error) {
            replace(this.area, errorState(error, () => this.load(search)));
        }
    }

    show(isCut) {
        if (this.shown.length === 0) {
            replace(this.area, emptyState(t("list.nothing"), null, "search"));
            return;
        }
        replace(this.area, h("label", { class: "choose" }, this.all,
            h("span", { class: "muted" }, t("choose.all", { n: this.shown.length }))),
        this.shown.map((device) => this.row(device)),
        isCut && h("p", { class: "muted hint" }, t("choose.more")));
        this.tell();
    }

    row(device) {
        const box = h("input", {
            type: "checkbox", checked: this.chosen.has(device.endpoint), on: {
                change: () => this.choose(device, box.checked),
            },
        });
        return h("label", { class: "choose" }, box, h("span", { class: "stack" },
            h("span", { class: "mono break" }, foreign(device.endpoint)),
            device.name && h("small", { class: "muted" }, foreign(device.name))),
        onlineChip(device));
    }

    choose(device, on) {
        if (on) {
            this.chosen.set(device.endpoint, device);
        } else {
            this.chosen.delete(device.endpoint);
        }
        this.tell();
    }

    chooseShown(on) {
        for (const device of this.shown) {
            this.choose(device, on);
        }
        for (const box of this.area.querySelectorAll("input")) {
            box.checked = on;
        }
    }

    tell() {
        const count = this.shown.filter((d) => this.chosen.has(d.endpoint)).length;
        this.all.checked = count > 0 && count === this.shown.length;
        this.all.indeterminate = count > 0 && !this.all.checked;
        replace(this.count, t("choose.count", { n: this.chosen.size }));
    }
}

/* Resolves to whether devices were chosen; `run(devices)` is done before it closes. Only those are
 * offered that `accepts(device)` lets through. */
export function chooseDevices(ctx, title, label, { accepts, run }) {
    const chooser = new Chooser(ctx, accepts);
    chooser.load();
    return openDialog(title, (close) => h("div", { class: "dialog-body" },
        searchBox(t("devices.search"), soon((text) => chooser.load(text), 250)), chooser.area,
        h("div", { class: "dialog-actions" }, chooser.count, h("button", {
            type: "button", class: "button", on: { click: () => close(false) },
        }, t("cancel")), button(label, async () => {
            if (chooser.chosen.size === 0) {
                toast(t("choose.none"), "bad");
                return;
            }
            await run([...chooser.chosen.values()]);
            close(true);
        }, { kind: "primary" }))), { wide: true });
}
