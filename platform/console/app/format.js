/* How values look: times, byte counts, hex, names of CoAP's numbers. No elements here. */

import { t } from "./i18n.js";

const pad = (number, digits = 2) => String(number).padStart(digits, "0");

/* "2026-11-23 05:34:12", of the browser's time zone. */
export function dateTime(ms, withMs = false) {
    const d = new Date(ms);
    const date = `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())}`;
    return `${date} ${clock(ms, withMs)}`;
}

export function clock(ms, withMs = false) {
    const d = new Date(ms);
    const text = `${pad(d.getHours())}:${pad(d.getMinutes())}:${pad(d.getSeconds())}`;
    return withMs ? `${text}.${pad(d.getMilliseconds(), 3)}` : text;
}

/* "Asia/Shanghai (UTC+08:00)": of all times that are shown. */
export function timeZone() {
    const minutes = -new Date().getTimezoneOffset();
    const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
    return `${Intl.DateTimeFormat().resolvedOptions().timeZone} (UTC${
        minutes < 0 ? "-" : "+"}${pad(hours)}:${pad(rest)})`;
}

/* "3 d 4 h": the two largest units of a number of seconds. */
export function duration(seconds) {
    const units = [["unit.d", 86400], ["unit.h", 3600], ["unit.min", 60], ["unit.s", 1]];
    const parts = [];
    let rest = Math.max(0, Math.round(seconds));
    for (const [key, size] of units) {
        const count = Math.floor(rest / size);
        rest -= count * size;
        if (count > 0) {
            parts.push(t(key, { n: count }));
        }
    }
    return parts.slice(0, 2).join(" ") || t("unit.s", { n: 0 });
}

export function bytes(count) {
    if (count < 1024) {
        return `${count} B`;
    }
    const kib = count / 1024;
    return kib < 1024 ? `${kib.toFixed(1)} KiB` : `${(kib / 1024).toFixed(1)} MiB`;
}

/* Pairs of digits in groups: "02 00 01". */
export function spaced(hex) {
    return (hex || "").toLowerCase().replace(/..(?=.)/g, "$& ");
}

/* The hex digits of what a user typed, or null. Spaces, colons and 0x are let through. */
export function cleanHex(text) {
    const hex = text.replace(/0x|[\s:,-]/gi, "").toLowerCase();
    return /^([0-9a-f]{2})*$/.test(hex) ? hex : null;
}

/* A device's name; its bytes, when they are no text. */
export const endpointText = (device) => (device.endpoint_hex ? spaced(device.endpoint_hex)
    : device.endpoint);

const CODES = {
    2.01: "Created", 2.02: "Deleted", 2.03: "Valid", 2.04: "Changed", 2.05: "Content",
    2.31: "Continue", "4.00": "Bad Request", 4.01: "Unauthorized", 4.02: "Bad Option",
    4.03: "Forbidden", 4.04: "Not Found", 4.05: "Method Not Allowed", 4.06: "Not Acceptable",
    4.08: "Request Entity Incomplete", 4.12: "Precondition Failed",
    4.13: "Request Entity Too Large", 4.15: "Unsupported Content-Format",
    "5.00": "Internal Server Error", 5.01: "Not Implemented", 5.02: "Bad Gateway",
    5.03: "Service Unavailable", 5.04: "Gateway Timeout",
};

/* "2.05 Content", "GET", "empty": the interface has names for methods and numbers for answers. */
export function codeName(code) {
    if (code === "EMPTY") {
        return t("coap.empty");
    }
    return CODES[code] ? `${code} ${CODES[code]}` : code || "";
}

const FORMATS = {
    0: "text/plain", 40: "link-format", 42: "octet-stream", 50: "JSON", 110: "SenML JSON",
    112: "SenML CBOR", 1541: "TLV (old)", 11542: "TLV", 11543: "LwM2M JSON",
};
/* Formats a user can choose for reading and writing. */
export const CHOSEN_FORMATS = [0, 42, 11542, 11543];

export function formatName(format) {
    return format === null || format === undefined ? "" : FORMATS[format] || String(format);
}

const PRINTABLE = /^[\t\n\r -~\u00a0-\uffff]+$/;

/* The text that bytes are, or null when they are none. */
export function textOfHex(hex) {
    const bytes = Uint8Array.from(hex.match(/../g) || [], (pair) => parseInt(pair, 16));
    try {
        const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
        return PRINTABLE.test(text) ? text : null;
    } catch {
        return null;
    }
}

/* The bytes of a text. */
export function hexOfText(text) {
    return [...new TextEncoder().encode(text)].map((b) => b.toString(16).padStart(2, "0")).join("");
}

/* Bytes are told as {"hex": …}. */
function isBytes(value) {
    return typeof value === "object" && typeof value.hex === "string"
        && Object.keys(value).length === 1;
}

/* A value of any JSON type as short text. */
export function valueText(value) {
    if (value === null || value === undefined) {
        return "–";
    }
    if (isBytes(value)) {
        return textOfHex(value.hex) ?? spaced(value.hex);
    }
    return typeof value === "object" ? JSON.stringify(value) : String(value);
}
