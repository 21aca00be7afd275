/*
 * Builds the page's elements. The only way in this console to put text on the screen: everything
 * becomes a text node or an attribute, so what a device says about itself stays text, whatever it
 * contains. There is no innerHTML anywhere; tests/browser looks for it.
 *
 *     h("a", {class: "row", href: "#/devices", on: {click: go}}, "Devices ", count)
 */

const SVG = "http://www.w3.org/2000/svg";
const LINK = /^(#|console\/)/;

function append(element, children) {
    for (const child of children.flat(Infinity)) {
        if (child === null || child === undefined || child === false) {
            continue;
        }
        element.append(child instanceof Node ? child : document.createTextNode(String(child)));
    }
    return element;
}

function assign(element, name, value) {
    if (value === null || value === undefined || value === false) {
        return;
    }
    if (name === "on") {
        for (const [event, handler] of Object.entries(value)) {
            element.addEventListener(event, handler);
        }
    } else if (name === "data") {
        Object.assign(element.dataset, value);
    } else if (name === "value") {
        element.value = value;
    } else if (name === "href" && !LINK.test(value)) {
        throw new Error(`not a link of this console: ${value}`);
    } else {
        element.setAttribute(name, value === true ? "" : value);
    }
}

export function h(tag, props = {}, ...children) {
    const element = document.createElement(tag);
    append(element, children);
    // After the children: a select takes its value only when it has the option.
    for (const [name, value] of Object.entries(props)) {
        assign(element, name, value);
    }
    return element;
}

export function svg(tag, props = {}, ...children) {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(props)) {
        assign(element, name, value);
    }
    return append(element, children);
}

export function replace(element, ...children) {
    element.replaceChildren();
    return append(element, children);
}

/* Makes `parent` hold these elements in this order and moves none that can stay where it is: so the
 * focus, selected text and what is unfolded outlive a change around them. */
export function arrange(parent, elements) {
    const wanted = new Set(elements);
    for (const child of [...parent.childNodes]) {
        if (!wanted.has(child)) {
            child.remove();
        }
    }
    let at = parent.firstChild;
    for (const element of elements) {
        if (element === at) {
            at = at.nextSibling;
        } else {
            parent.insertBefore(element, at);
        }
    }
}

/* Elements for items, each built anew only when its item has changed. */
export class Rows {
    constructor(key, build) {
        this.key = key;
        this.build = build;
        this.built = new Map();
    }

    of(items) {
        const next = new Map();
        for (const item of items) {
            const text = JSON.stringify(item);
            let key = String(this.key(item));
            while (next.has(key)) {
                key += "'";
            }
            const old = this.built.get(key);
            next.set(key, old?.text === text ? old : { text, element: this.build(item) });
        }
        this.built = next;
        return [...next.values()].map(({ element }) => element);
    }
}

const ESCAPES = { 9: "\\t", 10: "\\n", 13: "\\r" };
// Control characters, and those that turn the direction of the text around them.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/* Text with what cannot be seen written out. */
export function visible(text) {
    return String(text).replace(UNSEEN, (c) => {
        const code = c.charCodeAt(0);
        return ESCAPES[code] || `\\u${code.toString(16).padStart(4, "0")}`;
    });
}

/* Something that came from outside: kept from turning the text around it. */
export function foreign(text, className) {
    return h("bdi", { class: className }, visible(text));
}

let count = 0;
export function uniqueId(prefix = "id") {
    count += 1;
    return `${prefix}-${count}`;
}

const FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex='0']";

const controlsOf = (element) => [...element.querySelectorAll(FOCUSABLE)];

/* Runs `change`, which rebuilds what is in `container`, and puts the focus back: to the same
 * control, or to its like with the same data-key, in the same row of that key, or at the same
 * place. */
export function keepFocus(container, change) {
    const active = document.activeElement;
    if (!container.contains(active) || active === container) {
        change();
        return;
    }
    const row = active.closest("[data-key]");
    const key = container.contains(row) ? row.dataset.key : undefined;
    const rowOf = () => (key === undefined ? container
        : [...container.querySelectorAll("[data-key]")].find((e) => e.dataset.key === key));
    const placesOf = () => (row === active ? [rowOf()] : rowOf() ? controlsOf(rowOf()) : []);
    const index = placesOf().indexOf(active);
    change();
    const again = document.contains(active) ? active : placesOf()[index];
    if (again && (again === active || key || again.textContent === active.textContent)) {
        again.focus({ preventScroll: true });
    }
}

/* Calls `run` soon, once for many calls. */
export function soon(run, delayMs = 300) {
    let timer = 0;
    const later = (...args) => {
        clearTimeout(timer);
        timer = setTimeout(() => run(...args), delayMs);
    };
    later.cancel = () => clearTimeout(timer);
    return later;
}

/* Calls `run` at most once in `intervalMs`, and once more for what came in between. */
export function seldom(run, intervalMs = 400) {
    let timer = 0;
    return () => {
        if (!timer) {
            timer = setTimeout(() => {
                timer = 0;
                run();
            }, intervalMs);
        }
    };
}
