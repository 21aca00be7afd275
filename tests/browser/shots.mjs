/*
 * Takes the pictures of docs/CONSOLE.md:
 *
 *     BC_BROWSER_MODULES=build/default/tests/browser node tests/browser/shots.mjs docs/screenshots
 *
 * Against the stand-in of the platform with something of everything in it, so that they show much
 * and are the same each time but for the clock.
 */

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { startFake } from "./fake.mjs";
import { launch, openConsole, visit } from "./support.mjs";
import { richWorld } from "./world.mjs";

const DEVICE = "devices/867724030023557";
/* [name, page, language, theme, width, button that opens a dialog] */
const SHOTS = [
    ["signin", null, "en", "light", 1280],
    ["overview", "", "en", "light", 1280],
    ["product-new", "products/new", "en", "light", 1280],
    ["product-settings", "products/2", "zh", "light", 1280],
    ["product-profile", "products/1/profile", "en", "light", 1280],
    ["product-codec", "products/1/codec", "en", "dark", 1280],
    ["product-model", "products/4/model", "zh", "light", 1280],
    ["product-mapping", "products/4/mapping", "zh", "dark", 1280],
    ["devices", "devices", "en", "light", 1280],
    ["device-add", "devices", "zh", "light", 1280, "添加设备"],
    ["device-data", `${DEVICE}/data`, "en", "light", 1280],
    ["device-chart", `${DEVICE}/chart`, "en", "light", 1280],
    ["device-objects", `${DEVICE}/objects`, "en", "dark", 1280],
    ["device-commands", `${DEVICE}/commands`, "zh", "dark", 1280],
    ["device-messages", `${DEVICE}/messages`, "en", "light", 1280],
    ["device-virtual", "devices/866971031275899/virtual", "en", "dark", 1280],
    ["firmwares", "firmwares", "en", "light", 1280],
    ["task", "tasks/51", "en", "light", 1280],
    ["narrow-devices", "devices", "zh", "dark", 390],
    ["narrow-chart", `${DEVICE}/chart`, "en", "light", 390],
    ["narrow-objects", `${DEVICE}/objects`, "zh", "light", 390],
];

async function happen(fake, page) {
    await page.waitForFunction(() => document.querySelector(".live")?.dataset.state === "live");
    const endpoint = "867724030023557";
    const command = { id: 21, endpoint, kind: "operation", operation: "write", path: "/19/1/0" };
    fake.tell({ type: "registered", endpoint: "861428040064744", registration: {
        address: "127.0.0.1:40112", lifetime_s: 86400 } });
    fake.tell({ type: "data", endpoint, data: { path: "/19/0/0", values: {
        "WaterData.level": 23, "WaterData.battery": 92 } } });
    fake.tell({ type: "command", endpoint, command: { ...command, state: "SENT" } });
    fake.tell({ type: "command", endpoint, command: { ...command, state: "SUCCESSFUL",
        code: "2.04" } });
    fake.tell({ type: "fota", endpoint: "866971031275899", state: "SUCCEEDED", progress: 100 });
    await page.locator(".feed li").nth(4).waitFor();
}

async function shoot(browser, fake, folder, [name, path, language, theme, width, dialog]) {
    const page = await openConsole(browser, fake.url, {
        token: path === null ? null : "bcp_admin", language, theme, width,
    });
    if (path !== null) {
        await visit(page, path);
    }
    if (path === "") {
        await happen(fake, page);
    }
    if (dialog) {
        await page.getByRole("button", { name: dialog, exact: true }).click();
        await page.locator("dialog[open]").waitFor();
    }
    await page.screenshot({ path: join(folder, `${name}.png`) });
    await page.context().close();
}

const folder = process.argv[2];
if (!folder) {
    console.error("usage: node shots.mjs FOLDER");
    process.exit(2);
}
await mkdir(folder, { recursive: true });
const fake = await startFake({ world: richWorld({ calm: true }) });
const browser = await launch();
for (const shot of SHOTS) {
    await shoot(browser, fake, folder, shot);
}
await browser.close();
await fake.stop();
