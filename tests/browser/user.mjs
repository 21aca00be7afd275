/*
 * A user at the console, for the tests against the real programs: does what a label says, in either
 * language, and sees what the page shows.
 *
 *     test("…", () => tellIn(browser, "en", [], async (user, world) => { … }));
 */

import assert from "node:assert/strict";
import en from "../../platform/console/app/words/en.js";
import zh from "../../platform/console/app/words/zh.js";
import { startWorld } from "./programs.mjs";
import { close, openConsole, settled, visit } from "./support.mjs";

export const SLOW_MS = 40000;

/* A user at the console: does what a label says, in the language of `words`. */
export class User {
    constructor(page, words) {
        this.page = page;
        this.words = words;
    }

    /* Where the user's hand is: the dialog, when there is one. */
    async scope() {
        const dialog = this.page.locator("dialog[open]");
        return await dialog.count() > 0 ? dialog.last() : this.page.locator("main");
    }

    async press(key, within) {
        const scope = within || await this.scope();
        await scope.getByRole("button", { name: this.words[key], exact: true }).first().click();
    }

    /* A button of the object browser. */
    operate(key, path) {
        return this.page.getByRole("button", { name: `${this.words[key]} ${path}`, exact: true })
            .click();
    }

    async field(key) {
        const label = (this.words[key] || key).replace(/[()/.]/g, "\\$&");
        return (await this.scope()).getByLabel(new RegExp(`^${label}( \\*)?$`))
            .and(this.page.locator("input:visible, select:visible, textarea:visible"));
    }

    /* {"product.name": "DoorLock", …}: a key of the words, or the label itself; files by path. */
    async fill(values) {
        for (const [key, value] of Object.entries(values)) {
            const field = await this.field(key);
            const type = await field.evaluate((e) => e.type);
            if (typeof value === "boolean") {
                await field.setChecked(value);
            } else if (type === "file") {
                await field.setInputFiles(value);
            } else if (type === "select-one") {
                await field.selectOption(value);
            } else {
                await field.fill(value);
            }
        }
    }

    /* A button whose dialog comes when what it offers is loaded. */
    async begin(key) {
        await this.press(key);
        await this.page.locator("dialog[open]").waitFor();
    }

    /* Presses the button `key`, and is told at the field `at` what is wrong. */
    async refused(key, at, expected) {
        await this.press(key);
        const field = (await this.field(at)).and(this.page.locator("[aria-invalid=true]"));
        await field.waitFor();
        assert.match(await field.evaluate((e) => e.getAttribute("aria-describedby").split(" ")
            .map((id) => document.getElementById(id)).filter((said) => !said.hidden)
            .map((said) => said.textContent).join(" ")), expected);
        assert.equal(await this.page.locator("dialog[open] [aria-invalid=true]").count(), 1);
    }

    async finish(key) {
        await this.press(key);
        await this.page.locator("dialog[open]").waitFor({ state: "detached" });
    }

    async choose(key) {
        await (await this.scope()).getByText(this.words[key], { exact: true }).click();
    }

    /* A part of the product or device shown. */
    async open(key) {
        await this.page.locator(".tabs").getByText(this.words[key], { exact: true }).click();
        await settled(this.page);
    }

    async sees(text, limit = SLOW_MS) {
        await this.page.locator("main").getByText(text).first().waitFor({ timeout: limit });
    }

    async saved() {
        await this.page.locator(".toast", { hasText: this.words.saved }).last().waitFor();
    }

    async newProduct(carrier, values) {
        await visit(this.page, "products");
        await this.page.getByRole("link", { name: this.words["products.add"] }).first().click();
        await this.page.locator(`.choice[data-carrier=${carrier}]`).click();
        await this.fill(values);
        await this.press("create");
        await this.page.waitForURL(/#\/products\/\d+$/);
        await settled(this.page);
    }

    async newDevice(values, endpoint) {
        await this.open("product.part.devices");
        await this.press("devices.add");
        await this.fill(values);
        await this.press("create");
        await this.page.waitForURL(new RegExp(`#/devices/${encodeURIComponent(endpoint)}$`));
        await settled(this.page);
        await this.state("unregistered");
    }

    state(name) {
        return this.page.locator(`.page-title [data-state=${name}]`).waitFor({ timeout: SLOW_MS });
    }

    /* The newest command ends well. */
    async commandEnds() {
        await this.page.locator("tbody tr [data-state=SUCCESSFUL]").first().waitFor({
            timeout: SLOW_MS,
        });
        await this.sees("2.04 Changed");
    }

    async seesChart(name, least) {
        await this.open("device.part.chart");
        await this.page.locator(".value-tile", { hasText: name }).click();
        await this.page.waitForFunction(([least_]) => document.querySelectorAll(".chart .point")
            .length >= least_, [least], { timeout: SLOW_MS });
        const path = await this.page.locator(".chart .line").getAttribute("d");
        assert.match(path, /^M[\d.]+ [\d.]+([LHV][\d.]+)/);
        // The keyboard tells each value.
        await this.page.locator(".chart").focus();
        await this.page.keyboard.press("Home");
        assert.match(await this.page.locator(".told").textContent(), /\d{4}-\d\d-\d\d/);
    }

    async seesMessages(...texts) {
        await this.open("device.part.messages");
        for (const text of texts) {
            await this.page.locator(".message", { hasText: text }).first().waitFor({
                timeout: SLOW_MS,
            });
        }
        const ways = await this.page.locator(".message").evaluateAll((all) =>
            all.map((e) => e.className));
        assert.ok(ways.some((c) => c.includes("up")) && ways.some((c) => c.includes("down")));
    }
}

/* Runs `story(user, world)`; on a failure it says what the programs said. */
export async function tellIn(browser, language, options, story) {
    const world = await startWorld(options);
    let page;
    try {
        page = await openConsole(browser, world.url, { token: world.token, language });
        await story(new User(page, language === "zh" ? zh : en), world);
        await close(page);
    } catch (error) {
        const programs = world.programs().map((p) => p.story()).join("\n");
        const shown = await page?.locator("body").innerText().catch(() => "");
        error.message += `\n${programs}\nThe page:\n${shown}`;
        throw error;
    } finally {
        await world.stop();
    }
}

export async function ends(player) {
    assert.equal(await player.ended, 0, player.story());
}
