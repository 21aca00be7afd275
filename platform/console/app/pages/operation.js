/* Asking a device for something: the dialogs of the object browser and of the commands' page. */

import { post, segment } from "../api.js";
import { foreign, h, visible } from "../dom.js";
import { CHOSEN_FORMATS, codeName, formatName, hexOfText, valueText } from "../format.js";
import { formDialog } from "../form.js";
import { t, word } from "../i18n.js";
import { failure, reasonText } from "../reasons.js";
import { facts, hexOf, openDialog, stateChip, timeOf, toast } from "../ui.js";

const WAIT_S = 10;
const BINARY = /^\/19\//; /* takes bytes only; a text is such, too */
const TEXT = 0;
const PATH = /^(\/\d{1,5}){1,3}$/;
export const OPERATIONS = ["read", "write", "execute", "observe", "cancel", "discover"];

const pathField = (path) => ({
    name: "path", label: t("path"), value: path, required: true, mono: true, pattern: PATH,
    wrong: t("form.path"), placeholder: "/3303/0/5700", disabled: false, readonly: Boolean(path),
});

const formatField = (name, first) => ({
    name, label: t(`operation.${name}`), type: "select", value: "",
    options: [["", first], ...CHOSEN_FORMATS.map((f) => [String(f), formatName(f)])],
});

const valueFields = (isBinary) => [
    {
        name: "kind", label: t("operation.kind"), type: "select", value: isBinary ? "hex" : "text",
        options: ["text", "number", "boolean", "hex"].map((k) => [k, word("kind", k)]),
    },
    {
        name: "text", label: t("value"), show: (v) => v.kind === "text", full: true,
    },
    {
        name: "number", label: t("value"), type: "number", required: true,
        show: (v) => v.kind === "number", full: true,
    },
    {
        name: "boolean", label: t("value"), type: "select", show: (v) => v.kind === "boolean",
        options: [["true", t("yes")], ["false", t("no")]], full: true,
    },
    {
        name: "hex", label: t("operation.hex"), type: "hex", required: true, mono: true,
        show: (v) => v.kind === "hex", full: true,
    },
];

const expiryField = {
    name: "expire_s", type: "number", integer: true, min: 0, max: 172800,
};

function expiry() {
    return { ...expiryField, label: t("operation.expire"), hint: t("operation.expire.hint") };
}

function writeBody(values) {
    const { kind } = values;
    const body = { operation: "write", path: values.path };
    if (kind === "hex") {
        body.hex = values.hex;
    } else if (kind === "number") {
        body.value = values.number;
    } else if (kind === "boolean") {
        body.value = values.boolean === "true";
    } else if (BINARY.test(values.path)) {
        body.hex = hexOfText(values.text ?? "");
        body.format = TEXT;
    } else {
        body.value = values.text ?? "";
    }
    return body;
}

/* What came of a command. */
export function commandFacts(command) {
    return facts([
        [t("state"), stateChip(command.state)],
        [t("operation"), word("operation", command.operation || command.kind)],
        [t("path"), command.path && h("code", {}, foreign(command.path))],
        [t("command.request"), command.request && h("code", { class: "break" },
            foreign(JSON.stringify(command.request)))],
        [t("code"), command.code && codeName(command.code)],
        [t("data.format"), formatName(command.format)],
        [t("value"), command.value !== null && command.value !== undefined
            && h("pre", {}, foreign(valueText(command.value)))],
        ["Hex", command.hex && hexOf(command.hex)],
        [t("reason"), command.reason && foreign(reasonText(command.reason))],
        [t("created"), timeOf(command.created_ms, true)],
        [t("command.sent"), command.sent_ms && timeOf(command.sent_ms, true)],
        [t("command.ended"), command.ended_ms && timeOf(command.ended_ms, true)],
        [t("command.expires"), !command.ended_ms && command.expires_ms
            && timeOf(command.expires_ms, true)],
    ]);
}

export function showCommand(command) {
    return openDialog(t("command.title", { id: command.id }), () =>
        h("div", { class: "dialog-body" }, commandFacts(command)));
}

const ENDED = ["SUCCESSFUL", "FAILED", "EXPIRED", "TIMEOUT", "CANCELED"];
export const hasEnded = (command) => ENDED.includes(command.state);

/* Sends a command and shows what came of it; `done(command)` is told. */
export async function send(device, body, done, quiet) {
    const command = await post(`devices/${segment(device)}/commands`, body, { wait: WAIT_S });
    const name = visible(`${word("operation", body.operation || "command")} ${body.path || ""}`);
    if (!hasEnded(command)) {
        toast(t("command.queued", { name }));
    } else if (command.state === "SUCCESSFUL") {
        toast(`${name}: ${command.code ? codeName(command.code) : word("state", command.state)}`);
    } else {
        const why = [command.code && codeName(command.code), failure(command)];
        toast([`${name}:`, word("state", command.state), ...why].filter(Boolean).join(" "), "bad");
    }
    done?.(command);
    if (!quiet && hasEnded(command) && command.hex) {
        await showCommand(command);
    }
    return command;
}

export function writeDialog(device, path, done, isBinary) {
    return formDialog(t("operation.write"), [pathField(path), ...valueFields(isBinary),
        formatField("format", t("operation.auto")), expiry()], async (values) => {
        const body = writeBody(values);
        if (values.format) {
            body.format = Number(values.format);
        }
        if (values.expire_s !== null) {
            body.expire_s = values.expire_s;
        }
        await send(device, body, done, true);
    }, { label: t("operation.write") });
}

export function executeDialog(device, path, done) {
    return formDialog(t("operation.execute"), [pathField(path), {
        name: "arguments", label: t("operation.arguments"), mono: true,
        hint: t("operation.arguments.hint"),
    }, expiry()], async (values) => {
        const body = { operation: "execute", path: values.path };
        for (const name of ["arguments", "expire_s"]) {
            if (values[name] !== null) {
                body[name] = values[name];
            }
        }
        await send(device, body, done, true);
    }, { label: t("operation.execute"), kind: "danger" });
}

/* Any operation on any path. */
export function anyDialog(device, done) {
    const writes = (v) => v.operation === "write";
    const fields = [
        {
            name: "operation", label: t("operation"), type: "select", value: "read",
            options: OPERATIONS.map((o) => [o, word("operation", o)]),
        },
        pathField(""),
        ...valueFields(false).map((f) => ({
            ...f, show: (v) => writes(v) && (!f.show || f.show(v)),
        })),
        { ...formatField("format", t("operation.auto")), show: writes },
        {
            ...formatField("accept", t("operation.auto")),
            show: (v) => ["read", "observe"].includes(v.operation),
        },
        {
            name: "arguments", label: t("operation.arguments"), mono: true,
            show: (v) => v.operation === "execute",
        },
        expiry(),
    ];
    return formDialog(t("command.any"), fields, async (values) => {
        const body = writes(values) ? writeBody(values)
            : { operation: values.operation, path: values.path };
        for (const name of ["format", "accept"]) {
            if (values[name]) {
                body[name] = Number(values[name]);
            }
        }
        for (const name of ["arguments", "expire_s"]) {
            if (values[name] !== null && values[name] !== undefined) {
                body[name] = values[name];
            }
        }
        return send(device, body, done, true);
    }, { label: t("send") });
}
