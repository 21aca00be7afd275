/*
 * Editing one document of the interface, as a form or as JSON, with the same content: `draw(value,
 * changed)` builds the form, which changes `value` in place.
 */

import { h, replace, visible } from "./dom.js";
import { t } from "./i18n.js";
import { button, chip, segmented, toast } from "./ui.js";

export function documentEditor({ value, draw, save, readonly, actions = [] }) {
    let current = value;
    let view = "form";
    const body = h("div", {});
    const alert = h("p", { class: "form-alert", role: "alert", hidden: true });
    const mark = h("span", { role: "status" });
    const area = h("textarea", {
        class: "mono code", rows: 24, spellcheck: "false", "aria-label": "JSON", readonly,
        on: { input: () => changed() },
    });
    const changed = () => replace(mark, chip(t("unsaved"), "wait"));
    const fail = (text) => {
        alert.textContent = visible(text);
        alert.hidden = false;
    };
    const take = () => {
        alert.hidden = true;
        if (view === "json") {
            try {
                current = JSON.parse(area.value);
            } catch (error) {
                fail(t("form.json", { error: error.message }));
                return false;
            }
        }
        return true;
    };
    const show = () => {
        if (view === "json") {
            area.value = JSON.stringify(current, null, 2);
            replace(body, area);
        } else {
            replace(body, draw(current, changed));
        }
    };
    const choices = segmented(t("view"), [["form", t("view.form")], ["json", "JSON"]], view,
        (next) => {
            if (take()) {
                view = next;
            } else {
                choices.querySelector(`[data-value="${view}"]`).click();
            }
            show();
        });
    const store = button(t("save"), async () => {
        if (!take()) {
            return;
        }
        try {
            await save(current);
            replace(mark);
            toast(t("saved"));
        } catch (error) {
            fail(`${error.field ? `${error.field}: ` : ""}${error.message}`);
        }
    }, { kind: "primary" });
    show();
    return h("div", { class: "document" },
        h("div", { class: "tools" }, choices, mark, h("div", { class: "actions" }, actions,
            !readonly && store)), alert, body);
}
