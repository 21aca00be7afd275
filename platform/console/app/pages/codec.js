/*
 * The codec plug-in of a product (guide 5.2.1 step 5, "编解码插件开发"): a list of fields, or Lua;
 * a box to try it on bytes; deploying it.
 */

import { act, getOr, may, post, put, remove } from "../api.js";
import { foreign, h, replace, visible } from "../dom.js";
import { documentEditor } from "../document.js";
import { spaced } from "../format.js";
import { filled, form } from "../form.js";
import { t, word } from "../i18n.js";
import { editableRows } from "../rows.js";
import {
    asyncBox, button, card, chip, deleteButton, segmented, stateChip, toast,
} from "../ui.js";

const TYPES = ["uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64",
    "float32", "float64", "bool", "string", "hex"];
const LUA = `-- decode(payload): the bytes of /19/0/0 as properties of a service.
-- encode(service, method, params): the bytes of /19/1/0 for a command.

function decode(payload)
    return {
        service = "BusinessService",
        properties = { timeStamp = payload:byte(1), userid = payload:byte(2) },
    }
end

function encode(service, method, params)
    return params.newPassword
end
`;

/* Fields ------------------------------------------------------------------------------------- */

const sized = (v) => v.type === "string" || v.type === "hex";

function fieldFields(row) {
    return [
        { name: "name", label: t("name"), value: row.name, required: true, maxlength: 64 },
        {
            name: "type", label: t("codec.type"), type: "select", value: row.type || "uint8",
            options: TYPES.map((type) => [type, type]),
        },
        {
            name: "offset", label: t("codec.offset"), type: "number", integer: true, min: 0,
            value: row.offset, hint: t("codec.offset.hint"),
        },
        {
            name: "bytes", label: t("codec.bytes"), type: "number", integer: true, min: 1,
            value: row.bytes, show: sized,
        },
        {
            name: "endian", label: t("codec.endian"), type: "select", value: row.endian || "big",
            options: ["big", "little"].map((e) => [e, word("endian", e)]), show: (v) => !sized(v),
        },
        {
            name: "scale", label: t("codec.scale"), type: "number", value: row.scale,
            show: (v) => !sized(v) && v.type !== "bool",
        },
    ];
}

function finishField(values) {
    const result = filled(values);
    if (result.endian === "big") {
        delete result.endian;
    }
    return result;
}

function fieldRows(message, changed, readonly) {
    message.fields = message.fields || [];
    return editableRows({
        label: t("codec.fields"), rows: message.fields, changed, readonly,
        add: t("codec.field.add"), empty: t("codec.fields.none"), name: (row) => row.name,
        fields: fieldFields, finish: finishField,
        columns: [
            [t("name"), (row) => h("code", {}, foreign(row.name))],
            [t("codec.type"), (row) => h("code", {}, foreign(row.type))],
            [t("codec.offset"), (row) => row.offset ?? "–"],
            [t("codec.bytes"), (row) => row.bytes ?? "–"],
            [t("codec.endian"), (row) => word("endian", row.endian || "big")],
            [t("codec.scale"), (row) => row.scale ?? "–"],
        ],
    });
}

/* Messages and commands: what they are called, how they are known, their fields. */
function messageRows(definition, key, changed, readonly) {
    definition[key] = definition[key] || [];
    const isCommand = key === "commands";
    const box = h("div", {});
    const draw = () => replace(box, editableRows({
        label: t(`codec.${key}`), rows: definition[key], readonly,
        changed: () => {
            changed();
            draw();
        },
        add: t(`codec.${key}.add`), empty: t(`codec.${key}.none`),
        name: (row) => [row.service, row.method].filter(Boolean).join("."),
        fields: (row) => messageFields(row, isCommand),
        finish: (values, row) => finishMessage(values, row),
        columns: [
            [t("codec.service"), (row) => h("code", {}, foreign(row.service))],
            isCommand && [t("codec.method"), (row) => h("code", {}, foreign(row.method))],
            [t("codec.id"), (row) => (row.id ? t("codec.id.text", row.id) : "–")],
            [t("codec.fields"), (row) => (row.fields || []).length],
        ].filter(Boolean),
    }), definition[key].map((row) => h("section", { class: "sub" },
        h("h4", {}, t("codec.fields.of", {
            name: visible([row.service, row.method].filter(Boolean).join(".")),
        })), fieldRows(row, changed, readonly))));
    draw();
    return box;
}

function messageFields(row, isCommand) {
    return [
        { name: "service", label: t("codec.service"), value: row.service, required: true },
        { name: "method", label: t("codec.method"), value: row.method, required: true,
            show: () => isCommand },
        {
            name: "byte", label: t("codec.id.byte"), type: "number", integer: true, min: 0,
            max: 255, value: row.id?.byte, hint: t("codec.id.hint"),
        },
        {
            name: "at", label: t("codec.id.offset"), type: "number", integer: true, min: 0,
            value: row.id?.offset,
        },
    ];
}

function finishMessage({ service, method, byte, at }, row) {
    const result = { ...row, service, fields: row.fields || [] };
    if (method) {
        result.method = method;
    }
    delete result.id;
    if (byte !== null) {
        result.id = { offset: at ?? 0, byte };
    }
    return result;
}

function drawFields(definition, changed, readonly) {
    return h("div", {},
        h("h3", {}, t("codec.messages")), messageRows(definition, "messages", changed, readonly),
        h("h3", {}, t("codec.commands")), messageRows(definition, "commands", changed, readonly));
}

/* The editors -------------------------------------------------------------------------------- */

function luaEditor(source, save, readonly) {
    const alert = h("p", { class: "form-alert", role: "alert", hidden: true });
    const area = h("textarea", {
        class: "mono code", rows: 22, spellcheck: "false", "aria-label": "Lua", readonly,
        value: source || LUA,
    });
    const store = button(t("save"), async () => {
        alert.hidden = true;
        try {
            await save({ kind: "lua", source: area.value });
            toast(t("saved"));
        } catch (error) {
            alert.textContent = visible(error.message);
            alert.hidden = false;
        }
    }, { kind: "primary" });
    return h("div", {}, h("div", { class: "tools" }, h("p", { class: "muted" },
        t("codec.lua.about")), h("div", { class: "actions" }, !readonly && store)), alert, area);
}

function editorOf(kind, codec, save, readonly) {
    if (kind === "lua") {
        return luaEditor(codec.kind === "lua" ? codec.source : "", save, readonly);
    }
    const value = codec.kind === "fields" ? codec : { kind: "fields", messages: [], commands: [] };
    return documentEditor({
        value, save, readonly, draw: (v, changed) => drawFields(v, changed, readonly),
    });
}

function testBox(product) {
    const path = `products/${product.id}/codec/test`;
    const shown = h("div", { class: "test-result", role: "status" });
    const decode = form([{
        name: "hex", label: t("codec.test.hex"), type: "hex", required: true, mono: true,
        full: true, placeholder: "02 00 01",
    }], async ({ hex }) => {
        const { services } = await post(path, { hex });
        replace(shown, h("pre", {}, foreign(JSON.stringify(services, null, 2))));
    }, { label: t("codec.test.decode") });
    const encode = form([
        { name: "service", label: t("codec.service"), required: true, mono: true },
        { name: "method", label: t("codec.method"), required: true, mono: true },
        {
            name: "params", label: t("codec.params"), type: "json", mono: true, full: true, rows: 3,
            value: "{}",
        },
    ], async ({ service, method, params }) => {
        const { hex } = await post(path, { command: { service, method, params: params || {} } });
        replace(shown, h("pre", { class: "hex" }, spaced(hex)));
    }, { label: t("codec.test.encode") });
    return card(t("codec.test"), h("div", {}, decode, h("hr", {}), encode, shown), {
        note: t("codec.test.about"),
    });
}

function deployed(codec, product) {
    return codec.deployed ?? product.codec?.deployed ?? false;
}

export function codecPart(ctx, product) {
    const path = `products/${product.id}/codec`;
    const readonly = !may("admin");
    const load = () => getOr(path, { kind: "none" }, ctx.signal);
    return asyncBox(ctx, load, (codec) => {
        const slot = h("div", {});
        const save = (value) => put(path, value);
        const show = (kind) => replace(slot, editorOf(kind, codec, save, readonly));
        const first = codec.kind === "lua" ? "lua" : "fields";
        show(first);
        const deploy = button(t("codec.deploy"), async () => {
            await act(`${path}/deploy`);
            toast(t("codec.deployed"));
            ctx.refresh();
        }, { kind: "primary" });
        const drop = codec.kind !== "none" && deleteButton(t("product.part.codec"), async () => {
            await remove(path);
            ctx.refresh();
        });
        const mark = deployed(codec, product) ? stateChip("deployed") : chip(t("codec.draft"));
        return h("div", { class: "columns wide-first" },
            card(t("product.part.codec"), h("div", {}, h("div", { class: "codec-kind" },
                segmented(t("codec.kind"), [
                    ["fields", t("codec.kind.fields")], ["lua", "Lua"],
                ], first, show)), slot), {
                actions: [mark, !readonly && drop, !readonly && deploy], note: t("codec.about"),
            }), may("operator") && testBox(product));
    });
}
