/* Which resource of which object is which property of the thing model (guide 5.5.1.3). */

import { getOr, may, put } from "../api.js";
import { foreign, h } from "../dom.js";
import { t } from "../i18n.js";
import { OBJECTS, objectName, resourceName } from "../objects.js";
import { editableRows } from "../rows.js";
import { loadModel } from "./model.js";
import { asyncBox, card, emptyState, failed, linkButton, toast } from "../ui.js";

const OTHER = "other";
const NUMBER = { type: "number", integer: true, required: true, min: 0, max: 65535, mono: true };

function resourceFields(row) {
    const known = (v) => OBJECTS[v.object];
    return [
        ...Object.entries(OBJECTS).map(([object, [, resources]]) => ({
            name: `resource_${object}`, label: t("mapping.resource"), type: "select",
            value: String(row.resource ?? Object.keys(resources)[0]),
            options: [...Object.keys(resources).map((r) => [r, resourceName(object, r)]),
                [OTHER, t("mapping.other")]],
            show: (v) => v.object === object,
        })),
        {
            ...NUMBER, name: "resource_number", label: t("mapping.resource.number"),
            value: row.resource,
            show: (v) => !known(v) || v[`resource_${v.object}`] === OTHER,
        },
    ];
}

function fields(row, properties) {
    const object = row.object === undefined ? "3311" : String(row.object);
    return [
        {
            name: "object", label: t("mapping.object"), type: "select",
            value: OBJECTS[object] ? object : OTHER,
            options: [...Object.keys(OBJECTS).map((o) => [o, objectName(o)]),
                [OTHER, t("mapping.other")]],
        },
        {
            ...NUMBER, name: "object_number", label: t("mapping.object.number"), value: row.object,
            show: (v) => v.object === OTHER,
        },
        { ...NUMBER, name: "instance", label: t("mapping.instance"), value: row.instance ?? 0 },
        ...resourceFields(row),
        {
            name: "identifier", label: t("mapping.identifier"), type: "select", required: true,
            value: row.identifier ?? properties[0].identifier, full: true,
            options: properties.map((p) => [p.identifier, `${p.identifier} – ${p.name || ""}`]),
        },
    ];
}

function finish(values) {
    const chosen = values[`resource_${values.object}`];
    return {
        object: values.object === OTHER ? values.object_number : Number(values.object),
        instance: values.instance,
        resource: chosen === undefined || chosen === OTHER ? values.resource_number
            : Number(chosen),
        identifier: values.identifier,
    };
}

export function mappingPart(ctx, product) {
    const path = `products/${product.id}/mapping`;
    const load = async () => {
        const [mapping, model] = await Promise.all([
            getOr(path, {}, ctx.signal), loadModel(ctx, product),
        ]);
        return { items: mapping.items || [], properties: model.properties || [] };
    };
    const box = asyncBox(ctx, load, ({ items, properties }) => (properties.length === 0
        ? emptyState(t("mapping.no_model"), linkButton(t("product.part.model"),
            `#/products/${product.id}/model`, { kind: "primary" }))
        : editableRows({
            label: t("product.part.mapping"), rows: items, readonly: !may("admin"),
            changed: () => put(path, { items }).then(() => toast(t("saved")), (error) => {
                failed(error);
                box.reload();
            }),
            add: t("mapping.add"), empty: t("mapping.none"),
            name: (row) => `/${row.object}/${row.instance}/${row.resource}`,
            fields: (row) => fields(row, properties), finish,
            columns: [
                [t("mapping.object"), (row) => foreign(objectName(row.object))],
                [t("mapping.instance"), (row) => foreign(row.instance)],
                [t("mapping.resource"), (row) => foreign(resourceName(row.object, row.resource))],
                [t("mapping.identifier"), (row) => h("code", {}, foreign(row.identifier))],
            ],
        })));
    return card(t("product.part.mapping"), box, { note: t("mapping.about") });
}
