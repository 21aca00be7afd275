/*
 * Firmware updates over the air in this console, as the guide's sections 5.6 (AEP) and 5.7 (IoT)
 * walk through the carriers' consoles, with the real programs: the package is made and signed,
 * uploaded and put into a task; a module plays the guide's session over a slow link, and the page
 * of the task follows it to its end. What the platform refuses stands at the field it is about.
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { example, playModule, runPython, runTool } from "./programs.mjs";
import { launch, visit } from "./support.mjs";
import { ends, SLOW_MS, tellIn } from "./user.mjs";

const STATES = ["WAITING", "QUERYING", "DOWNLOADING", "DOWNLOADED", "UPDATING", "SUCCEEDED"];
const LINK = "0s delay 200ms\n"; // each way, in the module's time: 2 s of ours for a package
let browser;
const tell = (...story) => tellIn(browser, ...story);

before(async () => { browser = await launch(); });
after(() => browser?.close());

/* Making packages ----------------------------------------------------------------------------- */

/* {image, archive}: the firmware that runs, and the zip file with the package to the next one. */
async function makePackage({ folder }, from, to) {
    const image = join(folder, `${from}.bin`);
    const archive = join(folder, `${to}.zip`);
    const inside = join(folder, "package", `${to}.bin`);
    await runPython("scripts/firmware.py", folder, from, to);
    await mkdir(join(folder, "package"));
    await runTool("bc260y-delta", "make", image, join(folder, `${to}.bin`), "-o", inside,
        "--from", from, "--to", to);
    await runPython("-m", "zipfile", "-c", archive, inside);
    return { image, archive };
}

/* {signed, key}: the signed zip file, and the public key (guide 5.7.2, 5.7.3). */
async function sign({ folder }, archive) {
    const secret = join(folder, "passphrase");
    await writeFile(secret, "quectel123\n");
    await runTool("bc260y-sign", "keygen", "--passphrase-file", secret, "--out", folder);
    await runTool("bc260y-sign", "sign", archive, "--key", join(folder, "private.pem"),
        "--passphrase-file", secret);
    return { signed: archive.replace(".zip", "_signed.zip"), key: join(folder, "public.pem") };
}

async function update(world, name, image, revision, seed) {
    const scenario = join(world.folder, "link.scenario");
    await writeFile(scenario, LINK);
    /* The host of the guide is quicker than +CPIN: READY, half-way through attach_ms. */
    return playModule(world, await example(name), world.where.coap, seed, ["--firmware", image,
        "--set", `revision=${revision}`, "--set", "attach_ms=20000", "--scenario", scenario]);
}

/* What the console is asked to do -------------------------------------------------------------- */

async function newTask(user, values) {
    await visit(user.page, "tasks");
    await user.begin("tasks.add");
    await user.fill(values);
    await user.press("create");
    await user.page.waitForURL(/#\/tasks\/\d+$/);
    await user.page.locator(".page-title [data-state=created]").waitFor();
}

async function choose(user, opener, endpoint, button) {
    await user.press(opener);
    await user.page.locator("dialog[open] label", { hasText: endpoint }).click();
    await user.finish(button);
    await user.page.getByRole("link", { name: endpoint }).waitFor();
}

/* Keeps each state and percentage that the task's page shows of its one device. */
function watch(page) {
    return page.evaluate(() => {
        window.seen = [];
        const look = () => {
            const row = document.querySelector("main tbody tr");
            const now = row && `${row.querySelector("[data-state]").dataset.state} ${
                row.querySelector("progress").value}`;
            if (now && now !== window.seen.at(-1)) {
                window.seen.push(now);
            }
        };
        look();
        new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
    });
}

/* The task's page has led from state to state, and its bar moved. */
async function succeeds(user, from, to) {
    const row = user.page.locator("main tbody tr");
    await row.locator("[data-state=SUCCEEDED]").waitFor({ timeout: SLOW_MS });
    assert.match(await row.innerText(), new RegExp(`${from}\\s+→\\s+${to}\\s+5/0/5 = 1`));
    await user.page.locator(".page-title [data-state=done]").waitFor();
    assert.equal(await user.page.locator("main progress").first().evaluate((e) => e.value), 100);
    const seen = (await user.page.evaluate(() => window.seen)).map((text) => text.split(" "));
    const places = seen.map(([state]) => STATES.indexOf(state));
    const told = JSON.stringify(seen);
    assert.deepEqual(places, places.slice().sort((a, b) => a - b), told);
    assert.equal(seen[0][0], "WAITING", told);
    const bars = seen.filter(([state]) => state === "DOWNLOADING").map(([, part]) => Number(part));
    assert.ok(bars.length > 1 && bars.every((part, i) => i === 0 || part > bars[i - 1]), told);
}

/* The stories ---------------------------------------------------------------------------------- */

test("G5.6: China Telecom AEP, from A01 to A02", () => tell("en", [], async (user, world) => {
    const [endpoint, from, to] = ["866971030603068", "BC260YCNAAR01A01", "BC260YCNAAR01A02"];
    const { image, archive } = await makePackage(world, from, to);
    const md5 = createHash("md5").update(await readFile(archive)).digest("hex");
    await user.newProduct("aep", { "product.name": "BC26NB",
        "product.endpoint_format": "{imei}" });
    await user.newDevice({ IMEI: endpoint }, endpoint);
    await visit(user.page, "firmwares");
    await user.begin("firmware.add");
    await user.fill({ "firmware.name": to, "firmware.version": to, "MD5": "12ab",
        "firmware.file": archive, "product.description": `${from}-${to}` });
    await user.refused("create", "MD5", /32 hexadecimal digits/);
    await user.fill({ MD5: "0".repeat(32) });
    await user.refused("create", "MD5", new RegExp(`MD5 of the file is ${md5}`));
    await user.fill({ MD5: md5.toUpperCase() });
    await user.finish("create");
    await user.sees(`${from} → ${to}`);
    await newTask(user, { "tasks.name": "Test_Task1", "tasks.retries": "3" });
    await choose(user, "tasks.add_devices", endpoint, "tasks.join");
    await user.press("tasks.start");
    await user.page.locator(".page-title [data-state=running]").waitFor();
    await watch(user.page);
    const { player } = await update(world, "dfota-aep", image, from, 5);
    await succeeds(user, from, to);
    await ends(player);
}));

test("G5.7: China Telecom IoT, a signed package", () => tell("zh", [], async (user, world) => {
    const [endpoint, from] = ["869405030311568", "BC260YCNAAR01A03"];
    const to = `${from}_BETA0721`;
    const { image, archive } = await makePackage(world, from, to);
    const { signed, key } = await sign(world, archive);
    await user.newProduct("iot", {
        "product.name": "WaterMeter", "product.model": "BC260YCN",
        "product.manufacturer": "QUECTEL", "product.device_type": "WaterMeter",
        "product.protocol": "CoAP",
    });
    await allowUpgrades(user);
    await user.newDevice({ IMEI: endpoint }, endpoint);
    await uploadSigned(user, { to, from, archive, signed, key });
    await visit(user.page, "groups");
    await user.press("groups.add");
    await user.fill({ name: "Water" });
    await user.finish("create");
    await user.page.getByRole("heading", { name: "Water" }).waitFor();
    await choose(user, "groups.bind", endpoint, "groups.bind");
    await newTask(user, { "tasks.name": "batch", "tasks.retries": "2",
        "tasks.policy": "next_registration", "tasks.group": { label: "Water" } });
    await user.press("tasks.start");
    await user.page.getByRole("link", { name: endpoint }).waitFor();
    await watch(user.page);
    const { player } = await update(world, "dfota-iot", image, from, 6);
    await succeeds(user, from, to);
    await ends(player);
}));

/* omCapability of the profile (5.7.1). */
async function allowUpgrades(user) {
    await user.open("product.part.profile");
    await user.press("profile.service.add");
    await user.fill({ name: "WaterData" });
    await user.finish("apply");
    await user.fill({ "profile.upgrade": true });
    await user.press("save");
    await user.saved();
}

/* 5.7.4: all fields are those of the profile, and nothing unsigned is taken. */
async function uploadSigned(user, { from, to, archive, signed, key }) {
    await visit(user.page, "keys");
    await user.press("keys.add");
    await user.fill({ "product.manufacturer": "QUECTEL", "keys.file": key });
    await user.finish("keys.upload");
    await visit(user.page, "firmwares");
    await user.begin("firmware.add");
    await user.page.locator("dialog[open]").getByText(user.words["carrier.iot"]).click();
    await user.fill({
        "firmware.name": "BETA", "firmware.version": to, "product.device_type": "WaterMeter",
        "product.manufacturer": "Quectel", "product.model": "BC260YCN",
        "product.protocol": "CoAP", "firmware.sources": from, "firmware.file": archive,
    });
    await user.refused("create", "product", /请选择产品/);
    await user.fill({ product: { label: "WaterMeter" } });
    await user.refused("create", "product.manufacturer", /厂商名称与产品的 Profile 不一致/);
    await user.fill({ "product.manufacturer": "QUECTEL" });
    await user.refused("create", "firmware.file", /文件没有签名/);
    assert.equal(await user.page.locator("dialog[open] progress").count(), 0);
    await user.fill({ "firmware.file": signed });
    await user.finish("create");
    await user.sees(`${from} → ${to}`);
}
