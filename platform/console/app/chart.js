/*
 * A line chart in SVG: one property over time. The pointer or the arrow keys show each value; the
 * numbers stand in a table too, for those who cannot see it (chart_part.js).
 */

import { h, replace, svg, uniqueId } from "./dom.js";
import { clock, dateTime } from "./format.js";
import { t } from "./i18n.js";

const WIDTH = 800;
const HEIGHT = 280;
const LEFT = 56;
const RIGHT = 14;
const TOP = 12;
const BOTTOM = 30;
const DAY_MS = 86400000;
const POINTS_MARKED_MAX = 120;
const GAP_INTERVALS = 6; /* of the usual interval between values: longer is a gap */
const GAP_MS_MIN = 60000;
const FINE_MS = 10000; /* of less the milliseconds are told, too */

/* About `count` round numbers from low to high. */
export function ticks(low, high, count) {
    const raw = (high - low) / count || 1;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw);
    const result = [];
    for (let i = Math.ceil(low / step); i * step <= high + step * 1e-9; i += 1) {
        result.push(Number((i * step).toPrecision(12)));
    }
    return result;
}

function rangeOf(values) {
    const low = Math.min(...values);
    const high = Math.max(...values);
    const room = (high - low) * 0.08 || Math.abs(high) * 0.1 || 1;
    return [low - room, high + room];
}

function scales(points, switching) {
    const times = points.map((p) => p.time_ms);
    let from = Math.min(...times);
    let to = Math.max(...times);
    if (from === to) {
        from -= 30000;
        to += 30000;
    }
    const [low, high] = switching ? [-0.2, 1.2] : rangeOf(points.map((p) => p.number));
    const x = (ms) => LEFT + ((ms - from) / (to - from)) * (WIDTH - LEFT - RIGHT);
    const y = (v) => HEIGHT - BOTTOM - ((v - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
    return { x, y, from, to, low, high };
}

function timeLabel(ms, span) {
    return span > 2 * DAY_MS ? dateTime(ms).slice(5, 16) : clock(ms, span < FINE_MS);
}

function axes(scale, names) {
    const rows = names ? [0, 1] : ticks(scale.low, scale.high, 5);
    const parts = rows.map((v) => [
        svg("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: scale.y(v), y2: scale.y(v) }),
        svg("text", { class: "tick", x: LEFT - 8, y: scale.y(v) + 4, "text-anchor": "end" },
            names ? names[v] : v),
    ]);
    const span = scale.to - scale.from;
    for (let i = 0; i <= 4; i += 1) {
        const ms = scale.from + (span * i) / 4;
        parts.push(svg("text", {
            class: "tick", x: scale.x(ms), y: HEIGHT - 8,
            "text-anchor": i === 0 ? "start" : i === 4 ? "end" : "middle",
        }, timeLabel(ms, span)));
    }
    return parts;
}

/* Longer than this between two values, the line is dashed: nobody knows what was between them. */
function gapMs(points) {
    const intervals = points.slice(1).map((p, i) => p.time_ms - points[i].time_ms)
        .sort((a, b) => a - b);
    const usual = intervals[Math.floor(intervals.length / 2)] || 0;
    return points.length < 4 || usual === 0 ? Infinity
        : Math.max(usual * GAP_INTERVALS, GAP_MS_MIN);
}

/* {drawn, gaps}: what is known, and what is between. A boolean keeps its value until the next: its
 * line has steps and no gaps. */
function line(points, scale, steps) {
    const longest = steps ? Infinity : gapMs(points);
    let drawn = "";
    let gaps = "";
    let from = "";
    for (const [i, p] of points.entries()) {
        const x = scale.x(p.time_ms).toFixed(1);
        const y = scale.y(p.number).toFixed(1);
        const isGap = i > 0 && p.time_ms - points[i - 1].time_ms > longest;
        gaps += isGap ? `${from}L${x} ${y}` : "";
        drawn += i === 0 || isGap ? `M${x} ${y}` : steps ? `H${x}V${y}` : `L${x} ${y}`;
        from = `M${x} ${y}`;
    }
    return { drawn, gaps };
}

function nearest(points, scale, x) {
    let best = 0;
    for (const [i, p] of points.entries()) {
        if (Math.abs(scale.x(p.time_ms) - x) < Math.abs(scale.x(points[best].time_ms) - x)) {
            best = i;
        }
    }
    return best;
}

function pointer(element, points, scale, show, cursor) {
    const kept = points.findIndex((p) => p.time_ms === cursor.time_ms);
    let current = kept < 0 ? points.length - 1 : kept;
    const at = (index) => {
        current = Math.max(0, Math.min(points.length - 1, index));
        cursor.time_ms = points[current].time_ms;
        show(points[current]);
    };
    element.addEventListener("pointermove", (event) => {
        const box = element.getBoundingClientRect();
        at(nearest(points, scale, ((event.clientX - box.left) / box.width) * WIDTH));
    });
    element.addEventListener("pointerleave", () => show(null));
    element.addEventListener("focus", () => at(current));
    element.addEventListener("blur", () => show(null));
    element.addEventListener("keydown", (event) => {
        const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
        if (step) {
            event.preventDefault();
            at(current + step);
        }
    });
}

/* points: [{time_ms, number, text}], oldest first; names: words of 0 and 1 for what switches;
 * cursor: an object of the caller's in which the place of the keyboard outlives this chart. */
export function chart(label, points, { unit = "", names, cursor = {} } = {}) {
    const scale = scales(points, Boolean(names));
    const id = uniqueId("chart");
    const mark = svg("g", { class: "cursor" });
    const told = h("p", { class: "told", "aria-live": "polite" });
    const show = (p) => {
        mark.replaceChildren();
        told.textContent = p ? `${dateTime(p.time_ms, true)}  ${p.text} ${unit}` : t("chart.hint");
        if (p) {
            const x = scale.x(p.time_ms);
            mark.append(svg("line", { x1: x, x2: x, y1: TOP, y2: HEIGHT - BOTTOM }),
                svg("circle", { cx: x, cy: scale.y(p.number), r: 5 }));
        }
    };
    const { drawn, gaps } = line(points, scale, Boolean(names));
    const picture = svg("svg", {
        class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", tabindex: "0",
        "aria-labelledby": id, data: { key: "chart" },
    }, svg("title", { id }, t("chart.title", { name: label, n: points.length })),
    axes(scale, names), gaps !== "" && svg("path", { class: "line gap", d: gaps }),
    svg("path", { class: "line", d: drawn }),
    points.length <= POINTS_MARKED_MAX && points.map((p) => svg("circle", {
        class: "point", cx: scale.x(p.time_ms).toFixed(1), cy: scale.y(p.number).toFixed(1), r: 3,
    })), mark);
    pointer(picture, points, scale, show, cursor);
    show(null);
    return replace(h("figure", { class: "chart-frame" }), told, picture);
}
