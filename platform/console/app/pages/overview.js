/* The first page: how many there are, how the platform is, and what happens just now. */

import { get, getAll } from "../api.js";
import { h, seldom } from "../dom.js";
import { duration, timeZone } from "../format.js";
import { t } from "../i18n.js";
import * as live from "../live.js";
import { eventFeed } from "./events.js";
import {
    asyncBox, card, chip, emptyState, facts, linkButton, pageHead, stateChip,
} from "../ui.js";

function tile(label, value, href) {
    return h("a", { class: "tile", href, data: { key: href } },
        h("strong", {}, value.toLocaleString("en")), h("span", {}, label));
}

function tiles({ status, products }) {
    return h("div", { class: "tiles" },
        tile(t("nav.products"), products.length, "#/products"),
        tile(t("nav.devices"), status.devices, "#/devices"),
        tile(t("overview.registered"), status.registered, "#/devices?online=true"),
        tile(t("overview.waiting"), status.commands_waiting, "#/commands?state=PENDING"));
}

function welcome({ products }) {
    return products.length === 0 && card(t("overview.welcome"), h("ol", { class: "steps" },
        ["product", "device", "module"].map((step) => h("li", {}, t(`overview.step.${step}`)))), {
        actions: [linkButton(t("products.add"), "#/products/new", { kind: "primary" })],
    });
}

function listeners(status) {
    const all = Object.entries(status.listeners || {}).filter(([, where]) => where);
    return all.map(([name, where]) => [name,
        h("code", {}, typeof where === "string" ? where : JSON.stringify(where))]);
}

function health({ status }) {
    const store = status.store || { state: "ok" };
    return facts([
        [t("overview.version"), status.version],
        [t("overview.uptime"), duration(status.uptime_s)],
        [t("overview.store"), [stateChip(store.state), store.problem
            && h("span", {}, " ", store.problem)]],
        ...listeners(status),
        [t("overview.zone"), timeZone()],
    ]);
}

export function overviewPage(ctx) {
    const load = async () => {
        const [status, products] = await Promise.all([
            get("status", {}, ctx.signal), getAll("products", {}, ctx.signal),
        ]);
        return { status, products };
    };
    let loading = load();
    const numbers = asyncBox(ctx, () => loading, (all) => [tiles(all), welcome(all)]);
    const state = asyncBox(ctx, () => loading, health);
    const again = seldom(() => {
        loading = load();
        numbers.reload();
        state.reload();
    }, 1000);
    live.on(null, again, ctx.signal);
    return h("div", {}, pageHead(t("nav.overview")), numbers,
        h("div", { class: "columns wide-first" },
            card(t("overview.now"), eventFeed(ctx, {
                most: 12, empty: () => emptyState(t("events.empty"), null, "events"),
            }), { actions: [linkButton(t("overview.all"), "#/events")] }),
            card(t("overview.state"), state, { actions: [chip(location.host)] })));
}
