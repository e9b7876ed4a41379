import {Interaction} from "@web/public/interaction";
import {registry} from "@web/core/registry";

/**
 * The list's filter applies at once, without a further tap.
 */
export class GroupbuyFilter extends Interaction {
    static selector = ".o_groupbuy_filter";
    dynamicContent = {
        select: {"t-on-change": () => this.el.requestSubmit()},
    };
}

registry
    .category("public.interactions")
    .add("community_groupbuy.filter", GroupbuyFilter);
