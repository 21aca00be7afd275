/* Objects and resources that a mapping is offered, by their numbers: those of OMA and IPSO that
 * modules of this kind announce. Others can be typed. */

export const OBJECTS = {
    3: ["Device", { 0: "Manufacturer", 1: "Model Number", 9: "Battery Level" }],
    4: ["Connectivity Monitoring", { 2: "Radio Signal Strength" }],
    6: ["Location", { 0: "Latitude", 1: "Longitude" }],
    3200: ["Digital Input", { 5500: "Digital Input State" }],
    3201: ["Digital Output", { 5550: "Digital Output State" }],
    3202: ["Analog Input", { 5600: "Analog Input Value" }],
    3203: ["Analog Output", { 5650: "Analog Output Value" }],
    3300: ["Generic Sensor", { 5700: "Sensor Value" }],
    3301: ["Illuminance", { 5700: "Sensor Value" }],
    3302: ["Presence", { 5500: "Digital Input State" }],
    3303: ["Temperature", { 5700: "Sensor Value" }],
    3304: ["Humidity", { 5700: "Sensor Value" }],
    3305: ["Power Measurement", { 5800: "Instantaneous Active Power" }],
    3306: ["Actuation", { 5850: "On/Off", 5851: "Dimmer" }],
    3311: ["Light Control", { 5850: "On/Off", 5851: "Dimmer", 5706: "Colour", 5852: "On Time" }],
    3312: ["Power Control", { 5850: "On/Off", 5851: "Dimmer" }],
    3315: ["Barometer", { 5700: "Sensor Value" }],
    3316: ["Voltage", { 5700: "Sensor Value" }],
    3323: ["Pressure", { 5700: "Sensor Value" }],
};

/* Resources of the module's own objects that are worth asking for before anything is known of
 * them, and what can be done with each. */
const OWN = {
    1: { 1: ["Lifetime", "RW"], 7: ["Binding", "RW"], 8: ["Registration Update Trigger", "E"] },
    3: { 0: ["Manufacturer", "R"], 1: ["Model Number", "R"], 3: ["Firmware Version", "R"],
        4: ["Reboot", "E"], 9: ["Battery Level", "R"] },
    4: { 2: ["Radio Signal Strength", "R"], 4: ["IP Addresses", "R"] },
    5: { 3: ["State", "R"], 5: ["Update Result", "R"] },
    19: { 0: ["Data", "RW"] },
};

/* The resources that the platform knows of an instance, and those worth asking for. */
export function withOwn(object, resources) {
    const known = new Set(resources.map((r) => r.resource));
    const own = OWN[object] || {};
    const more = Object.entries(own).filter(([r]) => !known.has(Number(r)));
    const named = resources.map((r) => (r.name || !own[r.resource] ? r
        : { ...r, name: own[r.resource][0], operations: own[r.resource][1] }));
    return [...named, ...more.map(([resource, [name, operations]]) => ({
        resource: Number(resource), name, operations, observed: false, value: null,
    }))].sort((a, b) => a.resource - b.resource);
}

/* What object 19 reports is kept as rows of data, not as values: puts the newest of each path, of
 * `rows` in the order they came, where it is newer than what was read. */
export function withReports(items, rows) {
    const newest = new Map(rows.filter((row) => row.hex && /^2\./.test(row.code || "2."))
        .map((row) => [row.path, row]));
    for (const { object, instances } of items) {
        for (const { instance, resources } of instances) {
            for (const [path, row] of newest) {
                const [of, at, resource] = path.split("/").slice(1).map(Number);
                if (of === object && at === instance && resource !== undefined) {
                    putReport(resources, resource, row);
                }
            }
        }
    }
    return items;
}

function putReport(resources, number, row) {
    let resource = resources.find((r) => r.resource === number);
    if (!resource) {
        resource = { resource: number, name: null, operations: null, observed: false };
        resources.push(resource);
    }
    if (!(resource.time_ms > row.time_ms)) {
        Object.assign(resource, { value: { hex: row.hex }, time_ms: row.time_ms });
    }
}

export function objectName(object) {
    return OBJECTS[object] ? `${object}-${OBJECTS[object][0]}` : String(object);
}

export function resourceName(object, resource) {
    const name = OBJECTS[object]?.[1][resource];
    return name ? `${resource}-${name}` : String(resource);
}
