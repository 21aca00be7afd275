/*
 * The language of the console: t("devices.title") gives the words of the language chosen, from
 * words/en.js and words/zh.js, which have the same keys (tests/browser compares them). The choice
 * is remembered; at first it is the browser's.
 */

import en from "./words/en.js";
import zh from "./words/zh.js";

const KEY = "bc260y.language";
export const LANGUAGES = { en: "English", zh: "中文" };
const dictionaries = { en, zh };

function first() {
    const kept = localStorage.getItem(KEY);
    if (kept in dictionaries) {
        return kept;
    }
    return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

let language = first();

export function currentLanguage() {
    return language;
}

export function setLanguage(name) {
    language = name;
    localStorage.setItem(KEY, name);
    document.documentElement.lang = name === "zh" ? "zh-CN" : "en";
}

/* The words of a key; {name} in them is replaced by values.name. */
export function t(key, values = {}) {
    const words = dictionaries[language][key] ?? dictionaries.en[key] ?? key;
    return words.replace(/\{(\w+)\}/g, (all, name) => (name in values ? values[name] : all));
}

/* The words of a value of the interface ("state.PENDING"); the value itself when it has none. */
export function word(group, value) {
    return dictionaries[language][`${group}.${value}`] ?? String(value);
}
