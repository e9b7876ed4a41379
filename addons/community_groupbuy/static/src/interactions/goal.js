import {Interaction} from "@web/public/interaction";
import {registry} from "@web/core/registry";
import {formatCurrency} from "@web/core/currency";

/**
 * How much of a campaign's goal is reached, live.
 */
export class GroupbuyGoal extends Interaction {
    static selector = ".o_groupbuy_goal";
    dynamicContent = {
        _document: {"t-on-groupbuy:progress": this.onProgress},
    };

    onProgress({detail: {goal}}) {
        if (!goal) return;
        const reached = goal.missing === 0;
        const {currencyId} = this.el.closest(".o_groupbuy_page").dataset;
        const missing = this.el.querySelector(".o_groupbuy_goal_missing");
        missing.classList.toggle("d-none", reached);
        missing.querySelector("strong").textContent = this.el.dataset.money
            ? formatCurrency(goal.missing, Number(currencyId))
            : goal.missing;
        this.el
            .querySelector(".o_groupbuy_goal_reached")
            .classList.toggle("d-none", !reached);
        const bar = this.el.querySelector(".progress");
        bar.setAttribute("aria-valuenow", goal.bar);
        bar.firstElementChild.style.width = `${goal.bar}%`;
    }
}

registry.category("public.interactions").add("community_groupbuy.goal", GroupbuyGoal);
