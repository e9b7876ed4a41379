import {Interaction} from "@web/public/interaction";
import {registry} from "@web/core/registry";

// Between two polls, in milliseconds; spread so that visitors do not come at once.
const POLL_FROM = 2000;
const POLL_SPREAD = 3000;
const POLL_AFTER_FAILURE = 10000;

/**
 * Asks for a campaign's progress every few seconds while its page is looked at, and
 * tells the other interactions with the document event `groupbuy:progress`.
 */
export class GroupbuyProgress extends Interaction {
    static selector = ".o_groupbuy[data-live][data-campaign-id]";
    dynamicContent = {
        _document: {"t-on-visibilitychange": this.onVisibilityChange},
    };

    start() {
        this.poll();
    }

    onVisibilityChange() {
        if (!document.hidden && !this.polling) this.poll();
    }

    async poll() {
        clearTimeout(this.timer);
        if (document.hidden) return;
        this.polling = true;
        let pause = POLL_FROM + Math.random() * POLL_SPREAD;
        try {
            await this.waitFor(this.update());
        } catch {
            pause = POLL_AFTER_FAILURE;
        }
        this.polling = false;
        this.timer = this.waitForTimeout(this.poll, pause);
    }

    async update() {
        const goal = this.el.querySelector(".o_groupbuy_goal") ? "?goal=1" : "";
        const response = await fetch(
            `/groupbuy/${this.el.dataset.campaignId}/progress${goal}`
        );
        if (!response.ok) throw new Error(response.statusText);
        const progress = await response.json();
        const {state} = this.el.dataset;
        if (state && progress.state !== state) {
            window.location.reload();
            return;
        }
        for (const el of this.el.querySelectorAll("[data-bind='participants']")) {
            el.textContent = progress.participants;
        }
        document.dispatchEvent(
            new CustomEvent("groupbuy:progress", {detail: progress})
        );
    }
}

registry
    .category("public.interactions")
    .add("community_groupbuy.progress", GroupbuyProgress);
