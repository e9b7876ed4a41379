import {Interaction} from "@web/public/interaction";
import {registry} from "@web/core/registry";
import {shrink} from "@community_groupbuy/interactions/claim";

/**
 * What of a delivery is short or damaged: nothing, until somebody says so.
 */
export class GroupbuyArrival extends Interaction {
    static selector = ".o_groupbuy_arrival_form";
    dynamicContent = {
        ".o_groupbuy_arrival_pieces": {"t-on-input": () => this.updateContent()},
        ".o_groupbuy_arrival_less": {
            "t-on-click.withTarget": (_ev, button) => this.step(button, -1),
        },
        ".o_groupbuy_arrival_more": {
            "t-on-click.withTarget": (_ev, button) => this.step(button, 1),
        },
        ".o_groupbuy_arrival_line": {
            "t-att-class": (line) => ({o_groupbuy_arrival_lost: this.lostOf(line) > 0}),
        },
        ".o_groupbuy_arrival_details": {
            "t-att-class": (details) => ({
                "d-none": !this.lostOf(this.lineOf(details)),
            }),
        },
        "input[type=file]": {
            "t-on-change.withTarget": (_ev, input) => this.choosePhoto(input),
        },
        ".o_groupbuy_arrival_all_right": {
            "t-att-class": () => ({"d-none": this.hasLosses}),
        },
        ".o_groupbuy_arrival_report": {
            "t-att-class": () => ({"d-none": !this.hasLosses}),
            "t-att-disabled": () => this.isShrinking || undefined,
        },
    };

    setup() {
        this.isShrinking = false;
    }

    lineOf(element) {
        return element.closest(".o_groupbuy_arrival_line");
    }

    lostOf(line) {
        const inputs = [...line.querySelectorAll(".o_groupbuy_arrival_pieces")];
        return inputs.reduce((sum, input) => sum + (Number(input.value) || 0), 0);
    }

    get hasLosses() {
        const lines = [...this.el.querySelectorAll(".o_groupbuy_arrival_line")];
        return lines.some((line) => this.lostOf(line) > 0);
    }

    step(button, difference) {
        const input = button.parentElement.querySelector(".o_groupbuy_arrival_pieces");
        const line = this.lineOf(button);
        const others = this.lostOf(line) - (Number(input.value) || 0);
        const most = Math.max(Number(line.dataset.came) - others, 0);
        const wanted = (Number(input.value) || 0) + difference;
        input.value = Math.min(Math.max(wanted, 0), most);
        this.updateContent();
    }

    async choosePhoto(input) {
        const [file] = input.files;
        if (!file) {
            return;
        }
        this.isShrinking = true;
        this.updateContent();
        const small = await this.waitFor(shrink(file));
        const transfer = new DataTransfer();
        transfer.items.add(small);
        input.files = transfer.files;
        this.isShrinking = false;
        this.updateContent();
    }
}

registry
    .category("public.interactions")
    .add("groupbuy_leader.arrival", GroupbuyArrival);
