/*
 * The parts every page is made of: headings, cards, buttons, chips, dialogs, notices, and what
 * stands where something is loading, empty or broken.
 */

import { arrange, h, keepFocus, replace, uniqueId, visible } from "./dom.js";
import { dateTime, spaced } from "./format.js";
import { t, word } from "./i18n.js";
import { icon } from "./icons.js";
import * as live from "./live.js";

const TOAST_MS = 6000;
const TOASTS_MAX = 3;

/* Buttons and links -------------------------------------------------------------------------- */

/* kind: "primary", "danger", "quiet" or nothing; run may be async: the button waits for it. */
export function button(label, run, { kind, symbol, describe, ...more } = {}) {
    const element = h("button", {
        type: "button",
        class: ["button", kind].filter(Boolean).join(" "),
        "aria-label": describe,
        ...more,
    }, symbol && icon(symbol), h("span", {}, label));
    element.addEventListener("click", async () => {
        if (element.getAttribute("aria-busy")) {
            return;
        }
        element.setAttribute("aria-busy", "true");
        try {
            await run(element);
        } catch (error) {
            failed(error);
        } finally {
            element.removeAttribute("aria-busy");
        }
    });
    return element;
}

export function linkButton(label, href, { kind, symbol } = {}) {
    return h("a", { class: ["button", kind].filter(Boolean).join(" "), href },
        symbol && icon(symbol), h("span", {}, label));
}

/* Pages -------------------------------------------------------------------------------------- */

/* A page's head: trail is [[label, href], …] of what is above it. */
export function pageHead(title, { trail = [], note, actions = [], chips = [] } = {}) {
    return h("header", { class: "page-head" },
        trail.length > 0 && h("nav", { class: "trail", "aria-label": t("nav.trail") },
            trail.map(([label, href]) => h("a", { href }, visible(label)))),
        h("div", { class: "page-title" },
            h("h1", { tabindex: "-1" }, visible(title)), chips,
            h("div", { class: "actions" }, actions)),
        note && h("p", { class: "muted" }, note));
}

export function card(title, content, { actions = [], className, note } = {}) {
    const id = uniqueId("card");
    return h("section", {
        class: ["card", className].filter(Boolean).join(" "), "aria-labelledby": id,
    },
    h("div", { class: "card-head" }, h("h2", { id }, title),
        h("div", { class: "actions" }, actions)),
    note && h("p", { class: "muted note" }, note),
    content);
}

/* Links to the parts of one thing; `current` is the name of the part shown. */
export function tabs(label, items, current) {
    const links = items.map(([name, text, href]) => h("a", {
        href, "aria-current": name === current && "page",
    }, text));
    const element = h("nav", { class: "tabs", "aria-label": label }, links);
    // On a narrow screen the current one may be beyond the edge.
    requestAnimationFrame(() => {
        const at = links.find((link) => link.hasAttribute("aria-current"));
        element.scrollLeft = at ? at.offsetLeft - (element.clientWidth - at.offsetWidth) / 2 : 0;
    });
    return element;
}

/* Choices of which one is pressed; the element's choose(value) presses one without a change. */
export function segmented(label, options, value, change) {
    const group = h("div", { class: "segmented", role: "group", "aria-label": label });
    const choose = (next) => {
        for (const element of group.children) {
            element.setAttribute("aria-pressed", String(element.dataset.value === String(next)));
        }
    };
    for (const [name, text] of options) {
        group.append(h("button", {
            type: "button", data: { value: name }, on: {
                click: () => {
                    choose(name);
                    change(name);
                },
            },
        }, text));
    }
    choose(value);
    group.choose = choose;
    return group;
}

/* A list of names and values; rows whose value is nothing are left out. */
export function facts(rows) {
    return h("dl", { class: "facts" }, rows.filter(([, value]) => value !== null
        && value !== undefined && value !== "").map(([name, value]) =>
        h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

/* Small things ------------------------------------------------------------------------------- */

const CHIP_KINDS = {
    good: ["SUCCESSFUL", "SUCCEEDED", "ready", "done", "online", "ok", "admin", "deployed"],
    busy: ["SENT", "DELIVERED", "QUERYING", "DOWNLOADING", "DOWNLOADED", "UPDATING", "running"],
    wait: ["PENDING", "WAITING", "created", "asleep", "empty", "operator"],
    bad: ["FAILED", "EXPIRED", "TIMEOUT", "failed"],
};

export function chip(text, kind = "plain") {
    return h("span", { class: `chip ${kind}` }, text);
}

/* A chip for a state of the interface, in the language's words. */
export function stateChip(state) {
    const kind = Object.keys(CHIP_KINDS).find((k) => CHIP_KINDS[k].includes(state));
    const element = chip(word("state", state), kind);
    element.dataset.state = state;
    return element;
}

export function onlineChip(device) {
    if (!device.online) {
        return stateChip(device.registration ? "offline" : "unregistered");
    }
    return stateChip(device.awake === false ? "asleep" : "online");
}

export function timeOf(ms, withMs = false) {
    if (!ms) {
        return h("span", { class: "muted" }, "–");
    }
    return h("time", { datetime: new Date(ms).toISOString(), class: "time" }, dateTime(ms, withMs));
}

export function hexOf(hex) {
    return h("code", { class: "hex" }, spaced(hex));
}

export function progressOf(percent, label) {
    return h("div", { class: "progress" },
        h("progress", { max: 100, value: percent, "aria-label": label }),
        h("span", {}, `${Math.round(percent)}%`));
}

export function copyButton(text) {
    return button(t("copy"), async () => {
        // Browsers offer the clipboard on loopback and over HTTPS only.
        if (!navigator.clipboard) {
            throw new Error(t("copy.failed"));
        }
        await navigator.clipboard.writeText(text);
        toast(t("copied"));
    });
}

/* Loading, empty, broken --------------------------------------------------------------------- */

export function loading() {
    return h("div", { class: "loading", role: "status" },
        h("span", { class: "unseen" }, t("loading")), h("i"), h("i"), h("i"));
}

export function emptyState(text, action, symbol = "empty") {
    return h("div", { class: "nothing" }, icon(symbol), h("p", {}, text), action);
}

export function errorState(error, retry) {
    const title = error.status === 404 ? t("error.gone") : t("error.title");
    return h("div", { class: "nothing broken", role: "alert" }, icon("broken"),
        h("p", {}, h("strong", {}, title)), h("p", {}, visible(error.message)),
        retry && button(t("retry"), retry));
}

/* A box that shows what `load` gives, by `render`; `reload()` does it again without a flicker.
 * `frame` puts something around what stands there until then, or after a problem. */
export function asyncBox(ctx, load, render, frame = (inner) => inner) {
    const box = h("div", { class: "box" }, frame(loading()));
    let newest = 0;
    let isBroken = false;
    const show = (build) => keepFocus(box, () => arrange(box, [build()].flat().filter(Boolean)));
    const retry = () => {
        replace(box, frame(loading()));
        return reload();
    };
    const reload = async () => {
        newest += 1;
        const mine = newest;
        try {
            const value = await load();
            if (mine === newest && !ctx.signal.aborted) {
                isBroken = false;
                show(() => render(value));
            }
        } catch (error) {
            if (mine === newest && !ctx.signal.aborted && error.name !== "AbortError") {
                isBroken = true;
                show(() => frame(errorState(error, retry)));
            }
        }
    };
    // The platform may have been away, and is back.
    live.on(["again"], () => isBroken && reload(), ctx.signal);
    box.reload = reload;
    box.ready = reload();
    return box;
}

/* The document's title says what the page is of, and which part of it. */
export function tellTitle(page) {
    document.title = [page.querySelector("h1"), page.querySelector(".tabs [aria-current]")]
        .filter(Boolean).map((e) => e.textContent).concat(t("brand")).join(" · ");
}

/* The same as a whole page; `title` is its head's until it is loaded. */
export function asyncPage(ctx, title, load, render) {
    const box = asyncBox(ctx, load, render, (inner) => h("div", {}, pageHead(title), inner));
    box.ready.then(() => {
        const head = box.querySelector("h1");
        if (ctx.signal.aborted || !head) {
            return;
        }
        tellTitle(box);
        if (ctx.moveFocus && document.activeElement === document.body) {
            head.focus({ preventScroll: true });
        }
    });
    return box;
}

/* Notices ------------------------------------------------------------------------------------ */

let toasts = null;

export function toastArea() {
    toasts = h("div", { class: "toasts", role: "status", "aria-live": "polite" });
    return toasts;
}

export function toast(text, kind = "good") {
    const element = h("div", { class: `toast ${kind}` }, h("span", {}, visible(text)), h("button", {
        type: "button", class: "button quiet", "aria-label": t("close"),
        on: { click: () => element.remove() },
    }, icon("close")));
    if (!toasts) {
        return;
    }
    // Behind an open dialog nobody could see or reach it.
    const place = [...document.querySelectorAll("dialog[open]")].at(-1) || document.body;
    if (toasts.parentNode !== place) {
        place.append(toasts);
    }
    toasts.append(element);
    if (toasts.children.length > TOASTS_MAX) {
        toasts.firstChild.remove();
    }
    setTimeout(() => element.remove(), TOAST_MS);
}

export function failed(error) {
    if (error.name !== "AbortError") {
        toast(error.message, "bad");
    }
}

/* Dialogs ------------------------------------------------------------------------------------ */

/* A modal dialog; `content(close)` gives what is in it. Resolves to what close() is given. */
export function openDialog(title, content, { wide, alert } = {}) {
    return new Promise((resolve) => {
        const id = uniqueId("dialog");
        let result;
        const close = (value) => {
            result = value;
            dialog.close();
        };
        const dialog = h("dialog", {
            class: wide ? "wide" : null, "aria-labelledby": id, role: alert && "alertdialog",
        });
        const leave = h("button", {
            type: "button", class: "button quiet", "aria-label": t("close"),
            on: { click: () => close() },
        }, icon("close"));
        dialog.append(h("div", { class: "dialog-head" }, h("h2", { id }, visible(title)), leave),
            content(close));
        const opener = document.activeElement;
        dialog.addEventListener("close", () => {
            if (dialog.contains(toasts)) {
                document.body.append(toasts);
            }
            dialog.remove();
            if (document.contains(opener) && opener !== document.body) {
                opener.focus();
            } else {
                document.querySelector("main h1")?.focus();
            }
            resolve(result);
        });
        document.body.append(dialog);
        dialog.showModal();
        const first = "[autofocus], :is(input, select, textarea):not([disabled], [readonly])";
        [...dialog.querySelectorAll(first)].find((e) => e.checkVisibility())?.focus();
    });
}

/* Now, or when the dialog that is open has been closed. */
export function afterDialog(run) {
    const dialog = document.querySelector("dialog[open]");
    if (dialog) {
        dialog.addEventListener("close", () => setTimeout(run), { once: true });
    } else {
        run();
    }
}

/* Asks before something is destroyed. Resolves to whether to do it. */
export function confirmDialog(title, text, label) {
    return openDialog(title, (close) => h("div", { class: "dialog-body" },
        h("p", {}, visible(text)),
        h("div", { class: "dialog-actions" },
            h("button", {
                type: "button", class: "button", autofocus: true, on: { click: () => close(false) },
            }, t("cancel")),
            h("button", {
                type: "button", class: "button danger", on: { click: () => close(true) },
            }, label))), { alert: true });
}

/* A button that asks first, then does it and says so. */
export function deleteButton(what, run, { label = t("delete"), text, done = t("deleted") } = {}) {
    return button(label, async () => {
        const sure = await confirmDialog(t("confirm.title", { action: label }),
            text || t("confirm.delete", { what: visible(what) }), label);
        if (sure) {
            await run();
            toast(done);
        }
    }, { kind: "danger-quiet", describe: `${label}: ${visible(what)}` });
}
