/*
 * What would be in the way of a screen reader, a keyboard or weak eyes: the checks of WCAG 2.1 AA
 * that a machine can make and this console needs. ACCESS_FAULTS is a script for the page, made of
 * the functions below; its value is a list of texts.
 */

const seen = (e) => e.checkVisibility({ opacityProperty: true, visibilityProperty: true });

function told(e, text) {
    const kind = typeof e.className === "string" && e.className ? `.${e.className}` : "";
    return `${e.tagName.toLowerCase()}${kind} "${e.textContent.trim().slice(0, 30)}": ${text}`;
}

function nameOf(e) {
    const textOf = (id) => document.getElementById(id)?.textContent.trim();
    const isField = ["INPUT", "SELECT", "TEXTAREA"].includes(e.tagName);
    return e.getAttribute("aria-label")
        || (e.getAttribute("aria-labelledby") || "").split(" ").map(textOf).join(" ").trim()
        || [...(e.labels || [])].map((l) => l.textContent.trim()).join(" ")
        || (isField ? "" : (e.innerText ?? e.textContent).trim())
        || e.querySelector("img[alt]")?.alt;
}

function withoutName() {
    const selector = "a[href], button, input, select, textarea, summary, progress, dialog, "
        + "[role=img], table, nav, section, [role=group]";
    return [...document.querySelectorAll(selector)].filter((e) => seen(e) && !nameOf(e))
        .map((e) => told(e, "has no name"))
        .concat([...document.querySelectorAll("img:not([alt])")].map((e) => told(e, "has no alt")));
}

function brokenReferences() {
    const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
    const faults = ids.filter((x, i) => ids.indexOf(x) !== i).map((id) => `${id} is there twice`);
    for (const name of ["for", "aria-labelledby", "aria-describedby", "aria-controls"]) {
        for (const e of document.querySelectorAll(`[${name}]`)) {
            for (const id of e.getAttribute(name).split(" ")) {
                if (!document.getElementById(id)) {
                    faults.push(told(e, `${name} names ${id}, which is not there`));
                }
            }
        }
    }
    return faults;
}

function brokenStructure() {
    const faults = [];
    if (!document.documentElement.lang || !document.title) {
        faults.push("the page has no language or no title");
    }
    for (const selector of ["main", "main h1"]) {
        const count = document.querySelectorAll(selector).length;
        if (count !== 1) {
            faults.push(`${count} of ${selector}`);
        }
    }
    let last = 1;
    for (const e of document.querySelectorAll("main :is(h1, h2, h3, h4, h5)")) {
        const level = Number(e.tagName[1]);
        if (seen(e) && level > last + 1) {
            faults.push(told(e, `level ${level} behind level ${last}`));
        }
        last = seen(e) ? level : last;
    }
    for (const e of document.querySelectorAll("[tabindex]")) {
        if (Number(e.getAttribute("tabindex")) > 0) {
            faults.push(told(e, "changes the order of the keyboard"));
        }
    }
    return faults;
}

function rgba(text) {
    const isFraction = text.startsWith("color(srgb");
    const parts = text.match(/[\d.]+/g).map(Number);
    const rgb = parts.slice(0, 3).map((v) => (isFraction ? v * 255 : v));
    return [...rgb, parts[3] ?? 1];
}

function backgroundOf(e) {
    const layers = [];
    for (let at = e; at; at = at.parentElement) {
        const layer = rgba(getComputedStyle(at).backgroundColor);
        layers.unshift(layer);
        if (layer[3] === 1) {
            break;
        }
    }
    return layers.reduce((under, [r, g, b, a]) => [r, g, b].map((v, i) =>
        v * a + under[i] * (1 - a)), [255, 255, 255]);
}

function luminance(color) {
    return color.slice(0, 3).map((v) => v / 255)
        .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
}

function contrastOf(e) {
    const a = luminance(rgba(getComputedStyle(e).color));
    const b = luminance(backgroundOf(e));
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

function weakContrast() {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const elements = new Set();
    while (walker.nextNode()) {
        const e = walker.currentNode.parentElement;
        const counts = walker.currentNode.data.trim()
            && !e.closest("svg, .unseen, [disabled], option, noscript");
        if (counts && seen(e)) {
            elements.add(e);
        }
    }
    return [...elements].filter((e) => contrastOf(e) < 4.5)
        .map((e) => told(e, `contrast ${contrastOf(e).toFixed(1)}`));
}

function tooSmall() {
    const selector = "button:not(.link), .button, select, input:not([type=checkbox], [type=radio])";
    return [...document.querySelectorAll(selector)].filter((e) => {
        const { width, height } = e.getBoundingClientRect();
        return seen(e) && height > 0 && (height < 24 || width < 24);
    }).map((e) => told(e, "smaller than 24 by 24"));
}

const PARTS = [told, nameOf, withoutName, brokenReferences, brokenStructure, rgba, backgroundOf,
    luminance, contrastOf, weakContrast, tooSmall];

export const ACCESS_FAULTS = `(() => {
    const seen = ${seen};
    ${PARTS.map(String).join("\n")}
    return [withoutName, brokenReferences, brokenStructure, weakContrast, tooSmall]
        .flatMap((check) => check());
})()`;
