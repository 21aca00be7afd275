/*
 * The guide's steps in the carriers' consoles, each as one test in this console against the real
 * programs: the user makes a product and a device, a module plays the guide's session, and the
 * console shows the data, the objects, the messages and a chart; a write reaches the module.
 *
 *     browser            bc260y-platform                    bc260y
 *       | -- REST: product, device --> |                       |
 *       |                              | <-- register -------- | AT+QLAREG
 *       | <-- events: online --------- |                       |
 *       | <-- events: data ----------- | <-- notify, /dp ----- | AT+QLANOTIFY
 *       | -- REST: write ------------> | --- PUT ------------> | +QLAURC: "write"
 *       | <-- events: 2.04 ----------- | <-- 2.04 ------------ | AT+QLAWRRSP
 */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { example, playModule } from "./programs.mjs";
import { launch } from "./support.mjs";
import { ends, SLOW_MS, tellIn } from "./user.mjs";

let browser;
const tell = (...story) => tellIn(browser, ...story);

before(async () => { browser = await launch(); });
after(() => browser?.close());

/* The example, with lines of ours before it deregisters. A longer lifetime than the guide's 100 s:
 * the module's pings must not come between while the user looks around. */
async function session(name, lines) {
    const text = (await example(name)).replace("AT+QLAUPDATE=0,100", "AT+QLAUPDATE=0,86400");
    const place = text.indexOf("AT+QLADEREG");
    assert.ok(place > 0);
    return `${text.slice(0, place)}${lines.join("\n")}\n\n${text.slice(place)}`;
}

test("G5.2.1: China Telecom IoT, a door lock", () => tell("en", [], async (user, world) => {
    const endpoint = "867724030023557";
    await user.newProduct("iot", {
        "product.name": "DoorLock", "product.model": "DoorLock001",
        "product.industry": "智慧生活", "product.device_type": "DoorLock",
        "product.protocol": "LWM2M", "product.data_format": "binary",
    });
    await defineProfile(user);
    await defineCodec(user);
    await user.newDevice({ "device.name": "Front door", IMEI: endpoint }, endpoint);
    const { player } = await playModule(world, await session("iot", [
        '[30s] +QLAURC: "write",{write},19,1,0,2,7,"09313233343536",0',
        "AT+QLAWRRSP={write},2", "OK", "+QLAWRRSP: 0",
    ]), world.where.coap, 1);
    await user.state("online");
    await user.open("device.part.data");
    await user.sees("02 00 01 00 04 00 02 34 38");
    await user.sees("BusinessService.userid");
    await user.open("device.part.objects");
    await user.sees("Binary App Data Container");
    await user.sees("/19/1/0");
    await user.open("device.part.commands");
    // The report behind the deep sleep: the module listens again.
    await world.platform.line(/"event":"notify".*020001000400023238/, SLOW_MS);
    await user.press("command.profile");
    await user.fill({ newPassword: "123456" });
    await user.finish("send");
    await user.commandEnds();
    await ends(player);
    await user.state("unregistered");
    await user.seesMessages("GET", "PUT", "/19/1/0");
    await user.seesChart("userid", 3);
}));

async function defineProfile(user) {
    await user.open("product.part.profile");
    await user.press("profile.service.add");
    await user.fill({ name: "BusinessService" });
    await user.finish("apply");
    for (const name of ["timeStamp", "userid"]) {
        await user.press("profile.property.add");
        await user.fill({ name, "profile.type": "int", "profile.min": "0", "profile.max": "128",
            "profile.required": true, "profile.method.R": true, "profile.method.E": true });
        await user.finish("apply");
    }
    await user.press("profile.command.add");
    await user.fill({ name: "CHANGE_PWD" });
    await user.finish("apply");
    await user.press("profile.para.add");
    await user.fill({ name: "newPassword", "profile.type": "string", "profile.length": "10" });
    await user.finish("apply");
    await user.press("save");
    await user.saved();
}

async function defineCodec(user) {
    await user.open("product.part.codec");
    await user.press("codec.messages.add");
    await user.fill({ "codec.service": "BusinessService", "codec.id.byte": "2" });
    await user.finish("apply");
    for (const [name, offset] of [["timeStamp", "4"], ["userid", "7"]]) {
        await user.press("codec.field.add");
        await user.fill({ name, "codec.type": "uint8", "codec.offset": offset });
        await user.finish("apply");
    }
    await user.press("codec.commands.add");
    await user.fill({ "codec.service": "BusinessService", "codec.method": "CHANGE_PWD",
        "codec.id.byte": "9" });
    await user.finish("apply");
    const section = user.page.locator(".sub", { hasText: "CHANGE_PWD" });
    await user.press("codec.field.add", section);
    await user.fill({ name: "newPassword", "codec.type": "string" });
    await user.finish("apply");
    await user.press("save");
    await user.saved();
    await user.fill({ "codec.test.hex": "02 00 01 00 04 00 02 34 38" });
    await user.press("codec.test.decode");
    await user.sees('"userid": 52');
    await user.press("codec.deploy");
    await user.page.locator(".page-title [data-state=deployed]").waitFor();
}

test("G5.3.1: China Telecom AEP, a sluice", () => tell("en", [], async (user, world) => {
    const endpoint = "urn:imei-imsi:866971030603068-460111174747875";
    await user.newProduct("aep", {
        "product.name": "BC26NB", "product.category": "智慧水利/水利设备/水闸CTU",
        "product.node_type": "device", "product.security": "plain",
        "product.endpoint_format": "urn:imei-imsi:{imei}-{imsi}",
        "product.payload": "decoded", "product.power_saving": "psm",
    });
    await user.open("product.part.codec");
    await user.page.getByRole("button", { name: "Lua", exact: true }).click();
    await user.fill({ Lua: `function decode(payload)
    return {service = "Sluice", properties = {gate = payload:byte(8)}}
end` });
    await user.press("save");
    await user.saved();
    await user.press("codec.deploy");
    await user.page.locator(".page-title [data-state=deployed]").waitFor();
    await user.newDevice({ IMEI: "866971030603068", IMSI: "460111174747875" }, endpoint);
    const { player } = await playModule(world, await session("aep", [
        '[30s] +QLAURC: "write",{write},19,1,0,2,3,"0A0B0C",0',
        "AT+QLAWRRSP={write},2", "OK", "+QLAWRRSP: 0",
        '[30s] +QLAURC: "observe",{cancel},1,19,0,0',
        'AT+QLAOBSRSP={cancel},1,19,0,0,2,9,"020001000400023238",0', "OK", "+QLAOBSRSP: 0",
        '[30s] +QLAURC: "write",{last},19,1,0,2,1,"FF",0',
        "AT+QLAWRRSP={last},2", "OK", "+QLAWRRSP: 0",
    ]), world.where.coap, 2);
    await user.state("online");
    await user.open("device.part.data");
    await user.sees("02 00 01 00 04 00 02 32 38");
    await user.sees("Sluice.gate");
    await objectsOfSluice(user);
    await ends(player);
    await user.state("unregistered");
    await user.open("device.part.commands");
    await user.sees("2.04 Changed");
    await user.seesMessages("GET", "PUT", "/3/0/0");
    await user.seesChart("gate", 2);
}));

async function objectsOfSluice(user) {
    await user.open("device.part.objects");
    await user.sees("Binary App Data Container");
    const row = (path) => user.page.locator(`.resource[data-key="${path}"]`);
    await user.press("command.any");
    await user.fill({ operation: "read", path: "/3/0/0" });
    await user.finish("send");
    await row("/3/0/0").getByText(/Quectel/).waitFor({ timeout: SLOW_MS });
    await user.operate("operation.write", "/19/1/0");
    await user.fill({ "operation.kind": "hex", "operation.hex": "0a 0b 0c",
        "operation.format": "42" });
    await user.finish("operation.write");
    await user.operate("operation.cancel", "/19/0/0");
    await row("/19/0/0").getByText("Observe", { exact: true }).waitFor({ timeout: SLOW_MS });
    await user.open("device.part.commands");
    await user.press("command.raw");
    await user.fill({ "operation.hex": "ff" });
    await user.finish("send");
}

test("G5.4.1: China Mobile Andlink, an outlet", () => tell("en", ["--bootstrap", "127.0.0.1:0"],
    async (user, world) => {
        const endpoint = "866971031275899";
        const value = (text) => Buffer.from(`[{"n":"temperature","vs":"${text}"}]`).toString("hex");
        const send = (text) => [`AT+QLASENDDATA=2,${value(text).length / 2},"${value(text)}",1`,
            "OK", "+QLASENDDATA: 0,{n}", '+QLAURC: "send_ack",0,{n}'];
        await user.newProduct("andlink", {
            "product.name": "Outlet", "product.product_id": "500677",
        });
        await user.newDevice({ "device.name": "Outlet 1", IMEI: endpoint }, endpoint);
        const lines = [...send("21.5"), ...send("22.5"), ...send("20.0")];
        const { player } = await playModule(world, await session("andlink",
            lines.map((line) => line.replaceAll("{n}", "{_}"))), world.where.bootstrap, 3);
        await user.state("online");
        await user.open("device.part.objects");
        const row = user.page.locator('.resource[data-key="/19/1/0"]');
        await row.waitFor({ timeout: SLOW_MS });
        await user.operate("operation.read", "/19/1/0");
        await user.page.locator("dialog[open]").getByText('"outletStatus":"1"').first().waitFor({
            timeout: SLOW_MS,
        });
        await user.page.keyboard.press("Escape");
        await row.getByText('"outletStatus":"1"').waitFor({ timeout: SLOW_MS });
        await user.operate("operation.write", "/19/1/0");
        await user.fill({ "operation.kind": "text", value: '{"outletStatus":"1"}',
            "operation.format": "0" });
        await user.finish("operation.write");
        await ends(player);
        await user.open("device.part.commands");
        await user.sees("2.04 Changed");
        await user.open("device.part.data");
        await user.sees("temperature");
        await user.seesMessages("GET", "PUT", "/dp?ep=866971031275899");
        await user.seesChart("temperature", 3);
    }));

test("G5.5.1: China Unicom DMP, a water meter", () => tell("zh", [], async (user, world) => {
    const endpoint = "861428040064744";
    await user.newProduct("dmp", {
        "product.name": "移远水表", "product.node_type": "device", "product.power_saving": "none",
        "product.category": "智慧生活/电工照明/智能水表", "product.description": "测试使用",
    });
    await defineModel(user);
    await user.newDevice({ "device.name": endpoint, IMEI: endpoint, "device.remark": "测试使用" },
        endpoint);
    const { player } = await playModule(world, await session("dmp", [
        "AT+QLANOTIFY=3311,0,5851,3,4,480,0,1", "OK", '+QLAURC: "report",{again}',
        "+QLANOTIFY: 0", '+QLAURC: "report_ack",0,{again}',
        '[30s] +QLAURC: "write",{write},3311,0,5851,2,2,"0140",0',
        "AT+QLAWRRSP={write},2", "OK", "+QLAWRRSP: 0",
    ]), world.where.coap, 4);
    await user.state("online");
    await user.open("device.part.data");
    await user.sees("waterflow");
    await user.open("device.part.objects");
    await user.sees("Light Control");
    await user.page.locator('.resource[data-key="/3311/0/5851"]').getByText("480").waitFor({
        timeout: SLOW_MS,
    });
    await user.open("device.part.commands");
    await user.press("command.property");
    await user.fill({ "model.property": "waterflow", value: "320" });
    await user.finish("send");
    await user.commandEnds();
    await ends(player);
    await user.state("unregistered");
    await user.seesMessages("GET", "PUT", "/3311/0/5851");
    await user.seesChart("waterflow", 2);
}));

async function defineModel(user) {
    await user.open("product.part.model");
    await user.press("model.property.add");
    await user.fill({ "model.name": "开关", "model.identifier": "switch", "profile.type": "bool",
        "model.true": "开", "model.false": "关" });
    await user.finish("apply");
    await user.press("model.property.add");
    await user.fill({ "model.name": "水流量", "model.identifier": "waterflow",
        "profile.type": "int32", "profile.min": "0", "profile.max": "10000", "profile.step": "2" });
    await user.finish("apply");
    await user.press("save");
    await user.saved();
    await user.press("model.publish");
    await user.page.locator(".page-title").getByText("已发布").waitFor();
    await user.open("product.part.mapping");
    for (const [resource, identifier] of [["5850", "switch"], ["5851", "waterflow"]]) {
        await user.press("mapping.add");
        await user.fill({ "mapping.object": "3311", "mapping.resource": resource,
            "mapping.identifier": identifier });
        await user.finish("apply");
        await user.saved();
    }
}
