/*
 * How the console behaves: signing in and out, roles, lists that search and follow events, what is
 * asked before something is destroyed, what a refused form shows, languages and colours that are
 * remembered, keyboard, broken connections.
 */

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { startFake } from "./fake.mjs";
import { close, launch, openConsole, settled, visit } from "./support.mjs";
import { richWorld } from "./world.mjs";

const DEVICE = "867724030023557";
let browser;
let fake;

before(async () => { browser = await launch(); });
after(() => browser?.close());
beforeEach(async () => { fake = await startFake({ world: richWorld() }); });
afterEach(() => fake.stop());

/* A page of the console for the length of `story`. */
async function onPage(options, story) {
    const page = await openConsole(browser, fake.url, options);
    await story(page);
    await close(page);
}

const button = (page, name) => page.getByRole("button", { name, exact: true });
const rows = (page) => page.locator("main tbody tr:visible");
const countOf = async (page, count) => page.waitForFunction((n) => [...document
    .querySelectorAll("main tbody tr")].filter((e) => !e.hidden).length === n, count);

/* Signing in ---------------------------------------------------------------------------------- */

test("a token that is not known is refused at its field; a good one opens the console", () =>
    onPage({ token: null }, async (page) => {
        const field = page.getByLabel("Access token");
        await field.fill("bcp_nobody");
        await field.press("Enter");
        await page.getByText("The platform does not know this token").waitFor();
        assert.equal(await field.getAttribute("aria-invalid"), "true");
        await field.fill("bcp_admin");
        await field.press("Enter");
        await page.getByRole("heading", { name: "Overview" }).waitFor();
        assert.equal(await page.evaluate(() => localStorage.getItem("bc260y.token")), null);
        assert.equal(await page.evaluate(() => sessionStorage.getItem("bc260y.token")),
            "bcp_admin");
    }));

test("signing out forgets the token", () => onPage({}, async (page) => {
    await page.evaluate(() => sessionStorage.setItem("signed-out-once", "yes"));
    await button(page, "Sign out").click();
    await page.getByLabel("Access token").waitFor();
    assert.equal(await page.evaluate(() => sessionStorage.getItem("bc260y.token")), null);
    await page.reload();
    await page.getByLabel("Access token").waitFor();
}));

test("a token that ends while the console is open leads to the page to sign in", () =>
    onPage({}, async (page) => {
        await page.route("**/api/v1/devices?*", (route) => route.fulfill({
            status: 401, contentType: "application/problem+json", body: "{}",
        }));
        await page.evaluate(() => { location.hash = "#/devices"; });
        await page.getByText("Your token is no longer valid").waitFor();
    }));

test("a viewer is offered nothing that changes something", () =>
    onPage({ token: "bcp_viewer" }, async (page) => {
        const changing = new RegExp("^(Add|New|Delete|Remove|Edit|Save|Deploy|Publish|Send|Write|"
            + "Read|Start)\\b");
        for (const path of ["products", "products/1", "products/1/profile", "products/1/codec",
            "products/4/model", "devices", `devices/${DEVICE}`, `devices/${DEVICE}/objects`,
            `devices/${DEVICE}/commands`, `devices/${DEVICE}/virtual`, "firmwares", "tasks/51",
            "groups/1", "keys"]) {
            await visit(page, path);
            const found = await page.locator("main").getByRole("button", { name: changing })
                .evaluateAll((all) => all.map((e) => e.textContent));
            assert.deepEqual(found, [], path);
        }
        await visit(page, "tokens");
        await page.getByText("This page needs the role Administrator.").waitFor();
    }));

/* Lists --------------------------------------------------------------------------------------- */

test("lists are searched, by the platform or here, and say when nothing matches", () =>
    onPage({}, async (page) => {
        await visit(page, "devices");
        await countOf(page, 6);
        await page.getByPlaceholder("Search by name or IMEI").fill("sluice");
        await countOf(page, 1);
        await page.getByPlaceholder("Search by name or IMEI").fill("nobody");
        await page.getByText("Nothing matches.").waitFor();
        await visit(page, "commands");
        await countOf(page, 7);
        await page.getByPlaceholder("Search").fill("CHANGE_PWD");
        await countOf(page, 1);
        await page.getByPlaceholder("Search").fill("");
        await page.getByRole("combobox", { name: "All states" }).selectOption("FAILED");
        await countOf(page, 1);
        await page.getByText("4.05 Method Not Allowed").waitFor();
        await page.getByRole("combobox", { name: "All states" }).selectOption("PENDING");
        await countOf(page, 2);
        fake.world.commands.find((c) => c.state === "PENDING").state = "SENT";
        fake.tell({ type: "command", endpoint: DEVICE });
        await countOf(page, 1);
    }));

test("a long list is loaded page by page", async () => {
    for (let i = 0; i < 120; i += 1) {
        fake.world.devices.push({ ...fake.world.devices[0], endpoint: `device-${i}`, name: "" });
    }
    await onPage({}, async (page) => {
        await visit(page, "devices");
        await countOf(page, 50);
        await button(page, "Show more").click();
        await countOf(page, 100);
        await button(page, "Show more").click();
        await countOf(page, 126);
        assert.equal(await button(page, "Show more").count(), 0);
    });
});

test("a list follows events, and the keyboard stays where it is", () => onPage({}, async (page) => {
    await visit(page, "devices");
    const link = page.getByRole("link", { name: DEVICE });
    await link.focus();
    fake.world.devices[0].name = "Back door";
    fake.tell({ type: "device", endpoint: DEVICE });
    await page.getByText("Back door").waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.textContent), DEVICE);
}));

test("new data appears while its page is open", () => onPage({}, async (page) => {
    await visit(page, `devices/${DEVICE}/data`);
    const data = fake.world.data[DEVICE];
    data.push({ ...data[0], number: 5000, hex: "c0ffee" });
    fake.tell({ type: "data", endpoint: DEVICE });
    await page.getByText("c0 ff ee").waitFor();
}));

test("the chart follows, too", () => onPage({}, async (page) => {
    await visit(page, `devices/${DEVICE}/chart`);
    await page.locator(".value-tile", { hasText: "temperature" }).getByText("22").first().waitFor();
    fake.world.properties[DEVICE].temperature.push({ time_ms: Date.now(), value: 99.5 });
    fake.tell({ type: "data", endpoint: DEVICE });
    await page.locator(".value-tile", { hasText: "99.5" }).waitFor();
    await page.locator(".chart").focus();
    await page.keyboard.press("End");
    await page.locator(".told", { hasText: "99.5" }).waitFor();
}));

/* Live updates -------------------------------------------------------------------------------- */

const focused = (page) => page.evaluate(() => document.activeElement.textContent);

test("what is unfolded and focused stays so while messages come in", () =>
    onPage({}, async (page) => {
        await visit(page, `devices/${DEVICE}/messages`);
        const summary = page.locator(".message summary", { hasText: "/19/1/0" });
        await summary.click();
        const before_ = await focused(page);
        const messages = fake.world.messages[DEVICE];
        messages.push({ ...messages[0], time_ms: Date.now() + 1, message_id: 4711 });
        fake.tell({ type: "message", endpoint: DEVICE });
        await page.getByText("MID 4711").waitFor();
        assert.equal(await page.locator(".message details[open]").count(), 1);
        assert.equal(await focused(page), before_);
    }));

test("the chart stays where the keyboard is, its table unfolded", () => onPage({}, async (page) => {
    await visit(page, `devices/${DEVICE}/chart`);
    await page.getByText("As a table (60)").click();
    await page.locator(".chart").focus();
    await page.keyboard.press("Home");
    const told = await page.locator(".told").textContent();
    fake.world.properties[DEVICE].temperature.push({ time_ms: Date.now(), value: 30 });
    fake.tell({ type: "data", endpoint: DEVICE });
    await page.getByText("As a table (61)").waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.tagName), "svg");
    assert.equal(await page.locator(".told").textContent(), told);
    assert.equal(await page.locator(".chart-frame ~ details[open]").count(), 1);
    await page.locator(".value-tile", { hasText: "waterflow" }).focus();
    fake.world.properties[DEVICE].waterflow.push({ time_ms: Date.now(), value: 9999 });
    fake.tell({ type: "data", endpoint: DEVICE });
    await page.locator(".value-tile", { hasText: "9999" }).waitFor();
    assert.match(await focused(page), /9999/);
}));

test("'Show more' keeps the focus, and gives it to the first new row at the end", async () => {
    for (let i = 0; i < 70; i += 1) {
        fake.world.devices.push({ ...fake.world.devices[0], endpoint: `device-${i}`, name: "" });
    }
    await onPage({}, async (page) => {
        await visit(page, "devices");
        await countOf(page, 50);
        await button(page, "Show more").focus();
        await page.keyboard.press("Enter");
        await countOf(page, 76);
        assert.equal(await focused(page), "device-44");
    });
});

test("a device's objects come when it registers, with what they report", () =>
    onPage({}, async (page) => {
        const objects = fake.world.objects[DEVICE];
        fake.world.objects[DEVICE] = [];
        await visit(page, `devices/${DEVICE}/objects`);
        await page.getByText("The device has not announced any object").waitFor();
        objects.find((o) => o.object === 19).instances[0].resources[0].value = null;
        fake.world.objects[DEVICE] = objects;
        fake.tell({ type: "registered", endpoint: DEVICE });
        await page.locator('[data-key="/19/0/0"]').getByText("3c 69 6d 67").waitFor();
        await page.getByPlaceholder("Search objects").fill("nothing of the kind");
        await page.getByText("Nothing matches.").waitFor();
    }));

test("events say what happened, as the platform tells them", () => onPage({ language: "zh" },
    async (page) => {
        await visit(page, "events");
        await page.waitForFunction(() => document.querySelector(".live").dataset.state === "live");
        const row = (text) => page.locator(".feed li", { hasText: text }).waitFor();
        fake.tell({ type: "registered", endpoint: "one", registration: {
            address: "127.0.0.1:4711", lifetime_s: 86400 } });
        await row("127.0.0.1:4711 · 生命周期 1 天");
        fake.tell({ type: "data", endpoint: "one", data: { path: "/19/0/0", hex: "0200",
            values: null, undecoded: "no message of the codec fits this payload of 2 bytes" } });
        await row("/19/0/0 · 02 00 · 插件中没有与这 2 字节匹配的消息");
        fake.tell({ type: "command", endpoint: "one", command: { kind: "operation",
            operation: "read", path: "/3/0/9", state: "FAILED", code: "4.04",
            reason: "the device answered 4.04" } });
        await row("读 · /3/0/9 · 失败 · 4.04 Not Found");
        fake.tell({ type: "fota", endpoint: "one", state: "FAILED", progress: 0,
            reason: "the URI was refused: the device answers 4.05" });
        await row("失败 · 下载地址被拒绝：设备返回 4.05");
        fake.tell({ type: "product", product: 1, change: "added", state: { name: "DoorLock" } });
        await row("已添加 · DoorLock");
        fake.tell({ type: "data", endpoint_hex: "fffe41", data: { path: "/1", hex: "" } });
        await row("ff fe 41");
    }));

/* Changing things ----------------------------------------------------------------------------- */

test("what destroys asks first; 'Cancel' and Escape change nothing", () =>
    onPage({}, async (page) => {
        await visit(page, "devices");
        const remove = button(page, `Delete: ${DEVICE}`);
        for (const leave of [() => button(page, "Cancel").click(),
            () => page.keyboard.press("Escape")]) {
            await remove.click();
            await page.getByRole("alertdialog").getByText("will be deleted").waitFor();
            await leave();
            await page.getByRole("alertdialog").waitFor({ state: "detached" });
        }
        assert.equal(fake.world.devices.length, 6);
        await remove.click();
        await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
        await countOf(page, 5);
        assert.ok(!fake.world.devices.some((d) => d.endpoint === DEVICE));
    }));

test("every button that deletes, cancels or stops asks", () => onPage({}, async (page) => {
    const places = [["keys", "Delete: QUECTEL"], ["webhooks", /^Delete: https/],
        ["tokens", "Delete: first"], ["firmwares", "Delete: BC260YCNAAR01A02"],
        ["commands", "Cancel command: #17"], ["tasks/51", "Cancel the task"],
        [`devices/${DEVICE}`, `Delete: ${DEVICE}`], ["groups/1", `Unbind: ${DEVICE}`],
        ["devices/866971031275899/virtual", "Stop: 866971031275899"],
        ["products/1/profile", "Remove: userid"], ["products/1/codec", "Delete: Codec"]];
    const before_ = JSON.stringify(fake.world);
    for (const [path, name] of places) {
        await visit(page, path);
        await page.getByRole("button", { name, exact: true }).first().click();
        await page.getByRole("alertdialog").waitFor();
        await page.keyboard.press("Escape");
        await page.getByRole("alertdialog").waitFor({ state: "detached" });
    }
    assert.equal(JSON.stringify(fake.world), before_);
}));

test("what is missing or refused is told at its field, and nothing is lost", () =>
    onPage({}, async (page) => {
        await visit(page, "products/new");
        await page.locator(".choice[data-carrier=iot]").click();
        await button(page, "Create").click();
        await page.getByText("Please fill this in.").waitFor();
        const name = page.getByLabel("Product name");
        assert.equal(await name.getAttribute("aria-invalid"), "true");
        await name.fill("DoorLock");
        await page.getByLabel("Model", { exact: true }).fill("A");
        await button(page, "Create").click();
        await page.getByText("There is a product of that name.").waitFor();
        assert.equal(await page.getByLabel("Model", { exact: true }).inputValue(), "A");
        assert.equal(await page.evaluate(() => document.activeElement.name), "name");
    }));

test("IMEI, hex and JSON are checked before anything is sent", () => onPage({}, async (page) => {
    await visit(page, "devices");
    await button(page, "Add device").click();
    const dialog = page.locator("dialog");
    await dialog.getByLabel("IMEI").fill("12");
    await dialog.getByRole("button", { name: "Create" }).click();
    await dialog.getByText("14 to 16 digits are needed.").waitFor();
    await page.keyboard.press("Escape");
    await visit(page, `devices/${DEVICE}/commands`);
    await button(page, "Send bytes").click();
    await dialog.getByLabel("Bytes (hex)").fill("0g");
    await dialog.getByRole("button", { name: "Send" }).click();
    await dialog.getByText("Pairs of hexadecimal digits are needed").waitFor();
    assert.equal(fake.world.commands.length, 7);
}));

test("what was not decoded is tried with the codec", () => onPage({}, async (page) => {
    await visit(page, `devices/${DEVICE}/data`);
    await button(page, "Row 1024").click();
    await page.getByRole("link", { name: "Try it with the codec" }).click();
    await page.getByRole("heading", { name: "Try it" }).waitFor();
    assert.match(await page.getByLabel("Bytes of a report (hex)").inputValue(), /^3c 69 6d 67/);
    await button(page, "Decode").click();
    await page.getByText('"level"').waitFor();
}));

test("a codec's mistake is told with its line", () => onPage({}, async (page) => {
    await visit(page, "products/1/codec");
    await button(page, "Lua").click();
    await page.getByLabel("Lua", { exact: true }).and(page.locator("textarea")).fill(
        "-- syntax error");
    await button(page, "Save").click();
    await page.getByText("line 3: syntax error near 'error'").waitFor();
}));

test("a form and its JSON are the same document", () => onPage({}, async (page) => {
    await visit(page, "products/1/profile");
    await button(page, "JSON").click();
    const area = page.getByLabel("JSON").and(page.locator("textarea"));
    const document_ = JSON.parse(await area.inputValue());
    document_.services[0].properties[0].propertyName = "humidity";
    await area.fill("{");
    await button(page, "Form").click();
    await page.getByText("This is not JSON").waitFor();
    await area.fill(JSON.stringify(document_));
    await button(page, "Form").click();
    await page.getByText("humidity").waitFor();
    await button(page, "Save").click();
    await page.getByText("Saved.").waitFor();
    assert.equal(fake.world.documents["1/profile"].services[0].properties[0].propertyName,
        "humidity");
}));

test("what is not saved is not lost by leaving", () => onPage({}, async (page) => {
    await visit(page, "products/1/codec");
    await button(page, "Lua").click();
    const area = page.getByLabel("Lua", { exact: true }).and(page.locator("textarea"));
    await area.fill("-- mine");
    await button(page, "List of fields").click();
    await button(page, "Lua").click();
    assert.equal(await area.inputValue(), "-- mine");
    await page.getByRole("link", { name: "Devices" }).first().click();
    await page.getByRole("alertdialog", { name: "Leave without saving?" }).waitFor();
    await button(page, "Cancel").click();
    assert.match(page.url(), /products\/1\/codec$/);
    assert.equal(await area.inputValue(), "-- mine");
    await page.goBack();
    await button(page, "Leave").click();
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    await visit(page, "products/1/codec");
    await page.getByText("Fields of BusinessService", { exact: true }).waitFor();
}));

test("what is deployed or published is what is seen", () => onPage({}, async (page) => {
    await visit(page, "products/1/codec");
    await button(page, "Lua").click();
    await page.getByLabel("Lua", { exact: true }).and(page.locator("textarea")).fill("-- mine");
    await button(page, "Deploy").click();
    await page.getByText("Deployed.").waitFor();
    assert.deepEqual(fake.world.documents["1/codec"], { kind: "lua", source: "-- mine" });
    await visit(page, "products/4/model");
    await button(page, "Remove: waterflow").click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Remove" }).click();
    await page.getByText("Not saved yet").waitFor();
    assert.equal(await focused(page), "Add property");
    await button(page, "Edit: switch").click();
    await button(page, "Apply").click();
    await page.locator("dialog").waitFor({ state: "detached" });
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-label")),
        "Edit: switch");
    await button(page, "Publish").click();
    await page.locator(".toast", { hasText: "Published" }).waitFor();
    assert.deepEqual(fake.world.documents["4/model"].properties.map((p) => p.identifier),
        ["switch"]);
}));

test("a device is moved to another product, and given a key", () => onPage({}, async (page) => {
    await visit(page, `devices/${DEVICE}`);
    await button(page, "Edit").click();
    const dialog = page.locator("dialog");
    await dialog.getByLabel("Product").selectOption("4");
    await dialog.getByText("Encrypted, with this key").click();
    await dialog.getByLabel("PSK identity").fill("door");
    await dialog.getByLabel("PSK (hex)").fill("00 11");
    await button(page, "Save").click();
    await page.locator(".trail").getByText("移远水表").waitFor();
    const [device] = fake.world.devices;
    assert.deepEqual([device.product, device.encrypted, device.name], [4, true, "Front door"]);
}));

test("names are as long as the platform takes them, in bytes", () => onPage({ language: "zh" },
    async (page) => {
        await visit(page, `devices/${DEVICE}`);
        await button(page, "编辑").click();
        await page.locator("dialog").getByLabel("设备名称").fill("二".repeat(22));
        await button(page, "保存").click();
        await page.getByText("最多 64 字节，一个汉字占 3 字节。").waitFor();
        await page.locator("dialog").getByLabel("设备名称").fill("二".repeat(21));
        await button(page, "保存").click();
        await page.getByRole("heading", { name: "二".repeat(21) }).waitFor();
    }));

test("refusals are in the console's language, at the field they are about", () =>
    onPage({ language: "zh" }, async (page) => {
        await visit(page, "devices");
        await button(page, "添加设备").click();
        const imei = page.locator("dialog").getByLabel("IMEI");
        await imei.fill(DEVICE);
        await button(page, "创建").click();
        await page.locator("dialog .error", { hasText: "设备已存在。" }).waitFor();
        assert.equal(await imei.getAttribute("aria-invalid"), "true");
        await page.keyboard.press("Escape");
        await page.route("**/api/v1/groups?*", (route) => route.fulfill({
            status: 409, contentType: "application/problem+json",
            body: JSON.stringify({ code: "of_tomorrow", detail: "something new" }),
        }));
        await visit(page, "groups");
        await page.getByText("平台提示：something new").waitFor();
    }));

test("devices are chosen all at once, and only those that fit", () => onPage({}, async (page) => {
    await visit(page, "tasks/51");
    await button(page, "Add devices").click();
    await button(page, "Add to the task").click();
    await page.locator("dialog .toast", { hasText: "Choose at least one." }).waitFor();
    await page.locator("dialog").getByText("All shown (1)").click();
    await page.locator("dialog").getByText("Chosen: 1").waitFor();
    await button(page, "Add to the task").click();
    await page.locator("dialog").waitFor({ state: "detached" });
    assert.equal(fake.world.taskDevices[51].at(-1).endpoint,
        "urn:imei-imsi:866971030603068-460111174747875");
}));

test("a property is set by the names of the thing model", () => onPage({}, async (page) => {
    await visit(page, "devices/861428040064744/commands");
    await button(page, "Set a property").click();
    await page.locator("dialog").getByLabel("Value").locator("visible=true").selectOption("关");
    await page.locator("dialog").getByRole("button", { name: "Send" }).click();
    await page.locator("dialog").waitFor({ state: "detached" });
    assert.deepEqual(fake.world.commands.at(-1).request, { property: "switch", value: false });
}));

test("a command to a device that sleeps is told to wait", () => onPage({}, async (page) => {
    await visit(page, `devices/${DEVICE}/objects`);
    await button(page, "Any operation").click();
    await page.locator("dialog").getByLabel("Path").fill("/9/0/9");
    await page.locator("dialog").getByRole("button", { name: "Send" }).click();
    await page.getByText("Read /9/0/9: waits for the device.").waitFor();
}));

test("a new token is shown once", () => onPage({}, async (page) => {
    await visit(page, "tokens");
    await button(page, "New token").click();
    await page.locator("dialog").getByLabel("Name").fill("app");
    await page.locator("dialog").getByRole("button", { name: "Create" }).click();
    await page.getByText("it is shown only this once").waitFor();
    await page.locator(".secret", { hasText: "bcp_" }).waitFor();
    await button(page, "Done").click();
    await page.locator("dialog").waitFor({ state: "detached" });
    await page.locator("main").getByText("app").waitFor();
    assert.equal(await page.getByText(/bcp_\w/).count(), 0);
}));

/* Preferences, keyboard, connection ----------------------------------------------------------- */

test("language and colours are remembered", () => onPage({}, async (page) => {
    await page.getByLabel("Language").selectOption("zh");
    await page.getByRole("heading", { name: "概览" }).waitFor();
    await page.getByLabel("配色").selectOption("dark");
    await page.reload();
    await page.getByRole("heading", { name: "概览" }).waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.lang), "zh-CN");
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    assert.equal(await background(), "rgb(15, 20, 26)");
    await page.getByLabel("配色").selectOption("light");
    assert.equal(await background(), "rgb(244, 246, 248)");
}));

test("the keyboard reaches everything: skip link, menu, a whole device added", () =>
    onPage({}, async (page) => {
        await page.evaluate(() => document.activeElement.blur());
        await page.keyboard.press("Tab");
        assert.equal(await page.evaluate(() => document.activeElement.textContent),
            "Skip to content");
        await page.keyboard.press("Enter");
        assert.equal(await page.evaluate(() => document.activeElement.tagName), "MAIN");
        await page.getByRole("link", { name: "Groups" }).focus();
        await page.keyboard.press("Enter");
        await settled(page);
        assert.equal(await page.evaluate(() => document.activeElement.textContent), "Groups");
        await button(page, "New group").focus();
        await page.keyboard.press("Enter");
        await page.keyboard.type("Lab");
        await page.keyboard.press("Enter");
        await page.getByRole("heading", { name: "Lab" }).waitFor();
        assert.ok(fake.world.groups.some((g) => g.name === "Lab"));
    }));

test("the menu of a narrow screen opens, closes with Escape, and gives the focus back", () =>
    onPage({ width: 390 }, async (page) => {
        const menu = button(page, "Menu");
        assert.equal(await page.getByRole("link", { name: "Tokens" }).isVisible(), false);
        await menu.click();
        await page.getByRole("link", { name: "Tokens" }).waitFor();
        assert.equal(await menu.getAttribute("aria-expanded"), "true");
        await page.keyboard.press("Escape");
        assert.equal(await menu.getAttribute("aria-expanded"), "false");
        assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-label")),
            "Menu");
    }));

test("live events come back after a break, from where they ended", () => onPage({},
    async (page) => {
        await visit(page, "events");
        await page.waitForFunction(() => document.querySelector(".live").dataset.state === "live");
        fake.tell({ type: "registered", endpoint: "one" });
        await page.getByText("one", { exact: true }).waitFor();
        const last = fake.lastEvent;
        fake.breakStreams();
        await page.getByText("Reconnecting").waitFor();
        await page.waitForFunction(() => document.querySelector(".live").dataset.state === "live");
        assert.equal(fake.streams.at(-1).lastId, String(last));
        fake.tell({ type: "registered", endpoint: "two" });
        await page.getByText("two", { exact: true }).waitFor();
    }));

test("events can be paused, filtered and cleared", () => onPage({}, async (page) => {
    await visit(page, "events");
    await page.waitForFunction(() => document.querySelector(".live").dataset.state === "live");
    fake.tell({ type: "registered", endpoint: "one" });
    fake.tell({ type: "alarm", problem: "the store is full" });
    await page.locator(".feed li").nth(1).waitFor();
    await page.getByRole("combobox", { name: "All kinds" }).selectOption("alarm");
    assert.equal(await page.locator(".feed li").count(), 1);
    await button(page, "Pause").click();
    fake.tell({ type: "alarm", problem: "again" });
    await page.waitForTimeout(400);
    assert.equal(await page.locator(".feed li").count(), 1);
    await button(page, "Clear").click();
    await page.getByText("Nothing has happened yet.").waitFor();
}));

test("a platform that fails is told, and can be asked again", () => onPage({}, async (page) => {
    let broken = true;
    await page.route("**/api/v1/groups?*", (route) => (broken ? route.fulfill({
        status: 503, contentType: "application/problem+json",
        body: JSON.stringify({ status: 503, detail: "the store is full" }),
    }) : route.fallback()));
    await visit(page, "groups");
    await page.getByText("the store is full").waitFor();
    broken = false;
    await button(page, "Try again").click();
    await page.getByRole("link", { name: "Default group" }).waitFor();
    await page.route("**/api/v1/keys?*", (route) => route.abort());
    await visit(page, "keys");
    await page.getByText("The platform cannot be reached.").waitFor();
}));

test("a firmware that is refused leaves the form as it was, and no empty firmware behind", () =>
    onPage({}, async (page) => {
        await page.route("**/content", (route) => route.fulfill({
            status: 422, contentType: "application/problem+json",
            body: JSON.stringify({ status: 422, detail: "the MD5 is another one" }),
        }));
        await visit(page, "firmwares");
        await button(page, "Add firmware").click();
        const dialog = page.locator("dialog");
        await dialog.getByLabel("Firmware name").fill("A");
        await dialog.getByLabel("Version *", { exact: true }).fill("B");
        await dialog.getByLabel("Package (zip)").setInputFiles({
            name: "a.zip", mimeType: "application/zip", buffer: Buffer.from("PK"),
        });
        await dialog.getByRole("button", { name: "Create" }).click();
        await dialog.getByText("the MD5 is another one").waitFor();
        assert.equal(await dialog.getByLabel("Firmware name").inputValue(), "A");
        assert.equal(fake.world.firmwares.length, 2);
    }));

test("an upgrade's bars move with its events", () => onPage({}, async (page) => {
    await visit(page, "tasks/51");
    await page.locator("tr", { hasText: DEVICE }).getByText("62%").waitFor();
    Object.assign(fake.world.taskDevices[51][0], { state: "UPDATING", progress: 100 });
    fake.tell({ type: "fota", endpoint: DEVICE });
    await page.locator("tr", { hasText: DEVICE }).getByText("Updating").waitFor();
    const bar = page.getByRole("progressbar", { name: `Progress of ${DEVICE}` });
    assert.equal(await bar.evaluate((e) => e.value), 100);
}));

test("a private key is never sent", () => onPage({}, async (page) => {
    await visit(page, "keys");
    await button(page, "Add key").click();
    const dialog = page.locator("dialog");
    await dialog.getByLabel("Manufacturer").fill("X");
    await dialog.getByLabel("Public key").fill("-----BEGIN ENCRYPTED PRIVATE KEY-----");
    await dialog.getByRole("button", { name: "Upload" }).click();
    await dialog.getByText("This is a private key").waitFor();
    assert.equal(fake.world.keys.length, 1);
}));

test("a virtual device is started, typed at, and stopped", () => onPage({}, async (page) => {
    await visit(page, `devices/${DEVICE}/virtual`);
    await button(page, "Start").click();
    await page.locator(".terminal", { hasText: "RDY" }).waitFor();
    await page.getByLabel("AT command").fill("ATI");
    await page.getByLabel("AT command").press("Enter");
    await page.waitForFunction(() => document.querySelector("input[aria-label='AT command']")
        .value === "");
    fake.tell({ type: "at", endpoint: DEVICE });
    await page.locator(".terminal", { hasText: "ATI" }).waitFor();
    await button(page, `Stop: ${DEVICE}`).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Stop" }).click();
    await button(page, "Start").waitFor();
    assert.equal(fake.world.virtual[DEVICE], undefined);
}));
