/*
 * The console's frame: signing in, navigation, language and colours, and which page an address
 * shows. Pages are functions of pages/: page(ctx) gives an element; ctx has the address's
 * variables, its query, and a signal that is aborted when the page is left.
 */

import { forgetToken, identity, may, signIn, token } from "./api.js";
import { h, replace } from "./dom.js";
import { LANGUAGES, currentLanguage, setLanguage, t, word } from "./i18n.js";
import { icon } from "./icons.js";
import * as live from "./live.js";
import { find } from "./routes.js";
import { signInPage } from "./pages/signin.js";
import * as unsaved from "./unsaved.js";
import { emptyState, errorState, linkButton, pageHead, tellTitle, toastArea } from "./ui.js";

const THEME = "bc260y.theme";
const THEMES = ["auto", "light", "dark"];
const MENU = [
    ["nav.things", ["overview", "products", "devices", "commands"]],
    ["nav.fota", ["firmwares", "tasks", "groups", "keys"]],
    ["nav.system", ["events", "webhooks", "tokens"]],
];

let leaving = new AbortController();
let main = null;
let signIns = 0;
let shown = "";

function theme() {
    const kept = localStorage.getItem(THEME);
    return THEMES.includes(kept) ? kept : "auto";
}

function applyTheme(name) {
    localStorage.setItem(THEME, name);
    document.documentElement.dataset.theme = name;
}

function pick(label, symbol, options, value, change) {
    return h("label", { class: "pick" }, icon(symbol), h("span", { class: "unseen" }, label),
        h("select", { "aria-label": label, value, on: {
            change: (event) => change(event.target.value, event.target),
        } }, options.map(([name, text]) => h("option", { value: name }, text))));
}

function preferences() {
    return [
        pick(t("language"), "globe", Object.entries(LANGUAGES), currentLanguage(),
            async (name, select) => {
                if (await unsaved.mayLeave()) {
                    setLanguage(name);
                    start();
                } else {
                    select.value = currentLanguage();
                }
            }),
        pick(t("theme"), "sun", THEMES.map((name) => [name, word("theme", name)]), theme(),
            applyTheme),
    ];
}

/* The frame ---------------------------------------------------------------------------------- */

function liveMark() {
    const element = h("span", { class: "live", role: "status" });
    live.watchState((state) => {
        element.dataset.state = state;
        replace(element, h("i"), h("span", {}, word("live", state)));
    });
    return element;
}

function menu() {
    return MENU.map(([heading, names]) => h("div", { class: "menu-part" },
        h("h2", {}, t(heading)), h("ul", {}, names.map((name) => h("li", {},
            h("a", { href: `#/${name === "overview" ? "" : name}`, data: { page: name } },
                icon(name), h("span", {}, t(`nav.${name}`))))))));
}

/* Of narrow screens. What is under the open menu cannot be reached. */
function toggleMenu(open) {
    document.body.classList.toggle("menu-open", open);
    document.querySelector(".menu-button")?.setAttribute("aria-expanded", String(open));
    main.inert = open;
    if (open) {
        document.querySelector("#menu [aria-current], #menu a")?.focus();
    }
}

function topBar() {
    return h("header", { class: "top" },
        h("button", {
            type: "button", class: "button quiet menu-button", "aria-label": t("nav.menu"),
            "aria-expanded": "false", "aria-controls": "menu",
            on: { click: () => toggleMenu(!document.body.classList.contains("menu-open")) },
        }, icon("menu")),
        h("a", { class: "brand", href: "#/" }, h("img", {
            src: "console/favicon.svg", alt: "", width: 26, height: 26,
        }), h("span", {}, t("brand"))),
        liveMark(),
        h("div", { class: "top-end" }, preferences(),
            h("span", { class: "who" }, identity().name, " · ", word("role", identity().role)),
            h("button", {
                type: "button", class: "button quiet", on: { click: signOut },
            }, icon("out"), h("span", {}, t("signout")))));
}

function frame() {
    main = h("main", { id: "main", tabindex: "-1" });
    replace(document.body,
        h("a", { class: "skip", href: "#main", on: { click: (event) => {
            event.preventDefault();
            main.focus();
        } } }, t("nav.skip")),
        topBar(),
        h("nav", { id: "menu", class: "menu", "aria-label": t("nav.main") },
            h("div", { class: "menu-body" }, menu())),
        h("div", { class: "shade", on: { click: () => toggleMenu(false) } }),
        main, toastArea());
}

/* Pages -------------------------------------------------------------------------------------- */

function markCurrent(name) {
    for (const link of document.querySelectorAll("#menu a")) {
        if (link.dataset.page === name) {
            link.setAttribute("aria-current", "page");
        } else {
            link.removeAttribute("aria-current");
        }
    }
}

async function show(moveFocus) {
    leaving.abort();
    leaving = new AbortController();
    shown = location.hash;
    unsaved.forget();
    for (const dialog of document.querySelectorAll("dialog[open]")) {
        dialog.close();
    }
    toggleMenu(false);
    const found = find(location.hash);
    const ctx = { ...found, signal: leaving.signal, moveFocus, refresh: () => show(false) };
    markCurrent(found?.menu);
    let page;
    if (!found) {
        page = h("div", {}, pageHead(t("error.page")), emptyState(t("error.page.about"),
            linkButton(t("nav.overview"), "#/")));
    } else if (!may(found.role || "viewer")) {
        page = h("div", {}, pageHead(t(`nav.${found.menu}`)),
            emptyState(t("error.role", { role: word("role", found.role) })));
    } else {
        live.open(found.follow ? found.follow(found) : {});
        try {
            page = found.page(ctx);
        } catch (error) {
            page = errorState(error);
        }
    }
    replace(main, page);
    const title = main.querySelector("h1");
    tellTitle(main);
    if (moveFocus) {
        window.scrollTo(0, 0);
        title?.focus({ preventScroll: true });
    }
}

/* The address has changed. What is not saved is asked about with the page still there. */
async function follow() {
    if (!identity() || location.hash === shown) {
        return;
    }
    if (!unsaved.any()) {
        show(true);
        return;
    }
    history.pushState(null, "", shown || "#/");
    if (await unsaved.mayLeave()) {
        unsaved.forget();
        history.back();
    }
}

/* A link is asked about before it is followed, so that the browser's history stays as it was. */
async function askFirst(event) {
    const href = event.target.closest?.("a[href^='#/']")?.getAttribute("href");
    if (!href || href === location.hash || !unsaved.any() || event.ctrlKey || event.metaKey
        || event.shiftKey) {
        return;
    }
    event.preventDefault();
    if (await unsaved.mayLeave()) {
        unsaved.forget();
        location.hash = href;
    }
}

async function signOut() {
    if (await unsaved.mayLeave()) {
        forgetToken();
        start();
    }
}

async function start(notice) {
    leaving.abort();
    signIns += 1;
    const mine = signIns;
    if (token() && !identity()) {
        try {
            await signIn(token());
        } catch (error) {
            notice = error.status === 401 ? t("signin.expired") : error.message;
        }
    }
    if (mine !== signIns) {
        return;
    }
    if (identity()) {
        frame();
        await show(false);
    } else {
        live.close();
        document.title = `${t("signin")} · ${t("brand")}`;
        document.body.classList.remove("menu-open");
        replace(document.body, h("main", { class: "signin" },
            signInPage(() => start(), notice), h("div", { class: "prefs" }, preferences())),
        toastArea());
    }
}

applyTheme(theme());
setLanguage(currentLanguage());
window.addEventListener("hashchange", follow);
document.addEventListener("click", askFirst);
window.addEventListener("signed-out", () => start(t("signin.expired")));
window.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && document.body.classList.contains("menu-open")) {
        toggleMenu(false);
        document.querySelector(".menu-button")?.focus();
    }
});
start();
