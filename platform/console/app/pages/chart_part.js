/* The latest value of each property, and a chart of the one chosen. */

import { get, segment } from "../api.js";
import { chart } from "../chart.js";
import { Rows, arrange, foreign, h, keepFocus, replace, seldom, visible } from "../dom.js";
import { t } from "../i18n.js";
import { table } from "../list.js";
import * as live from "../live.js";
import { loadModel, namesOf } from "./model.js";
import {
    asyncBox, card, emptyState, errorState, loading, segmented, timeOf,
} from "../ui.js";

const HOUR_MS = 3600000;
const RANGES = [["1h", HOUR_MS], ["1d", 24 * HOUR_MS], ["7d", 168 * HOUR_MS], ["all", 0]];
const POINTS_MAX = 1000;
const TABLE_MAX = 200;

function asPoint(row) {
    const { value } = row;
    const number = typeof value === "boolean" ? Number(value) : Number(value);
    const good = (typeof value === "number" || typeof value === "boolean"
        || (typeof value === "string" && value.trim() !== "")) && Number.isFinite(number);
    return good ? { time_ms: row.time_ms, number, value } : null;
}

function picture(label, unit, rows, options) {
    const points = rows.map(asPoint).filter(Boolean);
    if (points.length === 0) {
        return emptyState(t(rows.length > 0 ? "chart.words" : "chart.none"), null, "events");
    }
    return chart(label, points.map((p) => ({ ...p, text: options.text(p.value) })), {
        unit, names: rows.every((row) => typeof row.value === "boolean")
            && { 0: options.text(false), 1: options.text(true) },
        cursor: options.cursor,
    });
}

function numbers(name, rows, { text, open }) {
    return h("details", { open }, h("summary", {}, t("chart.table", { n: rows.length })),
        table(name, [
            [t("time"), (row) => timeOf(row.time_ms, true)],
            [t("value"), (row) => foreign(text(row.value)), "number"],
        ], [...rows].reverse().slice(0, TABLE_MAX), (row) => row.time_ms),
        rows.length > TABLE_MAX && h("p", { class: "muted count" },
            t("list.count.more", { n: TABLE_MAX })));
}

class ChartPart {
    constructor(ctx, device, product) {
        this.ctx = ctx;
        this.product = product;
        this.path = `devices/${segment(device)}/properties`;
        this.range = "all";
        this.chosen = ctx.query.property || null;
        this.tiles = h("div", { class: "tiles" });
        this.rows = new Rows((p) => p.name, (p) => this.tile(p));
        this.area = h("div", {}, loading());
        this.drawn = "";
        this.cursor = {};
        this.element = asyncBox(ctx, () => this.first(), (items) => this.render(items));
        live.on(["data", "again"], seldom(() => this.update(), 700), ctx.signal);
    }

    /* The names that a thing model gives come with the first values. */
    async first() {
        this.names = namesOf(this.product?.carrier === "dmp"
            ? await loadModel(this.ctx, this.product) : null);
        return this.fetch();
    }

    async fetch() {
        return (await get(this.path, {}, this.ctx.signal)).items;
    }

    tile({ pressed, ...property }) {
        return h("button", {
            type: "button", class: "tile value-tile", "aria-pressed": String(pressed),
            data: { key: property.name }, on: { click: () => {
                this.chosen = property.name;
                this.cursor = {};
                this.show(this.items);
            } },
        }, h("strong", {}, foreign(this.names.text(property.name, property.value)),
            property.unit && h("small", {}, ` ${property.unit}`)),
        h("span", {}, foreign(this.names.label(property.name))), timeOf(property.time_ms));
    }

    render(items) {
        if (items.length === 0) {
            return card(t("device.part.chart"), emptyState(t("chart.empty"), null, "events"));
        }
        this.show(items);
        const ranges = segmented(t("chart.range"), RANGES.map(([n]) => [n, t(`chart.${n}`)]),
            this.range, (name) => {
                this.range = name;
                this.draw();
            });
        return h("div", {}, this.tiles, card(t("device.part.chart"), this.area, {
            actions: [ranges],
        }));
    }

    show(items) {
        this.items = items;
        this.property = items.find((p) => p.name === this.chosen)
            || items.find((p) => typeof p.value === "number")
            || items.find((p) => asPoint(p) !== null) || items[0];
        keepFocus(this.tiles, () => arrange(this.tiles, this.rows.of(items.map((p) =>
            ({ ...p, pressed: p === this.property })))));
        this.draw();
    }

    async update() {
        if (!this.items || this.items.length === 0) {
            this.element.reload();
            return;
        }
        try {
            this.show(await this.fetch());
        } catch {
            // The next event tries again.
        }
    }

    async draw() {
        const { name } = this.property;
        const ms = RANGES.find(([range]) => range === this.range)[1];
        const query = { limit: POINTS_MAX, from_ms: ms === 0 ? null : Date.now() - ms };
        try {
            const page = await get(`${this.path}/${encodeURIComponent(name)}`, query,
                this.ctx.signal);
            if (name === this.property.name) {
                this.drawRows([...page.items].sort((a, b) => a.time_ms - b.time_ms));
            }
        } catch (error) {
            if (error.name !== "AbortError") {
                this.drawn = "";
                replace(this.area, errorState(error, () => this.draw()));
            }
        }
    }

    /* Drawn anew only when there is something new; the focus and the table stay as they are. */
    drawRows(rows) {
        const { name, unit } = this.property;
        const drawn = JSON.stringify([name, rows]);
        if (drawn === this.drawn) {
            return;
        }
        this.drawn = drawn;
        const label = this.names.label(name);
        const text = (value) => this.names.text(name, value);
        const open = this.area.querySelector("details")?.open;
        keepFocus(this.area, () => replace(this.area, h("h3", {}, foreign(label)),
            picture(visible(label), unit || "", rows, { text, cursor: this.cursor }),
            rows.length > 0 && numbers(visible(label), rows, { text, open })));
    }
}

export function chartPart(ctx, device, product) {
    return new ChartPart(ctx, device, product).element;
}
