/* The latest value of each property, and a chart of the one chosen. */

import { get, segment } from "../api.js";
import { chart } from "../chart.js";
import { foreign, h, replace, seldom } from "../dom.js";
import { valueText } from "../format.js";
import { t } from "../i18n.js";
import { table } from "../list.js";
import * as live from "../live.js";
import {
    asyncBox, card, emptyState, errorState, loading, segmented, timeOf,
} from "../ui.js";

const HOUR_MS = 3600000;
const RANGES = [["1h", HOUR_MS], ["1d", 24 * HOUR_MS], ["7d", 168 * HOUR_MS], ["all", 0]];
const POINTS_MAX = 1000;

function asPoint(row) {
    const { value } = row;
    const number = typeof value === "boolean" ? Number(value) : Number(value);
    const good = (typeof value === "number" || typeof value === "boolean"
        || (typeof value === "string" && value.trim() !== "")) && Number.isFinite(number);
    return good ? { time_ms: row.time_ms, number, text: valueText(value) } : null;
}

function picture(name, unit, rows) {
    const points = rows.map(asPoint).filter(Boolean);
    if (points.length === 0) {
        return emptyState(t(rows.length > 0 ? "chart.words" : "chart.none"), null, "events");
    }
    const names = rows.every((row) => typeof row.value === "boolean")
        && { 0: t("no"), 1: t("yes") };
    return chart(name, points, { unit, names });
}

function numbers(name, rows) {
    return h("details", {}, h("summary", {}, t("chart.table", { n: rows.length })),
        table(name, [
            [t("time"), (row) => timeOf(row.time_ms, true)],
            [t("value"), (row) => foreign(valueText(row.value)), "number"],
        ], [...rows].reverse().slice(0, 200), (row) => row.time_ms));
}

function tile(property, pressed, choose) {
    return h("button", {
        type: "button", class: "tile value-tile", "aria-pressed": String(pressed),
        data: { key: property.name }, on: { click: () => choose(property) },
    }, h("strong", {}, foreign(valueText(property.value)),
        property.unit && h("small", {}, ` ${property.unit}`)),
    h("span", {}, foreign(property.name)), timeOf(property.time_ms));
}

class ChartPart {
    constructor(ctx, device) {
        this.ctx = ctx;
        this.path = `devices/${segment(device)}/properties`;
        this.range = "all";
        this.chosen = ctx.query.property || null;
        this.tiles = h("div", { class: "tiles" });
        this.area = h("div", {}, loading());
        this.element = asyncBox(ctx, () => this.fetch(), (items) => this.render(items));
        live.on(["data", "again"], seldom(() => this.update(), 700), ctx.signal);
    }

    async fetch() {
        return (await get(this.path, {}, this.ctx.signal)).items;
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
            || items.find((p) => asPoint(p) !== null) || items[0];
        replace(this.tiles, items.map((p) => tile(p, p === this.property, (chosen) => {
            this.chosen = chosen.name;
            this.show(this.items);
        })));
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
        const { name, unit } = this.property;
        const ms = RANGES.find(([range]) => range === this.range)[1];
        const query = { limit: POINTS_MAX, from_ms: ms === 0 ? null : Date.now() - ms };
        try {
            const page = await get(`${this.path}/${encodeURIComponent(name)}`, query,
                this.ctx.signal);
            const rows = [...page.items].sort((a, b) => a.time_ms - b.time_ms);
            replace(this.area, h("h3", {}, foreign(name)), picture(name, unit || "", rows),
                rows.length > 0 && numbers(name, rows));
        } catch (error) {
            if (error.name !== "AbortError") {
                replace(this.area, errorState(error, () => this.draw()));
            }
        }
    }
}

export function chartPart(ctx, device) {
    return new ChartPart(ctx, device).element;
}
