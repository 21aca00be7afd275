/* Groups of devices, for tasks (guide 5.7.5 step 1, "绑定设备"). */

import { get, getAll, may, post, put, remove, segment } from "../api.js";
import { foreign, h } from "../dom.js";
import { formDialog } from "../form.js";
import { t } from "../i18n.js";
import { listView } from "../list.js";
import { chooseDevices } from "./choose.js";
import { deviceLink } from "./devices.js";
import {
    asyncPage, button, card, deleteButton, emptyState, onlineChip, pageHead, timeOf, toast,
} from "../ui.js";

const DEFAULT = 1;
const DEVICES_MAX = 20000;

export const groupName = (group) => (group.id === DEFAULT && group.name === "default"
    ? t("groups.default") : group.name);

export function groupsPage(ctx) {
    const add = () => button(t("groups.add"), async () => {
        const group = await formDialog(t("groups.add"), [
            { name: "name", label: t("name"), required: true, bytes: 64, full: true },
        ], (values) => post("groups", values), { label: t("create") });
        if (group) {
            location.hash = `#/groups/${group.id}`;
        }
    }, { kind: "primary", symbol: "plus" });
    const list = listView(ctx, {
        label: t("nav.groups"), path: "groups",
        columns: [
            [t("name"), (g) => h("a", { href: `#/groups/${g.id}` }, foreign(groupName(g)))],
            [t("nav.devices"), (g) => g.device_count ?? "–", "number"],
            [t("created"), (g) => timeOf(g.created_ms)],
            ["", (g) => may("operator") && g.id !== DEFAULT && deleteButton(g.name, () =>
                remove(`groups/${g.id}`).then(() => list.reload())), "end"],
        ],
        empty: () => emptyState(t("groups.empty"), may("operator") && add(), "groups"),
    });
    return h("div", {}, pageHead(t("nav.groups"), {
        note: t("groups.about"), actions: [may("operator") && add()],
    }), h("section", { class: "card" }, list));
}

function members(ctx, group) {
    const path = (device) => `groups/${group.id}/devices/${segment(device)}`;
    const bind = () => button(t("groups.bind"), async () => {
        const done = await chooseDevices(ctx, t("groups.bind"), t("groups.bind"), {
            accepts: (device) => device.product !== null && device.group !== group.id,
            run: async (devices) => {
                for (const device of devices) {
                    await put(path(device), undefined);
                }
            },
        });
        if (done) {
            toast(t("groups.bound"));
            list.reload();
        }
    }, { kind: "primary", symbol: "plus" });
    const list = listView(ctx, {
        label: t("nav.devices"), types: ["device", "registered", "deregistered"], key: segment,
        search: "server", searchLabel: t("devices.search"), load: pagesOf(group),
        columns: [
            [t("device"), deviceLink],
            [t("name"), (d) => (d.name ? foreign(d.name) : "–")],
            [t("state"), onlineChip],
            ["", (d) => may("operator") && deleteButton(d.endpoint, () =>
                remove(path(d)).then(() => list.reload()), {
                label: t("groups.unbind"), text: t("groups.unbind.about", { what: d.endpoint }),
                done: t("groups.unbound"),
            }), "end"],
        ],
        empty: () => emptyState(t("groups.no_devices"), may("operator") && bind(), "devices"),
    });
    return card(t("nav.devices"), list, { actions: [may("operator") && bind()] });
}

/* The devices say which group they are in: they are asked for once for all pages of a list. */
function pagesOf(group) {
    let members = [];
    return async ({ search = "", cursor, limit }, signal) => {
        if (!cursor) {
            const devices = await getAll("devices", { search }, signal, DEVICES_MAX);
            members = devices.filter((d) => d.group === group.id);
        }
        const end = (cursor || 0) + limit;
        return { items: members.slice(cursor || 0, end), next: end < members.length ? end : null };
    };
}

export function groupPage(ctx) {
    return asyncPage(ctx, t("nav.groups"), () => get(`groups/${ctx.params.group}`, {},
        ctx.signal), (group) => h("div", {}, pageHead(groupName(group), {
            trail: [[t("nav.groups"), "#/groups"]],
            actions: [may("operator") && group.id !== DEFAULT && deleteButton(group.name,
                async () => {
                    await remove(`groups/${group.id}`);
                    location.hash = "#/groups";
                })],
        }), members(ctx, group)));
}
