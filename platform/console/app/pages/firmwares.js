/* Firmware packages (guide 5.6.1 for AEP, 5.7.4 for IoT): what is known of one, then its file. */

import { get, getAll, may, post, remove, upload } from "../api.js";
import { foreign, h, replace } from "../dom.js";
import { bytes } from "../format.js";
import { filled, formDialog } from "../form.js";
import { t, word } from "../i18n.js";
import { listView } from "../list.js";
import { carrierChip } from "./products.js";
import {
    button, deleteButton, emptyState, facts, openDialog, pageHead, progressOf, stateChip,
    timeOf, toast,
} from "../ui.js";

const BYTES_MAX = 32 * 1024 * 1024;
const isIot = (v) => v.carrier === "iot";

function fields(products) {
    const iot = (name, placeholder) => ({
        name, label: t(`product.${name}`), required: true, show: isIot, placeholder,
    });
    return [
        {
            name: "carrier", label: t("product.carrier"), type: "radio", value: "aep",
            options: ["aep", "iot"].map((c) => [c, word("carrier", c), t(`firmware.${c}.about`)]),
        },
        { name: "name", label: t("firmware.name"), required: true, bytes: 64,
            placeholder: "BC260YCNAAR01A02" },
        { name: "version", label: t("firmware.version"), required: true, bytes: 64,
            placeholder: "BC260YCNAAR01A02" },
        {
            name: "md5", label: "MD5", mono: true, pattern: /^[0-9a-fA-F]{32}$/,
            wrong: t("firmware.md5.wrong"), hint: t("firmware.md5.hint"),
            show: (v) => !isIot(v), full: true,
        },
        iot("device_type", "WaterMeter"), iot("manufacturer", "QUECTEL"), iot("model", "BC260YCN"),
        {
            name: "protocol", label: t("product.protocol"), type: "select", value: "CoAP",
            options: [["CoAP", "CoAP"], ["LWM2M", "LwM2M"]], show: isIot,
        },
        {
            name: "source_versions", label: t("firmware.sources"), type: "list", show: isIot,
            hint: t("form.list.hint"), full: true,
        },
        {
            name: "product", label: t("product"), type: "select", value: "", full: true,
            options: [["", t("firmware.any_product")], ...products.map((p) => [String(p.id),
                p.name])],
        },
        { name: "file", label: t("firmware.file"), type: "file", accept: ".zip", full: true,
            hint: t("firmware.file.hint") },
        { name: "description", label: t("product.description"), full: true },
    ];
}

/* Sends the file and shows how far it is, until it is there or refused. */
async function sendFile(firmware, file) {
    if (file.size > BYTES_MAX) {
        throw Object.assign(new Error(t("firmware.too_big", { max: bytes(BYTES_MAX) })), {
            field: "file",
        });
    }
    const slot = document.querySelector("dialog[open] .upload");
    return upload(`firmwares/${firmware.id}/content`, file, (part) => {
        if (slot) {
            replace(slot, progressOf(part * 100, t("firmware.upload")));
        }
    }).finally(() => slot && replace(slot));
}

/* When the file is refused the firmware is removed again, so that the user can correct the form. */
async function create(values) {
    const { file, product, ...rest } = values;
    const body = { ...filled(rest), carrier: values.carrier };
    if (product) {
        body.product = Number(product);
    }
    const firmware = await post("firmwares", body);
    if (file) {
        try {
            await sendFile(firmware, file);
        } catch (error) {
            await remove(`firmwares/${firmware.id}`).catch(() => null);
            error.field = error.field || "file";
            throw error;
        }
    }
    toast(t("firmware.added"));
}

async function add(ctx, list) {
    const products = await getAll("products", {}, ctx.signal);
    const done = formDialog(t("firmware.add"), fields(products), create, {
        label: t("create"), wide: true,
    });
    const actions = document.querySelector("dialog[open] .dialog-actions");
    actions?.before(h("div", { class: "upload", role: "status" }));
    if (await done) {
        list().reload();
    }
}

function uploadLater(firmware, list) {
    return formDialog(t("firmware.upload"), [{
        name: "file", label: t("firmware.file"), type: "file", accept: ".zip", required: true,
        full: true,
    }], async ({ file }) => {
        await upload(`firmwares/${firmware.id}/content`, file, () => null).catch((error) => {
            error.field = "file";
            throw error;
        });
        toast(t("firmware.added"));
    }, { label: t("firmware.upload") }).then((done) => done && list().reload());
}

async function show(id, signal) {
    const f = await get(`firmwares/${id}`, {}, signal);
    const code = (text) => text && h("code", { class: "hex" }, foreign(text));
    openDialog(f.name, () => h("div", { class: "dialog-body" }, facts([
        [t("state"), stateChip(f.state)], [t("product.carrier"), word("carrier", f.carrier)],
        [t("firmware.version"), foreign(f.version)],
        [t("firmware.source"), code(f.source_revision)],
        [t("firmware.target"), code(f.target_revision)],
        [t("firmware.zip"), f.bytes && bytes(f.bytes)],
        [t("firmware.package"), f.package_bytes && bytes(f.package_bytes)],
        ["MD5", code(f.md5)], ["SHA-256", code(f.sha256)],
        [t("product.manufacturer"), f.manufacturer && foreign(f.manufacturer)],
        [t("product.model"), f.model && foreign(f.model)],
        [t("product.device_type"), f.device_type && foreign(f.device_type)],
        [t("firmware.sources"), (f.source_versions || []).length > 0
            && foreign(f.source_versions.join(", "))],
        [t("product.description"), f.description && foreign(f.description)],
        [t("created"), timeOf(f.created_ms)],
    ])), { wide: true });
}

export function firmwaresPage(ctx) {
    let list = null;
    const current = () => list;
    const adder = () => button(t("firmware.add"), () => add(ctx, current), {
        kind: "primary", symbol: "plus",
    });
    list = listView(ctx, {
        label: t("nav.firmwares"), path: "firmwares", types: ["fota"],
        columns: [
            [t("name"), (f) => h("div", { class: "stack" }, h("button", {
                type: "button", class: "link", on: { click: () => show(f.id, ctx.signal) },
            }, foreign(f.name)), f.version !== f.name
                && h("span", { class: "muted" }, foreign(f.version)))],
            [t("product.carrier"), (f) => carrierChip(f.carrier)],
            [t("state"), (f) => stateChip(f.state)],
            [t("firmware.revisions"), (f) => (f.source_revision ? h("span", { class: "mono small" },
                foreign(f.source_revision), " → ", foreign(f.target_revision)) : "–")],
            [t("firmware.package"), (f) => (f.package_bytes ? bytes(f.package_bytes) : "–"),
                "number"],
            [t("created"), (f) => timeOf(f.created_ms)],
            ["", (f) => may("admin") && h("span", { class: "actions" },
                f.state === "empty" && button(t("firmware.upload"), () => uploadLater(f, current),
                    { kind: "small" }),
                deleteButton(f.name, () => remove(`firmwares/${f.id}`).then(() => list.reload()))),
            "end"],
        ],
        empty: () => emptyState(t("firmware.empty"), may("admin") && adder(), "firmwares"),
    });
    return h("div", {}, pageHead(t("nav.firmwares"), {
        note: t("firmware.about"), actions: [may("admin") && adder()],
    }), h("section", { class: "card" }, list));
}
