/* Editors whose content is not saved yet: whoever leaves their page is asked first. */

import { t } from "./i18n.js";
import { confirmDialog } from "./ui.js";

const editors = new Set();

export function mark(editor, isUnsaved) {
    if (isUnsaved) {
        editors.add(editor);
    } else {
        editors.delete(editor);
    }
}

export function forget() {
    editors.clear();
}

export const any = () => editors.size > 0;

/* Whether the page may be left. */
export async function mayLeave() {
    return !any() || confirmDialog(t("unsaved.title"), t("unsaved.about"), t("unsaved.leave"));
}

window.addEventListener("beforeunload", (event) => any() && event.preventDefault());
