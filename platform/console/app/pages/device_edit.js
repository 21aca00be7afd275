/* Changing a device's settings, moving it to another product, and taking one that registered by
 * itself into a product. */

import { getAll, patch, post, segment } from "../api.js";
import { filled, formDialog } from "../form.js";
import { t, word } from "../i18n.js";
import { toast } from "../ui.js";

/* The key of a device that registers with DTLS. */
export function pskFields(show) {
    return [
        {
            name: "psk_identity", at: "psk.identity", label: t("device.psk.identity"),
            required: true, mono: true, show,
        },
        {
            name: "psk_key", at: "psk.key_hex", label: t("device.psk.key"), type: "hex",
            required: true, mono: true, hint: t("device.psk.hint"), show,
        },
    ];
}

function securityFields(device) {
    const choices = ["keep", "dtls", ...(device.encrypted ? ["plain"] : [])];
    return [
        {
            name: "secure", label: t("device.security"), type: "radio", value: "keep",
            options: choices.map((c) => [c, t(`device.security.change.${c}`)]),
        },
        ...pskFields((v) => v.secure === "dtls"),
    ];
}

function fields(device, products) {
    const carrier = (v) => products.find((p) => String(p.id) === v.product)?.carrier;
    const subscribes = (v) => ["dmp", "aep"].includes(carrier(v));
    return [
        {
            name: "product", label: t("product"), type: "select", required: true, full: true,
            value: String(device.product ?? products[0].id),
            options: products.map((p) => [String(p.id),
                `${p.name} (${word("carrier", p.carrier)})`]),
            hint: device.product === null ? null : t("device.move.hint"),
        },
        { name: "name", label: t("device.name"), value: device.name, bytes: 64 },
        { name: "remark", label: t("device.remark"), value: device.remark, bytes: 1000 },
        {
            name: "device_key", label: t("device.key"), value: device.device_key, mono: true,
            bytes: 64, show: (v) => carrier(v) === "dmp",
        },
        {
            name: "subscription", label: t("device.subscription"), type: "radio",
            value: device.subscription || "auto", show: subscribes,
            options: ["auto", "manual"].map((s) => [s, word("subscription", s)]),
        },
        ...securityFields(device),
    ];
}

function bodyOf(device, { product, secure, psk_identity: identity, psk_key: key, ...rest }) {
    const body = { product: Number(product) };
    for (const [name, value] of Object.entries(rest)) {
        body[name] = value ?? "";
    }
    if (secure === "dtls") {
        body.psk = { identity, key_hex: key };
    } else if (secure === "plain") {
        body.psk = null;
    }
    return body;
}

async function save(device, values) {
    const body = bodyOf(device, values);
    if (device.product === null) {
        await post("devices", { ...filled(body), endpoint: device.endpoint });
    } else {
        await patch(`devices/${segment(device)}`, body);
    }
    toast(t("saved"));
}

/* Whether the device can be changed: one whose name is no text cannot be taken into a product. */
export const isEditable = (device) => device.product !== null || !device.endpoint_hex;

export const editLabel = (device) => t(device.product === null ? "device.adopt" : "edit");

export async function editDevice(ctx, device) {
    const products = await getAll("products", {}, ctx.signal);
    if (products.length === 0) {
        toast(t("devices.no_products"), "bad");
        return;
    }
    const done = await formDialog(device.product === null ? t("device.adopt") : t("device.edit"),
        fields(device, products), (values) => save(device, values), { wide: true });
    if (done) {
        ctx.refresh();
    }
}
