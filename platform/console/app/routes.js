/* Which page an address shows: "#/devices/867724030023557/data?from=1". */

import { commandsPage } from "./pages/commands.js";
import { devicePage } from "./pages/device.js";
import { devicesPage } from "./pages/devices.js";
import { eventsPage } from "./pages/events.js";
import { firmwaresPage } from "./pages/firmwares.js";
import { groupPage, groupsPage } from "./pages/groups.js";
import { keysPage } from "./pages/keys.js";
import { overviewPage } from "./pages/overview.js";
import { productPage } from "./pages/product.js";
import { newProductPage, productsPage } from "./pages/products.js";
import { taskPage, tasksPage } from "./pages/tasks.js";
import { tokensPage } from "./pages/tokens.js";
import { webhooksPage } from "./pages/webhooks.js";

/* The stream of a device's pages is its own; other pages hear no messages and no AT lines. */
const ofDevice = (found) => ({ device: decoded(found.params.device) });
const OTHERS = "registered,updated,deregistered,expired,data,command,fota,alarm,device,product";
const ofAll = () => ({ type: OTHERS });

const ROUTES = [
    ["/", overviewPage, "overview"],
    ["/products", productsPage, "products"],
    ["/products/new", newProductPage, "products", { role: "admin" }],
    ["/products/:product", productPage, "products"],
    ["/products/:product/:part", productPage, "products"],
    ["/devices", devicesPage, "devices"],
    ["/devices/:device", devicePage, "devices", { follow: ofDevice }],
    ["/devices/:device/:part", devicePage, "devices", { follow: ofDevice }],
    ["/commands", commandsPage, "commands"],
    ["/firmwares", firmwaresPage, "firmwares"],
    ["/tasks", tasksPage, "tasks"],
    ["/tasks/:task", taskPage, "tasks"],
    ["/groups", groupsPage, "groups"],
    ["/groups/:group", groupPage, "groups"],
    ["/keys", keysPage, "keys"],
    ["/events", eventsPage, "events", { follow: () => ({}) }],
    ["/webhooks", webhooksPage, "webhooks", { role: "admin" }],
    ["/tokens", tokensPage, "tokens", { role: "admin" }],
];

/* A device's name of an address; undecoded when its bytes are no text. */
function decoded(segment) {
    try {
        return decodeURIComponent(segment);
    } catch {
        return segment;
    }
}

/* Variables stay percent-encoded: they are put into paths of the interface as they are. */
function match(pattern, parts) {
    const names = pattern.split("/");
    if (names.length !== parts.length) {
        return null;
    }
    const params = {};
    for (const [index, name] of names.entries()) {
        if (name.startsWith(":")) {
            params[name.slice(1)] = parts[index];
        } else if (name !== parts[index]) {
            return null;
        }
    }
    return params;
}

export function find(hash) {
    const [path, query] = (hash.replace(/^#/, "") || "/").split("?");
    const parts = path.split("/");
    for (const [pattern, page, menu, more] of ROUTES) {
        const params = match(pattern, parts);
        if (params) {
            const asked = Object.fromEntries(new URLSearchParams(query || ""));
            return { page, menu, params, query: asked, follow: ofAll, ...more };
        }
    }
    return null;
}
