import {Interaction} from "@web/public/interaction";
import {browser} from "@web/core/browser/browser";
import {registry} from "@web/core/registry";
import {formatCurrency} from "@web/core/currency";
import {rpc, RPCError} from "@web/core/network/rpc";

import {sumUp} from "./ladder";
import {toNumber} from "./offer";

const SESSION_EXPIRED = "odoo.http.SessionExpiredException";

/**
 * The join form of a campaign's page: total, pickup point, joining in one tap.
 *
 * What is chosen is kept in the browser's session, so that signing in loses nothing. A
 * join's key is kept until the server has answered: trying again after a lost answer
 * cannot join twice.
 */
export class GroupbuyJoin extends Interaction {
    static selector = ".o_groupbuy_page form.o_groupbuy_join";
    dynamicContent = {
        _root: {
            "t-on-submit.prevent": this.locked(this.onSubmit),
            "t-on-groupbuy:chosen": this.onChosen,
        },
        ".o_groupbuy_point": {"t-on-change": this.onChosen},
        "[name='delivery']": {"t-on-change": this.onChosen},
        ".o_groupbuy_collect": {"t-att-class": () => ({"d-none": this.toDoor})},
        ".o_groupbuy_door": {"t-att-class": () => ({"d-none": !this.toDoor})},
        ".o_groupbuy_fee": {"t-att-class": () => ({"d-none": !this.fee})},
        "[data-bind='carrier']": {"t-out": () => this.fee?.carrier || ""},
        "[data-bind='fee']": {"t-out": () => this.fee?.amount_text || ""},
        ".o_groupbuy_no_door": {
            "t-out": () => this.feeError || "",
            "t-att-class": () => ({"d-none": !this.feeError}),
        },
        ".o_groupbuy_submit": {"t-att-disabled": () => this.busy},
        ".o_groupbuy_submit .spinner-border": {
            "t-att-class": () => ({"d-none": !this.busy}),
        },
        ".o_groupbuy_error": {
            "t-out": () => this.error,
            "t-att-class": () => ({"d-none": !this.error}),
        },
        ".o_groupbuy_offline": {"t-att-class": () => ({"d-none": !this.offline})},
        ".o_groupbuy_choose": {"t-att-class": () => ({"d-none": !this.incomplete})},
        "[data-bind='total']": {"t-out": () => this.totalText},
        ".o_groupbuy_saving": {"t-att-class": () => ({"d-none": !this.savingText})},
        "[data-bind='saving']": {"t-out": () => this.savingText},
        ".o_groupbuy_hint": {"t-att-class": () => ({"d-none": this.savingText})},
        ".o_groupbuy_point_details": {"t-out": () => this.pointText},
    };

    setup() {
        const {campaignId, currencyId} = this.el.closest(".o_groupbuy_page").dataset;
        this.campaignId = Number(campaignId);
        this.currencyId = Number(currencyId);
        this.storageKey = `groupbuy.${campaignId}`;
        this.point = this.el.querySelector(".o_groupbuy_point");
        this.askFee = this.debounced(this.getFee, 300);
        this.error = this.el.querySelector(".o_groupbuy_error")?.textContent.trim();
        this.restore();
        this.showSum();
        this.refreshFee();
    }

    // === What is chosen === //

    get offers() {
        return [...this.el.querySelectorAll(".o_groupbuy_offer")].map((el) => ({
            id: Number(el.dataset.offerId),
            ladder: JSON.parse(el.dataset.ladder),
            paid: Number(el.dataset.quantity),
            compare: Number(el.dataset.compare),
            input: el.querySelector("input[type='number']"),
            chosen: Number(el.querySelector("input[type='number']")?.value) || 0,
        }));
    }

    get lines() {
        return this.offers
            .filter(({chosen}) => chosen > 0)
            .map(({id, chosen}) => ({offer_id: id, quantity: chosen}));
    }

    get pointId() {
        return toNumber(this.point?.value);
    }

    get toDoor() {
        return this.el.querySelector("[name='delivery']:checked")?.value === "door";
    }

    onChosen() {
        this.incomplete = false;
        this.refreshFee();
        this.showSum();
        this.keep();
    }

    // === To the door === //

    /**
     * The fee depends on what is chosen, so it is asked for anew with every change.
     */
    refreshFee() {
        this.fee = null;
        this.feeError = "";
        if (this.toDoor && this.lines.length && this.el.dataset.signedIn) this.askFee();
    }

    async getFee() {
        const lines = this.lines;
        if (!this.toDoor || !lines.length) return;
        let fee = null;
        let feeError = "";
        try {
            fee = await this.waitFor(
                rpc(`/groupbuy/${this.campaignId}/delivery`, {lines}, {silent: true})
            );
        } catch (error) {
            feeError = error.data?.message || "";
        }
        if (JSON.stringify(lines) !== JSON.stringify(this.lines)) return;
        Object.assign(this, {fee, feeError});
        this.showSum();
        this.updateContent();
    }

    showSum() {
        const {total, saving, pieces} = sumUp(this.offers);
        const show = (amount) => formatCurrency(amount, this.currencyId);
        this.totalText = pieces ? show(total + (this.fee?.amount || 0)) : "–";
        this.savingText = saving > 0 ? show(saving) : "";
        const option = this.point?.selectedOptions[0];
        const {address, hours} = option?.dataset || {};
        this.pointText = [address, hours].filter(Boolean).join(" · ");
    }

    // === Kept in the browser's session === //

    get stored() {
        try {
            return JSON.parse(browser.sessionStorage.getItem(this.storageKey)) || {};
        } catch {
            return {};
        }
    }

    keep(changes = {}) {
        const stored = {
            ...this.stored,
            lines: this.lines,
            pointId: this.pointId || null,
            toDoor: this.toDoor,
            ...changes,
        };
        browser.sessionStorage.setItem(this.storageKey, JSON.stringify(stored));
    }

    restore() {
        const {lines = [], pointId, toDoor} = this.stored;
        const door = this.el.querySelector("[name='delivery'][value='door']");
        if (toDoor && door) door.checked = true;
        for (const {id, input} of this.offers) {
            const line = lines.find(({offer_id: offerId}) => offerId === id);
            if (line && input && !Number(input.value)) input.value = line.quantity;
        }
        const choices = [...(this.point?.options || [])].map(({value}) => value);
        if (pointId && !this.point?.value && choices.includes(String(pointId))) {
            this.point.value = pointId;
        }
    }

    /**
     * @returns {string} the key of this join: the same until the server has answered,
     *     another one as soon as something else is chosen
     */
    getKey(body) {
        const {key, keyBody} = this.stored;
        if (key && keyBody === body) return key;
        const fresh = window.crypto.randomUUID
            ? window.crypto.randomUUID()
            : this.el.querySelector("[name='key']").value;
        this.keep({key: fresh, keyBody: body});
        return fresh;
    }

    // === Joining === //

    async onSubmit() {
        this.error = "";
        this.offline = false;
        const {lines, pointId, toDoor} = this;
        this.incomplete = !lines.length || !(toDoor || pointId);
        if (this.incomplete) {
            if (lines.length) this.point.focus();
            this.point.scrollIntoView({block: "center", behavior: "smooth"});
            return;
        }
        this.keep();
        if (!this.el.dataset.signedIn) {
            this.signIn();
            return;
        }
        this.busy = true;
        this.updateContent();
        try {
            await this.waitFor(this.join(lines, toDoor ? null : pointId));
        } catch (error) {
            this.busy = false;
            this.onError(error);
        }
    }

    async join(lines, pointId) {
        const delivery = pointId ? "pickup" : "door";
        const key = this.getKey(JSON.stringify([lines, pointId]));
        const answer = await rpc(
            `/groupbuy/${this.campaignId}/join`,
            {lines, pickup_point_id: pointId, key, delivery},
            {silent: true}
        );
        browser.sessionStorage.removeItem(this.storageKey);
        browser.location.assign(answer.payment_url);
    }

    onError(error) {
        if (!(error instanceof RPCError)) {
            // No answer: whether the join came through is not known, so the key stays.
            this.offline = true;
        } else if (error.exceptionName === SESSION_EXPIRED) {
            this.signIn();
        } else {
            this.keep({key: null, keyBody: null});
            this.error = error.data?.message || error.message;
        }
        this.updateContent();
        this.el
            .querySelector(".o_groupbuy_error, .o_groupbuy_offline")
            .scrollIntoView({block: "center", behavior: "smooth"});
    }

    signIn() {
        const {pathname} = browser.location;
        const redirect = encodeURIComponent(pathname);
        browser.location.assign(`/web/login?redirect=${redirect}`);
    }
}

registry.category("public.interactions").add("community_groupbuy.join", GroupbuyJoin);
