/*
 * What the platform says of its own, in the language of the console: problems by their code, and
 * the reasons of commands and upgrades, which are sentences, by their text. In English both are
 * shown as they came; so is what words/ does not know.
 */

import { currentLanguage, t, word } from "./i18n.js";
import PROBLEMS, { NOUNS } from "./words/zh_problems.js";
import REASONS from "./words/zh_reasons.js";

const GROUPS = ["state", "role", "operation"];

const patterns = REASONS.map(([sentence, words]) => [new RegExp(`^${sentence.split("…").map(
    (part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("(.+?)")}$`), words]);

const isChinese = () => currentLanguage() === "zh";

/* A sentence of the platform about what came of something. */
export function reasonText(text) {
    if (!isChinese() || !text) {
        return text || "";
    }
    for (const [pattern, words] of patterns) {
        const found = text.match(pattern);
        if (found) {
            return words.replace(/\{(\d)\}/g, (all, n) => reasonText(found[Number(n) + 1]));
        }
    }
    return text;
}

/* Why a command failed, unless its code says it all. */
export function failure({ code, reason }) {
    return code && /^the device answered \d/.test(reason || "") ? "" : reasonText(reason);
}

function named(param) {
    const group = GROUPS.find((g) => word(g, param) !== param);
    return NOUNS[param] || (group ? word(group, param) : reasonText(param));
}

/* {code, params, detail, title} of an answer of application/problem+json. */
export function problemText({ code, params = [], detail, title }) {
    const told = detail || title || "";
    if (!isChinese() || !told) {
        return told;
    }
    const words = PROBLEMS[code];
    return words ? words.replace(/\{(\d)\}/g, (all, n) => named(String(params[n] ?? "")))
        : t("error.told", { text: told });
}
