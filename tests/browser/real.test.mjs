/*
 * The console's other pages against the real platform: each page loads, and what can be made and
 * removed in one dialog is; so that the stand-in of the fast tests does not drift away. Products,
 * devices and commands are in guide.test.mjs.
 */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startWorld } from "./programs.mjs";
import { assertAccessible, close, launch, openConsole, visit } from "./support.mjs";

const IMEI = "867724030023557";
let browser;
let world;
let page;

async function ask(path, body) {
    const response = await fetch(`${world.url}api/v1/${path}`, {
        method: "POST", body: JSON.stringify(body),
        headers: { Authorization: `Bearer ${world.token}`, "Content-Type": "application/json" },
    });
    assert.ok(response.ok, await response.clone().text());
    return response.json();
}

before(async () => {
    browser = await launch();
    world = await startWorld();
    for (const carrier of ["iot", "aep", "andlink", "dmp"]) {
        await ask("products", { name: carrier, carrier });
    }
    await ask("devices", { product: 1, imei: IMEI });
    page = await openConsole(browser, world.url, { token: world.token });
});
after(async () => {
    if (page) {
        await close(page);
    }
    await browser?.close();
    await world?.stop();
});

const dialog = () => page.locator("dialog[open]");
const press = (name) => page.getByRole("button", { name, exact: true }).first().click();

/* Opens a dialog by its button, fills it in, and sends it. */
async function make(path, opener, values, send = "Create") {
    await visit(page, path);
    await press(opener);
    for (const [label, value] of Object.entries(values)) {
        await dialog().getByLabel(new RegExp(`^${label}( \\*)?$`)).and(page.locator(
            "input:visible, textarea:visible")).fill(value);
    }
    await dialog().getByRole("button", { name: send, exact: true }).click();
}

/* Removes the row that says `text`, and sees it go. */
async function drop(text) {
    const row = page.locator("main tr", { hasText: text });
    await row.getByRole("button", { name: /^Delete/ }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
    await row.waitFor({ state: "detached" });
}

test("every page loads", async () => {
    const device = `devices/${IMEI}`;
    const parts = ["summary", "data", "chart", "objects", "commands", "messages", "virtual"];
    const products = [["1", "profile"], ["1", "codec"], ["2", "codec"], ["3", "settings"],
        ["4", "model"], ["4", "mapping"], ["4", "devices"]];
    for (const path of ["", "products", "devices", "commands", "firmwares", "tasks", "groups",
        "groups/1", "keys", "events", "webhooks", "tokens", ...parts.map((p) => `${device}/${p}`),
        ...products.map(([id, p]) => `products/${id}/${p}`)]) {
        await visit(page, path);
        assert.equal(await page.locator("main .broken").count(), 0, `${path} is broken: ${
            await page.locator("main").innerText()}`);
        await assertAccessible(page, path);
    }
});

test("a product's settings are changed", async () => {
    await visit(page, "products/2");
    await page.getByLabel("Category").fill("Water");
    await press("Save");
    await page.getByText("Saved.").waitFor();
    await page.locator("dd", { hasText: "Water" }).waitFor();
});

test("a device is moved to another product and back, and given a key", async () => {
    const move = async (product, to, ...steps) => {
        await press("Edit");
        await dialog().getByLabel("Product").selectOption({ label: product });
        for (const step of steps) {
            await step();
        }
        await dialog().getByRole("button", { name: "Save" }).click();
        await page.locator(".trail").getByText(to).waitFor();
    };
    await visit(page, `devices/${IMEI}`);
    await move("dmp (China Unicom DMP)", "dmp",
        () => dialog().getByText("Encrypted, with this key").click(),
        () => dialog().getByLabel("PSK identity").fill("lab"),
        () => dialog().getByLabel("PSK (hex)").fill("00112233445566778899aabbccddeeff"));
    await page.locator("dd", { hasText: "Encrypted (DTLS)" }).waitFor();
    await move("iot (China Telecom IoT)", "iot",
        () => dialog().getByText("Plain", { exact: true }).click());
    await page.locator("dd", { hasText: "Plain" }).waitFor();
});

test("a group is made, a device bound to it and unbound", async () => {
    await make("groups", "New group", { Name: "Lab" });
    await page.getByRole("heading", { name: "Lab" }).waitFor();
    await press("Bind devices");
    await dialog().getByText(IMEI).click();
    await dialog().getByRole("button", { name: "Bind devices" }).click();
    await page.getByRole("link", { name: IMEI }).waitFor();
    await press(`Unbind: ${IMEI}`);
    await page.getByRole("alertdialog").getByRole("button", { name: "Unbind" }).click();
    await page.getByText("No device is in this group.").waitFor();
    await visit(page, "groups");
    await drop("Lab");
});

test("a token and a webhook are made and removed", async () => {
    await make("tokens", "New token", { Name: "application", "Valid for \\(days\\)": "30" });
    await page.locator(".secret", { hasText: /^bcp_/ }).waitFor();
    await press("Done");
    await drop("application");
    await make("webhooks", "New webhook", { URL: "http://127.0.0.1:9/hook",
        Secret: "a secret text" });
    await page.locator("main").getByText("http://127.0.0.1:9/hook").waitFor();
    await drop("/hook");
});

test("a firmware without a file waits for it; one that is no package is refused", async () => {
    await make("firmwares", "Add firmware", { "Firmware name": "A02", Version: "A02" });
    await page.locator("main [data-state=empty]").waitFor();
    await press("Upload");
    await dialog().getByLabel("Package (zip)").setInputFiles({
        name: "a.zip", mimeType: "application/zip", buffer: Buffer.from("this is no zip file"),
    });
    await dialog().getByRole("button", { name: "Upload" }).click();
    await dialog().locator(".error:visible, .form-alert:visible").first().waitFor();
    await page.keyboard.press("Escape");
    await drop("A02");
});

test("a virtual device plays the guide's session, and its dialogue is seen live", async () => {
    await visit(page, `devices/${IMEI}/virtual`);
    await page.getByLabel("Speed").selectOption("10");
    await press("Start");
    await page.locator(".terminal", { hasText: "+QLAREG: 0" }).waitFor();
    await page.getByText("Transcript passed").waitFor({ timeout: 60000 });
    // The session ends with AT+QSCLK=1: a module that sleeps loses the line that wakes it.
    const answer = page.locator(".terminal", { hasText: "Quectel_BC260Y-CN" });
    for (let tries = 0; tries < 10 && await answer.count() === 0; tries += 1) {
        await page.getByLabel("AT command").fill("ATI");
        await page.getByLabel("AT command").press("Enter");
        await answer.waitFor({ timeout: 1000 }).catch(() => null);
    }
    await answer.waitFor();
    await press(`Stop: ${IMEI}`);
    await page.getByRole("alertdialog").getByRole("button", { name: "Stop" }).click();
    await page.getByRole("button", { name: "Start", exact: true }).waitFor();
});
