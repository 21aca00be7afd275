/*
 * Forms from rows that describe their fields. A field has a visible label, a hint and an error
 * that belong to it for screen readers; what the server refuses appears at its field.
 *
 *     formDialog(t("groups.add"), [{name: "name", label: t("name"), required: true}],
 *         (values) => post("groups", values));
 *
 * `bytes` is how long a text may be in UTF-8, as the interface counts it; `at` is another place in
 * the interface's body whose problems belong to the field.
 *
 * type: text (default), number, select, radio, textarea, checkbox, password, file, hex, json, list
 * (words with commas between). `show(values)` says whether a field is there at all.
 */

import { h, replace, uniqueId, visible } from "./dom.js";
import { cleanHex, hexOfText } from "./format.js";
import { t } from "./i18n.js";
import { button, openDialog } from "./ui.js";

function inputOf(field, id) {
    const common = {
        id, name: field.name, disabled: field.disabled, placeholder: field.placeholder,
        "aria-required": field.required && "true", class: field.mono ? "mono" : null,
        autocomplete: "off", spellcheck: "false", readonly: field.readonly,
    };
    const value = field.value ?? "";
    switch (field.type) {
    case "select":
        return h("select", { ...common, value: String(field.value ?? field.options[0][0]) },
            field.options.map(([name, text]) => h("option", { value: name }, visible(text))));
    case "textarea":
    case "json":
        return h("textarea", { ...common, rows: field.rows || 4, value });
    case "checkbox":
        return h("input", { ...common, type: "checkbox", checked: Boolean(value) });
    case "file":
        return h("input", { ...common, type: "file", accept: field.accept });
    case "number":
        return h("input", { ...common, type: "text", inputmode: "decimal", value: String(value) });
    case "password":
        return h("input", { ...common, type: "password", value });
    case "list":
        return h("input", { ...common, type: "text", value: (value || []).join(", ") });
    default:
        return h("input", { ...common, type: "text", value: String(value) });
    }
}

function radios(field, id) {
    return h("fieldset", { id, class: "radios" }, h("legend", {}, field.label),
        field.options.map(([name, text, about]) => h("label", {},
            h("input", {
                type: "radio", name: field.name, value: name,
                checked: String(field.value) === String(name), disabled: field.disabled,
            }), h("span", {}, text, about && h("small", {}, about)))));
}

function fieldElement(field) {
    const id = uniqueId("field");
    const error = h("p", { class: "error", id: `${id}-error`, hidden: true });
    const hint = field.hint && h("p", { class: "hint", id: `${id}-hint` }, field.hint);
    if (field.type === "radio") {
        const control = radios(field, id);
        return { field, control, error, element: h("div", { class: "field full" }, control, hint,
            error) };
    }
    const control = inputOf(field, id);
    control.setAttribute("aria-describedby", `${hint ? `${id}-hint ` : ""}${id}-error`);
    const label = h("label", { for: id }, field.label,
        field.required && h("span", { class: "required", "aria-hidden": "true" }, " *"));
    const tick = field.type === "checkbox";
    const classes = ["field", tick && "tick", field.full && "full"].filter(Boolean).join(" ");
    return { field, control, error, element: h("div", { class: classes },
        tick ? [control, label] : [label, control], hint, error) };
}

function rawValue({ field, control }) {
    switch (field.type) {
    case "radio":
        return control.querySelector("input:checked")?.value ?? "";
    case "checkbox":
        return control.checked;
    case "file":
        return control.files[0] ?? null;
    default:
        return control.value;
    }
}

/* The value as the interface wants it, or an error's text thrown. */
function typedValue(part) {
    const raw = rawValue(part);
    const { field } = part;
    const text = typeof raw === "string" ? raw.trim() : raw;
    if (field.required && (text === "" || text === null)) {
        throw new Error(t("form.required"));
    }
    if (typeof text !== "string") {
        return text;
    }
    if (text === "") {
        return field.type === "list" ? [] : null;
    }
    return parsed(field, text);
}

function parsed(field, text) {
    switch (field.type) {
    case "number": {
        const number = Number(text);
        if (!Number.isFinite(number) || (field.integer && !Number.isInteger(number))) {
            throw new Error(t(field.integer ? "form.integer" : "form.number"));
        }
        if (number < (field.min ?? -Infinity) || number > (field.max ?? Infinity)) {
            throw new Error(t("form.range", { min: field.min ?? "–", max: field.max ?? "–" }));
        }
        return number;
    }
    case "hex": {
        const hex = cleanHex(text);
        if (hex === null) {
            throw new Error(t("form.hex"));
        }
        return hex;
    }
    case "json":
        try {
            return JSON.parse(text);
        } catch (error) {
            throw new Error(t("form.json", { error: error.message }));
        }
    case "list":
        return text.split(",").map((word) => word.trim()).filter(Boolean);
    default:
        if (field.pattern && !field.pattern.test(text)) {
            throw new Error(field.wrong || t("form.wrong"));
        }
        if (field.bytes && hexOfText(text).length / 2 > field.bytes) {
            throw new Error(t("form.bytes", { max: field.bytes }));
        }
        return text;
    }
}

function showError(part, text) {
    part.error.textContent = text || "";
    part.error.hidden = !text;
    if (text) {
        part.control.setAttribute("aria-invalid", "true");
    } else {
        part.control.removeAttribute("aria-invalid");
    }
}

/* {element, values(), read(), fail(error)}: values() gives what is typed so far; read() the values
 * checked, or null after showing what is wrong. */
export function fieldSet(fields) {
    const parts = fields.map(fieldElement);
    const alert = h("p", { class: "form-alert", role: "alert", hidden: true });
    const values = () => Object.fromEntries(parts.map((part) => [part.field.name, rawValue(part)]));
    const shown = (part) => !part.field.show || part.field.show(values());
    const update = () => parts.forEach((part) => {
        part.element.hidden = !shown(part);
    });
    const element = h("div", { class: "fields", on: { input: update, change: update } },
        alert, parts.map((part) => part.element));
    update();
    const read = () => {
        const result = {};
        let first = null;
        alert.hidden = true;
        for (const part of parts.filter(shown)) {
            try {
                result[part.field.name] = typedValue(part);
                showError(part, null);
            } catch (error) {
                showError(part, error.message);
                first = first || part;
            }
        }
        first?.control.focus();
        return first ? null : result;
    };
    const fail = (error) => {
        const part = parts.find((p) => [p.field.name, p.field.at].includes(error.field)
            && error.field && shown(p));
        if (part) {
            showError(part, visible(error.message));
            part.control.focus();
        } else {
            replace(alert, error.field && h("strong", {}, `${error.field}: `),
                visible(error.message));
            alert.hidden = false;
        }
    };
    return { element, values, read, fail };
}

/* A whole form; submit(values) may throw a Problem. */
export function form(fields, submit, { label, cancel, extra, kind = "primary" } = {}) {
    const set = fieldSet(fields);
    const send = button(label || t("save"), () => element.requestSubmit(), { kind });
    const element = h("form", { class: "form", novalidate: true }, set.element, extra,
        h("div", { class: "dialog-actions" }, cancel && h("button", {
            type: "button", class: "button", on: { click: cancel },
        }, t("cancel")), send));
    let busy = false;
    element.addEventListener("submit", async (event) => {
        event.preventDefault();
        const values = busy ? null : set.read();
        if (values === null) {
            return;
        }
        busy = true;
        send.setAttribute("aria-busy", "true");
        try {
            await submit(values);
        } catch (error) {
            set.fail(error);
        } finally {
            busy = false;
            send.removeAttribute("aria-busy");
        }
    });
    return element;
}

/* A form in a dialog. Resolves to what submit gave, or undefined when it was left. */
export function formDialog(title, fields, submit, { label, note, wide, kind } = {}) {
    return openDialog(title, (close) => h("div", { class: "dialog-body" },
        note && h("p", { class: "muted" }, note),
        form(fields, async (values) => close(await submit(values) ?? true), {
            label, kind, cancel: () => close(),
        })), { wide });
}

/* Without what was left empty. */
export function filled(values) {
    return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null
        && value !== "" && !(Array.isArray(value) && value.length === 0)));
}
