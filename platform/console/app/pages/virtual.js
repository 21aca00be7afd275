/* A virtual device: a module in software that the platform runs, with its AT dialogue (guide
 * section 5.2.1.2, "no physical device"). */

import { get, getOr, may, post, remove, segment } from "../api.js";
import { Rows, arrange, foreign, h, replace, seldom } from "../dom.js";
import { clock } from "../format.js";
import { form } from "../form.js";
import { CARRIERS } from "../carriers.js";
import { t, word } from "../i18n.js";
import * as live from "../live.js";
import { asyncBox, button, card, chip, deleteButton, emptyState, toast } from "../ui.js";

const PLAY = { playing: "busy", passed: "good", failed: "bad" };

function startForm(device, product, done) {
    return form([
        {
            name: "source", label: t("virtual.source"), type: "radio", value: "example",
            options: ["example", "text", "none"].map((s) => [s, word("virtual.source", s)]),
        },
        {
            name: "example", label: t("virtual.example"), type: "select",
            value: product?.carrier || "iot", show: (v) => v.source === "example",
            options: CARRIERS.map((c) => [c, word("carrier", c)]),
        },
        {
            name: "transcript", label: t("virtual.transcript"), type: "textarea", rows: 10,
            mono: true, full: true, required: true, show: (v) => v.source === "text",
            hint: t("virtual.transcript.hint"),
        },
        {
            name: "speed", label: t("virtual.speed"), type: "select", value: "1",
            options: ["1", "10", "100"].map((n) => [n, t("virtual.speed.n", { n })]),
        },
    ], async (values) => {
        await post(`devices/${segment(device)}/virtual`, {
            transcript: values.transcript ?? null, example: values.example ?? null,
            time_scale: Number(values.speed),
        });
        toast(t("virtual.started"));
        done();
    }, { label: t("virtual.start") });
}

const keyOf = (line) => `${line.time_ms} ${line.direction} ${line.text}`;

function said(line) {
    return h("li", { class: line.direction }, h("span", { class: "stamp" },
        clock(line.time_ms, true)), foreign(line.text));
}

/* The dialogue; show(lines) adds what is new, and scrolls with it unless the reader has scrolled
 * back. */
class Terminal {
    constructor() {
        this.rows = new Rows(keyOf, said);
        this.follows = true;
        this.list = h("ol", { class: "terminal", tabindex: "0",
            "aria-label": t("virtual.dialogue"), on: { scroll: () => this.look() } });
        this.element = h("div", {}, emptyState(t("virtual.quiet")));
    }

    show(lines) {
        if (lines.length === 0) {
            return;
        }
        const { list } = this;
        arrange(list, this.rows.of(lines));
        arrange(this.element, [list]);
        requestAnimationFrame(() => {
            if (this.follows) {
                list.scrollTop = list.scrollHeight;
            }
        });
    }

    look() {
        const { scrollHeight, scrollTop, clientHeight } = this.list;
        this.follows = scrollHeight - scrollTop - clientHeight < 40;
    }
}

function input(device) {
    const field = h("input", {
        type: "text", class: "mono", "aria-label": t("virtual.input"), placeholder: "AT+QLASTATUS?",
        autocomplete: "off", spellcheck: "false",
    });
    const element = h("form", { class: "row terminal-input" }, field,
        button(t("send"), () => element.requestSubmit(), { kind: "primary" }));
    element.addEventListener("submit", async (event) => {
        event.preventDefault();
        const text = field.value;
        field.value = "";
        try {
            await post(`devices/${segment(device)}/virtual/input`, { text });
        } catch (error) {
            field.value = text;
            toast(error.message, "bad");
        }
    });
    return element;
}

function running(ctx, device, first, again) {
    const path = `devices/${segment(device)}/virtual`;
    const mark = h("span", {});
    const terminal = new Terminal();
    const controls = h("div", {});
    const why = h("div", {});
    const stop = deleteButton(device.endpoint, () => remove(path).then(again), {
        label: t("virtual.stop"), text: t("virtual.stop.about"), done: t("virtual.stopped"),
    });
    const show = (now) => {
        replace(mark, chip(word("virtual.state", now.state),
            now.state === "running" ? "busy" : "plain"), now.exit !== null && now.exit !== undefined
            && ` ${t("virtual.exit", { status: now.exit })}`,
        now.play && now.play !== "idle" && [" ", chip(word("play", now.play), PLAY[now.play])]);
        replace(why, now.problem ? h("p", { class: "form-alert", role: "alert" },
            foreign(now.problem)) : "");
        terminal.show(now.lines || []);
        if (now.state !== "running") {
            replace(controls, button(t("virtual.again"), async () => {
                await remove(path).catch(() => null);
                again();
            }, { kind: "primary" }));
        }
    };
    if (may("operator")) {
        controls.append(input(device));
    }
    show(first);
    const update = seldom(async () => {
        try {
            show(await get(path, {}, ctx.signal));
        } catch {
            // Stopped elsewhere; the next visit says so.
        }
    }, 250);
    live.on(["at", "again"], update, ctx.signal);
    return card(t("device.part.virtual"), h("div", {}, why, terminal.element, controls), {
        actions: [mark, may("operator") && first.state === "running" && stop],
    });
}

export function virtualPart(ctx, device, product) {
    const path = `devices/${segment(device)}/virtual`;
    const box = asyncBox(ctx, () => getOr(path, null, ctx.signal), (now) => {
        if (now) {
            return running(ctx, device, now, () => box.reload());
        }
        return card(t("device.part.virtual"), may("operator")
            ? startForm(device, product, () => box.reload())
            : emptyState(t("virtual.none")), { note: t("virtual.about") });
    });
    return box;
}
