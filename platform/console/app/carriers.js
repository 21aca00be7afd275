/*
 * What a product of each carrier is asked for, as in the carriers' own consoles: guide sections
 * 5.2.1 (IoT), 5.3.1 (AEP), 5.4.1 (Andlink), 5.5.1 (DMP). What the guide's consoles offer only one
 * choice of is shown so that it can be compared, and cannot be changed.
 */

import { t, word } from "./i18n.js";

export const CARRIERS = ["iot", "aep", "andlink", "dmp"];
export const PARTS = {
    iot: ["settings", "profile", "codec", "devices"],
    aep: ["settings", "codec", "devices"],
    andlink: ["settings", "codec", "devices"],
    dmp: ["settings", "model", "mapping", "devices"],
};
const FORMATS = ["{imei}", "urn:imei:{imei}", "urn:imei-imsi:{imei}-{imsi}", "{imei};{imsi}"];

const choice = (name, values, more = {}) => ({
    name, label: t(`product.${name}`), type: "select",
    options: values.map((value) => [value, word(`product.${name}`, value)]), value: values[0],
    ...more,
});
const text = (name, more = {}) => ({ name, label: t(`product.${name}`), bytes: 64, ...more });
const only = (name, value) => choice(name, [value], { disabled: true, fixed: true });
const format = (value) => ({
    name: "endpoint_format", label: t("product.endpoint_format"), type: "select", value,
    options: FORMATS.map((f) => [f, f]), hint: t("product.endpoint_format.hint"),
});
const description = () => ({
    name: "description", label: t("product.description"), type: "textarea", rows: 2, full: true,
    bytes: 1000,
});
const name = (placeholder) => text("name", { required: true, placeholder });

function iot() {
    return [
        name("DoorLock"), text("project"), text("model", { placeholder: "DoorLock001" }),
        text("manufacturer_id", { hint: t("product.manufacturer_id.hint") }),
        text("manufacturer"), text("industry"), text("device_type", { placeholder: "DoorLock" }),
        choice("protocol", ["LWM2M", "CoAP"]), choice("data_format", ["binary", "json"]),
        choice("security", ["plain", "dtls"]), format("{imei}"), description(),
    ];
}

function aep() {
    return [
        name("BC26NB"), text("category", { hint: t("product.category.hint") }),
        choice("node_type", ["device", "gateway"]), only("access", "direct"),
        only("network", "NB-IoT"), only("protocol", "LWM2M"),
        choice("security", ["plain", "dtls"]), only("auth", "imei"),
        format("urn:imei-imsi:{imei}-{imsi}"),
        choice("payload", ["transparent", "decoded"], { hint: t("product.payload.hint") }),
        choice("power_saving", ["none", "psm", "edrx"], { value: "psm" }),
        { name: "observe_all", label: t("product.observe_all"), type: "checkbox", full: true },
        description(),
    ];
}

function andlink() {
    return [
        name("Outlet"), text("product_id", {
            placeholder: "500677", hint: t("product.product_id.hint"), mono: true,
        }),
        only("network", "NB-IoT"), choice("security", ["plain", "dtls"]), format("{imei}"),
        description(),
    ];
}

function dmp() {
    return [
        name("移远水表"), choice("node_type", ["device", "gateway", "sub-device"]),
        only("protocol", "LWM2M"), only("network", "NB-IoT"), only("data_format", "binary"),
        only("auth", "imei"), choice("power_saving", ["psm", "none", "edrx"]),
        text("category", { hint: t("product.category.hint") }), format("{imei}"), description(),
    ];
}

const FIELDS = { iot, aep, andlink, dmp };

/* The form's fields; with the product's own values when there is one. */
export function productFields(carrier, product) {
    return FIELDS[carrier]().map((field) => (product && !field.fixed
        ? { ...field, value: product[field.name] ?? field.value } : field));
}
