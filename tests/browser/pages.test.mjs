/*
 * Every page of the console, full and empty, in both languages, light and dark, wide and narrow:
 * it loads without a fault, fits the screen, can be used by keyboard and screen reader, is in the
 * language chosen, and shows what hostile devices say as text.
 */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import en from "../../platform/console/app/words/en.js";
import zh from "../../platform/console/app/words/zh.js";
import { startFake } from "./fake.mjs";
import { assertAccessible, assertFits, close, launch, openConsole, visit } from "./support.mjs";
import { HOSTILE, richWorld } from "./world.mjs";

const DEVICE = "devices/867724030023557";
const EVIL = `devices/${encodeURIComponent(HOSTILE)}`;
const PAGES = [
    "", "products", "products/new", "products/1", "products/1/profile", "products/1/codec",
    "products/1/devices", "products/2", "products/3", "products/4/model", "products/4/mapping",
    "devices", DEVICE, `${DEVICE}/data`, `${DEVICE}/chart`, `${DEVICE}/objects`,
    `${DEVICE}/commands`, `${DEVICE}/messages`, `${DEVICE}/virtual`,
    "devices/866971031275899/virtual", "devices/869405030311568", EVIL, `${EVIL}/data`,
    `${EVIL}/objects`, `${EVIL}/messages`, "commands", "firmwares", "tasks", "tasks/51", "groups",
    "groups/1", "keys", "events", "webhooks", "tokens", "no/such/page", "products/999",
];
const EMPTY_PAGES = ["", "products", "devices", "commands", "firmwares", "tasks", "groups/1",
    "keys", "events", "webhooks"];
const LOOKS = [
    { width: 1280, language: "en", theme: "light" }, { width: 1280, language: "zh", theme: "dark" },
    { width: 390, language: "zh", theme: "light" }, { width: 390, language: "en", theme: "dark" },
];

let browser;
let full;
let empty;

before(async () => {
    browser = await launch();
    full = await startFake({ world: richWorld() });
    empty = await startFake();
});
after(async () => {
    await browser?.close();
    await full?.stop();
    await empty?.stop();
});

/* Words of the other language that stand alone in an element, a label or a placeholder. */
async function untranslated(page, language) {
    const [own, other] = language === "zh" ? [zh, en] : [en, zh];
    const ours = new Set(Object.values(own));
    const foreign = Object.values(other).filter((text) => !ours.has(text)
        && /[a-z\u4e00-\u9fff]{2}/.test(text));
    return page.evaluate((words) => {
        const set = new Set(words);
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        const found = [];
        while (walker.nextNode()) {
            const text = walker.currentNode.data.trim();
            const ours = !walker.currentNode.parentElement.closest("bdi, option, noscript");
            if (ours && set.has(text)) {
                found.push(text);
            }
        }
        for (const e of document.querySelectorAll("[aria-label], [placeholder]")) {
            found.push(...["aria-label", "placeholder"].map((n) => e.getAttribute(n)).filter((v) =>
                set.has(v)));
        }
        return found;
    }, foreign);
}

async function checkPages(fake, paths, look) {
    const page = await openConsole(browser, fake.url, look);
    for (const path of paths) {
        const what = `${path} ${look.width} ${look.language} ${look.theme}`;
        await visit(page, path);
        await assertFits(page, what);
        await assertAccessible(page, what);
        assert.deepEqual(await untranslated(page, look.language), [], `${what}: untranslated`);
    }
    assert.equal(await page.locator("img[src=x]").count(), 0);
    await close(page);
}

for (const look of LOOKS) {
    const name = `${look.width} wide, ${look.language}, ${look.theme}`;
    test(`every page, ${name}`, () => checkPages(full, PAGES, look));
    test(`every empty page, ${name}`, () => checkPages(empty, EMPTY_PAGES, look));
}

test("the page to sign in", async () => {
    for (const look of LOOKS) {
        const page = await openConsole(browser, full.url, { ...look, token: null });
        await assertFits(page, "sign in");
        await assertAccessible(page, "sign in");
        await close(page);
    }
});

/* Opens each dialog that a button of a page leads to. */
const DIALOGS = [
    ["devices", "Add device"], ["firmwares", "Add firmware"], ["keys", "Add key"],
    ["groups", "New group"], ["tasks", "New task"], ["webhooks", "New webhook"],
    ["tokens", "New token"], ["tasks/51", "Add devices"], ["groups/1", "Bind devices"],
    ["products/1/profile", "Add property"], ["products/1/codec", "Add message"],
    ["products/4/model", "Add property"], ["products/4/mapping", "Add mapping"],
    [`${DEVICE}/objects`, "Any operation"], [`${DEVICE}/commands`, "Send a profile command"],
    [`${DEVICE}/commands`, "Send bytes"], [DEVICE, "Edit"],
    ["devices/861428040064744/commands", "Set a property"], ["devices", "Delete: 867724030023557"],
];

for (const width of [1280, 390]) {
    test(`every dialog, ${width} wide`, async () => {
        const page = await openConsole(browser, full.url, { width });
        for (const [path, label] of DIALOGS) {
            await visit(page, path);
            await page.getByRole("button", { name: label, exact: true }).first().click();
            await page.locator("dialog[open]").waitFor();
            await assertAccessible(page, `${path}: ${label}`);
            const box = await page.locator("dialog[open]").boundingBox();
            assert.ok(box.x >= 0 && box.x + box.width <= width, `${label} is too wide`);
            assert.ok(await page.evaluate(() => document.activeElement.closest("dialog")),
                `${label}: the focus is in it`);
            await page.keyboard.press("Escape");
            await page.locator("dialog").waitFor({ state: "detached" });
            assert.ok(await page.evaluate(() => document.activeElement !== document.body),
                `${label}: the focus comes back`);
        }
        await close(page);
    });
}
