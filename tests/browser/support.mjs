/*
 * What the browser tests share: the browser, a page of the console that is signed in, and checks
 * of what a page looks like to somebody who cannot see it.
 *
 * playwright-core is installed in the build folder (BC_BROWSER_MODULES), the browser is Debian's.
 */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { ACCESS_FAULTS } from "./access.mjs";

const MODULES = process.env.BC_BROWSER_MODULES;
const BROWSERS = [process.env.BC_CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser"];
export const LIMIT_MS = 15000;

if (!MODULES) {
    throw new Error("BC_BROWSER_MODULES must name the folder that has node_modules");
}
const { chromium } = createRequire(join(MODULES, "package.json"))("playwright-core");

export async function launch() {
    const executablePath = BROWSERS.find((path) => path && existsSync(path));
    assert.ok(executablePath, "no chromium: scripts/install-deps.sh test");
    // Its sandbox needs a user that is not root.
    const args = process.getuid() === 0 ? ["--no-sandbox"] : [];
    return chromium.launch({ executablePath, args: [...args, "--disable-dev-shm-usage"] });
}

/* A page at `url`, signed in with `token` unless that is null. `faults` gets what went wrong on it:
 * errors of scripts, dialogs nobody asked for, requests to elsewhere. */
export async function openConsole(browser, url, { token = "bcp_admin", width = 1280, height = 800,
    language = "en", theme = "light" } = {}) {
    const context = await browser.newContext({
        viewport: { width, height }, colorScheme: theme, reducedMotion: "reduce",
        locale: language === "zh" ? "zh-CN" : "en-US",
    });
    const page = await context.newPage();
    page.setDefaultTimeout(LIMIT_MS);
    page.faults = [];
    const { faults } = page;
    page.on("pageerror", (error) => faults.push(`script: ${error.stack}`));
    page.on("dialog", (dialog) => {
        faults.push(`dialog: ${dialog.message()}`);
        dialog.dismiss();
    });
    page.on("request", (request) => {
        if (!request.url().startsWith(url)) {
            faults.push(`asks elsewhere: ${request.url()}`);
        }
    });
    page.on("console", (message) => {
        if (/Content Security Policy|Refused to/.test(message.text())) {
            faults.push(`policy: ${message.text()}`);
        }
    });
    if (token) {
        await context.addInitScript((text) => {
            if (!sessionStorage.getItem("signed-out-once")) {
                sessionStorage.setItem("bc260y.token", text);
            }
        }, token);
    }
    await page.goto(url);
    await page.waitForSelector("main h1");
    return page;
}

/* Shows a page of the console, as its links do; returns when it has loaded. */
export async function visit(page, path) {
    await page.evaluate((hash) => { location.hash = hash; }, `#/${path}`);
    await settled(page);
}

export async function settled(page) {
    await page.waitForFunction(() => document.querySelector("main h1, main .broken")
        && !document.querySelector("main .loading"));
}

export async function close(page) {
    const { faults } = page;
    await page.context().close();
    assert.deepEqual(faults, [], "faults of the page");
}

/* No scrolling sideways. */
export async function assertFits(page, what) {
    const wide = await page.evaluate(() => {
        const limit = document.documentElement.clientWidth;
        if (document.documentElement.scrollWidth <= limit) {
            return [];
        }
        return [...document.querySelectorAll("main *")].filter((e) =>
            e.getBoundingClientRect().right > limit + 1).slice(0, 3).map((e) =>
            `${e.tagName}.${e.className}`);
    });
    assert.deepEqual(wide, [], `${what}: wider than the screen`);
}

export async function assertAccessible(page, what) {
    const faults = await page.evaluate(ACCESS_FAULTS);
    assert.deepEqual(faults, [], `${what}: for screen readers and eyes`);
}
