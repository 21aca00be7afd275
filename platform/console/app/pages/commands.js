/* Commands: those of a device, with what can be sent to it, and those of all devices. */

import { get, may, remove, segment } from "../api.js";
import { foreign, h, replace } from "../dom.js";
import { codeName, endpointText, valueText } from "../format.js";
import { fieldSet, formDialog } from "../form.js";
import { t, word } from "../i18n.js";
import { listView } from "../list.js";
import { failure } from "../reasons.js";
import { namesOf } from "./model.js";
import { anyDialog, hasEnded, send, showCommand } from "./operation.js";
import {
    button, card, chip, deleteButton, emptyState, failed, openDialog, pageHead, stateChip, timeOf,
} from "../ui.js";

const STATES = ["PENDING", "SENT", "DELIVERED", "SUCCESSFUL", "FAILED", "EXPIRED", "TIMEOUT",
    "CANCELED"];
const DOWNLINK = "/19/1/0";
const OPAQUE = 42;

/* What the user asked for, when that was not an operation. */
function asked({ request }) {
    if (request?.service) {
        return `${request.service}.${request.method}`;
    }
    return request?.property && `${request.property} = ${valueText(request.value)}`;
}

function what(command) {
    return h("div", { class: "stack" },
        h("span", {}, chip(word("operation", command.operation || command.kind)), " ",
            command.path && h("code", {}, foreign(command.path))),
        asked(command) && h("span", { class: "muted" }, foreign(asked(command))));
}

function result(command) {
    const text = command.value !== null && command.value !== undefined
        ? valueText(command.value) : failure(command) || "";
    const short = text.length > 60 ? `${text.slice(0, 60)}…` : text;
    return h("span", {}, command.code && h("span", { class: "muted" }, codeName(command.code), " "),
        short && foreign(short));
}

function cancel(command) {
    return may("operator") && !hasEnded(command) && deleteButton(`#${command.id}`, () =>
        remove(`commands/${command.id}`), {
        label: t("command.cancel"), text: t("command.cancel.about"), done: t("command.canceled"),
    });
}

function columns(withDevice) {
    return [
        ["ID", (c) => h("button", {
            type: "button", class: "link mono", on: { click: () => showCommand(c) },
            "aria-label": t("command.title", { id: c.id }),
        }, c.id), "number"],
        withDevice && [t("device"), (c) => h("a", {
            class: "mono", href: `#/devices/${segment(c)}/commands`,
        }, foreign(endpointText(c)))],
        [t("command"), what],
        [t("state"), (c) => stateChip(c.state)],
        [t("command.result"), result],
        [t("created"), (c) => timeOf(c.created_ms)],
        ["", cancel, "end"],
    ].filter(Boolean);
}

function listOf(ctx, path, withDevice) {
    return listView(ctx, {
        label: t("nav.commands"), types: ["command"], key: (c) => c.id,
        columns: columns(withDevice),
        path, first: 200, keepsOlder: true,
        filters: [{
            name: "state", label: t("command.any_state"), value: ctx.query.state,
            options: STATES.map((s) => [s, word("state", s)]),
        }],
        empty: () => emptyState(t("command.empty"), null, "commands"),
    });
}

/* Sending ------------------------------------------------------------------------------------- */

function profileCommands(profile) {
    return (profile?.services || []).flatMap((service) => (service.commands || []).map(
        (command) => ({ service: service.serviceType, command })));
}

function paramField(para) {
    const types = { int: "number", decimal: "number", jsonObject: "json" };
    const parts = [para.dataType];
    if (para.min !== undefined && para.min !== null && para.min !== "") {
        parts.push(`${para.min} ~ ${para.max}`);
    }
    return {
        name: para.paraName, label: para.paraName, type: types[para.dataType] || "text",
        integer: para.dataType === "int", required: Boolean(para.required), mono: true,
        hint: parts.join(", "),
    };
}

/* The dialog of a command of the profile: its parameters follow the one chosen. */
function profileDialog(device, commands) {
    return openDialog(t("command.profile"), (close) => {
        let set = null;
        const slot = h("div", {});
        const choose = (index) => {
            set = fieldSet((commands[index].command.paras || []).map(paramField));
            replace(slot, set.element);
        };
        const select = h("select", { id: "profile-command", on: {
            change: () => choose(Number(select.value)),
        } }, commands.map(({ service, command }, i) =>
            h("option", { value: i }, `${service}.${command.commandName}`)));
        choose(0);
        const submit = async () => {
            const params = set.read();
            if (params === null) {
                return;
            }
            const { service, command } = commands[Number(select.value)];
            const filled = Object.fromEntries(Object.entries(params).filter(([, v]) => v !== null));
            try {
                close(await send(device, { service, method: command.commandName, params: filled },
                    null, true));
            } catch (error) {
                set.fail(error);
            }
        };
        return h("div", { class: "dialog-body" }, h("div", { class: "field" },
            h("label", { for: "profile-command" }, t("command")), select), slot,
        h("div", { class: "dialog-actions" }, h("button", {
            type: "button", class: "button", on: { click: () => close() },
        }, t("cancel")), button(t("send"), submit, { kind: "primary" })));
    });
}

/* The field for one property's value: of names where the thing model has them. */
function valueField(property, names) {
    const { identifier, type, min, max, unit } = property;
    const named = (value) => [JSON.stringify(value), names.text(identifier, value)];
    const field = {
        name: `value of ${identifier}`, label: t("value"), required: true,
        show: (v) => v.property === identifier,
    };
    if (type === "bool") {
        return { ...field, type: "select", options: [named(true), named(false)] };
    }
    if (type === "enum") {
        return { ...field, type: "select", options: (property.values || []).map((v) =>
            named(v.value)) };
    }
    const bounded = min !== undefined || max !== undefined;
    const hint = [bounded && `${min ?? "…"} ~ ${max ?? "…"}`, unit].filter(Boolean).join(" ");
    return type === "text" ? { ...field, required: false, bytes: property.max_length }
        : { ...field, type: "number", integer: type === "int32", min, max, hint };
}

function propertyDialog(device, model, properties) {
    const names = namesOf(model);
    return formDialog(t("command.property"), [
        {
            name: "property", label: t("model.property"), type: "select", required: true,
            value: properties[0].identifier, full: true,
            options: properties.map((p) => [p.identifier, names.label(p.identifier)]),
        },
        ...properties.map((p) => valueField(p, names)),
    ], ({ property, ...values }) => {
        const { type } = properties.find((p) => p.identifier === property);
        const given = values[`value of ${property}`];
        const value = ["bool", "enum"].includes(type) ? JSON.parse(given) : given ?? "";
        return send(device, { property, value }, null, true);
    }, { label: t("send") });
}

function rawDialog(device) {
    return formDialog(t("command.raw"), [{
        name: "hex", label: t("operation.hex"), type: "hex", required: true, mono: true, full: true,
        hint: t("command.raw.hint", { path: DOWNLINK }),
    }], ({ hex }) => send(device, {
        operation: "write", path: DOWNLINK, hex, format: OPAQUE,
    }, null, true), { label: t("send") });
}

async function senders(ctx, device, product) {
    const carrier = product?.carrier;
    const buttons = [];
    if (carrier === "iot") {
        const profile = await get(`products/${product.id}/profile`, {}, ctx.signal)
            .catch(() => null);
        const commands = profileCommands(profile);
        if (commands.length > 0) {
            buttons.push(button(t("command.profile"), () => profileDialog(device, commands), {
                kind: "primary",
            }));
        }
    }
    if (carrier === "dmp") {
        const model = await get(`products/${product.id}/model`, {}, ctx.signal).catch(() => null);
        const writable = (model?.properties || []).filter((p) => p.access === "rw");
        if (writable.length > 0) {
            buttons.push(button(t("command.property"), () =>
                propertyDialog(device, model, writable), { kind: "primary" }));
        }
    }
    if (carrier === "iot" || carrier === "aep") {
        buttons.push(button(t("command.raw"), () => rawDialog(device)));
    }
    buttons.push(button(t("command.any"), () => anyDialog(device)));
    return buttons;
}

export function commandsPart(ctx, device, product) {
    const slot = h("div", { class: "actions" });
    if (may("operator")) {
        senders(ctx, device, product).then((buttons) => replace(slot, buttons)).catch(failed);
    }
    return card(t("nav.commands"), listOf(ctx, `devices/${segment(device)}/commands`, false), {
        actions: [slot], note: t("commands.about"),
    });
}

export function commandsPage(ctx) {
    return h("div", {}, pageHead(t("nav.commands"), { note: t("commands.about") }),
        h("section", { class: "card" }, listOf(ctx, "commands", true)));
}
