/* The console's pictograms: strokes on a 24 by 24 grid, in the colour of the text. */

import { svg } from "./dom.js";

const PATHS = {
    overview: "M4 13h6V4H4zM14 20h6v-9h-6zM4 20h6v-3H4zM14 7h6V4h-6z",
    products: "M4 8l8-4 8 4v8l-8 4-8-4zM4 8l8 4 8-4M12 12v8",
    devices: "M7 3h10v18H7zM11 18h2",
    commands: "M5 7l4 5-4 5M12 17h7",
    firmwares: "M12 3v12M7 10l5 5 5-5M4 20h16",
    tasks: "M9 6h11M9 12h11M9 18h11M4 6l1 1 2-2M4 12l1 1 2-2M4 18l1 1 2-2",
    groups: "M4 4h7v7H4zM13 13h7v7h-7zM13 4h7v7h-7zM4 13h7v7H4z",
    keys: "M14 10a4 4 0 1 0-3.6 4L12 15.500h2v2h2v2h4v-4z",
    events: "M3 12h4l3-8 4 16 3-8h4",
    webhooks: "M9 15l6-6M10 6l2-2a4 4 0 0 1 6 6l-2 2M14 18l-2 2a4 4 0 0 1-6-6l2-2",
    tokens: "M12 3l7 3v6c0 4-3 7-7 9-4-2-7-5-7-9V6zM9 12l2 2 4-4",
    menu: "M4 7h16M4 12h16M4 17h16",
    close: "M6 6l12 12M18 6L6 18",
    search: "M10.500 4a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13zM15.500 15.500L20 20",
    plus: "M12 5v14M5 12h14",
    sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.500 1.500" +
        "M17.500 17.500L19 19M5 19l1.500-1.500M17.500 6.500L19 5",
    moon: "M20 14a8 8 0 0 1-10-10 8 8 0 1 0 10 10z",
    globe: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM3 12h18M12 3c5 5 5 13 0 18M12 3c-5 5-5 13 0 18",
    out: "M10 4H5v16h5M14 8l4 4-4 4M18 12H9",
    empty: "M4 13l3-8h10l3 8v6H4zM4 13h5a3 3 0 0 0 6 0h5",
    broken: "M12 4l9 16H3zM12 10v5M12 17.500v.5",
    up: "M12 19V5M6 11l6-6 6 6",
    down: "M12 5v14M6 13l6 6 6-6",
    check: "M5 12.500l4.500 4.500L19 7.500",
};

export function icon(name) {
    return svg("svg", {
        class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false",
    }, svg("path", { d: PATHS[name] }));
}
