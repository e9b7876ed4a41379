import {Interaction} from "@web/public/interaction";
import {registry} from "@web/core/registry";
import {formatCurrency} from "@web/core/currency";

import {clampQuantity, nextStep, priceAt} from "./ladder";

/**
 * @param {string} text of a data attribute
 * @returns {number} NaN for none
 */
export const toNumber = (text) => (text ? Number(text) : NaN);

/**
 * One offer on the campaign's page: live price and steps, and how many to take.
 */
export class GroupbuyOffer extends Interaction {
    static selector = ".o_groupbuy_offer";
    dynamicContent = {
        ".o_groupbuy_less": {"t-on-click": () => this.step(-1)},
        ".o_groupbuy_more": {"t-on-click": () => this.step(1)},
        "input[type='number']": {"t-on-change": () => this.choose(this.typed)},
        _document: {"t-on-groupbuy:progress": this.onProgress},
    };

    setup() {
        const {currencyId} = this.el.closest(".o_groupbuy_page").dataset;
        this.currencyId = Number(currencyId);
        this.input = this.el.querySelector("input[type='number']");
        this.ladder = JSON.parse(this.el.dataset.ladder);
    }

    start() {
        this.showMine();
    }

    get typed() {
        return this.input ? Number(this.input.value) || 0 : 0;
    }

    get limits() {
        const {pack, max, remaining} = this.el.dataset;
        return {
            pack: Number(pack),
            max: toNumber(max),
            remaining: toNumber(remaining),
        };
    }

    step(packs) {
        this.choose(this.typed + packs * this.limits.pack);
    }

    choose(wanted) {
        this.input.value = clampQuantity(wanted, this.limits);
        this.showMine();
        this.el.dispatchEvent(new CustomEvent("groupbuy:chosen", {bubbles: true}));
    }

    /**
     * Mark the step that the group reaches with what is chosen here.
     */
    showMine() {
        const mine = priceAt(
            this.ladder,
            Number(this.el.dataset.quantity) + this.typed
        );
        for (const el of this.el.querySelectorAll(".o_groupbuy_step")) {
            const price = priceAt(this.ladder, Number(el.dataset.from));
            el.classList.toggle(
                "o_groupbuy_step_mine",
                this.typed > 0 && price === mine
            );
        }
    }

    onProgress(ev) {
        const offerId = Number(this.el.dataset.offerId);
        const offer = ev.detail.offers.find(({id}) => id === offerId);
        if (!offer) return;
        const {dataset} = this.el;
        dataset.quantity = offer.quantity;
        dataset.price = offer.price;
        dataset.remaining = offer.remaining ?? "";
        this.show("price", formatCurrency(offer.price, this.currencyId));
        this.show("quantity", offer.quantity);
        this.show("remaining", offer.remaining ?? "");
        this.toggle("compare", Number(dataset.compare) > offer.price);
        this.showSteps(offer);
        this.showAvailable(offer);
        this.showMine();
    }

    showSteps({quantity, price, next_quantity: nextQuantity, next_price: nextPrice}) {
        if (nextQuantity) {
            this.show("missing", nextQuantity - quantity);
            this.show("next", formatCurrency(nextPrice, this.currencyId));
        }
        this.when("next", Boolean(nextQuantity));
        this.when("best", !nextQuantity);
        const following = nextStep(this.ladder, quantity);
        for (const el of this.el.querySelectorAll(".o_groupbuy_step")) {
            const from = Number(el.dataset.from);
            const now = from <= quantity && priceAt(this.ladder, from) === price;
            el.classList.toggle("o_groupbuy_step_now", now);
            el.classList.toggle("o_groupbuy_step_reached", from <= quantity && !now);
            el.classList.toggle("o_groupbuy_step_next", from === following?.[0]);
        }
        const bar = this.el.querySelector("[data-bind='bar']");
        if (bar) bar.style.width = `${this.getBar(quantity, nextQuantity)}%`;
    }

    /**
     * @returns {number} percent of the way to the next price, else of the quota
     */
    getBar(quantity, nextQuantity) {
        if (nextQuantity) return Math.min((100 * quantity) / nextQuantity, 99);
        const quota = toNumber(this.el.dataset.quota);
        const {remaining} = this.limits;
        return quota && remaining ? Math.min(100 * (1 - remaining / quota), 99) : 100;
    }

    showAvailable({remaining}) {
        const soldOut = remaining !== null && remaining < this.limits.pack;
        this.when("available", !soldOut);
        this.when("sold_out", soldOut);
        if (this.input && this.typed !== clampQuantity(this.typed, this.limits)) {
            this.choose(this.typed);
        } else {
            this.el.dispatchEvent(new CustomEvent("groupbuy:chosen", {bubbles: true}));
        }
    }

    show(name, text) {
        for (const el of this.el.querySelectorAll(`[data-bind='${name}']`)) {
            if (el.textContent.trim() === String(text)) continue;
            el.textContent = text;
            el.classList.remove("o_groupbuy_changed");
            // Without this the browser does not start the animation anew.
            void el.offsetWidth;
            el.classList.add("o_groupbuy_changed");
        }
    }

    toggle(name, visible) {
        const el = this.el.querySelector(`[data-bind='${name}']`);
        el?.classList.toggle("d-none", !visible || !el.textContent.trim());
    }

    when(name, visible) {
        const el = this.el.querySelector(`[data-when='${name}']`);
        el?.classList.toggle("d-none", !visible);
    }
}

registry.category("public.interactions").add("community_groupbuy.offer", GroupbuyOffer);
