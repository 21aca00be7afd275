/*
 * The codec plug-in of a product (guide 5.2.1 step 5, "编解码插件开发"): a list of fields, or Lua;
 * a box to try it on bytes; deploying it.
 */

import { act, getOr, may, post, put, remove } from "../api.js";
import { foreign, h, replace, visible } from "../dom.js";
import { documentEditor, saver } from "../document.js";
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
        { name: "name", label: t("name"), value: row.name, required: true, bytes: 64 },
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
    const nameOf = (row) => [row.service, row.method].filter(Boolean).join(".");
    const sections = h("div", {});
    const draw = () => replace(sections, definition[key].map((row) =>
        h("section", { class: "sub" },
            h("h4", {}, t("codec.fields.of", { name: visible(nameOf(row)) })),
            fieldRows(row, changed, readonly))));
    draw();
    return h("div", {}, editableRows({
        label: t(`codec.${key}`), rows: definition[key], readonly,
        changed: () => {
            changed();
            draw();
        },
        add: t(`codec.${key}.add`), empty: t(`codec.${key}.none`), name: nameOf,
        fields: (row) => messageFields(row, isCommand),
        finish: (values, row) => finishMessage(values, row),
        columns: [
            [t("codec.service"), (row) => h("code", {}, foreign(row.service))],
            isCommand && [t("codec.method"), (row) => h("code", {}, foreign(row.method))],
            [t("codec.id"), (row) => (row.id ? t("codec.id.text", row.id) : "–")],
        ].filter(Boolean),
    }), sections);
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
    const parts = saver({
        take: () => ({ kind: "lua", source: area.value }), save,
    });
    const area = h("textarea", {
        class: "mono code", rows: 22, spellcheck: "false", "aria-label": "Lua", readonly,
        value: source || LUA, on: { input: () => parts.changed() },
    });
    return Object.assign(h("div", {}, h("div", { class: "tools" }, h("p", { class: "muted" },
        t("codec.lua.about")), parts.mark, h("div", { class: "actions" },
        !readonly && parts.store)), parts.alert, area), { saved: parts.saved, run: parts.run });
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

function testBox(product, hex) {
    const path = `products/${product.id}/codec/test`;
    const shown = h("div", { class: "test-result", role: "status" });
    const decode = form([{
        name: "hex", label: t("codec.test.hex"), type: "hex", required: true, mono: true,
        full: true, placeholder: "02 00 01", value: spaced(hex),
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

/* Both editors, of which one is shown: changing to the other loses nothing. */
class CodecPart {
    constructor(ctx, product, codec) {
        this.ctx = ctx;
        this.product = product;
        this.path = `products/${product.id}/codec`;
        this.codec = codec;
        this.kept = codec.kind; // what the platform has
        this.kind = codec.kind === "lua" ? "lua" : "fields";
        this.deployed = product.codec?.deployed ?? false;
        this.editors = {};
        this.slot = h("div", {});
        this.mark = h("span", {}, this.deployed ? stateChip("deployed") : chip(t("codec.draft")));
        this.show(this.kind);
    }

    show(kind) {
        this.kind = kind;
        this.editors[kind] = this.editors[kind] || editorOf(kind, this.codec, (value) =>
            this.save(value), !may("admin"));
        replace(this.slot, this.editors[kind]);
    }

    async save(value) {
        await put(this.path, value);
        this.kept = value.kind;
        if (this.deployed) {
            replace(this.mark, chip(t("codec.saved"), "wait"));
        }
    }

    /* What is seen is what comes into force. */
    async deploy() {
        const editor = this.editors[this.kind];
        if (await (this.kind === this.kept ? editor.saved() : editor.run())) {
            await act(`${this.path}/deploy`);
            toast(t("codec.deployed"));
            this.ctx.refresh();
        }
    }

    actions() {
        const drop = this.codec.kind !== "none" && deleteButton(t("product.part.codec"),
            async () => {
                await remove(this.path);
                this.ctx.refresh();
            });
        return may("admin") ? [this.mark, drop, button(t("codec.deploy"), () => this.deploy(), {
            kind: "primary",
        })] : [this.mark];
    }

    element() {
        const kinds = segmented(t("codec.kind"), [
            ["fields", t("codec.kind.fields")], ["lua", "Lua"],
        ], this.kind, (kind) => this.show(kind));
        return h("div", { class: "columns wide-first" },
            card(t("product.part.codec"), h("div", {}, h("div", { class: "codec-kind" }, kinds),
                this.slot), { actions: this.actions(), note: t("codec.about") }),
            may("operator") && testBox(this.product, this.ctx.query.hex));
    }
}

export function codecPart(ctx, product) {
    const load = () => (product.codec?.kind === "none" ? { kind: "none" }
        : getOr(`products/${product.id}/codec`, { kind: "none" }, ctx.signal));
    return asyncBox(ctx, load, (codec) => new CodecPart(ctx, product, codec).element());
}
