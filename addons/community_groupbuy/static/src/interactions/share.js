import {Interaction} from "@web/public/interaction";
import {browser} from "@web/core/browser/browser";
import {registry} from "@web/core/registry";

/**
 * Shares a campaign's link: with the device's own dialog where there is one.
 */
export class GroupbuyShare extends Interaction {
    static selector = ".o_groupbuy_share";
    dynamicContent = {
        ".o_groupbuy_copy": {"t-on-click": this.onCopy},
        ".o_groupbuy_web_share": {
            "t-on-click": this.onShare,
            "t-att-class": () => ({"d-none": !browser.navigator.share}),
        },
    };

    async onCopy(ev) {
        const button = ev.currentTarget;
        const input = this.el.querySelector("input");
        try {
            await this.waitFor(browser.navigator.clipboard.writeText(input.value));
        } catch {
            // Without a secure connection there is no clipboard: leave it selected.
            input.select();
            return;
        }
        const label = button.textContent;
        button.textContent = button.dataset.done;
        this.waitForTimeout(() => (button.textContent = label), 2000);
    }

    async onShare() {
        const {url, title} = this.el.dataset;
        try {
            await this.waitFor(browser.navigator.share({url, title}));
        } catch (error) {
            if (error.name !== "AbortError") throw error;
        }
    }
}

registry.category("public.interactions").add("community_groupbuy.share", GroupbuyShare);
