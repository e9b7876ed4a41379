import {Interaction} from "@web/public/interaction";
import {registry} from "@web/core/registry";

const DAY = 24 * 60 * 60;

/**
 * @param {number} seconds
 * @param {string} daysText
 * @returns {string} "1 d 02:03:04", without days if there is less than one
 */
export function formatSeconds(seconds, daysText = "%s d") {
    const left = Math.max(Math.floor(seconds), 0);
    const days = Math.floor(left / DAY);
    const clock = [left % DAY, left % 3600, left % 60]
        .map((rest, at) => Math.floor(rest / [3600, 60, 1][at]))
        .map((part) => String(part).padStart(2, "0"))
        .join(":");
    return days ? `${daysText.replace("%s", days)} ${clock}` : clock;
}

/**
 * Counts down what the server says is left, by a clock that nobody can set.
 */
export class GroupbuyCountdown extends Interaction {
    static selector = ".o_groupbuy_countdown";
    dynamicContent = {
        ".o_groupbuy_clock": {"t-out": () => formatSeconds(this.left, this.daysText)},
        _document: {"t-on-groupbuy:progress": this.onProgress},
    };

    setup() {
        this.daysText = this.el.dataset.days;
        this.setLeft(Number(this.el.dataset.seconds) || 0);
        this.over = this.left <= 0;
    }

    start() {
        const label = this.el.querySelector(".o_groupbuy_label");
        if (label?.dataset.live) label.textContent = label.dataset.live;
        this.tick();
    }

    get left() {
        return (this.endsAt - performance.now()) / 1000;
    }

    setLeft(seconds) {
        this.endsAt = performance.now() + seconds * 1000;
    }

    /**
     * Follow the server's clock where this countdown is of the page's campaign.
     */
    onProgress(ev) {
        if (this.el.closest(".o_groupbuy_when")) this.setLeft(ev.detail.seconds_left);
    }

    tick() {
        this.updateContent();
        if (this.left <= 0) {
            // A page that was over when it came would otherwise reload for ever.
            if (this.el.dataset.reload && !this.over) {
                this.waitForTimeout(() => window.location.reload(), 1500);
            }
            return;
        }
        this.waitForTimeout(this.tick, 1000);
    }
}

registry
    .category("public.interactions")
    .add("community_groupbuy.countdown", GroupbuyCountdown);
