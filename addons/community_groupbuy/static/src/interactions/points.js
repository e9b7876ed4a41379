import {reactive} from "@odoo/owl";
import {Interaction} from "@web/public/interaction";
import {registry} from "@web/core/registry";

import {PointChooser} from "../points/point_chooser";

/**
 * The nearest pickup points beside the form's own list, drawn once they are asked for.
 */
export class GroupbuyPoints extends Interaction {
    static selector = ".o_groupbuy_nearby";
    dynamicSelectors = {
        ...this.dynamicSelectors,
        _select: () => this.select,
    };
    dynamicContent = {
        _root: {"t-on-toggle": this.onToggle},
        _select: {"t-on-change": this.onChange},
    };

    setup() {
        this.select = this.el.parentElement.querySelector("select");
        this.choice = reactive({id: this.select.value});
    }

    onChange() {
        this.choice.id = this.select.value;
    }

    get points() {
        return [...this.select.options]
            .filter(({value}) => value)
            .map(({value, dataset}) => ({
                id: value,
                name: dataset.name,
                address: dataset.address || "",
                hours: dataset.hours || "",
                latitude: Number(dataset.latitude) || 0,
                longitude: Number(dataset.longitude) || 0,
                imageUrl: dataset.image || "",
                closed: dataset.closed || "",
                note: dataset.note || "",
            }));
    }

    onToggle() {
        if (!this.el.open || this.mounted) return;
        this.mounted = true;
        this.mountComponent(
            this.el.querySelector(".o_groupbuy_chooser"),
            PointChooser,
            {
                points: this.points,
                choice: this.choice,
                choose: (id) => {
                    this.select.value = id;
                    this.select.dispatchEvent(new Event("change", {bubbles: true}));
                },
            }
        );
    }
}

registry
    .category("public.interactions")
    .add("community_groupbuy.points", GroupbuyPoints);
