/*
 * The profile of a product of the China Telecom IoT platform (guide 5.2.1, "Profile 定义"): services
 * with properties and commands, and whether its firmware can be upgraded (5.7.1).
 */

import { getOr, may, put } from "../api.js";
import { arrange, foreign, h } from "../dom.js";
import { documentEditor } from "../document.js";
import { filled, formDialog } from "../form.js";
import { t } from "../i18n.js";
import { editableRows } from "../rows.js";
import { asyncBox, button, card, confirmDialog, emptyState } from "../ui.js";

const TYPES = ["int", "decimal", "string", "DateTime", "jsonObject"];
const numeric = (v) => v.dataType === "int" || v.dataType === "decimal";
const tick = (on) => t(on ? "yes" : "no");

function newProfile(product) {
    return {
        devices: [{
            manufacturerId: product.manufacturer_id || "", model: product.model || "",
            manufacturerName: product.manufacturer || "", protocolType: product.protocol || "LWM2M",
            deviceType: product.device_type || "",
            omCapability: {
                upgradeCapability: { supportUpgrade: false },
                fwUpgradeCapability: {
                    supportUpgrade: false, upgradeProtocolType: "LWM2M",
                    downloadProtocolType: "CoAP",
                },
            },
            serviceTypeCapabilities: [],
        }],
        services: [],
    };
}

function typeFields(row, nameKey) {
    return [
        { name: nameKey, label: t("name"), value: row[nameKey], required: true, bytes: 64 },
        {
            name: "dataType", label: t("profile.type"), type: "select",
            value: row.dataType || "int", options: TYPES.map((type) => [type, type]),
        },
        { name: "min", label: t("profile.min"), type: "number", value: row.min, show: numeric },
        { name: "max", label: t("profile.max"), type: "number", value: row.max, show: numeric },
        {
            name: "maxLength", label: t("profile.length"), type: "number", integer: true, min: 1,
            value: row.maxLength, show: (v) => v.dataType === "string",
        },
        {
            name: "required", label: t("profile.required"), type: "checkbox",
            value: row.required ?? true, full: true,
        },
    ];
}

function propertyFields(row) {
    const method = row.method || "R";
    const tickOf = (letter) => ({
        name: `method_${letter}`, label: t(`profile.method.${letter}`), type: "checkbox",
        value: method.includes(letter),
    });
    return [
        ...typeFields(row, "propertyName"),
        { name: "step", label: t("profile.step"), type: "number", value: row.step, show: numeric },
        { name: "unit", label: t("unit"), value: row.unit, bytes: 32 },
        {
            name: "enumList", label: t("profile.enum"), type: "list", value: row.enumList,
            show: (v) => v.dataType === "string", hint: t("form.list.hint"), full: true,
        },
        tickOf("R"), tickOf("W"), tickOf("E"),
    ];
}

function finishProperty(values, row) {
    const method = ["R", "W", "E"].filter((letter) => values[`method_${letter}`]).join("");
    const rest = Object.fromEntries(Object.entries(values).filter(([name]) =>
        !name.startsWith("method_")));
    const kept = Object.fromEntries(Object.entries(row).filter(([name]) => !(name in rest)));
    return filled({ ...kept, ...rest, method });
}

function range(row) {
    if (row.dataType === "string") {
        return row.maxLength ? `≤ ${row.maxLength}` : "–";
    }
    const bound = row.min !== undefined || row.max !== undefined;
    return bound ? `${row.min ?? "…"} ~ ${row.max ?? "…"}` : "–";
}

function properties(service, changed, readonly) {
    service.properties = service.properties || [];
    return editableRows({
        label: t("profile.properties"), rows: service.properties, changed, readonly,
        add: t("profile.property.add"), empty: t("profile.properties.none"),
        name: (row) => row.propertyName, fields: propertyFields, finish: finishProperty,
        columns: [
            [t("name"), (row) => h("code", {}, foreign(row.propertyName))],
            [t("profile.type"), (row) => foreign(row.dataType)],
            [t("profile.range"), (row) => foreign(range(row))],
            [t("profile.step"), (row) => foreign(row.step ?? "–")],
            [t("unit"), (row) => foreign(row.unit || "–")],
            [t("profile.required"), (row) => tick(row.required)],
            [t("profile.method"), (row) => h("code", {}, foreign(row.method || "–"))],
        ],
    });
}

function paras(command, key, changed, readonly) {
    command[key] = command[key] || [];
    return editableRows({
        label: t(`profile.${key}`), rows: command[key], changed, readonly,
        add: t("profile.para.add"), empty: t(`profile.${key}.none`),
        name: (row) => row.paraName, fields: (row) => typeFields(row, "paraName"),
        finish: (values, row) => filled({ ...row, min: null, max: null, maxLength: null,
            ...values }),
        columns: [
            [t("name"), (row) => h("code", {}, foreign(row.paraName))],
            [t("profile.type"), (row) => foreign(row.dataType)],
            [t("profile.range"), (row) => foreign(range(row))],
            [t("profile.required"), (row) => tick(row.required)],
        ],
    });
}

async function askName(title, value = "") {
    const values = await formDialog(title, [{
        name: "name", label: t("name"), required: true, value, bytes: 64,
        pattern: /^[\w.-]+$/, wrong: t("form.identifier"),
    }], (v) => v, { label: t("apply") });
    return values?.name;
}

function commandBlock(service, command, redraw, changed, readonly) {
    const drop = async () => {
        if (await confirmDialog(t("confirm.title", { action: t("remove") }),
            t("confirm.remove", { what: command.commandName }), t("remove"))) {
            service.commands.splice(service.commands.indexOf(command), 1);
            changed();
            redraw().focus();
        }
    };
    return h("section", { class: "sub", "aria-label": command.commandName },
        h("div", { class: "card-head" }, h("h4", {}, h("code", {}, foreign(command.commandName))),
            !readonly && button(t("remove"), drop, {
                kind: "danger-quiet small", describe: `${t("remove")}: ${command.commandName}`,
            })),
        h("h5", {}, t("profile.paras")), paras(command, "paras", changed, readonly),
        h("details", { open: (command.responses || []).length > 0 },
            h("summary", {}, t("profile.responses")),
            responses(command, changed, readonly)));
}

/* OceanConnect has a list of responses, each with paras of its own; the console edits the first. */
function responses(command, changed, readonly) {
    command.responses = command.responses || [];
    const first = command.responses[0] || {
        responseName: `${command.commandName}_RSP`, paras: [],
    };
    return paras(first, "paras", () => {
        if (!command.responses.includes(first)) {
            command.responses.push(first);
        }
        changed();
    }, readonly);
}

function commands(service, changed, readonly) {
    service.commands = service.commands || [];
    const box = h("div", {});
    const adder = button(t("profile.command.add"), async () => {
        const name = await askName(t("profile.command.add"));
        if (name) {
            service.commands.push({ commandName: name, paras: [], responses: [] });
            changed();
            redraw();
        }
    }, { symbol: "plus" });
    const redraw = () => {
        const blocks = service.commands.map((command) =>
            commandBlock(service, command, redraw, changed, readonly));
        arrange(box, [...blocks, blocks.length === 0 && emptyState(t("profile.commands.none")),
            !readonly && adder].filter(Boolean));
        return adder;
    };
    redraw();
    return box;
}

function serviceBlock(profile, service, redraw, changed, readonly) {
    const drop = async () => {
        if (await confirmDialog(t("confirm.title", { action: t("remove") }),
            t("confirm.remove", { what: service.serviceType }), t("remove"))) {
            profile.services.splice(profile.services.indexOf(service), 1);
            const device = profile.devices[0];
            device.serviceTypeCapabilities = (device.serviceTypeCapabilities || []).filter((c) =>
                c.serviceType !== service.serviceType);
            changed();
            redraw().focus();
        }
    };
    return h("section", { class: "service", "aria-label": service.serviceType },
        h("div", { class: "card-head" }, h("h3", {}, foreign(service.serviceType)),
            !readonly && button(t("remove"), drop, {
                kind: "danger-quiet small", describe: `${t("remove")}: ${service.serviceType}`,
            })),
        h("h4", {}, t("profile.properties")), properties(service, changed, readonly),
        h("h4", {}, t("profile.commands")), commands(service, changed, readonly));
}

function upgradeTick(device, changed, readonly) {
    device.omCapability = device.omCapability || {};
    const capability = device.omCapability.fwUpgradeCapability || {
        supportUpgrade: false, upgradeProtocolType: "LWM2M", downloadProtocolType: "CoAP",
    };
    const box = h("input", {
        type: "checkbox", id: "upgrade", checked: capability.supportUpgrade, disabled: readonly,
        on: { change: () => {
            capability.supportUpgrade = box.checked;
            device.omCapability.fwUpgradeCapability = capability;
            changed();
        } },
    });
    return h("div", { class: "field tick" }, box, h("label", { for: "upgrade" },
        t("profile.upgrade")), h("p", { class: "hint" }, t("profile.upgrade.hint")));
}

function draw(profile, changed, readonly) {
    profile.services = profile.services || [];
    profile.devices = profile.devices?.length > 0 ? profile.devices : newProfile({}).devices;
    const device = profile.devices[0];
    const box = h("div", {});
    const add = async () => {
        const name = await askName(t("profile.service.add"));
        if (name) {
            profile.services.push({ serviceType: name, properties: [], commands: [] });
            device.serviceTypeCapabilities = [...(device.serviceTypeCapabilities || []), {
                serviceId: name, serviceType: name, option: "Mandatory",
            }];
            changed();
            redraw();
        }
    };
    const adder = button(t("profile.service.add"), add, { symbol: "plus" });
    const redraw = () => {
        const blocks = profile.services.map((service) =>
            serviceBlock(profile, service, redraw, changed, readonly));
        arrange(box, [...blocks, blocks.length === 0 && emptyState(t("profile.services.none")),
            !readonly && adder].filter(Boolean));
        return adder;
    };
    redraw();
    return h("div", {}, upgradeTick(device, changed, readonly), box);
}

export function profilePart(ctx, product) {
    const path = `products/${product.id}/profile`;
    const readonly = !may("admin");
    const load = () => getOr(path, null, ctx.signal);
    return card(t("product.part.profile"), asyncBox(ctx, load, (profile) => documentEditor({
        value: profile?.services ? profile : newProfile(product), readonly,
        draw: (value, changed) => draw(value, changed, readonly),
        save: (value) => put(path, value),
    })), { note: t("profile.about") });
}
