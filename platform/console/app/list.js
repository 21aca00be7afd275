/*
 * Lists: a table that can be searched and filtered, loads page by page, follows live events, and
 * turns into cards on a narrow screen. Nothing jumps when it is loaded again: the focus stays with
 * its row.
 *
 *     listView(ctx, {
 *         label: t("devices.title"), path: "devices", search: "server", types: ["registered"],
 *         key: (d) => d.endpoint, columns: [[t("device"), (d) => foreign(d.endpoint)], …],
 *         empty: () => emptyState(…),
 *     })
 *
 * `first` is how many are loaded at first (all that there are, when they are searched here).
 * Instead of `path`, load({limit, cursor, search…}, signal) gives a page {items, next}.
 */

import { get } from "./api.js";
import { h, keepFocus, replace, seldom, soon, uniqueId } from "./dom.js";
import { t } from "./i18n.js";
import { icon } from "./icons.js";
import * as live from "./live.js";
import { button, emptyState, errorState, failed, loading } from "./ui.js";

const PAGE = 50;
const ALL = 1000;
const LOADED_MAX = 2000;

/* columns: [[heading, cell(item), class], …] */
export function table(label, columns, items, key = (item) => item.id) {
    const head = h("tr", { role: "row" }, columns.map(([heading, , className]) =>
        h("th", { role: "columnheader", scope: "col", class: className }, heading)));
    const body = h("tbody", { role: "rowgroup" }, items.map((item) =>
        h("tr", { role: "row", data: { key: String(key(item)) } },
            columns.map(([heading, cell, className]) => h("td", {
                role: "cell", class: className, data: { label: heading },
            }, h("div", { class: "cell" }, cell(item)))))));
    return h("div", { class: "table-frame" }, h("table", { role: "table", "aria-label": label },
        h("thead", { role: "rowgroup" }, head), body));
}

export function searchBox(label, change) {
    const id = uniqueId("search");
    return h("div", { class: "search" }, h("label", { for: id, class: "unseen" }, label),
        icon("search"), h("input", {
            id, type: "search", placeholder: label, autocomplete: "off", spellcheck: "false",
            on: { input: (event) => change(event.target.value.trim()) },
        }));
}

function filterBox({ label, options, value = "" }, change) {
    const id = uniqueId("filter");
    return h("div", { class: "filter" }, h("label", { for: id, class: "unseen" }, label),
        h("select", { id, value, on: { change: (event) => change(event.target.value) } },
            h("option", { value: "" }, label),
            options.map(([name, text]) => h("option", { value: name }, text))));
}

function matching(rows, needle) {
    let count = 0;
    for (const row of rows) {
        row.hidden = !row.textContent.toLowerCase().includes(needle);
        count += row.hidden ? 0 : 1;
    }
    return count;
}

class List {
    constructor(ctx, options) {
        this.ctx = ctx;
        this.options = options;
        this.query = { ...options.query };
        this.items = [];
        this.next = null;
        this.needle = "";
        this.newest = 0;
        this.area = h("div", { class: "list-area" }, loading());
        this.count = h("p", { class: "muted count", role: "status" });
        this.element = h("div", { class: "list" }, this.tools(), this.area, this.count);
        this.element.reload = () => this.load();
        this.element.ready = this.load();
        if (options.types) {
            live.on([...options.types, "again"], seldom(() => this.load()), ctx.signal);
        }
    }

    tools() {
        const { options } = this;
        const find = soon((text) => this.find(text), options.search === "server" ? 250 : 0);
        const filters = (options.filters || []).map((filter) => filterBox(filter, (value) => {
            this.query[filter.name] = value;
            this.load(true);
        }));
        for (const filter of options.filters || []) {
            this.query[filter.name] = filter.value || "";
        }
        return h("div", { class: "tools" }, searchBox(options.searchLabel || t("search"), find),
            filters, h("div", { class: "actions" }, options.actions));
    }

    find(text) {
        this.needle = text.toLowerCase();
        if (this.options.search === "server") {
            this.query.search = text;
            this.load(true);
        } else {
            this.show();
        }
    }

    filtered() {
        return this.needle !== "" || (this.options.filters || []).some((f) => this.query[f.name]);
    }

    async fetch(limit, cursor) {
        const { options, ctx } = this;
        if (options.load) {
            return options.load({ ...this.query, limit, cursor }, ctx.signal);
        }
        return get(options.path, { ...this.query, limit, cursor }, ctx.signal);
    }

    async load(fresh = false) {
        this.newest += 1;
        const mine = this.newest;
        const many = fresh ? 0 : Math.min(ALL, this.items.length);
        const first = this.options.first || (this.options.search === "server" ? PAGE : ALL);
        try {
            const page = await this.fetch(Math.max(first, many), null);
            if (mine !== this.newest || this.ctx.signal.aborted) {
                return;
            }
            this.take(page, fresh);
            this.show();
        } catch (error) {
            if (mine === this.newest && !this.ctx.signal.aborted && error.name !== "AbortError") {
                replace(this.area, errorState(error, () => this.load()));
                this.count.textContent = "";
            }
        }
    }

    /* What was loaded behind the first page stays when that is loaded again (`keepsOlder`). */
    take(page, fresh) {
        const { key, keepsOlder } = this.options;
        const before = this.items;
        this.items = page.items;
        if (keepsOlder && !fresh && before.length > page.items.length) {
            const known = new Set(page.items.map((item) => key(item)));
            this.items = [...page.items, ...before.filter((item) => !known.has(key(item)))];
        } else {
            this.next = page.next ?? null;
        }
    }

    async more() {
        const page = await this.fetch(PAGE, this.next);
        this.items = [...this.items, ...page.items].slice(-LOADED_MAX);
        this.next = page.next ?? null;
        this.show();
    }

    show() {
        keepFocus(this.area, () => this.build());
        this.options.loaded?.(this.items);
    }

    build() {
        const { options, items } = this;
        this.count.textContent = "";
        if (items.length === 0) {
            replace(this.area, this.filtered() ? emptyState(t("list.nothing"), null, "search")
                : options.empty());
            return;
        }
        const built = options.render ? options.render(items)
            : table(options.label, options.columns, items, options.key);
        const shown = options.search === "server" ? items.length
            : matching(built.querySelectorAll("[data-key]"), this.needle);
        built.hidden = shown === 0;
        replace(this.area, built,
            shown === 0 && emptyState(t("list.nothing"), null, "search"),
            this.next && h("div", { class: "more" }, button(t("list.more"), () =>
                this.more().catch(failed))));
        this.count.textContent = t(this.next ? "list.count.more" : "list.count", { n: shown });
    }
}

export function listView(ctx, options) {
    return new List(ctx, options).element;
}
