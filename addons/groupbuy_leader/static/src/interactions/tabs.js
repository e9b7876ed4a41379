import {Interaction} from "@web/public/interaction";
import {registry} from "@web/core/registry";

/**
 * On a phone not all tabs are in sight: the current one is.
 */
export class LeaderTabs extends Interaction {
    static selector = ".o_groupbuy_tabs";

    start() {
        const current = this.el.querySelector(".active");
        if (!current) return;
        const middle = current.offsetLeft + current.offsetWidth / 2;
        this.el.scrollLeft = middle - this.el.offsetLeft - this.el.clientWidth / 2;
    }
}

registry.category("public.interactions").add("groupbuy_leader.tabs", LeaderTabs);
