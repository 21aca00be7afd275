/* Signing in: the token is asked for once a tab. */

import { signIn } from "../api.js";
import { h } from "../dom.js";
import { form } from "../form.js";
import { t } from "../i18n.js";

export function signInPage(done, notice) {
    return h("div", { class: "signin-card" },
        h("img", { src: "console/favicon.svg", alt: "", width: 44, height: 44 }),
        h("h1", { tabindex: "-1" }, t("brand")),
        h("p", { class: "muted" }, t("signin.about")),
        notice && h("p", { class: "form-alert", role: "alert" }, notice),
        form([{
            name: "token", label: t("token"), type: "password", required: true, mono: true,
            hint: t("signin.hint"), full: true,
        }], async ({ token }) => {
            try {
                await signIn(token);
            } catch (error) {
                if (error.status === 401) {
                    error.message = t("signin.wrong");
                    error.field = "token";
                }
                throw error;
            }
            await done();
        }, { label: t("signin") }));
}
