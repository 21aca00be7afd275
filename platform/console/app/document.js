/*
 * Editing one document of the interface, as a form or as JSON, with the same content: `draw(value,
 * changed)` builds the form, which changes `value` in place. The element's saved() saves what is
 * not saved yet, run() whatever there is; both tell whether that went well.
 */

import { h, replace, visible } from "./dom.js";
import { t } from "./i18n.js";
import { button, chip, segmented, toast } from "./ui.js";
import * as unsaved from "./unsaved.js";

/* The parts of an editor: {mark, alert, store, changed, fail, saved}; take() gives what to save, or
 * null after saying why not. */
export function saver({ take, save }) {
    const alert = h("p", { class: "form-alert", role: "alert", hidden: true });
    const mark = h("span", { role: "status" });
    const parts = { alert, mark, isChanged: false };
    const setChanged = (on) => {
        parts.isChanged = on;
        unsaved.mark(parts, on);
        replace(mark, on && chip(t("unsaved"), "wait"));
    };
    parts.changed = () => setChanged(true);
    parts.fail = (text) => {
        alert.textContent = visible(text);
        alert.hidden = false;
    };
    parts.run = async () => {
        alert.hidden = true;
        const value = take();
        if (value === null) {
            return false;
        }
        try {
            await save(value);
        } catch (error) {
            parts.fail(`${error.field ? `${error.field}: ` : ""}${error.message}`);
            return false;
        }
        setChanged(false);
        return true;
    };
    parts.saved = async () => !parts.isChanged || parts.run();
    parts.store = button(t("save"), async () => {
        if (await parts.run()) {
            toast(t("saved"));
        }
    }, { kind: "primary" });
    return parts;
}

export function documentEditor({ value, draw, save, readonly, actions = [] }) {
    let current = value;
    let view = "form";
    const body = h("div", {});
    const area = h("textarea", {
        class: "mono code", rows: 24, spellcheck: "false", "aria-label": "JSON", readonly,
        on: { input: () => parts.changed() },
    });
    const take = () => {
        if (view === "json") {
            try {
                current = JSON.parse(area.value);
            } catch (error) {
                parts.fail(t("form.json", { error: error.message }));
                return null;
            }
        }
        return current;
    };
    const parts = saver({ take, save });
    const show = () => {
        if (view === "json") {
            area.value = JSON.stringify(current, null, 2);
            replace(body, area);
        } else {
            replace(body, draw(current, parts.changed));
        }
    };
    const choices = segmented(t("view"), [["form", t("view.form")], ["json", "JSON"]], view,
        (next) => {
            parts.alert.hidden = true;
            if (next === view || take() === null) {
                choices.choose(view);
                return;
            }
            view = next;
            show();
        });
    show();
    return Object.assign(h("div", { class: "document" },
        h("div", { class: "tools" }, choices, parts.mark, h("div", { class: "actions" }, actions,
            !readonly && parts.store)), parts.alert, body), { saved: parts.saved, run: parts.run });
}
