/* The thing model of a product of China Unicom DMP (guide 5.5.1.2): properties, services, events;
 * publishing it. */

import { act, getOr, may, put } from "../api.js";
import { foreign, h, replace } from "../dom.js";
import { documentEditor } from "../document.js";
import { filled } from "../form.js";
import { valueText } from "../format.js";
import { t, word } from "../i18n.js";
import { editableRows } from "../rows.js";
import { asyncBox, button, card, chip, toast } from "../ui.js";

const TYPES = ["bool", "int32", "float", "double", "text", "enum"];
const IDENTIFIER = /^\w+$/;
const numeric = (v) => ["int32", "float", "double"].includes(v.type);

/* "1=on, 2=off" and back. */
const enumText = (values) => (values || []).map((v) => `${v.value}=${v.name}`);

function enumValues(list) {
    return list.map((text) => {
        const [value, ...name] = text.split("=");
        if (!/^-?\d+$/.test(value.trim()) || name.length === 0) {
            throw Object.assign(new Error(t("model.enum.wrong")), { field: "values" });
        }
        return { value: Number(value), name: name.join("=").trim() };
    });
}

function propertyFields(row) {
    return [
        { name: "name", label: t("model.name"), value: row.name, required: true, bytes: 64 },
        {
            name: "identifier", label: t("model.identifier"), value: row.identifier, required: true,
            mono: true, pattern: IDENTIFIER, wrong: t("form.identifier"), bytes: 64,
        },
        {
            name: "type", label: t("profile.type"), type: "select", value: row.type || "bool",
            options: TYPES.map((type) => [type, type]),
        },
        { name: "true_name", label: t("model.true"), value: row.true_name,
            show: (v) => v.type === "bool" },
        { name: "false_name", label: t("model.false"), value: row.false_name,
            show: (v) => v.type === "bool" },
        { name: "min", label: t("profile.min"), type: "number", value: row.min, show: numeric },
        { name: "max", label: t("profile.max"), type: "number", value: row.max, show: numeric },
        { name: "step", label: t("profile.step"), type: "number", value: row.step, show: numeric },
        { name: "unit", label: t("unit"), value: row.unit, show: numeric },
        {
            name: "max_length", label: t("profile.length"), type: "number", integer: true, min: 1,
            value: row.max_length, show: (v) => v.type === "text",
        },
        {
            name: "values", label: t("model.enum"), type: "list", required: true, full: true,
            value: enumText(row.values), hint: t("model.enum.hint"), show: (v) => v.type === "enum",
        },
        {
            name: "access", label: t("model.access"), type: "radio", value: row.access || "rw",
            options: ["rw", "r"].map((a) => [a, word("access", a)]),
        },
    ];
}

function finishProperty(values) {
    const result = filled(values);
    if (values.values) {
        result.values = enumValues(values.values);
    }
    return result;
}

function range(row) {
    if (row.type === "bool") {
        return [row.true_name, row.false_name].filter(Boolean).join(" / ") || "–";
    }
    if (row.type === "enum") {
        return enumText(row.values).join(", ");
    }
    if (row.type === "text") {
        return row.max_length ? `≤ ${row.max_length}` : "–";
    }
    return row.min !== undefined || row.max !== undefined
        ? `${row.min ?? "…"} ~ ${row.max ?? "…"}` : "–";
}

function others(model, key, changed, readonly) {
    model[key] = model[key] || [];
    return editableRows({
        label: t(`model.${key}`), rows: model[key], changed, readonly, add: t(`model.${key}.add`),
        empty: t(`model.${key}.none`), name: (row) => row.identifier,
        finish: (values, row) => ({ ...row, ...filled(values) }),
        fields: (row) => [
            { name: "name", label: t("model.name"), value: row.name },
            {
                name: "identifier", label: t("model.identifier"), value: row.identifier, mono: true,
                required: true, pattern: IDENTIFIER, wrong: t("form.identifier"),
            },
        ],
        columns: [
            [t("model.name"), (row) => foreign(row.name || "–")],
            [t("model.identifier"), (row) => h("code", {}, foreign(row.identifier))],
        ],
    });
}

function draw(model, changed, readonly) {
    model.properties = model.properties || [];
    return h("div", {},
        h("h3", {}, t("model.properties")),
        editableRows({
            label: t("model.properties"), rows: model.properties, changed, readonly,
            add: t("model.property.add"), empty: t("model.properties.none"),
            name: (row) => row.identifier, fields: propertyFields, finish: finishProperty,
            columns: [
                [t("model.name"), (row) => foreign(row.name || "–")],
                [t("model.identifier"), (row) => h("code", {}, foreign(row.identifier))],
                [t("profile.type"), (row) => h("code", {}, foreign(row.type))],
                [t("profile.range"), (row) => foreign(range(row))],
                [t("profile.step"), (row) => foreign(row.step ?? "–")],
                [t("unit"), (row) => foreign(row.unit || "–")],
                [t("model.access"), (row) => word("access", row.access)],
            ],
        }),
        h("h3", {}, t("model.services")), others(model, "services", changed, readonly),
        h("h3", {}, t("model.events")), others(model, "events", changed, readonly));
}

/* The product's model; an empty one when it has none yet. */
export function loadModel(ctx, product) {
    return getOr(`products/${product.id}/model`, { properties: [], services: [], events: [] },
        ctx.signal);
}

/* What a model's properties and their values are called; what it has no name for stays as it is. */
export function namesOf(model) {
    const known = new Map((model?.properties || []).map((p) => [p.identifier, p]));
    const named = (p, value) => (p?.type === "bool" ? p[value ? "true_name" : "false_name"]
        : p?.type === "enum" ? (p.values || []).find((v) => v.value === value)?.name : "");
    return {
        label: (name) => (known.get(name)?.name ? `${known.get(name).name} (${name})` : name),
        text: (name, value) => named(known.get(name), value) || valueText(value),
    };
}

export function modelPart(ctx, product) {
    const path = `products/${product.id}/model`;
    const readonly = !may("admin");
    const mark = h("span", {}, product.model_published ? chip(t("model.published"), "good")
        : chip(t("model.draft")));
    let editor = null;
    const publish = button(t("model.publish"), async () => {
        if (await editor.saved()) {
            await act(`${path}/publish`);
            toast(t("model.published"));
            ctx.refresh();
        }
    });
    const save = async (value) => {
        await put(path, value);
        if (product.model_published) {
            replace(mark, chip(t("model.saved"), "wait"));
        }
    };
    return card(t("product.part.model"), asyncBox(ctx, () => loadModel(ctx, product), (model) => {
        editor = documentEditor({
            value: model, readonly, draw: (value, changed) => draw(value, changed, readonly),
            save, actions: [!readonly && publish],
        });
        return editor;
    }), { note: t("model.about"), actions: [mark] });
}
