/*
 * Lists: a table that can be searched and filtered, loads page by page, follows live events, and
 * turns into cards on a narrow screen. Nothing jumps when it is loaded again: a row that says the
 * same stays the element it was, with what is focused, selected or unfolded in it.
 *
 *     listView(ctx, {
 *         label: t("devices.title"), path: "devices", search: "server", types: ["registered"],
 *         key: (d) => d.endpoint, columns: [[t("device"), (d) => foreign(d.endpoint)], …],
 *         empty: () => emptyState(…),
 *     })
 *
 * `first` is how many are loaded at first (all that there are, when they are searched here).
 * Instead of `path`, load({limit, cursor, search…}, signal) gives a page {items, next}; instead of
 * `columns`, `body` is the element whose children row(item) makes.
 */

import { get } from "./api.js";
import { Rows, arrange, h, keepFocus, replace, seldom, soon, uniqueId } from "./dom.js";
import { t } from "./i18n.js";
import { icon } from "./icons.js";
import * as live from "./live.js";
import { button, emptyState, errorState, failed, loading } from "./ui.js";

const PAGE = 50;
const ALL = 1000;
const LOADED_MAX = 2000;

const byId = (item) => item.id;

function tableRow(columns, item, key) {
    return h("tr", { role: "row", data: { key: String(key(item)) } },
        columns.map(([heading, cell, className]) => h("td", {
            role: "cell", class: className, data: { label: heading },
        }, h("div", { class: "cell" }, cell(item)))));
}

function tableAround(label, columns, body) {
    const head = h("tr", { role: "row" }, columns.map(([heading, , className]) =>
        h("th", { role: "columnheader", scope: "col", class: className }, heading)));
    return h("div", { class: "table-frame" }, h("table", { role: "table", "aria-label": label },
        h("thead", { role: "rowgroup" }, head), body));
}

/* columns: [[heading, cell(item), class], …] */
export function table(label, columns, items, key = byId) {
    return tableAround(label, columns, h("tbody", { role: "rowgroup" }, items.map((item) =>
        tableRow(columns, item, key))));
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

/* Hides the rows that do not have the text; how many do. */
export function matching(rows, needle) {
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
        this.lists = 0; // each search and filter makes another list
        this.area = h("div", { class: "list-area" }, loading());
        this.body = options.body || h("tbody", { role: "rowgroup" });
        this.frame = options.body || tableAround(options.label, options.columns, this.body);
        const key = options.key || byId;
        this.rows = new Rows(key, options.row || ((item) => tableRow(options.columns, item, key)));
        this.moreBox = h("div", { class: "more" }, button(t("list.more"), () =>
            this.more().catch(failed)));
        this.count = h("p", { class: "muted count", role: "status" });
        this.element = h("div", { class: "list" }, this.tools(), this.area, this.count);
        this.element.reload = () => this.load();
        this.element.ready = this.load();
        live.on([...options.types || [], "again"], seldom(() => this.load()), ctx.signal);
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
        this.lists += fresh ? 1 : 0;
        const mine = this.newest;
        const before = this.items.length;
        const many = fresh ? 0 : Math.min(ALL, before);
        const first = this.options.first || (this.options.search === "server" ? PAGE : ALL);
        try {
            const page = await this.fetch(Math.max(first, many), null);
            if (mine !== this.newest || this.ctx.signal.aborted) {
                return;
            }
            if (!fresh && this.items.length > before) { // "Show more" came in between
                this.load();
                return;
            }
            this.take(page, fresh);
            this.show();
        } catch (error) {
            if (mine === this.newest && !this.ctx.signal.aborted && error.name !== "AbortError") {
                replace(this.area, errorState(error, () => this.load()));
                this.tellCount("");
            }
        }
    }

    /* What was loaded behind the first page stays when that is loaded again: where nothing changes
     * any more (`keepsOlder`), and what is more than one page can be. */
    take(page, fresh) {
        const { key = byId, keepsOlder } = this.options;
        const before = this.items;
        const last = page.next && !fresh && (keepsOlder || before.length > ALL)
            ? before.findIndex((item) => key(item) === key(page.items.at(-1))) : -1;
        const older = last < 0 ? [] : before.slice(last + 1);
        this.items = [...page.items, ...older];
        this.next = older.length > 0 ? this.next : page.next ?? null;
    }

    /* The focus stays on the button, or goes to the first new row when that was the last page. */
    async more() {
        const before = this.items.length;
        const focused = this.moreBox.contains(document.activeElement);
        const mine = this.lists;
        const page = await this.fetch(PAGE, this.next);
        if (mine !== this.lists) {
            return;
        }
        this.items = [...this.items, ...page.items];
        this.next = page.next ?? null;
        this.show();
        if (focused && !this.moreBox.isConnected) {
            this.body.children[before]?.querySelector("a, button")?.focus();
        }
    }

    show() {
        keepFocus(this.area, () => this.build());
        this.options.loaded?.(this.items);
    }

    build() {
        const { options, items } = this;
        if (items.length === 0) {
            this.tellCount("");
            replace(this.area, this.filtered() ? emptyState(t("list.nothing"), null, "search")
                : options.empty());
            return;
        }
        arrange(this.body, this.rows.of(items));
        const shown = options.search === "server" ? items.length
            : matching(this.body.children, this.needle);
        this.frame.hidden = shown === 0;
        arrange(this.area, [this.frame, shown === 0 && emptyState(t("list.nothing"), null,
            "search"), this.next && items.length < LOADED_MAX && this.moreBox].filter(Boolean));
        this.tellCount(t(this.next ? "list.count.more" : "list.count", { n: shown }));
    }

    /* Only what is new, for screen readers read it out. */
    tellCount(text) {
        if (this.count.textContent !== text) {
            this.count.textContent = text;
        }
    }
}

export function listView(ctx, options) {
    return new List(ctx, options).element;
}
