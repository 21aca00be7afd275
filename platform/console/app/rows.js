/* A small table that can be edited: rows are added, changed in a dialog and removed. The rows are
 * a plain array that the caller keeps; `changed()` is told after each change. */

import { arrange, h, keepFocus } from "./dom.js";
import { formDialog } from "./form.js";
import { t } from "./i18n.js";
import { matching, searchBox, table } from "./list.js";
import { button, confirmDialog, emptyState } from "./ui.js";

const ROWS_SEARCHED = 8; /* more than these can be searched */

/* columns: [[heading, cell(row)], …]; fields(row) describes the dialog; name(row) names a row. */
export function editableRows({ label, rows, columns, fields, name, changed, add, empty, readonly,
    finish = (values) => values }) {
    const box = h("div", { class: "editable" });
    const edit = async (row) => {
        const values = await formDialog(row ? t("edit.what", { what: name(row) }) : add,
            fields(row || {}), (v) => finish(v, row || {}), { label: t("apply"), wide: true });
        if (values && row) {
            rows.splice(rows.indexOf(row), 1, values);
        } else if (values) {
            rows.push(values);
        }
        if (values) {
            draw();
            changed();
        }
    };
    const drop = async (row) => {
        if (await confirmDialog(t("confirm.title", { action: t("remove") }),
            t("confirm.remove", { what: name(row) }), t("remove"))) {
            rows.splice(rows.indexOf(row), 1);
            draw();
            if (!box.contains(document.activeElement)) {
                adder.focus();
            }
            changed();
        }
    };
    const tools = (row) => h("span", { class: "actions" },
        button(t("edit"), () => edit(row), {
            kind: "small", describe: `${t("edit")}: ${name(row)}`,
        }),
        button(t("remove"), () => drop(row), {
            kind: "danger-quiet small", describe: `${t("remove")}: ${name(row)}`,
        }));
    let needle = "";
    const filter = () => matching(box.querySelectorAll("tbody tr"), needle);
    const search = searchBox(t("search"), (text) => {
        needle = text.toLowerCase();
        filter();
    });
    const adder = !readonly && button(add, () => edit(null), { symbol: "plus" });
    const tableOf = () => table(label, readonly ? columns : [...columns, ["", tools, "end"]], rows,
        (row) => rows.indexOf(row));
    const draw = () => {
        keepFocus(box, () => arrange(box, [
            rows.length > ROWS_SEARCHED && h("div", { class: "tools" }, search),
            rows.length > 0 ? tableOf() : emptyState(empty), adder,
        ].filter(Boolean)));
        filter();
    };
    draw();
    return box;
}
