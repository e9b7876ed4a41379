import {reactive} from "@odoo/owl";
import {Interaction} from "@web/public/interaction";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {shrink} from "@community_groupbuy/interactions/claim";

import {PositionPicker} from "../lead/position_picker";

const MAX_PHOTOS = 5;

/**
 * The application of a leader: where the point is, and photos small enough to send.
 */
export class GroupbuyLead extends Interaction {
    static selector = ".o_groupbuy_lead_form";
    dynamicContent = {
        "#lead_latitude, #lead_longitude": {"t-on-input": this.onType},
        "#lead_photos": {
            "t-on-change.withTarget": (_ev, input) => this.choosePhotos(input),
        },
        "button[type=submit]": {"t-att-disabled": () => this.isBusy || undefined},
        _root: {"t-on-submit": this.onSubmit},
    };

    setup() {
        this.isBusy = false;
        this.latitude = this.el.querySelector("#lead_latitude");
        this.longitude = this.el.querySelector("#lead_longitude");
        this.position = reactive({latitude: 0, longitude: 0});
        this.onType();
    }

    start() {
        const map = this.el.querySelector(".o_groupbuy_lead_map");
        this.mountComponent(map, PositionPicker, {
            points: JSON.parse(map.dataset.points || "[]"),
            position: this.position,
            pick: (position) => this.pick(position),
        });
    }

    onType() {
        this.position.latitude = Number(this.latitude.value) || 0;
        this.position.longitude = Number(this.longitude.value) || 0;
    }

    pick({latitude, longitude}) {
        this.latitude.value = latitude.toFixed(6);
        this.longitude.value = longitude.toFixed(6);
        this.onType();
    }

    /** Sent once, however often the button is tapped. */
    onSubmit() {
        this.isBusy = true;
        this.updateContent();
    }

    async choosePhotos(input) {
        this.isBusy = true;
        this.updateContent();
        if (input.files.length > MAX_PHOTOS) {
            this.services.notification.add(
                _t("The first %s photos are taken.", MAX_PHOTOS),
                {type: "warning"}
            );
        }
        const chosen = [...input.files].slice(0, MAX_PHOTOS);
        const files = await this.waitFor(Promise.all(chosen.map(shrink)));
        const transfer = new DataTransfer();
        files.forEach((file) => transfer.items.add(file));
        input.files = transfer.files;
        this.showPhotos(files);
        this.isBusy = false;
        this.updateContent();
    }

    showPhotos(files) {
        const gallery = this.el.querySelector(".o_groupbuy_photos");
        gallery.querySelectorAll("img").forEach((img) => URL.revokeObjectURL(img.src));
        gallery.replaceChildren(
            ...files.map((file) => {
                const img = document.createElement("img");
                img.src = URL.createObjectURL(file);
                img.alt = file.name;
                return img;
            })
        );
    }
}

registry.category("public.interactions").add("groupbuy_leader.lead", GroupbuyLead);
