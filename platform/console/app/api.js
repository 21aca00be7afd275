/*
 * Asks the REST interface. The token is kept in this tab's session storage and nowhere else. An
 * answer that is a problem is thrown as a Problem; when the token is no longer good, "signed-out"
 * is told to the window.
 */

import { t } from "./i18n.js";
import { problemText } from "./reasons.js";

const KEY = "bc260y.token";
const ROLES = ["viewer", "operator", "admin"];
const LIMIT_MAX = 1000;
export const base = new URL("api/v1/", document.baseURI);

let who = null;

export class Problem extends Error {
    constructor(status, text, field) {
        super(text);
        this.status = status;
        this.field = field;
    }
}

export function token() {
    return sessionStorage.getItem(KEY);
}

export function forgetToken() {
    sessionStorage.removeItem(KEY);
    who = null;
}

export function identity() {
    return who;
}

/* Whether the token's role is that one or a higher one. */
export function may(role) {
    return who !== null && ROLES.indexOf(who.role) >= ROLES.indexOf(role);
}

export function authorization() {
    return { Authorization: `Bearer ${token()}` };
}

export function signedOut() {
    if (token()) {
        forgetToken();
        window.dispatchEvent(new CustomEvent("signed-out"));
    }
}

async function problemOf(response) {
    let detail = {};
    try {
        detail = await response.json();
    } catch {
        // Not ours: a proxy's page, perhaps.
    }
    const text = problemText(detail) || t("error.status", { status: response.status });
    return new Problem(response.status, text, detail.field);
}

function address(path, query) {
    const url = new URL(path.replace(/^\//, ""), base);
    for (const [name, value] of Object.entries(query || {})) {
        if (value !== "" && value !== null && value !== undefined) {
            url.searchParams.set(name, value);
        }
    }
    return url;
}

async function ask(method, path, { query, body, signal } = {}) {
    const headers = authorization();
    if (body !== undefined) {
        headers["Content-Type"] = "application/json";
    }
    let response;
    try {
        response = await fetch(address(path, query), {
            method,
            headers,
            signal,
            cache: "no-store",
            body: body === undefined ? undefined : JSON.stringify(body),
        });
    } catch (error) {
        if (error.name === "AbortError") {
            throw error;
        }
        throw new Problem(0, t("error.network"));
    }
    if (response.status === 401 && who) {
        signedOut();
    }
    if (!response.ok) {
        throw await problemOf(response);
    }
    return response.status === 204 ? null : response.json();
}

export const get = (path, query, signal) => ask("GET", path, { query, signal });
/* What is there, or `fallback` when there is no such thing. */
export const getOr = (path, fallback, signal) => get(path, {}, signal).catch((error) => {
    if (error.status === 404) {
        return fallback;
    }
    throw error;
});
export const post = (path, body = {}, query) => ask("POST", path, { body, query });
/* For resources that take no body. */
export const act = (path) => ask("POST", path);
export const put = (path, body) => ask("PUT", path, { body });
export const patch = (path, body) => ask("PATCH", path, { body });
export const remove = (path) => ask("DELETE", path);

/* All the items of a list, up to `most`. */
export async function getAll(path, query = {}, signal, most = LIMIT_MAX) {
    const items = [];
    let cursor = null;
    do {
        const limit = Math.min(LIMIT_MAX, most - items.length);
        const page = await get(path, { ...query, limit, cursor }, signal);
        items.push(...page.items);
        cursor = page.next;
    } while (cursor && items.length < most);
    return items;
}

/* Sends a file's bytes; tells `progress` a number from 0 to 1. fetch() cannot tell it. */
export function upload(path, file, progress) {
    return new Promise((resolve, reject) => {
        const request = new XMLHttpRequest();
        request.open("PUT", address(path));
        request.setRequestHeader("Authorization", authorization().Authorization);
        request.setRequestHeader("Content-Type", "application/zip");
        request.upload.onprogress = (event) => progress(event.loaded / (event.total || 1));
        request.onerror = () => reject(new Problem(0, t("error.network")));
        request.onload = async () => {
            const response = new Response(request.status === 204 ? null : request.responseText, {
                status: request.status || 500,
            });
            if (!response.ok) {
                reject(await problemOf(response));
            } else {
                resolve(response.status === 204 ? null : await response.json());
            }
        };
        request.send(file);
    });
}

/* Checks a token and keeps it when it is good. */
export async function signIn(text) {
    sessionStorage.setItem(KEY, text);
    try {
        who = await get("whoami");
    } catch (error) {
        forgetToken();
        throw error;
    }
    return who;
}

/* A device's part of a path: its name's bytes, percent-encoded. */
export function segment(device) {
    if (device.endpoint_hex) {
        return device.endpoint_hex.replace(/../g, "%$&");
    }
    return encodeURIComponent(device.endpoint);
}
