/* Upgrade tasks (guide 5.6.2 to 5.6.4, 5.7.5): which firmware, which devices, how far each is. */

import { act, get, getAll, may, post, remove } from "../api.js";
import { foreign, h, replace, seldom, visible } from "../dom.js";
import { filled, formDialog } from "../form.js";
import { t, word } from "../i18n.js";
import { listView } from "../list.js";
import * as live from "../live.js";
import { reasonText } from "../reasons.js";
import { chooseDevices } from "./choose.js";
import { deviceLink } from "./devices.js";
import { groupName } from "./groups.js";
import {
    afterDialog, asyncPage, button, card, confirmDialog, deleteButton, emptyState, facts,
    pageHead, progressOf, stateChip, timeOf, toast,
} from "../ui.js";

const KINDS = ["succeeded", "running", "waiting", "failed", "canceled"];

const total = (task) => KINDS.reduce((sum, kind) => sum + (task.counts?.[kind] || 0), 0);

/* How many have come to their end; the canceled have not. */
function donePercent(task) {
    const { succeeded = 0, failed = 0 } = task.counts || {};
    return total(task) === 0 ? 0 : (100 * (succeeded + failed)) / total(task);
}

function counts(task) {
    return h("ul", { class: "counts" }, KINDS.filter((kind) => kind !== "canceled"
        || task.counts?.canceled).map((kind) => h("li", {
        class: task.counts?.[kind] ? kind : null,
    }, h("b", {}, task.counts?.[kind] || 0), " ", word("counts", kind))));
}

async function create(values) {
    const body = { ...filled(values), firmware: Number(values.firmware),
        retries: Number(values.retries) };
    if (body.group) {
        body.group = Number(body.group);
    }
    const task = await post("tasks", body);
    location.hash = `#/tasks/${task.id}`;
}

async function add(ctx) {
    const [firmwares, groups] = await Promise.all([
        getAll("firmwares", {}, ctx.signal), getAll("groups", {}, ctx.signal),
    ]);
    const ready = firmwares.filter((f) => f.state === "ready");
    if (ready.length === 0) {
        toast(t("tasks.no_firmware"), "bad");
        return;
    }
    await formDialog(t("tasks.add"), [
        { name: "name", label: t("tasks.name"), required: true, bytes: 64,
            placeholder: "Test_Task1" },
        {
            name: "firmware", label: t("tasks.firmware"), type: "select", required: true,
            value: String(ready[0].id), options: ready.map((f) => [String(f.id),
                `${f.version} (${word("carrier", f.carrier)})`]),
        },
        {
            name: "retries", label: t("tasks.retries"), type: "select", value: "3",
            options: [0, 1, 2, 3, 4, 5].map((n) => [String(n), t("tasks.times", { n })]),
        },
        {
            name: "retry_policy", label: t("tasks.policy"), type: "select", value: "immediate",
            options: ["immediate", "next_registration"].map((p) => [p, word("policy", p)]),
        },
        {
            name: "group", label: t("tasks.group"), type: "select", value: "",
            options: [["", t("tasks.group.none")], ...groups.map((g) => [String(g.id),
                groupName(g)])], hint: t("tasks.group.hint"), full: true,
        },
        { name: "description", label: t("product.description"), full: true },
    ], create, { label: t("create"), wide: true });
}

export function tasksPage(ctx) {
    const adder = () => button(t("tasks.add"), () => add(ctx), {
        kind: "primary", symbol: "plus",
    });
    return h("div", {}, pageHead(t("nav.tasks"), {
        note: t("tasks.about"), actions: [may("operator") && adder()],
    }), h("section", { class: "card" }, listView(ctx, {
        label: t("nav.tasks"), path: "tasks", types: ["fota"],
        columns: [
            [t("tasks.name"), (task) => h("a", { href: `#/tasks/${task.id}` },
                foreign(task.name))],
            [t("state"), (task) => stateChip(task.state)],
            [t("tasks.progress"), (task) => progressOf(donePercent(task),
                t("tasks.progress.of", { name: visible(task.name) }))],
            [t("nav.devices"), counts],
            [t("created"), (task) => timeOf(task.created_ms)],
        ],
        empty: () => emptyState(t("tasks.empty"), may("operator") && adder(), "tasks"),
    })));
}

/* One task ------------------------------------------------------------------------------------ */

function taskFacts(task, firmware) {
    return facts([
        ["ID", h("code", {}, task.id)],
        [t("tasks.firmware"), foreign(firmware ? firmware.version : task.firmware)],
        [t("firmware.revisions"), firmware?.source_revision && h("code", {},
            foreign(`${firmware.source_revision} → ${firmware.target_revision}`))],
        [t("tasks.retries"), t("tasks.times", { n: task.retries ?? 0 })],
        [t("tasks.policy"), task.retry_policy && word("policy", task.retry_policy)],
        [t("product.description"), task.description && foreign(task.description)],
        [t("created"), timeOf(task.created_ms)],
        [t("tasks.started"), task.started_ms && timeOf(task.started_ms)],
        [t("tasks.ended"), task.ended_ms && timeOf(task.ended_ms)],
    ]);
}

function deviceRows(ctx, task) {
    return listView(ctx, {
        label: t("nav.devices"), path: `tasks/${task.id}/devices`, types: ["fota"],
        key: (d) => d.endpoint,
        columns: [
            [t("device"), deviceLink],
            [t("state"), (d) => stateChip(d.state)],
            [t("tasks.progress"), (d) => progressOf(d.progress ?? 0,
                t("tasks.progress.of", { name: visible(d.endpoint) }))],
            [t("tasks.attempts"), (d) => d.attempts ?? 0, "number"],
            [t("tasks.versions"), (d) => h("span", { class: "mono small" },
                foreign(d.version_before || "–"), d.version_after
                    && [" → ", foreign(d.version_after)])],
            [t("tasks.result"), (d) => h("span", {}, d.result !== null && d.result !== undefined
                && h("span", { class: "muted" }, `5/0/5 = ${d.result} `),
            d.reason ? foreign(reasonText(d.reason)) : "")],
            [t("tasks.updated"), (d) => timeOf(d.updated_ms)],
        ],
        empty: () => emptyState(t("tasks.no_devices"), null, "devices"),
    });
}

/* Which devices a firmware is for: those of its product, or of its carrier's products. */
async function fitting(ctx, firmware) {
    const products = await getAll("products", {}, ctx.signal);
    const fit = new Set(products.filter((p) => (firmware?.product ? p.id === firmware.product
        : !firmware || p.carrier === firmware.carrier)).map((p) => p.id));
    return (device) => fit.has(device.product);
}

function actions(ctx, task, firmware, again) {
    const path = `tasks/${task.id}`;
    const start = button(t("tasks.start"), async () => {
        await act(`${path}/start`);
        toast(t("tasks.started.now"));
        again();
    }, { kind: "primary" });
    const cancel = button(t("tasks.cancel"), async () => {
        if (await confirmDialog(t("confirm.title", { action: t("tasks.cancel") }),
            t("tasks.cancel.about", { name: task.name }), t("tasks.cancel"))) {
            await act(`${path}/cancel`);
            again();
        }
    }, { kind: "danger-quiet" });
    const join = button(t("tasks.add_devices"), async () => {
        const accepts = await fitting(ctx, firmware);
        if (await chooseDevices(ctx, t("tasks.add_devices"), t("tasks.join"), {
            accepts, run: (devices) => post(`${path}/devices`, {
                devices: devices.map((d) => d.endpoint),
            }),
        })) {
            again();
        }
    });
    const drop = deleteButton(task.name, async () => {
        await remove(path);
        location.hash = "#/tasks";
    });
    const open = ["created", "running"].includes(task.state);
    return may("operator") ? [open && join, task.state === "created" && start,
        task.state === "running" && cancel, task.state !== "running" && drop] : [];
}

export function taskPage(ctx) {
    const id = ctx.params.task;
    const load = async () => {
        const task = await get(`tasks/${id}`, {}, ctx.signal);
        const firmware = await get(`firmwares/${task.firmware}`, {}, ctx.signal).catch(() => null);
        return { task, firmware };
    };
    const head = h("div", {});
    const progress = h("div", {});
    const settings = h("div", {});
    let devices = null;
    let page = null;
    const box = asyncPage(ctx, t("nav.tasks"), load, ({ task, firmware }) => {
        replace(head, pageHead(task.name, {
            trail: [[t("nav.tasks"), "#/tasks"]], chips: [stateChip(task.state)],
            actions: actions(ctx, task, firmware, () => {
                box.reload();
                devices.reload();
            }),
        }));
        replace(progress, progressOf(donePercent(task), t("tasks.progress.of", {
            name: visible(task.name),
        })), counts(task));
        replace(settings, taskFacts(task, firmware));
        devices = devices || deviceRows(ctx, task);
        page = page || h("div", {}, head, card(t("tasks.progress"), progress),
            card(t("nav.devices"), devices), card(t("tasks.settings"), settings));
        return page;
    });
    live.on(["fota", "again"], seldom(() => afterDialog(box.reload), 700), ctx.signal);
    return box;
}
